/* SPDX-License-Identifier: Apache-2.0 */
/* Deferred messages, with every backend. */
#include "store/deferred.h"

#include <inttypes.h>

#include "store/content.h"
#include "world.h"

#define USER "sip:a@x"

struct deferred {
	struct world *w;
	struct buf *out; /**< what the last read gave */
	uint64_t id;     /**< of the last hold */
	enum store_deferred_state state;
	size_t removed;
};


static struct deferred *deferred(void)
{
	struct deferred *t = unit_storage(sizeof(*t));

	t->w = world();
	t->out = unit_buf(1 << 20);
	return t;
}


static struct store_deferred message(const char *user, const char *call_id)
{
	return (struct store_deferred){
		.user = str_of(user),
		.call_id = str_of(call_id),
		.from_tag = STR("tag"),
		.cseq = 1,
		.sender = STR("sip:s@x"),
		.size = 100,
		.received_ms = 1000,
		.headers = STR("From: <sip:s@x>\r\n"),
		.body = STR("Hi\0there"),
	};
}


static void held(struct store_request *r, int error, void *arg)
{
	struct deferred *t = arg;
	const struct store_deferred *d = store_deferred_result(r, NULL);

	if (!error) {
		t->id = d->id;
		t->state = d->state;
	}
	world_done(r, error, t->w);
}


static int hold_this(struct deferred *t, const struct store_deferred *d, uint32_t quota)
{
	t->w->answers = 0;
	return world_wait(t->w, store_deferred_hold(t->w->store, &t->w->r, d, quota, held, t));
}


static int hold(struct deferred *t, const char *user, const char *call_id)
{
	struct store_deferred d = message(user, call_id);

	return hold_this(t, &d, 0);
}


static int hold_until(struct deferred *t, const char *user, const char *call_id, int64_t expires_ms)
{
	struct store_deferred d = message(user, call_id);

	d.expires_ms = expires_ms;
	return hold_this(t, &d, 0);
}


static void put_devices(struct buf *out, const struct store_deferred *d)
{
	for (size_t i = 0; i < d->devices; i++)
		buf_printf(out, "[" STR_FMT " %d %u %u %d %d]", STR_ARG(d->device[i].key),
			   d->device[i].state, d->device[i].attempts, d->device[i].status,
			   (int)d->device[i].last_ms, (int)d->device[i].next_try_ms);
}


/* "id:call-id/state[devices]," */
static void seen(struct store_request *r, int error, void *arg)
{
	struct deferred *t = arg;
	size_t n;
	const struct store_deferred *d = store_deferred_result(r, &n);

	buf_clear(t->out);
	for (size_t i = 0; !error && i < n; i++) {
		buf_printf(t->out, "%" PRIu64 ":" STR_FMT "/%d", d[i].id, STR_ARG(d[i].call_id),
			   d[i].state);
		put_devices(t->out, &d[i]);
		buf_putc(t->out, ',');
		if (d[i].headers.n || d[i].body.n)
			buf_puts(t->out, STR("CONTENT"));
	}
	world_done(r, error, t->w);
}


#define DUE(t, device, after, now, max) \
	ASK(t, store_deferred_due, STR(USER), STR(device), after, now, max, seen, t)


static int finish(struct deferred *t, uint64_t id, enum store_deferred_state state, int64_t now_ms)
{
	return ASK(t, store_deferred_finish, id, state, now_ms, seen, t);
}


static int mark(struct deferred *t, uint64_t id, const char *key, enum store_device_state state,
		uint32_t status, int64_t last_ms, int64_t next_try_ms)
{
	struct store_device d = {
		.key = str_of(key),
		.state = state,
		.status = status,
		.last_ms = last_ms,
		.next_try_ms = next_try_ms,
	};

	return ASK(t, store_deferred_mark, id, &d, seen, t);
}


static void counted(struct store_request *r, int error, void *arg)
{
	struct deferred *t = arg;
	const struct store_deferred_count *c = store_deferred_count_result(r);

	buf_clear(t->out);
	if (!error)
		buf_printf(t->out, "%d %d %d %d", (int)c->held, (int)c->bytes, (int)c->tombstones,
			   (int)c->next_expiry_ms);
	world_done(r, error, t->w);
}


