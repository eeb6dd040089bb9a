/* SPDX-License-Identifier: Apache-2.0 */
/* The request to one recipient of a mailing, and the notice that it failed. */
#include <errno.h>
#include <inttypes.h>

#include "base/mem.h"
#include "body/cpim.h"
#include "body/imdn.h"
#include "im/controlling/mailer_state.h"
#include "im/failure_notice.h"
#include "im/own.h"
#include "sip/compose.h"
#include "sip/name_addr.h"


void mailer_put_call_id(struct buf *b, const struct mailer *m, uint64_t id, uint32_t position)
{
	buf_printf(b, "mailing-%" PRIx64 "-%" PRIu32 "@" STR_FMT, id, position,
		   STR_ARG(m->p.addresses.domains[0]));
}


/*
 * Who is answerable for it: see mailer.h. RFC 5365 7.2: to a core that is trusted the sender's identity goes with
 * their Privacy, which it minds; from here it would go to a device.
 */
static struct str asserted(const struct mailer *m, const struct store_mailing *r)
{
	bool hidden = r->flags & MAILING_ANONYMOUS && m->p.setting->terminates_here;

	if (r->kind == MAILING_LIST && !hidden)
		return r->sender;
	return r->group.n ? r->group : m->p.addresses.exploder;
}


/*
 * An INVITE has From, To, Call-ID and CSeq of its dialog. Date and Expires say together how long it is good for
 * (RFC 3428 7), whenever this copy leaves.
 */
void mailer_put_headers(struct buf *b, const struct copy *c, enum sip_method method)
{
	const struct mailer *m = c->mail->m;
	const struct store_mailing *r = &c->mail->record;

	if (method == SIP_MESSAGE) {
		buf_printf(b, "From: " STR_FMT ";tag=mailing%" PRIx64 "\r\n", STR_ARG(r->from),
			   r->id);
		buf_printf(b, "To: <" STR_FMT ">\r\nCall-ID: ", STR_ARG(c->to->uri));
		mailer_put_call_id(b, m, r->id, c->to->position);
		buf_puts(b, STR("\r\nCSeq: 1 MESSAGE\r\n"));
	}
	buf_printf(b, "P-Asserted-Identity: <" STR_FMT ">\r\n", STR_ARG(asserted(m, r)));
	/* Notes A-14: requests that a server makes bear User-Agent; a dialog adds it by itself. */
	if (method == SIP_MESSAGE)
		sip_put_header(b, SIP_HDR_USER_AGENT, sip_server_value(m->p.sip));
	buf_puts(b, STR("Date: "));
	sip_put_date(b, r->received_ms);
	buf_puts(b, STR("\r\n"));
	if (r->flags & MAILING_EXPIRES)
		sip_put_headeru(b, SIP_HDR_EXPIRES,
				(uint64_t)(r->expires_ms - r->received_ms) / 1000);
	buf_puts(b, r->headers);
	buf_puts(b, c->to->headers);
}


int mailer_message_send(struct outlet *o, const struct copy *c, im_sent_cb *sent)
{
	struct buf headers = BUF_INIT(MAILER_HEADERS_MAX);
	const struct mailer_params *p = &o->m->p;
	struct sip_proxy_target target;
	int err = im_own_target(p->own, c->to->uri, &target);

	mailer_put_headers(&headers, c, SIP_MESSAGE);
	if (!err && headers.failed)
		err = -ENOMEM;
	if (!err)
		err = im_send_start(&o->send,
				    &(struct im_send_params){
					    .sip = p->sip,
					    .method = SIP_MESSAGE,
					    .target = &target,
					    .uri = c->to->uri,
					    .headers = buf_str(&headers),
					    .type = c->mail->record.type,
					    .body = c->mail->record.body,
				    },
				    sent, o);
	buf_done(&headers);
	return err;
}


/* The URI of From, without its name. */
static struct str from_uri(const struct store_mailing *r)
{
	struct sip_name_addr a;

	return sip_name_addr_decode(&a, r->from) ? r->sender : a.uri;
}


