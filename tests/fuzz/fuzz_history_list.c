/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of what is kept, there and back. */
#include <assert.h>
#include <stdint.h>

#include "body/history_list.h"
#include "body/xml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static void check_round_trip(const struct history_list *l)
{
	struct arena a = ARENA_INIT(16 * XML_SIZE_MAX);
	struct buf out = BUF_INIT(16 * XML_SIZE_MAX);
	struct history_list back;

	history_list_begin(&out);
	for (size_t i = 0; i < l->n; i++)
		history_list_put(&out, &l->item[i]);
	history_list_end(&out, l->next);
	assert(!out.failed);
	if (out.n <= XML_SIZE_MAX && history_list_decode(&back, buf_str(&out), &a) == 0) {
		assert(back.n == l->n);
		for (size_t i = 0; i < l->n; i++) {
			assert(str_eq(back.item[i].reference, l->item[i].reference));
			assert(back.item[i].size == l->item[i].size);
			assert(str_eq(back.item[i].kind, l->item[i].kind));
			assert(back.item[i].messages == l->item[i].messages);
		}
	}
	buf_done(&out);
	arena_done(&a);
}


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a = ARENA_INIT(16 * XML_SIZE_MAX);
	struct history_list l;

	if (history_list_decode(&l, (struct str){(const char *)data, size}, &a) == 0) {
		assert(l.n <= HISTORY_LIST_MAX);
		check_round_trip(&l);
	}
	arena_done(&a);
	return 0;
}
