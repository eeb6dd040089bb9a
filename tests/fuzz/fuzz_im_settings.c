/* SPDX-License-Identifier: Apache-2.0 */
/* A settings document: what is decoded comes back the same from its encoding. */
#include <assert.h>
#include <stdint.h>

#include "body/im_settings.h"
#include "body/xml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static void check_round_trip(const struct im_settings_doc *d)
{
	struct arena a = ARENA_INIT(XML_SIZE_MAX);
	struct buf out = BUF_INIT(XML_SIZE_MAX);
	struct im_settings_doc back;

	im_settings_encode(d, &out);
	assert(!out.failed && im_settings_decode(&back, buf_str(&out), &a) == 0);
	assert(back.n == d->n);
	for (size_t i = 0; i < d->n; i++) {
		assert(str_eq(back.entity[i].id, d->entity[i].id));
		assert(!memcmp(&back.entity[i].settings, &d->entity[i].settings,
			       sizeof(struct im_settings)));
	}
	buf_done(&out);
	arena_done(&a);
}


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a = ARENA_INIT(2 * XML_SIZE_MAX);
	struct im_settings_doc d;
	struct im_settings sum;

	if (im_settings_decode(&d, (struct str){(const char *)data, size}, &a) == 0) {
		assert(d.n <= IM_SETTINGS_ENTITIES_MAX);
		im_settings_sum(&sum, &d);
		for (int i = 0; i < IM_SETTINGS; i++)
			(void)im_settings_on(&sum, (enum im_settings_key)i);
		check_round_trip(&d);
	}
	arena_done(&a);
	return 0;
}
