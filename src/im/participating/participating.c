/* SPDX-License-Identifier: Apache-2.0 */
/* The Participating Functions: one request's way through the gates and on to where it goes. */

#include "im/participating/flight.h"

#include <errno.h>

#include "base/mem.h"
#include "im/focus.h"
#include "im/own.h"
#include "im/participating/forward.h"
#include "im/participating/session.h"

/** SDP of a refusal: the operator's types, of service and user, twice (im/participating/offer.h). */
#define ANSWER_SDP_MAX (5 * STORE_POLICY_VALUE_MAX)

static void cross(struct flight *f, struct im_request *r);
static void serve(struct flight *f, struct im_request *r);


/* ---- The way of a request ---- */

/* Runs one side's table; true when all gates let the request pass. */
static bool admitted(struct flight *f, const struct im_request *r, const struct subscriber *served,
		     enum im_reach reach)
{
	struct participating *pf = f->pf;
	char storage[FLIGHT_HEADERS_MAX], body[ANSWER_SDP_MAX];
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
		flight_keep(f, r, served);
	else
		flight_refuse_with(f, &answer, str_of(g->name));
	return false;
}


static void forward(struct flight *f, const struct im_request *r, const struct im_targets *targets,
		    bool to_devices)
{
	struct buf replaces = BUF_INIT(SIP_MESSAGE_MAX);

	/* The session that it is to replace may pass through here although this one does not. */
	if (f->pf->sessions && r->m->first[SIP_HDR_REPLACES] != SIP_LINE_NONE)
		(void)im_sessions_replaces(f->pf->sessions, r->m, &replaces);
	int err = replaces.failed
			  ? -ENOMEM
			  : im_forward(r,
				       &(struct im_forward_params){
					       .replaces = buf_str(&replaces),
					       .targets = targets,
					       .to_devices = to_devices,
					       .hides = to_devices && r->anonymous &&
							f->pf->setting->terminates_here,
					       .to_focus = f->to_focus,
					       .realm = f->pf->addresses.domains[0],
					       .unreached = to_devices && flight_kept_after_failure(
										  f->pf, r)
								    ? flight_unreached
								    : NULL,
					       .accepted = f->report.recorded_sides
								   ? flight_accepted
								   : NULL,
					       .arg = f->pf,
				       },
				       &f->report);

	buf_done(&replaces);
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


/* So are the functions that keep messages (digest c3, c4): what is asked of them is asked for oneself. */
static bool is_retrieval(const struct participating *pf, const struct im_request *r)
{
	return pf->retrieval && r->kind == IM_RETRIEVAL;
}


static void take_retrieval(struct flight *f, struct im_request *r)
{
	f->pf->retrieval(r, f->pf->retrieval_arg);
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
	char storage[FLIGHT_HEADERS_MAX];
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
			.to_focus = f->to_focus,
			.keeps = terminating && flight_kept_after_failure(pf, r) && recipient &&
				 im_settings_on(&recipient->settings, IM_OFFLINE_DELIVERY),
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
	flight_refuse(f, status, buf_str(&headers), STR("session"));
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
	if (is_retrieval(f->pf, r)) {
		take_retrieval(f, r);
		return;
	}
	f->originated = true;
	flight_want_record(f, served, IM_RECORD_ORIGINATOR);
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
	flight_want_record(f, served, IM_RECORD_RECIPIENT);
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
	struct flight_waiting *w = f->waiting;

	(void)q;
	f->waiting = NULL;
	if (error && error != -ENOENT) {
		/* RFC 3261 21.5.4: the store is away; the sender may try again. */
		flight_refuse(f, 503, STR("Retry-After: 10\r\n"), STR("store"));
	} else if (sip_server_txn_request(f->st, &w->m)) {
		mem_unref(f); /* cancelled meanwhile: it was answered */
	} else {
		proceed(f, &w->r, error ? NULL : served);
	}
	mem_free(w);
}


/* The request again, for as long as somebody is looked up. */
static bool hold(struct flight *f, const struct im_request *r)
{
	struct flight_waiting *w = mem_raw(sizeof(*w));

	if (!w)
		return false;
	w->r = *r;
	w->r.m = &w->m;
	w->r.src = sip_server_txn_source(f->st);
	w->r.originator.p = w->r.originator_text;
	w->r.recipient.p = w->r.recipient_text;
	mem_free(f->waiting);
	f->waiting = w;
	if (sip_server_txn_request(f->st, &w->m))
		return false;
	im_request_rebase(&w->r, r->m);
	return true;
}


/* The subscriber is not in memory: keep the request until it is. */
static void wait_for(struct flight *f, const struct im_request *r, struct str aor)
{
	if (!hold(f, r) || subscriber_load(f->pf->subscribers, &f->query, aor, on_loaded, f))
		flight_refuse(f, 500, STR_NULL, STR("memory"));
}


/* ---- To the focus ---- */

/* The sender's function stands in the path of it, or keeps a record at its answer: then it leaves by SIP. */
static bool stays_with_us(const struct flight *f)
{
	return f->originated && (f->originating_path != MEDIA_PATH_OUT || f->report.recorded_sides);
}


static void hand_over(struct flight *f, struct im_request *r)
{
	const struct im_focus *focus = f->pf->focus;
	struct im_targets targets = {.n = 1};

	if (stays_with_us(f) && im_own_target(focus->own, r->recipient, &targets.target[0]) == 0) {
		r->side = IM_ORIGINATING;
		f->to_focus = true;
		if (!anchored(f, r, &targets, NULL))
			forward(f, r, &targets, false);
		return;
	}
	/* What becomes of it is told by the focus. */
	r->side = IM_CONTROLLING;
	focus->receive(r, focus->arg);
	mem_unref(f);
}


static void on_group(struct group_query *q, int error, struct group *g, void *arg)
{
	struct flight *f = arg;
	struct flight_waiting *w = f->waiting;

	(void)q;
	(void)g;
	f->waiting = NULL;
	if (error && error != -ENOENT && error != -EBADMSG)
		flight_refuse(f, 503, STR("Retry-After: 10\r\n"), STR("store"));
	else if (sip_server_txn_request(f->st, &w->m))
		mem_unref(f); /* cancelled meanwhile: it was answered */
	else if (error == -ENOENT)
		serve(f, &w->r);
	else
		hand_over(f, &w->r);
	mem_free(w);
}


/* True: it is for no user, or it has to be found out first. */
static bool is_for_focus(struct flight *f, struct im_request *r)
{
	const struct im_focus *focus = f->pf->focus;
	int is = focus && r->side == IM_TERMINATING ? focus->is_for(r, focus->arg) : 0;

	if (is > 0)
		hand_over(f, r);
	else if (is == -EAGAIN &&
		 (!hold(f, r) || group_load(focus->groups, &f->group, r->recipient, on_group, f)))
		flight_refuse(f, 500, STR_NULL, STR("memory"));
	return is != 0;
}


/* On one side: find whose function it is, then go on. */
static void serve(struct flight *f, struct im_request *r)
{
	struct str aor = r->side == IM_ORIGINATING ? r->originator : r->recipient;
	struct subscriber *served = NULL;
	int err = aor.n ? subscribers_find(f->pf->subscribers, aor, &served) : -ENOENT;

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


static void cross(struct flight *f, struct im_request *r)
{
	f->report.side = r->side;
	if (!is_for_focus(f, r))
		serve(f, r);
}


void participating_receive(struct participating *pf, struct im_request *r)
{
	struct flight *f = flight_alloc(pf, r);

	/* Their checks are those of 6.1.1.1, on whichever side the core has sent it. */
	if (is_retrieval(pf, r))
		r->side = IM_ORIGINATING;
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


void participating_on_retrieval(struct participating *pf, participating_answer_cb *cb, void *arg)
{
	pf->retrieval = cb;
	pf->retrieval_arg = arg;
}


void participating_set_focus(struct participating *pf, const struct im_focus *focus)
{
	pf->focus = focus;
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
