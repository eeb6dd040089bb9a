/* SPDX-License-Identifier: Apache-2.0 */
/* Every message of RFC 4475 (bit-exact, from its appendix) and of RFC 5118 (from its text; the
 * Content-Length of ipv6-in-sdp was put right, the printed one is larger than the body). */
#include <stdio.h>

#include "sip/auth_header.h"
#include "sip/compose.h"
#include "sip/media_type.h"
#include "sip/msg.h"
#include "sip/name_addr.h"
#include "sip/param.h"
#include "sip/uri.h"

#include "lib/unit.h"

struct row {
	const char *file;
	const char *section;
	enum sip_decode decode;
	uint16_t status;    /**< of a response; or what a request that is BAD is answered */
	const char *method; /**< of the start line; NULL: not looked at (BROKEN) */
	const char *uri;
	const char *call_id;
	const char *branch;
	const char *from_tag, *to_tag;
	uint32_t cseq;
	int32_t max_forwards;
	int body; /**< bytes */
	/** Who reacts, when the codec takes it: what the RFC wants done above. NULL: nobody. */
	const char *later;
	void (*more)(const struct sip_msg *m);
};


static void is(struct str s, const char *want)
{
	if (!want) {
		assert_null(s.p);
		return;
	}
	assert_non_null(s.p);
	unit_str(s, want);
}


static void header_is(const struct sip_msg *m, enum sip_header_id id, const char *want)
{
	is(sip_msg_header(m, id), want);
}


static size_t values(const struct sip_msg *m, enum sip_header_id id)
{
	struct sip_values v = sip_values_first(m, id);
	struct str value;
	size_t n = 0;

	while (sip_values_next(&v, &value))
		n++;
	return n;
}


static struct str nth(const struct sip_msg *m, enum sip_header_id id, size_t n)
{
	struct sip_values v = sip_values_first(m, id);
	struct str value = STR_NULL;

	do
		assert_true(sip_values_next(&v, &value));
	while (n--);
	return value;
}


static void contact(const struct sip_msg *m, size_t n, struct sip_name_addr *ret)
{
	assert_int_equal(sip_name_addr_decode(ret, nth(m, SIP_HDR_CONTACT, n)), 0);
}


static void more_wsinv(const struct sip_msg *m)
{
	struct sip_via via;
	struct sip_name_addr c;
	struct str v;

	assert_int_equal(m->via.transport, SIP_UDP);
	unit_str(m->via.host, "192.0.2.2");
	assert_false(sip_via_is_3261(&m->via));
	assert_int_equal(values(m, SIP_HDR_VIA), 3);
	assert_int_equal(sip_via_decode(&via, nth(m, SIP_HDR_VIA, 1)), 0);
	assert_int_equal(via.transport, SIP_TCP);
	unit_str(via.host, "spindle.example.com");
	unit_str(via.branch, "z9hG4bK9ikj8");
	assert_int_equal(sip_via_decode(&via, nth(m, SIP_HDR_VIA, 2)), 0);
	unit_str(via.host, "192.168.255.111");
	unit_str(via.branch, "z9hG4bK30239");

	unit_str(m->to_uri, "sip:vivekg@chair-dnrc.example.com");
	unit_str(m->from_uri, "sip:jdrosen@example.com");
	header_is(m, SIP_HDR_SUBJECT, "");
	is(sip_msg_header_named(m, STR("unknownheaderwithunusualvalue")), ";;,,;;,;");
	is(sip_msg_header_named(m, STR("NewFangledHeader")),
	   "newfangled value\r\n continued newfangled value");
	contact(m, 0, &c);
	unit_str(c.display, "Quoted string \\\"\\\"");
	unit_str(c.uri, "sip:jdrosen@example.com");
	assert_int_equal(sip_contact_q(&c), 330);
	assert_true(sip_param(c.params, STR("newparam"), &v));
	unit_str(v, "newvalue");
	assert_true(sip_param(c.params, STR("secondparam"), &v));
	unit_str(v, "");
	unit_str(nth(m, SIP_HDR_ROUTE, 0),
		 "<sip:services.example.com;lr;unknownwith=value;unknown-no-value>");
}


static void more_intmeth(const struct sip_msg *m)
{
	struct sip_uri uri;
	struct sip_name_addr to;

	assert_int_equal(m->method, SIP_METHOD_OTHER);
	assert_int_equal(sip_uri_decode(&uri, m->uri), 0);
	unit_str(uri.user, "1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*");
	unit_str(uri.password, "&it+has=1,weird!*pas$wo~d_too.(doesn't-it)");
	unit_str(uri.host, "example.com");
	assert_int_equal(sip_name_addr_decode(&to, sip_msg_header(m, SIP_HDR_TO)), 0);
	assert_int_equal(to.display.n, 20);
	assert_int_equal(to.display.p[12], 0);
	is(sip_msg_header_named(m, STR("extensionHeader-!.%*+_`'~")),
	   "\xEF\xBB\xBF\xE5\xA4\xA7\xE5\x81\x9C\xE9\x9B\xBB");
}


