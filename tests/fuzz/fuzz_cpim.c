/* SPDX-License-Identifier: Apache-2.0 */
/* CPIM messages: every header that is found lies within the message, and so does the body. */
#include <assert.h>
#include <stdint.h>

#include "body/cpim.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static void check_within(struct str part, struct str all)
{
	if (part.n)
		assert(part.p >= all.p && part.p + part.n <= all.p + all.n);
}


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = {(const char *)data, size};
	struct cpim c;

	if (cpim_decode(&c, text) == 0) {
		check_within(c.from, text);
		check_within(cpim_header(&c, CPIM_NS_IMDN, STR("Message-ID")), text);
		check_within(c.content, text);
	}
	return 0;
}
