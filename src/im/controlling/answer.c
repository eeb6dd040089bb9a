/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the focus answers to an INVITE: 7.2.1.1 of seed 004, CTL-PRV and CTL-OK. Contact with isfocus and
 * +g.oma.sip-im comes with the dialog (admission.c), Allow and the session timer with the leg (sip/invite.h), Server
 * with the engine.
 */

#include <errno.h>

#include "base/mem.h"
#include "body/sdp.h"
#include "im/controlling/conference.h"
#include "sip/compose.h"


static uint16_t status_of(int err)
{
	return err == -EPROTONOSUPPORT || err == -EBADMSG ? 488 : 500;
}


/* Our offer, when they made none (notes A-13): their answer comes with the ACK. */
static int describe(struct participant *p, struct buf *body)
{
	p->delayed = !p->media;
	return participant_sdp(p, p->delayed, body);
}


static int send_200(struct participant *p, struct str lines, struct str body)
{
	return sip_invite_respond(p->inv, SIP_INVITE,
				  &(struct sip_response){.status = 200,
							 .headers = lines,
							 .type = STR("application/sdp"),
							 .body = body});
}


void answer_accept(struct participant *p)
{
	struct conference *f = p->conference;
	struct buf lines = BUF_INIT(SIP_MESSAGE_MAX), body = BUF_INIT(SDP_TEXT_MAX);
	int err = describe(p, &body);

	if (f->waits_for_first == p)
		f->waits_for_first = NULL;
	timer_cancel(&p->patience);
	participant_headers(p, false, &lines);
	if (!err && (lines.failed || body.failed))
		err = -ENOMEM;
	if (!err)
		err = send_200(p, buf_str(&lines), buf_str(&body));
	buf_done(&lines);
	buf_done(&body);
	if (err) {
		answer_refuse(p, status_of(err), STR_NULL, STR("media"));
		return;
	}
	im_report_tell(&p->report, IM_DELIVERED, 200, STR_NULL);
	im_report_done(&p->report);
	/* CTL-OK-7: behind the 200, for what is told leaves at the end of the turn. */
	participant_connected(p, CONFERENCE_DIALED_IN);
}


void answer_refuse(struct participant *p, uint16_t status, struct str headers, struct str why)
{
	char text[ROSTER_TEXT_MAX];
	struct buf reason;
	struct str phrase = sip_reason(status);

	buf_fixed(&reason, text, sizeof(text));
	buf_printf(&reason, "SIP;cause=%u;text=\"" STR_FMT "\"", status, STR_ARG(phrase));
	if (p->report.text)
		im_report_tell(&p->report, IM_REFUSED, status, why);
	im_report_done(&p->report);
	participant_leave(p, CONFERENCE_FAILED, buf_str(&reason), STR_NULL,
			  &(struct sip_invite_farewell){.headers = headers, .status = status});
}


/* ---- The first to come, and those who are invited (f-D 61) ---- */

static void on_patience(struct timer *t, void *arg);


static void say(struct participant *p, uint16_t status)
{
	struct buf lines = BUF_INIT(SIP_MESSAGE_MAX);

	participant_headers(p, false, &lines);
	if (!lines.failed)
		(void)sip_invite_respond(p->inv, SIP_INVITE,
					 &(struct sip_response){.status = status,
								.headers = buf_str(&lines)});
	buf_done(&lines);
	timer_start(&p->patience, loop_timers(p->conference->table->loop), CONFERENCE_WAIT_MS,
		    on_patience, p);
}


/* RFC 3261 13.3.1.1: "the UAS MUST send a non-100 provisional response at every minute". */
static void on_patience(struct timer *t, void *arg)
{
	struct participant *p = arg;

	(void)t;
	if (p->conference && p->conference->waits_for_first == p)
		say(p, p->told_ringing ? 180 : 183);
}


void answer_wait(struct participant *p)
{
	p->conference->waits_for_first = p;
	timer_start(&p->patience, loop_timers(p->conference->table->loop), CONFERENCE_WAIT_MS,
		    on_patience, p);
}


void answer_ringing(struct conference *f)
{
	struct participant *p = f->waits_for_first;

	if (!p || p->told_ringing)
		return;
	p->told_ringing = true;
	say(p, 180);
}


void answer_first(struct conference *f, struct participant *invitee)
{
	struct participant *p = f->waits_for_first;

	if (p && p != invitee && !f->ending)
		answer_accept(p);
}


void answer_nobody(struct conference *f, uint16_t status)
{
	struct participant *p = f->waits_for_first;

	if (!p)
		return;
	answer_refuse(p, status, STR_NULL, STR("nobody-came"));
	if (!f->running)
		conference_end(f, STR("SIP;cause=480;text=\"Nobody came\""), "nobody-came");
	conference_review(f);
}
