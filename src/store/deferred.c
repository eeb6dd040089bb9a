/* SPDX-License-Identifier: Apache-2.0 */
/* Requests about deferred messages, made into jobs. */
#include "store/deferred.h"

#include <assert.h>
#include <errno.h>

#include "store/job.h"

static const uint16_t texts[] = {
	offsetof(struct store_deferred, user),         offsetof(struct store_deferred, call_id),
	offsetof(struct store_deferred, from_tag),     offsetof(struct store_deferred, sender),
	offsetof(struct store_deferred, message_id),   offsetof(struct store_deferred, headers),
	offsetof(struct store_deferred, body),         offsetof(struct store_deferred, file),
	offsetof(struct store_deferred, content_type), offsetof(struct store_deferred, name),
	offsetof(struct store_deferred, media),
};

const struct store_shape store_deferred_shape = {
	sizeof(struct store_deferred),
	sizeof(texts) / sizeof(texts[0]),
	texts,
};

static const uint16_t device_texts[] = {offsetof(struct store_device, key)};

const struct store_shape store_device_shape = {sizeof(struct store_device), 1, device_texts};


static int check(const struct store_deferred *d)
{
	struct str keys[] = {d->user,   d->call_id, d->from_tag,     d->message_id,
			     d->sender, d->file,    d->content_type, d->name};
	int error = store_keys_check(keys, sizeof(keys) / sizeof(keys[0]), STORE_DEFERRED_TEXT_MAX);

	if (!error)
		error = store_keys_check(&d->media, 1, STORE_DEFERRED_MEDIA_MAX);
	if (error)
		return error;
	return d->headers.n <= STORE_DEFERRED_HEADERS_MAX && d->body.n <= STORE_DEFERRED_BODY_MAX &&
			       d->size <= INT64_MAX >> 16
		       ? 0
		       : -EMSGSIZE;
}


int store_deferred_hold(struct store *s, struct store_request *r, const struct store_deferred *d,
			uint32_t quota, store_done_cb *done, void *arg)
{
	struct store_deferred fresh = *d;
	int error = check(d);
	struct store_job *j;

	if (error)
		return error;
	fresh.id = 0;
	fresh.state = STORE_DEFERRED_HELD;
	fresh.finished_ms = 0;
	fresh.device = NULL;
	fresh.devices = 0;
	j = store_job_alloc(STORE_OP_DEFERRED_HOLD);
	if (!j)
		return -ENOMEM;
	j->in.hold.quota = quota;
	return store_job_start(s, j,
			       store_record_copy(&j->arena, &j->in.hold.message, &fresh,
						 &store_deferred_shape),
			       r, done, arg);
}


int store_deferred_finish(struct store *s, struct store_request *r, uint64_t id,
			  enum store_deferred_state state, int64_t now_ms, store_done_cb *done,
			  void *arg)
{
	struct store_job *j = store_job_alloc(STORE_OP_DEFERRED_FINISH);

	if (!j)
		return -ENOMEM;
	assert(state != STORE_DEFERRED_HELD);
	j->in.finish = (struct store_finish){id, state, now_ms};
	return store_job_start(s, j, true, r, done, arg);
}


static int start_id(struct store *s, struct store_request *r, enum store_op op, uint64_t id,
		    store_done_cb *done, void *arg)
{
	struct store_job *j = store_job_alloc(op);

	if (!j)
		return -ENOMEM;
	j->in.id = id;
	return store_job_start(s, j, true, r, done, arg);
}


int store_deferred_delete(struct store *s, struct store_request *r, uint64_t id,
			  store_done_cb *done, void *arg)
{
	return start_id(s, r, STORE_OP_DEFERRED_DELETE, id, done, arg);
}


int store_deferred_get(struct store *s, struct store_request *r, uint64_t id, store_done_cb *done,
		       void *arg)
{
	return start_id(s, r, STORE_OP_DEFERRED_GET, id, done, arg);
}


int store_deferred_purge(struct store *s, struct store_request *r, int64_t now_ms,
			 store_done_cb *done, void *arg)
{
	struct store_job *j = store_job_alloc(STORE_OP_DEFERRED_PURGE);

	if (!j)
		return -ENOMEM;
	j->in.now_ms = now_ms;
	return store_job_start(s, j, true, r, done, arg);
}


