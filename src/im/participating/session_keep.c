/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A large message or a file that no device of its recipient could be reached for: kept, as the operator has configured
 * (digest c4). The INVITE is a leg already; with it the caller goes to who keeps.
 */

#include <errno.h>

#include "im/message.h"
#include "im/participating/allowance.h"
#include "im/participating/session_state.h"

/** Header lines of an answer that sip_proxy_check writes: none is given here. */
#define ANSWER_HEADERS_MAX 1024


void im_sessions_set_keeper(struct im_sessions *ss, const struct im_keeper *keeper)
{
	struct list_link *next;

	for (struct list_link *l = list_first(&ss->all); l; l = next) {
		struct im_session *s = container_of(l, struct im_session, in_all);

		next = list_next(&ss->all, l);
		if (s->keeping)
			session_end(s, SESSION_END_REFUSED, s->best_status);
	}
	ss->keeper = keeper;
}


void session_keep_cancel(struct im_session *s)
{
	if (s->keeping)
		s->table->keeper->cancel(&s->keep, s->table->keeper->arg);
	s->keeping = false;
}


/* The caller is the keeper's; or gets what the devices have said. */
static void on_kept(struct im_keep *k, int error, void *arg)
{
	struct im_session *s = arg;

	(void)k;
	s->keeping = false;
	if (error) {
		session_refuse(s);
		return;
	}
	s->handed_over = true;
	session_end(s, SESSION_END_REFUSED, s->best_status);
}


/* The request again, from the transaction's own copy. */
static bool recall(struct im_session *s, struct sip_server_txn *st, struct sip_msg *m,
		   struct im_request *r)
{
	const struct im_report *rep = &s->report;
	char storage[ANSWER_HEADERS_MAX];
	struct buf headers;

	buf_fixed(&headers, storage, sizeof(storage));
	if (sip_server_txn_request(st, m) || sip_proxy_check(s->table->sip, m, &r->route, &headers))
		return false;
	r->m = m;
	r->st = st;
	r->src = sip_server_txn_source(st);
	r->trusted = rep->trusted;
	im_request_classify(r, &s->table->addresses);
	if (rep->vouched)
		im_request_set_originator(r, &s->table->addresses, rep->originator);
	r->side = IM_TERMINATING;
	return true;
}


static int take(struct im_session *s, const struct im_request *r)
{
	const struct im_keeper *keeper = s->table->keeper;
	char storage[ALLOWANCE_TYPES_MAX];
	struct im_allowance a;
	struct buf types;

	buf_fixed(&types, storage, sizeof(storage));
	allowance_of(&a, &types, r->kind, s->service, s->user[0], s->user[1]);
	a.leg = &s->a.inv;
	a.originated = s->originating;
	return keeper->take(r, &a, &s->keep, on_kept, s, keeper->arg);
}


/* Timeout, flow failed (RFC 5626 11.5), temporarily unavailable, or no connection to any device. */
static bool is_unreached(const struct im_session *s)
{
	uint16_t status = s->best_status;

	return status == 408 || status == 430 || status == 480 || (status == 500 && !s->best);
}


bool session_keep_unreached(struct im_session *s)
{
	struct sip_server_txn *st = sip_invite_txn(s->a.inv);
	struct im_request r;
	struct sip_msg m;

	if (!s->keeps || !s->table->keeper || !s->table->keeper->take || !is_unreached(s) || !st ||
	    !recall(s, st, &m, &r) || take(s, &r))
		return false;
	s->keeping = true;
	session_guard_stop(s);
	return true;
}
