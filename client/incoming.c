/* SPDX-License-Identifier: Apache-2.0 */
/* An incoming MESSAGE. */
#include "client/incoming.h"

#include <errno.h>

#include "base/buf.h"
#include "base/hash.h"
#include "base/mem.h"
#include "body/cpim.h"
#include "body/imdn.h"
#include "client/notification.h"
#include "client/receive.h"
#include "sip/compose.h"
#include "sip/media_type.h"
#include "sip/name_addr.h"
#include "sip/uri.h"

/** Content and texts of one message. */
#define INCOMING_MEMORY_MAX (2 * SIP_MESSAGE_MAX)

enum content_kind { CONTENT_TEXT, CONTENT_IMDN, CONTENT_COMPOSING, CONTENT_OTHER };

struct incoming {
	const struct sip_msg *m;
	struct arena memory;
	bool wrapped; /**< in CPIM */
	struct cpim cpim;
	struct str type, content;
	enum content_kind kind;
	struct imdn imdn;
	struct parley_message message; /* what the user will be told, one or the other */
	struct parley_report report;
};


/* ---- Reading it ---- */

static enum content_kind kind_of(struct str type)
{
	struct sip_media_type t;

	if (!type.n)
		return CONTENT_TEXT;
	if (sip_media_type_decode(&t, type))
		return CONTENT_OTHER;
	if (sip_media_type_is(&t, STR("message"), STR("imdn+xml")))
		return CONTENT_IMDN;
	if (sip_media_type_is(&t, STR("application"), STR("im-iscomposing+xml")))
		return CONTENT_COMPOSING;
	return str_eq_nocase(t.type, STR("text")) ? CONTENT_TEXT : CONTENT_OTHER;
}


static bool is_cpim(struct str type)
{
	struct sip_media_type t;

	return type.n && !sip_media_type_decode(&t, type) &&
	       sip_media_type_is(&t, STR("message"), STR("cpim"));
}


/* A body whose coding is not known cannot be read, whatever its type. */
static bool is_coded(struct str coding, struct str also)
{
	return coding.n && !str_eq_nocase(coding, STR("identity")) &&
	       !str_eq_nocase(coding, also) && !str_eq_nocase(coding, STR("8bit")) &&
	       !str_eq_nocase(coding, STR("7bit"));
}


/* 0, or the status to answer. */
static uint16_t decode(struct incoming *in)
{
	in->type = sip_msg_header(in->m, SIP_HDR_CONTENT_TYPE);
	in->content = in->m->body;
	if (is_coded(sip_msg_header(in->m, SIP_HDR_CONTENT_ENCODING), STR("identity")))
		return 415;
	if (is_cpim(in->type)) {
		if (cpim_decode(&in->cpim, in->m->body))
			return 400;
		if (!cpim_require_known(&in->cpim) ||
		    is_coded(cpim_mime(&in->cpim, STR("Content-Transfer-Encoding")), STR("binary")))
			return 415;
		in->wrapped = true;
		in->type = in->cpim.content_type;
		in->content = in->cpim.content;
	}
	in->kind = kind_of(in->type);
	if (in->kind == CONTENT_OTHER)
		return 415;
	if (in->kind == CONTENT_IMDN && imdn_decode(&in->imdn, in->content, &in->memory))
		return 400;
	return 0;
}


/* ---- What will be told ---- */

static int64_t sent_ms(const struct incoming *in)
{
	int64_t ms;

	if (in->wrapped && in->cpim.date_time.n && !cpim_date_decode(&ms, in->cpim.date_time))
		return ms;
	return sip_date_decode(&ms, sip_msg_header(in->m, SIP_HDR_DATE)) ? -1 : ms;
}


static unsigned asked_for(const struct incoming *in)
{
	unsigned reports = 0;

	if (!in->wrapped || !in->cpim.message_id.n)
		return 0;
	if (in->cpim.notify & CPIM_NOTIFY_POSITIVE_DELIVERY)
		reports |= PARLEY_REPORT_DELIVERY;
	if (in->cpim.notify & CPIM_NOTIFY_DISPLAY)
		reports |= PARLEY_REPORT_DISPLAY;
	return reports;
}


static bool make_message(struct parley *p, struct incoming *in)
{
	struct arena *a = &in->memory;
	struct parley_message *told = &in->message;

	*told = (struct parley_message){
		.from = receive_text(a, receive_sender_uri(in->m)),
		.from_name = receive_sender_name(a, in->m),
		.to = receive_text(a, in->m->to_uri),
		.type = receive_text(a, in->type.n ? in->type : STR("text/plain")),
		.content = receive_text(a, in->content),
		.content_size = in->content.n,
		.message_id = receive_text(a, in->wrapped ? in->cpim.message_id : STR("")),
		.sent_ms = sent_ms(in),
		.received_ms = loop_wall_ms(p->loop),
		.reports = asked_for(in),
	};
	return told->from && told->from_name && told->to && told->type && told->content &&
	       told->message_id;
}


static bool make_report(struct parley *p, struct incoming *in)
{
	static const enum parley_report_kind kinds[] = {
		[IMDN_DELIVERY] = PARLEY_REPORT_DELIVERY,
		[IMDN_PROCESSING] = PARLEY_REPORT_PROCESSING,
		[IMDN_DISPLAY] = PARLEY_REPORT_DISPLAY,
	};
	struct str recipient = in->imdn.original_recipient.p ? in->imdn.original_recipient
							     : in->imdn.recipient;

	in->report = (struct parley_report){
		.from = receive_text(&in->memory, receive_sender_uri(in->m)),
		.recipient = receive_text(&in->memory, recipient),
		.message_id = in->imdn.message_id.p,
		.kind = kinds[in->imdn.kind],
		.status = imdn_status_name(in->imdn.status).p,
		.received_ms = loop_wall_ms(p->loop),
	};
	return in->report.from && in->report.recipient;
}


