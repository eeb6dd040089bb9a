/* SPDX-License-Identifier: Apache-2.0 */
/* The table of conferences, and which of them a request is for (CTL-DET-1). */

#include "im/controlling/controlling.h"

#include <errno.h>

#include "base/counter.h"
#include "base/log.h"
#include "base/mem.h"
#include "im/controlling/absent.h"
#include "im/controlling/conference.h"
#include "im/controlling/exploder.h"
#include "im/controlling/large_group.h"
#include "im/controlling/mailer.h"
#include "im/controlling/registry.h"
#include "im/own.h"

/** Before the id in the user part of an IM Session Identity. */
#define PREFIX STR("conf-")
#define ALLOW \
	"Allow: INVITE, ACK, CANCEL, BYE, UPDATE, PRACK, OPTIONS, MESSAGE, SUBSCRIBE, REFER\r\n"

/* RFC 5366 5, RFC 5365 7: said in answers to OPTIONS, of the factory and the exploder alone. */
#define LISTS "Supported: timer, recipient-list-invite, recipient-list-message\r\n"

static struct counter waited = COUNTER(
	"conference.looked_up", "requests that waited until the store knew their group or session");

/** A request whose group, or session of before the restart, is looked for in the store. */
struct arrival {
	struct controlling *table;
	struct list_link link;
	struct sip_server_txn *st;
	struct group_query group;
	struct registry_query session;
	controlling_otherwise_cb *otherwise;
	void *arg;
	struct sip_msg m;
	struct im_request r;
	/* Of a session whose group is looked for. */
	char id[CONTROLLING_ID_N];
	bool of_session;
};

static void for_group(struct controlling *c, struct im_request *r, struct group *g, struct str id);
static void for_session(struct controlling *c, struct im_request *r, struct str id);


/* ---- Names ---- */

static bool is_id_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}


struct str controlling_id_of(struct str aor)
{
	struct str rest = aor, id;

	if (!str_starts(rest, STR("sip:")))
		return STR("");
	rest = str_from(rest, 4);
	if (!str_starts(rest, PREFIX))
		return STR("");
	id = str_upto(str_from(rest, PREFIX.n), CONTROLLING_ID_N);
	rest = str_from(rest, PREFIX.n + id.n);
	if (id.n != CONTROLLING_ID_N || !rest.n || rest.p[0] != '@')
		return STR("");
	for (size_t i = 0; i < id.n; i++) {
		if (!is_id_letter(id.p[i]))
			return STR("");
	}
	return id;
}


struct sip_session_wish controlling_session_wish(const struct controlling *c,
						 enum sip_refresher refresher)
{
	return (struct sip_session_wish){
		.interval_s = c->config.session_expires_s ? c->config.session_expires_s
							  : SIP_SESSION_DEFAULT_S,
		.min_s = c->config.min_se_s ? c->config.min_se_s : SIP_SESSION_MIN_S,
		.refresher = refresher,
	};
}


/* ---- Requests that wait ---- */

static void arrival_free(struct arrival *a)
{
	group_load_cancel(&a->group);
	registry_find_cancel(&a->session);
	list_remove(&a->table->arrivals, &a->link);
	mem_unref(a->st);
	mem_free(a);
}


static struct arrival *arrival_make(struct controlling *c, const struct im_request *r)
{
	struct arrival *a = mem_raw(sizeof(*a));

	if (!a)
		return NULL;
	memset(a, 0, sizeof(*a));
	a->table = c;
	a->r = *r;
	a->r.m = &a->m;
	a->r.originator.p = a->r.originator_text;
	a->r.recipient.p = a->r.recipient_text;
	a->st = mem_ref(r->st);
	list_append(&c->arrivals, &a->link);
	if (sip_server_txn_request(a->st, &a->m)) {
		arrival_free(a);
		return NULL;
	}
	a->r.src = sip_server_txn_source(a->st);
	im_request_rebase(&a->r, r->m);
	counter_add(&waited, 1);
	return a;
}


