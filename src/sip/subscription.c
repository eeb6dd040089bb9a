/* SPDX-License-Identifier: Apache-2.0 */
/* The subscriber's side of event subscriptions: RFC 6665 4.1. */
#include "sip/subscription.h"

#include <errno.h>

#include "base/mem.h"
#include "base/sm.h"
#include "sip/compose.h"
#include "sip/event_header.h"

/** Of what a NOTIFY gives as reason: enough for the log. */
#define REASON_MAX 64

static const struct sm_state states[] = {
	[SIP_SUBSCRIPTION_SUBSCRIBING] = {"subscribing",
					  SM_TO(SIP_SUBSCRIPTION_PENDING) |
						  SM_TO(SIP_SUBSCRIPTION_ACTIVE) |
						  SM_TO(SIP_SUBSCRIPTION_WAITING) |
						  SM_TO(SIP_SUBSCRIPTION_TERMINATED)},
	[SIP_SUBSCRIPTION_PENDING] = {"pending", SM_TO(SIP_SUBSCRIPTION_PENDING) |
							 SM_TO(SIP_SUBSCRIPTION_ACTIVE) |
							 SM_TO(SIP_SUBSCRIPTION_WAITING) |
							 SM_TO(SIP_SUBSCRIPTION_ENDING) |
							 SM_TO(SIP_SUBSCRIPTION_TERMINATED)},
	[SIP_SUBSCRIPTION_ACTIVE] = {"active", SM_TO(SIP_SUBSCRIPTION_PENDING) |
						       SM_TO(SIP_SUBSCRIPTION_ACTIVE) |
						       SM_TO(SIP_SUBSCRIPTION_WAITING) |
						       SM_TO(SIP_SUBSCRIPTION_ENDING) |
						       SM_TO(SIP_SUBSCRIPTION_TERMINATED)},
	[SIP_SUBSCRIPTION_WAITING] = {"waiting", SM_TO(SIP_SUBSCRIPTION_SUBSCRIBING) |
							 SM_TO(SIP_SUBSCRIPTION_TERMINATED)},
	[SIP_SUBSCRIPTION_ENDING] = {"ending", SM_TO(SIP_SUBSCRIPTION_TERMINATED)},
	[SIP_SUBSCRIPTION_TERMINATED] = {"terminated", 0},
};
const struct sm_table sip_subscription_machine = SM_TABLE("subscription", states);

struct sip_subscription {
	struct sip_dialogs *dialogs;
	struct sip_dialog_usage usage;
	struct sip_dialog_request request;
	struct timer timer; /**< the next refresh, the end, or the next attempt */
	struct timer timer_n;
	uint8_t state;
	bool again; /**< a refresh is wanted once the one under way is answered */
	bool fetch;
	uint64_t begun_ms, expires_ms;
	uint32_t expires_s, retry_s;
	struct str target, from, route, event, accept, headers, contact_user;
	struct sip_event event_value;
	struct sip_hop hop;
	bool hop_given;
	uint8_t challenges;                             /**< answered, of the SUBSCRIBE under way */
	const struct sip_subscription_handler *handler; /**< NULL: nobody wants to know */
	void *arg;
	char *text;
};

static void begin(struct sip_subscription *s);
static void subscribe(struct sip_subscription *s, uint32_t expires_s);
static bool subscribe_authorized(struct sip_subscription *s, const struct sip_msg *m);
static void on_timer(struct timer *t, void *arg);


static struct timers *timers_of(const struct sip_subscription *s)
{
	return loop_timers(sip_dialogs_loop(s->dialogs));
}


static void move(struct sip_subscription *s, enum sip_subscription_state to)
{
	sm_move(&sip_subscription_machine, &s->state, to);
}


static bool established(const struct sip_subscription *s)
{
	return s->state == SIP_SUBSCRIPTION_PENDING || s->state == SIP_SUBSCRIPTION_ACTIVE;
}


/* ---- The end, of a dialog and of all ---- */

