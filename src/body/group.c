/* SPDX-License-Identifier: Apache-2.0 */
/* Groups: read from the document. */
#include "body/group.h"

#include <errno.h>

#include "body/cpim.h"
#include "body/group_rule.h"
#include "body/xml.h"

static const struct str right_names[GROUP_RIGHTS] = {
	[GROUP_JOIN] = STR_INIT("join-handling"),
	[GROUP_INITIATE] = STR_INIT("allow-initiate-conference"),
	[GROUP_STATE] = STR_INIT("allow-conference-state"),
	[GROUP_INVITE] = STR_INIT("allow-invite-users-dynamically"),
	[GROUP_ANONYMITY] = STR_INIT("allow-anonymity"),
	[GROUP_KEY] = STR_INIT("is-key-participant"),
	[GROUP_EXPEL] = STR_INIT("allow-expelling"),
	[GROUP_PRIVATE_MESSAGE] = STR_INIT("allow-private-message"),
	[GROUP_OFFLINE_STORAGE] = STR_INIT("allow-offline-storage"),
	[GROUP_SUBCONFERENCE] = STR_INIT("allow-subconf"),
	[GROUP_REJECT_INVITE] = STR_INIT("allow-reject-invite"),
};


struct str group_right_name(enum group_right r)
{
	return right_names[r];
}


static size_t count(const struct xml_node *e, struct str name)
{
	size_t n = 0;

	for (e = xml_find(e, name); e; e = xml_find_next(e, name))
		n++;
	return n;
}


/* ---- Values ---- */

/* Text of a child, kept with the group; what is absent stays as it is. */
static int text_decode(struct access_reader *d, const struct xml_node *parent, struct str name,
		       struct str *ret)
{
	const struct xml_node *e = xml_find(parent, name);

	return e ? xml_text(e, d->arena, ret) : 0;
}


static int is_true(struct access_reader *d, const struct xml_node *e, bool *ret)
{
	struct str text;
	int err = xml_text(e, &d->scratch, &text);

	if (err)
		return err;
	if (str_eq(text, STR("true")) || str_eq(text, STR("1")))
		*ret = true;
	else if (str_eq(text, STR("false")) || str_eq(text, STR("0")))
		*ret = false;
	else
		return -EBADMSG;
	return 0;
}


static int bool_decode(struct access_reader *d, const struct xml_node *parent, struct str name,
		       bool *ret)
{
	const struct xml_node *e = xml_find(parent, name);

	return e ? is_true(d, e, ret) : 0;
}


static int number_decode(struct access_reader *d, const struct xml_node *parent, struct str name,
			 uint32_t *ret)
{
	const struct xml_node *e = xml_find(parent, name);
	struct str text;
	int err = e ? xml_text(e, &d->scratch, &text) : 0;

	if (err || !e)
		return err;
	return str_u32(text, ret) ? 0 : -EBADMSG;
}


/* xs:duration of days and less ("PT2H"), or plain seconds. */
static bool duration_of(struct str text, uint32_t *ret)
{
	static const struct {
		char letter;
		bool of_day;
		uint32_t s;
	} units[] = {{'D', false, 86400}, {'H', true, 3600}, {'M', true, 60}, {'S', true, 1}};
	uint64_t sum = 0;
	bool in_day = false, any = false;
	size_t next = 0;

	if (!text.n || text.p[0] != 'P')
		return str_u32(text, ret);
	for (text = str_from(text, 1); text.n;) {
		size_t n = 0, u = next;
		uint32_t value;

		if (text.p[0] == 'T' && !in_day) {
			in_day = true;
			any = false;
			text = str_from(text, 1);
			continue;
		}
		while (n < text.n && text.p[n] >= '0' && text.p[n] <= '9')
			n++;
		if (n == text.n || !str_u32(str_upto(text, n), &value))
			return false;
		while (u < 4 && (units[u].letter != text.p[n] || units[u].of_day != in_day))
			u++;
		if (u == 4)
			return false;
		sum += (uint64_t)value * units[u].s;
		next = u + 1;
		any = true;
		text = str_from(text, n + 1);
	}
	if (!any || sum > UINT32_MAX)
		return false;
	*ret = (uint32_t)sum;
	return true;
}


/* ---- Members ---- */

