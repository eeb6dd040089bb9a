/* SPDX-License-Identifier: Apache-2.0 */
/* Groups: all identities there are, and some of the groups, decoded. */
#include "subscriber/group.h"

#include <errno.h>

#include "base/hash.h"
#include "base/log.h"
#include "base/mem.h"
#include "body/resource_lists.h"
#include "sip/uri.h"
#include "store/document.h"
#include "subscriber/list_anchor.h"

/** Memory of one document of lists while it is looked at. */
#define LISTS_MEMORY_MAX (2u << 20)

/** An identity that is a group's as far as is known. */
struct group_entry {
	struct hash_link link;
	struct list_link
		order; /**< while `group` is there; the one not asked for longest is first */
	struct groups *groups;
	struct group *group;   /**< NULL: to be read */
	struct group *reading; /**< its lists are being read */
	size_t next, kept;     /**< its externals: looked at, and not to be followed */
	bool refers;           /**< to lists elsewhere */
	struct list queries;
	struct store_request request;
	bool again; /**< changed while it was being read */
	bool known; /**< not only asked for: it is a group, or was */
	struct str identity;
	char text[];
};

struct groups {
	struct loop *loop;
	struct store *store;
	struct hash_table table;
	struct list decoded;
	struct store_request request;
	struct timer retry;
	bool complete;
	struct str domain;
	char after[STORE_DOCUMENT_NAME_MAX]; /**< the last identity of the page before */
	size_t after_n;
	char text[];
};

static void read_page(struct groups *gs);


/* ---- The table ---- */

static uint64_t hash_of(const struct groups *gs, struct str identity)
{
	return hash_bytes(&gs->table.key, identity.p, identity.n);
}


static struct group_entry *entry_find(const struct groups *gs, struct str identity)
{
	for (struct hash_link *l = hash_first(&gs->table, hash_of(gs, identity)); l;
	     l = hash_next(l)) {
		struct group_entry *e = container_of(l, struct group_entry, link);

		if (str_eq(e->identity, identity))
			return e;
	}
	return NULL;
}


static void forget(struct group_entry *e)
{
	list_remove(&e->groups->decoded, &e->order);
	e->group = mem_unref(e->group);
}


static void entry_free(struct group_entry *e)
{
	forget(e);
	mem_unref(e->reading);
	store_cancel(&e->request);
	hash_remove(&e->groups->table, &e->link);
	mem_free(e);
}


/* There, or made; NULL: out of memory. */
static struct group_entry *entry_need(struct groups *gs, struct str identity)
{
	struct group_entry *e = entry_find(gs, identity);

	if (e)
		return e;
	e = mem_raw(sizeof(*e) + identity.n);
	if (!e)
		return NULL;
	memset(e, 0, sizeof(*e));
	list_init(&e->queries);
	e->groups = gs;
	e->identity = (struct str){e->text, identity.n};
	memcpy(e->text, identity.n ? identity.p : "", identity.n);
	hash_insert(&gs->table, &e->link, hash_of(gs, identity));
	return e;
}


static void keep(struct group_entry *e, struct group *g)
{
	struct groups *gs = e->groups;

	if (gs->decoded.count >= GROUPS_DECODED_MAX)
		forget(container_of(list_first(&gs->decoded), struct group_entry, order));
	e->group = g;
	e->known = true;
	list_append(&gs->decoded, &e->order);
}


int groups_find(struct groups *gs, struct str identity, struct group **ret)
{
	struct group_entry *e = entry_find(gs, identity);

	if (identity.n > STORE_DOCUMENT_NAME_MAX || (!e && gs->complete))
		return -ENOENT;
	if (!e || !e->group)
		return -EAGAIN;
	list_remove(&gs->decoded, &e->order);
	list_append(&gs->decoded, &e->order);
	*ret = e->group;
	return 0;
}


bool groups_complete(const struct groups *gs)
{
	return gs->complete;
}


size_t groups_count(const struct groups *gs)
{
	return gs->table.count;
}


