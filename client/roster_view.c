/* SPDX-License-Identifier: Apache-2.0 */
/* Who is in a conference, put together from its documents. */
#include "client/roster_view.h"

#include <errno.h>

#include "base/mem.h"
#include "sip/uri.h"

struct endpoint {
	struct list_link link;
	char *entity;
	uint8_t status;
	bool seen;
};


/* ---- Life ---- */

static void endpoint_destroy(void *object)
{
	struct endpoint *e = object;

	mem_unref(e->entity);
}


static void drop_endpoints(struct roster_person *p)
{
	for (struct list_link *k; (k = list_first(&p->endpoints));) {
		list_remove(&p->endpoints, k);
		mem_unref(container_of(k, struct endpoint, link));
	}
}


static void person_destroy(void *object)
{
	struct roster_person *p = object;

	drop_endpoints(p);
	mem_unref(p->uri);
	mem_unref(p->name);
	mem_unref(p->reason);
}


void roster_view_init(struct roster_view *v)
{
	*v = (struct roster_view){.known = false};
	list_init(&v->persons);
}


void roster_view_done(struct roster_view *v)
{
	for (struct list_link *k; v->persons.head.next && (k = list_first(&v->persons));) {
		list_remove(&v->persons, k);
		mem_unref(container_of(k, struct roster_person, link));
	}
	v->subject = mem_unref(v->subject);
	v->entity = mem_unref(v->entity);
}


void roster_view_renew(struct roster_view *v)
{
	v->known = false;
	v->version = 0;
}


/* ---- Finding ---- */

static struct roster_person *find(const struct roster_view *v, struct str uri)
{
	for (struct list_link *k = list_first(&v->persons); k; k = list_next(&v->persons, k)) {
		struct roster_person *p = container_of(k, struct roster_person, link);

		if (str_eq(str_of(p->uri), uri))
			return p;
	}
	return NULL;
}


static bool same_uri(const char *ours, struct str text)
{
	struct sip_uri a, b;

	return !sip_uri_decode(&a, str_of(ours)) && !sip_uri_decode(&b, text) && sip_uri_eq(&a, &b);
}


const struct roster_person *roster_view_find(const struct roster_view *v, struct str uri)
{
	const struct roster_person *exact = find(v, uri);

	for (struct list_link *k = exact ? NULL : list_first(&v->persons); k;
	     k = list_next(&v->persons, k)) {
		const struct roster_person *p = container_of(k, struct roster_person, link);

		if (same_uri(p->uri, uri))
			return p;
	}
	return exact;
}


static bool is_called(const struct roster_person *p, struct str text)
{
	struct sip_uri uri;

	if (str_eq_nocase(str_of(p->name), text))
		return true;
	return !sip_uri_decode(&uri, str_of(p->uri)) && str_eq_nocase(uri.user, text);
}


const struct roster_person *roster_view_guess(const struct roster_view *v, struct str text)
{
	const struct roster_person *found = roster_view_find(v, text);
	unsigned n = 0;

	if (found)
		return found;
	for (struct list_link *k = list_first(&v->persons); k; k = list_next(&v->persons, k)) {
		const struct roster_person *p = container_of(k, struct roster_person, link);

		if (p->presence != PARLEY_PERSON_AWAY && is_called(p, text)) {
			found = p;
			n++;
		}
	}
	return n == 1 ? found : NULL;
}


size_t roster_view_here(const struct roster_view *v)
{
	size_t n = 0;

	for (struct list_link *k = list_first(&v->persons); k; k = list_next(&v->persons, k))
		n += container_of(k, struct roster_person, link)->presence == PARLEY_PERSON_HERE;
	return n;
}


/* ---- Taking a document over ---- */

/* Replaces a text where it differs; *changed tells. */
static int set_text(char **slot, struct str text, bool *changed)
{
	char *copy;

	if (*slot && str_eq(str_of(*slot), text))
		return 0;
	copy = str_dup(text.p ? text : STR(""));
	if (!copy)
		return -ENOMEM;
	mem_unref(*slot);
	*slot = copy;
	*changed = true;
	return 0;
}


