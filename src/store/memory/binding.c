/* SPDX-License-Identifier: Apache-2.0 */
/* Bindings in memory: the set of a user is one record, made anew when it changes. */
#include "store/memory/backend.h"

#include <errno.h>

/** Behind it in the same block: the texts. */
struct set {
	struct ordered_node node;
	struct str aor;
	size_t n;
	struct store_binding binding[];
};


static struct set *set_of(struct ordered_node *n)
{
	return n ? container_of(n, struct set, node) : NULL;
}


static size_t text_size(const struct store_binding *b)
{
	return b->contact.n + b->params.n + b->instance.n + b->call_id.n + b->path.n + b->source.n +
	       b->user_agent.n;
}


static struct str put(char **at, struct str s)
{
	struct str copy = {*at, s.n};

	if (s.n)
		memcpy(*at, s.p, s.n);
	*at += s.n;
	return copy;
}


static void put_binding(struct store_binding *to, const struct store_binding *b, struct str aor,
			char **at)
{
	*to = *b;
	to->aor = aor;
	to->contact = put(at, b->contact);
	to->params = put(at, b->params);
	to->instance = put(at, b->instance);
	to->call_id = put(at, b->call_id);
	to->path = put(at, b->path);
	to->source = put(at, b->source);
	to->user_agent = put(at, b->user_agent);
}


static struct set *set_make(const struct store_set *in)
{
	size_t size = sizeof(struct set) + in->n * sizeof(struct store_binding) + in->aor.n;
	struct set *s;
	char *at;

	for (size_t i = 0; i < in->n; i++)
		size += text_size(&in->binding[i]);
	s = mem_alloc(size, NULL);
	if (!s)
		return NULL;

	at = (char *)&s->binding[in->n];
	s->aor = put(&at, in->aor);
	s->node.key = s->aor;
	for (; s->n < in->n; s->n++)
		put_binding(&s->binding[s->n], &in->binding[s->n], s->aor, &at);
	return s;
}


static void delete (struct memory *m, struct set *s)
{
	ordered_remove(&m->sets, &s->node);
	mem_unref(s);
}


void memory_binding_delete(struct memory *m, struct str aor)
{
	struct set *s = set_of(ordered_find(&m->sets, aor));

	if (s)
		delete (m, s);
}


int memory_binding_replace(struct memory *m, struct store_job *j)
{
	struct set *fresh = NULL;

	if (j->in.set.n) {
		fresh = set_make(&j->in.set);
		if (!fresh)
			return -ENOMEM;
	}
	memory_binding_delete(m, j->in.set.aor);
	if (fresh)
		ordered_insert(&m->sets, &fresh->node);
	return 0;
}


static void expire(struct set *s, int64_t now_ms)
{
	size_t kept = 0;

	for (size_t i = 0; i < s->n; i++)
		if (s->binding[i].expires_ms > now_ms)
			s->binding[kept++] = s->binding[i];
	s->n = kept;
}


int memory_binding_expire(struct memory *m, struct store_job *j)
{
	struct ordered_node *n = ordered_after(&m->sets, STR(""), true);

	while (n) {
		struct set *s = set_of(n);

		n = ordered_after(&m->sets, n->key, false);
		expire(s, j->in.now_ms);
		if (!s->n)
			delete (m, s);
	}
	return 0;
}


static bool wanted(const struct store_binding *b, const struct store_page *page)
{
	if (b->expires_ms <= page->now_ms)
		return false;
	return !page->after.n || !str_eq(b->aor, page->after) || b->position > page->position;
}


int memory_binding_list(struct memory *m, struct store_job *j)
{
	const struct store_page *page = &j->in.page;
	struct store_binding *to = arena_alloc(&j->arena, page->max * sizeof(*to));
	struct ordered_node *n = ordered_after(&m->sets, page->after, true);

	if (!to)
		return -ENOMEM;
	j->found = to;
	for (; n; n = ordered_after(&m->sets, n->key, false)) {
		const struct set *s = set_of(n);

		for (size_t i = 0; i < s->n; i++) {
			if (j->found_n == page->max)
				return 0;
			if (!wanted(&s->binding[i], page))
				continue;
			if (!store_binding_copy(&j->arena, &to[j->found_n], &s->binding[i]))
				return -ENOMEM;
			j->found_n++;
		}
	}
	return 0;
}


void memory_binding_clear(struct memory *m)
{
	while (m->sets.root)
		delete (m, set_of(m->sets.root));
}