static void users_seen(struct store_request *r, int error, void *arg)
{
	struct deferred *t = arg;
	size_t n;
	const struct store_waiting_user *u = store_deferred_users_result(r, &n);

	buf_clear(t->out);
	for (size_t i = 0; !error && i < n; i++)
		buf_printf(t->out, STR_FMT "=%d/%d,", STR_ARG(u[i].user), (int)u[i].messages,
			   (int)u[i].bytes);
	world_done(r, error, t->w);
}


static void purged(struct store_request *r, int error, void *arg)
{
	struct deferred *t = arg;

	t->removed = error ? 0 : store_deferred_removed(r);
	world_done(r, error, t->w);
}


static void whole_seen(struct store_request *r, int error, void *arg)
{
	struct deferred *t = arg;
	size_t n;
	const struct store_deferred *d = store_deferred_result(r, &n);

	if (!error) {
		assert_int_equal(n, 1);
		assert_true(d->id == t->id);
		unit_str(d->user, "sip:a@x");
		unit_str(d->call_id, "call\xff");
		unit_str(d->from_tag, "ft");
		unit_str(d->message_id, "mid");
		unit_str(d->sender, "sip:s@x");
		unit_str(d->file, "0123456789abcdef");
		unit_str(d->content_type, "image/jpeg;x=1");
		unit_str(d->name, "my \"cat\".jpg");
		unit_str(d->media, "a=file-selector:x\r\n");
		assert_true(d->cseq == 4000000000u && d->flags == 0x80000001u);
		assert_true(d->kind == STORE_DEFERRED_FILE && d->size == 1u << 30);
		assert_true(d->received_ms == 1767225600123 && d->expires_ms == 1767830400123);
		assert_true(str_eq(d->headers, STR("H: \0\xfe\r\n")));
		assert_true(str_eq(d->body, STR("body\0\xff")));
		assert_int_equal(d->state, STORE_DEFERRED_HELD);
		assert_int_equal(d->devices, 1);
		unit_str(d->device->key, "urn:uuid:1");
		assert_true(d->device->state == STORE_DEVICE_WAITING && d->device->status == 480);
		assert_true(d->device->attempts == 1 && d->device->next_try_ms == 77);
	}
	world_done(r, error, t->w);
}


static void test_all_is_kept(void)
{
	struct deferred *t = deferred();
	struct store_deferred d = {
		.id = 99,
		.user = STR(USER),
		.call_id = STR("call\xff"),
		.from_tag = STR("ft"),
		.cseq = 4000000000u,
		.message_id = STR("mid"),
		.sender = STR("sip:s@x"),
		.kind = STORE_DEFERRED_FILE,
		.flags = 0x80000001u,
		.size = 1u << 30,
		.received_ms = 1767225600123,
		.expires_ms = 1767830400123,
		.headers = STR("H: \0\xfe\r\n"),
		.body = STR("body\0\xff"),
		.file = STR("0123456789abcdef"),
		.content_type = STR("image/jpeg;x=1"),
		.name = STR("my \"cat\".jpg"),
		.media = STR("a=file-selector:x\r\n"),
		.state = STORE_DEFERRED_EXPIRED,
	};

	unit_ok(hold_this(t, &d, 0));
	assert_true(t->id == 1 && t->state == STORE_DEFERRED_HELD);
	unit_ok(mark(t, t->id, "urn:uuid:1", STORE_DEVICE_WAITING, 480, 5, 77));
	if (world_keeps(t->w))
		world_reopen(t->w);
	unit_ok(ASK(t, store_deferred_get, t->id, whole_seen, t));
}


static void test_unknown(void)
{
	struct deferred *t = deferred();

	unit_must(ASK(t, store_deferred_get, 1, seen, t) == -ENOENT);
	unit_must(ASK(t, store_deferred_delete, 1, seen, t) == -ENOENT);
	unit_must(finish(t, 1, STORE_DEFERRED_DELIVERED, 5) == -ENOENT);
	unit_must(mark(t, 1, "d", STORE_DEVICE_DELIVERED, 200, 1, 0) == -ENOENT);
	unit_ok(DUE(t, "", 0, 0, 10));
	unit_buf_is(t->out, "");
	unit_ok(ASK(t, store_deferred_find, STR(""), seen, t));
	unit_buf_is(t->out, "");
	unit_ok(ASK(t, store_deferred_count, STR(""), counted, t));
	unit_buf_is(t->out, "0 0 0 0");
	unit_ok(ASK(t, store_deferred_count, STR(USER), counted, t));
	unit_buf_is(t->out, "0 0 0 0");
	unit_ok(ASK(t, store_deferred_users, STR(""), 10, users_seen, t));
	unit_buf_is(t->out, "");
	unit_ok(ASK(t, store_deferred_purge, INT64_MAX, purged, t));
	assert_int_equal(t->removed, 0);
}