int mailer_message_send_large(struct outlet *o, const struct copy *c, mailer_large_cb *done)
{
	struct buf headers = BUF_INIT(MAILER_HEADERS_MAX), call_id = BUF_INIT(MAILER_CALL_ID_MAX);
	const struct store_mailing *r = &c->mail->record;
	char tag[32], message_id[MAILER_LARGE_ID_MAX];
	struct sip_proxy_target target;
	int err = im_own_target(o->m->p.own, c->to->uri, &target);
	struct buf t, id;

	buf_fixed(&t, tag, sizeof(tag));
	buf_fixed(&id, message_id, sizeof(message_id));
	buf_printf(&t, "mailing%" PRIx64, r->id);
	buf_printf(&id, "m%" PRIx64 "-%" PRIx32, r->id, c->to->position);
	mailer_put_call_id(&call_id, o->m, r->id, c->to->position);
	mailer_put_headers(&headers, c, SIP_INVITE);
	if (!err && (headers.failed || call_id.failed))
		err = -ENOMEM;
	if (!err)
		err = mailer_large_start(&o->large,
					 &(struct mailer_large_params){
						 .p = &o->m->p,
						 .what = r,
						 .target = &target,
						 .uri = c->to->uri,
						 .from = from_uri(r),
						 .headers = buf_str(&headers),
						 .call_id = buf_str(&call_id),
						 .tag = buf_str(&t),
						 .message_id = buf_str(&id),
					 },
					 done, o);
	buf_done(&headers);
	buf_done(&call_id);
	return err;
}


/* ---- The notice of failure: RFC 5438 8.2 ---- */

/* The CPIM object that the message is, or that its first part is (with a recipient-list-history beside it). */
static int cpim_of(struct cpim *ret, const struct store_mailing *r)
{
	struct str text = r->body;
	ptrdiff_t at;

	if (str_starts_nocase(r->type, STR("multipart/"))) {
		at = str_find_str(text, STR("\r\n\r\n"));
		if (at < 0)
			return -EBADMSG;
		text = str_from(text, (size_t)at + 4);
	}
	return cpim_decode_head(ret, text);
}


static int put_cpim(struct buf *out, const struct copy *c, struct str id, int64_t now_ms)
{
	struct cpim of;

	if (cpim_of(&of, &c->mail->record))
		return -EBADMSG;
	failure_notice_encode(&(struct failure_notice){.of = &of,
						       .recipient = c->to->who,
						       .sender = c->mail->record.sender,
						       .id = id,
						       .now_ms = now_ms},
			      out);
	return out->failed ? -ENOMEM : 0;
}


static int post_notice(const struct copy *c, struct buf *id, struct buf *body, struct buf *from)
{
	struct mailer *m = c->mail->m;
	const struct store_mailing *r = &c->mail->record;
	struct store_mailing_recipient to = {.uri = r->sender, .who = r->sender};
	int64_t now = loop_wall_ms(m->loop);
	int err;

	/* Made of the copy's own number, which is never used again: after a crash it is the same notice. */
	buf_puts(id, STR("notice-"));
	mailer_put_call_id(id, m, r->id, c->to->position);
	buf_printf(from, "<" STR_FMT ">", STR_ARG(c->to->who));
	err = put_cpim(body, c, buf_str(id), now);
	if (!err && (id->failed || from->failed))
		err = -ENOMEM;
	if (err)
		return err;
	return mailer_post(m,
			   &(struct store_mailing){
				   .kind = MAILING_NOTICE,
				   .sender = c->to->who,
				   .group = r->group,
				   .call_id = r->call_id,
				   .message_id = buf_str(id),
				   .from = buf_str(from),
				   .headers = STR("Accept-Contact: *;+g.oma.sip-im\r\n"),
				   .type = STR("message/cpim"),
				   .body = buf_str(body),
				   .received_ms = now,
				   .recipient = &to,
				   .recipients_n = 1,
			   },
			   NULL, NULL, NULL);
}


int mailer_notice(const struct copy *c)
{
	struct buf id = BUF_INIT(STORE_MAILING_TEXT_MAX), body = BUF_INIT(FAILURE_NOTICE_MAX);
	struct buf from = BUF_INIT(STORE_MAILING_TEXT_MAX);
	const struct store_mailing *r = &c->mail->record;
	int err;

	if (!(r->flags & MAILING_NEGATIVE) || !r->message_id.n || !r->sender.n)
		return 0;
	err = post_notice(c, &id, &body, &from);
	buf_done(&id);
	buf_done(&body);
	buf_done(&from);
	return err;
}
