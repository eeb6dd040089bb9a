/* SPDX-License-Identifier: Apache-2.0 */
/* The Participating Functions: one request's way through the gates and on to where it goes. */

#include "im/participating/participating.h"

#include <errno.h>

#include "base/mem.h"
#include "im/participating/forward.h"
#include "im/participating/gates.h"
#include "subscriber/subscriber.h"

/** Header lines that the gates of one side may write. */
#define ANSWER_HEADERS_MAX 2048

struct participating {
	struct sip *sip;
	struct subscribers *subscribers;
	const struct im_setting *setting;
	struct im_addresses addresses;
	struct im_events *events;
	struct list flights;
};

/**
 * One request under way. While its subscriber is being loaded, `waiting` holds the request again; the
 * message itself stays with the server transaction.
 */
struct flight {
	struct participating *pf;
	struct list_link link;
	struct sip_server_txn *st;
	struct subscriber_query query;
	struct waiting *waiting;
	struct im_report report;
};

struct waiting {
	struct sip_msg m;
	struct im_request r;
};

static void cross(struct flight *f, struct im_request *r);


static void flight_destroy(void *object)
{
	struct flight *f = object;

	subscriber_load_cancel(&f->query);
	if (f->pf)
		list_remove(&f->pf->flights, &f->link);
	mem_free(f->waiting);
	im_report_done(&f->report);
	mem_unref(f->st);
}


static struct flight *flight_alloc(struct participating *pf, const struct im_request *r)
{
	struct flight *f = mem_alloc(sizeof(*f), flight_destroy);

	if (!f)
		return NULL;
	if (im_report_init(&f->report, pf->events, sip_loop(pf->sip), r)) {
		mem_unref(f);
		return NULL;
	}
	f->pf = pf;
	f->st = mem_ref(r->st);
	list_append(&pf->flights, &f->link);
	return f;
}


static void refuse(struct flight *f, uint16_t status, struct str headers, struct str reason)
{
	(void)sip_reply(f->st, status, headers);
	im_report_tell(&f->report, IM_REFUSED, status, reason);
	mem_unref(f);
}


/* Runs one side's table; true when all gates let the request pass. */
static bool admitted(struct flight *f, const struct im_request *r, const struct subscriber *served,
		     enum im_reach reach)
{
	char storage[ANSWER_HEADERS_MAX];
	struct buf headers;
	struct gate_answer answer = {.headers = &headers};
	struct gate_view view = {.r = r, .served = served, .reach = reach, .host = f->pf->addresses.domains[0]};
	bool originating = r->side == IM_ORIGINATING;

	buf_fixed(&headers, storage, sizeof(storage));
	const struct gate *g = gates_run(originating ? gates_originating : gates_terminating,
					 originating ? gates_originating_n : gates_terminating_n, &view, &answer);
	if (!g)
		return true;
	refuse(f, answer.status, buf_str(&headers), str_of(g->name));
	return false;
}


static void forward(struct flight *f, const struct im_request *r, const struct im_targets *targets,
		    bool to_devices)
{
	int err = im_forward(r,
			     &(struct im_forward_params){
				     .targets = targets,
				     .to_devices = to_devices,
				     .realm = f->pf->addresses.domains[0],
			     },
			     &f->report);

	if (err) {
		/* 16.6: nothing could be sent. Out of memory or no next hop at all. */
		(void)sip_reply(f->st, err == -ENOENT ? 404 : 500, STR_NULL);
		im_report_tell(&f->report, IM_FAILED, err == -ENOENT ? 404 : 500, STR("not-sent"));
	}
	mem_unref(f);
}


static void originating(struct flight *f, struct im_request *r, const struct subscriber *served)
{
	struct im_targets targets = {.n = 0};

	if (!admitted(f, r, served, IM_REACH_OK))
		return;
	if (f->pf->setting->terminates_here && r->recipient_served) {
		r->side = IM_TERMINATING;
		cross(f, r);
		return;
	}
	f->pf->setting->onward(r, &targets, f->pf->setting->arg);
	forward(f, r, &targets, false);
}


static void terminating(struct flight *f, struct im_request *r, const struct subscriber *served)
{
	struct im_targets targets;
	enum im_reach reach = IM_REACH_UNREGISTERED;

	targets.n = 0;
	if (served)
		reach = f->pf->setting->reach(r, &targets, f->pf->setting->arg);
	if (admitted(f, r, served, reach))
		forward(f, r, &targets, true);
}


static void proceed(struct flight *f, struct im_request *r, const struct subscriber *served)
{
	if (r->side == IM_ORIGINATING)
		originating(f, r, served);
	else
		terminating(f, r, served);
}


static void on_loaded(struct subscriber_query *q, int error, struct subscriber *served, void *arg)
{
	struct flight *f = arg;
	struct waiting *w = f->waiting;

	(void)q;
	f->waiting = NULL;
	if (error && error != -ENOENT) {
		/* RFC 3261 21.5.4: the store is away; the sender may try again. */
		refuse(f, 503, STR("Retry-After: 10\r\n"), STR("store"));
	} else if (sip_server_txn_request(f->st, &w->m)) {
		mem_unref(f); /* cancelled meanwhile: it was answered */
	} else {
		proceed(f, &w->r, error ? NULL : served);
	}
	mem_free(w);
}


/* The subscriber is not in memory: keep the request until it is. */
static void wait_for(struct flight *f, const struct im_request *r, struct str aor)
{
	struct waiting *w = mem_raw(sizeof(*w));

	if (w) {
		w->r = *r;
		w->r.m = &w->m;
		w->r.src = sip_server_txn_source(f->st);
		w->r.originator.p = w->r.originator_text;
		w->r.recipient.p = w->r.recipient_text;
		f->waiting = w;
		if (sip_server_txn_request(f->st, &w->m) == 0) {
			im_request_rebase(&w->r, r->m);
			if (subscriber_load(f->pf->subscribers, &f->query, aor, on_loaded, f) == 0)
				return;
		}
	}
	refuse(f, 500, STR_NULL, STR("memory"));
}


/* On one side: find whose function it is, then go on. */
static void cross(struct flight *f, struct im_request *r)
{
	struct str aor = r->side == IM_ORIGINATING ? r->originator : r->recipient;
	struct subscriber *served = NULL;
	int err = aor.n ? subscribers_find(f->pf->subscribers, aor, &served) : -ENOENT;

	f->report.side = r->side;
	if (err == -EAGAIN) {
		wait_for(f, r, aor);
		return;
	}
	proceed(f, r, err ? NULL : served);
}


void participating_receive(struct participating *pf, struct im_request *r)
{
	struct flight *f = flight_alloc(pf, r);

	if (f)
		cross(f, r);
	else
		(void)sip_reply(r->st, 500, STR_NULL);
}


size_t participating_under_way(const struct participating *pf)
{
	return pf->flights.count;
}


static void destroy(void *object)
{
	struct participating *pf = object;

	for (struct list_link *l; (l = list_first(&pf->flights));)
		mem_unref(container_of(l, struct flight, link));
	mem_unref(pf->subscribers);
}


int participating_alloc(struct participating **ret, const struct im_params *p, struct im_events *events)
{
	struct participating *pf = mem_alloc(sizeof(*pf), destroy);

	if (!pf)
		return -ENOMEM;
	list_init(&pf->flights);
	pf->sip = p->sip;
	pf->subscribers = mem_ref(p->subscribers);
	pf->setting = p->setting;
	pf->addresses = p->addresses;
	pf->events = events;
	*ret = pf;
	return 0;
}
