/* SPDX-License-Identifier: Apache-2.0 */
/* What participants of a conference hear of each other. */
#include <stdio.h>
#include <string.h>

#include "body/imdn.h"
#include "im/controlling/fanout_state.h"
#include "msrp/connection.h"
#include "room.h"

static const struct fanout_params two = {.cpim_required = false};


static struct addr host(const char *text)
{
	struct addr a;

	assert_int_equal(addr_decode_hostport(&a, str_of(text)), 0);
	return a;
}


/* ---- Copies ---- */

static void test_everybody_but_the_speaker(void)
{
	struct room *r = room_open(NULL);
	struct guest *a = room_enter(r, "alice", NULL), *b = room_enter(r, "bob", NULL),
		     *c = room_enter(r, "carol", NULL);

	guest_say(a, "m1", "hello");
	room_run(r);
	guest_heard(a, "200 m1");
	guest_heard(b, "m1=hello");
	guest_heard(c, "m1=hello");
	/* A copy in one piece needs no answer; the content is as it came. */
	unit_str(buf_str(&b->others), "Message-ID: m1\r\nByte-Range: 1-184/184\r\nFailure-Report: "
				      "no\r\nContent-Type: message/cpim\r\n");
	unit_must(buf_str(&b->heard[0].body).n == 184);
	guest_say(b, "m2", "hi");
	guest_say(c, "m3", "ho");
	room_run(r);
	guest_heard(a, "m2=hi, m3=ho");
	guest_heard(b, "200 m2, m3=ho");
	guest_heard(c, "200 m3, m2=hi");
	unit_must(r->active == 3);
	unit_must(fanout_counts(r->f)->messages == 3 && fanout_counts(r->f)->copies == 6);
}


static void test_other_lines_go_along(void)
{
	struct room *r = room_open(NULL);
	struct guest *a = room_enter(r, "alice", NULL), *b = room_enter(r, "bob", NULL);

	guest_say_to(a, "t1", "m1", "X-Mood: merry\r\nSuccess-Report: no\r\n",
		     "sip:alice@example.com", ROOM_URI, "text/plain", "x");
	room_run(r);
	guest_heard(b, "m1=x");
	unit_must(str_find_str(buf_str(&b->others), STR("X-Mood: merry\r\n")) > 0);
	unit_must(str_find_str(buf_str(&b->others), STR("Success-Report")) < 0);
}


/* alice's, and not to its end. */
static void begin(struct guest *a, const char *tid, const char *id, const char *range,
		  const char *text)
{
	guest_head(a, tid, id, range, "", NULL);
	guest_printf(a,
		     "From: <sip:alice@example.com>\r\nTo: <" ROOM_URI
		     ">\r\n\r\nContent-Type: text/plain\r\n\r\n%s",
		     text);
}


static void test_from_when_they_come(void)
{
	struct room *r = room_open(NULL);
	struct guest *a = room_enter(r, "alice", NULL), *b = room_enter(r, "bob", NULL), *c;

	begin(a, "t1", "m1", "1-*/150", "");
	guest_tail(a, "t1", '+');
	room_run(r);
	room_advance(r, 300);
	c = room_enter(r, "carol", NULL);
	guest_say(b, "m2", "in between");
	room_run(r);
	guest_head(a, "t2", "m1", "92-93/93", "", NULL);
	guest_printf(a, "ab");
	guest_tail(a, "t2", '$');
	room_run(r);
	guest_heard(a, "200 t1, m2=in between, 200 t2");
	guest_heard(b, "200 m2, m1=ab");
	guest_heard(c, "m2=in between");
	unit_must(!b->broken && !c->broken);
}


static void test_hold(void)
{
	struct room *r = room_open(NULL);
	struct guest *a = room_enter(r, "alice", NULL), *b = room_enter(r, "bob", NULL);

	fanout_seat_hold(b->seat, true);
	guest_say(a, "m1", "not heard");
	room_run(r);
	fanout_seat_hold(b->seat, false);
	guest_say(a, "m2", "heard");
	room_run(r);
	guest_heard(b, "m2=heard");
}


static void test_who_is_not_in(void)
{
	struct room *r = room_open(NULL);
	struct guest *a = room_enter(r, "alice", NULL), *b = room_seat(r, "bob", NULL);

	guest_connect(b);
	guest_say(b, "m1", "may I?");
	guest_say(a, "m2", "x");
	room_run(r);
	guest_heard(b, "403 m1");
	guest_heard(a, "200 m2");
	unit_must(!fanout_seat_connected(b->seat));
}


