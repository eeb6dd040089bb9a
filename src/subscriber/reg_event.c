/* SPDX-License-Identifier: Apache-2.0 */
/* Subscriptions to the registration state of the core's users. */
#include "subscriber/reg_event.h"

#include <errno.h>

#include "base/counter.h"
#include "base/hash.h"
#include "base/mem.h"
#include "sip/compose.h"
#include "sip/media_type.h"
#include "sip/name_addr.h"
#include "sip/subscription.h"
#include "subscriber/reg_event_view.h"

static struct counter documents = COUNTER("subscriber.reg-event.documents",
					  "registration documents taken");
static struct counter gaps = COUNTER("subscriber.reg-event.gaps",
				     "registration documents that skipped a version");
static struct counter malformed = COUNTER("subscriber.reg-event.malformed",
					  "registration documents that made no sense");
static struct counter refused = COUNTER("subscriber.reg-event.refused",
					"subscriptions that the core refused or ended");
static struct counter watched = GAUGE("subscriber.reg-event.watched",
				      "users whose registration state is subscribed to");

struct reg_events {
	struct loop *loop;
	struct sip_dialogs *dialogs;
	struct registrations *registrations;
	struct subscribers *subscribers;
	struct str next_hop; /**< owned */
	struct str name;     /**< ours, as the core says it; owned; empty: not heard yet */
	uint32_t expires_s, max_expires_s;
	bool resume;
	struct hash_table table; /**< watches, by user */
	struct list queue;       /**< watches whose SUBSCRIBE is still to leave */
	struct timer timer;
};

struct watch {
	struct reg_events *events;
	struct hash_link link;
	struct list_link in_queue;
	struct sip_subscription *subscription;
	struct list views;
	struct str route; /**< owned; of the REGISTER's Contact; empty: next_hop */
	bool has_version;
	uint32_t version;
	char *aor; /**< NUL at the end */
};


static int text_set(struct str *slot, struct str value)
{
	char *p = mem_raw(value.n + 1);

	if (!p)
		return -ENOMEM;
	if (value.n)
		memcpy(p, value.p, value.n);
	mem_free((char *)slot->p);
	*slot = (struct str){p, value.n};
	return 0;
}


/* ---- Watches ---- */

static void watch_destroy(void *object)
{
	struct watch *w = object;

	if (w->aor && w->events) {
		hash_remove(&w->events->table, &w->link);
		list_remove(&w->events->queue, &w->in_queue);
		counter_add(&watched, -1);
	}
	mem_unref(w->subscription);
	for (struct list_link *l; (l = list_first(&w->views));) {
		list_remove(&w->views, l);
		mem_unref(container_of(l, struct reg_event_view, link));
	}
	mem_free((char *)w->route.p);
	mem_unref(w->aor);
}


static uint64_t hash_of(const struct reg_events *re, struct str aor)
{
	return hash_bytes(&re->table.key, aor.p, aor.n);
}


static struct watch *find(const struct reg_events *re, struct str aor)
{
	struct hash_link *l = hash_first(&re->table, hash_of(re, aor));

	for (; l; l = hash_next(l)) {
		struct watch *w = container_of(l, struct watch, link);

		if (str_eq(str_of(w->aor), aor))
			return w;
	}
	return NULL;
}


static struct watch *watch_make(struct reg_events *re, struct str aor)
{
	struct watch *w = mem_alloc(sizeof(*w), watch_destroy);

	if (!w)
		return NULL;
	list_init(&w->views);
	w->aor = str_dup(aor);
	if (!w->aor)
		return mem_unref(w);
	w->events = re;
	hash_insert(&re->table, &w->link, hash_of(re, aor));
	counter_add(&watched, 1);
	return w;
}


/* ---- Documents ---- */

static struct reg_event_view *view_of(struct watch *w, struct str aor)
{
	struct reg_event_view *v;

	for (struct list_link *l = list_first(&w->views); l; l = list_next(&w->views, l)) {
		v = container_of(l, struct reg_event_view, link);
		if (str_eq(str_of(v->aor), aor))
			return v;
	}
	if (w->views.count >= REGINFO_REGISTRATIONS_MAX ||
	    reg_event_view_alloc(&v, w->events->registrations, w->events->loop, aor,
				 w->events->max_expires_s))
		return NULL;
	list_append(&w->views, &v->link);
	return v;
}


static void apply(struct watch *w, const struct reginfo_registration *r,
		  const struct sip_source *from)
{
	char text[SIP_AOR_MAX];
	struct reg_event_view *v;
	struct sip_uri uri;
	struct buf aor;

	buf_fixed(&aor, text, sizeof(text));
	if (sip_uri_decode(&uri, r->aor) || sip_uri_aor(&uri, STR_NULL, &aor) ||
	    !subscribers_serve(w->events->subscribers, buf_str(&aor)))
		return;
	v = view_of(w, buf_str(&aor));
	if (!v)
		return;
	if (r->state == REGINFO_TERMINATED)
		reg_event_view_flush(v);
	for (size_t i = 0; r->state != REGINFO_TERMINATED && i < r->contacts_n; i++)
		(void)reg_event_view_apply(v, &r->contacts[i], from);
}


