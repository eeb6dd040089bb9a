/* SPDX-License-Identifier: Apache-2.0 */
/* Setting a session up: the caller's INVITE becomes leg A, and asks the callee's devices on legs of their own. */

#include <errno.h>

#include "base/mem.h"
#include "im/participating/session_state.h"
#include "sip/compose.h"
#include "subscriber/operator_policy.h"

/** Values of the Route set and the URI of one target. */
#define WAY_MAX 8192


/* ---- Life ---- */

static void branches_free(struct im_session *s)
{
	for (uint8_t i = 0; i < s->branches_n; i++)
		mem_free(s->branch[i].text);
	mem_free(s->branch);
}


static void session_destroy(void *object)
{
	struct im_session *s = object;

	timer_cancel(&s->guard);
	session_leave(s);
	for (int i = 0; s->table && i < 2; i++)
		session_user_leave(s->table, s->served[i]);
	session_media_free(s->media);
	branches_free(s);
	session_best_free(s);
	mem_free(s->text);
	mem_unref(s->service);
	mem_unref(s->user[0]);
	mem_unref(s->user[1]);
	im_report_done(&s->report);
}


static struct im_session *session_make(const struct im_session_params *p)
{
	const struct im_request *r = p->r;
	struct im_session *s = mem_alloc(sizeof(*s), session_destroy);

	if (!s)
		return NULL;
	s->kind = (uint8_t)r->kind;
	s->originating = p->originating;
	s->terminating = p->terminating;
	s->to_devices = p->to_devices;
	s->to_focus = p->to_focus;
	s->keeps = p->keeps;
	s->caller_hides = r->anonymous;
	/* Counted and never changed (subscriber/operator_policy.h). */
	s->service = mem_ref((void *)p->service);
	s->user[0] = mem_ref((void *)p->originator_policy);
	s->user[1] = mem_ref((void *)p->recipient_policy);
	s->a.session = s;
	list_init(&s->a.carried);
	return s;
}


static int users_enter(struct im_sessions *ss, struct im_session *s, const struct im_request *r)
{
	int err = 0;

	if (s->originating && r->originator.n)
		err = session_user_enter(&s->served[0], ss, r->originator);
	if (!err && s->terminating && r->recipient.n)
		err = session_user_enter(&s->served[1], ss, r->recipient);
	return err;
}


/* ---- Whom to ask ---- */

/* The Route set that is left of the request's, behind what the target wants on top (RFC 3261 16.6 step 6). */
static void put_route(struct buf *b, const struct im_request *r, const struct sip_proxy_target *t)
{
	struct sip_values v = sip_values_first(r->m, SIP_HDR_ROUTE);
	size_t from = r->route.drop, to = r->route.routes, i = 0;
	struct str value;

	buf_puts(b, t->route);
	if (r->route.uri_from_route && to)
		to--;
	for (; sip_values_next(&v, &value); i++) {
		if (i < from || i >= to)
			continue;
		if (b->n)
			buf_puts(b, STR(", "));
		buf_puts(b, value);
	}
}


/*
 * OPF-SES-1a, TPF-LMM-1d: the received Request-URI; TPF-SES-2: the IM Address. Where this server is the core
 * too, it resolves it to the device's contact (RFC 3261 16.5).
 */
static struct str uri_for(const struct im_session *s, const struct im_request *r,
			  const struct sip_proxy_target *t)
{
	const struct session_rules *rules = session_rules(session_function(s, LEG_B),
							  (enum im_kind)s->kind);

	if (t->uri.n)
		return t->uri;
	return rules->invite_to_address && r->recipient.n ? r->recipient : r->route.uri;
}


/* Of the hop, for TLS (RFC 5922 7.3). */
static struct str put_name(char *to, struct str name)
{
	if (name.n)
		memcpy(to, name.p, name.n);
	return (struct str){to, name.n};
}


static int branch_init(struct session_branch *b, struct im_session *s, const struct im_request *r,
		       const struct sip_proxy_target *t)
{
	struct sip_uri u;
	char storage[WAY_MAX];
	struct str uri = uri_for(s, r, t);
	struct buf way;

	buf_fixed(&way, storage, sizeof(storage));
	put_route(&way, r, t);
	if (way.failed)
		return -ENOBUFS;
	b->text = mem_raw(uri.n + way.n + (t->hop ? t->hop->host.n : 0) + 1);
	if (!b->text)
		return -ENOMEM;
	memcpy(b->text, uri.p, uri.n);
	memcpy(b->text + uri.n, way.p, way.n);
	b->uri = (struct str){b->text, uri.n};
	b->route = (struct str){b->text + uri.n, way.n};
	b->q = t->q;
	b->has_hop = t->hop || t->flow;
	if (t->hop)
		b->hop = *t->hop;
	else if (t->flow)
		sip_hop_of_flow(&b->hop, t->flow, sip_uri_decode(&u, uri) ? NULL : &u);
	b->hop.host = put_name(b->text + uri.n + way.n, t->hop ? t->hop->host : STR_NULL);
	b->leg.session = s;
	list_init(&b->leg.carried);
	return 0;
}


