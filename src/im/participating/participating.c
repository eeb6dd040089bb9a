/* SPDX-License-Identifier: Apache-2.0 */
/* The Participating Functions: one request's way through the gates and on to where it goes. */

#include "im/participating/participating.h"

#include <errno.h>

#include "base/mem.h"
#include "im/participating/forward.h"
#include "im/message.h"
#include "im/participating/gates.h"
#include "im/participating/media_path.h"
#include "im/participating/session.h"
#include "im/recorder.h"
#include "subscriber/subscriber.h"

/** Header lines that the gates of one side may write. */
#define ANSWER_HEADERS_MAX 2048
/** SDP of a refusal: the operator's types, of service and user, twice (im/participating/offer.h). */
#define ANSWER_SDP_MAX (5 * STORE_POLICY_VALUE_MAX)

struct participating {
	struct sip *sip;
	struct subscribers *subscribers;
	const struct im_setting *setting;
	struct im_addresses addresses;
	const struct im_rules *rules;
	const struct im_keeper *keeper;
	const struct im_recorder *recorder;
	struct im_sessions *sessions; /**< NULL: no media pass through here */
	participating_answer_cb *answer;
	void *answer_arg;
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
	struct im_keep keep;
	struct im_record record;
	bool keeping, recording;
	uint16_t status;   /**< of what is held back while it is recorded */
	struct buf answer; /**< a response that was received; empty: our own */
	enum im_outcome outcome;
	struct im_report report;
	/** Each function's decision; one that has no part in this process stays out. */
	enum media_path originating_path, terminating_path;
	/** The sender's, while the request crosses to the recipient's side. */
	struct operator_policy *originator_policy;
	bool originated; /**< the originating function was here */
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
	if (f->keeping)
		f->pf->keeper->cancel(&f->keep, f->pf->keeper->arg);
	if (f->recording)
		f->pf->recorder->cancel(&f->record, f->pf->recorder->arg);
	buf_done(&f->answer);
	if (f->pf)
		list_remove(&f->pf->flights, &f->link);
	mem_free(f->waiting);
	mem_unref(f->originator_policy);
	im_report_done(&f->report);
	mem_unref(f->st);
}


static struct flight *flight_with(struct participating *pf, struct sip_server_txn *st)
{
	struct flight *f = mem_alloc_in(sip_slab(pf->sip), sizeof(*f), flight_destroy);

	if (!f)
		return NULL;
	f->pf = pf;
	f->st = mem_ref(st);
	list_append(&pf->flights, &f->link);
	return f;
}


static struct flight *flight_alloc(struct participating *pf, const struct im_request *r)
{
	struct flight *f = flight_with(pf, r->st);

	if (f && im_report_init(&f->report, pf->events, sip_loop(pf->sip), r)) {
		mem_unref(f);
		return NULL;
	}
	return f;
}


static void refuse(struct flight *f, uint16_t status, struct str headers, struct str reason)
{
	(void)sip_reply(f->st, status, headers);
	im_report_tell(&f->report, IM_REFUSED, status, reason);
	mem_unref(f);
}


static void refuse_with(struct flight *f, const struct gate_answer *a, struct str reason)
{
	bool described = a->sdp->n && !a->sdp->failed;

	(void)sip_respond(f->st, &(struct sip_response){
					 .status = a->status,
					 .headers = buf_str(a->headers),
					 .type = described ? STR("application/sdp") : STR_NULL,
					 .body = described ? buf_str(a->sdp) : STR_NULL,
				 });
	im_report_tell(&f->report, IM_REFUSED, a->status, reason);
	mem_unref(f);
}


/* ---- Keeping ---- */