int groups_canonical(struct str uri, struct buf *out, void *arg)
{
	const struct groups *gs = arg;
	struct sip_uri u;

	if (sip_uri_decode(&u, uri))
		return -EBADMSG;
	return sip_uri_aor(&u, gs->domain, out);
}


/* ---- One group ---- */

static int read_entry(struct group_entry *e);


/* Those who ask anew from within are not waited for. A query may be cancelled by the callback of another. */
static void answer(struct group_entry *e, int error)
{
	struct groups *gs = mem_ref(e->groups);
	struct group *g = mem_ref(e->group);

	for (size_t n = e->queries.count; n && !list_empty(&e->queries); n--) {
		struct group_query *q = container_of(list_first(&e->queries), struct group_query,
						     link);

		list_remove(&e->queries, &q->link);
		q->entry = NULL;
		q->cb(q, error, g, q->arg);
	}
	mem_unref(g);
	if (error && (error == -ENOENT || !e->known) && list_empty(&e->queries) &&
	    !store_pending(&e->request))
		entry_free(e);
	mem_unref(gs);
}


/* ---- The lists it refers to ---- */

/* In `user` whose, and the document and list in `a`, which points into `plain`. */
static bool anchor_of(const struct group_entry *e, struct list_anchor *a, struct buf *plain,
		      struct buf *user)
{
	sip_unescape(e->reading->externals[e->next], plain);
	return !plain->failed && list_anchor_decode(a, buf_str(plain)) &&
	       !groups_canonical(a->user, user, e->groups) && !user->failed;
}


static int member_add(struct group_entry *e, struct group_member *m,
		      const struct resource_item *item)
{
	struct group *g = e->reading;
	char text[SIP_AOR_MAX];
	struct buf aor;

	buf_fixed(&aor, text, sizeof(text));
	if (groups_canonical(item->uri, &aor, e->groups) || aor.failed)
		return 0;
	m->canonical = buf_str(&aor);
	if (group_member(g, &m->canonical, 1))
		return 0;
	m->canonical = arena_str(&g->arena, m->canonical);
	m->uri = arena_str(&g->arena, item->uri);
	m->display_name = arena_str(&g->arena, item->display_name);
	if (!m->canonical.p || !m->uri.p || !m->display_name.p)
		return -ENOBUFS;
	g->members_n++;
	return 0;
}


/* Entries that lead on to other lists are not followed: *leads_on. */
static int members_add(struct group_entry *e, const struct resource_lists *r, uint32_t first,
		       uint32_t n, bool *leads_on)
{
	struct group *g = e->reading;
	struct group_member *m;
	int err = 0;

	if (g->members_n + n > GROUP_MEMBERS_MAX)
		return -ENOBUFS;
	m = arena_alloc(&g->arena, (g->members_n + n + 1) * sizeof(*m));
	if (!m)
		return -ENOBUFS;
	if (g->members_n)
		memcpy(m, g->members, g->members_n * sizeof(*m));
	g->members = m;
	for (uint32_t i = first; i < first + n && !err; i++) {
		if (r->items[i].kind == RESOURCE_ENTRY)
			err = member_add(e, &m[g->members_n], &r->items[i]);
		else
			*leads_on = true;
	}
	return err;
}


static int list_add(struct group_entry *e, struct str name, struct str text, bool *leads_on)
{
	struct arena a = ARENA_INIT(LISTS_MEMORY_MAX);
	const struct resource_list *l;
	struct resource_lists r;
	int err = resource_lists_decode(&r, text, &a);

	if (!err && !name.n) {
		err = members_add(e, &r, 0, (uint32_t)r.items_n, leads_on);
	} else if (!err) {
		l = resource_lists_find(&r, name);
		if (l)
			err = members_add(e, &r, l->first, l->n, leads_on);
	}
	arena_done(&a);
	return err;
}


static void keep_external(struct group_entry *e)
{
	/* The array is the group's, in its arena; nobody else has seen it yet. */
	struct str *externals = (struct str *)(uintptr_t)e->reading->externals;

	externals[e->kept++] = externals[e->next];
}


static int read_lists(struct group_entry *e);


