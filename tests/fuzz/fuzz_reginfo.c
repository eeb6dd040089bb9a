/* SPDX-License-Identifier: Apache-2.0 */
/* Registration state, there and back. */
#include <assert.h>
#include <stdint.h>

#include "body/reginfo.h"
#include "body/xml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static void check_contact(const struct reginfo_contact *c, const struct reginfo_contact *back)
{
	assert(c->uri.n && c->id.n && c->state != REGINFO_INIT);
	assert(str_eq(c->uri, back->uri) && c->state == back->state &&
	       c->params_n == back->params_n);
	assert(c->expires_s == back->expires_s && c->cseq == back->cseq);
}


static void check_round_trip(const struct reginfo *r)
{
	struct arena a = ARENA_INIT(16 * XML_SIZE_MAX);
	struct buf out = BUF_INIT(8 * XML_SIZE_MAX);
	struct reginfo back;

	reginfo_encode(r, &out);
	assert(!out.failed);
	if (out.n <= XML_SIZE_MAX && reginfo_decode(&back, buf_str(&out), &a) == 0) {
		assert(back.version == r->version && back.full == r->full &&
		       back.registrations_n == r->registrations_n);
		for (size_t i = 0; i < r->registrations_n; i++) {
			assert(back.registrations[i].contacts_n == r->registrations[i].contacts_n);
			for (size_t k = 0; k < r->registrations[i].contacts_n; k++)
				check_contact(&r->registrations[i].contacts[k],
					      &back.registrations[i].contacts[k]);
		}
	}
	buf_done(&out);
	arena_done(&a);
}


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a = ARENA_INIT(16 * XML_SIZE_MAX);
	struct reginfo r;

	if (reginfo_decode(&r, (struct str){(const char *)data, size}, &a) == 0) {
		assert(r.registrations_n <= REGINFO_REGISTRATIONS_MAX);
		check_round_trip(&r);
	}
	arena_done(&a);
	return 0;
}
