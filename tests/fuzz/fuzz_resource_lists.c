/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of URIs: the tables agree with each other, and entries survive their encoding. */
#include <assert.h>
#include <stdint.h>

#include "body/resource_lists.h"
#include "body/xml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static void check_tables(const struct resource_lists *r)
{
	assert(r->items_n <= RESOURCE_ITEMS_MAX && r->lists_n <= RESOURCE_LISTS_MAX);
	for (size_t i = 0; i < r->lists_n; i++) {
		const struct resource_list *l = &r->lists[i];

		assert(l->parent < (int32_t)i && (size_t)l->first + l->n <= r->items_n);
		if (l->parent >= 0)
			assert(l->first >= r->lists[l->parent].first &&
			       l->first + l->n <=
				       r->lists[l->parent].first + r->lists[l->parent].n);
	}
	for (size_t i = 0; i < r->items_n; i++) {
		const struct resource_list *l = &r->lists[r->items[i].list];

		assert(r->items[i].uri.n && r->items[i].list < r->lists_n);
		assert(i >= l->first && i < l->first + l->n);
	}
}


static void check_round_trip(const struct resource_lists *r)
{
	struct arena a = ARENA_INIT(8 * XML_SIZE_MAX);
	struct buf out = BUF_INIT(8 * XML_SIZE_MAX);
	struct resource_lists back;
	size_t entries = 0;

	for (size_t i = 0; i < r->items_n; i++)
		entries += r->items[i].kind == RESOURCE_ENTRY;
	resource_lists_encode(r->items, r->items_n, &out);
	assert(!out.failed);
	if (out.n <= XML_SIZE_MAX && resource_lists_decode(&back, buf_str(&out), &a) == 0)
		assert(back.items_n == entries && back.lists_n == 1);
	buf_clear(&out);
	resource_lists_encode_history(r->items, r->items_n, &out);
	assert(!out.failed);
	if (out.n <= XML_SIZE_MAX && resource_lists_decode(&back, buf_str(&out), &a) == 0)
		assert(back.items_n <= entries + 2);
	buf_done(&out);
	arena_done(&a);
}


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a = ARENA_INIT(8 * XML_SIZE_MAX);
	struct resource_lists r;

	if (resource_lists_decode(&r, (struct str){(const char *)data, size}, &a) == 0) {
		check_tables(&r);
		check_round_trip(&r);
	}
	arena_done(&a);
	return 0;
}
