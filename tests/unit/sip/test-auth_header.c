/* SPDX-License-Identifier: Apache-2.0 */
#include "sip/auth_header.h"

#include <stdio.h>

#include "lib/unit.h"

/* RFC 3261 20.44 */
static const char challenge_text[] =
	"Digest realm=\"atlanta.com\",\r\n domain=\"sip:boxesbybob.com\", qop=\"auth\",\r\n"
	" nonce=\"f84f1cec41e6cbe5aea9c8e88d359\",\r\n opaque=\"\", stale=FALSE, algorithm=MD5";


static void is(struct str s, const char *want)
{
	if (want)
		unit_str(s, want);
	else
		assert_null(s.p);
}


static void test_challenge(void)
{
	struct auth_challenge c;

	assert_int_equal(auth_challenge_decode(&c, str_of(challenge_text)), 0);
	assert_true(c.digest);
	unit_str(c.realm, "atlanta.com");
	unit_str(c.domain, "sip:boxesbybob.com");
	unit_str(c.nonce, "f84f1cec41e6cbe5aea9c8e88d359");
	assert_non_null(c.opaque.p);
	unit_str(c.opaque, "");
	assert_false(c.stale);
	assert_int_equal(c.algorithm, AUTH_MD5);
	assert_true(c.qop && c.qop_auth && !c.qop_auth_int);
}


static void test_challenge_forms(void)
{
	static const struct {
		const char *text;
		enum auth_algorithm algorithm;
		bool stale, qop, qop_auth, qop_auth_int;
	} rows[] = {
		{"Digest realm=\"r\",nonce=\"n\"", AUTH_MD5, false, false, false, false},
		{"digest REALM=\"r\",NONCE=\"n\",Algorithm=sha-256", AUTH_SHA256, false, false,
		 false, false},
		{"Digest realm=\"r\",nonce=\"n\",algorithm=SHA-512-256", AUTH_SHA512_256, false,
		 false, false, false},
		{"Digest realm=\"r\",nonce=\"n\",algorithm=MD5-sess", AUTH_MD5_SESS, false, false,
		 false, false},
		{"Digest realm=\"r\",nonce=\"n\",algorithm=AKAv1-MD5", AUTH_ALGORITHM_OTHER, false,
		 false, false, false},
		{"Digest realm=\"r\",nonce=\"n\",algorithm=\"MD5\",stale=\"TRUE\"", AUTH_MD5, true,
		 false, false, false},
		{"Digest realm=\"r\" , nonce=\"n\" , qop=\"auth , auth-int\"", AUTH_MD5, false,
		 true, true, true},
		{"Digest realm=\"r\",nonce=\"n\",qop=auth-int", AUTH_MD5, false, true, false, true},
		{"Digest realm=\"r\",nonce=\"n\",qop=\"other\"", AUTH_MD5, false, true, false,
		 false},
		{"Digest realm=\"r\",,nonce=\"n\",new=thing,new=\"thing\"", AUTH_MD5, false, false,
		 false, false},
		{"Digest\r\n realm = \"r\" ,\r\n nonce = n", AUTH_MD5, false, false, false, false},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct auth_challenge c;

		unit_case("%s", rows[i].text);
		assert_int_equal(auth_challenge_decode(&c, str_of(rows[i].text)), 0);
		unit_str(c.realm, "r");
		unit_str(c.nonce, "n");
		assert_int_equal(c.algorithm, rows[i].algorithm);
		assert_int_equal(c.stale, rows[i].stale);
		assert_int_equal(c.qop, rows[i].qop);
		assert_int_equal(c.qop_auth, rows[i].qop_auth);
		assert_int_equal(c.qop_auth_int, rows[i].qop_auth_int);
	}
}


static void test_challenge_bad(void)
{
	static const char *const bad[] = {
		"",
		" ",
		"Digest",
		"Digest ",
		"Digest realm=\"r\"",
		"Digest nonce=\"n\"",
		"realm=\"r\",nonce=\"n\"",
		"Digest realm=\"r\" nonce=\"n\"",
		"Digest realm=\"r\",nonce=\"n",
		"Digest realm=,nonce=\"n\"",
		"Digest realm=\"r\",nonce=\"n\",realm=\"s\"",
		"Digest realm=\"r\",nonce=\"n\",nonce=\"m\"",
		"Digest realm=\"r\",nonce=\"n\",qop=\"auth\",qop=\"auth\"",
		"Digest realm=\"r\",nonce=\"n\",opaque",
		"Digest realm=\"r\",nonce=\"n\",=x",
		"Digest realm=\"r\",nonce=\"n\" x",
		"Digest realm=\"r\",nonce=\"n\", Digest realm=\"r\",nonce=\"n\"",
		"\"Digest\" realm=\"r\",nonce=\"n\"",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct auth_challenge c = {.stale = true};

		unit_case("%s", bad[i]);
		assert_int_equal(auth_challenge_decode(&c, str_of(bad[i])), -EBADMSG);
		assert_true(c.stale);
	}
	assert_int_equal(auth_challenge_decode(&(struct auth_challenge){0}, STR_NULL), -EBADMSG);
}


