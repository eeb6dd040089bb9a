/* SPDX-License-Identifier: Apache-2.0 */
/* Changing a session: re-INVITE and UPDATE of one side, passed on to the other (6.1.2.2.3, 7.3.2.3, either way). */

#include <errno.h>

#include "base/mem.h"
#include "body/recipient_list.h"
#include "im/participating/session_state.h"


static enum session_leg_id other(enum session_leg_id id)
{
	return id == LEG_A ? LEG_B : LEG_A;
}


static void respond(struct session_leg *l, enum sip_method method, uint16_t status)
{
	(void)sip_invite_respond(l->inv, method, &(struct sip_response){.status = status});
}


static uint16_t status_of(int err)
{
	switch (err) {
	case -EBUSY:
		return 491; /* RFC 3261 14.2, digest f-C 40 */
	case -EBADMSG:
		return 400;
	case -EPROTONOSUPPORT:
		return 488;
	case -E2BIG:
		return 413;
	default:
		return 500;
	}
}


/* ---- 7.3.2.3 step 1 ---- */

/* Notes A-10: offers of the served client are judged, those of the Controlling Function are the client's to judge. */
static bool is_served(const struct im_session *s, enum session_leg_id leg, enum im_side *side)
{
	*side = leg == LEG_A ? IM_ORIGINATING : IM_TERMINATING;
	return leg == LEG_A ? s->originating : s->terminating;
}


static bool acceptable(struct session_leg *l, const struct sip_msg *m)
{
	const struct im_session *s = l->session;
	char lines[1024], sdp[4096];
	struct buf headers, body;
	enum im_side side;

	if (!s->table->judge || !is_served(s, session_leg_id(l), &side))
		return true;
	buf_fixed(&headers, lines, sizeof(lines));
	buf_fixed(&body, sdp, sizeof(sdp));
	struct im_session_refusal no = {.headers = &headers, .sdp = &body};
	if (s->table->judge(&(struct im_session_offer){.kind = (enum im_kind)s->kind,
						       .side = side,
						       .service = s->service,
						       .user = s->user[side == IM_TERMINATING],
						       .sdp = session_media_sdp(s->media, m)},
			    &no, s->table->judge_arg))
		return true;
	(void)sip_invite_respond(l->inv, m->method,
				 &(struct sip_response){
					 .status = no.status ? no.status : 488,
					 .headers = buf_str(&headers),
					 .type = body.n ? STR("application/sdp") : STR_NULL,
					 .body = buf_str(&body),
				 });
	return false;
}


/* ---- Passing it on ---- */

/* PFC-MOD-2b: UPDATE only where the other side has said that it knows it; else a re-INVITE. */
static enum sip_method method_for(const struct session_leg *to, const struct sip_msg *m)
{
	return m->method == SIP_UPDATE && sip_invite_allows(to->inv, SIP_UPDATE) ? SIP_UPDATE
										 : SIP_INVITE;
}


static int pass_on(struct session_leg *from, struct session_leg *to, const struct sip_msg *m)
{
	struct im_session *s = from->session;
	struct buf lines = BUF_INIT(SESSION_LINES_MAX), body = BUF_INIT(IM_SESSION_SDP_MAX);
	struct str type = sip_msg_header(m, SIP_HDR_CONTENT_TYPE);
	int err = 0;

	if (m->body.n)
		err = session_media_offer(s->media, session_leg_id(from), type, m->body, &body);
	session_put_carried(&lines, s, m, m->body.n > 0);
	if (!err && (lines.failed || body.failed))
		err = -ENOBUFS;
	if (!err)
		err = sip_invite_modify(to->inv, &(struct sip_invite_change){
							 .method = method_for(to, m),
							 .headers = buf_str(&lines),
							 .type = m->body.n ? type : STR_NULL,
							 .body = buf_str(&body),
						 });
	buf_done(&lines);
	buf_done(&body);
	if (err)
		session_media_rollback(s->media);
	return err;
}


static bool is_too_large(const struct sip_msg *m)
{
	return m->body.n > IM_SESSION_SDP_MAX;
}


