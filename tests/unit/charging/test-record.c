/* SPDX-License-Identifier: Apache-2.0 */
/* Charging records: valid JSON in one line, whatever the texts hold. */
#include "charging/record.h"

#include "lib/unit.h"

static const struct {
	const char *what;
	struct str in;
	const char *out;
} strings[] = {
	{"plain", STR_INIT("sip:alice@example.org"), "\"sip:alice@example.org\""},
	{"empty", STR_INIT(""), "\"\""},
	{"quotes and backslashes", STR_INIT("a\"b\\c"), "\"a\\\"b\\\\c\""},
	{"line ends", STR_INIT("a\r\nb\tc"), "\"a\\u000d\\u000ab\\u0009c\""},
	{"NUL and DEL", STR_INIT("a\0b\x7f"), "\"a\\u0000b\\u007f\""},
	{"UTF-8 of every length", STR_INIT("\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"),
	 "\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\""},
	{"a lone continuation", STR_INIT("a\x80z"), "\"a\xef\xbf\xbdz\""},
	{"cut off", STR_INIT("a\xe2\x82"), "\"a\xef\xbf\xbd\xef\xbf\xbd\""},
	{"overlong", STR_INIT("\xc0\xaf"), "\"\xef\xbf\xbd\xef\xbf\xbd\""},
	{"a surrogate", STR_INIT("\xed\xa0\x80"), "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
	{"beyond Unicode", STR_INIT("\xf4\x90\x80\x80"),
	 "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
};


static void test_strings(void)
{
	for (size_t i = 0; i < sizeof(strings) / sizeof(strings[0]); i++) {
		char storage[128];
		struct buf out;

		buf_fixed(&out, storage, sizeof(storage));
		record_put_string(&out, strings[i].in);
		if (!str_eq(buf_str(&out), str_of(strings[i].out)))
			fail_msg("%s: " STR_FMT, strings[i].what, STR_ARG(buf_str(&out)));
	}
}


static void test_record(void)
{
	char storage[1024];
	struct buf out;
	const struct im_event e = {
		.outcome = IM_DEFERRED,
		.kind = IM_PAGER,
		.side = IM_TERMINATING,
		.status = 202,
		.originator = STR("sip:alice@example.org"),
		.recipient = STR("sip:bob@example.org"),
		.call_id = STR("1@a"),
		.icid = STR("x\"1"),
		.size = 12,
	};

	buf_fixed(&out, storage, sizeof(storage));
	record_encode(&out, &e, INT64_C(1767225600123));
	unit_str(buf_str(&out),
		 "{\"time\":\"2026-01-01T00:00:00.123Z\",\"event\":\"deferred\",\"kind\":\"pager\","
		 "\"side\":\"terminating\",\"originator\":\"sip:alice@example.org\","
		 "\"recipient\":\"sip:bob@example.org\",\"call-id\":\"1@a\",\"icid\":\"x\\\"1\","
		 "\"status\":202,"
		 "\"size\":12,\"reason\":\"\"}\n");
}


/* OPF-DR-4: how many have a message of a session. */
static void test_reported(void)
{
	char storage[1024];
	struct buf out;
	const struct im_event e = {
		.outcome = IM_REPORTED,
		.kind = IM_SESSION,
		.side = IM_ORIGINATING,
		.status = 200,
		.originator = STR("sip:alice@example.org"),
		.recipient = STR("sip:chat@example.org"),
		.call_id = STR("1@a"),
		.message_id = STR("m\"1"),
		.recipients = 7,
	};

	buf_fixed(&out, storage, sizeof(storage));
	record_encode(&out, &e, 0);
	unit_str(buf_str(&out),
		 "{\"time\":\"1970-01-01T00:00:00.000Z\",\"event\":\"reported\",\"kind\":"
		 "\"session\","
		 "\"side\":\"originating\",\"originator\":\"sip:alice@example.org\","
		 "\"recipient\":\"sip:chat@example.org\",\"call-id\":\"1@a\",\"icid\":\"\","
		 "\"status\":200,\"size\":0,\"reason\":\"\",\"message-id\":\"m\\\"1\","
		 "\"recipients\":7}\n");
}


static void test_every_outcome_has_a_name(void)
{
	for (int o = 0; o < IM_OUTCOMES; o++) {
		char storage[1024];
		struct buf out;

		buf_fixed(&out, storage, sizeof(storage));
		record_encode(&out, &(struct im_event){.outcome = (enum im_outcome)o}, 0);
		assert_true(str_find_str(buf_str(&out), STR("\"event\":\"\"")) < 0);
	}
}


UNIT_MAIN(UNIT_TEST(test_strings), UNIT_TEST(test_record), UNIT_TEST(test_reported),
	  UNIT_TEST(test_every_outcome_has_a_name))
