/* SPDX-License-Identifier: Apache-2.0 */
/* Invitations: whose turn it is, and what became of each. */
#include "im/controlling/invitation.h"

#include <errno.h>

#include "im/controlling/adhoc.h"
#include "sip/accept_contact.h"
#include "sip/compose.h"

/** One address while it is read. */
#define ADDRESS_MEMORY 16384
/** `SIP;cause=486;text="Busy Here"` */
#define REASON_MAX 96

static void soon(struct conference *f);


/* ---- What becomes of one ---- */

static void free_wait(struct invitation_wait *w)
{
	timer_cancel(&w->ring);
	mem_free(w);
}


/* Out of the queue, or off its participant, whose turn is over. */
static void detach(struct invitation_wait *w)
{
	list_remove(&w->conference->waiting, &w->link);
	timer_cancel(&w->ring);
	if (w->p) {
		w->p->wait = NULL;
		w->conference->inviting--;
		w->p = NULL;
	}
}


/* It is over; its object, too. */
static void tell(struct invitation_wait *w, uint16_t status)
{
	void (*done)(uint16_t status, void *arg) = w->done;
	void *arg = w->arg;

	free_wait(w);
	if (done)
		done(status, arg);
}


static void put_reason(struct buf *b, uint16_t status)
{
	struct str text = sip_reason(status);

	buf_printf(b, "SIP;cause=%u;text=\"" STR_FMT "\"", status, STR_ARG(text));
}


/* c9 4: busy when they say so, else failed. */
static enum conference_leaving leaving(uint16_t status)
{
	return status == 486 || status == 600 ? CONFERENCE_BUSY : CONFERENCE_FAILED;
}


static bool nobody_left(const struct conference *f)
{
	return !f->inviting && list_empty(&f->waiting);
}


/* RFC 3261 8.1.3.4, 16.7: what makes sense between us and the invitee alone is not passed on. */
static uint16_t status_to_tell(uint16_t status)
{
	switch (status) {
	case 401:
	case 407:
		return 403;
	case 403:
	case 404:
	case 408:
	case 410:
	case 480:
	case 484:
	case 486:
	case 488:
		return status;
	default:
		return status >= 600 ? status : 480;
	}
}


/* One more has not come: who waits for them may have nobody left, and the conference no reason to go on. */
static void review(struct conference *f, uint16_t status)
{
	if (f->ending)
		return;
	soon(f);
	if (f->waits_for_first && nobody_left(f))
		answer_nobody(f, status_to_tell(status));
	else
		conference_review(f);
}


static void announce(const struct invitation_wait *w, uint16_t status)
{
	const struct conference *f = w->conference;
	const struct sip_invite *inv = w->p ? w->p->inv : NULL;
	const struct sip_dialog *d = inv ? sip_invite_dialog(inv) : NULL;

	im_events_tell(f->table->events, &(struct im_event){
						 .outcome = IM_FAILED,
						 .kind = IM_SESSION,
						 .side = IM_CONTROLLING,
						 .status = status,
						 .originator = f->group  ? f->group->canonical
							       : w->by.n ? w->by
									 : f->founder,
						 .recipient = w->who,
						 .call_id = d ? sip_dialog_call_id(d) : STR(""),
						 .reason = STR("invitation"),
					 });
}


static void failed(struct invitation_wait *w, uint16_t status)
{
	struct conference *f = w->conference;
	struct participant *p = w->p;
	char text[REASON_MAX], line[REASON_MAX + 16];
	struct buf reason, header;

	buf_fixed(&reason, text, sizeof(text));
	put_reason(&reason, status);
	buf_fixed(&header, line, sizeof(line));
	buf_puts(&header, STR("Reason: "));
	buf_puts(&header, buf_str(&reason));
	buf_puts(&header, STR("\r\n"));
	announce(w, status);
	detach(w);
	if (p)
		participant_leave(p, leaving(status), buf_str(&reason), STR_NULL,
				  &(struct sip_invite_farewell){.headers = buf_str(&header)});
	else
		(void)roster_leave(f->roster, w->who, leaving(status), buf_str(&reason), STR_NULL);
	tell(w, status);
	review(f, status);
}


static void on_ring_over(struct timer *t, void *arg)
{
	(void)t;
	failed(arg, 408);
}


/* ---- Turns ---- */

static void show(const struct invitation_wait *w, enum conference_status status)
{
	if (w->bcc)
		return;
	/* That somebody is asked is not shown when there is no memory for it; it is shown when they come. */
	(void)roster_set(w->conference->roster,
			 &(struct roster_person){.who = w->who,
						 .uri = w->uri,
						 .display_name = w->display_name,
						 .status = status,
						 .joining = CONFERENCE_DIALED_OUT});
}