/* What is said before their connection stands waits for it. */
static void test_in_before_connected(void)
{
	struct room *r = room_open(NULL);
	struct guest *a = room_enter(r, "alice", NULL), *b = room_seat(r, "bob", NULL);

	fanout_seat_connect(b->seat);
	guest_say(a, "m1", "early");
	guest_say(a, "m2", "bird");
	room_run(r);
	guest_connect(b);
	guest_say(a, "m3", "now");
	room_run(r);
	guest_heard(b, "m1=early, m2=bird, m3=now");
}


static void test_lost_and_back(void)
{
	struct room *r = room_open(NULL);
	struct guest *a = room_enter(r, "alice", NULL), *b = room_enter(r, "bob", NULL);

	b->s = mem_unref(b->s);
	room_run(r);
	room_events(r, "lost bob");
	guest_say(a, "m1", "while away");
	room_run(r);
	guest_connect(b);
	room_run(r);
	guest_heard(b, "m1=while away");
}


static void test_leaver_aborts(void)
{
	struct room *r = room_open(NULL);
	struct guest *a = room_enter(r, "alice", NULL), *b = room_enter(r, "bob", NULL);

	begin(a, "t1", "m1", "1-*/500", "beginning");
	room_run(r);
	room_advance(r, 250);
	unit_must(b->sends == 1);
	guest_leave(a);
	room_run(r);
	guest_heard(b, "m1#");
	unit_must(!b->broken);
	/* Nobody else is told what had no beginning for them. */
	guest_say(b, "m2", "alone");
	room_run(r);
	guest_heard(b, "200 m2");
}


static void test_speaker_aborts(void)
{
	struct room *r = room_open(NULL);
	struct guest *a = room_enter(r, "alice", NULL), *b = room_enter(r, "bob", NULL);

	begin(a, "t1", "m1", "1-*/500", "beginning");
	room_run(r);
	room_advance(r, 250);
	guest_printf(a, "lost");
	guest_tail(a, "t1", '#');
	room_run(r);
	guest_heard(a, "200 t1");
	guest_heard(b, "m1#");
	/* Before anybody has heard of it: silence. */
	guest_head(a, "t2", "m2", "1-*/500", "", NULL);
	guest_printf(a, "From: <sip:al");
	guest_tail(a, "t2", '#');
	room_run(r);
	guest_heard(b, "");
}


/* RFC 7701 6.1: who does not go on has aborted. */
static void test_chunk_timer(void)
{
	struct room *r = room_open(NULL);
	struct guest *a = room_enter(r, "alice", NULL), *b = room_enter(r, "bob", NULL);

	begin(a, "t1", "m1", "1-*/500", "beginning");
	guest_tail(a, "t1", '+');
	room_run(r);
	room_advance(r, FANOUT_CHUNK_MS - 1000);
	guest_heard(b, "");
	room_advance(r, 2000);
	guest_heard(b, "m1#");
	guest_head(a, "t2", "m1", "120-500/500", "", NULL);
	guest_tail(a, "t2", '+');
	room_run(r);
	guest_heard(a, "200 t1, 413 t2");
}


/* ---- Long ones ---- */

#define LONG 300000

static void speak_long(struct guest *a, const char *tid, const char *id)
{
	static const char head[] = "From: <sip:%s@example.com>\r\nTo: <" ROOM_URI
				   ">\r\n\r\nContent-Type: text/plain\r\n\r\n";
	char text[512], range[64];
	int n = snprintf(text, sizeof(text), head, a->who);

	snprintf(range, sizeof(range), "1-*/%d", LONG + n);
	guest_head(a, tid, id, range, "", NULL);
	guest_write(a, text, (size_t)n);
}


static void speak_on(struct guest *a, size_t n, size_t at)
{
	char text[4096];

	for (size_t i = 0, k = 0; i < n; i += k) {
		k = n - i < sizeof(text) ? n - i : sizeof(text);
		for (size_t j = 0; j < k; j++)
			text[j] = (char)('a' + (at + i + j) % 23);
		guest_write(a, text, k);
	}
}


