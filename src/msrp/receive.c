/* SPDX-License-Identifier: Apache-2.0 */
/* Requests that come: whom they are for, and what is answered. */
#include "msrp/receive.h"

#include <errno.h>

#include "base/mem.h"
#include "msrp/answer.h"
#include "msrp/counters.h"
#include "msrp/endpoint_state.h"
#include "msrp/session_state.h"
#include "msrp/transaction.h"
#include "msrp/uri.h"


/* ---- Whom it is for ---- */

static struct msrp_session *session_of(struct msrp_connection *c, const struct msrp_frame *f)
{
	struct msrp_session *s = c->last;
	struct msrp_uri uri;

	if (s && str_eq(f->to_path, msrp_session_local(s)))
		return s;
	/* Host and port may be what an ALG made of them; the session-id is ours. */
	if (msrp_path_rest(f->to_path).n || msrp_uri_decode(&uri, f->to_path))
		return NULL;
	return msrp_session_find(c->ep, uri.session_id);
}


/*
 * RFC 4975 7.3: the session must be "associated with the connection on which the request arrived"; 5.4: the
 * first request associates it; 506 when it is in use elsewhere. Returns 0 or the status.
 */
static uint16_t bind_to(struct msrp_connection *c, struct msrp_session *s,
			const struct msrp_frame *f)
{
	if (s->now.c == c)
		return 0;
	if (s->old.c == c &&
	    (s->now.c || !str_eq(msrp_path_first(f->from_path), msrp_session_remote_first(s))))
		return 0;
	if (s->now.c && s->now.c->connected) {
		msrp_count(MSRP_C_IN_USE, 1);
		return 506;
	}
	return msrp_session_bind(s, c, f->from_path) ? 400 : 0;
}


static void refuse_stranger(struct msrp_connection *c, const struct msrp_frame *f)
{
	msrp_count(MSRP_C_STRANGERS, 1);
	if (f->method != MSRP_METHOD_REPORT)
		msrp_answer_now(c, f, 481);
	/* One that never was for us goes at once; where sessions come and go, late requests are no wonder. */
	if (!c->sessions.count && (!c->was_bound || ++c->strangers >= MSRP_STRANGERS_MAX))
		c->strangers = MSRP_STRANGERS_MAX;
}


static void pass_over(struct msrp_connection *c)
{
	c->rx = (struct msrp_receive){.skip = true};
}


/* ---- Its head ---- */

/* The handler, or we, said no: the answer leaves now. */
static void refuse(struct msrp_connection *c, const struct msrp_frame *f, uint16_t status)
{
	struct msrp_receive *r = &c->rx;

	r->skip = true;
	if (r->answer) {
		msrp_answer_give(r->answer, status);
		r->answer = NULL;
	} else {
		msrp_answer_now(c, f, status);
	}
}


static void touch(struct msrp_session *s)
{
	s->active_ms = loop_now_ms(s->ep->loop);
}


static void send_begins(struct msrp_connection *c, const struct msrp_frame *f)
{
	struct msrp_receive *r = &c->rx;
	struct msrp_session *s = r->session;
	uint16_t status;

	r->offset = f->range.start ? f->range.start - 1 : 0;
	touch(s);
	c->rx_begun = true;
	status = s->handler->head(s, r, s->arg);
	if (status && r->session)
		refuse(c, f, status);
}


static void report_arrives(struct msrp_session *s, const struct msrp_frame *f)
{
	msrp_count(MSRP_C_REPORTS, 1);
	if (f->has_status && s->handler->report)
		s->handler->report(s, f, s->arg);
}


void msrp_gathered_drop(struct msrp_connection *c)
{
	if (c->gathered)
		buf_done(c->gathered);
	mem_free(c->gathered);
	c->gathered = NULL;
}


/* Other methods than SEND are rare and short; without memory they are answered 413. */
static void gather(struct msrp_connection *c)
{
	msrp_gathered_drop(c);
	c->gathered = mem_raw(sizeof(*c->gathered));
	if (c->gathered)
		buf_init(c->gathered, MSRP_OTHER_BODY_MAX);
}


static void request_begins(struct msrp_connection *c, struct msrp_session *s,
			   const struct msrp_frame *f)
{
	c->rx = (struct msrp_receive){.session = mem_ref(s), .frame = f};
	c->rx_begun = c->rx_empty = false;
	c->rx_flag = 0;
	msrp_session_hold(s, c);
	switch (f->method) {
	case MSRP_METHOD_REPORT:
		c->rx.skip = true;
		report_arrives(s, f);
		break;
	case MSRP_METHOD_SEND:
		if (f->body)
			send_begins(c, f);
		else
			c->rx_empty = true;
		break;
	default:
		gather(c);
		break;
	}
}


static void request_arrives(struct msrp_connection *c, struct msrp_session *s,
			    const struct msrp_frame *f)
{
	uint16_t status;

	if (!s && f->method == MSRP_METHOD_AUTH) {
		msrp_answer_now(c, f, 501); /* RFC 4976: for a relay; we are none */
	} else if (!s && !f->fault) {
		refuse_stranger(c, f);
	} else if (f->fault) {
		msrp_count(MSRP_C_FAULTS, 1);
		msrp_answer_now(c, f, 400);
	} else if ((status = bind_to(c, s, f)) != 0) {
		msrp_answer_now(c, f, status);
	} else if (s->handler) {
		c->last = s;
		request_begins(c, s, f);
	}
}


