/* SPDX-License-Identifier: Apache-2.0 */
/* References to kept messages. */
#include "body/history_reference.h"

#include "lib/unit.h"

#define SERVICE "sip:history@example.org"


static void test_forms(void)
{
	static const struct {
		const char *text;
		struct history_reference r;
		bool one, selects;
	} rows[] = {
		{SERVICE, {.id = 0}, false, false},
		{SERVICE ";id=1806226432001024", {.id = 1806226432001024}, true, false},
		{SERVICE ";conversation=7", {.conversation = 7}, false, false},
		{SERVICE ";with=sip:bob%40example.org;limit=20",
		 {.with = STR_INIT("sip:bob@example.org"), .limit = 20},
		 false,
		 true},
		{SERVICE ";text=50%25%20off%3B%C3%A9%22",
		 {.text = STR_INIT("50% off;é\"")},
		 false,
		 true},
		{SERVICE ";since=1;until=9223372036854775807;after=3",
		 {.since_ms = 1, .until_ms = INT64_MAX, .after = 3},
		 false,
		 true},
		{SERVICE ";list=sessions", {.sessions = true}, false, true},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct arena *a = unit_arena(8192);
		struct buf *b = unit_buf(4096);
		struct history_reference r;

		unit_case("%s", rows[i].text);
		unit_ok(history_reference_decode(&r, str_of(rows[i].text), a));
		unit_str(r.service, SERVICE);
		assert_true(r.id == rows[i].r.id && r.conversation == rows[i].r.conversation);
		assert_true(str_eq(r.with, rows[i].r.with) && str_eq(r.text, rows[i].r.text));
		assert_true(r.since_ms == rows[i].r.since_ms && r.until_ms == rows[i].r.until_ms);
		assert_true(r.after == rows[i].r.after && r.limit == rows[i].r.limit);
		assert_true(r.sessions == rows[i].r.sessions);
		assert_int_equal(history_reference_is_one(&r), rows[i].one);
		assert_int_equal(history_reference_selects(&r), rows[i].selects);
		history_reference_encode(b, &r);
		unit_buf_is(b, rows[i].text);
	}
}


/* Whoever writes more than is understood must not get, or delete, more than they meant. */
static void test_refused(void)
{
	static const char *const rows[] = {
		"",
		"history",
		"sip:example.org",
		"tel:+15550100",
		SERVICE "?id=3",
		SERVICE ";",
		SERVICE ";id",
		SERVICE ";id=",
		SERVICE ";id=0",
		SERVICE ";id=-1",
		SERVICE ";id=1x",
		SERVICE ";id=18446744073709551616",
		SERVICE ";id=1;id=2",
		SERVICE ";conversation=0",
		SERVICE ";with=",
		SERVICE ";text=",
		SERVICE ";text=%",
		SERVICE ";text=%4",
		SERVICE ";text=%zz",
		SERVICE ";text=a%00b",
		SERVICE ";since=x",
		SERVICE ";until=9223372036854775808",
		SERVICE ";limit=0",
		SERVICE ";limit=4294967296",
		SERVICE ";list=all",
		SERVICE ";transport=tcp",
		SERVICE ";id=1;unknown=2",
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct arena *a = unit_arena(8192);
		struct history_reference r;
		int err;

		unit_case("%s", rows[i]);
		err = history_reference_decode(&r, str_of(rows[i]), a);
		unit_must(err == -EBADMSG);
	}
}


static void test_ceilings(void)
{
	struct arena *a = unit_arena(16384), *small = unit_arena(16);
	struct buf *b = unit_buf(16384);
	struct history_reference r;

	assert_int_equal(history_reference_decode(&r, STR(SERVICE ";id=1"), small), -ENOBUFS);
	buf_puts(b, STR(SERVICE ";text="));
	for (size_t i = 0; i < HISTORY_REFERENCE_TEXT_MAX; i++)
		buf_putc(b, 'x');
	unit_ok(b->failed ? -ENOMEM : 0);
	unit_ok(history_reference_decode(&r, buf_str(b), a));
	buf_putc(b, 'x');
	unit_ok(b->failed ? -ENOMEM : 0);
	unit_must(history_reference_decode(&r, buf_str(b), a) == -EBADMSG);
	while (b->n <= HISTORY_REFERENCE_MAX && !b->failed)
		buf_putc(b, 'x');
	unit_ok(b->failed ? -ENOMEM : 0);
	unit_must(history_reference_decode(&r, buf_str(b), a) == -ENOBUFS);
}


UNIT_MAIN(UNIT_TEST(test_forms), UNIT_TEST(test_refused), UNIT_TEST(test_ceilings))
