/* SPDX-License-Identifier: Apache-2.0 */
/* TLS streams over the virtual network (and once over loopback); certificates are made here. */
#include "base/tls.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "base/counter.h"
#include "base/loop.h"
#include "base/tls_config.h"
#include "lib/unit.h"
#include "lib/virtual_loop.h"

#define SERVER "192.0.2.9:5061"
#define HOST "sip.example.org"

/* ---- Certificates, made once, in a directory that goes at exit ---- */

struct identity {
	EVP_PKEY *key;
	X509 *certificate;
};

struct identity_spec {
	const char *name; /* of the files */
	const char *cn;
	const char *names; /* subjectAltName; NULL: none */
	const char *usage; /* extendedKeyUsage; NULL: none */
	int days;
};

static const struct identity_spec specs[] = {
	{"server", "ignored.example.org", "URI:sip:" HOST ",DNS:other.example.org", NULL, 10},
	{"second", "x", "DNS:" HOST, "serverAuth", 20},
	{"client", "x", "DNS:client.example.org", "clientAuth,serverAuth", 10},
	{"sip", "x", "DNS:" HOST, "1.3.6.1.5.5.7.3.20", 10},
	{"code", "x", "DNS:" HOST, "codeSigning", 10},
	{"old", "x", "DNS:" HOST, NULL, -1},
};

static char dir[64];


static const char *path(const char *name, const char *kind)
{
	static char text[4][160];
	static unsigned turn;
	char *to = text[turn++ % 4];

	snprintf(to, sizeof(text[0]), "%s/%s.%s", dir, name, kind);
	return to;
}


static void remove_files(void)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf '%s'", dir);
	if (system(command))
		fprintf(stderr, "cannot remove %s\n", dir);
}


static void extend(X509 *x, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX context;
	X509_EXTENSION *e;

	X509V3_set_ctx(&context, issuer, x, NULL, NULL, 0);
	e = X509V3_EXT_conf_nid(NULL, &context, nid, value);
	assert_non_null(e);
	assert_int_equal(X509_add_ext(x, e, -1), 1);
	X509_EXTENSION_free(e);
}


static X509 *make(EVP_PKEY *key, const struct identity_spec *spec, const struct identity *issuer)
{
	static long serial = 1;
	X509 *x = X509_new();
	X509_NAME *subject = X509_get_subject_name(x);

	assert_int_equal(X509_set_version(x, 2), 1);
	ASN1_INTEGER_set(X509_get_serialNumber(x), serial++);
	X509_gmtime_adj(X509_getm_notBefore(x), -10 * 86400);
	X509_gmtime_adj(X509_getm_notAfter(x), (long)spec->days * 86400);
	X509_set_pubkey(x, key);
	X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, (const unsigned char *)spec->cn,
				   -1, -1, 0);
	X509_set_issuer_name(x, issuer ? X509_get_subject_name(issuer->certificate) : subject);
	if (!issuer)
		extend(x, x, NID_basic_constraints, "critical,CA:TRUE");
	if (spec->names)
		extend(x, x, NID_subject_alt_name, spec->names);
	if (spec->usage)
		extend(x, x, NID_ext_key_usage, spec->usage);
	assert_true(X509_sign(x, issuer ? issuer->key : key, EVP_sha256()) > 0);
	return x;
}


static void save(const char *name, X509 *x, EVP_PKEY *key, const char *password)
{
	FILE *f = fopen(path(name, "crt"), "w");

	assert_non_null(f);
	PEM_write_X509(f, x);
	fclose(f);
	f = fopen(path(name, "key"), "w");
	assert_non_null(f);
	PEM_write_PrivateKey(f, key, password ? EVP_aes_128_cbc() : NULL,
			     (const unsigned char *)password, password ? (int)strlen(password) : 0,
			     NULL, NULL);
	fclose(f);
}


