/* SPDX-License-Identifier: Apache-2.0 */
/* Digest: the examples of the RFCs, both ends against each other, replays, and what is refused. */
#include "sip/digest.h"

#include <stdio.h>
#include <string.h>

#include "lib/unit.h"
#include "lib/virtual_loop.h"
#include "sip/digest_hash.h"
#include "sip/digest_nonce.h"

#define REALM STR("example.com")
#define URI STR("sip:bob@example.com")
#define METHOD STR("MESSAGE")

struct fixture {
	struct virtual_loop *vl;
	struct loop *loop;
	struct digest_server *server;
	struct digest_secret secret;
};


static struct fixture *fixture(void)
{
	struct fixture *f = unit_storage(sizeof(*f));

	f->vl = unit_own(virtual_loop_alloc(1));
	f->loop = virtual_loop_base(f->vl);
	unit_ok(digest_server_alloc(&f->server, f->loop));
	unit_own(f->server);
	unit_ok(digest_secret_init(&f->secret, STR("alice"), REALM, STR("secret")));
	return f;
}


/* ---- Vectors ---- */

static void release_hash(void *arg)
{
	digest_hash_done(arg);
}


static struct digest_hash *hashes(void)
{
	struct digest_hash *h = unit_storage(sizeof(*h));

	unit_ok(digest_hash_init(h));
	unit_defer(release_hash, h);
	return h;
}


static void test_vectors(void)
{
	static const struct {
		const char *what, *user, *realm, *password;
		enum digest_algorithm algorithm;
		struct digest_response r;
		const char *want;
	} rows[] = {
		{"RFC 2617 3.5",
		 "Mufasa",
		 "testrealm@host.com",
		 "Circle Of Life",
		 DIGEST_MD5,
		 {.nonce = STR_INIT("dcd98b7102dd2f0e8b11d0f600bfb0c093"),
		  .nc = STR_INIT("00000001"),
		  .cnonce = STR_INIT("0a4f113b"),
		  .qop = STR_INIT("auth"),
		  .method = STR_INIT("GET"),
		  .uri = STR_INIT("/dir/index.html")},
		 "6629fae49393a05397450978507c4ef1"},
		{"RFC 2617 3.5 without qop (RFC 2069)",
		 "Mufasa",
		 "testrealm@host.com",
		 "Circle Of Life",
		 DIGEST_MD5,
		 {.nonce = STR_INIT("dcd98b7102dd2f0e8b11d0f600bfb0c093"),
		  .method = STR_INIT("GET"),
		  .uri = STR_INIT("/dir/index.html")},
		 "670fd8c2df070c60b045671b8b24ff02"},
		{"RFC 7616 3.9.1 MD5",
		 "Mufasa",
		 "http-auth@example.org",
		 "Circle of Life",
		 DIGEST_MD5,
		 {.nonce = STR_INIT("7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"),
		  .nc = STR_INIT("00000001"),
		  .cnonce = STR_INIT("f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"),
		  .qop = STR_INIT("auth"),
		  .method = STR_INIT("GET"),
		  .uri = STR_INIT("/dir/index.html")},
		 "8ca523f5e9506fed4657c9700eebdbec"},
		{"RFC 7616 3.9.1 SHA-256",
		 "Mufasa",
		 "http-auth@example.org",
		 "Circle of Life",
		 DIGEST_SHA256,
		 {.nonce = STR_INIT("7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"),
		  .nc = STR_INIT("00000001"),
		  .cnonce = STR_INIT("f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"),
		  .qop = STR_INIT("auth"),
		  .method = STR_INIT("GET"),
		  .uri = STR_INIT("/dir/index.html")},
		 "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"},
	};
	struct digest_hash *h = hashes();

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct digest_response r = rows[i].r;
		char ha1[DIGEST_HEX_MAX], got[DIGEST_HEX_MAX];

		unit_case("%s", rows[i].what);
		unit_ok(digest_hash_hex(h, rows[i].algorithm,
					(struct str[]){str_of(rows[i].user), str_of(rows[i].realm),
						       str_of(rows[i].password)},
					3, ha1));
		r.algorithm = rows[i].algorithm;
		r.ha1 = str_of(ha1);
		unit_ok(digest_hash_response(h, &r, got));
		assert_string_equal(got, rows[i].want);
	}
}


