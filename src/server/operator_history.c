/* SPDX-License-Identifier: Apache-2.0 */
/* The operator's desk: what users have asked to be kept of their conversations. */
#include "store/history.h"

#include <errno.h>

#include "server/operator_desk.h"
#include "store/content.h"

struct history_task {
	struct desk_task task;
	admin_history_cb *each;
	admin_conversation_cb *conversation;
	admin_count_cb *count;
	admin_bytes_cb *bytes;
	struct store_content_reader *reader;
	struct store_history_filter filter;
	struct str peer;
	uint64_t id, after, at, counted;
	size_t limit; /**< rows still wanted */
};

static void list(struct desk_task *task);
static void conversations(struct desk_task *task);
static void clear(struct desk_task *task);


static struct history_task *self(struct desk_task *t)
{
	return container_of(t, struct history_task, task);
}


static void task_destroy(struct desk_task *task)
{
	store_content_close(self(task)->reader);
}


static size_t page_of(const struct history_task *t)
{
	return t->limit < STORE_PAGE_MAX ? t->limit : STORE_PAGE_MAX;
}


static struct str kind_name(enum store_history_kind k)
{
	static const struct str names[] = {
		[STORE_HISTORY_PAGER] = STR_INIT("pager"),
		[STORE_HISTORY_LARGE] = STR_INIT("large"),
		[STORE_HISTORY_SESSION] = STR_INIT("session"),
		[STORE_HISTORY_FILE] = STR_INIT("file"),
	};

	return names[k];
}


/* ---- Lists ---- */

static void show(const struct history_task *t, const struct store_history_entry *e)
{
	t->each(&(struct admin_history_entry){.id = e->id,
					      .conversation = e->conversation,
					      .user = e->owner,
					      .peer = e->peer,
					      .from = e->from,
					      .to = e->to,
					      .subject = e->subject,
					      .message_id = e->message_id,
					      .content_type = e->content_type,
					      .kind = kind_name(e->kind),
					      .outgoing = e->outgoing,
					      .aborted = e->aborted,
					      .cpim = e->cpim,
					      .recorded_ms = STORE_HISTORY_MS(e->id),
					      .date_ms = e->date_ms,
					      .size = e->size,
					      .text = e->text},
		t->task.done_arg);
}


/* A search may take several pages of the store to find one row. */
static void on_page(struct store_request *r, int error, void *arg)
{
	struct history_task *t = arg;
	size_t n = 0;
	const struct store_history_entry *e = error ? NULL : store_history_result(r, &n);

	for (size_t i = 0; i < n; i++)
		show(t, &e[i]);
	t->limit -= n < t->limit ? n : t->limit;
	t->filter.after = error ? 0 : store_history_next(r);
	if (error || !t->limit || !t->filter.after)
		desk_task_finish(&t->task, error);
	else
		list(&t->task);
}


static void list(struct desk_task *task)
{
	struct history_task *t = self(task);

	t->filter.owner = task->aor;
	t->filter.max = page_of(t);
	desk_task_step(task, store_history_list(task->desk->p.store, &task->store, &t->filter,
						on_page, t));
}


static void on_conversations(struct store_request *r, int error, void *arg)
{
	struct history_task *t = arg;
	size_t n = 0, asked = page_of(t);
	const struct store_conversation *c = error ? NULL
						   : store_history_conversations_result(r, &n);

	for (size_t i = 0; i < n; i++) {
		t->conversation(&(struct admin_conversation){.id = c[i].id,
							     .user = c[i].owner,
							     .peer = c[i].peer,
							     .call_id = c[i].call_id,
							     .kind = kind_name(c[i].kind),
							     .reason = c[i].reason,
							     .outgoing = c[i].outgoing,
							     .begin_ms = c[i].begin_ms,
							     .end_ms = c[i].end_ms,
							     .messages = c[i].entries,
							     .bytes = c[i].bytes},
				t->task.done_arg);
		t->after = c[i].id;
	}
	t->limit -= n < t->limit ? n : t->limit;
	if (error || n < asked || !t->limit)
		desk_task_finish(&t->task, error);
	else
		conversations(&t->task);
}


static void conversations(struct desk_task *task)
{
	struct history_task *t = self(task);

	desk_task_step(task,
		       store_history_conversations(task->desk->p.store, &task->store, task->aor,
						   t->after, page_of(t), on_conversations, t));
}


/* ---- One ---- */

static void on_one(struct store_request *r, int error, void *arg)
{
	struct history_task *t = arg;

	if (!error)
		show(t, store_history_result(r, NULL));
	desk_task_finish(&t->task, error == -ENOENT ? -ENODATA : error);
}


static void get_one(struct desk_task *task)
{
	struct history_task *t = self(task);

	desk_task_step(task, store_history_get(task->desk->p.store, &task->store, task->aor, t->id,
					       on_one, t));
}


static void on_read(struct store_content_reader *r, int error, struct str bytes, void *arg)
{
	struct history_task *t = arg;

	(void)r;
	if (!error)
		t->bytes(bytes, t->task.done_arg);
	desk_task_finish(&t->task, error == -ENOENT ? -ENODATA : error);
}


static void on_got(struct store_request *r, int error, void *arg)
{
	struct history_task *t = arg;
	const struct store_history_entry *e = error ? NULL : store_history_result(r, NULL);

	if (e && e->file.n) {
		error = store_content_open(&t->reader, t->task.desk->p.store, e->file);
		if (!error)
			error = store_content_read(t->reader, t->at, ADMIN_CONTENT_MAX, on_read, t);
		if (!error)
			return;
	} else if (e) {
		t->bytes(t->at < e->body.n ? str_from(e->body, (size_t)t->at) : STR(""),
			 t->task.done_arg);
	}
	desk_task_finish(&t->task, error == -ENOENT ? -ENODATA : error);
}

