/* SPDX-License-Identifier: Apache-2.0 */
/* Reports on messages received. */
#include "client/notification.h"

#include <errno.h>

#include "base/buf.h"
#include "base/mem.h"
#include "client/exchange.h"
#include "sip/uri.h"

#define DOCUMENT_MAX 4096
#define BODY_MAX 16384

struct notification {
	struct list_link link; /**< of parley.reports */
	struct parley *p;
	struct exchange *x;
	/* Pager Mode has room for 1300 bytes, headers included: what can be left out of the document is
	 * left out when it does not fit with everything. Kept until the size is known. */
	struct arena memory;
	struct str to, brief;
};


static void destroy(void *object)
{
	struct notification *n = object;

	exchange_cancel(n->x);
	arena_done(&n->memory);
}


static void drop(struct notification *n)
{
	list_remove(&n->p->reports, &n->link);
	mem_unref(n);
}


/* ---- The document and its envelope ---- */

static void document(struct buf *b, const struct cpim *c, enum imdn_kind kind,
		     enum imdn_status status, bool brief)
{
	struct str name, uri;
	struct imdn i = {
		.message_id = c->message_id,
		.date_time = c->date_time.p ? c->date_time : STR(""),
		.kind = kind,
		.status = status,
	};

	/* RFC 5438 11.1.4: "It MUST be present if the IM carried the Original-To header field." */
	if (c->original_to.p && !cpim_address_decode(&name, &uri, c->original_to))
		i.original_recipient = uri;
	if (c->to.p && !cpim_address_decode(&name, &uri, c->to) &&
	    (!brief || i.original_recipient.p))
		i.recipient = uri;
	imdn_encode(&i, b);
}


/* RFC 5438 7.2.1: "the IM Recipient constructing the IMDN MUST copy the contents of the IMDN-Record-Route
 * header fields into IMDN-Route header fields in the IMDN and maintain their order." */
static size_t routes_of(const struct cpim *c, struct str routes[static CPIM_ROUTES_MAX])
{
	uint8_t at = 0;
	size_t n = 0;

	while (n < CPIM_ROUTES_MAX &&
	       cpim_header_next(c, CPIM_NS_IMDN, STR("IMDN-Record-Route"), &at, &routes[n]))
		n++;
	return n;
}


static void envelope(struct parley *p, struct buf *b, const struct cpim *c, struct str to,
		     struct str xml)
{
	struct str routes[CPIM_ROUTES_MAX];
	char id[17];

	account_put_random(p, id, 16);
	cpim_encode(
		&(struct cpim_params){
			.from = str_of(p->aor),
			.to = to,
			.date_ms = -1,
			.message_id = str_of(id),
			.routes = routes,
			.routes_n = routes_of(c, routes),
			.content_type = IMDN_TYPE,
			.content_disposition = STR("notification"),
			.content = xml,
		},
		b);
}


static struct str body(struct notification *n, const struct cpim *c, struct str cpim_to,
		       enum imdn_kind kind, enum imdn_status status, bool brief)
{
	struct buf xml = BUF_INIT(DOCUMENT_MAX), b = BUF_INIT(BODY_MAX);
	struct str kept = STR_NULL;

	document(&xml, c, kind, status, brief);
	if (!xml.failed)
		envelope(n->p, &b, c, cpim_to, buf_str(&xml));
	if (!xml.failed && !b.failed && b.n)
		kept = arena_str(&n->memory, buf_str(&b));
	buf_done(&xml);
	buf_done(&b);
	return kept;
}


/* ---- Sending ---- */

static void put_headers(struct buf *b, const struct sip_hop *hop, void *arg)
{
	struct notification *n = arg;

	(void)hop;
	account_put_initial(n->p, b, false);
}


static exchange_done_cb on_done;


