/* SPDX-License-Identifier: Apache-2.0 */
#include "sip/uri.h"

#include "lib/unit.h"

static const struct {
	const char *text;
	enum sip_uri_scheme scheme;
	const char *user, *password, *host;
	uint16_t port;
	const char *params, *headers;
} good[] = {
	/* RFC 3261 19.1.3 */
	{"sip:alice@atlanta.com", SIP_URI_SIP, "alice", NULL, "atlanta.com", 0, "", ""},
	{"sip:alice:secretword@atlanta.com;transport=tcp", SIP_URI_SIP, "alice", "secretword",
	 "atlanta.com", 0, "transport=tcp", ""},
	{"sips:alice@atlanta.com?subject=project%20x&priority=urgent", SIP_URI_SIPS, "alice", NULL,
	 "atlanta.com", 0, "", "subject=project%20x&priority=urgent"},
	{"sip:+1-212-555-1212:1234@gateway.com;user=phone", SIP_URI_SIP, "+1-212-555-1212", "1234",
	 "gateway.com", 0, "user=phone", ""},
	{"sips:1212@gateway.com", SIP_URI_SIPS, "1212", NULL, "gateway.com", 0, "", ""},
	{"sip:alice@192.0.2.4", SIP_URI_SIP, "alice", NULL, "192.0.2.4", 0, "", ""},
	{"sip:atlanta.com;method=REGISTER?to=alice%40atlanta.com", SIP_URI_SIP, NULL, NULL,
	 "atlanta.com", 0, "method=REGISTER", "to=alice%40atlanta.com"},
	{"sip:alice;day=tuesday@atlanta.com", SIP_URI_SIP, "alice;day=tuesday", NULL, "atlanta.com",
	 0, "", ""},

	{"SIP:a@B:5080", SIP_URI_SIP, "a", NULL, "B", 5080, "", ""},
	{"sip:example.com", SIP_URI_SIP, NULL, NULL, "example.com", 0, "", ""},
	{"sip:a@[2001:db8::1]:5070;lr", SIP_URI_SIP, "a", NULL, "2001:db8::1", 5070, "lr", ""},
	{"sip:a@h;x=?y", SIP_URI_SIP, "a", NULL, "h", 0, "x=", "y"},
	{"sip:a?b;c/d@h", SIP_URI_SIP, "a?b;c/d", NULL, "h", 0, "", ""},
	{"sip:a:@h", SIP_URI_SIP, "a", "", "h", 0, "", ""},
	{"sip:*21#@h", SIP_URI_SIP, "*21#", NULL, "h", 0, "", ""},
	{"sip:%00@h", SIP_URI_SIP, "%00", NULL, "h", 0, "", ""},
	{"sip:user;par=u%40example.net@example.com", SIP_URI_SIP, "user;par=u%40example.net", NULL,
	 "example.com", 0, "", ""},
	{"tel:+1-201-555-0123", SIP_URI_TEL, "+1-201-555-0123", NULL, "", 0, "", ""},
	{"tel:7042;phone-context=example.com", SIP_URI_TEL, "7042", NULL, "", 0,
	 "phone-context=example.com", ""},
	{"tel:*21#", SIP_URI_TEL, "*21#", NULL, "", 0, "", ""},
	{"tel:863-1234;phone-context=+1-914-555", SIP_URI_TEL, "863-1234", NULL, "", 0,
	 "phone-context=+1-914-555", ""},
	{"urn:service:sos", SIP_URI_URN, NULL, NULL, "", 0, "", ""},
	{"http://example.com/x?y", SIP_URI_OTHER, NULL, NULL, "", 0, "", ""},
	{"soap.beep://192.0.2.103:3002", SIP_URI_OTHER, NULL, NULL, "", 0, "", ""},
	{"im:alice@example.com", SIP_URI_OTHER, NULL, NULL, "", 0, "", ""},
};

static const char *const bad[] = {
	"",
	"sip",
	"sip:",
	"sip:@h",
	"sip:a@",
	"sip:a@:5060",
	"sip::b@h",
	"sip:a@h:",
	"sip:a@h:x",
	"sip:a@h:0",
	"sip:a@h:65536",
	"sip:a@b@c",
	"sip:a@h;x@y",
	"sip:a b@h",
	"sip:a@h x",
	" sip:a@h",
	"sip:a@h ",
	"<sip:a@h>",
	"sip:a\"b@h",
	"sip:a@h\\",
	"sip:%4@h",
	"sip:%4g@h",
	"sip:a%",
	"sip:a@h;x=%",
	"sip:a@h/path",
	"sip:2001:db8::10",
	"sip:a@[::1",
	"sip:a@[zz]",
	"sip:a@[::1]x",
	"sip:a:b:c@h",
	"sip:a:b;c@h",
	"sip:a\x01@h",
	"sip:\xc3\xa9@h",
	"1sip:x",
	":x",
	"a@b",
	"tel:",
	"tel:+",
	"tel:-",
	"tel:abc-xyz",
	"tel:+12a",
	"tel:;x=y",
	"tel:12@h",
	"sip:a@h:5060:5060",
	"si p:a@h",
	"sip:a@%68",
	"sip:a,b@h,c",
};


