/* SPDX-License-Identifier: Apache-2.0 */
/* A SIP engine, its user and its peers on the virtual loop. */
#include "engine.h"

#include <stdio.h>
#include <string.h>


/* ---- The user ---- */

static void on_request(struct sip_server_txn *st, const struct sip_msg *m,
		       const struct sip_source *src, void *arg)
{
	struct engine *e = arg;

	(void)src;
	if (e->requests < ENGINE_REQUESTS_MAX)
		e->st[e->requests] = mem_ref(st);
	e->requests++;
	if (e->on_request)
		e->on_request(e, st, m);
}


static void on_ack(const struct sip_msg *m, const struct sip_source *src, void *arg)
{
	struct engine *e = arg;

	e->acks++;
	if (e->on_ack)
		e->on_ack(e, m, src);
}


static void on_cancelled(struct sip_server_txn *st, const struct sip_msg *cancel, void *arg)
{
	struct engine *e = arg;

	(void)st;
	(void)cancel;
	e->cancels++;
}


static void on_ended(struct sip_server_txn *st, int error, void *arg)
{
	struct engine *e = arg;

	(void)st;
	e->ended++;
	e->ended_error = error;
}


void engine_watch(struct engine *e, unsigned i)
{
	static const struct sip_server_watch watch = {on_cancelled, on_ended};

	if (i < e->requests && e->st[i])
		sip_server_txn_watch(e->st[i], &watch, e);
}


int engine_reply(struct engine *e, unsigned i, uint16_t status)
{
	return i < e->requests && e->st[i] ? sip_reply(e->st[i], status, STR_NULL) : -ENOMEM;
}


/* ---- DNS: one question at a time, answered by the test ---- */

static void *dns_ask(struct dns *d, struct str name, enum dns_type type, dns_answer_cb *answer,
		     void *arg)
{
	struct engine *e = container_of(d, struct engine, dns);

	(void)name;
	(void)type;
	e->questions++;
	e->answer = answer;
	e->answer_arg = arg;
	return e;
}


static void dns_cancel(struct dns *d, void *query)
{
	struct engine *e = query;

	(void)d;
	e->answer = NULL;
}


/* ---- Life ---- */

static void peer_close(struct peer *p)
{
	mem_unref(p->udp);
	mem_unref(p->listener);
	mem_unref(p->stream);
}


static void engine_close(void *arg)
{
	struct engine *e = arg;

	for (unsigned i = 0; i < e->requests && i < ENGINE_REQUESTS_MAX; i++)
		mem_unref(e->st[i]);
	mem_unref(e->sip);
	for (unsigned i = 0; i < e->peer_count; i++)
		peer_close(&e->peers[i]);
	mem_unref(e->vl);
}


struct engine *engine_open(void)
{
	struct engine *e = unit_storage(sizeof(*e));
	struct addr local;

	unit_defer(engine_close, e);
	e->vl = unit_ptr(virtual_loop_alloc(1));
	e->handler = (struct sip_handler){.request = on_request, .ack = on_ack};
	e->dns = (struct dns){.ask = dns_ask, .cancel = dns_cancel};
	e->params = (struct sip_params){
		.loop = virtual_loop_base(e->vl),
		.dns = &e->dns,
		.timers = SIP_TIMERS_DEFAULT,
		.server = STR("Parley"),
		.handler = &e->handler,
		.arg = e,
	};
	unit_ok(sip_alloc(&e->sip, &e->params));
	assert_int_equal(addr_decode_hostport(&local, STR(ENGINE_ADDR)), 0);
	unit_ok(sip_transports_listen(sip_transports(e->sip), SIP_UDP, &local, STR_NULL, NULL));
	unit_ok(sip_transports_listen(sip_transports(e->sip), SIP_TCP, &local, STR_NULL, NULL));
	e->t0 = loop_now_ms(e->params.loop);
	return e;
}


void engine_run(struct engine *e)
{
	assert_true(virtual_loop_run_until_idle(e->vl));
}


void engine_wait(struct engine *e, uint64_t ms)
{
	assert_true(virtual_loop_advance(e->vl, ms));
}


uint64_t engine_now(const struct engine *e)
{
	return loop_now_ms(e->params.loop) - e->t0;
}


/* ---- Peers ---- */

static void note(struct peer *p, const char *text, size_t n, bool tcp)
{
	struct peer_message *m = &p->got[p->count];

	if (p->count == PEER_MESSAGES_MAX)
		return;
	m->at_ms = engine_now(p->e);
	m->text = unit_storage(n + 1);
	m->tcp = tcp;
	memcpy(m->text, text, n);
	p->count++;
}


static void on_datagrams(struct datagram_socket *s, const struct datagram *batch, size_t n,
			 void *arg)
{
	(void)s;
	for (size_t i = 0; i < n; i++)
		note(arg, batch[i].p, batch[i].n, false);
}


/* Messages without a body come whole here; two in one piece are told apart by the empty line. */
static void on_bytes(struct stream *s, const char *p, size_t n, void *arg)
{
	(void)s;
	while (n) {
		const char *end = memmem(p, n, "Content-Length: 0\r\n\r\n", 21);
		size_t take = end ? (size_t)(end - p) + 21 : n;

		note(arg, p, take, true);
		p += take;
		n -= take;
	}
}


static void on_closed(struct stream *s, int error, void *arg)
{
	struct peer *p = arg;

	(void)error;
	if (p->stream == s)
		p->stream = mem_unref(s);
}


static void on_connected(struct stream *s, void *arg)
{
	(void)s;
	(void)arg;
}


static const struct stream_handler stream_handler = {
	.connected = on_connected,
	.recv = on_bytes,
	.closed = on_closed,
};


