/* SPDX-License-Identifier: Apache-2.0 */
/* What an INVITE to the conference factory asks for. */
#include "im/controlling/adhoc.h"

#include <string.h>

#include "lib/unit.h"

#define SDP_PART "--b1\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n"
#define LIST_PART                                                  \
	"--b1\r\nContent-Type: application/resource-lists+xml\r\n" \
	"Content-Disposition: recipient-list\r\nContent-ID: <l1@example.org>\r\n\r\n"
#define LIST_HEAD                                          \
	"<?xml version=\"1.0\"?><resource-lists "          \
	"xmlns=\"urn:ietf:params:xml:ns:resource-lists\" " \
	"xmlns:cp=\"urn:ietf:params:xml:ns:copycontrol\"><list>"
#define LIST_TAIL "</list></resource-lists>\r\n"
#define MIXED STR("multipart/mixed;boundary=b1")
#define LISTS STR("application/resource-lists+xml")
#define TO(uri) "<entry uri=\"" uri "\" cp:copyControl=\"to\"/>"
#define CALLER STR("sip:alice@example.org")


static struct str text_of(const char *entries, bool sdp)
{
	struct buf *b = unit_buf(1 << 20);

	if (sdp)
		buf_puts(b, STR(SDP_PART));
	buf_puts(b, STR(LIST_PART LIST_HEAD));
	buf_puts(b, str_of(entries));
	buf_puts(b, STR(LIST_TAIL "--b1--\r\n"));
	unit_must(!b->failed);
	return buf_str(b);
}


static struct adhoc held;


static void release(void *arg)
{
	adhoc_done(arg);
}


static int decode(const struct adhoc_params *p)
{
	int err;

	adhoc_done(&held);
	held = (struct adhoc){.n = 0};
	err = adhoc_decode(&held, p);
	if (!err)
		unit_defer(release, &held);
	return err;
}


static int decode_entries(const char *entries, size_t most)
{
	return decode(&(struct adhoc_params){
		.body = {.content_type = MIXED, .body = text_of(entries, true)},
		.caller = CALLER,
		.domain = STR("example.org"),
		.most = most,
	});
}


/* ---- Whom ---- */

static void test_group(void)
{
	unit_ok(decode_entries(TO("sip:bob@Example.org;transport=tcp") TO("tel:+15550100"), 0));
	assert_int_equal(held.kind, CONFERENCE_AD_HOC);
	assert_true(held.listed);
	unit_str(held.sdp, "v=0");
	assert_int_equal(held.n, 2);
	unit_str(held.invitees[0].who, "sip:bob@example.org");
	unit_str(held.invitees[0].uri, "sip:bob@Example.org;transport=tcp");
	unit_str(held.invitees[0].headers, "");
	assert_false(held.invitees[0].bcc);
	unit_str(held.invitees[1].who, "sip:+15550100@example.org");
	unit_str(held.invitees[1].uri, "tel:+15550100");
}


/* Digest d2 4: one other person makes a 1-1 session; nobody else is to be told of. */
static void test_one_to_one(void)
{
	unit_ok(decode_entries(TO("sip:bob@example.org"), 0));
	assert_int_equal(held.kind, CONFERENCE_ONE_TO_ONE);
	assert_int_equal(held.n, 1);
	assert_int_equal(held.history.n, 0);
	/* Two entries, but one person beside the caller. */
	unit_ok(decode_entries(TO("sip:alice@example.org") TO("sip:bob@example.org"), 2));
	assert_int_equal(held.kind, CONFERENCE_ONE_TO_ONE);
	unit_str(held.invitees[0].who, "sip:bob@example.org");
}


static void test_duplicates(void)
{
	unit_ok(decode_entries(TO("sip:bob@example.org") TO("sip:carol@example.org")
				       TO("sips:BOB@example.org:5061") "<entry uri=\"sip:bob@"
								       "EXAMPLE.ORG\"/>",
			       0));
	for (size_t i = 0; i < held.n; i++)
		assert_false(i && str_eq(held.invitees[i].who, held.invitees[0].who));
	unit_str(held.invitees[1].who, "sip:carol@example.org");
}