static void more_esc01(const struct sip_msg *m)
{
	struct sip_uri uri, other;
	struct sip_name_addr c;
	char text[256];
	struct buf b;

	buf_fixed(&b, text, sizeof(text));
	assert_int_equal(sip_uri_decode(&uri, m->uri), 0);
	sip_unescape(uri.user, &b);
	unit_str(buf_str(&b), "sips:user@example.com");
	unit_str(uri.host, "example.net");

	assert_int_equal(sip_uri_decode(&uri, m->to_uri), 0);
	assert_int_equal(sip_uri_decode(&other, STR("sip:user@example.com")), 0);
	assert_true(sip_uri_eq(&uri, &other));

	/* The parameter "name" is "value%41", not "valueA": escapes are undone once. */
	contact(m, 0, &c);
	assert_int_equal(sip_uri_decode(&uri, c.uri), 0);
	assert_int_equal(sip_uri_decode(&other,
					STR("sip:caller@host5.example.net;lr;name=value%25%34%31")),
			 0);
	assert_true(sip_uri_eq(&uri, &other));
	assert_int_equal(sip_uri_decode(&other, STR("sip:caller@host5.example.net;lr;name=valueA")),
			 0);
	assert_false(sip_uri_eq(&uri, &other));
}


static void more_escnull(const struct sip_msg *m)
{
	struct sip_uri a, b;
	struct sip_name_addr c;
	char text[64];
	struct buf out;

	buf_fixed(&out, text, sizeof(text));
	assert_int_equal(sip_uri_decode(&a, m->to_uri), 0);
	assert_int_equal(sip_uri_aor(&a, STR(""), &out), 0);
	unit_str(buf_str(&out), "sip:null-%00-null@example.com");
	buf_clear(&out);
	sip_unescape(a.user, &out);
	assert_int_equal(out.n, 11);
	assert_memory_equal(out.p, "null-\0-null", 11);

	assert_int_equal(values(m, SIP_HDR_CONTACT), 2);
	contact(m, 0, &c);
	assert_int_equal(sip_uri_decode(&a, c.uri), 0);
	contact(m, 1, &c);
	assert_int_equal(sip_uri_decode(&b, c.uri), 0);
	assert_false(sip_uri_eq(&a, &b));
}


static void more_esc02(const struct sip_msg *m)
{
	struct sip_name_addr to;

	assert_int_equal(m->method, SIP_METHOD_OTHER);
	assert_int_equal(values(m, SIP_HDR_CONTACT), 2);
	is(sip_msg_header_named(m, STR("C%6Fntact")), "<sip:alias2@host2.example.com>");
	assert_int_equal(sip_name_addr_decode(&to, sip_msg_header(m, SIP_HDR_TO)), 0);
	unit_str(to.display, "%Z%45");
}


static void more_lwsdisp(const struct sip_msg *m)
{
	struct sip_name_addr from;

	assert_int_equal(sip_name_addr_decode(&from, sip_msg_header(m, SIP_HDR_FROM)), 0);
	unit_str(from.display, "caller");
	unit_str(from.uri, "sip:caller@example.com");
}


static void more_longreq(const struct sip_msg *m)
{
	struct sip_via via;

	assert_int_equal(values(m, SIP_HDR_VIA), 34);
	assert_int_equal(sip_via_decode(&via, nth(m, SIP_HDR_VIA, 33)), 0);
	unit_str(via.host, "host.example.com");
	unit_str(via.received, "192.0.2.5");
	assert_int_equal(via.branch.n, 4 + 50 * 4 + 11);
	unit_str(m->via.sent_by, "sip33.example.com");
	assert_int_equal(m->from_tag.n, 2 + 50 * 3 + 3);
}


/* The INVITE behind the REGISTER is no part of the message, so it is not forwarded either. */
static void more_dblreq(const struct sip_msg *m)
{
	assert_int_equal(m->n, m->headers_end);
	assert_memory_equal(m->p + m->n, "\r\nINVITE", 8);
}


static void more_semiuri(const struct sip_msg *m)
{
	struct sip_uri uri;

	assert_int_equal(sip_uri_decode(&uri, m->uri), 0);
	unit_str(uri.user, "user;par=u%40example.net");
	unit_str(uri.host, "example.com");
	unit_str(uri.params, "");
	assert_int_equal(values(m, SIP_HDR_ACCEPT), 6);
}


static void more_transports(const struct sip_msg *m)
{
	static const enum sip_transport_kind kinds[] = {SIP_UDP, SIP_TRANSPORT_OTHER, SIP_TLS,
							SIP_TRANSPORT_OTHER, SIP_TCP};
	struct sip_via via;

	assert_int_equal(values(m, SIP_HDR_VIA), 5);
	for (size_t i = 0; i < 5; i++) {
		assert_int_equal(sip_via_decode(&via, nth(m, SIP_HDR_VIA, i)), 0);
		assert_int_equal(via.transport, kinds[i]);
	}
}


