/* SPDX-License-Identifier: Apache-2.0 */
/* Contents: written and read piece by piece, by worker threads or at the end of the turn. */
#include "store/content.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "store/blocks.h"
#include "store/content_area.h"

#define FILE_MODE 0600

/** Bytes that follow each other, among what waits. */
struct extent {
	uint64_t at;
	size_t n;
};

/** What waits, or is being written. */
struct batch {
	struct blocks data;
	struct buf extents;
};

/** Memory of the first batch: what is written as one, and a piece. */
#define ROOM_FIRST (STORE_CONTENT_HIGH + (64u << 10))

/**
 * One piece of work at a time. While the worker is busy `writing`, `result`, `fd` to `indirect` are its own,
 * and what it reads besides (`closing`, `dropping`, and with either of them `names`) stays as it was at the start.
 */
struct store_content_writer {
	struct work work;
	struct deferred_call turn;
	struct content_area *area;
	const struct store_content_handler *handler;
	void *arg;
	struct batch waiting, writing;
	struct content_bytes *bytes; /**< in memory */
	uint64_t size;
	int error;  /**< the first; sticks */
	int result; /**< of the work */
	int fd;
	size_t unsynced;       /**< bytes written since the disk was last waited for */
	bool direct, indirect; /**< the file is open for direct writes; there is no such thing */
	size_t names;          /**< not 0: finish was asked for */
	bool busy, behind, abandoned;
	bool closing, dropping; /**< the work under way */
	char name[STORE_CONTENT_NAMES_MAX][STORE_CONTENT_NAME_N];
};

static void kick(struct store_content_writer *w);


static struct str name_of(const struct store_content_writer *w, size_t i)
{
	return (struct str){w->name[i], STORE_CONTENT_NAME_N};
}


/* ---- Life ---- */

static void batch_init(struct batch *b)
{
	buf_init(&b->extents, STORE_CONTENT_EXTENTS_MAX * sizeof(struct extent));
}


static bool is_fast(const struct batch *b)
{
	return b->data.room >= STORE_CONTENT_FAST_QUEUE_MAX;
}


static void batch_done(struct content_area *a, struct batch *b)
{
	if (is_fast(b))
		content_fast_give(a, &b->data);
	blocks_done(&b->data);
	buf_done(&b->extents);
}


/* What was gathered in small pieces so far, and comes fast. */
static void make_fast(struct store_content_writer *w)
{
	struct blocks *b = &w->waiting.data, fast;

	if (!w->handler->fast || w->bytes || is_fast(&w->waiting) ||
	    !content_fast_take(w->area, &fast))
		return;
	blocks_done(b);
	*b = fast;
}


static size_t high(const struct store_content_writer *w)
{
	return is_fast(&w->waiting) ? STORE_CONTENT_FAST_HIGH : STORE_CONTENT_HIGH;
}


static size_t queue_max(const struct store_content_writer *w)
{
	return is_fast(&w->waiting) ? STORE_CONTENT_FAST_QUEUE_MAX : STORE_CONTENT_QUEUE_MAX;
}


static void writer_destroy(void *object)
{
	struct store_content_writer *w = object;

	batch_done(w->area, &w->waiting);
	batch_done(w->area, &w->writing);
	mem_unref(w->bytes);
	mem_unref(w->area);
}


static void bytes_destroy(void *object)
{
	struct content_bytes *b = object;

	if (b->area)
		b->area->bytes -= b->data.n;
	buf_done(&b->data);
}


static struct content_bytes *bytes_alloc(struct content_area *a)
{
	struct content_bytes *b = mem_alloc(sizeof(*b), bytes_destroy);

	if (!b)
		return NULL;
	b->area = a;
	buf_init(&b->data, STORE_CONTENT_MEMORY_MAX);
	return b;
}