static void is(struct str s, const char *want)
{
	if (want)
		unit_str(s, want);
	else
		assert_null(s.p);
}


static void test_good(void)
{
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct sip_uri u;

		unit_case("%s", good[i].text);
		assert_int_equal(sip_uri_decode(&u, str_of(good[i].text)), 0);
		unit_str(u.text, good[i].text);
		assert_int_equal(u.scheme, good[i].scheme);
		is(u.user, good[i].user);
		is(u.password, good[i].password);
		unit_str(u.host, good[i].host);
		assert_int_equal(u.host_v6, strchr(good[i].text, '[') != NULL);
		assert_int_equal(u.port, good[i].port);
		unit_str(u.params, good[i].params);
		unit_str(u.headers, good[i].headers);
	}
}


static void test_bad(void)
{
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct sip_uri u = {.port = 9};

		unit_case("%s", bad[i]);
		assert_int_equal(sip_uri_decode(&u, str_of(bad[i])), -EBADMSG);
		assert_int_equal(u.port, 9);
	}
	assert_int_equal(sip_uri_decode(&(struct sip_uri){0}, STR_NULL), -EBADMSG);
	assert_int_equal(sip_uri_decode(&(struct sip_uri){0}, STR("sip:a\0b@h")), -EBADMSG);
}


static void test_length(void)
{
	char text[SIP_URI_MAX + 1];
	struct sip_uri u;

	memset(text, 'a', sizeof(text));
	memcpy(text, "sip:", 4);
	memcpy(text + SIP_URI_MAX - 2, "@h", 2);
	assert_int_equal(sip_uri_decode(&u, (struct str){text, SIP_URI_MAX}), 0);
	memcpy(text + SIP_URI_MAX - 2, "a@h", 3);
	assert_int_equal(sip_uri_decode(&u, (struct str){text, SIP_URI_MAX + 1}), -EBADMSG);
}


static void test_params(void)
{
	struct sip_uri u;
	struct str v;

	assert_int_equal(
		sip_uri_decode(&u, STR("sip:a;x=user@h;lr;Transport=TCP;maddr=1.2.3.4;;x=y=z;e=")),
		0);
	assert_true(sip_uri_param(&u, STR("transport"), &v));
	unit_str(v, "TCP");
	assert_true(sip_uri_param(&u, STR("LR"), &v));
	assert_non_null(v.p);
	unit_str(v, "");
	assert_true(sip_uri_param(&u, STR("maddr"), &v));
	unit_str(v, "1.2.3.4");
	assert_true(sip_uri_param(&u, STR("x"), &v));
	unit_str(v, "y=z");
	assert_true(sip_uri_param(&u, STR("e"), &v));
	unit_str(v, "");
	assert_false(sip_uri_param(&u, STR("l"), &v));
	assert_false(sip_uri_param(&u, STR(""), &v));
	assert_int_equal(sip_uri_decode(&u, STR("sip:a@h")), 0);
	assert_false(sip_uri_param(&u, STR("lr"), &v));
}


