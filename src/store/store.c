/* SPDX-License-Identifier: Apache-2.0 */
/* The port: choosing a backend, starting and cancelling requests, the state of its health. */
#include "store/store.h"

#include <assert.h>
#include <errno.h>

#include "store/content_area.h"
#include "store/lane.h"

/** Bytes of the sentence for the operator. */
#define TROUBLE_MAX 512

struct store {
	struct loop *loop;
	const struct store_backend *backend;
	struct store_lane *writer; /**< without threads: all there is */
	struct store_lane *reader; /**< NULL without threads */
	struct content_area *contents;
	uint64_t conversation; /**< the last id given */
	size_t waiting;
	size_t bytes; /**< of what waits */
	int trouble;
	char text[TROUBLE_MAX];
	size_t text_n;
	store_trouble_cb *watch;
	void *watch_arg;
};

static const struct store_backend *const backends[] = {&store_memory_backend,
						       &store_sqlite_backend};


static void destroy(void *object)
{
	struct store *s = object;

	if (s->reader)
		store_lane_close(s->reader);
	if (s->writer)
		store_lane_close(s->writer);
	mem_unref(s->contents);
	mem_unref(s->loop);
}


static const struct store_backend *backend_find(struct str name)
{
	for (size_t i = 0; i < sizeof(backends) / sizeof(backends[0]); i++)
		if (str_eq(str_of(backends[i]->name), name))
			return backends[i];
	return NULL;
}


static void unknown_backend(struct str name, struct buf *why)
{
	if (str_eq(name, STR("postgres")))
		buf_puts(why, STR("this parleyd has no PostgreSQL backend: "
				  "write sqlite:PATH, or memory: for a trial"));
	else
		buf_printf(why,
			   "\"" STR_FMT
			   "\" is no kind of store: write sqlite:PATH, or memory: for a trial",
			   STR_ARG(str_upto(name, 64)));
}


/* Lanes finish what was asked for when the store is gone: their backend holds a reference of its own. */
static int open_contents(struct store *s, struct str where)
{
	char path[PATH_MAX];
	bool disk = s->backend->content(where, path);
	int r = content_area_alloc(&s->contents, s->loop, disk ? path : NULL);

	if (!r && s->backend->attach)
		s->backend->attach(s->writer->connection, s->contents);
	return r;
}


struct content_area *store_content_area(struct store *s)
{
	return s->contents;
}


uint64_t store_history_conversation_id(struct store *s, int64_t now_ms)
{
	uint64_t id = STORE_HISTORY_ID(now_ms > 0 ? now_ms : 1);

	s->conversation = id > s->conversation ? id : s->conversation + 1;
	return s->conversation;
}


/* `where`: what stands behind the backend's name. */
static const struct store_backend *backend_of(struct str url, struct str *where, struct buf *why)
{
	const struct store_backend *backend;
	struct str rest = url, name = str_cut(&rest, ':');

	backend = rest.p ? backend_find(name) : NULL;
	if (!backend)
		unknown_backend(url.n ? name : STR(""), why);
	*where = rest;
	return backend;
}


int store_check(struct str url, struct buf *why)
{
	struct str where;

	return backend_of(url, &where, why) ? 0 : -EINVAL;
}


int store_open(struct store **ret, struct loop *loop, struct str url, struct buf *why)
{
	struct str where;
	const struct store_backend *backend = backend_of(url, &where, why);
	struct store *s;
	int r;

	if (!backend)
		return -EINVAL;

	s = mem_alloc(sizeof(*s), destroy);
	if (!s)
		return -ENOMEM;
	s->loop = mem_ref(loop);
	s->backend = backend;
	r = store_lane_open(&s->writer, s, loop, backend, where, true, why);
	if (!r && backend->threads)
		r = store_lane_open(&s->reader, s, loop, backend, where, false, why);
	if (!r)
		r = open_contents(s, where);
	if (r) {
		mem_unref(s);
		return r;
	}

	*ret = s;
	return 0;
}


const char *store_backend_name(const struct store *s)
{
	return s->backend->name;
}


