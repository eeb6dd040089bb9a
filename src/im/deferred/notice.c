/* SPDX-License-Identifier: Apache-2.0 */
/* The notice of failure that a sender asked for: RFC 5438 8.2. */
#include <errno.h>

#include "base/mem.h"
#include "im/deferred/deferred_state.h"
#include "im/failure_notice.h"
#include "sip/compose.h"


bool notice_recipient(const struct deferred *d, const struct store_deferred *m, struct buf *to)
{
	struct sip_uri u;

	return (m->flags & STORED_NEGATIVE) && m->message_id.n &&
	       sip_uri_decode(&u, m->sender) == 0 &&
	       sip_uri_aor(&u, d->addresses.domains[0], to) == 0 && !to->failed;
}


static void put_cpim(struct buf *out, const struct deferred *d, const struct store_deferred *m,
		     struct str id)
{
	struct cpim c;

	if (cpim_decode(&c, m->body))
		out->failed = true;
	else
		failure_notice_encode(&(struct failure_notice){.of = &c,
							       .recipient = m->user,
							       .sender = m->sender,
							       .id = id,
							       .now_ms = deferred_now(d)},
				      out);
}


static void put_address(struct buf *b, enum sip_header_id id, struct str uri, struct str tag)
{
	buf_printf(b, STR_FMT ": <" STR_FMT ">", STR_ARG(sip_header_name(id)), STR_ARG(uri));
	if (tag.n)
		buf_printf(b, ";tag=" STR_FMT, STR_ARG(tag));
	buf_puts(b, STR("\r\n"));
}


static void put_headers(struct buf *b, const struct deferred *d, const struct store_deferred *n)
{
	put_address(b, SIP_HDR_FROM, n->sender, n->from_tag);
	put_address(b, SIP_HDR_TO, n->user, STR(""));
	sip_put_header(b, SIP_HDR_CALL_ID, n->call_id);
	buf_puts(b, STR("CSeq: 1 MESSAGE\r\nDate: "));
	sip_put_date(b, n->received_ms);
	buf_puts(b, STR("\r\nContent-Type: message/cpim\r\n"));
	/* In front of a core an application server says who it is (RFC 3325 5). */
	if (!d->setting->terminates_here)
		put_address(b, SIP_HDR_P_ASSERTED_IDENTITY, d->addresses.deferred, STR(""));
}


int notice_hold(struct deferred *d, struct store_request *r, const struct store_deferred *m,
		store_done_cb *done, void *arg)
{
	struct buf to = BUF_INIT(SIP_AOR_MAX), id = BUF_INIT(STORE_DEFERRED_TEXT_MAX);
	struct buf body = BUF_INIT(FAILURE_NOTICE_MAX), headers = BUF_INIT(FAILURE_NOTICE_MAX);
	struct store_deferred n;
	int err = -ENOMEM;

	if (!notice_recipient(d, m, &to)) {
		buf_done(&to);
		return 1;
	}
	/* Made of the message's own number, which is never used again: after a crash it is the same notice. */
	buf_printf(&id, "notice-%llu-%lld@" STR_FMT, (unsigned long long)m->id,
		   (long long)m->received_ms, STR_ARG(d->addresses.domains[0]));
	put_cpim(&body, d, m, buf_str(&id));
	n = (struct store_deferred){
		.user = buf_str(&to),
		.call_id = buf_str(&id),
		.from_tag = STR("notice"),
		.cseq = 1,
		.message_id = m->message_id, /* who asks after the message finds the notice, too */
		.sender = m->user,
		.kind = STORE_DEFERRED_PAGER,
		.flags = STORED_NOTICE,
		.size = body.n,
		.received_ms = deferred_now(d),
		.expires_ms = d->config.expiry_s
				      ? deferred_now(d) + (int64_t)d->config.expiry_s * 1000
				      : 0,
		.body = buf_str(&body),
	};
	put_headers(&headers, d, &n);
	n.headers = buf_str(&headers);
	if (!to.failed && !id.failed && !body.failed && !headers.failed)
		err = store_deferred_hold(d->store, r, &n, d->config.quota, done, arg);
	if (!err)
		expire_note(&d->expire, n.expires_ms);
	buf_done(&to);
	buf_done(&id);
	buf_done(&body);
	buf_done(&headers);
	return err;
}