/* Adds the entry `e`; one without a URI is passed over. */
static int member_decode(struct access_reader *d, const struct xml_node *e, struct group_member *m,
			 size_t *n)
{
	int err = xml_value(e, STR("uri"), d->arena, &m->uri);

	if (err == -ENOENT || (!err && !m->uri.n))
		return 0;
	if (err || (err = access_identity_keep(d, m->uri, &m->canonical)) ||
	    (err = text_decode(d, e, STR("display-name"), &m->display_name)))
		return err;
	++*n;
	return 0;
}


static int members_decode(struct access_reader *d, const struct xml_node *list, size_t max,
			  const struct group_member **ret, size_t *ret_n)
{
	size_t entries = count(list, STR("entry")), n = 0;
	struct group_member *m;
	int err = 0;

	if (!entries)
		return 0;
	if (entries > max || !(m = arena_alloc(d->arena, entries * sizeof(*m))))
		return -ENOBUFS;
	for (const struct xml_node *e = xml_find(list, STR("entry")); e && !err;
	     e = xml_find_next(e, STR("entry")))
		err = member_decode(d, e, &m[n], &n);
	*ret = m;
	*ret_n = n;
	return err;
}


static int externals_decode(struct access_reader *d, const struct xml_node *list, struct group *g)
{
	size_t entries = count(list, STR("external"));
	struct str *anchor;
	int err;

	if (!entries)
		return 0;
	if (entries > GROUP_EXTERNALS_MAX ||
	    !(anchor = arena_alloc(d->arena, entries * sizeof(*anchor))))
		return -ENOBUFS;
	g->externals = anchor;
	for (const struct xml_node *e = xml_find(list, STR("external")); e;
	     e = xml_find_next(e, STR("external"))) {
		err = xml_value(e, STR("anchor"), d->arena, &anchor[g->externals_n]);
		if (err && err != -ENOENT)
			return err;
		g->externals_n += !err && anchor[g->externals_n].n;
	}
	return 0;
}


/* ---- Session-active policy ---- */

/* Pairs as those of RFC 4745 7.4. A pair that cannot be read is no pair. */
static int schedule_decode(struct access_reader *d, const struct xml_node *schedule,
			   struct group_activity *a)
{
	size_t pairs = count(schedule, STR("until"));
	struct group_window *w;
	struct str text;
	int64_t from = 0, until;
	bool open = false;
	int err;

	if (!schedule)
		return 0;
	a->scheduled = true;
	if (pairs > GROUP_WINDOWS_MAX)
		return -ENOBUFS;
	if (!pairs)
		return 0;
	if (!(w = arena_alloc(d->arena, pairs * sizeof(*w))))
		return -ENOBUFS;
	a->windows = w;
	for (const struct xml_node *e = xml_first(schedule); e; e = xml_next(e)) {
		bool is_from = xml_named(e, STR("from"));

		if (!is_from && !xml_named(e, STR("until")))
			continue;
		err = xml_text(e, &d->scratch, &text);
		if (err)
			return err;
		if (is_from) {
			open = cpim_date_decode(&from, text) == 0;
		} else {
			if (open && cpim_date_decode(&until, text) == 0)
				w[a->windows_n++] = (struct group_window){from, until};
			open = false;
		}
	}
	return 0;
}


static int activity_decode(struct access_reader *d, const struct xml_node *e,
			   struct group_activity *a)
{
	const struct xml_node *duration = xml_find(e, STR("max-duration"));
	struct str text;
	int err;

	if (!e)
		return 0;
	if (duration) {
		err = xml_text(duration, &d->scratch, &text);
		if (err)
			return err;
		if (!duration_of(text, &a->max_duration_s))
			return -EBADMSG;
	}
	if ((err = number_decode(d, e, STR("min-participant-count"), &a->min_participants)) ||
	    (err = bool_decode(d, e, STR("session-originator"), &a->originator)) ||
	    (err = members_decode(d, xml_find(e, STR("required-participants-list")),
				  GROUP_REQUIRED_MAX, &a->required, &a->required_n)))
		return err;
	return schedule_decode(d, xml_find(e, STR("schedule")), a);
}


/* ---- Rules ---- */

static int actions_decode(struct access_reader *d, const struct xml_node *rule,
			  struct group_rule *r)
{
	const struct xml_node *actions = xml_find(rule, STR("actions"));

	for (int i = 0; i < GROUP_RIGHTS; i++) {
		bool allowed = false;
		int err = bool_decode(d, actions, right_names[i], &allowed);

		if (err && err != -EBADMSG)
			return err;
		if (!err && allowed)
			r->rights |= GROUP_BIT(i);
	}
	return 0;
}


