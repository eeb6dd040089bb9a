/* SPDX-License-Identifier: Apache-2.0 */
/* The roster of one conference, kept in the order of change. */
#include "im/controlling/roster.h"

#include <errno.h>

#include "base/hash.h"
#include "base/list.h"
#include "base/mem.h"

/** Room for what is put around the persons of a document: three texts, each byte of which may be &quot;. */
#define FRAME_MAX (20 * ROSTER_TEXT_MAX)
/** sip:anonymous4294967295@anonymous.invalid, and with room: Anonymous 4294967295. */
#define ALIAS_MAX 48

struct entry {
	struct hash_link by_who;
	struct list_link link; /**< in `here` or in `gone` */
	uint64_t changed;
	uint32_t alias_number; /**< 0: never was anonymous */
	struct roster_person person;
	bool has_gone;
	enum conference_leaving leaving;
	struct str reason, by;
	char alias[ALIAS_MAX];
	char text[]; /**< the person's texts */
};

struct roster {
	struct roster_params about;
	char *about_text; /**< of entity and name */
	char *subject_text;
	uint64_t seq;       /**< number of the last change */
	uint64_t about_seq; /**< of the last change of the conference itself */
	uint64_t forgotten; /**< number of the newest that is not kept any more */
	uint32_t aliases;
	size_t connected;
	bool ended;
	struct hash_table table; /**< of both lists */
	struct list here, gone;  /**< oldest change first */
	roster_changed_cb *listener;
	void *arg;
};


static void entry_free(struct roster *r, struct entry *e)
{
	hash_remove(&r->table, &e->by_who);
	list_remove(e->has_gone ? &r->gone : &r->here, &e->link);
	mem_free((void *)(uintptr_t)e->reason.p);
	mem_free(e);
}


static void destroy(void *object)
{
	struct roster *r = object;
	struct list_link *k;

	while ((k = list_first(&r->here)) || (k = list_first(&r->gone)))
		entry_free(r, container_of(k, struct entry, link));
	hash_done(&r->table);
	mem_free(r->about_text);
	mem_free(r->subject_text);
}


/* Copies into the room at `*at`. */
static struct str put(char **at, struct str s)
{
	struct str copy = {*at, s.n};

	if (s.n)
		memcpy(*at, s.p, s.n);
	*at += s.n;
	return copy;
}


static bool is_long(struct str s)
{
	return s.n > ROSTER_TEXT_MAX;
}


int roster_alloc(struct roster **ret, const struct roster_params *p)
{
	struct roster *r;
	char *at;
	int err;

	if (is_long(p->entity) || is_long(p->display_text) || is_long(p->subject))
		return -ENOBUFS;
	r = mem_alloc(sizeof(*r), destroy);
	if (!r)
		return -ENOMEM;
	list_init(&r->here);
	list_init(&r->gone);
	r->about.maximum = p->maximum;
	r->about_text = at = mem_raw(p->entity.n + p->display_text.n + 1);
	err = at ? hash_init(&r->table, 8) : -ENOMEM;
	if (!err) {
		r->about.entity = put(&at, p->entity);
		r->about.display_text = put(&at, p->display_text);
		err = roster_set_subject(r, p->subject);
	}
	if (err) {
		mem_unref(r);
		return err;
	}
	*ret = r;
	return 0;
}


void roster_listen(struct roster *r, roster_changed_cb *changed, void *arg)
{
	r->listener = changed;
	r->arg = arg;
}


static void announce(struct roster *r)
{
	if (r->listener)
		r->listener(r, r->arg);
}


bool roster_is_in(enum conference_status s)
{
	return s == CONFERENCE_CONNECTED || s == CONFERENCE_ON_HOLD ||
	       s == CONFERENCE_MUTED_VIA_FOCUS;
}


/* ---- Looking ---- */

static struct entry *entry_find(const struct roster *r, struct str who)
{
	struct hash_link *l = hash_first(&r->table, hash_bytes(&r->table.key, who.p, who.n));

	for (; l; l = hash_next(l)) {
		struct entry *e = container_of(l, struct entry, by_who);

		if (str_eq(e->person.who, who))
			return e;
	}
	return NULL;
}


static struct entry *here_find(const struct roster *r, struct str who)
{
	struct entry *e = entry_find(r, who);