static void filled(struct heard *h, size_t n)
{
	struct str s = buf_str(&h->body);

	if (unit_refused())
		unit_ok(-ENOMEM);
	assert_true(h->whole && s.n > n);
	s = str_from(s, s.n - n);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(s.p[i], 'a' + i % 23);
}


static void test_two_long_ones_at_a_time(void)
{
	struct room *r = room_open(NULL);
	struct guest *a = room_enter(r, "alice", NULL), *b = room_enter(r, "bob", NULL),
		     *c = room_enter(r, "carol", NULL);

	speak_long(a, "t1", "m1");
	speak_long(b, "t2", "m2");
	for (size_t at = 0; at < LONG; at += 10000) {
		speak_on(a, 10000, at);
		speak_on(b, 10000, at);
		room_run(r);
		/* No message holds up another: both are under way. */
		unit_must(c->heard_n == 2);
	}
	guest_tail(a, "t1", '$');
	guest_tail(b, "t2", '$');
	room_run(r);
	guest_say(a, "m3", "short");
	room_run(r);
	room_advance(r, 300);
	guest_heard(c, "m1=300000, m2=300000, m3=short");
	guest_heard(a, "200 t1, m2=300000, 200 m3");
	filled(&c->heard[0], LONG);
	filled(&c->heard[1], LONG);
	unit_must(!a->broken && !b->broken && !c->broken);
	/* Long ones leave in pieces, but not in crumbs. */
	unit_must(c->sends > 20 && c->sends < 100);
}


/* A refusal of the first chunk: the rest stays here. */
static void test_refused_by_one(void)
{
	struct room *r = room_open(NULL);
	struct guest *a = room_enter(r, "alice", NULL), *b = room_enter(r, "bob", NULL),
		     *c = room_enter(r, "carol", NULL);

	b->status = 413;
	speak_long(a, "t1", "m1");
	for (size_t at = 0; at < LONG; at += 10000) {
		speak_on(a, 10000, at);
		room_run(r);
	}
	guest_tail(a, "t1", '$');
	room_run(r);
	guest_heard(a, "200 t1");
	guest_heard(b, "");
	guest_heard(c, "m1=300000");
	unit_must(b->sends < 4);
	unit_must(str_find_str(buf_str(&c->others), STR("Failure-Report: partial")) > 0);
	b->status = 200;
	guest_say(a, "m2", "again");
	room_run(r);
	guest_heard(b, "m2=again");
}


static void test_same_id_of_two(void)
{
	struct room *r = room_open(NULL);
	struct guest *a = room_enter(r, "alice", NULL), *b = room_enter(r, "bob", NULL),
		     *c = room_enter(r, "carol", NULL);

	speak_long(a, "t1", "same");
	speak_on(a, 10000, 0);
	room_run(r);
	guest_say(b, "same", "mine");
	room_run(r);
	speak_on(a, LONG - 10000, 10000);
	guest_tail(a, "t1", '$');
	room_run(r);
	guest_heard(b, "200 same, same=300000");
	unit_must(!c->broken && c->whole == 2);
	filled(&c->heard[0], LONG);
}


static void test_gap_in_a_message(void)
{
	struct room *r = room_open(&two);
	struct guest *a = room_enter(r, "alice", NULL), *b = room_enter(r, "bob", NULL);

	guest_head(a, "t1", "m1", "1-4/12", "", "text/plain");
	guest_printf(a, "abcd");
	guest_tail(a, "t1", '+');
	guest_head(a, "t2", "m1", "9-12/12", "", "text/plain");
	guest_printf(a, "ijkl");
	guest_tail(a, "t2", '$');
	room_run(r);
	guest_heard(a, "200 t1, 200 t2");
	guest_heard(b, "gap m1 9, m1=abcdijkl");
}


static void test_message_max(void)
{
	struct fanout_params p = {.cpim_required = true, .message_max = 1000};
	struct room *r = room_open(&p);
	struct guest *a = room_enter(r, "alice", NULL), *b = room_enter(r, "bob", NULL);

	speak_long(a, "t1", "m1");
	speak_on(a, 10, 0);
	guest_tail(a, "t1", '+');
	begin(a, "t2", "m2", "1-*/*", "");
	speak_on(a, 800, 0);
	room_run(r);
	room_advance(r, 250);
	speak_on(a, 800, 800);
	guest_tail(a, "t2", '$');
	room_run(r);
	guest_heard(a, "413 t1, 413 t2");
	guest_heard(b, "m2#");
}


