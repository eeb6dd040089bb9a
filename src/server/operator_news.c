/* SPDX-License-Identifier: Apache-2.0 */
/* The operator's desk: a group that was changed is made known to its members. */
#include "body/group.h"
#include "im/controlling/controlling.h"
#include "server/operator_desk.h"


struct group *desk_group_before(struct operator_desk *o, struct str text)
{
	struct group *g;

	if (!o->p.controlling || !text.n || group_decode(&g, text, desk_canonical, o))
		return NULL;
	return g;
}


void desk_group_written(struct operator_desk *o, const struct group *before, struct str text)
{
	struct group *after = desk_group_before(o, text);

	if (!after)
		return;
	controlling_advertise(o->p.controlling, before, after);
	mem_unref(after);
}
