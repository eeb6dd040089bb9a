/* SPDX-License-Identifier: Apache-2.0 */
/* The history in memory: what changes it. */
#include <errno.h>

#include "store/content_area.h"
#include "store/memory/deferred.h"
#include "store/memory/history.h"


/* ---- Finding ---- */

static struct memory_entry *of_id(struct ordered_node *n)
{
	return n ? container_of(n, struct memory_entry, by_id) : NULL;
}


static struct ordered_node *find_id(const struct ordered *o, uint64_t id)
{
	char digits[8];
	struct buf key;

	buf_fixed(&key, digits, sizeof(digits));
	memory_key_number(&key, id);
	return ordered_find(o, buf_str(&key));
}


struct memory_entry *memory_history_find(struct memory *m, uint64_t id)
{
	return of_id(find_id(&m->history.by_id, id));
}


struct memory_conversation *memory_conversation_find(struct memory *m, uint64_t id)
{
	struct ordered_node *n = find_id(&m->history.conversations, id);

	return n ? container_of(n, struct memory_conversation, by_id) : NULL;
}


struct memory_owner *memory_history_owner(struct memory *m, struct str owner)
{
	struct ordered_node *n = ordered_find(&m->history.owners, owner);

	return n ? container_of(n, struct memory_owner, node) : NULL;
}


/* A text has STORE_HISTORY_TEXT_MAX bytes at the most: the key of owner and number. */
struct owner_key {
	struct buf key;
	char storage[STORE_HISTORY_TEXT_MAX + 16];
};


static struct ordered_node *after_key(const struct ordered *o, struct str owner, uint64_t after)
{
	struct owner_key k;

	buf_fixed(&k.key, k.storage, sizeof(k.storage));
	memory_key_text(&k.key, owner);
	memory_key_number(&k.key, after);
	return k.key.failed ? NULL : ordered_after(o, buf_str(&k.key), false);
}


struct memory_entry *memory_history_after(struct memory *m, struct str owner, uint64_t after)
{
	struct ordered_node *n = after_key(&m->history.by_owner, owner, after);
	struct memory_entry *e = n ? container_of(n, struct memory_entry, by_owner) : NULL;

	return e && str_eq(e->entry.owner, owner) ? e : NULL;
}


struct memory_conversation *memory_conversation_after(struct memory *m, struct str owner,
						      uint64_t after)
{
	struct ordered_node *n = after_key(&m->history.conversations_by_owner, owner, after);
	struct memory_conversation *v = n ? container_of(n, struct memory_conversation, by_owner)
					  : NULL;

	return v && str_eq(v->conversation.owner, owner) ? v : NULL;
}


static void put_id(char to[8], struct ordered_node *n, uint64_t id)
{
	struct buf key;

	buf_fixed(&key, to, 8);
	memory_key_number(&key, id);
	n->key = buf_str(&key);
}


/* ---- Conversations ---- */

static struct memory_conversation *make_conversation(const struct store_conversation *v)
{
	struct memory_conversation *made;
	struct owner_key k;
	struct str copy;

	buf_fixed(&k.key, k.storage, sizeof(k.storage));
	memory_key_text(&k.key, v->owner);
	memory_key_number(&k.key, v->id);
	made = memory_record_make(offsetof(struct memory_conversation, conversation), v,
				  &store_conversation_shape, buf_str(&k.key), &copy);
	if (!made)
		return NULL;
	made->by_owner.key = copy;
	put_id(made->id, &made->by_id, v->id);
	return made;
}


static void enter_conversation(struct memory *m, struct memory_conversation *v)
{
	ordered_insert(&m->history.conversations, &v->by_id);
	ordered_insert(&m->history.conversations_by_owner, &v->by_owner);
}


static void leave_conversation(struct memory *m, struct memory_conversation *v)
{
	ordered_remove(&m->history.conversations, &v->by_id);
	ordered_remove(&m->history.conversations_by_owner, &v->by_owner);
	mem_unref(v);
}


int memory_history_begin(struct memory *m, struct store_job *j)
{
	struct memory_conversation *v;

	if (memory_conversation_find(m, j->in.conversation.id))
		return -EEXIST;
	v = make_conversation(&j->in.conversation);
	if (!v)
		return -ENOMEM;
	enter_conversation(m, v);
	return 0;
}


/* The reason is a text more: the record is made anew. */
static int end_conversation(struct memory *m, struct memory_conversation *v, int64_t end_ms,
			    struct str reason)
{
	struct store_conversation fresh = v->conversation;
	struct memory_conversation *made;