/* False: it was cancelled, and answered, meanwhile. */
static bool arrival_stands(struct arrival *a)
{
	return sip_server_txn_request(a->st, &a->m) == 0;
}


static void not_found(struct im_request *r, controlling_otherwise_cb *otherwise, void *arg)
{
	if (otherwise)
		otherwise(r, arg);
	else
		(void)sip_reply(r->st, 404, STR_NULL);
}


static void on_group(struct group_query *q, int error, struct group *g, void *arg)
{
	struct arrival *a = arg;
	struct str id = a->of_session ? (struct str){a->id, CONTROLLING_ID_N} : STR("");

	(void)q;
	if (!arrival_stands(a))
		(void)0;
	else if (!error)
		for_group(a->table, &a->r, g, id);
	else if (error == -ENOENT && !a->of_session)
		not_found(&a->r, a->otherwise, a->arg);
	else if (error == -ENOENT)
		(void)sip_reply(a->st, 404,
				STR_NULL); /* the group is gone, and its sessions with it */
	else
		(void)sip_reply(a->st, error == -EBADMSG ? 500 : 503, STR("Retry-After: 10\r\n"));
	arrival_free(a);
}


static void find_group(struct arrival *a, struct str group)
{
	if (group_load(a->table->groups, &a->group, group, on_group, a)) {
		(void)sip_reply(a->st, 500, STR_NULL);
		arrival_free(a);
	}
}


/* ---- To a group ---- */

/* Its session, when there is one. */
static void for_session_of(struct controlling *c, struct im_request *r, struct conference *f)
{
	if (!f)
		(void)sip_reply(r->st, 404, STR_NULL);
	else if (r->m->method == SIP_SUBSCRIBE)
		subscription_receive(f, r);
	else
		referral_receive(f, NULL, r->st, r->m, r->src, r->originator);
	(void)c;
}


static void for_group(struct controlling *c, struct im_request *r, struct group *g, struct str id)
{
	struct conference *f = conference_by_group(c, g->canonical);

	switch (r->m->method) {
	case SIP_INVITE:
		admission_receive(c, &(struct admission){.r = r, .f = f, .group = g, .id = id});
		break;
	case SIP_MESSAGE:
		exploder_receive(c->exploder, r, g);
		break;
	case SIP_SUBSCRIBE:
	case SIP_REFER:
		for_session_of(c, r, f);
		break;
	case SIP_OPTIONS:
		(void)sip_reply(r->st, 200, STR(ALLOW));
		break;
	default:
		(void)sip_reply(r->st, 405, STR(ALLOW));
	}
}


static void look_for_group(struct controlling *c, struct im_request *r,
			   controlling_otherwise_cb *otherwise, void *arg)
{
	struct group *g;
	int err = groups_find(c->groups, r->recipient, &g);

	if (!err) {
		for_group(c, r, g, STR(""));
	} else if (err == -ENOENT) {
		not_found(r, otherwise, arg);
	} else {
		struct arrival *a = arrival_make(c, r);

		if (!a) {
			(void)sip_reply(r->st, 500, STR_NULL);
			return;
		}
		a->otherwise = otherwise;
		a->arg = arg;
		find_group(a, r->recipient);
	}
}


/* ---- To a session ---- */

