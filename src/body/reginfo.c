/* SPDX-License-Identifier: Apache-2.0 */
/* Registration state: application/reginfo+xml. */
#include "body/reginfo.h"

#include <errno.h>

#include "body/xml.h"

static const struct str state_names[] = {
	[REGINFO_INIT] = STR_INIT("init"),
	[REGINFO_ACTIVE] = STR_INIT("active"),
	[REGINFO_TERMINATED] = STR_INIT("terminated"),
};
#define STATES 3

static const struct str event_names[] = {
	[REGINFO_REGISTERED] = STR_INIT("registered"),
	[REGINFO_CREATED] = STR_INIT("created"),
	[REGINFO_REFRESHED] = STR_INIT("refreshed"),
	[REGINFO_SHORTENED] = STR_INIT("shortened"),
	[REGINFO_EXPIRED] = STR_INIT("expired"),
	[REGINFO_DEACTIVATED] = STR_INIT("deactivated"),
	[REGINFO_PROBATION] = STR_INIT("probation"),
	[REGINFO_UNREGISTERED] = STR_INIT("unregistered"),
	[REGINFO_REJECTED] = STR_INIT("rejected"),
	[REGINFO_EVENT_UNKNOWN] = STR_INIT("unknown"),
};


struct str reginfo_state_name(enum reginfo_state s)
{
	return state_names[s];
}


struct str reginfo_event_name(enum reginfo_event e)
{
	return event_names[e];
}


/* ---- Decoding ---- */

/* An attribute that must be there, and not be empty. */
static int mandatory(const struct xml_node *e, struct str name, struct arena *a, struct str *ret)
{
	int err = xml_value(e, name, a, ret);

	if (err)
		return err == -ENOENT ? -EBADMSG : err;
	return ret->n ? 0 : -EBADMSG;
}


static int optional(const struct xml_node *e, struct str name, struct arena *a, struct str *ret)
{
	int err = xml_value(e, name, a, ret);

	return err == -ENOENT ? 0 : err;
}


/* A number that cannot be read is none. */
static int number(const struct xml_node *e, struct str name, struct arena *a, uint64_t *ret)
{
	struct str value = STR_NULL;
	int err = optional(e, name, a, &value);

	if (err || !str_u64(value, ret))
		*ret = REGINFO_ABSENT;
	return err;
}


static int state_decode(const struct xml_node *e, struct arena *a, enum reginfo_state first,
			enum reginfo_state *ret)
{
	struct str value;
	int err = mandatory(e, STR("state"), a, &value);

	if (err)
		return err;
	for (int s = (int)first; s < STATES; s++) {
		if (!str_eq(value, state_names[s]))
			continue;
		*ret = (enum reginfo_state)s;
		return 0;
	}
	return -EBADMSG;
}


/* What happened matters less than the state it led to: an event that came after RFC 3680 is let pass. */
static int event_decode(const struct xml_node *e, struct arena *a, enum reginfo_event *ret)
{
	struct str value = STR_NULL;
	int i = 0, err = optional(e, STR("event"), a, &value);

	while (i < REGINFO_EVENT_UNKNOWN && !str_eq(value, event_names[i]))
		i++;
	*ret = (enum reginfo_event)i;
	return err;
}


static size_t count(const struct xml_node *e, struct str name)
{
	size_t n = 0;

	for (e = xml_find(e, name); e; e = xml_find_next(e, name))
		n++;
	return n;
}


/* A table for the children of `e` with this name; NULL and 0: none of them. */
static int table(const struct xml_node *e, struct str name, size_t max, size_t size,
		 struct arena *a, void **ret)
{
	size_t n = count(e, name);

	*ret = NULL;
	if (!n)
		return 0;
	if (n <= max)
		*ret = arena_alloc(a, n * size);
	return *ret ? 0 : -ENOBUFS;
}


static int params_decode(struct reginfo_contact *c, const struct xml_node *contact, struct arena *a)
{
	const struct str name = STR("unknown-param");
	void *params;
	int err = table(contact, name, REGINFO_PARAMS_MAX, sizeof(*c->params), a, &params);

	c->params = params;
	for (const struct xml_node *e = xml_find(contact, name); e && !err;
	     e = xml_find_next(e, name)) {
		struct reginfo_param p = {.name = STR_NULL};

		if ((err = optional(e, STR("name"), a, &p.name)) ||
		    (err = xml_text(e, a, &p.value)))
			break;
		if (p.name.n)
			c->params[c->params_n++] = p;
	}
	return err;
}


static int child_text(const struct xml_node *parent, struct str name, struct arena *a,
		      struct str *ret)
{
	const struct xml_node *e = xml_find(parent, name);

	return e ? xml_text(e, a, ret) : 0;
}


/* 5.1: id, state and event MUST be present, and "The "contact" element contains a "uri" element". */
static int contact_decode(struct reginfo_contact *c, const struct xml_node *e, struct arena *a)
{
	int err;

	if ((err = mandatory(e, STR("id"), a, &c->id)) ||
	    (err = state_decode(e, a, REGINFO_ACTIVE, &c->state)) ||
	    (err = event_decode(e, a, &c->event)) ||
	    (err = child_text(e, STR("uri"), a, &c->uri)) ||
	    (err = child_text(e, STR("display-name"), a, &c->display_name)) ||
	    (err = number(e, STR("expires"), a, &c->expires_s)) ||
	    (err = number(e, STR("duration-registered"), a, &c->duration_s)) ||
	    (err = number(e, STR("retry-after"), a, &c->retry_after_s)) ||
	    (err = number(e, STR("cseq"), a, &c->cseq)) ||
	    (err = optional(e, STR("callid"), a, &c->call_id)) ||
	    (err = optional(e, STR("q"), a, &c->q)))
		return err;
	return c->uri.n ? params_decode(c, e, a) : -EBADMSG;
}


