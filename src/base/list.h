/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Doubly linked lists through a link inside the object. A zeroed `struct list_link` is in no list;
 * list_remove on such a link does nothing, so destructors need not ask.
 *
 *     for (struct list_link *l = list_first(&q), *next; l; l = next) {
 *             next = list_next(&q, l);
 *             struct job *j = container_of(l, struct job, link);
 *     }
 */
#ifndef BASE_LIST_H
#define BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct list_link {
	struct list_link *prev, *next;
};

struct list {
	struct list_link head; /**< head.next is the first, head.prev the last */
	size_t count;
};


static inline void list_init(struct list *l)
{
	l->head.prev = l->head.next = &l->head;
	l->count = 0;
}


static inline bool list_linked(const struct list_link *k)
{
	return k->next != NULL;
}


static inline void list_insert_before(struct list *l, struct list_link *at, struct list_link *k)
{
	k->prev = at->prev;
	k->next = at;
	at->prev->next = k;
	at->prev = k;
	l->count++;
}


static inline void list_append(struct list *l, struct list_link *k)
{
	list_insert_before(l, &l->head, k);
}


static inline void list_prepend(struct list *l, struct list_link *k)
{
	list_insert_before(l, l->head.next, k);
}


static inline void list_remove(struct list *l, struct list_link *k)
{
	if (!k->next)
		return;
	k->prev->next = k->next;
	k->next->prev = k->prev;
	k->prev = k->next = NULL;
	l->count--;
}


static inline struct list_link *list_first(const struct list *l)
{
	return l->head.next && l->head.next != &l->head ? l->head.next : NULL;
}


static inline struct list_link *list_next(const struct list *l, const struct list_link *k)
{
	return k->next != &l->head ? k->next : NULL;
}


static inline bool list_empty(const struct list *l)
{
	return l->count == 0;
}

#endif
