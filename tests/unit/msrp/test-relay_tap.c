/* SPDX-License-Identifier: Apache-2.0 */
/* The relay: reports and answers wanted, what its tap sees and says, its end. */
#include "msrp/relay.h"

#include <stdio.h>
#include <string.h>

#include "world.h"

#define alice (&w->peers[0])
#define bob (&w->peers[1])


/* ---- Reports and answers wanted ---- */

static void test_failure_report_matrix(void)
{
	static const struct {
		const char *lines;
		uint16_t status;
		const char *heard;
	} rows[] = {
		{"", 200, "200 t001"},
		{"", 413, "413 t001"},
		{"", 0, "408 t001"},
		{"Failure-Report: yes\r\n", 200, "200 t001"},
		{"Failure-Report: yes\r\n", 0, "408 t001"},
		{"Failure-Report: partial\r\n", 200, ""},
		{"Failure-Report: partial\r\n", 413, "413 t001"},
		{"Failure-Report: partial\r\n", 0, ""},
		{"Failure-Report: no\r\n", 200, ""},
		{"Failure-Report: no\r\n", 413, ""},
		{"Failure-Report: no\r\n", 0, ""},
		{"Success-Report: yes\r\n", 200, "200 t001"},
		{"Success-Report: yes\r\nFailure-Report: no\r\n", 200, ""},
		{"Success-Report: yes\r\nFailure-Report: partial\r\n", 481, "481 t001"},
		{"Success-Report: no\r\nFailure-Report: yes\r\n", 0, "408 t001"},
	};
	struct world *w = world_relay();

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		unit_case("%s %u", rows[i].lines, rows[i].status);
		bob->status = rows[i].status;
		peer_send(alice, "t001", "m1", "1-5/5", rows[i].lines, "hello", '$');
		run(w);
		advance(w, MSRP_TRANSACTION_MS);
		peer_heard(bob, "SEND m1 1-5/5 5 $");
		peer_heard(alice, rows[i].heard);
		assert_int_equal(msrp_session_outstanding(w->b), 0);
	}
}


static void test_timeout_at_30_s(void)
{
	struct world *w = world_relay();

	bob->status = 0;
	peer_send(alice, "t001", "m1", "1-5/5", "", "hello", '$');
	run(w);
	advance(w, MSRP_TRANSACTION_MS - 1);
	peer_heard(alice, "");
	assert_int_equal(msrp_session_outstanding(w->b), 1);
	advance(w, 1);
	peer_heard(alice, "408 t001");
	/* the answer that comes later is nobody's */
	peer_answer(bob, 200);
	run(w);
	peer_heard(alice, "");
}


static void test_reports_cross(void)
{
	struct world *w = world_relay();

	peer_send(alice, "t001", "m1", "1-5/5", "Success-Report: yes\r\n", "hello", '$');
	run(w);
	peer_heard(bob, "SEND m1 1-5/5 5 $");
	peer_printf(bob,
		    "MSRP r001 REPORT\r\nTo-Path: %s\r\nFrom-Path: %s\r\nMessage-ID: "
		    "m1\r\nByte-Range: 1-5/5\r\n"
		    "Status: 000 200 OK\r\n-------r001$\r\n",
		    bob->to, bob->path);
	peer_printf(
		bob,
		"MSRP r002 REPORT\r\nTo-Path: %s\r\nFrom-Path: %s\r\nMessage-ID: m1\r\nByte-Range: "
		"1-5/5\r\n"
		"Status: 000 403 No\r\nContent-Type: text/plain\r\n\r\nbecause\r\n-------r002$\r\n",
		bob->to, bob->path);
	run(w);
	peer_heard(alice, "200 t001, REPORT m1 1-5/5 200, REPORT m1 1-5/5 403");
	peer_heard(bob, "");
	assert_int_equal(msrp_relay_counts(w->relay, MSRP_SIDE_B)->reports, 2);
}


