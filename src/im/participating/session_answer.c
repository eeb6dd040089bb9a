/* SPDX-License-Identifier: Apache-2.0 */
/* What the callee says to the INVITE, told to the caller. */

#include <errno.h>

#include "base/mem.h"
#include "im/participating/session_state.h"


static struct im_session *session_of(void *arg)
{
	return ((struct session_leg *)arg)->session;
}


static void note_privacy(struct im_session *s, const struct sip_msg *m)
{
	if (session_asks_privacy(m))
		s->callee_hides = true;
}


/* ---- 1xx ---- */

/* DRV-14, digest f-C 43. What SDP it may have waits for the 2xx: MSRP knows no early media. */
void session_on_provisional(struct sip_invite *inv, const struct sip_msg *m, void *arg)
{
	struct im_session *s = session_of(arg);
	struct buf lines = BUF_INIT(SESSION_LINES_MAX);

	(void)inv;
	note_privacy(s, m);
	if (s->state != IM_SESSION_INVITING)
		return;
	session_guard_start(s, sip_timers(s->table->sip)->c_ms);
	session_put_answer_lines(&lines, s, m, false);
	session_contact_learn(s, sip_msg_header(m, SIP_HDR_CONTACT));
	(void)sip_invite_respond(s->a.inv, SIP_INVITE,
				 &(struct sip_response){.status = m->status,
							.reason = m->reason,
							.headers = buf_str(&lines)});
	buf_done(&lines);
}


/* ---- 2xx ---- */

static void others_end(struct im_session *s)
{
	for (uint8_t i = 0; i < s->branches_n; i++) {
		struct session_branch *b = &s->branch[i];

		if (b == s->won)
			continue;
		b->state = BRANCH_REFUSED;
		b->leg.inv = sip_invite_end(b->leg.inv, NULL);
	}
	/* Where they were asked is not needed any more. */
	for (uint8_t i = 0; i < s->branches_n; i++) {
		mem_free(s->branch[i].text);
		s->branch[i].text = NULL;
	}
	mem_free(s->text);
	s->text = NULL;
}


static int respond_2xx(struct im_session *s, const struct sip_msg *m)
{
	struct buf lines = BUF_INIT(SESSION_LINES_MAX), body = BUF_INIT(IM_SESSION_SDP_MAX);
	struct str type = sip_msg_header(m, SIP_HDR_CONTENT_TYPE);
	int err = s->delayed ? session_media_offer(s->media, LEG_B, type, m->body, &body)
			     : session_media_answer(s->media, LEG_B, type, m->body, &body);

	session_put_answer_lines(&lines, s, m, true);
	session_contact_learn(s, sip_msg_header(m, SIP_HDR_CONTACT));
	if (!err && (lines.failed || body.failed))
		err = -ENOBUFS;
	if (!err)
		err = sip_invite_respond(s->a.inv, SIP_INVITE,
					 &(struct sip_response){.status = m->status,
								.reason = m->reason,
								.headers = buf_str(&lines),
								.type = type,
								.body = buf_str(&body)});
	buf_done(&lines);
	buf_done(&body);
	return err;
}


static void established(struct im_session *s, uint16_t status)
{
	session_move(s, IM_SESSION_ACTIVE);
	s->established_ms = loop_now_ms(s->table->loop);
	s->established_wall_ms = loop_wall_ms(s->table->loop);
	session_guard_stop(s);
	im_report_tell(&s->report, s->to_devices ? IM_DELIVERED : IM_RELAYED, status, STR_NULL);
	session_record_begin(s);
	if (s->delayed)
		s->ack_due = true;
	else
		session_media_commit(s->media);
	session_guard_idle(s);
}


/* Digest f-C 53: any 2xx. */
void session_on_answered(struct sip_invite *inv, const struct sip_msg *m, void *arg)
{
	struct session_leg *l = arg;
	struct im_session *s = l->session;

	(void)inv;
	note_privacy(s, m);
	s->won = session_branch_of(l);
	s->won->state = BRANCH_WON;
	others_end(s);
	int err = respond_2xx(s, m);
	if (err) {
		session_end(s, SESSION_END_SDP, err == -ENOMEM || err == -ENOBUFS ? 500 : 502);
		return;
	}
	established(s, m->status);
}


/* ---- ACK with the answer ---- */

static int pass_answer(struct im_session *s, enum session_leg_id from, const struct sip_msg *m)
{
	struct session_leg *to = session_leg(s, from == LEG_A ? LEG_B : LEG_A);
	struct str type = m ? sip_msg_header(m, SIP_HDR_CONTENT_TYPE) : STR_NULL;
	struct buf body = BUF_INIT(IM_SESSION_SDP_MAX);
	int err = m ? session_media_answer(s->media, from, type, m->body, &body) : -EBADMSG;

	if (err)
		(void)sip_invite_ack(to->inv, STR_NULL, STR_NULL);
	else
		err = sip_invite_ack(to->inv, type, buf_str(&body));
	buf_done(&body);
	return err;
}