static void test_secret(void)
{
	struct digest_secret s;

	unit_ok(digest_secret_init(&s, STR("Mufasa"), STR("testrealm@host.com"),
				   STR("Circle Of Life")));
	assert_string_equal(s.ha1[DIGEST_MD5], "939e7578ed9e3c518a452acee763bce9");
	assert_int_equal(strlen(s.ha1[DIGEST_SHA256]), 64);
}


/* ---- Both ends ---- */

/* The value of the challenge line for this algorithm. */
static struct str challenge_line(struct str lines, enum auth_algorithm a, struct auth_challenge *c)
{
	while (lines.n) {
		struct str line = str_cut(&lines, '\n');
		ptrdiff_t colon = str_find(line, ':');

		assert_true(colon > 0);
		assert_int_equal(
			auth_challenge_decode(c, str_trim(str_from(line, (size_t)colon + 1))), 0);
		if (c->algorithm == a)
			return line;
	}
	fail_msg("no such challenge");
	return STR_NULL;
}


static struct str challenge(struct fixture *f, enum auth_algorithm a, bool stale,
			    struct auth_challenge *c)
{
	struct buf *b = unit_buf(4096);

	digest_challenge(f->server, REALM, false, stale, b);
	unit_must(!b->failed);
	return challenge_line(buf_str(b), a, c);
}


/* A 401 with these lines, decoded. */
static void response_with(struct sip_msg *m, struct str lines)
{
	struct buf *b = unit_buf(8192);

	buf_puts(b, STR("SIP/2.0 401 Unauthorized\r\nVia: SIP/2.0/UDP h;branch=z9hG4bKx\r\n"
			"From: <sip:a@h>;tag=1\r\nTo: <sip:b@h>;tag=2\r\nCall-ID: c\r\n"
			"CSeq: 1 MESSAGE\r\nContent-Length: 0\r\n"));
	buf_puts(b, lines);
	buf_puts(b, STR("\r\n"));
	unit_must(!b->failed);
	assert_int_equal(sip_msg_decode(m, buf_str(b), false), SIP_DECODE_OK);
}


static struct digest_client *client(struct str lines)
{
	struct digest_client *c = unit_storage(sizeof(*c));
	struct sip_msg m;

	response_with(&m, lines);
	assert_int_equal(digest_client_take(c, &m), 0);
	return c;
}


/* The credentials in a line that the client wrote. */
static void answer(struct fixture *f, struct digest_client *c, const char *user,
		   const char *password, struct auth_credentials *ret)
{
	struct buf *b = unit_buf(4096);
	struct str line;

	unit_ok(digest_answer(c, f->loop, str_of(user), str_of(password), METHOD, URI, b));
	line = buf_str(b);
	assert_true(str_starts(line, STR("Authorization: Digest ")));
	assert_true(str_ends(line, STR("\r\n")));
	assert_int_equal(
		auth_credentials_decode(ret, str_trim(str_from(line, strlen("Authorization: ")))),
		0);
}


static enum digest_verdict verify(struct fixture *f, const struct auth_credentials *c)
{
	return digest_verify(f->server, c, METHOD, URI, STR(""), &f->secret);
}