int store_content_create(struct store_content_writer **ret, struct store *s,
			 const struct store_content_handler *handler, void *arg)
{
	struct store_content_writer *w = mem_alloc(sizeof(*w), writer_destroy);

	if (!w)
		return -ENOMEM;
	w->area = mem_ref(store_content_area(s));
	w->handler = handler;
	w->arg = arg;
	w->fd = -1;
	batch_init(&w->waiting);
	batch_init(&w->writing);
	for (size_t i = 0; i < STORE_CONTENT_NAMES_MAX; i++)
		content_name_make(w->area, w->name[i]);
	if (!w->area->directory) {
		w->bytes = bytes_alloc(w->area);
		if (!w->bytes) {
			mem_unref(w);
			return -ENOMEM;
		}
	}
	*ret = w;
	return 0;
}


/* ---- In the worker ---- */

static int open_part(struct store_content_writer *w)
{
	char path[PATH_MAX];
	int err = content_make_directory(w->area->directory, name_of(w, 0));

	if (err)
		return err;
	content_path(path, w->area->directory, name_of(w, 0), true);
	w->fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, FILE_MODE);
	return w->fd < 0 ? -errno : 0;
}


static int write_all(int fd, const char *p, size_t n, uint64_t at)
{
	while (n) {
		ssize_t got = pwrite(fd, p, n, (off_t)at);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got ? -errno : -EIO;
		p += got;
		n -= (size_t)got;
		at += (uint64_t)got;
	}
	return 0;
}


/* A file system without direct writes says so now, or at the first of them. */
static void set_direct(struct store_content_writer *w, bool direct)
{
	int flags;

	if (direct == w->direct || (direct && w->indirect))
		return;
	flags = fcntl(w->fd, F_GETFL);
	if (flags < 0 || fcntl(w->fd, F_SETFL, direct ? flags | O_DIRECT : flags & ~O_DIRECT))
		w->indirect = true;
	else
		w->direct = direct;
}


static int write_direct(struct store_content_writer *w, const char *p, size_t n, uint64_t at)
{
	int err;

	set_direct(w, true);
	err = write_all(w->fd, p, n, at);
	if (err != -EINVAL || !w->direct)
		return err;
	w->indirect = true;
	set_direct(w, false);
	return write_all(w->fd, p, n, at);
}


/* Whole blocks past the page cache; what is left of the last, and what does not begin with a block, through it. */
static int write_file(struct store_content_writer *w, const char *p, const struct extent *e)
{
	bool aligned = e->at % BLOCK_N == 0 && (uintptr_t)p % BLOCK_N == 0;
	size_t blocks = aligned && !w->indirect ? (size_t)blocks_down(e->n) : 0;
	int err = blocks ? write_direct(w, p, blocks, e->at) : 0;

	if (err || blocks == e->n)
		return err;
	set_direct(w, false);
	return write_all(w->fd, p + blocks, e->n - blocks, e->at + blocks);
}


static int write_memory(struct store_content_writer *w, const char *p, const struct extent *e)
{
	struct buf *data = &w->bytes->data;
	size_t end = (size_t)e->at + e->n, grows = end > data->n ? end - data->n : 0;

	if (e->at + e->n > STORE_CONTENT_MEMORY_MAX ||
	    w->area->bytes + grows > STORE_CONTENT_MEMORY_MAX)
		return -ENOSPC;
	if (!buf_reserve(data, grows))
		return -ENOMEM;
	if (e->at > data->n)
		memset(data->p + data->n, 0, (size_t)e->at - data->n);
	memcpy(data->p + e->at, p, e->n);
	data->n += grows;
	w->area->bytes += grows;
	return 0;
}


static int write_batch(struct store_content_writer *w)
{
	const struct extent *e = (const void *)w->writing.extents.p;
	size_t n = w->writing.extents.n / sizeof(*e);
	const char *p = w->writing.data.p;
	int err = 0;

	if (!w->bytes && w->fd < 0)
		err = open_part(w);
	for (size_t i = 0; !err && i < n; i++) {
		err = w->bytes ? write_memory(w, p, &e[i]) : write_file(w, p, &e[i]);
		p += e[i].n;
	}
	w->unsynced += w->writing.data.n;
	if (!err && !w->bytes && w->unsynced >= STORE_CONTENT_SYNC_EVERY) {
		err = fdatasync(w->fd) ? -errno : 0;
		w->unsynced = 0;
	}
	return err;
}


