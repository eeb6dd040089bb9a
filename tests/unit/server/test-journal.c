/* SPDX-License-Identifier: Apache-2.0 */
/* The journal: what is found again, and what goes when it is full. */
#include "server/journal.h"

#include <stdio.h>

#include "lib/unit.h"
#include "lib/virtual_loop.h"

struct fixture {
	struct virtual_loop *vl;
	struct im_events events;
	struct journal *journal;
	struct buf *seen;
};


static struct fixture *fixture(size_t entries, size_t bytes)
{
	struct fixture *f = unit_storage(sizeof(*f));

	f->vl = unit_own(virtual_loop_alloc(1));
	f->seen = unit_buf(100000);
	im_events_init(&f->events);
	unit_ok(journal_alloc(&f->journal, virtual_loop_base(f->vl), &f->events, entries, bytes));
	unit_own(f->journal);
	return f;
}


static void tell_kind(struct fixture *f, enum im_kind kind, const char *call_id,
		      const char *message_id, const char *to)
{
	im_events_tell(&f->events, &(struct im_event){.outcome = IM_REFUSED,
						      .kind = kind,
						      .side = IM_TERMINATING,
						      .status = 403,
						      .originator = STR("sip:alice@example.org"),
						      .recipient = str_of(to),
						      .call_id = str_of(call_id),
						      .message_id = str_of(message_id),
						      .reason = STR("barring"),
						      .size = 5,
						      .took_ms = 7});
}


static void tell(struct fixture *f, const char *call_id, const char *message_id, const char *to)
{
	tell_kind(f, IM_PAGER, call_id, message_id, to);
}


static void on_entry(const struct journal_entry *e, void *arg)
{
	struct fixture *f = arg;

	assert_int_equal(e->outcome, IM_REFUSED);
	assert_true(e->kind == IM_PAGER || e->kind == IM_NOTIFICATION);
	assert_int_equal(e->side, IM_TERMINATING);
	assert_int_equal(e->status, 403);
	assert_int_equal(e->size, 5);
	assert_int_equal(e->took_ms, 7);
	unit_str(e->originator, "sip:alice@example.org");
	unit_str(e->reason, "barring");
	buf_printf(f->seen, "%lld " STR_FMT "\n", (long long)(e->at_ms - VIRTUAL_WALL_START_MS),
		   STR_ARG(e->recipient));
}


static size_t find(struct fixture *f, const char *id)
{
	size_t n;

	buf_clear(f->seen);
	n = journal_find(f->journal, str_of(id), on_entry, f);
	unit_must(!f->seen->failed);
	return n;
}


static void test_found(void)
{
	struct fixture *f = fixture(100, 10000);

	tell(f, "call-1", "m-1", "sip:bob@example.org");
	tell(f, "call-2", "", "sip:carol@example.org");
	assert_true(virtual_loop_advance(f->vl, 1500));
	tell(f, "call-1", "m-1", "sip:dave@example.org");

	assert_int_equal(find(f, "call-1"), 2);
	unit_buf_is(f->seen, "0 sip:bob@example.org\n1500 sip:dave@example.org\n");
	assert_int_equal(find(f, "m-1"), 2);
	assert_int_equal(find(f, "call-2"), 1);
	unit_buf_is(f->seen, "0 sip:carol@example.org\n");
	assert_int_equal(find(f, "call-3"), 0);
	assert_int_equal(find(f, ""), 0);
}


/* A message leads to the notifications on it, and to what became of those; not to others that share an id. */
static void test_notifications(void)
{
	static const char story[] = "0 bob\n0 alice\n0 alice again\n";
	struct fixture *f = fixture(100, 10000);

	tell(f, "call-1", "m-1", "bob");
	tell(f, "call-2", "m-2", "carol");
	tell_kind(f, IM_NOTIFICATION, "call-3", "m-1", "alice");
	tell_kind(f, IM_NOTIFICATION, "call-4", "m-2", "dave");
	/* Brought later, by its own id. */
	tell(f, "call-3", "n-1", "alice again");
	assert_int_equal(find(f, "call-1"), 3);
	unit_buf_is(f->seen, story);
	assert_int_equal(find(f, "m-1"), 3);
	unit_buf_is(f->seen, story);
	assert_int_equal(find(f, "m-2"), 2);
	assert_int_equal(find(f, "n-1"), 1);
}


/** The oldest go, one for each that comes. */
static void test_entries_go(void)
{
	struct fixture *f = fixture(10, 10000);
	char id[32];

	for (int i = 0; i < 25; i++) {
		snprintf(id, sizeof(id), "call-%d", i);
		tell(f, id, "all", id);
	}
	assert_int_equal(find(f, "all"), 10);
	assert_int_equal(find(f, "call-14"), 0);
	assert_int_equal(find(f, "call-15"), 1);
	unit_buf_is(f->seen, "0 call-15\n");
	assert_int_equal(find(f, "call-24"), 1);
}


/** Texts that were written over take their entries with them; those at the seam are whole. */
static void test_texts_go(void)
{
	struct fixture *f = fixture(1000, 4 * 64);
	char id[32];
	size_t left;

	for (int i = 0; i < 500; i++) {
		snprintf(id, sizeof(id), "sip:user-%d@example.org", i);
		tell(f, "call", "", id);
		left = find(f, "call");
		assert_true(left >= (i < 3 ? (size_t)i + 1 : 4) && left <= 6);
		assert_true(str_ends(str_upto(buf_str(f->seen), f->seen->n - 1), str_of(id)));
	}
}


static void test_long_texts(void)
{
	struct fixture *f = fixture(10, 10000);
	char *text = unit_storage(3001);

	memset(text, 'x', 3000);
	tell(f, text, text, text);
	assert_int_equal(find(f, text), 1);
	assert_int_equal(f->seen->n, 2 + JOURNAL_TEXT_MAX + 1);
}


UNIT_MAIN(UNIT_TEST(test_found), UNIT_TEST(test_notifications), UNIT_TEST(test_entries_go),
	  UNIT_TEST(test_texts_go), UNIT_TEST(test_long_texts))