static void more_mpart01(const struct sip_msg *m)
{
	struct sip_media_type t;
	struct str boundary;

	assert_int_equal(sip_media_type_decode(&t, sip_msg_header(m, SIP_HDR_CONTENT_TYPE)), 0);
	assert_true(sip_media_type_is(&t, STR("multipart"), STR("mixed")));
	assert_true(sip_param(t.params, STR("boundary"), &boundary));
	unit_str(boundary, "7a9cbec02ceef655");
	assert_true(m->via.rport);
	/* There are NULs in the body. */
	assert_non_null(memchr(m->body.p, 0, m->body.n));
}


static void more_unreason(const struct sip_msg *m)
{
	unit_str(m->reason, "= 2**3 * 5**2 но сто девяносто девять - простое");
}


static void more_noreason(const struct sip_msg *m)
{
	unit_str(m->reason, "");
}


static void more_baddate(const struct sip_msg *m)
{
	int64_t ms;

	assert_int_equal(sip_date_decode(&ms, sip_msg_header(m, SIP_HDR_DATE)), -EBADMSG);
}


static void more_regbadct(const struct sip_msg *m)
{
	struct sip_name_addr c;

	assert_int_equal(sip_name_addr_decode(&c, nth(m, SIP_HDR_CONTACT, 0)), -EBADMSG);
}


static void more_scalar02(const struct sip_msg *m)
{
	struct sip_name_addr c;
	uint32_t s;

	assert_int_equal(m->max_forwards, -1);
	contact(m, 0, &c);
	assert_int_equal(sip_contact_expires(&c, 3600), 3600);
	assert_false(str_u32(sip_msg_header(m, SIP_HDR_EXPIRES), &s));
}


static void more_badbranch(const struct sip_msg *m)
{
	assert_false(sip_via_is_3261(&m->via));
}


static void more_badvers(const struct sip_msg *m)
{
	unit_str(m->via.sent_by, "c.example.com");
}


static void more_badinv01(const struct sip_msg *m)
{
	struct sip_name_addr c;

	unit_str(m->via.host, "192.0.2.15");
	assert_int_equal(sip_name_addr_decode(&c, nth(m, SIP_HDR_CONTACT, 0)), -EBADMSG);
}


static void scheme_is(const struct sip_msg *m, enum sip_uri_scheme scheme)
{
	struct sip_uri uri;

	assert_int_equal(sip_uri_decode(&uri, m->uri), 0);
	assert_int_equal(uri.scheme, scheme);
}


static void more_unkscm(const struct sip_msg *m)
{
	scheme_is(m, SIP_URI_OTHER);
}


static void more_unksm2(const struct sip_msg *m)
{
	struct sip_name_addr c;
	struct sip_uri uri;

	unit_str(m->to_uri, "isbn:2983792873");
	unit_str(m->from_uri, "http://www.example.com");
	contact(m, 0, &c);
	unit_str(c.uri, "name:John_Smith");
	assert_int_equal(sip_uri_decode(&uri, m->to_uri), 0);
	assert_int_equal(uri.scheme, SIP_URI_OTHER);
}


static void more_bext01(const struct sip_msg *m)
{
	assert_int_equal(values(m, SIP_HDR_REQUIRE), 2);
	assert_true(sip_msg_has_token(m, SIP_HDR_REQUIRE, STR("nothingSupportsThisEither")));
	assert_true(sip_msg_has_token(m, SIP_HDR_PROXY_REQUIRE, STR("noproxiessupportthis")));
	assert_false(sip_msg_has_token(m, SIP_HDR_REQUIRE, STR("nothing")));
}


static void more_invut(const struct sip_msg *m)
{
	header_is(m, SIP_HDR_CONTENT_TYPE, "application/unknownformat");
}


static void more_regaut01(const struct sip_msg *m)
{
	struct auth_credentials c;

	assert_int_equal(auth_credentials_decode(&c, sip_msg_header(m, SIP_HDR_AUTHORIZATION)), 0);
	assert_false(c.digest);
	unit_str(c.scheme, "NoOneKnowsThisScheme");
	assert_int_equal(auth_credentials_find(&c, m, SIP_HDR_AUTHORIZATION, STR("example.com")),
			 -ENOENT);
}


static void more_bcast(const struct sip_msg *m)
{
	struct sip_via via;

	assert_int_equal(sip_via_decode(&via, nth(m, SIP_HDR_VIA, 1)), 0);
	unit_str(via.host, "255.255.255.255");
}