/* The same request is one message, whatever has become of it; each of its four parts tells another one. */
static void test_same_request(void)
{
	struct deferred *t = deferred();
	struct store_deferred d = message(USER, "c");

	unit_ok(hold_this(t, &d, 1));
	assert_int_equal(t->id, 1);
	unit_ok(hold_this(t, &d, 1));
	assert_int_equal(t->id, 1);
	d.cseq = 2;
	unit_ok(hold_this(t, &d, 0));
	assert_int_equal(t->id, 2);
	d = message(USER, "c");
	d.from_tag = STR("other");
	unit_ok(hold_this(t, &d, 0));
	assert_int_equal(t->id, 3);
	unit_ok(hold(t, "sip:b@x", "c"));
	assert_int_equal(t->id, 4);
	unit_ok(hold(t, USER, "d"));
	assert_int_equal(t->id, 5);

	unit_ok(finish(t, 1, STORE_DEFERRED_DELIVERED, 5));
	if (world_keeps(t->w))
		world_reopen(t->w);
	unit_ok(hold(t, USER, "c"));
	assert_true(t->id == 1 && t->state == STORE_DEFERRED_DELIVERED);
	unit_ok(ASK(t, store_deferred_delete, 1, seen, t));
	unit_ok(hold(t, USER, "c"));
	assert_true(t->id == 6 && t->state == STORE_DEFERRED_HELD);
}


/* In one group too. */
static void test_same_request_together(void)
{
	struct deferred *t = deferred();
	struct world *w = t->w;
	struct store_deferred d = message(USER, "c"), e = message(USER, "e");

	unit_ok(store_deferred_hold(w->store, &w->many[0], &d, 1, world_done, w));
	unit_ok(store_deferred_hold(w->store, &w->many[1], &d, 1, world_done, w));
	unit_ok(store_deferred_hold(w->store, &w->many[2], &e, 1, world_done, w));
	assert_true(virtual_loop_run_until_idle(w->vl));
	assert_int_equal(w->answers, 3);
	unit_ok(w->error[0]);
	unit_ok(w->error[1]);
	unit_must(w->error[2] == -EDQUOT);
	unit_ok(ASK(t, store_deferred_count, STR(""), counted, t));
	unit_buf_is(t->out, "1 100 0 0");
	assert_int_equal(store_trouble(w->store).n, 0);
}


static void test_quota(void)
{
	struct deferred *t = deferred();
	struct store_deferred d = message(USER, "3");

	unit_ok(hold(t, USER, "1"));
	unit_ok(hold(t, USER, "2"));
	unit_ok(hold(t, "sip:b@x", "2"));
	unit_must(hold_this(t, &d, 2) == -EDQUOT);
	unit_must(hold_this(t, &d, 1) == -EDQUOT);
	if (world_keeps(t->w)) {
		world_reopen(t->w);
		unit_must(hold_this(t, &d, 2) == -EDQUOT);
	}
	unit_ok(ASK(t, store_deferred_count, STR(USER), counted, t));
	unit_buf_is(t->out, "2 200 0 0");
	unit_ok(finish(t, 1, STORE_DEFERRED_EXPIRED, 5));
	unit_ok(hold_this(t, &d, 2));
	unit_must(t->id == 4);
}