static int restart(struct group_entry *e)
{
	e->again = false;
	e->reading = mem_unref(e->reading);
	return read_entry(e);
}


/* A list that is not there has nobody in it. */
static int take_list(struct group_entry *e, const struct store_document *d)
{
	char plain_text[SIP_URI_MAX], user_text[SIP_AOR_MAX];
	struct buf plain, user;
	struct list_anchor a;
	bool leads_on = false;
	int err = 0;

	buf_fixed(&plain, plain_text, sizeof(plain_text));
	buf_fixed(&user, user_text, sizeof(user_text));
	if (d && anchor_of(e, &a, &plain, &user))
		err = list_add(e, a.list, d->body, &leads_on);
	if (err == -ENOMEM)
		return err;
	if (err)
		log_error("subscriber",
			  "group <" STR_FMT ">: a list it refers to cannot be read, or is too long",
			  STR_ARG(e->identity));
	if (err || leads_on)
		keep_external(e);
	e->next++;
	return 0;
}


static void on_list(struct store_request *r, int error, void *arg)
{
	struct group_entry *e = arg;

	if (e->again)
		error = restart(e);
	else if (!error || error == -ENOENT)
		error = take_list(e, error ? NULL : store_document_result(r, NULL));
	if (!error && !store_pending(&e->request))
		error = read_lists(e);
	if (!error && store_pending(&e->request))
		return;
	e->reading = mem_unref(e->reading);
	answer(e, error);
}


/* 0: a list has been asked for, or all have been read and the group is there. */
static int read_lists(struct group_entry *e)
{
	struct group *g = e->reading;

	for (; e->next < g->externals_n; e->next++) {
		char plain_text[SIP_URI_MAX], user_text[SIP_AOR_MAX];
		struct buf plain, user;
		struct list_anchor a;

		buf_fixed(&plain, plain_text, sizeof(plain_text));
		buf_fixed(&user, user_text, sizeof(user_text));
		if (anchor_of(e, &a, &plain, &user) && a.name.n &&
		    a.name.n <= STORE_DOCUMENT_NAME_MAX)
			return store_document_get(e->groups->store, &e->request, buf_str(&user),
						  STR(STORE_AUID_RESOURCE_LISTS), a.name, on_list,
						  e);
		keep_external(e);
	}
	g->externals_n = e->kept;
	e->reading = NULL;
	keep(e, g);
	return 0;
}


/* ---- The group ---- */

static int take(struct group_entry *e, const struct store_document *d)
{
	int err = group_decode(&e->reading, d->body, groups_canonical, e->groups);

	if (err == -EBADMSG)
		log_error("subscriber",
			  "group <" STR_FMT ">: its document cannot be read: put it anew",
			  STR_ARG(e->identity));
	if (err)
		return err;
	e->next = e->kept = 0;
	e->refers = e->reading->externals_n > 0;
	return read_lists(e);
}


static void on_read(struct store_request *r, int error, void *arg)
{
	struct group_entry *e = arg;

	if (e->again)
		error = restart(e);
	else if (!error)
		error = take(e, store_document_result(r, NULL));
	if (!error && store_pending(&e->request))
		return;
	e->reading = mem_unref(e->reading);
	answer(e, error);
}


static int read_entry(struct group_entry *e)
{
	return store_document_get(e->groups->store, &e->request, e->identity,
				  STR(STORE_AUID_GROUPS), STR(STORE_NAME_GROUP), on_read, e);
}


int group_load(struct groups *gs, struct group_query *q, struct str identity, group_loaded_cb *cb,
	       void *arg)
{
	bool fresh = !entry_find(gs, identity);
	struct group_entry *e = entry_need(gs, identity);
	int err;

	if (!e)
		return -ENOMEM;
	/* One that is there already is read all the same: the callback comes later. */
	if (!store_pending(&e->request)) {
		forget(e);
		err = read_entry(e);
		if (err) {
			if (fresh)
				entry_free(e);
			return err;
		}
	}
	q->entry = e;
	q->cb = cb;
	q->arg = arg;
	list_append(&e->queries, &q->link);
	return 0;
}


