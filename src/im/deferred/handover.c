/* SPDX-License-Identifier: Apache-2.0 */
/* A large message on its way to one device. */
#include "im/deferred/handover.h"

#include <errno.h>

#include "base/mem.h"
#include "im/carrier.h"
#include "im/deferred/addressee.h"
#include "im/deferred/push.h"
#include "sip/accept_contact.h"
#include "sip/compose.h"

#define TAG_IM STR("+g.oma.sip-im")
#define TAG_LARGE STR("+g.oma.sip-im.large-message")
#define CONTACT_FILE STR(";+g.oma.sip-im")
#define CONTACT_LARGE STR(";+g.oma.sip-im;+g.oma.sip-im.large-message")
/** Our description and the lines of our INVITE. */
#define SAID_MAX (4096 + STORE_DEFERRED_MEDIA_MAX)
#define LINES_MAX (STORE_DEFERRED_HEADERS_MAX + 4096)

struct handover {
	struct device_queue *q;
	struct deferred *d;
	struct carrier carrier;
	struct str file, body, content_type; /**< in `text` */
	char *text;
};


static void handover_destroy(void *object)
{
	struct handover *h = object;

	carrier_done(&h->carrier);
	mem_free(h->text);
	h->d->handovers--;
}


void handover_cancel(struct handover *h)
{
	mem_unref(h);
}


struct str handover_call_id(const struct handover *h)
{
	const struct sip_dialog *d = sip_invite_dialog(h->carrier.inv);

	return d ? sip_dialog_call_id(d) : STR("");
}


/* ---- What the carrier tells ---- */

static void on_answered(void *arg)
{
	const struct handover *h = arg;

	queue_streams(h->q);
}


static void on_over(const struct carrier_end *e, void *arg)
{
	struct handover *h = arg;
	struct device_queue *q = h->q;

	/* What is not on disk any more was withdrawn, or its time has ended: the queue will see. */
	uint16_t status = e->error ? 0 : e->status;
	uint32_t retry_after_s = e->m ? push_retry_after(e->m) : 0;

	q->handover = NULL;
	mem_unref(h);
	queue_answered(q, status, retry_after_s);
}


static const struct carrier_handler handler = {.answered = on_answered, .over = on_over};


/* ---- The INVITE ---- */

static struct str main_type(struct str content_type)
{
	return str_trim(str_cut(&content_type, ';'));
}


/* What the sender offered; a description that said nothing of types had its message's. */
static void describe(struct handover *h, const struct store_deferred *m)
{
	struct sdp_own own = {.direction = SDP_SENDONLY, .max_size = m->size};
	struct str media = m->media, line, value;
	struct buf lines = BUF_INIT(STORE_DEFERRED_MEDIA_MAX);

	media_end_describe(&h->carrier.media, &own.end);
	own.accept = sdp_attribute(media, STR("accept-types"), &value) ? value
								       : main_type(m->content_type);
	if (sdp_attribute(media, STR("accept-wrapped-types"), &value))
		own.accept_wrapped = value;
	while ((line = str_cut(&media, '\n')).n)
		if (!str_starts(line, STR("a=accept-"))) {
			buf_puts(&lines, line);
			buf_putc(&lines, '\n');
		}
	own.lines = buf_str(&lines);
	sdp_compose(&h->carrier.said, &own);
	h->carrier.said.failed |= lines.failed;
	buf_done(&lines);
}


/* Of the stored lines, those that the new dialog says itself, or that are written below. */
static bool is_own(enum sip_header_id id)
{
	return id == SIP_HDR_VIA || id == SIP_HDR_FROM || id == SIP_HDR_TO ||
	       id == SIP_HDR_CALL_ID || id == SIP_HDR_CSEQ || id == SIP_HDR_ACCEPT_CONTACT ||
	       id == SIP_HDR_CONTENT_LENGTH;
}


static void put_accept_contact(struct buf *b, const struct sip_msg *m, bool large)
{
	bool im = sip_msg_has_feature(m, SIP_HDR_ACCEPT_CONTACT, TAG_IM);

	if (large && !(im && sip_msg_has_feature(m, SIP_HDR_ACCEPT_CONTACT, TAG_LARGE)))
		buf_puts(b, STR("Accept-Contact: *;+g.oma.sip-im;+g.oma.sip-im.large-message\r\n"));
	else if (!large && !im)
		buf_puts(b, STR("Accept-Contact: *;+g.oma.sip-im\r\n"));
	sip_put_copy(b, m, SIP_HDR_ACCEPT_CONTACT);
}