static void test_other_methods_cross(void)
{
	struct world *w = world_relay();

	peer_printf(alice,
		    "MSRP n001 NICKNAME\r\nTo-Path: %s\r\nFrom-Path: %s\r\nUse-Nickname: "
		    "\"Al\"\r\n-------n001$\r\n",
		    alice->to, alice->path);
	peer_printf(alice,
		    "MSRP n002 DANCE\r\nTo-Path: %s\r\nFrom-Path: %s\r\nContent-Type: "
		    "text/plain\r\n\r\nwaltz\r\n"
		    "-------n002$\r\n",
		    alice->to, alice->path);
	bob->status = 425;
	run(w);
	peer_heard(bob, "NICKNAME 0, DANCE 5");
	unit_buf_is(&bob->body, "waltz");
	peer_heard(alice, "425 n001, 425 n002");
}


static void test_empty_sends_stay(void)
{
	struct world *w = world_relay();

	peer_bind(alice, "k001");
	peer_send(alice, "k002", "k2", "1-0/0", "Failure-Report: no\r\n", NULL, '$');
	peer_send(alice, "k003", "k3", "1-0/0", "Success-Report: yes\r\n", NULL, '$');
	run(w);
	peer_heard(alice, "200 k001, 200 k003, REPORT k3 1-0/0 200");
	peer_heard(bob, "");
}


/* ---- The tap ---- */

struct tape {
	struct world *w;
	struct buf text;
	unsigned pause_at;
	uint16_t refuse;
	enum msrp_sent_count asks;
	enum msrp_report_fate fate;
};


static uint16_t tap_head(enum msrp_side from, const struct msrp_receive *r, void **cookie,
			 void *arg)
{
	struct tape *t = arg;

	if (t->refuse)
		return t->refuse;
	*cookie = t;
	note(t->w, "head %c " STR_FMT " %llu", "ab"[from], STR_ARG(r->frame->message_id),
	     (unsigned long long)r -> offset);
	return 0;
}


static void tap_piece(enum msrp_side from, const struct msrp_receive *r, struct str piece,
		      void *cookie, void *arg)
{
	struct tape *t = arg;

	(void)from;
	(void)r;
	assert_ptr_equal(cookie, t);
	buf_puts(&t->text, piece);
	if (t->pause_at && t->text.n >= t->pause_at) {
		t->pause_at = 0;
		msrp_session_pause(msrp_relay_session(t->w->relay, MSRP_SIDE_A));
	}
}


static void tap_end(enum msrp_side from, const struct msrp_receive *r, char flag, void *cookie,
		    void *arg)
{
	struct tape *t = arg;

	(void)r;
	if (cookie)
		note(t->w, "end %c %c", "ab"[from], flag ? flag : '0');
}


static void tap_answered(enum msrp_side from, uint16_t status, void *cookie, void *arg)
{
	struct tape *t = arg;

	(void)cookie;
	note(t->w, "answered %c %u", "ab"[from], status);
}


static enum msrp_sent_count tap_asks(enum msrp_side from, const struct msrp_receive *r, void *arg)
{
	const struct tape *t = arg;

	(void)r;
	return from == MSRP_SIDE_A ? t->asks : MSRP_SENT_COUNT_AS_IT_CAME;
}


static enum msrp_report_fate tap_report(enum msrp_side from, const struct msrp_frame *f, void *arg)
{
	const struct tape *t = arg;

	note(t->w, "report %c " STR_FMT, "ab"[from], STR_ARG(f->message_id));
	return t->fate;
}


static const struct msrp_tap tap = {
	.head = tap_head,
	.piece = tap_piece,
	.end = tap_end,
	.answered = tap_answered,
	.asks = tap_asks,
	.report = tap_report,
};


static void test_tap(void)
{
	struct tape *t = unit_storage(sizeof(*t));
	struct world *w = world_relay_with(&(struct msrp_relay_params){.tap = &tap, .tap_arg = t});

	t->w = w;
	buf_fixed(&t->text, unit_storage(1000), 1000);
	peer_send(alice, "t001", "m1", "1-5/10", "", "hello", '+');
	peer_send(alice, "t002", "m1", "6-10/10", "Failure-Report: no\r\n", "world", '$');
	run(w);
	events_are(w, "head a m1 0, end a +, head a m1 5, end a $, answered a 0, answered a 200");
	unit_buf_is(&t->text, "helloworld");
	t->refuse = 415;
	peer_heard(bob, "SEND m1 1-5/10 5 +, SEND m1 6-10/10 5 $");
	peer_send(alice, "t003", "m2", "1-5/5", "", "hello", '$');
	run(w);
	peer_heard(alice, "200 t001, 415 t003");
	peer_heard(bob, "");
	events_are(w, "");
}