static void on_session(struct registry_query *q, int error, const struct registry_session *s,
		       void *arg)
{
	struct arrival *a = arg;

	(void)q;
	if (!arrival_stands(a)) {
		arrival_free(a);
		return;
	}
	/* Somebody else has come back to it while this one waited: there is to be one of it. */
	if (!error && conference_by_id(a->table, s->id)) {
		for_session(a->table, &a->r, s->id);
	} else if (error) {
		(void)sip_reply(a->st, error == -ENOENT ? 404 : 503,
				error == -ENOENT ? STR_NULL : STR("Retry-After: 10\r\n"));
	} else if (s->group.n) {
		memcpy(a->id, s->id.p, CONTROLLING_ID_N);
		a->of_session = true;
		find_group(a, s->group);
		return;
	} else if (a->r.m->method == SIP_INVITE) {
		admission_receive(a->table,
				  &(struct admission){.r = &a->r, .id = s->id, .stood = s});
	} else {
		/* Nobody is in it: there is no state to see, and nobody who may bring others. */
		(void)sip_reply(a->st, 404, STR_NULL);
	}
	arrival_free(a);
}


/* Nobody has come back to it since the last start, or it is over, or never was. */
static void look_for_session(struct controlling *c, struct im_request *r, struct str id)
{
	struct arrival *a = arrival_make(c, r);
	int err = a ? registry_find(c->registry, &a->session, id, on_session, a) : -ENOMEM;

	if (!err)
		return;
	(void)sip_reply(r->st, err == -ENOENT ? 404 : 500, STR_NULL);
	if (a)
		arrival_free(a);
}


static void for_session(struct controlling *c, struct im_request *r, struct str id)
{
	struct conference *f = conference_by_id(c, id);

	switch (r->m->method) {
	case SIP_INVITE:
		if (f)
			admission_receive(c, &(struct admission){.r = r, .f = f});
		else
			look_for_session(c, r, id);
		break;
	case SIP_SUBSCRIBE:
	case SIP_REFER:
		if (f)
			for_session_of(c, r, f);
		else
			look_for_session(c, r, id);
		break;
	case SIP_OPTIONS:
		(void)sip_reply(r->st, f ? 200 : 404, f ? STR(ALLOW) : STR_NULL);
		break;
	default:
		(void)sip_reply(r->st, 405, STR(ALLOW));
	}
}


/* ---- To the factory, to the exploder ---- */

static void for_factory(struct controlling *c, struct im_request *r)
{
	if (r->m->method == SIP_INVITE)
		admission_receive(c, &(struct admission){.r = r});
	else if (r->m->method == SIP_MESSAGE)
		exploder_receive(c->exploder, r, NULL);
	else
		(void)sip_reply(r->st, r->m->method == SIP_OPTIONS ? 200 : 405, STR(ALLOW LISTS));
}


/* ---- What is for us ---- */

static bool is_factory(const struct controlling *c, const struct im_request *r)
{
	return r->recipient.n && str_eq(r->recipient, c->addresses.factory);
}


static bool is_exploder(const struct controlling *c, const struct im_request *r)
{
	return r->recipient.n && str_eq(r->recipient, c->addresses.exploder);
}


int controlling_is_for(struct controlling *c, const struct im_request *r)
{
	struct group *g;

	if (!r->recipient_served)
		return 0;
	if (is_factory(c, r) || is_exploder(c, r) || controlling_id_of(r->recipient).n)
		return 1;
	int err = groups_find(c->groups, r->recipient, &g);
	return err == -EAGAIN ? err : err == 0;
}


void controlling_receive(struct controlling *c, struct im_request *r,
			 controlling_otherwise_cb *otherwise, void *arg)
{
	struct str id = controlling_id_of(r->recipient);

	if (c->stopping)
		(void)sip_reply(r->st, 503, STR("Retry-After: 30\r\n"));
	else if (is_factory(c, r))
		for_factory(c, r);
	else if (is_exploder(c, r) && r->m->method == SIP_MESSAGE)
		exploder_receive(c->exploder, r, NULL);
	else if (is_exploder(c, r))
		(void)sip_reply(r->st, 405, STR(ALLOW));
	else if (id.n)
		for_session(c, r, id);
	else
		look_for_group(c, r, otherwise, arg);
}


/* ---- Life ---- */

