/* SPDX-License-Identifier: Apache-2.0 */
/* Peers that speak MSRP, for the tests of the machines. */
#include "world.h"

#include <stdio.h>
#include <string.h>

#define LOG_MAX 65536
#define BODY_MAX (4u << 20)


struct addr address(const char *text)
{
	struct addr a;

	assert_int_equal(addr_decode_hostport(&a, str_of(text)), 0);
	return a;
}


void note(struct world *w, const char *fmt, ...)
{
	va_list ap;

	if (w->events.n)
		buf_puts(&w->events, STR(", "));
	va_start(ap, fmt);
	buf_vprintf(&w->events, fmt, ap);
	va_end(ap);
}


static void line(struct peer *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));


static void line(struct peer *p, const char *fmt, ...)
{
	va_list ap;

	if (p->log.n)
		buf_puts(&p->log, STR(", "));
	va_start(ap, fmt);
	buf_vprintf(&p->log, fmt, ap);
	va_end(ap);
}


/* ---- What a peer hears ---- */

static void keep_text(char *to, size_t max, struct str s)
{
	snprintf(to, max, STR_FMT, STR_ARG(s));
}


static void range_text(char to[64], const struct msrp_frame *f)
{
	struct str r = msrp_frame_header(f, STR("Byte-Range"));

	snprintf(to, 64, STR_FMT, STR_ARG(r.p ? r : STR("-")));
}


static void on_head(const struct msrp_frame *f, void *arg)
{
	struct peer *p = arg;

	p->piece_n = 0;
	if (f->fault)
		line(p, "fault: %s", f->fault);
	if (f->request && f->method == MSRP_METHOD_SEND) {
		keep_text(p->last_tid, sizeof(p->last_tid), f->tid);
		keep_text(p->last_id, sizeof(p->last_id), f->message_id);
		buf_clear(&p->others);
		buf_puts(&p->others, f->others);
	}
}


static void on_body(const struct msrp_frame *f, struct str piece, void *arg)
{
	struct peer *p = arg;

	(void)f;
	p->piece_n += piece.n;
	p->bytes += piece.n;
	buf_puts(&p->body, piece);
}


static void answer(struct peer *p, const struct msrp_frame *f)
{
	char text[2048];
	struct buf b;

	if (!p->status || !msrp_response_wanted(f, p->status))
		return;
	buf_fixed(&b, text, sizeof(text));
	msrp_response_encode(&b, f, p->status, STR("Whatever"), STR_NULL);
	peer_write(p, b.p, b.n);
}


static void send_ended(struct peer *p, const struct msrp_frame *f, char flag)
{
	char range[64];

	p->sends++;
	range_text(range, f);
	if (flag == '+' && p->piece_n < p->chunk_min)
		p->chunk_min = p->piece_n;
	if (!p->quiet)
		line(p, "SEND %s %s %llu%s %c", p->last_id, range, (unsigned long long)p->piece_n,
		     f->body ? "" : " bodiless", flag);
	answer(p, f);
}


static void on_end(const struct msrp_frame *f, char flag, void *arg)
{
	struct peer *p = arg;
	char range[64];

	range_text(range, f);
	if (!f->request) {
		line(p, "%u " STR_FMT, f->status, STR_ARG(f->tid));
	} else if (f->method == MSRP_METHOD_SEND) {
		send_ended(p, f, flag);
	} else if (f->method == MSRP_METHOD_REPORT) {
		p->reports++;
		if (!p->quiet && f->has_distribution_count)
			line(p, "REPORT " STR_FMT " %s %u for %u", STR_ARG(f->message_id), range,
			     f->report_status, f->distribution_count);
		else if (!p->quiet)
			line(p, "REPORT " STR_FMT " %s %u", STR_ARG(f->message_id), range,
			     f->report_status);
	} else {
		line(p, STR_FMT " %llu", STR_ARG(f->method_name), (unsigned long long)p->piece_n);
		answer(p, f);
	}
}


static void on_broken(const struct msrp_frame *f, const char *why, void *arg)
{
	(void)f;
	line(arg, "broken: %s", why);
}


static const struct msrp_parser_ops parser_ops = {
	.head = on_head,
	.body = on_body,
	.end = on_end,
	.broken = on_broken,
};


static void on_recv(struct stream *s, const char *bytes, size_t n, void *arg)
{
	struct peer *p = arg;

	(void)s;
	(void)msrp_parser_feed(&p->parser, bytes, n);
}


static void on_connected(struct stream *s, void *arg)
{
	(void)s;
	(void)arg;
}


