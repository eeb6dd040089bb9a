/* SPDX-License-Identifier: Apache-2.0 */
/* A conference's life: how it begins, who may come back to it, when and how it ends. */

#include <errno.h>

#include "base/counter.h"
#include "base/log.h"
#include "base/mem.h"
#include "im/controlling/absent.h"
#include "im/controlling/conference.h"
#include "im/controlling/registry.h"
#include "subscriber/operator_policy.h"
#include "subscriber/subscriber.h"

enum { OPEN, BEGUN, COUNTERS };
static struct counter counters[COUNTERS] = {
	[OPEN] = GAUGE("conference.open", "conferences now"),
	[BEGUN] = COUNTER("conference.begun", "conferences begun"),
};

/** Digest b row 15: any other than 410 means that it may be begun again. */
#define IDLE STR("SIP;cause=480;text=\"Nobody said anything\"")
/** A timer holds no more than this; longer is looked at again then. */
#define LOOK_AGAIN_MS (24ull * 3600 * 1000)

/** Somebody who may come back. */
struct invited {
	struct hash_link link;
	size_t n;
	char who[];
};


void conference_counters_register(void)
{
	counter_register(counters, COUNTERS);
}


/* ---- Finding ---- */

struct conference *conference_by_id(struct controlling *c, struct str id)
{
	struct hash_link *l = hash_first(&c->by_id, hash_bytes(&c->by_id.key, id.p, id.n));

	for (; l; l = hash_next(l)) {
		struct conference *f = container_of(l, struct conference, by_id);

		if (str_eq(id, (struct str){f->id, CONTROLLING_ID_N}))
			return f;
	}
	return NULL;
}


struct conference *conference_by_group(struct controlling *c, struct str group)
{
	struct hash_link *l = hash_first(&c->by_group,
					 hash_bytes(&c->by_group.key, group.p, group.n));

	for (; l; l = hash_next(l)) {
		struct conference *f = container_of(l, struct conference, by_group);

		if (str_eq(group, f->group->canonical))
			return f;
	}
	return NULL;
}


struct participant *conference_find(struct conference *f, struct str who)
{
	for (struct list_link *l = list_first(&f->participants); l;
	     l = list_next(&f->participants, l)) {
		struct participant *p = container_of(l, struct participant, link);

		if (str_eq(p->who, who))
			return p;
	}
	return NULL;
}


/* ---- Who may come back ---- */

static struct invited *invited_find(const struct conference *f, struct str who)
{
	struct hash_link *l = hash_first(&f->invited, hash_bytes(&f->invited.key, who.p, who.n));

	for (; l; l = hash_next(l)) {
		struct invited *i = container_of(l, struct invited, link);

		if (str_eq(who, (struct str){i->who, i->n}))
			return i;
	}
	return NULL;
}


bool conference_was_invited(const struct conference *f, struct str who)
{
	return invited_find(f, who) != NULL;
}


int conference_invite_note(struct conference *f, struct str who)
{
	struct invited *i;

	if (invited_find(f, who))
		return 0;
	if (f->invited.count >= CONFERENCE_INVITED_MAX)
		return -ENOBUFS;
	i = mem_raw(sizeof(*i) + who.n);
	if (!i)
		return -ENOMEM;
	i->n = who.n;
	memcpy(i->who, who.p, who.n);
	hash_insert(&f->invited, &i->link, hash_bytes(&f->invited.key, who.p, who.n));
	if (f->running)
		registry_invite(f->table->registry, (struct str){f->id, CONTROLLING_ID_N}, who);
	return 0;
}


void conference_note(struct conference *f)
{
	struct str *who;
	size_t n = 0, cursor = 0;

	if (f->running)
		return;
	f->running = true;
	who = mem_raw((f->invited.count + 1) * sizeof(*who));
	for (struct hash_link *l = NULL; who && (l = hash_walk(&f->invited, &cursor, l)) != NULL;) {
		const struct invited *i = container_of(l, struct invited, link);

		who[n++] = (struct str){i->who, i->n};
	}
	registry_note(f->table->registry, &(struct registry_session){
						  .id = {f->id, CONTROLLING_ID_N},
						  .kind = (int)f->kind,
						  .group = f->group ? f->group->canonical : STR(""),
						  .founder = f->founder,
						  .subject = f->subject,
						  .since_ms = f->since_ms,
						  .invited = who,
						  .invited_n = n,
					  });
	mem_free(who);
}


/* ---- Beginning ---- */

