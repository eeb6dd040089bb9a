/* SPDX-License-Identifier: Apache-2.0 */
/* The operator's policy on SDP offers: one table of offers and what becomes of them, and the refusals to the byte. */

#include "im/participating/offer.h"

#include <stdio.h>

#include "lib/unit.h"
#include "store/policy.h"
#include "subscriber/operator_policy.h"

#define HEAD "v=0\r\no=- 1 1 IN IP4 192.0.2.7\r\ns=-\r\nc=IN IP4 192.0.2.7\r\nt=0 0\r\n"
#define MSRP HEAD "m=message 2855 TCP/MSRP *\r\n"
#define TYPES(list) MSRP "a=accept-types:" list "\r\n"
#define CPIM(list) TYPES("message/cpim") "a=accept-wrapped-types:" list "\r\n"

static const struct row {
	const char *sdp;
	enum offer_verdict verdict;
} rows[] = {
	/* Types: one of those that are offered must be text/plain or an image. */
	{TYPES("text/plain"), OFFER_CONFORMS},
	{TYPES("TEXT/Plain"), OFFER_CONFORMS},
	{TYPES("text/html"), OFFER_TYPES},
	{TYPES("text/html text/plain"), OFFER_CONFORMS},
	{TYPES("text/html  image/png"), OFFER_CONFORMS},
	{TYPES("text/plain;charset=utf-8"), OFFER_CONFORMS},
	{TYPES("text/plainx"), OFFER_TYPES},
	{TYPES("*"), OFFER_CONFORMS},
	{TYPES("*/*"), OFFER_CONFORMS},
	{TYPES("text/*"), OFFER_CONFORMS},
	{TYPES("image/*"), OFFER_CONFORMS},
	{TYPES("video/*"), OFFER_TYPES},
	{TYPES(""), OFFER_CONFORMS},
	{MSRP, OFFER_CONFORMS},
	{MSRP "a=accept-types\r\n", OFFER_CONFORMS},
	{TYPES("text"), OFFER_UNREADABLE},
	{TYPES("text/"), OFFER_UNREADABLE},
	{TYPES("/plain"), OFFER_UNREADABLE},
	/* Wrappers are looked through. */
	{CPIM("text/plain"), OFFER_CONFORMS},
	{CPIM("text/html"), OFFER_TYPES},
	{CPIM("text/html image/gif"), OFFER_CONFORMS},
	{CPIM("*"), OFFER_CONFORMS},
	{TYPES("message/cpim multipart/mixed"), OFFER_CONFORMS},
	{TYPES("message/cpim text/html"), OFFER_TYPES},
	/* What belongs to the service neither helps nor harms. */
	{TYPES("message/cpim application/im-iscomposing+xml"), OFFER_CONFORMS},
	{TYPES("text/html application/im-iscomposing+xml"), OFFER_TYPES},
	{CPIM("message/imdn+xml"), OFFER_CONFORMS},
	{CPIM("message/imdn+xml video/mp4"), OFFER_TYPES},
	/* Said twice, it counts twice, also for a client that takes the first. */
	{TYPES("text/html") "a=accept-types:text/plain\r\n", OFFER_CONFORMS},
	{TYPES("text/html") "a=accept-types:video/mp4\r\n", OFFER_TYPES},
	/* Other media, and those that are switched off, are nobody's business. */
	{HEAD "m=audio 4000 RTP/AVP 0\r\na=accept-types:video/mp4\r\n", OFFER_CONFORMS},
	{HEAD "m=message 0 TCP/MSRP *\r\na=accept-types:video/mp4\r\n", OFFER_CONFORMS},
	{HEAD "a=max-size:99999\r\nm=message 9 TCP/MSRP *\r\n", OFFER_CONFORMS},
	{TYPES("text/plain") "m=audio 4000 RTP/AVP 0\r\na=max-size:99999\r\n", OFFER_CONFORMS},
	{HEAD "m=message 9 TCP/TLS/MSRP *\r\na=accept-types:video/mp4\r\n", OFFER_TYPES},
	/* However it is written, a client may take it for MSRP. */
	{HEAD "m=message 9 tcp/msrp *\r\na=accept-types:video/mp4\r\n", OFFER_TYPES},
	{HEAD "m=message  9  TCP/MSRP *\r\na=accept-types:video/mp4\r\n", OFFER_TYPES},
	{HEAD "m=message 9/1 TCP/MSRP *\r\na=accept-types:video/mp4\r\n", OFFER_TYPES},
	{HEAD "m=message x TCP/MSRP *\r\n", OFFER_UNREADABLE},
	{TYPES("text/plain") "m=message 9 TCP/MSRP *\r\na=max-size:1001\r\n", OFFER_SIZE},
	/* Sizes: 1000. */
	{MSRP "a=max-size:1000\r\n", OFFER_CONFORMS},
	{MSRP "a=max-size:1001\r\n", OFFER_SIZE},
	{MSRP "a=max-size:0\r\n", OFFER_CONFORMS},
	{MSRP "a=max-size:18446744073709551615\r\n", OFFER_SIZE},
	{MSRP "a=max-size:99999999999999999999999\r\n", OFFER_SIZE},
	{MSRP "a=max-size:many\r\n", OFFER_UNREADABLE},
	{MSRP "a=max-size:\r\n", OFFER_UNREADABLE},
	{MSRP "a=max-size:-1\r\n", OFFER_UNREADABLE},
	{MSRP "A=max-size:5000\r\n", OFFER_CONFORMS},
	{MSRP "a=MAX-SIZE:5000\r\n", OFFER_SIZE},
	{TYPES("text/html") "a=max-size:1001\r\n", OFFER_TYPES},
	/* Files. */
	{MSRP "a=file-selector:name:\"a b.png\" type:image/png size:1000\r\n", OFFER_CONFORMS},
	{MSRP "a=file-selector:name:\"a b.png\" type:image/png size:1001\r\n", OFFER_SIZE},
	{MSRP "a=file-selector:name:\"a.mp4\" type:video/mp4 size:10\r\n", OFFER_TYPES},
	{MSRP "a=file-selector:name:\"x size:1 type:text/plain\" type:video/mp4 size:10\r\n",
	 OFFER_TYPES},
	{MSRP "a=file-selector:name:\"size:99999\"\r\n", OFFER_CONFORMS},
	{MSRP "a=file-selector:hash:sha-1:72:24 size:99999\r\n", OFFER_SIZE},
	{MSRP "a=file-selector:type:image/jpeg;x=y\r\n", OFFER_CONFORMS},
	{MSRP "a=file-selector:type:image\r\n", OFFER_UNREADABLE},
	{MSRP "a=file-selector:size:x\r\n", OFFER_UNREADABLE},
	{MSRP "a=file-selector\r\n", OFFER_CONFORMS},
	{TYPES("*") "a=file-selector:type:text/html\r\n", OFFER_TYPES},
	/* The lines themselves. */
	{"m=message 1 TCP/MSRP *\na=max-size:1001\n", OFFER_SIZE},
	{"m=message 1 TCP/MSRP *\na=max-size:1001", OFFER_SIZE},
	{MSRP "a=x\ra=max-size:1001\r\n", OFFER_UNREADABLE},
	{MSRP "no line of a description\r\n", OFFER_UNREADABLE},
	{"x", OFFER_UNREADABLE},
	{"", OFFER_CONFORMS},
};