void session_on_acked(struct sip_invite *inv, const struct sip_msg *m, void *arg)
{
	struct session_leg *l = arg;
	struct im_session *s = l->session;
	bool first = s->delayed;

	(void)inv;
	if (!s->ack_due || s->ack_leg != session_leg_id(l))
		return;
	s->ack_due = s->delayed = false;
	if (pass_answer(s, session_leg_id(l), m) == 0) {
		session_media_commit(s->media);
		return;
	}
	session_media_rollback(s->media);
	/* RFC 3261 13.2.2.4: an answer that cannot be accepted ends what was set up by it. */
	if (first)
		session_end(s, SESSION_END_SDP, 0);
}


/* ---- Refusals ---- */

/* RFC 3261 16.7 step 6: 6xx, else the lowest class; in it what lets the caller try again. */
static bool is_better(uint16_t status, uint16_t than)
{
	if (!than)
		return true;
	if (than >= 600 || status >= 600)
		return status >= 600 && than < 600;
	if (status / 100 != than / 100)
		return status < than;
	return (status == 401 || status == 407 || status == 415 || status == 420 ||
		status == 484) &&
	       !(than == 401 || than == 407);
}


static void remember(struct im_session *s, uint16_t status, const struct sip_msg *m)
{
	struct buf b = BUF_INIT(SESSION_LINES_MAX + IM_SESSION_SDP_MAX);
	bool body = m && m->body.n && m->body.n <= IM_SESSION_SDP_MAX;
	size_t lines = 0, reason = 0, type = 0;

	if (!is_better(status, s->best_status))
		return;
	if (m) {
		session_put_answer_lines(&b, s, m, body);
		lines = b.n;
		buf_puts(&b, m->reason);
		reason = b.n;
		if (body) {
			buf_puts(&b, sip_msg_header(m, SIP_HDR_CONTENT_TYPE));
			type = b.n;
			buf_puts(&b, m->body);
		}
	}
	session_best_free(s);
	s->best_status = status;
	if (m && !b.failed)
		s->best = mem_raw(sizeof(*s->best));
	if (!s->best) {
		buf_done(&b);
		return;
	}
	*s->best = (struct session_best){.text = b.p,
					 .headers = {b.p, lines},
					 .reason = {b.p + lines, reason - lines}};
	if (body) {
		s->best->type = (struct str){b.p + reason, type - reason};
		s->best->body = (struct str){b.p + type, b.n - type};
	}
}


void session_best_free(struct im_session *s)
{
	if (s->best)
		mem_free(s->best->text);
	mem_free(s->best);
	s->best = NULL;
}


/* OPF-FIN-1, TPF-SES-FIN, notes A-31: the same status, reason, body and end-to-end headers. */
void session_refuse(struct im_session *s)
{
	uint16_t status = s->best_status ? s->best_status : 500;
	struct sip_response r = {.status = status};

	if (s->best) {
		r.reason = s->best->reason;
		r.headers = s->best->headers;
		r.type = s->best->type;
		r.body = s->best->body;
	}
	(void)sip_invite_respond(s->a.inv, SIP_INVITE, &r);
	session_end(s, SESSION_END_REFUSED, status);
}


static bool still_asked(const struct im_session *s)
{
	for (uint8_t i = 0; i < s->branches_n; i++) {
		if (s->branch[i].state == BRANCH_ASKED)
			return true;
	}
	return false;
}


/* A final response of the callee's network, or none. */
static uint16_t status_of(const struct sip_invite_ended *e)
{
	switch (e->why) {
	case SIP_INVITE_REFUSED:
		return e->status;
	case SIP_INVITE_UNREACHABLE:
		return e->error == -ETIMEDOUT ? 408 : 500;
	case SIP_INVITE_BYE:
		return 487; /* 15.1.2: of an early dialog */
	default:
		return e->status ? e->status : 500;
	}
}


void session_branch_refused(struct session_branch *b, const struct sip_invite_ended *e)
{
	struct im_session *s = b->leg.session;
	uint16_t status = status_of(e);

	b->state = BRANCH_REFUSED;
	remember(s, status, e->why == SIP_INVITE_REFUSED ? e->m : NULL);
	b->leg.inv = sip_invite_end(b->leg.inv, NULL);
	if (s->won || s->state != IM_SESSION_INVITING || s->keeping)
		return;
	if (status < 600 && still_asked(s))
		return;
	if ((status >= 600 || !s->text || session_ask(s, &s->offer)) && !session_keep_unreached(s))
		session_refuse(s);
}
