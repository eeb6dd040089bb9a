/* SPDX-License-Identifier: Apache-2.0 */
/* Whether the leg that a Replaces names may be replaced: RFC 3891 3. */
#include "im/controlling/replacement.h"

#include <errno.h>

#include "sip/replaces.h"


static struct participant *participant_of(const struct conference *f, const struct sip_dialog *d)
{
	for (struct list_link *l = list_first(&f->participants); l;
	     l = list_next(&f->participants, l)) {
		struct participant *p = container_of(l, struct participant, link);

		if (p->inv && sip_invite_dialog(p->inv) == d)
			return p;
	}
	return NULL;
}


uint16_t replacement_judge(const struct controlling *c, struct conference *f,
			   const struct sip_msg *m, struct str who)
{
	const struct participant *p;
	const struct sip_dialog *d;
	struct sip_replaces r;
	int err = sip_replaces_decode(&r, m);

	if (err == -ENOENT)
		return 0;
	/* "If more than one Replaces header field is present […] MUST reject the request with a 400" */
	if (err)
		return 400;
	d = f ? sip_replaces_find(c->dialogs, &r) : NULL;
	p = d ? participant_of(f, d) : NULL;
	if (!p)
		return 481;
	/* "verify that the initiator of the new INVITE is authorized to replace the matched dialog" */
	if (!str_eq(p->who, who))
		return 403;
	/* "the UA […] returns a 486 (Busy Here) response" to early-only for a confirmed dialog. */
	return r.early_only && p->state == PARTICIPANT_CONNECTED ? 486 : 0;
}
