/* SPDX-License-Identifier: Apache-2.0 */
/* One stored message on its way to one device. */
#include "im/deferred/push.h"

#include <errno.h>

#include "base/mem.h"
#include "im/deferred/addressee.h"
#include "im/deferred/handover.h"

/** Most that an answer may ask us to wait. */
#define RETRY_AFTER_MAX_S (DEFERRED_REST_MAX_MS / 1000)


/* ---- Where to ---- */

bool push_targets(struct deferred *d, const struct im_request *r, struct im_targets *ret)
{
	ret->n = 0;
	if (!im_addresses_serve(&d->addresses, r->recipient))
		d->setting->onward(r, ret, d->setting->arg);
	else if (d->setting->reach(r, ret, d->setting->arg) != IM_REACH_OK)
		return false;
	if (!ret->n) /* by the Request-URI */
		ret->target[ret->n++] = (struct sip_proxy_target){.q = 1000};
	return true;
}


struct str push_binding_key(const struct registration_binding *b)
{
	return b->instance.n ? b->instance : b->contact;
}


struct str push_key(const struct deferred *d, struct str user, const struct sip_proxy_target *t)
{
	const struct registration *reg;

	if (!im_addresses_serve(&d->addresses, user))
		return QUEUE_KEY_ONWARD;
	if (!d->setting->terminates_here)
		return QUEUE_KEY_CORE;
	reg = registrations_find(d->registrations, user);
	for (size_t i = 0; reg && i < registration_count(reg); i++) {
		const struct registration_binding *b = registration_binding(reg, i);

		if (b->id == registration_target_id(t->user))
			return push_binding_key(b);
	}
	return STR("");
}


static const struct sip_proxy_target *target_of(struct device_queue *q,
						const struct im_targets *targets)
{
	for (size_t i = 0; i < targets->n; i++) {
		if (str_eq(push_key(q->d, addressee_aor(q->of), &targets->target[i]), queue_key(q)))
			return &targets->target[i];
	}
	return NULL;
}


bool push_registered(const struct deferred *d, struct str user, struct str key)
{
	const struct registration *reg = registrations_find(d->registrations, user);

	for (size_t i = 0; reg && i < registration_count(reg); i++) {
		if (str_eq(push_binding_key(registration_binding(reg, i)), key))
			return true;
	}
	return false;
}


bool push_others(const struct device_queue *q)
{
	struct registration_targets found;

	return q->d->setting->terminates_here &&
	       registrations_targets(q->d->registrations, addressee_aor(q->of), PUSH_TAKES,
				     &found) > 1;
}


static bool is_there(const struct device_queue *q)
{
	struct str user = addressee_aor(q->of);

	return q->d->setting->terminates_here ? push_registered(q->d, user, queue_key(q))
					      : addressee_reachable(q->d, user);
}


/* ---- What ---- */

static struct str noted_text(struct buf *b, struct str s)
{
	size_t at = b->n;

	buf_puts(b, s);
	return (struct str){b->p + at, s.n};
}


/* What is told of it later. */
static int remember(struct device_queue *q, const struct store_deferred *m,
		    const struct stored_request *sr)
{
	struct delivery *v = &q->now;
	struct str icid = stored_icid(&sr->m);

	v->kind = sr->r.kind;
	v->size = (size_t)m->size;
	v->cseq = m->cseq;
	for (size_t i = 0; i < m->devices; i++) {
		const struct store_device *o = &m->device[i];

		v->had |= o->state == STORE_DEVICE_DELIVERED;
		v->others |= !str_eq(o->key, queue_key(q)) && o->state == STORE_DEVICE_WAITING;
	}
	buf_init(&v->text, 1 + m->sender.n + m->call_id.n + icid.n);
	if (!buf_reserve(&v->text, 1 + m->sender.n + m->call_id.n + icid.n))
		return -ENOMEM;
	v->sender = noted_text(&v->text, m->sender);
	v->call_id = noted_text(&v->text, m->call_id);
	v->icid = noted_text(&v->text, icid);
	return 0;
}


/* ---- Sending ---- */