static void test_due(void)
{
	struct deferred *t = deferred();

	unit_ok(hold_until(t, USER, "1", 500));
	unit_ok(hold(t, "sip:b@x", "2"));
	unit_ok(hold_until(t, USER, "3", 100));
	unit_ok(hold(t, USER, "4"));
	unit_ok(hold(t, USER, "5"));
	unit_ok(hold(t, "sip:aa@x", "6"));
	unit_ok(finish(t, 4, STORE_DEFERRED_DELIVERED, 5));
	if (world_keeps(t->w))
		world_reopen(t->w);
	unit_ok(DUE(t, "", 0, 99, 10));
	unit_buf_is(t->out, "1:1/0,3:3/0,5:5/0,");
	unit_ok(DUE(t, "", 0, 100, 10));
	unit_buf_is(t->out, "1:1/0,5:5/0,");
	unit_ok(DUE(t, "", 1, 99, 1));
	unit_buf_is(t->out, "3:3/0,");
	unit_ok(DUE(t, "", 5, 99, 1));
	unit_buf_is(t->out, "");
}


/* Each device has each message once; what failed for good is not tried again. */
static void test_devices(void)
{
	struct deferred *t = deferred();

	for (const char *const *c = (const char *const[]){"1", "2", "3", NULL}; *c; c++)
		unit_ok(hold(t, USER, *c));
	unit_ok(mark(t, 1, "p", STORE_DEVICE_DELIVERED, 200, 10, 99));
	unit_ok(mark(t, 2, "p", STORE_DEVICE_WAITING, 0, 11, 60));
	unit_ok(mark(t, 3, "p", STORE_DEVICE_FAILED, 606, 12, 99));
	if (world_keeps(t->w))
		world_reopen(t->w);
	unit_ok(DUE(t, "p", 0, 0, 10));
	unit_buf_is(t->out, "2:2/0[p 0 1 0 11 60],");
	unit_ok(DUE(t, "q", 0, 0, 10));
	unit_buf_is(t->out, "1:1/0,2:2/0,3:3/0,");
	unit_ok(mark(t, 2, "p", STORE_DEVICE_WAITING, 480, 20, 120));
	unit_ok(mark(t, 2, "q", STORE_DEVICE_DELIVERED, 202, 21, 0));
	unit_ok(DUE(t, "p", 0, 0, 10));
	unit_buf_is(t->out, "2:2/0[p 0 2 480 20 120],");
	unit_ok(mark(t, 2, "p", STORE_DEVICE_DELIVERED, 200, 22, 0));
	/* Delivered stays so, also when an older answer comes late. */
	unit_ok(mark(t, 2, "p", STORE_DEVICE_WAITING, 408, 23, 30));
	unit_ok(DUE(t, "p", 0, 0, 10));
	unit_buf_is(t->out, "");
	unit_ok(finish(t, 2, STORE_DEFERRED_DELIVERED, 30));
	unit_ok(mark(t, 2, "r", STORE_DEVICE_FAILED, 404, 31, 0));
	unit_ok(ASK(t, store_deferred_find, STR("2"), seen, t));
	unit_buf_is(t->out, "2:2/1[p 1 3 200 22 0][q 1 1 202 21 0][r 2 1 404 31 0],");
	unit_ok(ASK(t, store_deferred_delete, 2, seen, t));
	unit_ok(ASK(t, store_deferred_find, STR("2"), seen, t));
	unit_buf_is(t->out, "");
}


/* Who turns up under ever new names makes the store forget, but not who had the message. */
static void test_too_many_devices(void)
{
	struct deferred *t = deferred();
	char key[16];

	unit_ok(hold(t, USER, "1"));
	unit_ok(mark(t, 1, "had", STORE_DEVICE_DELIVERED, 200, 1, 0));
	for (int i = 0; i < STORE_DEFERRED_DEVICES_MAX + 5; i++) {
		snprintf(key, sizeof(key), "d%d", i);
		unit_ok(mark(t, 1, key, STORE_DEVICE_FAILED, 404, 100 + i, 0));
	}
	unit_ok(DUE(t, "had", 0, 0, 10));
	unit_buf_is(t->out, "");
	unit_ok(DUE(t, "d5", 0, 0, 10));
	unit_buf_is(t->out, "1:1/0,");
	unit_ok(DUE(t, "d6", 0, 0, 10));
	unit_buf_is(t->out, "");
	snprintf(key, sizeof(key), "d%d", STORE_DEFERRED_DEVICES_MAX + 4);
	unit_ok(ASK(t, store_deferred_due, STR(USER), str_of(key), 0, 0, 10, seen, t));
	unit_buf_is(t->out, "");
}


