/* SPDX-License-Identifier: Apache-2.0 */
/* TLS as a stream over any stream. */
#include "base/tls.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "base/byte_queue.h"
#include "base/counter.h"
#include "base/log.h"
#include "base/loop_ops.h"
#include "base/mem.h"
#include "base/timer.h"
#include "base/tls_config.h"

/* The longest record's content: RFC 8446 section 5.1. */
#define TLS_RECORD_MAX 16384
/*
 * What the stream below may hold beyond our own ceiling: heads and tags of records (less than 1/64 of
 * full ones), and the handshake. More than that is a peer that asks for answers and reads none.
 */
#define TLS_SLACK (128u << 10)

enum { C_ESTABLISHED, C_FAILED, C_UNTRUSTED, C_TIMEOUT, C_REFUSED, C_TRUNCATED, C_COUNT };

static struct counter counters[C_COUNT] = {
	[C_ESTABLISHED] = COUNTER("base.tls.established", "TLS handshakes that succeeded"),
	[C_FAILED] = COUNTER("base.tls.handshake_failed", "TLS handshakes that failed"),
	[C_UNTRUSTED] = COUNTER("base.tls.untrusted",
				"TLS handshakes that failed for the peer's certificate"),
	[C_TIMEOUT] = COUNTER("base.tls.handshake_timeout", "TLS handshakes that took too long"),
	[C_REFUSED] = COUNTER("base.tls.refused",
			      "connections refused because too many handshakes are under way"),
	[C_TRUNCATED] = COUNTER("base.tls.truncated", "TLS connections ended without close_notify"),
};

struct tls_listener {
	struct stream_listener base;
	struct stream_listener *inner;
	struct tls_config *config;
	struct list pending; /* of tls_stream.link; holds their references */
};

struct tls_stream {
	struct stream base;
	struct tls_config *config;
	struct stream *inner;
	SSL *ssl;
	BIO_METHOD *method;
	char *server_name;             /* until it is checked */
	struct tls_listener *listener; /* until the handshake of an accepted stream is done */
	struct list_link link;
	bool open;    /* the handshake is done */
	bool broken;  /* OpenSSL reported a fatal error: nothing more may be asked of it */
	bool closing; /* close_notify is sent and `inner` shut down */
	int write_error;
	const char *in; /* what has just arrived, not yet taken */
	size_t in_n;
	struct byte_queue held;  /* what had arrived when the owner paused */
	struct byte_queue plain; /* what the owner wrote in this turn */
	struct timer patience;
	struct deferred_call wake;
};


/* ---- The way OpenSSL reads and writes ---- */

static int bio_read(BIO *bio, char *to, int max)
{
	struct tls_stream *t = BIO_get_data(bio);
	size_t n = (size_t)max;

	BIO_clear_retry_flags(bio);
	if (t->held.n) {
		if (n > t->held.n)
			n = t->held.n;
		memcpy(to, byte_queue_first(&t->held), n);
		byte_queue_take(&t->held, n);
		return (int)n;
	}
	if (n > t->in_n)
		n = t->in_n;
	if (n == 0) {
		BIO_set_retry_read(bio);
		return -1;
	}
	memcpy(to, t->in, n);
	t->in += n;
	t->in_n -= n;
	return (int)n;
}


static int bio_write(BIO *bio, const char *p, int n)
{
	struct tls_stream *t = BIO_get_data(bio);
	int err;

	BIO_clear_retry_flags(bio);
	if (n <= 0)
		return 0;
	err = t->inner ? stream_write(t->inner, p, (size_t)n) : -EPIPE;
	if (err) {
		t->write_error = err;
		return -1;
	}
	return n;
}


static long bio_ctrl(BIO *bio, int command, long number, void *p)
{
	(void)bio;
	(void)number;
	(void)p;
	return command == BIO_CTRL_FLUSH;
}


static int attach_bio(struct tls_stream *t)
{
	BIO *bio;

	t->method = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "stream");
	if (!t->method || !BIO_meth_set_read(t->method, bio_read) ||
	    !BIO_meth_set_write(t->method, bio_write) || !BIO_meth_set_ctrl(t->method, bio_ctrl))
		return -ENOMEM;
	bio = BIO_new(t->method);
	if (!bio)
		return -ENOMEM;
	BIO_set_data(bio, t);
	BIO_set_init(bio, 1);
	SSL_set_bio(t->ssl, bio, bio);
	return 0;
}


/* ---- The end ---- */

