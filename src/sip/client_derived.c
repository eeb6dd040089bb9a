/* SPDX-License-Identifier: Apache-2.0 */
/* The two requests an INVITE client transaction makes itself: ACK (17.1.1.3) and CANCEL (9.1). */
#include "sip/txn.h"

#include <errno.h>

#include "sip/compose.h"


/* The topmost Via alone: RFC 3261 17.1.1.3, "The ACK MUST contain a single Via header field, and this
 * MUST be equal to the top Via header field of the original request"; 9.1 says the same of CANCEL. */
static void put_via(struct buf *b, const struct sip_client_txn *ct)
{
	buf_put(b, ct->msg.p + ct->via_at, ct->via_n);
}


static void put_cseq(struct buf *b, const struct sip_msg *invite, enum sip_method method)
{
	buf_puts(b, STR("CSeq: "));
	buf_putu(b, invite->cseq.number);
	buf_putc(b, ' ');
	buf_puts(b, sip_method_name(method));
	buf_puts(b, STR("\r\n"));
}


int client_derive(struct sip_client_txn *ct, const struct sip_msg *response, struct block *ret)
{
	struct buf *out = &ct->sip->scratch;
	enum sip_method method = response ? SIP_ACK : SIP_CANCEL;
	struct sip_msg invite;

	if (sip_msg_decode(&invite, block_str(&ct->msg), false) != SIP_DECODE_OK)
		return -EBADMSG;

	buf_clear(out);
	sip_put_request(out, sip_method_name(method), invite.uri);
	put_via(out, ct);
	/* "If the INVITE request whose response is being acknowledged had Route header fields, those
	 * header fields MUST appear in the ACK." CANCEL (9.1) too: it takes the same way. */
	sip_put_copy(out, &invite, SIP_HDR_ROUTE);
	sip_put_headeru(out, SIP_HDR_MAX_FORWARDS, 70);
	sip_put_copy(out, &invite, SIP_HDR_FROM);
	sip_put_copy(out, response ? response : &invite, SIP_HDR_TO);
	sip_put_copy(out, &invite, SIP_HDR_CALL_ID);
	put_cseq(out, &invite, method);
	sip_put_body(out, STR_NULL, STR_NULL);
	if (out->failed)
		return -ENOBUFS;
	if (!block_take(ret, ct->slab, out->n))
		return -ENOMEM;
	memcpy(ret->p, out->p, out->n);
	ret->n = (uint32_t)out->n;
	return 0;
}
