/* SPDX-License-Identifier: Apache-2.0 */
/* Pager messages into the history, when they have been accepted. */
#include <errno.h>

#include "base/mem.h"
#include "im/history/history_state.h"
#include "sip/compose.h"

/** The entries' texts and the message: no SIP message is larger. */
#define PAGER_MAX (2 * STORE_HISTORY_BODY_MAX)

/** One message being recorded. */
struct pager {
	struct list_link link;
	struct history *h;
	struct im_record *k; /**< NULL: nobody waits */
	struct subscriber_query query;
	struct store_request r;
	struct arena arena;
	struct store_history_entry entry[STORE_HISTORY_COPIES_MAX]; /**< wanted or not yet known */
	size_t n, known;
};


static void pager_destroy(void *object)
{
	struct pager *p = object;

	subscriber_load_cancel(&p->query);
	store_cancel(&p->r);
	list_remove(&p->h->pagers, &p->link);
	arena_done(&p->arena);
}


static void answer(struct pager *p)
{
	struct im_record *k = p->k;

	p->k = NULL;
	if (k) {
		k->impl = NULL;
		k->recorded(k, k->arg);
	}
	mem_unref(p);
}


static void on_added(struct store_request *r, int error, void *arg)
{
	struct pager *p = arg;

	(void)r;
	for (size_t i = 0; i < p->n; i++) {
		if (error) {
			history_lost(p->entry[i].owner, error);
		} else {
			history_tally(HISTORY_RECORDED, 1);
			history_tally(HISTORY_RECORDED_BYTES, p->entry[i].size);
		}
	}
	answer(p);
}


/* ---- What ---- */

/* One request, told from any other (RFC 3261 8.1.1, 12.2.1.1); a device that gets it later gets the same. */
static void put_request(struct buf *b, const struct sip_msg *m)
{
	buf_puts(b, m->call_id);
	buf_putc(b, '\n');
	buf_puts(b, m->from_tag);
	buf_printf(b, "\n%u", m->cseq.number);
}


static bool hides(const struct sip_msg *m)
{
	struct str v = sip_msg_header_named(m, STR("Privacy"));

	return str_find_str(v, STR("id")) >= 0 || str_find_str(v, STR("user")) >= 0 ||
	       str_find_str(v, STR("header")) >= 0;
}


static struct store_history_entry entry_of(const struct im_recorded_pager *p, bool outgoing,
					   struct str request)
{
	bool unknown = !outgoing && (hides(p->m) || !p->originator.n);
	struct str sender = unknown ? HISTORY_ANONYMOUS : p->originator;
	struct store_history_entry e = {
		.owner = outgoing ? p->originator : p->recipient,
		.peer = outgoing ? p->recipient : sender,
		.kind = STORE_HISTORY_PAGER,
		.outgoing = outgoing,
		.request = request,
		.from = sender,
		.to = p->recipient,
		.size = p->m->body.n,
		.body = p->m->body,
	};

	return e;
}


/* One that waited has the Date it was sent at. */
static int64_t date_of(const struct sip_msg *m, int64_t now_ms)
{
	int64_t sent_ms;

	return sip_date_decode(&sent_ms, sip_msg_header(m, SIP_HDR_DATE)) || sent_ms > now_ms
		       ? now_ms
		       : sent_ms;
}


static bool fill(struct pager *g, const struct im_recorded_pager *p)
{
	char storage[STORE_HISTORY_TEXT_MAX];
	struct str name = STR("");
	struct history_facts f;
	struct buf request;

	buf_fixed(&request, storage, sizeof(storage));
	put_request(&request, p->m);
	if (!request.failed)
		name = arena_str(&g->arena, buf_str(&request));
	history_facts_read(&f, sip_msg_header(p->m, SIP_HDR_CONTENT_TYPE), p->m->body);
	for (unsigned i = 0; i < 2; i++) {
		unsigned side = i ? IM_RECORD_RECIPIENT : IM_RECORD_ORIGINATOR;
		struct store_history_entry e = entry_of(p, !i, name);

		if (!(p->sides & side) || !e.owner.n)
			continue;
		if (g->n && str_eq(g->entry[0].owner, e.owner))
			continue; /* to oneself: once */
		e.subject = str_upto(sip_msg_header(p->m, SIP_HDR_SUBJECT), STORE_HISTORY_TEXT_MAX);
		e.date_ms = date_of(p->m, loop_wall_ms(g->h->loop));
		history_facts_put(&f, &e);
		g->entry[g->n++] = e;
	}
	return !f.nothing && g->n;
}


