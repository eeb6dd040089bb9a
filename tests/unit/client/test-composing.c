/* SPDX-License-Identifier: Apache-2.0 */
/* Who is writing (RFC 3994 3.2, 3.3). */
#include "client/composing.h"

#include "lib/unit.h"

#include <stdio.h>

#include "base/mem.h"

struct world {
	struct timers *timers;
	struct composing c;
	uint64_t now_ms;
	char log[256];
};


static void put(struct world *w, const char *what)
{
	size_t n = strlen(w->log);

	snprintf(w->log + n, sizeof(w->log) - n, "%s ", what);
}


static void on_tell(struct composing *c, bool active, void *arg)
{
	(void)c;
	put(arg, active ? "tell" : "tell-idle");
}


static void on_show(struct composing *c, bool active, void *arg)
{
	(void)c;
	put(arg, active ? "show" : "show-idle");
}


static const struct composing_handler handler = {on_tell, on_show};


static void begin(struct world *w)
{
	memset(w, 0, sizeof(*w));
	w->timers = timers_alloc();
	unit_must(w->timers);
	composing_init(&w->c, w->timers, &handler, w);
}


static void pass(struct world *w, uint64_t s)
{
	for (uint64_t end = w->now_ms + s * 1000; w->now_ms < end;) {
		w->now_ms += 100;
		timers_run(w->timers, w->now_ms);
	}
}


static void end(struct world *w, const char *log)
{
	assert_string_equal(w->log, log);
	composing_done(&w->c);
	assert_int_equal(timers_count(w->timers), 0);
	mem_unref(w->timers);
}


static void test_ours(void)
{
	struct world w;

	begin(&w);
	composing_typing(&w.c);
	composing_typing(&w.c);
	pass(&w, 14);
	composing_typing(&w.c);
	pass(&w, 14);
	assert_string_equal(w.log, "tell ");
	pass(&w, 2);
	assert_string_equal(w.log, "tell tell-idle ");
	pass(&w, 3600);
	composing_typing(&w.c);
	end(&w, "tell tell-idle tell ");
}


static void test_sent_says_so_itself(void)
{
	struct world w;

	begin(&w);
	composing_typing(&w.c);
	composing_sent(&w.c);
	pass(&w, 3600);
	end(&w, "tell ");
}


static void test_told_again(void)
{
	struct world w;

	begin(&w);
	for (int s = 0; s < 250; s += 10) {
		composing_typing(&w.c);
		pass(&w, 10);
	}
	end(&w, "tell tell tell ");
}


static void test_theirs(void)
{
	static const struct {
		bool active;
		uint32_t refresh_s, holds_s;
	} rows[] = {{true, 0, 120}, {true, 60, 60}, {true, 600, 600}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct world w;

		unit_case("refresh %u", rows[i].refresh_s);
		begin(&w);
		composing_take(&w.c, &(struct iscomposing){.active = rows[i].active,
							   .refresh_s = rows[i].refresh_s});
		pass(&w, rows[i].holds_s - 1);
		assert_string_equal(w.log, "show ");
		composing_take(&w.c, &(struct iscomposing){.active = rows[i].active,
							   .refresh_s = rows[i].refresh_s});
		pass(&w, rows[i].holds_s - 1);
		assert_string_equal(w.log, "show ");
		pass(&w, 2);
		end(&w, "show show-idle ");
	}
}


static void test_theirs_ends(void)
{
	struct world w;

	begin(&w);
	composing_heard(&w.c);
	composing_take(&w.c, &(struct iscomposing){.active = false});
	composing_take(&w.c, &(struct iscomposing){.active = true});
	composing_take(&w.c, &(struct iscomposing){.active = false});
	composing_take(&w.c, &(struct iscomposing){.active = true});
	composing_heard(&w.c);
	pass(&w, 3600);
	end(&w, "show show-idle show show-idle ");
}


UNIT_MAIN(UNIT_TEST(test_ours), UNIT_TEST(test_sent_says_so_itself), UNIT_TEST(test_told_again),
	  UNIT_TEST(test_theirs), UNIT_TEST(test_theirs_ends))
