/* SPDX-License-Identifier: Apache-2.0 */
/* Deferred messages in memory: what changes them. */
#include "store/memory/deferred.h"

#include <errno.h>

#include "store/content_area.h"

static const uint16_t user_texts[] = {offsetof(struct store_waiting_user, user)};
static const struct store_shape user_shape = {sizeof(struct store_waiting_user), 1, user_texts};


static struct memory_message *of_id(struct ordered_node *n)
{
	return n ? container_of(n, struct memory_message, by_id) : NULL;
}


struct memory_message *memory_deferred_find_id(struct memory *m, uint64_t id)
{
	char digits[8];
	struct buf key;

	buf_fixed(&key, digits, sizeof(digits));
	memory_key_number(&key, id);
	return of_id(ordered_find(&m->deferred.by_id, buf_str(&key)));
}


struct memory_user *memory_deferred_find_user(struct memory *m, struct str user)
{
	struct ordered_node *n = ordered_find(&m->deferred.users, user);

	return n ? container_of(n, struct memory_user, node) : NULL;
}


static void put_id_key(struct memory_message *d)
{
	struct buf key;

	buf_fixed(&key, d->id, sizeof(d->id));
	memory_key_number(&key, d->message.id);
	d->by_id.key = buf_str(&key);
}


static void put_time_key(struct memory_message *d, int64_t time_ms)
{
	struct buf key;

	buf_fixed(&key, d->time, sizeof(d->time));
	memory_key_number(&key, (uint64_t)time_ms);
	memory_key_number(&key, d->message.id);
	d->by_time.key = buf_str(&key);
}


/* ---- Holding ---- */

static void put_request(struct buf *key, const struct store_deferred *d)
{
	memory_key_text(key, d->user);
	memory_key_text(key, d->call_id);
	memory_key_text(key, d->from_tag);
	memory_key_number(key, d->cseq);
}


static bool copy_content(struct memory_message *d, const struct store_deferred *from)
{
	d->content = mem_alloc(from->headers.n + from->body.n + 1, NULL);
	if (!d->content)
		return false;
	if (from->headers.n)
		memcpy(d->content, from->headers.p, from->headers.n);
	if (from->body.n)
		memcpy(d->content + from->headers.n, from->body.p, from->body.n);
	d->message.headers = (struct str){d->content, from->headers.n};
	d->message.body = (struct str){d->content + from->headers.n, from->body.n};
	return true;
}


/* `request` stands first in the keys, the user's behind it. */
static struct memory_message *make(const struct store_deferred *d, struct str request,
				   struct str keys)
{
	struct store_deferred bare = *d;
	struct memory_message *made;
	struct str copy;

	bare.headers = bare.body = STR("");
	made = memory_record_make(offsetof(struct memory_message, message), &bare,
				  &store_deferred_shape, keys, &copy);
	if (!made)
		return NULL;
	made->by_request.key = str_upto(copy, request.n);
	made->by_user.key = str_from(copy, request.n);
	put_id_key(made);
	if (d->expires_ms)
		put_time_key(made, d->expires_ms);
	return copy_content(made, d) ? made : mem_unref(made);
}


static struct memory_user *make_user(struct str user)
{
	struct store_waiting_user u = {.user = user};
	struct memory_user *made = memory_record_make(offsetof(struct memory_user, user), &u,
						      &user_shape, STR(""), NULL);

	if (made)
		made->node.key = made->user.user;
	return made;
}


static void enter(struct memory *m, struct memory_message *d, struct memory_user *u)
{
	struct memory_deferred *all = &m->deferred;

	ordered_insert(&all->by_id, &d->by_id);
	ordered_insert(&all->by_request, &d->by_request);
	ordered_insert(&all->by_user, &d->by_user);
	if (d->message.expires_ms)
		ordered_insert(&all->by_expiry, &d->by_time);
	if (!u->user.messages)
		ordered_insert(&all->users, &u->node);
	u->user.messages++;
	u->user.bytes += d->message.size;
	all->held++;
	all->bytes += d->message.size;
	all->last_id = d->message.id;
}