static void test_other_scheme(void)
{
	struct auth_challenge c;
	struct auth_credentials k;

	assert_int_equal(auth_challenge_decode(&c, STR("Bearer realm=\"x\", scope=\"y\"")), 0);
	assert_false(c.digest);
	unit_str(c.scheme, "Bearer");
	assert_null(c.realm.p);
	assert_int_equal(auth_credentials_decode(&k, STR("Bearer abc.def==")), 0);
	assert_false(k.digest);
	assert_null(k.realm.p);
	assert_int_equal(auth_credentials_decode(&k, STR("NoOneKnowsThisScheme opaque-data=here")),
			 0);
	unit_str(k.scheme, "NoOneKnowsThisScheme");
}


static void test_challenge_encode(void)
{
	struct buf *b = unit_buf(1024);
	struct auth_challenge c, back;

	c = (struct auth_challenge){.realm = STR_INIT("a \"b\" \\c"),
				    .nonce = STR_INIT("n"),
				    .opaque = STR_INIT("o"),
				    .algorithm = AUTH_SHA256,
				    .stale = true,
				    .qop_auth = true,
				    .qop_auth_int = true};
	auth_challenge_encode(&c, b);
	unit_buf_is(b, "Digest realm=\"a \\\"b\\\" \\c\", nonce=\"n\", opaque=\"o\", stale=true, "
		       "algorithm=SHA-256, "
		       "qop=\"auth,auth-int\"");
	assert_int_equal(auth_challenge_decode(&back, buf_str(b)), 0);
	assert_true(back.stale && back.qop_auth && back.qop_auth_int);
	assert_int_equal(back.algorithm, AUTH_SHA256);

	buf_clear(b);
	c = (struct auth_challenge){.realm = STR_INIT("r\r\nx"),
				    .nonce = STR_INIT("n"),
				    .domain = STR_INIT("sip:x"),
				    .algorithm = AUTH_ALGORITHM_OTHER,
				    .algorithm_text = STR_INIT("AKAv1-MD5")};
	auth_challenge_encode(&c, b);
	unit_buf_is(b, "Digest realm=\"r  x\", domain=\"sip:x\", nonce=\"n\", algorithm=AKAv1-MD5");

	/* Decoded and encoded, text that was escaped is as it was. */
	buf_clear(b);
	assert_int_equal(
		auth_challenge_decode(&back, STR("Digest realm=\"a\\\"b\\\\\",nonce=\"n\"")), 0);
	unit_str(back.realm, "a\\\"b\\\\");
	auth_challenge_encode(&back, b);
	unit_buf_is(b, "Digest realm=\"a\\\"b\\\\\", nonce=\"n\", algorithm=MD5");
}


static void test_credentials(void)
{
	struct auth_credentials c;

	/* RFC 3261 20.7 */
	assert_int_equal(
		auth_credentials_decode(
			&c,
			STR("Digest username=\"Alice\", realm=\"atlanta.com\",\r\n"
			    " nonce=\"84a4cc6f3082121f32b42a2187831a9e\",uri=\"sip:x;y=\\\"z\",\r\n"
			    " response=\"7587245234b3434cc3412213e5f113a5432\"")),
		0);
	unit_str(c.username, "Alice");
	unit_str(c.realm, "atlanta.com");
	unit_str(c.nonce, "84a4cc6f3082121f32b42a2187831a9e");
	unit_str(c.uri, "sip:x;y=\\\"z");
	unit_str(c.response, "7587245234b3434cc3412213e5f113a5432");
	is(c.cnonce, NULL);
	is(c.opaque, NULL);
	assert_int_equal(c.qop, AUTH_QOP_NONE);
	assert_int_equal(c.algorithm, AUTH_MD5);

	assert_int_equal(auth_credentials_decode(
				 &c,
				 STR("Digest username=\"u\",realm=\"r\",nonce=\"n\",uri=\"sip:x\","
				     "response=\"r\",algorithm=SHA-256,cnonce=\"c\",opaque=\"o\","
				     "qop=auth,nc=0000001F,x=y")),
			 0);
	assert_int_equal(c.algorithm, AUTH_SHA256);
	assert_int_equal(c.qop, AUTH_QOP_AUTH);
	assert_int_equal(c.nc, 31);
	unit_str(c.nc_text, "0000001F");
	unit_str(c.cnonce, "c");
	unit_str(c.opaque, "o");
}