/* Before the answer: what was answered 200 must not be lost for want of memory. */
static uint16_t prepare(struct parley *p, struct incoming *in)
{
	bool ready = true;

	if (in->kind == CONTENT_TEXT)
		ready = make_message(p, in);
	else if (in->kind == CONTENT_IMDN)
		ready = make_report(p, in);
	return ready ? 0 : 500;
}


/* ---- The answer ---- */

/* RFC 3261 21.4.13: "The server MUST return a list of acceptable formats using the Accept, Accept-Encoding,
 * or Accept-Language header field, depending on the specific problem with the content." */
static void refuse_type(struct sip_server_txn *st)
{
	char text[256];
	struct buf b;

	buf_fixed(&b, text, sizeof(text));
	sip_put_header(&b, SIP_HDR_ACCEPT, STR(RECEIVE_ACCEPT));
	sip_put_header(&b, SIP_HDR_ACCEPT_ENCODING, STR("identity"));
	(void)sip_respond(st, &(struct sip_response){.status = 415, .headers = buf_str(&b)});
	counter_add(&client_c_refused, 1);
}


/* True: go on, it was answered 200. */
static bool answer(struct parley *p, struct sip_server_txn *st, const struct incoming *in,
		   uint16_t status)
{
	if (!status && p->reports_only && in->kind == CONTENT_TEXT) {
		receive_refuse(st, 480, STR("this client only waits for reports"));
		return false;
	}
	if (status == 400) {
		receive_refuse(st, 400, STR("the content does not read as what it is called"));
		return false;
	}
	if (status == 500) {
		(void)sip_reply(st, 500, STR("Retry-After: 5\r\n"));
		return false;
	}
	if (status) {
		refuse_type(st);
		return false;
	}
	/* RFC 3428 7: "A 2xx response to a MESSAGE request MUST NOT contain a body. A UAS MUST NOT insert a
	 * Contact header field into a 2xx response." */
	if (sip_reply(st, 200, STR_NULL))
		return false;
	counter_add(&client_c_messages, 1);
	return true;
}


/* ---- Seen before ---- */

/* A message deferred or sent again by a server keeps its Message-ID and, in the end, its Call-ID. */
static uint64_t fingerprint(struct parley *p, const struct incoming *in)
{
	static const struct hash_key key = {0x6d65737361676573, 0x7365656e20616c72};
	struct buf b = BUF_INIT(2 * SIP_MESSAGE_MAX);
	struct str sender = receive_sender_uri(in->m);
	uint64_t hash = 0;

	(void)p;
	buf_puts(&b, sender);
	buf_putc(&b, '\n');
	if (in->wrapped && in->cpim.message_id.n) {
		buf_puts(&b, in->cpim.message_id);
	} else {
		buf_puts(&b, in->m->call_id);
		buf_putc(&b, '\n');
		buf_puts(&b, in->m->from_tag.p ? in->m->from_tag : STR(""));
		buf_printf(&b, "\n%u", in->m->cseq.number);
	}
	if (!b.failed)
		hash = hash_bytes(&key, b.p, b.n);
	buf_done(&b);
	return hash;
}


static bool seen_before(struct parley *p, const struct incoming *in)
{
	uint64_t print = fingerprint(p, in);

	if (!print)
		return false;
	for (unsigned i = 0; i < ACCOUNT_SEEN_MAX; i++) {
		if (p->seen[i] == print)
			return true;
	}
	p->seen[p->seen_at++ % ACCOUNT_SEEN_MAX] = print;
	return false;
}


/* ---- Telling ---- */

/* RFC 5438 12.1.3.1: a positive delivery report "after making sure that the IM has been delivered to the user
 * or application", a display report "after making sure that the IM has been presented to the user". */
static struct str reporter(const struct incoming *in)
{
	/* 12.1.3.1: "the address that appeared in the SIP From header field"; anonymous ones get none. */
	return receive_sender_uri(in->m).n ? in->m->from_uri : STR("");
}


static void report(struct parley *p, struct incoming *in, bool shown)
{
	unsigned reports = asked_for(in);

	if (reports & PARLEY_REPORT_DELIVERY)
		notification_send(p, reporter(in), &in->cpim, IMDN_DELIVERY, IMDN_DELIVERED);
	if ((reports & PARLEY_REPORT_DISPLAY) && shown)
		notification_send(p, reporter(in), &in->cpim, IMDN_DISPLAY, IMDN_DISPLAYED);
}


static void tell(struct parley *p, struct incoming *in)
{
	const struct parley_handler *h = p->handler;
	bool shown = false;

	if (in->kind == CONTENT_IMDN) {
		if (h && h->report)
			h->report(p, &in->report, p->arg);
	} else if (in->kind == CONTENT_TEXT) {
		if (h && h->message)
			shown = h->message(p, &in->message, p->arg);
		if (!p->closed)
			report(p, in, shown);
	}
}


void incoming_message(struct parley *p, struct sip_server_txn *st, const struct sip_msg *m)
{
	struct incoming *in = mem_alloc(sizeof(*in), NULL);
	uint16_t status;

	if (!in) {
		(void)sip_reply(st, 500, STR("Retry-After: 5\r\n"));
		return;
	}
	in->m = m;
	in->memory = (struct arena)ARENA_INIT(INCOMING_MEMORY_MAX);
	status = decode(in);
	if (!status)
		status = prepare(p, in);
	if (answer(p, st, in, status)) {
		if (in->kind != CONTENT_COMPOSING && seen_before(p, in))
			counter_add(&client_c_duplicates, 1);
		else
			tell(p, in);
	}
	arena_done(&in->memory);
	mem_unref(in);
}
