/* SPDX-License-Identifier: Apache-2.0 */
/* Requests about the history, made into jobs. */
#include "store/history.h"

#include <assert.h>
#include <errno.h>

#include "store/content_area.h"
#include "store/job.h"

#define ENTRY(member) offsetof(struct store_history_entry, member)
#define CONVERSATION(member) offsetof(struct store_conversation, member)

static const uint16_t entry_texts[] = {
	ENTRY(owner), ENTRY(peer), ENTRY(request), ENTRY(message_id),
	ENTRY(from),  ENTRY(to),   ENTRY(subject), ENTRY(content_type),
	ENTRY(file),  ENTRY(text), ENTRY(body),
};

const struct store_shape store_history_shape = {
	sizeof(struct store_history_entry),
	sizeof(entry_texts) / sizeof(entry_texts[0]),
	entry_texts,
};

static const uint16_t conversation_texts[] = {
	CONVERSATION(owner),
	CONVERSATION(peer),
	CONVERSATION(call_id),
	CONVERSATION(reason),
};

const struct store_shape store_conversation_shape = {
	sizeof(struct store_conversation),
	sizeof(conversation_texts) / sizeof(conversation_texts[0]),
	conversation_texts,
};


/* ---- What both backends must see alike ---- */

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + 'a' - 'A') : c;
}


bool store_history_text_holds(struct str text, struct str wanted)
{
	for (size_t i = 0; i + wanted.n <= text.n; i++) {
		size_t k = 0;

		while (k < wanted.n && lower(text.p[i + k]) == lower(wanted.p[k]))
			k++;
		if (k == wanted.n)
			return true;
	}
	return false;
}


/* ---- Writing ---- */

static int check_entry(const struct store_history_entry *e)
{
	struct str keys[] = {e->owner, e->peer,    e->request,      e->message_id, e->from,
			     e->to,    e->subject, e->content_type, e->file};
	int error = store_keys_check(keys, sizeof(keys) / sizeof(keys[0]), STORE_HISTORY_TEXT_MAX);

	if (error)
		return error;
	if (e->file.n && (e->body.n || !content_name_ok(e->file)))
		return -EINVAL;
	if (e->held && (e->held > INT64_MAX || e->body.n || e->file.n))
		return -EINVAL;
	return e->body.n <= STORE_HISTORY_BODY_MAX && e->text.n <= STORE_HISTORY_SEARCH_MAX &&
			       e->size <= STORE_CONTENT_SIZE_MAX
		       ? 0
		       : -EMSGSIZE;
}


int store_history_begin(struct store *s, struct store_request *r,
			const struct store_conversation *c, store_done_cb *done, void *arg)
{
	struct str keys[] = {c->owner, c->peer, c->call_id};
	struct store_conversation fresh = *c;
	int error = store_keys_check(keys, 3, STORE_HISTORY_TEXT_MAX);
	struct store_job *j;

	if (error)
		return error;
	assert(c->id && c->id <= INT64_MAX);
	fresh.end_ms = 0;
	fresh.reason = STR("");
	fresh.entries = fresh.bytes = 0;
	j = store_job_alloc(STORE_OP_HISTORY_BEGIN);
	if (!j)
		return -ENOMEM;
	return store_job_start(s, j,
			       store_record_copy(&j->arena, &j->in.conversation, &fresh,
						 &store_conversation_shape),
			       r, done, arg);
}


static int start_one(struct store *s, struct store_request *r, enum store_op op,
		     const struct store_history_one *one, store_done_cb *done, void *arg)
{
	struct store_job *j = store_job_alloc(op);
	bool copied;

	if (!j)
		return -ENOMEM;
	j->in.history_one = *one;
	copied = store_text_copy(&j->arena, &j->in.history_one.owner, one->owner) &&
		 store_text_copy(&j->arena, &j->in.history_one.reason, one->reason);
	return store_job_start(s, j, copied, r, done, arg);
}


int store_history_end(struct store *s, struct store_request *r, uint64_t conversation,
		      int64_t end_ms, struct str reason, store_done_cb *done, void *arg)
{
	struct store_history_one one = {.id = conversation, .at_ms = end_ms, .reason = reason};
	int error = store_keys_check(&reason, 1, STORE_HISTORY_TEXT_MAX);

	return error ? error : start_one(s, r, STORE_OP_HISTORY_END, &one, done, arg);
}


int store_history_end_all(struct store *s, struct store_request *r, struct str reason,
			  store_done_cb *done, void *arg)
{
	struct store_history_one one = {.reason = reason};
	int error = store_keys_check(&reason, 1, STORE_HISTORY_TEXT_MAX);

	return error ? error : start_one(s, r, STORE_OP_HISTORY_END_ALL, &one, done, arg);
}


/* What it shares with a deferred message has a name of its own here. */
static bool name_shared(struct store *s, struct store_job *j, struct store_history_entry *e)
{
	char *name = arena_alloc(&j->arena, STORE_CONTENT_NAME_N);

	if (!name)
		return false;
	content_name_make(store_content_area(s), name);
	e->file = (struct str){name, STORE_CONTENT_NAME_N};
	return true;
}