static int hold(struct memory *m, struct store_deferred *d, struct str request, struct buf *keys)
{
	struct memory_user *u = memory_deferred_find_user(m, d->user), *fresh = NULL;
	struct memory_message *made;

	d->id = m->deferred.last_id + 1;
	memory_key_text(keys, d->user);
	memory_key_number(keys, d->id);
	if (!u)
		u = fresh = make_user(d->user);
	made = u && !keys->failed ? make(d, str_upto(buf_str(keys), request.n), buf_str(keys))
				  : NULL;
	if (!made) {
		mem_unref(fresh);
		return -ENOMEM;
	}
	enter(m, made, u);
	return 0;
}


static void remove_content(struct memory *m, const struct store_deferred *d)
{
	if (d->file.n && m->contents)
		content_memory_remove(m->contents, d->file);
}


static int hold_once(struct memory *m, struct store_job *j, struct buf *keys)
{
	struct store_deferred *d = &j->in.hold.message;
	struct memory_user *u = memory_deferred_find_user(m, d->user);
	struct ordered_node *n;

	put_request(keys, d);
	if (keys->failed)
		return -ENOMEM;
	n = ordered_find(&m->deferred.by_request, buf_str(keys));
	if (n) {
		const struct memory_message *had = container_of(n, struct memory_message,
								by_request);

		d->id = had->message.id;
		d->state = had->message.state;
		if (!str_eq(had->message.file, d->file))
			remove_content(m, d);
		return 0;
	}
	if (j->in.hold.quota && u && u->user.messages >= j->in.hold.quota)
		return -EDQUOT;
	return hold(m, d, buf_str(keys), keys);
}


int memory_deferred_hold(struct memory *m, struct store_job *j)
{
	struct buf keys = BUF_INIT(MEMORY_KEY_MAX);
	int r = hold_once(m, j, &keys);

	buf_done(&keys);
	j->found = &j->in.hold.message;
	j->found_n = 1;
	return r;
}


/* ---- The end ---- */

static void user_leave(struct memory *m, const struct memory_message *d)
{
	struct memory_user *u = memory_deferred_find_user(m, d->message.user);

	u->user.bytes -= d->message.size;
	if (--u->user.messages)
		return;
	ordered_remove(&m->deferred.users, &u->node);
	mem_unref(u);
}


/* Held no more. */
static void leave(struct memory *m, struct memory_message *d)
{
	ordered_remove(&m->deferred.by_user, &d->by_user);
	if (d->message.expires_ms)
		ordered_remove(&m->deferred.by_expiry, &d->by_time);
	user_leave(m, d);
	m->deferred.held--;
	m->deferred.bytes -= d->message.size;
}


static void delete (struct memory *m, struct memory_message *d)
{
	remove_content(m, &d->message);
	if (d->message.state == STORE_DEFERRED_HELD) {
		leave(m, d);
	} else {
		ordered_remove(&m->deferred.by_finish, &d->by_time);
		m->deferred.tombstones--;
	}
	ordered_remove(&m->deferred.by_id, &d->by_id);
	ordered_remove(&m->deferred.by_request, &d->by_request);
	for (struct memory_device *next; d->devices; d->devices = next) {
		next = d->devices->next;
		mem_unref(d->devices);
	}
	mem_unref(d->content);
	mem_unref(d);
}


static struct memory_message *oldest_tombstone(struct memory *m)
{
	struct ordered_node *n = ordered_after(&m->deferred.by_finish, STR(""), false);

	return n ? container_of(n, struct memory_message, by_time) : NULL;
}


static void bury(struct memory *m, struct memory_message *d, const struct store_finish *in)
{
	leave(m, d);
	remove_content(m, &d->message);
	d->content = mem_unref(d->content);
	d->message.headers = d->message.body = d->message.file = d->message.media = STR("");
	d->message.state = in->state;
	d->message.finished_ms = in->now_ms;
	put_time_key(d, in->now_ms);
	ordered_insert(&m->deferred.by_finish, &d->by_time);
	if (++m->deferred.tombstones > STORE_TOMBSTONES_MAX)
		delete (m, oldest_tombstone(m));
}


