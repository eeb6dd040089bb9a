/* SPDX-License-Identifier: Apache-2.0 */
/* Subscribers: a cache of what the store knows, and a smaller one of who is nobody. */
#include "subscriber/subscriber.h"

#include <errno.h>

#include "base/log.h"
#include "base/mem.h"
#include "subscriber/profile.h"

#define EXPECTED 64

/** An address that was looked up and is nobody's. */
struct unknown {
	struct hash_link link;
	struct list_link order; /**< oldest first */
	uint64_t until_ms;
	struct str aor;
	char text[];
};

struct subscriber_load {
	struct hash_link link;
	struct subscribers *cache;
	struct list queries;
	struct profile_read read;
	struct deferred_call known; /**< nothing to ask the store for */
	bool waits;                 /**< for the service's policy */
	bool again;                 /**< changed while it was being read */
	struct str aor;
	char text[];
};

struct subscribers {
	struct loop *loop;
	struct store *store;
	bool ims;
	struct str *domains;
	size_t domains_n;
	struct hash_table users, unknowns, loads;
	struct list users_order, unknowns_order;

	struct operator_policy *configured, *policy;
	bool policy_known; /**< it was read, or that failed once */
	bool policy_again; /**< changed while it was being read */
	struct store_request policy_request;
	struct timer policy_retry;
};


static uint64_t aor_hash(const struct hash_table *t, struct str aor)
{
	return hash_bytes(&t->key, aor.p, aor.n);
}


static struct subscriber *find_user(const struct subscribers *ss, struct str aor)
{
	for (struct hash_link *l = hash_first(&ss->users, aor_hash(&ss->users, aor)); l;
	     l = hash_next(l)) {
		struct subscriber *s = container_of(l, struct subscriber, link);

		if (str_eq(s->aor, aor))
			return s;
	}
	return NULL;
}


static struct unknown *find_unknown(const struct subscribers *ss, struct str aor)
{
	for (struct hash_link *l = hash_first(&ss->unknowns, aor_hash(&ss->unknowns, aor)); l;
	     l = hash_next(l)) {
		struct unknown *u = container_of(l, struct unknown, link);

		if (str_eq(u->aor, aor))
			return u;
	}
	return NULL;
}


static struct subscriber_load *find_load(const struct subscribers *ss, struct str aor)
{
	for (struct hash_link *l = hash_first(&ss->loads, aor_hash(&ss->loads, aor)); l;
	     l = hash_next(l)) {
		struct subscriber_load *q = container_of(l, struct subscriber_load, link);

		if (str_eq(q->aor, aor))
			return q;
	}
	return NULL;
}


/* ---- Caching ---- */

static void drop_user(struct subscribers *ss, struct subscriber *s)
{
	hash_remove(&ss->users, &s->link);
	list_remove(&ss->users_order, &s->order);
	s->cache = NULL;
	mem_unref(s);
}


static void drop_unknown(struct subscribers *ss, struct unknown *u)
{
	hash_remove(&ss->unknowns, &u->link);
	list_remove(&ss->unknowns_order, &u->order);
	mem_unref(u);
}


static struct str put(char **at, struct str s)
{
	struct str copy = {*at, s.n};

	if (s.n)
		memcpy(*at, s.p, s.n);
	*at += s.n;
	return copy;
}


/* The cache takes a reference of its own. */
static void keep_user(struct subscribers *ss, struct subscriber *s)
{
	if (ss->users_order.count >= SUBSCRIBERS_MAX)
		drop_user(ss, container_of(list_first(&ss->users_order), struct subscriber, order));
	s->cache = ss;
	mem_ref(s);
	hash_insert(&ss->users, &s->link, aor_hash(&ss->users, s->aor));
	list_append(&ss->users_order, &s->order);
}


