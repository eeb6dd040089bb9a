/* SPDX-License-Identifier: Apache-2.0 */
/* One request of ours, seen through to its end. */
#include "client/exchange.h"

#include <errno.h>

#include "base/mem.h"
#include "body/sdp.h"
#include "client/way.h"
#include "sip/compose.h"
#include "sip/param.h"
#include "sip/resolver.h"
#include "sip/uri.h"

/** What the engine puts before our request line's successor: see via_size. */
#define VIA_BRANCH_N (sizeof(SIP_BRANCH_COOKIE) - 1 + 8 + 16)
#define MAX_FORWARDS 70

struct exchange {
	struct list_link link; /**< of parley.exchanges, until done */
	struct parley *p;
	struct arena memory;
	struct exchange_params params; /**< its texts are in `memory` */
	struct str method;
	uint32_t cseq;
	struct sip_lookup lookup;
	struct sip_hops hops;
	struct sip_client_txn *ct;
	struct credentials own; /**< 401 of requests: never brought unasked to the next one */
	uint8_t answered[2];    /**< challenges answered, by kind */
	size_t bytes;
	int error; /**< told at the end of the turn */
	struct deferred_call late;
	bool ended;
};


static void destroy(void *object)
{
	struct exchange *x = object;

	arena_done(&x->memory);
}


/* Nothing of it will happen any more. */
static void stop(struct exchange *x)
{
	if (x->ended)
		return;
	x->ended = true;
	list_remove(&x->p->exchanges, &x->link);
	sip_lookup_cancel(&x->lookup);
	loop_defer_cancel(x->p->loop, &x->late);
	x->ct = mem_unref(x->ct);
}


static void end(struct exchange *x, int error, const struct sip_msg *m)
{
	struct parley *p = x->p;
	struct sip_client_txn *ct = x->ct ? mem_ref(x->ct) : NULL;
	struct sip_hop hop;
	struct exchange_end e = {
		.error = error,
		.m = m,
		.bytes = x->bytes,
		.cseq = x->cseq,
	};

	if (m && ct) {
		hop = *sip_client_hop(ct);
		hop.host = x->hops.hop[0].host;
		e.hop = &hop;
	}
	mem_ref(x);
	stop(x);
	x->params.done(x, &e, x->params.arg);
	registration_exchange_ended(p);
	mem_unref(x);
	mem_unref(ct);
}


static void on_late(void *arg)
{
	struct exchange *x = arg;
	struct parley *p = x->p;

	account_enter(p);
	end(x, x->error, NULL);
	account_leave(p);
}


static void end_later(struct exchange *x, int error)
{
	x->error = error;
	loop_defer(x->p->loop, &x->late, on_late, x);
}


/* ---- Writing it out ---- */

static struct credentials *credentials_of(struct exchange *x, int kind)
{
	if (x->params.registers)
		return &x->p->register_auth;
	/* RFC 3261 22.3: "the UA MAY cache credentials for that realm across dialogs" where the realm is
	 * that of its proxy. Those for whoever sits at the far end go to him who asked, in this exchange. */
	return kind ? &x->p->request_auth : &x->own;
}


static int put_credentials(struct exchange *x, struct buf *b)
{
	for (int kind = 0; kind < 2; kind++) {
		struct credentials *c = credentials_of(x, kind);

		if (!c->have[kind])
			continue;
		int err = digest_answer(&c->of[kind], x->p->loop, str_of(x->p->auth_user),
					str_of(x->p->password), x->method, x->params.uri, b);
		if (err)
			return err;
	}
	return 0;
}


static void put_route(struct exchange *x, struct buf *b)
{
	struct buf route = BUF_INIT(2 * REGISTRATION_ROUTE_MAX);

	if (x->params.registers)
		return;
	way_put_route(x->p, &route);
	if (route.n && !route.failed)
		sip_put_header(b, SIP_HDR_ROUTE, buf_str(&route));
	buf_done(&route);
}


static int put_rest(struct exchange *x, struct buf *b)
{
	int err;

	sip_put_headeru(b, SIP_HDR_MAX_FORWARDS, MAX_FORWARDS);
	put_route(x, b);
	sip_put_header(b, SIP_HDR_FROM, x->params.from);
	sip_put_header(b, SIP_HDR_TO, x->params.to);
	sip_put_header(b, SIP_HDR_CALL_ID, x->params.call_id);
	buf_printf(b, "CSeq: %u " STR_FMT "\r\n", x->cseq, STR_ARG(x->method));
	err = put_credentials(x, b);
	if (err)
		return err;
	if (x->params.headers)
		x->params.headers(b, &x->hops.hop[0], x->params.arg);
	sip_put_body(b, x->params.type, x->params.body);
	return b->failed ? -ENOBUFS : 0;
}


/* The Via line is the engine's to write; its length is known beforehand, but for the host name of
 * another hop: they all are hops of one server. */