_Static_assert(ADMIN_CONTENT_MAX <= STORE_CONTENT_READ_MAX, "one read is one answer");


static void get_content(struct desk_task *task)
{
	struct history_task *t = self(task);

	desk_task_step(task, store_history_get(task->desk->p.store, &task->store, task->aor, t->id,
					       on_got, t));
}


/* ---- Deleting ---- */

static void counted(struct history_task *t, int error)
{
	if (!error)
		t->count(t->counted, t->task.done_arg);
	desk_task_finish(&t->task, error);
}


static void on_deleted(struct store_request *r, int error, void *arg)
{
	struct history_task *t = arg;

	(void)r;
	t->counted = 1;
	counted(t, error == -ENOENT ? -ENODATA : error);
}


static void delete_one(struct desk_task *task)
{
	struct history_task *t = self(task);

	desk_task_step(task, store_history_delete(task->desk->p.store, &task->store, task->aor,
						  t->id, on_deleted, t));
}


static void on_cleared(struct store_request *r, int error, void *arg)
{
	struct history_task *t = arg;
	size_t n = error ? 0 : store_history_removed(r);

	t->counted += n;
	if (n < STORE_HISTORY_REMOVE_MAX)
		counted(t, error);
	else
		clear(&t->task);
}


static void clear(struct desk_task *task)
{
	struct history_task *t = self(task);

	desk_task_step(task, store_history_clear(task->desk->p.store, &task->store, task->aor,
						 t->filter.conversation, on_cleared, t));
}


/* ---- The services ---- */

static struct history_task *task_alloc(struct operator_desk *o, admin_done_cb *done, void *done_arg)
{
	return desk_task_alloc(o, sizeof(struct history_task), task_destroy, done, done_arg);
}


/* A peer is a user of ours or anybody's address. */
static int take_peer(struct history_task *t, struct str peer, struct buf *why)
{
	char text[SIP_AOR_MAX];
	struct buf aor;
	int err;

	buf_fixed(&aor, text, sizeof(text));
	err = desk_user(t->task.desk, peer, &aor, why);
	if (err && err != -ENOMEM && memchr(peer.p, '@', peer.n)) {
		err = 0;
		buf_clear(&aor);
		buf_clear(why);
		if (!str_starts_nocase(peer, STR("sip:")) && !str_starts_nocase(peer, STR("sips:")))
			buf_puts(&aor, STR("sip:"));
		buf_puts(&aor, peer);
	}
	if (err || aor.failed)
		return err ? err : -EINVAL;
	t->filter.peer = arena_str(&t->task.arena, buf_str(&aor));
	return t->filter.peer.p ? 0 : -ENOMEM;
}


static int history_list(struct str user, const struct admin_history_filter *f,
			admin_history_cb *each, admin_done_cb *done, void *done_arg,
			struct buf *why, void *arg)
{
	struct history_task *t = task_alloc(arg, done, done_arg);
	int err = 0;

	if (!t)
		return -ENOMEM;
	t->each = each;
	t->limit = f->limit;
	t->filter = (struct store_history_filter){
		.peer = STR(""),
		.text = STR(""),
		.conversation = f->conversation,
		.since_ms = f->since_ms,
		.until_ms = f->until_ms,
		.after = f->after,
	};
	if (f->peer.n)
		err = take_peer(t, f->peer, why);
	if (!err && f->text.n) {
		t->filter.text = arena_str(&t->task.arena, f->text);
		err = t->filter.text.p ? 0 : -ENOMEM;
	}
	if (err) {
		t->task.done = NULL;
		mem_unref(t);
		return err;
	}
	return desk_task_begin(&t->task, user, list, why);
}


static int history_show(struct str user, uint64_t id, admin_history_cb *each, admin_done_cb *done,
			void *done_arg, struct buf *why, void *arg)
{
	struct history_task *t = task_alloc(arg, done, done_arg);

	if (!t)
		return -ENOMEM;
	t->each = each;
	t->id = id;
	return desk_task_begin(&t->task, user, get_one, why);
}


static int history_content(struct str user, uint64_t id, uint64_t at, admin_bytes_cb *bytes,
			   admin_done_cb *done, void *done_arg, struct buf *why, void *arg)
{
	struct history_task *t = task_alloc(arg, done, done_arg);

	if (!t)
		return -ENOMEM;
	t->bytes = bytes;
	t->id = id;
	t->at = at;
	return desk_task_begin(&t->task, user, get_content, why);
}


static int history_remove(struct str user, uint64_t id, uint64_t conversation,
			  admin_count_cb *count, admin_done_cb *done, void *done_arg,
			  struct buf *why, void *arg)
{
	struct history_task *t = task_alloc(arg, done, done_arg);

	if (!t)
		return -ENOMEM;
	t->count = count;
	t->id = id;
	t->filter.conversation = conversation;
	return desk_task_begin(&t->task, user, id ? delete_one : clear, why);
}


static int history_conversations(struct str user, uint64_t after, size_t limit,
				 admin_conversation_cb *each, admin_done_cb *done, void *done_arg,
				 struct buf *why, void *arg)
{
	struct history_task *t = task_alloc(arg, done, done_arg);

	if (!t)
		return -ENOMEM;
	t->conversation = each;
	t->after = after;
	t->limit = limit;
	return desk_task_begin(&t->task, user, conversations, why);
}


void operator_history_services(struct admin_services *s)
{
	s->histories.list = history_list;
	s->histories.show = history_show;
	s->histories.content = history_content;
	s->histories.remove = history_remove;
	s->histories.conversations = history_conversations;
}