/* ---- Slow ones ---- */

static void stall(struct room *r, const struct guest *g)
{
	char text[64];
	struct virtual_fault f = {.kind = VIRTUAL_STALL, .n = 1};

	snprintf(text, sizeof(text), "192.0.2.%d:0", g->number + 1);
	f.to = host(text);
	virtual_fault_add(r->vl, &f);
}


static void test_one_is_too_slow(void)
{
	struct room *r = room_open(NULL);
	struct guest *a = room_enter(r, "alice", NULL), *b = room_enter(r, "bob", NULL),
		     *c = room_enter(r, "carol", NULL);

	r->close_slow = true;
	stall(r, b);
	c->quiet = true;
	for (int i = 0; i < 20; i++) {
		speak_long(a, "t1", "m1");
		speak_on(a, LONG, 0);
		guest_tail(a, "t1", '$');
		room_run(r);
	}
	room_events(r, "overrun bob: too far behind");
	unit_must(c->whole == 20 && !c->broken && !b->seat);
	guest_say(a, "m2", "x");
	room_run(r);
	unit_must(c->whole == 21);
}


/* When there is nobody to wait for but slow ones the speaker waits. */
static void test_all_are_slow(void)
{
	struct room *r = room_open(&two);
	struct guest *a = room_enter(r, "alice", NULL), *b = room_enter(r, "bob", NULL);
	struct fanout_seat_counts counts;
	uint64_t seen = 0;

	stall(r, b);
	b->quiet = true;
	for (int i = 0; i < 30; i++) {
		guest_head(a, "t1", "m1", "1-*/*", "", "text/plain");
		speak_on(a, LONG, 0);
		guest_tail(a, "t1", '$');
		room_run(r);
	}
	fanout_seat_counts(b->seat, &counts);
	unit_must(counts.behind > FANOUT_PAUSE_BYTES &&
		  counts.behind < FANOUT_PAUSE_BYTES + 3 * LONG);
	seen = fanout_counts(r->f)->bytes;
	unit_must(seen < 3u << 20);
	virtual_fault_clear(r->vl);
	room_run(r);
	unit_must(b->whole == 30 && !b->broken);
	fanout_seat_counts(b->seat, &counts);
	unit_must(!counts.behind);
	room_events(r, "");
}


static void test_stuck(void)
{
	struct room *r = room_open(&two);
	struct guest *a = room_enter(r, "alice", NULL), *b = room_enter(r, "bob", NULL);

	r->close_slow = true;
	stall(r, b);
	for (int i = 0; i < 10; i++) {
		guest_head(a, "t1", "m1", "1-*/*", "", "text/plain");
		speak_on(a, LONG, 0);
		guest_tail(a, "t1", '$');
		room_run(r);
	}
	room_advance(r, FANOUT_STUCK_MS - 1000);
	room_events(r, "");
	room_advance(r, 8000);
	room_events(r, "overrun bob: takes nothing");
	/* The speaker is read again. */
	room_run(r);
	unit_must(fanout_counts(r->f)->bytes == 10 * LONG);
}


static void test_held_by_the_owner(void)
{
	struct room *r = room_open(NULL);
	struct guest *a = room_enter(r, "alice", NULL), *b = room_enter(r, "bob", NULL), *c;

	fanout_pause(r->f);
	c = room_seat(r, "carol", NULL);
	fanout_seat_connect(c->seat);
	guest_say(a, "m1", "x");
	room_run(r);
	guest_heard(b, "");
	fanout_resume(r->f);
	room_run(r);
	guest_heard(b, "m1=x");
}


/* ---- 1-1 ---- */

static void test_one_to_one_takes_anything(void)
{
	struct room *r = room_open(&two);
	struct guest *a = room_enter(r, "alice", NULL), *b = room_enter(r, "bob", NULL);

	guest_head(a, "t1", "m1", "1-2/2", "", "text/plain");
	guest_printf(a, "hi");
	guest_tail(a, "t1", '$');
	guest_head(a, "t2", "m2", "1-0/0", "", "image/png");
	guest_tail(a, "t2", '$');
	guest_say_to(a, "t3", "m3", "", "sip:somebody@else", "sip:anybody@else", "text/plain",
		     "as it is");
	room_run(r);
	guest_heard(a, "200 t1, 200 t2, 200 t3");
	guest_heard(b, "m1=hi, m2=, m3=as it is");
	unit_must(r->active == 3);
	guest_say_to(a, "t4", "m4", "", "sip:a@b", "sip:c@d", "application/im-iscomposing+xml",
		     "<c/>");
	guest_head(a, "t5", "m5", "1-4/4", "", "application/im-iscomposing+xml");
	guest_printf(a, "<c/>");
	guest_tail(a, "t5", '$');
	room_run(r);
	guest_heard(b, "m4=<c/>, m5=<c/>");
	unit_must(r->active == 3 && fanout_counts(r->f)->messages == 3);
}