static size_t via_size(struct exchange *x)
{
	const struct sip_hop *hop = &x->hops.hop[0];

	return sizeof("Via: SIP/2.0/ ;branch=;rport\r\n") - 1 + sip_transport_name(hop->kind).n +
	       sip_transports_sent_by(sip_transports(x->p->sip), hop).n + VIA_BRANCH_N;
}


static const struct sip_client_handler client_handler;


static int send_written(struct exchange *x, struct str head, struct str rest)
{
	size_t bytes = head.n + via_size(x) + rest.n;
	struct sip_client_txn *ct = NULL;
	int err;

	/* RFC 3428 8 speaks of "The size of MESSAGE requests": what is measured is the request as it
	 * leaves, with the credentials in it. */
	if (x->params.pager && parley_choose(bytes, x->params.reliable_path) != PARLEY_PAGER) {
		x->bytes = bytes;
		return -EMSGSIZE;
	}
	err = sip_client_start(&ct, x->p->sip,
			       &(struct sip_client_params){
				       .method = x->params.method,
				       .method_name = x->method,
				       .head = head,
				       .rest = rest,
				       .hops = &x->hops,
				       .handler = &client_handler,
				       .arg = x,
			       });
	if (err)
		return err;
	x->ct = ct;
	x->bytes = bytes;
	return 0;
}


static int attempt(struct exchange *x)
{
	struct buf head = BUF_INIT(SIP_URI_MAX + 64), rest = BUF_INIT(SIP_MESSAGE_MAX);
	int err;

	sip_put_request(&head, x->method, x->params.uri);
	err = head.failed ? -ENOBUFS : put_rest(x, &rest);
	if (!err)
		err = send_written(x, buf_str(&head), buf_str(&rest));
	buf_done(&head);
	buf_done(&rest);
	return err;
}


/* ---- Challenges (RFC 3261 22) ---- */

/* 0: credentials are at hand that have not been tried. */
static int take_challenge(struct exchange *x, const struct sip_msg *m)
{
	int kind = m->status == 407, err;
	struct credentials *c = credentials_of(x, kind);
	bool stale = way_is_stale(m);

	if (!x->p->password)
		return -ENOKEY;
	/* 22.1: "A UAC MUST NOT re-attempt requests with the credentials that have just been rejected
	 * (though the request may be retried if the nonce was stale)." Credentials that were brought
	 * unasked answered no challenge of this exchange, and do not count. */
	if (x->answered[kind] && (!stale || x->answered[kind] >= EXCHANGE_CHALLENGES_MAX)) {
		c->have[kind] = false;
		return -EACCES;
	}
	err = digest_client_take(&c->of[kind], m);
	if (err) {
		c->have[kind] = false;
		return err;
	}
	c->have[kind] = true;
	x->answered[kind]++;
	return 0;
}


/* 22.2: the request goes once more, with the same Call-ID and tag and the next CSeq, to where the
 * challenge came from. */
static int answer_challenge(struct exchange *x, const struct sip_msg *m)
{
	int err = take_challenge(x, m);
	const struct sip_hop *from;
	struct str host;

	if (err)
		return err;
	/* Its text may be gone by now; all hops of one server have the same. */
	host = x->hops.hop[0].host;
	from = sip_client_hop(x->ct);
	x->hops.hop[0] = *from;
	x->hops.hop[0].host = host;
	x->hops.n = 1;
	x->ct = mem_unref(x->ct);
	x->cseq++;
	return attempt(x);
}


static void respond(struct exchange *x, const struct sip_msg *m)
{
	int err = 0;

	if (m->status < 200)
		return;
	if (m->status == 401 || m->status == 407) {
		err = answer_challenge(x, m);
		if (!err)
			return;
		/* What kept us from trying again is told with the response only where it is about it. */
		if (err != -EACCES && err != -ENOKEY && err != -ENOTSUP) {
			end(x, err, NULL);
			return;
		}
	}
	end(x, err, m);
}


static void on_response(struct sip_client_txn *ct, const struct sip_msg *m, void *arg)
{
	struct exchange *x = arg;
	struct parley *p = x->p;

	if (ct != x->ct)
		return;
	account_enter(p);
	respond(x, m);
	account_leave(p);
}


static void on_failed(struct sip_client_txn *ct, int error, void *arg)
{
	struct exchange *x = arg;
	struct parley *p = x->p;

	if (ct != x->ct)
		return;
	account_enter(p);
	end(x, error, NULL);
	account_leave(p);
}


static const struct sip_client_handler client_handler = {on_response, on_failed};


/* ---- Where to ---- */

static int hops_take(struct exchange *x, const struct sip_hops *hops)
{
	int err = way_take(x->p, &x->hops, hops);

	if (err)
		return err;
	/* The Contact of a REGISTER names one transport: it is not carried to another. */
	for (uint8_t i = 1; x->params.registers && i < x->hops.n; i++) {
		if (x->hops.hop[i].kind != x->hops.hop[0].kind)
			x->hops.n = i;
	}
	return 0;
}


