/* SPDX-License-Identifier: Apache-2.0 */
/* A stream: what comes out of it does not depend on how it was cut. */
#include <assert.h>
#include <stdint.h>

#include "sip/stream_frame.h"

/** Longer ones are cut at some places only. */
#define EVERY_CUT_MAX 300

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static void push(struct sip_stream_frame *f, struct buf *out, struct str chunk)
{
	enum sip_frame_kind kind;
	struct str s;

	sip_stream_frame_push(f, chunk.p, chunk.n);
	while ((kind = sip_stream_frame_next(f, &s)) != SIP_FRAME_MORE) {
		buf_puthex(out, (uint64_t)kind, 1);
		if (kind == SIP_FRAME_PING || kind == SIP_FRAME_PONG)
			continue;
		assert(s.n > 0 && s.n <= SIP_MESSAGE_MAX);
		buf_puthex(out, s.n, 8);
		buf_puts(out, s);
	}
}


/* In pieces of `step`, the first of `first` bytes. */
static void run(struct buf *out, struct str s, size_t first, size_t step)
{
	struct sip_stream_frame f;

	sip_stream_frame_init(&f);
	push(&f, out, str_upto(s, first));
	for (s = str_from(s, first); s.n; s = str_from(s, step))
		push(&f, out, str_upto(s, step));
	sip_stream_frame_done(&f);
}


static void same(struct str want, struct str s, size_t first, size_t step)
{
	struct buf out = BUF_INIT(1 << 24);

	run(&out, s, first, step);
	assert(!out.failed && str_eq(buf_str(&out), want));
	buf_done(&out);
}


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str s = {(const char *)data, size};
	struct buf whole = BUF_INIT(1 << 24);
	size_t stride = size <= EVERY_CUT_MAX ? 1 : size / 16;

	run(&whole, s, size, 1);
	assert(!whole.failed);
	same(buf_str(&whole), s, 0, 1);
	same(buf_str(&whole), s, 0, 7);
	for (size_t at = 0; at < size; at += stride)
		same(buf_str(&whole), s, at, size);

	/* A message that was framed is one that can be looked at, or answered. */
	struct sip_stream_frame f;
	struct sip_msg m;
	struct str text;

	sip_stream_frame_init(&f);
	sip_stream_frame_push(&f, s.p, s.n);
	for (enum sip_frame_kind kind;
	     (kind = sip_stream_frame_next(&f, &text)) != SIP_FRAME_MORE;) {
		if (kind == SIP_FRAME_MESSAGE && sip_msg_decode(&m, text, true) == SIP_DECODE_OK)
			assert(m.n == text.n);
		if (kind == SIP_FRAME_BAD)
			assert(sip_msg_decode(&m, text, true) != SIP_DECODE_OK);
	}
	sip_stream_frame_done(&f);
	buf_done(&whole);
	return 0;
}
