/* SPDX-License-Identifier: Apache-2.0 */
/* The state of a conference: reading. Writing is in conference_info_encode.c. */
#include "body/conference_info.h"

#include <errno.h>

#include "body/conference_names.h"
#include "body/cpim.h"
#include "body/xml.h"

/* What a document is read with. */
struct reader {
	struct arena *arena;
	int err; /* the first one; nothing is read after it */
};


static void fail(struct reader *r, int err)
{
	if (!r->err)
		r->err = err;
}


/* Text of the first child so named; STR_NULL when it is absent. */
static struct str text_of(struct reader *r, const struct xml_node *parent, struct str name)
{
	const struct xml_node *e = r->err ? NULL : xml_find(parent, name);
	struct str text = STR_NULL;

	if (e)
		fail(r, xml_text(e, r->arena, &text));
	return text;
}


static struct str attribute_of(struct reader *r, const struct xml_node *e, struct str name)
{
	struct str value = STR_NULL;
	int err = r->err ? -ENOENT : xml_value(e, name, r->arena, &value);

	if (err && err != -ENOENT)
		fail(r, err);
	return value;
}


/* Which of the names it is; 0, which stands for what is not said, when none. */
static unsigned name_of(struct str text, const struct str *names, unsigned n)
{
	for (unsigned i = 1; i < n; i++) {
		if (str_eq(text, names[i]))
			return i;
	}
	return 0;
}


/* 6: the default of each 'state' is "full". */
static enum conference_change change_of(struct reader *r, const struct xml_node *e)
{
	struct str value = attribute_of(r, e, STR("state"));

	for (unsigned i = CONFERENCE_FULL; i <= CONFERENCE_DELETED; i++) {
		if (str_eq(value, conference_change_names[i]))
			return (enum conference_change)i;
	}
	if (value.p)
		fail(r, -EBADMSG);
	return CONFERENCE_FULL;
}


static uint32_t number_of(struct reader *r, struct str text)
{
	uint32_t n = 0;

	if (text.p && !str_u32(text, &n))
		fail(r, -EBADMSG);
	return n;
}


/* xs:boolean */
static enum conference_said said_of(struct str text)
{
	if (str_eq(text, STR("true")) || str_eq(text, STR("1")))
		return CONFERENCE_TRUE;
	if (str_eq(text, STR("false")) || str_eq(text, STR("0")))
		return CONFERENCE_FALSE;
	return CONFERENCE_UNSAID;
}


/* Room for the children of `e` that have this name; NULL and none when there are none, or no room. */
static void *table(struct reader *r, const struct xml_node *e, struct str name, size_t max,
		   size_t size, size_t *n)
{
	void *t = NULL;

	*n = 0;
	for (const struct xml_node *c = xml_find(e, name); c; c = xml_find_next(c, name))
		++*n;
	if (*n > max)
		fail(r, -ENOBUFS);
	else if (*n && !r->err && !(t = arena_alloc(r->arena, *n * size)))
		fail(r, -ENOBUFS);
	if (!t)
		*n = 0;
	return t;
}


/* ---- Users ---- */

static void event_decode(struct reader *r, struct conference_event *v, const struct xml_node *e)
{
	struct str when;

	if (!e)
		return;
	when = text_of(r, e, STR("when"));
	if (!when.n || cpim_date_decode(&v->when_ms, when) || v->when_ms < 0)
		v->when_ms = 0;
	v->reason = text_of(r, e, STR("reason"));
	v->by = text_of(r, e, STR("by"));
}


static void medium_decode(struct reader *r, struct conference_media *m, const struct xml_node *e)
{
	struct str status = text_of(r, e, STR("status"));

	m->id = attribute_of(r, e, STR("id"));
	m->type = text_of(r, e, STR("type"));
	for (int d = SDP_SENDRECV; d <= SDP_INACTIVE; d++) {
		if (!str_eq(status, sdp_direction_name((enum sdp_direction)d)))
			continue;
		m->direction = (enum sdp_direction)d;
		m->direction_said = true;
	}
}


static void media_decode(struct reader *r, struct conference_endpoint *p, const struct xml_node *e)
{
	struct conference_media *m;
	size_t n, i = 0;

	m = table(r, e, STR("media"), CONFERENCE_MEDIA_MAX, sizeof(*m), &n);
	for (const struct xml_node *c = xml_find(e, STR("media")); i < n;
	     c = xml_find_next(c, STR("media")))
		medium_decode(r, &m[i++], c);
	p->media = m;
	p->media_n = n;
}


static void endpoint_decode(struct reader *r, struct conference_endpoint *p,
			    const struct xml_node *e)
{
	p->entity = attribute_of(r, e, STR("entity"));
	p->change = change_of(r, e);
	p->display_text = text_of(r, e, STR("display-text"));
	p->status = name_of(text_of(r, e, STR("status")), conference_status_names,
			    CONFERENCE_DISCONNECTED + 1);
	p->joining = name_of(text_of(r, e, STR("joining-method")), conference_joining_names,
			     CONFERENCE_FOCUS_OWNER + 1);
	p->leaving = name_of(text_of(r, e, STR("disconnection-method")), conference_leaving_names,
			     CONFERENCE_BUSY + 1);
	event_decode(r, &p->joined, xml_find(e, STR("joining-info")));
	event_decode(r, &p->left, xml_find(e, STR("disconnection-info")));
	media_decode(r, p, e);
}


