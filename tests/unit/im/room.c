/* SPDX-License-Identifier: Apache-2.0 */
/* Guests of a fan-out, for its tests. */
#include "room.h"

#include <stdio.h>
#include <string.h>

#include "msrp/session.h"

#define OURS "192.0.2.99:2855"
#define LOG_MAX 65536
#define OTHERS_MAX 8192
#define GUEST_STORAGE (LOG_MAX + OTHERS_MAX)
#define BODY_MAX (16u << 20)


static struct addr address(const char *text)
{
	struct addr a;

	assert_int_equal(addr_decode_hostport(&a, str_of(text)), 0);
	return a;
}


static void separate(struct buf *b)
{
	if (b->n)
		buf_puts(b, STR(", "));
}


static void line(struct guest *g, const char *fmt, ...) __attribute__((format(printf, 2, 3)));


static void line(struct guest *g, const char *fmt, ...)
{
	va_list ap;

	separate(&g->log);
	va_start(ap, fmt);
	buf_vprintf(&g->log, fmt, ap);
	va_end(ap);
}


void room_note(struct room *r, const char *fmt, ...)
{
	va_list ap;

	separate(&r->events);
	va_start(ap, fmt);
	buf_vprintf(&r->events, fmt, ap);
	va_end(ap);
}


/* ---- What a guest hears ---- */

static struct heard *heard_of(struct guest *g, struct str id)
{
	struct heard *h;

	for (unsigned i = g->heard_n > HEARD_MAX ? g->heard_n - HEARD_MAX : 0; i < g->heard_n;
	     i++) {
		h = &g->heard[i % HEARD_MAX];
		if (str_eq(str_of(h->id), id) && !h->whole && !h->aborted)
			return h;
	}
	h = &g->heard[g->heard_n++ % HEARD_MAX];
	buf_done(&h->body);
	*h = (struct heard){.next = 0};
	buf_init(&h->body, BODY_MAX);
	snprintf(h->id, sizeof(h->id), STR_FMT, STR_ARG(id));
	return h;
}


static void on_head(const struct msrp_frame *f, void *arg)
{
	struct guest *g = arg;

	g->under_way = NULL;
	if (f->fault) {
		line(g, "fault: %s: " STR_FMT, f->fault,
		     STR_ARG(str_upto((struct str){f->p, f->n}, 600)));
		g->broken = true;
	}
	if (!f->request || f->method != MSRP_METHOD_SEND || !f->message_id.n)
		return;
	snprintf(g->last_tid, sizeof(g->last_tid), STR_FMT, STR_ARG(f->tid));
	buf_clear(&g->others);
	buf_puts(&g->others, f->others);
	g->under_way = heard_of(g, f->message_id);
	if (f->range.start != g->under_way->next + 1 && !g->lossy) {
		line(g, "gap %s %llu", g->under_way->id, (unsigned long long)f->range.start);
		g->broken = true;
	}
}


/* What tests write is shown to them from the outside only: not counted as the program's. */
static void on_body(const struct msrp_frame *f, struct str piece, void *arg)
{
	struct guest *g = arg;
	struct heard *h = g->under_way;

	(void)f;
	g->bytes += piece.n;
	if (!h)
		return;
	buf_puts(&h->body, piece);
	h->next += piece.n;
}


static struct str content(struct str s)
{
	ptrdiff_t at = str_find_str(s, STR("\r\n\r\n"));

	if (at < 0 || !str_starts(s, STR("From:")))
		return s;
	s = str_from(s, (size_t)at + 4);
	at = str_find_str(s, STR("\r\n\r\n"));
	return at < 0 ? s : str_from(s, (size_t)at + 4);
}


static void answer(struct guest *g, const struct msrp_frame *f)
{
	char text[2048];
	struct buf b;

	if (!g->status || !msrp_response_wanted(f, g->status))
		return;
	buf_fixed(&b, text, sizeof(text));
	msrp_response_encode(&b, f, g->status, STR("Whatever"), STR_NULL);
	guest_write(g, b.p, b.n);
}


static void send_ended(struct guest *g, const struct msrp_frame *f, char flag)
{
	struct heard *h = g->under_way;

	g->sends++;
	answer(g, f);
	if (!h)
		return;
	if (flag == '$') {
		struct str text = content(buf_str(&h->body));

		h->whole = true;
		g->whole++;
		if (f->range.total != h->next && !g->lossy)
			g->broken = true;
		if (g->room->whole)
			g->room->whole(g, buf_str(&h->body));
		if (!g->quiet && text.n < 200)
			line(g, "%s=" STR_FMT, h->id, STR_ARG(text));
		else if (!g->quiet)
			line(g, "%s=%zu", h->id, text.n);
	} else if (flag == '#') {
		h->aborted = true;
		g->aborted++;
		if (!g->quiet)
			line(g, "%s#", h->id);
	}
}


