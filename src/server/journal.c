/* SPDX-License-Identifier: Apache-2.0 */
/* The journal: two rings, of entries and of their texts. */
#include "server/journal.h"

#include <errno.h>

#include "base/hash.h"
#include "base/mem.h"

/** An entry's texts stand one behind the other in the ring of bytes, at `text_at` of all that was ever written. */
struct entry {
	int64_t at_ms;
	uint64_t call, message; /**< hashes of the ids; message 0: none */
	uint64_t text_at, size;
	uint32_t took_ms, recipients;
	uint16_t originator_n, recipient_n, reason_n;
	uint16_t status;
	uint8_t outcome, kind, side;
};

/** Messages, and notifications on them, that one question leads to. */
#define JOURNAL_IDS_MAX 32

struct journal {
	struct loop *loop;
	struct hash_key key;
	struct im_listener listener;
	struct entry *entries;
	char *text;
	size_t entries_max, bytes_max;
	uint64_t written; /**< entries so far */
	uint64_t bytes;   /**< of text so far */
};


static uint64_t hash_of(const struct journal *j, struct str id)
{
	return id.n ? hash_bytes(&j->key, id.p, id.n) | 1 : 0;
}


static uint16_t put_text(struct journal *j, struct str s)
{
	size_t at = (size_t)(j->bytes % j->bytes_max),
	       n = s.n < JOURNAL_TEXT_MAX ? s.n : JOURNAL_TEXT_MAX;
	size_t first = n < j->bytes_max - at ? n : j->bytes_max - at;

	if (n) {
		memcpy(j->text + at, s.p, first);
		memcpy(j->text, s.p + first, n - first);
	}
	j->bytes += n;
	return (uint16_t)n;
}


static void on_event(const struct im_event *e, void *arg)
{
	struct journal *j = arg;
	struct entry *n = &j->entries[j->written++ % j->entries_max];

	*n = (struct entry){
		.at_ms = loop_wall_ms(j->loop),
		.call = hash_of(j, e->call_id),
		.message = hash_of(j, e->message_id),
		.text_at = j->bytes,
		.size = e->size,
		.took_ms = e->took_ms,
		.recipients = e->recipients,
		.status = e->status,
		.outcome = (uint8_t)e->outcome,
		.kind = (uint8_t)e->kind,
		.side = (uint8_t)e->side,
	};
	n->originator_n = put_text(j, e->originator);
	n->recipient_n = put_text(j, e->recipient);
	n->reason_n = put_text(j, e->reason);
}


static struct str get_text(const struct journal *j, uint64_t at, uint16_t n, char *storage)
{
	size_t from = (size_t)(at % j->bytes_max),
	       first = n < j->bytes_max - from ? n : j->bytes_max - from;

	memcpy(storage, j->text + from, first);
	memcpy(storage + first, j->text, n - first);
	return (struct str){storage, n};
}


static void show(const struct journal *j, const struct entry *n, journal_entry_cb *each, void *arg)
{
	char storage[3][JOURNAL_TEXT_MAX];
	uint64_t at = n->text_at;

	each(
		&(struct journal_entry){
			.at_ms = n->at_ms,
			.outcome = (enum im_outcome)n->outcome,
			.kind = (enum im_kind)n->kind,
			.side = (enum im_side)n->side,
			.status = n->status,
			.took_ms = n->took_ms,
			.recipients = n->recipients,
			.size = n->size,
			.originator = get_text(j, at, n->originator_n, storage[0]),
			.recipient = get_text(j, at + n->originator_n, n->recipient_n, storage[1]),
			.reason = get_text(j, at + n->originator_n + n->recipient_n, n->reason_n,
					   storage[2]),
		},
		arg);
}


/** Ids as hashes. */
struct ids {
	uint64_t id[JOURNAL_IDS_MAX];
	size_t n;
};

/** What a question leads to: the id itself, the notifications on its messages, and what became of those. */
struct story {
	uint64_t id, from;
	struct ids messages, notifications; /**< Message-IDs; Call-IDs */
};


static bool has(const struct ids *ids, uint64_t id)
{
	for (size_t i = 0; i < ids->n; i++) {
		if (ids->id[i] == id)
			return true;
	}
	return false;
}


static void add(struct ids *ids, uint64_t id)
{
	if (id && ids->n < JOURNAL_IDS_MAX && !has(ids, id))
		ids->id[ids->n++] = id;
}


static bool is_asked(const struct story *y, const struct entry *n)
{
	return n->call == y->id || n->message == y->id;
}


static bool is_of(const struct story *y, const struct entry *n)
{
	return is_asked(y, n) || has(&y->notifications, n->call) ||
	       (n->kind == IM_NOTIFICATION && has(&y->messages, n->message));
}


static const struct entry *entry_at(const struct journal *j, uint64_t i)
{
	return &j->entries[i % j->entries_max];
}


/* Its messages first: a notification may be older than what is asked for. */
static void follow(const struct journal *j, struct story *y)
{
	for (uint64_t i = y->from; i < j->written; i++) {
		if (is_asked(y, entry_at(j, i)))
			add(&y->messages, entry_at(j, i)->message);
	}
	for (uint64_t i = y->from; i < j->written; i++) {
		const struct entry *n = entry_at(j, i);

		if (n->kind == IM_NOTIFICATION && is_of(y, n))
			add(&y->notifications, n->call);
	}
}


size_t journal_find(const struct journal *j, struct str id, journal_entry_cb *each, void *arg)
{
	struct story y = {
		.id = hash_of(j, id),
		.from = j->written > j->entries_max ? j->written - j->entries_max : 0,
	};
	size_t found = 0;

	if (!y.id)
		return 0;
	follow(j, &y);
	for (uint64_t i = y.from; i < j->written; i++) {
		const struct entry *n = entry_at(j, i);

		/* Texts that were written over take their entry with them. */
		if (!is_of(&y, n) || j->bytes - n->text_at > j->bytes_max)
			continue;
		show(j, n, each, arg);
		found++;
	}
	return found;
}


static void destroy(void *object)
{
	struct journal *j = object;

	mem_free(j->entries);
	mem_free(j->text);
	mem_unref(j->loop);
}


int journal_alloc(struct journal **ret, struct loop *loop, struct im_events *events,
		  size_t entries_max, size_t bytes_max)
{
	struct journal *j = mem_alloc(sizeof(*j), destroy);

	if (!j)
		return -ENOMEM;
	j->loop = mem_ref(loop);
	j->entries_max = entries_max;
	j->bytes_max = bytes_max;
	/* Pages that were never written cost nothing. */
	j->entries = mem_raw(entries_max * sizeof(*j->entries));
	j->text = mem_raw(bytes_max);
	if (!j->entries || !j->text) {
		mem_unref(j);
		return -ENOMEM;
	}
	loop_random(loop, &j->key, sizeof(j->key));
	j->listener.event = on_event;
	j->listener.arg = j;
	im_events_listen(events, &j->listener);
	*ret = j;
	return 0;
}
