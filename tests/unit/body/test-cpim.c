/* SPDX-License-Identifier: Apache-2.0 */
/* Message/CPIM (RFC 3862) and the header fields of RFC 5438. */
#include "body/cpim.h"

#include "lib/unit.h"

#include <stdio.h>


static struct cpim *object(void)
{
	return unit_storage(sizeof(struct cpim));
}


/* ---- Decoding ---- */

/* RFC 3862 5.1, the example; LF stands for CRLF here. */
static const char example[] = "From: MR SANDERS <im:piglet@100akerwood.com>\r\n"
			      "To: Depressed Donkey <im:eeyore@100akerwood.com>\r\n"
			      "DateTime: 2000-12-13T13:40:00-08:00\r\n"
			      "Subject: the weather will be fine today\r\n"
			      "Subject:;lang=fr beau temps prevu pour aujourd'hui\r\n"
			      "NS: MyFeatures <mid:MessageFeatures@id.foo.com>\r\n"
			      "Require: MyFeatures.VitalMessageOption\r\n"
			      "MyFeatures.VitalMessageOption: Confirmation-requested\r\n"
			      "MyFeatures.WackyMessageOption: Use-silly-font\r\n"
			      "\r\n"
			      "Content-type: text/xml; charset=utf-8\r\n"
			      "Content-ID: <1234567890@foo.com>\r\n"
			      "\r\n"
			      "<body>\r\nHere is the text of my message.\r\n</body>";


static void test_example(void)
{
	struct cpim *c = object();
	struct str name, uri;

	assert_int_equal(cpim_decode(c, str_of(example)), 0);
	unit_str(c->from, "MR SANDERS <im:piglet@100akerwood.com>");
	unit_str(c->to, "Depressed Donkey <im:eeyore@100akerwood.com>");
	unit_str(c->date_time, "2000-12-13T13:40:00-08:00");
	unit_str(c->subject, "the weather will be fine today");
	assert_int_equal(c->headers, 9);
	unit_str(c->header[4].params, "lang=fr");
	unit_str(c->header[4].value, "beau temps prevu pour aujourd'hui");
	unit_str(cpim_header(c, STR("mid:MessageFeatures@id.foo.com"), STR("WackyMessageOption")),
		 "Use-silly-font");
	assert_null(cpim_header(c, CPIM_NS, STR("WackyMessageOption")).p);
	assert_null(cpim_header(c, CPIM_NS, STR("from")).p); /* names match exactly */
	unit_str(c->content_type, "text/xml; charset=utf-8");
	unit_str(cpim_mime(c, STR("CONTENT-ID")), "<1234567890@foo.com>");
	assert_null(c->content_disposition.p);
	unit_str(c->content, "<body>\r\nHere is the text of my message.\r\n</body>");
	assert_false(cpim_require_known(c));
	assert_int_equal(cpim_address_decode(&name, &uri, c->from), 0);
	unit_str(name, "MR SANDERS");
	unit_str(uri, "im:piglet@100akerwood.com");
}


/* 3.4: what counts is the namespace, whatever its prefix is. */
static void test_namespaces(void)
{
	static const char text[] =
		"NS: x <urn:ietf:params:imdn>\r\n"
		"x.Message-ID: one\r\n"
		"NS: imdn <urn:something:else>\r\n"
		"imdn.Message-ID: two\r\n"
		"NS: <urn:ietf:params:imdn:>\r\n"
		"Disposition-Notification: positive-delivery, display;x=y , future\r\n"
		"NS: y <urn:ietf:params:cpim-headers:>\r\n"
		"\r\n"
		"Content-Type: text/plain\r\n\r\n";
	struct cpim *c = object();

	/* NS is a name of the default namespace of RFC 3862, and the third NS has replaced that one. */
	assert_int_equal(cpim_decode(c, str_of(text)), 0);
	unit_str(c->message_id, "one");
	assert_int_equal(c->notify, CPIM_NOTIFY_POSITIVE_DELIVERY | CPIM_NOTIFY_DISPLAY);
	unit_str(cpim_header(c, STR("urn:something:else"), STR("Message-ID")), "two");
	assert_int_equal(c->content.n, 0);
}


static void test_require(void)
{
	static const struct {
		const char *headers;
		bool known;
	} rows[] = {
		{"", true},
		{"Require: From\r\n", true},
		{"Require: From, To,DateTime\r\n", true},
		{"NS: i <urn:ietf:params:imdn>\r\nRequire: i.Message-ID, "
		 "i.Disposition-Notification\r\n",
		 true},
		{"NS: i <urn:ietf:params:imdn>\r\nRequire: i.Message-ID\r\nRequire: i.Frob\r\n",
		 false},
		{"Require: Frob\r\n", false},
		{"Require: x.Frob\r\n", false},
		{"Require: from\r\n", false},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct cpim *c = object();
		char text[512];

		unit_case("%s", rows[i].headers);
		snprintf(text, sizeof(text),
			 "From: <im:a@b>\r\n%s\r\nContent-Type: text/plain\r\n\r\nx",
			 rows[i].headers);
		assert_int_equal(cpim_decode(c, str_of(text)), 0);
		assert_int_equal(cpim_require_known(c), rows[i].known);
	}
}