static void test_round_trip(void)
{
	struct fixture *f = fixture();
	struct buf *lines = unit_buf(4096);
	struct digest_client *c;
	struct auth_credentials a;

	digest_challenge(f->server, REALM, false, false, lines);
	unit_must(!lines->failed);
	/* RFC 8760 2.4: strongest first. */
	assert_true(str_find_str(buf_str(lines), STR("SHA-256")) <
		    str_find_str(buf_str(lines), STR("algorithm=MD5")));
	c = client(buf_str(lines));
	assert_int_equal(c->algorithm, DIGEST_SHA256);
	for (int i = 0; i < 100; i++) {
		answer(f, c, "alice", "secret", &a);
		assert_int_equal(a.nc, i + 1);
		unit_must(verify(f, &a) == DIGEST_OK);
		unit_must(verify(f, &a) == DIGEST_STALE);
	}
	answer(f, c, "alice", "Secret", &a);
	assert_int_equal(verify(f, &a), DIGEST_WRONG);
	answer(f, c, "bob", "secret", &a);
	assert_int_equal(verify(f, &a), DIGEST_WRONG);
	answer(f, c, "alice", "secret", &a);
	assert_int_equal(digest_verify(f->server, &a, METHOD, URI, STR(""), NULL), DIGEST_WRONG);
	assert_int_equal(digest_verify(f->server, &a, STR("INVITE"), URI, STR(""), &f->secret),
			 DIGEST_WRONG);
	assert_int_equal(digest_verify(f->server, &a, METHOD, STR("sip:eve@example.com"), STR(""),
				       &f->secret),
			 DIGEST_MALFORMED);
	/* None of these used up the count. */
	unit_must(digest_verify(f->server, &a, METHOD, STR("sip:bob@EXAMPLE.com"), STR(""),
				&f->secret) == DIGEST_OK);
}


static void test_md5_alone(void)
{
	struct fixture *f = fixture();
	struct auth_challenge ch;
	struct buf *b = unit_buf(4096);
	struct auth_credentials a;
	struct digest_client *c;

	buf_puts(b, challenge(f, AUTH_MD5, false, &ch));
	buf_puts(b, STR("\n"));
	c = client(buf_str(b));
	assert_int_equal(c->algorithm, DIGEST_MD5);
	answer(f, c, "alice", "secret", &a);
	unit_must(verify(f, &a) == DIGEST_OK);
	/* A secret without this algorithm is nobody's. */
	answer(f, c, "alice", "secret", &a);
	f->secret.ha1[DIGEST_MD5][0] = 0;
	assert_int_equal(verify(f, &a), DIGEST_WRONG);
}


static void test_stale(void)
{
	struct fixture *f = fixture();
	struct auth_challenge ch;
	struct buf *b = unit_buf(4096);
	struct auth_credentials a;
	struct digest_client *c;

	buf_puts(b, challenge(f, AUTH_SHA256, true, &ch));
	assert_true(ch.stale);
	buf_puts(b, STR("\n"));
	c = client(buf_str(b));
	virtual_loop_advance(f->vl, DIGEST_NONCE_MS - 1);
	answer(f, c, "alice", "secret", &a);
	unit_must(verify(f, &a) == DIGEST_OK);
	virtual_loop_advance(f->vl, 1);
	answer(f, c, "alice", "secret", &a);
	unit_must(verify(f, &a) == DIGEST_STALE);
	answer(f, c, "alice", "wrong", &a);
	assert_int_equal(verify(f, &a), DIGEST_WRONG);
	/* A nonce of another server, or of this one before it began again. */
	strcpy(c->nonce, "dcd98b7102dd2f0e8b11d0f600bfb0c093");
	answer(f, c, "alice", "secret", &a);
	unit_must(verify(f, &a) == DIGEST_STALE);
}


/* Credentials as a client of our own choosing would make them. */
static enum digest_verdict by_hand(struct fixture *f, struct str nonce, uint32_t nc,
				   enum auth_qop qop, const char *body_signed,
				   const char *body_sent)
{
	struct digest_hash *h = hashes();
	char text[9], hex[DIGEST_HEX_MAX];
	struct auth_credentials a = {
		.scheme = STR("Digest"),
		.digest = true,
		.username = STR("alice"),
		.realm = REALM,
		.nonce = nonce,
		.uri = URI,
		.algorithm = AUTH_SHA256,
		.qop = qop,
		.nc = nc,
	};
	struct digest_response r = {
		.algorithm = DIGEST_SHA256,
		.ha1 = str_of(f->secret.ha1[DIGEST_SHA256]),
		.nonce = nonce,
		.method = METHOD,
		.uri = URI,
		.with_body = qop == AUTH_QOP_AUTH_INT,
		.body = str_of(body_signed),
	};

	if (qop != AUTH_QOP_NONE) {
		snprintf(text, sizeof(text), "%08x", nc);
		r.nc = a.nc_text = str_of(text);
		r.cnonce = a.cnonce = STR("abc");
		r.qop = auth_qop_name(qop);
	}
	unit_ok(digest_hash_response(h, &r, hex));
	a.response = str_of(hex);
	return digest_verify(f->server, &a, METHOD, URI, str_of(body_sent), &f->secret);
}