	return e && !e->has_gone ? e : NULL;
}


static struct str name_of(const struct roster_person *p)
{
	return p->uri.n ? p->uri : p->who;
}


static struct str shown(const struct entry *e)
{
	return e->person.anonymous ? str_of(e->alias) : name_of(&e->person);
}


bool roster_has_ended(const struct roster *r)
{
	return r->ended;
}


size_t roster_count(const struct roster *r)
{
	return r->here.count;
}


size_t roster_connected(const struct roster *r)
{
	return r->connected;
}


bool roster_find(const struct roster *r, struct str who, struct roster_person *ret)
{
	const struct entry *e = here_find(r, who);

	if (e && ret)
		*ret = e->person;
	return e != NULL;
}


struct str roster_shown(const struct roster *r, struct str who)
{
	const struct entry *e = here_find(r, who);

	return e ? shown(e) : STR_NULL;
}


bool roster_walk(const struct roster *r, struct str after, struct roster_person *ret)
{
	const struct entry *e = after.n ? here_find(r, after) : NULL;
	const struct list_link *k;

	if (after.n && !e)
		return false;
	k = e ? list_next(&r->here, &e->link) : list_first(&r->here);
	if (!k)
		return false;
	*ret = container_of(k, struct entry, link)->person;
	return true;
}


/* ---- Changing ---- */

static bool same(const struct roster_person *a, const struct roster_person *b)
{
	return str_eq(a->who, b->who) && str_eq(name_of(a), name_of(b)) &&
	       str_eq(a->display_name, b->display_name) && str_eq(a->contact, b->contact) &&
	       str_eq(a->role, b->role) && a->anonymous == b->anonymous && a->status == b->status &&
	       a->joining == b->joining;
}


static struct entry *entry_make(const struct roster_person *p)
{
	size_t n = p->who.n + p->uri.n + p->display_name.n + p->contact.n + p->role.n;
	struct entry *e = mem_raw(sizeof(*e) + n);
	char *at;

	if (!e)
		return NULL;
	memset(e, 0, sizeof(*e));
	e->person = *p;
	at = e->text;
	e->person.who = put(&at, p->who);
	e->person.uri = put(&at, p->uri);
	e->person.display_name = put(&at, p->display_name);
	e->person.contact = put(&at, p->contact);
	e->person.role = put(&at, p->role);
	return e;
}


/* "Anonymous 3" for good: who comes back is the same one, as long as it is remembered. */
static void alias_set(struct roster *r, struct entry *e, const struct entry *old)
{
	struct buf b;

	if (!e->person.anonymous && !(old && old->alias_number))
		return;
	e->alias_number = old && old->alias_number ? old->alias_number : ++r->aliases;
	buf_fixed(&b, e->alias, sizeof(e->alias));
	buf_printf(&b, "sip:anonymous%u@anonymous.invalid", e->alias_number);
}


static void forget_some(struct roster *r)
{
	while (r->gone.count > ROSTER_GONE_MAX) {
		struct entry *e = container_of(list_first(&r->gone), struct entry, link);

		r->forgotten = e->changed;
		entry_free(r, e);
	}
}


/*
 * A person who was here under another name for others (no longer anonymous, another URI) has left under that one;
 * a subscriber can know that only from a full document.
 */
static void replace(struct roster *r, struct entry *old)
{
	if (!old)
		return;
	if (!old->has_gone)
		r->connected -= roster_is_in(old->person.status);
	entry_free(r, old);
}


/* In the place of `old`, if there is one. */
static void entry_add(struct roster *r, struct entry *e, struct entry *old)
{
	struct str who = e->person.who;

	alias_set(r, e, old);
	e->changed = ++r->seq;
	if (old && !str_eq(shown(old), shown(e)))
		r->forgotten = e->changed;
	replace(r, old);
	r->connected += roster_is_in(e->person.status);
	hash_insert(&r->table, &e->by_who, hash_bytes(&r->table.key, who.p, who.n));
	list_append(&r->here, &e->link);
}


