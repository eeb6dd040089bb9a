/* SPDX-License-Identifier: Apache-2.0 */
#include "sip/accept_contact.h"

#include <stdio.h>

#include "lib/unit.h"


static void decode(struct sip_msg *m, char *text, size_t n, const char *lines)
{
	snprintf(text, n,
		 "INVITE sip:b SIP/2.0\r\nVia: SIP/2.0/UDP a\r\nFrom: <sip:a>\r\nTo: <sip:b>\r\n"
		 "Call-ID: c\r\nCSeq: 1 INVITE\r\n%s\r\n",
		 lines);
	assert_int_equal(sip_msg_decode(m, str_of(text), false), SIP_DECODE_OK);
}


static void test_features_by_name(void)
{
	assert_true(sip_is_feature(STR("audio")));
	assert_true(sip_is_feature(STR("METHODS")));
	assert_true(sip_is_feature(STR("+g.oma.sip-im")));
	assert_true(sip_is_feature(STR("+sip.instance")));
	assert_false(sip_is_feature(STR("expires")));
	assert_false(sip_is_feature(STR("q")));
	assert_false(sip_is_feature(STR("require")));
	assert_false(sip_is_feature(STR("audi")));
	assert_false(sip_is_feature(STR("")));
}


static void test_find(void)
{
	struct str p = STR(
		"+g.oma.sip-im;audio=\"TRUE\";video=FALSE;text=TRUE;data=\"!TRUE\";"
		"+g.3gpp.icsi-ref=\"urn%3Aurn-7%3A3gpp-service.ims.icsi.mmtel, urn%3Aurn-7%3Ax\";"
		"description=\"<PC>\";methods=\"INVITE,!BYE\"");
	struct str v;

	assert_true(sip_feature_find(p, STR("+G.OMA.SIP-IM"), &v));
	unit_str(v, "TRUE");
	assert_true(sip_feature_find(p, STR("methods"), &v));
	unit_str(v, "INVITE,!BYE");
	assert_false(sip_feature_find(p, STR("g.oma.sip-im"), &v));
	assert_false(sip_feature_find(p, STR("+g.oma.sip-im.x"), &v));

	assert_true(sip_feature_on(p, STR("+g.oma.sip-im")));
	assert_true(sip_feature_on(p, STR("audio")));
	assert_false(sip_feature_on(p, STR("video")));
	assert_true(sip_feature_on(p, STR("text")));
	assert_false(sip_feature_on(p, STR("data")));
	assert_false(sip_feature_on(p, STR("control")));
	assert_false(sip_feature_on(STR_NULL, STR("control")));

	assert_true(sip_feature_has(p, STR("+g.3gpp.icsi-ref"), STR("urn%3Aurn-7%3Ax")));
	assert_true(sip_feature_has(p, STR("+g.3gpp.icsi-ref"),
				    STR("urn%3aurn-7%3a3GPP-service.ims.icsi.mmtel")));
	assert_false(sip_feature_has(p, STR("+g.3gpp.icsi-ref"), STR("urn%3Aurn-7")));
	assert_true(sip_feature_has(p, STR("description"), STR("PC")));
	assert_false(sip_feature_has(p, STR("description"), STR("pc")));
	assert_false(sip_feature_has(p, STR("description"), STR("<PC>")));
	assert_true(sip_feature_has(p, STR("methods"), STR("invite")));
	assert_false(sip_feature_has(p, STR("methods"), STR("BYE")));
	assert_true(sip_feature_has(p, STR("audio"), STR("true")));
	assert_false(sip_feature_has(p, STR("absent"), STR("x")));
}


