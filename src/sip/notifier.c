/* SPDX-License-Identifier: Apache-2.0 */
/* The notifier's side of event subscriptions: RFC 6665 4.2. */
#include "sip/notifier.h"

#include <errno.h>

#include "base/mem.h"
#include "base/sm.h"
#include "sip/compose.h"

static const struct sm_state states[] = {
	[SIP_NOTIFIER_PENDING] = {"pending", SM_TO(SIP_NOTIFIER_ACTIVE) |
						     SM_TO(SIP_NOTIFIER_ENDING) |
						     SM_TO(SIP_NOTIFIER_TERMINATED)},
	[SIP_NOTIFIER_ACTIVE] = {"active",
				 SM_TO(SIP_NOTIFIER_ENDING) | SM_TO(SIP_NOTIFIER_TERMINATED)},
	[SIP_NOTIFIER_ENDING] = {"ending", SM_TO(SIP_NOTIFIER_TERMINATED)},
	[SIP_NOTIFIER_TERMINATED] = {"terminated", 0},
};
const struct sm_table sip_notifier_machine = SM_TABLE("notifier", states);

struct sip_notifier {
	struct sip_dialogs *dialogs;
	struct sip_dialog_usage usage;
	struct sip_dialog_request request;
	struct timer timer;        /**< the end */
	struct deferred_call soon; /**< a NOTIFY at the end of the turn, behind the answer */
	uint8_t state;
	bool full, changed;        /**< what the next NOTIFY is to tell */
	bool owned;                /**< sip_notifier_end left the owner's reference to us */
	enum sip_subreason reason; /**< ENDING */
	uint32_t retry_after_s;
	uint64_t expires_ms;
	uint32_t min_s, default_s, max_s;
	struct sip_event event; /**< into `text` */
	struct str event_line, headers;
	char *text;
	const struct sip_notifier_handler *handler;
	void *arg;
};

static void soon(struct sip_notifier *n);


static struct loop *loop_of(const struct sip_notifier *n)
{
	return sip_dialogs_loop(n->dialogs);
}


static void move(struct sip_notifier *n, enum sip_notifier_state to)
{
	sm_move(&sip_notifier_machine, &n->state, to);
}


static bool is_open(const struct sip_notifier *n)
{
	return n->state == SIP_NOTIFIER_PENDING || n->state == SIP_NOTIFIER_ACTIVE;
}


/* ---- The end ---- */

static void drop(struct sip_notifier *n)
{
	timer_cancel(&n->timer);
	loop_defer_cancel(loop_of(n), &n->soon);
	sip_dialog_request_cancel(&n->request);
	sip_dialog_leave(&n->usage);
}


static void finish(struct sip_notifier *n)
{
	drop(n);
	move(n, SIP_NOTIFIER_TERMINATED);
	if (n->owned)
		mem_unref(n);
	else if (n->handler)
		n->handler->ended(n, n->arg);
}


void sip_notifier_terminate(struct sip_notifier *n, enum sip_subreason reason,
			    uint32_t retry_after_s)
{
	if (!is_open(n))
		return;
	timer_cancel(&n->timer);
	n->reason = reason;
	n->retry_after_s = retry_after_s;
	/* 4.2.1.4 lets the last NOTIFY of one who was allowed bear the state. */
	n->full = n->changed = n->state == SIP_NOTIFIER_ACTIVE;
	move(n, SIP_NOTIFIER_ENDING);
	soon(n);
}


static void on_expired(struct timer *t, void *arg)
{
	(void)t;
	sip_notifier_terminate(arg, SIP_SUBREASON_TIMEOUT, 0);
}


/* ---- NOTIFY ---- */