static void destroy(void *object)
{
	struct conference *f = object;
	size_t cursor = 0;

	timer_cancel(&f->over);
	for (struct hash_link *l; (l = hash_walk(&f->invited, &cursor, NULL)) != NULL; cursor = 0) {
		struct invited *i = container_of(l, struct invited, link);

		hash_remove(&f->invited, l);
		mem_free(i);
	}
	hash_done(&f->invited);
	invitation_done(f);
	mem_unref(f->fanout);
	mem_unref(f->roster);
	mem_unref(f->group);
	mem_free((void *)(uintptr_t)f->identity.p);
}


/* 80 bits of chance in letters that can be read aloud: who knows it was told it. */
static void make_id(struct controlling *c, char id[static CONTROLLING_ID_N])
{
	static const char letters[] = "abcdefghijkmnpqrstuvwxyz23456789";
	uint64_t chance = 0;

	for (int i = 0; i < CONTROLLING_ID_N; i++, chance >>= 5) {
		if (i % 12 == 0)
			chance = loop_random_u64(c->loop);
		id[i] = letters[chance & 31];
	}
}


/* The names, in one block: identity, asserted, subject, founder. */
static int take_names(struct conference *f, const struct controlling *c,
		      const struct conference_start *s)
{
	struct str domain = c->addresses.domains[0];
	struct str asserted = s->group ? s->group->uri : c->addresses.factory;
	struct str subject = s->subject.n ? str_upto(s->subject, CONFERENCE_SUBJECT_MAX)
			     : s->group   ? str_upto(s->group->subject, CONFERENCE_SUBJECT_MAX)
					  : STR("");
	size_t n = STR("sip:conf-@").n + CONTROLLING_ID_N + domain.n;
	char *text = mem_raw(n + asserted.n + subject.n + s->founder.n + 1);
	struct buf b;

	if (!text)
		return -ENOMEM;
	buf_fixed(&b, text, n + asserted.n + subject.n + s->founder.n);
	buf_puts(&b, STR("sip:conf-"));
	buf_put(&b, f->id, CONTROLLING_ID_N);
	buf_putc(&b, '@');
	buf_puts(&b, domain);
	buf_puts(&b, asserted);
	buf_puts(&b, subject);
	buf_puts(&b, s->founder);
	f->identity = (struct str){text, n};
	f->asserted = (struct str){text + n, asserted.n};
	f->subject = (struct str){text + n + asserted.n, subject.n};
	f->founder = (struct str){text + n + asserted.n + subject.n, s->founder.n};
	return 0;
}


static int make_fanout(struct conference *f, struct controlling *c)
{
	uint64_t max = operator_max_size(subscribers_policy(c->subscribers), NULL,
					 OPERATOR_SESSION);
	struct str names[2] = {f->identity, f->group ? f->group->canonical : STR("")};

	return fanout_alloc(&f->fanout, &(struct fanout_params){
						.loop = c->loop,
						.msrp = c->msrp,
						.cpim_required = f->kind != CONFERENCE_ONE_TO_ONE,
						.nicknames = f->kind != CONFERENCE_ONE_TO_ONE,
						.names = names,
						.names_n = f->group ? 2 : 1,
						.message_max = max == OPERATOR_NO_LIMIT ? 0 : max,
						.handler = &participant_fanout_handler,
						.arg = f,
					});
}


static int make_watchers(struct conference *f, struct controlling *c)
{
	char text[SIP_URI_MAX + 64];
	struct str user = str_from(f->identity, 4);
	struct buf headers;

	buf_fixed(&headers, text, sizeof(text));
	buf_printf(&headers, "P-Asserted-Identity: <" STR_FMT ">\r\n", STR_ARG(f->asserted));
	if (headers.failed)
		buf_clear(&headers);
	return conference_watchers_alloc(&f->watchers, &(struct conference_watchers_params){
							       .dialogs = c->dialogs,
							       .roster = f->roster,
							       .contact_user = str_cut(&user, '@'),
							       .headers = buf_str(&headers),
						       });
}


/* What is said while members are away is kept for them, where a rule of the group may allow it. */
static int make_absent(struct conference *f, struct controlling *c)
{
	if (!f->group)
		return 0;
	return absent_open(&f->absent, &(struct absent_params){
					       .loop = c->loop,
					       .mailer = c->mailer,
					       .store = c->store,
					       .fanout = f->fanout,
					       .group = f->group,
					       .roster = f->roster,
					       .registrations = c->registrations,
				       });
}


