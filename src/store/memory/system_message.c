/* SPDX-License-Identifier: Apache-2.0 */
/* System messages in memory. */
#include <errno.h>

#include "store/memory/backend.h"
#include "store/memory/record.h"

struct item {
	struct ordered_node node;
	struct store_system_message message;
};


static struct item *item_of(struct ordered_node *n)
{
	return n ? container_of(n, struct item, node) : NULL;
}


static void delete (struct memory *m, struct item *i)
{
	ordered_remove(&m->system_messages, &i->node);
	mem_unref(i);
}


/* The first of the user after `i` (NULL: the first of all). Keys begin with the AOR and a NUL. */
static struct item *next_of(struct memory *m, struct str aor, struct item *i)
{
	struct ordered_node *n = ordered_after(&m->system_messages, i ? i->node.key : aor, false);

	return n && str_eq(item_of(n)->message.aor, aor) ? item_of(n) : NULL;
}


static struct item *find(struct memory *m, struct str aor, struct str id)
{
	struct item *i = NULL;

	while ((i = next_of(m, aor, i)) && !str_eq(i->message.id, id))
		;
	return i;
}


static bool older(const struct store_system_message *a, const struct store_system_message *b)
{
	if (a->created_ms != b->created_ms)
		return a->created_ms < b->created_ms;
	return str_cmp(a->id, b->id) < 0;
}


/* Which one must go for a new one: *ret NULL when there is room. */
static int make_room(struct memory *m, struct str aor, struct item **ret)
{
	struct item *oldest = NULL;
	size_t n = 0;

	for (struct item *i = NULL; (i = next_of(m, aor, i)); n++)
		if (store_system_message_settled(&i->message) &&
		    (!oldest || older(&i->message, &oldest->message)))
			oldest = i;
	*ret = n < STORE_SYSTEM_MESSAGES_MAX ? NULL : oldest;
	return n < STORE_SYSTEM_MESSAGES_MAX || oldest ? 0 : -EDQUOT;
}


static struct item *make(const struct store_system_message *s)
{
	struct buf key = BUF_INIT(MEMORY_KEY_MAX);
	struct item *i = NULL;
	struct str name;

	memory_key_text(&key, s->aor);
	memory_key_text(&key, s->id);
	if (!key.failed)
		i = memory_record_make(offsetof(struct item, message), s,
				       &store_system_message_shape, buf_str(&key), &name);
	if (i)
		i->node.key = name;
	buf_done(&key);
	return i;
}


int memory_system_message_add(struct memory *m, struct store_job *j)
{
	const struct store_system_message *s = &j->in.system_message;
	struct item *fresh, *goes;
	int r;

	if (find(m, s->aor, s->id))
		return -EEXIST;
	r = make_room(m, s->aor, &goes);
	if (r)
		return r;
	fresh = make(s);
	if (!fresh)
		return -ENOMEM;
	if (goes)
		delete (m, goes);
	ordered_insert(&m->system_messages, &fresh->node);
	return 0;
}


int memory_system_message_mark_delivered(struct memory *m, struct store_job *j)
{
	const struct store_system_mark *in = &j->in.system_mark;
	struct item *i = find(m, in->aor, in->id);

	if (!i)
		return -ENOENT;
	if (!i->message.delivered_ms)
		i->message.delivered_ms = in->now_ms;
	return 0;
}


/* The answer is one of the choices: it points to that one. */
int memory_system_message_mark_answered(struct memory *m, struct store_job *j)
{
	const struct store_system_mark *in = &j->in.system_mark;
	struct item *i = find(m, in->aor, in->id);
	int r = i ? store_system_message_check_answer(&i->message, in->answer) : -ENOENT;

	if (r)
		return r > 0 ? 0 : r;
	for (unsigned k = 0; k < i->message.choices; k++)
		if (str_eq(i->message.choice[k], in->answer))
			i->message.answer = i->message.choice[k];
	i->message.answered_ms = in->now_ms;
	return 0;
}


int memory_system_message_clear(struct memory *m, struct store_job *j)
{
	struct item *i = find(m, j->in.system_mark.aor, j->in.system_mark.id);

	if (!i)
		return -ENOENT;
	i->message.cleared = true;
	return 0;
}


int memory_system_message_delete(struct memory *m, struct store_job *j)
{
	struct item *i = find(m, j->in.system_mark.aor, j->in.system_mark.id);

	if (!i)
		return -ENOENT;
	delete (m, i);
	return 0;
}


static int give(struct store_job *j, const struct item *i)
{
	struct store_system_message *to = j->found;

	if (!store_record_copy(&j->arena, &to[j->found_n], &i->message,
			       &store_system_message_shape))
		return -ENOMEM;
	j->found_n++;
	return 0;
}


static int list(struct memory *m, struct store_job *j, struct str after)
{
	const struct store_system_page page = j->in.system_page;
	struct ordered_node *n = ordered_after(&m->system_messages, after, false);
	int r = 0;

	for (; n && !r && j->found_n < page.max;
	     n = ordered_after(&m->system_messages, n->key, false))
		if (!page.aor.n || str_eq(item_of(n)->message.aor, page.aor))
			r = give(j, item_of(n));
	return r;
}


int memory_system_message_list(struct memory *m, struct store_job *j)
{
	struct buf key = BUF_INIT(MEMORY_KEY_MAX);
	int r = -ENOMEM;

	j->found = arena_alloc(&j->arena,
			       j->in.system_page.max * sizeof(struct store_system_message));
	memory_key_text(&key, j->in.system_page.after_aor);
	memory_key_text(&key, j->in.system_page.after_id);
	if (j->found && !key.failed)
		r = list(m, j, buf_str(&key));
	buf_done(&key);
	return r;
}


static bool undelivered(const struct store_system_message *s)
{
	return !s->delivered_ms && !s->cleared;
}


static bool unanswered(const struct store_system_message *s)
{
	return s->required && !s->answer.n && !s->cleared;
}


/* Those of the user that are wanted, oldest first. */
static int pick(struct memory *m, struct store_job *j,
		bool (*wanted)(const struct store_system_message *))
{
	struct item *last = NULL;
	struct str aor = j->in.aor;

	j->found = arena_alloc(&j->arena,
			       STORE_SYSTEM_MESSAGES_MAX * sizeof(struct store_system_message));
	if (!j->found)
		return -ENOMEM;
	for (;;) {
		struct item *best = NULL;

		for (struct item *i = NULL; (i = next_of(m, aor, i));)
			if (wanted(&i->message) && (!last || older(&last->message, &i->message)) &&
			    (!best || older(&i->message, &best->message)))
				best = i;
		if (!best)
			return 0;
		if (give(j, best))
			return -ENOMEM;
		last = best;
	}
}


int memory_system_message_undelivered(struct memory *m, struct store_job *j)
{
	return pick(m, j, undelivered);
}


int memory_system_message_unanswered(struct memory *m, struct store_job *j)
{
	return pick(m, j, unanswered);
}


void memory_system_message_delete_user(struct memory *m, struct str aor)
{
	for (struct item *i; (i = next_of(m, aor, NULL));)
		delete (m, i);
}


void memory_system_message_clear_all(struct memory *m)
{
	while (m->system_messages.root)
		delete (m, item_of(m->system_messages.root));
}
