/* SPDX-License-Identifier: Apache-2.0 */
/* The leg with the sender of a large message for somebody who is away. */
#include "im/deferred/reception.h"

#define ALLOW "INVITE, ACK, CANCEL, BYE, UPDATE, OPTIONS"
/** TPF rows of a large message: both tags in the Contact; a file is a session (session_header.c). */
#define CONTACT_LARGE STR(";+g.oma.sip-im;+g.oma.sip-im.large-message")
#define CONTACT_FILE STR(";+g.oma.sip-im")
#define INTERVAL_S 1800
#define MIN_S 90


static void on_ended(struct sip_invite *inv, const struct sip_invite_ended *e, void *arg)
{
	(void)inv;
	reception_over(arg, e->why == SIP_INVITE_BYE        ? "caller"
			    : e->why == SIP_INVITE_EXPIRED  ? "session-timer"
			    : e->why == SIP_INVITE_SHUTDOWN ? "shutdown"
							    : "lost");
}


static struct str on_session(struct sip_invite *inv, void *arg)
{
	const struct reception *r = arg;

	(void)inv;
	return buf_str(&r->said);
}


/* The sender's answer to our offer, when its INVITE had none. */
static void on_acked(struct sip_invite *inv, const struct sip_msg *m, void *arg)
{
	struct reception *r = arg;
	struct sdp d;
	struct sdp_msrp o;

	(void)inv;
	if (!r->offers || r->state != RECEPTION_OPEN)
		return;
	r->offers = false;
	if (!m ||
	    media_source_offer(&d, &o,
			       sdp_find(sip_msg_header(m, SIP_HDR_CONTENT_TYPE), m->body)) ||
	    media_end_start(&r->media, &o))
		reception_over(r, "sdp");
}


static void on_modify(struct sip_invite *inv, const struct sip_msg *m, void *arg)
{
	const struct reception *r = arg;

	media_end_modify(&r->media, inv, m);
}


static const struct sip_invite_handler leg_handler = {
	.acked = on_acked,
	.modify = on_modify,
	.session = on_session,
	.ended = on_ended,
};

static const struct sip_invite_profile profile = {
	.allow = STR_INIT(ALLOW),
	.handler = &leg_handler,
};


/* It was a leg of a session, whose devices could not be reached. */
void reception_take_leg(struct reception *r)
{
	r->inv = *r->leg;
	*r->leg = NULL;
	r->leg = NULL;
	sip_invite_hand_over(r->inv, &profile, r);
}


int reception_accept_leg(struct reception *r, const struct sip_msg *m)
{
	const struct sip_source *src = sip_server_txn_source(r->st);
	/* Where a client is reached again that is not found by its Contact: by the way its request came. */
	struct sip_hop back = {.kind = src->kind,
			       .addr = src->peer,
			       .flow = src->flow,
			       .socket = src->flow ? SIP_SOCKET_ANY : src->socket};

	return sip_invite_accept(
		&r->inv,
		&(struct sip_invite_params){
			.dialogs = r->d->dialogs,
			.profile = &profile,
			.session = {.interval_s = INTERVAL_S,
				    .min_s = MIN_S,
				    .refresher = SIP_REFRESHER_UAS},
			.dialog = {.hop = r->d->setting->terminates_here ? &back : NULL,
				   .contact_params = r->m.kind == STORE_DEFERRED_FILE
							     ? CONTACT_FILE
							     : CONTACT_LARGE},
			.arg = r,
		},
		r->st, m, src);
}


int reception_respond(struct reception *r)
{
	return sip_invite_respond(r->inv, SIP_INVITE,
				  &(struct sip_response){.status = 200,
							 .type = STR("application/sdp"),
							 .body = buf_str(&r->said)});
}
