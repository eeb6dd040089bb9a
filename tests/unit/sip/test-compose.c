/* SPDX-License-Identifier: Apache-2.0 */
#include "sip/compose.h"

#include "lib/unit.h"

static const char request[] = "INVITE sip:b@h SIP/2.0\r\n"
			      "v: SIP/2.0/UDP a;branch=z9hG4bK1;received=192.0.2.1;rport=5062,\r\n "
			      "SIP/2.0/UDP b;branch=z9hG4bK0\r\n"
			      "From: \"A\" <sip:a@h>;tag=f\r\n"
			      "VIA: SIP/2.0/TCP c;branch=z9hG4bKx\r\n"
			      "t: <sip:b@h>\r\n"
			      "Timestamp: 54\r\n"
			      "Record-Route: <sip:p1;lr>\r\n"
			      "Record-Route: <sip:p2;lr>\r\n"
			      "i: c@h\r\n"
			      "CSeq: 1\r\n INVITE\r\n\r\n";

#define COPIED                                                                           \
	"Via: SIP/2.0/UDP a;branch=z9hG4bK1;received=192.0.2.1;rport=5062, SIP/2.0/UDP " \
	"b;branch=z9hG4bK0\r\n"                                                          \
	"Via: SIP/2.0/TCP c;branch=z9hG4bKx\r\n"                                         \
	"From: \"A\" <sip:a@h>;tag=f\r\n"


static void decode(struct sip_msg *m, const char *text)
{
	assert_int_equal(sip_msg_decode(m, str_of(text), false), SIP_DECODE_OK);
}


static void test_response(void)
{
	struct buf *b = unit_buf(2048);
	struct sip_msg m;

	decode(&m, request);
	sip_put_response(b, &m, 200, STR_NULL, STR("t1"));
	sip_put_copy(b, &m, SIP_HDR_RECORD_ROUTE);
	sip_put_headeru(b, SIP_HDR_EXPIRES, 3600);
	sip_put_body(b, STR("text/plain"), STR("hello"));
	unit_buf_is(b, "SIP/2.0 200 OK\r\n" COPIED
		       "To: <sip:b@h>;tag=t1\r\nCall-ID: c@h\r\nCSeq: 1 INVITE\r\n"
		       "Record-Route: <sip:p1;lr>\r\nRecord-Route: <sip:p2;lr>\r\nExpires: 3600\r\n"
		       "Content-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello");
}


static void test_100(void)
{
	struct buf *b = unit_buf(2048);
	struct sip_msg m;

	decode(&m, request);
	sip_put_response(b, &m, 100, STR_NULL, STR_NULL);
	sip_put_body(b, STR_NULL, STR_NULL);
	unit_buf_is(b, "SIP/2.0 100 Trying\r\n" COPIED
		       "To: <sip:b@h>\r\nCall-ID: c@h\r\nCSeq: 1 INVITE\r\n"
		       "Timestamp: 54\r\nContent-Length: 0\r\n\r\n");
}


static void test_to_tag(void)
{
	struct buf *b = unit_buf(2048);
	struct sip_msg m;

	decode(&m, "BYE sip:b SIP/2.0\r\nVia: SIP/2.0/UDP a\r\nFrom: <sip:a>\r\nTo: "
		   "<sip:b>;tag=old\r\nCall-ID: c\r\n"
		   "CSeq: 1 BYE\r\n\r\n");
	sip_put_response(b, &m, 481, STR("Gone\r\nEvil: yes"), STR("new"));
	unit_buf_is(b, "SIP/2.0 481 Gone Evil: yes\r\nVia: SIP/2.0/UDP a\r\nFrom: <sip:a>\r\nTo: "
		       "<sip:b>;tag=old\r\n"
		       "Call-ID: c\r\nCSeq: 1 BYE\r\n");
}


/* What could not be decoded goes back as it came, and what is missing is missing. */
static void test_answer_to_bad(void)
{
	struct buf *b = unit_buf(2048);
	struct sip_msg m;

	assert_int_equal(
		sip_msg_decode(
			&m,
			STR("BYE sip:b SIP/2.0\r\nVia: SIP/2.0/UDP a\r\nTo: \"open <sip:b>\r\n"
			    "CSeq: x\r\n\r\n"),
			false),
		SIP_DECODE_BAD);
	sip_put_response(b, &m, m.status, STR_NULL, STR("new"));
	unit_buf_is(b, "SIP/2.0 400 Bad Request\r\nVia: SIP/2.0/UDP a\r\nTo: \"open "
		       "<sip:b>\r\nCSeq: x\r\n");
}


static void test_lines(void)
{
	struct buf *b = unit_buf(2048);

	sip_put_request(b, STR("MESSAGE"), STR("sip:b@h"));
	sip_put_header(b, SIP_HDR_SUBJECT, STR("a\r\n b\nc\rd"));
	sip_put_header(b, SIP_HDR_SUPPORTED, STR(""));
	sip_put_headeru(b, SIP_HDR_MAX_FORWARDS, 70);
	unit_buf_is(b, "MESSAGE sip:b@h SIP/2.0\r\nSubject: a b c d\r\nSupported: "
		       "\r\nMax-Forwards: 70\r\n");
}


static void test_too_small(void)
{
	struct buf *b = unit_buf(100);
	struct sip_msg m;

	decode(&m, request);
	sip_put_response(b, &m, 200, STR_NULL, STR_NULL);
	assert_true(b->failed);
}


static void test_reasons(void)
{
	unit_str(sip_reason(100), "Trying");
	unit_str(sip_reason(200), "OK");
	unit_str(sip_reason(202), "Accepted");
	unit_str(sip_reason(404), "Not Found");
	unit_str(sip_reason(408), "Request Timeout");
	unit_str(sip_reason(481), "Call/Transaction Does Not Exist");
	unit_str(sip_reason(489), "Bad Event");
	unit_str(sip_reason(513), "Message Too Large");
	unit_str(sip_reason(606), "Not Acceptable");
	unit_str(sip_reason(608), "Rejected");
	for (unsigned s = 0; s < 1000; s++)
		assert_true(sip_reason((uint16_t)s).n > 0);
	unit_str(sip_reason(0), "Unknown");
	unit_str(sip_reason(299), "Unknown");
	unit_str(sip_reason(999), "Unknown");
}


UNIT_MAIN(UNIT_TEST(test_response), UNIT_TEST(test_100), UNIT_TEST(test_to_tag),
	  UNIT_TEST(test_answer_to_bad), UNIT_TEST(test_lines), UNIT_TEST(test_too_small),
	  UNIT_TEST(test_reasons))
