/* SPDX-License-Identifier: Apache-2.0 */
/* Session descriptions of MSRP: read, passed on, made. */
#include "body/sdp.h"

#include <errno.h>

#include "lib/unit.h"

#define START "v=0\r\no=alice 2890844526 2890844527 IN IP4 alicepc.example.com\r\ns= -\r\n"
#define CHAT                                                         \
	START "c=IN IP4 alicepc.example.com\r\nt=0 0\r\n"            \
	      "m=message 7394 TCP/MSRP *\r\n"                        \
	      "a=accept-types:message/cpim text/plain text/html\r\n" \
	      "a=path:msrp://alicepc.example.com:7394/2s93i93idj;tcp\r\n"

static const struct sdp_end ours = {
	.username = {"parley", 6},
	.id = 17,
	.version = 3,
	.address = {"192.0.2.1", 9},
	.port = 2855,
	.path = {"msrp://192.0.2.1:2855/abc;tcp", 29},
};


static struct sdp decoded(const char *text)
{
	struct sdp s;

	assert_int_equal(sdp_decode(&s, str_of(text)), 0);
	return s;
}


/* RFC 4975 8.5, the example of an offer. */
static void test_example(void)
{
	struct sdp s = decoded(CHAT);
	struct sdp_msrp m;

	assert_int_equal(s.n, 1);
	unit_str(s.origin.username, "alice");
	unit_str(s.origin.version, "2890844527");
	assert_int_equal(sdp_msrp_decode(&m, &s), 0);
	assert_int_equal(m.port, 7394);
	assert_false(m.secure);
	unit_str(m.address, "alicepc.example.com");
	unit_str(m.path, "msrp://alicepc.example.com:7394/2s93i93idj;tcp");
	assert_true(sdp_types_have(m.accept, STR("text"), STR("HTML")));
	assert_false(sdp_types_have(m.accept, STR("image"), STR("png")));
	assert_null(m.accept_wrapped.p);
	assert_null(m.file_selector.p);
	assert_int_equal(m.direction, SDP_SENDRECV);
	assert_int_equal(m.setup, SDP_SETUP_NONE);
}


static void test_attributes(void)
{
	struct sdp s = decoded(
		START "c=IN IP4 192.0.2.7\na=sendonly\nt=0 0\n"
		      "m=audio 49170 RTP/AVP 0\na=sendrecv\n"
		      "m=message 0 TCP/MSRP *\n"
		      "m=message 9 tcp/tls/msrp *\nc=IN IP6 2001:db8::1\n"
		      "a=accept-types:*\na=accept-wrapped-types:image/* text/plain\n"
		      "a=max-size:1048576\na=setup:actpass\na=msrp-cema\n"
		      "a=path:msrps://[2001:db8::1]:9/x;tcp\n"
		      "a=file-selector:name:\"a b.png\" type:image/png size:4092 hash:sha-1:72:24\n"
		      "a=file-transfer-id:vBnG916bdberum2fFEABR1FR3ExZMUrd\n");
	struct sdp_file f;
	struct sdp_msrp m;

	assert_int_equal(sdp_msrp_decode(&m, &s), 0);
	assert_int_equal(m.at, 2);
	assert_true(m.secure && m.v6 && m.cema);
	unit_str(m.address, "2001:db8::1");
	assert_int_equal(m.direction, SDP_SENDONLY);
	assert_int_equal(m.setup, SDP_SETUP_ACTPASS);
	assert_int_equal(m.max_size, 1048576);
	assert_true(sdp_types_have(m.accept, STR("x"), STR("y")));
	assert_true(sdp_types_have(m.accept_wrapped, STR("image"), STR("jpeg")));
	assert_false(sdp_types_have(m.accept_wrapped, STR("video"), STR("mp4")));
	unit_str(m.file_transfer_id, "vBnG916bdberum2fFEABR1FR3ExZMUrd");
	assert_int_equal(sdp_file_decode(&f, m.file_selector), 0);
	unit_str(f.name, "a b.png");
	unit_str(f.type, "image/png");
	unit_str(f.hash, "sha-1:72:24");
	assert_true(f.sized && f.size == 4092);
}