static int make_parts(struct conference *f, struct controlling *c, const struct conference_start *s)
{
	size_t most = membership_max(f->group, c->config.max_participants);
	int err = take_names(f, c, s);

	if (!err)
		err = hash_init(&f->invited, 8);
	if (!err) {
		loop_random(c->loop, &f->invited.key, sizeof(f->invited.key));
		err = roster_alloc(&f->roster,
				   &(struct roster_params){
					   .entity = f->identity,
					   .display_text = f->group ? f->group->display_name
								    : STR(""),
					   .subject = f->subject,
					   .maximum = (uint32_t)most,
				   });
	}
	if (!err)
		err = make_fanout(f, c);
	if (!err)
		err = make_absent(f, c);
	if (!err)
		err = make_watchers(f, c);
	return err;
}


static void enter(struct conference *f, struct controlling *c)
{
	struct str group = f->group ? f->group->canonical : STR("");

	f->table = c;
	f->number = ++c->begun;
	hash_insert(&c->by_id, &f->by_id, hash_bytes(&c->by_id.key, f->id, CONTROLLING_ID_N));
	if (f->group)
		hash_insert(&c->by_group, &f->by_group,
			    hash_bytes(&c->by_group.key, group.p, group.n));
	else
		hash_insert(&c->by_founder, &f->by_founder,
			    hash_bytes(&c->by_founder.key, f->founder.p, f->founder.n));
	list_append(&c->all, &f->in_all);
	counter_add(&counters[OPEN], 1);
	counter_add(&counters[BEGUN], 1);
}


/* How many somebody has made. */
static size_t made_by(const struct controlling *c, struct str founder)
{
	struct hash_link *l = hash_first(&c->by_founder,
					 hash_bytes(&c->by_founder.key, founder.p, founder.n));
	size_t n = 0;

	for (; l; l = hash_next(l))
		n += str_eq(founder, container_of(l, struct conference, by_founder)->founder);
	return n;
}


int conference_begin(struct conference **ret, struct controlling *c,
		     const struct conference_start *s)
{
	struct conference *f;

	if (c->all.count >= CONTROLLING_CONFERENCES_MAX)
		return -ENOBUFS;
	if (!s->group && made_by(c, s->founder) >= CONTROLLING_CONFERENCES_EACH_MAX)
		return -EUSERS;
	f = mem_alloc(sizeof(*f), destroy);
	if (!f)
		return -ENOMEM;
	list_init(&f->participants);
	list_init(&f->waiting);
	f->kind = s->kind;
	f->large = s->large;
	f->group = mem_ref(s->group);
	f->since_ms = loop_wall_ms(c->loop);
	f->active_ms = loop_now_ms(c->loop);
	if (s->id.n == CONTROLLING_ID_N) {
		memcpy(f->id, s->id.p, CONTROLLING_ID_N);
	} else {
		do
			make_id(c, f->id);
		while (conference_by_id(c, (struct str){f->id, CONTROLLING_ID_N}));
	}
	int err = make_parts(f, c, s);
	if (err) {
		absent_close(f->absent);
		f->absent = NULL;
		mem_unref(f);
		return err;
	}
	enter(f, c);
	log_debug("conference", "%.*s begins: kind=%d", CONTROLLING_ID_N, f->id, (int)f->kind);
	*ret = f;
	return 0;
}


/* ---- What its rules are asked with ---- */

static bool key_is_in(struct conference *f, const struct membership_view *v)
{
	struct membership_course course = {.group = f->group};

	membership_look(&course, v, f->roster);
	return course.key_present;
}


void conference_view(struct conference *f, struct membership_view *v, const struct str *who)
{
	const struct participant *p = conference_find(f, *who);

	*v = (struct membership_view){
		.group = f->group,
		.who = who,
		.n = who->n > 0,
		.anonymous = p && p->anonymous,
		.inside = p != NULL,
		.invited = conference_was_invited(f, *who),
		.founder = who->n && str_eq(*who, f->founder),
		.participants = invitation_count(f),
		.max_made = f->table->config.max_participants,
		.now_ms = loop_wall_ms(f->table->loop),
		.host = f->table->addresses.domains[0],
	};
	v->key_present = key_is_in(f, v);
}


/* ---- The end ---- */

static void tell_end(const struct conference *f, const char *why)
{
	const struct fanout_counts *n = fanout_counts(f->fanout);
	int64_t stood = loop_wall_ms(f->table->loop) - f->since_ms;

	if (!f->running)
		return;
	im_events_tell(f->table->events, &(struct im_event){
						 .outcome = IM_ENDED,
						 .kind = IM_SESSION,
						 .side = IM_CONTROLLING,
						 .originator = f->founder,
						 .recipient = f->identity,
						 .reason = str_of(why),
						 .size = n->bytes,
						 .took_ms = (uint32_t)(stood > 0 ? stood : 0),
					 });
}


