/* SPDX-License-Identifier: Apache-2.0 */
/* References to kept messages, there and back. */
#include <assert.h>
#include <stdint.h>

#include "body/history_reference.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static void check_round_trip(const struct history_reference *r)
{
	struct arena a = ARENA_INIT(8 * HISTORY_REFERENCE_MAX);
	struct buf out = BUF_INIT(4 * HISTORY_REFERENCE_MAX);
	struct history_reference back;

	history_reference_encode(&out, r);
	assert(!out.failed);
	if (out.n <= HISTORY_REFERENCE_MAX) {
		assert(history_reference_decode(&back, buf_str(&out), &a) == 0);
		assert(back.id == r->id && back.conversation == r->conversation);
		assert(back.after == r->after && back.limit == r->limit);
		assert(back.since_ms == r->since_ms && back.until_ms == r->until_ms);
		assert(back.sessions == r->sessions && str_eq(back.service, r->service));
		assert(str_eq(back.with, r->with) && str_eq(back.text, r->text));
		assert(history_reference_is_one(&back) == history_reference_is_one(r));
	}
	buf_done(&out);
	arena_done(&a);
}


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a = ARENA_INIT(8 * HISTORY_REFERENCE_MAX);
	struct history_reference r;

	if (history_reference_decode(&r, (struct str){(const char *)data, size}, &a) == 0)
		check_round_trip(&r);
	arena_done(&a);
	return 0;
}
