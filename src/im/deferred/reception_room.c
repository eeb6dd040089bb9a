/* SPDX-License-Identifier: Apache-2.0 */
/* Whether there is room for what comes to somebody who is away: quotas are for what will have been kept. */
#include <errno.h>

#include "base/mem.h"
#include "im/deferred/reception.h"

struct load {
	uint64_t messages, bytes;
};


/* What is coming by other sessions counts, too. */
static struct load coming_to(const struct deferred *d, struct str user, const struct reception *but)
{
	struct load l = {0};

	for (struct list_link *k = list_first(&d->receptions); k;
	     k = list_next(&d->receptions, k)) {
		const struct reception *r = container_of(k, struct reception, link);

		if (r == but || r->state != RECEPTION_OPEN || !str_eq(r->m.user, user))
			continue;
		l.messages++;
		l.bytes += r->bytes;
	}
	return l;
}


int reception_room(struct reception *r, const struct store_deferred_count *n)
{
	const struct deferred_config *c = &r->d->config;
	struct load coming = coming_to(r->d, r->m.user, r);
	uint64_t held = n->bytes + coming.bytes;

	r->held = n->bytes;
	if (c->quota && n->held + coming.messages >= c->quota)
		return -EDQUOT;
	if (c->size && held >= c->size)
		return -EDQUOT;
	if (c->size && c->size - held < r->max_size)
		r->max_size = c->size - held;
	return 0;
}


/* Sessions that began at one time saw the same room, and one session may bring many messages. */
bool reception_has_room(const struct reception *r, uint64_t more)
{
	uint64_t size = r->d->config.size;

	return !size || r->held + coming_to(r->d, r->m.user, r).bytes + r->bytes + more <= size;
}


void receptions_kept(struct deferred *d, struct str user, uint64_t bytes)
{
	for (struct list_link *k = list_first(&d->receptions); k;
	     k = list_next(&d->receptions, k)) {
		struct reception *r = container_of(k, struct reception, link);

		if (str_eq(r->m.user, user))
			r->held += bytes;
	}
}
