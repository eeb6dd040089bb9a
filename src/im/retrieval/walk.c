/* SPDX-License-Identifier: Apache-2.0 */
/* Through all that is asked for. */
#include "im/retrieval/walk.h"

#include <errno.h>


const struct history_reference *walk_at(const struct walk *w)
{
	return &w->asked->ref[w->at - 1];
}


static void on_entry(struct kept *k, const struct kept_entry *e)
{
	struct walk *w = container_of(k, struct walk, k);

	if (w->left)
		w->left--;
	w->entry(w, e);
}


static void on_done(struct kept *k, int error, uint64_t next)
{
	struct walk *w = container_of(k, struct walk, k);

	w->after = error || !w->left ? 0 : next;
	w->paged(w, error == -ENOENT ? 0 : error);
}


void walk_begin(struct walk *w, const struct asked *asked)
{
	w->asked = asked;
	w->k.entry = on_entry;
	w->k.done = on_done;
	w->at = 0;
	w->after = 0;
}


int walk_on(struct walk *w, uint32_t limit)
{
	const struct history_reference *r;

	if (w->after)
		return kept_page(&w->k, walk_at(w), w->after, w->left);
	if (w->at == w->asked->n)
		return -ENODATA;
	r = &w->asked->ref[w->at++];
	w->left = r->limit ? r->limit : limit ? limit : UINT32_MAX;
	if (limit && w->left > limit)
		w->left = limit;
	return history_reference_is_one(r) ? kept_get(&w->k, r->id)
					   : kept_page(&w->k, r, r->after, w->left);
}