static void test_malformed(void)
{
	static const char *const rows[] = {
		"",
		"v=0\r\n",
		"v=1\r\no=a 1 1 IN IP4 h\r\ns=-\r\n",
		"o=a 1 1 IN IP4 h\r\ns=-\r\n",
		"v=0\r\no=a 1 1 IN IP4\r\ns=-\r\n",
		"v=0\r\no=a 1 1 IN IP4\r\no=a 1 1 IN IP4 h\r\n",
		START "x\r\n",
		START "t 0 0\r\n",
		START "m=message TCP/MSRP *\r\n",
		START "m=message 70000 TCP/MSRP *\r\n",
		START "m=message 9\r\n",
		START "a=b\rc\r\n",
	};
	struct sdp s;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(sdp_decode(&s, str_of(rows[i])), -EBADMSG);
	assert_int_equal(sdp_decode(&s, (struct str){START "a=\0\r\n", sizeof(START) + 4}),
			 -EBADMSG);
}


static void test_ceilings(void)
{
	struct buf *b = unit_buf(4 * SDP_TEXT_MAX);
	struct sdp s;

	buf_puts(b, STR(START));
	for (int i = 0; i < SDP_MEDIA_MAX; i++)
		buf_puts(b, STR("m=message 9 TCP/MSRP *\r\n"));
	unit_must(!b->failed);
	assert_int_equal(sdp_decode(&s, buf_str(b)), 0);
	buf_puts(b, STR("m=message 9 TCP/MSRP *\r\n"));
	unit_must(sdp_decode(&s, buf_str(b)) == -EBADMSG);
	buf_clear(b);
	buf_puts(b, STR(START));
	while (b->n <= SDP_TEXT_MAX && !b->failed)
		buf_puts(b, STR("a=x\r\n"));
	unit_must(sdp_decode(&s, buf_str(b)) == -EBADMSG);
}


static void test_no_msrp(void)
{
	static const struct {
		const char *lines;
		int result;
	} rows[] = {
		{"", -ENOENT},
		{"m=audio 9 RTP/AVP 0\r\n", -ENOENT},
		{"m=message 0 TCP/MSRP *\r\n", 0},
		{"m=message 9 TCP/MSRP *\r\na=max-size:many\r\n", -EBADMSG},
		{"m=message 9 TCP/MSRP *\r\na=setup:perhaps\r\n", -EBADMSG},
	};
	char text[512];
	struct sdp_msrp m;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf b;
		struct sdp s;

		buf_fixed(&b, text, sizeof(text));
		buf_puts(&b, STR(START));
		buf_puts(&b, str_of(rows[i].lines));
		assert_int_equal(sdp_decode(&s, buf_str(&b)), 0);
		assert_int_equal(sdp_msrp_decode(&m, &s), rows[i].result);
	}
}


static void test_compose(void)
{
	struct sdp_own own = {
		.end = ours,
		.direction = SDP_SENDONLY,
		.accept_wrapped = STR("text/plain"),
		.max_size = 5000,
		.lines = STR("a=file-transfer-id:x\r\n"),
	};
	struct sdp offer = decoded(START "t=0 0\r\nm=audio 8 RTP/AVP 0\r\na=x\r\n"
					 "m=message 9 TCP/MSRP *\r\na=path:msrp://a;tcp\r\n");
	struct buf *out = unit_buf(SDP_TEXT_MAX);

	sdp_compose(out, &own);
	unit_buf_is(
		out,
		"v=0\r\no=parley 17 3 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n"
		"m=message 2855 TCP/MSRP *\r\na=sendonly\r\na=accept-types:*\r\n"
		"a=accept-wrapped-types:text/plain\r\na=max-size:5000\r\n"
		"a=path:msrp://192.0.2.1:2855/abc;tcp\r\na=file-transfer-id:x\r\n");
	buf_clear(out);
	sdp_answer(out, &offer, 1, &own);
	unit_must(str_find_str(buf_str(out), STR("m=audio 0 RTP/AVP 0\r\nm=message 2855")) > 0);
}