static void take(struct watch *w, const struct reginfo *doc, const struct sip_source *from)
{
	struct list_link *l;

	/* 5.2: "If it contains full state […] the contents of all tables associated with this subscription
	 * are flushed. They are re-populated from the document." */
	for (l = list_first(&w->views); doc->full && l; l = list_next(&w->views, l))
		reg_event_view_flush(container_of(l, struct reg_event_view, link));
	for (size_t i = 0; i < doc->registrations_n; i++)
		apply(w, &doc->registrations[i], from);
	for (l = list_first(&w->views); l; l = list_next(&w->views, l))
		reg_event_view_sync(container_of(l, struct reg_event_view, link));
	counter_add(&documents, 1);
}


/* 5.2. False: an old one. */
static bool versions(struct watch *w, const struct reginfo *doc)
{
	bool first = !w->has_version, skipped = !first && doc->version > w->version + 1;

	if (!first && doc->version <= w->version)
		return false;
	w->has_version = true;
	w->version = doc->version;
	if ((first || skipped) && !doc->full) {
		/* "the subscriber SHOULD generate a refresh request to trigger a full state notification." */
		counter_add(&gaps, 1);
		sip_subscription_refresh(w->subscription);
	}
	return true;
}


static bool is_reginfo(const struct sip_msg *m)
{
	struct sip_media_type t;

	return sip_media_type_decode(&t, sip_msg_header(m, SIP_HDR_CONTENT_TYPE)) == 0 &&
	       sip_media_type_is(&t, STR("application"), STR("reginfo+xml"));
}


/* The NOTIFY came from an element of the core, over the dialog we opened with it. */
static uint16_t on_notified(struct sip_subscription *s, const struct sip_msg *m,
			    const struct sip_source *src, void *arg)
{
	struct arena a = ARENA_INIT(REG_EVENT_ARENA_MAX);
	struct watch *w = arg;
	struct reginfo doc;
	int err;

	(void)s;
	if (!m->body.n)
		return 200;
	if (!is_reginfo(m))
		return 415;
	err = reginfo_decode(&doc, m->body, &a);
	if (!err && versions(w, &doc))
		take(w, &doc, src);
	arena_done(&a);
	if (err == -EBADMSG || err == -ENOBUFS)
		counter_add(&malformed, 1);
	return err == -EBADMSG ? 400 : err == -ENOBUFS ? 413 : err ? 500 : 200;
}


static void on_renewed(struct sip_subscription *s, void *arg)
{
	(void)s;
	((struct watch *)arg)->has_version = false;
}


static void on_ended(struct sip_subscription *s, uint16_t status, struct str reason, int error,
		     void *arg)
{
	(void)s;
	(void)status;
	(void)reason;
	if (!error)
		counter_add(&refused, 1);
	mem_unref(arg);
}


static const struct sip_subscription_handler handler = {.notified = on_notified,
							.renewed = on_renewed,
							.ended = on_ended};


/* ---- SUBSCRIBE ---- */

/* "<URI;lr>": whoever is asked is asked as a proxy, whatever the URI says of itself. */
static void put_route(struct buf *b, struct str uri)
{
	bool lr = str_find_str(uri, STR(";lr")) >= 0;

	buf_putc(b, '<');
	buf_puts(b, uri);
	buf_puts(b, lr ? STR(">") : STR(";lr>"));
}


static void put_headers(struct buf *b, const struct reg_events *re)
{
	buf_puts(b, STR("P-Asserted-Identity: <"));
	buf_puts(b, re->name);
	/* RFC 7315 4.6: the value is globally unique; two words of chance are. */
	buf_puts(b, STR(">\r\nP-Charging-Vector: icid-value=\""));
	buf_puthex(b, loop_random_u64(re->loop), 16);
	buf_puthex(b, loop_random_u64(re->loop), 16);
	buf_puts(b, STR("\"\r\n"));
}


static int subscribe(struct watch *w)
{
	struct reg_events *re = w->events;
	struct buf route = BUF_INIT(SIP_URI_MAX + 8), headers = BUF_INIT(SIP_URI_MAX + 256);
	int err = 0;

	put_route(&route, re->next_hop.n ? re->next_hop : w->route);
	put_headers(&headers, re);
	if (route.failed || headers.failed)
		err = -ENOBUFS;
	if (!err)
		err = sip_subscription_start(&w->subscription, &(struct sip_subscription_params){
								       .dialogs = re->dialogs,
								       .target = str_of(w->aor),
								       .from = re->name,
								       .route = buf_str(&route),
								       .event = STR("reg"),
								       .accept = REGINFO_TYPE,
								       .headers = buf_str(&headers),
								       .expires_s = re->expires_s,
								       .handler = &handler,
								       .arg = w,
							       });
	buf_done(&route);
	buf_done(&headers);
	return err;
}


