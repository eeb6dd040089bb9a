/* SPDX-License-Identifier: Apache-2.0 */
/* Answers, at once or later, and the success reports that go with them. */
#include "msrp/answer.h"

#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "msrp/counters.h"
#include "msrp/endpoint_state.h"
#include "msrp/session_state.h"
#include "msrp/uri.h"

/* A response: start line and two paths, the first of which may be all of a From-Path. */
#define RESPONSE_MAX (MSRP_HEAD_MAX + 512)

struct msrp_answer {
	struct msrp_session *session; /* reference */
	struct msrp_connection *c;    /* reference */
	char *remote; /* reference: what `path` points into; NULL: it is in `extra` */
	char *extra;  /* of extra_n bytes, in the slab */
	size_t extra_n;
	struct str
		path; /* the From-Path it came with; of a SEND that wants no report, the first URI of it */
	struct str from_path, message_id;
	struct msrp_range range;
	uint64_t bytes;
	uint16_t tid_n;
	uint8_t failure_report;
	char flag;
	bool send;   /* it was a SEND */
	bool report; /* a success report is wanted, and ours to send */
	char tid[MSRP_TID_MAX];
};


void msrp_answer_now(struct msrp_connection *c, const struct msrp_frame *f, uint16_t status)
{
	char text[RESPONSE_MAX];
	struct buf b;

	if (!msrp_response_wanted(f, status))
		return;
	buf_fixed(&b, text, sizeof(text));
	/* An ALG may have told the peer another URI of ours: it gets back the one it used. */
	msrp_response_encode(&b, f, status, msrp_status_comment(status), STR_NULL);
	if (!b.failed)
		msrp_connection_frame(c, &b);
}


/* ---- Later ---- */

static char *copy(char *to, struct str *s)
{
	if (s->n)
		memcpy(to, s->p, s->n);
	s->p = to;
	return to + s->n;
}


/* What is the session's own is pointed to, the rest copied. */
static int keep_texts(struct msrp_answer *a, const struct msrp_frame *f)
{
	struct msrp_session *s = a->session;
	bool first = a->send && !a->report, own_path, own_from;
	char *p;

	a->path = first ? msrp_path_first(f->from_path) : f->from_path;
	a->from_path = msrp_path_first(f->to_path);
	a->message_id = a->report ? f->message_id : STR_NULL;
	own_path = str_eq(a->path, first ? msrp_session_remote_first(s) : msrp_session_remote(s));
	own_from = str_eq(a->from_path, msrp_session_local(s));
	if (own_path) {
		a->remote = mem_ref(s->remote);
		a->path.p = s->remote;
	}
	if (own_from)
		a->from_path.p = s->local;
	a->extra_n = (own_path ? 0 : a->path.n) + (own_from ? 0 : a->from_path.n) + a->message_id.n;
	if (!a->extra_n)
		return 0;
	p = a->extra = slab_take(s->ep->slab, a->extra_n);
	if (!p)
		return -ENOMEM;
	if (!own_path)
		p = copy(p, &a->path);
	if (!own_from)
		p = copy(p, &a->from_path);
	copy(p, &a->message_id);
	return 0;
}


static void answer_free(struct msrp_answer *a)
{
	struct msrp_session *s = a->session;
	struct slab *slab = mem_ref(s->ep->slab);

	if (a->extra)
		slab_give(slab, a->extra, a->extra_n);
	mem_unref(a->remote);
	msrp_session_release(s, a->c);
	mem_unref(a->c);
	slab_give(slab, a, sizeof(*a));
	mem_unref(s);
	mem_unref(slab);
}


void msrp_answer_ended(struct msrp_answer *a, const struct msrp_receive *r, char flag)
{
	a->flag = flag;
	a->bytes = r->bytes;
}


struct msrp_answer *msrp_receive_defer(struct msrp_receive *r)
{
	struct msrp_connection *c = container_of(r, struct msrp_connection, rx);
	const struct msrp_frame *f = r->frame;
	struct msrp_session *s = r->session;
	struct msrp_answer *a;
	bool report = f->success_report && !s->handler->own_reports;

	if (r->answer || (!msrp_response_wanted(f, 400) && !report))
		return r->answer;
	a = slab_take(s->ep->slab, sizeof(*a));
	if (!a)
		return NULL;
	memset(a, 0, offsetof(struct msrp_answer, tid));
	a->session = mem_ref(s);
	a->c = mem_ref(c);
	a->send = f->method == MSRP_METHOD_SEND;
	a->report = report && a->send;
	a->failure_report = (uint8_t)f->failure_report;
	a->range = f->range;
	msrp_answer_ended(a, r, c->rx_flag);
	a->tid_n = (uint16_t)f->tid.n;
	memcpy(a->tid, f->tid.p, f->tid.n);
	msrp_session_hold(s, c);
	if (keep_texts(a, f)) {
		answer_free(a);
		return NULL;
	}
	r->answer = a;
	return a;
}