static struct operator_policy *policy(const char *kind, const char *types, const char *size)
{
	char key[2][32];
	struct store_policy set[2];
	struct operator_policy *p = NULL;
	size_t n = 0;

	snprintf(key[0], sizeof(key[0]), "%s.types", kind);
	snprintf(key[1], sizeof(key[1]), "%s.max-size", kind);
	if (types)
		set[n++] = (struct store_policy){.key = str_of(key[0]), .value = str_of(types)};
	if (size)
		set[n++] = (struct store_policy){.key = str_of(key[1]), .value = str_of(size)};
	unit_ok(operator_policy_alloc(&p, NULL, set, n));
	return unit_own(p);
}


static void test_judging(void)
{
	struct operator_policy *p = policy("session", "text/plain, image/*", "1000");

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct offer_view v = {.kind = IM_SESSION, .sdp = str_of(rows[i].sdp)};

		unit_case("%zu: %s", i, rows[i].sdp);
		/* Nothing is said: nothing is read. */
		assert_int_equal(offer_judge(&v), OFFER_CONFORMS);
		v.service = p;
		assert_int_equal(offer_judge(&v), rows[i].verdict);
		v.service = NULL;
		v.user = p;
		assert_int_equal(offer_judge(&v), rows[i].verdict);
		v.service = p;
		assert_int_equal(offer_judge(&v), rows[i].verdict);
		/* The policy of another kind of session is none of this one. */
		v.kind = IM_LARGE;
		assert_int_equal(offer_judge(&v), OFFER_CONFORMS);
	}
}