static void make_files(void)
{
	struct identity_spec authority = {"ca", "Test Authority", NULL, NULL, 100};
	struct identity ca;

	if (dir[0])
		return;
	snprintf(dir, sizeof(dir), "%s", "/tmp/test-tls-XXXXXX");
	assert_non_null(mkdtemp(dir));
	atexit(remove_files);
	ca.key = EVP_EC_gen("P-256");
	ca.certificate = make(ca.key, &authority, NULL);
	save("ca", ca.certificate, ca.key, NULL);
	for (size_t i = 0; i < sizeof(specs) / sizeof(specs[0]); i++) {
		EVP_PKEY *key = EVP_EC_gen("P-256");
		X509 *x = make(key, &specs[i], &ca);

		save(specs[i].name, x, key, NULL);
		if (i == 0)
			save("locked", x, key, "secret");
		X509_free(x);
		EVP_PKEY_free(key);
	}
	/* Another authority, that did not sign any of these. */
	EVP_PKEY_free(ca.key);
	X509_free(ca.certificate);
	ca.key = EVP_EC_gen("P-256");
	ca.certificate = make(ca.key, &authority, NULL);
	save("stranger", ca.certificate, ca.key, NULL);
	EVP_PKEY_free(ca.key);
	X509_free(ca.certificate);
}


static struct tls_config *config(const char *name, const char *ca, unsigned flags)
{
	struct tls_config *c = NULL;
	struct tls_params p = {.flags = flags};

	make_files();
	if (name) {
		p.certificate_file = path(name, "crt");
		p.key_file = path(name, "key");
	}
	p.ca_file = path(ca, "crt");
	unit_ok(tls_config_alloc(&c, &p, NULL));
	return unit_own(c);
}


/* ---- Two ends ---- */

struct end {
	struct world *w;
	struct stream *s;
	unsigned connected, closed, drained;
	int error;
	size_t received, wrong, sent, to_send, largest_queue;
	bool echo, unref_on_recv, unref_on_connected, pause_on_recv;
	char text[32];
};

struct world {
	struct virtual_loop *vl;
	struct loop *l;
	struct stream_listener *ln;
	struct timer later;
	unsigned accepted;
	struct end a, b;
};


static void close_world(void *arg)
{
	struct world *w = arg;

	timer_cancel(&w->later);
	w->a.s = mem_unref(w->a.s);
	w->b.s = mem_unref(w->b.s);
	w->ln = mem_unref(w->ln);
	w->l = mem_unref(w->l);
}


static void fill_up(struct end *e)
{
	char chunk[3000];

	while (e->sent < e->to_send) {
		for (size_t i = 0; i < sizeof(chunk); i++)
			chunk[i] = (char)((e->sent + i) % 251);
		if (stream_write(e->s, chunk, sizeof(chunk)))
			break;
		e->sent += sizeof(chunk);
	}
	if (stream_queued(e->s) > e->largest_queue)
		e->largest_queue = stream_queued(e->s);
}


static void on_connected(struct stream *s, void *arg)
{
	struct end *e = arg;

	(void)s;
	e->connected++;
	if (e->unref_on_connected)
		e->s = mem_unref(e->s);
	else
		fill_up(e);
}


static void on_resume(struct timer *t, void *arg)
{
	struct end *e = arg;

	(void)t;
	if (e->s)
		stream_resume(e->s);
}


static void on_recv(struct stream *s, const char *p, size_t n, void *arg)
{
	struct end *e = arg;

	for (size_t i = 0; i < n; i++) {
		if (p[i] != (char)((e->received + i) % 251))
			e->wrong++;
		if (e->received + i < sizeof(e->text) - 1)
			e->text[e->received + i] = p[i];
	}
	e->received += n;
	if (e->echo)
		(void)stream_write(s, p, n);
	if (e->unref_on_recv)
		e->s = mem_unref(e->s);
	if (e->pause_on_recv) {
		stream_pause(s);
		timer_start(&e->w->later, loop_timers(e->w->l), 10, on_resume, e);
	}
}


static void on_drained(struct stream *s, void *arg)
{
	struct end *e = arg;

	(void)s;
	e->drained++;
	fill_up(e);
}


static void on_closed(struct stream *s, int error, void *arg)
{
	struct end *e = arg;

	(void)s;
	e->closed++;
	e->error = error;
	e->s = mem_unref(e->s);
}


static const struct stream_handler handler = {on_connected, on_recv, on_drained, on_closed};


static void on_accepted(struct stream_listener *ln, struct stream *s, void *arg)
{
	struct world *w = arg;

	(void)ln;
	w->accepted++;
	if (w->b.s) {
		mem_unref(s);
		return;
	}
	w->b.s = s;
	stream_set_handler(s, &handler, &w->b);
}


