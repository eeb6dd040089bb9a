/* SPDX-License-Identifier: Apache-2.0 */
/* One participant: the leg with them, from its INVITE to its BYE. */

#include <errno.h>

#include "base/counter.h"
#include "base/mem.h"
#include "body/recipient_list.h"
#include "im/controlling/adhoc.h"
#include "im/controlling/conference.h"
#include "im/controlling/registry.h"
#include "sip/name_addr.h"

enum { IN, JOINED, LOST, COUNTERS };
static struct counter counters[COUNTERS] = {
	[IN] = GAUGE("conference.participants", "participants of all conferences now"),
	[JOINED] = COUNTER("conference.joined", "participants that have come into a conference"),
	[LOST] = COUNTER("conference.lost",
			 "participants given up: connection or session timer ran out, or too slow"),
};

/**
 *     ASKING ----> CONNECTED ----> GONE
 *      |   '---------------------^ ^
 *      '--> INVITED ---------------'
 *               '--> CONNECTED
 */
static const struct sm_state states[] = {
	[PARTICIPANT_ASKING] = {"asking", SM_TO(PARTICIPANT_INVITED) |
						  SM_TO(PARTICIPANT_CONNECTED) |
						  SM_TO(PARTICIPANT_GONE)},
	[PARTICIPANT_INVITED] = {"invited", SM_TO(PARTICIPANT_CONNECTED) | SM_TO(PARTICIPANT_GONE)},
	[PARTICIPANT_CONNECTED] = {"connected", SM_TO(PARTICIPANT_GONE)},
	[PARTICIPANT_GONE] = {"gone", 0},
};
const struct sm_table participant_machine = SM_TABLE("participant", states);


void participant_counters_register(void)
{
	counter_register(counters, COUNTERS);
}


/* ---- Life ---- */

static void destroy(void *object)
{
	struct participant *p = object;

	timer_cancel(&p->grace);
	timer_cancel(&p->patience);
	participant_media_done(p);
	p->inv = sip_invite_end(p->inv, NULL);
	im_report_done(&p->report);
}


static struct str put(char **at, struct str s)
{
	struct str kept = {*at, s.n};

	if (s.n)
		memcpy(*at, s.p, s.n);
	*at += s.n;
	return kept;
}


int participant_alloc(struct participant **ret, struct conference *f, struct str who,
		      struct str uri, struct str display_name, bool anonymous)
{
	struct controlling *c = f->table;
	struct participant *p;
	char *at;

	if (c->participants >= CONTROLLING_PARTICIPANTS_MAX ||
	    f->participants.count >= CONFERENCE_INVITED_MAX)
		return -ENOBUFS;
	p = mem_alloc(sizeof(*p) + who.n + uri.n + display_name.n, destroy);
	if (!p)
		return -ENOMEM;
	at = (char *)(p + 1);
	p->who = put(&at, who);
	p->uri = put(&at, uri);
	p->display_name = put(&at, display_name);
	p->anonymous = anonymous;
	p->founder = str_eq(who, f->founder);
	p->state = PARTICIPANT_ASKING;
	p->conference = f;
	list_append(&f->participants, &p->link);
	c->participants++;
	*ret = p;
	return 0;
}


void participant_headers(const struct participant *p, bool request, struct buf *out)
{
	(void)request;
	buf_puts(out, STR("P-Asserted-Identity: <"));
	buf_puts(out, p->conference->asserted);
	buf_puts(out, STR(">\r\n"));
}


static void give_up(struct participant *p, struct str reason);


/* ---- In ---- */

static void announce(const struct participant *p, enum im_outcome outcome, struct str reason)
{
	const struct conference *f = p->conference;
	const struct sip_dialog *d = p->inv ? sip_invite_dialog(p->inv) : NULL;
	struct fanout_seat_counts n = {0};
	int64_t stood = p->since_ms ? loop_wall_ms(f->table->loop) - p->since_ms : 0;

	if (p->seat)
		fanout_seat_counts(p->seat, &n);
	im_events_tell(f->table->events,
		       &(struct im_event){
			       .outcome = outcome,
			       .kind = f->large ? IM_LARGE : IM_SESSION,
			       .side = IM_CONTROLLING,
			       .originator = p->who,
			       .recipient = f->group ? f->group->canonical : f->identity,
			       .call_id = d ? sip_dialog_call_id(d) : STR(""),
			       .reason = reason,
			       .size = n.bytes,
			       .took_ms = (uint32_t)(stood > 0 ? stood : 0),
		       });
}