/* Taken, though forbidden to send. */
static void test_lenient(void)
{
	static const char *const texts[] = {
		"From: <im:a@b>\n\nContent-Type: text/plain\n\nhello",
		"From:<im:a@b>\r\n\r\nContent-Type:text/plain\r\n\r\nhello",
		"From:   <im:a@b>  \r\n\r\nCONTENT-TYPE :  text/plain \r\n\r\nhello",
		"From: <im:a@b>\r\n\r\nContent-Type:\r\n\ttext/plain\r\nContent-Length: "
		"5\r\n\r\nhello",
		"From: <im:a@b>\r\n\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello "
		"and more",
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct cpim *c = object();

		unit_case("row %zu", i);
		assert_int_equal(cpim_decode(c, str_of(texts[i])), 0);
		unit_str(c->from, "<im:a@b>");
		unit_str(c->content_type, "text/plain");
		unit_str(c->content, "hello");
	}
}


static void test_malformed(void)
{
	static const char *const texts[] = {
		"",
		"\r\n",
		"From: <im:a@b>",
		"From: <im:a@b>\r\n",
		"From: <im:a@b>\r\n\r\n",
		"From: <im:a@b>\r\n\r\nhello",
		"From: <im:a@b>\r\n\r\nContent-ID: <x>\r\n\r\nhello",
		"From <im:a@b>\r\n\r\nContent-Type: text/plain\r\n\r\nx",
		": <im:a@b>\r\n\r\nContent-Type: text/plain\r\n\r\nx",
		"Fr om: <im:a@b>\r\n\r\nContent-Type: text/plain\r\n\r\nx",
		"From : <im:a@b>\r\n\r\nContent-Type: text/plain\r\n\r\nx",
		" From: <im:a@b>\r\n\r\nContent-Type: text/plain\r\n\r\nx",
		"From: \x01<im:a@b>\r\n\r\nContent-Type: text/plain\r\n\r\nx",
		"From: <im:a@b>\rTo: <im:c@d>\r\n\r\nContent-Type: text/plain\r\n\r\nx",
		"x.From: <im:a@b>\r\n\r\nContent-Type: text/plain\r\n\r\nx",
		"NS: x <urn:x>\r\nx.: y\r\n\r\nContent-Type: text/plain\r\n\r\nx",
		"NS: x <urn:x>\r\nx.y.z: y\r\n\r\nContent-Type: text/plain\r\n\r\nx",
		"NS: x urn:x\r\n\r\nContent-Type: text/plain\r\n\r\nx",
		"NS: x <>\r\n\r\nContent-Type: text/plain\r\n\r\nx",
		"NS: x y <urn:x>\r\n\r\nContent-Type: text/plain\r\n\r\nx",
		"NS:\r\n\r\nContent-Type: text/plain\r\n\r\nx",
		"Subject:;lang=\"fr x\r\n\r\nContent-Type: text/plain\r\n\r\nx",
		"Subject:;lang=\"fr\\\r\n\r\nContent-Type: text/plain\r\n\r\nx",
		"From: <im:a@b>\r\n\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nx",
		"From: <im:a@b>\r\n\r\nContent-Type: text/plain\r\nContent-Length: x\r\n\r\nx",
		"From: <im:a@b>\r\n\r\nContent-Type: text/plain\r\nno colon\r\n\r\nx",
		"From: <im:a@b>\r\n\r\nContent-Type:\r\n\r\nx",
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		unit_case("row %zu: %s", i, texts[i]);
		assert_int_equal(cpim_decode(object(), str_of(texts[i])), -EBADMSG);
	}
}


/* Whatever is cut off, and whatever byte is another: no reading outside (sanitizers), never an assertion. */
static void test_hostile(void)
{
	size_t n = sizeof(example) - 1;

	for (size_t cut = 0; cut <= n; cut++) {
		struct cpim *c = object();
		char *copy = unit_storage(cut ? cut : 1);

		memcpy(copy, example, cut);
		(void)cpim_decode(c, (struct str){copy, cut});
	}
	for (size_t at = 0; at < n; at++) {
		static const char bytes[] = {0,   '\n', '\r', ':', '<',       '>',
					     '"', '\\', '.',  ';', (char)0xff};
		char *copy = unit_storage(n);

		memcpy(copy, example, n);
		for (size_t b = 0; b < sizeof(bytes); b++) {
			copy[at] = bytes[b];
			(void)cpim_decode(object(), (struct str){copy, n});
		}
	}
}