static struct addr server_address(void)
{
	struct addr a;

	assert_int_equal(addr_decode_hostport(&a, STR(SERVER)), 0);
	return a;
}


static struct world *world(struct tls_config *server)
{
	struct world *w = unit_storage(sizeof(*w));
	struct addr local = server_address();

	unit_defer(close_world, w);
	w->a.w = w->b.w = w;
	w->vl = unit_ptr(virtual_loop_alloc(1));
	w->l = virtual_loop_base(w->vl);
	unit_ok(stream_listen(&w->ln, w->l, &local, server, on_accepted, w));
	assert_true(addr_eq(stream_listener_local(w->ln), &local));
	return w;
}


static void connect_there(struct world *w, struct tls_config *client, const char *name)
{
	struct addr peer = server_address();

	unit_ok(stream_connect(&w->a.s, w->l, &peer, NULL, client, str_of(name), &handler, &w->a));
}


static void settle(struct world *w)
{
	assert_true(virtual_loop_run_until_idle(w->vl));
	if (unit_refused())
		unit_ok(-ENOMEM);
}


static void pass(struct world *w, uint64_t ms)
{
	assert_true(virtual_loop_advance(w->vl, ms));
	if (unit_refused())
		unit_ok(-ENOMEM);
}


static void add_fault(struct world *w, enum virtual_fault_kind kind, uint64_t n)
{
	virtual_fault_add(w->vl, &(struct virtual_fault){.kind = kind, .n = n});
}


static int64_t count_of(const char *name)
{
	struct counter *c = counter_find(str_of(name));

	assert_non_null(c);
	return c->value;
}


/* ---- Streams ---- */

static void echo_in_pieces(uint64_t piece)
{
	struct world *w = world(config("server", "ca", 0));

	if (piece)
		add_fault(w, VIRTUAL_PIECES, piece);
	connect_there(w, config(NULL, "ca", 0), HOST);
	w->b.echo = true;
	unit_ok(stream_write(w->a.s, "hello ", 6)); /* waits for the handshake */
	unit_ok(stream_write(w->a.s, "world", 5));
	assert_int_equal(stream_queued(w->a.s), 11);
	settle(w);
	assert_int_equal(w->a.connected, 1);
	assert_string_equal(w->b.text, "hello world");
	assert_string_equal(w->a.text, "hello world");
	assert_int_equal(stream_queued(w->a.s), 0);
	assert_true(addr_eq(stream_local(w->b.s), stream_peer(w->a.s)));
	assert_true(addr_eq(stream_local(w->a.s), stream_peer(w->b.s)));
	assert_true(stream_peer_is(w->a.s, STR("SIP.Example.ORG")));
	/* RFC 5922 7.1: the DNS name does not count beside a SIP URI, nor does the common name. */
	assert_false(stream_peer_is(w->a.s, STR("other.example.org")));
	assert_false(stream_peer_is(w->a.s, STR("ignored.example.org")));
	assert_false(stream_peer_is(w->b.s, STR(HOST)));

	stream_shutdown(w->a.s);
	settle(w);
	assert_int_equal(w->a.closed, 1);
	assert_int_equal(w->b.closed, 1);
	assert_int_equal(w->a.error, 0);
	assert_int_equal(w->b.error, 0);
	assert_int_equal(virtual_loop_streams(w->vl), 0);
}


static void test_echo(void)
{
	echo_in_pieces(0);
}


static void test_echo_split_everywhere(void)
{
	echo_in_pieces(1);
	echo_in_pieces(2);
	echo_in_pieces(7);
}


static void test_flow(void)
{
	struct world *w = world(config("server", "ca", 0));

	connect_there(w, config(NULL, "ca", 0), HOST);
	stream_set_queue(w->a.s, 50000, 10000);
	add_fault(w, VIRTUAL_WINDOW, 20000);
	w->a.to_send = 3000 * 1000;
	w->b.pause_on_recv = true;
	pass(w, 100000);
	assert_int_equal(w->b.received, w->a.to_send);
	assert_int_equal(w->b.wrong, 0);
	assert_true(w->a.drained > 1);
	assert_true(w->a.largest_queue <= 50000 && w->a.largest_queue > 40000);
	assert_int_equal(stream_queued(w->a.s), 0);
}


