/* SPDX-License-Identifier: Apache-2.0 */
#include "sip/msg.h"
#include "sip/uri.h"

#include "lib/unit.h"

#define VIA "Via: SIP/2.0/UDP h;branch=z9hG4bK1\r\n"
#define FROM "From: <sip:a@h>;tag=f\r\n"
#define TO "To: <sip:b@h>\r\n"
#define CID "Call-ID: c\r\n"
#define CSEQ "CSeq: 1 MESSAGE\r\n"
#define REQ "MESSAGE sip:b@h SIP/2.0\r\n"
#define MUST VIA FROM TO CID CSEQ
#define END "\r\n"

static const struct {
	const char *name;
	const char *text;
	bool stream;
	enum sip_decode decode;
	uint16_t status;
} rows[] = {
	{"least", REQ MUST END, false, SIP_DECODE_OK, 0},
	{"LF only",
	 "MESSAGE sip:b@h SIP/2.0\nVia: SIP/2.0/UDP h\nFrom: <sip:a@h>\nTo: <sip:b@h>\nCall-ID: c\n"
	 "CSeq: 1 MESSAGE\n\n",
	 false, SIP_DECODE_OK, 0},
	{"line ends before", "\r\n\r\n" REQ MUST END, false, SIP_DECODE_OK, 0},
	{"version in lower case", "MESSAGE sip:b@h sip/2.0\r\n" MUST END, false, SIP_DECODE_OK, 0},
	{"response", "SIP/2.0 200 OK\r\n" MUST END, false, SIP_DECODE_OK, 200},
	{"response without reason or SP", "SIP/2.0 200\r\n" MUST END, false, SIP_DECODE_OK, 200},
	{"response of 699", "SIP/2.0 699 x\r\n" MUST END, false, SIP_DECODE_OK, 699},
	{"response of 100", "SIP/2.0 100 x\r\n" MUST END, false, SIP_DECODE_OK, 100},
	{"stream with length", REQ MUST "l: 0\r\n" END, true, SIP_DECODE_OK, 0},
	{"length", REQ MUST "Content-Length: 3\r\n" END "abc", false, SIP_DECODE_OK, 0},
	{"length with zeros", REQ MUST "Content-Length: 0003\r\n" END "abc", false, SIP_DECODE_OK,
	 0},
	{"length folded", REQ MUST "Content-Length:\r\n 3\r\n" END "abc", false, SIP_DECODE_OK, 0},
	{"unknown header", REQ MUST "X-Thing: y\r\n" END, false, SIP_DECODE_OK, 0},
	{"empty header", REQ MUST "Supported:\r\n" END, false, SIP_DECODE_OK, 0},
	{"Max-Forwards of 255", REQ MUST "Max-Forwards: 255\r\n" END, false, SIP_DECODE_OK, 0},
	{"CSeq of 2^31 - 1", REQ VIA FROM TO CID "CSeq: 2147483647 MESSAGE\r\n" END, false,
	 SIP_DECODE_OK, 0},
	{"two Via lines", REQ MUST "Via: SIP/2.0/UDP x\r\n" END, false, SIP_DECODE_OK, 0},
	{"extension method", "FOO sip:b@h SIP/2.0\r\n" VIA FROM TO CID "CSeq: 1 FOO\r\n" END, false,
	 SIP_DECODE_OK, 0},
	{"unusual Call-ID", REQ VIA FROM TO "Call-ID: =a&b@c==\r\n" CSEQ END, false, SIP_DECODE_OK,
	 0},

	{"nothing", "", false, SIP_DECODE_BROKEN, 0},
	{"line ends only", "\r\n\r\n\r\n", false, SIP_DECODE_BROKEN, 0},
	{"one line", "MESSAGE sip:b@h SIP/2.0", false, SIP_DECODE_BROKEN, 0},
	{"one line and CR", "MESSAGE sip:b@h SIP/2.0\r", false, SIP_DECODE_BROKEN, 0},
	{"CR in the start line", "MESSAGE sip:b@h\r SIP/2.0\r\n" MUST END, false, SIP_DECODE_BROKEN,
	 0},
	{"start line only", REQ, false, SIP_DECODE_BROKEN, 0},
	{"no Via", REQ FROM TO CID CSEQ END, false, SIP_DECODE_BROKEN, 0},
	{"Via of nothing", REQ "Via:\r\n" FROM TO CID CSEQ END, false, SIP_DECODE_BROKEN, 0},
	{"Via without host", REQ "Via: SIP/2.0/UDP\r\n" FROM TO CID CSEQ END, false,
	 SIP_DECODE_BROKEN, 0},
	{"HTTP", "GET / HTTP/1.1\r\nHost: x\r\n\r\n", false, SIP_DECODE_BROKEN, 0},
	{"no version", "MESSAGE sip:b@h\r\n" MUST END, false, SIP_DECODE_BROKEN, 0},
	{"no URI", "MESSAGE SIP/2.0\r\n" MUST END, false, SIP_DECODE_BROKEN, 0},
	{"method not a token", "MES(SAGE sip:b@h SIP/2.0\r\n" MUST END, false, SIP_DECODE_BROKEN,
	 0},
	{"SP before", " MESSAGE sip:b@h SIP/2.0\r\n" MUST END, false, SIP_DECODE_BROKEN, 0},
	{"response of 99", "SIP/2.0 099 x\r\n" MUST END, false, SIP_DECODE_BROKEN, 0},
	{"response of 700", "SIP/2.0 700 x\r\n" MUST END, false, SIP_DECODE_BROKEN, 0},
	{"response of 2000", "SIP/2.0 2000 x\r\n" MUST END, false, SIP_DECODE_BROKEN, 0},
	{"response of -20", "SIP/2.0 -20 x\r\n" MUST END, false, SIP_DECODE_BROKEN, 0},
	{"response of version 3", "SIP/3.0 200 OK\r\n" MUST END, false, SIP_DECODE_BROKEN, 0},

	{"empty URI", "MESSAGE  SIP/2.0\r\n" MUST END, false, SIP_DECODE_BAD, 400},
	{"two SP", "MESSAGE  sip:b@h SIP/2.0\r\n" MUST END, false, SIP_DECODE_BAD, 400},
	{"SP in URI", "MESSAGE sip:b @h SIP/2.0\r\n" MUST END, false, SIP_DECODE_BAD, 400},
	{"SP behind", "MESSAGE sip:b@h SIP/2.0 \r\n" MUST END, false, SIP_DECODE_BAD, 400},
	{"headers in URI", "MESSAGE sip:b@h?x=y SIP/2.0\r\n" MUST END, false, SIP_DECODE_BAD, 400},
	{"version 3", "MESSAGE sip:b@h SIP/3.0\r\n" MUST END, false, SIP_DECODE_BAD, 505},
	{"version 3 and worse", "MESSAGE <sip:b@h> SIP/3.0 \r\n" VIA END, false, SIP_DECODE_BAD,
	 505},
	{"no empty line", REQ MUST, false, SIP_DECODE_BAD, 400},
	{"cut in a line", REQ MUST "X: y", false, SIP_DECODE_BAD, 400},
	{"cut after CR", REQ MUST "X: y\r", false, SIP_DECODE_BAD, 400},
	{"cut in the empty line", REQ MUST "\r", false, SIP_DECODE_BAD, 400},
	{"no colon", REQ MUST "Foobar\r\n" END, false, SIP_DECODE_BAD, 400},
	{"no name", REQ MUST ": x\r\n" END, false, SIP_DECODE_BAD, 400},
	{"name not a token", REQ MUST "Foo bar: x\r\n" END, false, SIP_DECODE_BAD, 400},
	{"first line folded", REQ " folded\r\n" MUST END, false, SIP_DECODE_BAD, 400},
	{"CR alone in a value", REQ MUST "X: y\rz\r\n" END, false, SIP_DECODE_BAD, 400},
	{"CR alone in front", REQ MUST "\rX: y\r\n" END, false, SIP_DECODE_BAD, 400},
	{"no From", REQ VIA TO CID CSEQ END, false, SIP_DECODE_BAD, 400},
	{"no To", REQ VIA FROM CID CSEQ END, false, SIP_DECODE_BAD, 400},
	{"no Call-ID", REQ VIA FROM TO CSEQ END, false, SIP_DECODE_BAD, 400},
	{"no CSeq", REQ VIA FROM TO CID END, false, SIP_DECODE_BAD, 400},
	{"two From", REQ MUST FROM END, false, SIP_DECODE_BAD, 400},
	{"two To", REQ MUST "t: <sip:x@h>\r\n" END, false, SIP_DECODE_BAD, 400},
	{"two Call-ID", REQ MUST CID END, false, SIP_DECODE_BAD, 400},
	{"two CSeq", REQ MUST CSEQ END, false, SIP_DECODE_BAD, 400},
	{"two Max-Forwards", REQ MUST "Max-Forwards: 1\r\nMax-Forwards: 1\r\n" END, false,
	 SIP_DECODE_BAD, 400},
	{"two lengths", REQ MUST "Content-Length: 0\r\nl: 0\r\n" END, false, SIP_DECODE_BAD, 400},
	{"two types", REQ MUST "Content-Type: a/b\r\nc: a/b\r\n" END, false, SIP_DECODE_BAD, 400},
	{"two Expires", REQ MUST "Expires: 1\r\nExpires: 1\r\n" END, false, SIP_DECODE_BAD, 400},
	{"two From in one", REQ VIA "From: <sip:a@h>;tag=x, <sip:b@h>;tag=y\r\n" TO CID CSEQ END,
	 false, SIP_DECODE_BAD, 400},
	{"From of star", REQ VIA "From: *\r\n" TO CID CSEQ END, false, SIP_DECODE_BAD, 400},
	{"tag of nothing", REQ VIA "From: <sip:a@h>;tag\r\n" TO CID CSEQ END, false, SIP_DECODE_BAD,
	 400},
	{"tag quoted", REQ VIA "From: <sip:a@h>;tag=\"x\"\r\n" TO CID CSEQ END, false,
	 SIP_DECODE_BAD, 400},
	{"Call-ID of nothing", REQ VIA FROM TO "Call-ID:\r\n" CSEQ END, false, SIP_DECODE_BAD, 400},
	{"Call-ID of two words", REQ VIA FROM TO "Call-ID: a b\r\n" CSEQ END, false, SIP_DECODE_BAD,
	 400},
	{"CSeq of 2^31", REQ VIA FROM TO CID "CSeq: 2147483648 MESSAGE\r\n" END, false,
	 SIP_DECODE_BAD, 400},
	{"CSeq negative", REQ VIA FROM TO CID "CSeq: -1 MESSAGE\r\n" END, false, SIP_DECODE_BAD,
	 400},
	{"CSeq without number", REQ VIA FROM TO CID "CSeq: MESSAGE\r\n" END, false, SIP_DECODE_BAD,
	 400},
	{"CSeq without method", REQ VIA FROM TO CID "CSeq: 1\r\n" END, false, SIP_DECODE_BAD, 400},
	{"CSeq in one", REQ VIA FROM TO CID "CSeq: 1MESSAGE\r\n" END, false, SIP_DECODE_BAD, 400},
	{"CSeq of two methods", REQ VIA FROM TO CID "CSeq: 1 MESSAGE X\r\n" END, false,
	 SIP_DECODE_BAD, 400},
	{"CSeq of another method", REQ VIA FROM TO CID "CSeq: 1 INVITE\r\n" END, false,
	 SIP_DECODE_BAD, 400},
	{"CSeq in lower case", REQ VIA FROM TO CID "CSeq: 1 message\r\n" END, false, SIP_DECODE_BAD,
	 400},
	{"method in lower case", "message sip:b@h SIP/2.0\r\n" MUST END, false, SIP_DECODE_BAD,
	 501},
	{"Max-Forwards of 256", REQ MUST "Max-Forwards: 256\r\n" END, false, SIP_DECODE_BAD, 400},
	{"Max-Forwards negative", REQ MUST "Max-Forwards: -1\r\n" END, false, SIP_DECODE_BAD, 400},
	{"Max-Forwards of nothing", REQ MUST "Max-Forwards:\r\n" END, false, SIP_DECODE_BAD, 400},
	{"length negative", REQ MUST "Content-Length: -1\r\n" END, false, SIP_DECODE_BAD, 400},
	{"length a word", REQ MUST "Content-Length: five\r\n" END, false, SIP_DECODE_BAD, 400},
	{"length beyond", REQ MUST "Content-Length: 4\r\n" END "abc", false, SIP_DECODE_BAD, 400},
	{"length beyond all", REQ MUST "Content-Length: 99999999999999999999\r\n" END "abc", false,
	 SIP_DECODE_BAD, 400},
	{"stream without length", REQ MUST END, true, SIP_DECODE_BAD, 400},
	{"Via with empty parameter", REQ "Via: SIP/2.0/UDP h;;branch=x\r\n" FROM TO CID CSEQ END,
	 false, SIP_DECODE_BAD, 400},
	{"response without From", "SIP/2.0 200 OK\r\n" VIA TO CID CSEQ END, false, SIP_DECODE_BAD,
	 200},
};