/* RFC 4575 5.6: what is known of the person and the device. */
static int show(const struct participant *p, enum conference_joining joining)
{
	const struct sip_dialog *d = p->inv ? sip_invite_dialog(p->inv) : NULL;
	struct str nick = p->seat ? fanout_seat_nickname(p->seat) : STR("");
	struct str name = p->anonymous ? STR("") : p->display_name;

	return roster_set(p->conference->roster,
			  &(struct roster_person){
				  .who = p->who,
				  .uri = p->uri,
				  .display_name = nick.n ? nick : name,
				  .contact = d ? sip_dialog_target(d) : STR(""),
				  .role = p->founder ? STR("organizer") : STR(""),
				  .anonymous = p->anonymous,
				  .status = p->on_hold ? CONFERENCE_ON_HOLD : CONFERENCE_CONNECTED,
				  .joining = joining,
			  });
}


void participant_show(const struct participant *p)
{
	struct roster_person known;

	if (p->state != PARTICIPANT_CONNECTED)
		return;
	(void)show(p, roster_find(p->conference->roster, p->who, &known)
			      ? known.joining
			      : CONFERENCE_JOINING_UNSAID);
}


void participant_connected(struct participant *p, enum conference_joining joining)
{
	struct conference *f = p->conference;
	int err;

	sm_move(&participant_machine, &p->state, PARTICIPANT_CONNECTED);
	p->since_ms = loop_wall_ms(f->table->loop);
	f->active_ms = loop_now_ms(f->table->loop);
	/* Beyond the ceiling they could not come back; they are in now. */
	(void)conference_invite_note(f, p->who);
	conference_note(f);
	err = show(p, joining);
	if (!err && p->anonymous && p->seat)
		err = fanout_seat_hide(p->seat, roster_shown(f->roster, p->who));
	counter_add(&counters[IN], 1);
	counter_add(&counters[JOINED], 1);
	announce(p, IM_JOINED, STR(""));
	if (err) {
		/* Who cannot be shown to the others, or not under their alias, is not to be among them. */
		give_up(p, STR("SIP;cause=500;text=\"Server Internal Error\""));
		return;
	}
	participant_media_start(p);
	conference_review(f);
}


/* ---- Gone ---- */

static struct str how_name(enum conference_leaving how)
{
	switch (how) {
	case CONFERENCE_DEPARTED:
		return STR("departed");
	case CONFERENCE_BOOTED:
		return STR("booted");
	case CONFERENCE_BUSY:
		return STR("busy");
	case CONFERENCE_FAILED:
		return STR("failed");
	default:
		return STR("ended");
	}
}


void participant_leave(struct participant *p, enum conference_leaving how, struct str reason,
		       struct str by, const struct sip_invite_farewell *farewell)
{
	struct conference *f = p->conference;
	struct controlling *c;

	if (p->state == PARTICIPANT_GONE)
		return;
	c = f->table;
	if (p->state == PARTICIPANT_CONNECTED) {
		announce(p, IM_LEFT, how_name(how));
		counter_add(&counters[IN], -1);
		counter_add(&counters[LOST], how == CONFERENCE_FAILED);
	}
	sm_move(&participant_machine, &p->state, PARTICIPANT_GONE);
	if (f->waits_for_first == p)
		f->waits_for_first = NULL;
	f->founder_left = f->founder_left || p->founder;
	invitation_forget(p);
	timer_cancel(&p->grace);
	timer_cancel(&p->patience);
	participant_media_done(p);
	p->inv = sip_invite_end(p->inv, farewell);
	if (p->report.text)
		im_report_tell(&p->report, IM_FAILED, 487, STR("cancelled"));
	im_report_done(&p->report);
	list_remove(&f->participants, &p->link);
	/* They may have another leg, in the place of this one (admission.c). */
	if (!conference_find(f, p->who))
		(void)roster_leave(f->roster, p->who, how, reason, by);
	p->conference = NULL;
	c->participants--;
	list_append(&c->over_participants, &p->link);
	controlling_reap_later(c);
}


