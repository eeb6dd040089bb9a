/* SPDX-License-Identifier: Apache-2.0 */
/* Access rules: asked for an answer. */
#include "body/common_policy.h"

#include "body/access_ruleset.h"


/* The domain of a URI with a user part or, for sip, without one; empty: it has none. */
static struct str domain_of(struct str uri)
{
	struct str rest = uri, scheme = str_cut(&rest, ':');
	ptrdiff_t at = str_rfind(rest, '@');
	size_t n = 0;

	if (at < 0 && !str_eq_nocase(scheme, STR("sip")) && !str_eq_nocase(scheme, STR("sips")))
		return STR("");
	rest = str_from(rest, (size_t)(at + 1));
	while (n < rest.n && !memchr(";?>", rest.p[n], 3) && (rest.p[n] != ':' || rest.p[0] == '['))
		n++;
	return str_upto(rest, n);
}


static bool subject_is(const struct access_subject *s, struct str caller)
{
	if (s->is_domain)
		return s->text.n && str_eq_nocase(domain_of(caller), s->text);
	return s->text.n && str_eq(caller, s->text);
}


static bool is_any_caller(const struct access_subject *s, const struct access_request *q)
{
	for (size_t i = 0; i < q->callers_n; i++) {
		if (subject_is(s, q->callers[i]))
			return true;
	}
	return false;
}


/* RFC 4745 7.1.3.1: <many> "matches any authenticated user"; 7.1.3: "the result of each <except> element
 * is combined using a logical OR". */
static bool who_matches(const struct access_who *w, const struct access_request *q)
{
	if (w->dead || !q->callers_n)
		return false;
	if (!w->many || w->who.is_domain) {
		if (!is_any_caller(&w->who, q))
			return false;
	}
	for (size_t i = 0; i < w->except_n; i++) {
		if (is_any_caller(&w->except[i], q))
			return false;
	}
	return true;
}


static bool identity_holds(const struct access_condition *c, const struct access_request *q)
{
	for (size_t i = 0; i < c->n; i++) {
		if (who_matches(&c->who[i], q))
			return true;
	}
	return false;
}


/* 7.4: "greater than or equal to at least one <from> child, but less than the <until> child after it". */
static bool validity_holds(const struct access_condition *c, const struct access_request *q)
{
	for (size_t i = 0; i < c->n; i++) {
		if (c->window[i].from_ms <= q->now_ms && q->now_ms < c->window[i].until_ms)
			return true;
	}
	return false;
}


/* 7.3: "A logical OR is used for the matching the tokens", "a case-insensitive string comparison". */
static bool sphere_holds(const struct access_condition *c, const struct access_request *q)
{
	for (struct str rest = c->text, token; rest.p;) {
		token = str_trim(str_cut(&rest, ' '));
		if (token.n && str_eq_nocase(token, q->sphere))
			return true;
	}
	return false;
}


static bool list_holds(const struct access_condition *c, const struct access_request *q,
		       bool *uncertain)
{
	for (size_t i = 0; i < c->n; i++) {
		enum access_listed l = ACCESS_LIST_UNKNOWN;

		if (q->listed)
			l = q->listed(c->anchor[i], q->callers, q->callers_n, q->arg);
		if (l == ACCESS_LISTED)
			return true;
		if (l == ACCESS_LIST_UNKNOWN)
			*uncertain = true;
	}
	return false;
}


static bool holds(const struct access_condition *c, const struct access_request *q)
{
	switch (c->kind) {
	case ACCESS_IF_IDENTITY:
		return identity_holds(c, q);
	case ACCESS_IF_ANONYMOUS:
		return q->anonymous;
	case ACCESS_IF_OTHER:
	case ACCESS_IF_LISTED:
		return true;
	case ACCESS_IF_SPHERE:
		return sphere_holds(c, q);
	case ACCESS_IF_VALID:
		return validity_holds(c, q);
	case ACCESS_IF_NEVER:
		break;
	}
	return false;
}


bool access_condition_holds(const struct access_condition *c, const struct access_request *q,
			    bool *uncertain)
{
	return c->kind == ACCESS_IF_LISTED ? list_holds(c, q, uncertain) : holds(c, q);
}


/* Lists last: they are the only condition that costs something. */
static bool rule_matches(const struct access_rule *r, const struct access_request *q,
			 bool *uncertain)
{
	if (!(r->media & 1u << q->media))
		return false;
	for (size_t i = 0; i < r->conditions_n; i++) {
		if (!holds(&r->conditions[i], q))
			return false;
	}
	for (size_t i = 0; i < r->conditions_n; i++) {
		if (r->conditions[i].kind == ACCESS_IF_LISTED &&
		    !list_holds(&r->conditions[i], q, uncertain))
			return false;
	}
	return true;
}


/* What the rules of one class say; ACCESS_NONE when none of them matches. */
static enum access_action speak(const struct access_rules *r, const struct access_request *q,
				enum access_class class, struct access_outcome *o)
{
	enum access_action action = ACCESS_NONE;

	for (size_t i = 0; i < r->n; i++) {
		const struct access_rule *rule = &r->rules[i];
		bool better = q->combine == ACCESS_COMBINE_MIN ? rule->action < action
							       : rule->action > action;

		if (rule->class != class || (action != ACCESS_NONE && !better) ||
		    !rule_matches(rule, q, &o->uncertain))
			continue;
		action = rule->action;
		o->action = action;
		o->by = class;
		o->rule = rule->id;
	}
	return action;
}


/* Rules that name the caller as somebody. */
static enum access_action speak_by_name(const struct access_rules *r,
					const struct access_request *q, struct access_outcome *o)
{
	enum access_action action = speak(r, q, ACCESS_BY_IDENTITY, o);

	return action != ACCESS_NONE ? action : speak(r, q, ACCESS_BY_LIST, o);
}


void access_evaluate(const struct access_rules *r, const struct access_request *q,
		     struct access_outcome *ret)
{
	struct access_outcome named = {.action = ACCESS_PASS, .by = ACCESS_BY_DEFAULT};
	enum access_action action = speak_by_name(r, q, &named);
	struct access_outcome o = {.action = ACCESS_PASS,
				   .by = ACCESS_BY_DEFAULT,
				   .uncertain = named.uncertain};

	if (action == ACCESS_REJECT || (action != ACCESS_NONE && !q->anonymous)) {
		*ret = named;
		return;
	}
	if (q->anonymous && speak(r, q, ACCESS_BY_ANONYMITY, &o) != ACCESS_NONE) {
		*ret = o;
		return;
	}
	if (action != ACCESS_NONE) {
		o = named;
	} else {
		speak(r, q, ACCESS_BY_DEFAULT, &o);
	}
	*ret = o;
}


struct str access_action_name(enum access_action a)
{
	static const struct str names[] = {
		[ACCESS_NONE] = STR_INIT("none"),
		[ACCESS_REJECT] = STR_INIT("reject"),
		[ACCESS_PASS] = STR_INIT("pass"),
		[ACCESS_ACCEPT] = STR_INIT("accept"),
	};

	return names[a];
}


size_t access_rules_count(const struct access_rules *r)
{
	return r->n;
}
