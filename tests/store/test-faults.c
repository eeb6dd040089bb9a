/* SPDX-License-Identifier: Apache-2.0 */
/* A disk that is full, read only, broken or slow; a log with a torn end; a second process. */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/timer.h"
#include "store/content.h"
#include "store/deferred.h"
#include "store/history.h"

#include "world.h"

/* ---- A disk that does as told ---- */

static struct {
	sqlite3_vfs vfs, *real;
	sqlite3_io_methods methods[2]; /**< of databases, of logs */
	const sqlite3_io_methods *real_methods[2];
	int fail_write, fail_sync; /**< result codes; 0: as usual */
	int gate;                  /**< a sync takes a byte from here first; -1: as usual */
	unsigned syncs;
} disk = {.gate = -1};


/* What the real disk does with this file. */
static const sqlite3_io_methods *real_of(const sqlite3_file *f)
{
	return disk.real_methods[f->pMethods == &disk.methods[1]];
}


static int disk_write(sqlite3_file *f, const void *p, int n, sqlite3_int64 at)
{
	return disk.fail_write ? disk.fail_write : real_of(f)->xWrite(f, p, n, at);
}


static int disk_sync(sqlite3_file *f, int flags)
{
	char byte;

	disk.syncs++;
	if (disk.gate >= 0 && read(disk.gate, &byte, 1) != 1)
		return SQLITE_IOERR_FSYNC;
	return disk.fail_sync ? disk.fail_sync : real_of(f)->xSync(f, flags);
}


static int disk_open(sqlite3_vfs *v, const char *name, sqlite3_file *f, int flags, int *out)
{
	int code = disk.real->xOpen(disk.real, name, f, flags, out);
	bool log = flags & SQLITE_OPEN_WAL;

	(void)v;
	if (code || !(flags & (SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_WAL)))
		return code;
	disk.real_methods[log] = f->pMethods;
	disk.methods[log] = *f->pMethods;
	disk.methods[log].xWrite = disk_write;
	disk.methods[log].xSync = disk_sync;
	f->pMethods = &disk.methods[log];
	return 0;
}


static void disk_install(void)
{
	if (!disk.real) {
		disk.real = sqlite3_vfs_find(NULL);
		disk.vfs = *disk.real;
		disk.vfs.zName = "told";
		disk.vfs.xOpen = disk_open;
		assert_int_equal(sqlite3_vfs_register(&disk.vfs, 1), SQLITE_OK);
	}
	disk.fail_write = disk.fail_sync = 0;
	disk.gate = -1;
	disk.syncs = 0;
}


static struct store_deferred message(const char *call_id)
{
	return (struct store_deferred){
		.user = STR("sip:a@x"),
		.call_id = str_of(call_id),
		.size = 10,
		.expires_ms = 1000,
		.body = STR("0123456789"),
	};
}


static int hold(struct world *w, struct store_request *r, const char *call_id, uint32_t quota)
{
	struct store_deferred d = message(call_id);

	return store_deferred_hold(w->store, r, &d, quota, world_done, w);
}


struct fixture {
	struct world *w;
	struct store_deferred_count count;
};


static void counted(struct store_request *r, int error, void *arg)
{
	struct fixture *t = arg;

	if (!error)
		t->count = *store_deferred_count_result(r);
	world_done(r, error, t->w);
}


