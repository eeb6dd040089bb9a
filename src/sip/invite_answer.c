/* SPDX-License-Identifier: Apache-2.0 */
/* INVITEs of the peer, the first one and those inside the call: their responses, ACK, PRACK, CANCEL. */
#include "sip/invite.h"

#include <errno.h>

#include "base/mem.h"
#include "sip/compose.h"
#include "sip/invite_state.h"

static void on_resend(struct timer *t, void *arg);
static void on_deadline(struct timer *t, void *arg);


/* ---- Life ---- */

static void reply_free(struct invite_reply *r)
{
	mem_free(r);
}


static void repetition_stop(struct invite_in *in)
{
	timer_cancel(&in->resend);
	timer_cancel(&in->deadline);
	in->waiting_prack = false;
}


static void queue_free(struct invite_in *in)
{
	struct list_link *l;

	while ((l = list_first(&in->queue))) {
		list_remove(&in->queue, l);
		reply_free(container_of(l, struct invite_reply, link));
	}
}


static void in_destroy(void *object)
{
	struct invite_in *in = object;

	repetition_stop(in);
	queue_free(in);
	reply_free(in->sent);
	mem_free((char *)in->prefix.p);
	mem_free((char *)in->target.p);
	mem_unref(in->st);
}


void invite_in_free(struct sip_invite *inv)
{
	struct invite_in *in = inv->in;

	if (!in)
		return;
	inv->in = NULL;
	in->inv = NULL;
	repetition_stop(in);
	sip_server_txn_watch(in->st, NULL, NULL);
	mem_unref(in);
}


static void on_cancelled(struct sip_server_txn *st, const struct sip_msg *cancel, void *arg)
{
	struct invite_in *in = arg;
	struct sip_invite *inv = in->inv;
	const struct sip_invite_handler *h = invite_owner(inv);
	bool initial = in->initial;

	(void)st;
	mem_ref(inv);
	invite_in_refuse(inv, 487, STR_NULL);
	if (initial)
		invite_over(inv,
			    &(struct sip_invite_ended){.why = SIP_INVITE_CANCELLED, .m = cancel},
			    false);
	else if (h && h->withdrawn)
		h->withdrawn(inv, SIP_INVITE, inv->arg);
	mem_unref(inv);
}


static const struct sip_server_watch watch = {.cancelled = on_cancelled};


/* All responses begin alike (8.2.6.2); kept, so that none of them needs the request any more. */
static int prefix_make(struct invite_in *in, const struct sip_msg *m)
{
	struct sip_dialog *d = in->inv->usage.dialog;
	struct buf *b = &d->dialogs->message;

	buf_clear(b);
	sip_put_response(b, m, 200, STR_NULL, d->local_tag);
	if (!m->to_tag.n)
		sip_put_copy(b, m, SIP_HDR_RECORD_ROUTE);
	if (b->failed)
		return -ENOBUFS;
	struct str all = buf_str(b);
	return invite_keep(&in->prefix, str_from(all, (size_t)(str_find(all, '\n') + 1))) ? 0
											  : -ENOMEM;
}


static int in_fill(struct invite_in *in, struct sip_server_txn *st, const struct sip_msg *m)
{
	struct str target;
	int err = dialog_target_of(&target, m);

	in->st = mem_ref(st);
	in->cseq = m->cseq.number;
	in->initial = !m->to_tag.n;
	in->offered = m->body.n > 0;
	in->must_rel = sip_msg_has_token(m, SIP_HDR_REQUIRE, STR("100rel"));
	in->may_rel = in->must_rel || sip_msg_has_token(m, SIP_HDR_SUPPORTED, STR("100rel"));
	if (!err && target.n && !str_eq(target, sip_dialog_target(in->inv->usage.dialog)) &&
	    !invite_keep(&in->target, target))
		err = -ENOMEM;
	return err ? err : prefix_make(in, m);
}


int invite_in_alloc(struct sip_invite *inv, struct sip_server_txn *st, const struct sip_msg *m,
		    const struct sip_session_offer *session)
{
	struct invite_in *in = mem_alloc_in(inv->dialogs->slab, sizeof(*in), in_destroy);
	int err;

	if (!in)
		return -ENOMEM;
	in->inv = inv;
	in->session = *session;
	list_init(&in->queue);
	err = in_fill(in, st, m);
	if (err) {
		mem_unref(in);
		return err;
	}
	inv->in = in;
	sip_server_txn_watch(st, &watch, in);
	return 0;
}


/* ---- Composing ---- */