static int registration_decode(struct reginfo_registration *r, const struct xml_node *e,
			       struct arena *a)
{
	const struct str name = STR("contact");
	void *contacts;
	int err;

	if ((err = mandatory(e, STR("aor"), a, &r->aor)) ||
	    (err = mandatory(e, STR("id"), a, &r->id)) ||
	    (err = state_decode(e, a, REGINFO_INIT, &r->state)) ||
	    (err = table(e, name, REGINFO_CONTACTS_MAX, sizeof(*r->contacts), a, &contacts)))
		return err;
	r->contacts = contacts;
	for (const struct xml_node *x = xml_find(e, name); x && !err; x = xml_find_next(x, name))
		err = contact_decode(&r->contacts[r->contacts_n++], x, a);
	return err;
}


static int root_decode(struct reginfo *r, const struct xml_node *root, struct arena *a)
{
	const struct str name = STR("registration");
	struct str version, state;
	void *registrations;
	int err;

	if (!xml_named(root, STR("reginfo")))
		return -EBADMSG;
	if ((err = mandatory(root, STR("version"), a, &version)) ||
	    (err = mandatory(root, STR("state"), a, &state)))
		return err;
	r->full = str_eq(state, STR("full"));
	if (!str_u32(version, &r->version) || (!r->full && !str_eq(state, STR("partial"))))
		return -EBADMSG;
	err = table(root, name, REGINFO_REGISTRATIONS_MAX, sizeof(*r->registrations), a,
		    &registrations);
	r->registrations = registrations;
	for (const struct xml_node *e = xml_find(root, name); e && !err; e = xml_find_next(e, name))
		err = registration_decode(&r->registrations[r->registrations_n++], e, a);
	return err;
}


int reginfo_decode(struct reginfo *ret, struct str text, struct arena *a)
{
	struct reginfo r = {.version = 0};
	struct xml_doc *doc;
	int err = xml_decode(&doc, text);

	if (err)
		return err;
	err = root_decode(&r, xml_root(doc), a);
	mem_unref(doc);
	if (err)
		return err;
	*ret = r;
	return 0;
}


/* ---- Encoding ---- */

static void put_number(struct buf *out, struct str name, uint64_t v)
{
	if (v == REGINFO_ABSENT)
		return;
	buf_putc(out, ' ');
	buf_puts(out, name);
	buf_puts(out, STR("=\""));
	buf_putu(out, v);
	buf_putc(out, '"');
}


static void put_text(struct buf *out, struct str name, struct str v)
{
	if (v.n)
		xml_put_attribute(out, name, v);
}


static void contact_encode(const struct reginfo_contact *c, struct buf *out)
{
	buf_puts(out, STR("<contact"));
	xml_put_attribute(out, STR("id"), c->id);
	xml_put_attribute(out, STR("state"), state_names[c->state]);
	/* The attribute is mandatory; of the values that there are, this one says least. */
	xml_put_attribute(
		out, STR("event"),
		event_names[c->event == REGINFO_EVENT_UNKNOWN ? REGINFO_REGISTERED : c->event]);
	put_number(out, STR("duration-registered"), c->duration_s);
	put_number(out, STR("expires"), c->expires_s);
	put_number(out, STR("retry-after"), c->retry_after_s);
	put_text(out, STR("q"), c->q);
	put_text(out, STR("callid"), c->call_id);
	put_number(out, STR("cseq"), c->cseq);
	buf_putc(out, '>');
	xml_put_element(out, STR("uri"), c->uri);
	if (c->display_name.n)
		xml_put_element(out, STR("display-name"), c->display_name);
	for (size_t i = 0; i < c->params_n; i++) {
		buf_puts(out, STR("<unknown-param"));
		xml_put_attribute(out, STR("name"), c->params[i].name);
		buf_putc(out, '>');
		xml_escape(c->params[i].value, out);
		buf_puts(out, STR("</unknown-param>"));
	}
	buf_puts(out, STR("</contact>\n"));
}


void reginfo_encode(const struct reginfo *r, struct buf *out)
{
	buf_puts(out, XML_DECLARATION);
	buf_puts(out, STR("<reginfo xmlns=\"urn:ietf:params:xml:ns:reginfo\""));
	put_number(out, STR("version"), r->version);
	xml_put_attribute(out, STR("state"), r->full ? STR("full") : STR("partial"));
	buf_puts(out, STR(">\n"));
	for (size_t i = 0; i < r->registrations_n; i++) {
		const struct reginfo_registration *g = &r->registrations[i];

		buf_puts(out, STR("<registration"));
		xml_put_attribute(out, STR("aor"), g->aor);
		xml_put_attribute(out, STR("id"), g->id);
		xml_put_attribute(out, STR("state"), state_names[g->state]);
		buf_puts(out, STR(">\n"));
		for (size_t k = 0; k < g->contacts_n; k++)
			contact_encode(&g->contacts[k], out);
		buf_puts(out, STR("</registration>\n"));
	}
	buf_puts(out, STR("</reginfo>\n"));
}


/* ---- Looking up ---- */

static struct str without_plus(struct str name)
{
	return str_from(name, str_starts(name, STR("+")));
}


bool reginfo_param(const struct reginfo_contact *c, struct str name, struct str *ret)
{
	for (size_t i = 0; i < c->params_n; i++) {
		if (!str_eq_nocase(without_plus(c->params[i].name), without_plus(name)))
			continue;
		*ret = c->params[i].value;
		return true;
	}
	return false;
}
