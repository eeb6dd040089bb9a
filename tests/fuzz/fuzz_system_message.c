/* SPDX-License-Identifier: Apache-2.0 */
/* System messages and answers: the same input as each of them, there and back. */
#include <assert.h>
#include <stdint.h>

#include "body/system_message.h"
#include "body/xml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static void check_message(const struct system_message *m, enum system_form form)
{
	struct arena a = ARENA_INIT(4 * XML_SIZE_MAX);
	struct buf out = BUF_INIT(XML_SIZE_MAX);
	struct system_message back;

	system_message_encode(m, form, &out);
	assert(!out.failed && system_message_type(m, form).n);
	if (out.n <= SYSTEM_SIZE_MAX) {
		assert(system_message_decode(&back, buf_str(&out), &a) == 0);
		assert(str_eq(back.id, m->id) && back.text.n);
		if (form == SYSTEM_FORM_OMA)
			assert(back.options_n == m->options_n && back.timeout_s == m->timeout_s &&
			       back.required == m->required);
	}
	buf_done(&out);
	arena_done(&a);
}


static void check_answer(const struct system_answer *r)
{
	struct arena a = ARENA_INIT(4 * XML_SIZE_MAX);
	struct buf out = BUF_INIT(XML_SIZE_MAX);
	struct system_answer back;

	system_answer_encode(r, &out);
	assert(!out.failed);
	if (out.n <= SYSTEM_SIZE_MAX) {
		assert(system_answer_decode(&back, buf_str(&out), &a) == 0);
		assert(str_eq(back.option, r->option) && back.eucr == r->eucr);
	}
	buf_done(&out);
	arena_done(&a);
}


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = {(const char *)data, size};
	struct arena a = ARENA_INIT(4 * XML_SIZE_MAX);
	struct system_message m;
	struct system_answer r;

	if (system_message_decode(&m, text, &a) == 0) {
		check_message(&m, SYSTEM_FORM_OMA);
		if (system_message_fits_eucr(&m))
			check_message(&m, SYSTEM_FORM_EUCR);
	}
	if (system_answer_decode(&r, text, &a) == 0)
		check_answer(&r);
	arena_done(&a);
	return 0;
}