static void test_kinds(void)
{
	static const struct {
		const char *key;
		enum im_kind kind;
	} kinds[] = {{"session", IM_SESSION}, {"large", IM_LARGE}, {"file", IM_FILE}};

	for (size_t i = 0; i < 3; i++) {
		struct operator_policy *p = policy(kinds[i].key, "text/plain", NULL);

		for (size_t k = 0; k < 3; k++) {
			struct offer_view v = {.kind = kinds[k].kind,
					       .service = p,
					       .sdp = STR(TYPES("text/html"))};

			assert_int_equal(offer_judge(&v), i == k ? OFFER_TYPES : OFFER_CONFORMS);
		}
	}
}


/* Both levels must allow it; what only one of them allows is not allowed. */
static void test_levels(void)
{
	static const struct {
		const char *service, *user, *offered;
		enum offer_verdict verdict;
	} levels[] = {
		{"text/plain, text/html", "text/plain", "text/html", OFFER_TYPES},
		{"text/plain, text/html", "text/plain", "text/plain", OFFER_CONFORMS},
		{"text/plain", "text/html", "text/plain text/html", OFFER_TYPES},
		/* Ranges must have something in common, all three. */
		{"image/png", "image/gif", "image/*", OFFER_TYPES},
		{"image/png", "image/gif", "*", OFFER_TYPES},
		{"image/*", "image/gif", "image/*", OFFER_CONFORMS},
		{"image/png, image/gif", "image/gif, text/plain", "*", OFFER_CONFORMS},
		{"image/*", "*", "*", OFFER_CONFORMS},
		{"*", "image/png", "text/*", OFFER_TYPES},
		{"text/*", "image/png", "*/*", OFFER_TYPES},
	};

	for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
		struct buf *sdp = unit_buf(1000);

		unit_case("%zu", i);
		buf_printf(sdp, MSRP "a=accept-types:%s\r\n", levels[i].offered);
		struct offer_view v = {.kind = IM_FILE,
				       .service = policy("file", levels[i].service, NULL),
				       .user = policy("file", levels[i].user, NULL),
				       .sdp = buf_str(sdp)};
		assert_int_equal(offer_judge(&v), levels[i].verdict);
	}
	struct offer_view v = {.kind = IM_FILE,
			       .service = policy("file", NULL, "1000"),
			       .user = policy("file", NULL, "10"),
			       .sdp = STR(MSRP "a=file-selector:size:11\r\n")};
	assert_int_equal(offer_judge(&v), OFFER_SIZE);
	v.user = policy("file", NULL, "100000");
	assert_int_equal(offer_judge(&v), OFFER_CONFORMS);
}


static void test_ceiling(void)
{
	struct offer_view v = {.kind = IM_SESSION,
			       .service = policy("session", "text/plain", NULL)};
	struct buf *sdp = unit_buf(100000);

	buf_puts(sdp, STR(MSRP "a=accept-types:text/plain"));
	for (size_t i = 0; i < 127; i++)
		buf_puts(sdp, STR(" *"));
	unit_must(!sdp->failed);
	v.sdp = buf_str(sdp);
	assert_int_equal(offer_judge(&v), OFFER_CONFORMS);
	buf_puts(sdp, STR(" *"));
	unit_must(!sdp->failed);
	v.sdp = buf_str(sdp);
	assert_int_equal(offer_judge(&v), OFFER_UNREADABLE);
}


/* ---- Refusals ---- */

#define OURS                                                                                      \
	"v=0\r\no=- 0 0 IN IP4 example.org\r\ns=-\r\nc=IN IP4 example.org\r\nt=0 0\r\nm=message " \
	"0 "

