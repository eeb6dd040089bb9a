/* SPDX-License-Identifier: Apache-2.0 */
/* The session in which a large message is taken for somebody who is away. */
#include "im/deferred/reception.h"

#include <errno.h>

#include "base/mem.h"
#include "im/deferred/addressee.h"

static const struct sm_state states[] = {
	[RECEPTION_COUNTING] = {"counting", SM_TO(RECEPTION_OPEN) | SM_TO(RECEPTION_OVER)},
	[RECEPTION_OPEN] = {"open", SM_TO(RECEPTION_OVER)},
	[RECEPTION_OVER] = {"over", 0},
};
const struct sm_table reception_machine = SM_TABLE("reception", states);


/* ---- The end ---- */

static void reception_destroy(void *object)
{
	struct reception *r = object;

	store_cancel(&r->count);
	media_source_done(&r->source);
	media_end_done(&r->media);
	(void)sip_invite_end(r->inv, NULL);
	mem_unref(r->st);
	buf_done(&r->headers);
	buf_done(&r->said);
	mem_free(r->text);
}


static void tell_failed(const struct reception *r, uint16_t status, struct str why)
{
	if (!r->d->events)
		return;
	im_events_tell(r->d->events,
		       &(struct im_event){
			       .outcome = IM_FAILED,
			       .kind = r->m.kind == STORE_DEFERRED_FILE ? IM_FILE : IM_LARGE,
			       .side = IM_TERMINATING,
			       .status = status,
			       .originator = r->m.sender,
			       .recipient = r->m.user,
			       .call_id = r->m.call_id,
			       .reason = why,
			       .took_ms = (uint32_t)(loop_now_ms(r->d->loop) - r->since_ms),
		       });
}


/* ---- The sender's history: as of any session, from the 200 OK on (im/recorder.h) ---- */

static void record(struct reception *r)
{
	const struct im_recorder *recorder = r->d->recorder;

	if (!recorder || !r->originated)
		return;
	r->recording = recorder->begin(
		&(struct im_recorded_session){
			.kind = r->m.kind == STORE_DEFERRED_FILE ? IM_FILE : IM_LARGE,
			.sides = IM_RECORD_ORIGINATOR,
			.originator = r->m.sender,
			.recipient = r->m.user,
			.call_id = r->m.call_id,
			.originator_hides = r->m.flags & STORED_ANONYMOUS,
		},
		recorder->arg);
}


void reception_unrecord(struct reception *r, const char *why)
{
	const struct im_recorder *recorder = r->d->recorder;

	if (r->recording)
		recorder->end(r->recording, str_of(why), recorder->arg);
	r->recording = NULL;
}


void receptions_unrecord(struct deferred *d)
{
	for (struct list_link *k = list_first(&d->receptions); k; k = list_next(&d->receptions, k))
		reception_unrecord(container_of(k, struct reception, link), "recorder");
}


/* What is whole goes on to the disk; what is not is gone. */
void reception_over(struct reception *r, const char *why)
{
	bool taken = r->state == RECEPTION_OPEN;

	if (r->state == RECEPTION_OVER)
		return;
	sm_move(&reception_machine, &r->state, RECEPTION_OVER);
	media_source_done(&r->source);
	store_cancel(&r->count);
	media_end_done(&r->media);
	r->inv = sip_invite_end(r->inv, NULL);
	reception_unrecord(r, why);
	received_abandon_all(r);
	if (taken && !r->kept)
		tell_failed(r, r->answered ? 200 : 500, str_of(why));
	list_remove(&r->d->receptions, &r->link);
	mem_unref(r);
}


/* ---- How its sender is watched ---- */

static bool is_behind(const void *arg)
{
	const struct reception *r = arg;

	for (struct list_link *l = list_first(&r->messages); l; l = list_next(&r->messages, l)) {
		const struct received *m = container_of(l, struct received, link);

		if (m->content && store_content_behind(m->content))
			return true;
	}
	return false;
}


/* For the disk: what is whole is on its way there. */
static bool waits(const void *arg)
{
	const struct reception *r = arg;

	for (struct list_link *l = list_first(&r->d->storing); l; l = list_next(&r->d->storing, l))
		if (container_of(l, struct received, link)->of == r)
			return true;
	return false;
}


static void on_given_up(const char *why, void *arg)
{
	reception_over(arg, why);
}


static const struct media_source_handler source_handler = {.behind = is_behind,
							   .waits = waits,
							   .given_up = on_given_up};


/* ---- The INVITE is taken ---- */

static void answer_keep(struct reception *r, int error)
{
	struct im_keep *k = r->keep;

	r->keep = NULL;
	if (!k)
		return;
	k->impl = NULL;
	k->kept(k, error, k->arg);
}


static void begin_receiving(struct reception *r)
{
	uint32_t s = r->d->config.large_idle_s;

	record(r);
	media_source_watch(&r->source, (uint64_t)(s ? s : RECEPTION_IDLE_S) * 1000);
}


/* The INVITE is ours from here: whatever goes wrong now is answered here. */
static void open_session(struct reception *r, const struct sip_msg *m, const struct sdp_msrp *o)
{
	int err = 0;

	if (r->leg)
		reception_take_leg(r);
	else
		err = reception_accept_leg(r, m);
	sm_move(&reception_machine, &r->state, RECEPTION_OPEN);
	answer_keep(r, 0);
	/* Before the answer: the offer is a part of the INVITE, which goes with it. */
	if (!err && o && media_end_start(&r->media, o))
		err = sip_invite_respond(r->inv, SIP_INVITE, &(struct sip_response){.status = 488})
			      ? -EBADMSG
			      : -EPROTONOSUPPORT;
	if (!err)
		err = reception_respond(r);
	r->answered = !err;
	if (err)
		reception_over(r, "invite");
	else
		begin_receiving(r);
}