static void drop_dialog(struct sip_subscription *s)
{
	timer_cancel(&s->timer);
	timer_cancel(&s->timer_n);
	sip_dialog_request_cancel(&s->request);
	sip_dialog_leave(&s->usage);
	s->expires_ms = 0;
	s->again = false;
}


static void finish(struct sip_subscription *s, uint16_t status, struct str reason, int error)
{
	bool ending = s->state == SIP_SUBSCRIPTION_ENDING;

	drop_dialog(s);
	move(s, SIP_SUBSCRIPTION_TERMINATED);
	/* sip_subscription_end has left its owner's reference to us. */
	if (ending)
		mem_unref(s);
	else if (s->handler)
		s->handler->ended(s, status, reason, error, s->arg);
}


/* ---- Another one ---- */

static void wait_for(struct sip_subscription *s, uint32_t seconds)
{
	move(s, SIP_SUBSCRIPTION_WAITING);
	timer_start(&s->timer, timers_of(s), (uint64_t)seconds * 1000, on_timer, s);
}


static uint32_t next_retry_s(struct sip_subscription *s)
{
	uint32_t twice = 2 * s->retry_s;

	s->retry_s = twice < SIP_SUBSCRIPTION_RETRY_MIN_S   ? SIP_SUBSCRIPTION_RETRY_MIN_S
		     : twice > SIP_SUBSCRIPTION_RETRY_MAX_S ? SIP_SUBSCRIPTION_RETRY_MAX_S
							    : twice;
	return s->retry_s;
}


/* `after_s` 0: as long as it has come to. */
static void later(struct sip_subscription *s, uint32_t after_s)
{
	uint32_t wait_s = next_retry_s(s);

	if (after_s)
		wait_s = after_s > SIP_SUBSCRIPTION_WAIT_MAX_S ? SIP_SUBSCRIPTION_WAIT_MAX_S
							       : after_s;
	drop_dialog(s);
	wait_for(s, wait_s);
}


static void at_once(struct sip_subscription *s)
{
	uint64_t now = timers_now(timers_of(s));

	if (now - s->begun_ms < (uint64_t)SIP_SUBSCRIPTION_RETRY_MIN_S * 1000) {
		later(s, 0);
		return;
	}
	s->retry_s = 0;
	drop_dialog(s);
	move(s, SIP_SUBSCRIPTION_WAITING);
	begin(s);
}


/* The subscription was lost. */
static void lost(struct sip_subscription *s)
{
	if (s->fetch || s->state == SIP_SUBSCRIPTION_ENDING)
		finish(s, 0, STR("timeout"), 0);
	else
		at_once(s);
}


/* ---- Time ---- */

static uint32_t left_s(const struct sip_subscription *s)
{
	uint64_t now = timers_now(timers_of(s));

	return s->expires_ms > now ? (uint32_t)((s->expires_ms - now) / 1000) : 0;
}


/* Ten minutes before the end, or at half time: so that several attempts fit in. */
static void schedule(struct sip_subscription *s, uint32_t expires_s)
{
	uint32_t lead_s = expires_s > 1200 ? 600 : expires_s / 2;
	uint32_t wait_s = expires_s - lead_s;

	s->expires_ms = timers_now(timers_of(s)) + (uint64_t)expires_s * 1000;
	if (wait_s < SIP_SUBSCRIPTION_REFRESH_MIN_S)
		wait_s = SIP_SUBSCRIPTION_REFRESH_MIN_S;
	timer_start(&s->timer, timers_of(s), (uint64_t)wait_s * 1000, on_timer, s);
}


/* A refresh failed, but the subscription still holds (4.1.2.2): once more, at half of what is left. */
static void schedule_again(struct sip_subscription *s)
{
	uint32_t wait_s = left_s(s) / 2;

	if (wait_s < SIP_SUBSCRIPTION_REFRESH_MIN_S)
		wait_s = left_s(s) + 1;
	timer_start(&s->timer, timers_of(s), (uint64_t)wait_s * 1000, on_timer, s);
}