static void give_up(struct participant *p, struct str reason)
{
	struct conference *f = p->conference;
	char text[ROSTER_TEXT_MAX];
	struct buf line;

	buf_fixed(&line, text, sizeof(text));
	buf_printf(&line, "Reason: " STR_FMT "\r\n", STR_ARG(reason));
	participant_leave(p, CONFERENCE_FAILED, reason, STR_NULL,
			  &(struct sip_invite_farewell){.headers = buf_str(&line)});
	conference_review(f);
}


/* ---- Their connection ---- */

static void on_grace(struct timer *t, void *arg)
{
	(void)t;
	give_up(arg, STR("SIP;cause=408;text=\"No connection\""));
}


void participant_media_lost(struct participant *p)
{
	if (p->state == PARTICIPANT_CONNECTED && !p->on_hold && !timer_running(&p->grace))
		timer_start(&p->grace, loop_timers(p->conference->table->loop), CONFERENCE_LOST_MS,
			    on_grace, p);
}


void participant_media_awaited(struct participant *p)
{
	if (!p->on_hold)
		timer_start(&p->grace, loop_timers(p->conference->table->loop),
			    CONFERENCE_UNBOUND_MS, on_grace, p);
}


/* ---- What the fan-out tells ---- */

static void on_overrun(struct fanout_seat *seat, const char *reason, void *arg)
{
	char text[ROSTER_TEXT_MAX];
	struct buf b;

	(void)seat;
	buf_fixed(&b, text, sizeof(text));
	buf_printf(&b, "SIP;cause=480;text=\"Too slow: %s\"", reason);
	give_up(arg, buf_str(&b));
}


static void on_lost(struct fanout_seat *seat, int error, void *arg)
{
	(void)seat;
	(void)error;
	participant_media_again(arg);
}


static void on_bound(struct fanout_seat *seat, void *arg)
{
	(void)seat;
	participant_media_bound(arg);
}


static void on_active(struct fanout *fanout, void *arg)
{
	struct conference *f = arg;

	(void)fanout;
	f->active_ms = loop_now_ms(f->table->loop);
}


static void on_nickname(struct fanout_seat *seat, struct str name, void *arg)
{
	(void)seat;
	(void)name;
	participant_show(arg);
}


const struct fanout_handler participant_fanout_handler = {
	.overrun = on_overrun,
	.lost = on_lost,
	.bound = on_bound,
	.active = on_active,
	.nickname = on_nickname,
};


/* ---- What the leg tells ---- */

static void on_provisional(struct sip_invite *inv, const struct sip_msg *m, void *arg)
{
	(void)inv;
	invitation_provisional(arg, m);
}


static void on_answered(struct sip_invite *inv, const struct sip_msg *m, void *arg)
{
	(void)inv;
	invitation_answered(arg, m);
}


/* RFC 3264 4, RFC 3261 13.2.1: our 2xx had the offer, this has the answer. */
static void on_acked(struct sip_invite *inv, const struct sip_msg *m, void *arg)
{
	struct participant *p = arg;
	struct str sdp = m ? adhoc_sdp(m) : STR_NULL;

	(void)inv;
	if (!p->delayed || p->state != PARTICIPANT_CONNECTED)
		return;
	p->delayed = false;
	if (!sdp.n || participant_media(p, sdp, false)) {
		give_up(p, STR("SIP;cause=488;text=\"Not Acceptable Here\""));
		return;
	}
	participant_media_start(p);
	participant_show(p);
}


static void refuse_change(struct participant *p, enum sip_method method, int err)
{
	(void)sip_invite_respond(p->inv, method,
				 &(struct sip_response){.status = err == -EBADMSG           ? 400
								  : err == -EPROTONOSUPPORT ? 488
								  : err == -E2BIG           ? 413
											    : 500});
}


/* A new offer: another path after a lost connection, hold and its end. */
static void change(struct participant *p, enum sip_method method, struct str sdp)
{
	struct buf lines = BUF_INIT(SIP_MESSAGE_MAX), body = BUF_INIT(SDP_TEXT_MAX);
	int err = participant_media(p, sdp, true);

	if (!err)
		err = participant_sdp(p, false, &body);
	participant_headers(p, false, &lines);
	if (!err && (body.failed || lines.failed))
		err = -ENOMEM;
	if (!err)
		err = sip_invite_respond(p->inv, method,
					 &(struct sip_response){.status = 200,
								.headers = buf_str(&lines),
								.type = STR("application/sdp"),
								.body = buf_str(&body)});
	buf_done(&lines);
	buf_done(&body);
	if (err) {
		refuse_change(p, method, err);
		return;
	}
	participant_media_start(p);
	participant_show(p);
}