static void file_seen(struct store_request *r, int error, void *arg)
{
	struct deferred *t = arg;
	const struct store_deferred *d = store_deferred_result(r, NULL);

	buf_clear(t->out);
	if (!error)
		buf_printf(t->out, STR_FMT " %d %d %d", STR_ARG(d->file), d->state,
			   (int)d->finished_ms, (int)(d->headers.n + d->body.n));
	world_done(r, error, t->w);
}


static void test_finish(void)
{
	struct deferred *t = deferred();
	struct store_deferred d = message(USER, "1");

	d.file = STR("f");
	d.message_id = STR("m1");
	unit_ok(hold_this(t, &d, 0));
	/* What its content was called is told. */
	unit_ok(ASK(t, store_deferred_finish, 1, STORE_DEFERRED_WITHDRAWN, 44, file_seen, t));
	unit_buf_is(t->out, "f 3 44 0");
	unit_must(finish(t, 1, STORE_DEFERRED_DELIVERED, 45) == -ENOENT);
	unit_ok(ASK(t, store_deferred_get, 1, file_seen, t));
	unit_buf_is(t->out, " 3 44 0");
	unit_ok(ASK(t, store_deferred_find, STR("m1"), seen, t));
	unit_buf_is(t->out, "1:1/3,");
	unit_ok(ASK(t, store_deferred_count, STR(""), counted, t));
	unit_buf_is(t->out, "0 0 1 0");
	unit_ok(ASK(t, store_deferred_list, STR(""), 0, 10, seen, t));
	unit_buf_is(t->out, "");
	d.call_id = STR("2");
	unit_ok(hold_this(t, &d, 0));
	unit_ok(ASK(t, store_deferred_delete, 2, file_seen, t));
	unit_buf_is(t->out, "f 0 0 0");
	unit_ok(ASK(t, store_deferred_count, STR(USER), counted, t));
	unit_buf_is(t->out, "0 0 0 0");
	/* Ids are never used again. */
	unit_ok(hold(t, USER, "3"));
	assert_int_equal(t->id, 3);
}


/* ---- Contents ---- */

struct content {
	struct world *w;
	char name[STORE_CONTENT_NAMES_MAX][STORE_CONTENT_NAME_N];
	char read[16];
	size_t read_n;
	int error;
};


static void content_done(struct store_content_writer *w, int error, const struct str *name,
			 void *arg)
{
	struct content *c = arg;

	(void)w;
	c->error = error;
	for (size_t i = 0; !error && i < 2; i++)
		memcpy(c->name[i], name[i].p, name[i].n);
}


static const struct store_content_handler content_handler = {.done = content_done};


static struct str content_name(const struct content *c, size_t i)
{
	return (struct str){c->name[i], STORE_CONTENT_NAME_N};
}


/* Of two names, so that one can be told from the other. */
static struct content *content(struct deferred *t)
{
	struct content *c = unit_storage(sizeof(*c));
	struct store_content_writer *w;

	c->w = t->w;
	unit_ok(store_content_create(&w, t->w->store, &content_handler, c));
	int r = store_content_write(w, 0, STR("hello"));
	if (r)
		store_content_abandon(w);
	else
		store_content_finish(w, 2);
	assert_true(virtual_loop_run_until_idle(t->w->vl));
	unit_ok(r);
	unit_ok(c->error);
	return c;
}


static void content_read(struct store_content_reader *r, int error, struct str bytes, void *arg)
{
	struct content *c = arg;

	(void)r;
	c->error = error;
	c->read_n = bytes.n;
	memcpy(c->read, bytes.p ? bytes.p : "", bytes.n);
}


static int read_content(struct content *c, size_t i)
{
	struct store_content_reader *r;
	int err;

	unit_ok(store_content_open(&r, c->w->store, content_name(c, i)));
	err = store_content_read(r, 0, sizeof(c->read), content_read, c);
	if (!err && virtual_loop_run_until_idle(c->w->vl))
		err = c->error;
	store_content_close(r);
	return err;
}