static void put_state(struct buf *b, const struct sip_notifier *n)
{
	uint64_t now = timers_now(loop_timers(loop_of(n)));
	uint64_t left_s = n->expires_ms > now ? (n->expires_ms - now) / 1000 : 0;

	buf_puts(b, STR("Subscription-State: "));
	if (is_open(n)) {
		buf_puts(b, n->state == SIP_NOTIFIER_ACTIVE ? STR("active") : STR("pending"));
		buf_printf(b, ";expires=%u\r\n", (unsigned)left_s);
		return;
	}
	buf_puts(b, STR("terminated"));
	if (n->reason != SIP_SUBREASON_NONE) {
		buf_puts(b, STR(";reason="));
		buf_puts(b, sip_subreason_name(n->reason));
	}
	if (n->retry_after_s)
		buf_printf(b, ";retry-after=%u", n->retry_after_s);
	buf_puts(b, STR("\r\n"));
}


/* 4.2.2: upon these "the notifier MUST remove the corresponding subscription". */
static bool ends_subscription(uint16_t status)
{
	return status == 404 || status == 405 || status == 410 || status == 416 ||
	       (status >= 480 && status <= 485) || status == 489 || status == 501 || status == 604;
}


static void on_answered(struct sip_dialog_request *r, struct sip_dialog *d, const struct sip_msg *m,
			int error, void *arg)
{
	struct sip_notifier *n = arg;

	(void)r;
	(void)d;
	(void)error;
	if (m && m->status < 200)
		return;
	/* "If the NOTIFY request fails due to expiration of SIP Timer F (transaction timeout), the notifier
	 * SHOULD remove the subscription." One whose transport failed is as unreachable. */
	if (!m || ends_subscription(m->status) ||
	    (n->state == SIP_NOTIFIER_ENDING && !n->changed)) {
		finish(n);
		return;
	}
	/* What it did not take in is told again with the next change, whole. */
	if (m->status >= 300)
		n->full = true;
	if (n->changed)
		soon(n);
}


static int notify_send(struct sip_notifier *n, struct str type, struct str body)
{
	struct buf lines = BUF_INIT(SIP_MESSAGE_MAX);
	int err;

	sip_put_header(&lines, SIP_HDR_EVENT, n->event_line);
	put_state(&lines, n);
	buf_puts(&lines, n->headers);
	err = lines.failed ? -ENOMEM
			   : sip_dialog_send(n->usage.dialog, &n->request,
					     &(struct sip_dialog_request_params){
						     .method = SIP_NOTIFY,
						     .headers = buf_str(&lines),
						     .type = type,
						     .body = body,
						     .answered = on_answered,
						     .arg = n,
					     });
	buf_done(&lines);
	return err;
}


static void notify(void *arg)
{
	struct sip_notifier *n = arg;
	struct buf body = BUF_INIT(SIP_NOTIFIER_BODY_MAX);
	struct str type = STR_NULL;
	bool told = n->state == SIP_NOTIFIER_ACTIVE || (n->state == SIP_NOTIFIER_ENDING && n->full);
	int err = 0;

	if (!sip_dialog_request_idle(&n->request) || n->state == SIP_NOTIFIER_TERMINATED)
		return;
	mem_ref(n);
	if (told && n->handler)
		type = n->handler->state(n, n->full, &body, n->arg);
	/* The service may have ended it. */
	if (n->usage.dialog) {
		n->full = n->changed = false;
		err = body.failed ? -ENOMEM : notify_send(n, type, buf_str(&body));
	}
	buf_done(&body);
	/* No memory, or no way to the subscriber. */
	if (err && n->state != SIP_NOTIFIER_TERMINATED)
		finish(n);
	mem_unref(n);
}


/* One at a time: what changes meanwhile is told in the next. */
static void soon(struct sip_notifier *n)
{
	if (sip_dialog_request_idle(&n->request))
		loop_defer(loop_of(n), &n->soon, notify, n);
	else
		n->changed = true;
}


void sip_notifier_changed(struct sip_notifier *n)
{
	if (n->state != SIP_NOTIFIER_ACTIVE)
		return;
	n->changed = true;
	soon(n);
}


