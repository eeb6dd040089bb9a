/* SPDX-License-Identifier: Apache-2.0 */
/* An account on the virtual loop, and a scripted server beside it. */
#include "peer.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/addr.h"
#include "sip/compose.h"
#include "sip/name_addr.h"


/* ---- The account's side ---- */

static void copy(char *to, size_t n, const char *from)
{
	snprintf(to, n, "%s", from ? from : "");
}


static struct peer_event *note(struct peer *s, int kind)
{
	struct peer_event *e;

	if (s->events == PEER_EVENTS)
		abort();
	e = &s->event[s->events++];
	*e = (struct peer_event){.kind = kind};
	if (s->close_inside) {
		parley_close(s->parley);
		s->parley = NULL;
		s->close_inside = false;
	}
	return e;
}


static void on_registration(struct parley *p, const struct parley_registration *r, void *arg)
{
	struct peer_event *e = note(arg, EVENT_STATE);

	(void)p;
	e->state = r->state;
	e->expires_s = r->expires_s;
	e->retry_ms = r->retry_ms;
	copy(e->word, sizeof(e->word), parley_state_name(r->state));
	if (!r->outcome)
		return;
	e->error = r->outcome->error;
	e->status = r->outcome->status;
	copy(e->detail, sizeof(e->detail), r->outcome->detail);
}


static bool on_message(struct parley *p, const struct parley_message *m, void *arg)
{
	struct peer *s = arg;
	struct peer_event *e = note(s, EVENT_MESSAGE);

	(void)p;
	copy(e->from, sizeof(e->from), m->from);
	copy(e->name, sizeof(e->name), m->from_name);
	copy(e->type, sizeof(e->type), m->type);
	copy(e->text, sizeof(e->text), m->content);
	copy(e->id, sizeof(e->id), m->message_id);
	e->bytes = m->content_size;
	e->reports = m->reports;
	e->sent_ms = m->sent_ms;
	return s->shown;
}


static void on_report(struct parley *p, const struct parley_report *r, void *arg)
{
	struct peer_event *e = note(arg, EVENT_REPORT);

	(void)p;
	copy(e->from, sizeof(e->from), r->from);
	copy(e->name, sizeof(e->name), r->recipient);
	copy(e->id, sizeof(e->id), r->message_id);
	copy(e->word, sizeof(e->word), r->status);
	e->reports = r->kind;
}


static unsigned on_invitation(struct parley *p, const struct parley_invitation *i, void *arg)
{
	const struct peer *s = arg;
	struct peer_event *e = note(arg, EVENT_INVITATION);

	(void)p;
	copy(e->from, sizeof(e->from), i->from);
	copy(e->name, sizeof(e->name), i->from_name);
	e->mode = i->mode;
	e->status = s->answers ? s->answers : 488;
	return e->status;
}


static void on_ended(struct parley_session *session, const struct parley_session_end *end,
		     void *arg)
{
	struct peer_event *e = note(arg, EVENT_ENDED);

	(void)session;
	e->state = end->why;
	e->error = end->outcome->error;
	e->status = end->outcome->status;
}


void peer_on_sent(struct parley *p, const struct parley_sent *sent, void *arg)
{
	struct peer_event *e = note(arg, EVENT_SENT);

	(void)p;
	e->mode = sent->mode;
	e->error = sent->outcome.error;
	e->status = sent->outcome.status;
	e->bytes = sent->outcome.bytes;
	copy(e->id, sizeof(e->id), sent->message_id);
	copy(e->detail, sizeof(e->detail), sent->outcome.detail);
	copy(e->word, sizeof(e->word), sent->outcome.reason);
}


static const struct parley_session_handler session_handler = {.ended = on_ended};
static const struct parley_handler handler = {on_registration, on_message, on_report, on_invitation,
					      &session_handler};


/* ---- The server's side: its own memory is never refused ---- */

static void keep(struct peer *s, const char *p, size_t n)
{
	if (s->got_n == PEER_KEEP)
		abort();
	s->got[s->got_n].p = memcpy(unit_storage(n), p, n);
	s->got[s->got_n++].n = n;
}


static void on_datagrams(struct datagram_socket *udp, const struct datagram *batch, size_t n,
			 void *arg)
{
	struct peer *s = arg;

	(void)udp;
	for (size_t i = 0; i < n; i++) {
		s->client = batch[i].peer;
		s->over_tcp = false;
		if (batch[i].n == 4 && !memcmp(batch[i].p, "\r\n\r\n", 4))
			s->pings++;
		else
			keep(s, batch[i].p, batch[i].n);
	}
}


/* On the virtual network what is written in one turn arrives in one piece: one message each. */
static void on_recv(struct stream *stream, const char *p, size_t n, void *arg)
{
	struct peer *s = arg;

	(void)stream;
	s->over_tcp = true;
	if (n == 4 && !memcmp(p, "\r\n\r\n", 4))
		s->pings++;
	else
		keep(s, p, n);
}


static void on_closed(struct stream *stream, int error, void *arg)
{
	struct peer *s = arg;

	(void)error;
	if (s->stream == stream)
		s->stream = NULL;
	mem_unref(stream);
}


static const struct stream_handler stream_handler = {.recv = on_recv, .closed = on_closed};


static void on_accept(struct stream_listener *ln, struct stream *stream, void *arg)
{
	struct peer *s = arg;

	(void)ln;
	mem_unref(s->stream);
	s->stream = stream;
	s->connections++;
	stream_set_handler(stream, &stream_handler, s);
}


