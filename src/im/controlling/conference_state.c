/* SPDX-License-Identifier: Apache-2.0 */
/* Subscribers to the state of a conference, each at its own place in the roster's order of change. */
#include "im/controlling/conference_state.h"

#include <errno.h>

#include "base/counter.h"
#include "base/list.h"
#include "base/mem.h"
#include "sip/media_type.h"
#include "sip/notifier.h"

enum { ACCEPTED, REFUSED, TOLD, TOLD_WHOLE, GAUGE_OPEN, COUNTERS };
static struct counter counters[COUNTERS] = {
	[ACCEPTED] = COUNTER("conference.subscriptions.accepted",
			     "subscriptions to the state of a conference that were accepted"),
	[REFUSED] = COUNTER("conference.subscriptions.refused",
			    "subscriptions to the state of a conference that were refused"),
	[TOLD] = COUNTER("conference.notifications",
			 "documents about conferences sent to subscribers"),
	[TOLD_WHOLE] = COUNTER("conference.notifications.full",
			       "those of them that held the full state"),
	[GAUGE_OPEN] = GAUGE("conference.subscriptions", "subscriptions to conferences now"),
};

struct conference_watchers {
	struct sip_dialogs *dialogs;
	struct roster *roster;
	struct list list; /**< of watchers, oldest first */
	struct str contact_user, headers;
	size_t large;
	uint32_t pause_ms;
	char text[];
};

/** One subscription. It lives until it has ended, and holds a reference to the list it stands in. */
struct watcher {
	struct conference_watchers *all;
	struct list_link link;
	struct sip_notifier *notifier;
	struct roster_place place;
	struct timer timer; /**< the pause; or more is to follow */
	bool telling;       /**< in several documents */
	bool tells_own;
	bool dropped; /**< is told nothing more */
	struct str who;
	char text[];
};


void conference_watchers_counters_register(void)
{
	counter_register(counters, COUNTERS);
}


/* ---- Telling ---- */

static struct timers *timers_of(const struct watcher *w)
{
	return loop_timers(sip_dialogs_loop(w->all->dialogs));
}


static bool is_large(const struct conference_watchers *all)
{
	return roster_count(all->roster) > all->large;
}


static void on_timer(struct timer *t, void *arg);


/* The first change is told at once; what comes in the pause after it waits for its end. */
static void wake(struct watcher *w)
{
	if (timer_running(&w->timer) || w->dropped || !roster_has_news(w->all->roster, &w->place))
		return;
	sip_notifier_changed(w->notifier);
	if (is_large(w->all))
		timer_start(&w->timer, timers_of(w), w->all->pause_ms, on_timer, w);
}


static void on_timer(struct timer *t, void *arg)
{
	(void)t;
	wake(arg);
}


/* A subscriber that makes us begin anew before it has taken all of the last is not served any faster. */
static void go_on(struct watcher *w, bool begun_anew)
{
	bool more = roster_has_news(w->all->roster, &w->place);
	uint32_t ms = begun_anew && w->telling ? w->all->pause_ms : CONFERENCE_MORE_MS;

	w->telling = more;
	if (more && !roster_has_ended(w->all->roster))
		timer_start(&w->timer, timers_of(w), ms, on_timer, w);
}


static struct str on_state(struct sip_notifier *n, bool full, struct buf *body, void *arg)
{
	struct watcher *w = arg;

	(void)n;
	if (w->dropped)
		return STR_NULL;
	roster_tell(w->all->roster, &w->place,
		    &(struct roster_view){.who = w->who, .tells_own = w->tells_own, .full = full},
		    body);
	counter_add(&counters[TOLD], 1);
	counter_add(&counters[TOLD_WHOLE], full);
	go_on(w, full);
	return CONFERENCE_INFO_TYPE;
}


static void watcher_free(struct watcher *w)
{
	timer_cancel(&w->timer);
	if (list_linked(&w->link)) {
		list_remove(&w->all->list, &w->link);
		counter_add(&counters[GAUGE_OPEN], -1);
	}
	mem_unref(w->notifier);
	mem_unref(w->all);
	mem_free(w);
}


static void on_ended(struct sip_notifier *n, void *arg)
{
	(void)n;
	watcher_free(arg);
}


static const struct sip_notifier_handler handler = {.state = on_state, .ended = on_ended};


static void on_changed(struct roster *r, void *arg)
{
	struct conference_watchers *all = arg;

	(void)r;
	for (struct list_link *k = list_first(&all->list); k; k = list_next(&all->list, k))
		wake(container_of(k, struct watcher, link));
}


/* ---- Life ---- */

static void destroy(void *object)
{
	struct conference_watchers *all = object;

	if (all->roster)
		roster_listen(all->roster, NULL, NULL);
	mem_unref(all->roster);
	mem_unref(all->dialogs);
}


int conference_watchers_alloc(struct conference_watchers **ret,
			      const struct conference_watchers_params *p)
{
	struct conference_watchers *all = mem_alloc(sizeof(*all) + p->contact_user.n + p->headers.n,
						    destroy);

	if (!all)
		return -ENOMEM;
	list_init(&all->list);
	all->dialogs = mem_ref(p->dialogs);
	all->roster = mem_ref(p->roster);
	all->large = p->large ? p->large : CONFERENCE_LARGE;
	all->pause_ms = p->pause_ms ? p->pause_ms : CONFERENCE_PAUSE_MS;
	all->contact_user = (struct str){all->text, p->contact_user.n};
	all->headers = (struct str){all->text + p->contact_user.n, p->headers.n};
	memcpy(all->text, p->contact_user.n ? p->contact_user.p : "", p->contact_user.n);
	memcpy(all->text + p->contact_user.n, p->headers.n ? p->headers.p : "", p->headers.n);
	timers_declare(loop_timers(sip_dialogs_loop(p->dialogs)), all->pause_ms);
	roster_listen(p->roster, on_changed, all);
	*ret = all;
	return 0;
}


