/* SPDX-License-Identifier: Apache-2.0 */
/* A request whose recipient is away: to the keeper, and the answer to what came of that. */

#include "im/participating/flight.h"

#include <errno.h>

#include "im/participating/allowance.h"
#include "sip/compose.h"


/*
 * RFC 3261 21.4.18: "The response MAY indicate a better time to call in the Retry-After header field." The devices
 * know; and who brings a message that was kept rests so long (deferred/push.h).
 */
static void put_retry_after(struct buf *b, const struct flight *f)
{
	if (f->retry_after_s)
		sip_put_headeru(b, SIP_HDR_RETRY_AFTER, f->retry_after_s);
}


static void answer_not_kept(struct flight *f, int error)
{
	char storage[FLIGHT_HEADERS_MAX];
	struct buf headers;
	struct gate_answer a = {.headers = &headers};
	struct str host = f->pf->addresses.domains[0];

	buf_fixed(&headers, storage, sizeof(storage));
	switch (error) {
	case -EDQUOT:
		gate_warn(&a, host, STR("too many messages wait for this user"));
		flight_refuse(f, 480, buf_str(&headers), STR("quota"));
		break;
	case -EPERM:
		gate_warn(&a, host, STR("this user does not want messages kept"));
		flight_refuse(f, 480, buf_str(&headers), STR("offline-delivery-off"));
		break;
	case -E2BIG:
		gate_warn(&a, host, STR("133 Size exceeded"));
		flight_refuse(f, 413, buf_str(&headers), STR("too-large-to-keep"));
		break;
	case -ETIME:
	case -EALREADY:
	case -EOPNOTSUPP:
		put_retry_after(&headers, f);
		flight_refuse(f, 480, buf_str(&headers), STR("recipient-reachable"));
		break;
	case -EUSERS:
		flight_refuse(f, 486, STR_NULL, STR("too-many-to-keep"));
		break;
	case -EBADMSG:
		flight_refuse(f, 400, STR_NULL, STR("sdp"));
		break;
	case -EPROTONOSUPPORT:
		flight_refuse(f, 488, STR_NULL, STR("sdp"));
		break;
	default:
		/* RFC 3261 21.5.4: the sender may try again. */
		flight_refuse(f, 503, STR("Retry-After: 10\r\n"), STR("store"));
	}
}


/* RFC 3428 7: 202 when the message "has been accepted" but not yet received. It is on disk. */
static void on_kept(struct im_keep *k, int error, void *arg)
{
	struct flight *f = arg;

	(void)k;
	f->keeping = false;
	if (error) {
		answer_not_kept(f, error);
		return;
	}
	if (sip_server_txn_method(f->st) == SIP_INVITE) {
		mem_unref(f); /* who has taken it answers it, and tells */
		return;
	}
	f->status = 202;
	f->outcome = IM_DEFERRED;
	/* Its recipient has it when it is delivered. */
	if (!flight_record(f, f->report.recorded_sides & IM_RECORD_ORIGINATOR))
		flight_answer(f);
}


/* The message itself is still to come: its INVITE is handed over. */
static int take(struct flight *f, const struct im_request *r, const struct subscriber *served)
{
	const struct im_keeper *keeper = f->pf->keeper;
	char storage[ALLOWANCE_TYPES_MAX];
	struct im_allowance a;
	struct buf types;

	if (!keeper->take)
		return -EOPNOTSUPP;
	buf_fixed(&types, storage, sizeof(storage));
	allowance_of(&a, &types, r->kind, subscribers_policy(f->pf->subscribers),
		     f->originator_policy, served ? served->policy : NULL);
	a.originated = f->originated;
	return keeper->take(r, &a, &f->keep, on_kept, f, keeper->arg);
}


void flight_keep(struct flight *f, const struct im_request *r, const struct subscriber *served)
{
	const struct im_keeper *keeper = f->pf->keeper;
	int err = -ENOTSUP;

	if (keeper && served && !im_settings_on(&served->settings, IM_OFFLINE_DELIVERY))
		err = -EPERM;
	else if (keeper && r->m->method == SIP_INVITE)
		err = take(f, r, served);
	else if (keeper)
		err = keeper->keep(r, &f->keep, on_kept, f, keeper->arg);
	if (err)
		answer_not_kept(f, err);
	else
		f->keeping = true;
}


/* The request again, from the transaction's own copy. */
static bool recall(struct participating *pf, struct sip_server_txn *st, const struct im_report *rep,
		   struct flight_waiting *w)
{
	char storage[FLIGHT_HEADERS_MAX];
	struct buf headers;

	buf_fixed(&headers, storage, sizeof(storage));
	if (sip_server_txn_request(st, &w->m) ||
	    sip_proxy_check(pf->sip, &w->m, &w->r.route, &headers))
		return false;
	w->r.m = &w->m;
	w->r.st = st;
	w->r.src = sip_server_txn_source(st);
	w->r.trusted = rep->trusted;
	im_request_classify(&w->r, &pf->addresses);
	if (rep->vouched)
		im_request_set_originator(&w->r, &pf->addresses, rep->originator);
	w->r.side = IM_TERMINATING;
	return true;
}


/* The message was sent on, and no device has it: kept all the same, as the operator has configured. */
bool flight_unreached(struct sip_server_txn *st, uint32_t retry_after_s, struct im_report *rep,
		      void *arg)
{
	struct participating *pf = arg;
	struct subscriber *served = NULL;
	struct flight_waiting w;
	struct flight *f;

	if (!pf->keeper || !recall(pf, st, rep, &w))
		return false;
	f = flight_with(pf, st);
	if (!f)
		return false;
	f->report = *rep;
	f->retry_after_s = retry_after_s;
	rep->text = NULL;
	(void)subscribers_find(pf->subscribers, w.r.recipient, &served);
	flight_keep(f, &w.r, served);
	return true;
}


/* Messages, and files where the operator has them wait as well. */
static bool is_kept(const struct participating *pf, enum im_kind kind)
{
	return im_kind_is_kept(kind) || (kind == IM_FILE && pf->rules->defer_files);
}


bool flight_kept_after_failure(const struct participating *pf, const struct im_request *r)
{
	if (!pf->keeper || !pf->rules->defer_after_failure || !is_kept(pf, r->kind))
		return false;
	/* Expires of an INVITE says how long it may ring. */
	return r->m->method == SIP_INVITE || (!(r->expires_given && !r->expires_s) &&
					      !request_expired(r, loop_wall_ms(sip_loop(pf->sip))));
}