#define CREDS "Digest username=\"u\",realm=\"r\",nonce=\"n\",uri=\"sip:x\",response=\"s\""


static void test_credentials_forms(void)
{
	static const struct {
		const char *text;
		bool good;
		enum auth_qop qop;
	} rows[] = {
		{CREDS, true, AUTH_QOP_NONE},
		{CREDS ",qop=auth-int,cnonce=\"c\",nc=00000001", true, AUTH_QOP_AUTH_INT},
		{CREDS ",qop=\"auth\",cnonce=\"c\",nc=\"00000001\"", true, AUTH_QOP_AUTH},
		{CREDS ",qop=new,cnonce=\"c\",nc=00000001", true, AUTH_QOP_OTHER},
		{CREDS ",qop=auth,nc=00000001", false, AUTH_QOP_NONE},
		{CREDS ",qop=auth,cnonce=\"c\"", false, AUTH_QOP_NONE},
		{CREDS ",nc=1", false, AUTH_QOP_NONE},
		{CREDS ",nc=0000000g", false, AUTH_QOP_NONE},
		{CREDS ",nc=000000001", false, AUTH_QOP_NONE},
		{CREDS ",nc=00000001,nc=00000001", false, AUTH_QOP_NONE},
		{CREDS ",qop=auth,qop=auth,cnonce=\"c\",nc=00000001", false, AUTH_QOP_NONE},
		{CREDS ",username=\"v\"", false, AUTH_QOP_NONE},
		{CREDS ", Digest username=\"v\"", false, AUTH_QOP_NONE},
		{CREDS " x", false, AUTH_QOP_NONE},
		{"Digest realm=\"r\",nonce=\"n\",uri=\"sip:x\",response=\"s\"", false,
		 AUTH_QOP_NONE},
		{"Digest username=\"u\",nonce=\"n\",uri=\"sip:x\",response=\"s\"", false,
		 AUTH_QOP_NONE},
		{"Digest username=\"u\",realm=\"r\",uri=\"sip:x\",response=\"s\"", false,
		 AUTH_QOP_NONE},
		{"Digest username=\"u\",realm=\"r\",nonce=\"n\",response=\"s\"", false,
		 AUTH_QOP_NONE},
		{"Digest username=\"u\",realm=\"r\",nonce=\"n\",uri=\"sip:x\"", false,
		 AUTH_QOP_NONE},
		{"Digest username=\"u\",realm=\"r\",nonce=\"n\",uri=\"sip:x\",response=\"\"", false,
		 AUTH_QOP_NONE},
		{"Digest", false, AUTH_QOP_NONE},
		{"", false, AUTH_QOP_NONE},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct auth_credentials c;

		unit_case("%s", rows[i].text);
		assert_int_equal(auth_credentials_decode(&c, str_of(rows[i].text)),
				 rows[i].good ? 0 : -EBADMSG);
		if (rows[i].good)
			assert_int_equal(c.qop, rows[i].qop);
	}
}


static void test_credentials_encode(void)
{
	struct buf *b = unit_buf(1024);
	struct auth_credentials c, back;

	c = (struct auth_credentials){.username = STR_INIT("u"),
				      .realm = STR_INIT("r"),
				      .nonce = STR_INIT("n"),
				      .uri = STR_INIT("sip:x"),
				      .response = STR_INIT("s"),
				      .opaque = STR_INIT(""),
				      .cnonce = STR_INIT("c"),
				      .algorithm = AUTH_SHA256,
				      .qop = AUTH_QOP_AUTH,
				      .nc = 10};
	auth_credentials_encode(&c, b);
	unit_buf_is(
		b,
		"Digest username=\"u\", realm=\"r\", nonce=\"n\", uri=\"sip:x\", response=\"s\", "
		"algorithm=SHA-256, opaque=\"\", cnonce=\"c\", qop=auth, nc=0000000a");
	assert_int_equal(auth_credentials_decode(&back, buf_str(b)), 0);
	assert_int_equal(back.nc, 10);

	buf_clear(b);
	c.qop = AUTH_QOP_NONE;
	c.opaque = STR_NULL;
	auth_credentials_encode(&c, b);
	unit_buf_is(
		b,
		"Digest username=\"u\", realm=\"r\", nonce=\"n\", uri=\"sip:x\", response=\"s\", "
		"algorithm=SHA-256");
}