static void put_reliable(struct buf *b, struct invite_in *in)
{
	/* RFC 3262 3: "between 1 and 2**31 - 1. It is RECOMMENDED that it be chosen uniformly in this
	 * range", then "greater by exactly one". */
	if (!in->rseq)
		in->rseq = (uint32_t)(loop_random_u64(in->inv->dialogs->loop) % 0x7fffffff);
	in->rseq++;
	sip_put_header(b, SIP_HDR_REQUIRE, STR("100rel"));
	sip_put_headeru(b, SIP_HDR_RSEQ, in->rseq);
}


static void put_reply(struct buf *b, struct invite_in *in, const struct sip_response *r,
		      bool reliable)
{
	const struct sip_source *src = sip_server_txn_source(in->st);
	struct sip_hop back = {.kind = src->kind, .addr = src->peer, .socket = src->socket};

	buf_clear(b);
	buf_puts(b, STR("SIP/2.0 "));
	buf_putu(b, r->status);
	buf_putc(b, ' ');
	buf_puts(b, r->reason.p ? r->reason : sip_reason(r->status));
	buf_puts(b, STR("\r\n"));
	buf_puts(b, in->prefix);
	if (r->status < 300) {
		dialog_put_contact(b, in->inv->usage.dialog, &back);
		invite_put_abilities(b, in->inv);
	}
	if (reliable)
		put_reliable(b, in);
	if (r->status >= 200 && r->status < 300)
		sip_session_timer_put_answer(&in->inv->timer, b, &in->session);
	buf_puts(b, r->headers);
	sip_put_server(b, in->inv->dialogs->sip, r->headers);
	sip_put_body(b, r->type, r->body);
}


/* The bytes, in the table's scratch. */
static int compose(struct str *ret, struct invite_in *in, const struct sip_response *r,
		   bool reliable)
{
	struct buf *b = &in->inv->dialogs->message;

	put_reply(b, in, r, reliable);
	if (b->failed)
		return -ENOBUFS;
	*ret = buf_str(b);
	return 0;
}


static struct invite_reply *keep(struct invite_in *in, const struct sip_response *r,
				 struct str bytes, bool reliable)
{
	struct invite_reply *k = mem_raw(sizeof(*k) + bytes.n);

	if (!k)
		return NULL;
	*k = (struct invite_reply){.status = r->status,
				   .body = r->body.n > 0,
				   .rseq = reliable ? in->rseq : 0,
				   .n = (uint32_t)bytes.n};
	memcpy(k->bytes, bytes.p, bytes.n);
	return k;
}


/* ---- Repeating ---- */

static int send_kept(struct invite_in *in)
{
	return sip_server_txn_send(in->st, in->sent->status,
				   (struct str){in->sent->bytes, in->sent->n});
}


static void repetition_start(struct invite_in *in)
{
	const struct sip_timers *t = invite_times(in->inv);

	in->interval_ms = t->t1_ms;
	timer_start(&in->resend, invite_timers(in->inv), in->interval_ms, on_resend, in);
	timer_start(&in->deadline, invite_timers(in->inv), t->linger_ms, on_deadline, in);
}


/* 13.3.1.4: "an interval that starts at T1 seconds and doubles for each retransmission until it reaches T2
 * seconds". RFC 3262 3 has no such end. */
static void on_resend(struct timer *t, void *arg)
{
	struct invite_in *in = arg;
	uint32_t t2 = invite_times(in->inv)->t2_ms;

	(void)send_kept(in);
	in->interval_ms *= 2;
	if (in->answered && in->interval_ms > t2)
		in->interval_ms = t2;
	timer_start(t, invite_timers(in->inv), in->interval_ms, on_resend, in);
}


/* 13.3.1.4: "If the server retransmits the 2xx response for 64*T1 seconds without receiving an ACK, the
 * dialog is confirmed, but the session SHOULD be terminated. This is accomplished with a BYE".
 * RFC 3262 3: without a PRACK "the UAS SHOULD reject the original request with a 5xx response". */
static void on_deadline(struct timer *t, void *arg)
{
	struct invite_in *in = arg;
	struct sip_invite *inv = in->inv;
	bool was_answered = in->answered;

	(void)t;
	mem_ref(inv);
	if (!was_answered)
		invite_in_refuse(inv, 504, STR_NULL);
	invite_in_free(inv);
	if (inv->state == SIP_INVITE_ENDING) {
		invite_bye(inv);
		invite_settle(inv);
	} else if (was_answered || inv->state == SIP_INVITE_INCOMING) {
		invite_over(inv,
			    &(struct sip_invite_ended){.why = SIP_INVITE_UNACKNOWLEDGED,
						       .error = -ETIMEDOUT},
			    was_answered);
	}
	mem_unref(inv);
}


