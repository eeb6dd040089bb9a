/* SPDX-License-Identifier: Apache-2.0 */
/* Session descriptions: what is answered can be read again. */
#include <assert.h>
#include <stdint.h>

#include "body/sdp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


/* What was taken from a selector can be written, and is then read as the same. */
static void check_file(const struct sdp_msrp *m)
{
	struct buf name = BUF_INIT(SDP_TEXT_MAX), out = BUF_INIT(4 * SDP_TEXT_MAX);
	struct sdp_file f, again;
	uint64_t first, last;
	struct str date;

	if (m->file_selector.p && sdp_file_decode(&f, m->file_selector) == 0) {
		struct sdp_file plain = f;

		sdp_file_name_put(&name, f.name);
		plain.name = buf_str(&name);
		sdp_file_put(&out, &plain);
		assert(!name.failed && !out.failed);
		assert(sdp_file_decode(&again, buf_str(&out)) == 0);
		assert(str_eq(again.type, f.type) && str_eq(again.hash, f.hash));
		assert(again.sized == f.sized && again.size == f.size);
		buf_clear(&out);
		sdp_file_name_put(&out, again.name);
		assert(str_eq(buf_str(&out), plain.name));
	}
	if (sdp_file_range(&first, &last, m->file_range) == 0)
		assert(first && (!last || last >= first));
	(void)sdp_file_date(m->file_date, STR("read"), &date);
	buf_done(&name);
	buf_done(&out);
}


/* The answer has a line for each medium of the offer. */
static void check_answer(const struct sdp *s, const struct sdp_msrp *m)
{
	const struct sdp_own own = {.end = {.address = STR("2001:db8::1"),
					    .v6 = true,
					    .port = 2855,
					    .path = STR("msrp://[2001:db8::1]:2855/a;tcp")},
				    .direction = sdp_direction_mirror(m->direction)};
	struct buf out = BUF_INIT(4 * SDP_TEXT_MAX);
	struct sdp answer;

	sdp_answer(&out, s, m->at, &own);
	assert(!out.failed);
	if (out.n <= SDP_TEXT_MAX) {
		assert(sdp_decode(&answer, buf_str(&out)) == 0);
		assert(answer.n == s->n && answer.medium[m->at].port == 2855);
	}
	buf_done(&out);
}


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sdp_msrp m;
	struct sdp s;

	if (sdp_decode(&s, (struct str){(const char *)data, size}))
		return 0;
	if (sdp_msrp_decode(&m, &s))
		return 0;
	assert(sdp_path_last(m.path).n <= m.path.n);
	check_file(&m);
	check_answer(&s, &m);
	return 0;
}