static void test_version(void)
{
	struct sdp a = decoded(CHAT), b = decoded(CHAT);
	struct sdp c = decoded(
		"v=0\r\no=alice 2890844526 2890844528 IN IP4 alicepc.example.com\r\n");

	assert_true(sdp_same_version(&a, &b));
	assert_false(sdp_same_version(&a, &c));
}


static void test_file(void)
{
	static const char *const bad[] = {"name:x", "name:\"x", "size:many",
					  "type:",  "nonsense", "type:a/b;c=\"d size:1"};
	struct sdp_file f = {
		.name = STR("50% \"a\""), .type = STR("a/b"), .size = 7, .sized = true};
	char text[128];
	struct buf out;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(sdp_file_decode(&f, str_of(bad[i])), -EBADMSG);
	buf_fixed(&out, text, sizeof(text));
	sdp_file_put(&out, &f);
	unit_str(buf_str(&out), "name:\"50%25 %22a%22\" type:a/b size:7");
	buf_clear(&out);
	sdp_file_name_put(&out, STR("50%25 %22a%22 %4 %zz %"));
	unit_str(buf_str(&out), "50% \"a\" %4 %zz %");
	assert_int_equal(sdp_direction_mirror(SDP_SENDONLY), SDP_RECVONLY);
	assert_int_equal(sdp_direction_mirror(SDP_INACTIVE), SDP_INACTIVE);
}


/* RFC 5547 8.1, figure 2, and what may stand in a type. */
static void test_file_attributes(void)
{
	struct sdp s = decoded(
		START "c=IN IP4 192.0.2.7\r\nt=0 0\r\nm=message 7654 TCP/MSRP *\r\n"
		      "a=sendonly\r\na=accept-types:message/cpim\r\n"
		      "a=path:msrp://atlanta.example.com:7654/jshA7we;tcp\r\n"
		      "a=file-selector:type:text/plain;charset=\"utf 8\" name:\"a b\" size:1\r\n"
		      "a=file-transfer-id:Q6LMoGymJdh0IKIgD6wD0jkcfgva4xvE\r\n"
		      "a=file-disposition:render\r\n"
		      "a=file-date:creation:\"Mon, 15 May 2006 15:01:31 +0300\" read:\"x\"\r\n"
		      "a=file-icon:cid:id2@alicepc.example.com\r\na=file-range:1-32349\r\n");
	struct str date;
	struct sdp_file f;
	struct sdp_msrp m;

	assert_int_equal(sdp_msrp_decode(&m, &s), 0);
	unit_str(m.file_disposition, "render");
	unit_str(m.file_icon, "cid:id2@alicepc.example.com");
	unit_str(m.file_range, "1-32349");
	assert_int_equal(sdp_file_decode(&f, m.file_selector), 0);
	unit_str(f.type, "text/plain;charset=\"utf 8\"");
	unit_str(f.name, "a b");
	assert_true(f.sized);
	assert_true(sdp_file_date(m.file_date, STR("creation"), &date));
	unit_str(date, "Mon, 15 May 2006 15:01:31 +0300");
	assert_true(sdp_file_date(m.file_date, STR("read"), &date));
	unit_str(date, "x");
	assert_false(sdp_file_date(m.file_date, STR("modification"), &date));
	assert_false(sdp_file_date(STR("creation:x"), STR("creation"), &date));
	assert_false(sdp_file_date(STR("creation:\"x"), STR("creation"), &date));
}