static void test_shutdown_sends_the_rest(void)
{
	struct world *w = world(config("server", "ca", 0));
	char *large = unit_storage(500000);

	connect_there(w, config(NULL, "ca", 0), HOST);
	unit_ok(stream_write(w->a.s, large, 500000));
	stream_shutdown(w->a.s); /* before there is a connection */
	assert_int_equal(stream_write(w->a.s, "x", 1), -EPIPE);
	settle(w);
	assert_int_equal(w->b.received, 500000);
	assert_int_equal(w->a.closed, 1);
	assert_int_equal(w->a.error, 0);
	assert_int_equal(w->b.error, 0);

	/* The network goes away before the handshake: patience ends. */
	connect_there(w, config(NULL, "ca", 0), HOST);
	add_fault(w, VIRTUAL_DROP, 0);
	unit_ok(stream_write(w->a.s, "x", 1));
	stream_shutdown(w->a.s);
	pass(w, STREAM_SHUTDOWN_MS);
	assert_int_equal(w->a.closed, 2);
	assert_int_equal(w->a.error, -ETIMEDOUT);
}


static void test_unref_inside(void)
{
	struct world *w = world(config("server", "ca", 0));
	struct tls_config *client = config(NULL, "ca", 0);

	connect_there(w, client, HOST);
	w->b.unref_on_recv = true;
	unit_ok(stream_write(w->a.s, "x", 1));
	settle(w);
	assert_null(w->b.s);
	assert_int_equal(w->b.closed, 0);
	assert_int_equal(w->a.closed, 1);
	assert_int_equal(w->a.error, 0); /* close_notify was said */

	w->a.unref_on_connected = true;
	connect_there(w, client, HOST);
	settle(w);
	assert_null(w->a.s);
	assert_int_equal(w->b.closed, 1);
	assert_int_equal(virtual_loop_streams(w->vl), 0);

	connect_there(w, client, HOST);
	w->a.s = mem_unref(w->a.s);
	settle(w);
	assert_int_equal(virtual_loop_streams(w->vl), 0);
}


static void test_truncated(void)
{
	struct world *w = world(config("server", "ca", 0));
	int64_t before;

	connect_there(w, config(NULL, "ca", 0), HOST);
	settle(w);
	before = count_of("base.tls.truncated");
	add_fault(w, VIRTUAL_CLOSE, 0);
	unit_ok(stream_write(w->a.s, "x", 1));
	settle(w);
	assert_int_equal(w->b.closed, 1);
	assert_int_equal(w->b.error, 0);
	assert_int_equal(count_of("base.tls.truncated") - before, 2);
}


/* ---- Trust ---- */

struct trust_case {
	const char *server, *client_ca, *name;
	unsigned flags;
	int error; /* 0: connects */
};

static const struct trust_case trust_cases[] = {
	{"server", "ca", HOST, 0, 0},
	{"server", "ca", "example.org", 0, -EACCES},
	{"server", "ca", "other.example.org", 0, -EACCES},
	{"server", "ca", "192.0.2.9", 0, -EACCES},
	{"server", "stranger", HOST, 0, -EACCES},
	{"second", "ca", HOST, 0, 0},
	{"sip", "ca", HOST, 0, 0},
	{"code", "ca", HOST, 0, -EACCES},
	{"old", "ca", HOST, 0, -EACCES},
	{"old", "stranger", "elsewhere.net", TLS_INSECURE_NO_VERIFY, 0},
	{"server", "ca", "", TLS_INSECURE_NO_VERIFY, 0},
};


static void test_trust(void)
{
	for (size_t i = 0; i < sizeof(trust_cases) / sizeof(trust_cases[0]); i++) {
		const struct trust_case *c = &trust_cases[i];
		struct world *w = world(config(c->server, "ca", 0));

		unit_case("%s for %s trusting %s", c->server, c->name, c->client_ca);
		connect_there(w, config(NULL, c->client_ca, c->flags), c->name);
		settle(w);
		assert_int_equal(w->a.connected, c->error == 0);
		assert_int_equal(w->a.closed, c->error != 0);
		assert_int_equal(w->a.error, c->error);
		if (c->flags && w->a.s)
			assert_int_equal(stream_peer_is(w->a.s, STR(HOST)), i == 10);
		close_world(w);
	}
}