int roster_set(struct roster *r, const struct roster_person *p)
{
	struct roster_person person = *p;
	struct entry *old = entry_find(r, p->who), *e;
	bool back = old && old->has_gone;

	if (is_long(p->display_name))
		person.display_name = STR("");
	if (is_long(p->contact))
		person.contact = STR("");
	if (r->ended || is_long(p->who) || is_long(p->uri) || is_long(p->role) ||
	    ((!old || back) && r->here.count >= ROSTER_MAX))
		return -ENOBUFS;
	if (old && !back && same(&old->person, &person))
		return 0;
	e = entry_make(&person);
	if (!e)
		return -ENOMEM;
	entry_add(r, e, old);
	announce(r);
	return 0;
}


/* Why and by whom, as others may know it. */
static int leaving_keep(const struct roster *r, struct entry *e, struct str reason, struct str by)
{
	const struct entry *sender = by.n ? entry_find(r, by) : NULL;
	char *at;

	if (sender)
		by = shown(sender);
	reason = is_long(reason) ? STR("") : reason;
	by = is_long(by) ? STR("") : by;
	if (!reason.n && !by.n)
		return 0;
	at = mem_raw(reason.n + by.n);
	if (!at)
		return -ENOMEM;
	e->reason = put(&at, reason);
	e->by = put(&at, by);
	return 0;
}


static int leave(struct roster *r, struct entry *e, enum conference_leaving how, struct str reason,
		 struct str by)
{
	int err = leaving_keep(r, e, reason, by);

	r->connected -= roster_is_in(e->person.status);
	list_remove(&r->here, &e->link);
	e->has_gone = true;
	e->leaving = how;
	e->person.status = CONFERENCE_DISCONNECTED;
	e->changed = ++r->seq;
	list_append(&r->gone, &e->link);
	return err;
}


int roster_leave(struct roster *r, struct str who, enum conference_leaving how, struct str reason,
		 struct str by)
{
	struct entry *e = here_find(r, who);
	int err;

	if (!e)
		return -ENOENT;
	err = leave(r, e, how, reason, by);
	forget_some(r);
	announce(r);
	return err;
}


int roster_set_subject(struct roster *r, struct str subject)
{
	char *text, *at;

	if (is_long(subject) || r->ended)
		return -ENOBUFS;
	if (r->subject_text && str_eq(subject, r->about.subject))
		return 0;
	text = at = mem_raw(subject.n + 1);
	if (!text)
		return -ENOMEM;
	r->about.subject = put(&at, subject);
	mem_free(r->subject_text);
	r->subject_text = text;
	r->about_seq = ++r->seq;
	announce(r);
	return 0;
}


/* All are still spoken of in the last document, however many. */
void roster_end(struct roster *r, struct str reason)
{
	struct list_link *k;

	if (r->ended)
		return;
	while ((k = list_first(&r->here)))
		(void)leave(r, container_of(k, struct entry, link), CONFERENCE_BOOTED, reason,
			    STR(""));
	r->ended = true;
	r->about_seq = ++r->seq;
	announce(r);
}


/* ---- Telling ---- */

void roster_place_init(struct roster_place *p, const struct roster *r)
{
	*p = (struct roster_place){.since = r->seq};
}


static uint64_t last_changed(const struct list *l)
{
	return l->count ? container_of(l->head.prev, struct entry, link)->changed : 0;
}


bool roster_has_news(const struct roster *r, const struct roster_place *p)
{
	uint64_t gone = last_changed(&r->gone);

	return p->about < r->about_seq || p->told < last_changed(&r->here) ||
	       (p->told < gone && p->since < gone);
}


/* RFC 4575 5.6: the endpoint of one who hides is not told either: it names the device. */
static void put_person(const struct entry *e, const struct roster_view *v, struct buf *out)
{
	static const struct conference_media media = {
		.id = STR_INIT("1"),
		.type = STR_INIT("message"),
		.direction_said = true,
		.direction = SDP_SENDRECV,
	};
	const struct roster_person *p = &e->person;
	bool own = str_eq(p->who, v->who), hidden = p->anonymous && !own;
	char name[ALIAS_MAX];
	struct buf anonymous;
	struct conference_endpoint endpoint = {
		.entity = hidden || !p->contact.n ? hidden ? shown(e) : name_of(p) : p->contact,
		.status = p->status,
		.joining = p->joining,
		.leaving = e->leaving,
		.left = {.reason = e->reason, .by = e->by},
		.media = &media,
		.media_n = roster_is_in(p->status),
	};
	struct conference_user user = {
		.entity = hidden ? shown(e) : name_of(p),
		.own = own && v->tells_own,
		.display_text = p->display_name,
		.roles = &p->role,
		.roles_n = p->role.n > 0,
		.endpoints = &endpoint,
		.endpoints_n = 1,
	};

	if (hidden) {
		buf_fixed(&anonymous, name, sizeof(name));
		buf_printf(&anonymous, "Anonymous %u", e->alias_number);
		user.display_text = buf_str(&anonymous);
	}
	conference_info_put_user(out, &user);
}


