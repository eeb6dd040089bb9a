/* SPDX-License-Identifier: Apache-2.0 */
/* Feature parameters, and preferences held against them. */
#include "sip/accept_contact.h"

#include <errno.h>

#include "sip/chars.h"
#include "sip/feature_value.h"
#include "sip/param.h"


bool sip_is_feature(struct str name)
{
	static const struct str base[] = {
		STR_INIT("audio"),       STR_INIT("automata"),    STR_INIT("class"),
		STR_INIT("duplex"),      STR_INIT("data"),        STR_INIT("control"),
		STR_INIT("mobility"),    STR_INIT("description"), STR_INIT("events"),
		STR_INIT("priority"),    STR_INIT("methods"),     STR_INIT("schemes"),
		STR_INIT("application"), STR_INIT("video"),       STR_INIT("language"),
		STR_INIT("type"),        STR_INIT("isfocus"),     STR_INIT("actor"),
		STR_INIT("text"),        STR_INIT("extensions"),
	};

	if (!name.n)
		return false;
	if (name.p[0] == '+')
		return true;
	for (size_t i = 0; i < sizeof(base) / sizeof(base[0]); i++)
		if (str_eq_nocase(name, base[i]))
			return true;
	return false;
}


static struct str feature_text(struct str value)
{
	if (!value.n)
		return STR("TRUE");
	if (value.n >= 2 && value.p[0] == '"')
		return str_trim((struct str){value.p + 1, value.n - 2});
	return value;
}


bool sip_feature_find(struct str params, struct str tag, struct str *ret)
{
	struct str value;

	if (!sip_param(params, tag, &value))
		return false;
	*ret = feature_text(value);
	return true;
}


bool sip_feature_on(struct str params, struct str tag)
{
	struct str value;

	return sip_feature_find(params, tag, &value) && !SIP_IS(value, "FALSE") &&
	       !SIP_IS(value, "!TRUE");
}


bool sip_feature_has(struct str params, struct str tag, struct str value)
{
	struct str text;

	if (!sip_feature_find(params, tag, &text))
		return false;
	if (text.n && text.p[0] == '<')
		return text.n == value.n + 2 && str_eq(str_upto(str_from(text, 1), value.n), value);

	while (text.p)
		if (str_eq_nocase(str_trim(str_cut(&text, ',')), value))
			return true;
	return false;
}


/* The parameters of a Contact, Accept-Contact or Reject-Contact value: all after the first ';' that
 * is not within <> or quotes. */
static struct str params_of(struct str value)
{
	const char *p = value.p, *end = sip_end(value);

	while (p && p < end && *p != ';') {
		if (*p == '"')
			p = sip_quoted_end(p, end);
		else if (*p == '<')
			p = memchr(p, '>', (size_t)(end - p));
		else
			p++;
		if (p && p < end && *p == '>')
			p++;
	}
	return p && p < end ? str_range(p + 1, end) : STR("");
}


/* Whether the text of a tag ("+g.oma.sip-im") stands anywhere in these lines, at little cost. */
static bool mentions(const struct sip_msg *m, enum sip_header_id id, struct str tag)
{
	for (uint8_t i = m->first[id]; i != SIP_LINE_NONE; i = m->line[i].next) {
		const char *p = m->p + m->line[i].value, *end = m->p + m->line[i].vend;

		for (; p < end && (p = memchr(p, tag.p[0], (size_t)(end - p))); p++)
			if ((size_t)(end - p) >= tag.n &&
			    str_eq_nocase((struct str){p, tag.n}, tag))
				return true;
	}
	return false;
}


bool sip_msg_has_feature(const struct sip_msg *m, enum sip_header_id id, struct str tag)
{
	struct sip_values v = sip_values_first(m, id);

	if (tag.p[0] == '+' && !mentions(m, id, tag))
		return false;
	for (struct str value; sip_values_next(&v, &value);)
		if (sip_feature_on(params_of(value), tag))
			return true;
	return false;
}


bool sip_msg_has_feature_value(const struct sip_msg *m, enum sip_header_id id, struct str tag,
			       struct str value)
{
	struct sip_values v = sip_values_first(m, id);

	for (struct str one; sip_values_next(&v, &one);)
		if (sip_feature_has(params_of(one), tag, value))
			return true;
	return false;
}