struct client_case {
	unsigned server_flags;
	const char *certificate; /* of the client */
	bool accepted, known;
};

static const struct client_case client_cases[] = {
	{0, NULL, true, false},
	{0, "client", true, false},
	{TLS_ASK_CLIENT, NULL, true, false},
	{TLS_ASK_CLIENT, "client", true, true},
	{TLS_REQUIRE_CLIENT, "client", true, true},
	{TLS_REQUIRE_CLIENT, NULL, false, false},
	{TLS_REQUIRE_CLIENT, "stranger", false, false},
	{TLS_ASK_CLIENT, "stranger", false, false},
};


static void test_client_certificates(void)
{
	for (size_t i = 0; i < sizeof(client_cases) / sizeof(client_cases[0]); i++) {
		const struct client_case *c = &client_cases[i];
		struct world *w = world(config("server", "ca", c->server_flags));

		unit_case("flags %u certificate %s", c->server_flags,
			  c->certificate ? c->certificate : "none");
		connect_there(w, config(c->certificate, "ca", 0), HOST);
		settle(w);
		assert_int_equal(w->accepted, c->accepted);
		assert_int_equal(w->a.closed, !c->accepted);
		if (!c->accepted)
			assert_int_equal(w->a.error, -EPROTO);
		if (w->b.s)
			assert_int_equal(stream_peer_is(w->b.s, STR("client.example.org")),
					 c->known);
		assert_int_equal(virtual_loop_streams(w->vl), c->accepted ? 2 : 0);
		close_world(w);
	}
}


struct name_case {
	const char *cn, *names, *host;
	bool is;
};

/* RFC 5922 sections 7.1 and 7.2. */
static const struct name_case name_cases[] = {
	{"x", "URI:sip:example.com", "example.com", true},
	{"x", "URI:SIP:Example.COM", "example.com", true},
	{"x", "URI:sip:example.com", "EXAMPLE.com.", true},
	{"x", "URI:sip:example.com:5061;transport=tls?a=b", "example.com", true},
	{"x", "URI:sip:[2001:db8::1]:5061", "[2001:db8::1]", true},
	{"x", "URI:sip:alice@example.com", "example.com", false},
	{"x", "URI:sips:example.com", "example.com", false},
	{"x", "URI:https:example.com", "example.com", false},
	{"x", "URI:sip:", "example.com", false},
	{"x", "URI:sip:a.example,URI:sip:b.example", "b.example", true},
	{"x", "DNS:example.com", "example.com", true},
	{"x", "DNS:example.com,URI:sip:other.com", "example.com", false},
	{"x", "DNS:example.com,URI:https:other.com", "example.com", true},
	{"x", "DNS:example.com,URI:sip:bob@other.com", "example.com", true},
	{"x", "DNS:*.example.com", "foo.example.com", false},
	{"x", "DNS:*.example.com", "*.example.com", true},
	{"x", "URI:sip:*.example.com", "foo.example.com", false},
	{"x", "DNS:.example.com", "foo.example.com", false},
	{"x", "DNS:example.com", "foo.example.com", false},
	{"x", "DNS:foo.example.com", "example.com", false},
	{"x", "IP:192.0.2.1", "192.0.2.1", false},
	{"example.com", "DNS:other.com", "example.com", false},
	{"example.com", "email:a@b.c", "example.com", false},
	{"example.com", NULL, "example.com", true},
	{"Example.Com", NULL, "example.com", true},
	{"*.example.com", NULL, "foo.example.com", false},
	{"x", "DNS:example.com", "", false},
	{"x", "DNS:example.com", ".", false},
};


static void test_names(void)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");

	for (size_t i = 0; i < sizeof(name_cases) / sizeof(name_cases[0]); i++) {
		const struct name_case *c = &name_cases[i];
		struct identity_spec spec = {"-", c->cn, c->names, NULL, 1};
		X509 *x = make(key, &spec, NULL);
		bool is = tls_certificate_names(x, str_of(c->host));

		unit_case("%s / %s", c->names ? c->names : c->cn, c->host);
		X509_free(x);
		assert_int_equal(is, c->is);
	}
	EVP_PKEY_free(key);
}