/* ---- Reports ---- */

/* What the other side says is what the speaker hears. */
static void test_one_to_one_reports(void)
{
	struct room *r = room_open(&two);
	struct guest *a = room_enter(r, "alice", NULL), *b = room_enter(r, "bob", NULL);

	guest_head(a, "t1", "m1", "1-2/2", "Success-Report: yes\r\n", "text/plain");
	guest_printf(a, "hi");
	guest_tail(a, "t1", '$');
	room_run(r);
	guest_heard(a, "200 t1, REPORT m1 1-2/2 200");
	b->status = 415;
	guest_head(a, "t2", "m2", "1-2/2", "Success-Report: yes\r\n", "text/plain");
	guest_printf(a, "hi");
	guest_tail(a, "t2", '$');
	guest_head(a, "t3", "m3", "1-2/2", "", "text/plain");
	guest_printf(a, "hi");
	guest_tail(a, "t3", '$');
	guest_head(a, "t4", "m4", "1-2/2", "Failure-Report: no\r\n", "text/plain");
	guest_printf(a, "hi");
	guest_tail(a, "t4", '$');
	room_run(r);
	guest_heard(a, "200 t2, 200 t3, REPORT m2 1-2/2 415, REPORT m3 1-2/2 415");
	b->status = 0;
	guest_head(a, "t5", "m5", "1-2/2", "", "text/plain");
	guest_printf(a, "hi");
	guest_tail(a, "t5", '$');
	room_advance(r, FANOUT_COUNT_MS + 2000);
	guest_heard(a, "200 t5, REPORT m5 1-2/2 408");
	guest_leave(b);
	guest_head(a, "t6", "m6", "1-2/2", "", "text/plain");
	guest_printf(a, "hi");
	guest_tail(a, "t6", '$');
	room_run(r);
	guest_heard(a, "200 t6, REPORT m6 1-2/2 481");
}


/* The answer to the first chunk is not the answer to the last. */
static void test_count_of_a_long_one(void)
{
	struct room *r = room_open(NULL);
	struct guest *a = room_enter(r, "alice", NULL), *b = room_enter(r, "bob", NULL);

	guest_head(a, "t1", "m1", "1-*/5093", "Success-Report: yes\r\nInclude-Sent-Count: yes\r\n",
		   NULL);
	guest_printf(a, "From: <sip:alice@example.com>\r\nTo: <" ROOM_URI
			">\r\n\r\nContent-Type: text/plain\r\n\r\n");
	guest_printf(a, "%3000d", 1);
	room_run(r);
	unit_must(b->sends == 1);
	b->status = 0;
	guest_printf(a, "%2002d", 2);
	guest_tail(a, "t1", '$');
	room_run(r);
	guest_heard(a, "200 t1");
	guest_printf(b, "MSRP %s 200 OK\r\nTo-Path: %s\r\nFrom-Path: %s\r\n-------%s$\r\n",
		     b->last_tid, b->to, b->path, b->last_tid);
	room_run(r);
	guest_heard(a, "REPORT m1 1-5093/5093 200 1");
}


static void test_success_report(void)
{
	struct room *r = room_open(NULL);
	struct guest *a = room_enter(r, "alice", NULL), *b = room_enter(r, "bob", NULL);

	guest_say_to(a, "t1", "m1", "Success-Report: yes\r\n", "sip:alice@example.com", ROOM_URI,
		     "text/plain", "x");
	room_run(r);
	guest_heard(a, "200 t1, REPORT m1 1-180/180 200");
	guest_heard(b, "m1=x");
	unit_must(str_find_str(buf_str(&b->others), STR("Success-Report")) < 0);
	guest_say_to(a, "t2", "m2", "Failure-Report: no\r\n", "sip:eve@example.com", ROOM_URI,
		     "text/plain", "x");
	room_run(r);
	guest_heard(a, "");
}