static void on_timer(struct timer *t, void *arg)
{
	struct reg_events *re = arg;
	struct list_link *l;

	for (int i = 0; i < REG_EVENTS_BURST && (l = list_first(&re->queue)); i++) {
		struct watch *w = container_of(l, struct watch, in_queue);

		list_remove(&re->queue, l);
		if (subscribe(w))
			mem_unref(w);
	}
	if (!list_empty(&re->queue))
		timer_start(t, loop_timers(re->loop), REG_EVENTS_PAUSE_MS, on_timer, re);
}


static void enqueue(struct watch *w)
{
	struct reg_events *re = w->events;

	list_append(&re->queue, &w->in_queue);
	if (!timer_running(&re->timer))
		timer_start(&re->timer, loop_timers(re->loop), 0, on_timer, re);
}


/* ---- From the setting ---- */

/* Our name is known: those whom the table knew at the start are asked for now. */
static void resume(struct reg_events *re)
{
	const struct registration *r = NULL;

	re->resume = false;
	if (!re->next_hop.n)
		return;
	while ((r = registrations_next(re->registrations, r))) {
		struct watch *w = find(re, registration_aor(r))
					  ? NULL
					  : watch_make(re, registration_aor(r));

		if (w)
			enqueue(w);
	}
}


void reg_events_resume(struct reg_events *re)
{
	re->resume = true;
	if (re->name.n)
		resume(re);
}


static int contact_of(struct watch *w, const struct sip_msg *m)
{
	struct sip_values v = sip_values_first(m, SIP_HDR_CONTACT);
	struct sip_name_addr a;
	struct sip_uri uri;
	struct str value;

	if (!sip_values_next(&v, &value) || sip_name_addr_decode(&a, value) || a.star ||
	    sip_uri_decode(&uri, a.uri))
		return w->events->next_hop.n ? 0 : -EBADMSG;
	return text_set(&w->route, a.uri);
}


void reg_events_watch(struct reg_events *re, struct str aor, const struct sip_msg *m)
{
	struct watch *w = find(re, aor);

	if (!str_eq(re->name, m->uri) && text_set(&re->name, m->uri))
		return;
	if (!w) {
		w = watch_make(re, aor);
		if (!w)
			return;
		if (contact_of(w, m)) {
			mem_unref(w);
			return;
		}
		enqueue(w);
	}
	if (re->resume)
		resume(re);
}


void reg_events_unwatch(struct reg_events *re, struct str aor)
{
	struct watch *w = find(re, aor);

	if (!w)
		return;
	w->subscription = sip_subscription_end(w->subscription);
	for (struct list_link *l; (l = list_first(&w->views));) {
		list_remove(&w->views, l);
		reg_event_view_leave(container_of(l, struct reg_event_view, link));
	}
	mem_unref(w);
}


bool reg_events_know(const struct reg_events *re, struct str aor)
{
	const struct watch *w = find(re, aor);

	if (!w || !w->has_version)
		return false;
	for (struct list_link *l = list_first(&w->views); l; l = list_next(&w->views, l))
		if (str_eq(str_of(container_of(l, struct reg_event_view, link)->aor), aor))
			return true;
	return false;
}


/* ---- Life ---- */

static void destroy(void *object)
{
	struct reg_events *re = object;
	struct hash_link *l = NULL;
	size_t cursor = 0;

	timer_cancel(&re->timer);
	while ((l = hash_walk(&re->table, &cursor, l)))
		mem_unref(container_of(l, struct watch, link));
	hash_done(&re->table);
	mem_free((char *)re->next_hop.p);
	mem_free((char *)re->name.p);
	mem_unref(re->dialogs);
	mem_unref(re->registrations);
	mem_unref(re->subscribers);
}


int reg_events_alloc(struct reg_events **ret, const struct reg_events_params *p)
{
	struct reg_events *re = mem_alloc(sizeof(*re), destroy);
	int err;

	if (!re)
		return -ENOMEM;
	re->loop = sip_dialogs_loop(p->dialogs);
	re->dialogs = mem_ref(p->dialogs);
	re->registrations = mem_ref(p->registrations);
	re->subscribers = mem_ref(p->subscribers);
	re->expires_s = p->expires_s;
	re->max_expires_s = p->max_expires_s;
	list_init(&re->queue);
	err = hash_init(&re->table, 64);
	if (!err)
		err = text_set(&re->next_hop, p->next_hop);
	if (err) {
		mem_unref(re);
		return err;
	}
	loop_random(re->loop, &re->table.key, sizeof(re->table.key));
	*ret = re;
	return 0;
}


void reg_events_counters_register(void)
{
	counter_register(&documents, 1);
	counter_register(&gaps, 1);
	counter_register(&malformed, 1);
	counter_register(&refused, 1);
	counter_register(&watched, 1);
}
