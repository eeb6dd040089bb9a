/* SPDX-License-Identifier: Apache-2.0 */
/* A chat with a group. */
#include "client/group_chat.h"

#include <errno.h>

#include "base/mem.h"
#include "client/chat_state.h"
#include "client/group_request.h"
#include "sip/uri.h"


/* ---- Who is there ---- */

static bool same_uri(const char *a, const char *b)
{
	struct sip_uri ua, ub;

	return !strcmp(a, b) || (!sip_uri_decode(&ua, str_of(a)) &&
				 !sip_uri_decode(&ub, str_of(b)) && sip_uri_eq(&ua, &ub));
}


static void show_person(const struct group_chat *g, struct parley_person *ret,
			const struct roster_person *p)
{
	bool away = p->presence == PARLEY_PERSON_AWAY;
	struct str how = conference_leaving_name((enum conference_leaving)p->leaving);

	*ret = (struct parley_person){
		.uri = p->uri,
		.name = p->name,
		.own = p->own || same_uri(p->uri, g->chat->s->p->aor),
		.presence = (enum parley_presence)p->presence,
		.how = away && how.n ? how.p : "",
		.reason = away && p->reason ? p->reason : "",
	};
}


/* Digest b 14: the old session is closed after the new one was accepted. */
static void take_place(struct group_chat *g)
{
	struct parley_session *old = g->instead;

	timer_cancel(&g->follow);
	g->instead = NULL;
	if (old)
		parley_session_end(old, 0);
	mem_unref(old);
}


static void on_follow(struct timer *t, void *arg)
{
	struct group_chat *g = arg;
	struct parley *p = g->chat->s->p;

	(void)t;
	account_enter(p);
	take_place(g);
	account_leave(p);
}


/* The one whom we have brought along is here. */
static void see_followed(struct group_chat *g)
{
	const struct roster_person *p =
		g->instead ? roster_view_find(&g->watch.view, str_of(g->instead->peer)) : NULL;

	if (p && p->presence == PARLEY_PERSON_HERE)
		take_place(g);
}


static void on_known(struct conference_watch *w, void *arg)
{
	struct group_chat *g = arg;
	struct parley_session *s = g->chat->s;

	(void)w;
	see_followed(g);
	if (chat_handler(g->chat)->roster)
		chat_handler(g->chat)->roster(s, s->arg);
}


static void on_changed(struct conference_watch *w, const struct roster_person *p,
		       enum parley_presence before, void *arg)
{
	struct group_chat *g = arg;
	struct parley_session *s = g->chat->s;
	struct parley_person person;

	(void)w;
	see_followed(g);
	show_person(g, &person, p);
	if (chat_handler(g->chat)->person)
		chat_handler(g->chat)->person(s, &person, before, s->arg);
}


static void on_refused(struct conference_watch *w, uint16_t status, void *arg)
{
	const struct group_chat *g = arg;
	struct parley_session *s = g->chat->s;

	(void)w;
	if (chat_handler(g->chat)->roster_refused)
		chat_handler(g->chat)->roster_refused(s, status, s->arg);
}


static const struct conference_watch_handler watch_handler = {on_known, on_changed, on_refused};


/* ---- Life ---- */

void group_chat_init(struct group_chat *g, struct chat *c)
{
	g->chat = c;
	list_init(&g->writers);
	list_init(&g->requests);
	conference_watch_init(&g->watch, c->s, &watch_handler, g);
}


void group_chat_done(struct group_chat *g)
{
	group_request_drop_all(g, false);
	group_said_done(g);
	conference_watch_done(&g->watch);
	timer_cancel(&g->follow);
	g->instead = mem_unref(g->instead);
	g->nickname = mem_unref(g->nickname);
}


void group_chat_over(struct group_chat *g)
{
	conference_watch_stop(&g->watch);
	group_said_done(g);
	group_request_drop_all(g, true);
	timer_cancel(&g->follow);
	g->instead = mem_unref(g->instead);
}


bool group_chat_is(const struct group_chat *g)
{
	return g->chat->s->identity != NULL;
}


struct str group_chat_address(const struct group_chat *g)
{
	const char *entity = g->watch.view.entity;

