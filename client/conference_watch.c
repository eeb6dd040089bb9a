/* SPDX-License-Identifier: Apache-2.0 */
/* The state of a conference, subscribed to. */
#include "client/conference_watch.h"

#include <errno.h>

#include "base/mem.h"
#include "body/mime.h"
#include "client/way.h"


void conference_watch_init(struct conference_watch *w, struct parley_session *s,
			   const struct conference_watch_handler *h, void *arg)
{
	*w = (struct conference_watch){.s = s, .handler = h, .arg = arg};
	roster_view_init(&w->view);
}


void conference_watch_stop(struct conference_watch *w)
{
	sip_lookup_cancel(&w->lookup);
	w->subscription = sip_subscription_end(w->subscription);
}


void conference_watch_done(struct conference_watch *w)
{
	if (!w->handler)
		return;
	conference_watch_stop(w);
	roster_view_done(&w->view);
}


static void on_changed(struct roster_view *v, const struct roster_person *person,
		       enum parley_presence before, void *arg)
{
	struct conference_watch *w = arg;

	(void)v;
	/* What was there at first is told as a whole. */
	if (w->told && !w->s->p->closed)
		w->handler->changed(w, person, before, w->arg);
}


static bool is_document(const struct sip_msg *m)
{
	struct mime_type t;

	return !mime_type_decode(&t, sip_msg_header(m, SIP_HDR_CONTENT_TYPE)) &&
	       mime_type_is(&t, STR("application"), STR("conference-info+xml"));
}


static uint16_t take(struct conference_watch *w, struct sip_subscription *s,
		     const struct sip_msg *m)
{
	enum conference_step step;
	int err;

	if (!m->body.n)
		return 200;
	if (!is_document(m))
		return 415;
	err = roster_view_take(&w->view, m->body, &step, on_changed, w);
	if (w->view.known && !w->told && !w->s->p->closed) {
		w->told = true;
		w->handler->known(w, w->arg);
	}
	/* RFC 4575 4.6: a subscription refresh has the full state sent. */
	if (w->subscription == s && step == CONFERENCE_REFRESH && err != -EBADMSG)
		sip_subscription_refresh(s);
	return err == -EBADMSG ? 400 : err ? 500 : 200;
}


static uint16_t on_notified(struct sip_subscription *s, const struct sip_msg *m,
			    const struct sip_source *src, void *arg)
{
	struct conference_watch *w = arg;
	uint16_t status = 200;

	(void)src;
	if (session_turn_begin(w->s))
		status = take(w, s, m);
	session_turn_end(w->s);
	return status;
}


static void on_renewed(struct sip_subscription *s, void *arg)
{
	struct conference_watch *w = arg;

	(void)s;
	roster_view_renew(&w->view);
}


/* As in session.c: 407 is the way's and known to the account, 401 is the focus's own. */
static bool on_authorize(struct sip_subscription *s, struct str uri, const struct sip_msg *m,
			 struct buf *lines, void *arg)
{
	struct conference_watch *w = arg;
	struct parley *p = w->s->p;
	int kind = m->status == 407;
	struct credentials *c = kind ? &p->request_auth : &w->own;

	(void)s;
	c->have[kind] = p->password && !digest_client_take(&c->of[kind], m) &&
			!digest_answer(&c->of[kind], p->loop, str_of(p->auth_user),
				       str_of(p->password), sip_method_name(SIP_SUBSCRIBE), uri,
				       lines);
	return c->have[kind];
}


static void on_ended(struct sip_subscription *s, uint16_t status, struct str reason, int error,
		     void *arg)
{
	struct conference_watch *w = arg;

	(void)reason;
	if (session_turn_begin(w->s) && w->subscription == s) {
		w->subscription = mem_unref(s);
		/* By a NOTIFY, at the end of the conference: the session's own end tells it. */
		if ((status || error) && w->s->state == SESSION_UP)
			w->handler->refused(w, status, w->arg);
	}
	session_turn_end(w->s);
}


static const struct sip_subscription_handler handler = {
	.notified = on_notified,
	.renewed = on_renewed,
	.authorize = on_authorize,
	.ended = on_ended,
};


static int subscribe(struct conference_watch *w, const struct sip_hop *hop)
{
	struct parley_session *s = w->s;
	struct buf headers = BUF_INIT(SESSION_TEXT_MAX), route = BUF_INIT(SESSION_TEXT_MAX);
	char user[2 * ACCOUNT_TEXT_MAX];
	struct buf contact;
	int err = -ENOMEM;

	buf_fixed(&contact, user, sizeof(user));
	buf_printf(&contact, "%s.%s", s->p->user, s->p->token);
	account_put_subscribe(s->p, &headers, s->anonymous);
	way_put_route(s->p, &route);
	if (!headers.failed && !route.failed && !contact.failed)
		err = sip_subscription_start(
			&w->subscription,
			&(struct sip_subscription_params){
				.dialogs = s->p->dialogs,
				.target = str_of(s->identity),
				.from = s->anonymous ? STR("sip:anonymous@anonymous.invalid")
						     : str_of(s->p->aor),
				.route = buf_str(&route),
				.event = STR("conference"),
				.accept = CONFERENCE_INFO_TYPE,
				.headers = buf_str(&headers),
				.contact_user = buf_str(&contact),
				.hop = hop,
				.expires_s = CONFERENCE_WATCH_EXPIRES_S,
				.handler = &handler,
				.arg = w,
			});
	buf_done(&headers);
	buf_done(&route);
	return err;
}


static int subscribe_by(struct conference_watch *w, const struct sip_hops *found)
{
	struct sip_hops hops;
	int err = way_take(w->s->p, &hops, found);

	return err ? err : subscribe(w, &hops.hop[0]);
}


static void on_resolved(struct sip_lookup *q, int error, const struct sip_hops *hops, void *arg)
{
	struct conference_watch *w = arg;

	(void)q;
	if (session_turn_begin(w->s) && (error || subscribe_by(w, hops)))
		w->handler->refused(w, 0, w->arg);
	session_turn_end(w->s);
}


void conference_watch_start(struct conference_watch *w)
{
	struct sip_hops now;
	int r;

	conference_watch_stop(w);
	roster_view_renew(&w->view);
	r = way_find(w->s->p, &w->lookup, &now, on_resolved, w);
	if (r > 0)
		r = subscribe_by(w, &now);
	if (r < 0)
		w->handler->refused(w, 0, w->arg);
}
