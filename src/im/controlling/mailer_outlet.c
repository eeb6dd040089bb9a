/* SPDX-License-Identifier: Apache-2.0 */
/* The recipients of mailings: their copies in order, whose turn it is, and what an answer means. */
#include <errno.h>

#include "base/log.h"
#include "base/mem.h"
#include "im/controlling/mailer_state.h"


static void outlet_destroy(void *object)
{
	struct outlet *o = object;

	timer_cancel(&o->rest);
	im_send_cancel(&o->send);
	mailer_large_cancel(&o->large);
	hash_remove(&o->m->outlets, &o->by_who);
	list_remove(&o->m->ready, &o->link);
	for (struct list_link *k; (k = list_first(&o->copies));) {
		struct copy *c = container_of(k, struct copy, link);

		list_remove(&o->copies, k);
		o->m->waiting--;
		mem_unref(c->mail);
		mem_free(c);
	}
	mailer_tally_waiting(o->m);
}


static struct str who_of(const struct outlet *o)
{
	return (struct str){o->who, o->who_n};
}


static uint64_t hash_of(const struct mailer *m, struct str who)
{
	return hash_bytes(&m->outlets.key, who.p, who.n);
}


static struct outlet *outlet_find(const struct mailer *m, struct str who)
{
	for (struct hash_link *k = hash_first(&m->outlets, hash_of(m, who)); k; k = hash_next(k)) {
		struct outlet *o = container_of(k, struct outlet, by_who);

		if (str_eq(who_of(o), who))
			return o;
	}
	return NULL;
}


static struct outlet *outlet_of(struct mailer *m, struct str who)
{
	struct outlet *o = outlet_find(m, who);

	if (o)
		return o;
	o = mem_alloc(sizeof(*o) + who.n, outlet_destroy);
	if (!o)
		return NULL;
	o->m = m;
	o->who_n = who.n;
	memcpy(o->who, who.p, who.n);
	list_init(&o->copies);
	hash_insert(&m->outlets, &o->by_who, hash_of(m, who));
	return o;
}


static void outlet_ready(struct outlet *o)
{
	if (!o->busy && !timer_running(&o->rest) && !list_linked(&o->link))
		list_append(&o->m->ready, &o->link);
}


/* One recipient more of a mailing that is on disk. */
static int enqueue(struct mail *l, const struct store_mailing_recipient *to)
{
	struct mailer *m = l->m;
	struct copy *c = mem_raw(sizeof(*c));
	struct outlet *o = c ? outlet_of(m, to->who) : NULL;

	if (!o) {
		mem_free(c);
		return -ENOMEM;
	}
	*c = (struct copy){.mail = mem_ref(l), .to = to};
	list_append(&o->copies, &c->link);
	m->waiting++;
	mailer_tally_waiting(m);
	outlet_ready(o);
	return 0;
}


/* Who cannot be noted for want of memory is in the store, and gets it after the next start. */
void mailer_outlets_take(struct mail *l)
{
	for (size_t i = 0; i < l->record.recipients_n; i++) {
		if (enqueue(l, &l->record.recipient[i]) == 0)
			continue;
		mailer_tally(MAILER_UNSETTLED);
		log_error("mailing", "no memory for a copy to " STR_FMT ": it waits for a restart",
			  STR_ARG(l->record.recipient[i].who));
	}
}


/* ---- The first copy is done with ---- */

/* The outlet may be gone afterwards. */
static void finish_first(struct outlet *o, bool served)
{
	struct copy *c = container_of(list_first(&o->copies), struct copy, link);
	struct mailer *m = o->m;

	mailer_copy_settle(m, c);
	list_remove(&o->copies, &c->link);
	m->waiting--;
	mailer_tally_waiting(m);
	mailer_copy_tell_watch(c->mail, served);
	mem_unref(c->mail);
	mem_free(c);
	o->attempts = 0;
	if (list_first(&o->copies))
		outlet_ready(o);
	else
		mem_unref(o);
}


static void fail_first(struct outlet *o, enum im_outcome outcome, uint16_t status)
{
	struct copy *c = container_of(list_first(&o->copies), struct copy, link);

	mailer_tally(MAILER_FAILED);
	mailer_copy_tell(o->m, c, outcome, status);
	if (mailer_notice(c))
		log_warning("mailing", "no notice of failure could be posted to " STR_FMT,
			    STR_ARG(c->mail->record.sender));
	finish_first(o, false);
}


