/* SPDX-License-Identifier: Apache-2.0 */
/* Linked lists. */
#include "base/list.h"

#include "lib/unit.h"

struct item {
	int name;
	struct list_link link;
};


static void assert_items(const struct list *l, const char *names)
{
	const struct list_link *k = list_first(l), *back = l->head.prev;
	size_t n = strlen(names);

	assert_int_equal(l->count, n);
	assert_int_equal(list_empty(l), n == 0);
	for (size_t i = 0; i < n; i++, k = list_next(l, k))
		assert_int_equal(container_of(k, struct item, link)->name, names[i]);
	assert_null(k);
	for (size_t i = n; i-- > 0; back = back->prev)
		assert_int_equal(container_of(back, struct item, link)->name, names[i]);
}


static void test_list(void)
{
	struct item a = {'a'}, b = {'b'}, c = {'c'}, d = {'d'};
	struct list l, zeroed = {0};

	assert_null(list_first(&zeroed));
	assert_true(list_empty(&zeroed));
	list_remove(&zeroed, &a.link);

	list_init(&l);
	assert_items(&l, "");
	list_append(&l, &b.link);
	list_append(&l, &c.link);
	list_prepend(&l, &a.link);
	assert_items(&l, "abc");
	list_insert_before(&l, &c.link, &d.link);
	assert_items(&l, "abdc");
	assert_true(list_linked(&d.link));
	list_remove(&l, &d.link);
	assert_false(list_linked(&d.link));
	list_remove(&l, &d.link);
	assert_items(&l, "abc");
	list_remove(&l, &a.link);
	list_remove(&l, &c.link);
	assert_items(&l, "b");
	list_append(&l, &a.link);
	assert_items(&l, "ba");
}


/** As the header shows it: removing what stands at the place. */
static void test_remove_while_walking(void)
{
	struct item items[6] = {{'0'}, {'1'}, {'2'}, {'3'}, {'4'}, {'5'}};
	struct list l;

	list_init(&l);
	for (int i = 0; i < 6; i++)
		list_append(&l, &items[i].link);
	for (struct list_link *k = list_first(&l), *next; k; k = next) {
		next = list_next(&l, k);
		if (container_of(k, struct item, link)->name % 2)
			list_remove(&l, k);
	}
	assert_items(&l, "024");
}


UNIT_MAIN(UNIT_TEST(test_list), UNIT_TEST(test_remove_while_walking))