static void on_end(const struct msrp_frame *f, char flag, void *arg)
{
	struct guest *g = arg;
	struct str range = msrp_frame_header(f, STR("Byte-Range"));

	if (!f->request) {
		if (!str_starts(f->tid, STR("bind")))
			line(g, "%u " STR_FMT, f->status, STR_ARG(f->tid));
	} else if (f->method == MSRP_METHOD_SEND) {
		send_ended(g, f, flag);
	} else if (f->method == MSRP_METHOD_REPORT) {
		line(g, "REPORT " STR_FMT " " STR_FMT " %u", STR_ARG(f->message_id), STR_ARG(range),
		     f->report_status);
		if (f->has_distribution_count)
			buf_printf(&g->log, " %u", f->distribution_count);
	}
	g->under_way = NULL;
}


static void on_broken(const struct msrp_frame *f, const char *why, void *arg)
{
	struct guest *g = arg;

	(void)f;
	line(g, "broken: %s", why);
	g->broken = true;
}


static const struct msrp_parser_ops parser_ops = {
	.head = on_head,
	.body = on_body,
	.end = on_end,
	.broken = on_broken,
};


static void on_recv(struct stream *s, const char *bytes, size_t n, void *arg)
{
	struct guest *g = arg;

	(void)s;
	(void)msrp_parser_feed(&g->parser, bytes, n);
}


static void on_connected(struct stream *s, void *arg)
{
	(void)s;
	(void)arg;
}


static void on_closed(struct stream *s, int error, void *arg)
{
	struct guest *g = arg;

	(void)s;
	(void)error;
	line(g, "closed");
	g->s = mem_unref(g->s);
}


static const struct stream_handler stream_handler = {
	.connected = on_connected,
	.recv = on_recv,
	.closed = on_closed,
};


/* ---- What it does ---- */

void guest_write(struct guest *g, const void *p, size_t n)
{
	if (g->s)
		(void)stream_write(g->s, p, n);
}


void guest_printf(struct guest *g, const char *fmt, ...)
{
	char text[16384];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	assert_true(n > 0 && (size_t)n < sizeof(text));
	guest_write(g, text, (size_t)n);
}


void guest_head(struct guest *g, const char *tid, const char *id, const char *range,
		const char *lines, const char *type)
{
	guest_printf(g,
		     "MSRP %s SEND\r\nTo-Path: %s\r\nFrom-Path: %s\r\nMessage-ID: "
		     "%s\r\nByte-Range: %s\r\n%s"
		     "Content-Type: %s\r\n\r\n",
		     tid, g->to, g->path, id, range, lines, type ? type : "message/cpim");
}


void guest_tail(struct guest *g, const char *tid, char flag)
{
	guest_printf(g, "\r\n-------%s%c\r\n", tid, flag);
}


void guest_say_to(struct guest *g, const char *tid, const char *id, const char *lines,
		  const char *from, const char *to, const char *type, const char *text)
{
	char body[8192], range[64];
	int n = snprintf(body, sizeof(body),
			 "From: <%s>\r\nTo: <%s>\r\nDateTime: 2026-01-01T00:00:00Z\r\n"
			 "NS: imdn <urn:ietf:params:imdn>\r\nimdn.Message-ID: i-%s\r\n\r\n"
			 "Content-Type: %s\r\n\r\n%s",
			 from, to, id, type, text);

	snprintf(range, sizeof(range), "1-%d/%d", n, n);
	guest_head(g, tid, id, range, lines, NULL);
	guest_write(g, body, (size_t)n);
	guest_tail(g, tid, '$');
}


void guest_say(struct guest *g, const char *id, const char *text)
{
	char who[128];

	snprintf(who, sizeof(who), "sip:%s@example.com", g->who);
	guest_say_to(g, id, id, "", who, ROOM_URI, "text/plain", text);
}


static void text_is(struct buf *b, const char *expected)
{
	if (unit_refused())
		unit_ok(-ENOMEM);
	assert_false(b->failed);
	unit_str(buf_str(b), expected);
	buf_clear(b);
}


void guest_heard(struct guest *g, const char *expected)
{
	unit_case("%s", g->who);
	text_is(&g->log, expected);
}


void room_events(struct room *r, const char *expected)
{
	text_is(&r->events, expected);
}


void room_run(struct room *r)
{
	unit_must(virtual_loop_run_until_idle(r->vl));
}


void room_advance(struct room *r, uint64_t ms)
{
	unit_must(virtual_loop_advance(r->vl, ms));
}


/* ---- The room ---- */

static void on_overrun(struct fanout_seat *seat, const char *reason, void *arg)
{
	struct guest *g = arg;

	room_note(g->room, "overrun %s: %s", g->who, reason);
	assert_ptr_equal(seat, g->seat);
	if (!g->room->close_slow)
		return;
	g->seat = NULL;
	fanout_seat_close(seat);
}


static void on_lost(struct fanout_seat *seat, int error, void *arg)
{
	struct guest *g = arg;

	(void)seat;
	(void)error;
	room_note(g->room, "lost %s", g->who);
}


static void on_active(struct fanout *f, void *arg)
{
	(void)f;
	((struct room *)arg)->active++;
}