	fresh.end_ms = end_ms;
	fresh.reason = reason;
	made = make_conversation(&fresh);
	if (!made)
		return -ENOMEM;
	leave_conversation(m, v);
	enter_conversation(m, made);
	return 0;
}


int memory_history_end(struct memory *m, struct store_job *j)
{
	const struct store_history_one *in = &j->in.history_one;
	struct memory_conversation *v = memory_conversation_find(m, in->id);

	if (!v)
		return -ENOENT;
	return v->conversation.end_ms ? 0 : end_conversation(m, v, in->at_ms, in->reason);
}


static int64_t last_entry_ms(struct memory *m, const struct store_conversation *v)
{
	int64_t last = v->begin_ms;

	for (struct memory_entry *e = memory_history_after(m, v->owner, 0); e;
	     e = memory_history_after(m, v->owner, e->entry.id))
		if (e->entry.conversation == v->id && STORE_HISTORY_MS(e->entry.id) > last)
			last = STORE_HISTORY_MS(e->entry.id);
	return last;
}


int memory_history_end_all(struct memory *m, struct store_job *j)
{
	struct ordered_node *n = ordered_after(&m->history.conversations, STR(""), false);
	int r = 0;

	while (!r && n && j->found_n < STORE_HISTORY_REMOVE_MAX) {
		struct memory_conversation *v = container_of(n, struct memory_conversation, by_id);
		uint64_t id = v->conversation.id;

		if (!v->conversation.end_ms) {
			r = end_conversation(m, v, last_entry_ms(m, &v->conversation),
					     j->in.history_one.reason);
			j->found_n++;
		}
		n = find_id(&m->history.conversations, id);
		n = n ? ordered_after(&m->history.conversations, n->key, false) : NULL;
	}
	return r;
}


static void drop_conversations(struct memory *m, struct str owner)
{
	struct memory_conversation *v = memory_conversation_after(m, owner, 0), *next;

	for (; v; v = next) {
		next = memory_conversation_after(m, owner, v->conversation.id);
		if (!v->conversation.entries && v->conversation.end_ms)
			leave_conversation(m, v);
	}
}


/* ---- Removing ---- */

static void count(struct memory *m, const struct store_history_entry *e, bool more)
{
	struct memory_owner *o = memory_history_owner(m, e->owner);
	struct memory_conversation *v = memory_conversation_find(m, e->conversation);

	o->count.entries += more ? 1 : (uint64_t)-1;
	o->count.bytes += more ? e->size : (uint64_t)-e->size;
	if (!v)
		return;
	v->conversation.entries += more ? 1 : (uint64_t)-1;
	v->conversation.bytes += more ? e->size : (uint64_t)-e->size;
}


static void leave(struct memory *m, struct memory_entry *e)
{
	ordered_remove(&m->history.by_id, &e->by_id);
	ordered_remove(&m->history.by_owner, &e->by_owner);
	if (e->entry.request.n)
		ordered_remove(&m->history.by_request, &e->by_request);
	count(m, &e->entry, false);
	if (e->entry.file.n && m->contents)
		content_memory_remove(m->contents, e->entry.file);
	mem_unref(e);
}


int memory_history_delete(struct memory *m, struct store_job *j)
{
	const struct store_history_one in = j->in.history_one;
	struct memory_entry *e = memory_history_find(m, in.id);

	if (!e || !str_eq(e->entry.owner, in.owner))
		return -ENOENT;
	leave(m, e);
	drop_conversations(m, in.owner);
	j->found_n = 1;
	return 0;
}


int memory_history_clear(struct memory *m, struct store_job *j)
{
	const struct store_history_one in = j->in.history_one;
	struct memory_entry *e = memory_history_after(m, in.owner, 0), *next;

	for (; e && j->found_n < STORE_HISTORY_REMOVE_MAX; e = next) {
		next = memory_history_after(m, in.owner, e->entry.id);
		if (in.id && e->entry.conversation != in.id)
			continue;
		leave(m, e);
		j->found_n++;
	}
	drop_conversations(m, in.owner);
	return 0;
}