static void test_in_message(void)
{
	char text[1024];
	struct sip_msg m;

	decode(&m, text, sizeof(text),
	       "Contact: \"x;+g.no\" <sip:a@h;+g.no>;+g.oma.sip-im, <sip:b@h>;+g.off=\"FALSE\"\r\n"
	       "Accept-Contact: *;audio;require\r\n"
	       "a: * ; +g.3gpp.iari-ref=\"one,two\" ; explicit\r\n");
	assert_true(sip_msg_has_feature(&m, SIP_HDR_CONTACT, STR("+g.oma.sip-im")));
	assert_false(sip_msg_has_feature(&m, SIP_HDR_CONTACT, STR("+g.no")));
	assert_false(sip_msg_has_feature(&m, SIP_HDR_CONTACT, STR("+g.off")));
	assert_true(sip_msg_has_feature(&m, SIP_HDR_ACCEPT_CONTACT, STR("audio")));
	assert_true(sip_msg_has_feature(&m, SIP_HDR_ACCEPT_CONTACT, STR("+g.3gpp.iari-ref")));
	assert_false(sip_msg_has_feature(&m, SIP_HDR_REJECT_CONTACT, STR("audio")));
	assert_true(sip_msg_has_feature_value(&m, SIP_HDR_ACCEPT_CONTACT, STR("+g.3gpp.iari-ref"),
					      STR("two")));
	assert_false(sip_msg_has_feature_value(&m, SIP_HDR_ACCEPT_CONTACT, STR("+g.3gpp.iari-ref"),
					       STR("three")));
}


static void test_decode(void)
{
	static const struct {
		const char *text;
		int result;
		bool require, explicit;
	} rows[] = {
		{"*", 0, false, false},
		{" * ", 0, false, false},
		{"*;audio", 0, false, false},
		{"*;audio;require;explicit", 0, true, true},
		{"* ; EXPLICIT", 0, false, true},
		{"*;Require;x=y", 0, true, false},
		{"", -EBADMSG, false, false},
		{"audio", -EBADMSG, false, false},
		{"*audio", -EBADMSG, false, false},
		{"*;", -EBADMSG, false, false},
		{"*;;x", -EBADMSG, false, false},
		{"**", -EBADMSG, false, false},
		{"*;x=\"", -EBADMSG, false, false},
		{"<sip:x>;audio", -EBADMSG, false, false},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct sip_accept_contact a;

		unit_case("%s", rows[i].text);
		assert_int_equal(sip_accept_contact_decode(&a, str_of(rows[i].text)),
				 rows[i].result);
		if (rows[i].result)
			continue;
		assert_int_equal(a.require, rows[i].require);
		assert_int_equal(a.explicit, rows[i].explicit);
	}
}


/* RFC 3841 7.2.5 */
static void test_rfc_example(void)
{
	static const struct {
		const char *contact;
		bool drop;
		uint16_t score;
	} rows[] = {
		{"audio;video;methods=\"INVITE,BYE\";q=0.2", false, 833},
		{"audio=\"FALSE\";methods=\"INVITE\";actor=\"msg-taker\";q=0.2", true, 0},
		{"audio;actor=\"msg-taker\";methods=\"INVITE\";video;q=0.3", true, 0},
		{"audio;methods=\"INVITE,OPTIONS\";q=0.2", false, 500},
		{"q=0.5", false, 1000},
	};
	char text[1024];
	struct sip_msg m;

	decode(&m, text, sizeof(text),
	       "Reject-Contact: *;actor=\"msg-taker\";video\r\n"
	       "Accept-Contact: *;audio;require\r\n"
	       "Accept-Contact: *;video;explicit\r\n"
	       "Accept-Contact: *;methods=\"BYE\";class=\"business\";q=1.0\r\n");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct sip_preference p = sip_prefer(&m, str_of(rows[i].contact));

		unit_case("%s", rows[i].contact);
		assert_int_equal(p.drop, rows[i].drop);
		assert_int_equal(p.score, rows[i].score);
	}
}