/* The message into the job, as it is before it goes. */
static int give(struct store_job *j, const struct memory_message *d)
{
	struct store_deferred *to = arena_alloc(&j->arena, sizeof(*to));

	if (!to || !memory_deferred_copy(&j->arena, to, d))
		return -ENOMEM;
	j->found = to;
	j->found_n = 1;
	return 0;
}


int memory_deferred_finish(struct memory *m, struct store_job *j)
{
	const struct store_finish in = j->in.finish;
	struct memory_message *d = memory_deferred_find_id(m, in.id);
	struct store_deferred *to;

	if (!d || d->message.state != STORE_DEFERRED_HELD)
		return -ENOENT;
	if (give(j, d))
		return -ENOMEM;
	bury(m, d, &in);
	to = j->found;
	to->state = in.state;
	to->finished_ms = in.now_ms;
	return 0;
}


int memory_deferred_delete(struct memory *m, struct store_job *j)
{
	struct memory_message *d = memory_deferred_find_id(m, j->in.id);

	if (!d)
		return -ENOENT;
	if (give(j, d))
		return -ENOMEM;
	delete (m, d);
	return 0;
}


int memory_deferred_purge(struct memory *m, struct store_job *j)
{
	int64_t before_ms = j->in.now_ms - STORE_TOMBSTONE_MS;
	struct memory_message *d;

	while (j->found_n < STORE_PURGE_MAX && (d = oldest_tombstone(m)) &&
	       d->message.finished_ms <= before_ms) {
		delete (m, d);
		j->found_n++;
	}
	return 0;
}


/* ---- Devices ---- */

/* Where the device's record is, or belongs. */
static struct memory_device **device_place(struct memory_message *d, struct str key)
{
	struct memory_device **at = &d->devices;

	while (*at && str_cmp((*at)->device.key, key) < 0)
		at = &(*at)->next;
	return at;
}


static bool less_missed(const struct store_device *a, const struct store_device *b)
{
	bool a_had = a->state == STORE_DEVICE_DELIVERED, b_had = b->state == STORE_DEVICE_DELIVERED;

	return a_had != b_had ? b_had : a->last_ms < b->last_ms;
}


/* When there are too many: the one least missed goes, but not the one just written. */
static void device_trim(struct memory_message *d, const struct memory_device *written)
{
	struct memory_device **goes = NULL, *gone;
	size_t n = 0;

	for (struct memory_device **at = &d->devices; *at; at = &(*at)->next, n++)
		if (*at != written && (!goes || less_missed(&(*at)->device, &(*goes)->device)))
			goes = at;
	if (n <= STORE_DEFERRED_DEVICES_MAX)
		return;
	gone = *goes;
	*goes = gone->next;
	mem_unref(gone);
}


int memory_deferred_mark(struct memory *m, struct store_job *j)
{
	const struct store_device *in = &j->in.mark.device;
	struct memory_message *d = memory_deferred_find_id(m, j->in.mark.id);
	struct memory_device **at, *v;

	if (!d)
		return -ENOENT;
	at = device_place(d, in->key);
	v = *at;
	if (v && str_eq(v->device.key, in->key)) {
		if (v->device.state == STORE_DEVICE_DELIVERED)
			return 0;
		v->device.state = in->state;
		v->device.attempts++;
		v->device.status = in->status;
		v->device.last_ms = in->last_ms;
		v->device.next_try_ms = in->next_try_ms;
		return 0;
	}
	v = memory_record_make(offsetof(struct memory_device, device), in, &store_device_shape,
			       STR(""), NULL);
	if (!v)
		return -ENOMEM;
	v->next = *at;
	*at = v;
	device_trim(d, v);
	return 0;
}


void memory_deferred_clear(struct memory *m)
{
	while (m->deferred.by_id.root)
		delete (m, of_id(m->deferred.by_id.root));
}