void session_on_modify(struct sip_invite *inv, const struct sip_msg *m, void *arg)
{
	struct session_leg *from = arg;
	struct im_session *s = from->session;
	struct session_leg *to = session_leg(s, other(session_leg_id(from)));
	int err;

	/* RFC 5366 5.1: no focus behind us would know what to do with it. */
	if (sip_msg_has_token(m, SIP_HDR_REQUIRE, RECIPIENT_LIST_INVITE_TAG)) {
		(void)sip_invite_respond(
			inv, m->method,
			&(struct sip_response){.status = 420,
					       .headers = STR(
						       "Unsupported: recipient-list-invite\r\n")});
		return;
	}
	/* DRV-5, digest f-B 13: a refresh is this leg's own affair. */
	if ((m->method == SIP_UPDATE && !m->body.n) ||
	    (m->body.n && session_media_unchanged(s->media, session_leg_id(from), m))) {
		(void)sip_invite_refreshed(inv, m->method);
		return;
	}
	if (s->state != IM_SESSION_ACTIVE || s->modifying || s->ack_due) {
		respond(from, m->method, 491);
		return;
	}
	if (is_too_large(m) || (m->body.n && !acceptable(from, m))) {
		if (is_too_large(m))
			respond(from, m->method, 413);
		return;
	}
	err = pass_on(from, to, m);
	if (err) {
		respond(from, m->method, status_of(err));
		return;
	}
	s->modifying = true;
	s->modifier = session_leg_id(from);
	s->modifier_method = m->method;
	s->modifier_offers = m->body.n > 0;
}


/* ---- The answer ---- */

static int give_answer(struct im_session *s, struct session_leg *asker, struct session_leg *from,
		       const struct sip_msg *m)
{
	struct buf lines = BUF_INIT(SESSION_LINES_MAX), body = BUF_INIT(IM_SESSION_SDP_MAX);
	struct str type = sip_msg_header(m, SIP_HDR_CONTENT_TYPE);
	int err =
		s->modifier_offers
			? session_media_answer(s->media, session_leg_id(from), type, m->body, &body)
			: session_media_offer(s->media, session_leg_id(from), type, m->body, &body);

	session_put_carried(&lines, s, m, true);
	if (!err && (lines.failed || body.failed))
		err = -ENOBUFS;
	if (!err)
		err = sip_invite_respond(asker->inv, s->modifier_method,
					 &(struct sip_response){.status = 200,
								.headers = buf_str(&lines),
								.type = type,
								.body = buf_str(&body)});
	buf_done(&lines);
	buf_done(&body);
	return err;
}


/* TPF-MOD-F, PFC-MOD-F: told as it is; everything stays as it was. */
static void give_refusal(struct im_session *s, struct session_leg *asker, const struct sip_msg *m,
			 int error)
{
	struct buf lines = BUF_INIT(SESSION_LINES_MAX);

	session_media_rollback(s->media);
	if (m)
		session_put_carried(&lines, s, m, m->body.n > 0);
	(void)sip_invite_respond(
		asker->inv, s->modifier_method,
		&(struct sip_response){
			.status = m                     ? m->status
				  : error == -ETIMEDOUT ? 504
							: 500,
			.reason = m ? m->reason : STR_NULL,
			.headers = lines.failed ? STR_NULL : buf_str(&lines),
			.type = m && m->body.n ? sip_msg_header(m, SIP_HDR_CONTENT_TYPE) : STR_NULL,
			.body = m ? m->body : STR_NULL,
		});
	buf_done(&lines);
}


/*
 * The asker did not wait (RFC 3311 5.2: an UPDATE that takes long gets 504), or its answer cannot be: the other
 * side has agreed to what does not hold. It is offered what held before.
 */
static void take_back(struct im_session *s, struct session_leg *from)
{
	struct buf body = BUF_INIT(IM_SESSION_SDP_MAX);

	session_media_rollback(s->media);
	if (!s->modifier_offers) {
		(void)sip_invite_ack(from->inv, STR_NULL, STR_NULL);
	} else if (session_media_restore(s->media, session_leg_id(from), &body) == 0) {
		(void)sip_invite_modify(from->inv, &(struct sip_invite_change){
							   .method = SIP_INVITE,
							   .type = STR("application/sdp"),
							   .body = buf_str(&body),
							   .again = true,
						   });
	}
	buf_done(&body);
}


void session_modify_lost(struct im_session *s, const struct sip_msg *m, uint16_t status)
{
	struct session_leg *asker = session_leg(s, s->modifier);

	if (!s->modifying || !asker || !asker->inv)
		return;
	s->modifying = false;
	if (m)
		give_refusal(s, asker, m, 0);
	else
		respond(asker, s->modifier_method, status ? status : 408);
}


void session_on_modified(struct sip_invite *inv, const struct sip_msg *m, int error, void *arg)
{
	struct session_leg *from = arg;
	struct im_session *s = from->session;
	struct session_leg *asker = session_leg(s, s->modifier);
	int err;

	(void)inv;
	if (!s->modifying || asker == from)
		return; /* what was taken back */
	s->modifying = false;
	if (!m || m->status >= 300) {
		give_refusal(s, asker, m, error);
		return;
	}
	err = give_answer(s, asker, from, m);
	if (err) {
		take_back(s, from);
		if (err != -EALREADY)
			respond(asker, s->modifier_method, 500);
		return;
	}
	if (s->modifier_offers) {
		session_media_commit(s->media);
	} else {
		s->ack_due = true;
		s->ack_leg = s->modifier;
	}
}