static void on_head(const struct msrp_frame *f, void *arg)
{
	struct msrp_connection *c = arg;
	struct msrp_session *s;

	msrp_count(MSRP_C_FRAMES, 1);
	pass_over(c);
	if (!f->request) {
		if (!f->fault)
			msrp_transaction_answer(c, f);
		return;
	}
	s = f->to_path.n ? session_of(c, f) : NULL;
	if (s)
		mem_ref(s); /* its owner may let go of it when it hears that it is bound */
	request_arrives(c, s, f);
	mem_unref(s);
}


/* ---- Its body ---- */

static void on_body(const struct msrp_frame *f, struct str piece, void *arg)
{
	struct msrp_connection *c = arg;
	struct msrp_receive *r = &c->rx;
	struct msrp_session *s = r->session;
	uint16_t status;

	r->frame = f;
	if (r->skip)
		return;
	if (f->method != MSRP_METHOD_SEND) {
		if (c->gathered)
			buf_puts(c->gathered, piece);
		return;
	}
	touch(s);
	status = s->handler->body(s, r, piece, s->arg);
	r->offset += piece.n;
	r->bytes += piece.n;
	if (status && r->session)
		refuse(c, f, status);
}


/* ---- Its end ---- */

static void rx_over(struct msrp_connection *c)
{
	struct msrp_session *s = c->rx.session;

	c->rx = (struct msrp_receive){.skip = true};
	c->rx_begun = false;
	if (!s)
		return;
	msrp_session_release(s, c);
	mem_unref(s);
}


/* The success report of a chunk that was answered at once. */
static void report_now(struct msrp_session *s, const struct msrp_frame *f, uint64_t bytes,
		       char flag)
{
	if (f->success_report && !s->stopped)
		msrp_report_chunk(s, f->from_path, f->message_id, &f->range, bytes, flag);
}


/*
 * RFC 4975 7.1: "Bodiless requests are distinct from requests with empty bodies": traffic, no message.
 * One that aborts or continues a message is a chunk of it all the same.
 */
static bool is_traffic(const struct msrp_frame *f, char flag)
{
	return flag == '$' && f->range.start <= 1;
}


static void send_ends(struct msrp_connection *c, const struct msrp_frame *f, char flag)
{
	struct msrp_receive *r = &c->rx;
	struct msrp_session *s = r->session;
	uint64_t bytes = r->bytes;
	uint16_t status;

	if (c->rx_empty && is_traffic(f, flag)) {
		msrp_answer_now(c, f, 200);
		report_now(s, f, 0, flag);
		return;
	}
	if (c->rx_empty)
		send_begins(c, f);
	if (r->skip || !r->session)
		return;
	if (r->answer)
		msrp_answer_ended(r->answer, r, flag);
	c->rx_begun = false;
	c->rx_flag = flag;
	status = s->handler->end(s, r, flag, s->arg);
	if (status == MSRP_LATER)
		return;
	if (r->answer) {
		msrp_answer_give(r->answer, status);
		return;
	}
	msrp_answer_now(c, f, status);
	if (status == 200 && s->handler && !s->handler->own_reports)
		report_now(s, f, bytes, flag);
}


static void other_ends(struct msrp_connection *c, const struct msrp_frame *f)
{
	struct msrp_receive *r = &c->rx;
	struct msrp_session *s = r->session;
	uint16_t status = 501;

	if (!c->gathered || c->gathered->failed)
		status = 413;
	else if (s->handler->request)
		status = s->handler->request(s, r, buf_str(c->gathered), s->arg);
	if (status != MSRP_LATER && r->answer)
		msrp_answer_give(r->answer, status);
	else if (status != MSRP_LATER)
		msrp_answer_now(c, f, status);
	msrp_gathered_drop(c);
}


static void on_end(const struct msrp_frame *f, char flag, void *arg)
{
	struct msrp_connection *c = arg;
	struct msrp_receive *r = &c->rx;
	struct msrp_session *s = r->session ? mem_ref(r->session) : NULL;

	r->frame = f;
	if (s && !r->skip) {
		if (f->method == MSRP_METHOD_SEND)
			send_ends(c, f, flag);
		else
			other_ends(c, f);
	}
	rx_over(c);
	mem_unref(s);
	if (c->strangers >= MSRP_STRANGERS_MAX && !c->sessions.count)
		msrp_connection_fail(c, -EPERM);
}


static void on_broken(const struct msrp_frame *f, const char *why, void *arg)
{
	struct msrp_connection *c = arg;

	(void)why;
	if (f->request && f->tid.n && f->from_path.n && f->to_path.n)
		msrp_answer_now(c, f, 400);
}


const struct msrp_parser_ops msrp_receive_ops = {
	.head = on_head,
	.body = on_body,
	.end = on_end,
	.broken = on_broken,
};


void msrp_receive_break(struct msrp_connection *c)
{
	struct msrp_receive *r = &c->rx;
	struct msrp_session *s = r->session;
	bool begun = c->rx_begun && !r->skip;

	c->rx_begun = false;
	r->skip = true;
	if (begun && s->handler && s->handler->broken)
		s->handler->broken(s, r, s->arg);
	rx_over(c);
}