/* By its rules, by the operator; after a shutdown those who were in may come back. */
static void forget(const struct conference *f)
{
	if (f->running && !f->table->stopping)
		registry_forget(f->table->registry, (struct str){f->id, CONTROLLING_ID_N});
}


void conference_end(struct conference *f, struct str reason, const char *why)
{
	struct controlling *c = f->table;
	char text[ROSTER_TEXT_MAX + 16];
	struct list_link *l;
	struct buf line;

	if (f->ending)
		return;
	f->ending = true;
	buf_fixed(&line, text, sizeof(text));
	buf_printf(&line, "Reason: " STR_FMT "\r\n", STR_ARG(reason));
	timer_cancel(&f->over);
	tell_end(f, why);
	forget(f);
	/* All are told at once that it is over, not one after the other that somebody has left. */
	f->watchers = conference_watchers_end(f->watchers, reason);
	invitation_cancel_all(f);
	while ((l = list_first(&f->participants)) != NULL)
		participant_leave(container_of(l, struct participant, link),
				  CONFERENCE_LEAVING_UNSAID, reason, STR_NULL,
				  &(struct sip_invite_farewell){.headers = buf_str(&line)});
	absent_close(f->absent);
	f->absent = NULL;
	hash_remove(&c->by_id, &f->by_id);
	if (f->group)
		hash_remove(&c->by_group, &f->by_group);
	else
		hash_remove(&c->by_founder, &f->by_founder);
	list_remove(&c->all, &f->in_all);
	list_append(&c->over_conferences, &f->in_all);
	counter_add(&counters[OPEN], -1);
	log_debug("conference", "%.*s ends: %s", CONTROLLING_ID_N, f->id, why);
	controlling_reap_later(c);
}


static bool founder_is_in(const struct conference *f)
{
	for (struct list_link *l = list_first(&f->participants); l;
	     l = list_next(&f->participants, l)) {
		if (container_of(l, struct participant, link)->founder)
			return true;
	}
	return !f->founder_left;
}


static bool somebody_is_in(const struct conference *f)
{
	for (struct list_link *l = list_first(&f->participants); l;
	     l = list_next(&f->participants, l)) {
		if (container_of(l, struct participant, link)->state != PARTICIPANT_INVITED)
			return true;
	}
	return false;
}


/* Who is asked to come counts as long as there is somebody to come to: else it rings at many for nobody. */
static void course_of(struct conference *f, struct membership_course *course)
{
	struct membership_view v = {.group = f->group, .now_ms = loop_wall_ms(f->table->loop)};
	size_t n = f->running && !somebody_is_in(f) ? 0 : invitation_count(f);

	f->most = n > f->most ? n : f->most;
	*course = (struct membership_course){
		.group = f->group,
		.participants = n,
		.most = f->most,
		.founder_present = founder_is_in(f),
		.key_came = f->key_came,
		.required_came = f->required_came,
		.started_ms = f->since_ms,
		.now_ms = v.now_ms,
		.max_duration_s = f->table->config.max_duration_s,
	};
	membership_look(course, &v, f->roster);
	f->key_came = course->key_came;
	f->required_came = course->required_came;
}


static void on_over(struct timer *t, void *arg)
{
	(void)t;
	conference_review(arg);
}


/* Loop clock when nobody will have said anything for too long; UINT64_MAX: never. */
static uint64_t idle_end(const struct conference *f)
{
	uint32_t idle_s = f->table->config.idle_s;

	return idle_s && f->running ? f->active_ms + (uint64_t)idle_s * 1000 : UINT64_MAX;
}


static void arm(struct conference *f, const struct membership_course *course)
{
	uint64_t now = loop_now_ms(f->table->loop), idle = idle_end(f), ms = LOOK_AGAIN_MS;
	int64_t deadline = membership_deadline_ms(course);
	bool some = deadline != INT64_MAX || idle != UINT64_MAX;

	timer_cancel(&f->over);
	if (!some)
		return;
	if (deadline != INT64_MAX && (uint64_t)(deadline - course->now_ms) < ms)
		ms = (uint64_t)(deadline - course->now_ms);
	if (idle != UINT64_MAX && idle - now < ms)
		ms = idle - now;
	timer_start(&f->over, loop_timers(f->table->loop), ms, on_over, f);
}


void conference_review(struct conference *f)
{
	struct membership_course course;
	const struct membership_end *end;

	if (f->ending)
		return;
	course_of(f, &course);
	end = membership_over(&course);
	if (end)
		conference_end(f, end->reason, end->name);
	else if (idle_end(f) <= loop_now_ms(f->table->loop))
		conference_end(f, IDLE, "idle");
	else
		arm(f, &course);
}