static void on_closed(struct stream *s, int error, void *arg)
{
	struct peer *p = arg;

	(void)s;
	line(p, error ? "failed" : "closed");
	p->s = mem_unref(p->s);
}


static const struct stream_handler stream_handler = {
	.connected = on_connected,
	.recv = on_recv,
	.closed = on_closed,
};


static void begin(struct peer *p)
{
	msrp_parser_done(&p->parser);
	msrp_parser_init(&p->parser, &parser_ops, p);
}


static void on_accepted(struct stream_listener *ln, struct stream *s, void *arg)
{
	struct peer *p = arg;

	(void)ln;
	mem_unref(p->s);
	p->s = s;
	p->accepted++;
	begin(p);
	stream_set_queue(s, 64u << 20, 1024);
	stream_set_handler(s, &stream_handler, p);
}


/* ---- What a peer does ---- */

void peer_connect(struct peer *p, const char *host)
{
	struct addr from = address(host), to = address(OURS);

	p->s = mem_unref(p->s);
	begin(p);
	unit_ok(stream_connect(&p->s, p->w->l, &to, &from, NULL, STR_NULL, &stream_handler, p));
	stream_set_queue(p->s, 64u << 20, 1024);
	run(p->w);
}


void peer_close(struct peer *p)
{
	p->s = mem_unref(p->s);
}


void peer_write(struct peer *p, const void *bytes, size_t n)
{
	if (p->s)
		(void)stream_write(p->s, bytes, n);
}


void peer_printf(struct peer *p, const char *fmt, ...)
{
	char text[8192];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	assert_true(n > 0 && (size_t)n < sizeof(text));
	peer_write(p, text, (size_t)n);
}


void peer_head(struct peer *p, const char *tid, const char *id, const char *range,
	       const char *lines)
{
	peer_printf(p,
		    "MSRP %s SEND\r\nTo-Path: %s\r\nFrom-Path: %s\r\nMessage-ID: %s\r\nByte-Range: "
		    "%s\r\n%s"
		    "Content-Type: text/plain\r\n\r\n",
		    tid, p->to, p->path, id, range, lines);
}


void peer_tail(struct peer *p, const char *tid, char flag)
{
	peer_printf(p, "\r\n-------%s%c\r\n", tid, flag);
}


void peer_send(struct peer *p, const char *tid, const char *id, const char *range,
	       const char *lines, const char *body, char flag)
{
	if (body) {
		peer_head(p, tid, id, range, lines);
		peer_write(p, body, strlen(body));
		peer_tail(p, tid, flag);
		return;
	}
	peer_printf(p,
		    "MSRP %s SEND\r\nTo-Path: %s\r\nFrom-Path: %s\r\nMessage-ID: %s\r\nByte-Range: "
		    "%s\r\n%s"
		    "-------%s%c\r\n",
		    tid, p->to, p->path, id, range, lines, tid, flag);
}


void peer_bind(struct peer *p, const char *tid)
{
	peer_send(p, tid, "bind", "1-0/0", "", NULL, '$');
}


void peer_answer(struct peer *p, uint16_t status)
{
	peer_printf(p, "MSRP %s %u X\r\nTo-Path: %s\r\nFrom-Path: %s\r\n-------%s$\r\n",
		    p->last_tid, status, p->to, p->path, p->last_tid);
}


static void text_is(struct buf *b, const char *expected)
{
	if (unit_refused())
		unit_ok(-ENOMEM);
	assert_false(b->failed);
	unit_str(buf_str(b), expected);
	buf_clear(b);
}


void peer_heard(struct peer *p, const char *expected)
{
	text_is(&p->log, expected);
}


void events_are(struct world *w, const char *expected)
{
	text_is(&w->events, expected);
}


void fill(char *to, size_t n, uint64_t offset)
{
	for (size_t i = 0; i < n; i++)
		to[i] = (char)('a' + ((offset + i) * 7 + (offset + i) / 251) % 26);
}


void body_is_filled(struct peer *p, size_t n)
{
	if (unit_refused())
		unit_ok(-ENOMEM);
	assert_int_equal(p->body.n, n);
	for (size_t i = 0; i < n; i++) {
		char c;

		fill(&c, 1, i);
		if (p->body.p[i] != c)
			fail_msg("byte %zu of the body is wrong", i);
	}
	buf_clear(&p->body);
}


/* ---- The world ---- */

void run(struct world *w)
{
	unit_must(virtual_loop_run_until_idle(w->vl));
}


void advance(struct world *w, uint64_t ms)
{
	unit_must(virtual_loop_advance(w->vl, ms));
}


