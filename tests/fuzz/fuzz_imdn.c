/* SPDX-License-Identifier: Apache-2.0 */
/* Disposition notifications, there and back. */
#include <assert.h>
#include <stdint.h>

#include "body/imdn.h"
#include "body/xml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static void check_round_trip(const struct imdn *i)
{
	struct arena a = ARENA_INIT(16 * XML_SIZE_MAX);
	struct buf out = BUF_INIT(8 * XML_SIZE_MAX);
	struct imdn back;

	imdn_encode(i, &out);
	assert(!out.failed);
	if (out.n <= XML_SIZE_MAX && imdn_decode(&back, buf_str(&out), &a) == 0)
		assert(str_eq(back.message_id, i->message_id));
	buf_done(&out);
	arena_done(&a);
}


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a = ARENA_INIT(16 * XML_SIZE_MAX);
	struct imdn i;

	if (imdn_decode(&i, (struct str){(const char *)data, size}, &a) == 0)
		check_round_trip(&i);
	arena_done(&a);
	return 0;
}