static struct endpoint *endpoint_find(struct roster_person *p, struct str entity)
{
	for (struct list_link *k = list_first(&p->endpoints); k; k = list_next(&p->endpoints, k)) {
		struct endpoint *e = container_of(k, struct endpoint, link);

		if (str_eq(str_of(e->entity), entity))
			return e;
	}
	return NULL;
}


static int endpoint_add(struct roster_person *p, struct str entity, struct endpoint **ret)
{
	struct endpoint *e;

	if (p->endpoints.count >= CONFERENCE_ENDPOINTS_MAX)
		return -ENOBUFS;
	e = mem_alloc(sizeof(*e), endpoint_destroy);
	if (!e)
		return -ENOMEM;
	e->entity = str_dup(entity.p ? entity : STR(""));
	if (!e->entity) {
		mem_unref(e);
		return -ENOMEM;
	}
	list_append(&p->endpoints, &e->link);
	*ret = e;
	return 0;
}


static int take_endpoint(struct roster_person *p, const struct conference_endpoint *from)
{
	struct endpoint *e = endpoint_find(p, from->entity);
	bool changed = false;
	int err;

	if (from->change == CONFERENCE_DELETED) {
		if (from->leaving)
			p->leaving = (uint8_t)from->leaving;
		if (e) {
			list_remove(&p->endpoints, &e->link);
			mem_unref(e);
		}
		return 0;
	}
	if (!e) {
		err = endpoint_add(p, from->entity, &e);
		if (err)
			return err;
	}
	e->seen = true;
	/* A partial one may leave out what has not changed. */
	if (from->change == CONFERENCE_FULL || from->status)
		e->status = (uint8_t)from->status;
	if (from->change == CONFERENCE_FULL || from->leaving)
		p->leaving = (uint8_t)from->leaving;
	return from->left.reason.n || p->reason ? set_text(&p->reason, from->left.reason, &changed)
						: 0;
}


/* 5.6: state full: the endpoints that it does not name are gone. */
static void drop_unseen(struct roster_person *p)
{
	for (struct list_link *k = list_first(&p->endpoints), *next; k; k = next) {
		struct endpoint *e = container_of(k, struct endpoint, link);

		next = list_next(&p->endpoints, k);
		if (e->seen)
			continue;
		list_remove(&p->endpoints, k);
		mem_unref(e);
	}
}


/* 5.7.3. Somebody of whom no device is told is there: the list is one of participants (5.5). */
static enum parley_presence presence_of(const struct roster_person *p)
{
	enum parley_presence best = list_empty(&p->endpoints) && !p->leaving ? PARLEY_PERSON_HERE
									     : PARLEY_PERSON_AWAY;

	for (struct list_link *k = list_first(&p->endpoints); k; k = list_next(&p->endpoints, k)) {
		switch (container_of(k, struct endpoint, link)->status) {
		case CONFERENCE_STATUS_UNSAID:
		case CONFERENCE_CONNECTED:
		case CONFERENCE_ON_HOLD:
		case CONFERENCE_MUTED_VIA_FOCUS:
			return PARLEY_PERSON_HERE;
		case CONFERENCE_PENDING:
		case CONFERENCE_DIALING_OUT:
		case CONFERENCE_DIALING_IN:
		case CONFERENCE_ALERTING:
			best = PARLEY_PERSON_INVITED;
			break;
		default:
			break;
		}
	}
	return best;
}


static int person_add(struct roster_view *v, struct str uri, struct roster_person **ret)
{
	struct roster_person *p;

	if (v->persons.count >= ROSTER_VIEW_PERSONS_MAX)
		return -ENOBUFS;
	p = mem_alloc(sizeof(*p), person_destroy);
	if (!p)
		return -ENOMEM;
	list_init(&p->endpoints);
	p->uri = str_dup(uri);
	p->name = str_dup(STR(""));
	if (!p->uri || !p->name) {
		mem_unref(p);
		return -ENOMEM;
	}
	list_append(&v->persons, &p->link);
	*ret = p;
	return 0;
}


struct taking {
	struct roster_view *v;
	roster_changed_cb *changed;
	void *arg;
};


static void tell(const struct taking *t, struct roster_person *p, enum parley_presence before,
		 bool renamed)
{
	if (t->changed && (p->presence != before || renamed))
		t->changed(t->v, p, before, t->arg);
}