static uint16_t status_of(int err)
{
	switch (err) {
	case -EHOSTUNREACH:
		return 480;
	case -EBADMSG:
		return 404;
	default:
		return 500;
	}
}


/* Their turn: they become a participant on the way in. */
static int start(struct invitation_wait *w)
{
	struct conference *f = w->conference;
	struct participant *p;
	int err = participant_alloc(&p, f, w->who, w->uri, w->display_name, false);

	if (err)
		return err;
	list_remove(&f->waiting, &w->link);
	f->inviting++;
	w->p = p;
	p->wait = w;
	sm_move(&participant_machine, &p->state, PARTICIPANT_INVITED);
	err = invitation_message_send(w);
	if (err)
		return err;
	timer_start(&w->ring, loop_timers(f->table->loop), CONFERENCE_RING_MS, on_ring_over, w);
	show(w, CONFERENCE_DIALING_OUT);
	return 0;
}


static void turns(void *arg)
{
	struct conference *f = arg;
	struct list_link *l;

	while (!f->ending && f->inviting < CONFERENCE_INVITING_MAX &&
	       (l = list_first(&f->waiting)) != NULL) {
		struct invitation_wait *w = container_of(l, struct invitation_wait, link);
		int err = start(w);

		if (err)
			failed(w, status_of(err));
	}
}


static void soon(struct conference *f)
{
	if (!f->ending && !list_empty(&f->waiting))
		loop_defer(f->table->loop, &f->invite_soon, turns, f);
}


/* ---- Asked for ---- */

static struct invitation_wait *waiting_for(const struct conference *f, struct str who)
{
	for (struct list_link *l = list_first(&f->waiting); l; l = list_next(&f->waiting, l)) {
		struct invitation_wait *w = container_of(l, struct invitation_wait, link);

		if (str_eq(w->who, who))
			return w;
	}
	return NULL;
}


static struct str keep(char **at, struct str s)
{
	struct str kept = {*at, s.n};

	if (s.n)
		memcpy(*at, s.p, s.n);
	*at += s.n;
	return kept;
}


static bool is_hidden(struct conference *f, struct str who)
{
	const struct participant *p;

	if (!who.n)
		return false;
	p = conference_find(f, who);
	/* Of who is not here (any more) it is not known: they are not shown. */
	return !p || p->anonymous;
}


static int enqueue(struct conference *f, const struct invitation *i, const struct adhoc_invitee *a)
{
	struct str headers = i->headers.n ? i->headers : a->headers;
	size_t n = a->who.n + a->uri.n + i->display_name.n + headers.n + i->by.n;
	struct invitation_wait *w = mem_raw(sizeof(*w) + n);
	char *at;

	if (!w)
		return -ENOMEM;
	*w = (struct invitation_wait){.conference = f,
				      .bcc = i->bcc,
				      .referred = i->referred,
				      .by_hides = is_hidden(f, i->by.n ? i->by : f->founder),
				      .done = i->done,
				      .arg = i->arg};
	at = (char *)(w + 1);
	w->who = keep(&at, a->who);
	w->uri = keep(&at, a->uri);
	w->display_name = keep(&at, i->display_name);
	w->headers = keep(&at, headers);
	w->by = keep(&at, i->by);
	list_append(&f->waiting, &w->link);
	/* Else they are asked before this could be told. */
	if (f->inviting + f->waiting.count > CONFERENCE_INVITING_MAX)
		show(w, CONFERENCE_PENDING);
	soon(f);
	return 0;
}


static int admit(struct conference *f, const struct invitation *i, const struct adhoc_invitee *a)
{
	const struct participant *p = conference_find(f, a->who);
	int err;

	if (p && p->state == PARTICIPANT_CONNECTED) {
		if (i->done)
			i->done(200, i->arg);
		return 0;
	}
	if (p || waiting_for(f, a->who))
		return -EALREADY;
	if (invitation_count(f) >= CONFERENCE_INVITED_MAX)
		return -ENOBUFS;
	err = conference_invite_note(f, a->who);
	return err ? err : enqueue(f, i, a);
}


int invitation_send(struct conference *f, const struct invitation *i)
{
	struct arena arena = ARENA_INIT(ADDRESS_MEMORY);
	struct adhoc_invitee a = {.bcc = false};
	int err;

	if (f->ending || f->table->stopping)
		return -ECANCELED;
	err = adhoc_address(&a, i->uri, f->table->addresses.domains[0], &arena);
	if (!err)
		err = admit(f, i, &a);
	arena_done(&arena);
	return err;
}