void sip_notifier_allow(struct sip_notifier *n)
{
	if (n->state != SIP_NOTIFIER_PENDING)
		return;
	move(n, SIP_NOTIFIER_ACTIVE);
	n->full = n->changed = true;
	soon(n);
}


/* ---- SUBSCRIBE ---- */

/* 0 and the seconds granted, or the status of the refusal: 4.2.1.1, 423 "if and only if the expiration
 * interval is greater than zero AND smaller than one hour AND less than a notifier-configured minimum". */
static uint16_t judge_expires(const struct sip_notifier *n, const struct sip_msg *m, uint32_t *ret)
{
	struct str value = sip_msg_header(m, SIP_HDR_EXPIRES);
	uint64_t asked = n->default_s;

	if (value.p && !str_u64(value, &asked))
		return 400;
	if (asked > 0 && asked < 3600 && asked < n->min_s)
		return 423;
	*ret = asked > n->max_s ? n->max_s : (uint32_t)asked;
	return 0;
}


static void refuse(const struct sip_notifier *n, struct sip_server_txn *st, uint16_t status)
{
	char text[64];
	struct buf b;

	buf_fixed(&b, text, sizeof(text));
	if (status == 423)
		sip_put_headeru(&b, SIP_HDR_MIN_EXPIRES, n->min_s);
	(void)sip_reply(st, status, buf_str(&b));
}


/* RFC 3515 2.4.4: "unlike SUBSCRIBE, the REFER transaction does not contain a duration". */
static int reply_granted(struct sip_notifier *n, struct sip_server_txn *st, bool refer,
			 uint32_t expires_s)
{
	struct buf lines = BUF_INIT(SIP_MESSAGE_MAX);
	int err;

	if (!refer)
		sip_put_headeru(&lines, SIP_HDR_EXPIRES, expires_s);
	buf_puts(&lines, n->headers);
	err = lines.failed ? -ENOMEM
			   : sip_dialog_reply(n->usage.dialog, st,
					      &(struct sip_response){.status = refer ? 202 : 200,
								     .headers = buf_str(&lines)});
	buf_done(&lines);
	return err;
}


/* The 200 has left, or is about to; NOTIFY follows with everything. */
static void granted(struct sip_notifier *n, uint32_t expires_s)
{
	n->expires_ms = timers_now(loop_timers(loop_of(n))) + (uint64_t)expires_s * 1000;
	n->full = true;
	if (!expires_s) {
		sip_notifier_terminate(n, SIP_SUBREASON_TIMEOUT, 0);
		return;
	}
	timer_start(&n->timer, loop_timers(loop_of(n)), (uint64_t)expires_s * 1000, on_expired, n);
	soon(n);
}


static void refresh(struct sip_notifier *n, struct sip_server_txn *st, const struct sip_msg *m)
{
	uint32_t expires_s;
	uint16_t status = judge_expires(n, m, &expires_s);

	if (!is_open(n))
		(void)sip_reply(st, 481, STR_NULL);
	else if (status)
		refuse(n, st, status);
	else if (reply_granted(n, st, false, expires_s))
		(void)sip_reply(st, 500, STR_NULL);
	else
		granted(n, expires_s);
}


static bool on_request(struct sip_dialog_usage *u, struct sip_server_txn *st,
		       const struct sip_msg *m, const struct sip_source *src, void *arg)
{
	struct sip_notifier *n = arg;
	struct sip_event event;

	(void)u;
	(void)src;
	if (m->method != SIP_SUBSCRIBE)
		return false;
	if (sip_event_decode(&event, sip_msg_header(m, SIP_HDR_EVENT))) {
		(void)sip_reply(st, 489, STR_NULL);
		return true;
	}
	if (!sip_event_eq(&event, &n->event))
		return false;
	refresh(n, st, m);
	return true;
}


