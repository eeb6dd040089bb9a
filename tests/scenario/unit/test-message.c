/* SPDX-License-Identifier: Apache-2.0 */
/* How peers read messages and make credentials. */
#include "scenario/runner/message.h"

#include "lib/unit.h"

#define REQUEST                                                        \
	"MESSAGE sip:b@x SIP/2.0\r\n"                                  \
	"v: SIP/2.0/UDP a;branch=z1, SIP/2.0/TCP c;branch=\"z,2\"\r\n" \
	"Via: SIP/2.0/UDP d\r\n"                                       \
	"f: \"A, \\\"B\\\"\" <sip:a@x;p=1>;tag=7;q=\"x\"\r\n"          \
	"Subject: a, b\r\n"                                            \
	"X: folded\r\n  value\r\n"                                     \
	"l: 2\r\n"                                                     \
	"\r\n"                                                         \
	"hi"


static void test_read(void)
{
	struct arena *a = unit_arena(SCN_ARENA_MAX);
	struct scn_msg *m = scn_alloc(a, sizeof(*m));
	struct str values[SCN_VALUES_MAX], v;

	assert_true(scn_msg_read(a, m, STR(REQUEST)));
	assert_true(m->request);
	unit_str(m->method, "MESSAGE");
	unit_str(m->uri, "sip:b@x");
	unit_str(m->body, "hi");
	assert_int_equal(scn_header_values(m, STR("via"), values), 3);
	unit_str(values[1], "SIP/2.0/TCP c;branch=\"z,2\"");
	assert_true(scn_value_param(values[1], STR("Branch"), &v));
	unit_str(v, "z,2");
	assert_int_equal(scn_header_values(m, STR("Subject"), values), 1);
	unit_str(scn_header_value(m, STR("x")), "folded value");
	unit_str(scn_header_joined(a, m, STR("Via")),
		 "SIP/2.0/UDP a;branch=z1, SIP/2.0/TCP c;branch=\"z,2\", SIP/2.0/UDP d");
	v = scn_header_value(m, STR("From"));
	unit_str(scn_value_uri(v), "sip:a@x;p=1");
	assert_false(scn_value_param(v, STR("p"), &v));
	assert_true(scn_value_param(scn_header_value(m, STR("From")), STR("tag"), &v));
	unit_str(v, "7");

	assert_true(scn_msg_read(a, m, STR("SIP/2.0 404 Not  Found\r\nCSeq: 1 INVITE\r\n\r\n")));
	assert_int_equal(m->status, 404);
	unit_str(m->reason, "Not  Found");
	unit_str(m->method, "INVITE");
}


static void test_not_messages(void)
{
	static const char *const rows[] = {"",
					   "\r\n\r\n",
					   "MESSAGE sip:b@x SIP/2.0",
					   "MESSAGE sip:b@x\r\n\r\n",
					   "SIP/2.0 abc OK\r\n\r\n",
					   "MESSAGE sip:b@x SIP/2.0\r\nno colon\r\n\r\n",
					   "MESSAGE sip:b@x SIP/2.0\r\nA: b\r\n"};
	struct arena *a = unit_arena(SCN_ARENA_MAX);
	struct scn_msg *m = scn_alloc(a, sizeof(*m));

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		unit_case("%s", rows[i]);
		assert_false(scn_msg_read(a, m, str_of(rows[i])));
	}
}


static void test_frames(void)
{
	struct str whole = STR(REQUEST);

	for (size_t n = 0; n < whole.n; n++)
		assert_int_equal(scn_msg_frame(str_upto(whole, n)), 0);
	assert_int_equal(scn_msg_frame(STR(REQUEST "MESSAGE …")), whole.n);
	assert_int_equal(scn_msg_frame(STR("\r\n\r\nMESSAGE")), 4);
	assert_int_equal(scn_msg_frame(STR("A b SIP/2.0\r\n\r\n")), 15);
}


/** The examples of RFC 7616 3.9.1, and of RFC 2069 by its plain formula. */
static void test_credentials(void)
{
	struct arena *a = unit_arena(SCN_ARENA_MAX);
	struct scn_challenge c = {.realm = STR("http-auth@example.org"),
				  .nonce = STR("7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"),
				  .qop = STR("auth, auth-int"),
				  .algorithm = STR("MD5")};
	struct str cnonce = STR("f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ");
	struct str got = scn_credentials(a, &c, STR("Mufasa"), STR("Circle of Life"), STR("GET"),
					 STR("/dir/index.html"), 1, cnonce);

	assert_true(str_find_str(got, STR("response=\"8ca523f5e9506fed4657c9700eebdbec\"")) > 0);
	assert_true(str_find_str(got, STR("nc=00000001")) > 0);
	c.algorithm = STR("SHA-256");
	got = scn_credentials(a, &c, STR("Mufasa"), STR("Circle of Life"), STR("GET"),
			      STR("/dir/index.html"), 1, cnonce);
	assert_true(
		str_find_str(
			got,
			STR("753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1")) >
		0);
}


static void test_challenge(void)
{
	struct arena *a = unit_arena(SCN_ARENA_MAX);
	struct scn_msg *m = scn_alloc(a, sizeof(*m));
	struct scn_challenge c;

	assert_true(scn_msg_read(
		a, m,
		STR("SIP/2.0 401 Unauthorized\r\n"
		    "WWW-Authenticate: Digest realm=\"a, b\", nonce=\"n1\", "
		    "algorithm=SHA-512-256\r\n"
		    "WWW-Authenticate: Digest realm=\"a, b\" , nonce=\"n2\",algorithm=SHA-256, "
		    "qop=\"auth,auth-int\", stale=TRUE\r\n\r\n")));
	assert_true(scn_challenge_read(m, &c));
	unit_str(c.realm, "a, b");
	unit_str(c.nonce, "n2");
	unit_str(c.qop, "auth,auth-int");
	assert_true(c.stale);
	assert_false(c.proxy);
	assert_true(scn_msg_read(
		a, m, STR("SIP/2.0 401 Unauthorized\r\nWWW-Authenticate: Basic realm=x\r\n\r\n")));
	assert_false(scn_challenge_read(m, &c));
}


UNIT_MAIN(UNIT_TEST_PLAIN(test_read), UNIT_TEST_PLAIN(test_not_messages),
	  UNIT_TEST_PLAIN(test_frames), UNIT_TEST_PLAIN(test_credentials),
	  UNIT_TEST_PLAIN(test_challenge))