static int branches_make(struct im_session *s, const struct im_session_params *p)
{
	static const struct sip_proxy_target onward = {.q = 1000};
	size_t n = p->targets ? p->targets->n : 0;
	int err = 0;

	s->branches_n = (uint8_t)(n ? n : 1);
	s->branch = mem_raw(s->branches_n * sizeof(*s->branch));
	if (!s->branch) {
		s->branches_n = 0;
		return -ENOMEM;
	}
	memset(s->branch, 0, s->branches_n * sizeof(*s->branch));
	for (uint8_t i = 0; !err && i < s->branches_n; i++)
		err = branch_init(&s->branch[i], s, p->r, n ? &p->targets->target[i] : &onward);
	return err;
}


/* ---- Asking ---- */

static struct sip_session_wish wish_of(const struct im_sessions *ss, enum sip_refresher refresher)
{
	const struct im_session_rules *r = &ss->rules->session;

	return (struct sip_session_wish){
		.interval_s = r->expires_s ? r->expires_s : SIP_SESSION_DEFAULT_S,
		.min_s = r->min_expires_s ? r->min_expires_s : SIP_SESSION_MIN_S,
		.refresher = refresher,
	};
}


static int ask_one(struct im_session *s, struct session_branch *b, const struct session_offer *o)
{
	const struct session_rules *rules = session_rules(session_function(s, LEG_B),
							  (enum im_kind)s->kind);
	const struct sip_dialog *a = sip_invite_dialog(s->a.inv);
	char token[SIP_URI_MAX], params[SESSION_CONTACT_MAX];
	struct buf user, contact;
	struct str identity;
	int err;

	buf_fixed(&user, token, sizeof(token));
	buf_fixed(&contact, params, sizeof(params));
	identity = session_identity_user(s, sip_dialog_target(a),
					 sip_invite_contact_params(s->a.inv));
	if (identity.n)
		buf_puts(&user, identity);
	else
		session_put_token(&user, s, LEG_B);
	session_put_contact_params(&contact, s, LEG_B, sip_invite_contact_params(s->a.inv));
	err = sip_invite_send(&b->leg.inv,
			      &(struct sip_invite_params){
				      .dialogs = s->table->dialogs,
				      .profile = &session_profile_b,
				      .session = wish_of(s->table, rules->invite_refresher),
				      .dialog = {.local = sip_dialog_remote(a),
						 .remote = sip_dialog_local(a),
						 .target = b->uri,
						 .route = b->route,
						 .hop = b->has_hop ? &b->hop : NULL,
						 .contact_user = buf_str(&user),
						 .contact_params = buf_str(&contact)},
				      .headers = o->lines,
				      .type = o->body.n ? o->type : STR_NULL,
				      .body = o->body,
				      .arg = &b->leg,
			      });
	b->state = err ? BRANCH_REFUSED : BRANCH_ASKED;
	return err;
}


/* RFC 3261 16.5: those with the highest q together; the next when all of these have refused. */
static uint16_t highest(const struct im_session *s, bool *some)
{
	uint16_t q = 0;

	*some = false;
	for (uint8_t i = 0; i < s->branches_n; i++) {
		if (s->branch[i].state != BRANCH_WAITING)
			continue;
		if (!*some || s->branch[i].q > q)
			q = s->branch[i].q;
		*some = true;
	}
	return q;
}


int session_ask(struct im_session *s, const struct session_offer *o)
{
	int err = -ENOENT;
	bool some;

	for (uint16_t q; q = highest(s, &some), some;) {
		bool asked = false;

		for (uint8_t i = 0; i < s->branches_n; i++) {
			struct session_branch *b = &s->branch[i];

			if (b->state != BRANCH_WAITING || b->q != q)
				continue;
			err = ask_one(s, b, o);
			asked |= !err;
		}
		if (asked) {
			session_guard_start(s, sip_timers(s->table->sip)->c_ms);
			return 0;
		}
	}
	return err;
}


/* ---- The INVITE ---- */

/* Where a client is reached again that is not found by its Contact: by the way its request came. */
static bool hop_back(struct sip_hop *ret, const struct im_session *s, const struct im_request *r)
{
	if (s->table->trust || !s->originating)
		return false;
	*ret = (struct sip_hop){.kind = r->src->kind,
				.addr = r->src->peer,
				.flow = r->src->flow,
				.socket = r->src->flow ? SIP_SOCKET_ANY : r->src->socket};
	return true;
}


