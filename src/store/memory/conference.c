/* SPDX-License-Identifier: Apache-2.0 */
/* Conferences that stand, in memory. */
#include <errno.h>

#include "store/memory/backend.h"
#include "store/memory/record.h"

/** One person of a conference; the text of the key follows. */
struct person {
	struct ordered_node node;
};

struct item {
	struct ordered_node node;
	struct ordered persons; /**< by who */
	size_t persons_n;
	struct store_conference conference;
};


static struct item *item_of(struct ordered_node *n)
{
	return n ? container_of(n, struct item, node) : NULL;
}


static void release(struct item *i)
{
	for (struct ordered_node *n; (n = i->persons.root);) {
		ordered_remove(&i->persons, n);
		mem_unref(container_of(n, struct person, node));
	}
	mem_unref(i);
}


static void drop(struct memory *m, struct item *i)
{
	ordered_remove(&m->conferences, &i->node);
	m->conferences_n--;
	release(i);
}


static int add_person(struct item *i, struct str who)
{
	struct person *p;

	if (ordered_find(&i->persons, who))
		return 0;
	if (i->persons_n >= STORE_CONFERENCE_INVITED_MAX)
		return -EDQUOT;
	p = mem_alloc(sizeof(*p) + who.n, NULL);
	if (!p)
		return -ENOMEM;
	memcpy(p + 1, who.p, who.n);
	p->node.key = (struct str){(char *)(p + 1), who.n};
	ordered_insert(&i->persons, &p->node);
	i->persons_n++;
	return 0;
}


static struct item *make(const struct store_conference *c)
{
	struct item *i = memory_record_make(offsetof(struct item, conference), c,
					    &store_conference_shape, STR(""), NULL);

	if (!i)
		return NULL;
	i->conference.invited = NULL;
	i->conference.invited_n = 0;
	i->node.key = i->conference.id;
	ordered_init(&i->persons);
	for (size_t k = 0; k < c->invited_n; k++) {
		if (add_person(i, c->invited[k]) == 0)
			continue;
		release(i);
		return NULL;
	}
	return i;
}


int memory_conference_put(struct memory *m, struct store_job *j)
{
	const struct store_conference *c = &j->in.conference;
	struct item *old = item_of(ordered_find(&m->conferences, c->id));
	struct item *i;

	if (!old && m->conferences_n >= STORE_CONFERENCES_MAX)
		return -EDQUOT;
	i = make(c);
	if (!i)
		return -ENOMEM;
	if (old)
		drop(m, old);
	ordered_insert(&m->conferences, &i->node);
	m->conferences_n++;
	return 0;
}


int memory_conference_invite(struct memory *m, struct store_job *j)
{
	struct item *i = item_of(ordered_find(&m->conferences, j->in.conference.id));

	return i ? add_person(i, j->in.conference.invited[0]) : -ENOENT;
}


int memory_conference_delete(struct memory *m, struct store_job *j)
{
	struct item *i = item_of(ordered_find(&m->conferences, j->in.conference.id));

	if (!i)
		return -ENOENT;
	drop(m, i);
	return 0;
}


static struct item *next_of(struct memory *m, struct item *i)
{
	return item_of(ordered_after(&m->conferences, i ? i->node.key : STR(""), false));
}


int memory_conference_lapse(struct memory *m, struct store_job *j)
{
	for (struct item *i = NULL; (i = next_of(m, i));)
		if (!i->conference.lapses_ms)
			i->conference.lapses_ms = j->in.now_ms;
	return 0;
}


int memory_conference_purge(struct memory *m, struct store_job *j)
{
	struct item *i = next_of(m, NULL);

	for (struct item *next; i && j->found_n < STORE_CONFERENCE_PURGE_MAX; i = next) {
		next = next_of(m, i);
		if (!i->conference.lapses_ms || i->conference.lapses_ms > j->in.now_ms)
			continue;
		drop(m, i);
		j->found_n++;
	}
	return 0;
}


int memory_conference_get(struct memory *m, struct store_job *j)
{
	struct item *i = item_of(ordered_find(&m->conferences, j->in.conference.id));
	struct store_conference *to;
	struct str *who;

	if (!i)
		return -ENOENT;
	to = arena_alloc(&j->arena, sizeof(*to));
	who = arena_alloc(&j->arena, (i->persons_n + 1) * sizeof(*who));
	if (!to || !who ||
	    !store_record_copy(&j->arena, to, &i->conference, &store_conference_shape))
		return -ENOMEM;
	for (struct ordered_node *n = ordered_after(&i->persons, STR(""), true); n;
	     n = ordered_after(&i->persons, n->key, false))
		if (!store_text_copy(&j->arena, &who[to->invited_n++], n->key))
			return -ENOMEM;
	to->invited = who;
	j->found = to;
	j->found_n = 1;
	return 0;
}


void memory_conference_clear(struct memory *m)
{
	while (m->conferences.root)
		drop(m, item_of(m->conferences.root));
}
