/* SPDX-License-Identifier: Apache-2.0 */
/* Deferred messages in memory: what only reads them. */
#include <errno.h>

#include "store/memory/deferred.h"


bool memory_deferred_copy(struct arena *a, struct store_deferred *to,
			  const struct memory_message *d)
{
	struct store_deferred bare = d->message;

	bare.headers = bare.body = STR("");
	bare.device = NULL;
	bare.devices = 0;
	return store_record_copy(a, to, &bare, &store_deferred_shape);
}


static bool copy_device(struct arena *a, struct store_deferred *to, const struct store_device *v,
			size_t max)
{
	struct store_device *device = (struct store_device *)to->device;

	if (!device)
		to->device = device = arena_alloc(a, max * sizeof(*device));
	return device && store_record_copy(a, &device[to->devices++], v, &store_device_shape);
}


static bool copy_devices(struct arena *a, struct store_deferred *to, const struct memory_message *d)
{
	for (const struct memory_device *v = d->devices; v; v = v->next)
		if (!copy_device(a, to, &v->device, STORE_DEFERRED_DEVICES_MAX))
			return false;
	return true;
}


/* Room for a page of the job. */
static bool page_alloc(struct store_job *j, size_t max)
{
	j->found = arena_alloc(&j->arena, max * sizeof(struct store_deferred));
	return j->found != NULL;
}


static struct store_deferred *give(struct store_job *j, const struct memory_message *d)
{
	struct store_deferred *to = (struct store_deferred *)j->found + j->found_n;

	if (!memory_deferred_copy(&j->arena, to, d))
		return NULL;
	j->found_n++;
	return to;
}


static const struct store_device *device_of(const struct memory_message *d, struct str key)
{
	for (const struct memory_device *v = d->devices; v; v = v->next)
		if (str_eq(v->device.key, key))
			return &v->device;
	return NULL;
}


static bool due(const struct memory_message *d, const struct store_device *v, int64_t now_ms)
{
	if (d->message.expires_ms && d->message.expires_ms <= now_ms)
		return false;
	return !v || v->state == STORE_DEVICE_WAITING;
}


static int give_due(struct store_job *j, const struct memory_message *d,
		    const struct store_device *v)
{
	struct store_deferred *to = give(j, d);

	return to && (!v || copy_device(&j->arena, to, v, 1)) ? 0 : -ENOMEM;
}


/* The user's first held message behind this key, or NULL. */
static struct memory_message *after_key(struct memory *m, struct str user, struct str key)
{
	struct ordered_node *n = ordered_after(&m->deferred.by_user, key, false);
	struct memory_message *d = n ? container_of(n, struct memory_message, by_user) : NULL;

	return d && str_eq(d->message.user, user) ? d : NULL;
}


/* The user's first held message after that id; *ret NULL: there is none. */
static int first_of(struct memory *m, struct str user, uint64_t after, struct memory_message **ret)
{
	struct buf key = BUF_INIT(MEMORY_KEY_MAX);
	int r = 0;

	memory_key_text(&key, user);
	memory_key_number(&key, after);
	if (key.failed)
		r = -ENOMEM;
	else
		*ret = after_key(m, user, buf_str(&key));
	buf_done(&key);
	return r;
}


int memory_deferred_due(struct memory *m, struct store_job *j)
{
	const struct store_deferred_page page = j->in.deferred_page;
	struct memory_message *d = NULL;
	int r = page_alloc(j, page.max) ? first_of(m, page.user, page.after, &d) : -ENOMEM;

	for (; !r && d && j->found_n < page.max; d = after_key(m, page.user, d->by_user.key)) {
		const struct store_device *v = device_of(d, page.device);

		if (due(d, v, page.now_ms))
			r = give_due(j, d, v);
	}
	return r;
}


static struct memory_message *next_held(struct memory *m, uint64_t after)
{
	char digits[8];
	struct ordered_node *n;
	struct buf key;

	buf_fixed(&key, digits, sizeof(digits));
	memory_key_number(&key, after);
	n = ordered_after(&m->deferred.by_id, buf_str(&key), false);
	while (n &&
	       container_of(n, struct memory_message, by_id)->message.state != STORE_DEFERRED_HELD)
		n = ordered_after(&m->deferred.by_id, n->key, false);
	return n ? container_of(n, struct memory_message, by_id) : NULL;
}


static int list_all(struct memory *m, struct store_job *j)
{
	const struct store_deferred_page page = j->in.deferred_page;
	struct memory_message *d = next_held(m, page.after);

	for (; d && j->found_n < page.max; d = next_held(m, d->message.id))
		if (!give(j, d))
			return -ENOMEM;
	return 0;
}


