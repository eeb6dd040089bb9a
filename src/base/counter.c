/* SPDX-License-Identifier: Apache-2.0 */
/* The registry of counters: one list, in order of name. */
#include "base/counter.h"

#include <assert.h>

static struct counter *first;


static void insert(struct counter *c)
{
	struct counter **at = &first;

	while (*at && strcmp((*at)->name, c->name) < 0)
		at = &(*at)->next;
	assert(!*at || strcmp((*at)->name, c->name) != 0);
	c->next = *at;
	c->registered = 1;
	*at = c;
}


void counter_register(struct counter *table, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!table[i].registered)
			insert(&table[i]);
}


struct counter *counter_next(const struct counter *after)
{
	return after ? after->next : first;
}


struct counter *counter_find(struct str name)
{
	for (struct counter *c = first; c; c = c->next)
		if (str_eq(str_of(c->name), name))
			return c;
	return NULL;
}


void counter_reset_all(void)
{
	for (struct counter *c = first; c; c = c->next)
		c->value = 0;
}
