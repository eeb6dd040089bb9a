/* SPDX-License-Identifier: Apache-2.0 */
/* One session: its call, from the first INVITE to the last BYE. */
#include "client/session.h"

#include <errno.h>

#include "base/mem.h"
#include "base/sm.h"
#include "client/receive.h"
#include "client/way.h"
#include "sip/accept_contact.h"
#include "sip/event_header.h"
#include "sip/name_addr.h"
#include "sip/param.h"

static const struct sm_state states[] = {
	[SESSION_CALLING] = {"calling",
			     SM_TO(SESSION_ANSWERED) | SM_TO(SESSION_AWAY) | SM_TO(SESSION_OVER)},
	[SESSION_INVITED] = {"invited", SM_TO(SESSION_ANSWERED) | SM_TO(SESSION_OVER)},
	[SESSION_ANSWERED] = {"answered",
			      SM_TO(SESSION_UP) | SM_TO(SESSION_AWAY) | SM_TO(SESSION_OVER)},
	[SESSION_UP] = {"up", SM_TO(SESSION_ANSWERED) | SM_TO(SESSION_AWAY) | SM_TO(SESSION_OVER)},
	[SESSION_AWAY] = {"away", SM_TO(SESSION_CALLING) | SM_TO(SESSION_OVER)},
	[SESSION_OVER] = {"over", 0},
};
static const struct sm_table machine = SM_TABLE("session", states);


/* ---- Life ---- */

void session_go(struct parley_session *s, enum session_state to)
{
	sm_move(&machine, &s->state, to);
}


static void destroy(void *object)
{
	struct parley_session *s = object;

	if (s->owner && s->owner->done)
		s->owner->done(s);
	arena_done(&s->texts);
	buf_done(&s->sdp);
	mem_unref(s->peer_text);
	mem_unref(s->identity);
	mem_unref(s->media_name);
}


int session_alloc(struct parley_session **ret, struct parley *p, enum parley_mode mode,
		  const struct session_owner *owner, void *of)
{
	struct parley_session *s;

	if (p->sessions.count >= ACCOUNT_SESSIONS_MAX)
		return -ENOBUFS;
	s = mem_alloc(sizeof(*s), destroy);
	if (!s)
		return -ENOMEM;
	s->p = p;
	s->mode = mode;
	s->owner = owner;
	s->of = of;
	s->texts = (struct arena)ARENA_INIT(8 * SESSION_TEXT_MAX);
	buf_init(&s->sdp, SDP_TEXT_MAX);
	s->sdp_id = loop_random_u64(p->loop) >> 33;
	s->sdp_version = 1;
	s->peer = s->peer_name = s->called = s->contribution = "";
	s->secure = p->media_tls;
	s->arg = p->arg;
	list_append(&p->sessions, &s->link);
	*ret = s;
	return 0;
}


struct str session_keep(struct parley_session *s, struct str text)
{
	return arena_str(&s->texts, text.p ? text : STR(""));
}


/* Nothing of it will happen any more; what the wire still needs is the leg's affair. */
static void stop(struct parley_session *s, uint16_t status, struct str headers)
{
	struct sip_invite_farewell bye = {.headers = headers, .status = status};

	sip_lookup_cancel(&s->lookup);
	timer_cancel(&s->patience);
	media_stop(s);
	s->leg = sip_invite_end(s->leg, &bye);
	list_remove(&s->p->sessions, &s->link);
}


static void over(struct parley_session *s, uint16_t status, enum parley_why why,
		 const struct exchange_end *e)
{
	if (s->state == SESSION_OVER)
		return;
	if (!s->p->closed && s->owner->again && s->owner->again(s, why, e))
		return;
	session_go(s, SESSION_OVER);
	stop(s, status, STR_NULL);
	if (!s->p->closed && s->owner->over)
		s->owner->over(s, why, e);
	mem_unref(s);
}


void session_over(struct parley_session *s, enum parley_why why, const struct exchange_end *e)
{
	over(s, 0, why, e);
}


void session_fail(struct parley_session *s, int error)
{
	over(s, 0, PARLEY_FAILED, &(struct exchange_end){.error = error});
}


void sessions_done(struct parley *p)
{
	for (struct list_link *k; (k = list_first(&p->sessions));) {
		struct parley_session *s = container_of(k, struct parley_session, link);

		s->state = SESSION_OVER;
		stop(s, 0, STR_NULL);
		mem_unref(s);
	}
}


static bool is_ending(const struct parley_session *s)
{
	return s->owner->ending && s->owner->ending(s);
}