static void decode(struct sip_msg *m, char *text, size_t n, const char *lines)
{
	snprintf(text, n,
		 "SIP/2.0 401 Unauthorized\r\nVia: SIP/2.0/UDP a\r\nFrom: <sip:a>\r\nTo: "
		 "<sip:b>;tag=t\r\n"
		 "Call-ID: c\r\nCSeq: 1 REGISTER\r\n%s\r\n",
		 lines);
	assert_int_equal(sip_msg_decode(m, str_of(text), false), SIP_DECODE_OK);
}


static void test_every_challenge(void)
{
	static const char *const realms[] = {"1", "2", NULL, "3", "4", "5"};
	char text[2048];
	struct sip_msg m;
	struct auth_challenges it;
	struct auth_challenge c;

	decode(&m, text, sizeof(text),
	       "WWW-Authenticate: Digest realm=\"1\",nonce=\"n\",algorithm=SHA-256\r\n"
	       "Proxy-Authenticate: Digest realm=\"p\",nonce=\"n\"\r\n"
	       "WWW-Authenticate: Digest realm=\"2\",nonce=\"n\", Bearer realm=\"x\", Digest "
	       "realm=\"3\",nonce=\"n\"\r\n"
	       "WWW-Authenticate: Digest realm=\"bad\"\r\n"
	       "WWW-Authenticate:\r\n"
	       "WWW-Authenticate: \"nonsense\r\n"
	       "WWW-Authenticate: Digest realm=\"bad\", Digest realm=\"4\",nonce=\"n\"\r\n"
	       "www-authenticate: Digest realm=\"5\",\r\n nonce=\"n\"\r\n");
	it = auth_challenges_first(&m, SIP_HDR_WWW_AUTHENTICATE);
	for (size_t i = 0; i < 6; i++) {
		unit_case("%zu", i);
		assert_true(auth_challenges_next(&it, &c));
		assert_int_equal(c.digest, realms[i] != NULL);
		is(c.realm, realms[i]);
	}
	assert_false(auth_challenges_next(&it, &c));
	it = auth_challenges_first(&m, SIP_HDR_PROXY_AUTHENTICATE);
	assert_true(auth_challenges_next(&it, &c));
	assert_false(auth_challenges_next(&it, &c));
	it = auth_challenges_first(&m, SIP_HDR_CONTACT);
	assert_false(auth_challenges_next(&it, &c));
}


static void test_find(void)
{
	char text[2048];
	struct sip_msg m;
	struct auth_credentials c;

	decode(&m, text, sizeof(text),
	       "Authorization: Bearer r\r\n"
	       "Authorization: Digest "
	       "username=\"u\",realm=\"other\",nonce=\"n\",uri=\"sip:x\",response=\"s\"\r\n"
	       "Authorization: " CREDS ",opaque=\"first\"\r\n"
	       "Authorization: " CREDS ",opaque=\"second\"\r\n"
	       "Proxy-Authorization: Digest realm=\"r\"\r\n");
	assert_int_equal(auth_credentials_find(&c, &m, SIP_HDR_AUTHORIZATION, STR("r")), 0);
	unit_str(c.opaque, "first");
	assert_int_equal(auth_credentials_find(&c, &m, SIP_HDR_AUTHORIZATION, STR("R")), -ENOENT);
	assert_int_equal(auth_credentials_find(&c, &m, SIP_HDR_PROXY_AUTHORIZATION, STR("r")),
			 -EBADMSG);
	assert_int_equal(auth_credentials_find(&c, &m, SIP_HDR_CONTACT, STR("r")), -ENOENT);
}


static void test_names(void)
{
	for (unsigned a = 0; a < AUTH_ALGORITHM_OTHER; a++)
		assert_int_equal(auth_algorithm_decode(auth_algorithm_name(a)), a);
	assert_int_equal(auth_algorithm_decode(STR("")), AUTH_ALGORITHM_OTHER);
	assert_int_equal(auth_algorithm_decode(STR("SHA-1")), AUTH_ALGORITHM_OTHER);
	unit_str(auth_algorithm_name(AUTH_ALGORITHM_OTHER), "");
	unit_str(auth_qop_name(AUTH_QOP_AUTH), "auth");
	unit_str(auth_qop_name(AUTH_QOP_AUTH_INT), "auth-int");
	unit_str(auth_qop_name(AUTH_QOP_NONE), "");
}


UNIT_MAIN(UNIT_TEST(test_challenge), UNIT_TEST(test_challenge_forms), UNIT_TEST(test_challenge_bad),
	  UNIT_TEST(test_other_scheme), UNIT_TEST(test_challenge_encode),
	  UNIT_TEST(test_credentials), UNIT_TEST(test_credentials_forms),
	  UNIT_TEST(test_credentials_encode), UNIT_TEST(test_every_challenge), UNIT_TEST(test_find),
	  UNIT_TEST(test_names))