/* A disk that is slow: nothing passes while the tap has the side paused. */
static void test_tap_pauses(void)
{
	struct tape *t = unit_storage(sizeof(*t));
	struct world *w = world_relay_with(&(struct msrp_relay_params){.tap = &tap, .tap_arg = t});

	t->w = w;
	t->pause_at = 5;
	buf_fixed(&t->text, unit_storage(1000), 1000);
	peer_send(alice, "t001", "m1", "1-5/5", "", "hello", '$');
	peer_send(alice, "t002", "m2", "1-5/5", "", "world", '$');
	run(w);
	peer_heard(alice, "");
	unit_buf_is(&t->text, "hello");
	events_are(w, "head a m1 0");
	msrp_session_resume(w->a);
	run(w);
	peer_heard(alice, "200 t001, 200 t002");
	unit_buf_is(&t->text, "helloworld");
	peer_heard(bob, "SEND m1 1-5/5 5 $, SEND m2 1-5/5 5 $");
}


static struct tape *tape_of(void)
{
	struct tape *t = unit_storage(sizeof(*t));

	t->w = world_relay_with(&(struct msrp_relay_params){.tap = &tap, .tap_arg = t});
	buf_fixed(&t->text, unit_storage(32768), 32768);
	return t;
}


#define ID "Message-ID: m1\r\n"
#define REST "Byte-Range: 1-5/5\r\n"
#define TYPE "Content-Type: text/plain\r\n"
#define PARAMETER "Success-Report: yes;Include-Sent-Count\r\n"
#define HEADER "Success-Report: yes\r\nInclude-Sent-Count: yes\r\n"

/* What the tap wants asked is asked, once; everything else leaves as it came. */
static void test_tap_asks(void)
{
	static const struct {
		enum msrp_sent_count asks;
		const char *lines, *leaves;
	} rows[] = {
		{MSRP_SENT_COUNT_AS_IT_CAME, PARAMETER "X: y\r\n",
		 ID REST PARAMETER "X: y\r\n" TYPE},
		{MSRP_SENT_COUNT_PARAMETER, "", PARAMETER ID REST TYPE},
		{MSRP_SENT_COUNT_PARAMETER, "Success-Report: no\r\nFailure-Report: partial\r\n",
		 PARAMETER ID REST "Failure-Report: partial\r\n" TYPE},
		{MSRP_SENT_COUNT_PARAMETER, "X: y\r\n" HEADER, PARAMETER ID REST "X: y\r\n" TYPE},
		{MSRP_SENT_COUNT_HEADER, "", HEADER ID REST TYPE},
		{MSRP_SENT_COUNT_HEADER, "success-report: YES\r\n", HEADER ID REST TYPE},
		{MSRP_SENT_COUNT_HEADER, PARAMETER, HEADER ID REST TYPE},
		{MSRP_SENT_COUNT_TAKEN_OUT, PARAMETER, "Success-Report: yes\r\n" ID REST TYPE},
		{MSRP_SENT_COUNT_TAKEN_OUT, HEADER, "Success-Report: yes\r\n" ID REST TYPE},
		{MSRP_SENT_COUNT_TAKEN_OUT, "Include-Sent-Count: yes\r\n", ID REST TYPE},
	};
	struct tape *t = tape_of();
	struct world *w = t->w;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		unit_case("%zu: %s", i, rows[i].lines);
		t->asks = rows[i].asks;
		peer_send(alice, "t001", "m1", "1-5/5", rows[i].lines, "hello", '$');
		run(w);
		peer_heard(bob, "SEND m1 1-5/5 5 $");
		unit_buf_is(&bob->others, rows[i].leaves);
		buf_clear(&w->events);
	}
}