struct store_job *store_job_alloc(enum store_op op)
{
	struct store_job *j = mem_alloc(sizeof(*j), NULL);

	if (!j)
		return NULL;
	j->op = op;
	j->arena.max = STORE_JOB_MAX;
	return j;
}


void store_job_free(struct store_job *j)
{
	if (!j)
		return;
	if (j->lane && j->lane->store) {
		j->lane->store->waiting--;
		j->lane->store->bytes -= j->bytes;
	}
	if (j->op == STORE_OP_HISTORY_ADD_BUNDLE)
		store_history_bundles_done(&j->in.history_bundles);
	arena_done(&j->arena);
	mem_unref(j);
}


/** Operations for the reading connection. */
static const bool reads[STORE_OPS] = {
#define OPERATION_READS(NAME, name, r) [STORE_OP_##NAME] = (r),
	STORE_OPERATIONS(OPERATION_READS)
#undef OPERATION_READS
};


static bool has_room(const struct store *s, size_t bytes)
{
	return s->waiting < STORE_QUEUE_MAX && s->bytes + bytes <= STORE_QUEUE_BYTES_MAX;
}


int store_job_start(struct store *s, struct store_job *j, bool copied, struct store_request *r,
		    store_done_cb *done, void *arg)
{
	size_t bytes = j->bytes + sizeof(*j) + j->arena.used;

	assert(!r->job);
	if (!copied || !has_room(s, bytes)) {
		store_job_free(j);
		return copied ? -ENOBUFS : -ENOMEM;
	}

	r->job = j;
	r->done = done;
	r->arg = arg;
	j->request = r;
	j->bytes = bytes;
	s->waiting++;
	s->bytes += bytes;
	store_lane_add(reads[j->op] && s->reader ? s->reader : s->writer, j);
	return 0;
}


void store_cancel(struct store_request *r)
{
	if (!r->job)
		return;
	r->job->request = NULL;
	r->job = NULL;
}


struct str store_trouble(const struct store *s)
{
	return (struct str){s->text, s->text_n};
}


void store_watch_trouble(struct store *s, store_trouble_cb *cb, void *arg)
{
	s->watch = cb;
	s->watch_arg = arg;
}


size_t store_waiting(const struct store *s)
{
	return s->waiting;
}


void store_lane_report(struct store *s, int trouble, struct str why)
{
	struct str text = str_upto(why, TROUBLE_MAX);

	if (trouble == s->trouble)
		return;
	s->trouble = trouble;
	s->text_n = trouble ? text.n : 0;
	memcpy(s->text, text.n ? text.p : "", s->text_n);
	if (s->watch)
		s->watch(s, trouble, store_trouble(s), s->watch_arg);
}


void *store_memory_of(struct store *s)
{
	assert(s->backend == &store_memory_backend);
	return s->writer->connection;
}


void store_lanes_set_delay(struct store *s, uint32_t ms)
{
	s->writer->delay_ms = ms;
}


void store_lanes_hold(struct store *s, bool held)
{
	s->writer->held = held;
	store_lane_kick(s->writer);
}


bool store_text_copy(struct arena *a, struct str *dst, struct str src)
{
	struct str copy = {"", 0};

	if (src.n) {
		copy = arena_str(a, src);
		if (!copy.p)
			return false;
	}
	*dst = copy;
	return true;
}


bool store_record_copy(struct arena *a, void *dst, const void *src, const struct store_shape *shape)
{
	memmove(dst, src, shape->size);
	for (size_t i = 0; i < shape->n; i++) {
		struct str *text = (void *)((char *)dst + shape->text[i]);

		if (!store_text_copy(a, text, *text))
			return false;
	}
	return true;
}


int store_keys_check(const struct str *key, size_t n, size_t max)
{
	for (size_t i = 0; i < n; i++) {
		if (key[i].n > max)
			return -EMSGSIZE;
		if (key[i].n && memchr(key[i].p, 0, key[i].n))
			return -EINVAL;
	}
	return 0;
}