static void on_timer(struct timer *t, void *arg)
{
	struct sip_subscription *s = arg;

	(void)t;
	if (s->state == SIP_SUBSCRIPTION_WAITING)
		begin(s);
	else if (!left_s(s))
		lost(s);
	else
		sip_subscription_refresh(s);
}


/* 4.1.2.4: "If this Timer N expires prior to the receipt of a NOTIFY request, the subscriber considers the
 * subscription failed"; 4.1.2.2 says the same of a refresh. */
static void on_timer_n(struct timer *t, void *arg)
{
	struct sip_subscription *s = arg;

	(void)t;
	if (s->state == SIP_SUBSCRIPTION_SUBSCRIBING && !s->fetch)
		later(s, 0);
	else
		lost(s);
}


/* ---- Answers to SUBSCRIBE ---- */

/* 4.1.2.2: after these to a refresh "the subscriber MUST consider the subscription terminated". */
static bool ends_subscription(uint16_t status)
{
	return status == 404 || status == 405 || status == 410 || status == 416 ||
	       (status >= 480 && status <= 485) || status == 489 || status == 501 || status == 604;
}


/* It may be another time. */
static bool may_pass(uint16_t status)
{
	switch (status) {
	case 408:
	case 480:
	case 481:
	case 482:
	case 483:
	case 491:
	case 500:
	case 502:
	case 503:
	case 504:
	case 580:
		return true;
	default:
		return false;
	}
}


static void refused(struct sip_subscription *s, const struct sip_msg *m)
{
	if (s->fetch || !may_pass(m->status))
		finish(s, m->status, STR_NULL, 0);
	else if (m->status == 481 && established(s))
		at_once(s);
	else
		later(s, sip_msg_retry_after_s(m));
}


/* 4.2.1.1: 423 "contains a "Min-Expires" header field". True: it was asked for so long. */
static bool longer(struct sip_subscription *s, const struct sip_msg *m)
{
	uint32_t min_s;

	if (m->status != 423 || s->fetch || s->state == SIP_SUBSCRIPTION_ENDING ||
	    !str_u32(sip_msg_header(m, SIP_HDR_MIN_EXPIRES), &min_s) || min_s <= s->expires_s ||
	    min_s > SIP_SUBSCRIPTION_WAIT_MAX_S * 365u)
		return false;
	s->expires_s = min_s;
	subscribe(s, s->expires_s);
	return true;
}


/* 4.2.1.1: "the server MAY shorten the interval but MUST NOT lengthen it". */
static void granted(struct sip_subscription *s, const struct sip_msg *m)
{
	uint32_t expires_s = s->expires_s, said_s;

	if (m->status == 204)
		timer_cancel(&s->timer_n);
	if (str_u32(sip_msg_header(m, SIP_HDR_EXPIRES), &said_s) && said_s < expires_s)
		expires_s = said_s;
	if (established(s))
		schedule(s, expires_s);
	else if (s->state == SIP_SUBSCRIPTION_SUBSCRIBING)
		s->expires_ms = timers_now(timers_of(s)) + (uint64_t)expires_s * 1000;
	if (established(s) && s->again)
		sip_subscription_refresh(s);
}


static void on_answered(struct sip_dialog_request *r, struct sip_dialog *d, const struct sip_msg *m,
			int error, void *arg)
{
	struct sip_subscription *s = arg;

	(void)r;
	(void)d;
	(void)error;
	if (m && m->status < 200)
		return;
	if (m && m->status < 300) {
		granted(s, m);
	} else if (m && (subscribe_authorized(s, m) || longer(s, m))) {
		return;
	} else if (s->state == SIP_SUBSCRIPTION_ENDING) {
		finish(s, 0, STR_NULL, 0);
	} else if (established(s) && (!m || !ends_subscription(m->status))) {
		timer_cancel(&s->timer_n);
		schedule_again(s);
	} else if (m) {
		refused(s, m);
	} else if (s->fetch) {
		finish(s, 408, STR_NULL, 0);
	} else {
		later(s, 0);
	}
}


