/* SPDX-License-Identifier: Apache-2.0 */
/* A message in the store's form and back: what is kept, what is not, and when it ends. */
#include "im/deferred/stored_message.h"

#include "lib/unit.h"
#include "sip/compose.h"

#define NOW INT64_C(1767225600000) /* Thu, 01 Jan 2026 00:00:00 GMT */
#define TEXT_MAX 8192

static const struct str domains[] = {STR_INIT("example.org")};
static const struct im_addresses ours = {.domains = domains, .domains_n = 1};

struct made {
	char text[TEXT_MAX];
	struct buf bytes;
	struct sip_msg m;
	struct im_request r;
	struct store_deferred d;
	struct buf headers;
	struct stored_request back;
};


static void made_done(void *arg)
{
	struct made *k = arg;

	buf_done(&k->headers);
	stored_request_close(&k->back);
}


static struct made *made(const char *headers, const char *body, bool trusted)
{
	struct made *k = unit_storage(sizeof(*k));

	unit_defer(made_done, k);
	buf_fixed(&k->bytes, k->text, sizeof(k->text));
	buf_printf(&k->bytes,
		   "MESSAGE sip:bob@example.org SIP/2.0\r\nVia: SIP/2.0/UDP "
		   "192.0.2.7;branch=z9hG4bK1\r\n"
		   "Route: <sip:192.0.2.1;lr>\r\nMax-Forwards: 3\r\nFrom: Alice "
		   "<sip:alice@example.org>;tag=a1\r\n"
		   "To: <sip:bob@example.org>\r\nCall-ID: 1@a\r\nCSeq: 4711 "
		   "MESSAGE\r\n%sContent-Length: %zu\r\n\r\n%s",
		   headers, strlen(body), body);
	assert_false(k->bytes.failed);
	assert_int_equal(sip_msg_decode(&k->m, buf_str(&k->bytes), false), SIP_DECODE_OK);
	k->r.m = &k->m;
	k->r.trusted = trusted;
	im_request_classify(&k->r, &ours);
	return k;
}


static int encode(struct made *k)
{
	return stored_message_encode(&k->d, &k->headers, &k->r, NOW, 3600);
}


static struct stored_request *back(struct made *k)
{
	unit_ok(encode(k));
	unit_ok(stored_request_open(&k->back, &k->d, &ours));
	return &k->back;
}


static bool has(const struct stored_request *sr, const char *line)
{
	return str_find_str(sr->headers, str_of(line)) >= 0;
}


static void test_kept_and_not_kept(void)
{
	struct made *k = made(
		"Subject: lunch\r\nX-Unknown: kept\r\nProxy-Authorization: Digest "
		"username=\"a\"\r\n"
		"P-Asserted-Identity: <sip:mallory@example.org>\r\nP-Served-User: <sip:b@x>\r\n"
		"Content-Type: text/plain\r\n",
		"hello", false);
	const struct stored_request *sr = back(k);

	assert_true(has(sr, "From: Alice <sip:alice@example.org>;tag=a1\r\n"));
	assert_true(has(sr, "Call-ID: 1@a\r\n"));
	assert_true(has(sr, "CSeq: 4711 MESSAGE\r\n"));
	assert_true(has(sr, "Subject: lunch\r\n"));
	assert_true(has(sr, "X-Unknown: kept\r\n"));
	assert_true(has(sr, "Date: Thu, 01 Jan 2026 00:00:00 GMT\r\n"));
	assert_false(has(sr, "Via:"));
	assert_false(has(sr, "Route:"));
	assert_false(has(sr, "Max-Forwards:"));
	assert_false(has(sr, "Authorization"));
	assert_false(has(sr, "P-Asserted-Identity"));
	assert_false(has(sr, "P-Served-User"));
	assert_false(has(sr, "Expires"));
	unit_str(sr->m.body, "hello");
	unit_str(sr->r.recipient, "sip:bob@example.org");
	assert_int_equal(sr->r.side, IM_TERMINATING);
	assert_int_equal(sr->r.kind, IM_PAGER);
	assert_int_equal(k->d.expires_ms, NOW + 3600 * 1000);
	assert_int_equal(k->d.cseq, 4711);
	unit_str(k->d.from_tag, "a1");
	assert_false(k->d.flags & STORED_ANONYMOUS);
}