/* Says close_notify if that can leave at once, and lets go of the stream below. */
static void let_go(struct tls_stream *t)
{
	timer_cancel(&t->patience);
	loop_defer_cancel(t->base.loop, &t->wake);
	if (!t->inner)
		return;
	if (t->open && !t->broken && !t->closing) {
		ERR_clear_error();
		(void)SSL_shutdown(t->ssl);
	}
	stream_set_handler(t->inner, NULL, NULL);
	if (!t->inner->ended)
		t->inner->ops->flush(t->inner);
	t->inner = mem_unref(t->inner);
	t->in_n = 0;
	byte_queue_done(&t->held);
	byte_queue_done(&t->plain);
}


static void destroy(void *object)
{
	struct tls_stream *t = object;

	if (t->base.loop)
		let_go(t);
	SSL_free(t->ssl);
	BIO_meth_free(t->method);
	mem_unref(t->server_name);
	mem_unref(t->config);
	stream_done(&t->base);
}


/* The caller holds a reference. */
static void finish(struct tls_stream *t, int error)
{
	struct tls_listener *ln = t->listener;

	let_go(t);
	if (ln) {
		/* Its owner has not heard of it and never will. */
		t->listener = NULL;
		list_remove(&ln->pending, &t->link);
		t->base.ended = true;
		mem_unref(t);
		return;
	}
	stream_end(&t->base, error);
}


static void finish_broken(struct tls_stream *t, const char *when)
{
	unsigned long code = ERR_peek_last_error();
	const char *reason = code ? ERR_reason_error_string(code) : NULL;
	long verdict = SSL_get_verify_result(t->ssl);
	int error = t->write_error ? t->write_error : -EPROTO;
	char peer[ADDR_TEXT_MAX];

	t->broken = true;
	if (!t->open) {
		counter_add(&counters[C_FAILED], 1);
		if (verdict != X509_V_OK && SSL_get_verify_mode(t->ssl) != SSL_VERIFY_NONE) {
			counter_add(&counters[C_UNTRUSTED], 1);
			reason = X509_verify_cert_error_string(verdict);
			error = -EACCES;
		}
	}
	log_debug("tls", "%s failed peer=%s reason=\"%s\"", when, addr_text(&t->base.peer, peer),
		  reason ? reason : "-");
	ERR_clear_error();
	finish(t, error);
}


static void on_patience(struct timer *timer, void *arg)
{
	struct tls_stream *t = mem_ref(arg);

	(void)timer;
	counter_add(&counters[C_TIMEOUT], 1);
	finish(t, -ETIMEDOUT);
	mem_unref(t);
}


/* ---- The handshake ---- */

static bool name_is_right(struct tls_stream *t)
{
	X509 *certificate;
	bool right;

	if (tls_config_flags(t->config) & TLS_INSECURE_NO_VERIFY)
		return true;
	certificate = SSL_get1_peer_certificate(t->ssl);
	right = certificate && tls_certificate_names(certificate, str_of(t->server_name),
						     tls_config_flags(t->config) & TLS_HOST_NAMES);
	X509_free(certificate);
	return right;
}


static void opened(struct tls_stream *t)
{
	t->open = true;
	timer_cancel(&t->patience);
	counter_add(&counters[C_ESTABLISHED], 1);
	t->server_name = mem_unref(t->server_name);
	if (t->plain.n || t->base.shut)
		stream_mark_dirty(&t->base);
	if (t->listener) {
		struct tls_listener *ln = mem_ref(t->listener);

		list_remove(&ln->pending, &t->link);
		t->listener = NULL;
		ln->base.accepted(&ln->base, &t->base, ln->base.arg); /* takes the reference */
		mem_unref(ln);
	} else if (!t->base.shut && t->base.handler->connected) {
		t->base.handler->connected(&t->base, t->base.arg);
	}
}


/* False: not done, or failed. */
static bool shake_hands(struct tls_stream *t)
{
	int got;

	ERR_clear_error();
	got = SSL_do_handshake(t->ssl);
	if (got != 1) {
		if (SSL_get_error(t->ssl, got) != SSL_ERROR_WANT_READ)
			finish_broken(t, "handshake");
		return false;
	}
	/* RFC 5922 section 7.3: "If the server is not authenticated, the client MUST close the
	 * connection immediately." */
	if (!SSL_is_server(t->ssl) && !name_is_right(t)) {
		counter_add(&counters[C_FAILED], 1);
		counter_add(&counters[C_UNTRUSTED], 1);
		finish(t, -EACCES);
		return false;
	}
	opened(t);
	return true;
}


/* ---- Reading ---- */