static void reap(void *arg)
{
	struct controlling *c = arg;
	struct list_link *l;

	while ((l = list_first(&c->over_participants)) != NULL) {
		list_remove(&c->over_participants, l);
		mem_unref(container_of(l, struct participant, link));
	}
	while ((l = list_first(&c->over_conferences)) != NULL) {
		list_remove(&c->over_conferences, l);
		mem_unref(container_of(l, struct conference, in_all));
	}
}


void controlling_reap_later(struct controlling *c)
{
	loop_defer(c->loop, &c->reap, reap, c);
}


void controlling_configure(struct controlling *c, const struct controlling_config *cfg)
{
	c->config = *cfg;
}


void controlling_counters_register(void)
{
	counter_register(&waited, 1);
	conference_counters_register();
	participant_counters_register();
	conference_watchers_counters_register();
	fanout_counters_register();
	absent_counters_register();
	exploder_counters_register();
	mailer_counters_register();
	large_groups_counters_register();
}


void controlling_start(struct controlling *c)
{
	registry_start(c->registry);
	mailer_start(c->mailer);
}


void controlling_stop(struct controlling *c)
{
	struct list_link *l;

	c->stopping = true;
	while ((l = list_first(&c->arrivals)) != NULL) {
		struct arrival *a = container_of(l, struct arrival, link);

		(void)sip_reply(a->st, 503, STR("Retry-After: 30\r\n"));
		arrival_free(a);
	}
	while ((l = list_first(&c->all)) != NULL)
		conference_end(container_of(l, struct conference, in_all),
			       STR("SIP;cause=503;text=\"Service Unavailable\""), "shutdown");
	large_groups_stop(c);
	exploder_stop(c->exploder);
	mailer_stop(c->mailer);
}


size_t controlling_under_way(const struct controlling *c)
{
	return c->all.count + c->arrivals.count + large_groups_count(c) +
	       exploder_under_way(c->exploder);
}


static void destroy(void *object)
{
	struct controlling *c = object;

	if (c->exploder && c->mailer)
		controlling_stop(c);
	if (c->loop) {
		loop_defer_cancel(c->loop, &c->reap);
		reap(c);
	}
	hash_done(&c->by_id);
	hash_done(&c->by_group);
	hash_done(&c->by_founder);
	mem_unref(c->exploder);
	mem_unref(c->mailer);
	mem_unref(c->registry);
	mem_unref(c->own);
	mem_unref(c->registrations);
	mem_unref(c->subscribers);
	mem_unref(c->groups);
	mem_unref(c->store);
}


static void take(struct controlling *c, const struct controlling_params *p)
{
	list_init(&c->all);
	list_init(&c->arrivals);
	list_init(&c->large_groups);
	list_init(&c->over_conferences);
	list_init(&c->over_participants);
	c->sip = p->sip;
	c->loop = sip_loop(p->sip);
	c->dialogs = p->dialogs;
	c->msrp = p->msrp;
	c->store = mem_ref(p->store);
	c->groups = mem_ref(p->groups);
	c->subscribers = mem_ref(p->subscribers);
	c->registrations = mem_ref(p->registrations);
	c->own = mem_ref(p->own);
	c->events = p->events;
	c->setting = p->setting;
	c->addresses = p->addresses;
	c->trust = p->trust;
}


static int start_mailer(struct controlling *c, const struct controlling_params *p)
{
	int err = mailer_alloc(&c->mailer, &(struct mailer_params){
						   .sip = p->sip,
						   .store = p->store,
						   .own = p->own,
						   .events = p->events,
						   .setting = p->setting,
						   .addresses = p->addresses,
						   .dialogs = p->dialogs,
						   .msrp = p->msrp,
						   .registrations = p->registrations,
					   });

	if (err)
		return err;
	return exploder_alloc(&c->exploder, &(struct exploder_params){
						    .sip = p->sip,
						    .mailer = c->mailer,
						    .events = p->events,
						    .addresses = p->addresses,
					    });
}


