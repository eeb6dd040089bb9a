/* SPDX-License-Identifier: Apache-2.0 */
/**
 * One copy of a mailing as a Large Message (digest b row 6), carried in a session of its own (im/carrier.h).
 *
 * Its Call-ID, tag and Message-ID are made of the mailing and the recipient's place in it, as those of a MESSAGE are:
 * one that is cut off by a crash, or sent again, is the same message, and who keeps it for somebody keeps it once
 * (store/deferred.h).
 */
#ifndef IM_CONTROLLING_MAILER_LARGE_H
#define IM_CONTROLLING_MAILER_LARGE_H

#include "im/carrier.h"
#include "sip/proxy.h"

struct mailer_params;
struct store_mailing;

/** User part of our Contact, by which a group knows that it is not to send to many what was sent to many already. */
#define MAILER_CONTACT STR("parley-mailing")
/** RFC 4975 9: "ident = ALPHANUM 3*31ident-char". */
#define MAILER_LARGE_ID_MAX 32
/** Our description of the medium: one section. */
#define MAILER_LARGE_SDP_MAX 4096

/** 408 and 503 also for what was never answered, or was cut off. */
typedef void(mailer_large_cb)(uint16_t status, void *arg);

/** Embedded; zeroed or finished, it is idle. */
struct mailer_large {
	const struct mailer_params *p; /**< NULL: idle */
	struct carrier carrier;
	char id[MAILER_LARGE_ID_MAX]; /**< Message-ID */
	mailer_large_cb *done;
	void *arg;
};

struct mailer_large_params {
	const struct mailer_params *p; /**< borrowed, as the next, until it is over */
	const struct store_mailing *what;
	const struct sip_proxy_target *target;
	struct str uri;
	struct str from;    /**< URI in From */
	struct str headers; /**< whole lines */
	struct str call_id, tag,
		message_id; /**< the same whenever it is sent; `message_id` is an MSRP ident */
};

/** `done` comes once, never before the return. -EOPNOTSUPP: there is no MSRP here; -errno: it will not. */
int mailer_large_start(struct mailer_large *l, const struct mailer_large_params *p,
		       mailer_large_cb *done, void *arg);
/** No callback follows. Idle: nothing. */
void mailer_large_cancel(struct mailer_large *l);

#endif
