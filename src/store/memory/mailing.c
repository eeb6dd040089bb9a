/* SPDX-License-Identifier: Apache-2.0 */
/* Mailings in memory. */
#include <errno.h>

#include "store/content_area.h"
#include "store/memory/backend.h"
#include "store/memory/record.h"

struct recipient {
	struct recipient *next; /**< by position */
	struct store_mailing_recipient recipient;
};

struct item {
	struct ordered_node node;
	char key[8];
	struct recipient *recipients;
	struct store_mailing mailing; /**< recipients_n: those who wait */
};


static struct item *item_of(struct ordered_node *n)
{
	return n ? container_of(n, struct item, node) : NULL;
}


static struct str key_of(char storage[8], uint64_t id)
{
	struct buf key;

	buf_fixed(&key, storage, 8);
	memory_key_number(&key, id);
	return buf_str(&key);
}


static void release(struct item *i)
{
	for (struct recipient *r; (r = i->recipients);) {
		i->recipients = r->next;
		mem_unref(r);
	}
	mem_unref(i);
}


static void drop(struct memory *m, struct item *i)
{
	if (i->mailing.file.n && m->contents)
		content_memory_remove(m->contents, i->mailing.file);
	ordered_remove(&m->mailings, &i->node);
	release(i);
}


static struct item *make(const struct store_mailing *from)
{
	struct item *i = memory_record_make(offsetof(struct item, mailing), from,
					    &store_mailing_shape, STR(""), NULL);
	struct recipient **at;

	if (!i)
		return NULL;
	i->mailing.recipient = NULL;
	at = &i->recipients;
	for (size_t k = 0; k < from->recipients_n; k++) {
		*at = memory_record_make(offsetof(struct recipient, recipient), &from->recipient[k],
					 &store_mailing_recipient_shape, STR(""), NULL);
		if (!*at) {
			release(i);
			return NULL;
		}
		at = &(*at)->next;
	}
	i->node.key = key_of(i->key, from->id);
	return i;
}


int memory_mailing_add(struct memory *m, struct store_job *j)
{
	char storage[8];
	struct item *i;

	if (ordered_find(&m->mailings, key_of(storage, j->in.mailing.id)))
		return -EEXIST;
	i = make(&j->in.mailing);
	if (!i)
		return -ENOMEM;
	ordered_insert(&m->mailings, &i->node);
	return 0;
}


int memory_mailing_settle(struct memory *m, struct store_job *j)
{
	char storage[8];
	struct item *i = item_of(ordered_find(&m->mailings, key_of(storage, j->in.mailing_key.id)));
	struct recipient **at, *gone;

	if (!i)
		return -ENOENT;
	at = &i->recipients;
	while (*at && (*at)->recipient.position != j->in.mailing_key.position)
		at = &(*at)->next;
	if (!*at)
		return -ENOENT;
	gone = *at;
	*at = gone->next;
	mem_unref(gone);
	if (!--i->mailing.recipients_n)
		drop(m, i);
	return 0;
}


static int copy(struct store_job *j, struct store_mailing *to, const struct item *i)
{
	struct store_mailing_recipient *r = arena_alloc(&j->arena,
							i->mailing.recipients_n * sizeof(*r));
	size_t n = 0;

	if (!r || !store_record_copy(&j->arena, to, &i->mailing, &store_mailing_shape))
		return -ENOMEM;
	for (const struct recipient *k = i->recipients; k; k = k->next)
		if (!store_record_copy(&j->arena, &r[n++], &k->recipient,
				       &store_mailing_recipient_shape))
			return -ENOMEM;
	to->recipient = r;
	return 0;
}


int memory_mailing_list(struct memory *m, struct store_job *j)
{
	struct store_mailing *to = arena_alloc(&j->arena, j->in.mailing_key.max * sizeof(*to));
	char storage[8];
	struct ordered_node *n;

	if (!to)
		return -ENOMEM;
	j->found = to;
	n = ordered_after(&m->mailings, key_of(storage, j->in.mailing_key.id), false);
	while (n && j->found_n < j->in.mailing_key.max &&
	       j->arena.used < STORE_MAILING_PAGE_BYTES) {
		int r = copy(j, &to[j->found_n], item_of(n));

		if (r)
			return r;
		j->found_n++;
		n = ordered_after(&m->mailings, n->key, false);
	}
	return 0;
}


void memory_mailing_clear(struct memory *m)
{
	while (m->mailings.root)
		drop(m, item_of(m->mailings.root));
}
