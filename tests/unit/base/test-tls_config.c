/* SPDX-License-Identifier: Apache-2.0 */
/* Whom TLS trusts, and what it is configured with. */
#include "base/tls_config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tls_world.h"


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
		struct tls_world *w = tls_world_open(tls_world_config(c->server, "ca", 0));

		unit_case("%s for %s trusting %s", c->server, c->name, c->client_ca);
		tls_world_connect(w, tls_world_config(NULL, c->client_ca, c->flags), c->name);
		tls_world_settle(w);
		assert_int_equal(w->a.connected, c->error == 0);
		assert_int_equal(w->a.closed, c->error != 0);
		assert_int_equal(w->a.error, c->error);
		if (c->flags && w->a.s)
			assert_int_equal(stream_peer_is(w->a.s, STR(HOST)), i == 10);
		tls_world_close(w);
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
		struct tls_world *w = tls_world_open(
			tls_world_config("server", "ca", c->server_flags));

		unit_case("flags %u certificate %s", c->server_flags,
			  c->certificate ? c->certificate : "none");
		tls_world_connect(w, tls_world_config(c->certificate, "ca", 0), HOST);
		tls_world_settle(w);
		assert_int_equal(w->accepted, c->accepted);
		assert_int_equal(w->a.closed, !c->accepted);
		if (!c->accepted)
			assert_int_equal(w->a.error, -EPROTO);
		if (w->b.s)
			assert_int_equal(stream_peer_is(w->b.s, STR("client.example.org")),
					 c->known);
		assert_int_equal(virtual_loop_streams(w->vl), c->accepted ? 2 : 0);
		tls_world_close(w);
	}
}


struct name_case {
	const char *cn, *names, *host;
	bool is;
	bool of_host; /* TLS_HOST_NAMES */
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
	/* RFC 4975 section 6.1: the host of an MSRP URI. */
	{"x", "DNS:im.example.com,URI:sip:example.com", "im.example.com", true, true},
	{"x", "DNS:im.example.com,URI:sip:example.com", "example.com", true, true},
	{"x", "DNS:im.example.com,URI:sip:example.com", "other.example.com", false, true},
	{"x", "DNS:*.example.com", "im.example.com", false, true},
	{"x", "IP:192.0.2.1", "192.0.2.1", true, true},
	{"x", "IP:192.0.2.1", "192.0.2.2", false, true},
	{"x", "IP:192.0.2.1", "example.com", false, true},
	{"x", "IP:2001:db8::1", "2001:db8:0::1", true, true},
	{"x", "IP:2001:db8::1", "2001:db8::2", false, true},
	{"x", "IP:192.0.2.1", "2001:db8::1", false, true},
	{"x", "DNS:192.0.2.1", "192.0.2.1", true, true},
	{"im.example.com", NULL, "im.example.com", true, true},
};


