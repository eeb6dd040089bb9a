/* SPDX-License-Identifier: Apache-2.0 */
/* An INVITE that comes in: to the factory, to a group, to a session that exists (CTL-DET-1, CTL-INV-1, CLI-GEN-5N). */

#include <errno.h>

#include "base/mem.h"
#include "im/controlling/adhoc.h"
#include "im/controlling/conference.h"
#include "im/controlling/large_group.h"
#include "im/controlling/mailer_large.h"
#include "im/controlling/registry.h"
#include "im/controlling/replacement.h"
#include "im/own.h"
#include "sip/accept_contact.h"
#include "sip/name_addr.h"
#include "subscriber/operator_policy.h"
#include "subscriber/subscriber.h"

/** Warning lines of a refusal. */
#define HEADERS_MAX 2048
/** Of a display name that is shown to others. */
#define NAME_MAX 128

/** One INVITE while it is judged. */
struct entrant {
	struct controlling *c;
	const struct admission *a;
	struct im_request *r;
	struct conference *f; /**< NULL: it does not run yet */
	struct adhoc list;    /**< of the factory */
	bool listed;
	bool begun; /**< the conference begins with it */
	struct str sdp;
	struct im_report report;
	char name_text[NAME_MAX];
	struct str name;
};


/* ---- Refusing ---- */

static void refuse(struct entrant *e, uint16_t status, struct str headers, struct str why)
{
	(void)sip_reply(e->r->st, status, headers);
	im_report_tell(&e->report, IM_REFUSED, status, why);
}


static void warn(struct buf *headers, const struct controlling *c, unsigned code, const char *text)
{
	buf_printf(headers, "Warning: %u " STR_FMT " \"%s\"\r\n", code,
		   STR_ARG(c->addresses.domains[0]), text);
}


static void refuse_with(struct entrant *e, uint16_t status, unsigned code, const char *text,
			const char *why)
{
	char storage[HEADERS_MAX];
	struct buf headers;

	buf_fixed(&headers, storage, sizeof(storage));
	warn(&headers, e->c, code, text);
	refuse(e, status, buf_str(&headers), str_of(why));
}


static uint16_t status_of(int err)
{
	switch (err) {
	case -EBADMSG:
		return 400;
	case -EPROTONOSUPPORT:
		return 488;
	case -EUSERS:
		return 486;
	case -ENOBUFS:
		return 503;
	default:
		return 500;
	}
}


/* ---- What it offers ---- */

static bool read_list(struct entrant *e)
{
	const struct im_request *r = e->r;
	char storage[HEADERS_MAX];
	uint16_t status;
	struct buf headers;
	int err = adhoc_decode(&e->list, &(struct adhoc_params){
						 .body = adhoc_body(r->m),
						 .caller = r->originator,
						 .domain = e->c->addresses.domains[0],
						 .most = e->c->config.max_participants,
					 });

	if (!err) {
		e->listed = true;
		e->sdp = e->list.sdp;
		return true;
	}
	buf_fixed(&headers, storage, sizeof(storage));
	status = adhoc_status(err, e->c->addresses.domains[0], &headers);
	refuse(e, status, buf_str(&headers), STR("list"));
	return false;
}


static bool read_offer(struct entrant *e)
{
	const struct sip_msg *m = e->r->m;

	if (m->body.n)
		e->sdp = adhoc_sdp(m);
	if (!m->body.n || e->sdp.n)
		return true;
	refuse(e, 415, STR("Accept: application/sdp, multipart/mixed\r\n"), STR("body"));
	return false;
}


/* A file for many is no session (RFC 7701 knows none), and a call is none of ours. */
static bool is_session(struct entrant *e)
{
	if (e->r->kind == IM_FILE || e->r->kind == IM_LARGE || !e->c->msrp ||
	    (e->sdp.n && str_find_str(e->sdp, STR("MSRP")) < 0)) {
		refuse_with(e, 488, 304, "Media type not available", "media");
		return false;
	}
	return true;
}


/* ---- Whether they may ---- */

static bool was_invited(const struct registry_session *s, struct str who)
{
	if (str_eq(s->founder, who))
		return true;
	for (size_t i = 0; i < s->invited_n; i++) {
		if (str_eq(s->invited[i], who))
			return true;
	}
	return false;
}