/* ---- SUBSCRIBE ---- */

static void put_lines(struct buf *b, const struct sip_subscription *s, uint32_t expires_s)
{
	sip_put_header(b, SIP_HDR_EVENT, s->event);
	if (s->accept.n)
		sip_put_header(b, SIP_HDR_ACCEPT, s->accept);
	sip_put_headeru(b, SIP_HDR_EXPIRES, expires_s);
	buf_puts(b, s->headers);
}


static int subscribe_send(struct sip_subscription *s, uint32_t expires_s, struct str further)
{
	struct buf lines = BUF_INIT(SIP_MESSAGE_MAX);
	int err;

	put_lines(&lines, s, expires_s);
	buf_puts(&lines, further);
	err = lines.failed ? -ENOMEM
			   : sip_dialog_send(s->usage.dialog, &s->request,
					     &(struct sip_dialog_request_params){
						     .method = SIP_SUBSCRIBE,
						     .headers = buf_str(&lines),
						     .answered = on_answered,
						     .arg = s,
					     });
	buf_done(&lines);
	if (!err)
		timer_start(&s->timer_n, timers_of(s),
			    sip_timers(sip_dialogs_sip(s->dialogs))->linger_ms, on_timer_n, s);
	return err;
}


/* What cannot be sent now is tried again. */
static void subscribe(struct sip_subscription *s, uint32_t expires_s)
{
	s->again = false;
	s->challenges = 0;
	if (!subscribe_send(s, expires_s, STR_NULL))
		return;
	if (established(s))
		schedule_again(s);
	else
		later(s, 0);
}


/* RFC 3261 22.2. The last one, which unsubscribes, has no owner that could answer: its NOTIFY will be refused. */
static bool subscribe_authorized(struct sip_subscription *s, const struct sip_msg *m)
{
	struct buf lines = BUF_INIT(SIP_SUBSCRIPTION_LINES_MAX);
	struct str uri = sip_dialog_target(s->usage.dialog);
	bool sent = false;

	if ((m->status == 401 || m->status == 407) && s->handler && s->handler->authorize &&
	    s->challenges < SIP_SUBSCRIPTION_CHALLENGES_MAX &&
	    s->handler->authorize(s, uri, m, &lines, s->arg) && !lines.failed) {
		s->challenges++;
		sent = !subscribe_send(s, s->fetch ? 0 : s->expires_s, buf_str(&lines));
	}
	buf_done(&lines);
	return sent;
}


static int dialog_open(struct sip_subscription *s);


static void begin(struct sip_subscription *s)
{
	move(s, SIP_SUBSCRIPTION_SUBSCRIBING);
	s->begun_ms = timers_now(timers_of(s));
	if (s->handler && s->handler->renewed)
		s->handler->renewed(s, s->arg);
	if (s->state != SIP_SUBSCRIPTION_SUBSCRIBING)
		return;
	if (dialog_open(s))
		later(s, 0);
	else
		subscribe(s, s->expires_s);
}


void sip_subscription_refresh(struct sip_subscription *s)
{
	if (!established(s))
		return;
	if (sip_dialog_request_idle(&s->request))
		subscribe(s, s->expires_s);
	else
		s->again = true;
}


/* ---- NOTIFY ---- */

static void over(struct sip_subscription *s, const struct sip_subscription_value *v,
		 struct str reason)
{
	if (s->fetch || s->state == SIP_SUBSCRIPTION_ENDING) {
		finish(s, 0, reason, 0);
		return;
	}
	/* 4.1.3. */
	switch (v->reason) {
	case SIP_SUBREASON_REJECTED:
	case SIP_SUBREASON_NORESOURCE:
	case SIP_SUBREASON_INVARIANT:
		finish(s, 0, reason, 0);
		break;
	case SIP_SUBREASON_DEACTIVATED:
	case SIP_SUBREASON_TIMEOUT:
		at_once(s);
		break;
	default:
		later(s, v->has_retry_after ? v->retry_after_s : 0);
	}
}


