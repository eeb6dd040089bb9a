/* SPDX-License-Identifier: Apache-2.0 */
/* What happened to a message: telling the listeners, and the one that logs and counts. */

#include "im/event.h"

#include "base/counter.h"
#include "base/log.h"
#include "base/mem.h"

/** An address as the log shows it. */
#define ADDRESS_MAX (SIP_AOR_MAX + 32)

static struct counter outcomes[IM_OUTCOMES] = {
	[IM_DELIVERED] = COUNTER("im.delivered", "requests that a device answered with 2xx"),
	[IM_REFUSED] = COUNTER("im.refused", "requests that a check of the service refused"),
	[IM_FAILED] = COUNTER("im.failed", "requests sent on that did not arrive"),
	[IM_RELAYED] = COUNTER("im.relayed",
			       "requests handed to the core or another domain, answered with 2xx"),
	[IM_DEFERRED] = COUNTER("im.deferred", "messages kept for a recipient who was away"),
	[IM_EXPIRED] = COUNTER("im.expired", "messages kept that expired undelivered"),
	[IM_ENDED] = COUNTER("im.ended", "sessions through this server that are over"),
	[IM_REPORTED] = COUNTER("im.reported", "messages of which it was told how many have them"),
	[IM_JOINED] = COUNTER("im.joined", "times that somebody came into a conference"),
	[IM_LEFT] = COUNTER("im.left", "times that somebody left a conference"),
};

static struct counter recipients = COUNTER("im.reported_recipients",
					   "recipients who have them, all together");


void im_counters_register(void)
{
	counter_register(outcomes, IM_OUTCOMES);
	counter_register(&recipients, 1);
}


struct str im_outcome_name(enum im_outcome o)
{
	static const struct str names[IM_OUTCOMES] = {
		[IM_DELIVERED] = STR_INIT("delivered"), [IM_REFUSED] = STR_INIT("refused"),
		[IM_FAILED] = STR_INIT("failed"),       [IM_RELAYED] = STR_INIT("relayed"),
		[IM_DEFERRED] = STR_INIT("deferred"),   [IM_EXPIRED] = STR_INIT("expired"),
		[IM_ENDED] = STR_INIT("ended"),         [IM_REPORTED] = STR_INIT("reported"),
		[IM_JOINED] = STR_INIT("joined"),       [IM_LEFT] = STR_INIT("left"),
	};
	return names[o];
}


void im_events_init(struct im_events *ev)
{
	list_init(&ev->listeners);
}


void im_events_listen(struct im_events *ev, struct im_listener *l)
{
	list_append(&ev->listeners, &l->link);
}


void im_events_tell(struct im_events *ev, const struct im_event *e)
{
	for (struct list_link *k = list_first(&ev->listeners), *next; k; k = next) {
		next = list_next(&ev->listeners, k);
		struct im_listener *l = container_of(k, struct im_listener, link);

		l->event(e, l->arg);
	}
}


/* "sip:alice@example.org", or without the name: "sip:#7c3f…@example.org". */
static struct str shown(const struct im_log *log, struct str address, char text[static ADDRESS_MAX])
{
	ptrdiff_t at = str_rfind(address, '@');
	struct buf b;

	if (log->addresses)
		return address;
	buf_fixed(&b, text, ADDRESS_MAX);
	buf_puts(&b, STR("sip:#"));
	buf_puthex(&b, hash_bytes(&log->key, address.p, address.n), 16);
	if (at >= 0)
		buf_puts(&b, str_from(address, (size_t)at));
	return buf_str(&b);
}


/* Of a message in a session: which, and how many have it. */
static void put_reported(struct buf *b, const struct im_event *e)
{
	if (e->outcome != IM_REPORTED)
		return;
	buf_printf(b, " message-id=\"" STR_FMT "\" recipients=%u", STR_ARG(e->message_id),
		   e->recipients);
}


static void log_event(const struct im_event *e, void *arg)
{
	const struct im_log *log = arg;
	char from[ADDRESS_MAX], to[ADDRESS_MAX], more[IM_MESSAGE_ID_MAX + 64];
	struct buf reported;

	counter_add(&outcomes[e->outcome], 1);
	counter_add(&recipients, e->recipients);
	if (log_level_now < LOG_LEVEL_INFO)
		return;
	struct str originator = shown(log, e->originator, from),
		   recipient = shown(log, e->recipient, to);
	buf_fixed(&reported, more, sizeof(more));
	put_reported(&reported, e);
	log_info("im",
		 STR_FMT " result=" STR_FMT " side=" STR_FMT " from=<" STR_FMT "> to=<" STR_FMT
			 "> status=%u reason=" STR_FMT " size=%zu took=%ums call-id=\"" STR_FMT
			 "\"" STR_FMT,
		 STR_ARG(im_kind_name(e->kind)), STR_ARG(im_outcome_name(e->outcome)),
		 STR_ARG(im_side_name(e->side)), STR_ARG(originator), STR_ARG(recipient), e->status,
		 STR_ARG(e->reason.n ? e->reason : STR("-")), e->size, e->took_ms,
		 STR_ARG(e->call_id), STR_ARG(buf_str(&reported)));
}


void im_events_log(struct im_events *ev, struct im_log *log, bool addresses)
{
	hash_key_init(&log->key);
	log->addresses = addresses;
	log->listener.event = log_event;
	log->listener.arg = log;
	im_events_listen(ev, &log->listener);
}