void group_load_cancel(struct group_query *q)
{
	if (!q->entry)
		return;
	list_remove(&q->entry->queries, &q->link);
	q->entry = NULL;
}


/* Without memory for an entry it is only known to the store: then the store must be asked about everybody. */
void groups_drop(struct groups *gs, struct str identity)
{
	struct group_entry *e;

	if (!identity.n || identity.n > STORE_DOCUMENT_NAME_MAX)
		return;
	e = entry_need(gs, identity);
	if (!e) {
		gs->complete = false;
		gs->after_n = 0;
		read_page(gs);
		return;
	}
	e->known = true;
	e->again = store_pending(&e->request);
	forget(e);
}


void groups_drop_lists(struct groups *gs)
{
	size_t cursor = 0;

	for (struct hash_link *l = NULL; (l = hash_walk(&gs->table, &cursor, l));) {
		struct group_entry *e = container_of(l, struct group_entry, link);

		if (store_pending(&e->request))
			e->again = true;
		else if (e->refers)
			forget(e);
	}
}


/* ---- All identities ---- */

static void on_retry(struct timer *t, void *arg)
{
	(void)t;
	read_page(arg);
}


static void retry(struct groups *gs, int error)
{
	log_warning("subscriber", "the groups cannot be listed (%s): asked again in %u s",
		    strerror(-error), GROUPS_RETRY_MS / 1000);
	timer_start(&gs->retry, loop_timers(gs->loop), GROUPS_RETRY_MS, on_retry, gs);
}


static int take_page(struct groups *gs, const struct store_document *d, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct group_entry *e = entry_need(gs, d[i].aor);

		if (!e)
			return -ENOMEM;
		e->known = true;
	}
	return 0;
}


static void on_page(struct store_request *r, int error, void *arg)
{
	struct groups *gs = arg;
	size_t n = 0;
	const struct store_document *d = error ? NULL : store_document_result(r, &n);

	if (!error)
		error = take_page(gs, d, n);
	if (error) {
		retry(gs, error);
	} else if (n < STORE_PAGE_MAX) {
		gs->complete = true;
	} else if (gs->table.count >= GROUPS_MAX) {
		log_warning("subscriber",
			    "more than %u groups: the store is asked about each address",
			    GROUPS_MAX);
	} else {
		gs->after_n = d[n - 1].aor.n;
		memcpy(gs->after, d[n - 1].aor.p, gs->after_n);
		read_page(gs);
	}
}


static void read_page(struct groups *gs)
{
	int error;

	if (store_pending(&gs->request))
		return;
	timer_cancel(&gs->retry);
	error = store_document_find(gs->store, &gs->request, STR(STORE_AUID_GROUPS),
				    (struct str){gs->after, gs->after_n}, STORE_PAGE_MAX, on_page,
				    gs);
	if (error)
		retry(gs, error);
}


/* ---- Life ---- */

static void destroy(void *object)
{
	struct groups *gs = object;
	size_t cursor = 0;

	timer_cancel(&gs->retry);
	store_cancel(&gs->request);
	for (struct hash_link *l = NULL;
	     gs->table.count && (l = hash_walk(&gs->table, &cursor, l));) {
		struct group_entry *e = container_of(l, struct group_entry, link);

		while (!list_empty(&e->queries))
			group_load_cancel(
				container_of(list_first(&e->queries), struct group_query, link));
		entry_free(e);
	}
	hash_done(&gs->table);
	mem_unref(gs->store);
}


int groups_alloc(struct groups **ret, const struct groups_params *p)
{
	struct groups *gs = mem_alloc(sizeof(*gs) + p->domain.n, destroy);

	if (!gs)
		return -ENOMEM;
	list_init(&gs->decoded);
	gs->loop = p->loop;
	gs->store = mem_ref(p->store);
	gs->domain = (struct str){gs->text, p->domain.n};
	memcpy(gs->text, p->domain.n ? p->domain.p : "", p->domain.n);
	if (hash_init(&gs->table, 64)) {
		mem_unref(gs);
		return -ENOMEM;
	}
	read_page(gs);
	*ret = gs;
	return 0;
}