/* Whoever is told may end others: the search begins anew. */
static struct parley_session *next_to_leave(const struct parley *p)
{
	for (struct list_link *k = list_first(&p->sessions); k; k = list_next(&p->sessions, k)) {
		struct parley_session *s = container_of(k, struct parley_session, link);

		if (!is_ending(s))
			return s;
	}
	return NULL;
}


void sessions_leave(struct parley *p)
{
	for (struct parley_session *s; (s = next_to_leave(p));)
		session_over(s, PARLEY_ENDED_US, &(struct exchange_end){.error = 0});
}


struct parley_session *session_by_contribution(const struct parley *p, struct str contribution)
{
	for (struct list_link *k = list_first(&p->sessions); k && contribution.n;
	     k = list_next(&p->sessions, k)) {
		struct parley_session *s = container_of(k, struct parley_session, link);

		if (s->mode == PARLEY_CHAT && s->state != SESSION_INVITED &&
		    str_eq(str_of(s->contribution), contribution))
			return s;
	}
	return NULL;
}


/* ---- Waiting for MSRP ---- */

static void on_patience(struct timer *t, void *arg)
{
	struct parley_session *s = arg;
	struct parley *p = s->p;

	(void)t;
	account_enter(p);
	/* Lost after it stood, and no BYE that would explain it; or it never stood. */
	session_fail(s, s->judged && s->state == SESSION_UP ? -ECONNRESET : -ETIMEDOUT);
	account_leave(p);
}


static void wait(struct parley_session *s, uint32_t ms)
{
	timer_start(&s->patience, loop_timers(s->p->loop), ms, on_patience, s);
}


void session_bound(struct parley_session *s)
{
	if (s->state != SESSION_ANSWERED && s->state != SESSION_UP)
		return;
	timer_cancel(&s->patience);
	if (s->state == SESSION_ANSWERED)
		session_go(s, SESSION_UP);
	if (s->owner->up)
		s->owner->up(s);
}


void session_unbound(struct parley_session *s, int error)
{
	if (s->state == SESSION_UP)
		wait(s, SESSION_GRACE_MS);
	else if (s->state == SESSION_ANSWERED)
		session_fail(s, error ? error : -ECONNRESET);
}


/* The 2xx is there, or on its way: both descriptions are known. */
static void answered(struct parley_session *s)
{
	int err = s->owner->judge && !s->judged ? s->owner->judge(s) : 0;

	s->judged = true;
	if (s->state != SESSION_ANSWERED && s->state != SESSION_UP)
		session_go(s, SESSION_ANSWERED);
	if (err) {
		session_fail(s, err);
		return;
	}
	if (s->state == SESSION_ANSWERED)
		wait(s, SESSION_BIND_MS);
	media_start(s);
}


/* ---- What the peer is ---- */

/* Seed 002 9.1.1: "SHALL store the Session Identity if received in the Contact header as described in
 * [RFC 4579]": the Contact of a focus. */
void session_note_identity(struct parley_session *s, const struct sip_msg *m)
{
	struct sip_values values = sip_values_first(m, SIP_HDR_CONTACT);
	struct sip_name_addr a;
	struct str value;
	char *uri;

	if (!sip_values_next(&values, &value) || sip_name_addr_decode(&a, value) ||
	    !sip_feature_on(a.params, STR("isfocus")))
		return;
	uri = str_dup(a.uri);
	if (!uri)
		return;
	mem_unref(s->identity);
	s->identity = uri;
}


/* ---- The leg tells ---- */

bool session_turn_begin(struct parley_session *s)
{
	account_enter(s->p);
	mem_ref(s);
	return !s->p->closed && s->state != SESSION_OVER;
}


void session_turn_end(struct parley_session *s)
{
	struct parley *p = s->p;

	mem_unref(s);
	account_leave(p);
}


static void on_provisional(struct sip_invite *inv, const struct sip_msg *m, void *arg)
{
	struct parley_session *s = arg;

	(void)inv;
	if (session_turn_begin(s)) {
		session_note_identity(s, m);
		if (m->status == 180 && s->owner->ringing)
			s->owner->ringing(s);
	}
	session_turn_end(s);
}


static void on_answered(struct sip_invite *inv, const struct sip_msg *m, void *arg)
{
	struct parley_session *s = arg;
	int err;

	(void)inv;
	if (session_turn_begin(s)) {
		/* Of several devices the one that answers counts. */
		s->identity = mem_unref(s->identity);
		session_note_identity(s, m);
		err = session_sdp_take(s, session_sdp_find(m));
		if (!err && !s->peer_msrp.port)
			err = -EPROTO;
		if (err)
			session_fail(s, err == -ENOMEM ? err : -EPROTO);
		else
			answered(s);
	}
	session_turn_end(s);
}