static void holds(struct sip_subscription *s, const struct sip_subscription_value *v)
{
	if (s->state == SIP_SUBSCRIPTION_ENDING)
		return;
	move(s,
	     v->state == SIP_SUBSTATE_ACTIVE ? SIP_SUBSCRIPTION_ACTIVE : SIP_SUBSCRIPTION_PENDING);
	/* "If the header field also contains an "expires" parameter, the subscriber SHOULD take it as the
	 * authoritative subscription duration and adjust accordingly." */
	if (v->has_expires)
		schedule(s, v->expires_s);
	else if (!timer_running(&s->timer))
		schedule(s, s->expires_ms ? left_s(s) : s->expires_s);
}


/* 0, or the status of the refusal. */
static uint16_t check(struct sip_subscription *s, const struct sip_msg *m,
		      struct sip_subscription_value *v)
{
	int err;

	if (sip_subscription_value_decode(v, sip_msg_header(m, SIP_HDR_SUBSCRIPTION_STATE)))
		return 400;
	/* 4.4.1: a usage is created "unless the NOTIFY request contains a "Subscription-State" of
	 * "terminated."" */
	if (s->state != SIP_SUBSCRIPTION_SUBSCRIBING || v->state == SIP_SUBSTATE_TERMINATED ||
	    sip_dialog_state(s->usage.dialog) != SIP_DIALOG_INITIAL)
		return 0;
	err = sip_dialog_confirm(s->usage.dialog, m);
	return err == -EBADMSG ? 400 : err ? 500 : 0;
}


static void notified(struct sip_subscription *s, struct sip_server_txn *st, const struct sip_msg *m,
		     const struct sip_subscription_value *v)
{
	struct sip_dialog *d = mem_ref(s->usage.dialog);
	struct sip_subscription_value value = *v;
	uint16_t status = 200;
	char text[REASON_MAX];
	struct buf reason;

	timer_cancel(&s->timer_n);
	buf_fixed(&reason, text, sizeof(text));
	buf_puts(&reason, str_upto(v->reason_text, REASON_MAX));
	if (s->handler)
		status = s->handler->notified(s, m, sip_server_txn_source(st), s->arg);
	(void)sip_dialog_reply(d, st, &(struct sip_response){.status = status});
	/* The owner may have ended it. */
	if (s->state != SIP_SUBSCRIPTION_TERMINATED && s->usage.dialog == d) {
		if (value.state == SIP_SUBSTATE_TERMINATED)
			over(s, &value, buf_str(&reason));
		else
			holds(s, &value);
	}
	mem_unref(d);
}


static bool on_request(struct sip_dialog_usage *u, struct sip_server_txn *st,
		       const struct sip_msg *m, const struct sip_source *src, void *arg)
{
	struct sip_subscription *s = arg;
	struct sip_subscription_value v;
	struct sip_event event;

	(void)u;
	(void)src;
	if (m->method != SIP_NOTIFY)
		return false;
	if (sip_event_decode(&event, sip_msg_header(m, SIP_HDR_EVENT))) {
		(void)sip_reply(st, 400, STR_NULL);
		return true;
	}
	if (!sip_event_eq(&event, &s->event_value)) {
		bool other = !str_eq(event.package, s->event_value.package);

		/* 4.1.3: 489 for a package that is not supported. */
		if (other)
			(void)sip_reply(st, 489, STR_NULL);
		return other;
	}
	uint16_t status = check(s, m, &v);
	if (status) {
		(void)sip_reply(st, status, STR_NULL);
		return true;
	}
	mem_ref(s);
	notified(s, st, m, &v);
	mem_unref(s);
	return true;
}


static void on_ended(struct sip_dialog_usage *u, int error, void *arg)
{
	(void)u;
	finish(arg, 0, STR_NULL, error);
}


