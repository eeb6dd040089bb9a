/* SPDX-License-Identifier: Apache-2.0 */
/* A MESSAGE with a recipient list: to whom, and with which body (RFC 5365 7). */
#include "im/controlling/exploder_list.h"

#include <stdio.h>
#include <string.h>

#include "lib/unit.h"

#define MIXED "multipart/mixed;boundary=b1"
#define TEXT "--b1\r\nContent-Type: text/plain\r\n\r\nHello World!\r\n"
#define LIST                                                                                      \
	"--b1\r\nContent-Type: application/resource-lists+xml\r\n"                                \
	"Content-Disposition: recipient-list\r\n\r\n"                                             \
	"<?xml version=\"1.0\"?><resource-lists xmlns=\"urn:ietf:params:xml:ns:resource-lists\" " \
	"xmlns:cp=\"urn:ietf:params:xml:ns:copycontrol\"><list>"
#define END "</list></resource-lists>\r\n--b1--\r\n"
#define TO(uri) "<entry uri=\"" uri "\" cp:copyControl=\"to\"/>"
#define BCC(uri) "<entry uri=\"" uri "\" cp:copyControl=\"bcc\"/>"
#define PLAIN(uri) "<entry uri=\"" uri "\"/>"

static struct exploder_list held;
static struct sip_msg msg;


static void release(void *arg)
{
	exploder_list_done(arg);
}


static int decode_body(const char *type, const char *body, size_t most)
{
	struct buf *b = unit_buf(1 << 20);
	int err;

	buf_printf(
		b,
		"MESSAGE sip:exploder@example.org SIP/2.0\r\nVia: SIP/2.0/TCP "
		"h;branch=z9hG4bK1\r\nMax-Forwards: 70\r\nFrom: <sip:alice@example.org>;tag=1\r\n"
		"To: <sip:exploder@example.org>\r\nCall-ID: c\r\nCSeq: 1 MESSAGE\r\n"
		"Content-Type: %s\r\nContent-Length: %zu\r\n\r\n%s",
		type, strlen(body), body);
	unit_must(!b->failed);
	assert_int_equal(sip_msg_decode(&msg, buf_str(b), false), SIP_DECODE_OK);
	exploder_list_done(&held);
	held = (struct exploder_list){.n = 0};
	err = exploder_list_decode(&held, &(struct exploder_list_params){
						  .m = &msg,
						  .sender = STR("sip:alice@example.org"),
						  .domain = STR("example.org"),
						  .most = most,
						  .random = 0x1234,
					  });
	if (!err)
		unit_defer(release, &held);
	return err;
}


static int decode(const char *entries, size_t most)
{
	char *body = unit_storage(200000);

	snprintf(body, 200000, TEXT LIST "%s" END, entries);
	return decode_body(MIXED, body, most);
}


/* "who=uri[headers] " of each */
static void recipients_are(const char *expected)
{
	struct buf *b = unit_buf(1 << 16);

	for (size_t i = 0; i < held.n; i++) {
		assert_int_equal(held.recipient[i].position, i);
		buf_printf(b, STR_FMT "=" STR_FMT "[" STR_FMT "] ", STR_ARG(held.recipient[i].who),
			   STR_ARG(held.recipient[i].uri), STR_ARG(held.recipient[i].headers));
	}
	unit_buf_is(b, expected);
}


/* 7.3: "If there is only one body left, the MESSAGE URI-list service MUST remove the multipart/mixed wrapper". */
static void test_wrapper_goes(void)
{
	unit_ok(decode(BCC("sip:bob@Example.org;transport=tcp") PLAIN("tel:+1555"), 10));
	recipients_are("sip:bob@example.org=sip:bob@Example.org;transport=tcp[] "
		       "sip:+1555@example.org=tel:+1555[] ");
	unit_str(held.type, "text/plain");
	unit_buf_is(&held.body, "Hello World!");
	assert_null(held.cpim.p);
}


/* The example of RFC 5365 9: bcc does not appear, who is anonymised is counted. */
static void test_history(void)
{
	unit_ok(decode(
		TO("sip:bill@example.com") "<entry uri=\"sip:randy@example.net\" "
					   "cp:copyControl=\"to\" cp:anonymize=\"true\"/>"
					   "<entry uri=\"sip:eddy@example.com\" "
					   "cp:copyControl=\"to\" cp:anonymize=\"true\"/>"
					   "<entry uri=\"sip:joe@example.org\" "
					   "cp:copyControl=\"cc\"/>"
					   "<entry uri=\"sip:carol@example.net\" "
					   "cp:copyControl=\"cc\" cp:anonymize=\"true\"/>" BCC(
						   "sip:ted@example.net")
						   BCC("sip:andy@example.com"),
		10));
	assert_int_equal(held.n, 7);
	assert_true(
		str_starts(held.type, STR("multipart/mixed;boundary=\"list0000000000001234\"")));
	struct str body = buf_str(&held.body);

	assert_true(str_starts(body, STR("--list0000000000001234\r\nContent-Type: text/plain\r\n"
					 "\r\nHello World!\r\n--list0000000000001234\r\n")));
	assert_true(str_find_str(body, STR("Content-Disposition: recipient-list-history; "
					   "handling=optional\r\n")) > 0);
	assert_true(str_find_str(body, STR("sip:bill@example.com")) > 0);
	assert_true(str_find_str(body, STR("sip:joe@example.org")) > 0);
	assert_true(str_find_str(body, STR("cp:count=\"2\"")) > 0);
	assert_true(str_find_str(body, STR("randy")) < 0);
	assert_true(str_find_str(body, STR("carol")) < 0);
	assert_true(str_find_str(body, STR("ted@")) < 0);
	assert_true(str_find_str(body, STR("andy")) < 0);
}