static struct str fresh(struct fixture *f)
{
	struct auth_challenge ch;

	(void)challenge(f, AUTH_SHA256, false, &ch);
	return ch.nonce;
}


static void test_counts(void)
{
	static const struct {
		uint32_t nc;
		enum digest_verdict want;
	} rows[] = {
		{5, DIGEST_OK},
		{5, DIGEST_STALE},
		{3, DIGEST_OK},
		{3, DIGEST_STALE},
		{4, DIGEST_OK},
		{68, DIGEST_OK},
		{5, DIGEST_STALE},
		{4, DIGEST_STALE},
		{6, DIGEST_OK},
		{6, DIGEST_STALE},
		{69, DIGEST_OK},
		{1000000, DIGEST_OK},
		{70, DIGEST_STALE},
		{999999, DIGEST_OK},
		{1000000 - 63, DIGEST_OK},
		{1000000 - 64, DIGEST_STALE},
		{UINT32_MAX, DIGEST_OK},
		{UINT32_MAX, DIGEST_STALE},
		{0, DIGEST_MALFORMED},
	};
	struct fixture *f = fixture();
	struct str nonce = fresh(f);

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		enum digest_verdict v = by_hand(f, nonce, rows[i].nc, AUTH_QOP_AUTH, "", "");

		unit_case("row %zu nc %u", i, rows[i].nc);
		unit_must(v == rows[i].want);
	}
}


static void test_without_qop(void)
{
	struct fixture *f = fixture();
	struct str nonce = fresh(f);

	unit_must(by_hand(f, nonce, 0, AUTH_QOP_NONE, "", "") == DIGEST_OK);
	unit_must(by_hand(f, nonce, 0, AUTH_QOP_NONE, "", "") == DIGEST_STALE);
	unit_must(by_hand(f, nonce, 1, AUTH_QOP_AUTH, "", "") == DIGEST_STALE);
	nonce = fresh(f);
	unit_must(by_hand(f, nonce, 1, AUTH_QOP_AUTH, "", "") == DIGEST_OK);
	unit_must(by_hand(f, nonce, 0, AUTH_QOP_NONE, "", "") == DIGEST_STALE);
}


static void test_auth_int(void)
{
	struct fixture *f = fixture();
	struct str nonce = fresh(f);

	unit_must(by_hand(f, nonce, 1, AUTH_QOP_AUTH_INT, "hello", "hello") == DIGEST_OK);
	unit_must(by_hand(f, nonce, 2, AUTH_QOP_AUTH_INT, "hello", "hallo") == DIGEST_WRONG);
	unit_must(by_hand(f, nonce, 2, AUTH_QOP_AUTH_INT, "", "") == DIGEST_OK);
}


static void test_forged_nonce(void)
{
	struct fixture *f = fixture();
	struct buf *b = unit_buf(256);
	struct str nonce = fresh(f);

	assert_int_equal(nonce.n, DIGEST_NONCE_N);
	for (size_t i = 0; i < nonce.n; i++) {
		buf_clear(b);
		buf_puts(b, nonce);
		unit_must(!b->failed);
		b->p[i] = b->p[i] == '0' ? '1' : '0';
		unit_must(by_hand(f, buf_str(b), 1, AUTH_QOP_AUTH, "", "") == DIGEST_STALE);
	}
	unit_must(by_hand(f, str_upto(nonce, nonce.n - 1), 1, AUTH_QOP_AUTH, "", "") ==
		  DIGEST_STALE);
	unit_must(by_hand(f, STR(""), 1, AUTH_QOP_AUTH, "", "") == DIGEST_STALE);
	unit_must(by_hand(f, nonce, 1, AUTH_QOP_AUTH, "", "") == DIGEST_OK);
}


static void nonces_done(void *arg)
{
	digest_nonces_done(arg);
}


