/* SPDX-License-Identifier: Apache-2.0 */
/* Messages to many: posted, each recipient in turn, settled. */
#include "im/controlling/mailer.h"

#include <errno.h>
#include <inttypes.h>

#include "base/counter.h"
#include "base/log.h"
#include "base/mem.h"
#include "im/controlling/mailer_state.h"
#include "im/own.h"
#include "sip/name_addr.h"

/** The store could not be read at the start: again after this. */
#define LOAD_AGAIN_MS (10 * 1000)

enum tally { POSTED, SERVED, FAILED, RETRIED, UNSETTLED, WAITING, TALLIES };

static struct counter tallies[TALLIES] = {
	[POSTED] = COUNTER("mailing.posted", "messages accepted for several recipients"),
	[SERVED] = COUNTER("mailing.served", "copies of them that were accepted for a recipient"),
	[FAILED] = COUNTER("mailing.failed", "copies that no recipient got"),
	[RETRIED] = COUNTER("mailing.retried", "copies that rest until they are sent again"),
	[UNSETTLED] = COUNTER("mailing.unsettled",
			      "outcomes the store did not take: sent again after a restart"),
	[WAITING] = GAUGE("mailing.waiting", "copies that wait or are being sent"),
};

/** One posting on its way to the disk. */
struct posting {
	struct list_link link;
	struct mailer *m;
	struct mailer_posting *p; /**< NULL: nobody wants to know */
	struct mail *mail;
	struct store_request r;
};

/** One outcome on its way to the disk. */
struct settling {
	struct list_link link;
	struct mailer *m;
	struct store_request r;
};

static void pump(struct mailer *m);
static void load_next(struct mailer *m);


void mailer_counters_register(void)
{
	counter_register(tallies, TALLIES);
}


/* ---- Recipients ---- */

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
	counter_set(&tallies[WAITING], (int64_t)o->m->waiting);
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
	counter_set(&tallies[WAITING], (int64_t)m->waiting);
	outlet_ready(o);
	return 0;
}


/* Who cannot be noted for want of memory is in the store, and gets it after the next start. */
static void enqueue_all(struct mail *l)
{
	for (size_t i = 0; i < l->record.recipients_n; i++) {
		if (enqueue(l, &l->record.recipient[i]) == 0)
			continue;
		counter_add(&tallies[UNSETTLED], 1);
		log_error("mailing", "no memory for a copy to " STR_FMT ": it waits for a restart",
			  STR_ARG(l->record.recipient[i].who));
	}
}


/* ---- Outcomes ---- */

static void settling_destroy(void *object)
{
	struct settling *s = object;

	store_cancel(&s->r);
	list_remove(&s->m->settlings, &s->link);
}


static void not_settled(struct str who, int error)
{
	counter_add(&tallies[UNSETTLED], 1);
	log_error("mailing", "what became of a copy to " STR_FMT " cannot be written: %s",
		  STR_ARG(who), strerror(-error));
}


static void on_settled(struct store_request *r, int error, void *arg)
{
	(void)r;
	if (error && error != -ENOENT)
		not_settled(STR("somebody"), error);
	mem_unref(arg);
}


static void settle(struct mailer *m, const struct copy *c)
{
	struct settling *s = mem_alloc(sizeof(*s), settling_destroy);
	int err = -ENOMEM;

	if (s) {
		s->m = m;
		list_append(&m->settlings, &s->link);
		err = store_mailing_settle(m->p.store, &s->r, c->mail->record.id, c->to->position,
					   on_settled, s);
	}
	if (!err)
		return;
	not_settled(c->to->who, err);
	mem_unref(s);
}


static enum im_kind kind_of(const struct store_mailing *r)
{
	switch (r->kind) {
	case MAILING_ADVERTISEMENT:
		return IM_ADVERTISEMENT;
	case MAILING_NOTICE:
		return IM_NOTIFICATION;
	default:
		return r->flags & MAILING_LARGE ? IM_LARGE : IM_PAGER;
	}
}