static void test_ceilings(void)
{
	static const struct {
		const char *line, *before_content;
		unsigned n;
		int error;
	} rows[] = {
		{"A: b\r\n", "", CPIM_HEADERS_MAX, 0},
		{"A: b\r\n", "", CPIM_HEADERS_MAX + 1, -ENOBUFS},
		{"NS: a <urn:a>\r\n", "", CPIM_NAMESPACES_MAX, 0},
		{"NS: a <urn:a>\r\n", "", CPIM_NAMESPACES_MAX + 1, -ENOBUFS},
		{"A: b\r\n", "\r\n", CPIM_MIME_MAX - 1, 0},
		{"A: b\r\n", "\r\n", CPIM_MIME_MAX, -ENOBUFS},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf *b = unit_buf(1 << 16);

		unit_case("row %zu", i);
		buf_puts(b, str_of(rows[i].before_content));
		if (*rows[i].before_content)
			buf_puts(b, STR("Content-Type: text/plain\r\n"));
		for (unsigned n = 0; n < rows[i].n; n++)
			buf_puts(b, str_of(rows[i].line));
		if (!*rows[i].before_content)
			buf_puts(b, STR("\r\nContent-Type: text/plain\r\n"));
		buf_puts(b, STR("\r\nx"));
		unit_must(!b->failed);
		assert_int_equal(cpim_decode(object(), buf_str(b)), rows[i].error);
	}
}


static void test_address(void)
{
	static const struct {
		const char *value, *name, *uri; /* uri NULL: malformed */
	} rows[] = {
		{"<sip:a@b>", "", "sip:a@b"},
		{"Alice <sip:a@b>", "Alice", "sip:a@b"},
		{"\"Alice \\\"A\\\" <x>\" <sip:a@b>", "Alice \\\"A\\\" <x>", "sip:a@b"},
		{" Alice  Doe  < sip:a@b > ", "Alice  Doe", "sip:a@b"},
		{"sip:a@b", NULL, NULL},
		{"<sip:a@b", NULL, NULL},
		{"<sip:a@b> x", NULL, NULL},
		{"<>", NULL, NULL},
		{"\"Alice <sip:a@b>", NULL, NULL},
		{"\" <sip:a@b>", NULL, NULL},
		{"", NULL, NULL},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct str name, uri;
		int err;

		unit_case("%s", rows[i].value);
		err = cpim_address_decode(&name, &uri, str_of(rows[i].value));
		assert_int_equal(err, rows[i].uri ? 0 : -EBADMSG);
		if (err)
			continue;
		unit_str(name, rows[i].name);
		unit_str(uri, rows[i].uri);
	}
}