static void test_file_range(void)
{
	static const struct {
		const char *text;
		int result;
		uint64_t first, last;
	} rows[] = {
		{"1-4092", 0, 1, 4092},
		{"1-*", 0, 1, 0},
		{"7-7", 0, 7, 7},
		{"0-7", -EBADMSG, 0, 0},
		{"8-7", -EBADMSG, 0, 0},
		{"1-", -EBADMSG, 0, 0},
		{"1", -EBADMSG, 0, 0},
		{"-5", -EBADMSG, 0, 0},
		{"*-5", -EBADMSG, 0, 0},
		{"1-0", -EBADMSG, 0, 0},
		{"", -EBADMSG, 0, 0},
		{"1-2-3", -EBADMSG, 0, 0},
		{"1-99999999999999999999", -EBADMSG, 0, 0},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint64_t first = 0, last = 0;

		unit_case("%s", rows[i].text);
		assert_int_equal(sdp_file_range(&first, &last, str_of(rows[i].text)),
				 rows[i].result);
		assert_true(first == rows[i].first && last == rows[i].last);
	}
}


static void test_words(void)
{
	struct str list = STR("  text/plain   message/cpim *"), type;

	assert_true(sdp_word_next(&list, &type));
	unit_str(type, "text/plain");
	assert_true(sdp_word_next(&list, &type));
	unit_str(type, "message/cpim");
	assert_true(sdp_word_next(&list, &type));
	unit_str(type, "*");
	assert_false(sdp_word_next(&list, &type));
	assert_false(sdp_word_next(&list, &type));
	unit_str(sdp_path_last(STR("msrps://relay:9/a;tcp msrp://[2001:db8::1]:8/b;tcp ")),
		 "msrp://[2001:db8::1]:8/b;tcp");
	assert_int_equal(sdp_path_last(STR_NULL).n, 0);
}


/* 488: what would be taken (digest c16). */
static void test_refusal(void)
{
	const struct sdp_own own = {
		.end = {.id = 1, .version = 1, .address = STR("2001:db8::1"), .v6 = true},
		.accept = STR("message/cpim text/plain"),
		.accept_wrapped = STR("text/plain"),
		.max_size = 4096,
	};
	struct buf *out = unit_buf(SDP_TEXT_MAX);

	sdp_compose(out, &own);
	unit_buf_is(
		out,
		"v=0\r\no=- 1 1 IN IP6 2001:db8::1\r\ns=-\r\nc=IN IP6 2001:db8::1\r\nt=0 0\r\n"
		"m=message 0 TCP/MSRP *\r\na=sendrecv\r\n"
		"a=accept-types:message/cpim text/plain\r\na=accept-wrapped-types:text/plain\r\n"
		"a=max-size:4096\r\n");
}


/* In a body of its own, or beside a list (RFC 5366). */
static void test_find(void)
{
	struct str both = STR("--b\r\nContent-Type: application/resource-lists+xml\r\n\r\n<a/>\r\n"
			      "--b\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n--b--\r\n");

	unit_str(sdp_find(STR("Application/SDP"), STR("v=0")), "v=0");
	unit_str(sdp_find(STR("multipart/mixed;boundary=b"), both), "v=0");
	assert_int_equal(sdp_find(STR("multipart/mixed;boundary=c"), both).n, 0);
	assert_int_equal(sdp_find(STR("text/plain"), STR("v=0")).n, 0);
	assert_int_equal(sdp_find(STR_NULL, STR("v=0")).n, 0);
}


/* Nothing is written past the end of a buffer that is too small, and it says so. */
static void test_no_room(void)
{
	const struct sdp_own own = {.end = ours};
	char room[100];
	struct buf out;

	buf_fixed(&out, room, sizeof(room));
	sdp_compose(&out, &own);
	assert_true(out.failed);
}


UNIT_MAIN(UNIT_TEST(test_file_attributes), UNIT_TEST(test_file_range), UNIT_TEST(test_words),
	  UNIT_TEST(test_refusal), UNIT_TEST(test_no_room), UNIT_TEST(test_example),
	  UNIT_TEST(test_attributes), UNIT_TEST(test_malformed), UNIT_TEST(test_ceilings),
	  UNIT_TEST(test_no_msrp), UNIT_TEST(test_compose), UNIT_TEST(test_version),
	  UNIT_TEST(test_file), UNIT_TEST(test_find))