/* RFC 5364 4: who is bcc, without copyControl, or to be anonymised is not named. */
static void test_history(void)
{
	unit_ok(decode_entries(
		TO("sip:bob@example.org?Session-Replaces=x") "<entry uri=\"sip:dave@example.org\"/>"
							     "<entry uri=\"sip:erin@example.org\" "
							     "cp:copyControl=\"bcc\"/>"
							     "<entry uri=\"sip:frank@example.org\" "
							     "cp:copyControl=\"cc\" "
							     "cp:anonymize=\"true\"/>",
		0));
	assert_int_equal(held.n, 4);
	assert_false(held.invitees[0].bcc);
	assert_true(held.invitees[1].bcc);
	assert_true(held.invitees[2].bcc);
	assert_true(held.invitees[3].bcc);
	unit_must(held.history.n);
	assert_true(str_find_str(held.history, STR("\"sip:bob@example.org\"")) > 0);
	assert_true(str_find_str(held.history, STR("dave")) < 0);
	assert_true(str_find_str(held.history, STR("erin")) < 0);
	assert_true(str_find_str(held.history, STR("frank")) < 0);
	assert_true(str_find_str(held.history, STR("sip:anonymous@anonymous.invalid")) > 0);
	/* Nobody may be named: no list at all (RFC 5366 5). */
	unit_ok(decode_entries("<entry uri=\"sip:dave@example.org\"/>"
			       "<entry uri=\"sip:erin@example.org\"/>",
			       0));
	assert_int_equal(held.history.n, 0);
}


static void test_without_list(void)
{
	unit_ok(decode(&(struct adhoc_params){
		.body = {.content_type = STR("application/sdp"), .body = STR("v=0\r\n")},
		.caller = CALLER,
	}));
	assert_int_equal(held.n, 0);
	assert_false(held.listed);
	assert_int_equal(held.kind, CONFERENCE_AD_HOC);
	unit_str(held.sdp, "v=0\r\n");
	unit_ok(decode(&(struct adhoc_params){.caller = CALLER}));
	assert_int_equal(held.n, 0);
	assert_int_equal(held.sdp.n, 0);
}


/* A list alone: the offer is to be ours. */
static void test_list_alone(void)
{
	unit_ok(decode(&(struct adhoc_params){
		.body = {.content_type = LISTS,
			 .body = STR(LIST_HEAD TO("sip:bob@example.org") LIST_TAIL)},
		.caller = CALLER,
	}));
	assert_int_equal(held.n, 1);
	assert_int_equal(held.sdp.n, 0);
}


/* ---- What an entry asks for ---- */

static void test_headers(void)
{
	unit_ok(decode_entries(
		TO("sip:bob@example.org;method=INVITE;lr?Session-Replaces=abc-1&amp;Route=sip:evil")
			TO("sip:carol@example.org?Replaces=c1%40h%3Bto-tag%3Da%3Bfrom-tag%3Db"),
		0));
	unit_str(held.invitees[0].uri, "sip:bob@example.org;lr");
	unit_str(held.invitees[0].headers, "Session-Replaces: abc-1\r\n");
	unit_str(held.invitees[1].uri, "sip:carol@example.org");
	unit_str(held.invitees[1].headers, "Replaces: c1@h;to-tag=a;from-tag=b\r\n");
}


static void test_bad_entries(void)
{
	static const struct {
		const char *entries;
		int err;
	} rows[] = {
		{TO("http://example.org/"), -EBADMSG},
		{TO("sip:"), -EBADMSG},
		{TO("sip:bob@example.org;method=BYE") TO("sip:c@example.org"), -EBADMSG},
		{TO("sip:bob@example.org?Session-Replaces=a%0d%0aRoute:%20x"), -EBADMSG},
		{TO("sip:bob@example.org?Session-Replaces="), -EBADMSG},
		{TO("sip:alice@example.org"), -ENOENT},
		{"", -ENOENT},
		{"<external anchor=\"http://example.org/list\"/>", -ENOENT},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int err = decode_entries(rows[i].entries, 0);

		unit_must(err == rows[i].err);
	}
}