static void test_rows(void)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct sip_msg m;

		unit_case("%s", rows[i].name);
		assert_int_equal(sip_msg_decode(&m, str_of(rows[i].text), rows[i].stream),
				 rows[i].decode);
		if (rows[i].decode == SIP_DECODE_BROKEN)
			continue;
		assert_int_equal(m.status, rows[i].status);
		if (rows[i].decode == SIP_DECODE_BAD)
			assert_true(m.reason.n > 0);
	}
}


/* Every beginning of a message: nothing is read behind it (the copy ends where it ends). */
static void test_every_prefix(void)
{
	static const char text[] =
		"\r\n" REQ "v: SIP/2.0/UDP [::1]:5060;rport, SIP/2.0/TCP x;branch=\"\r\n" VIA
		"f: \"x\\\" <y>\" <sip:a%20@h;x=y?z>;tag=f;q=\"r\"\r\n" TO "Call-ID: c\r\n d\r\n"
		"CSeq: 1\r\n\tMESSAGE\r\nContent-Length : 3\r\nX:\r\n\r\nabc";

	for (size_t n = 0; n < sizeof(text); n++) {
		char *copy = unit_ptr(mem_raw(n ? n : 1));
		struct sip_peek k;
		struct sip_msg m;

		memcpy(copy, text, n);
		sip_msg_decode(&m, (struct str){copy, n}, n % 2);
		sip_msg_peek(&k, (struct str){copy, n});
		mem_free(copy);
	}
}