static struct str put_nonce(struct digest_nonces *d, char text[static DIGEST_NONCE_N])
{
	struct buf b;

	buf_fixed(&b, text, DIGEST_NONCE_N);
	digest_nonce_put(d, &b);
	assert_false(b.failed);
	return buf_str(&b);
}


/* What was forgotten for want of room cannot be used again. */
static void test_many_nonces(void)
{
	struct virtual_loop *vl = unit_own(virtual_loop_alloc(1));
	struct digest_nonces *d = unit_storage(sizeof(*d));
	char first[DIGEST_NONCE_N], unused[DIGEST_NONCE_N], text[DIGEST_NONCE_N];

	unit_ok(digest_nonces_init(d, virtual_loop_base(vl)));
	unit_defer(nonces_done, d);
	put_nonce(d, unused);
	assert_true(digest_nonce_use(d, put_nonce(d, first), 1));
	for (int i = 0; i < DIGEST_NONCES_MAX; i++)
		assert_true(digest_nonce_use(d, put_nonce(d, text), 1));
	assert_int_equal(d->used.count, DIGEST_NONCES_MAX);
	assert_false(digest_nonce_use(d, (struct str){first, sizeof(first)}, 2));
	assert_false(digest_nonce_use(d, (struct str){unused, sizeof(unused)}, 1));
	assert_true(digest_nonce_use(d, (struct str){text, sizeof(text)}, 2));
	/* Expired ones go all at once. */
	virtual_loop_advance(vl, DIGEST_NONCE_MS);
	assert_true(digest_nonce_use(d, put_nonce(d, text), 1));
	assert_int_equal(d->used.count, 1);
}


/* ---- Odd credentials and challenges ---- */

static void test_refused(void)
{
	struct fixture *f = fixture();
	struct auth_credentials a = {.scheme = STR("Bearer")};

	assert_int_equal(verify(f, &a), DIGEST_WRONG);
	a = (struct auth_credentials){
		.scheme = STR("Digest"),
		.digest = true,
		.username = STR("alice"),
		.realm = REALM,
		.nonce = fresh(f),
		.uri = URI,
		.response = STR("x"),
		.algorithm = AUTH_SHA512_256,
	};
	assert_int_equal(verify(f, &a), DIGEST_WRONG);
	a.algorithm = AUTH_MD5_SESS;
	assert_int_equal(verify(f, &a), DIGEST_WRONG);
	a.algorithm = AUTH_SHA256;
	assert_int_equal(verify(f, &a), DIGEST_WRONG);
	a.qop = AUTH_QOP_OTHER;
	assert_int_equal(verify(f, &a), DIGEST_MALFORMED);
	a.qop = AUTH_QOP_AUTH;
	assert_int_equal(verify(f, &a), DIGEST_MALFORMED);
}


static void test_client_choice(void)
{
	static const struct {
		const char *lines;
		int want;
		enum digest_algorithm algorithm;
		const char *nonce;
		bool qop;
	} rows[] = {
		{"WWW-Authenticate: Digest realm=\"r\", nonce=\"n1\"\r\n", 0, DIGEST_MD5, "n1",
		 false},
		{"WWW-Authenticate: Digest realm=\"r\", nonce=\"n1\", algorithm=MD5, "
		 "qop=\"auth\"\r\n"
		 "WWW-Authenticate: Digest realm=\"r\", nonce=\"n2\", algorithm=SHA-256, "
		 "qop=\"auth,auth-int\"\r\n",
		 0, DIGEST_SHA256, "n2", true},
		{"WWW-Authenticate: Digest realm=\"r\", nonce=\"n1\", algorithm=SHA-256, "
		 "qop=\"auth\"\r\n"
		 "WWW-Authenticate: Digest realm=\"r\", nonce=\"n2\", algorithm=MD5, "
		 "qop=\"auth\"\r\n",
		 0, DIGEST_SHA256, "n1", true},
		{"WWW-Authenticate: Digest realm=\"r\", nonce=\"n1\", algorithm=SHA-256, "
		 "qop=\"auth-int\"\r\n"
		 "WWW-Authenticate: Digest realm=\"r\", nonce=\"n2\"\r\n",
		 0, DIGEST_MD5, "n2", false},
		{"WWW-Authenticate: Digest realm=\"r\", nonce=\"n1\", algorithm=AKAv1-MD5\r\n",
		 -ENOTSUP},
		{"WWW-Authenticate: Basic realm=\"r\"\r\n", -ENOTSUP},
		{"", -ENOTSUP},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct digest_client c;
		struct sip_msg m;

		unit_case("row %zu", i);
		response_with(&m, str_of(rows[i].lines));
		assert_int_equal(digest_client_take(&c, &m), rows[i].want);
		if (rows[i].want)
			continue;
		assert_int_equal(c.algorithm, rows[i].algorithm);
		assert_string_equal(c.nonce, rows[i].nonce);
		assert_int_equal(c.qop_auth, rows[i].qop);
	}
}