static void more_cparam01(const struct sip_msg *m)
{
	struct sip_name_addr c;
	struct str v;

	contact(m, 0, &c);
	unit_str(c.uri, "sip:+19725552222@gw1.example.net");
	assert_true(sip_param(c.params, STR("unknownparam"), &v));
}


static void more_cparam02(const struct sip_msg *m)
{
	struct sip_name_addr c;
	struct sip_uri uri;
	struct str v;

	contact(m, 0, &c);
	assert_int_equal(sip_uri_decode(&uri, c.uri), 0);
	assert_true(sip_uri_param(&uri, STR("unknownparam"), &v));
	assert_false(sip_param(c.params, STR("unknownparam"), &v));
}


static void more_regescrt(const struct sip_msg *m)
{
	struct sip_name_addr c;
	struct sip_uri uri;

	contact(m, 0, &c);
	assert_int_equal(sip_uri_decode(&uri, c.uri), 0);
	unit_str(uri.headers, "Route=%3Csip:sip.example.com%3E");
}


static void more_sdp01(const struct sip_msg *m)
{
	struct sip_media_type sdp;

	assert_int_equal(sip_media_type_decode(&sdp, STR("application/sdp")), 0);
	assert_int_equal(sip_accept_q(m, &sdp), 0);
}


static void more_inv2543(const struct sip_msg *m)
{
	unit_str(m->from_uri, "sip:+13035551111@ift.client.example.net;user=phone");
	unit_str(m->to_uri, "sip:+16505552222@ss1.example.net");
	assert_false(sip_via_is_3261(&m->via));
}


static void uri_host(const struct sip_msg *m, const char *host, uint16_t port)
{
	struct sip_uri uri;

	assert_int_equal(sip_uri_decode(&uri, m->uri), 0);
	assert_true(uri.host_v6);
	unit_str(uri.host, host);
	assert_int_equal(uri.port, port);
}


static void more_ipv6_good(const struct sip_msg *m)
{
	uri_host(m, "2001:db8::10", 0);
	unit_str(m->via.host, "2001:db8::9:1");
	unit_str(m->via.sent_by, "[2001:db8::9:1]");
}


static void more_port_ambiguous(const struct sip_msg *m)
{
	uri_host(m, "2001:db8::10:5070", 0);
}


static void more_port_unambiguous(const struct sip_msg *m)
{
	uri_host(m, "2001:db8::10", 5070);
}


static void more_received(const struct sip_msg *m)
{
	unit_str(m->via.received, "2001:db8::9:255");
}


static void more_mult_ip(const struct sip_msg *m)
{
	struct sip_via via;

	assert_int_equal(m->via.port, 6050);
	assert_int_equal(sip_via_decode(&via, nth(m, SIP_HDR_VIA, 2)), 0);
	unit_str(via.host, "2001:db8::9:255");
	unit_str(via.received, "192.0.2.200");
}


static void more_mapped(const struct sip_msg *m)
{
	unit_str(m->via.host, "::ffff:192.0.2.10");
	assert_int_equal(m->via.port, 19823);
}


static void more_3_colons(const struct sip_msg *m)
{
	uri_host(m, "2001:db8:::192.0.2.1", 0);
}


#define OK SIP_DECODE_OK
#define BAD SIP_DECODE_BAD
#define BROKEN SIP_DECODE_BROKEN