/* Pairs; the first group is every example of RFC 3261 19.1.4. */
static const struct {
	const char *a, *b;
	bool equal;
} pairs[] = {
	{"sip:%61lice@atlanta.com;transport=TCP", "sip:alice@AtLanTa.CoM;Transport=tcp", true},
	{"sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5", true},
	{"sip:carol@chicago.com", "sip:carol@chicago.com;security=on", true},
	{"sip:carol@chicago.com;newparam=5", "sip:carol@chicago.com;security=on", true},
	{"sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.com",
	 "sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.com", true},
	{"sip:alice@atlanta.com?subject=project%20x&priority=urgent",
	 "sip:alice@atlanta.com?priority=urgent&subject=project%20x", true},
	{"SIP:ALICE@AtLanTa.CoM;Transport=udp", "sip:alice@AtLanTa.CoM;Transport=UDP", false},
	{"sip:bob@biloxi.com", "sip:bob@biloxi.com:5060", false},
	{"sip:bob@biloxi.com", "sip:bob@biloxi.com;transport=udp", false},
	{"sip:bob@biloxi.com", "sip:bob@biloxi.com:6000;transport=tcp", false},
	{"sip:carol@chicago.com", "sip:carol@chicago.com?Subject=next%20meeting", false},
	{"sip:bob@phone21.boxesbybob.com", "sip:bob@192.0.2.4", false},
	{"sip:carol@chicago.com", "sip:carol@chicago.com;security=off", true},
	{"sip:carol@chicago.com;security=on", "sip:carol@chicago.com;security=off", false},

	{"sip:a@h", "sips:a@h", false},
	{"sip:a@h", "sip:h", false},
	{"sip:a@h", "sip:a:p@h", false},
	{"sip:a:p@h", "sip:a:P@h", false},
	{"sip:a@h;user=phone", "sip:a@h", false},
	{"sip:a@h;ttl=1", "sip:a@h", false},
	{"sip:a@h;method=INVITE", "sip:a@h", false},
	{"sip:a@h;maddr=1.2.3.4", "sip:a@h", false},
	{"sip:a@h;maddr=1.2.3.4", "sip:a@h;maddr=1.2.3.4", true},
	{"sip:a@h;lr", "sip:a@h", true},
	{"sip:a@h;lr", "sip:a@h;lr=on", false},
	{"sip:a@h;%6cr", "sip:a@h;lr", true},
	{"sip:a@h;x=%41", "sip:a@h;x=a", true},
	{"sip:a%3bb@h", "sip:a;b@h", false},
	{"sip:a%3bb@h", "sip:a%3Bb@h", true},
	{"sip:a%41@h", "sip:a%61@h", false},
	{"sip:%00@h", "sip:%00%00@h", false},
	{"sip:a@h?x=1", "sip:a@h?x=2", false},
	{"sip:a@h?x=1", "sip:a@h?x=1&x=1", false},
	{"sip:a@h?X=1", "sip:a@h?x=1", true},
	{"sip:a@[2001:DB8::1]", "sip:a@[2001:db8::1]", true},
	{"tel:+1-201-555-0123", "tel:+12015550123", true},
	{"tel:+1(201)555.0123", "tel:+12015550123", true},
	{"tel:7042;phone-context=example.com", "TEL:7042;phone-context=EXAMPLE.com", true},
	{"tel:7042;phone-context=example.com", "tel:7042", false},
	{"tel:7042", "tel:+7042", false},
	{"tel:7042", "tel:70421", false},
	{"tel:12;isub=3;ext=4", "tel:12;ext=4;isub=3", true},
	{"tel:+12015550123", "sip:+12015550123@h;user=phone", false},
	{"urn:service:sos", "urn:service:sos", true},
	{"urn:service:sos", "urn:service:SOS", false},
	{"http://a", "http://a", true},
};


static void test_eq(void)
{
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		struct sip_uri a, b;

		unit_case("%s %s", pairs[i].a, pairs[i].b);
		assert_int_equal(sip_uri_decode(&a, str_of(pairs[i].a)), 0);
		assert_int_equal(sip_uri_decode(&b, str_of(pairs[i].b)), 0);
		assert_int_equal(sip_uri_eq(&a, &b), pairs[i].equal);
		assert_int_equal(sip_uri_eq(&b, &a), pairs[i].equal);
		assert_true(sip_uri_eq(&a, &a));
		assert_true(sip_uri_eq(&b, &b));
	}
}


static void test_escapes(void)
{
	struct buf *b = unit_buf(1024);

	sip_unescape(STR("a%20b%41%zz%4%"), b);
	unit_buf_is(b, "a bA%zz%4%");
	buf_clear(b);
	sip_escape_user(STR("a b@c:d#e%f\xc3\xa9;g"), b);
	unit_buf_is(b, "a%20b%40c%3Ad%23e%25f%C3%A9;g");
	buf_clear(b);
	for (int c = 0; c < 256; c++) {
		char byte = (char)c;
		char plain[8], text[8];
		struct buf escaped, back;

		buf_fixed(&escaped, text, sizeof(text));
		buf_fixed(&back, plain, sizeof(plain));
		sip_escape_user((struct str){&byte, 1}, &escaped);
		sip_unescape(buf_str(&escaped), &back);
		assert_int_equal(back.n, 1);
		assert_int_equal((uint8_t)back.p[0], c);
	}
}


UNIT_MAIN(UNIT_TEST(test_good), UNIT_TEST(test_bad), UNIT_TEST(test_length), UNIT_TEST(test_params),
	  UNIT_TEST(test_eq), UNIT_TEST(test_escapes))