static void class_add(struct group_rule *r, enum access_if kind)
{
	r->named |= kind == ACCESS_IF_IDENTITY || kind == ACCESS_IF_LISTED;
	r->others |= kind == ACCESS_IF_OTHER;
}


static int conditions_decode(struct access_reader *d, const struct xml_node *rule,
			     struct group_rule *r)
{
	const struct xml_node *conditions = xml_find(rule, STR("conditions"));
	size_t n = 0;
	int err;

	for (const struct xml_node *e = conditions ? xml_first(conditions) : NULL; e;
	     e = xml_next(e))
		n++;
	if (n && !(r->conditions = arena_alloc(d->arena, n * sizeof(*r->conditions))))
		return -ENOBUFS;
	for (const struct xml_node *e = n ? xml_first(conditions) : NULL; e; e = xml_next(e)) {
		if (xml_named(e, STR("is-list-member"))) {
			r->members_only = r->named = true;
			continue;
		}
		err = access_condition_decode(d, &r->conditions[r->conditions_n], e);
		if (err)
			return err;
		class_add(r, r->conditions[r->conditions_n++].kind);
	}
	return 0;
}


static int rules_decode(struct access_reader *d, const struct xml_node *set, struct group *g)
{
	size_t n = count(set, STR("rule"));
	struct group_rule *r;
	int err = 0;

	if (!n)
		return 0;
	if (n > GROUP_RULES_MAX || !(r = arena_alloc(d->arena, n * sizeof(*r))))
		return -ENOBUFS;
	g->rules = r;
	for (const struct xml_node *e = xml_find(set, STR("rule")); e && !err;
	     e = xml_find_next(e, STR("rule"))) {
		struct group_rule *rule = &r[g->rules_n++];

		err = actions_decode(d, e, rule);
		if (!err)
			err = conditions_decode(d, e, rule);
		g->has_key_rules |= !!(rule->rights & GROUP_BIT(GROUP_KEY));
		arena_done(&d->scratch);
	}
	return err;
}


/* ---- The group ---- */

static int service_decode(struct access_reader *d, const struct xml_node *e, struct group *g)
{
	const struct xml_node *list = xml_find(e, STR("list")), *age;
	int err = xml_value(e, STR("uri"), d->arena, &g->uri);

	if (err == -ENOENT || (!err && !g->uri.n))
		return -EBADMSG;
	age = xml_find(e, STR("age-restrictions"));
	if (err || (err = access_identity_keep(d, g->uri, &g->canonical)) ||
	    (err = text_decode(d, e, STR("display-name"), &g->display_name)) ||
	    (err = text_decode(d, e, STR("subject"), &g->subject)) ||
	    (err = members_decode(d, list, GROUP_MEMBERS_MAX, &g->members, &g->members_n)) ||
	    (err = externals_decode(d, list, g)) ||
	    (err = bool_decode(d, e, STR("invite-members"), &g->invite_members)) ||
	    (err = bool_decode(d, e, STR("automatic-group-advertisement"), &g->advertise)) ||
	    (err = bool_decode(d, e, STR("searchable"), &g->searchable)) ||
	    (err = number_decode(d, e, STR("max-participant-count"), &g->max_participants)) ||
	    (err = number_decode(d, age, STR("min-age"), &g->min_age)) ||
	    (err = number_decode(d, age, STR("max-age"), &g->max_age)) ||
	    (err = activity_decode(d, xml_find(e, STR("session-active-policy")), &g->activity)))
		return err;
	return rules_decode(d, xml_find(e, STR("ruleset")), g);
}


static void destroy(void *object)
{
	struct group *g = object;

	arena_done(&g->arena);
}


int group_decode(struct group **ret, struct str text, access_canonical_cb *canonical, void *arg)
{
	struct access_reader d = {.canonical = canonical,
				  .arg = arg,
				  .scratch = ARENA_INIT(GROUP_MEMORY_MAX)};
	const struct xml_node *service;
	struct xml_doc *doc;
	struct group *g;
	int err = xml_decode(&doc, text);

	if (err)
		return err;
	g = mem_alloc(sizeof(*g), destroy);
	if (g) {
		g->arena.max = GROUP_MEMORY_MAX;
		d.arena = &g->arena;
		service = xml_find(xml_root(doc), STR("list-service"));
		err = xml_named(xml_root(doc), STR("group")) && service
			      ? service_decode(&d, service, g)
			      : -EBADMSG;
	} else {
		err = -ENOMEM;
	}
	arena_done(&d.scratch);
	mem_unref(doc);
	if (err)
		mem_unref(g);
	else
		*ret = g;
	return err;
}
