/* SPDX-License-Identifier: Apache-2.0 */
/* Groups: who is a member, and may do what. */
#include "body/group.h"

#include "body/group_rule.h"


const struct group_member *group_member(const struct group *g, const struct str *who, size_t n)
{
	for (size_t i = 0; i < g->members_n; i++) {
		const struct group_member *m = &g->members[i];

		for (size_t k = 0; m->canonical.n && k < n; k++) {
			if (str_eq(m->canonical, who[k]))
				return m;
		}
	}
	return NULL;
}


bool group_is_member(const struct group *g, const struct group_request *q, bool *uncertain)
{
	if (!q->n)
		return false;
	if (group_member(g, q->who, q->n))
		return true;
	for (size_t i = 0; i < g->externals_n; i++) {
		enum access_listed l = ACCESS_LIST_UNKNOWN;

		if (q->listed)
			l = q->listed(g->externals[i], q->who, q->n, q->arg);
		if (l == ACCESS_LISTED)
			return true;
		if (l == ACCESS_LIST_UNKNOWN && uncertain)
			*uncertain = true;
	}
	return false;
}


/* Membership is found out once, by the first rule that wants to know. */
struct asking {
	const struct group *group;
	const struct group_request *request;
	struct access_request access;
	enum { MEMBER_NOT_ASKED, MEMBER_NO, MEMBER_YES } member;
	bool uncertain;
};


static bool is_member(struct asking *a)
{
	if (a->member == MEMBER_NOT_ASKED)
		a->member = group_is_member(a->group, a->request, &a->uncertain) ? MEMBER_YES
										 : MEMBER_NO;
	return a->member == MEMBER_YES;
}


static bool rule_matches(struct asking *a, const struct group_rule *r)
{
	for (size_t i = 0; i < r->conditions_n; i++) {
		if (!access_condition_holds(&r->conditions[i], &a->access, &a->uncertain))
			return false;
	}
	return !r->members_only || is_member(a);
}


unsigned group_rights(const struct group *g, const struct group_request *q, bool *uncertain)
{
	struct asking a = {
		.group = g,
		.request = q,
		.access = {.callers = q->who,
			   .callers_n = q->n,
			   .anonymous = q->anonymous,
			   .now_ms = q->now_ms,
			   .listed = q->listed,
			   .arg = q->arg},
	};
	unsigned rights = 0;
	bool named = false;

	for (size_t i = 0; i < g->rules_n; i++) {
		const struct group_rule *r = &g->rules[i];

		if (r->others || !rule_matches(&a, r))
			continue;
		rights |= r->rights;
		named |= r->named;
	}
	/* <other-identity>: for those whom no rule names. */
	for (size_t i = 0; !named && i < g->rules_n; i++) {
		const struct group_rule *r = &g->rules[i];

		if (r->others && rule_matches(&a, r))
			rights |= r->rights;
	}
	if (uncertain)
		*uncertain |= a.uncertain;
	return rights;
}


bool group_is_open(const struct group_activity *a, int64_t now_ms)
{
	if (!a->scheduled)
		return true;
	for (size_t i = 0; i < a->windows_n; i++) {
		if (a->windows[i].from_ms <= now_ms && now_ms < a->windows[i].until_ms)
			return true;
	}
	return false;
}