/* It is the message's from the hold on, over a restart too, and goes with it: whatever ends it. */
static void test_content_goes(void)
{
	for (int how = 0; how < 3; how++) {
		struct deferred *t = deferred();
		struct content *c = content(t);
		struct store_deferred d = message(USER, "1");

		d.kind = STORE_DEFERRED_LARGE;
		d.file = content_name(c, 0);
		d.body = STR("");
		unit_ok(hold_this(t, &d, 0));
		if (world_keeps(t->w))
			world_reopen(t->w);
		unit_ok(read_content(c, 0));
		unit_str(((struct str){c->read, c->read_n}), "hello");
		if (how == 0)
			unit_ok(finish(t, 1, STORE_DEFERRED_DELIVERED, 5));
		else if (how == 1)
			unit_ok(finish(t, 1, STORE_DEFERRED_EXPIRED, 5));
		else
			unit_ok(ASK(t, store_deferred_delete, 1, seen, t));
		unit_must(read_content(c, 0) == -ENOENT);
		/* What no record names is an orphan: gone when the store is opened again. */
		if (world_keeps(t->w))
			unit_must(read_content(c, 1) == -ENOENT);
		else
			unit_ok(read_content(c, 1));
	}
}


/* The same request once more: what it has now is not needed, what is kept stays. */
static void test_content_of_the_same(void)
{
	struct deferred *t = deferred();
	struct content *c = content(t);
	struct store_deferred d = message(USER, "1");

	d.kind = STORE_DEFERRED_LARGE;
	d.body = STR("");
	d.file = content_name(c, 0);
	unit_ok(hold_this(t, &d, 0));
	unit_ok(hold_this(t, &d, 0));
	assert_int_equal(t->id, 1);
	unit_ok(read_content(c, 0));
	d.file = content_name(c, 1);
	unit_ok(hold_this(t, &d, 0));
	assert_int_equal(t->id, 1);
	unit_must(read_content(c, 1) == -ENOENT);
	unit_ok(read_content(c, 0));
}


/* Refused, it is the caller's still. */
static void test_content_refused(void)
{
	struct deferred *t = deferred();
	struct content *c = content(t);
	struct store_deferred d = message(USER, "2");

	unit_ok(hold(t, USER, "1"));
	d.file = content_name(c, 0);
	unit_must(hold_this(t, &d, 1) == -EDQUOT);
	unit_ok(read_content(c, 0));
	d.file = (struct str){"nul\0", 4};
	unit_must(hold_this(t, &d, 0) == -EINVAL);
	d.file = STR("");
	d.media = (struct str){memset(unit_storage(STORE_DEFERRED_MEDIA_MAX + 1), 'm',
				      STORE_DEFERRED_MEDIA_MAX + 1),
			       STORE_DEFERRED_MEDIA_MAX + 1};
	unit_must(hold_this(t, &d, 0) == -EMSGSIZE);
}


static void test_list(void)
{
	struct deferred *t = deferred();

	unit_ok(hold(t, "sip:b@x", "1"));
	unit_ok(hold(t, USER, "2"));
	unit_ok(hold(t, "sip:b@x", "3"));
	unit_ok(hold(t, USER, "4"));
	unit_ok(finish(t, 3, STORE_DEFERRED_DELIVERED, 5));
	unit_ok(ASK(t, store_deferred_list, STR(""), 0, 10, seen, t));
	unit_buf_is(t->out, "1:1/0,2:2/0,4:4/0,");
	unit_ok(ASK(t, store_deferred_list, STR(""), 1, 1, seen, t));
	unit_buf_is(t->out, "2:2/0,");
	unit_ok(ASK(t, store_deferred_list, STR("sip:b@x"), 0, 10, seen, t));
	unit_buf_is(t->out, "1:1/0,");
	unit_ok(ASK(t, store_deferred_list, STR(USER), 2, 10, seen, t));
	unit_buf_is(t->out, "4:4/0,");
}