/* ---- Answering ---- */

/* The new one becomes what is repeated. */
static int send_repeated(struct invite_in *in, struct invite_reply *k)
{
	struct invite_reply *before = in->sent;
	int err;

	in->sent = k;
	err = send_kept(in);
	if (err) {
		in->sent = before;
		reply_free(k);
		return err;
	}
	reply_free(before);
	dialog_answered(in->inv->usage.dialog, NULL, k->status);
	repetition_start(in);
	return 0;
}


static int send_success(struct invite_in *in, struct invite_reply *k)
{
	struct sip_invite *inv = in->inv;
	int err;

	repetition_stop(in);
	err = send_repeated(in, k);
	if (err)
		return err;
	queue_free(in);
	in->answered = true;
	in->our_offer = !in->offered && !in->settled && in->sent->body;
	/* 12.2.2: the new target holds now. Without memory for it the old one stays. */
	if (in->target.n)
		(void)dialog_text(inv->usage.dialog, &inv->usage.dialog->target, in->target);
	if (inv->state == SIP_INVITE_INCOMING)
		invite_move(inv, SIP_INVITE_ACCEPTED);
	return 0;
}


static int send_reliable(struct invite_in *in, struct invite_reply *k)
{
	int err = send_repeated(in, k);

	if (!err) {
		in->waiting_prack = true;
		in->open_rseq = in->sent->rseq;
	}
	return err;
}


static int enqueue(struct invite_in *in, struct invite_reply *k)
{
	list_append(&in->queue, &k->link);
	return 0;
}


/* RFC 3262 5: "If the UAS had placed a session description in any reliable provisional response that is
 * unacknowledged when the INVITE is accepted, the UAS MUST delay sending the 2xx". */
static bool success_waits(const struct invite_in *in)
{
	if (in->waiting_prack && in->sent->body)
		return true;
	for (struct list_link *l = list_first(&in->queue); l; l = list_next(&in->queue, l)) {
		if (container_of(l, struct invite_reply, link)->body)
			return true;
	}
	return false;
}


static bool success_queued(const struct invite_in *in)
{
	struct list_link *l = in->queue.count ? in->queue.head.prev : NULL;

	return l && container_of(l, struct invite_reply, link)->status >= 200;
}


static int answer_kept(struct invite_in *in, const struct sip_response *r, bool reliable)
{
	struct invite_reply *k;
	struct str bytes;
	int err;

	if (reliable && in->queue.count == SIP_INVITE_RELIABLE_MAX)
		return -ENOBUFS;
	err = compose(&bytes, in, r, reliable);
	if (err)
		return err;
	k = keep(in, r, bytes, reliable);
	if (!k)
		return -ENOMEM;
	if (reliable)
		return in->waiting_prack ? enqueue(in, k) : send_reliable(in, k);
	return success_waits(in) ? enqueue(in, k) : send_success(in, k);
}


static int answer_once(struct invite_in *in, const struct sip_response *r)
{
	struct sip_invite *inv = in->inv;
	struct str bytes;
	int err = compose(&bytes, in, r, false);

	if (!err)
		err = sip_server_txn_send(in->st, r->status, bytes);
	if (!err && r->status < 200)
		dialog_answered(inv->usage.dialog, NULL, r->status);
	if (!err && r->status >= 300)
		invite_in_free(inv);
	return err;
}


int invite_in_respond(struct sip_invite *inv, const struct sip_response *r, bool reliable)
{
	struct invite_in *in = inv->in;
	bool final = r->status >= 200;

	if (!in || in->answered || success_queued(in))
		return -EALREADY;
	if (r->status == 100)
		return sip_reply(in->st, 100, STR_NULL);
	if (reliable && (final || !in->may_rel))
		return -ENOTSUP;
	if (!final && (reliable || in->must_rel))
		return answer_kept(in, r, true);
	return final && r->status < 300 ? answer_kept(in, r, false) : answer_once(in, r);
}


void invite_in_refuse(struct sip_invite *inv, uint16_t status, struct str headers)
{
	struct invite_in *in = inv->in;
	struct sip_response r = {.status = status, .headers = headers};

	if (!in || in->answered)
		return;
	repetition_stop(in);
	queue_free(in);
	/* Without memory for what it would say, something shorter. */
	if (answer_once(in, &r) && sip_reply(in->st, status, STR_NULL))
		(void)sip_reply(in->st, 500, STR_NULL);
	invite_in_free(inv);
}


/* ---- The owner ---- */

