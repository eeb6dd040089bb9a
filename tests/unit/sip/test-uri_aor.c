/* SPDX-License-Identifier: Apache-2.0 */
#include "sip/uri.h"

#include "lib/unit.h"

static const struct {
	const char *text;
	const char *aor; /**< NULL: -EBADMSG */
} rows[] = {
	{"sip:alice@example.com", "sip:alice@example.com"},
	{"sips:alice@example.com", "sip:alice@example.com"},
	{"SIP:alice@EXAMPLE.Com", "sip:alice@example.com"},
	{"sip:Alice@example.com", "sip:Alice@example.com"},
	{"sip:%61lice@example.com", "sip:alice@example.com"},
	{"sip:al%2Dice@example.com", "sip:al-ice@example.com"},
	{"sip:a%3bb@example.com", "sip:a%3Bb@example.com"},
	{"sip:a%40b@example.com", "sip:a%40b@example.com"},
	{"sip:a%2fb@example.com", "sip:a%2Fb@example.com"},
	{"sip:a/b@example.com", "sip:a/b@example.com"},
	{"sip:%c3%a9@example.com", "sip:%C3%A9@example.com"},
	{"sip:null-%00-null@example.com", "sip:null-%00-null@example.com"},
	{"sip:*21#@example.com", "sip:*21%23@example.com"},
	{"sip:*21%23@example.com", "sip:*21%23@example.com"},
	{"sip:alice:secret@example.com;transport=tcp?x=y", "sip:alice@example.com"},
	{"sip:alice@example.com:5060", "sip:alice@example.com"},
	{"sips:alice@example.com:5061", "sip:alice@example.com"},
	{"sip:alice@example.com:5061", "sip:alice@example.com:5061"},
	{"sips:alice@example.com:5060", "sip:alice@example.com"},
	{"sip:example.com", "sip:example.com"},
	{"sip:alice@[2001:DB8::1]:5060", "sip:alice@[2001:db8::1]"},
	{"tel:+1-555-000-2222", "sip:+15550002222@home.example"},
	{"tel:+1(555)000.2222;isub=1", "sip:+15550002222@home.example"},
	{"tel:7042;phone-context=Example.Com", "sip:7042;phone-context=example.com@home.example"},
	{"tel:7042;phone-context=a%42.#@x", "sip:7042;phone-context=ab.%23%40x@home.example"},
	{"tel:7042", "sip:7042@home.example"},
	{"tel:*21#", "sip:*21%23@home.example"},
	{"sip:+1-555-000-2222@ims.example;user=phone", "sip:+15550002222@ims.example"},
	{"sip:+15550002222@ims.example;user=phone", "sip:+15550002222@ims.example"},
	{"sip:+15550002222@ims.example", "sip:+15550002222@ims.example"},
	{"sip:+1-555-000-2222@ims.example", "sip:+1-555-000-2222@ims.example"},
	{"sip:+1-555;isub=9@ims.example;user=PHONE", "sip:+1555@ims.example"},
	{"sip:7042;phone-context=Example.Com@ims.example;user=phone",
	 "sip:7042;phone-context=example.com@ims.example"},
	{"sip:alice@ims.example;user=phone", "sip:alice@ims.example"},
	{"sip:alice@ims.example;user=ip", "sip:alice@ims.example"},
	{"urn:service:sos", NULL},
	{"http://example.com", NULL},
	{"im:alice@example.com", NULL},
};


static void test_rows(void)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf *b = unit_buf(SIP_AOR_MAX);
		struct sip_uri u;

		unit_case("%s", rows[i].text);
		assert_int_equal(sip_uri_decode(&u, str_of(rows[i].text)), 0);
		if (!rows[i].aor) {
			assert_int_equal(sip_uri_aor(&u, STR("Home.Example"), b), -EBADMSG);
			assert_int_equal(b->n, 0);
			continue;
		}
		unit_ok(sip_uri_aor(&u, STR("Home.Example"), b));
		unit_buf_is(b, rows[i].aor);
	}
}


/* An AOR is a URI, and its own AOR. */
static void test_stable(void)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char first[SIP_AOR_MAX], second[SIP_AOR_MAX];
		struct buf a, b;
		struct sip_uri u;

		if (!rows[i].aor)
			continue;
		unit_case("%s", rows[i].text);
		buf_fixed(&a, first, sizeof(first));
		buf_fixed(&b, second, sizeof(second));
		assert_int_equal(sip_uri_decode(&u, str_of(rows[i].text)), 0);
		assert_int_equal(sip_uri_aor(&u, STR("home.example"), &a), 0);
		assert_int_equal(sip_uri_decode(&u, buf_str(&a)), 0);
		assert_int_equal(sip_uri_aor(&u, STR("home.example"), &b), 0);
		assert_true(str_eq(buf_str(&a), buf_str(&b)));
	}
}


static void test_ceilings(void)
{
	char text[SIP_URI_MAX], out[SIP_AOR_MAX + 8];
	struct sip_uri u;
	struct buf b;

	memset(text, 'a', sizeof(text));
	memcpy(text, "sip:", 4);
	memcpy(text + SIP_AOR_MAX - 2, "@h", 2);
	buf_fixed(&b, out, sizeof(out));
	assert_int_equal(sip_uri_decode(&u, (struct str){text, SIP_AOR_MAX}), 0);
	assert_int_equal(sip_uri_aor(&u, STR(""), &b), 0);
	assert_int_equal(b.n, SIP_AOR_MAX);

	buf_clear(&b);
	memcpy(text + SIP_AOR_MAX - 2, "a@h", 3);
	assert_int_equal(sip_uri_decode(&u, (struct str){text, SIP_AOR_MAX + 1}), 0);
	assert_int_equal(sip_uri_aor(&u, STR(""), &b), -ENOBUFS);
	assert_int_equal(b.n, 0);

	buf_fixed(&b, out, 10);
	assert_int_equal(sip_uri_decode(&u, STR("sip:alice@example.com")), 0);
	assert_int_equal(sip_uri_aor(&u, STR(""), &b), -ENOBUFS);
	assert_int_equal(b.n, 0);
}


UNIT_MAIN(UNIT_TEST(test_rows), UNIT_TEST(test_stable), UNIT_TEST(test_ceilings))