	/* The same; where somebody on the way has a Contact of his own, the conference's word counts. */
	return str_of(entity ? entity : g->chat->s->identity);
}


/* ---- It stands ---- */

void group_chat_up(struct group_chat *g, bool first)
{
	struct parley_session *s = g->chat->s;
	bool back = g->away;

	if (g->instead && g->members_n)
		timer_start(&g->follow, loop_timers(s->p->loop), GROUP_CHAT_FOLLOW_MS, on_follow,
			    g);
	else
		take_place(g);
	if (!first || !group_chat_is(g))
		return;
	g->joined = true;
	g->away = g->anew = false;
	g->attempts = 0;
	if (back && g->nickname)
		(void)group_request_nickname(g, g->nickname, 0);
	if (s->state == SESSION_UP)
		conference_watch_start(&g->watch);
}


/* ---- It was lost ---- */

/* What another attempt does not help. */
static bool is_for_good(int error)
{
	return error == -EMEDIUMTYPE || error == -EACCES || error == -ENOKEY || error == -ENOTSUP ||
	       error == -EPROTO || error == -ENOMEM || error == -EMSGSIZE;
}


static bool may_pass(uint16_t status)
{
	return status == 408 || status == 480 || status == 486 || status == 487 || status == 491 ||
	       (status >= 500 && status != 501 && status != 505 && status != 513 && status < 600);
}


static bool is_gone(uint16_t status)
{
	return status == 404 || status == 410 || status == 481;
}


/* RFC 3326: a focus that stops, or has lost us, and will take us back, says so: a status that may pass. */
static bool bye_may_pass(uint16_t cause)
{
	return cause == 408 || (cause >= 500 && cause < 600);
}


static uint32_t pause_ms(const struct group_chat *g)
{
	uint32_t ms = GROUP_CHAT_RETRY_MS;

	for (unsigned i = 0; i < g->attempts && ms < GROUP_CHAT_RETRY_MAX_MS; i++)
		ms *= 2;
	if (ms > GROUP_CHAT_RETRY_MAX_MS)
		ms = GROUP_CHAT_RETRY_MAX_MS;
	return ms + (uint32_t)(loop_random_u64(g->chat->s->p->loop) % ms);
}


enum comeback { STAY_AWAY, COME_BACK, BEGIN_ANEW };


/* Digest b 13: "404/410 = gone, start anew via factory". Only whoever had it made does that: else each of its people
 * would make a group of his own. */
static enum comeback judge(const struct group_chat *g, enum parley_why why,
			   const struct exchange_end *e)
{
	const struct parley_session *s = g->chat->s;
	uint64_t now = loop_now_ms(s->p->loop);

	if (!g->joined || s->state == SESSION_INVITED || is_for_good(e->error))
		return STAY_AWAY;
	if (g->away && now - g->lost_ms > GROUP_CHAT_PATIENCE_MS)
		return STAY_AWAY;
	if (why == PARLEY_FAILED || (why == PARLEY_ENDED_THEM && bye_may_pass(s->bye_cause)))
		return COME_BACK;
	if (why != PARLEY_REFUSED_THEM || !g->away || !e->m)
		return STAY_AWAY;
	if (is_gone(e->m->status))
		return g->first_to && !g->anew ? BEGIN_ANEW : STAY_AWAY;
	return may_pass(e->m->status) ? COME_BACK : STAY_AWAY;
}


static void tell_lost(const struct group_chat *g, const struct exchange_end *e, uint32_t ms)
{
	struct parley_session *s = g->chat->s;
	struct parley_outcome outcome;
	struct exchange_text text;

	exchange_outcome(&outcome, &text, e);
	if (chat_handler(g->chat)->lost)
		chat_handler(g->chat)->lost(s, &outcome, ms, s->arg);
}


bool group_chat_again(struct group_chat *g, enum parley_why why, const struct exchange_end *e)
{
	struct parley_session *s = g->chat->s;
	enum comeback comeback = judge(g, why, e);
	uint32_t ms;

	if (comeback == STAY_AWAY)
		return false;
	if (!g->away) {
		g->lost_ms = loop_now_ms(s->p->loop);
		g->attempts = 0;
	}
	ms = pause_ms(g);
	g->anew = g->anew || comeback == BEGIN_ANEW;
	if (session_again(s, g->anew ? str_of(g->first_to) : str_of(s->identity), ms))
		return false;
	g->away = true;
	g->attempts++;
	conference_watch_stop(&g->watch);
	group_said_done(g);
	group_request_drop_all(g, true);
	tell_lost(g, e, ms);
	return true;
}


