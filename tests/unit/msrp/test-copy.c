/* SPDX-License-Identifier: Apache-2.0 */
/* Chunks that many sessions share: how they leave, and what becomes of their answers. */
#include "msrp/copy.h"

#include <stdio.h>
#include <string.h>

#include "msrp/connection.h"
#include "world.h"

#define LINES "Message-ID: m%u\r\nByte-Range: 1-%zu/%zu\r\nContent-Type: text/plain\r\n\r\n%s"


/* bob's session, bound; the log is empty. */
static struct world *open_bound(void)
{
	struct world *w = world_relay();

	w->relay = mem_unref(w->relay);
	return w;
}


static struct msrp_copy copy_of(unsigned number, const char *body)
{
	size_t n = strlen(body), room = n + 200;
	char *text = unit_storage(room);

	snprintf(text, room, LINES, number, n, n, body);
	return (struct msrp_copy){.text = str_of(text), .flag = '$', .body = true};
}


static void test_lines(void)
{
	struct msrp_copy_lines l = {
		.message_id = STR("id1"),
		.range = {1, 5, 10},
		.failure_report = MSRP_FAILURE_PARTIAL,
		.others = STR("X: y\r\n"),
		.content_type = STR("a/b"),
	};
	struct buf *b = unit_buf(1024);

	msrp_copy_lines_encode(&l, b);
	unit_buf_is(b,
		    "Message-ID: id1\r\nByte-Range: 1-5/10\r\nFailure-Report: partial\r\nX: y\r\n"
		    "Content-Type: a/b\r\n\r\n");
	buf_clear(b);
	l.content_type = STR_NULL;
	l.others = STR_NULL;
	l.failure_report = MSRP_FAILURE_YES;
	l.range = (struct msrp_range){6, MSRP_RANGE_UNKNOWN, MSRP_RANGE_UNKNOWN};
	msrp_copy_lines_encode(&l, b);
	unit_buf_is(b, "Message-ID: id1\r\nByte-Range: 6-*/*\r\n");
}


static void test_several(void)
{
	struct world *w = open_bound();
	struct msrp_copy copies[] = {copy_of(1, "one"), copy_of(2, ""), copy_of(3, "three")};
	struct msrp_copy gone = {.text = STR("Message-ID: m4\r\nByte-Range: 6-*/9\r\n"),
				 .flag = '#'};

	unit_must(msrp_copies_write(w->b, copies, 3) == 3);
	unit_must(msrp_copies_write(w->b, &gone, 1) == 1);
	unit_must(msrp_copies_write(w->b, copies, 0) == 0);
	run(w);
	peer_heard(&w->peers[1], "SEND m1 1-3/3 3 $, SEND m2 1-0/0 0 $, SEND m3 1-5/5 5 $, SEND m4 "
				 "6-*/9 0 bodiless #");
}


static void test_more_than_one_write(void)
{
	struct msrp_copy copies[MSRP_COPIES_MAX + 6];
	struct world *w = open_bound();
	int n;

	for (unsigned i = 0; i < MSRP_COPIES_MAX + 6; i++)
		copies[i] = copy_of(i, "x");
	n = msrp_copies_write(w->b, copies, MSRP_COPIES_MAX + 6);
	unit_must(n == MSRP_COPIES_MAX);
	n += msrp_copies_write(w->b, copies + n, 6);
	run(w);
	unit_must(w->peers[1].sends == (unsigned)n && n == MSRP_COPIES_MAX + 6);
}


/* Who does not read gets no more than a connection may hold. */
static void test_no_room(void)
{
	struct virtual_fault stall = {.kind = VIRTUAL_STALL, .to = address("192.0.2.2:0")};
	char *body = unit_storage(16001);
	struct world *w = open_bound();
	struct msrp_copy copies[4];
	unsigned total = 0;
	int n;

	memset(body, 'x', 16000);
	for (unsigned i = 0; i < 4; i++)
		copies[i] = copy_of(i, body);
	virtual_fault_add(w->vl, &stall);
	while ((n = msrp_copies_write(w->b, copies, 4)) > 0) {
		unit_must(n <= 3); /* MSRP_QUEUE_HIGH in one write */
		total += (unsigned)n;
		run(w);
		if (total > 100)
			break;
	}
	unit_must(n == 0);
	unit_must(msrp_session_queued(w->b) > MSRP_QUEUE_LOW &&
		  msrp_session_queued(w->b) < 2 * MSRP_QUEUE_HIGH);
	virtual_fault_clear(w->vl);
	run(w);
	unit_must(w->peers[1].sends == total);
	unit_must(msrp_copies_write(w->b, copies, 1) == 1);
}


static void on_answer(struct msrp_session *s, uint16_t status, void *owner, void *arg)
{
	(void)s;
	note(arg, "%s %u", (const char *)owner, status);
}


static void test_answers(void)
{
	static const char first[] = "first", second[] = "second", third[] = "third";
	struct world *w = open_bound();
	struct msrp_copy copies[] = {copy_of(1, "1"), copy_of(2, "2")};

	copies[0].done = copies[1].done = on_answer;
	copies[0].arg = copies[1].arg = w;
	copies[0].owner = (void *)(uintptr_t)first;
	copies[1].owner = (void *)(uintptr_t)second;
	copies[0].timed = true;
	unit_must(msrp_copies_write(w->b, copies, 2) == 2);
	run(w);
	events_are(w, "first 200, second 200");
	/* One is timed, the other is forgotten in silence. */
	w->peers[1].status = 0;
	unit_must(msrp_copies_write(w->b, copies, 2) == 2);
	advance(w, 40000);
	events_are(w, "first 408, second 200");
	copies[0].owner = (void *)(uintptr_t)third;
	unit_must(msrp_copies_write(w->b, copies, 2) == 2);
	unit_must(msrp_session_outstanding(w->b) == 2);
	msrp_copies_forget(w->b, third);
	peer_close(&w->peers[1]);
	run(w);
	events_are(w, "second 0");
}


/* A message of our own that is under way on the same connection makes room, and goes on. */
static void test_among_others(void)
{
	static const struct msrp_send_handler handler = {0};
	struct msrp_send_params p = {.message_id = STR("long"),
				     .content_type = STR("text/plain"),
				     .total = 5000};
	struct world *w = open_bound();
	struct msrp_copy copy = copy_of(1, "hello");
	char body[5000];
	struct msrp_send *m;

	fill(body, sizeof(body), 0);
	unit_ok(msrp_send_open(&m, w->b, &p, &handler, NULL));
	unit_own(m);
	unit_must(msrp_send_write(m, body, 3000) == 3000);
	unit_must(msrp_copies_write(w->b, &copy, 1) == 1);
	unit_must(msrp_send_write(m, body + 3000, 2000) == 2000);
	unit_ok(msrp_send_end(m));
	run(w);
	peer_heard(&w->peers[1],
		   "SEND long 1-*/5000 3000 +, SEND m1 1-5/5 5 $, SEND long 3001-*/5000 2000 $");
}


static void test_not_bound(void)
{
	struct world *w = open_bound();
	struct msrp_copy copy = copy_of(1, "hello");

	peer_close(&w->peers[1]);
	run(w);
	unit_must(msrp_copies_write(w->b, &copy, 1) == -ENOTCONN);
}


UNIT_MAIN(UNIT_TEST(test_lines), UNIT_TEST(test_several), UNIT_TEST(test_more_than_one_write),
	  UNIT_TEST(test_no_room), UNIT_TEST(test_answers), UNIT_TEST(test_among_others),
	  UNIT_TEST(test_not_bound))