static void tell(struct mailer *m, const struct copy *c, enum im_outcome outcome, uint16_t status)
{
	const struct store_mailing *r = &c->mail->record;
	int64_t took = loop_wall_ms(m->loop) - r->received_ms;
	char storage[STORE_MAILING_TEXT_MAX];
	struct buf id;

	buf_fixed(&id, storage, sizeof(storage));
	mailer_put_call_id(&id, m, r->id, c->to->position);
	im_events_tell(m->p.events,
		       &(struct im_event){
			       .outcome = outcome,
			       .kind = kind_of(r),
			       .side = IM_CONTROLLING,
			       .status = status,
			       .originator = r->sender,
			       .recipient = c->to->who,
			       .call_id = buf_str(&id),
			       .message_id = str_upto(r->message_id, IM_MESSAGE_ID_MAX),
			       .size = (size_t)r->size,
			       .took_ms = took > 0 && took < INT32_MAX ? (uint32_t)took : 0,
		       });
}


/* Who counts the copies hears of one more. */
static void tell_watch(struct mail *l, bool served)
{
	struct mailer_posting *p = l->watch;

	if (!p)
		return;
	if (!--l->left)
		l->watch = p->watched = NULL;
	p->settled(p, served, l->left, p->arg);
}


/* The first copy is done with; the outlet may be gone afterwards. */
static void finish_first(struct outlet *o, bool served)
{
	struct copy *c = container_of(list_first(&o->copies), struct copy, link);
	struct mailer *m = o->m;

	settle(m, c);
	list_remove(&o->copies, &c->link);
	m->waiting--;
	counter_set(&tallies[WAITING], (int64_t)m->waiting);
	tell_watch(c->mail, served);
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

	counter_add(&tallies[FAILED], 1);
	tell(o->m, c, outcome, status);
	if (mailer_notice(c))
		log_warning("mailing", "no notice of failure could be posted to " STR_FMT,
			    STR_ARG(c->mail->record.sender));
	finish_first(o, false);
}


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
	pump(o->m);
}


static void rest(struct outlet *o)
{
	uint64_t ms = MAILER_REST_MS;

	for (uint32_t i = 1; i < o->attempts && ms < MAILER_REST_MAX_MS; i++)
		ms *= 2;
	counter_add(&tallies[RETRIED], 1);
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
		counter_add(&tallies[SERVED], 1);
		tell(m, c, IM_RELAYED, status);
		finish_first(o, true);
	} else if (expired(o, c)) {
		fail_first(o, IM_EXPIRED, status);
	} else if (may_pass(status) && !worn_out(o, c)) {
		rest(o);
	} else {
		fail_first(o, IM_FAILED, status);
	}
	pump(m);
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


/* ---- Sending ---- */

/* The URI of From, without its name. */
static struct str from_uri(const struct store_mailing *r)
{
	struct sip_name_addr a;

	return sip_name_addr_decode(&a, r->from) ? r->sender : a.uri;
}


static int send_large(struct outlet *o, const struct copy *c)
{
	struct buf headers = BUF_INIT(MAILER_HEADERS_MAX), call_id = BUF_INIT(MAILER_CALL_ID_MAX);
	const struct store_mailing *r = &c->mail->record;
	char tag[32], message_id[MAILER_LARGE_ID_MAX];
	struct sip_proxy_target target;
	int err = im_own_target(o->m->p.own, c->to->uri, &target);
	struct buf t, id;

	buf_fixed(&t, tag, sizeof(tag));
	buf_fixed(&id, message_id, sizeof(message_id));
	buf_printf(&t, "mailing%" PRIx64, r->id);
	buf_printf(&id, "m%" PRIx64 "-%" PRIx32, r->id, c->to->position);
	mailer_put_call_id(&call_id, o->m, r->id, c->to->position);
	mailer_put_headers(&headers, c, SIP_INVITE);
	if (!err && (headers.failed || call_id.failed))
		err = -ENOMEM;
	if (!err)
		err = mailer_large_start(&o->large,
					 &(struct mailer_large_params){
						 .p = &o->m->p,
						 .what = r,
						 .target = &target,
						 .uri = c->to->uri,
						 .from = from_uri(r),
						 .headers = buf_str(&headers),
						 .call_id = buf_str(&call_id),
						 .tag = buf_str(&t),
						 .message_id = buf_str(&id),
					 },
					 on_large, o);
	buf_done(&headers);
	buf_done(&call_id);
	return err;
}


