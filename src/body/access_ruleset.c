/* SPDX-License-Identifier: Apache-2.0 */
/* Access rules: read from the document. */
#include "body/access_ruleset.h"

#include <errno.h>

#include "body/cpim.h"
#include "body/xml.h"

#define ALL_MEDIA                                                         \
	(1u << ACCESS_MESSAGE_SESSION | 1u << ACCESS_PAGER_MODE_MESSAGE | \
	 1u << ACCESS_FILE_TRANSFER | 1u << ACCESS_GROUP_ADVERTISEMENT)

/** A URI in a document; the longest that SIP takes are 2 KiB. */
#define CANONICAL_MAX 4096

/* Services in a <service-list> that mean this one. */
static const struct str our_services[] = {
	STR_INIT("IM"),
	STR_INIT("SIMPLE-IM"),
	STR_INIT("org.openmobilealliance:IM"),
	STR_INIT("org.openmobilealliance:IM-session"),
	STR_INIT("org.openmobilealliance.im"),
};

/* What a rule says of media and services, over all its elements that do. */
struct scope {
	bool media_said, service_said, service_ours;
	unsigned media;
};


static void *table(struct access_reader *d, size_t n, size_t size)
{
	return arena_alloc(d->arena, n ? n * size : 1);
}


static size_t count(const struct xml_node *e)
{
	size_t n = 0;

	for (e = xml_first(e); e; e = xml_next(e))
		n++;
	return n;
}


static int keep(struct access_reader *d, struct str text, struct str *ret)
{
	struct str kept = arena_str(d->arena, text);

	if (!kept.p)
		return -ENOBUFS;
	*ret = kept;
	return 0;
}


/* ---- Identities ---- */

int access_identity_keep(struct access_reader *d, struct str uri, struct str *ret)
{
	char storage[CANONICAL_MAX];
	struct buf b;

	if (!d->canonical)
		return keep(d, uri, ret);
	buf_fixed(&b, storage, sizeof(storage));
	if (d->canonical(uri, &b, d->arg) || b.failed) {
		*ret = STR("");
		return 0;
	}
	return keep(d, buf_str(&b), ret);
}


/* The id or the domain of `e`; -ENOENT when it has neither. */
static int subject_decode(struct access_reader *d, const struct xml_node *e,
			  struct access_subject *ret)
{
	struct str value;
	int err = xml_value(e, STR("domain"), &d->scratch, &value);

	if (!err) {
		ret->is_domain = true;
		return keep(d, value, &ret->text);
	}
	if (err != -ENOENT)
		return err;
	err = xml_value(e, STR("id"), &d->scratch, &value);
	return err ? err : access_identity_keep(d, value, &ret->text);
}


static int excepts_decode(struct access_reader *d, struct access_who *w,
			  const struct xml_node *many)
{
	int err;

	w->except = table(d, count(many), sizeof(*w->except));
	if (!w->except)
		return -ENOBUFS;
	for (const struct xml_node *e = xml_first(many); e; e = xml_next(e)) {
		err = xml_named(e, STR("except")) ? subject_decode(d, e, &w->except[w->except_n])
						  : -ENOENT;
		/* An exception that is not understood must not be passed over. */
		if (err == -ENOENT)
			w->dead = true;
		else if (err)
			return err;
		else
			w->except_n++;
	}
	return 0;
}


static int who_decode(struct access_reader *d, struct access_who *w, const struct xml_node *e)
{
	int err = subject_decode(d, e, &w->who);

	w->many = xml_named(e, STR("many"));
	if (err && err != -ENOENT)
		return err;
	if (w->many)
		return excepts_decode(d, w, e);
	/* RFC 4745 7.2: <one> "MUST NOT contain a 'domain' attribute". */
	w->dead = err == -ENOENT || w->who.is_domain;
	return 0;
}


static int identity_decode(struct access_reader *d, struct access_condition *c,
			   const struct xml_node *identity)
{
	int err = 0;

	c->who = table(d, count(identity), sizeof(*c->who));
	if (!c->who)
		return -ENOBUFS;
	c->kind = ACCESS_IF_IDENTITY;
	for (const struct xml_node *e = xml_first(identity); e && !err; e = xml_next(e)) {
		if (xml_named(e, STR("one")) || xml_named(e, STR("many")))
			err = who_decode(d, &c->who[c->n++], e);
	}
	return err;
}


/* ---- The other conditions ---- */

static int lists_decode(struct access_reader *d, struct access_condition *c,
			const struct xml_node *list)
{
	struct str value;
	int err;

	c->anchor = table(d, count(list), sizeof(*c->anchor));
	if (!c->anchor)
		return -ENOBUFS;
	c->kind = ACCESS_IF_LISTED;
	for (const struct xml_node *e = xml_find(list, STR("entry")); e;
	     e = xml_find_next(e, STR("entry"))) {
		err = xml_value(e, STR("anc"), &d->scratch, &value);
		if (err == -ENOENT || (!err && !value.n))
			continue;
		if (!err && ++d->lists > ACCESS_LISTS_MAX)
			err = -ENOBUFS;
		if (!err)
			err = keep(d, value, &c->anchor[c->n]);
		if (err)
			return err;
		c->n++;
	}
	return 0;
}


