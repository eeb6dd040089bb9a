/* SPDX-License-Identifier: Apache-2.0 */
/* The list of a retrieval: one page of what there is. */
#include <errno.h>

#include "base/mem.h"
#include "im/retrieval/retrieval_state.h"


static uint32_t limit_of(const struct history_reference *r)
{
	uint32_t n = r->limit ? r->limit : RETRIEVAL_LIST_DEFAULT;

	return n < RETRIEVAL_LIST_MAX ? n : RETRIEVAL_LIST_MAX;
}


static void on_found(struct walk *w, const struct kept_entry *e)
{
	struct retrieval *rt = container_of(w, struct retrieval, walk);

	rt->full |= rt->xml.n >= RETRIEVAL_LIST_BYTES || rt->items == RETRIEVAL_LIST_MAX;
	if (rt->full)
		return;
	history_list_put(&rt->xml, &e->item);
	rt->last = e->id;
	rt->items++;
}


/* Where it goes on: what was asked, behind the last of it. */
static void put_next(struct retrieval *rt, struct buf *next, uint64_t after)
{
	struct history_reference r = *walk_at(&rt->walk);

	if (!after || history_reference_is_one(&r))
		return;
	r.after = after;
	history_reference_encode(next, &r);
}


static void finish(struct retrieval *rt, uint64_t after)
{
	struct buf next = BUF_INIT(HISTORY_REFERENCE_MAX);

	put_next(rt, &next, after);
	history_list_end(&rt->xml, next.failed ? STR("") : buf_str(&next));
	buf_done(&next);
	if (rt->xml.failed)
		retrieval_refuse(rt, 500, STR(""), STR("memory"));
	else
		retrieval_answer(rt);
}


static void look_on(struct retrieval *rt)
{
	int err = walk_on(&rt->walk, limit_of(&rt->asked.ref[0]));

	if (err == -ENODATA)
		finish(rt, 0);
	else if (err)
		retrieval_refuse(rt, 503, STR(""), STR("store"));
}


static void on_paged(struct walk *w, int error)
{
	struct retrieval *rt = container_of(w, struct retrieval, walk);
	const struct history_reference *r = walk_at(w);
	uint64_t more = rt->full || (!w->left && !history_reference_is_one(r)) ? rt->last : 0;

	if (error)
		retrieval_refuse(rt, 503, STR(""), STR("store"));
	else if (more)
		finish(rt, more);
	else if (w->after && ++rt->scans == RETRIEVAL_SCANS_MAX)
		finish(rt, w->after);
	else
		look_on(rt);
}


/* One thing that selects, or messages by their ids: else where would the next page begin? */
static bool is_one_page(const struct asked *a)
{
	for (size_t i = 0; a->n > 1 && i < a->n; i++)
		if (!history_reference_is_one(&a->ref[i]))
			return false;
	return true;
}


void listing_begin(struct retrieval *rt)
{
	if (!is_one_page(&rt->asked)) {
		retrieval_refuse(rt, 400, STR("a list is of one selection, or of ids"),
				 STR("request"));
		return;
	}
	buf_init(&rt->xml, 2 * RETRIEVAL_LIST_BYTES);
	history_list_begin(&rt->xml);
	rt->walk.entry = on_found;
	rt->walk.paged = on_paged;
	walk_begin(&rt->walk, &rt->asked);
	look_on(rt);
}


static void on_sent(struct content_sender *s, uint16_t status, int error, void *arg)
{
	struct retrieval *rt = arg;

	(void)error;
	rt->bytes += content_sender_at(s);
	rt->sender = NULL;
	if (status == 200)
		retrieval_tally(RETRIEVAL_LISTS, 1);
	retrieval_over(rt, status == 200 ? 200 : 480,
		       status == 200 ? STR("complete") : STR("media-lost"));
}


void listing_send(struct retrieval *rt)
{
	int err = content_sender_start(
		&rt->sender,
		&(struct content_sender_params){
			.session = rt->media.msrp,
			.store = rt->rs->p.store,
			.name = STR(""),
			.bytes = buf_str(&rt->xml),
			.head = STR(""),
			.message = {.message_id = STR_NULL,
				    .content_type = rt->walk.k.source->list_type,
				    .lines = STR("")},
		},
		on_sent, rt);

	buf_done(&rt->xml);
	if (err)
		retrieval_over(rt, 500, STR("media-lost"));
}
