/* SPDX-License-Identifier: Apache-2.0 */
/* Session timers: RFC 4028. */
#include "sip/session_timer.h"

#include <errno.h>

#include "sip/compose.h"
#include "sip/param.h"

/** 10: "The minimum of 32 seconds and one third of the session interval is RECOMMENDED." */
#define LEAD_MAX_MS 32000


static uint32_t larger(uint32_t a, uint32_t b)
{
	return a > b ? a : b;
}


static uint32_t smaller(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}


/* ---- Header values ---- */

/* delta-seconds, then perhaps parameters. */
static int delta_decode(uint32_t *ret, struct str *params, struct str value)
{
	ptrdiff_t semicolon = str_find(value, ';');
	struct str digits = semicolon < 0 ? value : str_upto(value, (size_t)semicolon);

	*params = semicolon < 0 ? STR_NULL : str_from(value, (size_t)semicolon + 1);
	return str_u32(str_trim(digits), ret) ? 0 : -EBADMSG;
}


int sip_session_expires_decode(struct sip_session_expires *ret, struct str value)
{
	struct sip_session_expires e = {0};
	struct str params, who;
	int err = delta_decode(&e.interval_s, &params, value);

	if (err)
		return err;
	if (params.p && sip_param(params, STR("refresher"), &who))
		e.refresher = str_eq_nocase(who, STR("uac"))   ? SIP_REFRESHER_UAC
			      : str_eq_nocase(who, STR("uas")) ? SIP_REFRESHER_UAS
							       : SIP_REFRESHER_OPEN;
	*ret = e;
	return 0;
}


int sip_min_se_decode(uint32_t *ret, struct str value)
{
	struct str params;
	uint32_t s;
	int err = delta_decode(&s, &params, value);

	if (!err)
		*ret = s;
	return err;
}


static void put_expires(struct buf *b, uint32_t interval_s, enum sip_refresher refresher)
{
	buf_puts(b, STR("Session-Expires: "));
	buf_putu(b, interval_s);
	if (refresher != SIP_REFRESHER_OPEN)
		buf_puts(b, refresher == SIP_REFRESHER_UAC ? STR(";refresher=uac")
							   : STR(";refresher=uas"));
	buf_puts(b, STR("\r\n"));
}


/* ---- The clock ---- */

static uint64_t end_after_ms(uint32_t interval_s)
{
	uint64_t ms = (uint64_t)interval_s * 1000, third = ms / 3;

	return ms - (third < LEAD_MAX_MS ? third : LEAD_MAX_MS);
}


static uint64_t refresh_after_ms(uint32_t interval_s)
{
	return (uint64_t)interval_s * 1000 / 2;
}


static void on_timer(struct timer *timer, void *arg)
{
	struct sip_session_timer *t = arg;
	uint64_t gone = timers_now(t->timers) - t->started_ms, end = end_after_ms(t->interval_s);
	uint64_t wait;

	(void)timer;
	if (gone >= end) {
		t->interval_s = 0;
		t->handler->expired(t, t->arg);
		return;
	}
	wait = (end - gone) / 2;
	if (wait < SIP_SESSION_RETRY_MIN_S * 1000)
		wait = end - gone;
	timer_start(&t->timer, t->timers, wait, on_timer, t);
	t->handler->refresh(t, t->arg);
}


static void start(struct sip_session_timer *t, uint32_t interval_s)
{
	t->established = true;
	t->interval_s = interval_s;
	t->started_ms = timers_now(t->timers);
	timer_cancel(&t->timer);
	if (interval_s)
		timer_start(&t->timer, t->timers,
			    t->we_refresh ? refresh_after_ms(interval_s) : end_after_ms(interval_s),
			    on_timer, t);
}


void sip_session_timer_init(struct sip_session_timer *t, struct timers *timers,
			    const struct sip_session_wish *wish,
			    const struct sip_session_timer_handler *h, void *arg)
{
	*t = (struct sip_session_timer){.timers = timers, .wish = *wish, .handler = h, .arg = arg};
	t->wish.min_s = smaller(larger(wish->min_s, SIP_SESSION_MIN_S), SIP_SESSION_MAX_S);
	if (wish->interval_s)
		t->wish.interval_s = smaller(larger(wish->interval_s, t->wish.min_s),
					     SIP_SESSION_MAX_S);
}


void sip_session_timer_stop(struct sip_session_timer *t)
{
	timer_cancel(&t->timer);
	t->interval_s = 0;
}


void sip_session_timer_declare(struct timers *timers, uint32_t interval_s)
{
	timers_declare(timers, refresh_after_ms(interval_s));
	timers_declare(timers, end_after_ms(interval_s));
}


/* ---- As UAC ---- */

/* 7.4: "it SHOULD be equal to the maximum of the Min-SE header field […] and the current session
 * interval". 0: none is asked for. */
static uint32_t asked_s(const struct sip_session_timer *t)
{
	uint32_t s = t->established ? t->interval_s : t->wish.interval_s;

	return s ? larger(s, t->min_seen_s) : 0;
}


/* 7.4: "RECOMMENDED that the refresher parameter be set to 'uac' if the element sending the request is
 * currently performing refreshes, and to 'uas' if its peer is". */
static enum sip_refresher asked_refresher(const struct sip_session_timer *t)
{
	if (!t->established)
		return t->wish.refresher;
	return t->we_refresh ? SIP_REFRESHER_UAC : SIP_REFRESHER_UAS;
}


void sip_session_timer_put_request(const struct sip_session_timer *t, struct buf *b)
{
	uint32_t min_s = t->min_seen_s;

	if (asked_s(t))
		put_expires(b, asked_s(t), asked_refresher(t));
	/* "In that case, if the value above is too small, the UAC MAY increase it." */
	if (t->wish.min_s > SIP_SESSION_MIN_S && asked_s(t) >= t->wish.min_s)
		min_s = larger(min_s, t->wish.min_s);
	if (min_s)
		sip_put_headeru(b, SIP_HDR_MIN_SE, min_s);
}


