/* SPDX-License-Identifier: Apache-2.0 */
/* What only a database in a file can do wrong: other people's files, other versions, full disks. */
#include <signal.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "world.h"


static void run_sql(struct world *w, const char *sql)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(w->path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}


static void close_store(struct world *w)
{
	w->store = mem_unref(w->store);
	assert_true(virtual_loop_run_until_idle(w->vl));
}


static void test_refuses(void)
{
	static const struct {
		const char *sql, *says;
		int error;
	} rows[] = {
		{"PRAGMA user_version = 9999", "newer parleyd", -ENOTSUP},
		{"PRAGMA application_id = 1", "other program", -EINVAL},
		{"PRAGMA application_id = 0; PRAGMA user_version = 0", "other program", -EINVAL},
	};

	for (size_t i = 0; i < 3; i++) {
		struct world *w = world();
		struct store *s = NULL;

		unit_case("%s", rows[i].sql);
		close_store(w);
		run_sql(w, rows[i].sql);
		buf_clear(w->why);
		unit_must(store_open(&s, w->loop, str_of(w->url), w->why) == rows[i].error);
		unit_must(str_find_str(buf_str(w->why), str_of(rows[i].says)) >= 0);
	}
}


static void test_garbage(void)
{
	struct world *w = world();
	struct store *s = NULL;
	FILE *f;

	close_store(w);
	f = fopen(w->path, "w");
	assert_non_null(f);
	for (unsigned i = 0; i < 1000; i++)
		fputs("this is not a database\n", f);
	fclose(f);
	buf_clear(w->why);
	unit_must(store_open(&s, w->loop, str_of(w->url), w->why) == -EIO);
	unit_must(str_find_str(buf_str(w->why), STR("integrity_check")) >= 0);
}


static void test_no_directory(void)
{
	struct world *w = world();
	struct store *s = NULL;

	buf_clear(w->why);
	unit_must(store_open(&s, w->loop, STR("sqlite:/proc/nowhere/parley.db"), w->why) != 0);
	unit_must(str_find_str(buf_str(w->why), STR("cannot make the directory /proc/nowhere")) >=
		  0);
	buf_clear(w->why);
	unit_must(store_open(&s, w->loop, STR("sqlite:/tmp"), w->why) == -EISDIR);
	unit_must(str_find_str(buf_str(w->why), STR("cannot open")) >= 0);
	assert_null(s);
}


static void test_secrets_are_ours(void)
{
	struct world *w = world();
	struct stat st;

	assert_int_equal(stat(w->path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
}


static int rows_cb(void *arg, int n, char **values, char **names)
{
	(void)names;
	if (n == 1)
		snprintf(arg, 32, "%s", values[0]);
	return 0;
}


static void test_durable_by_default(void)
{
	struct world *w = world();
	char mode[32] = "";
	sqlite3 *db;

	unit_ok(world_add(w, "sip:a@x"));
	assert_int_equal(sqlite3_open(w->path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "PRAGMA journal_mode", rows_cb, mode, NULL), SQLITE_OK);
	assert_string_equal(mode, "wal");
	assert_int_equal(sqlite3_exec(db, "PRAGMA integrity_check", rows_cb, mode, NULL),
			 SQLITE_OK);
	assert_string_equal(mode, "ok");
	sqlite3_close(db);
}


/* The disk is full in the middle of a group: none of it is there, all are told, and it goes on later. */
static void test_full(void)
{
	struct world *w = world();
	struct rlimit before, none = {4096, 0};
	struct buf *out = unit_buf(1024);
	struct stat wal;
	char path[PATH_MAX];

	signal(SIGXFSZ, SIG_IGN);
	unit_ok(world_add(w, "sip:first@x"));
	snprintf(path, sizeof(path), "%s-wal", w->path);
	assert_int_equal(stat(path, &wal), 0);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	none.rlim_cur = (rlim_t)wal.st_size;
	none.rlim_max = before.rlim_max;
	w->answers = 0;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
	for (unsigned i = 0; i < 3; i++) {
		char aor[32];
		struct store_account a = world_account(aor);

		snprintf(aor, sizeof(aor), "sip:%u@x", i);
		a.aor = str_of(aor);
		assert_int_equal(store_account_add(w->store, &w->many[i], &a, world_done, w), 0);
	}
	assert_true(virtual_loop_run_until_idle(w->vl));
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_int_equal(w->answers, 3);
	for (unsigned i = 0; i < 3; i++)
		assert_true(w->error[i] == -EIO || w->error[i] == -ENOSPC);
	assert_true(store_trouble(w->store).n > 0);
	unit_ok(world_accounts(w, "", 10, out));
	unit_buf_is(out, "sip:first@x,");
	unit_ok(world_add(w, "sip:0@x"));
	assert_int_equal(store_trouble(w->store).n, 0);
	unit_ok(world_accounts(w, "", 10, out));
	unit_buf_is(out, "sip:0@x,sip:first@x,");
}


UNIT_MAIN(UNIT_TEST(test_refuses), UNIT_TEST(test_garbage), UNIT_TEST(test_no_directory),
	  UNIT_TEST(test_secrets_are_ours), UNIT_TEST(test_durable_by_default),
	  UNIT_TEST_PLAIN(test_full))