static void answer_not_kept(struct flight *f, int error)
{
	char storage[ANSWER_HEADERS_MAX];
	struct buf headers;
	struct gate_answer a = {.headers = &headers};
	struct str host = f->pf->addresses.domains[0];

	buf_fixed(&headers, storage, sizeof(storage));
	switch (error) {
	case -EDQUOT:
		gate_warn(&a, host, STR("too many messages wait for this user"));
		refuse(f, 480, buf_str(&headers), STR("quota"));
		break;
	case -EPERM:
		gate_warn(&a, host, STR("this user does not want messages kept"));
		refuse(f, 480, buf_str(&headers), STR("offline-delivery-off"));
		break;
	case -E2BIG:
		gate_warn(&a, host, STR("133 Size exceeded"));
		refuse(f, 413, buf_str(&headers), STR("too-large-to-keep"));
		break;
	case -ETIME:
	case -EALREADY:
	case -ENOTSUP:
		refuse(f, 480, STR_NULL, STR("recipient-reachable"));
		break;
	default:
		/* RFC 3261 21.5.4: the sender may try again. */
		refuse(f, 503, STR("Retry-After: 10\r\n"), STR("store"));
	}
}


/* ---- Recording ---- */

static void answer_held(struct flight *f)
{
	if (f->answer.n)
		(void)sip_server_txn_send(f->st, f->status, buf_str(&f->answer));
	else
		(void)sip_reply(f->st, f->status, STR_NULL);
	im_report_tell(&f->report, f->outcome, f->status, STR_NULL);
	mem_unref(f);
}


static void on_recorded(struct im_record *k, void *arg)
{
	struct flight *f = arg;

	(void)k;
	f->recording = false;
	answer_held(f);
}


/* The user whose function this is has history switched on: most have not, and their messages wait for nothing. */
static void want_record(struct flight *f, const struct subscriber *served, unsigned side)
{
	if (f->pf->recorder && f->report.kind == IM_PAGER && served &&
	    im_settings_on(&served->settings, IM_HISTORY_PAGER_LARGE))
		f->report.recorded_sides |= (uint8_t)side;
}


/* True: the answer waits until it is in the history of those who want that. */
static bool record(struct flight *f, unsigned sides)
{
	const struct im_recorder *recorder = f->pf->recorder;
	struct sip_msg m;

	if (!recorder || !sides || f->report.kind != IM_PAGER || sip_server_txn_request(f->st, &m))
		return false;
	f->recording =
		recorder->pager(&(struct im_recorded_pager){.m = &m,
							    .kind = f->report.kind,
							    .sides = sides,
							    .originator = f->report.originator,
							    .recipient = f->report.recipient},
				&f->record, on_recorded, f, recorder->arg) == 0;
	return f->recording;
}


/* OPF-OK-7, TPF-OK-10 of a pager message: at its 2xx. */
static bool accepted(struct sip_server_txn *st, const struct sip_msg *m, struct im_report *rep,
		     bool to_devices, void *arg)
{
	struct participating *pf = arg;
	struct flight *f = flight_with(pf, st);

	if (!f)
		return false;
	buf_init(&f->answer, SIP_MESSAGE_MAX);
	f->status = m->status;
	f->outcome = to_devices ? IM_DELIVERED : IM_RELAYED;
	f->report = *rep;
	if (im_forward_response_encode(st, m, &f->answer) || !record(f, rep->recorded_sides)) {
		f->report.text = NULL; /* still the caller's */
		mem_unref(f);
		return false;
	}
	rep->text = NULL;
	return true;
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
	f->status = 202;
	f->outcome = IM_DEFERRED;
	/* Its recipient has it when it is delivered. */
	if (!record(f, f->report.recorded_sides & IM_RECORD_ORIGINATOR))
		answer_held(f);
}


static void keep(struct flight *f, const struct im_request *r)
{
	const struct im_keeper *keeper = f->pf->keeper;
	int err = keeper ? keeper->keep(r, &f->keep, on_kept, f, keeper->arg) : -ENOTSUP;

	if (err)
		answer_not_kept(f, err);
	else
		f->keeping = true;
}