static void view_of(struct entrant *e, struct membership_view *v)
{
	const struct registry_session *stood = e->a->stood;
	struct str *who = &e->r->originator;

	if (e->f)
		conference_view(e->f, v, who);
	else
		*v = (struct membership_view){
			.group = e->a->group,
			.who = who,
			.n = who->n > 0,
			.invited = stood && was_invited(stood, *who),
			.founder = stood ? str_eq(stood->founder, *who) : true,
			.more = e->listed ? e->list.n : 0,
			.max_made = e->c->config.max_participants,
			.now_ms = loop_wall_ms(e->c->loop),
			.host = e->c->addresses.domains[0],
		};
	v->anonymous = e->r->anonymous;
}


static enum membership_action action_of(const struct entrant *e)
{
	if (e->r->kind == IM_LARGE && e->a->group)
		return MEMBERSHIP_SEND;
	return e->f || e->a->id.n ? MEMBERSHIP_JOIN : MEMBERSHIP_START;
}


static bool may(struct entrant *e)
{
	char storage[HEADERS_MAX];
	struct buf headers;
	struct membership_answer answer = {.headers = &headers};
	const struct membership_rule *rule;
	struct membership_view v;

	buf_fixed(&headers, storage, sizeof(storage));
	view_of(e, &v);
	rule = membership_judge(&v, action_of(e), &answer);
	if (!rule)
		return true;
	refuse(e, answer.status, buf_str(&headers), str_of(rule->name));
	return false;
}


/* By its Contact: a focus (RFC 3840 9.1), in a 1-1 session one that is not to be seen, or what our mailer sends. */
static bool is_of_many(const struct im_request *r)
{
	struct sip_name_addr contact;
	struct sip_uri uri;

	if (sip_msg_has_feature(r->m, SIP_HDR_CONTACT, STR("isfocus")))
		return true;
	return r->trusted &&
	       sip_name_addr_decode(&contact, sip_msg_header(r->m, SIP_HDR_CONTACT)) == 0 &&
	       sip_uri_decode(&uri, contact.uri) == 0 &&
	       (str_eq(uri.user, MAILER_CONTACT) ||
		(str_starts(uri.user, STR("conf-")) &&
		 uri.user.n == STR("conf-").n + CONTROLLING_ID_N));
}


/* Conferences in one another, groups that are members of each other: what is said would go round for ever. */
static bool is_single(struct entrant *e)
{
	if (!is_of_many(e->r))
		return true;
	refuse_with(e, 403, 399, "122 Function not allowed: a conference within a conference",
		    "nested");
	return false;
}


/* ---- Large Message Mode ---- */

static void large(struct entrant *e)
{
	struct controlling *c = e->c;
	uint64_t max = operator_max_size(subscribers_policy(c->subscribers), NULL, OPERATOR_LARGE);

	if (!c->msrp || (!e->a->group && !e->list.n)) {
		refuse_with(e, 488, 399, "a large message needs recipients", "media");
		return;
	}
	large_group_receive(c, &(struct large_group_params){
				       .r = e->r,
				       .sdp = e->sdp,
				       .group = e->a->group,
				       .list = e->a->group ? NULL : &e->list,
				       .asserted = e->a->group ? e->a->group->uri
							       : c->addresses.factory,
				       .max_size = max == OPERATOR_NO_LIMIT ? 0 : max,
			       });
}


/* ---- The conference ---- */

static enum conference_kind kind_of(const struct entrant *e)
{
	if (e->a->group)
		return CONFERENCE_GROUP;
	if (e->a->stood)
		return e->a->stood->kind == CONFERENCE_ONE_TO_ONE ? CONFERENCE_ONE_TO_ONE
								  : CONFERENCE_AD_HOC;
	return e->list.kind;
}


/* Who was invited to it before the restart may come back. */
static int take_invited(struct conference *f, const struct registry_session *s)
{
	int err = 0;

	for (size_t i = 0; !err && i < s->invited_n; i++)
		err = conference_invite_note(f, s->invited[i]);
	return err;
}