int memory_history_purge(struct memory *m, struct store_job *j)
{
	uint64_t before = STORE_HISTORY_ID(j->in.history_one.at_ms);
	struct ordered_node *n;
	size_t dropped = 0;

	while (j->found_n < STORE_HISTORY_REMOVE_MAX &&
	       (n = ordered_after(&m->history.by_id, STR(""), false)) &&
	       of_id(n)->entry.id < before) {
		leave(m, of_id(n));
		j->found_n++;
	}
	n = ordered_after(&m->history.conversations, STR(""), false);
	while (n && dropped < STORE_HISTORY_REMOVE_MAX) {
		struct memory_conversation *v = container_of(n, struct memory_conversation, by_id);

		if (v->conversation.id >= before)
			break;
		n = ordered_after(&m->history.conversations, n->key, false);
		if (!v->conversation.entries && v->conversation.end_ms) {
			leave_conversation(m, v);
			dropped++;
		}
	}
	return 0;
}


/* ---- Adding ---- */

static struct memory_entry *find_request(struct memory *m, const struct store_history_entry *e)
{
	char storage[2 * STORE_HISTORY_TEXT_MAX + 16];
	struct ordered_node *n;
	struct buf key;

	if (!e->request.n)
		return NULL;
	buf_fixed(&key, storage, sizeof(storage));
	memory_key_text(&key, e->owner);
	memory_key_text(&key, e->request);
	n = ordered_find(&m->history.by_request, buf_str(&key));
	return n ? container_of(n, struct memory_entry, by_request) : NULL;
}


static struct memory_entry *make(const struct store_history_entry *e)
{
	char storage[3 * STORE_HISTORY_TEXT_MAX + 32];
	struct memory_entry *made;
	struct str copy;
	struct buf key;
	size_t first;

	buf_fixed(&key, storage, sizeof(storage));
	memory_key_text(&key, e->owner);
	memory_key_number(&key, e->id);
	first = key.n;
	memory_key_text(&key, e->owner);
	memory_key_text(&key, e->request);
	made = memory_record_make(offsetof(struct memory_entry, entry), e, &store_history_shape,
				  buf_str(&key), &copy);
	if (!made)
		return NULL;
	made->entry.held = 0;
	made->by_owner.key = str_upto(copy, first);
	made->by_request.key = str_from(copy, first);
	put_id(made->id, &made->by_id, e->id);
	return made;
}


static bool owner_ensure(struct memory *m, struct str owner)
{
	struct memory_owner *o = memory_history_owner(m, owner);

	if (o)
		return true;
	o = mem_alloc(sizeof(*o) + owner.n + 1, NULL);
	if (!o)
		return false;
	if (owner.n)
		memcpy(o->owner, owner.p, owner.n);
	o->node.key = (struct str){o->owner, owner.n};
	ordered_insert(&m->history.owners, &o->node);
	return true;
}


static void make_room(struct memory *m, const struct store_history_entry *e,
		      const struct store_history_quota *q)
{
	struct memory_owner *o = memory_history_owner(m, e->owner);

	for (size_t i = 0; i < STORE_HISTORY_REMOVE_MAX; i++) {
		struct memory_entry *oldest = memory_history_after(m, e->owner, 0);

		if ((!q->entries || o->count.entries < q->entries) &&
		    (!q->bytes || o->count.bytes + e->size <= q->bytes))
			return;
		if (!oldest)
			return;
		leave(m, oldest);
	}
}


static void enter(struct memory *m, struct memory_entry *e)
{
	ordered_insert(&m->history.by_id, &e->by_id);
	ordered_insert(&m->history.by_owner, &e->by_owner);
	if (e->entry.request.n)
		ordered_insert(&m->history.by_request, &e->by_request);
	count(m, &e->entry, true);
	m->history.last_id = e->entry.id;
}


static bool is_same(const struct store_history_entry *a, const struct store_history_entry *b)
{
	return a->request.n && str_eq(a->request, b->request) && str_eq(a->owner, b->owner);
}


/* All are made before one is entered: all or none. */
static int prepare(struct memory *m, struct store_history_add *in,
		   struct memory_entry *made[STORE_HISTORY_COPIES_MAX])
{
	uint64_t id = STORE_HISTORY_ID(in->now_ms);
	struct memory_entry *there;

	if (id <= m->history.last_id)
		id = m->history.last_id + 1;
	for (size_t i = 0; i < in->n; i++) {
		struct store_history_entry *e = &in->entry[i];

		there = find_request(m, e);
		if (there || (i && is_same(e, &in->entry[i - 1]))) {
			e->id = there ? there->entry.id : in->entry[i - 1].id;
			continue;
		}
		e->id = id++;
		made[i] = owner_ensure(m, e->owner) ? make(e) : NULL;
		if (!made[i])
			return -ENOMEM;
	}
	return 0;
}


