/* SPDX-License-Identifier: Apache-2.0 */
/* Outcomes are told to every listener, in order, and the log's listener counts them. */

#include "im/event.h"

#include "base/counter.h"
#include "base/log.h"

#include "lib/unit.h"

struct heard {
	struct im_listener listener;
	struct buf *order;
	char name;
};


static void on_event(const struct im_event *e, void *arg)
{
	struct heard *h = arg;

	assert_int_equal(e->status, 200);
	buf_putc(h->order, h->name);
}


static void on_line(enum log_level level, struct str line, void *arg)
{
	assert_int_equal(level, LOG_LEVEL_INFO);
	buf_puts(arg, line);
}


static void test_told(void)
{
	struct im_events ev;
	char text[16], log[1024];
	struct buf order, line;
	struct im_log logger;
	struct heard a = {.order = &order, .name = 'a'}, b = {.order = &order, .name = 'b'};
	struct im_event e = {
		.outcome = IM_DELIVERED,
		.kind = IM_PAGER,
		.side = IM_TERMINATING,
		.status = 200,
		.originator = STR("sip:alice@example.org"),
		.recipient = STR("sip:bob@example.org"),
		.call_id = STR("1@x"),
		.size = 5,
		.took_ms = 12,
	};

	buf_fixed(&order, text, sizeof(text));
	buf_fixed(&line, log, sizeof(log));
	im_counters_register();
	const struct counter *delivered = counter_find(STR("im.delivered"));
	assert_non_null(delivered);
	int64_t before = delivered->value;

	im_events_init(&ev);
	a.listener = (struct im_listener){.event = on_event, .arg = &a};
	b.listener = (struct im_listener){.event = on_event, .arg = &b};
	im_events_listen(&ev, &a.listener);
	im_events_log(&ev, &logger, true);
	im_events_listen(&ev, &b.listener);
	log_set_sink(on_line, &line);
	im_events_tell(&ev, &e);
	log_set_sink(NULL, NULL);

	assert_true(str_eq(buf_str(&order), STR("ab")));
	assert_int_equal(delivered->value, before + 1);
	assert_true(str_eq(
		buf_str(&line),
		STR("im: pager result=delivered side=terminating from=<sip:alice@example.org> "
		    "to=<sip:bob@example.org> status=200 reason=- size=5 took=12ms "
		    "call-id=\"1@x\"")));
}


static void test_hidden(void)
{
	struct im_events ev;
	char log[2048];
	struct buf line;
	struct im_log logger;
	struct im_event e = {.outcome = IM_REFUSED,
			     .originator = STR("sip:alice@example.org"),
			     .recipient = STR("sip:bob@example.org")};

	buf_fixed(&line, log, sizeof(log));
	im_events_init(&ev);
	im_events_log(&ev, &logger, false);
	log_set_sink(on_line, &line);
	im_events_tell(&ev, &e);
	log_set_sink(NULL, NULL);

	assert_true(str_find_str(buf_str(&line), STR("alice")) < 0);
	assert_true(str_find_str(buf_str(&line), STR("bob")) < 0);
	assert_true(str_find_str(buf_str(&line), STR("from=<sip:#")) > 0);
	assert_true(str_find_str(buf_str(&line), STR("@example.org>")) > 0);
}

UNIT_MAIN(UNIT_TEST(test_told), UNIT_TEST(test_hidden))