static int begin(struct entrant *e)
{
	const struct registry_session *stood = e->a->stood;
	int err = conference_begin(&e->f, e->c,
				   &(struct conference_start){
					   .kind = kind_of(e),
					   .group = e->a->group,
					   .founder = stood ? stood->founder : e->r->originator,
					   .subject = stood ? stood->subject
							    : sip_msg_header_named(e->r->m,
										   STR("Subject")),
					   .id = e->a->id,
				   });

	if (err)
		return err;
	e->begun = true;
	if (stood)
		err = take_invited(e->f, stood);
	else if (e->listed)
		err = invitation_keep(e->f, e->r->m, e->list.history);
	else if (!e->a->id.n)
		err = invitation_keep(e->f, e->r->m, STR(""));
	return err;
}


/* Nobody is in, and nobody will be. */
static void undo(struct entrant *e)
{
	if (e->begun && !e->f->running)
		conference_end(e->f, STR("SIP;cause=480;text=\"Did not begin\""), "not-begun");
	else if (e->f)
		conference_review(e->f);
}


/* ---- Their leg ---- */

const struct sip_hop *admission_hop(const struct controlling *c, const struct im_request *r,
				    struct sip_hop *hop)
{
	if (c->trust)
		return NULL;
	/* By way of a session that is anchored here. */
	if (r->trusted)
		return im_own_hop(c->own);
	if (!r->originator_served)
		return NULL;
	*hop = (struct sip_hop){.kind = r->src->kind,
				.addr = r->src->peer,
				.flow = r->src->flow,
				.socket = r->src->flow ? SIP_SOCKET_ANY : r->src->socket};
	return hop;
}


static void take_name(struct entrant *e)
{
	struct sip_name_addr from;
	struct buf b;

	buf_fixed(&b, e->name_text, sizeof(e->name_text));
	if (e->r->anonymous || sip_name_addr_decode(&from, sip_msg_header(e->r->m, SIP_HDR_FROM)))
		return;
	/* Its escapes are undone, as those of a quoted string are. */
	for (size_t i = 0; i < from.display.n; i++) {
		if (from.display.p[i] == '\\' && i + 1 < from.display.n)
			i++;
		buf_putc(&b, from.display.p[i]);
	}
	if (!b.failed)
		e->name = buf_str(&b);
}


/* CTL-PRV-5, CTL-OK-5: Contact; CTL-OK-3a: the refresher is the client (f-B). */
static int accept_leg(struct entrant *e, struct participant *p)
{
	struct controlling *c = e->c;
	char user[sizeof("conf-") + CONTROLLING_ID_N];
	struct sip_hop hop;
	struct buf contact;

	buf_fixed(&contact, user, sizeof(user));
	buf_puts(&contact, STR("conf-"));
	buf_put(&contact, e->f->id, CONTROLLING_ID_N);
	return sip_invite_accept(
		&p->inv,
		&(struct sip_invite_params){
			.dialogs = c->dialogs,
			.profile = &participant_profile,
			.session = controlling_session_wish(c, SIP_REFRESHER_UAC),
			.dialog = {.hop = admission_hop(c, e->r, &hop),
				   .contact_user = buf_str(&contact),
				   .contact_params = STR(";isfocus;+g.oma.sip-im")},
			.arg = p,
		},
		e->r->st, e->r->m, e->r->src);
}


/* They are in already, or on the way in: the new leg is in the place of the old one. */
static bool take_place(struct entrant *e, const struct participant *p)
{
	struct participant *old;
	bool waited;

	invitation_came(e->f, e->r->originator);
	old = conference_find(e->f, e->r->originator);
	if (old == p)
		return false;
	waited = e->f->waits_for_first == old;
	participant_leave(old, CONFERENCE_DEPARTED, STR("SIP;cause=200;text=\"Joined again\""),
			  STR_NULL,
			  &(struct sip_invite_farewell){
				  .headers = STR("Reason: SIP;cause=200;text=\"Joined again\"\r\n"),
				  .status = 487});
	return waited;
}


static int show_asking(const struct entrant *e, const struct participant *p)
{
	return roster_set(e->f->roster, &(struct roster_person){
						.who = p->who,
						.uri = p->uri,
						.display_name = p->display_name,
						.role = p->founder ? STR("organizer") : STR(""),
						.anonymous = p->anonymous,
						.status = CONFERENCE_DIALING_IN,
						.joining = CONFERENCE_DIALED_IN,
					});
}


/* ---- Whom they bring ---- */