/* Takes what is there for as long as the owner wants it. The caller holds a reference. */
static void take_in(struct tls_stream *t)
{
	char text[TLS_RECORD_MAX];

	if (!t->open && !shake_hands(t))
		return;
	while (!t->base.ended && !stream_abandoned(&t->base) && (!t->base.paused || t->base.shut)) {
		int got, why;

		ERR_clear_error();
		got = SSL_read(t->ssl, text, sizeof(text));
		if (got > 0) {
			if (!t->base.shut)
				t->base.handler->recv(&t->base, text, (size_t)got, t->base.arg);
			continue;
		}
		why = SSL_get_error(t->ssl, got);
		if (why == SSL_ERROR_WANT_READ)
			return;
		if (why == SSL_ERROR_ZERO_RETURN)
			finish(t, 0);
		else
			finish_broken(t, "connection");
		return;
	}
}


static void on_inner_recv(struct stream *inner, const char *p, size_t n, void *arg)
{
	struct tls_stream *t = mem_ref(arg);

	(void)inner;
	t->in = p;
	t->in_n = n;
	if (!t->held.n)
		take_in(t);
	/* The owner has paused in the middle: what was not taken must outlive this call. */
	if (t->in_n && t->inner) {
		if (byte_queue_put(&t->held, t->in, t->in_n))
			finish(t, -ENOMEM);
		t->in_n = 0;
	}
	if (t->inner && t->open && t->base.paused)
		stream_pause(t->inner);
	mem_unref(t);
}


static void on_wake(void *arg)
{
	struct tls_stream *t = mem_ref(arg);

	if (t->open && !t->base.ended)
		take_in(t);
	if (t->inner && !t->base.paused)
		stream_resume(t->inner);
	mem_unref(t);
}


static void flow(struct stream *base)
{
	struct tls_stream *t = container_of(base, struct tls_stream, base);

	if (!t->inner)
		return;
	if (!base->paused)
		loop_defer(base->loop, &t->wake, on_wake, t);
	else if (t->open)
		stream_pause(t->inner);
}


/* ---- Writing ---- */

static int put(struct stream *base, const void *p, size_t n)
{
	return byte_queue_put(&container_of(base, struct tls_stream, base)->plain, p, n);
}


static size_t queued(const struct stream *base)
{
	const struct tls_stream *t = container_of(base, const struct tls_stream, base);

	return t->plain.n + (t->inner ? stream_queued(t->inner) : 0);
}


static void flush(struct stream *base)
{
	struct tls_stream *t = container_of(base, struct tls_stream, base);

	if (!t->open || !t->inner || t->closing)
		return;
	while (t->plain.n) {
		int got;

		ERR_clear_error();
		got = SSL_write(t->ssl, byte_queue_first(&t->plain),
				t->plain.n < INT_MAX ? (int)t->plain.n : INT_MAX);
		if (got <= 0) {
			finish_broken(t, "connection");
			return;
		}
		byte_queue_take(&t->plain, (size_t)got);
	}
	if (base->shut) {
		/* From here on the stream below has its own patience. */
		ERR_clear_error();
		(void)SSL_shutdown(t->ssl);
		t->closing = true;
		stream_shutdown(t->inner);
	}
	stream_check_drained(base);
}


static void on_inner_drained(struct stream *inner, void *arg)
{
	struct tls_stream *t = mem_ref(arg);

	(void)inner;
	stream_check_drained(&t->base);
	mem_unref(t);
}


static void shutdown_later(struct stream *base)
{
	struct tls_stream *t = container_of(base, struct tls_stream, base);

	if (!t->open)
		timer_start(&t->patience, base->loop->timers, STREAM_SHUTDOWN_MS, on_patience, t);
}


static void queue_changed(struct stream *base)
{
	struct tls_stream *t = container_of(base, struct tls_stream, base);
	size_t more = base->queue_max / 64 + TLS_SLACK;

	if (t->inner)
		stream_set_queue(t->inner,
				 base->queue_max > SIZE_MAX - more ? SIZE_MAX
								   : base->queue_max + more,
				 base->queue_low);
}


static bool peer_is(const struct stream *base, struct str host)
{
	const struct tls_stream *t = container_of(base, const struct tls_stream, base);
	X509 *certificate;
	bool is;

	if (!t->open || SSL_get_verify_result(t->ssl) != X509_V_OK)
		return false;
	certificate = SSL_get1_peer_certificate(t->ssl);
	is = certificate && tls_certificate_names(certificate, host, false);
	X509_free(certificate);
	return is;
}


static const struct stream_ops ops = {
	.write = put,
	.queued = queued,
	.flush = flush,
	.flow = flow,
	.shutdown = shutdown_later,
	.queue_changed = queue_changed,
	.peer_is = peer_is,
};


/* ---- The stream below ---- */

static void begin(struct tls_stream *t)
{
	t->base.local = *stream_local(t->inner);
	t->base.peer = *stream_peer(t->inner);
	timer_start(&t->patience, t->base.loop->timers, TLS_HANDSHAKE_MS, on_patience, t);
}