static void close_world(void *arg)
{
	struct world *w = arg;

	for (int i = 0; i < 2; i++) {
		struct msrp_session *s = i ? w->b : w->a;

		if (s)
			msrp_session_stop(s);
	}
	w->relay = mem_unref(w->relay);
	w->a = mem_unref(w->a);
	w->b = mem_unref(w->b);
	for (int i = 0; i < PEERS_MAX; i++) {
		w->peers[i].s = mem_unref(w->peers[i].s);
		w->peers[i].ln = mem_unref(w->peers[i].ln);
		msrp_parser_done(&w->peers[i].parser);
	}
	w->ep = mem_unref(w->ep);
	w->vl = mem_unref(w->vl);
}


struct world *world_open(void)
{
	struct world *w = unit_storage(sizeof(*w));
	struct msrp_listen_params listen = {.local = address(OURS)};
	struct addr bob = address("192.0.2.2:9000");

	buf_fixed(&w->events, unit_storage(LOG_MAX), LOG_MAX);
	for (int i = 0; i < PEERS_MAX; i++) {
		struct peer *p = &w->peers[i];

		p->w = w;
		p->status = 200;
		p->chunk_min = UINT64_MAX;
		p->path = i == 0 ? ALICE_PATH : BOB_PATH;
		buf_fixed(&p->log, unit_storage(LOG_MAX), LOG_MAX);
		buf_fixed(&p->others, unit_storage(8192), 8192);
		buf_fixed(&p->body, unit_storage(i < 2 ? BODY_MAX : 4096), i < 2 ? BODY_MAX : 4096);
		begin(p);
	}
	/* What is stored above is used until the world is closed. */
	unit_defer(close_world, w);
	w->vl = unit_ptr(virtual_loop_alloc(1));
	w->l = virtual_loop_base(w->vl);
	unit_ok(msrp_endpoint_alloc(&w->ep, w->l, NULL));
	unit_ok(msrp_endpoint_listen(w->ep, &listen));
	unit_ok(stream_listen(&w->peers[1].ln, w->l, &bob, NULL, on_accepted, &w->peers[1]));
	return w;
}


static const char *uri_of(const struct msrp_session *s)
{
	struct str local = msrp_session_local(s);
	char *text = unit_storage(local.n + 1);

	memcpy(text, local.p, local.n);
	return text;
}


static void on_relay_bound(struct msrp_relay *r, enum msrp_side side, void *arg)
{
	(void)r;
	note(arg, "bound %c", "ab"[side]);
}


static void on_relay_lost(struct msrp_relay *r, enum msrp_side side, int error, void *arg)
{
	(void)r;
	note(arg, "lost %c %d", "ab"[side], error);
}


static void on_relay_refused(struct msrp_relay *r, enum msrp_side side, uint64_t bytes, void *arg)
{
	(void)r;
	note(arg, "refused %c %llu", "ab"[side], (unsigned long long)bytes);
}


static const struct msrp_relay_handler relay_handler = {
	.bound = on_relay_bound,
	.lost = on_relay_lost,
	.refused = on_relay_refused,
};


struct world *world_relay_with(const struct msrp_relay_params *params)
{
	struct msrp_remote alice = {.path = STR(ALICE_PATH), .role = MSRP_PASSIVE};
	struct msrp_remote bob = {.path = STR(BOB_PATH),
				  .role = MSRP_ACTIVE,
				  .addr = address("192.0.2.2:9000")};
	struct msrp_session_params sp = {0};
	struct msrp_relay_params p = *params;
	struct world *w = world_open();

	unit_ok(msrp_session_alloc(&w->a, w->ep, &sp));
	unit_ok(msrp_session_alloc(&w->b, w->ep, &sp));
	p.a = w->a;
	p.b = w->b;
	p.handler = &relay_handler;
	p.arg = w;
	unit_ok(msrp_relay_alloc(&w->relay, &p));
	unit_ok(msrp_session_start(w->a, &alice));
	unit_ok(msrp_session_start(w->b, &bob));
	w->peers[0].to = uri_of(w->a);
	w->peers[1].to = uri_of(w->b);
	run(w);
	peer_connect(&w->peers[0], "192.0.2.1:0");
	peer_bind(&w->peers[0], "b000");
	run(w);
	buf_clear(&w->peers[0].log);
	buf_clear(&w->peers[1].log);
	events_are(w, "bound b, bound a");
	w->peers[0].sends = w->peers[1].sends = 0;
	return w;
}


struct world *world_relay(void)
{
	struct msrp_relay_params p = {0};

	return world_relay_with(&p);
}