/* msrp_response_wanted, without the frame. */
static bool wanted(const struct msrp_answer *a, uint16_t status)
{
	if (!a->send || a->failure_report == MSRP_FAILURE_YES)
		return true;
	return a->failure_report == MSRP_FAILURE_PARTIAL && status != 200;
}


static void put_response(const struct msrp_answer *a, uint16_t status, struct buf *b)
{
	struct str comment = msrp_status_comment(status);

	buf_puts(b, STR("MSRP "));
	buf_put(b, a->tid, a->tid_n);
	buf_putc(b, ' ');
	buf_putu(b, status);
	if (comment.n) {
		buf_putc(b, ' ');
		buf_puts(b, comment);
	}
	buf_puts(b, STR("\r\nTo-Path: "));
	buf_puts(b, a->send ? msrp_path_first(a->path) : a->path);
	buf_puts(b, STR("\r\nFrom-Path: "));
	buf_puts(b, a->from_path);
	buf_puts(b, STR("\r\n"));
	msrp_end_encode(b, (struct str){a->tid, a->tid_n}, '$', false);
}


void msrp_answer_give(struct msrp_answer *a, uint16_t status)
{
	struct msrp_session *s = a->session;
	char text[RESPONSE_MAX];
	struct buf b;

	if (!s->stopped && wanted(a, status)) {
		buf_fixed(&b, text, sizeof(text));
		put_response(a, status, &b);
		if (!b.failed)
			msrp_connection_frame(a->c, &b);
	}
	if (!s->stopped && a->report && a->flag && status == 200)
		msrp_report_chunk(s, a->path, a->message_id, &a->range, a->bytes, a->flag);
	answer_free(a);
}


/* ---- Success reports ---- */

static struct msrp_partial *partial_find(struct msrp_session *s, uint64_t id)
{
	for (struct list_link *k = list_first(&s->partials); k; k = list_next(&s->partials, k)) {
		struct msrp_partial *p = container_of(k, struct msrp_partial, link);

		if (p->id == id)
			return p;
	}
	return NULL;
}


static void partial_free(struct msrp_session *s, struct msrp_partial *p)
{
	list_remove(&s->partials, &p->link);
	slab_give(s->ep->slab, p, sizeof(*p));
}


void msrp_partials_free(struct msrp_session *s)
{
	for (struct list_link *k; (k = list_first(&s->partials));)
		partial_free(s, container_of(k, struct msrp_partial, link));
}


static bool partial_begin(struct msrp_session *s, uint64_t id, uint64_t next)
{
	struct msrp_partial *p;

	if (s->partials.count >= MSRP_PARTIALS_MAX)
		return false;
	p = slab_take(s->ep->slab, sizeof(*p));
	if (!p)
		return false;
	*p = (struct msrp_partial){.id = id, .next = next};
	list_append(&s->partials, &p->link);
	return true;
}


static void report_range(struct msrp_session *s, struct str to_path, struct str message_id,
			 uint64_t start, uint64_t next, uint64_t total)
{
	struct msrp_session_report r = {
		.message_id = message_id,
		.to_path = to_path,
		.range = {start, next - 1, total},
		.status = 200,
	};

	(void)msrp_session_report(s, &r);
}


/*
 * RFC 4975 7.1.3: "The receiver MAY wait until it receives the last chunk of a message, and send a success
 * report that covers the complete message." So it is done while chunks come in order; one that does not
 * is reported by itself, and so are all after it.
 */
void msrp_report_chunk(struct msrp_session *s, struct str to_path, struct str message_id,
		       const struct msrp_range *range, uint64_t bytes, char flag)
{
	uint64_t id = hash_bytes(&s->ep->sessions.key, message_id.p, message_id.n);
	uint64_t start = range->start ? range->start : 1, next = start + bytes;
	uint64_t total = flag == '$' ? next - 1 : range->total;
	struct msrp_partial *p = partial_find(s, id);

	bool joined = p && start == p->next;

	if (p && !joined && p->next > 1)
		report_range(s, to_path, message_id, 1, p->next, range->total);
	if (flag == '+' && joined) {
		p->next = next;
		return;
	}
	if (p)
		partial_free(s, p);
	if (flag == '+' && !p && start == 1 && partial_begin(s, id, next))
		return;
	if (flag != '#')
		report_range(s, to_path, message_id, joined ? 1 : start, next, total);
}