static void test_long_challenge(void)
{
	struct buf *b = unit_buf(4096);
	struct digest_client c;
	struct sip_msg m;

	buf_puts(b, STR("WWW-Authenticate: Digest realm=\"r\", nonce=\""));
	for (int i = 0; i < 300; i++)
		buf_putc(b, 'n');
	buf_puts(b, STR("\"\r\n"));
	response_with(&m, buf_str(b));
	assert_int_equal(digest_client_take(&c, &m), -ENOTSUP);
}


/* Quotes in a name: both ends hash what stands between the quotes on the wire. */
static void test_quoting(void)
{
	struct fixture *f = fixture();
	struct auth_challenge ch;
	struct buf *b = unit_buf(4096);
	struct auth_credentials a;

	unit_ok(digest_secret_init(&f->secret, STR("al\"ic\\e"), REALM, STR("secret")));
	buf_puts(b, challenge(f, AUTH_SHA256, false, &ch));
	buf_puts(b, STR("\n"));
	answer(f, client(buf_str(b)), "al\"ic\\e", "secret", &a);
	unit_str(a.username, "al\\\"ic\\\\e");
	unit_must(verify(f, &a) == DIGEST_OK);
}


static void test_proxy(void)
{
	struct fixture *f = fixture();
	struct buf *lines = unit_buf(4096), *b = unit_buf(8192), *out = unit_buf(4096);
	struct digest_client c;
	struct sip_msg m;

	digest_challenge(f->server, REALM, true, false, lines);
	unit_must(!lines->failed);
	assert_true(str_starts(buf_str(lines), STR("Proxy-Authenticate: Digest ")));
	buf_puts(b, STR("SIP/2.0 407 P\r\nVia: SIP/2.0/UDP h;branch=z9hG4bKx\r\n"
			"From: <sip:a@h>;tag=1\r\nTo: <sip:b@h>;tag=2\r\nCall-ID: c\r\n"
			"CSeq: 1 MESSAGE\r\nContent-Length: 0\r\n"));
	buf_puts(b, buf_str(lines));
	buf_puts(b, STR("\r\n"));
	unit_must(!b->failed);
	assert_int_equal(sip_msg_decode(&m, buf_str(b), false), SIP_DECODE_OK);
	assert_int_equal(digest_client_take(&c, &m), 0);
	assert_true(c.proxy);
	unit_ok(digest_answer(&c, f->loop, STR("alice"), STR("secret"), METHOD, URI, out));
	assert_true(str_starts(buf_str(out), STR("Proxy-Authorization: Digest ")));
}


UNIT_MAIN(UNIT_TEST(test_vectors), UNIT_TEST(test_secret), UNIT_TEST(test_round_trip),
	  UNIT_TEST(test_md5_alone), UNIT_TEST(test_stale), UNIT_TEST(test_counts),
	  UNIT_TEST(test_without_qop), UNIT_TEST(test_auth_int), UNIT_TEST(test_forged_nonce),
	  UNIT_TEST_PLAIN(test_many_nonces), UNIT_TEST(test_refused), UNIT_TEST(test_client_choice),
	  UNIT_TEST(test_long_challenge), UNIT_TEST(test_quoting), UNIT_TEST(test_proxy))