/* A group of three on the disk as it is told to be now; none of them is held, and later all goes well. */
static void fails_as_one(int error)
{
	struct fixture *t = unit_storage(sizeof(*t));
	struct world *w = t->w = world();

	unit_case("error %d", error);
	assert_int_equal(world_wait(w, hold(w, &w->r, "1", 2)), 0);
	disk.fail_write = error == -ENOSPC ? SQLITE_FULL : error == -EROFS ? SQLITE_READONLY : 0;
	disk.fail_sync = error == -EIO ? SQLITE_IOERR_FSYNC : 0;
	w->answers = 0;
	for (unsigned i = 0; i < 3; i++) {
		static const char *const calls[] = {"2", "3", "4"};

		assert_int_equal(hold(w, &w->many[i], calls[i], 0), 0);
	}
	assert_true(virtual_loop_run_until_idle(w->vl));
	assert_int_equal(w->answers, 3);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(w->error[i], error);
	assert_true(store_trouble(w->store).n > 0);

	disk.fail_write = disk.fail_sync = 0;
	assert_int_equal(ASK(t, store_deferred_count, STR("sip:a@x"), counted, t), 0);
	assert_int_equal(t->count.held, 1);
	/* The quota counts what is held, not what was tried; the ids go on. */
	w->answers = 0;
	assert_int_equal(world_wait(w, hold(w, &w->r, "2", 2)), 0);
	assert_int_equal(world_wait(w, hold(w, &w->r, "3", 2)), -EDQUOT);
	assert_int_equal(store_trouble(w->store).n, 0);
	world_reopen(w);
	assert_int_equal(ASK(t, store_deferred_count, STR(""), counted, t), 0);
	assert_true(t->count.held == 2 && t->count.bytes == 20 && t->count.next_expiry_ms == 1000);
}


static void test_full(void)
{
	disk_install();
	fails_as_one(-ENOSPC);
}


static void test_read_only(void)
{
	disk_install();
	fails_as_one(-EROFS);
}


static void test_sync_fails(void)
{
	disk_install();
	fails_as_one(-EIO);
}


static void content_done(struct store_content_writer *w, int error, const struct str *name,
			 void *arg)
{
	(void)w;
	assert_int_equal(error, 0);
	memcpy(arg, name[0].p, STORE_CONTENT_NAME_N);
}


/* An entry that shares its content with what waits, and whose commit fails: its name for it has gone. */
static void test_share_fails(void)
{
	static const struct store_content_handler handler = {.done = content_done};
	static const struct store_history_quota quota;
	struct store_history_entry e = {.owner = STR("sip:a@x"), .size = 5, .held = 1};
	struct store_deferred d = message("1");
	char name[STORE_CONTENT_NAME_N];
	struct store_content_writer *c;
	struct fixture t;

	disk_install();
	t.w = world();
	assert_int_equal(store_content_create(&c, t.w->store, &handler, name), 0);
	assert_int_equal(store_content_write(c, 0, STR("hello")), 0);
	store_content_finish(c, 1);
	assert_true(virtual_loop_run_until_idle(t.w->vl));
	d.body = STR("");
	d.file = (struct str){name, sizeof(name)};
	assert_int_equal(ASK(&t, store_deferred_hold, &d, 0, world_done, t.w), 0);
	disk.fail_sync = SQLITE_IOERR_FSYNC;
	assert_int_equal(ASK(&t, store_history_add, &e, 1, &quota, 5, world_done, t.w), -EIO);
	assert_int_equal(world_files(t.w), 1);
	disk.fail_sync = 0;
	assert_int_equal(ASK(&t, store_history_add, &e, 1, &quota, 5, world_done, t.w), 0);
	assert_int_equal(world_files(t.w), 2);
}


/* While nothing can be written, what was written can be read. */
static void test_reads_go_on(void)
{
	struct fixture *t = unit_storage(sizeof(*t));
	struct world *w;

	disk_install();
	w = t->w = world();
	assert_int_equal(world_wait(w, hold(w, &w->r, "1", 0)), 0);
	disk.fail_write = SQLITE_FULL;
	assert_int_equal(ASK(t, store_deferred_get, 1, world_done, w), 0);
	assert_int_equal(
		ASK(t, store_deferred_due, STR("sip:a@x"), STR(""), 0, 0, 10, world_done, w), 0);
	assert_int_equal(ASK(t, store_deferred_finish, 1, STORE_DEFERRED_DELIVERED, 5, world_done,
			     w),
			 -ENOSPC);
	disk.fail_write = 0;
	assert_int_equal(
		ASK(t, store_deferred_finish, 1, STORE_DEFERRED_DELIVERED, 5, world_done, w), 0);
}


/* ---- A slow disk, on the real loop ---- */

#define SLOW 50

struct slow {
	struct loop *loop;
	struct store *store;
	struct store_request hold[SLOW], read;
	struct timer open_gate;
	unsigned answered, failed;
	bool read_while_slow, opened;
	int gate[2];
};