static void test_body(void)
{
	struct sip_msg m;

	assert_int_equal(sip_msg_decode(&m, STR(REQ MUST END "hello"), false), SIP_DECODE_OK);
	unit_str(m.body, "hello");
	assert_int_equal(sip_msg_decode(&m, STR(REQ MUST "l: 2\r\n" END "hello"), false),
			 SIP_DECODE_OK);
	unit_str(m.body, "he");
	assert_ptr_equal(m.p + m.n, m.body.p + 2);
	assert_int_equal(sip_msg_decode(&m, STR(REQ MUST "l: 0\r\n" END "hello"), true),
			 SIP_DECODE_OK);
	assert_int_equal(m.body.n, 0);
	assert_int_equal(m.n, m.headers_end);
	assert_int_equal(sip_msg_decode(&m, STR(REQ MUST END "a\0b"), false), SIP_DECODE_OK);
	assert_int_equal(m.body.n, 3);
}


static void test_lf_is_noted(void)
{
	struct sip_msg m;

	sip_msg_decode(&m, STR(REQ MUST END "a\nb"), false);
	assert_false(m.bare_lf);
	sip_msg_decode(&m, STR("MESSAGE sip:b@h SIP/2.0\n" MUST END), false);
	assert_true(m.bare_lf);
	sip_msg_decode(&m, STR(REQ MUST "X: y\n" END), false);
	assert_true(m.bare_lf);
	sip_msg_decode(&m, STR(REQ MUST "X: y\n z\r\n" END), false);
	assert_true(m.bare_lf);
	sip_msg_decode(&m, STR(REQ MUST "X: y\r\n z\r\n" END), false);
	assert_false(m.bare_lf);
	sip_msg_decode(&m, STR(REQ MUST "\n"), false);
	assert_true(m.bare_lf);
}