static const struct row rows[] = {
	/* RFC 4475 3.1.1: valid */
	{"wsinv", "3.1.1.1", OK, 0, "INVITE", "sip:vivekg@chair-dnrc.example.com;unknownparam",
	 "wsinv.ndaksdj@192.0.2.1", "390skdjuw", "98asjd8", "1918181833n", 9, 68, 150, NULL,
	 more_wsinv},
	{"intmeth", "3.1.1.2", OK, 0, "!interesting-Method0123456789_*+`.%indeed'~",
	 "sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*:&it+has=1,weird!*pas$wo~d_too."
	 "(doesn't-it)@example.com",
	 "intmeth.word%ZK-!.*_+'@word`~)(><:\\/\"][?}{", "z9hG4bK-.!%66*_+`'~", "_token~1'+`*%!-.",
	 NULL, 139122385, 255, 0, "proxy: forwards or 404; endpoint: 501", more_intmeth},
	{"esc01", "3.1.1.3", OK, 0, "INVITE", "sip:sips%3Auser%40example.com@example.net",
	 "esc01.239409asdfakjkn23onasd0-3234", "z9hG4bKkdjuw", "938", NULL, 234234, 87, 150, NULL,
	 more_esc01},
	{"escnull", "3.1.1.4", OK, 0, "REGISTER", "sip:example.com",
	 "escnull.39203ndfvkjdasfkq3w4otrq0adsfdfnavd", "z9hG4bKkdjuw", "839923423", NULL, 14398234,
	 70, 0, "registrar: two bindings", more_escnull},
	{"esc02", "3.1.1.5", OK, 0, "RE%47IST%45R", "sip:registrar.example.com",
	 "esc02.asdfnqwo34rq23i34jrjasdcnl23nrlknsdf", "z9hG4bK209%fzsnel234", "f232jadfj23", NULL,
	 29344, 70, 0, "endpoint: 501", more_esc02},
	{"lwsdisp", "3.1.1.6", OK, 0, "OPTIONS", "sip:user@example.com",
	 "lwsdisp.1234abcd@funky.example.com", "z9hG4bKkdjuw", "323", NULL, 60, 70, 0, NULL,
	 more_lwsdisp},
	{"longreq", "3.1.1.7", OK, 0, "INVITE", "sip:user@example.com",
	 "longreq.onereallyreallyreallyreallyreallyreallyreallyreallyreallyreallyreallyreallyreally"
	 "reallyreallyreallyreallyreallyreallyreallylongcallid",
	 NULL,
	 "12982982982982982982982982982982982982982982982982982982982982982982982982982982982982982"
	 "98"
	 "2982982982982982982982982982982982982982982982982982982982982424",
	 NULL, 3882340, 70, 150, NULL, more_longreq},
	{"dblreq", "3.1.1.8", OK, 0, "REGISTER", "sip:example.com",
	 "dblreq.0ha0isndaksdj99sdfafnl3lk233412", "z9hG4bKkdjuw23492", "43251j3j324", NULL, 8, 8,
	 0, NULL, more_dblreq},
	{"semiuri", "3.1.1.9", OK, 0, "OPTIONS", "sip:user;par=u%40example.net@example.com",
	 "semiuri.0ha0isndaksdj", "z9hG4bKkdjuw", "33242", NULL, 8, 3, 0, NULL, more_semiuri},
	{"transports", "3.1.1.10", OK, 0, "OPTIONS", "sip:user@example.com",
	 "transports.kijh4akdnaqjkwendsasfdj", "z9hG4bKkdjuw", "323", NULL, 60, 70, 0, NULL,
	 more_transports},
	{"mpart01", "3.1.1.11", OK, 0, "MESSAGE", "sip:kumiko@example.org",
	 "3d9485ad0c49859b@Zmx1ZmZ5LW1hYy0xNi5sb2NhbA..",
	 "z9hG4bK-d87543-4dade06d0bdb11ee-1--d87543-", "2fb0dcc9", NULL, 1, 70, 553, NULL,
	 more_mpart01},
	{"unreason", "3.1.1.12", OK, 200, "INVITE", NULL, "unreason.1234ksdfak3j2erwedfsASdf",
	 "z9hG4bK1324923", "11141343", "2229", 35, -1, 154, NULL, more_unreason},
	{"noreason", "3.1.1.13", OK, 100, "INVITE", NULL, "noreason.asndj203insdf99223ndf",
	 "z9hG4bK2398ndaoe", "39ansfi3", "902jndnke3", 35, -1, 0, NULL, more_noreason},

	/* 3.1.2: invalid */
	{"badinv01", "3.1.2.1", BAD, 400, "INVITE", "sip:user@example.com",
	 "badinv01.0ha0isndaksdjasdf3234nas", NULL, "134161461246", NULL, 8, 7, 152, NULL,
	 more_badinv01},
	{"clerr", "3.1.2.2", BAD, 400, "INVITE", "sip:user@example.com",
	 "clerr.0ha0isndaksdjweiafasdk3", "z9hG4bK-39234-23523", "93942939o2", NULL, 8, 80, 154,
	 NULL, NULL},
	{"ncl", "3.1.2.3", BAD, 400, "INVITE", "sip:user@example.com",
	 "ncl.0ha0isndaksdj2193423r542w35", "z9hG4bKkdjuw", "32394234", NULL, 0, 254, 152, NULL,
	 NULL},
	{"scalar02", "3.1.2.4", BAD, 400, "REGISTER", "sip:example.com",
	 "scalar02.23o0pd9vanlq3wnrlnewofjas9ui32", "z9hG4bK342sdfoi3", "239232jh3", NULL, 0, -1, 0,
	 NULL, more_scalar02},
	{"scalarlg", "3.1.2.5", BAD, 503, "", NULL, "scalarlg.noase0of0234hn2qofoaf0232aewf2394r",
	 "z9hG4bKzzxdiwo34sw", "2easdjfejw", NULL, 0, -1, 0, NULL, NULL},
	{"quotbal", "3.1.2.6", BAD, 400, "INVITE", "sip:user@example.com", "quotbal.aksdj",
	 "z9hG4bKkdjuw39234", "93334", NULL, 8, 10, 152, NULL, NULL},
	{"ltgtruri", "3.1.2.7", BAD, 400, "INVITE", "<sip:user@example.com>",
	 "ltgtruri.1@192.0.2.5", NULL, "39291", NULL, 1, 23, 159, NULL, NULL},
	{"lwsruri", "3.1.2.8", BAD, 400, "INVITE", "sip:user@example.com; lr",
	 "lwsruri.asdfasdoeoi2323-asdfwrn23-asd834rk423", "z9hG4bKkdjuw2395", "231413434",
	 "3xfe-9921883-z9f", 2130706432, 5, 159, NULL, NULL},
	{"lwsstart", "3.1.2.9", BAD, 400, "INVITE", " sip:user@example.com ",
	 "lwsstart.dfknq234oi243099adsdfnawe3@example.com", "z9hG4bKkdjuw3923", "8814", NULL,
	 1893884, 8, 150, NULL, NULL},
	{"trws", "3.1.2.10", BAD, 400, "OPTIONS", "sip:remote-target@example.com",
	 "trws.oicu34958239neffasdhr2345r", "z9hG4bK299342093", "329429089", NULL, 238923, 70, 0,
	 NULL, NULL},
	{"escruri", "3.1.2.11", BAD, 400, "INVITE",
	 "sip:user@example.com?Route=%3Csip:example.com%3E",
	 "escruri.23940-asdfhj-aje3br-234q098w-fawerh2q-h4n5", "z9hG4bKkdjuw", "341518", NULL,
	 149209342, 7, 150, NULL, NULL},
	{"baddate", "3.1.2.12", OK, 0, "INVITE", "sip:user@example.com",
	 "baddate.239423mnsadf3j23lj42--sedfnm234", "z9hG4bKkdjuw", "2234923", NULL, 1392934, 70,
	 150, "whoever uses Date", more_baddate},
	{"regbadct", "3.1.2.13", OK, 0, "REGISTER", "sip:example.com",
	 "regbadct.k345asrl3fdbv@10.0.0.1", "z9hG4bKkdjuw", "998332", NULL, 1, 70, 0,
	 "registrar: 400, the Contact does not decode", more_regbadct},
	{"badaspec", "3.1.2.14", BAD, 400, "OPTIONS", "sip:user@example.org",
	 "badaspec.sdf0234n2nds0a099u23h3hnnw009cdkne3", "z9hG4bKkdju43234", "433423", NULL,
	 3923239, 70, 0, NULL, NULL},
	{"baddn", "3.1.2.15", BAD, 400, "OPTIONS", "sip:t.watson@example.org",
	 "baddn.31415@c.example.com", "z9hG4bKkdjuw", NULL, NULL, 3923239, 70, 0, NULL, NULL},
	{"badvers", "3.1.2.16", BAD, 505, "OPTIONS", "sip:t.watson@example.org",
	 "badvers.31417@c.example.com", "z9hG4bKkdjuw", "qweoiqpe", NULL, 1, 70, 0, NULL,
	 more_badvers},
	{"mismatch01", "3.1.2.17", BAD, 400, "OPTIONS", "sip:user@example.com",
	 "mismatch01.dj0234sxdfl3", "z9hG4bKkdjuw", "34525", NULL, 8, 6, 0, NULL, NULL},
	{"mismatch02", "3.1.2.18", BAD, 501, "NEWMETHOD", "sip:user@example.com",
	 "mismatch02.dj0234sxdfl3", "z9hG4bKkdjuw", "34525", NULL, 8, 6, 138, NULL, NULL},
	{"bigcode", "3.1.2.19", BROKEN, 0, NULL, NULL, NULL, NULL, NULL, NULL, 0, -1, 0, NULL,
	 NULL},

	/* 3.2, 3.3, 3.4: well formed, and others react */
	{"badbranch", "3.2.1", OK, 0, "OPTIONS", "sip:user@example.com",
	 "badbranch.sadonfo23i420jv0as0derf3j3n", "z9hG4bK", "33242", NULL, 8, 3, 0,
	 "transaction: matched as in RFC 2543", more_badbranch},
	{"insuf", "3.3.1", BAD, 400, "INVITE", "sip:user@example.com", NULL, "z9hG4bKkdj.insuf",
	 NULL, NULL, 193942, -1, 152, NULL, NULL},
	{"unkscm", "3.3.2", OK, 0, "OPTIONS", "nobodyKnowsThisScheme:totallyopaquecontent",
	 "unkscm.nasdfasser0q239nwsdfasdkl34", "z9hG4bKkdjuw39234", "384", NULL, 3923423, 3, 0,
	 "proxy, endpoint: 416", more_unkscm},
	{"novelsc", "3.3.3", OK, 0, "OPTIONS", "soap.beep://192.0.2.103:3002",
	 "novelsc.asdfasser0q239nwsdfasdkl34", "z9hG4bKkdjuw39234", "384", NULL, 3923423, 3, 0,
	 "proxy, endpoint: 416", more_unkscm},
	{"unksm2", "3.3.4", OK, 0, "REGISTER", "sip:example.com",
	 "unksm2.daksdj@hyphenated-host.example.com", "z9hG4bKkdjuw", "3234233", NULL, 234902, 70,
	 0, "registrar: 400", more_unksm2},
	{"bext01", "3.3.5", OK, 0, "OPTIONS", "sip:user@example.com", "bext01.0ha0isndaksdj",
	 "z9hG4bKkdjuw", "242etr", NULL, 8, 6, 0, "proxy, endpoint: 420", more_bext01},
	{"invut", "3.3.6", OK, 0, "INVITE", "sip:user@example.com",
	 "invut.0ha0isndaksdjadsfij34n23d", "z9hG4bKkdjuw", "8392034", NULL, 235448, 70, 40,
	 "endpoint: 415", more_invut},
	{"regaut01", "3.3.7", OK, 0, "REGISTER", "sip:example.com", "regaut01.0ha0isndaksdj",
	 "z9hG4bKkdjuw", "87321hj23128", NULL, 9338, 8, 0, "registrar: 401", more_regaut01},
	{"multi01", "3.3.8", BAD, 400, "INVITE", "sip:user@company.com", "multi01.98asdh@192.0.2.1",
	 "z9hG4bKkdjuw", "3413415", NULL, 5, 70, 154, NULL, NULL},
	{"mcl01", "3.3.9", BAD, 400, "OPTIONS", "sip:user@example.com",
	 "mcl01.fhn2323orihawfdoa3o4r52o3irsdf", "z9hG4bK293423", "3923942", NULL, 15932, 60, 13,
	 NULL, NULL},
	{"bcast", "3.3.10", OK, 200, "INVITE", NULL, "bcast.0384840201234ksdfak3j2erwedfsASdf",
	 "z9hG4bK1324923", "11141343", "2229", 35, -1, 154,
	 "proxy: dropped, the second Via is broadcast", more_bcast},
	{"zeromf", "3.3.11", OK, 0, "OPTIONS", "sip:user@example.com",
	 "zeromf.jfasdlfnm2o2l43r5u0asdfas", "z9hG4bKkdjuw2349i", "3ghsd41", NULL, 39234321, 0, 0,
	 "proxy: 483", NULL},
	{"cparam01", "3.3.12", OK, 0, "REGISTER", "sip:example.com",
	 "cparam01.70710@saturn.example.com", "z9hG4bKkdjuw", "DkfVgjkrtMwaerKKpe", NULL, 2, 70, 0,
	 NULL, more_cparam01},
	{"cparam02", "3.3.13", OK, 0, "REGISTER", "sip:example.com",
	 "cparam02.70710@saturn.example.com", "z9hG4bKkdjuw", "838293", NULL, 3, 70, 0, NULL,
	 more_cparam02},
	{"regescrt", "3.3.14", OK, 0, "REGISTER", "sip:example.com",
	 "regescrt.k345asrl3fdbv@192.0.2.1", "z9hG4bKkdjuw", "8", NULL, 14398234, 70, 0, NULL,
	 more_regescrt},
	{"sdp01", "3.3.15", OK, 0, "INVITE", "sip:user@example.com", "sdp01.ndaksdj9342dasdd",
	 "z9hG4bKkdjuw", "234", NULL, 8, 5, 150, "endpoint: 406", more_sdp01},
	{"inv2543", "3.4.1", OK, 0, "INVITE", "sip:UserB@example.com",
	 "inv2543.1717@ift.client.example.com", NULL, NULL, NULL, 56, -1, 105, NULL, more_inv2543},
	/* In the archive, not in the text: no version, so not SIP at all. */
	{"test", "appendix A", BROKEN, 0, NULL, NULL, NULL, NULL, NULL, NULL, 0, -1, 0, NULL, NULL},

	/* RFC 5118 */
	{"ipv6-good", "5118 4.1", OK, 0, "REGISTER", "sip:[2001:db8::10]",
	 "SSG9559905523997077@hlau_4100", "z9hG4bKas3-111", "81x2", NULL, 98176, 70, 0, NULL,
	 more_ipv6_good},
	{"ipv6-bad", "5118 4.2", BAD, 400, "REGISTER", "sip:2001:db8::10",
	 "SSG9559905523997077@hlau_4100", "z9hG4bKas3-111", "81x2", NULL, 98176, 70, 0, NULL, NULL},
	{"port-ambiguous", "5118 4.3", OK, 0, "REGISTER", "sip:[2001:db8::10:5070]",
	 "SSG9559905523997077@hlau_4100", "z9hG4bKas3-111", "81x2", NULL, 98176, 70, 0, NULL,
	 more_port_ambiguous},
	{"port-unambiguous", "5118 4.4", OK, 0, "REGISTER", "sip:[2001:db8::10]:5070",
	 "SSG9559905523997077@hlau_4100", "z9hG4bKas3-111", "81x2", NULL, 98176, 70, 0, NULL,
	 more_port_unambiguous},
	{"via-received-param-with-delim", "5118 4.5", OK, 0, "BYE", "sip:[2001:db8::10]",
	 "SSG9559905523997077@hlau_4100", "z9hG4bKas3-111", "81x2", "bd76ya", 321, 70, 0, NULL,
	 more_received},
	{"via-received-param-no-delim", "5118 4.5", OK, 0, "OPTIONS", "sip:[2001:db8::10]",
	 "SSG95523997077@hlau_4100", "z9hG4bKas3", "81x2", NULL, 921, 70, 0, NULL, more_received},
	{"ipv6-in-sdp", "5118 4.6", OK, 0, "INVITE", "sip:user@[2001:db8::10]",
	 "SSG9559905523997077@hlau_4100", "z9hG4bKas3-111", "81x2", NULL, 8612, 70, 251, NULL,
	 NULL},
	{"mult-ip-in-header", "5118 4.7", OK, 0, "BYE", "sip:user@host.example.net",
	 "997077@lau_4100", "z9hG4bKas3-111", "81x2", "9817--94", 89187, 70, 0, NULL, more_mult_ip},
	{"mult-ip-in-sdp", "5118 4.8", OK, 0, "INVITE", "sip:user@[2001:db8::10]",
	 "SSG9559905523997077@hlau_4100", "z9hG4bKas3-111", "81x2", NULL, 8912, 70, 181, NULL,
	 NULL},
	{"ipv4-mapped-ipv6", "5118 4.9", OK, 0, "INVITE", "sip:user@example.com",
	 "SSG9559905523997077@hlau_4100", "z9hG4bKbh19", "81x2", NULL, 612, 70, 236, NULL,
	 more_mapped},
	{"ipv6-bug-abnf-3-colons", "5118 4.10", OK, 0, "OPTIONS", "sip:user@[2001:db8:::192.0.2.1]",
	 "G9559905523997077@hlau_4100", "z9hG4bKas3-111", "810x2", NULL, 689, 70, 0, NULL,
	 more_3_colons},
	{"ipv6-correct-abnf-2-colons", "5118 4.10", OK, 0, "OPTIONS",
	 "sip:user@[2001:db8::192.0.2.1]", "G9559905523997077@hlau_4100", "z9hG4bKas3-111", "810x2",
	 NULL, 689, 70, 0, NULL, NULL},
};