static void test_flags(void)
{
	static const struct {
		const char *lines, *contact;
		bool drop;
		uint16_t score;
	} rows[] = {
		{"", "audio", false, 1000},
		{"Accept-Contact: *;+g.im\r\n", "+g.im", false, 1000},
		{"Accept-Contact: *;+g.im\r\n", "audio", false, 0},
		{"Accept-Contact: *;+g.im;audio\r\n", "audio", false, 500},
		{"Accept-Contact: *;+g.im;require\r\n", "audio", false, 0},
		{"Accept-Contact: *;+g.im;require;explicit\r\n", "audio", true, 0},
		{"Accept-Contact: *;+g.im;require;explicit\r\n", "+g.im;audio", false, 1000},
		{"Accept-Contact: *;+g.im;explicit\r\n", "audio", false, 0},
		{"Accept-Contact: *;+g.im;require\r\n", "+g.im=\"FALSE\"", true, 0},
		{"Accept-Contact: *;+g.im\r\n", "+g.im=\"FALSE\"", false, 0},
		{"Accept-Contact: *;+g.im;require;explicit\r\n", "", false, 1000},
		{"Accept-Contact: *;+g.im;require;explicit\r\n", "expires=60;q=0.1", false, 1000},
		{"Accept-Contact: *;require;explicit\r\n", "audio", false, 1000},
		{"Accept-Contact: garbage, *;+g.im\r\n", "+g.im", false, 1000},
		{"Accept-Contact: *;+g.im, *;audio\r\n", "+g.im", false, 500},
		{"Reject-Contact: *;+g.im\r\n", "+g.im", true, 0},
		{"Reject-Contact: *;+g.im\r\n", "audio", false, 1000},
		{"Reject-Contact: *;+g.im\r\n", "+g.im=FALSE", false, 1000},
		{"Reject-Contact: *;automata;audio\r\n", "automata", false, 1000},
		{"Reject-Contact: *\r\n", "audio", false, 1000},
		{"Reject-Contact: *;+g.im\r\nAccept-Contact: *;+g.im\r\n", "+g.im", true, 0},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[1024];
		struct sip_msg m;
		struct sip_preference p;

		unit_case("%s %s", rows[i].lines, rows[i].contact);
		decode(&m, text, sizeof(text), rows[i].lines);
		p = sip_prefer(&m, str_of(rows[i].contact));
		assert_int_equal(p.drop, rows[i].drop);
		assert_int_equal(p.score, rows[i].score);
	}
}


static void test_ceilings(void)
{
	static char text[8192], lines[4096];
	struct sip_msg m;
	size_t n = (size_t)snprintf(lines, sizeof(lines), "Accept-Contact: *;+last");

	for (int i = 0; i < SIP_PREDICATES_MAX; i++)
		n += (size_t)snprintf(lines + n, sizeof(lines) - n, ", *;+f%d", i);
	snprintf(lines + n, sizeof(lines) - n, ", *;+last;require;explicit\r\n");
	decode(&m, text, sizeof(text), lines);
	/* The demand behind the ceiling is not looked at. */
	assert_false(sip_prefer(&m, STR("+f0")).drop);

	n = (size_t)snprintf(lines, sizeof(lines), "+f0");
	for (int i = 1; i <= SIP_FEATURES_MAX; i++)
		n += (size_t)snprintf(lines + n, sizeof(lines) - n, ";+f%d", i);
	decode(&m, text, sizeof(text), "Accept-Contact: *;+f47;require;explicit\r\n");
	assert_false(sip_prefer(&m, (struct str){lines, n}).drop);
	decode(&m, text, sizeof(text), "Accept-Contact: *;+f48;require;explicit\r\n");
	assert_true(sip_prefer(&m, (struct str){lines, n}).drop);
}


UNIT_MAIN(UNIT_TEST(test_features_by_name), UNIT_TEST(test_find), UNIT_TEST(test_in_message),
	  UNIT_TEST(test_decode), UNIT_TEST(test_rfc_example), UNIT_TEST(test_flags),
	  UNIT_TEST(test_ceilings))