static void send_first(struct outlet *o)
{
	struct copy *c = container_of(list_first(&o->copies), struct copy, link);
	int err;

	if (expired(o, c)) {
		fail_first(o, IM_EXPIRED, 0);
		return;
	}
	err = c->mail->record.flags & MAILING_LARGE ? send_large(o, c)
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


static void pump(struct mailer *m)
{
	struct list_link *k;

	while (!m->stopped && m->busy < MAILER_AT_ONCE && (k = list_first(&m->ready))) {
		struct outlet *o = container_of(k, struct outlet, link);

		list_remove(&m->ready, k);
		send_first(o);
	}
}


/* Whoever has come is asked again at once. */
static void on_registration(struct registration_listener *l, enum registration_event e,
			    const struct registration *user, const struct registration_binding *b)
{
	struct mailer *m = l->arg;
	struct outlet *o;

	(void)b;
	if (m->stopped || (e != REGISTRATION_REGISTERED && e != REGISTRATION_REFRESHED))
		return;
	o = outlet_find(m, registration_aor(user));
	if (!o || !timer_running(&o->rest))
		return;
	timer_start(&o->rest, loop_timers(m->loop), 0, on_rested, o);
}


/* ---- Posting ---- */

static void posting_destroy(void *object)
{
	struct posting *g = object;

	store_cancel(&g->r);
	list_remove(&g->m->postings, &g->link);
	if (g->p)
		g->p->impl = NULL;
	mem_unref(g->mail);
}


static void on_posted(struct store_request *r, int error, void *arg)
{
	struct posting *g = arg;
	struct mailer *m = g->m;
	struct mailer_posting *p = g->p;

	(void)r;
	if (!error) {
		counter_add(&tallies[POSTED], 1);
		if (p && p->settled) {
			p->watched = g->mail;
			g->mail->watch = p;
			g->mail->left = g->mail->record.recipients_n;
		}
		enqueue_all(g->mail);
	} else {
		log_error("mailing", "a message to %zu recipients cannot be written: %s",
			  g->mail->record.recipients_n, strerror(-error));
	}
	mem_ref(m);
	mem_unref(g);
	if (p)
		p->posted(p, error, p->arg);
	pump(m);
	mem_unref(m);
}


bool mailer_full(const struct mailer *m, size_t recipients, size_t bytes)
{
	return m->stopped || m->loading || m->waiting + recipients > MAILER_WAITING_MAX ||
	       m->bytes + bytes > MAILER_BYTES_MAX;
}


/* In the order of posting, also over a restart and when the clock goes back. */
static uint64_t next_id(struct mailer *m)
{
	int64_t now = loop_wall_ms(m->loop);
	uint64_t id = now > 0 ? (uint64_t)now << 10 : 1;

	m->last_id = id > m->last_id ? id : m->last_id + 1;
	return m->last_id;
}


int mailer_post(struct mailer *m, const struct store_mailing *what, struct mailer_posting *p,
		mailer_posted_cb *posted, void *arg)
{
	struct posting *g;
	int err = -ENOMEM;

	if (mailer_full(m, what->recipients_n, what->body.n))
		return -ENOBUFS;
	if (mail_over_quota(m, what))
		return -EDQUOT;
	g = mem_alloc(sizeof(*g), posting_destroy);
	if (!g)
		return -ENOMEM;
	g->m = m;
	list_append(&m->postings, &g->link);
	g->mail = mail_alloc(m, what);
	if (g->mail) {
		g->mail->fresh = true;
		g->mail->record.id = next_id(m);
		if (!what->file.n)
			g->mail->record.size = what->body.n;
		err = store_mailing_add(m->p.store, &g->r, &g->mail->record, on_posted, g);
	}
	if (err) {
		mem_unref(g);
		return err;
	}
	if (posted) {
		*p = (struct mailer_posting){
			.impl = g, .posted = posted, .settled = p->settled, .arg = arg};
		g->p = p;
	}
	return 0;
}


void mailer_posting_cancel(struct mailer_posting *p)
{
	struct posting *g = p->impl;
	struct mail *l = p->watched;

	if (g)
		g->p = NULL;
	if (l)
		l->watch = NULL;
	p->impl = p->watched = NULL;
}


/* ---- Who has more to post ---- */

void mailer_linger(struct mailer *m, struct mailer_linger *l, void (*over)(void *arg), void *arg)
{
	l->over = over;
	l->arg = arg;
	list_append(&m->lingering, &l->link);
}


void mailer_linger_end(struct mailer *m, struct mailer_linger *l)
{
	if (!list_linked(&l->link))
		return;
	list_remove(&m->lingering, &l->link);
	l->over(l->arg);
}


/* ---- What the last process has left ---- */

static void on_load_again(struct timer *t, void *arg)
{
	(void)t;
	load_next(arg);
}


static void load_later(struct mailer *m, int error)
{
	log_warning("mailing", "what waits for its recipients cannot be read: %s",
		    strerror(-error));
	timer_start(&m->load_again, loop_timers(m->loop), LOAD_AGAIN_MS, on_load_again, m);
}


static int take(struct mailer *m, const struct store_mailing *r)
{
	struct mail *l;

	if (!r->recipients_n)
		return 0;
	l = mail_alloc(m, r);
	if (!l)
		return -ENOMEM;
	enqueue_all(l);
	mem_unref(l);
	return 0;
}


static void on_loaded(struct store_request *q, int error, void *arg)
{
	struct mailer *m = arg;
	size_t n = 0;
	const struct store_mailing *r = error ? NULL : store_mailing_result(q, &n);

	for (size_t i = 0; !error && i < n; i++) {
		error = take(m, &r[i]);
		if (error)
			break;
		m->loaded = r[i].id;
		if (m->last_id < r[i].id)
			m->last_id = r[i].id;
	}
	pump(m);
	if (error)
		load_later(m, error);
	else if (n)
		load_next(m);
	else
		m->loading = false;
}


static void load_next(struct mailer *m)
{
	int err = store_mailing_list(m->p.store, &m->load, m->loaded, STORE_MAILING_PAGE_MAX,
				     on_loaded, m);

	if (err)
		load_later(m, err);
}


/* ---- Life ---- */

static void mailer_destroy(void *object)
{
	struct mailer *m = object;

	mailer_stop(m);
	if (m->p.registrations)
		registrations_unlisten(m->p.registrations, &m->listener);
	mem_unref(m->p.registrations);
	hash_done(&m->outlets);
	hash_done(&m->senders);
	mem_unref(m->p.store);
	mem_unref(m->p.own);
}


int mailer_alloc(struct mailer **ret, const struct mailer_params *p)
{
	struct mailer *m = mem_alloc(sizeof(*m), mailer_destroy);

	if (!m)
		return -ENOMEM;
	m->p = *p;
	m->p.store = mem_ref(p->store);
	m->p.own = mem_ref(p->own);
	m->p.registrations = mem_ref(p->registrations);
	m->loop = sip_loop(p->sip);
	m->listener = (struct registration_listener){.changed = on_registration, .arg = m};
	if (p->registrations)
		registrations_listen(p->registrations, &m->listener);
	list_init(&m->ready);
	list_init(&m->postings);
	list_init(&m->settlings);
	list_init(&m->lingering);
	if (hash_init(&m->outlets, 64) || hash_init(&m->senders, 64)) {
		mem_unref(m);
		return -ENOMEM;
	}
	*ret = m;
	return 0;
}


void mailer_start(struct mailer *m)
{
	m->loading = true;
	load_next(m);
}


void mailer_stop(struct mailer *m)
{
	struct hash_link *k;
	size_t at = 0;

	m->stopped = true;
	while (list_first(&m->lingering))
		mailer_linger_end(m, container_of(list_first(&m->lingering), struct mailer_linger,
						  link));
	timer_cancel(&m->load_again);
	store_cancel(&m->load);
	for (struct list_link *l; (l = list_first(&m->postings));)
		mem_unref(container_of(l, struct posting, link));
	for (struct list_link *l; (l = list_first(&m->settlings));)
		mem_unref(container_of(l, struct settling, link));
	for (k = NULL; m->outlets.buckets && (k = hash_walk(&m->outlets, &at, k)) != NULL;)
		mem_unref(container_of(k, struct outlet, by_who));
	m->busy = 0;
}


size_t mailer_waiting(const struct mailer *m)
{
	return m->waiting + m->postings.count + m->lingering.count;
}