static void release(void *arg)
{
	struct peer *s = arg;

	parley_close(s->parley);
	/* What was closed inside a callback goes at the end of that turn. */
	if (s->vl)
		(void)virtual_loop_run_until_idle(s->vl);
	mem_unref(s->stream);
	mem_unref(s->listener);
	mem_unref(s->udp);
	mem_unref(s->vl);
}


struct peer *peer_new(const struct parley_params *params)
{
	struct peer *s = unit_storage(sizeof(*s));
	struct parley_params full = *params;
	struct addr local;

	unit_defer(release, s);
	s->shown = true;
	s->vl = virtual_loop_alloc(1);
	unit_ptr(s->vl);
	s->loop = virtual_loop_base(s->vl);
	assert_int_equal(addr_decode_hostport(&local, STR(PEER_SERVER)), 0);
	unit_ok(datagram_open(&s->udp, s->loop, &local, on_datagrams, NULL, s));
	unit_ok(stream_listen(&s->listener, s->loop, &local, NULL, on_accept, s));

	full.loop = s->loop;
	full.account = full.account ? full.account : "sip:alice@example.org";
	full.server = full.server ? full.server : PEER_SERVER;
	full.local = full.local ? full.local : PEER_LOCAL;
	full.product = "Test/1.0";
	full.handler = &handler;
	full.arg = s;
	unit_ok(parley_open(&s->parley, &full, NULL));
	return s;
}


void peer_wait(struct peer *s, uint64_t ms)
{
	unit_must(ms ? virtual_loop_advance(s->vl, ms) : virtual_loop_run_until_idle(s->vl));
}


const struct sip_msg *peer_take(struct peer *s)
{
	peer_wait(s, 0);
	unit_must(s->got_n > 0);
	s->text = s->got[0].p;
	s->text_n = s->got[0].n;
	s->got_n--;
	memmove(s->got, s->got + 1, s->got_n * sizeof(s->got[0]));
	assert_int_equal(sip_msg_decode(&s->m, (struct str){s->text, s->text_n}, s->over_tcp),
			 SIP_DECODE_OK);
	return &s->m;
}


bool peer_quiet(struct peer *s)
{
	peer_wait(s, 0);
	return s->got_n == 0;
}


static void transmit(struct peer *s, struct buf *b)
{
	unit_must(!b->failed);
	if (s->over_tcp && s->stream)
		unit_ok(stream_write(s->stream, b->p, b->n));
	else
		unit_ok(datagram_send(s->udp, &s->client, b->p, b->n));
	peer_wait(s, 0);
}


void peer_answer_with(struct peer *s, unsigned status, const char *headers, const char *type,
		      const char *body)
{
	struct buf *b = unit_buf(SIP_MESSAGE_MAX);

	sip_put_response(b, &s->m, (uint16_t)status, STR_NULL, STR("server"));
	buf_puts(b, str_of(headers));
	sip_put_body(b, str_of(type), str_of(body));
	transmit(s, b);
}


void peer_answer(struct peer *s, unsigned status, const char *headers)
{
	peer_answer_with(s, status, headers, NULL, "");
}


void peer_challenge(struct peer *s, unsigned status, const char *nonce, bool stale)
{
	char line[512];

	snprintf(line, sizeof(line),
		 "%s: Digest realm=\"example.org\", nonce=\"%s\", algorithm=SHA-256, "
		 "qop=\"auth\"%s\r\n",
		 status == 407 ? "Proxy-Authenticate" : "WWW-Authenticate", nonce,
		 stale ? ", stale=true" : "");
	peer_answer(s, status, line);
}


struct str peer_contact(struct peer *s)
{
	struct sip_name_addr c;

	assert_int_equal(sip_name_addr_decode(&c, sip_msg_header(&s->m, SIP_HDR_CONTACT)), 0);
	return c.uri;
}


void peer_register(struct peer *s, const char *headers)
{
	char lines[2048];

	unit_ok(parley_register(s->parley));
	peer_take(s);
	assert_int_equal(s->m.method, SIP_REGISTER);
	snprintf(lines, sizeof(lines), "Contact: " STR_FMT "\r\n%s",
		 STR_ARG(sip_msg_header(&s->m, SIP_HDR_CONTACT)), headers);
	peer_answer(s, 200, lines);
	assert_int_equal(peer_event(s, EVENT_STATE)->state, PARLEY_REGISTERED);
}


void peer_request(struct peer *s, const char *text)
{
	struct buf *b = unit_buf(SIP_MESSAGE_MAX);

	for (const char *c = text; *c; c++) {
		if (*c == '%' && c[1] == 'U') {
			buf_puts(b, peer_contact(s));
			c++;
		} else if (*c == '\n') {
			buf_puts(b, STR("\r\n"));
		} else {
			buf_putc(b, *c);
		}
	}
	transmit(s, b);
}


const struct peer_event *peer_event(struct peer *s, int kind)
{
	static struct peer_event e;

	peer_wait(s, 0);
	unit_must(s->events > 0);
	e = s->event[0];
	s->events--;
	memmove(s->event, s->event + 1, s->events * sizeof(s->event[0]));
	if (unit_refused())
		unit_must((int)e.kind == kind);
	assert_int_equal(e.kind, kind);
	return &e;
}
