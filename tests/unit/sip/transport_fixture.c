/* SPDX-License-Identifier: Apache-2.0 */
/* Transports with one peer, for their tests. */
#include "transport_fixture.h"

#include <string.h>

#include "base/counter.h"


/* ---- Our end ---- */

static void on_received(const struct sip_source *src, struct str bytes, void *arg)
{
	struct fixture *f = arg;

	f->messages++;
	f->src = *src;
	if (bytes.n < sizeof(f->last)) {
		memcpy(f->last, bytes.p, bytes.n);
		f->last[bytes.n] = 0;
	}
	if (f->echo) {
		struct sip_hop hop = {.kind = src->kind,
				      .addr = src->peer,
				      .flow = src->flow,
				      .socket = src->socket};

		(void)sip_transport_send(f->t, &hop, "answer", 6);
	}
	if (f->release) {
		f->given_up = true;
		f->t = mem_unref(f->t);
	}
}


static void on_batch(size_t messages, size_t queued, void *arg)
{
	struct fixture *f = arg;

	(void)queued;
	assert_false(f->given_up);
	if (messages) {
		f->batches++;
		f->batch_n = messages;
	} else {
		f->after++;
	}
}


static void on_failed(enum sip_transport_kind kind, const struct addr *peer, uint64_t flow,
		      int error, void *arg)
{
	struct fixture *f = arg;

	(void)kind;
	assert_false(f->given_up);
	f->failures++;
	f->failed_peer = *peer;
	f->failed_flow = flow;
	f->error = error;
}


static void on_flow_closed(uint64_t flow, void *arg)
{
	struct fixture *f = arg;

	assert_false(f->given_up);
	f->closed++;
	f->closed_flow = flow;
}


const struct sip_transport_handler fixture_handler = {on_received, on_batch, on_failed,
						      on_flow_closed};


/* ---- The peer's end ---- */

static void peer_connected(struct stream *s, void *arg)
{
	(void)s;
	(void)arg;
}


static void peer_recv(struct stream *s, const char *p, size_t n, void *arg)
{
	(void)s;
	buf_put(&((struct fixture *)arg)->got, p, n);
}


static void peer_gone(struct stream *s, int error, void *arg)
{
	struct fixture *f = arg;

	(void)s;
	f->peer_closed++;
	f->peer_error = error;
}


const struct stream_handler peer_handler = {peer_connected, peer_recv, NULL, peer_gone};


static void peer_accept(struct stream_listener *ln, struct stream *s, void *arg)
{
	struct fixture *f = arg;

	(void)ln;
	f->accepted++;
	mem_unref(f->stream);
	f->stream = s;
	stream_set_handler(s, &peer_handler, f);
}


void peer_datagrams(struct datagram_socket *s, const struct datagram *batch, size_t n, void *arg)
{
	struct fixture *f = arg;

	(void)s;
	f->datagrams += (int)n;
	for (size_t i = 0; i < n; i++)
		buf_put(&f->got, batch[i].p, batch[i].n);
}


/* ---- The fixture ---- */

void fixture_release(void *arg)
{
	struct fixture *f = arg;

	f->t = mem_unref(f->t);
	f->stream = mem_unref(f->stream);
	f->listener = mem_unref(f->listener);
	buf_done(&f->got);
}


struct addr fixture_addr(const char *hostport)
{
	struct addr a;

	assert_int_equal(addr_decode_hostport(&a, str_of(hostport)), 0);
	return a;
}


void fixture_listen(struct fixture *f, enum sip_transport_kind kind, const char *hostport,
		    const char *advertised)
{
	struct addr a = fixture_addr(hostport);

	unit_ok(sip_transports_listen(f->t, kind, &a, str_of(advertised), NULL));
}


struct fixture *fixture_open(void)
{
	struct fixture *f = unit_storage(sizeof(*f));

	f->vl = unit_own(virtual_loop_alloc(1));
	f->loop = virtual_loop_base(f->vl);
	buf_init(&f->got, 1 << 20);
	unit_defer(fixture_release, f);
	unit_ok(sip_transports_alloc(&f->t, f->loop, &fixture_handler, f));
	fixture_listen(f, SIP_UDP, HOST ":5060", NULL);
	fixture_listen(f, SIP_TCP, HOST ":5060", NULL);
	return f;
}


void fixture_settle(struct fixture *f)
{
	assert_true(virtual_loop_run_until_idle(f->vl));
}


void peer_connect(struct fixture *f, const char *from)
{
	struct addr peer = fixture_addr(HOST ":5060"), local = fixture_addr(from);

	mem_unref(f->stream);
	f->stream = NULL;
	unit_ok(stream_connect(&f->stream, f->loop, &peer, &local, NULL, STR_NULL, &peer_handler,
			       f));
	fixture_settle(f);
}


void peer_write(struct fixture *f, const char *text, size_t n)
{
	/* Without memory the connection was refused. */
	unit_must(stream_write(f->stream, text, n) == 0);
	fixture_settle(f);
}


void peer_listen(struct fixture *f, const char *at)
{
	struct addr a = fixture_addr(at);

	unit_ok(stream_listen(&f->listener, f->loop, &a, NULL, peer_accept, f));
}


bool peer_got(struct fixture *f, const char *text)
{
	return f->got.n == strlen(text) && memcmp(f->got.p, text, f->got.n) == 0;
}


int64_t fixture_count(const char *name)
{
	struct counter *c = counter_find(str_of(name));

	assert_non_null(c);
	return c->value;
}