static void on_ended(struct sip_dialog_usage *u, int error, void *arg)
{
	(void)u;
	(void)error;
	finish(arg);
}


static const struct sip_dialog_usage_handler usage_handler = {.request = on_request,
							      .ended = on_ended};


/* ---- Life ---- */

static void destroy(void *object)
{
	struct sip_notifier *n = object;

	drop(n);
	mem_free(n->text);
	mem_unref(n->dialogs);
}


static int copy(struct sip_notifier *n, const struct sip_notifier_params *p)
{
	struct str event = sip_msg_header(p->m, SIP_HDR_EVENT);
	char refer[sizeof("refer;id=4294967295")];
	struct buf b;

	if (p->refer) {
		buf_fixed(&b, refer, sizeof(refer));
		buf_puts(&b, STR("refer"));
		if (p->dialog)
			buf_printf(&b, ";id=%u", p->m->cseq.number);
		event = buf_str(&b);
	}
	n->text = mem_raw(event.n + p->headers.n + 1);
	if (!n->text)
		return -ENOMEM;
	buf_fixed(&b, n->text, event.n + p->headers.n);
	buf_puts(&b, event);
	buf_puts(&b, p->headers);
	n->event_line = str_upto(buf_str(&b), event.n);
	n->headers = str_from(buf_str(&b), event.n);
	return sip_event_decode(&n->event, n->event_line);
}


static int join(struct sip_notifier *n, const struct sip_notifier_params *p)
{
	struct sip_dialog *d = mem_ref(p->dialog);
	int err = d ? 0
		    : sip_dialog_accept(&d, p->dialogs, p->st, p->m, p->src,
					&(struct sip_dialog_params){
						.hop = p->hop,
						.contact_user = p->contact_user,
						.contact_params = p->contact_params,
					});

	if (err)
		return err;
	sip_dialog_join(d, &n->usage, &usage_handler, n);
	mem_unref(d);
	return 0;
}


static int take(struct sip_notifier *n, const struct sip_notifier_params *p, uint32_t *expires_s)
{
	int err = copy(n, p);

	if (!err)
		err = join(n, p);
	return err ? err : reply_granted(n, p->st, p->refer, *expires_s);
}


int sip_notifier_accept(struct sip_notifier **ret, const struct sip_notifier_params *p)
{
	struct sip_notifier *n = mem_alloc(sizeof(*n), destroy);
	uint32_t expires_s = 0;
	uint16_t status;
	int err;

	if (!n) {
		(void)sip_reply(p->st, 500, STR_NULL);
		return -ENOMEM;
	}
	n->dialogs = mem_ref(p->dialogs);
	n->min_s = p->min_s;
	n->default_s = p->default_s;
	n->max_s = p->max_s;
	n->state = p->pending ? SIP_NOTIFIER_PENDING : SIP_NOTIFIER_ACTIVE;
	if (p->refer)
		expires_s = n->default_s;
	status = p->refer ? 0 : judge_expires(n, p->m, &expires_s);
	err = status ? -EBADMSG : take(n, p, &expires_s);
	if (err) {
		refuse(n, p->st, status ? status : err == -EBADMSG ? 400 : 500);
		mem_unref(n);
		return err == -EBADMSG ? err : err == -ENOBUFS ? err : -ENOMEM;
	}
	n->handler = p->handler;
	n->arg = p->arg;
	granted(n, expires_s);
	*ret = n;
	return 0;
}


void *sip_notifier_end(struct sip_notifier *n)
{
	if (!n)
		return NULL;
	n->handler = NULL;
	sip_notifier_terminate(n, SIP_SUBREASON_NORESOURCE, 0);
	if (n->state != SIP_NOTIFIER_ENDING)
		return mem_unref(n);
	n->owned = true;
	return NULL;
}


enum sip_notifier_state sip_notifier_state(const struct sip_notifier *n)
{
	return n->state;
}