static void put_lines(struct buf *b, const struct handover *h, const struct store_deferred *m,
		      const struct stored_request *sr)
{
	const struct sip_msg *q = &sr->m;
	uint64_t left_s = stored_left_s(m, deferred_now(h->d));

	for (uint16_t i = 0; i < q->lines; i++) {
		const struct sip_line *l = &q->line[i];

		if (is_own(l->id))
			continue;
		buf_puts(b, str_range(q->p + l->start, q->p + l->vend));
		buf_puts(b, STR("\r\n"));
	}
	put_accept_contact(b, q, m->kind != STORE_DEFERRED_FILE);
	/* TPF-SES-9. A client is told who it is from unless they hide (RFC 3325 7); what a core asserted was kept. */
	if (h->d->setting->terminates_here && m->flags & STORED_VOUCHED &&
	    !(m->flags & STORED_ANONYMOUS))
		buf_printf(b, "P-Asserted-Identity: <" STR_FMT ">\r\n", STR_ARG(m->sender));
	if (left_s)
		sip_put_headeru(b, SIP_HDR_EXPIRES, left_s);
}


static int invite(struct handover *h, const struct store_deferred *m,
		  const struct stored_request *sr, const struct sip_proxy_target *t)
{
	struct str user = addressee_aor(h->q->of), uri = t->uri.n ? t->uri : user;
	struct buf lines = BUF_INIT(LINES_MAX);
	struct sip_hop hop;
	struct sip_uri u;
	int err = -ENOBUFS;

	put_lines(&lines, h, m, sr);
	if (t->hop)
		hop = *t->hop;
	else if (t->flow)
		sip_hop_of_flow(&hop, t->flow, sip_uri_decode(&u, uri) ? NULL : &u);
	if (!lines.failed)
		err = carrier_invite(
			&h->carrier,
			&(struct sip_invite_params){
				.dialogs = h->d->dialogs,
				.dialog = {.local = sr->m.from_uri,
					   .remote = user,
					   .target = uri,
					   .route = t->route,
					   .hop = t->hop || t->flow ? &hop : NULL,
					   .contact_params = m->kind == STORE_DEFERRED_FILE
								     ? CONTACT_FILE
								     : CONTACT_LARGE},
				.headers = buf_str(&lines),
			});
	buf_done(&lines);
	return err;
}


static char *put(char *at, struct str *to, struct str s)
{
	if (s.n)
		memcpy(at, s.p, s.n);
	*to = (struct str){at, s.n};
	return at + s.n;
}


static int keep(struct handover *h, const struct store_deferred *m)
{
	char *at = mem_raw(m->file.n + m->body.n + m->content_type.n + 1);

	if (!at)
		return -ENOMEM;
	h->text = at;
	at = put(at, &h->file, m->file);
	at = put(at, &h->body, m->body);
	put(at, &h->content_type, m->content_type);
	return 0;
}


static int begin(struct handover *h, uint64_t size, bool secure)
{
	return carrier_init(&h->carrier,
			    &(struct carrier_params){
				    .sip = h->d->sip,
				    .msrp = h->d->msrp,
				    .secure = secure,
				    .said_max = SAID_MAX,
				    .content = {.store = h->d->store,
						.name = h->file,
						.bytes = h->body,
						.size = size,
						.message = {.content_type = h->content_type}},
				    .handler = &handler,
				    .arg = h,
			    });
}


int handover_start(struct handover **ret, struct device_queue *q, const struct store_deferred *m,
		   const struct stored_request *sr, const struct sip_proxy_target *t)
{
	struct handover *h;
	int err;

	if (!q->d->msrp || !q->d->dialogs || q->d->handovers >= HANDOVERS_MAX)
		return -ENOBUFS;
	h = mem_alloc(sizeof(*h), handover_destroy);
	if (!h)
		return -ENOMEM;
	h->q = q;
	h->d = q->d;
	h->d->handovers++;
	err = keep(h, m);
	if (!err)
		err = begin(h, m->size, t->hop && t->hop->kind == SIP_TLS);
	if (!err) {
		describe(h, m);
		err = invite(h, m, sr, t);
	}
	if (err) {
		mem_unref(h);
		return err;
	}
	*ret = h;
	return 0;
}