static void on_modify(struct sip_invite *inv, const struct sip_msg *m, void *arg)
{
	struct participant *p = arg;
	struct str sdp = m->body.n ? adhoc_sdp(m) : STR_NULL;

	/* RFC 5366 5.1: "there are no semantics associated with 'recipient-list' bodies in re-INVITE requests". */
	if (sip_msg_has_token(m, SIP_HDR_REQUIRE, RECIPIENT_LIST_INVITE_TAG))
		(void)sip_invite_respond(
			inv, m->method,
			&(struct sip_response){.status = 420,
					       .headers = STR(
						       "Unsupported: recipient-list-invite\r\n")});
	else if (m->body.n && !sdp.n)
		(void)sip_invite_respond(
			inv, m->method,
			&(struct sip_response){.status = 415,
					       .headers = STR("Accept: application/sdp\r\n")});
	else if (p->state != PARTICIPANT_CONNECTED)
		(void)sip_invite_respond(inv, m->method, &(struct sip_response){.status = 491});
	else if (!sdp.n || participant_media_unchanged(p, sdp)) {
		p->delayed = m->method == SIP_INVITE && !sdp.n;
		(void)sip_invite_refreshed(inv, m->method);
	} else {
		change(p, m->method, sdp);
	}
}


static struct str on_session(struct sip_invite *inv, void *arg)
{
	(void)inv;
	return participant_media_said(arg);
}


static bool on_request(struct sip_invite *inv, struct sip_server_txn *st, const struct sip_msg *m,
		       void *arg)
{
	struct participant *p = arg;

	if (m->method != SIP_REFER || p->state != PARTICIPANT_CONNECTED)
		return false;
	referral_receive(p->conference, sip_invite_dialog(inv), st, m, sip_server_txn_source(st),
			 p->who);
	return true;
}


/* Of a client's own: `Reason: SIP;cause=200;text="Call completed"`. */
static struct str reason_of(const struct sip_invite_ended *e)
{
	struct str said = e->m ? sip_msg_header_named(e->m, STR("Reason")) : STR_NULL;

	switch (e->why) {
	case SIP_INVITE_BYE:
		return said;
	case SIP_INVITE_EXPIRED:
		return STR("SIP;cause=408;text=\"Session expired\"");
	case SIP_INVITE_UNACKNOWLEDGED:
		return STR("SIP;cause=408;text=\"No acknowledgement\"");
	case SIP_INVITE_SHUTDOWN:
		return STR("SIP;cause=503;text=\"Service Unavailable\"");
	default:
		return STR("SIP;cause=408;text=\"No answer\"");
	}
}


static void on_ended(struct sip_invite *inv, const struct sip_invite_ended *e, void *arg)
{
	struct participant *p = arg;
	struct conference *f = p->conference;
	bool waited = f->waits_for_first == p;

	(void)inv;
	if (p->state == PARTICIPANT_INVITED && p->wait) {
		invitation_ended(p, e);
		return;
	}
	participant_leave(p, e->why == SIP_INVITE_BYE ? CONFERENCE_DEPARTED : CONFERENCE_FAILED,
			  reason_of(e), STR_NULL, NULL);
	/* Who wanted it does not want it any more, and it has not begun. */
	if (waited && !f->running)
		conference_end(f, STR("SIP;cause=487;text=\"Request Terminated\""), "cancelled");
	conference_review(f);
}


static const struct sip_invite_handler handler = {
	.provisional = on_provisional,
	.answered = on_answered,
	.acked = on_acked,
	.modify = on_modify,
	.session = on_session,
	.request = on_request,
	.ended = on_ended,
};
const struct sip_invite_profile participant_profile = {
	.allow = STR_INIT("INVITE, ACK, CANCEL, BYE, UPDATE, PRACK, OPTIONS, REFER"),
	.supported = STR_INIT(
		"100rel, recipient-list-invite, multiple-refer, norefersub, replaces"),
	.handler = &handler,
};