/* ---- What an answer means ---- */

static bool expired(const struct outlet *o, const struct copy *c)
{
	const struct store_mailing *r = &c->mail->record;

	if (!r->expires_ms || (c->mail->fresh && !o->attempts))
		return false;
	return loop_wall_ms(o->m->loop) >= r->expires_ms;
}


/* Of the moment, not of this message; 500 is what a proxy makes of a connection that fails (RFC 3261 16.9). */
static bool may_pass(uint16_t status)
{
	switch (status) {
	case 408:
	case 430:
	case 480:
	case 500:
	case 503:
	case 504:
		return true;
	default:
		return false;
	}
}


static void on_rested(struct timer *t, void *arg)
{
	struct outlet *o = arg;

	(void)t;
	outlet_ready(o);
	mailer_outlets_pump(o->m);
}


static void rest(struct outlet *o)
{
	uint64_t ms = MAILER_REST_MS;

	for (uint32_t i = 1; i < o->attempts && ms < MAILER_REST_MAX_MS; i++)
		ms *= 2;
	mailer_tally(MAILER_RETRIED);
	timer_start(&o->rest, loop_timers(o->m->loop),
		    ms < MAILER_REST_MAX_MS ? ms : MAILER_REST_MAX_MS, on_rested, o);
}


/* A user of ours comes back some time; who is elsewhere may not even be there. */
static bool worn_out(const struct outlet *o, const struct copy *c)
{
	const struct mailer *m = o->m;
	int64_t age = loop_wall_ms(m->loop) - c->mail->record.received_ms;

	return im_addresses_serve(&m->p.addresses, who_of(o)) ? age >= INT64_C(1000) * MAILER_LIFE_S
							      : o->attempts >= MAILER_ATTEMPTS;
}


static void answered(struct outlet *o, uint16_t status)
{
	struct mailer *m = o->m;
	struct copy *c = container_of(list_first(&o->copies), struct copy, link);

	o->busy = false;
	m->busy--;
	o->attempts++;
	if (status >= 200 && status < 300) {
		mailer_tally(MAILER_SERVED);
		mailer_copy_tell(m, c, IM_RELAYED, status);
		finish_first(o, true);
	} else if (expired(o, c)) {
		fail_first(o, IM_EXPIRED, status);
	} else if (may_pass(status) && !worn_out(o, c)) {
		rest(o);
	} else {
		fail_first(o, IM_FAILED, status);
	}
	mailer_outlets_pump(m);
}


static void on_sent(struct im_send *s, uint16_t status, const struct sip_msg *m, void *arg)
{
	(void)s;
	(void)m;
	answered(arg, status);
}


static void on_large(uint16_t status, void *arg)
{
	answered(arg, status);
}


/* ---- Whose turn it is ---- */

static void send_first(struct outlet *o)
{
	struct copy *c = container_of(list_first(&o->copies), struct copy, link);
	int err;

	if (expired(o, c)) {
		fail_first(o, IM_EXPIRED, 0);
		return;
	}
	err = c->mail->record.flags & MAILING_LARGE ? mailer_message_send_large(o, c, on_large)
						    : mailer_message_send(o, c, on_sent);
	if (!err) {
		o->busy = true;
		o->m->busy++;
		return;
	}
	o->attempts++;
	if (err == -EBADMSG || err == -EOPNOTSUPP || worn_out(o, c))
		fail_first(o, IM_FAILED, err == -EBADMSG ? 400 : err == -EOPNOTSUPP ? 513 : 503);
	else
		rest(o);
}


void mailer_outlets_pump(struct mailer *m)
{
	struct list_link *k;

	while (!m->stopped && m->busy < MAILER_AT_ONCE && (k = list_first(&m->ready))) {
		struct outlet *o = container_of(k, struct outlet, link);

		list_remove(&m->ready, k);
		send_first(o);
	}
}


/* Whoever has come is asked again at once. */
void mailer_outlet_wake(struct mailer *m, struct str who)
{
	struct outlet *o = outlet_find(m, who);

	if (o && timer_running(&o->rest))
		timer_start(&o->rest, loop_timers(m->loop), 0, on_rested, o);
}


void mailer_outlets_close(struct mailer *m)
{
	struct hash_link *k;
	size_t at = 0;

	for (k = NULL; m->outlets.buckets && (k = hash_walk(&m->outlets, &at, k)) != NULL;)
		mem_unref(container_of(k, struct outlet, by_who));
	m->busy = 0;
}