/* Whoever is not in the list any more: told as one who went, and forgotten. */
static void drop_person(const struct taking *t, struct roster_person *p)
{
	enum parley_presence before = p->presence;

	list_remove(&t->v->persons, &p->link);
	p->presence = PARLEY_PERSON_AWAY;
	tell(t, p, before, false);
	mem_unref(p);
}


static int take_endpoints(struct roster_person *p, const struct conference_user *from)
{
	int err = 0;

	for (struct list_link *k = list_first(&p->endpoints); k; k = list_next(&p->endpoints, k))
		container_of(k, struct endpoint, link)->seen = false;
	for (size_t i = 0; i < from->endpoints_n && !err; i++)
		err = take_endpoint(p, &from->endpoints[i]);
	if (!err && from->change == CONFERENCE_FULL)
		drop_unseen(p);
	return err;
}


static int take_user(const struct taking *t, const struct conference_user *from)
{
	struct roster_person *p = find(t->v, from->entity);
	enum parley_presence before = p ? p->presence : PARLEY_PERSON_UNKNOWN;
	bool renamed = false;
	int err = 0;

	if (from->change == CONFERENCE_DELETED) {
		if (p)
			drop_person(t, p);
		return 0;
	}
	if (!p)
		err = person_add(t->v, from->entity, &p);
	if (err)
		return err;
	p->seen = true;
	if (from->change == CONFERENCE_FULL || from->display_text.n)
		err = set_text(&p->name, from->display_text, &renamed);
	if (from->own)
		p->own = true;
	if (!err)
		err = take_endpoints(p, from);
	p->presence = (uint8_t)presence_of(p);
	tell(t, p, before, renamed && before != PARLEY_PERSON_UNKNOWN);
	return err;
}


/* RFC 4575's schema has `state` of <users> default to "full"; its own example of a partial document (8.2) leaves it
 * out and names only who has changed, and so do foci in the field. */
static bool names_all(const struct conference_info *i)
{
	return i->listed && i->users_change == CONFERENCE_FULL &&
	       (i->users_change_said || i->head.change == CONFERENCE_FULL);
}


static int take_users(const struct taking *t, const struct conference_info *i)
{
	bool all = names_all(i);
	int err = 0;

	for (struct list_link *k = list_first(&t->v->persons); k; k = list_next(&t->v->persons, k))
		container_of(k, struct roster_person, link)->seen = false;
	for (size_t n = 0; n < i->users_n && !err; n++)
		err = take_user(t, &i->users[n]);
	for (struct list_link *k = list_first(&t->v->persons), *next; k && all && !err; k = next) {
		struct roster_person *p = container_of(k, struct roster_person, link);

		next = list_next(&t->v->persons, k);
		if (!p->seen)
			drop_person(t, p);
	}
	return err;
}


static int take_all(const struct taking *t, const struct conference_info *i)
{
	struct roster_view *v = t->v;
	bool changed;
	int err = i->head.entity.n ? set_text(&v->entity, i->head.entity, &changed) : 0;

	if (!err && i->described && i->description.subject.n)
		err = set_text(&v->subject, i->description.subject, &changed);
	if (i->described && i->description.maximum_user_count)
		v->maximum = i->description.maximum_user_count;
	return err ? err : take_users(t, i);
}


int roster_view_take(struct roster_view *v, struct str text, enum conference_step *ret,
		     roster_changed_cb *changed, void *arg)
{
	struct arena a = ARENA_INIT(ROSTER_VIEW_MEMORY_MAX);
	struct taking t = {v, changed, arg};
	struct conference_info i;
	int err = conference_info_decode(&i, text, &a);

	*ret = CONFERENCE_REFRESH;
	if (!err) {
		*ret = conference_info_next(&i.head, v->known, v->version);
		if (*ret == CONFERENCE_REPLACE || *ret == CONFERENCE_UPDATE)
			err = take_all(&t, &i);
	}
	if (err) {
		*ret = CONFERENCE_REFRESH;
	} else if (*ret == CONFERENCE_REPLACE || *ret == CONFERENCE_UPDATE) {
		v->known = true;
		v->version = i.head.version;
	}
	arena_done(&a);
	return err;
}