static size_t many_lines(char *text, size_t lines)
{
	size_t n = sizeof(REQ MUST) - 1;

	memcpy(text, REQ MUST, n);
	for (size_t i = 5; i < lines; i++, n += 5)
		memcpy(text + n, "a:b\r\n", 5);
	memcpy(text + n, "\r\n", 2);
	return n + 2;
}


static void test_line_ceiling(void)
{
	char text[4096];
	struct sip_msg m;

	assert_int_equal(sip_msg_decode(&m, (struct str){text, many_lines(text, SIP_HEADERS_MAX)},
					false),
			 SIP_DECODE_OK);
	assert_int_equal(m.lines, SIP_HEADERS_MAX);
	assert_int_equal(sip_msg_decode(&m,
					(struct str){text, many_lines(text, SIP_HEADERS_MAX + 1)},
					false),
			 SIP_DECODE_BAD);
	assert_int_equal(m.status, 400);
	assert_int_equal(m.lines, SIP_HEADERS_MAX);
}


static void test_sizes(void)
{
	static char text[SIP_MESSAGE_MAX + 1];
	size_t n = sizeof(REQ MUST END) - 1;
	struct sip_msg m;

	memcpy(text, REQ MUST END, n);
	assert_int_equal(sip_msg_decode(&m, (struct str){text, SIP_MESSAGE_MAX}, false),
			 SIP_DECODE_OK);
	assert_int_equal(m.body.n, SIP_MESSAGE_MAX - n);
	assert_int_equal(sip_msg_decode(&m, (struct str){text, SIP_MESSAGE_MAX + 1}, false),
			 SIP_DECODE_BAD);
	assert_int_equal(m.status, 513);

	memset(text, 'a', 4096);
	memcpy(text, "MESSAGE sip:", 12);
	n = 8 + SIP_URI_MAX;
	memcpy(text + n - 2, "@h", 2);
	memcpy(text + n, " SIP/2.0\r\n" MUST END, sizeof(" SIP/2.0\r\n" MUST END) - 1);
	assert_int_equal(sip_msg_decode(&m,
					(struct str){text, n + sizeof(" SIP/2.0\r\n" MUST END) - 1},
					false),
			 SIP_DECODE_OK);
	memset(text, 'a', 4096);
	memcpy(text, "MESSAGE sip:", 12);
	n++;
	memcpy(text + n - 2, "@h", 2);
	memcpy(text + n, " SIP/2.0\r\n" MUST END, sizeof(" SIP/2.0\r\n" MUST END) - 1);
	assert_int_equal(sip_msg_decode(&m,
					(struct str){text, n + sizeof(" SIP/2.0\r\n" MUST END) - 1},
					false),
			 SIP_DECODE_BAD);
	assert_int_equal(m.status, 414);

	/* A name of 255 letters is the longest that the index can hold. */
	n = sizeof(REQ MUST) - 1;
	memcpy(text, REQ MUST, n);
	memset(text + n, 'n', 300);
	memcpy(text + n + 255, ": x\r\n\r\n", 7);
	assert_int_equal(sip_msg_decode(&m, (struct str){text, n + 262}, false), SIP_DECODE_OK);
	assert_int_equal(m.line[5].name_n, 255);
	memset(text + n, 'n', 300);
	memcpy(text + n + 256, ": x\r\n\r\n", 7);
	assert_int_equal(sip_msg_decode(&m, (struct str){text, n + 263}, false), SIP_DECODE_BAD);
}


