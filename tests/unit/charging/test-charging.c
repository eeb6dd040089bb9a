/* SPDX-License-Identifier: Apache-2.0 */
/* The charging file: appended to, opened anew, and never in anybody's way. */
#include "charging/charging.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/counter.h"
#include "base/log.h"
#include "lib/unit.h"
#include "lib/virtual_loop.h"

struct world {
	struct virtual_loop *vl;
	struct im_events events;
	struct charging *charging;
	char dir[64], path[96], moved[96];
	unsigned errors;
};


static void on_log(enum log_level level, struct str line, void *arg)
{
	struct world *w = arg;

	(void)line;
	w->errors += level == LOG_LEVEL_ERROR;
}


static void world_end(void *arg)
{
	struct world *w = arg;

	w->charging = mem_unref(w->charging);
	w->vl = mem_unref(w->vl);
	log_set_sink(NULL, NULL);
	unlink(w->path);
	unlink(w->moved);
	rmdir(w->dir);
}


static struct world *world(const char *file)
{
	struct world *w = unit_storage(sizeof(*w));

	snprintf(w->dir, sizeof(w->dir), "/tmp/parley-charging.XXXXXX");
	assert_non_null(mkdtemp(w->dir));
	snprintf(w->path, sizeof(w->path), "%s/%s", w->dir, file);
	snprintf(w->moved, sizeof(w->moved), "%s/moved", w->dir);
	unit_defer(world_end, w);
	log_set_sink(on_log, w);
	charging_counters_register();
	counter_reset_all();
	w->vl = virtual_loop_alloc(1);
	unit_ptr(w->vl);
	im_events_init(&w->events);
	unit_ok(charging_alloc(&w->charging, virtual_loop_base(w->vl), &w->events,
			       str_of(w->path)));
	return w;
}


static void tell(struct world *w, const char *call_id)
{
	im_events_tell(&w->events,
		       &(struct im_event){.outcome = IM_DELIVERED, .call_id = str_of(call_id)});
}


/* Lines of a file, and whether the last one holds `text`. */
static unsigned lines(const char *path, const char *text)
{
	char line[4096];
	unsigned n = 0;
	FILE *f = fopen(path, "r");

	line[0] = '\0';
	while (f && fgets(line, sizeof(line), f))
		n++;
	if (f)
		fclose(f);
	if (text && !strstr(line, text))
		fail_msg("%s instead of %s", line, text);
	return n;
}


static int64_t counted(const char *name)
{
	const struct counter *c = counter_find(str_of(name));

	assert_non_null(c);
	return c->value;
}


static void test_records_of_a_turn_leave_together(void)
{
	struct world *w = world("records");

	tell(w, "one");
	tell(w, "two");
	assert_int_equal(lines(w->path, NULL), 0);
	virtual_loop_run_until_idle(w->vl);
	if (counted("charging.lost"))
		unit_must(false);
	assert_int_equal(lines(w->path, "\"call-id\":\"two\""), 2);
	assert_int_equal(counted("charging.written"), 2);
}


static void test_opened_anew(void)
{
	struct world *w = world("records");

	tell(w, "one");
	virtual_loop_run_until_idle(w->vl);
	unit_must(!counted("charging.lost"));
	assert_int_equal(rename(w->path, w->moved), 0);
	tell(w, "two");
	unit_ok(charging_reopen(w->charging, str_of(w->path)));
	unit_must(!counted("charging.lost"));
	tell(w, "three");
	virtual_loop_run_until_idle(w->vl);
	unit_must(!counted("charging.lost"));
	assert_int_equal(lines(w->moved, "two"), 2);
	assert_int_equal(lines(w->path, "three"), 1);
}


static void test_off(void)
{
	struct world *w = world("records");

	unit_ok(charging_reopen(w->charging, STR("")));
	tell(w, "one");
	virtual_loop_run_until_idle(w->vl);
	assert_int_equal(lines(w->path, NULL), 0);
	assert_int_equal(counted("charging.lost"), 0);
}


static void test_no_such_folder(void)
{
	struct world *w = world("missing/records");

	tell(w, "one");
	tell(w, "two");
	virtual_loop_run_until_idle(w->vl);
	assert_int_equal(w->errors, 1);
	assert_int_equal(counted("charging.lost"), 2);
}


static void test_full_disk_is_told_once(void)
{
	struct world *w = world("records");

	if (access("/dev/full", W_OK))
		skip();
	if (charging_reopen(w->charging, STR("/dev/full")))
		unit_must(false);
	for (int i = 0; i < 3; i++) {
		tell(w, "lost");
		virtual_loop_run_until_idle(w->vl);
	}
	assert_int_equal(counted("charging.lost"), 3);
	unit_must(w->errors == 1);
}


UNIT_MAIN(UNIT_TEST(test_records_of_a_turn_leave_together), UNIT_TEST(test_opened_anew),
	  UNIT_TEST(test_off), UNIT_TEST(test_no_such_folder),
	  UNIT_TEST(test_full_disk_is_told_once))
