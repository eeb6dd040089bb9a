/* SPDX-License-Identifier: Apache-2.0 */
/* Telling a device that messages wait. */
#include "im/deferred/notify.h"

#include <errno.h>

#include "body/deferred_list.h"
#include "im/deferred/addressee.h"
#include "im/deferred/push.h"
#include "sip/compose.h"

/** Three addresses, an identity, the rest is short. */
#define HEADERS_MAX 8192
/** Of a Call-ID: 16 digits, "@" and a domain. */
#define CALL_ID_MAX 512


/* ---- What ---- */

static void put_list(const struct device_queue *q, const struct store_deferred *m, size_t n,
		     struct buf *xml)
{
	deferred_list_begin(xml);
	for (size_t i = 0; i < n; i++) {
		deferred_list_put(xml, &(struct deferred_item){
					       .service = q->d->addresses.deferred,
					       .id = m[i].id,
					       .from = m[i].flags & STORED_ANONYMOUS ? STR("")
										     : m[i].sender,
					       .to = m[i].user,
					       .size = m[i].size,
					       .date_ms = m[i].received_ms,
					       .expiry_ms = m[i].expires_ms,
					       .large = m[i].kind == STORE_DEFERRED_LARGE,
					       .file = m[i].kind == STORE_DEFERRED_FILE,
					       .name = m[i].name,
				       });
	}
	deferred_list_end(xml);
}


/* Known while it is under way: in front of a core it comes by here again (hold.c). */
static bool make_call_id(struct device_queue *q)
{
	struct delivery *v = &q->now;

	buf_init(&v->text, CALL_ID_MAX);
	buf_puthex(&v->text, loop_random_u64(q->d->loop), 16);
	buf_printf(&v->text, "@" STR_FMT, STR_ARG(q->d->addresses.domains[0]));
	v->call_id = buf_str(&v->text);
	v->cseq = 1;
	return !v->text.failed;
}


static void put_headers(const struct device_queue *q, struct buf *b)
{
	const struct deferred *d = q->d;
	struct str from = d->addresses.deferred;

	buf_printf(b, "From: <" STR_FMT ">;tag=", STR_ARG(from));
	buf_puthex(b, loop_random_u64(d->loop), 16);
	buf_printf(b, "\r\nTo: <" STR_FMT ">\r\n", STR_ARG(addressee_aor(q->of)));
	sip_put_header(b, SIP_HDR_CALL_ID, q->now.call_id);
	buf_puts(b, STR("CSeq: 1 MESSAGE\r\n"));
	buf_printf(b, "P-Asserted-Identity: <" STR_FMT ">\r\n", STR_ARG(from));
	buf_puts(b, STR("Accept-Contact: *;+g.oma.sip-im\r\n"));
	/* Notes A-14: requests that a server makes bear User-Agent. */
	sip_put_header(b, SIP_HDR_USER_AGENT, sip_server_value(d->sip));
	buf_puts(b, STR("Date: "));
	sip_put_date(b, deferred_now(d));
	buf_puts(b, STR("\r\n"));
}


/* ---- Where to ---- */

static void on_sent(struct im_send *s, uint16_t status, const struct sip_msg *m, void *arg)
{
	(void)s;
	queue_told(arg, 0, m ? status : 0, m ? push_retry_after(m) : 0);
}


static int send_to(struct device_queue *q, const struct sip_proxy_target *t, struct str list)
{
	struct buf headers = BUF_INIT(HEADERS_MAX);
	int err = -ENOMEM;

	if (make_call_id(q))
		put_headers(q, &headers);
	if (!headers.failed && !q->now.text.failed)
		err = im_send_start(&q->send,
				    &(struct im_send_params){
					    .sip = q->d->sip,
					    .method = SIP_MESSAGE,
					    .target = t,
					    .uri = addressee_aor(q->of),
					    .headers = buf_str(&headers),
					    .type = DEFERRED_LIST_TYPE,
					    .body = list,
				    },
				    on_sent, q);
	buf_done(&headers);
	return err;
}


/* To this device; or once to the core, and the core finds the devices. -ENOENT: it is gone. */
static int send_list(struct device_queue *q, struct str list)
{
	struct registration_targets found;
	size_t n;

	if (!q->d->setting->terminates_here) {
		struct im_request r = {.kind = IM_PAGER,
				       .side = IM_TERMINATING,
				       .recipient = addressee_aor(q->of)};
		struct im_targets core;

		core.n = 0;
		q->d->setting->onward(&r, &core, q->d->setting->arg);
		return core.n ? send_to(q, &core.target[0], list) : -ENOENT;
	}
	n = registrations_targets(q->d->registrations, addressee_aor(q->of), PUSH_TAKES, &found);
	for (size_t i = 0; i < n; i++) {
		if (str_eq(push_binding_key(found.binding[i]), queue_key(q)))
			return send_to(q, &found.target[i], list);
	}
	return -ENOENT;
}


static void on_listed(struct store_request *r, int error, void *arg)
{
	struct device_queue *q = arg;
	size_t n = 0;
	const struct store_deferred *m = error ? NULL : store_deferred_result(r, &n);
	struct buf list = BUF_INIT(NOTIFY_BODY_MAX);

	if (!error && !n)
		error = -ENOENT; /* nothing waits for this device */
	if (!error) {
		put_list(q, m, n, &list);
		error = list.failed ? -ENOMEM : send_list(q, buf_str(&list));
	}
	buf_done(&list);
	if (error)
		queue_told(q, error, 0, 0);
	else
		sm_move(&queue_machine, &q->state, QUEUE_TELLING);
}


void notify_start(struct device_queue *q)
{
	sm_move(&queue_machine, &q->state, QUEUE_LISTING);
	if (store_deferred_due(q->d->store, &q->read, addressee_aor(q->of), queue_key(q), 0,
			       deferred_now(q->d), NOTIFY_LISTED_MAX, on_listed, q))
		queue_told(q, -EIO, 0, 0);
}