static const char lists[] = REQ MUST "Route: <sip:a;x=\"y,z\">, <sip:b,c>;q=\"1,2\\\",3\",,\r\n"
				     "Supported: 100rel,path\r\n"
				     "route :\r\n <sip:d>\r\n ,\r\n\t<sip:e> \r\n"
				     "Route:\r\n"
				     "Route: , ,\r\n"
				     "Route: \"open, <sip:f>\r\n"
				     "k: Timer\r\n"
				     "Privacy: id ; header\r\n"
				     "X-Other: one\r\n"
				     "x-other: two\r\n" END;


static void test_values(void)
{
	static const char *const want[] = {"<sip:a;x=\"y,z\">", "<sip:b,c>;q=\"1,2\\\",3\"",
					   "<sip:d>", "<sip:e>", "\"open, <sip:f>"};
	static const uint8_t at_line[] = {5, 5, 7, 7, 10};
	struct sip_values v;
	struct sip_msg m;
	struct str s;

	assert_int_equal(sip_msg_decode(&m, str_of(lists), false), SIP_DECODE_OK);
	v = sip_values_first(&m, SIP_HDR_ROUTE);
	for (size_t i = 0; i < 5; i++) {
		assert_true(sip_values_next(&v, &s));
		unit_str(s, want[i]);
		assert_ptr_equal(m.p + v.at, s.p);
		assert_int_equal(v.at_line, at_line[i]);
	}
	assert_false(sip_values_next(&v, &s));
	assert_false(sip_values_next(&v, &s));
	v = sip_values_first(&m, SIP_HDR_CONTACT);
	assert_false(sip_values_next(&v, &s));
}