void sip_session_timer_answered(struct sip_session_timer *t, const struct sip_msg *m)
{
	struct str value = sip_msg_header(m, SIP_HDR_SESSION_EXPIRES);
	uint32_t asked = asked_s(t), interval_s = 0;
	struct sip_session_expires e;

	if (value.p && sip_session_expires_decode(&e, value) == 0) {
		interval_s = smaller(larger(e.interval_s, SIP_SESSION_MIN_S), SIP_SESSION_MAX_S);
		t->we_refresh = e.refresher != SIP_REFRESHER_UAS;
		t->alone = false;
	} else if (!t->established || t->alone) {
		/* 7.2: "if the UAC still wishes to use the session timer (which is purely for its
		 * benefit alone), it has to perform them." */
		interval_s = asked;
		t->we_refresh = t->alone = true;
	}
	/* 7.4: the largest Min-SE "is effectively 'cleared' once the dialog is established". */
	if (!t->established)
		t->min_seen_s = 0;
	start(t, interval_s);
}


bool sip_session_timer_too_small(struct sip_session_timer *t, const struct sip_msg *m)
{
	uint32_t min_s;

	if (m->status != 422 || !asked_s(t) ||
	    sip_min_se_decode(&min_s, sip_msg_header(m, SIP_HDR_MIN_SE)) || min_s <= asked_s(t) ||
	    min_s > SIP_SESSION_MAX_S)
		return false;
	t->min_seen_s = min_s;
	return true;
}


/* ---- As UAS ---- */

uint16_t sip_session_timer_offered(struct sip_session_timer *t, struct sip_session_offer *ret,
				   const struct sip_msg *m)
{
	struct str value = sip_msg_header(m, SIP_HDR_SESSION_EXPIRES);
	struct str min = sip_msg_header(m, SIP_HDR_MIN_SE);
	struct sip_session_expires e = {0};
	struct sip_session_offer o = {0};

	if ((value.p && sip_session_expires_decode(&e, value)) ||
	    (min.p && sip_min_se_decode(&o.min_s, min)))
		return 400;
	o.supported = sip_msg_has_token(m, SIP_HDR_SUPPORTED, STR("timer")) ||
		      sip_msg_has_token(m, SIP_HDR_REQUIRE, STR("timer"));
	o.interval_s = smaller(e.interval_s, SIP_SESSION_MAX_S);
	o.min_s = smaller(o.min_s, SIP_SESSION_MAX_S);
	o.refresher = e.refresher;
	/* 9: "If an incoming request contains a Supported header field with a value 'timer' and a
	 * Session Expires header field, the UAS MAY reject the INVITE request with a 422". */
	if (value.p && o.supported && e.interval_s < t->wish.min_s)
		return 422;
	t->min_seen_s = larger(t->min_seen_s, o.min_s);
	*ret = o;
	return 0;
}


void sip_session_timer_put_min(const struct sip_session_timer *t, struct buf *b)
{
	sip_put_headeru(b, SIP_HDR_MIN_SE, t->wish.min_s);
}


/* 9: the UAS "MAY reduce its value but MUST NOT set it to a duration lower than the value in the Min-SE
 * header field in the request, if it is present; otherwise […] lower than 90 seconds", and "MUST NOT
 * increase" it. */
static uint32_t answer_s(const struct sip_session_timer *t, const struct sip_session_offer *o)
{
	uint32_t wish_s = t->wish.interval_s, floor_s = larger(o->min_s, SIP_SESSION_MIN_S);

	if (o->interval_s >= SIP_SESSION_MIN_S)
		return wish_s && wish_s < o->interval_s
			       ? smaller(larger(wish_s, floor_s), o->interval_s)
			       : o->interval_s;
	return wish_s ? larger(wish_s, floor_s) : 0;
}


/* 9, table 2. */
static enum sip_refresher answer_refresher(const struct sip_session_timer *t,
					   const struct sip_session_offer *o)
{
	if (!o->supported)
		return SIP_REFRESHER_UAS;
	if (o->refresher != SIP_REFRESHER_OPEN)
		return o->refresher;
	if (t->established && t->interval_s && !t->alone)
		return t->we_refresh ? SIP_REFRESHER_UAS : SIP_REFRESHER_UAC;
	return t->wish.refresher == SIP_REFRESHER_UAC ? SIP_REFRESHER_UAC : SIP_REFRESHER_UAS;
}


void sip_session_timer_put_answer(struct sip_session_timer *t, struct buf *b,
				  const struct sip_session_offer *o)
{
	uint32_t interval_s = answer_s(t, o);
	enum sip_refresher refresher = answer_refresher(t, o);

	if (interval_s) {
		put_expires(b, interval_s, refresher);
		if (o->supported)
			sip_put_header(b, SIP_HDR_REQUIRE, STR("timer"));
		t->we_refresh = refresher == SIP_REFRESHER_UAS;
		t->alone = !o->supported;
	}
	start(t, interval_s);
}


uint32_t sip_session_timer_interval_s(const struct sip_session_timer *t)
{
	return t->interval_s;
}


uint32_t sip_session_timer_left_s(const struct sip_session_timer *t)
{
	uint64_t end = t->started_ms + (uint64_t)t->interval_s * 1000;
	uint64_t now = t->timers ? timers_now(t->timers) : 0;

	return t->interval_s && end > now ? (uint32_t)((end - now) / 1000) : 0;
}


bool sip_session_timer_we_refresh(const struct sip_session_timer *t)
{
	return t->interval_s && t->we_refresh;
}