/* A name with a NUL in it is not the name before the NUL. */
static void test_name_with_nul(void)
{
	static const char name[] = "example.com\0.evil.net";
	EVP_PKEY *key = EVP_EC_gen("P-256");
	struct identity_spec spec = {"-", "x", NULL, NULL, 1};
	X509 *x = make(key, &spec, NULL);
	GENERAL_NAMES *names = GENERAL_NAMES_new();
	GENERAL_NAME *g = GENERAL_NAME_new();
	ASN1_IA5STRING *text = ASN1_IA5STRING_new();

	ASN1_STRING_set(text, name, sizeof(name) - 1);
	GENERAL_NAME_set0_value(g, GEN_DNS, text);
	sk_GENERAL_NAME_push(names, g);
	assert_int_equal(X509_add1_ext_i2d(x, NID_subject_alt_name, names, 0, 0), 1);
	assert_false(tls_certificate_names(x, STR("example.com")));
	GENERAL_NAMES_free(names);
	X509_free(x);
	EVP_PKEY_free(key);
}


/* ---- Bad days ---- */

static const struct stream_handler raw_handler = {on_connected, on_recv, NULL, on_closed};


static void connect_raw(struct world *w)
{
	struct addr peer = server_address();

	unit_ok(stream_connect(&w->a.s, w->l, &peer, NULL, NULL, STR_NULL, &raw_handler, &w->a));
}


static void test_half_open(void)
{
	struct world *w = world(config("server", "ca", 0));
	int64_t before;

	connect_raw(w);
	settle(w);
	before = count_of("base.tls.handshake_timeout");
	unit_ok(stream_write(w->a.s, "\x16\x03\x01", 3)); /* the start of a record */
	pass(w, TLS_HANDSHAKE_MS - 1);
	assert_int_equal(w->a.closed, 0);
	pass(w, 1);
	assert_int_equal(w->a.closed, 1);
	assert_int_equal(w->accepted, 0);
	assert_int_equal(count_of("base.tls.handshake_timeout") - before, 1);

	/* Who connects has no more patience either. */
	add_fault(w, VIRTUAL_NEVER_ACCEPT, 0);
	connect_there(w, config(NULL, "ca", 0), HOST);
	pass(w, TLS_HANDSHAKE_MS);
	assert_int_equal(w->a.connected, 1); /* the raw one */
	assert_int_equal(w->a.closed, 2);
	assert_int_equal(w->a.error, -ETIMEDOUT);
}


static void test_not_tls(void)
{
	struct world *w = world(config("server", "ca", 0));
	struct addr other;
	struct stream_listener *plain = NULL;

	connect_raw(w);
	unit_ok(stream_write(w->a.s, "OPTIONS sip:x SIP/2.0\r\n\r\n", 25));
	settle(w);
	assert_int_equal(w->a.closed, 1);
	assert_int_equal(w->accepted, 0);

	/* A server that speaks in plain text. */
	assert_int_equal(addr_decode_hostport(&other, STR("192.0.2.10:5060")), 0);
	unit_ok(stream_listen(&plain, w->l, &other, NULL, on_accepted, w));
	unit_own(plain);
	unit_ok(stream_connect(&w->a.s, w->l, &other, NULL, config(NULL, "ca", 0), STR(HOST),
			       &handler, &w->a));
	w->b.echo = true;
	settle(w);
	assert_int_equal(w->accepted, 1);
	assert_int_equal(w->a.error, -EPROTO);
	w->b.s = mem_unref(w->b.s);
}


static void test_cut_in_handshake(void)
{
	for (uint64_t n = 0; n < 600; n += 37) {
		struct world *w = world(config("server", "ca", 0));

		unit_case("after %llu bytes", (unsigned long long)n);
		add_fault(w, VIRTUAL_CUT, n);
		connect_there(w, config(NULL, "ca", 0), HOST);
		settle(w);
		assert_int_equal(w->a.closed, 1);
		assert_int_equal(w->a.error, -ECONNRESET);
		assert_int_equal(w->accepted, 0);
		assert_int_equal(virtual_loop_streams(w->vl), 0);
		close_world(w);
	}
}


