/* SPDX-License-Identifier: Apache-2.0 */
/* Requests of ours that wait for their answers. */
#include "msrp/transaction.h"

#include "base/mem.h"
#include "msrp/counters.h"
#include "msrp/endpoint_state.h"
#include "msrp/session_state.h"


/* The inverse of msrp_tid_make. */
static bool tid_number(struct str tid, uint64_t *ret)
{
	uint64_t v = 0;

	if (tid.n != MSRP_TID_MADE)
		return false;
	for (int i = MSRP_TID_MADE - 1; i >= 0; i--) {
		unsigned char c = (unsigned char)tid.p[i];
		unsigned digit = (unsigned)(c >= 'a' ? c - 'a' + 10 : c - '0');

		if (c < '0' || digit > 15 || (c > '9' && c < 'a'))
			return false;
		v = v << 4 | digit;
	}
	*ret = v;
	return true;
}


struct msrp_transaction *msrp_transaction_begin(struct msrp_session *s, struct msrp_connection *c,
						char tid[static MSRP_TID_MADE],
						msrp_transaction_cb *done, void *owner, void *arg)
{
	struct msrp_endpoint *ep = s->ep;
	struct msrp_transaction *t = slab_take(ep->slab, sizeof(*t));
	uint64_t number;

	if (!t)
		return NULL;
	number = loop_random_u64(ep->loop);
	*t = (struct msrp_transaction){
		.session = s,
		.c = c,
		.done = done,
		.owner = owner,
		.arg = arg,
	};
	msrp_tid_make(number, tid);
	hash_insert(&ep->transactions, &t->hash, number);
	list_append(&s->transactions, &t->of_session);
	list_append(&c->transactions, &t->of_connection);
	s->outstanding++;
	msrp_session_hold(s, c);
	msrp_count(MSRP_G_TRANSACTIONS, 1);
	return t;
}


void msrp_transaction_sent(struct msrp_transaction *t, bool timed)
{
	t->timed = timed;
	t->slot = NULL;
	t->end_at = t->c->written;
	deadline_add(&t->session->ep->unanswered, &t->due);
}


static void unlink_all(struct msrp_transaction *t)
{
	struct msrp_session *s = t->session;

	if (t->slot) /* answered before its end: refused under way */
		*t->slot = NULL;
	hash_remove(&s->ep->transactions, &t->hash);
	list_remove(&s->transactions, &t->of_session);
	list_remove(&t->c->transactions, &t->of_connection);
	deadline_drop(&s->ep->unanswered, &t->due);
	s->outstanding--;
	msrp_count(MSRP_G_TRANSACTIONS, -1);
}


void msrp_transaction_cancel(struct msrp_transaction *t)
{
	struct msrp_session *s = t->session;
	struct msrp_connection *c = t->c;

	unlink_all(t);
	slab_give(s->ep->slab, t, sizeof(*t));
	msrp_session_release(s, c);
}


void msrp_transaction_end(struct msrp_transaction *t, uint16_t status)
{
	struct msrp_transaction was = *t;
	struct msrp_session *s = t->session;
	struct msrp_connection *c = mem_ref(t->c);

	unlink_all(t);
	slab_give(s->ep->slab, t, sizeof(*t));
	if (was.done)
		was.done(s, status, was.owner, was.arg);
	msrp_session_release(s, c);
	mem_unref(c);
}


void msrp_transaction_finish(struct msrp_transaction *t, uint16_t status)
{
	struct msrp_session *s = mem_ref(t->session);

	msrp_transaction_end(t, status);
	mem_unref(s);
}


/* RFC 4975 7.2: "transmitted back on the same connection on which the original request arrived" */
void msrp_transaction_answer(struct msrp_connection *c, const struct msrp_frame *f)
{
	uint64_t number;

	if (tid_number(f->tid, &number)) {
		for (struct hash_link *l = hash_first(&c->ep->transactions, number); l;
		     l = hash_next(l)) {
			struct msrp_transaction *t = container_of(l, struct msrp_transaction, hash);

			if (t->c != c)
				continue;
			msrp_transaction_finish(t, f->status);
			return;
		}
	}
	msrp_count(MSRP_C_UNKNOWN_ANSWER, 1);
}


/* RFC 4975 7.1.1: "30 seconds from the time the last byte of the transaction is sent" */
static bool has_left(const struct msrp_transaction *t)
{
	return t->c->written - stream_queued(t->c->stream) >= t->end_at;
}


void msrp_transaction_overdue(struct deadline *d, void *owner)
{
	struct msrp_transaction *t = container_of(d, struct msrp_transaction, due);
	struct msrp_endpoint *ep = owner;

	if (t->timed && t->c->stream && !has_left(t)) {
		deadline_add(&ep->unanswered, d);
		return;
	}
	if (t->timed)
		msrp_count(MSRP_C_TIMEOUT, 1);
	msrp_transaction_finish(t, t->timed ? 408 : 200);
}


void msrp_transactions_forget(struct msrp_session *s, const void *owner)
{
	for (struct list_link *k = list_first(&s->transactions), *next; k; k = next) {
		struct msrp_transaction *t = container_of(k, struct msrp_transaction, of_session);

		next = list_next(&s->transactions, k);
		if (t->owner == owner)
			msrp_transaction_cancel(t);
	}
}