/* The request again, from the transaction's own copy. */
static bool recall(struct participating *pf, struct sip_server_txn *st, const struct im_report *rep,
		   struct waiting *w)
{
	char storage[ANSWER_HEADERS_MAX];
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
static bool unreached(struct sip_server_txn *st, struct im_report *rep, void *arg)
{
	struct participating *pf = arg;
	struct waiting w;
	struct flight *f;

	if (!pf->keeper || !recall(pf, st, rep, &w))
		return false;
	f = flight_with(pf, st);
	if (!f)
		return false;
	f->report = *rep;
	rep->text = NULL;
	keep(f, &w.r);
	return true;
}


static bool is_kept_after_failure(const struct participating *pf, const struct im_request *r)
{
	return pf->keeper && pf->rules->defer_after_failure && im_kind_is_kept(r->kind) &&
	       r->m->method == SIP_MESSAGE && !(r->expires_given && !r->expires_s) &&
	       !request_expired(r, loop_wall_ms(sip_loop(pf->sip)));
}


/* ---- The way of a request ---- */

/* Runs one side's table; true when all gates let the request pass. */
static bool admitted(struct flight *f, const struct im_request *r, const struct subscriber *served,
		     enum im_reach reach)
{
	struct participating *pf = f->pf;
	char storage[ANSWER_HEADERS_MAX], body[ANSWER_SDP_MAX];
	struct buf headers, sdp;
	struct gate_answer answer = {.headers = &headers, .sdp = &sdp};
	enum gate_verdict verdict = GATE_PASS;
	struct gate_view view = {
		.r = r,
		.ours = &pf->addresses,
		.rules = pf->rules,
		.service = subscribers_policy(pf->subscribers),
		.served = served,
		.reach = reach,
		.now_ms = loop_wall_ms(sip_loop(pf->sip)),
		.host = pf->addresses.domains[0],
	};

	buf_fixed(&headers, storage, sizeof(storage));
	buf_fixed(&sdp, body, sizeof(body));
	const struct gate *g = gates_run(r->side == IM_ORIGINATING ? &gates_originating
								   : &gates_terminating,
					 &view, &answer, &verdict);
	if (!g)
		return true;
	if (verdict == GATE_DEFER && pf->keeper)
		keep(f, r);
	else
		refuse_with(f, &answer, str_of(g->name));
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
				     .unreached = to_devices && is_kept_after_failure(f->pf, r)
							  ? unreached
							  : NULL,
				     .accepted = f->report.recorded_sides ? accepted : NULL,
				     .arg = f->pf,
			     },
			     &f->report);

	if (err) {
		/* 16.6: nothing could be sent. Out of memory or no next hop at all. */
		(void)sip_reply(f->st, err == -ENOENT ? 404 : 500, STR_NULL);
		im_report_tell(&f->report, IM_FAILED, err == -ENOENT ? 404 : 500, STR("not-sent"));
	}
	mem_unref(f);
}


/* The operator is no subscriber: what is said to them is taken here. */
static bool is_answer(const struct flight *f, const struct im_request *r)
{
	return f->pf->answer && im_request_is_answer(r, &f->pf->addresses);
}


static void take_answer(struct flight *f, struct im_request *r)
{
	f->pf->answer(r, f->pf->answer_arg);
	mem_unref(f);
}


static enum media_path decide(const struct flight *f, const struct im_request *r,
			      const struct subscriber *served)
{
	return media_path_decide(&(struct media_path_view){
		.kind = r->kind,
		.side = r->side,
		.rules = f->pf->rules,
		.settings = served ? &served->settings : NULL,
		.service = subscribers_policy(f->pf->subscribers),
		.user = served ? served->policy : NULL,
	});
}


/*
 * 6.1.1: in the media path of it when either function decided so. True: the session has taken it, or it was
 * refused.
 */