/* Without memory it is looked up again next time. */
static void keep_unknown(struct subscribers *ss, struct str aor)
{
	struct unknown *u;
	char *at;

	if (ss->unknowns_order.count >= SUBSCRIBERS_UNKNOWN_MAX)
		drop_unknown(ss,
			     container_of(list_first(&ss->unknowns_order), struct unknown, order));
	u = mem_alloc(sizeof(*u) + aor.n, NULL);
	if (!u)
		return;
	at = u->text;
	u->aor = put(&at, aor);
	u->until_ms = loop_now_ms(ss->loop) + SUBSCRIBERS_UNKNOWN_MS;
	hash_insert(&ss->unknowns, &u->link, aor_hash(&ss->unknowns, u->aor));
	list_append(&ss->unknowns_order, &u->order);
}


/* ---- The table ---- */

static void load_free(struct subscribers *ss, struct subscriber_load *q)
{
	profile_read_cancel(&q->read);
	loop_defer_cancel(ss->loop, &q->known);
	hash_remove(&ss->loads, &q->link);
	for (struct list_link *k; (k = list_first(&q->queries));) {
		list_remove(&q->queries, k);
		container_of(k, struct subscriber_query, link)->load = NULL;
	}
	mem_unref(q);
}


static void destroy(void *object)
{
	struct subscribers *ss = object;
	size_t cursor = 0;

	for (struct hash_link *l = NULL; (l = hash_walk(&ss->loads, &cursor, l));)
		load_free(ss, container_of(l, struct subscriber_load, link));
	for (struct list_link *k; (k = list_first(&ss->users_order));)
		drop_user(ss, container_of(k, struct subscriber, order));
	for (struct list_link *k; (k = list_first(&ss->unknowns_order));)
		drop_unknown(ss, container_of(k, struct unknown, order));
	store_cancel(&ss->policy_request);
	timer_cancel(&ss->policy_retry);
	mem_unref(ss->configured);
	mem_unref(ss->policy);
	hash_done(&ss->users);
	hash_done(&ss->unknowns);
	hash_done(&ss->loads);
	mem_unref(ss->domains);
	mem_unref(ss->store);
	mem_unref(ss->loop);
}


static int policy_read(struct subscribers *ss);


/* The array and its texts in one block. */
static int copy_domains(struct subscribers *ss, const struct subscribers_params *p)
{
	size_t n = p->domains_n * sizeof(struct str);
	char *at;

	if (p->domains_n > SUBSCRIBERS_DOMAINS_MAX)
		return -EINVAL;
	for (size_t i = 0; i < p->domains_n; i++)
		n += p->domains[i].n;
	ss->domains = mem_alloc(n, NULL);
	if (!ss->domains)
		return -ENOMEM;
	at = (char *)(ss->domains + p->domains_n);
	for (; ss->domains_n < p->domains_n; ss->domains_n++)
		ss->domains[ss->domains_n] = put(&at, p->domains[ss->domains_n]);
	return 0;
}


int subscribers_alloc(struct subscribers **ret, const struct subscribers_params *p)
{
	struct subscribers *ss = mem_alloc(sizeof(*ss), destroy);
	int r;

	if (!ss)
		return -ENOMEM;
	ss->loop = mem_ref(p->loop);
	ss->store = mem_ref(p->store);
	ss->ims = p->ims;
	ss->configured = mem_ref(p->policy);
	ss->policy = mem_ref(p->policy);
	list_init(&ss->users_order);
	list_init(&ss->unknowns_order);
	r = copy_domains(ss, p);
	if (!r && (hash_init(&ss->users, EXPECTED) || hash_init(&ss->unknowns, EXPECTED) ||
		   hash_init(&ss->loads, EXPECTED)))
		r = -ENOMEM;
	if (!r)
		r = policy_read(ss);
	if (r) {
		mem_unref(ss);
		return r;
	}

	*ret = ss;
	return 0;
}


bool subscribers_ims(const struct subscribers *ss)
{
	return ss->ims;
}