static int accept_a(struct im_session *s, const struct im_request *r)
{
	const struct session_rules *rules = session_rules(session_function(s, LEG_A),
							  (enum im_kind)s->kind);
	char token[SESSION_TOKEN_N];
	struct sip_hop hop;
	struct buf user;

	buf_fixed(&user, token, sizeof(token));
	session_put_token(&user, s, LEG_A);
	return sip_invite_accept(&s->a.inv,
				 &(struct sip_invite_params){
					 .dialogs = s->table->dialogs,
					 .profile = s->to_focus ? &session_profile_focus
								: &session_profile_a,
					 .session = wish_of(s->table, rules->answer_refresher),
					 .dialog = {.hop = hop_back(&hop, s, r) ? &hop : NULL,
						    .contact_user = buf_str(&user),
						    .contact_params = rules->contact},
					 .arg = &s->a,
				 },
				 r->st, r->m, r->src);
}


/* What is needed to ask those with a lower q later. */
static int keep(struct im_session *s, const struct session_offer *o)
{
	bool some;

	(void)highest(s, &some);
	if (!some)
		return 0;
	s->text = mem_raw(o->lines.n + o->type.n + o->body.n + 1);
	if (!s->text)
		return -ENOMEM;
	struct buf b;
	buf_fixed(&b, s->text, o->lines.n + o->type.n + o->body.n);
	buf_puts(&b, o->lines);
	buf_puts(&b, o->type);
	buf_puts(&b, o->body);
	s->offer.lines = str_upto(buf_str(&b), o->lines.n);
	s->offer.type = str_upto(str_from(buf_str(&b), o->lines.n), o->type.n);
	s->offer.body = str_from(buf_str(&b), o->lines.n + o->type.n);
	return 0;
}


static int invite(struct im_session *s, const struct im_request *r)
{
	struct str type = sip_msg_header(r->m, SIP_HDR_CONTENT_TYPE);
	struct buf lines = BUF_INIT(SESSION_LINES_MAX), body = BUF_INIT(IM_SESSION_SDP_MAX);
	int err = 0;

	session_put_invite_lines(&lines, s, r);
	if (r->m->body.n)
		err = session_media_offer(s->media, LEG_A, type, r->m->body, &body);
	if (!err && (lines.failed || body.failed))
		err = -ENOBUFS;
	struct session_offer o = {buf_str(&lines), type, buf_str(&body)};
	if (!err)
		err = session_ask(s, &o);
	if (!err)
		err = keep(s, &o);
	buf_done(&lines);
	buf_done(&body);
	return err;
}


static int admit(struct im_sessions *ss, const struct im_session_params *p)
{
	if (ss->stopping)
		return -ECANCELED;
	if (!ss->msrp)
		return -ENOTSUP;
	if (ss->all.count >= IM_SESSIONS_MAX)
		return -ENOBUFS;
	return p->r->m->body.n > IM_SESSION_SDP_MAX ? -E2BIG : 0;
}


static uint16_t status_of(int err)
{
	switch (err) {
	case -ENOENT:
		return 404;
	case -EPROTONOSUPPORT:
		return 488;
	case -EBADMSG:
		return 400;
	default:
		return 500;
	}
}


int im_session_start(struct im_sessions *ss, const struct im_session_params *p,
		     struct im_report *rep)
{
	const struct im_request *r = p->r;
	struct im_session *s;
	int err = admit(ss, p);

	if (err)
		return err;
	s = session_make(p);
	if (!s)
		return -ENOMEM;
	s->delayed = !r->m->body.n;
	session_enter(ss, s);
	err = users_enter(ss, s, r);
	if (!err)
		err = session_media_alloc(&s->media, s, sip_msg_header(r->m, SIP_HDR_CONTENT_TYPE),
					  r->m->body);
	if (!err)
		err = branches_make(s, p);
	if (err) {
		mem_unref(s);
		return err;
	}
	s->report = *rep;
	rep->text = NULL;
	err = accept_a(s, r);
	if (err) {
		/* It has been answered. */
		im_report_tell(&s->report, IM_REFUSED, err == -EBADMSG ? 400 : 500, STR("invite"));
		mem_unref(s);
		return 0;
	}
	err = invite(s, r);
	if (err)
		session_end(s, SESSION_END_REFUSED, status_of(err));
	return 0;
}


uint16_t im_session_refusal_of(const struct im_sessions *ss, int err, struct buf *headers)
{
	switch (err) {
	case -EBADMSG:
		return 400;
	case -E2BIG:
		return 413;
	case -EDQUOT:
		return 486;
	case -EPROTONOSUPPORT:
		/* RFC 3261 20.43: 304, "Media type not available". */
		buf_printf(headers, "Warning: 304 " STR_FMT " \"Media type not available\"\r\n",
			   STR_ARG(ss->addresses.domains[0]));
		return 488;
	case -ENOBUFS:
	case -ECANCELED:
		buf_puts(headers, STR("Retry-After: 30\r\n"));
		return 503;
	default:
		return 500;
	}
}