/* ---- For the program ---- */

static struct group_chat *group_of(const struct parley_session *s)
{
	struct chat *c = chat_of(s);

	return c && s->state != SESSION_OVER && group_chat_is(&c->group) ? &c->group : NULL;
}


bool parley_session_is_group(const struct parley_session *s)
{
	return group_of(s) != NULL;
}


int parley_group_send_to(struct parley_session *s, const char *uri, const char *text,
			 uint32_t *ret_number, const char **ret_id)
{
	struct sip_uri u;

	if (!group_of(s))
		return -ENOTCONN;
	if (sip_uri_decode(&u, str_of(uri)) || str_find(u.text, '>') >= 0)
		return -EINVAL;
	return chat_send(chat_of(s), uri, text, ret_number, ret_id);
}


static int refer(struct parley_session *s, enum parley_request what, const char *const *uris,
		 size_t n, uint32_t *ret_number)
{
	struct group_chat *g = group_of(s);
	int err;

	if (!g || s->state != SESSION_UP)
		return -ENOTCONN;
	err = group_request_refer(g, what, uris, n, g->numbers + 1);
	if (err)
		return err;
	g->numbers++;
	if (ret_number)
		*ret_number = g->numbers;
	return 0;
}


int parley_group_add(struct parley_session *s, const char *const *uris, size_t n,
		     uint32_t *ret_number)
{
	return refer(s, PARLEY_ADD, uris, n, ret_number);
}


int parley_group_remove(struct parley_session *s, const char *uri, uint32_t *ret_number)
{
	return refer(s, PARLEY_REMOVE, &uri, 1, ret_number);
}


static bool is_name(const char *name)
{
	for (const char *c = name; *c; c++) {
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			return false;
	}
	return strlen(name) <= PARLEY_NICKNAME_MAX;
}


int parley_group_nickname(struct parley_session *s, const char *name, uint32_t *ret_number)
{
	struct group_chat *g = group_of(s);
	char *copy;
	int err;

	if (!g || s->state != SESSION_UP)
		return -ENOTCONN;
	if (!is_name(name))
		return -EINVAL;
	copy = str_dup(str_of(name));
	err = copy ? group_request_nickname(g, name, g->numbers + 1) : -ENOMEM;
	if (err) {
		mem_unref(copy);
		return err;
	}
	mem_unref(g->nickname);
	g->nickname = copy;
	g->numbers++;
	if (ret_number)
		*ret_number = g->numbers;
	return 0;
}


int parley_group_people(const struct parley_session *s, parley_person_cb *cb, void *arg)
{
	const struct group_chat *g = group_of(s);
	struct parley_person person;

	if (!g)
		return -ENOTCONN;
	if (!g->watch.told)
		return -ENODATA;
	for (struct list_link *k = list_first(&g->watch.view.persons); k;
	     k = list_next(&g->watch.view.persons, k)) {
		show_person(g, &person, container_of(k, struct roster_person, link));
		cb(&person, arg);
	}
	return 0;
}


const char *parley_group_find(const struct parley_session *s, const char *who)
{
	const struct group_chat *g = group_of(s);
	const struct roster_person *p = g ? roster_view_guess(&g->watch.view, str_of(who)) : NULL;

	return p ? p->uri : NULL;
}


const char *parley_session_subject(const struct parley_session *s)
{
	const struct group_chat *g = group_of(s);

	if (g && g->watch.view.subject)
		return g->watch.view.subject;
	return s->subject.p ? s->subject.p : "";
}


const char *parley_presence_name(enum parley_presence p)
{
	static const char *const names[] = {
		[PARLEY_PERSON_UNKNOWN] = "unknown",
		[PARLEY_PERSON_INVITED] = "invited",
		[PARLEY_PERSON_HERE] = "here",
		[PARLEY_PERSON_AWAY] = "away",
	};

	return names[p];
}