/* RFC 3325 9.3: who wants to be nobody is to be nobody in a list, too. */
static void test_anonymous(void)
{
	struct made *k = made("Privacy: id\r\n", "hello", false);

	assert_true(has(back(k), "Privacy: id\r\n"));
	assert_true(k->d.flags & STORED_ANONYMOUS);
}


static void test_a_trusted_peer_asserts(void)
{
	struct made *k = made("P-Asserted-Identity: <sip:alice@example.org>\r\n"
			      "P-Charging-Vector: icid-value=\"x;1\";orig-ioi=a\r\n",
			      "hello", true);
	const struct stored_request *sr = back(k);

	assert_true(has(sr, "P-Asserted-Identity: <sip:alice@example.org>\r\n"));
	unit_str(stored_icid(&sr->m), "x;1");
}


static void test_a_folded_line_survives(void)
{
	struct made *k = made("Subject: one\r\n two\r\n", "hello", false);

	assert_true(has(back(k), "Subject: one\r\n two\r\n"));
}


static const struct {
	const char *what, *headers;
	int error;
	int64_t expires_ms;
	uint32_t given_s; /**< as it is sent: counts from Date */
} ends[] = {
	{"no Expires: the operator's", "", 0, 3600000, 0},
	{"from arrival", "Expires: 60\r\n", 0, 60000, 60},
	{"from Date", "Date: Wed, 31 Dec 2025 23:59:40 GMT\r\nExpires: 60\r\n", 0, 40000, 60},
	{"a Date in the future", "Date: Thu, 01 Jan 2026 01:00:00 GMT\r\nExpires: 60\r\n", 0, 60000,
	 60},
	{"a Date that is none", "Date: yesterday\r\nExpires: 60\r\n", 0, 60000, 60},
	{"an old Date alone ends nothing", "Date: Wed, 31 Dec 2020 00:00:00 GMT\r\n", 0, 3600000,
	 0},
	{"Expires: 0", "Expires: 0\r\n", -ETIME, 0, 0},
	{"expired on the way", "Date: Wed, 31 Dec 2025 23:00:00 GMT\r\nExpires: 60\r\n", -ETIME, 0,
	 0},
	{"the largest there is", "Expires: 4294967295\r\n", 0, INT64_C(4294967295000), 4294967295u},
};


static void test_ends(void)
{
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		struct made *k = made(ends[i].headers, "hello", false);
		uint32_t given = 0;

		if (ends[i].error) {
			if (encode(k) != ends[i].error)
				fail_msg("%s is kept", ends[i].what);
			continue;
		}
		const struct stored_request *sr = back(k);
		if (k->d.expires_ms != NOW + ends[i].expires_ms)
			fail_msg("%s: ends after %lld", ends[i].what,
				 (long long)(k->d.expires_ms - NOW));
		(void)str_u32(sip_msg_header(&sr->m, SIP_HDR_EXPIRES), &given);
		if (given != ends[i].given_s)
			fail_msg("%s: Expires: %u", ends[i].what, given);
	}
}


#define CPIM(notify)                                                                 \
	"From: <sip:alice@example.org>\r\nTo: <sip:bob@example.org>\r\nNS: imdn "    \
	"<urn:ietf:params:imdn>\r\n"                                                 \
	"imdn.Message-ID: Msg1\r\nimdn.Disposition-Notification: " notify "\r\n\r\n" \
	"Content-type: text/plain\r\n\r\nhello"


