/* SPDX-License-Identifier: Apache-2.0 */
/* A description passed on with our end in it: it can be read again, leads to us alone, and else says the same. */
#include <assert.h>
#include <stdint.h>

#include "im/participating/session_sdp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define OUR_PATH STR("msrp://192.0.2.1:2855/a;tcp")


static void check(const struct session_sdp *was, struct str text)
{
	struct session_sdp is;

	assert(session_sdp_read(&is, text) == 0);
	assert(is.n == was->n && is.streams == was->streams);
	for (size_t i = 0; i < is.n; i++) {
		const struct session_section *a = &was->section[i], *b = &is.section[i];

		assert(b->active == a->active && b->message == a->message);
		if (!b->active)
			continue;
		assert(str_eq(b->path, OUR_PATH) && str_eq(b->c_host, STR("192.0.2.1")));
		assert(b->port == 2855 && b->setup == MSRP_SETUP_ACTPASS && !b->secure);
	}
}


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct msrp_advertised at = {.host = STR("192.0.2.1"), .port = 2855};
	const struct session_limits limits = {.mode = OPERATOR_SESSION, .max_size = 1000};
	struct session_ours ours[SESSION_SECTIONS_MAX] = {0};
	struct buf out = BUF_INIT(8 * SDP_TEXT_MAX);
	struct session_sdp d;

	if (session_sdp_read(&d, (struct str){(const char *)data, size}))
		return 0;
	for (size_t i = 0; i < d.n; i++) {
		if (d.section[i].active)
			ours[i] = (struct session_ours){&at, OUR_PATH, MSRP_SETUP_ACTPASS};
	}
	session_sdp_write(
		&out, &(struct session_sdp_params){
			      .from = &d, .ours = ours, .limits = &limits, .id = 1, .version = 2});
	assert(!out.failed);
	if (out.n <= SDP_TEXT_MAX)
		check(&d, buf_str(&out));
	buf_done(&out);
	return 0;
}