static int sphere_decode(struct access_reader *d, struct access_condition *c,
			 const struct xml_node *e)
{
	struct str value;
	int err = xml_value(e, STR("value"), &d->scratch, &value);

	if (err)
		return err == -ENOENT ? 0 : err;
	c->kind = ACCESS_IF_SPHERE;
	return keep(d, value, &c->text);
}


/* RFC 4745 7.4: "<from> and <until> subelements in pairs". A pair that cannot be read is no pair. */
static int validity_decode(struct access_reader *d, struct access_condition *c,
			   const struct xml_node *validity)
{
	struct str text;
	int64_t from = 0, until;
	bool open = false;
	int err;

	c->window = table(d, count(validity), sizeof(*c->window));
	if (!c->window)
		return -ENOBUFS;
	c->kind = ACCESS_IF_VALID;
	for (const struct xml_node *e = xml_first(validity); e; e = xml_next(e)) {
		err = xml_text(e, &d->scratch, &text);
		if (err)
			return err;
		if (xml_named(e, STR("from"))) {
			open = cpim_date_decode(&from, text) == 0;
		} else if (xml_named(e, STR("until"))) {
			if (open && cpim_date_decode(&until, text) == 0)
				c->window[c->n++] = (struct access_window){from, until};
			open = false;
		}
	}
	return 0;
}


static unsigned media_bit(struct str name)
{
	static const struct str names[] = {
		[ACCESS_MESSAGE_SESSION] = STR_INIT("message-session"),
		[ACCESS_PAGER_MODE_MESSAGE] = STR_INIT("pager-mode-message"),
		[ACCESS_FILE_TRANSFER] = STR_INIT("file-transfer"),
		[ACCESS_GROUP_ADVERTISEMENT] = STR_INIT("group-advertisement"),
	};

	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (str_eq(name, names[i]))
			return 1u << i;
	}
	return 0;
}


/* Children of a list of media, or of its <all-media-except>. Media of other services are not ours. */
static int media_decode(struct access_reader *d, unsigned *media, const struct xml_node *list)
{
	struct str text;
	int err = 0;

	for (const struct xml_node *e = xml_first(list); e && !err; e = xml_next(e)) {
		if (xml_named(e, STR("all-media-except"))) {
			unsigned but = 0;

			err = media_decode(d, &but, e);
			*media |= ALL_MEDIA & ~but;
		} else if (xml_named(e, STR("media"))) {
			err = xml_text(e, &d->scratch, &text);
			*media |= err ? 0 : media_bit(text);
		} else {
			*media |= xml_named(e, STR("all-media")) ? ALL_MEDIA
								 : media_bit(xml_name(e));
		}
	}
	return err;
}


static bool is_our_service(struct str name)
{
	for (size_t i = 0; i < sizeof(our_services) / sizeof(our_services[0]); i++) {
		if (str_eq_nocase(name, our_services[i]))
			return true;
	}
	return false;
}


static int services_decode(struct access_reader *d, bool *ours, const struct xml_node *list)
{
	struct str value;
	int err;

	for (const struct xml_node *e = xml_first(list); e; e = xml_next(e)) {
		if (xml_named(e, STR("all-services-except"))) {
			bool but = false;

			err = services_decode(d, &but, e);
			if (err)
				return err;
			*ours |= !but;
			continue;
		}
		err = xml_named(e, STR("service"))
			      ? xml_value(e, STR("enabler"), &d->scratch, &value)
			      : -ENOENT;
		if (err && err != -ENOENT)
			return err;
		*ours |= !err && is_our_service(value);
	}
	return 0;
}


/* ---- A rule ---- */

/* Conditions that narrow what the rule is about; `*taken` says whether `e` was one. */
static int scope_decode(struct access_reader *d, struct scope *s, const struct xml_node *e,
			bool *taken)
{
	struct str text;
	int err;

	*taken = true;
	if (xml_named(e, STR("media-list"))) {
		s->media_said = true;
		return media_decode(d, &s->media, e);
	}
	if (xml_named(e, STR("media"))) {
		s->media_said = true;
		err = xml_text(e, &d->scratch, &text);
		s->media |= err ? 0 : media_bit(text);
		return err;
	}
	if (xml_named(e, STR("service-list"))) {
		s->service_said = true;
		return services_decode(d, &s->service_ours, e);
	}
	*taken = false;
	return 0;
}


