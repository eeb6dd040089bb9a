/* SPDX-License-Identifier: Apache-2.0 */
/* Traces: what is about whom, waiting, ceilings, and that nothing is looked at when nobody looks on. */
#include "server/trace.h"

#include <stdio.h>

#include "unit/sip/engine.h"

struct fixture {
	struct engine *e;
	struct peer *uac;
	struct im_events events;
	struct traces *traces;
	struct trace_poll poll;
	struct buf *lines;
	unsigned done;
	int error;
	uint64_t last;
};


static void untap(void *arg)
{
	sip_set_tap(((struct engine *)arg)->sip, NULL, NULL);
}


static struct fixture *fixture(void)
{
	struct fixture *f = unit_storage(sizeof(*f));

	f->e = engine_open();
	f->uac = peer_open(f->e, "192.0.2.1:5060");
	f->lines = unit_buf(1 << 20);
	im_events_init(&f->events);
	unit_ok(traces_alloc(&f->traces,
			     &(struct traces_params){.loop = virtual_loop_base(f->e->vl),
						     .sip = f->e->sip,
						     .events = &f->events,
						     .domain = STR("example.com")}));
	unit_own(f->traces);
	unit_defer(untap, f->e);
	return f;
}


static void on_line(const struct trace_line *l, void *arg)
{
	static const char *const arrows[] = {
		[TRACE_IN] = "-->", [TRACE_OUT] = "<--", [TRACE_OUTCOME] = "=="};
	struct fixture *f = arg;
	char text[ADDR_TEXT_MAX] = "-";

	if (l->what != TRACE_OUTCOME)
		addr_text(&l->peer, text);
	buf_printf(f->lines, "%s %s " STR_FMT "\n", text, arrows[l->what], STR_ARG(l->text));
	f->last = l->seq;
}


static void on_done(struct trace_poll *p, int error, void *arg)
{
	struct fixture *f = arg;

	(void)p;
	f->done++;
	f->error = error;
}


static int poll(struct fixture *f, const char *aor, uint64_t after, uint32_t wait_ms)
{
	buf_clear(f->lines);
	return trace_poll(f->traces, &f->poll, str_of(aor), after, wait_ms, on_line, on_done, f);
}


static void send_message(struct fixture *f, const char *from, const char *uri, const char *call,
			 const char *more)
{
	static int n;

	peer_send(f->uac,
		  "MESSAGE %s SIP/2.0\nVia: SIP/2.0/UDP "
		  "192.0.2.1:5060;branch=z9hG4bK-t%d\nMax-Forwards: 70\n"
		  "From: <%s>;tag=a\nTo: <%s>\nCall-ID: %s\nCSeq: 1 MESSAGE\n%sContent-Type: "
		  "text/plain\n"
		  "Content-Length: 6\n\nsecret",
		  uri, ++n, from, uri, call, more);
	engine_run(f->e);
}


static void test_messages(void)
{
	struct fixture *f = fixture();

	unit_ok(poll(f, "sip:bob@example.com", 0, 0));
	assert_int_equal(f->done, 1);
	assert_int_equal(f->lines->n, 0);
	send_message(f, "sip:alice@example.com", "sip:bob@example.com;x=y", "c1", "");
	send_message(f, "sip:alice@example.com", "sip:carol@example.com", "c2", "");
	send_message(f, "sip:BOB@example.com:5060", "sip:carol@example.com", "c3", "");
	send_message(f, "sip:anonymous@anonymous.invalid", "sip:carol@example.com", "c4",
		     "P-Asserted-Identity: \"B\" <sip:bob@EXAMPLE.com>\n");
	unit_must(f->e->requests == 4);
	engine_reply(f->e, 0, 486);
	engine_run(f->e);

	unit_ok(poll(f, "sip:bob@example.com", 0, 0));
	/* The engine's own user does not know upper case letters in a user part as the same. */
	unit_buf_is(f->lines, "192.0.2.1:5060 --> MESSAGE sip:bob@example.com;x=y\n"
			      "192.0.2.1:5060 --> MESSAGE sip:carol@example.com\n"
			      "192.0.2.1:5060 <-- 486 Busy Here (MESSAGE)\n");
	assert_int_equal(f->last, 3);
	unit_ok(poll(f, "sip:bob@example.com", 2, 0));
	unit_buf_is(f->lines, "192.0.2.1:5060 <-- 486 Busy Here (MESSAGE)\n");
}


