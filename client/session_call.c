/* SPDX-License-Identifier: Apache-2.0 */
/* Calling: the way to the server, our offer, the INVITE; and once more. */
#include "client/session.h"

#include <errno.h>

#include "base/mem.h"
#include "client/way.h"


static struct str tags_of(const struct parley_session *s)
{
	return s->mode == PARLEY_LARGE ? STR(ACCOUNT_TAGS_LARGE) : STR(ACCOUNT_TAGS);
}


/* Seed 002 5.2.1.1: the headers of an initial request; User-Agent, Allow, Supported and Session-Expires are the
 * leg's to write. */
static int send_with(struct parley_session *s, struct str headers, struct str type, struct str body)
{
	struct buf route = BUF_INIT(SESSION_TEXT_MAX);
	struct parley *p = s->p;
	char user[2 * ACCOUNT_TEXT_MAX];
	struct buf contact;
	int err = -ENOMEM;

	buf_fixed(&contact, user, sizeof(user));
	buf_printf(&contact, "%s.%s", p->user, p->token);
	way_put_route(p, &route);
	if (!route.failed && !contact.failed)
		err = sip_invite_send(
			&s->leg,
			&(struct sip_invite_params){
				.dialogs = p->dialogs,
				.profile = &p->call_profile,
				/* 5.2.1.1 7: "SHOULD include the Session-Expires header with the
				 * refresher parameter set to 'uac'" */
				.session = {.interval_s = SIP_SESSION_DEFAULT_S,
					    .min_s = SIP_SESSION_MIN_S,
					    .refresher = SIP_REFRESHER_UAC},
				.dialog = {.local = s->anonymous
							    ? STR("sip:anonymous@anonymous.invalid")
							    : str_of(p->aor),
					   .remote = s->to,
					   .route = buf_str(&route),
					   .hop = &s->hops.hop[s->hop_at],
					   .contact_user = buf_str(&contact),
					   .contact_params = tags_of(s)},
				.headers = headers,
				.type = type,
				.body = body,
				.arg = s,
			});
	buf_done(&route);
	return err;
}


static int send_invite(struct parley_session *s)
{
	struct buf headers = BUF_INIT(SESSION_TEXT_MAX), type = BUF_INIT(SESSION_TEXT_MAX),
		   body = BUF_INIT(SESSION_BODY_MAX);
	int err;

	account_put_invite(s->p, &headers, s->anonymous, s->mode == PARLEY_LARGE, s->subject);
	err = s->owner->invite ? s->owner->invite(s, &headers, &type, &body) : 0;
	if (!err && (headers.failed || type.failed || body.failed))
		err = -ENOMEM;
	if (!err)
		err = send_with(s, buf_str(&headers),
				type.n ? buf_str(&type) : STR("application/sdp"),
				type.n ? buf_str(&body) : buf_str(&s->sdp));
	buf_done(&headers);
	buf_done(&type);
	buf_done(&body);
	return err;
}


/* The way is known, and with it the address that our end can be reached at. */
void session_call_next(struct parley_session *s)
{
	int err = s->msrp ? 0 : media_open(s, &s->hops.hop[s->hop_at].addr, s->secure);

	s->we_offered = true;
	if (!err)
		err = session_sdp_offer(s);
	if (!err)
		err = send_invite(s);
	if (err)
		session_fail(s, err);
}


static void on_resolved(struct sip_lookup *q, int error, const struct sip_hops *hops, void *arg)
{
	struct parley_session *s = arg;

	(void)q;
	if (session_turn_begin(s)) {
		if (!error)
			error = way_take(s->p, &s->hops, hops);
		if (error)
			session_fail(s, error);
		else
			session_call_next(s);
	}
	session_turn_end(s);
}


static void on_start(struct timer *t, void *arg)
{
	struct parley_session *s = arg;
	struct sip_hops now;
	int r;

	(void)t;
	if (session_turn_begin(s)) {
		if (s->state == SESSION_AWAY)
			session_go(s, SESSION_CALLING);
		r = way_find(s->p, &s->lookup, &now, on_resolved, s);
		if (r > 0)
			r = way_take(s->p, &s->hops, &now) ? -ENOENT : 1;
		if (r < 0)
			session_fail(s, r);
		else if (r > 0)
			session_call_next(s);
	}
	session_turn_end(s);
}


/* At the end of this turn: nothing is called back before the return. */
void session_call(struct parley_session *s)
{
	s->ours = true;
	timer_start(&s->patience, loop_timers(s->p->loop), 0, on_start, s);
}


/* ---- Calling again ---- */

/* What the last call has left behind; what was said of the session and who it is with stays. */
static void forget_call(struct parley_session *s)
{
	sip_lookup_cancel(&s->lookup);
	media_stop(s);
	s->leg = sip_invite_end(s->leg, NULL);
	s->peer_text = mem_unref(s->peer_text);
	s->peer_sdp = (struct sdp){0};
	s->peer_msrp = (struct sdp_msrp){0};
	s->judged = false;
	s->hop_at = 0;
	s->challenges[0] = s->challenges[1] = 0;
	s->auth_error = 0;
	s->sdp_version++;
}


int session_again(struct parley_session *s, struct str to, uint32_t after_ms)
{
	if (!str_eq(s->to, to)) {
		struct str kept = session_keep(s, to);

		if (!kept.p)
			return -ENOMEM;
		s->to = kept;
	}
	session_go(s, SESSION_AWAY);
	forget_call(s);
	s->ours = true;
	timer_start(&s->patience, loop_timers(s->p->loop), after_ms, on_start, s);
	return 0;
}