static void on_resolved(struct sip_lookup *q, int error, const struct sip_hops *hops, void *arg)
{
	struct exchange *x = arg;
	struct parley *p = x->p;

	(void)q;
	account_enter(p);
	if (!error)
		error = hops_take(x, hops);
	if (!error)
		error = attempt(x);
	if (error)
		end(x, error, NULL);
	account_leave(p);
}


static void find_way(struct exchange *x)
{
	struct sip_hops now;
	int r = way_find(x->p, &x->lookup, &now, on_resolved, x);

	if (r == 0)
		return;
	if (r > 0) {
		r = hops_take(x, &now);
		if (!r)
			r = attempt(x);
	}
	if (r)
		end_later(x, r);
}


/* ---- Life ---- */

static bool keep(struct exchange *x, struct str *text)
{
	*text = arena_str(&x->memory, text->p ? *text : STR(""));
	return text->p != NULL;
}


int exchange_start(struct exchange **ret, struct parley *p, const struct exchange_params *params)
{
	struct exchange *x = mem_alloc(sizeof(*x), destroy);
	char call_id[33];

	if (!x)
		return -ENOMEM;
	x->p = p;
	x->memory = (struct arena)ARENA_INIT(EXCHANGE_MEMORY_MAX);
	x->params = *params;
	x->method = sip_method_name(params->method);
	x->cseq = params->cseq;
	if (!params->call_id.n) {
		account_put_random(p, call_id, 32);
		x->params.call_id = str_of(call_id);
	}
	if (!keep(x, &x->params.uri) || !keep(x, &x->params.from) || !keep(x, &x->params.to) ||
	    !keep(x, &x->params.call_id) || !keep(x, &x->params.type) ||
	    !keep(x, &x->params.body)) {
		mem_unref(x);
		return params->body.n > EXCHANGE_MEMORY_MAX - 16384 ? -ENOBUFS : -ENOMEM;
	}
	list_append(&p->exchanges, &x->link);
	*ret = x;
	find_way(x);
	return 0;
}


struct exchange *exchange_cancel(struct exchange *x)
{
	if (!x)
		return NULL;
	stop(x);
	return mem_unref(x);
}


/* ---- For the public face ---- */

static const char *text_of(char *text, size_t max, struct str s)
{
	struct buf b;

	buf_fixed(&b, text, max);
	buf_puts(&b, str_upto(s, max - 1));
	return buf_cstr(&b);
}


/* Warning = warn-code SP warn-agent SP quoted warn-text (RFC 3261 20.43); Error-Info as it stands. */
static void put_detail(struct buf *b, const struct sip_msg *m)
{
	struct str warning = sip_msg_header(m, SIP_HDR_WARNING),
		   info = sip_msg_header(m, SIP_HDR_ERROR_INFO);
	ptrdiff_t quote = str_find(warning, '"');

	if (quote >= 0) {
		const char *from = warning.p + quote,
			   *to = sip_quoted_end(from, warning.p + warning.n);

		if (to)
			sip_unquote(str_range(from, to), b);
	} else if (info.n) {
		buf_puts(b, info);
	}
}


/* RFC 3261 21.4.26: a 488 "MAY" have a description of what would do; 21.4.13: a 415 lists formats in Accept. */
static void put_accepts(struct parley_outcome *o, struct buf *b, const struct sip_msg *m)
{
	struct sdp sdp;
	struct sdp_msrp msrp;

	if (!sdp_decode(&sdp, m->body) && !sdp_msrp_decode(&msrp, &sdp)) {
		o->max_size = msrp.max_size;
		buf_puts(b, msrp.accept);
		if (msrp.accept_wrapped.n)
			buf_putc(b, ' ');
		buf_puts(b, msrp.accept_wrapped);
	} else if (m->status == 415) {
		buf_puts(b, sip_msg_header(m, SIP_HDR_ACCEPT));
	}
}


void exchange_outcome(struct parley_outcome *ret, struct exchange_text *text,
		      const struct exchange_end *e)
{
	struct parley_outcome o = {
		.error = e->error, .reason = "", .detail = "", .accepts = "", .bytes = e->bytes};

	if (e->m) {
		struct buf detail = BUF_INIT(4 * EXCHANGE_REASON_MAX),
			   accepts = BUF_INIT(SDP_TEXT_MAX);

		put_detail(&detail, e->m);
		put_accepts(&o, &accepts, e->m);
		o.accepts = text_of(text->accepts, EXCHANGE_ACCEPTS_MAX,
				    accepts.n ? buf_str(&accepts) : STR(""));
		buf_done(&accepts);
		o.status = e->m->status;
		o.reason = text_of(text->reason, EXCHANGE_REASON_MAX, e->m->reason);
		o.detail = text_of(text->detail, EXCHANGE_REASON_MAX,
				   detail.n ? buf_str(&detail) : STR(""));
		buf_done(&detail);
		o.retry_after_s = sip_msg_retry_after_s(e->m);
	}
	*ret = o;
}
