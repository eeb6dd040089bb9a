/* SPDX-License-Identifier: Apache-2.0 */
/* A Via line, value by value. */
#include <assert.h>
#include <errno.h>
#include <stdint.h>

#include "sip/msg.h"
#include "sip/param.h"
#include "sip/via.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static void check(const struct sip_via *v, struct str s)
{
	const struct str views[] = {v->value,  v->sent_by,  v->host,
				    v->branch, v->received, v->maddr};

	for (size_t i = 0; i < sizeof(views) / sizeof(views[0]); i++)
		if (views[i].n)
			assert(views[i].p >= s.p && views[i].p + views[i].n <= s.p + s.n);
	assert(v->sent_by.n && v->host.n && v->value.n >= v->sent_by.n);
	(void)sip_via_is_3261(v);
}


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str line = {(const char *)data, size}, rest = line, value;
	struct sip_via first, v;
	size_t used;
	int r;

	if (!size)
		return 0;

	r = sip_via_decode_first(&first, line, &used);
	assert(r == 0 || r == -EPROTO || r == -EBADMSG);
	if (r != -EBADMSG)
		check(&first, line);
	if (r == 0) {
		assert(used <= size && (used == size || line.p[used] == ','));
		assert(sip_via_decode(&v, first.value) == 0);
		assert(str_eq(v.branch, first.branch) && v.port == first.port);
		assert(v.rport == first.rport && v.ttl == first.ttl);
	}

	while (sip_value_cut(&rest, &value)) {
		assert(value.n);
		if (sip_via_decode(&v, value) == 0)
			check(&v, value);
	}
	(void)sip_param(line, STR("branch"), &value);
	return 0;
}
