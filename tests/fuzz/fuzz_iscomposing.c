/* SPDX-License-Identifier: Apache-2.0 */
/* Who is composing, there and back. */
#include <assert.h>
#include <stdint.h>

#include "body/iscomposing.h"
#include "body/xml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static void check_round_trip(const struct iscomposing *i)
{
	struct arena a = ARENA_INIT(16 * XML_SIZE_MAX);
	struct buf out = BUF_INIT(8 * XML_SIZE_MAX);
	struct iscomposing back;

	iscomposing_encode(i, &out);
	assert(!out.failed);
	if (out.n <= ISCOMPOSING_SIZE_MAX && iscomposing_decode(&back, buf_str(&out), &a) == 0) {
		assert(back.active == i->active && back.refresh_s == i->refresh_s);
		assert(iscomposing_lasts_s(&back) == iscomposing_lasts_s(i));
	}
	buf_done(&out);
	arena_done(&a);
}


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a = ARENA_INIT(16 * XML_SIZE_MAX);
	struct iscomposing i;

	if (iscomposing_decode(&i, (struct str){(const char *)data, size}, &a) == 0)
		check_round_trip(&i);
	arena_done(&a);
	return 0;
}