/* 2.3 */
static void test_unescape(void)
{
	static const struct {
		const char *from, *to;
	} rows[] = {
		{"plain", "plain"},
		{"a\\\\b\\\"c\\'d", "a\\b\"c'd"},
		{"\\b\\t\\n\\r", "\b\t\n\r"},
		{"\\u0041\\u00e9\\u20aC", "A\xc3\xa9\xe2\x82\xac"},
		{"\\ud83d\\ude00", "\xf0\x9f\x98\x80"},
		{"\\ud83d", "\xef\xbf\xbd"},
		{"\\ude00x", "\xef\xbf\xbdx"},
		{"\\ud83d\\u0041", "\xef\xbf\xbd"
				   "A"},
		{"\\u12", "u12"},
		{"\\u12g4", "u12g4"},
		{"\\x", "x"},
		{"end\\", "end"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf *b = unit_buf(256);

		unit_case("%s", rows[i].from);
		cpim_unescape(str_of(rows[i].from), b);
		unit_buf_is(b, rows[i].to);
	}
}


/* ---- Encoding ---- */

static void test_encode(void)
{
	static const struct str routes[] = {STR_INIT("<sip:one@example.org>"),
					    STR_INIT("\"Two\" <sip:two@example.org>")};
	struct buf *b = unit_buf(4096);
	struct cpim *c = object();

	cpim_encode(
		&(struct cpim_params){
			.from_name = STR("Alice \"A\""),
			.from = STR("sip:alice@example.org"),
			.to = STR("sip:bob@example.org"),
			.date_ms = INT64_C(1144171009123),
			.subject = STR("a\\b\tc\x01"),
			.message_id = STR("34jk324j"),
			.notify = CPIM_NOTIFY_POSITIVE_DELIVERY | CPIM_NOTIFY_NEGATIVE_DELIVERY |
				  CPIM_NOTIFY_PROCESSING | CPIM_NOTIFY_DISPLAY,
			.routes = routes,
			.routes_n = 2,
			.content_type = STR("text/plain"),
			.content_disposition = STR("notification"),
			.content = STR("Hello World"),
		},
		b);
	unit_buf_is(b, "From: \"Alice \\\"A\\\"\" <sip:alice@example.org>\r\n"
		       "To: <sip:bob@example.org>\r\n"
		       "DateTime: 2006-04-04T17:16:49Z\r\n"
		       "Subject: a\\\\b\\tc\\u0001\r\n"
		       "NS: imdn <urn:ietf:params:imdn>\r\n"
		       "imdn.Message-ID: 34jk324j\r\n"
		       "imdn.Disposition-Notification: positive-delivery, negative-delivery, "
		       "processing, display\r\n"
		       "imdn.IMDN-Route: <sip:one@example.org>\r\n"
		       "imdn.IMDN-Route: \"Two\" <sip:two@example.org>\r\n"
		       "\r\n"
		       "Content-Type: text/plain\r\n"
		       "Content-Disposition: notification\r\n"
		       "Content-Length: 11\r\n"
		       "\r\n"
		       "Hello World");
	assert_int_equal(cpim_decode(c, buf_str(b)), 0);
	unit_str(c->message_id, "34jk324j");
	assert_int_equal(c->notify, 15);
	unit_str(c->content, "Hello World");
	assert_true(cpim_require_known(c));
}


/* Nothing that is put breaks out of its line. */
static void test_encode_hostile(void)
{
	struct buf *b = unit_buf(4096);
	struct cpim *c = object();

	cpim_encode(
		&(struct cpim_params){
			.from_name = STR("A\r\nX: y"),
			.from = STR("sip:a@b>\r\nEvil: <x"),
			.to = STR("sip:b@c"),
			.date_ms = -1,
			.message_id = STR("a\nb"),
			.content_type = STR("text/plain\r\nX: y"),
			.content = STR("\r\n\r\n"),
		},
		b);
	unit_must(!b->failed);
	assert_int_equal(cpim_decode(c, buf_str(b)), 0);
	unit_str(c->from, "\"A\\r\\nX: y\" <sip:a@bEvil:x>");
	unit_str(c->message_id, "a\\nb");
	assert_int_equal(c->headers, 4);
	assert_int_equal(c->mime, 2);
	unit_str(c->content, "\r\n\r\n");
}


/* ---- Dates (RFC 3339) ---- */

static void test_dates(void)
{
	static const struct {
		const char *text;
		int64_t ms; /* -1: malformed */
	} rows[] = {
		{"1970-01-01T00:00:00Z", 0},
		{"2006-04-04T12:16:49-05:00", INT64_C(1144171009000)},
		{"2006-04-04t17:16:49z", INT64_C(1144171009000)},
		{"2006-04-04T17:16:49.5Z", INT64_C(1144171009500)},
		{"2006-04-04T17:16:49.123456789+00:00", INT64_C(1144171009123)},
		{"2026-01-01T02:00:00+02:00", INT64_C(1767225600000)},
		{"2000-12-13T13:40:00-08:00", INT64_C(976743600000)},
		{"2006-04-04T17:16:49", -1},
		{"2006-04-04", -1},
		{"2006-13-04T17:16:49Z", -1},
		{"2006-00-04T17:16:49Z", -1},
		{"2006-04-00T17:16:49Z", -1},
		{"2006-04-32T17:16:49Z", -1},
		{"2006-04-04T24:16:49Z", -1},
		{"2006-04-04T17:60:49Z", -1},
		{"2006-04-04T17:16:61Z", -1},
		{"2006-04-04T17:16:49.Z", -1},
		{"2006-04-04T17:16:49+5:00", -1},
		{"2006-04-04T17:16:49+24:00", -1},
		{"2006-04-04T17:16:49Zx", -1},
		{"", -1},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int64_t ms = -2;
		int err = cpim_date_decode(&ms, str_of(rows[i].text));

		unit_case("%s", rows[i].text);
		assert_int_equal(err, rows[i].ms < 0 ? -EBADMSG : 0);
		assert_int_equal(ms, rows[i].ms < 0 ? -2 : rows[i].ms);
	}
}


UNIT_MAIN(UNIT_TEST(test_example), UNIT_TEST(test_namespaces), UNIT_TEST(test_require),
	  UNIT_TEST(test_lenient), UNIT_TEST(test_malformed), UNIT_TEST(test_hostile),
	  UNIT_TEST(test_ceilings), UNIT_TEST(test_address), UNIT_TEST(test_unescape),
	  UNIT_TEST(test_encode), UNIT_TEST(test_encode_hostile), UNIT_TEST(test_dates))