static int start(struct notification *n, struct str body_text)
{
	struct buf from = BUF_INIT(4 * ACCOUNT_TEXT_MAX), to = BUF_INIT(SIP_URI_MAX + 2);
	char tag[17];
	int err = -ENOMEM;

	account_put_random(n->p, tag, 16);
	account_put_from(n->p, &from, false, str_of(tag));
	buf_printf(&to, "<" STR_FMT ">", STR_ARG(n->to));
	if (!from.failed && !to.failed)
		err = exchange_start(&n->x, n->p,
				     &(struct exchange_params){
					     .method = SIP_MESSAGE,
					     .uri = n->to,
					     .from = buf_str(&from),
					     .to = buf_str(&to),
					     .cseq = 1,
					     .pager = true,
					     .headers = put_headers,
					     .type = STR("message/cpim"),
					     .body = body_text,
					     .done = on_done,
					     .arg = n,
				     });
	buf_done(&from);
	buf_done(&to);
	return err;
}


static void on_done(struct exchange *x, const struct exchange_end *e, void *arg)
{
	struct notification *n = arg;
	struct str brief = n->brief;

	mem_ref(x);
	n->x = exchange_cancel(n->x);
	n->brief = STR_NULL;
	if (e->error != -EMSGSIZE || !brief.n || start(n, brief)) {
		if (e->error || e->m->status >= 300)
			counter_add(&client_c_reports_dropped, 1);
		drop(n);
	}
	mem_unref(x);
}


/* RFC 5438 7.2.1: "The IMDN is then sent to the URI in the top IMDN-Route header field"; without one "the IM
 * Recipient MUST send the IMDN to the URI in the From header field", which is by 12.1.3.1 "the address that
 * appeared in the SIP From header field in the IM". */
static bool address(struct notification *n, struct str sender, const struct cpim *c)
{
	struct str name, uri = sender,
			 route = cpim_header(c, CPIM_NS_IMDN, STR("IMDN-Record-Route"));
	struct sip_uri decoded;

	if (route.p && cpim_address_decode(&name, &uri, route))
		return false;
	if (sip_uri_decode(&decoded, uri) || decoded.headers.n)
		return false;
	n->to = arena_str(&n->memory, uri);
	return n->to.p;
}


/* RFC 5438 7.2.1.1: To is who sent the message, as CPIM has it. */
static struct str addressee(struct str sender, const struct cpim *c)
{
	struct str name, uri = sender;

	return c->from.p && !cpim_address_decode(&name, &uri, c->from) ? uri : sender;
}


bool notification_encode(struct parley *p, struct str sender, const struct cpim *c,
			 enum imdn_kind kind, enum imdn_status status, struct buf *b)
{
	struct buf xml = BUF_INIT(DOCUMENT_MAX);
	bool good;

	document(&xml, c, kind, status, false);
	if (!xml.failed)
		envelope(p, b, c, addressee(sender, c), buf_str(&xml));
	good = !xml.failed && !b->failed;
	buf_done(&xml);
	return good;
}


static int prepare(struct notification *n, struct str sender, const struct cpim *c,
		   enum imdn_kind kind, enum imdn_status status)
{
	struct str cpim_to = addressee(sender, c), full;

	if (!address(n, sender, c))
		return -EBADMSG;
	full = body(n, c, cpim_to, kind, status, false);
	n->brief = body(n, c, cpim_to, kind, status, true);
	return full.n && n->brief.n ? start(n, full) : -ENOMEM;
}


void notification_send(struct parley *p, struct str sender, const struct cpim *c,
		       enum imdn_kind kind, enum imdn_status status)
{
	struct notification *n;

	/* 12.1.1: "anonymous IM Senders SHOULD NOT request disposition notifications. An IM Recipient MAY
	 * ignore such a request". */
	if (!sender.n)
		return;
	n = p->reports.count < ACCOUNT_REPORTS_MAX ? mem_alloc(sizeof(*n), destroy) : NULL;
	if (!n) {
		counter_add(&client_c_reports_dropped, 1);
		return;
	}
	n->p = p;
	n->memory = (struct arena)ARENA_INIT(4 * BODY_MAX);
	list_append(&p->reports, &n->link);
	if (prepare(n, sender, c, kind, status)) {
		counter_add(&client_c_reports_dropped, 1);
		drop(n);
	}
}


void notification_done(struct parley *p)
{
	for (struct list_link *k; (k = list_first(&p->reports));)
		drop(container_of(k, struct notification, link));
}