static void slow_held(struct store_request *r, int error, void *arg)
{
	struct slow *s = arg;

	/* Not before the disk said so, and in order. */
	if (error || !s->opened || r != &s->hold[s->answered])
		s->failed++;
	if (++s->answered == SLOW)
		loop_stop(s->loop);
}


static void slow_read(struct store_request *r, int error, void *arg)
{
	struct slow *s = arg;

	(void)r;
	s->read_while_slow = error == -ENOENT && s->answered == 0;
}


static void open_gate(struct timer *timer, void *arg)
{
	struct slow *s = arg;
	char bytes[100] = {0};

	(void)timer;
	s->opened = true;
	if (write(s->gate[1], bytes, sizeof(bytes)) != sizeof(bytes))
		s->failed++;
}


static void test_slow(void)
{
	struct slow *s = unit_storage(sizeof(*s));
	struct world *w;
	char call[16] = "";

	disk_install();
	w = world();
	w->store = mem_unref(w->store);
	assert_int_equal(pipe(s->gate), 0);
	s->loop = loop_uv_alloc();
	assert_non_null(s->loop);
	assert_int_equal(store_open(&s->store, s->loop, str_of(w->url), w->why), 0);
	disk.gate = s->gate[0];
	disk.syncs = 0;
	for (unsigned i = 0; i < SLOW; i++) {
		struct store_deferred d = message(call);

		snprintf(call, sizeof(call), "%u", i);
		d.call_id = str_of(call);
		assert_int_equal(store_deferred_hold(s->store, &s->hold[i], &d, 0, slow_held, s),
				 0);
	}
	assert_int_equal(store_deferred_get(s->store, &s->read, 999, slow_read, s), 0);
	timer_start(&s->open_gate, loop_timers(s->loop), 300, open_gate, s);
	loop_run(s->loop);
	assert_int_equal(s->answered, SLOW);
	assert_int_equal(s->failed, 0);
	assert_true(s->read_while_slow);
	/* The first alone, all others together (and the start of a log is synced for itself). */
	assert_true(disk.syncs >= 1 && disk.syncs <= 4);
	disk.gate = -1;
	s->store = mem_unref(s->store);
	s->loop = mem_unref(s->loop);
	close(s->gate[0]);
	close(s->gate[1]);
}


/* ---- The end of the log ---- */

struct writer {
	struct loop *loop;
	struct store *store;
	struct store_request r[4];
	int pipe;
	uint32_t next;
};


static void write_more(struct writer *w, struct store_request *r);


static void written(struct store_request *r, int error, void *arg)
{
	struct writer *w = arg;
	uint64_t id = error ? 0 : store_deferred_result(r, NULL)->id;

	if (error || write(w->pipe, &id, 8) != 8)
		_exit(1);
	write_more(w, r);
}


static void write_more(struct writer *w, struct store_request *r)
{
	char call[16] = "";
	struct store_deferred d = message(call);

	snprintf(call, sizeof(call), "%u", w->next++);
	d.call_id = str_of(call);
	if (store_deferred_hold(w->store, r, &d, 0, written, w))
		_exit(2);
}


/* Holds until it is killed; the number of those it told us of. */
static uint64_t killed_writer(struct world *world, uint64_t target)
{
	uint64_t id = 0, last = 0;
	int ends[2];
	pid_t pid;

	assert_int_equal(pipe(ends), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		struct writer w = {.pipe = ends[1]};
		struct buf why = BUF_INIT(1024);

		w.loop = loop_uv_alloc();
		if (!w.loop || store_open(&w.store, w.loop, str_of(world->url), &why))
			_exit(3);
		for (unsigned i = 0; i < 4; i++)
			write_more(&w, &w.r[i]);
		loop_run(w.loop);
		_exit(4);
	}
	close(ends[1]);
	while (last < target && read(ends[0], &id, 8) == 8)
		last = id > last ? id : last;
	assert_int_equal(kill(pid, SIGKILL), 0);
	while (read(ends[0], &id, 8) == 8)
		last = id > last ? id : last;
	close(ends[0]);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_true(last >= target);
	return last;
}