size_t invitation_count(const struct conference *f)
{
	return f->participants.count + f->waiting.count;
}


/* ---- Taken back ---- */

void invitation_forget(struct participant *p)
{
	struct invitation_wait *w = p->wait;

	if (!w)
		return;
	detach(w);
	soon(w->conference);
	tell(w, 487);
}


void invitation_came(struct conference *f, struct str who)
{
	struct participant *p = conference_find(f, who);
	struct invitation_wait *w = p && p->wait ? p->wait : waiting_for(f, who);

	if (!w)
		return;
	detach(w);
	soon(f);
	tell(w, 200);
}


static void cancel(struct invitation_wait *w)
{
	struct participant *p = w->p;
	static const struct str reason = STR_INIT("SIP;cause=487;text=\"Request Terminated\"");

	detach(w);
	if (p)
		participant_leave(p, CONFERENCE_FAILED, reason, STR_NULL, NULL);
	else
		(void)roster_leave(w->conference->roster, w->who, CONFERENCE_FAILED, reason,
				   STR_NULL);
	tell(w, 487);
}


void invitation_cancel_all(struct conference *f)
{
	struct list_link *l, *next;

	loop_defer_cancel(f->table->loop, &f->invite_soon);
	while ((l = list_first(&f->waiting)) != NULL)
		cancel(container_of(l, struct invitation_wait, link));
	for (l = list_first(&f->participants); l; l = next) {
		struct participant *p = container_of(l, struct participant, link);

		next = list_next(&f->participants, l);
		if (p->wait)
			cancel(p->wait);
	}
}


/* ---- What the invitee says ---- */

void invitation_provisional(struct participant *p, const struct sip_msg *m)
{
	struct invitation_wait *w = p->wait;

	if (!w || m->status != 180)
		return;
	show(w, CONFERENCE_ALERTING);
	answer_ringing(w->conference);
}


/* CLI-GEN-5N: who answers without a name, in a group that does not allow it, is not let in. */
static uint16_t judge(struct participant *p, const struct sip_msg *m)
{
	struct buf headers = BUF_INIT(1024);
	struct membership_answer a = {.headers = &headers};
	const struct membership_rule *refused;
	struct membership_view v;

	if (!sip_msg_has_token(m, SIP_HDR_PRIVACY, STR("id")))
		return 0;
	p->anonymous = true;
	conference_view(p->conference, &v, &p->who);
	v.anonymous = true;
	refused = membership_judge(&v, MEMBERSHIP_JOIN, &a);
	buf_done(&headers);
	return refused ? a.status : 0;
}


void invitation_answered(struct participant *p, const struct sip_msg *m)
{
	struct invitation_wait *w = p->wait;
	struct conference *f = p->conference;
	uint16_t status;
	struct str sdp;

	if (!w)
		return;
	sdp = adhoc_sdp(m);
	/* Another focus, with those who are there: what is said would come back from it (admission.c). */
	status = sip_msg_has_feature(m, SIP_HDR_CONTACT, STR("isfocus")) ? 403 : judge(p, m);
	if (!status && (!sdp.p || participant_media(p, sdp, false)))
		status = 488;
	if (status) {
		failed(w, status);
		return;
	}
	detach(w);
	participant_connected(p, CONFERENCE_DIALED_OUT);
	tell(w, 200);
	soon(f);
	if (!f->ending && p->state == PARTICIPANT_CONNECTED)
		answer_first(f, p);
}


static uint16_t ended_status(const struct sip_invite_ended *e)
{
	if (e->why == SIP_INVITE_REFUSED)
		return e->status;
	return e->why == SIP_INVITE_UNREACHABLE && e->error == -ETIMEDOUT ? 408 : 480;
}


/*
 * RFC 3261 21.4.13: who takes no body of two parts is asked once more, with the SDP alone. RFC 3891 3: 481 where the
 * dialog to be replaced is not there (a B2BUA stands between); they are to come all the same.
 */
static bool ask_again(struct invitation_wait *w, uint16_t status)
{
	if (status == 415 && invitation_message_has_list(w))
		w->plain = true;
	else if (status == 481 && invitation_message_replaces(w))
		w->bare = true;
	else
		return false;
	w->p->inv = sip_invite_end(w->p->inv, NULL);
	return invitation_message_send(w) == 0;
}


void invitation_ended(struct participant *p, const struct sip_invite_ended *e)
{
	struct invitation_wait *w = p->wait;
	uint16_t status = ended_status(e);

	if (w && !ask_again(w, status))
		failed(w, status);
}
