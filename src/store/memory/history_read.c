/* SPDX-License-Identifier: Apache-2.0 */
/* The history in memory: what only reads it. */
#include <errno.h>

#include "store/memory/history.h"


static struct store_history_found *found_alloc(struct store_job *j, size_t max)
{
	struct store_history_found *f = arena_alloc(&j->arena, sizeof(*f));

	if (f)
		f->entry = arena_alloc(&j->arena, max * sizeof(*f->entry));
	j->found = f;
	j->found_n = 1;
	return f && f->entry ? f : NULL;
}


static bool give(struct store_job *j, struct store_history_found *f, const struct memory_entry *e,
		 bool body)
{
	struct store_history_entry bare = e->entry;

	if (!body)
		bare.body = STR("");
	return store_record_copy(&j->arena, &f->entry[f->n++], &bare, &store_history_shape);
}


int memory_history_get(struct memory *m, struct store_job *j)
{
	const struct store_history_one in = j->in.history_one;
	struct memory_entry *e = memory_history_find(m, in.id);
	struct store_history_found *f = found_alloc(j, 1);

	if (!f)
		return -ENOMEM;
	if (!e || !str_eq(e->entry.owner, in.owner))
		return -ENOENT;
	return give(j, f, e, true) ? 0 : -ENOMEM;
}


/* Of this owner, peer and conversation; what else is asked for is looked for in it. */
static bool is_of(const struct store_history_entry *e, const struct store_history_filter *f)
{
	return (!f->peer.n || str_eq(e->peer, f->peer)) &&
	       (!f->conversation || e->conversation == f->conversation);
}


int memory_history_list(struct memory *m, struct store_job *j)
{
	const struct store_history_page page = j->in.history_page;
	const struct store_history_filter *filter = &page.filter;
	struct store_history_found *f = found_alloc(j, filter->max);
	struct memory_entry *e = memory_history_after(m, filter->owner, filter->after);
	size_t looked = 0;
	uint64_t last = 0;

	if (!f)
		return -ENOMEM;
	for (; e && e->entry.id < page.before && f->n < filter->max &&
	       looked < STORE_HISTORY_SCAN_MAX && j->arena.used < STORE_HISTORY_PAGE_BYTES;
	     e = memory_history_after(m, filter->owner, e->entry.id)) {
		if (!is_of(&e->entry, filter))
			continue;
		last = e->entry.id;
		looked++;
		if (filter->text.n && !store_history_text_holds(e->entry.text, filter->text))
			continue;
		if (!give(j, f, e, false))
			return -ENOMEM;
	}
	if (f->n == filter->max || looked == STORE_HISTORY_SCAN_MAX ||
	    j->arena.used >= STORE_HISTORY_PAGE_BYTES)
		f->next = last;
	return 0;
}


int memory_history_conversations(struct memory *m, struct store_job *j)
{
	const struct store_history_filter filter = j->in.history_page.filter;
	struct store_conversation *to = arena_alloc(&j->arena, filter.max * sizeof(*to));
	struct memory_conversation *v = memory_conversation_after(m, filter.owner, filter.after);

	if (!to)
		return -ENOMEM;
	j->found = to;
	for (; v && j->found_n < filter.max;
	     v = memory_conversation_after(m, filter.owner, v->conversation.id))
		if (!store_record_copy(&j->arena, &to[j->found_n++], &v->conversation,
				       &store_conversation_shape))
			return -ENOMEM;
	return 0;
}


int memory_history_count(struct memory *m, struct store_job *j)
{
	struct memory_owner *o = memory_history_owner(m, j->in.history_one.owner);
	struct store_history_count *to = arena_alloc(&j->arena, sizeof(*to));

	if (!to)
		return -ENOMEM;
	if (o)
		*to = o->count;
	j->found = to;
	j->found_n = 1;
	return 0;
}