static void test_expiry(void)
{
	struct deferred *t = deferred();

	unit_ok(hold_until(t, USER, "1", 300));
	unit_ok(hold_until(t, "sip:b@x", "2", 100));
	unit_ok(hold(t, USER, "3"));
	unit_ok(hold_until(t, USER, "4", 200));
	unit_ok(hold_until(t, USER, "5", 100));
	if (world_keeps(t->w))
		world_reopen(t->w);
	unit_ok(ASK(t, store_deferred_count, STR(""), counted, t));
	unit_buf_is(t->out, "5 500 0 100");
	unit_ok(ASK(t, store_deferred_expired, 99, 10, seen, t));
	unit_buf_is(t->out, "");
	unit_ok(ASK(t, store_deferred_expired, 200, 2, seen, t));
	unit_buf_is(t->out, "2:2/0,5:5/0,");
	unit_ok(finish(t, 2, STORE_DEFERRED_EXPIRED, 100));
	unit_ok(ASK(t, store_deferred_delete, 5, seen, t));
	unit_ok(ASK(t, store_deferred_expired, 1000, 10, seen, t));
	unit_buf_is(t->out, "4:4/0,1:1/0,");
	unit_ok(ASK(t, store_deferred_count, STR(""), counted, t));
	unit_buf_is(t->out, "3 300 1 200");
}


static void test_users(void)
{
	struct deferred *t = deferred();

	unit_ok(hold(t, "sip:b@x", "1"));
	unit_ok(hold(t, USER, "2"));
	unit_ok(hold(t, "sip:aa@x", "3"));
	unit_ok(hold(t, "sip:b@x", "4"));
	if (world_keeps(t->w))
		world_reopen(t->w);
	unit_ok(ASK(t, store_deferred_users, STR(""), 10, users_seen, t));
	unit_buf_is(t->out, "sip:a@x=1/100,sip:aa@x=1/100,sip:b@x=2/200,");
	unit_ok(ASK(t, store_deferred_users, STR("sip:a@x"), 1, users_seen, t));
	unit_buf_is(t->out, "sip:aa@x=1/100,");
	unit_ok(finish(t, 3, STORE_DEFERRED_DELIVERED, 5));
	unit_ok(finish(t, 1, STORE_DEFERRED_DELIVERED, 5));
	unit_ok(ASK(t, store_deferred_users, STR("sip:a@x"), 10, users_seen, t));
	unit_buf_is(t->out, "sip:b@x=1/100,");
}


static void test_find(void)
{
	struct deferred *t = deferred();
	struct store_deferred d = message(USER, "same");

	for (unsigned i = 0; i < STORE_DEFERRED_FIND_MAX + 2; i++) {
		d.cseq = i;
		d.message_id = i == 1 ? STR("m") : STR("");
		unit_ok(hold_this(t, &d, 0));
	}
	unit_ok(hold(t, USER, "m"));
	unit_ok(ASK(t, store_deferred_find, STR("m"), seen, t));
	unit_buf_is(t->out, "53:m/0,2:same/0,");
	unit_ok(ASK(t, store_deferred_find, STR("same"), seen, t));
	unit_must(str_starts(buf_str(t->out), STR("52:same/0,51:same/0,")));
	unit_must(str_ends(buf_str(t->out), STR(",4:same/0,3:same/0,")));
	unit_ok(ASK(t, store_deferred_find, STR("sam"), seen, t));
	unit_buf_is(t->out, "");
}


static void test_purge(void)
{
	struct deferred *t = deferred();

	unit_ok(hold(t, USER, "1"));
	unit_ok(hold(t, USER, "2"));
	unit_ok(hold(t, USER, "3"));
	unit_ok(finish(t, 2, STORE_DEFERRED_DELIVERED, 1000));
	unit_ok(finish(t, 1, STORE_DEFERRED_DELIVERED, 1001));
	unit_ok(mark(t, 2, "d", STORE_DEVICE_DELIVERED, 200, 1, 0));
	unit_ok(ASK(t, store_deferred_purge, 999 + STORE_TOMBSTONE_MS, purged, t));
	assert_int_equal(t->removed, 0);
	unit_ok(ASK(t, store_deferred_purge, 1000 + STORE_TOMBSTONE_MS, purged, t));
	assert_int_equal(t->removed, 1);
	unit_must(ASK(t, store_deferred_get, 2, seen, t) == -ENOENT);
	unit_ok(ASK(t, store_deferred_get, 1, seen, t));
	unit_ok(ASK(t, store_deferred_count, STR(""), counted, t));
	unit_buf_is(t->out, "1 100 1 0");
	/* What nobody remembers comes as a new one. */
	unit_ok(hold(t, USER, "2"));
	assert_int_equal(t->id, 4);
}