/** What has the Call-ID of a message about the user is about them too. */
static void test_call(void)
{
	struct fixture *f = fixture();

	unit_ok(poll(f, "sip:bob@example.com", 0, 0));
	send_message(f, "sip:alice@example.com", "sip:bob@example.com", "c1", "");
	send_message(f, "sip:alice@example.com", "sip:device@192.0.2.9", "c1", "");
	unit_ok(poll(f, "sip:bob@example.com", 0, 0));
	unit_buf_is(f->lines, "192.0.2.1:5060 --> MESSAGE sip:bob@example.com\n"
			      "192.0.2.1:5060 --> MESSAGE sip:device@192.0.2.9\n");
}


static void test_outcomes(void)
{
	struct fixture *f = fixture();
	struct im_event e = {.outcome = IM_REFUSED,
			     .kind = IM_PAGER,
			     .side = IM_TERMINATING,
			     .status = 403,
			     .originator = STR("sip:alice@example.com"),
			     .recipient = STR("sip:bob@example.com"),
			     .call_id = STR("c1"),
			     .reason = STR("barring"),
			     .took_ms = 3};

	im_events_tell(&f->events, &e);
	unit_ok(poll(f, "sip:bob@example.com", 0, 0));
	assert_int_equal(f->lines->n, 0);
	im_events_tell(&f->events, &e);
	unit_ok(poll(f, "sip:bob@example.com", 0, 0));
	unit_buf_is(f->lines,
		    "- == pager refused on the terminating side, 403, barring, after 3 ms\n");
}


static void test_malformed(void)
{
	struct fixture *f = fixture();

	unit_ok(poll(f, "sip:bob@example.com", 0, 0));
	peer_send(f->uac, "MESSAGE sip:bob@example.com SIP/2.0\nVia: SIP/2.0/UDP "
			  "192.0.2.1:5060;branch=z9hG4bK-m\n"
			  "From: <sip:a@example.com>;tag=a\nTo: <sip:bob@example.com>\nCall-ID: c\n"
			  "CSeq: x MESSAGE\n\n");
	peer_send(f->uac, "nonsense\n\n");
	engine_run(f->e);
	unit_ok(poll(f, "sip:bob@example.com", 0, 0));
	unit_must(str_starts(buf_str(f->lines),
			     STR("192.0.2.1:5060 --> MESSAGE sip:bob@example.com [malformed: ")));
	unit_must(str_find_str(buf_str(f->lines), STR("nonsense")) < 0);
}


static void test_waiting(void)
{
	struct fixture *f = fixture();

	unit_ok(poll(f, "sip:bob@example.com", 0, 5000));
	engine_wait(f->e, 4999);
	assert_int_equal(f->done, 0);
	engine_wait(f->e, 1);
	assert_int_equal(f->done, 1);
	assert_int_equal(f->error, 0);
	assert_int_equal(f->lines->n, 0);

	/* All that comes in one turn is one answer. */
	unit_ok(poll(f, "sip:bob@example.com", 0, 60000));
	send_message(f, "sip:alice@example.com", "sip:bob@example.com", "c1", "");
	unit_must(f->done == 2);
	unit_buf_is(f->lines, "192.0.2.1:5060 --> MESSAGE sip:bob@example.com\n");

	/* Nobody waits for ever. */
	unit_ok(poll(f, "sip:dave@example.com", 0, 100 * TRACE_WAIT_MAX_MS));
	engine_wait(f->e, TRACE_WAIT_MAX_MS);
	unit_must(f->done == 3);

	unit_ok(poll(f, "sip:dave@example.com", 0, 1000));
	trace_poll_cancel(&f->poll);
	trace_poll_cancel(&f->poll);
	engine_wait(f->e, 2000);
	unit_must(f->done == 3);
}