static void test_too_long_header(void)
{
	struct buf *b = unit_buf(8192);

	buf_puts(b, STR("<entry uri=\"sip:bob@example.org?Session-Replaces="));
	for (size_t i = 0; i < ADHOC_HEADERS_MAX; i++)
		buf_putc(b, 'x');
	buf_puts(b, STR("\"/>"));
	unit_must(buf_cstr(b) != NULL);
	unit_must(decode_entries(buf_cstr(b), 0) == -ENOBUFS);
}


/* ---- Bounds ---- */

static void test_most(void)
{
	static const char three[] = TO("sip:b@example.org") TO("sip:c@example.org")
		TO("sip:d@example.org");

	unit_ok(decode_entries(three, 4));
	unit_must(decode_entries(three, 3) == -ENOBUFS);
}


static void test_bodies(void)
{
	static const struct {
		struct str type, body;
		int err;
	} rows[] = {
		{STR_INIT("text/plain"), STR_INIT("hello"), -ENOMSG},
		{STR_INIT("multipart/mixed;boundary=b1"),
		 STR_INIT("--b1\r\nContent-Type: text/plain\r\n\r\nx\r\n--b1--\r\n"), -ENOMSG},
		{STR_INIT("multipart/mixed;boundary=b1"), STR_INIT("no parts at all"), -EBADMSG},
		{STR_INIT("multipart/mixed;boundary=b1"),
		 STR_INIT(SDP_PART LIST_PART "<resource-lists"
					     "\r\n--b1--\r\n"),
		 -EBADMSG},
		{STR_INIT("multipart/mixed;boundary=b1"),
		 STR_INIT(LIST_PART LIST_HEAD TO("sip:b@h") LIST_TAIL LIST_PART LIST_HEAD TO(
			 "sip:c@h") LIST_TAIL "--b1--\r\n"),
		 -EBADMSG},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int err = decode(&(struct adhoc_params){
			.body = {.content_type = rows[i].type, .body = rows[i].body},
			.caller = CALLER,
		});

		unit_must(err == rows[i].err);
	}
}


static void test_status(void)
{
	static const struct {
		int err;
		uint16_t status;
		const char *header;
	} rows[] = {
		{-EBADMSG, 400, "Warning: 399 example.org \"the list"},
		{-ENOENT, 400, "Warning: 399 example.org"},
		{-ENOBUFS, 403, "102 Too many participants"},
		{-ENOMSG, 415, "Accept: application/sdp"},
		{-ENOMEM, 500, ""},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[512];
		struct buf b;

		buf_fixed(&b, text, sizeof(text));
		assert_int_equal(adhoc_status(rows[i].err, STR("example.org"), &b), rows[i].status);
		assert_true(!b.failed && str_find_str(buf_str(&b), str_of(rows[i].header)) >= 0);
	}
}


/* ---- REFER ---- */

static void test_referred(void)
{
	struct adhoc_params p = {
		.body = {.content_type = MIXED,
			 .body = text_of(TO("sip:bob@example.org?method=BYE")
						 TO("sip:carol@example.org;method=BYE")
							 TO("sip:dave@example.org"),
					 false)},
		.caller = CALLER,
		.cid = STR("cid:l1@example.org"),
	};

	held = (struct adhoc){.n = 0};
	unit_ok(adhoc_referred(&held, &p));
	unit_defer(release, &held);
	assert_int_equal(held.n, 3);
	unit_str(held.invitees[0].method, "BYE");
	unit_str(held.invitees[0].uri, "sip:bob@example.org");
	unit_str(held.invitees[1].method, "BYE");
	assert_null(held.invitees[2].method.p);
	p.cid = STR("cid:other@example.org");
	unit_must(adhoc_referred(&held, &p) == -EBADMSG);
}


UNIT_MAIN(UNIT_TEST(test_group), UNIT_TEST(test_one_to_one), UNIT_TEST(test_duplicates),
	  UNIT_TEST(test_history), UNIT_TEST(test_without_list), UNIT_TEST(test_list_alone),
	  UNIT_TEST(test_headers), UNIT_TEST(test_bad_entries), UNIT_TEST(test_too_long_header),
	  UNIT_TEST(test_most), UNIT_TEST(test_bodies), UNIT_TEST(test_status),
	  UNIT_TEST(test_referred))