static void test_too_large(void)
{
	struct deferred *t = deferred();
	char *large = unit_storage(STORE_DEFERRED_BODY_MAX + 1);
	struct store_deferred d = message(USER, "1");

	memset(large, 'x', STORE_DEFERRED_BODY_MAX + 1);
	d.body = (struct str){large, STORE_DEFERRED_BODY_MAX + 1};
	unit_must(hold_this(t, &d, 0) == -EMSGSIZE);
	d.body.n--;
	d.headers = (struct str){large, STORE_DEFERRED_HEADERS_MAX + 1};
	unit_must(hold_this(t, &d, 0) == -EMSGSIZE);
	d.headers.n--;
	d.call_id = (struct str){large, STORE_DEFERRED_TEXT_MAX + 1};
	unit_must(hold_this(t, &d, 0) == -EMSGSIZE);
	d.call_id.n--;
	d.user = STR("a\0b");
	unit_must(hold_this(t, &d, 0) == -EINVAL);
	d.user = STR(USER);
	unit_ok(hold_this(t, &d, 0));
	unit_must(mark(t, 1, "", STORE_DEVICE_FAILED, 1, 1, 1) == -EINVAL);
	assert_int_equal(store_trouble(t->w->store).n, 0);
}


/* Against a model: a thousand steps, then every count and list. */
static void test_model(void)
{
	struct deferred *t = deferred();
	enum { MESSAGES = 300, USERS = 7 };
	struct {
		bool held, gone;
	} model[MESSAGES + 1] = {{0}};
	uint32_t seed = 12345;
	char user[32], call_id[32];
	struct buf *want = unit_buf(1 << 16);

	for (int i = 1; i <= MESSAGES; i++) {
		snprintf(user, sizeof(user), "sip:%d@x", i % USERS);
		snprintf(call_id, sizeof(call_id), "%d", i);
		unit_ok(hold_until(t, user, call_id, i % 3 ? i : 0));
		model[i].held = true;
	}
	for (int i = 0; i < 400; i++) {
		int id = (int)((seed = seed * 1664525 + 1013904223) >> 8) % MESSAGES + 1, r;

		if (seed >> 30) {
			r = finish(t, (uint64_t)id, STORE_DEFERRED_DELIVERED, i);
			assert_int_equal(r, model[id].held ? 0 : -ENOENT);
			model[id].held = false;
		} else {
			r = ASK(t, store_deferred_delete, (uint64_t)id, seen, t);
			assert_int_equal(r, model[id].gone ? -ENOENT : 0);
			model[id].held = false;
			model[id].gone = true;
		}
		if (i == 200 && world_keeps(t->w))
			world_reopen(t->w);
	}
	for (int u = 0; u < USERS; u++) {
		buf_clear(want);
		for (int i = 1; i <= MESSAGES; i++)
			if (model[i].held && i % USERS == u)
				buf_printf(want, "%d:%d/0,", i, i);
		buf_putc(want, '\0');
		snprintf(user, sizeof(user), "sip:%d@x", u);
		unit_ok(ASK(t, store_deferred_due, str_of(user), STR(""), 0, 0, 500, seen, t));
		unit_buf_is(t->out, want->p);
	}
	buf_clear(want);
	for (int i = 1; i <= MESSAGES; i++)
		if (model[i].held && i % 3)
			buf_printf(want, "%d:%d/0,", i, i);
	buf_putc(want, '\0');
	unit_ok(ASK(t, store_deferred_expired, 10000, 500, seen, t));
	unit_buf_is(t->out, want->p);
}


UNIT_MAIN(UNIT_TEST(test_all_is_kept), UNIT_TEST(test_unknown), UNIT_TEST(test_same_request),
	  UNIT_TEST(test_same_request_together), UNIT_TEST(test_quota), UNIT_TEST(test_due),
	  UNIT_TEST(test_devices), UNIT_TEST_PLAIN(test_too_many_devices), UNIT_TEST(test_finish),
	  UNIT_TEST(test_list), UNIT_TEST(test_expiry), UNIT_TEST(test_users),
	  UNIT_TEST_PLAIN(test_find), UNIT_TEST(test_purge), UNIT_TEST(test_too_large),
	  UNIT_TEST(test_content_goes), UNIT_TEST(test_content_of_the_same),
	  UNIT_TEST(test_content_refused), UNIT_TEST_PLAIN(test_model))