/* Closing the listener closes the handshakes that wait; what was accepted lives on. */
static void test_listener_unref(void)
{
	struct world *w = world(config("server", "ca", 0));

	connect_there(w, config(NULL, "ca", 0), HOST);
	settle(w);
	unit_own(w->a.s);
	w->a.s = NULL; /* the first lives on */
	connect_raw(w);
	settle(w);
	assert_int_equal(virtual_loop_streams(w->vl), 4);
	w->ln = mem_unref(w->ln);
	settle(w);
	assert_int_equal(w->a.closed, 1);
	assert_int_equal(virtual_loop_streams(w->vl), 2);
	assert_non_null(w->b.s);
}


static void test_refused(void)
{
	struct world *w = world(config("server", "ca", 0));

	w->ln = mem_unref(w->ln);
	connect_there(w, config(NULL, "ca", 0), HOST);
	settle(w);
	assert_int_equal(w->a.error, -ECONNREFUSED);
}


/* ---- Configuration ---- */

static void copy(const char *from, const char *to)
{
	char text[8192];
	FILE *f = fopen(from, "r");
	size_t n;

	assert_non_null(f);
	n = fread(text, 1, sizeof(text), f);
	fclose(f);
	f = fopen(to, "w");
	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, n, f), n);
	fclose(f);
}


struct config_case {
	const char *certificate, *key, *ca, *error;
};

static const struct config_case config_cases[] = {
	{"none", "server", "ca", "certificate %s/none.crt: "},
	{"server", "none", "ca", "private key %s/none.key: "},
	{"server", "client", "ca", "private key %s/client.key: key values mismatch"},
	{"server", "locked", "ca", "private key %s/locked.key: "},
	{"server", "server", "none", "certificate authorities %s/none.crt: "},
};


static void test_config_errors(void)
{
	make_files();
	for (size_t i = 0; i < sizeof(config_cases) / sizeof(config_cases[0]); i++) {
		const struct config_case *c = &config_cases[i];
		struct tls_params p = {path(c->certificate, "crt"), path(c->key, "key"),
				       path(c->ca, "crt"), 0};
		struct tls_config *never = NULL;
		struct buf *error = unit_buf(500);
		char expected[200];
		int err;

		unit_case("%s %s %s", c->certificate, c->key, c->ca);
		snprintf(expected, sizeof(expected), c->error, dir);
		err = tls_config_alloc(&never, &p, error);
		unit_must(err == -EINVAL);
		assert_null(never);
		if (unit_refused())
			unit_ok(-ENOMEM);
		if (!str_starts(buf_str(error), str_of(expected)))
			unit_str(buf_str(error), expected);
	}
}


static void test_reload(void)
{
	struct tls_config *server, *client;
	struct buf *error = unit_buf(500);
	struct world *w;
	int err;

	make_files();
	copy(path("server", "crt"), path("live", "crt"));
	copy(path("server", "key"), path("live", "key"));
	server = config("live", "ca", 0);
	client = config(NULL, "ca", TLS_INSECURE_NO_VERIFY);
	w = world(server);
	assert_true(llabs(tls_config_expires(server) - (time(NULL) + 10 * 86400)) < 100);
	assert_int_equal(tls_config_expires(client), 0);

	/* A broken pair of files changes nothing. */
	copy(path("second", "crt"), path("live", "crt"));
	err = tls_config_reload(server, error);
	unit_must(err == -EINVAL);
	unit_must(error->n > 0);
	assert_true(llabs(tls_config_expires(server) - (time(NULL) + 10 * 86400)) < 100);
	connect_there(w, client, HOST);
	settle(w);
	assert_false(stream_peer_is(w->a.s, STR("other.example.org")));
	assert_true(stream_peer_is(w->a.s, STR(HOST)));

	/* The new one is for new connections; the old connection goes on. */
	copy(path("client", "crt"), path("live", "crt"));
	copy(path("client", "key"), path("live", "key"));
	unit_ok(tls_config_reload(server, error));
	unit_ok(stream_write(w->a.s, "still here", 10));
	settle(w);
	assert_string_equal(w->b.text, "still here");
	assert_true(stream_peer_is(w->a.s, STR(HOST)));
	w->a.s = mem_unref(w->a.s);
	w->b.s = mem_unref(w->b.s);
	connect_there(w, client, HOST);
	settle(w);
	assert_true(stream_peer_is(w->a.s, STR("client.example.org")));
}