int sip_accept_contact_decode(struct sip_accept_contact *ret, struct str value)
{
	struct sip_accept_contact a = {.params = STR_INIT("")};
	const char *p = value.p, *end = sip_end(value);
	struct str rest, name, v;
	int r;

	if (!value.n)
		return -EBADMSG;

	/* RFC 3841 10: ac-value = "*" *(SEMI ac-params) */
	p = sip_skip_blanks(p, end);
	if (p == end || *p != '*')
		return -EBADMSG;
	p = sip_skip_blanks(p + 1, end);
	if (p < end && *p != ';')
		return -EBADMSG;

	if (p < end) {
		rest = a.params = str_range(p + 1, end);
		while ((r = sip_param_next(&rest, &name, &v)) > 0) {
			if (SIP_IS(name, "require"))
				a.require = true;
			else if (SIP_IS(name, "explicit"))
				a.explicit = true;
		}
		if (r < 0)
			return r;
	}
	*ret = a;
	return 0;
}


/* ---- Matching ---- */

/** A conjunction of features: Contact's, or one of the caller's. */
struct predicate {
	size_t n;
	struct str name[SIP_FEATURES_MAX];
	struct str value[SIP_FEATURES_MAX];
};


static void predicate_init(struct predicate *p, struct str params)
{
	struct str name, value;

	p->n = 0;
	if (!params.n)
		return;

	while (p->n < SIP_FEATURES_MAX && sip_param_next(&params, &name, &value) > 0) {
		if (!sip_is_feature(name))
			continue;
		p->name[p->n] = name;
		p->value[p->n++] = feature_text(value);
	}
}


static const struct str *predicate_find(const struct predicate *p, struct str name)
{
	for (size_t i = 0; i < p->n; i++)
		if (str_eq_nocase(p->name[i], name))
			return &p->value[i];
	return NULL;
}


/* RFC 2533 matching, both being conjunctions of one term for each tag: they match unless a tag that
 * both have has no value in common. `*common`: how many of `want` the contact speaks of. */
static bool matches(const struct predicate *want, const struct predicate *have, size_t *common)
{
	bool match = true;

	*common = 0;
	for (size_t i = 0; i < want->n; i++) {
		const struct str *value = predicate_find(have, want->name[i]);

		if (!value)
			continue;
		++*common;
		match &= sip_feature_values_meet(want->value[i], *value);
	}
	return match;
}


/* RFC 3841 7.2.4: "If that Reject-Contact predicate contains a filter for a feature tag, and that
 * feature tag is not present anywhere in the contact predicate, that Reject-Contact predicate is
 * discarded". */
static bool rejected(const struct sip_msg *m, const struct predicate *contact)
{
	struct sip_values v = sip_values_first(m, SIP_HDR_REJECT_CONTACT);
	struct str value;

	for (int i = 0; i < SIP_PREDICATES_MAX && sip_values_next(&v, &value); i++) {
		struct sip_accept_contact a;
		struct predicate unwanted;
		size_t common;

		if (sip_accept_contact_decode(&a, value))
			continue;
		predicate_init(&unwanted, a.params);
		if (unwanted.n && matches(&unwanted, contact, &common) && common == unwanted.n)
			return true;
	}
	return false;
}


/* Figure 1 of RFC 3841, for one Accept-Contact predicate. False: the contact is dropped. */
static bool judge(const struct sip_accept_contact *a, const struct predicate *contact,
		  uint32_t *sum, uint32_t *counted)
{
	struct predicate wanted;
	size_t common;

	predicate_init(&wanted, a->params);
	if (!matches(&wanted, contact, &common))
		return !a->require;

	++*counted;
	if (common == wanted.n) {
		*sum += 1000;
		return true;
	}
	if (a->explicit)
		return !a->require;

	*sum += (uint32_t)(1000 * common / wanted.n);
	return true;
}


static bool accepted(const struct sip_msg *m, const struct predicate *contact, uint16_t *score)
{
	struct sip_values v = sip_values_first(m, SIP_HDR_ACCEPT_CONTACT);
	uint32_t sum = 0, counted = 0;
	struct str value;

	for (int i = 0; i < SIP_PREDICATES_MAX && sip_values_next(&v, &value); i++) {
		struct sip_accept_contact a;

		if (sip_accept_contact_decode(&a, value) == 0 &&
		    !judge(&a, contact, &sum, &counted))
			return false;
	}
	/* "The overall caller preference, Qa, is the arithmetic average of S1 through SM." */
	*score = counted ? (uint16_t)(sum / counted) : 0;
	return true;
}


struct sip_preference sip_prefer(const struct sip_msg *m, struct str contact_params)
{
	struct sip_preference p = {.score = 1000};
	struct predicate contact;

	predicate_init(&contact, contact_params);
	if (!contact.n)
		return p;

	if (rejected(m, &contact))
		p.drop = true;
	else if (m->first[SIP_HDR_ACCEPT_CONTACT] != SIP_LINE_NONE)
		p.drop = !accepted(m, &contact, &p.score);
	if (p.drop)
		p.score = 0;
	return p;
}
