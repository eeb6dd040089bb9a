/* SPDX-License-Identifier: Apache-2.0 */
/* Operator policy in memory. */
#include <errno.h>

#include "store/memory/backend.h"
#include "store/memory/record.h"

struct item {
	struct ordered_node node;
	struct item *next; /**< while a set is being made */
	struct store_policy policy;
};


static struct item *item_of(struct ordered_node *n)
{
	return n ? container_of(n, struct item, node) : NULL;
}


static void delete (struct memory *m, struct item *i)
{
	ordered_remove(&m->policies, &i->node);
	mem_unref(i);
}


static struct item *make(const struct store_policy *p)
{
	struct buf key = BUF_INIT(MEMORY_KEY_MAX);
	struct item *i = NULL;
	struct str name;

	memory_key_text(&key, p->scope);
	memory_key_text(&key, p->key);
	if (!key.failed)
		i = memory_record_make(offsetof(struct item, policy), p, &store_policy_shape,
				       buf_str(&key), &name);
	if (i)
		i->node.key = name;
	buf_done(&key);
	return i;
}


/* The first of the scope after `i` (NULL: the first of all). Keys begin with the scope and a NUL. */
static struct item *next_of(struct memory *m, struct str scope, struct item *i)
{
	struct ordered_node *n = ordered_after(&m->policies, i ? i->node.key : scope, !i);

	return n && str_eq(item_of(n)->policy.scope, scope) ? item_of(n) : NULL;
}


static size_t count(struct memory *m, struct str scope)
{
	size_t n = 0;

	for (struct item *i = NULL; (i = next_of(m, scope, i));)
		n++;
	return n;
}


/* A key that comes twice in the set counts once. */
static bool repeated(const struct store_put_policies *in, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (str_eq(in->policy[k].scope, in->policy[i].scope) &&
		    str_eq(in->policy[k].key, in->policy[i].key))
			return true;
	return false;
}


/* How many the scope of the i-th will have. */
static size_t count_after(struct memory *m, const struct store_put_policies *in,
			  const struct item *made, size_t i)
{
	struct str scope = in->policy[i].scope;
	size_t n = count(m, scope), k = in->n;

	for (; made; made = made->next) {
		k--;
		if (str_eq(made->policy.scope, scope) && !repeated(in, k) &&
		    !ordered_find(&m->policies, made->node.key))
			n++;
	}
	return n;
}


static int check(struct memory *m, const struct store_put_policies *in, const struct item *made)
{
	for (size_t i = 0; i < in->n; i++)
		if ((!i || !str_eq(in->policy[i].scope, in->policy[i - 1].scope)) &&
		    count_after(m, in, made, i) > STORE_POLICIES_MAX)
			return -EDQUOT;
	return 0;
}


static void insert(struct memory *m, struct item *i)
{
	struct item *old = item_of(ordered_find(&m->policies, i->node.key));

	if (old)
		delete (m, old);
	ordered_insert(&m->policies, &i->node);
}


/* The last comes first in `made`: put in order, a later record of the same key wins. */
static void insert_all(struct memory *m, struct item *made)
{
	struct item *order = NULL;

	for (struct item *next; made; made = next) {
		next = made->next;
		made->next = order;
		order = made;
	}
	for (struct item *next; order; order = next) {
		next = order->next;
		insert(m, order);
	}
}


int memory_policy_put(struct memory *m, struct store_job *j)
{
	const struct store_put_policies *in = &j->in.policies;
	struct item *made = NULL;
	int r = 0;

	for (size_t i = 0; !r && i < in->n; i++) {
		struct item *fresh = make(&in->policy[i]);

		if (!fresh) {
			r = -ENOMEM;
			break;
		}
		fresh->next = made;
		made = fresh;
	}
	if (!r)
		r = check(m, in, made);
	if (!r) {
		insert_all(m, made);
		return 0;
	}
	for (struct item *next; made; made = next) {
		next = made->next;
		mem_unref(made);
	}
	return r;
}


int memory_policy_delete(struct memory *m, struct store_job *j)
{
	struct item *i = NULL;

	while ((i = next_of(m, j->in.policy.scope, i))) {
		if (!str_eq(i->policy.key, j->in.policy.key))
			continue;
		delete (m, i);
		return 0;
	}
	return -ENOENT;
}


int memory_policy_list(struct memory *m, struct store_job *j)
{
	struct store_policy *to = arena_alloc(&j->arena, STORE_POLICIES_MAX * sizeof(*to));

	if (!to)
		return -ENOMEM;
	j->found = to;
	for (struct item *i = NULL; (i = next_of(m, j->in.policy.scope, i));) {
		if (!store_record_copy(&j->arena, &to[j->found_n], &i->policy, &store_policy_shape))
			return -ENOMEM;
		j->found_n++;
	}
	return 0;
}


void memory_policy_delete_scope(struct memory *m, struct str scope)
{
	for (struct item *i; (i = next_of(m, scope, NULL));)
		delete (m, i);
}


void memory_policy_clear(struct memory *m)
{
	while (m->policies.root)
		delete (m, item_of(m->policies.root));
}