static void test_misuse(void)
{
	struct tls_config *client = config(NULL, "ca", 0);
	struct world *w = world(config("server", "ca", 0));
	struct addr peer = server_address(), local = peer;
	struct stream_listener *ln = NULL;
	char *name = unit_storage(TLS_NAME_MAX + 1);
	struct str names[] = {STR_NULL, STR("a\0b"), {name, TLS_NAME_MAX + 1}};

	memset(name, 'a', TLS_NAME_MAX + 1);
	addr_set_port(&local, 5062);
	unit_must(stream_listen(&ln, w->l, &local, client, on_accepted, w) == -EINVAL);
	for (size_t i = 0; i < 3; i++) {
		struct stream *s = NULL;

		unit_must(stream_connect(&s, w->l, &peer, NULL, client, names[i], &handler, w) ==
			  -EINVAL);
		assert_null(s);
	}
}


/* ---- Once over real sockets ---- */

struct real {
	struct loop *l;
	struct stream_listener *ln;
	struct stream *a, *b;
	struct timer guard;
	size_t received;
	bool guarded;
};


static void real_close(void *arg)
{
	struct real *r = arg;

	timer_cancel(&r->guard);
	mem_unref(r->a);
	mem_unref(r->b);
	mem_unref(r->ln);
	mem_unref(r->l);
}


static void real_recv(struct stream *s, const char *p, size_t n, void *arg)
{
	struct real *r = arg;

	if (s == r->b) {
		assert_int_equal(stream_write(s, p, n), 0);
		return;
	}
	r->received += n;
	if (r->received == 1000000)
		loop_stop(r->l);
}


static void real_closed(struct stream *s, int error, void *arg)
{
	(void)s;
	(void)arg;
	fail_msg("closed: %d", error);
}


static const struct stream_handler real_handler = {NULL, real_recv, NULL, real_closed};


static void real_accepted(struct stream_listener *ln, struct stream *s, void *arg)
{
	struct real *r = arg;

	(void)ln;
	r->b = s;
	stream_set_handler(s, &real_handler, r);
}


static void real_guard(struct timer *t, void *arg)
{
	struct real *r = arg;

	(void)t;
	r->guarded = true;
	loop_stop(r->l);
}


static void test_over_tcp(void)
{
	struct tls_config *server = config("server", "ca", 0), *client = config(NULL, "ca", 0);
	struct real *r = unit_storage(sizeof(*r));
	char *million = unit_storage(1000000);
	struct addr local;

	unit_defer(real_close, r);
	r->l = unit_ptr(loop_uv_alloc());
	assert_int_equal(addr_decode(&local, STR("127.0.0.1"), 0), 0);
	unit_ok(stream_listen(&r->ln, r->l, &local, server, real_accepted, r));
	unit_ok(stream_connect(&r->a, r->l, stream_listener_local(r->ln), NULL, client, STR(HOST),
			       &real_handler, r));
	unit_ok(stream_write(r->a, million, 1000000));
	timer_start(&r->guard, loop_timers(r->l), 20000, real_guard, r);
	loop_run(r->l);
	assert_false(r->guarded);
	assert_int_equal(r->received, 1000000);
	assert_true(stream_peer_is(r->a, STR(HOST)));
}


UNIT_MAIN(UNIT_TEST(test_echo), UNIT_TEST_PLAIN(test_echo_split_everywhere),
	  UNIT_TEST_PLAIN(test_flow), UNIT_TEST(test_shutdown_sends_the_rest),
	  UNIT_TEST(test_unref_inside), UNIT_TEST(test_truncated), UNIT_TEST_PLAIN(test_trust),
	  UNIT_TEST_PLAIN(test_client_certificates), UNIT_TEST(test_names),
	  UNIT_TEST(test_name_with_nul), UNIT_TEST(test_half_open), UNIT_TEST(test_not_tls),
	  UNIT_TEST_PLAIN(test_cut_in_handshake), UNIT_TEST(test_listener_unref),
	  UNIT_TEST(test_refused), UNIT_TEST(test_config_errors), UNIT_TEST(test_reload),
	  UNIT_TEST(test_misuse), UNIT_TEST_PLAIN(test_over_tcp))