static struct credentials *credentials_of(struct parley_session *s, int kind)
{
	return kind ? &s->p->request_auth : &s->own;
}


static bool answer_challenge(struct parley_session *s, enum sip_method method, struct str uri,
			     const struct sip_msg *m, struct buf *lines)
{
	int kind = m->status == 407;
	struct credentials *c = credentials_of(s, kind);
	int err = s->p->password ? digest_client_take(&c->of[kind], m) : -ENOKEY;

	if (!err)
		err = digest_answer(&c->of[kind], s->p->loop, str_of(s->p->auth_user),
				    str_of(s->p->password), sip_method_name(method), uri, lines);
	s->auth_error = err;
	c->have[kind] = !err;
	return !err;
}


/* RFC 3261 22.1: not "with the credentials that have just been rejected"; once for each request and hop, then
 * only where the nonce was stale, which the leg's own ceiling bounds. */
static bool on_authorize(struct sip_invite *inv, enum sip_method method, struct str uri,
			 const struct sip_msg *m, struct buf *lines, void *arg)
{
	struct parley_session *s = arg;
	int kind = m->status == 407;

	(void)inv;
	if (method == SIP_INVITE && s->state == SESSION_CALLING && s->challenges[kind] &&
	    !way_is_stale(m)) {
		credentials_of(s, kind)->have[kind] = false;
		s->auth_error = -EACCES;
		return false;
	}
	s->challenges[kind] = 1;
	return answer_challenge(s, method, uri, m, lines);
}


/* The ACK has the answer where our 2xx had the offer. */
static void on_acked(struct sip_invite *inv, const struct sip_msg *m, void *arg)
{
	struct parley_session *s = arg;
	struct str text = m ? session_sdp_find(m) : STR_NULL;

	(void)inv;
	if (session_turn_begin(s) && s->we_offered && text.n) {
		if (session_sdp_take(s, text) || !s->peer_msrp.port)
			session_fail(s, -EPROTO);
		else
			answered(s);
	}
	session_turn_end(s);
}


static struct str on_session(struct sip_invite *inv, void *arg)
{
	struct parley_session *s = arg;

	(void)inv;
	return buf_str(&s->sdp);
}


static void refuse_change(struct parley_session *s, enum sip_method method, uint16_t status)
{
	(void)sip_invite_respond(s->leg, method, &(struct sip_response){.status = status});
}


/* What is offered can be had: MSRP, of the kind that our end is. */
static bool can_take(const struct parley_session *s, const struct sdp *offer)
{
	struct sdp_msrp msrp;

	return !sdp_msrp_decode(&msrp, offer) && msrp.port && msrp.path.n &&
	       msrp.secure == s->secure;
}


static int answer_change(struct parley_session *s, struct str offer)
{
	int err = session_sdp_take(s, offer);

	if (err)
		return err;
	s->we_offered = false;
	s->sdp_version++;
	return session_sdp_answer(s);
}


/* Another offer inside the session: MSRP is pointed to where it says. */
static void change(struct parley_session *s, const struct sip_msg *m)
{
	struct str text = session_sdp_find(m);
	struct sdp now;

	if (!text.n) {
		s->we_offered = s->we_offered || m->method == SIP_INVITE;
		(void)sip_invite_refreshed(s->leg, m->method);
		return;
	}
	if (sdp_decode(&now, text)) {
		refuse_change(s, m->method, 400);
		return;
	}
	if (s->peer_text && sdp_same_version(&s->peer_sdp, &now)) {
		(void)sip_invite_refreshed(s->leg, m->method);
		return;
	}
	/* RFC 3261 14.2: "it MUST return a 488 (Not Acceptable Here) response": all stays as it was. */
	if (!can_take(s, &now)) {
		refuse_change(s, m->method, 488);
		return;
	}
	if (answer_change(s, text)) {
		refuse_change(s, m->method, 500);
		return;
	}
	if (!sip_invite_respond(s->leg, m->method,
				&(struct sip_response){.status = 200,
						       .type = STR("application/sdp"),
						       .body = buf_str(&s->sdp)}))
		answered(s);
}


static void on_modify(struct sip_invite *inv, const struct sip_msg *m, void *arg)
{
	struct parley_session *s = arg;

	(void)inv;
	if (session_turn_begin(s))
		change(s, m);
	session_turn_end(s);
}


/* RFC 3263 4.3: the next one of the server's addresses, when this one cannot be reached. */
static bool try_next(struct parley_session *s, const struct sip_invite_ended *e)
{
	if (e->why != SIP_INVITE_UNREACHABLE || s->state != SESSION_CALLING ||
	    s->hop_at + 1 >= s->hops.n)
		return false;
	s->hop_at++;
	s->leg = sip_invite_end(s->leg, NULL);
	session_call_next(s);
	return true;
}