static void on_accepted(struct stream_listener *ln, struct stream *s, void *arg)
{
	struct peer *p = arg;

	(void)ln;
	mem_unref(p->stream);
	p->stream = s;
	stream_set_handler(s, &stream_handler, p);
}


struct peer *peer_open(struct engine *e, const char *hostport)
{
	struct peer *p = &e->peers[e->peer_count++];

	assert_true(e->peer_count <= ENGINE_PEERS_MAX);
	p->e = e;
	assert_int_equal(addr_decode_hostport(&p->addr, str_of(hostport)), 0);
	unit_ok(datagram_open(&p->udp, e->params.loop, &p->addr, on_datagrams, NULL, p));
	return p;
}


void peer_listen(struct peer *p)
{
	unit_ok(stream_listen(&p->listener, p->e->params.loop, &p->addr, NULL, on_accepted, p));
}


void peer_connect(struct peer *p)
{
	struct addr to, from = p->addr;

	addr_set_port(&from, 0);
	assert_int_equal(addr_decode_hostport(&to, STR(ENGINE_ADDR)), 0);
	unit_ok(stream_connect(&p->stream, p->e->params.loop, &to, &from, NULL, STR_NULL,
			       &stream_handler, p));
}


void peer_send_to(struct peer *p, const char *hostport, const char *text)
{
	size_t n = strlen(text), used = 0;
	char *out = unit_storage(2 * n + 1);
	struct addr to;

	for (size_t i = 0; i < n; i++) {
		if (text[i] == '\n' && (i == 0 || text[i - 1] != '\r'))
			out[used++] = '\r';
		out[used++] = text[i];
	}
	assert_int_equal(addr_decode_hostport(&to, str_of(hostport)), 0);
	if (p->stream)
		unit_ok(stream_write(p->stream, out, used));
	else
		unit_ok(datagram_send(p->udp, &to, out, used));
}


void peer_send(struct peer *p, const char *fmt, ...)
{
	char *text = unit_storage(70000);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, 70000, fmt, ap);
	va_end(ap);
	peer_send_to(p, ENGINE_ADDR, text);
}


unsigned peer_count(const struct peer *p)
{
	return p->count;
}


const char *peer_text(const struct peer *p, unsigned i)
{
	return i < p->count ? p->got[i].text : "";
}


uint64_t peer_at(const struct peer *p, unsigned i)
{
	return i < p->count ? p->got[i].at_ms : UINT64_MAX;
}


bool peer_has(const struct peer *p, unsigned i, const char *text)
{
	return strstr(peer_text(p, i), text) != NULL;
}


const char *peer_header(const struct peer *p, unsigned i, const char *name)
{
	const char *text = peer_text(p, i), *at = strstr(text, name), *end;
	char *out;

	while (at && at != text && at[-1] != '\n')
		at = strstr(at + 1, name);
	if (!at)
		return "";
	at += strlen(name);
	end = strchr(at, '\r');
	out = unit_storage((size_t)(end - at) + 1);
	memcpy(out, at, (size_t)(end - at));
	return out;
}


/* All header lines with this name, as they stand. */
static void append_lines(char *out, const char *text, const char *name)
{
	for (const char *at = text; (at = strstr(at, name)); at++) {
		if (at == text || at[-1] != '\n')
			continue;
		strncat(out, at, (size_t)(strchr(at, '\n') - at) + 1);
	}
}


void peer_answer(struct peer *p, unsigned i, unsigned status, const char *more)
{
	peer_answer_to(p, ENGINE_ADDR, i, status, more);
}


void peer_answer_to(struct peer *p, const char *hostport, unsigned i, unsigned status,
		    const char *more)
{
	const char *text = peer_text(p, i), *to = peer_header(p, i, "To: ");
	char *out = unit_storage(16384);

	sprintf(out, "SIP/2.0 %u Status\n", status);
	append_lines(out, text, "Via: ");
	append_lines(out, text, "From: ");
	sprintf(out + strlen(out), "To: %s%s\n", to,
		strstr(to, ";tag=") || status == 100 ? "" : ";tag=uas");
	append_lines(out, text, "Call-ID: ");
	append_lines(out, text, "CSeq: ");
	append_lines(out, text, "Record-Route: ");
	strcat(out, more);
	strcat(out, "Content-Length: 0\n\n");
	peer_send_to(p, hostport, out);
}


void peer_times(const struct peer *p, const int *at_ms)
{
	unsigned n = 0;

	for (; at_ms[n] >= 0; n++) {
		if (peer_at(p, n) != (uint64_t)at_ms[n])
			fprintf(stderr, "message %u at %lld ms, expected at %d\n", n,
				(long long)peer_at(p, n), at_ms[n]);
		unit_must(peer_at(p, n) == (uint64_t)at_ms[n]);
	}
	if (peer_count(p) != n)
		fprintf(stderr, "%u messages, expected %u; then at %lld ms:\n%s\n", peer_count(p),
			n, (long long)peer_at(p, n), peer_text(p, n));
	unit_must(peer_count(p) == n);
}


void peer_request(struct peer *p, const char *method, const char *uri, const char *branch,
		  const char *more)
{
	char text[ADDR_TEXT_MAX];

	peer_send(p,
		  "%s %s SIP/2.0\n"
		  "Via: SIP/2.0/%s %s;branch=%s;rport\n"
		  "Max-Forwards: 70\n"
		  "From: <sip:alice@example.org>;tag=a1\n"
		  "To: <sip:bob@example.com>\n"
		  "Call-ID: c1@example.org\n"
		  "CSeq: 1 %s\n"
		  "%s"
		  "Content-Length: 0\n\n",
		  method, uri, p->stream ? "TCP" : "UDP", addr_text(&p->addr, text), branch, method,
		  more);
}