static int respond_invite(struct sip_invite *inv, const struct sip_response *r, bool reliable)
{
	bool initial = inv->in && inv->in->initial;
	int err = invite_in_respond(inv, r, reliable);

	if (err || r->status < 300 || !initial)
		return err;
	mem_ref(inv);
	inv->told = true;
	invite_finish(inv);
	mem_unref(inv);
	return 0;
}


static int respond_prack(struct sip_invite *inv, const struct sip_response *r)
{
	if (!inv->prack)
		return -EALREADY;
	return sip_dialog_reply(inv->usage.dialog, inv->prack, r);
}


int sip_invite_respond(struct sip_invite *inv, enum sip_method method, const struct sip_response *r)
{
	if (inv->told)
		return -EALREADY;
	if (method == SIP_INVITE)
		return respond_invite(inv, r, false);
	return method == SIP_UPDATE ? invite_update_respond(inv, r) : respond_prack(inv, r);
}


int sip_invite_respond_reliably(struct sip_invite *inv, const struct sip_response *r)
{
	return inv->told ? -EALREADY : respond_invite(inv, r, true);
}


int sip_invite_refreshed(struct sip_invite *inv, enum sip_method method)
{
	const struct sip_invite_handler *h = invite_owner(inv);
	struct sip_response r = {.status = 200};

	if (h && h->session && (method == SIP_INVITE || (inv->update && inv->update->offered)))
		r.body = h->session(inv, inv->arg);
	if (r.body.n)
		r.type = STR("application/sdp");
	return sip_invite_respond(inv, method, &r);
}


bool sip_invite_waits(const struct sip_invite *inv, enum sip_method method)
{
	if (method == SIP_UPDATE)
		return inv->update != NULL;
	return method == SIP_INVITE && inv->in && !inv->in->answered && !success_queued(inv->in);
}


/* ---- ACK ---- */

bool invite_in_ack(struct sip_invite *inv, const struct sip_msg *m)
{
	const struct sip_invite_handler *h = invite_owner(inv);
	struct invite_in *in = inv->in;

	if (!in || !in->answered || (m && m->cseq.number != in->cseq))
		return false;
	invite_in_free(inv);
	if (inv->state == SIP_INVITE_ENDING) {
		invite_bye(inv);
		invite_settle(inv);
		return true;
	}
	if (inv->state == SIP_INVITE_ACCEPTED)
		invite_move(inv, SIP_INVITE_CONFIRMED);
	if (h && h->acked)
		h->acked(inv, m, inv->arg);
	return true;
}


/* ---- PRACK: RFC 3262 3 ---- */

static bool rack_matches(const struct invite_in *in, const struct sip_msg *m)
{
	struct str rest = str_trim(sip_msg_header(m, SIP_HDR_RACK));
	struct str rseq = str_cut(&rest, ' '), cseq;
	uint32_t a, b;

	rest = str_trim(rest);
	cseq = str_cut(&rest, ' ');
	return str_u32(rseq, &a) && str_u32(cseq, &b) && a == in->open_rseq && b == in->cseq &&
	       str_eq(str_trim(rest), STR("INVITE"));
}


static void queue_next(struct invite_in *in)
{
	struct list_link *l = list_first(&in->queue);
	struct invite_reply *k;

	if (!l || in->waiting_prack)
		return;
	list_remove(&in->queue, l);
	k = container_of(l, struct invite_reply, link);
	(void)(k->status >= 200 ? send_success(in, k) : send_reliable(in, k));
}


void invite_in_prack(struct sip_invite *inv, struct sip_server_txn *st, const struct sip_msg *m)
{
	const struct sip_invite_handler *h = invite_owner(inv);
	struct invite_in *in = inv->in;

	if (!in || !in->open_rseq || !rack_matches(in, m)) {
		(void)sip_dialog_reply(inv->usage.dialog, st,
				       &(struct sip_response){.status = 481});
		return;
	}
	in->open_rseq = 0;
	/* "If the UAS does send a final response when reliable responses are still unacknowledged, […] it
	 * MUST be prepared to process PRACK requests for those outstanding responses." */
	if (!in->answered) {
		repetition_stop(in);
		in->settled |= in->sent->body && (in->offered || m->body.n);
	}
	mem_ref(in);
	inv->prack = st;
	if (h && h->pracked)
		h->pracked(inv, m, inv->arg);
	inv->prack = NULL;
	if (!sip_server_txn_answered(st) && inv->usage.dialog)
		(void)sip_dialog_reply(inv->usage.dialog, st,
				       &(struct sip_response){.status = 200});
	else if (!sip_server_txn_answered(st))
		(void)sip_reply(st, 200, STR_NULL);
	if (in->inv && !in->answered)
		queue_next(in);
	mem_unref(in);
}