int controlling_alloc(struct controlling **ret, const struct controlling_params *p)
{
	struct controlling *c = mem_alloc(sizeof(*c), destroy);
	int err;

	if (!c)
		return -ENOMEM;
	take(c, p);
	err = hash_init(&c->by_id, 64);
	if (!err)
		err = hash_init(&c->by_group, 64);
	if (!err)
		err = hash_init(&c->by_founder, 64);
	if (!err) {
		loop_random(c->loop, &c->by_id.key, sizeof(c->by_id.key));
		loop_random(c->loop, &c->by_group.key, sizeof(c->by_group.key));
		loop_random(c->loop, &c->by_founder.key, sizeof(c->by_founder.key));
		err = registry_alloc(&c->registry, c->loop, p->store);
	}
	if (!err)
		err = start_mailer(c, p);
	if (err) {
		mem_unref(c);
		return err;
	}
	*ret = c;
	return 0;
}


/* ---- For the operator ---- */

static const char *kind_name(const struct conference *f)
{
	static const char *const names[] = {
		[CONFERENCE_ONE_TO_ONE] = "1-1",
		[CONFERENCE_AD_HOC] = "ad-hoc",
		[CONFERENCE_GROUP] = "group",
	};

	return names[f->kind];
}


static void tell(const struct conference *f, conference_row_cb *cb, void *arg)
{
	const struct fanout_counts *n = fanout_counts(f->fanout);

	cb(
		&(struct conference_info_row){
			.id = {f->id, CONTROLLING_ID_N},
			.number = f->number,
			.identity = f->identity,
			.group = f->group ? f->group->canonical : STR(""),
			.kind = kind_name(f),
			.founder = f->founder,
			.subject = f->subject,
			.since_ms = f->since_ms,
			.participants = roster_count(f->roster),
			.connected = roster_connected(f->roster),
			.watchers = f->watchers ? conference_watchers_count(f->watchers) : 0,
			.messages = n->messages,
			.copies = n->copies,
		},
		arg);
}


void controlling_list(const struct controlling *c, uint64_t after, size_t limit,
		      conference_row_cb *cb, void *arg)
{
	for (struct list_link *l = list_first(&c->all); l && limit; l = list_next(&c->all, l)) {
		const struct conference *f = container_of(l, struct conference, in_all);

		if (f->number <= after)
			continue;
		tell(f, cb, arg);
		limit--;
	}
}


static const char *status_name(const struct participant *p)
{
	switch (p->state) {
	case PARTICIPANT_ASKING:
		return "dialing-in";
	case PARTICIPANT_INVITED:
		return "dialing-out";
	default:
		return p->on_hold ? "on-hold" : "connected";
	}
}


static void tell_person(const struct participant *p, conference_person_cb *cb, void *arg)
{
	struct fanout_seat_counts n = {0};

	if (p->seat)
		fanout_seat_counts(p->seat, &n);
	cb(&(struct conference_person_row){.who = p->who,
					   .anonymous = p->anonymous,
					   .status = status_name(p),
					   .since_ms = p->since_ms,
					   .messages = n.messages,
					   .bytes = n.bytes},
	   arg);
}


int controlling_show(const struct controlling *c, struct str id, conference_row_cb *cb,
		     conference_person_cb *person, void *arg)
{
	const struct conference *f = conference_by_id((struct controlling *)(uintptr_t)c, id);

	if (!f)
		return -ENOENT;
	tell(f, cb, arg);
	for (struct list_link *l = list_first(&f->participants); l;
	     l = list_next(&f->participants, l))
		tell_person(container_of(l, struct participant, link), person, arg);
	return 0;
}


int controlling_end(struct controlling *c, struct str id)
{
	struct conference *f = conference_by_id(c, id);

	if (!f)
		return -ENOENT;
	conference_end(f, STR("SIP;cause=480;text=\"Ended by the operator\""), "operator");
	return 0;
}