int access_condition_decode(struct access_reader *d, struct access_condition *c,
			    const struct xml_node *e)
{
	c->kind = ACCESS_IF_NEVER;
	if (xml_named(e, STR("identity")))
		return identity_decode(d, c, e);
	if (xml_named(e, STR("external-list")))
		return lists_decode(d, c, e);
	if (xml_named(e, STR("sphere")))
		return sphere_decode(d, c, e);
	if (xml_named(e, STR("validity")))
		return validity_decode(d, c, e);
	if (xml_named(e, STR("anonymous-request")))
		c->kind = ACCESS_IF_ANONYMOUS;
	else if (xml_named(e, STR("other-identity")))
		c->kind = ACCESS_IF_OTHER;
	return 0;
}


static enum access_class class_of(const struct access_condition *c)
{
	switch (c->kind) {
	case ACCESS_IF_ANONYMOUS:
		return ACCESS_BY_ANONYMITY;
	case ACCESS_IF_IDENTITY:
		return ACCESS_BY_IDENTITY;
	case ACCESS_IF_LISTED:
		return ACCESS_BY_LIST;
	default:
		return ACCESS_BY_DEFAULT;
	}
}


static int conditions_decode(struct access_reader *d, struct access_rule *r,
			     const struct xml_node *rule)
{
	const struct xml_node *conditions = xml_find(rule, STR("conditions"));
	struct scope scope = {.media_said = false};
	bool taken;
	int err;

	r->class = ACCESS_BY_DEFAULT;
	r->media = ALL_MEDIA;
	if (!conditions)
		return 0;
	r->conditions = table(d, count(conditions), sizeof(*r->conditions));
	if (!r->conditions)
		return -ENOBUFS;
	for (const struct xml_node *e = xml_first(conditions); e; e = xml_next(e)) {
		struct access_condition *c = &r->conditions[r->conditions_n];

		err = scope_decode(d, &scope, e, &taken);
		if (!err && !taken)
			err = access_condition_decode(d, c, e);
		if (err)
			return err;
		if (taken)
			continue;
		r->conditions_n++;
		if (class_of(c) < r->class)
			r->class = class_of(c);
	}
	if (scope.media_said)
		r->media = scope.media;
	if (scope.service_said && !scope.service_ours)
		r->media = 0;
	return 0;
}


static int action_decode(struct access_reader *d, const struct xml_node *rule,
			 enum access_action *ret)
{
	const struct xml_node *e = xml_find(xml_find(rule, STR("actions")), STR("allow-invite"));
	struct str text;
	int err = e ? xml_text(e, &d->scratch, &text) : 0;

	*ret = ACCESS_NONE;
	if (err || !e)
		return err;
	for (int a = ACCESS_REJECT; a <= ACCESS_ACCEPT; a++) {
		if (str_eq(text, access_action_name((enum access_action)a)))
			*ret = (enum access_action)a;
	}
	return 0;
}


/* Rules that say nothing on invitations are not kept. */
static int rule_decode(struct access_reader *d, struct access_rules *rules,
		       const struct xml_node *e)
{
	struct access_rule *r = &rules->rules[rules->n];
	struct str id = STR("");
	int err = action_decode(d, e, &r->action);

	if (err || r->action == ACCESS_NONE)
		return err;
	err = xml_value(e, STR("id"), &d->scratch, &id);
	if (err && err != -ENOENT)
		return err;
	if ((err = keep(d, id, &r->id)) || (err = conditions_decode(d, r, e)))
		return err;
	rules->n++;
	return 0;
}


static int ruleset_decode(struct access_reader *d, struct access_rules *r,
			  const struct xml_node *root)
{
	size_t rules = count(root);
	int err = 0;

	if (!xml_named(root, STR("ruleset")))
		return -EBADMSG;
	if (rules > ACCESS_RULES_MAX)
		return -ENOBUFS;
	r->rules = table(d, rules, sizeof(*r->rules));
	if (!r->rules)
		return -ENOBUFS;
	for (const struct xml_node *e = xml_find(root, STR("rule")); e && !err;
	     e = xml_find_next(e, STR("rule"))) {
		err = rule_decode(d, r, e);
		arena_done(&d->scratch);
	}
	return err;
}


static void destroy(void *object)
{
	struct access_rules *r = object;

	arena_done(&r->arena);
}


int access_rules_decode(struct access_rules **ret, struct str text, access_canonical_cb *canonical,
			void *arg)
{
	struct access_reader d = {.canonical = canonical,
				  .arg = arg,
				  .scratch = ARENA_INIT(ACCESS_MEMORY_MAX)};
	struct access_rules *r;
	struct xml_doc *doc;
	int err = xml_decode(&doc, text);

	if (err)
		return err;
	r = mem_alloc(sizeof(*r), destroy);
	if (r) {
		r->arena.max = ACCESS_MEMORY_MAX;
		d.arena = &r->arena;
		err = ruleset_decode(&d, r, xml_root(doc));
	} else {
		err = -ENOMEM;
	}
	mem_unref(doc);
	if (err)
		mem_unref(r);
	else
		*ret = r;
	return err;
}
