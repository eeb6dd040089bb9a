/* SPDX-License-Identifier: Apache-2.0 */
/**
 * An MSRP medium that ends in this server: nobody is behind us, as behind a stream that is relayed
 * (im/participating/session_media.h). We are who takes a large message for somebody who is away, and later who
 * brings it.
 *
 *   media_end_init                      our MSRP session is there, with its path
 *   media_end_describe                  our lines of an offer or an answer (body/sdp.h)
 *   media_end_start                     the peer's description is known: we connect, or wait for it (a=setup),
 *                                       looking its host name up first
 *   … the MSRP session's own handler tells the rest: bound, lost
 *   media_end_done                      the session is stopped
 *
 * Offering, we leave it to the peer who connects (actpass): behind a NAT only the device can.
 */
#ifndef IM_MEDIA_END_H
#define IM_MEDIA_END_H

#include "body/sdp.h"
#include "msrp/session.h"
#include "sip/invite.h"
#include "sip/resolver.h"
#include "sip/sip.h"

struct media_end {
	struct sip *sip;
	struct msrp_session *msrp; /**< a reference; NULL: not begun, or done */
	struct msrp_advertised at;
	uint64_t id;         /**< of o= */
	bool offers;         /**< the offer is ours */
	bool cema;           /**< the peer's offer says it, or ours does */
	enum sdp_setup peer; /**< of an offer of the peer's */
	struct sip_lookup lookup;
	struct addr addr;
	struct str path, name; /**< in `text`: where we connect to */
	char *text;
	/** We were to connect and cannot: -errno. Once at the most; never before media_end_start returns. */
	void (*unreachable)(struct media_end *e, int error, void *arg);
	void *arg;
	struct deferred_call tell;
	int error;
};

struct media_end_params {
	struct sip *sip; /**< borrowed */
	struct msrp_endpoint *endpoint;
	/** The peer's offer, which is answered; NULL: we offer. */
	const struct sdp_msrp *offer;
	bool secure; /**< we offer: over TLS where there is a listener for it */
	const struct msrp_session_handler *handler;
	void *arg; /**< of both handlers */
	void (*unreachable)(struct media_end *e, int error, void *arg);
};

/** -EPROTONOSUPPORT: the offer wants TLS and there is none here (or the reverse); others as msrp_session_alloc. */
int media_end_init(struct media_end *e, const struct media_end_params *p);
/** Our end of the medium, for sdp_compose or sdp_answer; views, valid until media_end_done. */
void media_end_describe(const struct media_end *e, struct sdp_end *ret);
/** The peer's offer was answered, or its answer came. -EBADMSG: there is no path, or it leads nowhere; -ENOMEM… */
int media_end_start(struct media_end *e, const struct sdp_msrp *peer);
/**
 * Answers what `modify` of a leg gave (sip/invite.h): a refresh, without a description or with one of the same path,
 * gets our last description again; another connection than the one agreed is not for a message's few seconds: 488
 * (RFC 3261 14.2).
 */
void media_end_modify(const struct media_end *e, struct sip_invite *inv, const struct sip_msg *m);
/** Also of one that was never begun (zeroed). What is written leaves. */
void media_end_done(struct media_end *e);

#endif