/* ---- Who ---- */

static void forget(struct pager *p, size_t i)
{
	p->n--;
	if (i < p->n)
		p->entry[i] = p->entry[i + 1];
}


static void know(struct pager *p, const struct subscriber *s)
{
	if (history_wanted(s, IM_PAGER))
		p->known++;
	else
		forget(p, p->known);
}


/* 0: all are known; -EAGAIN: one must be loaded. */
static int decide(struct pager *p)
{
	while (p->known < p->n) {
		struct subscriber *s = NULL;
		int err = subscribers_find(p->h->subscribers, p->entry[p->known].owner, &s);

		if (err == -EAGAIN)
			return err;
		know(p, err ? NULL : s);
	}
	return 0;
}


/* What is written or waited for must be a copy; what is not wanted costs none. */
static bool copy(struct pager *p)
{
	for (size_t i = 0; i < p->n; i++) {
		struct store_history_entry *e = &p->entry[i];
		struct str *text[] = {&e->owner, &e->peer, &e->request,        &e->message_id,
				      &e->from,  &e->to,   &e->subject,        &e->content_type,
				      &e->file,  &e->text, i ? NULL : &e->body};

		for (size_t k = 0; k < sizeof(text) / sizeof(text[0]); k++) {
			struct str fresh;

			if (!text[k] || !text[k]->n)
				continue;
			fresh = arena_str(&p->arena, *text[k]);
			if (!fresh.p)
				return false;
			*text[k] = fresh;
		}
	}
	for (size_t i = 1; i < p->n; i++)
		p->entry[i].body = p->entry[0].body;
	return true;
}


static int add(struct pager *p)
{
	return store_history_add(p->h->store, &p->r, p->entry, p->n, &p->h->config.quota,
				 loop_wall_ms(p->h->loop), on_added, p);
}


static int load(struct pager *p);


static void on_loaded(struct subscriber_query *q, int error, struct subscriber *s, void *arg)
{
	struct pager *p = arg;
	int err;

	(void)q;
	if (error && error != -ENOENT)
		history_lost(p->entry[p->known].owner, error);
	know(p, error ? NULL : s);
	err = decide(p);
	if (err)
		err = load(p);
	else if (p->n)
		err = add(p);
	if (err || !p->n) {
		if (err)
			history_lost(p->entry[0].owner, err);
		answer(p);
	}
}


static int load(struct pager *p)
{
	return subscriber_load(p->h->subscribers, &p->query, p->entry[p->known].owner, on_loaded,
			       p);
}


static int begin(struct pager *g)
{
	int err = decide(g);

	if (!g->n)
		return -ENOENT;
	if (!copy(g))
		return -ENOMEM;
	return err ? load(g) : add(g);
}


int history_pager(const struct im_recorded_pager *p, struct im_record *k, im_recorded_cb *recorded,
		  void *recorded_arg, void *arg)
{
	struct history *h = arg;
	struct pager *g;
	int err;

	if (p->kind != IM_PAGER || !h->config.enabled)
		return -ENOENT;
	g = mem_alloc(sizeof(*g), pager_destroy);
	if (!g)
		return -ENOMEM;
	g->h = h;
	g->arena.max = PAGER_MAX;
	list_append(&h->pagers, &g->link);
	err = fill(g, p) ? begin(g) : -ENOENT;
	if (err) {
		if (err != -ENOENT)
			history_lost(g->entry[0].owner, err);
		mem_unref(g);
		return err;
	}
	g->k = k;
	if (k)
		*k = (struct im_record){.impl = g, .recorded = recorded, .arg = recorded_arg};
	return 0;
}


void history_pager_cancel(struct im_record *k, void *arg)
{
	struct pager *p = k->impl;

	(void)arg;
	if (!p)
		return;
	p->k = NULL;
	k->impl = NULL;
}


void history_pagers_done(struct history *h)
{
	for (struct list_link *l; (l = list_first(&h->pagers));)
		mem_unref(container_of(l, struct pager, link));
}