int memory_deferred_list(struct memory *m, struct store_job *j)
{
	const struct store_deferred_page page = j->in.deferred_page;
	struct memory_message *d = NULL;
	int r = page_alloc(j, page.max) ? 0 : -ENOMEM;

	if (!r && !page.user.n)
		return list_all(m, j);
	if (!r)
		r = first_of(m, page.user, page.after, &d);
	for (; !r && d && j->found_n < page.max; d = after_key(m, page.user, d->by_user.key))
		r = give(j, d) ? 0 : -ENOMEM;
	return r;
}


int memory_deferred_expired(struct memory *m, struct store_job *j)
{
	const struct store_deferred_page page = j->in.deferred_page;
	struct ordered_node *n = ordered_after(&m->deferred.by_expiry, STR(""), false);

	if (!page_alloc(j, page.max))
		return -ENOMEM;
	for (; n && j->found_n < page.max;
	     n = ordered_after(&m->deferred.by_expiry, n->key, false)) {
		struct memory_message *d = container_of(n, struct memory_message, by_time);

		if (d->message.expires_ms > page.now_ms)
			break;
		if (!give(j, d))
			return -ENOMEM;
	}
	return 0;
}


int memory_deferred_get(struct memory *m, struct store_job *j)
{
	struct memory_message *d = memory_deferred_find_id(m, j->in.id);
	struct store_deferred *to;

	if (!d)
		return -ENOENT;
	to = page_alloc(j, 1) ? give(j, d) : NULL;
	if (!to || !copy_devices(&j->arena, to, d) ||
	    !store_text_copy(&j->arena, &to->headers, d->message.headers) ||
	    !store_text_copy(&j->arena, &to->body, d->message.body))
		return -ENOMEM;
	return 0;
}


/* The last matches in a ring, then from the newest backwards. */
int memory_deferred_find(struct memory *m, struct store_job *j)
{
	const struct memory_message *ring[STORE_DEFERRED_FIND_MAX];
	struct ordered_node *n = ordered_after(&m->deferred.by_id, STR(""), false);
	struct str text = j->in.text;
	size_t matches = 0;

	if (!page_alloc(j, STORE_DEFERRED_FIND_MAX))
		return -ENOMEM;
	for (; n; n = ordered_after(&m->deferred.by_id, n->key, false)) {
		struct memory_message *d = container_of(n, struct memory_message, by_id);

		if (str_eq(d->message.call_id, text) ||
		    (text.n && str_eq(d->message.message_id, text)))
			ring[matches++ % STORE_DEFERRED_FIND_MAX] = d;
	}
	while (matches && j->found_n < STORE_DEFERRED_FIND_MAX) {
		const struct memory_message *d = ring[--matches % STORE_DEFERRED_FIND_MAX];
		struct store_deferred *to = give(j, d);

		if (!to || !copy_devices(&j->arena, to, d))
			return -ENOMEM;
	}
	return 0;
}


int memory_deferred_users(struct memory *m, struct store_job *j)
{
	const struct store_deferred_page page = j->in.deferred_page;
	struct store_waiting_user *to = arena_alloc(&j->arena, page.max * sizeof(*to));
	struct ordered_node *n = ordered_after(&m->deferred.users, page.user, false);

	if (!to)
		return -ENOMEM;
	j->found = to;
	for (; n && j->found_n < page.max; n = ordered_after(&m->deferred.users, n->key, false)) {
		to[j->found_n] = container_of(n, struct memory_user, node)->user;
		if (!store_text_copy(&j->arena, &to[j->found_n].user, to[j->found_n].user))
			return -ENOMEM;
		j->found_n++;
	}
	return 0;
}


static int64_t next_expiry(struct memory *m)
{
	struct ordered_node *n = ordered_after(&m->deferred.by_expiry, STR(""), false);

	return n ? container_of(n, struct memory_message, by_time)->message.expires_ms : 0;
}


int memory_deferred_count(struct memory *m, struct store_job *j)
{
	struct store_deferred_count *to = arena_alloc(&j->arena, sizeof(*to));
	struct memory_user *u = memory_deferred_find_user(m, j->in.text);

	if (!to)
		return -ENOMEM;
	if (!j->in.text.n)
		*to = (struct store_deferred_count){m->deferred.held, m->deferred.bytes,
						    m->deferred.tombstones, next_expiry(m)};
	else if (u)
		*to = (struct store_deferred_count){.held = u->user.messages,
						    .bytes = u->user.bytes};
	j->found = to;
	j->found_n = 1;
	return 0;
}
