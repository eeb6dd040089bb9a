/* SPDX-License-Identifier: Apache-2.0 */
/* A user deletes what is kept for them: a MESSAGE with a list of references. */
#include <errno.h>

#include "base/mem.h"
#include "im/retrieval/retrieval_state.h"
#include "store/history.h"

struct removal {
	struct list_link link;
	struct retrievals *rs;
	struct sip_server_txn *st; /**< a reference */
	struct asked asked;
	size_t at; /**< the reference after the one at hand */
	struct walk walk;
	struct store_request r;
	uint64_t ids[KEPT_PAGE]; /**< deferred: those of a page */
	size_t ids_n, ids_at;
	uint64_t removed;
	bool deferred;
	char user[SIP_AOR_MAX];
	size_t user_n;
};

static void next(struct removal *v);


static struct str user_of(const struct removal *v)
{
	return (struct str){v->user, v->user_n};
}


static void removal_destroy(void *object)
{
	struct removal *v = object;

	if (v->rs)
		list_remove(&v->rs->removals, &v->link);
	store_cancel(&v->r);
	kept_cancel(&v->walk.k);
	asked_done(&v->asked);
	mem_unref(v->st);
}


static void finish(struct removal *v, int error)
{
	struct retrievals *rs = v->rs;
	uint16_t status = error ? 503 : v->removed ? 200 : 404;
	struct sip_msg m;
	struct im_request r = {.m = &m, .st = v->st};
	char text[256];
	struct buf b;

	buf_fixed(&b, text, sizeof(text));
	if (status == 404)
		retrieval_warn(&b, rs, STR("there is no such message"));
	if (status == 503)
		buf_puts(&b, STR("Retry-After: 10\r\n"));
	if (sip_server_txn_request(v->st, &m) == 0) {
		r.originator = user_of(v);
		r.recipient = v->deferred ? rs->p.addresses.deferred : rs->p.addresses.history;
		retrieval_tell(rs, &r, status,
			       error           ? STR("store")
			       : status == 404 ? STR("not-found")
					       : STR("deleted"));
	}
	(void)sip_reply(v->st, status, buf_str(&b));
	retrieval_tally(status == 200 ? RETRIEVAL_REMOVED : RETRIEVAL_REFUSED,
			status == 200 ? v->removed : 1);
	mem_unref(v);
}


/* ---- History ---- */

static void clear(struct removal *v, uint64_t conversation);


static void on_removed(struct store_request *r, int error, void *arg)
{
	struct removal *v = arg;

	(void)r;
	v->removed += !error;
	if (error && error != -ENOENT)
		finish(v, error);
	else
		next(v);
}


static void on_cleared(struct store_request *r, int error, void *arg)
{
	struct removal *v = arg;
	size_t n = error ? 0 : store_history_removed(r);

	v->removed += n;
	if (error)
		finish(v, error);
	else if (n == STORE_HISTORY_REMOVE_MAX)
		clear(v, v->asked.ref[v->at - 1].conversation);
	else
		next(v);
}


static void clear(struct removal *v, uint64_t conversation)
{
	int err = store_history_clear(v->rs->p.store, &v->r, user_of(v), conversation, on_cleared,
				      v);

	if (err)
		finish(v, err);
}


static void next_of_history(struct removal *v)
{
	const struct history_reference *r;
	int err;

	if (v->at == v->asked.n) {
		finish(v, 0);
		return;
	}
	r = &v->asked.ref[v->at++];
	if (!r->id) {
		clear(v, r->conversation);
		return;
	}
	err = store_history_delete(v->rs->p.store, &v->r, user_of(v), r->id, on_removed, v);
	if (err)
		finish(v, err);
}


/* ---- Deferred messages: looked at first, for ids are not of one user ---- */

static void on_found(struct walk *w, const struct kept_entry *e)
{
	struct removal *v = container_of(w, struct removal, walk);

	if (v->ids_n < KEPT_PAGE)
		v->ids[v->ids_n++] = e->id;
}


static void on_paged(struct walk *w, int error)
{
	struct removal *v = container_of(w, struct removal, walk);

	if (error)
		finish(v, error);
	else
		next(v);
}


static void next_of_deferred(struct removal *v)
{
	const struct im_handout *h = v->rs->p.handout;
	int err;

	if (v->ids_at < v->ids_n) {
		err = h->withdraw(&v->r, v->ids[v->ids_at++], on_removed, v, h->arg);
	} else {
		v->ids_n = v->ids_at = 0;
		err = walk_on(&v->walk, 0);
	}
	if (err)
		finish(v, err == -ENODATA ? 0 : err);
}


static void next(struct removal *v)
{
	if (v->deferred)
		next_of_deferred(v);
	else
		next_of_history(v);
}


/* ---- The request ---- */

/* What is to go must be named: an id, a session, or everything. */
static int check(const struct removal *v)
{
	for (size_t i = 0; i < v->asked.n; i++) {
		const struct history_reference *r = &v->asked.ref[i];

		if (history_reference_selects(r) || (r->id && r->conversation) ||
		    (v->deferred && r->conversation))
			return -EBADMSG;
	}
	return 0;
}


static struct removal *make(struct retrievals *rs, struct im_request *r)
{
	struct removal *v;

	if (r->originator.n > SIP_AOR_MAX)
		return NULL;
	v = mem_alloc(sizeof(*v), removal_destroy);
	if (!v)
		return NULL;
	v->rs = rs;
	v->st = mem_ref(r->st);
	v->deferred = str_eq(r->recipient, rs->p.addresses.deferred);
	v->user_n = r->originator.n;
	memcpy(v->user, r->originator.p, v->user_n);
	v->walk.k.source = v->deferred ? &kept_deferred : &kept_history;
	v->walk.k.rs = rs;
	v->walk.k.user = user_of(v);
	v->walk.entry = on_found;
	v->walk.paged = on_paged;
	list_append(&rs->removals, &v->link);
	return v;
}


void removal_start(struct retrievals *rs, struct im_request *r)
{
	struct removal *v;
	int err;

	if (!asked_part(r->m, STR("resource-lists+xml")).p) {
		retrieval_reply(rs, r, 415, STR("a list of references is wanted"), STR("request"));
		return;
	}
	v = make(rs, r);
	err = v ? asked_read(&v->asked, r->m, r->recipient, &rs->p.addresses) : -ENOMEM;
	if (!err)
		err = check(v);
	if (err) {
		mem_unref(v);
		retrieval_reply(rs, r,
				err == -ENOBUFS  ? 413
				: err == -ENOMEM ? 500
						 : 400,
				STR("the list of references cannot be taken"), STR("request"));
		return;
	}
	walk_begin(&v->walk, &v->asked);
	next(v);
}


size_t removals_of(const struct retrievals *rs, struct str user)
{
	size_t n = 0;

	for (struct list_link *l = list_first(&rs->removals); l; l = list_next(&rs->removals, l))
		n += str_eq(user_of(container_of(l, struct removal, link)), user);
	return n;
}


void removals_done(struct retrievals *rs)
{
	for (struct list_link *l; (l = list_first(&rs->removals));)
		mem_unref(container_of(l, struct removal, link));
}