static void endpoints_decode(struct reader *r, struct conference_user *u, const struct xml_node *e)
{
	struct conference_endpoint *p;
	size_t n, i = 0;

	p = table(r, e, STR("endpoint"), CONFERENCE_ENDPOINTS_MAX, sizeof(*p), &n);
	for (const struct xml_node *c = xml_find(e, STR("endpoint")); i < n;
	     c = xml_find_next(c, STR("endpoint")))
		endpoint_decode(r, &p[i++], c);
	u->endpoints = p;
	u->endpoints_n = n;
}


static void roles_decode(struct reader *r, struct conference_user *u, const struct xml_node *roles)
{
	struct str *role;
	size_t n, i = 0;

	if (!roles)
		return;
	role = table(r, roles, STR("entry"), CONFERENCE_ROLES_MAX, sizeof(*role), &n);
	for (const struct xml_node *c = xml_find(roles, STR("entry")); i < n;
	     c = xml_find_next(c, STR("entry")))
		fail(r, xml_text(c, r->arena, &role[i++]));
	u->roles = role;
	u->roles_n = n;
}


static void user_decode(struct reader *r, struct conference_user *u, const struct xml_node *e)
{
	u->change = change_of(r, e);
	u->own = said_of(attribute_of(r, e, STR("yourown"))) == CONFERENCE_TRUE;
	u->display_text = text_of(r, e, STR("display-text"));
	roles_decode(r, u, xml_find(e, STR("roles")));
	endpoints_decode(r, u, e);
}


static void users_decode(struct reader *r, struct conference_info *i, const struct xml_node *users)
{
	struct conference_user *u;
	size_t n, left;

	if (!users)
		return;
	i->listed = true;
	i->users_change = change_of(r, users);
	i->users_change_said = attribute_of(r, users, STR("state")).n > 0;
	u = table(r, users, STR("user"), CONFERENCE_USERS_MAX, sizeof(*u), &n);
	left = n;
	for (const struct xml_node *c = xml_find(users, STR("user")); left-- && !r->err;
	     c = xml_find_next(c, STR("user"))) {
		struct conference_user *to = &u[i->users_n];

		to->entity = attribute_of(r, c, STR("entity"));
		if (!to->entity.n)
			continue;
		user_decode(r, to, c);
		i->users_n++;
	}
	i->users = u;
}


/* ---- The conference ---- */

static void description_decode(struct reader *r, struct conference_info *i,
			       const struct xml_node *e)
{
	struct conference_description *d = &i->description;

	if (!e)
		return;
	i->described = true;
	d->display_text = text_of(r, e, STR("display-text"));
	d->subject = text_of(r, e, STR("subject"));
	d->free_text = text_of(r, e, STR("free-text"));
	d->maximum_user_count = number_of(r, text_of(r, e, STR("maximum-user-count")));
}


static void state_decode(struct reader *r, struct conference_state *s, const struct xml_node *e)
{
	struct str count;

	if (!e)
		return;
	count = text_of(r, e, STR("user-count"));
	s->user_count_said = count.p;
	s->user_count = number_of(r, count);
	s->active = said_of(text_of(r, e, STR("active")));
	s->locked = said_of(text_of(r, e, STR("locked")));
}


static int decode(struct conference_info *i, const struct xml_node *root, struct arena *a)
{
	struct reader r = {.arena = a};
	struct str version;

	if (!xml_named(root, STR("conference-info")))
		return -EBADMSG;
	i->head.entity = attribute_of(&r, root, STR("entity"));
	i->head.change = change_of(&r, root);
	/* 5.2: "it MUST be used with the root <conference-info> element" */
	version = attribute_of(&r, root, STR("version"));
	if (!version.p)
		fail(&r, -EBADMSG);
	i->head.version = number_of(&r, version);
	description_decode(&r, i, xml_find(root, STR("conference-description")));
	state_decode(&r, &i->state, xml_find(root, STR("conference-state")));
	users_decode(&r, i, xml_find(root, STR("users")));
	return r.err;
}


int conference_info_decode(struct conference_info *ret, struct str text, struct arena *a)
{
	struct conference_info i = {.described = false};
	struct xml_doc *doc;
	int err = xml_decode(&doc, text);

	if (err)
		return err;
	err = decode(&i, xml_root(doc), a);
	mem_unref(doc);
	if (err)
		return err;
	*ret = i;
	return 0;
}


enum conference_step conference_info_next(const struct conference_head *h, bool known,
					  uint32_t version)
{
	/* "If the value in the document is equal to or less than the local version, the document is
	 * discarded without processing." */
	if (known && h->version <= version)
		return CONFERENCE_DISCARD;
	if (h->change == CONFERENCE_DELETED)
		return CONFERENCE_ENDED;
	if (h->change == CONFERENCE_FULL)
		return CONFERENCE_REPLACE;
	/* "if the 'version' number in the received document is more than one number higher […] MUST generate
	 * a subscription refresh request"; a change to what was never told is the same. */
	return known && h->version - version == 1 ? CONFERENCE_UPDATE : CONFERENCE_REFRESH;
}