static size_t invite_listed(struct entrant *e)
{
	size_t n = 0;

	for (size_t i = 0; i < e->list.n; i++) {
		const struct adhoc_invitee *a = &e->list.invitees[i];

		n += invitation_send(e->f, &(struct invitation){
						   .uri = a->uri,
						   .display_name = a->display_name,
						   .headers = a->headers,
						   .by = e->r->originator,
						   .bcc = a->bcc,
					   }) == 0;
	}
	return n;
}


/* c7: "invite-members true and session newly created -> INVITE every other entry of list". */
static size_t invite_members(struct entrant *e)
{
	const struct group *g = e->f->group;
	size_t most = membership_max(g, 0), n = 0;

	for (size_t i = 0; i < g->members_n; i++) {
		const struct group_member *m = &g->members[i];

		if (str_eq(m->canonical, e->r->originator))
			continue;
		if (most && n + 1 >= most)
			break;
		n += invitation_send(e->f, &(struct invitation){.uri = m->uri,
								.display_name = m->display_name}) ==
		     0;
	}
	return n;
}


static size_t invite_others(struct entrant *e)
{
	if (!e->begun || e->a->id.n)
		return 0;
	if (e->listed)
		return invite_listed(e);
	return e->f->group && e->f->group->invite_members ? invite_members(e) : 0;
}


/* ---- In ---- */

/* f-D 61: at once to who joins, and to who begins what others join; else when the first of the others is in. */
static void settle(struct entrant *e, struct participant *p, bool waits)
{
	struct conference *f = e->f;
	size_t invited = invite_others(e);

	if (e->begun && e->listed && e->list.n && !invited) {
		answer_refuse(p, 480, STR_NULL, STR("nobody-to-invite"));
		undo(e);
	} else if (waits || invited) {
		answer_wait(p);
		(void)show_asking(e, p);
		conference_review(f);
	} else {
		answer_accept(p);
		answer_first(f, p);
		undo(e);
	}
}


static void enter(struct entrant *e)
{
	struct participant *p;
	int err;

	take_name(e);
	err = participant_alloc(&p, e->f, e->r->originator, e->r->originator, e->name,
				e->r->anonymous);
	if (err) {
		refuse(e, status_of(err), STR("Retry-After: 30\r\n"), STR("full"));
		undo(e);
		return;
	}
	p->report = e->report;
	e->report.text = NULL;
	err = accept_leg(e, p);
	if (err) {
		/* It has been answered. */
		im_report_tell(&p->report, IM_REFUSED, err == -EBADMSG ? 400 : 500, STR("invite"));
		im_report_done(&p->report);
		participant_leave(p, CONFERENCE_FAILED, STR_NULL, STR_NULL, NULL);
		undo(e);
		return;
	}
	/* The name by which the others know them comes from the roster. */
	if (p->anonymous)
		err = show_asking(e, p);
	if (!err && e->sdp.n)
		err = participant_media(p, e->sdp, true);
	if (err) {
		answer_refuse(p, status_of(err), STR_NULL, STR("media"));
		undo(e);
		return;
	}
	settle(e, p, !e->begun && take_place(e, p));
}


static void judge_and_enter(struct entrant *e)
{
	bool made_by_list = !e->f && !e->a->group && !e->a->stood;
	uint16_t status;
	int err;

	if (!is_single(e) || !(made_by_list ? read_list(e) : read_offer(e)) || !may(e))
		return;
	if (e->r->kind == IM_LARGE && (e->a->group || made_by_list)) {
		large(e);
		return;
	}
	if (!is_session(e))
		return;
	status = replacement_judge(e->c, e->f, e->r->m, e->r->originator);
	if (status) {
		refuse(e, status, STR_NULL, STR("replaces"));
		return;
	}
	err = e->f ? 0 : begin(e);
	if (err) {
		refuse(e, status_of(err), STR("Retry-After: 30\r\n"), STR("conference"));
		undo(e);
		return;
	}
	enter(e);
}


void admission_receive(struct controlling *c, const struct admission *a)
{
	struct entrant e = {.c = c, .a = a, .r = a->r, .f = a->f};

	a->r->side = IM_CONTROLLING;
	if (im_report_init(&e.report, c->events, c->loop, a->r)) {
		(void)sip_reply(a->r->st, 500, STR_NULL);
		return;
	}
	judge_and_enter(&e);
	if (e.listed)
		adhoc_done(&e.list);
	im_report_done(&e.report);
}