int store_deferred_mark(struct store *s, struct store_request *r, uint64_t id,
			const struct store_device *d, store_done_cb *done, void *arg)
{
	int error = d->key.n ? store_keys_check(&d->key, 1, STORE_DEFERRED_TEXT_MAX) : -EINVAL;
	struct store_job *j;
	bool copied;

	if (error)
		return error;
	j = store_job_alloc(STORE_OP_DEFERRED_MARK);
	if (!j)
		return -ENOMEM;
	j->in.mark.id = id;
	copied = store_record_copy(&j->arena, &j->in.mark.device, d, &store_device_shape);
	j->in.mark.device.attempts = 1;
	if (d->state != STORE_DEVICE_WAITING)
		j->in.mark.device.next_try_ms = 0;
	return store_job_start(s, j, copied, r, done, arg);
}


static int start_page(struct store *s, struct store_request *r, enum store_op op,
		      const struct store_deferred_page *page, store_done_cb *done, void *arg)
{
	struct store_job *j = store_job_alloc(op);
	struct store_deferred_page *to;
	bool copied;

	if (!j)
		return -ENOMEM;
	assert(page->max > 0 && page->max <= STORE_PAGE_MAX);
	to = &j->in.deferred_page;
	*to = *page;
	copied = store_text_copy(&j->arena, &to->user, page->user) &&
		 store_text_copy(&j->arena, &to->device, page->device);
	return store_job_start(s, j, copied, r, done, arg);
}


int store_deferred_due(struct store *s, struct store_request *r, struct str user, struct str device,
		       uint64_t after, int64_t now_ms, size_t max, store_done_cb *done, void *arg)
{
	struct store_deferred_page page = {user, device, after, now_ms, max};

	return start_page(s, r, STORE_OP_DEFERRED_DUE, &page, done, arg);
}


int store_deferred_list(struct store *s, struct store_request *r, struct str user, uint64_t after,
			size_t max, store_done_cb *done, void *arg)
{
	struct store_deferred_page page = {.user = user, .after = after, .max = max};

	return start_page(s, r, STORE_OP_DEFERRED_LIST, &page, done, arg);
}


int store_deferred_expired(struct store *s, struct store_request *r, int64_t now_ms, size_t max,
			   store_done_cb *done, void *arg)
{
	struct store_deferred_page page = {.now_ms = now_ms, .max = max};

	return start_page(s, r, STORE_OP_DEFERRED_EXPIRED, &page, done, arg);
}


int store_deferred_users(struct store *s, struct store_request *r, struct str after, size_t max,
			 store_done_cb *done, void *arg)
{
	struct store_deferred_page page = {.user = after, .max = max};

	return start_page(s, r, STORE_OP_DEFERRED_USERS, &page, done, arg);
}


static int start_text(struct store *s, struct store_request *r, enum store_op op, struct str text,
		      store_done_cb *done, void *arg)
{
	struct store_job *j = store_job_alloc(op);

	if (!j)
		return -ENOMEM;
	return store_job_start(s, j, store_text_copy(&j->arena, &j->in.text, text), r, done, arg);
}


int store_deferred_find(struct store *s, struct store_request *r, struct str text,
			store_done_cb *done, void *arg)
{
	return start_text(s, r, STORE_OP_DEFERRED_FIND, text, done, arg);
}


int store_deferred_count(struct store *s, struct store_request *r, struct str user,
			 store_done_cb *done, void *arg)
{
	return start_text(s, r, STORE_OP_DEFERRED_COUNT, user, done, arg);
}


const struct store_deferred *store_deferred_result(const struct store_request *r, size_t *count)
{
	if (count)
		*count = r->found_n;
	return r->found;
}


const struct store_waiting_user *store_deferred_users_result(const struct store_request *r,
							     size_t *count)
{
	if (count)
		*count = r->found_n;
	return r->found;
}


const struct store_deferred_count *store_deferred_count_result(const struct store_request *r)
{
	return r->found;
}


size_t store_deferred_removed(const struct store_request *r)
{
	return r->found_n;
}
