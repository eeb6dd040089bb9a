/* SPDX-License-Identifier: Apache-2.0 */
/* Messages each by itself into the history: pager messages that were accepted, large ones that waited. */
#include <errno.h>

#include "base/mem.h"
#include "im/history/history_state.h"
#include "sip/compose.h"
#include "store/content.h"

/** The entries' texts and the message: no SIP message is larger. */
#define PAGER_MAX (2 * STORE_HISTORY_BODY_MAX)

/** One message being recorded. */
struct pager {
	struct list_link link;
	struct history *h;
	struct im_record *k; /**< NULL: nobody waits */
	enum im_kind kind;
	struct store_content_reader *content; /**< of one that waits as a file; NULL: it is here */
	struct subscriber_query query;
	struct store_request r;
	struct arena arena;
	struct store_history_entry entry[STORE_HISTORY_COPIES_MAX]; /**< wanted or not yet known */
	size_t n, known;
};


static void pager_destroy(void *object)
{
	struct pager *p = object;

	if (p->k)
		p->k->impl = NULL;
	store_content_close(p->content);
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

/*
 * One request, told from any other (RFC 3261 8.1.1, 12.2.1.1); a device that gets it later gets the same. Of several
 * messages of one session each is held with a number of its own.
 */
static void put_request(struct buf *b, const struct im_recorded_pager *p)
{
	buf_puts(b, p->m->call_id);
	buf_putc(b, '\n');
	buf_puts(b, p->m->from_tag);
	buf_printf(b, "\n%u", p->held ? p->held->cseq : p->m->cseq.number);
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
		.kind = history_kind_of(p->kind),
		.outgoing = outgoing,
		.request = request,
		.from = sender,
		.to = p->recipient,
		.message_id = STR(""),
		.size = p->m->body.n,
		.body = p->m->body,
	};

	if (p->held) {
		e.message_id = p->held->message_id;
		e.size = p->held->size;
		e.body = p->held->body;
		e.held = p->held->file.n ? p->held->id : 0;
	}
	return e;
}


/* A file is called by its name. */
static struct str subject_of(const struct im_recorded_pager *p)
{
	struct str subject = sip_msg_header(p->m, SIP_HDR_SUBJECT);

	if (p->held && p->held->name.n)
		subject = p->held->name;
	return str_upto(subject, STORE_HISTORY_TEXT_MAX);
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
	struct str name = STR(""), type = sip_msg_header(p->m, SIP_HDR_CONTENT_TYPE);
	struct history_facts f;
	struct buf request;

	buf_fixed(&request, storage, sizeof(storage));
	put_request(&request, p);
	if (!request.failed)
		name = arena_str(&g->arena, buf_str(&request));
	if (p->held)
		history_facts_read(&f, p->held->content_type, p->held->body);
	else
		history_facts_read(&f, type, p->m->body);
	for (unsigned i = 0; i < 2; i++) {
		unsigned side = i ? IM_RECORD_RECIPIENT : IM_RECORD_ORIGINATOR;
		struct store_history_entry e = entry_of(p, !i, name);

		if (!(p->sides & side) || !e.owner.n)
			continue;
		if (g->n && str_eq(g->entry[0].owner, e.owner))
			continue; /* to oneself: once */
		e.subject = subject_of(p);
		e.date_ms = date_of(p->m, loop_wall_ms(g->h->loop));
		history_facts_put(&f, &e);
		g->entry[g->n++] = e;
	}
	/* Of a file it is seen later. */
	return g->n && (!f.nothing || g->entry[0].held);
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
	if (history_wanted(s, p->kind))
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


/* What it is, by its beginning. */
static int take_begin(struct pager *p, struct str begin)
{
	struct history_facts f;

	history_facts_read(&f, p->entry[0].content_type, begin);
	if (f.nothing)
		return -ENOENT;
	for (size_t i = 0; i < p->n; i++)
		history_facts_put(&f, &p->entry[i]);
	return copy(p) ? add(p) : -ENOMEM;
}


static void on_begin(struct store_content_reader *r, int error, struct str bytes, void *arg)
{
	struct pager *p = arg;
	int err = error ? error : take_begin(p, bytes);

	(void)r;
	if (!err)
		return;
	if (error || err != -ENOENT)
		history_lost(p->entry[0].owner, err);
	answer(p);
}


static int look(struct pager *p)
{
	return p->content ? store_content_read(p->content, 0, HISTORY_INLINE_MAX, on_begin, p)
			  : add(p);
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
		err = look(p);
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


static int begin(struct pager *g, const struct store_deferred *held)
{
	int err = decide(g);

	if (!g->n)
		return -ENOENT;
	if (!copy(g))
		return -ENOMEM;
	if (held && held->file.n) {
		int error = store_content_open(&g->content, g->h->store, held->file);

		if (error)
			return error;
	}
	return err ? load(g) : look(g);
}


int history_pager(const struct im_recorded_pager *p, struct im_record *k, im_recorded_cb *recorded,
		  void *recorded_arg, void *arg)
{
	struct history *h = arg;
	struct pager *g;
	int err;

	if ((p->kind != IM_PAGER && !p->held) || !h->config.enabled)
		return -ENOENT;
	g = mem_alloc(sizeof(*g), pager_destroy);
	if (!g)
		return -ENOMEM;
	g->h = h;
	g->kind = p->kind;
	g->arena.max = PAGER_MAX;
	list_append(&h->pagers, &g->link);
	err = fill(g, p) ? begin(g, p->held) : -ENOENT;
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