bool subscribers_serve_domain(const struct subscribers *ss, struct str host)
{
	for (size_t i = 0; i < ss->domains_n; i++)
		if (str_eq_nocase(ss->domains[i], host))
			return true;
	return false;
}


bool subscribers_serve(const struct subscribers *ss, struct str aor)
{
	ptrdiff_t at = str_rfind(aor, '@');

	/* A domain alone ("sip:example.org") is nobody. */
	return at > 0 && subscribers_serve_domain(ss, str_from(aor, (size_t)at + 1));
}


int subscribers_find(struct subscribers *ss, struct str aor, struct subscriber **ret)
{
	struct subscriber *s;
	struct unknown *u;

	if (!subscribers_serve(ss, aor))
		return -ENOENT;
	s = find_user(ss, aor);
	if (s) {
		list_remove(&ss->users_order, &s->order);
		list_append(&ss->users_order, &s->order);
		*ret = s;
		return 0;
	}

	u = find_unknown(ss, aor);
	if (!u)
		return -EAGAIN;
	if (u->until_ms > loop_now_ms(ss->loop))
		return -ENOENT;
	drop_unknown(ss, u);
	return -EAGAIN;
}


/* ---- Loading ---- */

/* Queries are idle before their callbacks are called, which may free them or ask anew. */
static void answer(struct subscriber_load *q, int error, struct subscriber *s)
{
	for (struct list_link *k; (k = list_first(&q->queries));) {
		struct subscriber_query *query = container_of(k, struct subscriber_query, link);

		list_remove(&q->queries, k);
		query->load = NULL;
		query->cb(query, error, s, query->arg);
	}
}


/* Takes the load, and the reference to `s`. */
static void load_done(struct subscriber_load *q, int error, struct subscriber *s)
{
	struct subscribers *ss = mem_ref(q->cache);

	if (!error)
		keep_user(ss, s);
	else if (error == -ENOENT)
		keep_unknown(ss, q->aor);
	hash_remove(&ss->loads, &q->link);
	answer(q, error, s);
	mem_unref(s);
	load_free(ss, q);
	mem_unref(ss);
}


static int read_start(struct subscriber_load *q);


static void read_cb(struct profile_read *p, int error, struct subscriber *s, void *arg)
{
	struct subscriber_load *q = arg;

	(void)p;
	if (q->again) {
		mem_unref(s);
		error = read_start(q);
		if (error)
			load_done(q, error, NULL);
	} else {
		load_done(q, error, s);
	}
}


static int read_start(struct subscriber_load *q)
{
	struct subscribers *ss = q->cache;

	q->again = false;
	q->waits = !ss->policy_known;
	if (q->waits)
		return 0;
	return profile_read_start(&q->read,
				  &(struct profile_read_params){
					  .store = ss->store,
					  .aor = q->aor,
					  .domain = ss->domains[0],
					  .account_needed = !ss->ims,
				  },
				  read_cb, q);
}


static void read(struct subscriber_load *q)
{
	int error = read_start(q);

	if (error)
		load_done(q, error, NULL);
}


/* It is in a cache: tell that, later as always. */
static void known_cb(void *arg)
{
	struct subscriber_load *q = arg;
	struct subscribers *ss = mem_ref(q->cache);
	struct subscriber *s = NULL;
	int error = subscribers_find(ss, q->aor, &s);

	if (error == -EAGAIN) {
		read(q);
	} else {
		mem_ref(s);
		hash_remove(&ss->loads, &q->link);
		answer(q, error, s);
		mem_unref(s);
		load_free(ss, q);
	}
	mem_unref(ss);
}


static int load_start(struct subscribers *ss, struct subscriber_load *q)
{
	struct subscriber *s;

	if (subscribers_find(ss, q->aor, &s) == -EAGAIN)
		return read_start(q);
	loop_defer(ss->loop, &q->known, known_cb, q);
	return 0;
}


