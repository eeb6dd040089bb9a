/* SPDX-License-Identifier: Apache-2.0 */
/* The end of a session: that of one leg is that of the other. */

#include <errno.h>

#include "base/mem.h"
#include "im/participating/session_state.h"

/** A Reason line that is passed on. */
#define REASON_MAX 512

static const char *const names[SESSION_ENDS] = {
	[SESSION_END_CALLER] = "caller",
	[SESSION_END_CALLEE] = "callee",
	[SESSION_END_CANCELLED] = "cancelled",
	[SESSION_END_EXPIRED] = "session-timer",
	[SESSION_END_LOST] = "no-answer",
	[SESSION_END_MEDIA] = "media-lost",
	[SESSION_END_IDLE] = "idle",
	[SESSION_END_OPERATOR] = "operator",
	[SESSION_END_SHUTDOWN] = "shutdown",
	[SESSION_END_REFUSED] = "refused",
	[SESSION_END_SDP] = "sdp",
};


/* ---- The account ---- */

static void tell_ended(const struct im_session *s, enum session_end why)
{
	const struct im_report *rep = &s->report;
	uint64_t messages, bytes;

	session_media_count(s->media, &messages, &bytes);
	im_events_tell(rep->events,
		       &(struct im_event){
			       .outcome = IM_ENDED,
			       .kind = rep->kind,
			       .side = rep->side,
			       .status = 200,
			       .originator = rep->originator,
			       .recipient = rep->recipient,
			       .call_id = rep->call_id,
			       .reason = str_of(names[why]),
			       .size = (size_t)bytes,
			       .took_ms = (uint32_t)(loop_now_ms(rep->loop) - s->established_ms),
		       });
}


static void tell(const struct im_session *s, enum session_end why, uint16_t status)
{
	if (s->handed_over)
		return; /* who has the caller tells */
	if (s->established_ms)
		tell_ended(s, why);
	else if (why == SESSION_END_CANCELLED)
		im_report_tell(&s->report, IM_FAILED, 487, STR("cancelled"));
	else
		im_report_tell(&s->report, IM_FAILED, status ? status : 480,
			       why == SESSION_END_REFUSED ? STR_NULL : str_of(names[why]));
}


/* ---- The legs ---- */

static void leg_end(struct session_leg *l, const struct sip_invite_farewell *f)
{
	session_carried_end(l, 481);
	l->inv = sip_invite_end(l->inv, f);
}


/* RFC 3326: why one side ends it is told to the other. */
static void put_reason(struct buf *b, const struct sip_msg *m)
{
	struct str reason = m ? sip_msg_header_named(m, STR("Reason")) : STR_NULL;

	if (!reason.n || memchr(reason.p, '\n', reason.n))
		return;
	buf_puts(b, STR("Reason: "));
	buf_puts(b, reason);
	buf_puts(b, STR("\r\n"));
}


/*
 * 6.1.2.2.5: the BYE has been answered before we come here; the user plane on its side goes, then the
 * other side gets its BYE. A message passes end to end, so that a BYE comes after the answers to it:
 * there is nothing on its way that the other side's plane would have to wait for.
 */
void session_end_by(struct im_session *s, enum session_end why, uint16_t status,
		    const struct sip_msg *m)
{
	char storage[REASON_MAX];
	struct buf lines;

	if (s->state == IM_SESSION_ENDING)
		return;
	session_move(s, IM_SESSION_ENDING);
	session_guard_stop(s);
	session_keep_cancel(s);
	buf_fixed(&lines, storage, sizeof(storage));
	put_reason(&lines, m);
	/* Of those who stop with it, clients of a focus come back to one that says so. */
	if (why == SESSION_END_SHUTDOWN)
		buf_puts(&lines, STR("Reason: SIP;cause=503;text=\"Service Unavailable\"\r\n"));
	struct sip_invite_farewell f = {
		.headers = lines.failed ? STR_NULL : buf_str(&lines),
		.status = status,
	};
	tell(s, why, status);
	session_media_release(s->media, LEG_A);
	leg_end(&s->a, &f);
	for (uint8_t i = 0; i < s->branches_n; i++)
		leg_end(&s->branch[i].leg, &f);
	session_media_release(s->media, LEG_B);
	session_record_end(s, names[why]);
	mem_unref(s);
}


void session_end(struct im_session *s, enum session_end why, uint16_t status)
{
	session_end_by(s, why, status, NULL);
}


static enum session_end why_of(const struct sip_invite_ended *e, enum session_leg_id leg)
{
	switch (e->why) {
	case SIP_INVITE_BYE:
		return leg == LEG_A ? SESSION_END_CALLER : SESSION_END_CALLEE;
	case SIP_INVITE_CANCELLED:
		return SESSION_END_CANCELLED;
	case SIP_INVITE_EXPIRED:
		return SESSION_END_EXPIRED;
	case SIP_INVITE_SHUTDOWN:
		return SESSION_END_SHUTDOWN;
	default:
		return SESSION_END_LOST;
	}
}


void session_on_ended(struct sip_invite *inv, const struct sip_invite_ended *e, void *arg)
{
	struct session_leg *l = arg;
	struct im_session *s = l->session;
	enum session_leg_id leg = session_leg_id(l);

	(void)inv;
	if (leg == LEG_B && (!s->won || l != &s->won->leg)) {
		session_branch_refused(session_branch_of(l), e);
		return;
	}
	/* TPF-MOD-F: 408 and 481 to a modification end it, and are told to who asked for it. */
	if (e->why == SIP_INVITE_LOST && leg != s->modifier)
		session_modify_lost(s, e->m, e->status);
	session_end_by(s, why_of(e, leg), e->status, e->m);
}