static void refused(const struct offer_view *v, uint16_t status, const char *headers,
		    const char *description)
{
	struct buf *h = unit_buf(1000), *sdp = unit_buf(10000);
	enum offer_verdict verdict = offer_judge(v);

	assert_int_not_equal(verdict, OFFER_CONFORMS);
	assert_int_equal(offer_refuse(v, verdict, STR("example.org"), h, sdp), status);
	unit_buf_is(h, headers);
	unit_buf_is(sdp, description);
}


static void test_refusal(void)
{
	struct offer_view v = {.kind = IM_LARGE, .sdp = STR(TYPES("video/mp4"))};

	v.service = policy("large", "text/plain, image/*", "10000");
	refused(&v, 488,
		"Warning: 305 example.org \"Incompatible media format: this type of content is not "
		"allowed\"\r\n",
		OURS "TCP/MSRP *\r\na=accept-types:text/plain image/*\r\na=max-size:10000\r\n");
	v.sdp = STR(MSRP "a=max-size:10001\r\n");
	refused(&v, 488, "Warning: 399 example.org \"133 Size exceeded: at most 10000 bytes\"\r\n",
		OURS "TCP/MSRP *\r\na=accept-types:text/plain image/*\r\na=max-size:10000\r\n");
	/* What both levels allow. */
	v.user = policy("large", "text/plain, text/html", "500");
	refused(&v, 488, "Warning: 399 example.org \"133 Size exceeded: at most 500 bytes\"\r\n",
		OURS "TCP/MSRP *\r\na=accept-types:text/plain\r\na=max-size:500\r\n");
	/* Of what is not restricted nothing is said but that. */
	v.user = NULL;
	v.service = policy("large", NULL, "10000");
	refused(&v, 488, "Warning: 399 example.org \"133 Size exceeded: at most 10000 bytes\"\r\n",
		OURS "TCP/MSRP *\r\na=accept-types:*\r\na=max-size:10000\r\n");
	v.service = policy("large", "text/plain", NULL);
	v.sdp = STR(HEAD "m=message 9 TCP/TLS/MSRP *\r\na=accept-types:a/b\r\n");
	refused(&v, 488,
		"Warning: 305 example.org \"Incompatible media format: this type of content is not "
		"allowed\"\r\n",
		OURS "TCP/TLS/MSRP *\r\na=accept-types:text/plain\r\n");
	/* Who wraps is told what may be wrapped. */
	v.sdp = STR(CPIM("a/b"));
	refused(&v, 488,
		"Warning: 305 example.org \"Incompatible media format: this type of content is not "
		"allowed\"\r\n",
		OURS "TCP/MSRP *\r\na=accept-types:message/cpim text/plain\r\n"
		     "a=accept-wrapped-types:text/plain\r\n");
	v.sdp = STR("nonsense");
	refused(&v, 400, "Warning: 399 example.org \"the session description cannot be read\"\r\n",
		"");
}


/* PFC-EN1: a modification is judged by the kind that the INVITE had. */
static void test_session(void)
{
	struct str host = STR("example.org");
	struct operator_policy *p = policy("large", "text/plain", "10");
	struct buf *headers = unit_buf(1000), *sdp = unit_buf(1000);
	struct im_session_refusal refusal = {.headers = headers, .sdp = sdp};
	struct im_session_offer o = {.kind = IM_LARGE,
				     .side = IM_TERMINATING,
				     .service = p,
				     .sdp = STR(TYPES("text/html"))};

	assert_false(offer_judge_session(&o, &refusal, &host));
	assert_int_equal(refusal.status, 488);
	unit_must(!headers->failed && !sdp->failed);
	assert_true(headers->n > 0);
	assert_true(str_find_str(buf_str(sdp), STR("a=accept-types:text/plain\r\n")) > 0);
	o.kind = IM_SESSION;
	assert_true(offer_judge_session(&o, &refusal, &host));
}

UNIT_MAIN(UNIT_TEST(test_judging), UNIT_TEST(test_kinds), UNIT_TEST(test_levels),
	  UNIT_TEST(test_ceiling), UNIT_TEST(test_refusal), UNIT_TEST(test_session))