static void on_inner_connected(struct stream *inner, void *arg)
{
	struct tls_stream *t = mem_ref(arg);

	(void)inner;
	begin(t);
	(void)shake_hands(t);
	mem_unref(t);
}


static void on_inner_closed(struct stream *inner, int error, void *arg)
{
	struct tls_stream *t = mem_ref(arg);

	(void)inner;
	if (!t->open) {
		counter_add(&counters[C_FAILED], 1);
		finish(t, error ? error : -ECONNRESET);
	} else {
		if (!t->closing && error == 0)
			counter_add(&counters[C_TRUNCATED], 1);
		finish(t, error);
	}
	mem_unref(t);
}


static const struct stream_handler inner_handler = {
	.connected = on_inner_connected,
	.recv = on_inner_recv,
	.drained = on_inner_drained,
	.closed = on_inner_closed,
};


static int tls_stream_alloc(struct tls_stream **ret, struct loop *l, struct tls_config *config,
			    bool server)
{
	struct tls_stream *t;
	int err;

	counter_register(counters, C_COUNT);
	t = mem_alloc(sizeof(*t), destroy);
	if (!t)
		return -ENOMEM;
	stream_init(&t->base, &ops, l);
	t->config = mem_ref(config);
	t->ssl = tls_config_session(config, server);
	err = t->ssl ? attach_bio(t) : -ENOMEM;
	if (err) {
		mem_unref(t);
		return err;
	}
	*ret = t;
	return 0;
}


/* ---- Connecting ---- */

static int set_server_name(struct tls_stream *t, struct str name)
{
	struct addr numeric;

	if (name.n == 0)
		return tls_config_flags(t->config) & TLS_INSECURE_NO_VERIFY ? 0 : -EINVAL;
	if (name.n > TLS_NAME_MAX || str_find(name, '\0') >= 0)
		return -EINVAL;
	t->server_name = str_dup(name);
	if (!t->server_name)
		return -ENOMEM;
	/* RFC 6066 section 3: "Literal IPv4 and IPv6 addresses are not permitted". */
	if (addr_decode(&numeric, name, 0) == 0)
		return 0;
	return SSL_set_tlsext_host_name(t->ssl, t->server_name) ? 0 : -ENOMEM;
}


int tls_connect(struct stream **ret, struct loop *l, const struct addr *peer,
		const struct addr *local, struct tls_config *tls, struct str server_name)
{
	struct tls_stream *t;
	int err;

	err = tls_stream_alloc(&t, l, tls, false);
	if (err)
		return err;
	err = set_server_name(t, server_name);
	if (!err)
		err = stream_connect(&t->inner, l, peer, local, NULL, STR_NULL, &inner_handler, t);
	if (err) {
		mem_unref(t);
		return err;
	}
	t->base.peer = *peer;
	queue_changed(&t->base);
	*ret = &t->base;
	return 0;
}


/* ---- Listening ---- */

static void on_inner_accepted(struct stream_listener *inner, struct stream *s, void *arg)
{
	struct tls_listener *ln = arg;
	struct tls_stream *t;

	(void)inner;
	if (ln->pending.count >= TLS_HANDSHAKES_MAX ||
	    tls_stream_alloc(&t, ln->base.loop, ln->config, true)) {
		counter_add(&counters[C_REFUSED], 1);
		mem_unref(s);
		return;
	}
	t->inner = s;
	stream_set_handler(s, &inner_handler, t);
	queue_changed(&t->base);
	t->listener = ln;
	list_append(&ln->pending, &t->link);
	begin(t);
}


static void listener_destroy(void *object)
{
	struct tls_listener *ln = object;
	struct list_link *k;

	ln->inner = mem_unref(ln->inner);
	while ((k = list_first(&ln->pending))) {
		struct tls_stream *t = container_of(k, struct tls_stream, link);

		list_remove(&ln->pending, k);
		t->listener = NULL;
		mem_unref(t);
	}
	mem_unref(ln->config);
	ln->base.loop = mem_unref(ln->base.loop);
}


int tls_listen(struct stream_listener **ret, struct loop *l, const struct addr *local,
	       struct tls_config *tls)
{
	struct tls_listener *ln;
	int err;

	if (!tls_config_has_certificate(tls))
		return -EINVAL;
	ln = mem_alloc(sizeof(*ln), listener_destroy);
	if (!ln)
		return -ENOMEM;
	list_init(&ln->pending);
	ln->base.loop = mem_ref(l);
	ln->config = mem_ref(tls);
	err = stream_listen(&ln->inner, l, local, NULL, on_inner_accepted, ln);
	if (err) {
		mem_unref(ln);
		return err;
	}
	ln->base.local = ln->inner->local;
	*ret = &ln->base;
	return 0;
}