static const struct sip_dialog_usage_handler usage_handler = {.request = on_request,
							      .ended = on_ended};


static int dialog_open(struct sip_subscription *s)
{
	struct sip_dialog *d;
	int err = sip_dialog_alloc(&d, s->dialogs,
				   &(struct sip_dialog_params){
					   .local = s->from,
					   .remote = s->target,
					   .route = s->route,
					   .contact_user = s->contact_user,
					   .hop = s->hop_given ? &s->hop : NULL,
				   });

	if (err)
		return err;
	sip_dialog_join(d, &s->usage, &usage_handler, s);
	mem_unref(d);
	return 0;
}


/* ---- Life ---- */

static void destroy(void *object)
{
	struct sip_subscription *s = object;

	drop_dialog(s);
	mem_free(s->text);
	mem_unref(s->dialogs);
}


static int copy(struct sip_subscription *s, const struct sip_subscription_params *p)
{
	const struct str from[] = {p->target,       p->from,
				   p->route,        p->event,
				   p->accept,       p->headers,
				   p->contact_user, p->hop ? p->hop->host : STR_NULL};
	struct str *to[] = {&s->target, &s->from,    &s->route,        &s->event,
			    &s->accept, &s->headers, &s->contact_user, &s->hop.host};
	size_t n = 1;
	char *at;

	s->hop_given = p->hop != NULL;
	if (p->hop)
		s->hop = *p->hop;
	for (size_t i = 0; i < sizeof(from) / sizeof(from[0]); i++)
		n += from[i].n;
	at = s->text = mem_raw(n);
	if (!at)
		return -ENOMEM;
	for (size_t i = 0; i < sizeof(from) / sizeof(from[0]); i++) {
		if (from[i].n)
			memcpy(at, from[i].p, from[i].n);
		*to[i] = (struct str){at, from[i].n};
		at += from[i].n;
	}
	return sip_event_decode(&s->event_value, s->event);
}


int sip_subscription_start(struct sip_subscription **ret, const struct sip_subscription_params *p)
{
	struct sip_subscription *s = mem_alloc(sizeof(*s), destroy);
	int err;

	if (!s)
		return -ENOMEM;
	s->dialogs = mem_ref(p->dialogs);
	s->expires_s = p->expires_s;
	s->fetch = p->expires_s == 0;
	s->begun_ms = timers_now(timers_of(s));
	err = copy(s, p);
	if (!err)
		err = dialog_open(s);
	if (!err)
		err = subscribe_send(s, s->expires_s, STR_NULL);
	/* The next hop cannot be reached or found now. */
	if (err && err != -ENOMEM && err != -EBADMSG && s->usage.dialog && !s->fetch) {
		later(s, 0);
		err = 0;
	}
	if (err) {
		mem_unref(s);
		return err;
	}
	s->handler = p->handler;
	s->arg = p->arg;
	*ret = s;
	return 0;
}


void *sip_subscription_end(struct sip_subscription *s)
{
	if (!s)
		return NULL;
	s->handler = NULL;
	if (!established(s)) {
		/* A NOTIFY that still comes is answered 481, upon which the notifier "MUST remove the
		 * corresponding subscription" (4.2.2). */
		drop_dialog(s);
		if (s->state != SIP_SUBSCRIPTION_TERMINATED && s->state != SIP_SUBSCRIPTION_ENDING)
			move(s, SIP_SUBSCRIPTION_TERMINATED);
		return mem_unref(s);
	}
	timer_cancel(&s->timer);
	sip_dialog_request_cancel(&s->request);
	move(s, SIP_SUBSCRIPTION_ENDING);
	if (subscribe_send(s, 0, STR_NULL))
		finish(s, 0, STR_NULL, 0);
	return NULL;
}


enum sip_subscription_state sip_subscription_state(const struct sip_subscription *s)
{
	return s->state;
}


uint32_t sip_subscription_left_s(const struct sip_subscription *s)
{
	return left_s(s);
}