/* What waits lends its content: a tombstone has none. */
static int share(struct memory *m, const struct store_history_entry *e)
{
	const struct memory_message *d = memory_deferred_find_id(m, e->held);
	struct content_bytes *b = d && d->message.file.n && m->contents
					  ? content_memory_find(m->contents, d->message.file)
					  : NULL;

	return b ? content_memory_add(m->contents, e->file, b) : -ENOENT;
}


static void unshare(struct memory *m, const struct store_history_add *in)
{
	for (size_t i = 0; i < in->n; i++)
		if (in->entry[i].held && m->contents)
			content_memory_remove(m->contents, in->entry[i].file);
}


int memory_history_add(struct memory *m, struct store_job *j)
{
	struct memory_entry *made[STORE_HISTORY_COPIES_MAX] = {NULL};
	struct store_history_found *f = arena_alloc(&j->arena, sizeof(*f));
	struct store_history_add *in = &j->in.history_add;
	int r = f ? 0 : -ENOMEM;

	for (size_t i = 0; !r && i < in->n; i++)
		if (in->quota.bytes && in->entry[i].size > in->quota.bytes)
			r = -EDQUOT;
	for (size_t i = 0; !r && i < in->n; i++)
		r = in->entry[i].held ? share(m, &in->entry[i]) : 0;
	if (!r)
		r = prepare(m, in, made);
	_Static_assert(STORE_HISTORY_COPIES_MAX == 2, "a copy is compared with the one before it");
	for (size_t i = 0; i < in->n; i++) {
		if (r) {
			mem_unref(made[i]);
		} else if (made[i]) {
			make_room(m, &made[i]->entry, &in->quota);
			enter(m, made[i]);
		} else if (in->entry[i].file.n && m->contents) {
			content_memory_remove(m->contents, in->entry[i].file);
		}
	}
	if (r) {
		unshare(m, in);
		return r;
	}
	f->entry = in->entry;
	f->n = in->n;
	j->found = f;
	return 0;
}


/* Those of all copies, with ids; what is alone larger than the quota is left out. */
static int make_bundles(struct memory *m, const struct store_history_bundles *in,
			struct memory_entry **made, size_t *n)
{
	uint64_t id = STORE_HISTORY_ID(in->now_ms);

	if (id <= m->history.last_id)
		id = m->history.last_id + 1;
	for (size_t i = 0; i < in->n; i++) {
		struct store_history_bundle_walk walk;
		struct store_history_entry e;

		store_history_bundle_begin(&walk, in->bundle[i]);
		while (store_history_bundle_next(&walk, &e)) {
			if (in->quota.bytes && e.size > in->quota.bytes)
				continue;
			e.id = id++;
			made[*n] = owner_ensure(m, e.owner) ? make(&e) : NULL;
			if (!made[*n])
				return -ENOMEM;
			(*n)++;
		}
	}
	return 0;
}


int memory_history_add_bundle(struct memory *m, struct store_job *j)
{
	const struct store_history_bundles *in = &j->in.history_bundles;
	struct store_history_count *added = arena_alloc(&j->arena, sizeof(*added));
	struct memory_entry **made;
	size_t most = 0, n = 0;
	int r;

	for (size_t i = 0; i < in->n; i++)
		most += store_history_bundle_entries(in->bundle[i]);
	made = arena_alloc(&j->arena, most * sizeof(struct memory_entry *));
	r = made && added ? make_bundles(m, in, made, &n) : -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		if (r) {
			mem_unref(made[i]);
			continue;
		}
		added->entries++;
		added->bytes += made[i]->entry.size;
		make_room(m, &made[i]->entry, &in->quota);
		enter(m, made[i]);
	}
	j->found = added;
	j->found_n = 1;
	return r;
}


void memory_history_delete_user(struct memory *m, struct str aor)
{
	struct memory_owner *o = memory_history_owner(m, aor);
	struct memory_conversation *v;
	struct memory_entry *e;

	while ((e = memory_history_after(m, aor, 0)))
		leave(m, e);
	while ((v = memory_conversation_after(m, aor, 0)))
		leave_conversation(m, v);
	if (!o)
		return;
	ordered_remove(&m->history.owners, &o->node);
	mem_unref(o);
}


void memory_history_clear_all(struct memory *m)
{
	struct ordered_node *n;

	while (m->history.by_id.root)
		leave(m, of_id(m->history.by_id.root));
	while ((n = m->history.conversations.root))
		leave_conversation(m, container_of(n, struct memory_conversation, by_id));
	while ((n = m->history.owners.root)) {
		ordered_remove(&m->history.owners, n);
		mem_unref(container_of(n, struct memory_owner, node));
	}
}