static void test_cpim(void)
{
	struct made *k = made("Content-Type: message/cpim\r\n",
			      CPIM("positive-delivery, negative-delivery"), false);

	unit_ok(encode(k));
	unit_str(k->d.message_id, "Msg1");
	assert_true(k->d.flags & STORED_NEGATIVE);

	k = made("Content-Type: Message/CPIM;charset=utf-8\r\n", CPIM("positive-delivery"), false);
	unit_ok(encode(k));
	assert_false(k->d.flags & STORED_NEGATIVE);

	k = made("Content-Type: message/cpim\r\n", "rubbish", false);
	unit_ok(encode(k));
	unit_str(k->d.message_id, "");
}


static void test_rubbish_from_the_store(void)
{
	struct stored_request sr;
	struct store_deferred d = {.user = STR("sip:bob@example.org"),
				   .headers = STR("nothing\r\n")};
	int err = stored_request_open(&sr, &d, &ours);

	if (err == -ENOMEM)
		unit_ok(err);
	assert_int_equal(err, -EBADMSG);
}


/* Of a large message: what says something of its session is not kept, the rest is; and it is an INVITE again. */
static void test_an_invite(void)
{
	struct made *k = unit_storage(sizeof(*k));
	struct store_deferred d;

	unit_defer(made_done, k);
	buf_fixed(&k->bytes, k->text, sizeof(k->text));
	buf_puts(
		&k->bytes,
		STR("INVITE sip:bob@example.org SIP/2.0\r\n"
		    "Via: SIP/2.0/UDP 192.0.2.7;branch=z9hG4bK1\r\nRoute: <sip:192.0.2.1;lr>\r\n"
		    "From: Alice <sip:alice@example.org>;tag=a1\r\nTo: <sip:bob@example.org>\r\n"
		    "Call-ID: 1@a\r\nCSeq: 7 INVITE\r\nContact: <sip:a@192.0.2.7>\r\n"
		    "Accept-Contact: *;+g.oma.sip-im.large-message\r\nSubject: lunch\r\n"
		    "Supported: timer\r\nSession-Expires: 90\r\nAllow: INVITE\r\nExpires: 30\r\n"
		    "User-Agent: x\r\nContent-Type: application/sdp\r\nContent-Length: 0\r\n\r\n"));
	assert_int_equal(sip_msg_decode(&k->m, buf_str(&k->bytes), false), SIP_DECODE_OK);
	k->r.m = &k->m;
	im_request_classify(&k->r, &ours);
	im_request_set_originator(&k->r, &ours, STR("sip:alice@example.org"));
	unit_ok(stored_invite_encode(&d, &k->headers, &k->r, NOW, 60));
	assert_int_equal(d.kind, STORE_DEFERRED_LARGE);
	assert_int_equal(d.flags, STORED_VOUCHED);
	assert_int_equal(d.expires_ms, NOW + 60000);
	assert_true(stored_left_s(&d, NOW + 1) == 60 && stored_left_s(&d, NOW + 60000) == 0);
	d.body = STR("not a body of the INVITE");
	unit_ok(stored_request_open(&k->back, &d, &ours));
	assert_int_equal(k->back.m.method, SIP_INVITE);
	assert_int_equal(k->back.r.kind, IM_LARGE);
	assert_int_equal(k->back.m.body.n, 0);
	assert_true(has(&k->back, "Subject: lunch\r\n"));
	assert_true(has(&k->back, "Accept-Contact: *;+g.oma.sip-im.large-message\r\n"));
	assert_true(has(&k->back, "Date: Thu, 01 Jan 2026 00:00:00 GMT\r\n"));
	static const char *const gone[] = {"\r\nContact:", "Supported:", "Session-Expires:",
					   "Allow:",       "Expires:",   "User-Agent:",
					   "Content-",     "Route:"};
	for (size_t i = 0; i < sizeof(gone) / sizeof(gone[0]); i++)
		assert_false(has(&k->back, gone[i]));
}


UNIT_MAIN(UNIT_TEST(test_an_invite), UNIT_TEST(test_kept_and_not_kept), UNIT_TEST(test_anonymous),
	  UNIT_TEST(test_a_trusted_peer_asserts), UNIT_TEST(test_a_folded_line_survives),
	  UNIT_TEST(test_ends), UNIT_TEST(test_cpim), UNIT_TEST(test_rubbish_from_the_store))