static int error_of(struct parley_session *s, const struct sip_invite_ended *e)
{
	switch (e->why) {
	case SIP_INVITE_REFUSED:
		return e->status == 401 || e->status == 407 ? s->auth_error : 0;
	case SIP_INVITE_UNREACHABLE:
		return e->error ? e->error : -ETIMEDOUT;
	case SIP_INVITE_UNACKNOWLEDGED:
	case SIP_INVITE_EXPIRED:
		return -ETIMEDOUT;
	case SIP_INVITE_BYE:
	case SIP_INVITE_CANCELLED:
		return 0;
	default:
		return -ECONNRESET;
	}
}


/* RFC 3326 2: "Reason: SIP;cause=200;text=…" */
static uint16_t cause_of(const struct sip_msg *m)
{
	struct sip_values values = sip_values_first(m, SIP_HDR_REASON);
	struct str params, protocol, cause;
	uint32_t n = 0;

	if (!sip_values_next(&values, &params))
		return 0;
	protocol = str_trim(str_cut(&params, ';'));
	if (str_eq_nocase(protocol, STR("SIP")) && params.p &&
	    sip_param(params, STR("cause"), &cause))
		(void)str_u32(cause, &n);
	return n <= 699 ? (uint16_t)n : 0;
}


static void on_ended(struct sip_invite *inv, const struct sip_invite_ended *e, void *arg)
{
	struct parley_session *s = arg;
	struct exchange_end end = {.error = error_of(s, e)};
	enum parley_why why = PARLEY_FAILED;

	(void)inv;
	if (session_turn_begin(s) && !try_next(s, e)) {
		if (e->why == SIP_INVITE_REFUSED) {
			why = PARLEY_REFUSED_THEM;
			end.m = e->m;
		} else if (e->why == SIP_INVITE_BYE || e->why == SIP_INVITE_CANCELLED) {
			why = PARLEY_ENDED_THEM;
			s->bye_cause = e->m ? cause_of(e->m) : 0;
		}
		session_over(s, why, &end);
	}
	session_turn_end(s);
}


/* RFC 4488 lets a focus that does not know it report on a REFER all the same (RFC 3515 2.4.4): who came is told by
 * the conference's state. */
static bool on_request(struct sip_invite *inv, struct sip_server_txn *st, const struct sip_msg *m,
		       void *arg)
{
	struct parley_session *s = arg;
	struct sip_event event;

	(void)s;
	if (m->method != SIP_NOTIFY || sip_event_decode(&event, sip_msg_header(m, SIP_HDR_EVENT)) ||
	    !str_eq(event.package, STR("refer")))
		return false;
	(void)sip_dialog_reply(sip_invite_dialog(inv), st, &(struct sip_response){.status = 200});
	return true;
}


const struct sip_invite_handler session_leg_handler = {
	.provisional = on_provisional,
	.answered = on_answered,
	.authorize = on_authorize,
	.acked = on_acked,
	.modify = on_modify,
	.session = on_session,
	.request = on_request,
	.ended = on_ended,
};


/* ---- Being called ---- */

/* 488 says what would do (RFC 3261 21.4.26: "The response [...] SHOULD"); others have a sentence only. */
void session_decline(struct parley_session *s, uint16_t status, struct str sentence)
{
	char text[512];
	struct buf b;

	if (s->state != SESSION_INVITED)
		return;
	buf_fixed(&b, text, sizeof(text));
	if (sentence.n)
		buf_printf(&b, "Warning: 399 parley \"" STR_FMT "\"\r\n", STR_ARG(sentence));
	counter_add(&client_c_refused, 1);
	(void)sip_invite_respond(s->leg, SIP_INVITE,
				 &(struct sip_response){.status = status,
							.headers = b.failed ? STR_NULL
									    : buf_str(&b)});
	session_over(s, PARLEY_ENDED_US, &(struct exchange_end){.error = 0});
}


int session_accept(struct parley_session *s)
{
	int err;

	if (s->state != SESSION_INVITED)
		return -EALREADY;
	err = s->we_offered ? session_sdp_offer(s) : session_sdp_answer(s);
	if (!err)
		err = sip_invite_respond(s->leg, SIP_INVITE,
					 &(struct sip_response){.status = 200,
								.type = STR("application/sdp"),
								.body = buf_str(&s->sdp)});
	if (err) {
		if (err != -EALREADY)
			session_decline(s, 500, STR(""));
		return err;
	}
	session_go(s, SESSION_ANSWERED);
	/* Without their description it is the ACK that brings it; the leg ends when none comes. */
	if (!s->we_offered)
		answered(s);
	return 0;
}