static void test_headers_by_name(void)
{
	struct sip_msg m;

	assert_int_equal(sip_msg_decode(&m, str_of(lists), false), SIP_DECODE_OK);
	unit_str(sip_msg_header(&m, SIP_HDR_SUPPORTED), "100rel,path");
	assert_null(sip_msg_header(&m, SIP_HDR_CONTACT).p);
	unit_str(sip_msg_header_named(&m, STR("X-OTHER")), "one");
	unit_str(sip_msg_header_named(&m, STR("supported")), "100rel,path");
	assert_null(sip_msg_header_named(&m, STR("X-Othe")).p);
	assert_null(sip_msg_header_named(&m, STR("")).p);
}


/* RFC 3261 20.33: "Retry-After: 18000;duration=3600", "Retry-After: 120 (I'm in a meeting)". */
static void test_retry_after(void)
{
	static const struct {
		const char *line;
		uint32_t seconds;
	} tries[] = {
		{"", 0},
		{"Retry-After: 0\r\n", 0},
		{"Retry-After: 120\r\n", 120},
		{"Retry-After: 18000;duration=3600\r\n", 18000},
		{"Retry-After: 120 (I'm in a meeting)\r\n", 120},
		{"Retry-After: 4294967295\r\n", UINT32_MAX},
		{"Retry-After: 4294967296\r\n", UINT32_MAX},
		{"Retry-After: 99999999999999999999 (later)\r\n", UINT32_MAX},
		{"Retry-After: soon\r\n", 0},
		{"Retry-After: -5\r\n", 0},
		{"Retry-After:\r\n", 0},
	};

	for (size_t i = 0; i < sizeof(tries) / sizeof(tries[0]); i++) {
		struct buf *b = unit_buf(1024);
		struct sip_msg m;

		unit_case("%s", tries[i].line);
		buf_printf(b,
			   "SIP/2.0 480 Temporarily Unavailable\r\n"
			   "Via: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom: <sip:a@h>;tag=1\r\n"
			   "To: <sip:b@h>;tag=2\r\nCall-ID: c\r\nCSeq: 1 MESSAGE\r\n%s"
			   "Content-Length: 0\r\n\r\n",
			   tries[i].line);
		unit_must(!b->failed);
		assert_int_equal(sip_msg_decode(&m, buf_str(b), false), SIP_DECODE_OK);
		assert_int_equal(sip_msg_retry_after_s(&m), tries[i].seconds);
	}
}


