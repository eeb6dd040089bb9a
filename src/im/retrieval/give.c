/* SPDX-License-Identifier: Apache-2.0 */
/* The messages of a retrieval, one after the other. */
#include <errno.h>

#include "base/log.h"
#include "base/mem.h"
#include "im/retrieval/retrieval_state.h"


/* ---- What is on its way ---- */

/* The device has it: noted before the next one leaves. */
static void on_fetched(void *arg)
{
	struct retrieval *rt = arg;

	rt->fetch = NULL;
	give_next(rt);
}


static void delivered(struct retrieval *rt)
{
	const struct im_handout *h = rt->rs->p.handout;

	rt->messages++;
	retrieval_tally(RETRIEVAL_MESSAGES, 1);
	if (rt->deferred &&
	    !h->fetched(&rt->fetch, rt->user, rt->giving, rt->device, on_fetched, rt, h->arg))
		return;
	give_next(rt);
}


static void skipped(struct retrieval *rt, const char *why)
{
	rt->skipped++;
	retrieval_tally(RETRIEVAL_SKIPPED, 1);
	log_info("retrieval", "message %llu was not given: %s", (unsigned long long)rt->giving,
		 why);
}


/* What is of this message alone does not hold up the others. */
static void on_sent(struct content_sender *s, uint16_t status, int error, void *arg)
{
	struct retrieval *rt = arg;

	rt->bytes += content_sender_at(s);
	rt->sender = NULL;
	if (status == 200) {
		delivered(rt);
	} else if (error) {
		skipped(rt, strerror(-error));
		give_next(rt);
	} else if (status >= 400 && status != 408 && status != 481) {
		skipped(rt, "the client refused it");
		give_next(rt);
	} else {
		retrieval_over(rt, 480, STR("media-lost"));
	}
}


/* ---- What it looks like ---- */

/* "[name] <URI>" as it was, or a URI. */
static void put_party(struct str *name, struct str *uri, struct str value)
{
	*name = STR("");
	*uri = value;
	if (str_find(value, '<') >= 0 && cpim_address_decode(name, uri, value))
		*uri = DEFERRED_LIST_ANONYMOUS;
	if (!uri->n)
		*uri = DEFERRED_LIST_ANONYMOUS;
}


static bool put_head(struct buf *head, const struct kept_entry *e)
{
	const struct kept_content *c = e->content;
	const struct history_item *i = &e->item;
	struct cpim_params p = {
		.date_ms = i->date_ms,
		.subject = i->subject,
		.message_id = i->message_id,
		.content_type = c->type.n ? c->type : STR("application/octet-stream"),
		.content_disposition = c->disposition,
		.content = STR(""),
		.following = c->size,
	};

	put_party(&p.from_name, &p.from, c->from);
	put_party(&p.to_name, &p.to, c->to);
	if (i->from_name.n)
		p.from_name = i->from_name;
	cpim_encode(&p, head);
	return !head->failed;
}


static int send_it(struct retrieval *rt, const struct kept_entry *e, struct str head)
{
	const struct kept_content *c = e->content;
	char id[64];
	struct buf message_id;

	/* RFC 4975 7.1.1: ours to choose; what is before the dot says which one it is. */
	buf_fixed(&message_id, id, sizeof(id));
	buf_putu(&message_id, e->id);
	buf_putc(&message_id, '.');
	buf_puthex(&message_id, loop_random_u64(rt->rs->loop), 12);
	return content_sender_start(&rt->sender,
				    &(struct content_sender_params){
					    .session = rt->media.msrp,
					    .store = rt->rs->p.store,
					    .name = c->file.n ? c->file : STR(""),
					    .bytes = c->body,
					    .size = c->size,
					    .head = head,
					    .message = {.message_id = buf_str(&message_id),
							.content_type = STR("message/cpim"),
							.lines = STR("")},
				    },
				    on_sent, rt);
}


static void on_entry(struct kept *k, const struct kept_entry *e)
{
	struct retrieval *rt = container_of(k, struct retrieval, one);
	struct buf head = BUF_INIT(RETRIEVAL_HEAD_MAX);
	uint64_t size = e->content->size;
	int err = 0;

	rt->giving = e->id;
	if (!e->content->cpim && !put_head(&head, e))
		err = -ENOBUFS;
	size += head.n;
	/* RFC 4975 8.6: "the largest message an endpoint wishes to accept" */
	if (!err && rt->peer.max_size && size > rt->peer.max_size)
		err = -EFBIG;
	if (!err)
		err = send_it(rt, e, buf_str(&head));
	if (err)
		skipped(rt, err == -EFBIG ? "it is larger than the client takes" : strerror(-err));
	buf_done(&head);
}


static void on_got(struct kept *k, int error, uint64_t next)
{
	struct retrieval *rt = container_of(k, struct retrieval, one);

	(void)next;
	if (error && error != -ENOENT)
		retrieval_over(rt, 500, STR("store"));
	else if (!rt->sender)
		give_next(rt);
}


/* ---- Which ---- */

static void on_found(struct walk *w, const struct kept_entry *e)
{
	struct retrieval *rt = container_of(w, struct retrieval, walk);

	rt->found = true;
	if (rt->ids_n < KEPT_PAGE)
		rt->ids[rt->ids_n++] = e->id;
}


static void on_paged(struct walk *w, int error)
{
	struct retrieval *rt = container_of(w, struct retrieval, walk);

	if (error && rt->state == RETRIEVAL_LOOKING)
		retrieval_refuse(rt, 503, STR(""), STR("store"));
	else if (error)
		retrieval_over(rt, 500, STR("store"));
	else if (rt->found && rt->state == RETRIEVAL_LOOKING)
		retrieval_answer(rt);
	else
		give_next(rt);
}


/* The ids at hand are given: a page more. */
static void look_on(struct retrieval *rt)
{
	int err;

	rt->ids_n = rt->ids_at = 0;
	err = walk_on(&rt->walk, 0);
	if (!err)
		return;
	if (err != -ENODATA && rt->state == RETRIEVAL_LOOKING)
		retrieval_refuse(rt, 503, STR(""), STR("store"));
	else if (err != -ENODATA)
		retrieval_over(rt, 500, STR("store"));
	else if (rt->state == RETRIEVAL_LOOKING)
		retrieval_refuse(rt, 404, STR("there is no such message"), STR("not-found"));
	else
		retrieval_over(rt, 200, STR("complete"));
}


void give_next(struct retrieval *rt)
{
	if (rt->state == RETRIEVAL_GIVING && rt->rs->stopping) {
		retrieval_over(rt, 503, STR("shutdown"));
		return;
	}
	if (rt->ids_at == rt->ids_n) {
		look_on(rt);
		return;
	}
	if (kept_get(&rt->one, rt->ids[rt->ids_at++]))
		retrieval_over(rt, 500, STR("store"));
}


void give_begin(struct retrieval *rt)
{
	rt->one = rt->walk.k;
	rt->one.entry = on_entry;
	rt->one.done = on_got;
	rt->walk.entry = on_found;
	rt->walk.paged = on_paged;
	walk_begin(&rt->walk, &rt->asked);
	look_on(rt);
}


void give_done(struct retrieval *rt)
{
	kept_cancel(&rt->walk.k);
	kept_cancel(&rt->one);
	content_sender_cancel(rt->sender);
	rt->sender = NULL;
	if (rt->fetch)
		rt->rs->p.handout->forget(rt->fetch, rt->rs->p.handout->arg);
	rt->fetch = NULL;
}