static bool anchored(struct flight *f, const struct im_request *r, const struct im_targets *targets,
		     const struct subscriber *recipient)
{
	struct participating *pf = f->pf;
	bool terminating = r->side == IM_TERMINATING;
	char storage[ANSWER_HEADERS_MAX];
	struct buf headers;

	if (!pf->sessions ||
	    (f->originating_path == MEDIA_PATH_OUT && f->terminating_path == MEDIA_PATH_OUT))
		return false;
	int err = im_session_start(
		pf->sessions,
		&(struct im_session_params){
			.r = r,
			.targets = targets,
			.to_devices = terminating,
			.originating = f->originated,
			.terminating = terminating,
			.service = subscribers_policy(pf->subscribers),
			.originator_policy = f->originator_policy,
			.recipient_policy = terminating && recipient ? recipient->policy : NULL,
		},
		&f->report);
	if (!err) {
		mem_unref(f);
		return true;
	}
	buf_fixed(&headers, storage, sizeof(storage));
	uint16_t status = im_session_refusal_of(pf->sessions, err, &headers);
	refuse(f, status, buf_str(&headers), STR("session"));
	return true;
}


static void originating(struct flight *f, struct im_request *r, const struct subscriber *served)
{
	struct im_targets targets = {.n = 0};

	if (!admitted(f, r, served, IM_REACH_OK))
		return;
	if (is_answer(f, r)) {
		take_answer(f, r);
		return;
	}
	f->originated = true;
	want_record(f, served, IM_RECORD_ORIGINATOR);
	f->originating_path = decide(f, r, served);
	f->originator_policy = served ? mem_ref(served->policy) : NULL;
	if (f->pf->setting->terminates_here && r->recipient_served) {
		r->side = IM_TERMINATING;
		cross(f, r);
		return;
	}
	f->pf->setting->onward(r, &targets, f->pf->setting->arg);
	if (!anchored(f, r, &targets, NULL))
		forward(f, r, &targets, false);
}


static void terminating(struct flight *f, struct im_request *r, const struct subscriber *served)
{
	struct im_targets targets;
	enum im_reach reach = IM_REACH_UNREGISTERED;

	targets.n = 0;
	if (served)
		reach = f->pf->setting->reach(r, &targets, f->pf->setting->arg);
	if (!admitted(f, r, served, reach))
		return;
	want_record(f, served, IM_RECORD_RECIPIENT);
	f->terminating_path = decide(f, r, served);
	if (!anchored(f, r, &targets, served))
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
	if (r->side == IM_TERMINATING && is_answer(f, r)) {
		take_answer(f, r);
		return;
	}
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


void participating_set_sessions(struct participating *pf, struct im_sessions *sessions)
{
	pf->sessions = sessions;
}


void participating_on_answer(struct participating *pf, participating_answer_cb *cb, void *arg)
{
	pf->answer = cb;
	pf->answer_arg = arg;
}


void participating_set_keeper(struct participating *pf, const struct im_keeper *keeper)
{
	struct list_link *next;

	for (struct list_link *l = list_first(&pf->flights); l; l = next) {
		struct flight *f = container_of(l, struct flight, link);

		next = list_next(&pf->flights, l);
		if (f->keeping)
			mem_unref(f);
	}
	pf->keeper = keeper;
}


void participating_set_recorder(struct participating *pf, const struct im_recorder *recorder)
{
	struct list_link *next;

	for (struct list_link *l = list_first(&pf->flights); l; l = next) {
		struct flight *f = container_of(l, struct flight, link);

		next = list_next(&pf->flights, l);
		if (f->recording)
			mem_unref(f);
	}
	pf->recorder = recorder;
}


int participating_alloc(struct participating **ret, const struct im_params *p,
			const struct im_rules *rules, struct im_events *events)
{
	struct participating *pf = mem_alloc(sizeof(*pf), destroy);

	if (!pf)
		return -ENOMEM;
	list_init(&pf->flights);
	pf->sip = p->sip;
	pf->subscribers = mem_ref(p->subscribers);
	pf->setting = p->setting;
	pf->addresses = p->addresses;
	pf->rules = rules;
	pf->keeper = p->keeper;
	pf->events = events;
	*ret = pf;
	return 0;
}
