/* SPDX-License-Identifier: Apache-2.0 */
/* How long a conference lasts: digest b row 15 and c7, in order. */
#include "body/group.h"
#include "im/controlling/membership.h"
#include "im/controlling/roster.h"

/*
 * Row 15: "when the CF ends a session for falling to the minimum number of participants, the BYE carries
 * Reason: SIP;cause=410;text="Gone""; clients take any other for a session that may be begun again.
 */
#define GONE STR_INIT("SIP;cause=410;text=\"Gone\"")
#define NOT_NOW STR_INIT("SIP;cause=480;text=\"Session ended\"")


static const struct group_activity *activity(const struct membership_course *c)
{
	static const struct group_activity none;

	return c->group ? &c->group->activity : &none;
}


static bool nobody_left(const struct membership_course *c)
{
	return !c->participants;
}


/* c7: "default 1 for pre-defined join-in, 2 for ad-hoc and dial-out". */
static size_t minimum(const struct membership_course *c)
{
	if (activity(c)->min_participants)
		return activity(c)->min_participants;
	return c->group && !c->group->invite_members ? 1 : 2;
}


/* It falls to the minimum only from above: who came first may wait for the others. */
static bool too_few(const struct membership_course *c)
{
	return c->participants < minimum(c) && c->most >= minimum(c);
}


static bool key_left(const struct membership_course *c)
{
	return c->group && c->group->has_key_rules && c->key_came && !c->key_present;
}


static bool required_left(const struct membership_course *c)
{
	return activity(c)->required_n && c->required_came && !c->required_present;
}


static bool founder_left(const struct membership_course *c)
{
	return activity(c)->originator && !c->founder_present;
}


static int64_t after(const struct membership_course *c, uint32_t seconds)
{
	return seconds ? c->started_ms + (int64_t)seconds * 1000 : INT64_MAX;
}


/* The shorter of what the document and the operator allow. */
static int64_t duration_end(const struct membership_course *c)
{
	int64_t group = after(c, activity(c)->max_duration_s);
	int64_t service = after(c, c->max_duration_s);

	return group < service ? group : service;
}


static bool too_long(const struct membership_course *c)
{
	return c->now_ms >= duration_end(c);
}


static bool closed(const struct membership_course *c)
{
	return !group_is_open(activity(c), c->now_ms);
}


static const struct membership_end ends[] = {
	{"empty", "", GONE, nobody_left},
	{"min-participants", "", GONE, too_few},
	{"key-participant", "", NOT_NOW, key_left},
	{"required-participants", "", NOT_NOW, required_left},
	{"session-originator", "", NOT_NOW, founder_left},
	{"max-duration", "", NOT_NOW, too_long},
	{"schedule", "", NOT_NOW, closed},
};


const struct membership_end *membership_over(const struct membership_course *c)
{
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		if (ends[i].over(c))
			return &ends[i];
	}
	return NULL;
}


/* The end of the time in which it is open now; windows may meet and overlap, in any order. */
static int64_t schedule_end(const struct membership_course *c)
{
	const struct group_activity *a = activity(c);
	int64_t end = c->now_ms;

	if (!a->scheduled)
		return INT64_MAX;
	for (size_t i = 0; i < a->windows_n; i++) {
		if (a->windows[i].from_ms <= end && end < a->windows[i].until_ms) {
			end = a->windows[i].until_ms;
			i = (size_t)-1;
		}
	}
	return end;
}


int64_t membership_deadline_ms(const struct membership_course *c)
{
	int64_t duration = duration_end(c), schedule = schedule_end(c);

	return duration < schedule ? duration : schedule;
}


/* ---- Who is there ---- */

static bool is_required(const struct group *g, struct str who)
{
	for (size_t i = 0; i < g->activity.required_n; i++) {
		const struct group_member *m = &g->activity.required[i];

		if (m->canonical.n && str_eq(m->canonical, who))
			return true;
	}
	return false;
}


static bool is_key(const struct membership_view *v, const struct roster_person *p)
{
	struct membership_view asked = *v;

	asked.who = &p->who;
	asked.n = 1;
	asked.anonymous = p->anonymous;
	return membership_rights(&asked) & GROUP_BIT(GROUP_KEY);
}


void membership_look(struct membership_course *c, const struct membership_view *v,
		     const struct roster *r)
{
	const struct group *g = v->group;
	struct roster_person p = {.who = STR_NULL};

	c->key_present = c->required_present = false;
	if (!g || (!g->has_key_rules && !g->activity.required_n))
		return;
	while (roster_walk(r, p.who, &p)) {
		if (!roster_is_in(p.status))
			continue;
		c->key_present = c->key_present || (g->has_key_rules && is_key(v, &p));
		c->required_present = c->required_present || is_required(g, p.who);
	}
	c->key_came |= c->key_present;
	c->required_came |= c->required_present;
}