/* Through both lists in order of change. */
struct walk {
	const struct roster *r;
	const struct list_link *here, *gone;
};


static const struct entry *entry_of(const struct list_link *k)
{
	return k ? container_of(k, const struct entry, link) : NULL;
}


/* From the newest back to the first that is untold: what has changed is little, who is here may be many. */
static const struct list_link *first_untold(const struct list *l, uint64_t told)
{
	const struct list_link *k = l->head.prev, *first = NULL;

	for (; k && k != &l->head && entry_of(k)->changed > told; k = k->prev)
		first = k;
	return first;
}


/* NULL: no more. */
static const struct entry *walk_next(struct walk *w)
{
	const struct entry *h = entry_of(w->here), *g = entry_of(w->gone);

	if (h && (!g || h->changed < g->changed)) {
		w->here = list_next(&w->r->here, w->here);
		return h;
	}
	if (g)
		w->gone = list_next(&w->r->gone, w->gone);
	return g;
}


/* True: all of them fitted. */
static bool put_persons(const struct roster *r, struct roster_place *p, const struct roster_view *v,
			struct buf *out)
{
	uint64_t since = p->since > p->told ? p->since : p->told;
	struct walk w = {r, first_untold(&r->here, p->told), first_untold(&r->gone, since)};
	const struct entry *e;

	while ((e = walk_next(&w))) {
		size_t before = out->n;

		put_person(e, v, out);
		if (out->failed)
			return false;
		if (before && out->n + FRAME_MAX > ROSTER_DOCUMENT_MAX) {
			out->n = before;
			return false;
		}
		p->told = e->changed;
	}
	p->told = r->seq;
	return true;
}


static void put_about(const struct roster *r, bool full, bool news, struct buf *out)
{
	if (full || news)
		conference_info_put_description(out, &(struct conference_description){
							     .display_text = r->about.display_text,
							     .subject = r->about.subject,
							     .maximum_user_count = r->about.maximum,
						     });
	conference_info_put_state(out,
				  &(struct conference_state){
					  .user_count_said = true,
					  .user_count = (uint32_t)r->connected,
					  .active = r->ended ? CONFERENCE_FALSE : CONFERENCE_TRUE,
				  });
}


void roster_tell(const struct roster *r, struct roster_place *p, const struct roster_view *v,
		 struct buf *out)
{
	struct buf persons = BUF_INIT(2 * ROSTER_DOCUMENT_MAX);
	struct roster_place next = *p;
	bool full = v->full || !p->version || (p->told < r->forgotten && p->renewed < r->forgotten);
	bool news = p->about < r->about_seq;

	if (full) {
		/* Who had gone before what was last told is not spoken of again. */
		next.since = p->since > p->told ? p->since : p->told;
		next.told = 0;
		next.renewed = r->seq;
	}
	bool all = put_persons(r, &next, v, &persons);
	next.version++;
	next.about = r->about_seq;
	conference_info_begin(out, &(struct conference_head){
					   .entity = r->about.entity,
					   .change = full ? CONFERENCE_FULL : CONFERENCE_PARTIAL,
					   .version = next.version,
				   });
	put_about(r, full, news, out);
	if (persons.n || full) {
		/* After the last document nothing follows. */
		conference_info_users_begin(out, full && (all || r->ended) ? CONFERENCE_FULL
									   : CONFERENCE_PARTIAL);
		buf_puts(out, buf_str(&persons));
		conference_info_users_end(out);
	}
	conference_info_end(out);
	if (persons.failed)
		out->failed = true;
	buf_done(&persons);
	if (!out->failed)
		*p = next;
}