static void test_ends(void)
{
	struct fixture *f = fixture();

	unit_ok(poll(f, "sip:bob@example.com", 0, 0));
	unit_ok(poll(f, "sip:carol@example.com", 0, 0));
	assert_int_equal(traces_count(f->traces), 2);
	engine_wait(f->e, TRACE_IDLE_MS - 1);
	unit_ok(poll(f, "sip:bob@example.com", 0, 0));
	engine_wait(f->e, 1);
	assert_int_equal(traces_count(f->traces), 1);
	engine_wait(f->e, TRACE_IDLE_MS);
	assert_int_equal(traces_count(f->traces), 0);
	/* Who asks for what comes after an earlier trace gets all of this one. */
	unit_ok(poll(f, "sip:bob@example.com", 17, 0));
	send_message(f, "sip:alice@example.com", "sip:bob@example.com", "c1", "");
	unit_ok(poll(f, "sip:bob@example.com", 17, 0));
	unit_buf_is(f->lines, "192.0.2.1:5060 --> MESSAGE sip:bob@example.com\n");
}


static void test_ceilings(void)
{
	struct fixture *f = fixture();
	struct trace_poll *polls = unit_storage(TRACE_POLLS_MAX * sizeof(*polls));
	char aor[64];

	for (int i = 0; i < TRACES_MAX; i++) {
		snprintf(aor, sizeof(aor), "sip:u%d@example.com", i);
		assert_int_equal(poll(f, aor, 0, 0), 0);
	}
	assert_int_equal(poll(f, "sip:more@example.com", 0, 0), -ENOBUFS);
	for (int i = 0; i < TRACE_POLLS_MAX; i++)
		assert_int_equal(trace_poll(f->traces, &polls[i], STR("sip:u1@example.com"), 0,
					    1000, on_line, on_done, f),
				 0);
	assert_int_equal(poll(f, "sip:u1@example.com", 0, 1000), -ENOBUFS);
	f->done = 0;
	engine_wait(f->e, 1000);
	assert_int_equal(f->done, TRACE_POLLS_MAX);
}


/** Who is slow misses the oldest, and sees it by the number. */
static void test_ring(void)
{
	struct fixture *f = fixture();
	struct im_event e = {.recipient = STR("sip:bob@example.com"), .call_id = STR("c")};
	size_t n = 0;

	assert_int_equal(poll(f, "sip:bob@example.com", 0, 0), 0);
	for (int i = 0; i < TRACE_LINES_MAX + 10; i++)
		im_events_tell(&f->events, &e);
	assert_int_equal(poll(f, "sip:bob@example.com", 3, 0), 0);
	for (size_t i = 0; i < f->lines->n; i++)
		n += f->lines->p[i] == '\n';
	assert_int_equal(n, TRACE_LINES_MAX);
	assert_int_equal(f->last, TRACE_LINES_MAX + 10);
}


/** What waits when all ends hears of it. */
static void test_closed(void)
{
	struct fixture *f = unit_storage(sizeof(*f));
	struct traces *traces;

	f->e = engine_open();
	f->lines = unit_buf(1000);
	im_events_init(&f->events);
	assert_int_equal(traces_alloc(&traces,
				      &(struct traces_params){.loop = virtual_loop_base(f->e->vl),
							      .sip = f->e->sip,
							      .events = &f->events,
							      .domain = STR("example.com")}),
			 0);
	f->traces = traces;
	assert_int_equal(poll(f, "sip:bob@example.com", 0, 1000), 0);
	sip_set_tap(f->e->sip, NULL, NULL);
	mem_unref(traces);
	assert_int_equal(f->done, 1);
	assert_int_equal(f->error, -ECANCELED);
}


UNIT_MAIN(UNIT_TEST(test_messages), UNIT_TEST(test_call), UNIT_TEST(test_outcomes),
	  UNIT_TEST(test_malformed), UNIT_TEST(test_waiting), UNIT_TEST(test_ends),
	  UNIT_TEST_PLAIN(test_ceilings), UNIT_TEST_PLAIN(test_ring), UNIT_TEST_PLAIN(test_closed))