static int give_names(struct store_content_writer *w)
{
	char part[PATH_MAX], path[PATH_MAX], other[PATH_MAX];
	const char *directory = w->area->directory;
	int err = 0;

	content_path(part, directory, name_of(w, 0), true);
	content_path(path, directory, name_of(w, 0), false);
	if (rename(part, path))
		return -errno;
	for (size_t i = 1; !err && i < w->names; i++) {
		err = content_make_directory(directory, name_of(w, i));
		content_path(other, directory, name_of(w, i), false);
		if (!err && link(path, other))
			err = -errno;
	}
	return err;
}


/*
 * Named, then synced: one commit of the file system is for both. Until a record names it as well it belongs to nothing,
 * whatever a crash leaves of it. With done(0) all of it is there, and stays.
 */
static int close_file(struct store_content_writer *w)
{
	int err = give_names(w);

	if (!err && fsync(w->fd))
		err = -errno;
	if (close(w->fd) && !err)
		err = -errno;
	w->fd = -1;
	for (size_t i = 0; !err && i < w->names; i++)
		err = content_sync_directory(w->area->directory, name_of(w, i));
	return err;
}


static void remove_all(struct store_content_writer *w)
{
	if (w->bytes)
		return;
	if (w->fd >= 0)
		close(w->fd);
	w->fd = -1;
	(void)content_unlink(w->area->directory, name_of(w, 0), true);
	for (size_t i = 0; i < w->names; i++)
		(void)content_unlink(w->area->directory, name_of(w, i), false);
}


static void run(struct work *work)
{
	struct store_content_writer *w = container_of(work, struct store_content_writer, work);

	if (!w->result && !w->dropping)
		w->result = write_batch(w);
	if (w->closing && !w->result && !w->dropping && !w->bytes)
		w->result = close_file(w);
	if (w->dropping || (w->closing && w->result))
		remove_all(w);
}


/* ---- On the loop ---- */

static int enter_memory(struct store_content_writer *w)
{
	int err = 0;

	for (size_t i = 0; !err && i < w->names; i++)
		err = content_memory_add(w->area, name_of(w, i), w->bytes);
	for (size_t i = 0; err && i < w->names; i++)
		content_memory_remove(w->area, name_of(w, i));
	return err;
}


static void finished(struct store_content_writer *w)
{
	struct str name[STORE_CONTENT_NAMES_MAX];

	if (!w->error && w->bytes)
		w->error = enter_memory(w);
	for (size_t i = 0; i < w->names; i++)
		name[i] = name_of(w, i);
	w->handler->done(w, w->error, name, w->arg);
	mem_unref(w);
}


static void tell_room(struct store_content_writer *w)
{
	if (!w->behind || w->waiting.data.n >= STORE_CONTENT_LOW || w->names)
		return;
	w->behind = false;
	if (w->handler->room)
		w->handler->room(w, w->arg);
}


static void worked(struct store_content_writer *w)
{
	w->busy = false;
	w->writing.data.n = 0;
	buf_clear(&w->writing.extents);
	if (w->result)
		w->error = w->result;
	if (w->dropping) {
		mem_unref(w);
	} else if (w->abandoned) {
		kick(w);
	} else if (w->closing) {
		finished(w);
	} else {
		mem_ref(w);
		kick(w);
		tell_room(w);
		mem_unref(w);
	}
}


static void work_done(struct work *work)
{
	worked(container_of(work, struct store_content_writer, work));
}


static void turn(void *arg)
{
	struct store_content_writer *w = arg;

	run(&w->work);
	worked(w);
}


static struct extent *last_extent(const struct batch *b)
{
	return b->extents.n ? (void *)(b->extents.p + b->extents.n - sizeof(struct extent)) : NULL;
}