#define COUNTED "Success-Report: yes\r\nInclude-Sent-Count: yes\r\n"

static void test_distribution_count(void)
{
	struct room *r = room_open(NULL);
	struct guest *a = room_enter(r, "alice", NULL), *b = room_enter(r, "bob", NULL),
		     *c = room_enter(r, "carol", NULL), *d = room_enter(r, "dave", NULL);

	guest_say_to(a, "t1", "m1", COUNTED, "sip:alice@example.com", ROOM_URI, "text/plain", "x");
	room_run(r);
	guest_heard(a, "200 t1, REPORT m1 1-180/180 200 3");
	unit_must(str_find_str(buf_str(&b->others), STR("Include-Sent-Count")) < 0);
	guest_heard(b, "m1=x");
	/* One refuses, one says nothing. */
	b->status = 413;
	c->status = 0;
	guest_say_to(a, "t2", "m2", "Success-Report: yes;Include-Sent-Count\r\n",
		     "sip:alice@example.com", ROOM_URI, "text/plain", "x");
	room_run(r);
	guest_heard(a, "200 t2");
	room_advance(r, FANOUT_COUNT_MS + 100);
	guest_heard(a, "REPORT m2 1-180/180 200 1");
	/* One leaves before they have answered. */
	guest_say_to(a, "t3", "m3", COUNTED, "sip:alice@example.com", ROOM_URI, "text/plain", "x");
	room_run(r);
	guest_heard(a, "200 t3");
	guest_leave(c);
	room_run(r);
	guest_heard(a, "REPORT m3 1-180/180 200 1");
	guest_leave(d);
	guest_leave(b);
	guest_say_to(a, "t4", "m4", COUNTED, "sip:alice@example.com", ROOM_URI, "text/plain", "x");
	room_run(r);
	guest_heard(a, "200 t4, REPORT m4 1-180/180 200 0");
}


static void test_count_of_who_is_behind(void)
{
	struct room *r = room_open(NULL);
	struct guest *a = room_enter(r, "alice", NULL), *b = room_seat(r, "bob", NULL),
		     *c = room_enter(r, "carol", NULL);

	fanout_seat_connect(b->seat);
	guest_say_to(a, "t1", "m1", COUNTED, "sip:alice@example.com", ROOM_URI, "text/plain", "x");
	room_run(r);
	guest_heard(a, "200 t1");
	guest_leave(b);
	room_run(r);
	guest_heard(a, "REPORT m1 1-180/180 200 1");
	/* The asker goes: nobody is told. */
	c->status = 0;
	guest_say_to(a, "t2", "m2", COUNTED, "sip:alice@example.com", ROOM_URI, "text/plain", "x");
	room_run(r);
	guest_leave(a);
	room_advance(r, FANOUT_COUNT_MS * 2);
	guest_heard(c, "m1=x, m2=x");
}


UNIT_MAIN(UNIT_TEST(test_everybody_but_the_speaker), UNIT_TEST(test_other_lines_go_along),
	  UNIT_TEST(test_from_when_they_come), UNIT_TEST(test_hold), UNIT_TEST(test_who_is_not_in),
	  UNIT_TEST(test_in_before_connected), UNIT_TEST(test_lost_and_back),
	  UNIT_TEST(test_leaver_aborts), UNIT_TEST(test_speaker_aborts),
	  UNIT_TEST(test_chunk_timer), UNIT_TEST_PLAIN(test_two_long_ones_at_a_time),
	  UNIT_TEST_PLAIN(test_refused_by_one), UNIT_TEST_PLAIN(test_same_id_of_two),
	  UNIT_TEST(test_gap_in_a_message), UNIT_TEST(test_message_max),
	  UNIT_TEST_PLAIN(test_one_is_too_slow), UNIT_TEST_PLAIN(test_all_are_slow),
	  UNIT_TEST_PLAIN(test_stuck), UNIT_TEST(test_held_by_the_owner),
	  UNIT_TEST(test_one_to_one_takes_anything), UNIT_TEST(test_one_to_one_reports),
	  UNIT_TEST(test_count_of_a_long_one), UNIT_TEST(test_success_report),
	  UNIT_TEST(test_distribution_count), UNIT_TEST(test_count_of_who_is_behind))