static void test_tokens(void)
{
	struct sip_msg m;

	assert_int_equal(sip_msg_decode(&m, str_of(lists), false), SIP_DECODE_OK);
	assert_true(sip_msg_has_token(&m, SIP_HDR_SUPPORTED, STR("path")));
	assert_true(sip_msg_has_token(&m, SIP_HDR_SUPPORTED, STR("100REL")));
	assert_true(sip_msg_has_token(&m, SIP_HDR_SUPPORTED, STR("timer")));
	assert_false(sip_msg_has_token(&m, SIP_HDR_SUPPORTED, STR("100")));
	assert_false(sip_msg_has_token(&m, SIP_HDR_SUPPORTED, STR("100rel,path")));
	assert_true(sip_msg_has_token(&m, SIP_HDR_PRIVACY, STR("header")));
	assert_true(sip_msg_has_token(&m, SIP_HDR_PRIVACY, STR("id")));
	assert_false(sip_msg_has_token(&m, SIP_HDR_REQUIRE, STR("path")));
}


static void test_rebase(void)
{
	static const char text[] = REQ
		"Via: SIP/2.0/UDP h:5060;branch=z9hG4bK1;received=1.2.3.4;maddr=m\r\n" FROM
		"To: <sip:b@h>;tag=t\r\n" CID CSEQ END "body";
	char copy[sizeof(text)];
	struct sip_msg m, again;

	assert_int_equal(sip_msg_decode(&m, str_of(text), false), SIP_DECODE_OK);
	memcpy(copy, text, sizeof(text));
	sip_msg_rebase(&m, copy);
	assert_int_equal(sip_msg_decode(&again, (struct str){copy, sizeof(text) - 1}, false),
			 SIP_DECODE_OK);
	assert_ptr_equal(m.p, again.p);
	assert_ptr_equal(m.uri.p, again.uri.p);
	assert_ptr_equal(m.method_name.p, again.method_name.p);
	assert_ptr_equal(m.via.value.p, again.via.value.p);
	assert_ptr_equal(m.via.sent_by.p, again.via.sent_by.p);
	assert_ptr_equal(m.via.host.p, again.via.host.p);
	assert_ptr_equal(m.via.branch.p, again.via.branch.p);
	assert_ptr_equal(m.via.received.p, again.via.received.p);
	assert_ptr_equal(m.via.maddr.p, again.via.maddr.p);
	assert_ptr_equal(m.cseq.method_name.p, again.cseq.method_name.p);
	assert_ptr_equal(m.call_id.p, again.call_id.p);
	assert_ptr_equal(m.from_tag.p, again.from_tag.p);
	assert_ptr_equal(m.to_tag.p, again.to_tag.p);
	assert_ptr_equal(m.from_uri.p, again.from_uri.p);
	assert_ptr_equal(m.to_uri.p, again.to_uri.p);
	assert_ptr_equal(m.body.p, again.body.p);
	unit_str(sip_msg_header(&m, SIP_HDR_CALL_ID), "c");

	/* What is not in the message stays where it is. */
	assert_int_equal(sip_msg_decode(&m, STR(REQ VIA END), false), SIP_DECODE_BAD);
	assert_null(m.call_id.p);
	memcpy(copy, REQ VIA END, sizeof(REQ VIA END) - 1);
	sip_msg_rebase(&m, copy);
	assert_null(m.call_id.p);
	unit_str(m.reason, "Missing or Malformed From");
}


UNIT_MAIN(UNIT_TEST(test_rows), UNIT_TEST(test_every_prefix), UNIT_TEST(test_body),
	  UNIT_TEST(test_lf_is_noted), UNIT_TEST(test_line_ceiling), UNIT_TEST(test_sizes),
	  UNIT_TEST(test_values), UNIT_TEST(test_headers_by_name), UNIT_TEST(test_retry_after),
	  UNIT_TEST(test_tokens), UNIT_TEST(test_rebase))