/* More comes: what is left of the last block waits for it, so that the next begins with one. */
static void keep_rest(struct store_content_writer *w)
{
	struct extent *last = last_extent(&w->writing), rest;

	if (!last || w->writing.extents.n > sizeof(*last) || last->at % BLOCK_N)
		return;
	rest.n = last->n % BLOCK_N;
	rest.at = last->at + last->n - rest.n;
	if (!rest.n || rest.n == last->n || !buf_reserve(&w->waiting.extents, sizeof(rest)) ||
	    !blocks_reserve(&w->waiting.data, rest.n, ROOM_FIRST))
		return;
	buf_put(&w->waiting.extents, &rest, sizeof(rest));
	last->n -= rest.n;
	w->writing.data.n -= rest.n;
	blocks_put(&w->waiting.data, (struct str){w->writing.data.p + w->writing.data.n, rest.n});
}


static void kick(struct store_content_writer *w)
{
	struct batch idle = w->writing;

	if (w->busy || !(w->waiting.data.n >= high(w) || w->names || w->abandoned))
		return;
	w->busy = true;
	w->closing = w->names > 0;
	w->dropping = w->abandoned;
	w->result = w->error;
	w->writing = w->waiting;
	w->waiting = idle;
	if (!w->closing && !w->dropping) {
		make_fast(w);
		keep_rest(w);
	}
	w->work.run = run;
	w->work.done = work_done;
	/* Without memory for a worker the loop does it itself, once. */
	if (w->bytes || loop_work(w->area->loop, &w->work))
		loop_defer(w->area->loop, &w->turn, turn, w);
}


static bool append(struct batch *b, uint64_t at, struct str piece)
{
	struct extent *last = last_extent(b);
	struct extent fresh = {at, piece.n};

	if (!blocks_reserve(&b->data, piece.n, ROOM_FIRST))
		return false;
	if (last && last->at + last->n == at)
		last->n += piece.n;
	else
		buf_put(&b->extents, &fresh, sizeof(fresh));
	if (b->extents.failed)
		return false;
	blocks_put(&b->data, piece);
	return true;
}


int store_content_write(struct store_content_writer *w, uint64_t at, struct str piece)
{
	assert(!w->names);
	if (w->error || !piece.n)
		return w->error;
	if (at > STORE_CONTENT_SIZE_MAX - piece.n)
		return -EFBIG;
	if (w->waiting.data.n + piece.n > queue_max(w) ||
	    w->waiting.extents.n >= w->waiting.extents.max)
		return -ENOBUFS;
	if (!append(&w->waiting, at, piece)) {
		w->error = -ENOMEM; /* a hole is no content */
		return -ENOMEM;
	}
	w->size = at + piece.n > w->size ? at + piece.n : w->size;
	kick(w);
	w->behind |= w->waiting.data.n >= high(w);
	return 0;
}


bool store_content_behind(const struct store_content_writer *w)
{
	return w->behind;
}


void store_content_finish(struct store_content_writer *w, size_t names)
{
	assert(names > 0 && names <= STORE_CONTENT_NAMES_MAX && !w->names);
	w->names = names;
	kick(w);
}


void store_content_abandon(struct store_content_writer *w)
{
	if (!w)
		return;
	w->abandoned = true;
	kick(w);
}


/* ---- Reading ---- */

struct store_content_reader {
	struct work work;
	struct deferred_call turn;
	struct content_area *area;
	struct content_bytes *bytes; /**< in memory */
	char *room;
	size_t room_n;
	int fd;
	uint64_t at;
	ssize_t result;
	size_t max;
	bool busy, closed;
	store_content_read_cb *done;
	void *arg;
	char name[STORE_CONTENT_NAME_N];
};


static void reader_destroy(void *object)
{
	struct store_content_reader *r = object;

	if (r->fd >= 0)
		close(r->fd);
	mem_free(r->room);
	mem_unref(r->bytes);
	mem_unref(r->area);
}