static void test_names(void)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");

	for (size_t i = 0; i < sizeof(name_cases) / sizeof(name_cases[0]); i++) {
		const struct name_case *c = &name_cases[i];
		struct tls_identity_spec spec = {"-", c->cn, c->names, NULL, 1};
		X509 *x = tls_certificate(key, &spec, NULL);
		bool is = tls_certificate_names(x, str_of(c->host), c->of_host);

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
	struct tls_identity_spec spec = {"-", "x", NULL, NULL, 1};
	X509 *x = tls_certificate(key, &spec, NULL);
	GENERAL_NAMES *names = GENERAL_NAMES_new();
	GENERAL_NAME *g = GENERAL_NAME_new();
	ASN1_IA5STRING *text = ASN1_IA5STRING_new();

	ASN1_STRING_set(text, name, sizeof(name) - 1);
	GENERAL_NAME_set0_value(g, GEN_DNS, text);
	sk_GENERAL_NAME_push(names, g);
	assert_int_equal(X509_add1_ext_i2d(x, NID_subject_alt_name, names, 0, 0), 1);
	assert_false(tls_certificate_names(x, STR("example.com"), true));
	GENERAL_NAMES_free(names);
	X509_free(x);
	EVP_PKEY_free(key);
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
	tls_world_files();
	for (size_t i = 0; i < sizeof(config_cases) / sizeof(config_cases[0]); i++) {
		const struct config_case *c = &config_cases[i];
		struct tls_params p = {tls_world_path(c->certificate, "crt"),
				       tls_world_path(c->key, "key"), tls_world_path(c->ca, "crt"),
				       0};
		struct tls_config *never = NULL;
		struct buf *error = unit_buf(500);
		char expected[200];
		int err;

		unit_case("%s %s %s", c->certificate, c->key, c->ca);
		snprintf(expected, sizeof(expected), c->error, tls_world_dir);
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
	struct tls_world *w;
	int err;

	tls_world_files();
	copy(tls_world_path("server", "crt"), tls_world_path("live", "crt"));
	copy(tls_world_path("server", "key"), tls_world_path("live", "key"));
	server = tls_world_config("live", "ca", 0);
	client = tls_world_config(NULL, "ca", TLS_INSECURE_NO_VERIFY);
	w = tls_world_open(server);
	assert_true(llabs(tls_config_expires(server) - (time(NULL) + 10 * 86400)) < 100);
	assert_int_equal(tls_config_expires(client), 0);

	/* A broken pair of files changes nothing. */
	copy(tls_world_path("second", "crt"), tls_world_path("live", "crt"));
	err = tls_config_reload(server, error);
	unit_must(err == -EINVAL);
	unit_must(error->n > 0);
	assert_true(llabs(tls_config_expires(server) - (time(NULL) + 10 * 86400)) < 100);
	tls_world_connect(w, client, HOST);
	tls_world_settle(w);
	assert_false(stream_peer_is(w->a.s, STR("other.example.org")));
	assert_true(stream_peer_is(w->a.s, STR(HOST)));

	/* The new one is for new connections; the old connection goes on. */
	copy(tls_world_path("client", "crt"), tls_world_path("live", "crt"));
	copy(tls_world_path("client", "key"), tls_world_path("live", "key"));
	unit_ok(tls_config_reload(server, error));
	unit_ok(stream_write(w->a.s, "still here", 10));
	tls_world_settle(w);
	assert_string_equal(w->b.text, "still here");
	assert_true(stream_peer_is(w->a.s, STR(HOST)));
	w->a.s = mem_unref(w->a.s);
	w->b.s = mem_unref(w->b.s);
	tls_world_connect(w, client, HOST);
	tls_world_settle(w);
	assert_true(stream_peer_is(w->a.s, STR("client.example.org")));
}


static void test_misuse(void)
{
	struct tls_config *client = tls_world_config(NULL, "ca", 0);
	struct tls_world *w = tls_world_open(tls_world_config("server", "ca", 0));
	struct addr peer = tls_world_address(), local = peer;
	struct stream_listener *ln = NULL;
	char *name = unit_storage(TLS_NAME_MAX + 1);
	struct str names[] = {STR_NULL, STR("a\0b"), {name, TLS_NAME_MAX + 1}};

	memset(name, 'a', TLS_NAME_MAX + 1);
	addr_set_port(&local, 5062);
	unit_must(stream_listen(&ln, w->l, &local, client, tls_world_accepted, w) == -EINVAL);
	for (size_t i = 0; i < 3; i++) {
		struct stream *s = NULL;

		unit_must(stream_connect(&s, w->l, &peer, NULL, client, names[i], &tls_end_handler,
					 w) == -EINVAL);
		assert_null(s);
	}
}


UNIT_MAIN(UNIT_TEST_PLAIN(test_trust), UNIT_TEST_PLAIN(test_client_certificates),
	  UNIT_TEST(test_names), UNIT_TEST(test_name_with_nul), UNIT_TEST(test_config_errors),
	  UNIT_TEST(test_reload), UNIT_TEST(test_misuse))