/* Also where a chunk leaves as several, and where it has no body. */
static void test_tap_asks_in_every_chunk(void)
{
	struct tape *t = tape_of();
	struct world *w = t->w;
	char *body = unit_storage(9000);

	t->asks = MSRP_SENT_COUNT_PARAMETER;
	fill(body, 9000, 0);
	peer_head(alice, "t001", "m1", "1-*/9000", "");
	peer_write(alice, body, 5000);
	run(w);
	peer_bind(bob, "t777");
	run(w);
	peer_heard(bob, "SEND m1 1-*/9000 5000 +, 200 t777");
	unit_buf_is(&bob->others, PARAMETER ID "Byte-Range: 1-*/9000\r\n" TYPE);
	peer_write(alice, body + 5000, 3000);
	peer_tail(alice, "t001", '+');
	run(w);
	peer_heard(bob, "SEND m1 5001-*/9000 3000 +");
	unit_buf_is(&bob->others, PARAMETER ID "Byte-Range: 5001-*/9000\r\n" TYPE);
	peer_send(alice, "t002", "m1", "8001-*/9000", "", NULL, '#');
	run(w);
	peer_heard(bob, "SEND m1 8001-*/9000 0 bodiless #");
	unit_buf_is(&bob->others, PARAMETER ID "Byte-Range: 8001-*/9000\r\n");
	peer_heard(alice, "200 t001, 200 t002");
}


static void test_fate_of_reports(void)
{
	static const struct {
		enum msrp_report_fate fate;
		const char *heard;
		unsigned passed;
	} rows[] = {
		{MSRP_REPORT_PASSES, "REPORT m1 1-5/5 200 for 7", 1},
		{MSRP_REPORT_WITHOUT_COUNT, "REPORT m1 1-5/5 200", 2},
		{MSRP_REPORT_STAYS, "", 2},
	};
	struct tape *t = tape_of();
	struct world *w = t->w;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		t->fate = rows[i].fate;
		peer_printf(bob,
			    "MSRP r001 REPORT\r\nTo-Path: %s\r\nFrom-Path: %s\r\nMessage-ID: m1\r\n"
			    "Distribution-Count: 7\r\nByte-Range: 1-5/5\r\nStatus: 000 200 OK\r\n"
			    "-------r001$\r\n",
			    bob->to, bob->path);
		run(w);
		peer_heard(alice, rows[i].heard);
		events_are(w, "report b m1");
		assert_int_equal(msrp_relay_counts(w->relay, MSRP_SIDE_B)->reports, rows[i].passed);
	}
}


/* ---- Life ---- */

static void test_dropped_in_the_midst(void)
{
	struct world *w = world_relay();

	bob->status = 0;
	peer_send(alice, "t001", "m1", "1-5/5", "", "hello", '$');
	peer_head(alice, "t002", "m2", "1-*/*", "");
	peer_write(alice, "begin", 5);
	run(w);
	w->relay = mem_unref(w->relay);
	run(w);
	peer_heard(bob, "SEND m1 1-5/5 5 $, SEND m2 1-*/* 5 #");
	peer_heard(alice, "408 t001, 408 t002");
	peer_tail(alice, "t002", '$');
	peer_send(alice, "t003", "m3", "1-5/5", "", "hello", '$');
	run(w);
}


static void test_last_activity(void)
{
	struct world *w = world_relay();
	uint64_t since = msrp_relay_active_ms(w->relay);

	advance(w, 1000);
	peer_bind(alice, "k001");
	run(w);
	assert_int_equal(msrp_relay_active_ms(w->relay), since);
	peer_send(bob, "t001", "m1", "1-5/5", "", "hello", '$');
	run(w);
	unit_must(msrp_relay_active_ms(w->relay) == since + 1000);
}


UNIT_MAIN(UNIT_TEST_PLAIN(test_failure_report_matrix), UNIT_TEST(test_timeout_at_30_s),
	  UNIT_TEST(test_reports_cross), UNIT_TEST(test_other_methods_cross),
	  UNIT_TEST(test_empty_sends_stay), UNIT_TEST(test_tap), UNIT_TEST(test_tap_pauses),
	  UNIT_TEST_PLAIN(test_tap_asks), UNIT_TEST(test_tap_asks_in_every_chunk),
	  UNIT_TEST(test_fate_of_reports), UNIT_TEST(test_dropped_in_the_midst),
	  UNIT_TEST(test_last_activity))