int store_content_open(struct store_content_reader **ret, struct store *s, struct str name)
{
	struct content_area *a = store_content_area(s);
	struct store_content_reader *r;

	if (!content_name_ok(name))
		return -EINVAL;
	r = mem_alloc(sizeof(*r), reader_destroy);
	if (!r)
		return -ENOMEM;
	r->fd = -1;
	r->area = mem_ref(a);
	memcpy(r->name, name.p, name.n);
	if (!a->directory && content_memory_find(a, name))
		r->bytes = mem_ref(content_memory_find(a, name));
	*ret = r;
	return 0;
}


static void read_file(struct work *work)
{
	struct store_content_reader *r = container_of(work, struct store_content_reader, work);
	struct str name = {r->name, sizeof(r->name)};
	char path[PATH_MAX];

	if (r->fd < 0) {
		content_path(path, r->area->directory, name, false);
		r->fd = open(path, O_RDONLY | O_CLOEXEC);
	}
	if (r->fd < 0) {
		r->result = -errno;
		return;
	}
	do {
		r->result = pread(r->fd, r->room, r->max, (off_t)r->at);
	} while (r->result < 0 && errno == EINTR);
	if (r->result < 0)
		r->result = -errno;
}


static void answer(struct store_content_reader *r, struct str bytes)
{
	r->busy = false;
	if (!r->closed)
		r->done(r, r->result < 0 ? (int)r->result : 0, bytes, r->arg);
	mem_unref(r);
}


static void read_done(struct work *work)
{
	struct store_content_reader *r = container_of(work, struct store_content_reader, work);

	answer(r, r->result > 0 ? (struct str){r->room, (size_t)r->result} : STR(""));
}


static void read_memory(void *arg)
{
	struct store_content_reader *r = arg;
	struct str all = r->bytes ? buf_str(&r->bytes->data) : STR("");

	r->result = r->bytes ? 0 : -ENOENT;
	answer(r, r->at < all.n ? str_upto(str_from(all, (size_t)r->at), r->max) : STR(""));
}


static bool make_room(struct store_content_reader *r, size_t max)
{
	char *p = r->room_n >= max ? r->room : mem_resize(r->room, max);

	if (!p)
		return false;
	r->room = p;
	r->room_n = r->room_n >= max ? r->room_n : max;
	return true;
}


int store_content_read(struct store_content_reader *r, uint64_t at, size_t max,
		       store_content_read_cb *done, void *arg)
{
	assert(max > 0 && max <= STORE_CONTENT_READ_MAX);
	if (r->busy)
		return -EALREADY;
	r->at = at;
	r->max = max;
	r->done = done;
	r->arg = arg;
	if (r->area->directory) {
		r->work.run = read_file;
		r->work.done = read_done;
		if (!make_room(r, max) || loop_work(r->area->loop, &r->work))
			return -ENOMEM;
	} else {
		loop_defer(r->area->loop, &r->turn, read_memory, r);
	}
	r->busy = true;
	mem_ref(r);
	return 0;
}


void store_content_close(struct store_content_reader *r)
{
	if (!r)
		return;
	r->closed = true;
	mem_unref(r);
}


/* ---- Removing ---- */

struct removal {
	struct work work;
	struct content_area *area;
	char name[STORE_CONTENT_NAME_N];
};


static void removal_run(struct work *work)
{
	struct removal *r = container_of(work, struct removal, work);

	(void)content_unlink(r->area->directory, (struct str){r->name, sizeof(r->name)}, false);
}


static void removal_done(struct work *work)
{
	struct removal *r = container_of(work, struct removal, work);

	mem_unref(r->area);
	mem_unref(r);
}


void store_content_remove(struct store *s, struct str name)
{
	struct content_area *a = store_content_area(s);
	struct removal *r;

	if (!content_name_ok(name))
		return;
	if (!a->directory) {
		content_memory_remove(a, name);
		return;
	}
	r = mem_alloc(sizeof(*r), NULL);
	if (!r)
		return;
	r->area = mem_ref(a);
	memcpy(r->name, name.p, name.n);
	r->work.run = removal_run;
	r->work.done = removal_done;
	if (loop_work(a->loop, &r->work))
		removal_done(&r->work);
}