static int load_make(struct subscribers *ss, struct str aor, struct subscriber_load **ret)
{
	struct subscriber_load *q = mem_alloc(sizeof(*q) + aor.n, NULL);
	char *at;
	int r;

	if (!q)
		return -ENOMEM;
	at = q->text;
	q->aor = put(&at, aor);
	q->cache = ss;
	list_init(&q->queries);
	r = load_start(ss, q);
	if (r) {
		mem_unref(q);
		return r;
	}

	hash_insert(&ss->loads, &q->link, aor_hash(&ss->loads, q->aor));
	*ret = q;
	return 0;
}


int subscriber_load(struct subscribers *ss, struct subscriber_query *q, struct str aor,
		    subscriber_loaded_cb *cb, void *arg)
{
	struct subscriber_load *load = find_load(ss, aor);
	int r = load ? 0 : load_make(ss, aor, &load);

	if (r)
		return r;
	q->load = load;
	q->cb = cb;
	q->arg = arg;
	list_append(&load->queries, &q->link);
	return 0;
}


void subscriber_load_cancel(struct subscriber_query *q)
{
	if (!q->load)
		return;
	list_remove(&q->load->queries, &q->link);
	q->load = NULL;
}


/* ---- The policy of the service ---- */

static struct subscriber_load *waiting_load(struct subscribers *ss)
{
	size_t cursor = 0;

	for (struct hash_link *l = NULL; (l = hash_walk(&ss->loads, &cursor, l));) {
		struct subscriber_load *q = container_of(l, struct subscriber_load, link);

		if (q->waits)
			return q;
	}
	return NULL;
}


static void policy_is_known(struct subscribers *ss)
{
	ss->policy_known = true;
	mem_ref(ss);
	for (struct subscriber_load *q; (q = waiting_load(ss));)
		read(q);
	mem_unref(ss);
}


static void policy_retry_cb(struct timer *t, void *arg)
{
	(void)t;
	(void)policy_read(arg);
}


static void policy_cb(struct store_request *r, int error, void *arg)
{
	struct subscribers *ss = arg;
	struct operator_policy *fresh;
	const struct store_policy *set = NULL;
	size_t n = 0;

	if (ss->policy_again) {
		(void)policy_read(ss);
		return;
	}
	if (!error) {
		set = store_policy_result(r, &n);
		error = operator_policy_alloc(&fresh, ss->configured, set, n);
	}
	if (error) {
		log_error("policy",
			  "the operator's policy for the service cannot be read: %s: the one "
			  "before holds",
			  strerror(-error));
		timer_start(&ss->policy_retry, loop_timers(ss->loop), SUBSCRIBERS_RETRY_MS,
			    policy_retry_cb, ss);
	} else {
		mem_unref(ss->policy);
		ss->policy = fresh;
	}
	policy_is_known(ss);
}


static int policy_read(struct subscribers *ss)
{
	timer_cancel(&ss->policy_retry);
	ss->policy_again = store_pending(&ss->policy_request);
	if (ss->policy_again)
		return 0;
	int error = store_policy_list(ss->store, &ss->policy_request, STR(""), policy_cb, ss);
	if (error)
		timer_start(&ss->policy_retry, loop_timers(ss->loop), SUBSCRIBERS_RETRY_MS,
			    policy_retry_cb, ss);
	return error;
}


const struct operator_policy *subscribers_policy(const struct subscribers *ss)
{
	return ss->policy;
}


void subscribers_set_policy(struct subscribers *ss, struct operator_policy *configured)
{
	mem_ref(configured);
	mem_unref(ss->configured);
	ss->configured = configured;
	(void)policy_read(ss);
}


void subscribers_drop(struct subscribers *ss, struct str aor)
{
	if (!aor.n) {
		(void)policy_read(ss);
		return;
	}
	struct subscriber *s = find_user(ss, aor);
	struct unknown *u = find_unknown(ss, aor);
	struct subscriber_load *q = find_load(ss, aor);

	if (s)
		drop_user(ss, s);
	if (u)
		drop_unknown(ss, u);
	if (q)
		q->again = true;
}