static bool copy_entries(struct store *s, struct store_job *j, const struct store_history_entry *e,
			 size_t n)
{
	struct store_history_add *to = &j->in.history_add;

	for (size_t i = 0; i < n; i++) {
		if (!store_record_copy(&j->arena, &to->entry[i], &e[i], &store_history_shape))
			return false;
		if (e[i].held && !name_shared(s, j, &to->entry[i]))
			return false;
	}
	to->n = n;
	return true;
}


int store_history_add(struct store *s, struct store_request *r, const struct store_history_entry *e,
		      size_t n, const struct store_history_quota *quota, int64_t now_ms,
		      store_done_cb *done, void *arg)
{
	struct store_job *j;
	int error = 0;

	assert(n > 0 && n <= STORE_HISTORY_COPIES_MAX);
	for (size_t i = 0; !error && i < n; i++)
		error = check_entry(&e[i]);
	if (error)
		return error;
	j = store_job_alloc(STORE_OP_HISTORY_ADD);
	if (!j)
		return -ENOMEM;
	j->in.history_add.quota = *quota;
	j->in.history_add.now_ms = now_ms;
	return store_job_start(s, j, copy_entries(s, j, e, n), r, done, arg);
}


int store_history_delete(struct store *s, struct store_request *r, struct str owner, uint64_t id,
			 store_done_cb *done, void *arg)
{
	struct store_history_one one = {.owner = owner, .id = id};

	return start_one(s, r, STORE_OP_HISTORY_DELETE, &one, done, arg);
}


int store_history_clear(struct store *s, struct store_request *r, struct str owner,
			uint64_t conversation, store_done_cb *done, void *arg)
{
	struct store_history_one one = {.owner = owner, .id = conversation};

	return start_one(s, r, STORE_OP_HISTORY_CLEAR, &one, done, arg);
}


int store_history_purge(struct store *s, struct store_request *r, int64_t before_ms,
			store_done_cb *done, void *arg)
{
	struct store_history_one one = {.at_ms = before_ms < 0 ? 0 : before_ms};

	return start_one(s, r, STORE_OP_HISTORY_PURGE, &one, done, arg);
}


/* ---- Reading ---- */

int store_history_get(struct store *s, struct store_request *r, struct str owner, uint64_t id,
		      store_done_cb *done, void *arg)
{
	struct store_history_one one = {.owner = owner, .id = id};

	return start_one(s, r, STORE_OP_HISTORY_GET, &one, done, arg);
}


/* The range of time as one of ids; a page is `after` … `before`, both excluded. */
static void set_range(struct store_history_page *p)
{
	const struct store_history_filter *f = &p->filter;
	int64_t most = STORE_HISTORY_MS(INT64_MAX) - 1;
	uint64_t since = STORE_HISTORY_ID(f->since_ms > most ? most : f->since_ms);

	p->before = INT64_MAX;
	if (f->until_ms > 0 && f->until_ms <= most)
		p->before = STORE_HISTORY_ID(f->until_ms);
	if (f->since_ms > 0 && since > f->after)
		p->filter.after = since - 1;
	if (p->filter.after > INT64_MAX)
		p->filter.after = INT64_MAX;
}


int store_history_list(struct store *s, struct store_request *r,
		       const struct store_history_filter *f, store_done_cb *done, void *arg)
{
	struct store_job *j = store_job_alloc(STORE_OP_HISTORY_LIST);
	struct store_history_page *to;
	bool copied;

	if (!j)
		return -ENOMEM;
	assert(f->max > 0 && f->max <= STORE_PAGE_MAX);
	to = &j->in.history_page;
	to->filter = *f;
	set_range(to);
	copied = store_text_copy(&j->arena, &to->filter.owner, f->owner) &&
		 store_text_copy(&j->arena, &to->filter.peer, f->peer) &&
		 store_text_copy(&j->arena, &to->filter.text, f->text);
	return store_job_start(s, j, copied, r, done, arg);
}


int store_history_conversations(struct store *s, struct store_request *r, struct str owner,
				uint64_t after, size_t max, store_done_cb *done, void *arg)
{
	struct store_job *j = store_job_alloc(STORE_OP_HISTORY_CONVERSATIONS);

	if (!j)
		return -ENOMEM;
	assert(max > 0 && max <= STORE_PAGE_MAX);
	j->in.history_page.filter.after = after > INT64_MAX ? INT64_MAX : after;
	j->in.history_page.filter.max = max;
	return store_job_start(s, j,
			       store_text_copy(&j->arena, &j->in.history_page.filter.owner, owner),
			       r, done, arg);
}


int store_history_count(struct store *s, struct store_request *r, struct str owner,
			store_done_cb *done, void *arg)
{
	struct store_history_one one = {.owner = owner};

	return start_one(s, r, STORE_OP_HISTORY_COUNT, &one, done, arg);
}


/* ---- In `done` ---- */

const struct store_history_entry *store_history_result(const struct store_request *r, size_t *count)
{
	const struct store_history_found *f = r->found;

	if (count)
		*count = f ? f->n : 0;
	return f ? f->entry : NULL;
}


uint64_t store_history_next(const struct store_request *r)
{
	const struct store_history_found *f = r->found;

	return f ? f->next : 0;
}


const struct store_conversation *store_history_conversations_result(const struct store_request *r,
								    size_t *count)
{
	if (count)
		*count = r->found_n;
	return r->found;
}


const struct store_history_count *store_history_count_result(const struct store_request *r)
{
	return r->found;
}


size_t store_history_removed(const struct store_request *r)
{
	return r->found_n;
}