uint32_t push_retry_after(const struct sip_msg *m)
{
	uint32_t s = sip_msg_retry_after_s(m);

	return s > RETRY_AFTER_MAX_S ? RETRY_AFTER_MAX_S : s;
}


static void on_sent(struct im_send *s, uint16_t status, const struct sip_msg *m, void *arg)
{
	struct device_queue *q = arg;

	(void)s;
	queue_answered(q, m ? status : 0, m ? push_retry_after(m) : 0);
}


static int start_opened(struct device_queue *q, const struct store_deferred *m,
			const struct stored_request *sr)
{
	struct im_targets targets;
	const struct sip_proxy_target *t;
	int err;

	t = push_targets(q->d, &sr->r, &targets) ? target_of(q, &targets) : NULL;
	if (!t)
		return is_there(q) ? -ESRCH : -ENOENT;
	q->now.others = targets.n > 1;
	err = remember(q, m, sr);
	if (!err && stored_is_large(m))
		err = handover_start(&q->handover, q, m, sr, t);
	else if (!err)
		err = im_send_start(&q->send,
				    &(struct im_send_params){
					    .sip = q->d->sip,
					    .method = SIP_MESSAGE,
					    .target = t,
					    .uri = addressee_aor(q->of),
					    .headers = sr->headers,
					    .body = m->body,
				    },
				    on_sent, q);
	return err ? -EIO : 0;
}


int push_start(struct device_queue *q, const struct store_deferred *m)
{
	struct stored_request sr;
	int err = stored_request_open(&sr, m, &q->d->addresses);

	if (err)
		return err == -EBADMSG ? -ESRCH : err;
	err = start_opened(q, m, &sr);
	stored_request_close(&sr);
	return err;
}


/* ---- History ---- */

bool push_record(struct deferred *d, struct str user, const struct store_deferred *m,
		 struct im_record *k, im_recorded_cb *recorded, void *arg)
{
	const struct im_recorder *recorder = d->recorder;
	bool large = stored_is_large(m);
	struct stored_request sr;
	int err;

	if (!recorder || stored_request_open(&sr, m, &d->addresses))
		return false;
	err = recorder->pager(
		&(struct im_recorded_pager){
			.m = &sr.m,
			.kind = sr.r.kind,
			.sides = IM_RECORD_RECIPIENT,
			.originator = m->flags & STORED_ANONYMOUS ? STR("") : m->sender,
			.recipient = user,
			.held = large ? m : NULL,
		},
		large ? k : NULL, recorded, arg, recorder->arg);
	stored_request_close(&sr);
	return large && !err;
}


/* ---- What an answer means ---- */

enum store_device_state push_outcome(uint16_t status, uint32_t attempts)
{
	if (status >= 200 && status < 300)
		return STORE_DEVICE_DELIVERED;
	/* RFC 3428 7: "A 6xx response means it was delivered successfully, but refused." */
	if (status >= 600)
		return STORE_DEVICE_FAILED;
	switch (status) {
	case 0:
	case 408:
	case 430:
	case 480:
	case 486:
	case 503:
	case 504:
		return STORE_DEVICE_WAITING; /* of the device, not of this message */
	case 400:
	case 405:
	case 406:
	case 410:
	case 413:
	case 414:
	case 415:
	case 416:
	case 420:
	case 488:
	case 493:
	case 501:
	case 513:
		return STORE_DEVICE_FAILED; /* the same tomorrow: of this message, not of the device */
	default:
		return attempts < DEFERRED_ANSWERS_MAX ? STORE_DEVICE_WAITING : STORE_DEVICE_FAILED;
	}
}


uint64_t push_rest_ms(uint32_t attempts, uint32_t retry_after_s)
{
	uint64_t ms = DEFERRED_REST_MS;

	while (attempts-- > 1 && ms < DEFERRED_REST_MAX_MS)
		ms *= 2;
	if (ms < retry_after_s * UINT64_C(1000))
		ms = retry_after_s * UINT64_C(1000);
	return ms < DEFERRED_REST_MAX_MS ? ms : DEFERRED_REST_MAX_MS;
}