static void on_nickname(struct fanout_seat *seat, struct str name, void *arg)
{
	struct guest *g = arg;

	(void)seat;
	room_note(g->room, "%s is '" STR_FMT "'", g->who, STR_ARG(name));
}


static const struct fanout_handler handler = {
	.overrun = on_overrun,
	.lost = on_lost,
	.active = on_active,
	.nickname = on_nickname,
};


static void close_room(void *arg)
{
	struct room *r = arg;

	for (unsigned i = 0; i < r->guests; i++) {
		struct guest *g = &r->guest[i];

		if (g->seat)
			fanout_seat_close(g->seat);
		g->s = mem_unref(g->s);
		msrp_parser_done(&g->parser);
		buf_done(&g->log);
		buf_done(&g->others);
		for (unsigned k = 0; k < HEARD_MAX && k < g->heard_n; k++)
			buf_done(&g->heard[k].body);
	}
	r->f = mem_unref(r->f);
	r->ep = mem_unref(r->ep);
	r->vl = mem_unref(r->vl);
}


struct room *room_open(const struct fanout_params *params)
{
	static const struct str names[] = {STR_INIT(ROOM_URI), STR_INIT("sip:friends@example.com")};
	struct fanout_params p = {.cpim_required = true, .nicknames = true};
	struct msrp_listen_params listen = {.local = address(OURS)};
	struct room *r = unit_storage(sizeof(*r));

	if (params)
		p = *params;
	/* What is stored before the room is there when it is closed. */
	buf_fixed(&r->events, unit_storage(LOG_MAX), LOG_MAX);
	r->storage = unit_storage((size_t)GUESTS_MAX * GUEST_STORAGE);
	unit_defer(close_room, r);
	r->vl = unit_ptr(virtual_loop_alloc(1));
	r->l = virtual_loop_base(r->vl);
	unit_ok(msrp_endpoint_alloc(&r->ep, r->l, NULL));
	unit_ok(msrp_endpoint_listen(r->ep, &listen));
	p.loop = r->l;
	p.msrp = r->ep;
	p.names = names;
	p.names_n = 2;
	p.domain = STR("example.com");
	p.handler = &handler;
	p.arg = r;
	unit_ok(fanout_alloc(&r->f, &p));
	return r;
}


struct guest *room_seat(struct room *r, const char *who, const struct fanout_seat_params *params)
{
	struct guest *g = &r->guest[r->guests];
	struct fanout_seat_params p = {.may_private = true};
	struct fanout_seat_media media = {.takes_private = true};
	char uri[128];

	assert_true(r->guests < GUESTS_MAX);
	snprintf(uri, sizeof(uri), "sip:%s@example.com", who);
	if (params)
		p = *params;
	if (!p.who.n)
		p.who = str_of(uri);
	p.arg = g;
	*g = (struct guest){.room = r, .number = (int)r->guests, .who = who, .status = 200};
	buf_fixed(&g->log, r->storage + r->guests * GUEST_STORAGE, LOG_MAX);
	buf_fixed(&g->others, r->storage + r->guests * GUEST_STORAGE + LOG_MAX, OTHERS_MAX);
	msrp_parser_init(&g->parser, &parser_ops, g);
	r->guests++;
	unit_ok(fanout_seat_open(&g->seat, r->f, &p));
	unit_ok(fanout_seat_describe(g->seat, &media));
	snprintf(g->to, sizeof(g->to), STR_FMT,
		 STR_ARG(msrp_session_local(fanout_seat_session(g->seat))));
	snprintf(g->path, sizeof(g->path), "msrp://192.0.2.%u:7777/%s%u;tcp", r->guests, who,
		 r->guests);
	return g;
}


void guest_connect(struct guest *g)
{
	struct msrp_remote remote = {.path = str_of(g->path), .role = MSRP_PASSIVE};
	struct addr from, to = address(OURS);
	char host[64];

	snprintf(host, sizeof(host), "192.0.2.%d:0", g->number + 1);
	from = address(host);
	if (g->seat)
		unit_ok(msrp_session_start(fanout_seat_session(g->seat), &remote));
	g->s = mem_unref(g->s);
	msrp_parser_done(&g->parser);
	msrp_parser_init(&g->parser, &parser_ops, g);
	unit_ok(stream_connect(&g->s, g->room->l, &to, &from, NULL, STR_NULL, &stream_handler, g));
	stream_set_queue(g->s, 64u << 20, 1024);
	room_run(g->room);
	guest_printf(g,
		     "MSRP bind SEND\r\nTo-Path: %s\r\nFrom-Path: %s\r\nMessage-ID: bind\r\n"
		     "Byte-Range: 1-0/0\r\n-------bind$\r\n",
		     g->to, g->path);
	room_run(g->room);
}


struct guest *room_enter(struct room *r, const char *who, const struct fanout_seat_params *p)
{
	struct guest *g = room_seat(r, who, p);

	fanout_seat_connect(g->seat);
	guest_connect(g);
	return g;
}


void guest_leave(struct guest *g)
{
	struct fanout_seat *seat = g->seat;

	g->seat = NULL;
	if (seat)
		fanout_seat_close(seat);
}