static void close_store(struct world *w)
{
	w->store = mem_unref(w->store);
	assert_true(virtual_loop_run_until_idle(w->vl));
}


static void check_integrity(struct world *w)
{
	sqlite3_stmt *stmt;
	sqlite3 *db;

	assert_int_equal(sqlite3_open(w->path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, "PRAGMA integrity_check", -1, &stmt, NULL),
			 SQLITE_OK);
	assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
	assert_string_equal((const char *)sqlite3_column_text(stmt, 0), "ok");
	sqlite3_finalize(stmt);
	sqlite3_close(db);
}


/* What a power cut leaves behind what was synced: part of a frame, or anything. Nothing is lost by it. */
static void test_garbage_behind_the_log(void)
{
	struct fixture *t = unit_storage(sizeof(*t));
	struct world *w;
	char wal[PATH_MAX], garbage[6000];
	uint64_t last;
	int fd;

	disk_install();
	w = t->w = world();
	close_store(w);
	last = killed_writer(w, 50);
	snprintf(wal, sizeof(wal), "%s-wal", w->path);
	fd = open(wal, O_WRONLY | O_APPEND);
	assert_true(fd >= 0);
	memset(garbage, 0x5a, sizeof(garbage));
	assert_int_equal(write(fd, garbage, sizeof(garbage)), sizeof(garbage));
	close(fd);
	world_reopen(w);
	assert_int_equal(ASK(t, store_deferred_count, STR(""), counted, t), 0);
	assert_true(t->count.held >= last);
	assert_int_equal(ASK(t, store_deferred_get, last, world_done, w), 0);
	close_store(w);
	check_integrity(w);
}


/* A byte of the log's last frames is another one: all before it is there, whole, and work goes on. */
static void test_corrupt_tail(void)
{
	struct fixture *t = unit_storage(sizeof(*t));
	struct world *w;
	char wal[PATH_MAX], byte;
	struct stat st;
	uint64_t held;
	int fd;

	disk_install();
	w = t->w = world();
	close_store(w);
	(void)killed_writer(w, 50);
	snprintf(wal, sizeof(wal), "%s-wal", w->path);
	fd = open(wal, O_RDWR);
	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(pread(fd, &byte, 1, st.st_size - 2000), 1);
	byte ^= 1;
	assert_int_equal(pwrite(fd, &byte, 1, st.st_size - 2000), 1);
	close(fd);
	world_reopen(w);
	assert_int_equal(ASK(t, store_deferred_count, STR(""), counted, t), 0);
	held = t->count.held;
	assert_true(held >= 40);
	for (uint64_t id = 1; id <= held; id++)
		assert_int_equal(ASK(t, store_deferred_get, id, world_done, w), 0);
	assert_int_equal(ASK(t, store_deferred_get, held + 1, world_done, w), -ENOENT);
	w->answers = 0;
	assert_int_equal(world_wait(w, hold(w, &w->r, "new", 0)), 0);
	assert_int_equal(ASK(t, store_deferred_get, held + 1, world_done, w), 0);
	close_store(w);
	check_integrity(w);
}


static void test_second(void)
{
	struct store *s = NULL;
	struct world *w;

	disk_install();
	w = world();
	buf_clear(w->why);
	assert_int_equal(store_open(&s, w->loop, str_of(w->url), w->why), -EBUSY);
	assert_true(str_find_str(buf_str(w->why), STR("another parleyd uses it")) >= 0);
	assert_null(s);
	world_reopen(w);
}


UNIT_MAIN(UNIT_TEST_PLAIN(test_full), UNIT_TEST_PLAIN(test_read_only),
	  UNIT_TEST_PLAIN(test_sync_fails), UNIT_TEST_PLAIN(test_share_fails),
	  UNIT_TEST_PLAIN(test_reads_go_on), UNIT_TEST_PLAIN(test_slow),
	  UNIT_TEST_PLAIN(test_garbage_behind_the_log), UNIT_TEST_PLAIN(test_corrupt_tail),
	  UNIT_TEST_PLAIN(test_second))