size_t conference_watchers_count(const struct conference_watchers *w)
{
	return w->list.count;
}


/* ---- SUBSCRIBE ---- */

static int refuse(const struct conference_subscribe *s, uint16_t status, struct str headers,
		  int err)
{
	counter_add(&counters[REFUSED], 1);
	(void)sip_reply(s->st, status, headers);
	return err;
}


/* RFC 4575 3.5: "If no 'Accept' header field is present, it has a default value of application/conference-info+xml". */
static bool accepts(const struct sip_msg *m)
{
	static const struct sip_media_type ours = {STR_INIT("application"),
						   STR_INIT("conference-info+xml"), STR_INIT("")};

	return sip_accept_q(m, &ours) != 0;
}


/* RFC 6665 7.2.1 wants Allow-Events in a 489. 0: goes on. */
static int judge(const struct conference_watchers *all, const struct conference_subscribe *s)
{
	struct sip_event event;

	if (sip_event_decode(&event, sip_msg_header(s->m, SIP_HDR_EVENT)) ||
	    !str_eq(event.package, CONFERENCE_PACKAGE))
		return refuse(s, 489, STR("Allow-Events: conference\r\n"), -EBADMSG);
	if (!accepts(s->m))
		return refuse(s, 406, STR("Accept: application/conference-info+xml\r\n"), -EBADMSG);
	if (roster_has_ended(all->roster))
		return refuse(s, 404, STR_NULL, -ENOENT);
	if (all->list.count >= CONFERENCE_WATCHERS_MAX)
		return refuse(s, 503, STR("Retry-After: 60\r\n"), -ENOBUFS);
	return 0;
}


/*
 * Their oldest goes when they have as many as there may be: most likely nobody listens there any more. False: those
 * that went have not even been answered yet, and more of them would be in the place of others'.
 */
static bool make_room(struct conference_watchers *all, struct str who)
{
	struct watcher *oldest = NULL;
	size_t n = 0, going = 0;

	for (struct list_link *k = list_first(&all->list); k; k = list_next(&all->list, k)) {
		struct watcher *w = container_of(k, struct watcher, link);

		if (!str_eq(w->who, who))
			continue;
		going += w->dropped;
		n += !w->dropped;
		oldest = oldest || w->dropped ? oldest : w;
	}
	if (n < CONFERENCE_WATCHERS_EACH_MAX)
		return true;
	if (going >= CONFERENCE_WATCHERS_EACH_MAX)
		return false;
	oldest->dropped = true;
	timer_cancel(&oldest->timer);
	sip_notifier_terminate(oldest->notifier, SIP_SUBREASON_REJECTED, 0);
	return true;
}


static struct watcher *watcher_make(struct conference_watchers *all,
				    const struct conference_subscribe *s)
{
	struct watcher *w = mem_raw(sizeof(*w) + s->who.n);

	if (!w)
		return NULL;
	memset(w, 0, sizeof(*w));
	memcpy(w->text, s->who.n ? s->who.p : "", s->who.n);
	w->who = (struct str){w->text, s->who.n};
	w->all = mem_ref(all);
	w->tells_own = s->tells_own;
	roster_place_init(&w->place, all->roster);
	return w;
}


int conference_watchers_subscribe(struct conference_watchers *all,
				  const struct conference_subscribe *s)
{
	struct watcher *w;
	int err = judge(all, s);

	if (err)
		return err;
	w = watcher_make(all, s);
	if (!w)
		return refuse(s, 500, STR_NULL, -ENOMEM);
	if (!make_room(all, s->who)) {
		watcher_free(w);
		return refuse(s, 503, STR("Retry-After: 60\r\n"), -ENOBUFS);
	}
	err = sip_notifier_accept(&w->notifier,
				  &(struct sip_notifier_params){
					  .dialogs = all->dialogs,
					  .st = s->st,
					  .m = s->m,
					  .src = s->src,
					  .hop = s->hop,
					  .min_s = CONFERENCE_EXPIRES_MIN_S,
					  .default_s = CONFERENCE_EXPIRES_S,
					  .max_s = CONFERENCE_EXPIRES_MAX_S,
					  .contact_user = all->contact_user,
					  .contact_params = STR(";isfocus;+g.oma.sip-im"),
					  .headers = all->headers,
					  .handler = &handler,
					  .arg = w,
				  });
	if (err) {
		counter_add(&counters[REFUSED], 1);
		watcher_free(w);
		return err;
	}
	list_append(&all->list, &w->link);
	counter_add(&counters[ACCEPTED], 1);
	counter_add(&counters[GAUGE_OPEN], 1);
	return 0;
}


/* ---- The end ---- */

void conference_watchers_drop(struct conference_watchers *all, struct str who,
			      enum sip_subreason reason)
{
	for (struct list_link *k = list_first(&all->list); k; k = list_next(&all->list, k)) {
		struct watcher *w = container_of(k, struct watcher, link);

		if (!w->dropped && str_eq(w->who, who)) {
			w->dropped = true;
			timer_cancel(&w->timer);
			sip_notifier_terminate(w->notifier, reason, 0);
		}
	}
}


void *conference_watchers_end(struct conference_watchers *all, struct str reason)
{
	if (!all)
		return NULL;
	roster_end(all->roster, reason);
	for (struct list_link *k = list_first(&all->list); k; k = list_next(&all->list, k)) {
		struct watcher *w = container_of(k, struct watcher, link);

		timer_cancel(&w->timer);
		sip_notifier_terminate(w->notifier, SIP_SUBREASON_NORESOURCE, 0);
	}
	return mem_unref(all);
}
