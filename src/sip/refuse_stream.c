/* SPDX-License-Identifier: Apache-2.0 */
/* 513 and 400 for what a connection's framing refuses. */
#include "sip/refuse_stream.h"

#include "sip/compose.h"
#include "sip/msg.h"

#define TAG_DIGITS 16


/* What 8.2.6 copies from the request must be there. */
static bool answerable(const struct sip_msg *m)
{
	return m->request && m->method != SIP_ACK && m->via.value.p && m->call_id.p &&
	       m->first[SIP_HDR_FROM] != SIP_LINE_NONE && m->first[SIP_HDR_TO] != SIP_LINE_NONE &&
	       m->cseq.method_name.p;
}


bool sip_refuse_stream(struct str part, uint16_t status, struct loop *loop, struct buf *out)
{
	char tag[TAG_DIGITS];
	struct sip_msg m;
	struct buf t;

	if (!part.n ||
	    sip_msg_decode(&m, str_upto(part, SIP_MESSAGE_MAX), true) == SIP_DECODE_BROKEN ||
	    !answerable(&m))
		return false;
	buf_fixed(&t, tag, sizeof(tag));
	buf_puthex(&t, loop_random_u64(loop), TAG_DIGITS);
	sip_put_response(out, &m, status, STR_NULL, buf_str(&t));
	sip_put_body(out, STR(""), STR(""));
	return !out->failed;
}
