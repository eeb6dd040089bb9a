/* SPDX-License-Identifier: Apache-2.0 */
/* Keeping a message: on disk, then 202. */
#include <errno.h>

#include "base/mem.h"
#include "im/deferred/addressee.h"
#include "im/deferred/deferred_state.h"
#include "im/deferred/handover.h"

/** One message being written. */
struct hold {
	struct list_link link;
	struct deferred *d;
	struct im_keep *keep; /**< NULL: who asked is gone; the message is kept all the same */
	struct store_request r;
	int64_t expires_ms;
	bool was_there; /**< the user was registered already: a device has just failed */
	size_t user_n;
	char user[];
};


static void hold_destroy(void *object)
{
	struct hold *h = object;

	store_cancel(&h->r);
	list_remove(&h->d->holds, &h->link);
}


static void answer(struct hold *h, int error)
{
	struct im_keep *k = h->keep;

	h->keep = NULL;
	if (!k)
		return;
	k->impl = NULL;
	k->kept(k, error, k->arg);
}


/*
 * Whoever registered while it was being written would not hear of it otherwise. Who was there all
 * the time has a device that has just not taken it: that one rests first.
 */
void hold_kept(struct deferred *d, struct str user, int64_t expires_ms, bool was_there)
{
	expire_note(&d->expire, expires_ms);
	(void)addressee_wake(d, user, was_there ? DEFERRED_REST_MS : 0, QUEUE_KEPT);
}


static void on_held(struct store_request *r, int error, void *arg)
{
	struct hold *h = arg;

	(void)r;
	deferred_tally(error ? DEFERRED_REFUSED : DEFERRED_HELD);
	answer(h, error);
	if (!error)
		hold_kept(h->d, (struct str){h->user, h->user_n}, h->expires_ms, h->was_there);
	mem_unref(h);
}


bool hold_on_its_way(const struct deferred *d, const struct im_request *r)
{
	const struct addressee *a = d->setting->terminates_here ? NULL
								: addressee_find(d, r->recipient);

	for (struct list_link *l = a ? list_first(&a->queues) : NULL; l;
	     l = list_next(&a->queues, l)) {
		const struct device_queue *q = container_of(l, struct device_queue, link);

		if ((q->state == QUEUE_SENDING || q->state == QUEUE_TELLING) &&
		    q->now.cseq == r->m->cseq.number && str_eq(q->now.call_id, r->m->call_id))
			return true;
		if (q->handover && str_eq(handover_call_id(q->handover), r->m->call_id))
			return true;
	}
	return false;
}


static int write_it(struct deferred *d, struct hold *h, const struct im_request *r)
{
	struct store_deferred m;
	struct buf headers;
	int err = stored_message_encode(&m, &headers, r, deferred_now(d), d->config.expiry_s);

	if (err)
		return err;
	h->expires_ms = m.expires_ms;
	err = store_deferred_hold(d->store, &h->r, &m, d->config.quota, on_held, h);
	buf_done(&headers);
	return err == -EMSGSIZE ? -E2BIG : err;
}


int hold_keep(const struct im_request *r, struct im_keep *k, im_kept_cb *kept, void *kept_arg,
	      void *arg)
{
	struct deferred *d = arg;
	struct hold *h;
	int err;

	if (!im_kind_is_kept(r->kind) || r->m->method != SIP_MESSAGE || !r->recipient.n)
		return -EOPNOTSUPP;
	if (hold_on_its_way(d, r))
		return -EALREADY;
	if (d->stopped || d->holds.count >= DEFERRED_HOLDS_MAX)
		return -ENOBUFS;
	h = mem_alloc(sizeof(*h) + r->recipient.n, hold_destroy);
	if (!h)
		return -ENOMEM;
	h->d = d;
	h->keep = k;
	h->was_there = addressee_reachable(d, r->recipient);
	h->user_n = r->recipient.n;
	memcpy(h->user, r->recipient.p, r->recipient.n);
	list_append(&d->holds, &h->link);
	err = write_it(d, h, r);
	if (err) {
		deferred_tally(DEFERRED_REFUSED);
		mem_unref(h);
		return err;
	}
	*k = (struct im_keep){.impl = &h->keep, .kept = kept, .arg = kept_arg};
	return 0;
}


void hold_cancel(struct im_keep *k, void *arg)
{
	struct im_keep **keep = k->impl;

	(void)arg;
	if (!keep)
		return;
	*keep = NULL;
	k->impl = NULL;
}


void hold_done(struct deferred *d)
{
	for (struct list_link *l; (l = list_first(&d->holds));)
		mem_unref(container_of(l, struct hold, link));
}