static size_t load(const char *name, char *text, size_t max)
{
	char path[512];
	FILE *f;
	size_t n;

	snprintf(path, sizeof(path), "%s/%s.dat", TORTURE_DIR, name);
	f = fopen(path, "rb");
	assert_non_null(f);
	n = fread(text, 1, max, f);
	fclose(f);
	assert_true(n > 0 && n < max);
	return n;
}


static void check(const struct row *r)
{
	static char text[8192];
	struct sip_msg m;
	struct str bytes = {text, load(r->file, text, sizeof(text))};

	unit_case("%s (%s)", r->file, r->section);
	assert_int_equal(sip_msg_decode(&m, bytes, false), r->decode);
	if (r->decode == BROKEN)
		return;

	assert_int_equal(m.status, r->status);
	assert_int_equal(m.request, r->uri != NULL);
	unit_str(m.method_name.p ? m.method_name : STR(""), r->method);
	is(m.uri, r->uri);
	is(m.call_id, r->call_id);
	is(m.via.branch, r->branch);
	is(m.from_tag, r->from_tag);
	is(m.to_tag, r->to_tag);
	assert_int_equal(m.cseq.number, r->cseq);
	assert_int_equal(m.max_forwards, r->max_forwards);
	assert_int_equal(m.body.n, r->body);
	if (r->more)
		r->more(&m);
}


static void test_every_message(void)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		check(&rows[i]);
}


/* Wherever a request can be answered, the answer is a message that decodes. */
static void test_answers(void)
{
	static char text[8192];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf *b = unit_buf(SIP_MESSAGE_MAX);
		struct str bytes = {text, load(rows[i].file, text, sizeof(text))};
		struct sip_msg m, answer;

		unit_case("%s", rows[i].file);
		if (sip_msg_decode(&m, bytes, false) == BROKEN || !m.request)
			continue;

		sip_put_response(b, &m, m.status ? m.status : 200, STR_NULL, STR("ours"));
		sip_put_body(b, STR_NULL, STR_NULL);
		unit_ok(b->failed ? -ENOBUFS : 0);
		assert_int_not_equal(sip_msg_decode(&answer, buf_str(b), true), BROKEN);
		assert_false(answer.request);
		if (rows[i].decode == OK && rows[i].branch) {
			unit_str(answer.via.branch, rows[i].branch);
			assert_int_equal(answer.status, 200);
			unit_str(answer.to_tag, rows[i].to_tag ? rows[i].to_tag : "ours");
		}
	}
}


UNIT_MAIN(UNIT_TEST(test_every_message), UNIT_TEST(test_answers))
