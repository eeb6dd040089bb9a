/* SPDX-License-Identifier: Apache-2.0 */
/* Deleting what the server keeps. */
#include "client/removal.h"

#include <errno.h>

#include "base/mem.h"
#include "body/resource_lists.h"
#include "client/exchange.h"
#include "client/retrieval.h"
#include "sip/uri.h"

#define BODY_MAX 65536

struct removal {
	struct list_link link;
	struct parley *p;
	struct exchange *x;
	struct arena texts;
	struct str service;
	struct str *wanted;
	size_t wanted_n, at;
	uint32_t done; /**< requests that were answered 200 */
	const struct parley_kept_handler *handler;
	void *arg;
};

static int send_next(struct removal *v);


static void destroy(void *object)
{
	struct removal *v = object;

	exchange_cancel(v->x);
	arena_done(&v->texts);
	if (v->p)
		list_remove(&v->p->removals, &v->link);
}


static void put_headers(struct buf *b, const struct sip_hop *hop, void *arg)
{
	struct removal *v = arg;

	(void)hop;
	account_put_initial(v->p, b, false);
}


static void finish(struct removal *v, const struct exchange_end *e)
{
	struct parley_outcome outcome;
	struct exchange_text text;

	exchange_outcome(&outcome, &text, e);
	/* Of several requests one that found something is what counts. */
	if (outcome.status == 404 && v->done)
		outcome.status = 200;
	if (!v->p->closed && v->handler->ended)
		v->handler->ended(v->p,
				  &(struct parley_kept_end){.outcome = &outcome, .n = v->done},
				  v->arg);
}


static void on_done(struct exchange *x, const struct exchange_end *e, void *arg)
{
	struct removal *v = arg;
	uint16_t status = e->m ? e->m->status : 0;
	int err = 0;

	mem_ref(x);
	mem_ref(v);
	v->x = NULL;
	v->done += status >= 200 && status < 300;
	if (!e->error && (status < 300 || status == 404) && v->at < v->wanted_n && !v->p->closed) {
		err = send_next(v);
		if (err)
			finish(v, &(struct exchange_end){.error = err});
	} else {
		finish(v, e);
		err = 1;
	}
	exchange_cancel(x);
	if (err && list_linked(&v->link)) {
		list_remove(&v->p->removals, &v->link);
		mem_unref(v);
	}
	mem_unref(v);
	mem_unref(x);
}


static int start_exchange(struct removal *v, struct str body)
{
	struct buf from = BUF_INIT(4 * ACCOUNT_TEXT_MAX), to = BUF_INIT(SIP_URI_MAX + 2);
	char tag[17];
	int err = -ENOMEM;

	account_put_random(v->p, tag, 16);
	account_put_from(v->p, &from, false, str_of(tag));
	buf_printf(&to, "<" STR_FMT ">", STR_ARG(v->service));
	if (!from.failed && !to.failed)
		err = exchange_start(&v->x, v->p,
				     &(struct exchange_params){
					     .method = SIP_MESSAGE,
					     .uri = v->service,
					     .from = buf_str(&from),
					     .to = buf_str(&to),
					     .cseq = 1,
					     .headers = put_headers,
					     .type = RESOURCE_LISTS_TYPE,
					     .body = body,
					     .done = on_done,
					     .arg = v,
				     });
	buf_done(&from);
	buf_done(&to);
	return err;
}


static int send_next(struct removal *v)
{
	struct resource_item items[REMOVAL_REFERENCES];
	struct buf body = BUF_INIT(BODY_MAX);
	size_t n = 0;
	int err;

	for (; n < REMOVAL_REFERENCES && v->at < v->wanted_n; n++)
		items[n] = (struct resource_item){.kind = RESOURCE_ENTRY,
						  .uri = v->wanted[v->at++],
						  .copy = RESOURCE_COPY_ABSENT,
						  .count = 1};
	resource_lists_encode(items, n, &body);
	err = body.failed ? -ENOMEM : start_exchange(v, buf_str(&body));
	buf_done(&body);
	return err;
}


static int keep(struct removal *v, const struct parley_selection *s)
{
	struct buf service = BUF_INIT(SIP_URI_MAX);
	bool named = s->references_n > 0;
	int err = 0;

	v->texts = (struct arena)ARENA_INIT(RETRIEVAL_TEXT_MAX);
	if (!retrieval_put_service(v->p, s, &service))
		err = service.failed ? -ENOMEM : -EINVAL;
	else
		v->service = arena_str(&v->texts, buf_str(&service));
	buf_done(&service);
	if (err)
		return err;
	v->wanted_n = named ? s->references_n : 1;
	v->wanted = arena_alloc(&v->texts, v->wanted_n * sizeof(*v->wanted));
	if (!v->service.p || !v->wanted)
		return -ENOMEM;
	for (size_t i = 0; i < v->wanted_n; i++) {
		v->wanted[i] = named ? arena_str(&v->texts, str_of(s->references[i])) : v->service;
		if (!v->wanted[i].p)
			return -ENOMEM;
	}
	return 0;
}


static int check(const struct parley_selection *s)
{
	int err = 0;

	if (s->with || s->text || s->since_ms || s->until_ms || s->limit || s->sessions ||
	    s->next || s->references_n > PARLEY_REFERENCES_MAX)
		return -EINVAL;
	for (size_t i = 0; !err && i < s->references_n; i++)
		err = retrieval_check_reference(s->references[i]);
	return err;
}


int parley_kept_delete(struct parley *p, const struct parley_selection *s,
		       const struct parley_kept_handler *h, void *arg)
{
	struct removal *v;
	int err = p->closed ? -ECANCELED : check(s);

	if (err)
		return err;
	v = mem_alloc(sizeof(*v), destroy);
	if (!v)
		return -ENOMEM;
	v->p = p;
	v->handler = h;
	v->arg = arg;
	list_append(&p->removals, &v->link);
	err = keep(v, s);
	if (!err)
		err = send_next(v);
	if (err)
		mem_unref(v);
	return err;
}


void removals_forget(struct parley *p)
{
	for (struct list_link *k; (k = list_first(&p->removals));)
		mem_unref(container_of(k, struct removal, link));
}