/* RFC 5363 4.1: one request each; the sender is not written to. */
static void test_once(void)
{
	unit_ok(decode(BCC("sip:bob@example.org") BCC("sip:BOB@EXAMPLE.org")
			       BCC("sip:alice@example.org") BCC("sip:carol@example.org")
				       BCC("sip:bob@example.org;x=y"),
		       10));
	recipients_are("sip:bob@example.org=sip:bob@example.org[] "
		       "sip:BOB@example.org=sip:BOB@EXAMPLE.org[] "
		       "sip:carol@example.org=sip:carol@example.org[] ");
}


/* 6 and 7.3: "method" is ignored; header fields are honoured when they are harmless. */
static void test_uri_headers(void)
{
	unit_ok(decode(
		BCC("sip:bob@example.com;method=INVITE?Accept-Contact=*%3bmobility%3d%22mobile%22")
			BCC("sip:carol@example.com?Priority=urgent&amp;body=x&amp;Route=%3csip:h%"
			    "3e") BCC("sip:dave@example.com?Subject=a%0d%0aEvil:%20b"),
		10));
	recipients_are("sip:bob@example.com=sip:bob@example.com[Accept-Contact: "
		       "*;mobility=\"mobile\"\r\n] "
		       "sip:carol@example.com=sip:carol@example.com[Priority: urgent\r\n] "
		       "sip:dave@example.com=sip:dave@example.com[] ");
}


/* What is beside the text goes on, as it stands. */
static void test_more_parts(void)
{
	unit_ok(decode_body(
		MIXED,
		TEXT "--b1\r\nContent-Type: image/png\r\nContent-ID: <i@x>\r\n\r\nPNG\r\n" LIST BCC(
			"sip:bob@example.org") END,
		10));
	unit_buf_is(&held.body,
		    "--list0000000000001234\r\nContent-Type: text/plain\r\n\r\nHello World!\r\n"
		    "--list0000000000001234\r\nContent-Type: image/png\r\nContent-ID: <i@x>\r\n\r\n"
		    "PNG\r\n--list0000000000001234--\r\n");
}


static void test_cpim(void)
{
	unit_ok(decode_body(
		MIXED,
		"--b1\r\nContent-Type: message/cpim\r\nContent-Disposition: render\r\n\r\n"
		"From: <sip:alice@example.org>\r\n\r\nContent-Type: text/plain\r\n\r\nhi\r\n" LIST
			BCC("sip:bob@example.org") END,
		10));
	assert_true(str_starts(held.cpim, STR("From: <sip:alice@example.org>")));
	unit_str(held.type, "message/cpim");
	unit_str(held.disposition, "render");
}


static void test_refused(void)
{
	unit_must(decode("", 10) == -ENOENT);
	unit_must(decode(TO("sip:alice@example.org"), 10) == -ENOENT);
	unit_must(decode(TO("mailto:bob@example.org"), 10) == -EBADMSG);
	unit_must(decode(BCC("sip:a@x") BCC("sip:b@x") BCC("sip:c@x"), 2) == -ENOBUFS);
	unit_must(decode_body("text/plain", "hello", 10) == -ENOENT);
	unit_must(decode_body(MIXED, LIST BCC("sip:b@x") END, 10) == -ENOMSG);
	unit_must(decode_body(MIXED, TEXT "--b1--\r\n", 10) == -ENOENT);
	unit_must(decode_body(MIXED, TEXT LIST "<entry", 10) == -EBADMSG);
	unit_must(decode_body(MIXED, "no boundary", 10) == -EBADMSG);
	unit_must(decode_body("multipart/mixed", TEXT LIST BCC("sip:b@x") END, 10) == -EBADMSG);
}


/* As many as there may be, and one more. */
static void test_many(void)
{
	char *entries = unit_storage(150000);
	size_t n = 0;

	for (int i = 0; i < 100; i++)
		n += (size_t)snprintf(entries + n, 150000 - n, BCC("sip:u%d@example.org"), i);
	unit_ok(decode(entries, 100));
	assert_int_equal(held.n, 100);
	unit_must(decode(entries, 99) == -ENOBUFS);
}


UNIT_MAIN(UNIT_TEST(test_wrapper_goes), UNIT_TEST(test_history), UNIT_TEST(test_once),
	  UNIT_TEST(test_uri_headers), UNIT_TEST(test_more_parts), UNIT_TEST(test_cpim),
	  UNIT_TEST(test_refused), UNIT_TEST_PLAIN(test_many))