static int prepare(struct reception *r, const struct sip_msg *m, struct sdp *d, struct sdp_msrp *o)
{
	struct str text = sdp_find(sip_msg_header(m, SIP_HDR_CONTENT_TYPE), m->body);
	int err = 0;

	r->offers = !m->body.n;
	if (!r->offers) {
		err = media_source_offer(d, o, text);
		if (!err)
			err = reception_keep_media(r, d, o);
	}
	if (!err)
		err = media_source_open(&r->source, r->d->sip, r->d->msrp, r->offers ? NULL : o,
					&received_handler);
	return err ? err : reception_describe(r, r->offers ? NULL : d, o);
}


/* It was not taken. */
static void decline(struct reception *r, int error)
{
	deferred_tally(DEFERRED_REFUSED);
	answer_keep(r, error);
	reception_over(r, "refused");
}


/* ---- Is there room? ---- */

static void on_counted(struct store_request *rq, int error, void *arg)
{
	struct reception *r = arg;
	struct sdp_msrp o;
	struct sip_msg m;
	struct sdp d;

	if (!error && !r->keep)
		error = -ECANCELED;
	if (!error)
		error = reception_room(r, store_deferred_count_result(rq));
	if (!error && sip_server_txn_request(r->st, &m))
		error = -ECANCELED;
	if (!error)
		error = prepare(r, &m, &d, &o);
	if (error)
		decline(r, error);
	else
		open_session(r, &m, r->offers ? NULL : &o);
}


/* ---- Taking over ---- */

static unsigned of_sender(const struct deferred *d, struct str sender)
{
	unsigned n = 0;

	for (struct list_link *k = list_first(&d->receptions); k; k = list_next(&d->receptions, k))
		n += str_eq(container_of(k, struct reception, link)->m.sender, sender);
	return n;
}


static int admit(const struct deferred *d, const struct im_request *r)
{
	if (r->m->method != SIP_INVITE || (r->kind != IM_LARGE && r->kind != IM_FILE) ||
	    !r->recipient.n || !d->msrp || !d->dialogs)
		return -EOPNOTSUPP;
	if (hold_on_its_way(d, r))
		return -EALREADY;
	if (d->stopped || d->receptions.count >= RECEPTIONS_MAX)
		return -ENOBUFS;
	if (of_sender(d, r->originator.n ? r->originator : r->m->from_uri) >= RECEPTIONS_SENDER_MAX)
		return -EUSERS;
	return 0;
}


static struct str put(struct buf *b, struct str s)
{
	size_t at = b->n;

	buf_puts(b, s);
	return (struct str){b->p + at, s.n};
}


/* The message goes when this returns: what is needed of it stands behind the headers. */
static int keep_texts(struct reception *r, const struct im_request *rq, struct str types)
{
	struct store_deferred *m = &r->m;
	struct buf headers;
	int err = stored_invite_encode(m, &headers, rq, deferred_now(r->d), r->d->config.expiry_s);
	size_t n;

	if (err)
		return err;
	n = headers.n + m->user.n + m->call_id.n + m->from_tag.n + m->sender.n + types.n + 1;
	buf_init(&r->headers, n);
	if (buf_reserve(&r->headers, n)) {
		m->headers = put(&r->headers, m->headers);
		m->user = put(&r->headers, m->user);
		m->call_id = put(&r->headers, m->call_id);
		m->from_tag = put(&r->headers, m->from_tag);
		m->sender = put(&r->headers, m->sender);
		r->types = put(&r->headers, types);
	} else {
		err = -ENOMEM;
	}
	buf_done(&headers);
	return err;
}


static int begin(struct reception *r, const struct im_request *rq, const struct im_allowance *a)
{
	int err;

	r->st = mem_ref(rq->st);
	r->leg = a->leg;
	r->originated = a->originated;
	r->max_size = a->max_size;
	r->was_there = addressee_reachable(r->d, rq->recipient);
	r->since_ms = loop_now_ms(r->d->loop);
	if (r->max_size > (uint64_t)STORE_CONTENT_SIZE_MAX)
		r->max_size = UINT64_MAX;
	err = keep_texts(r, rq, a->types);
	return err ? err : store_deferred_count(r->d->store, &r->count, r->m.user, on_counted, r);
}


int reception_take(const struct im_request *rq, const struct im_allowance *a, struct im_keep *k,
		   im_kept_cb *kept, void *kept_arg, void *arg)
{
	struct deferred *d = arg;
	int err = admit(d, rq);
	struct reception *r;

	if (err)
		return err;
	r = mem_alloc(sizeof(*r), reception_destroy);
	if (!r)
		return -ENOMEM;
	r->d = d;
	r->state = RECEPTION_COUNTING;
	list_init(&r->messages);
	media_source_init(&r->source, d->loop, &r->media, &source_handler, r);
	err = begin(r, rq, a);
	if (err) {
		deferred_tally(DEFERRED_REFUSED);
		mem_unref(r);
		return err;
	}
	list_append(&d->receptions, &r->link);
	r->keep = k;
	*k = (struct im_keep){.impl = &r->keep, .kept = kept, .arg = kept_arg};
	return 0;
}


void receptions_stop(struct deferred *d)
{
	for (struct list_link *l; (l = list_first(&d->receptions));) {
		struct reception *r = container_of(l, struct reception, link);

		if (r->keep)
			decline(r, -ENOBUFS);
		else
			reception_over(r, "shutdown");
	}
}
