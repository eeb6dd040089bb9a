/* SPDX-License-Identifier: Apache-2.0 */
/**
 * A large message of ours on its way to one peer, in a session of its own (digest c4, b row 6): the INVITE, the
 * medium (im/media_end.h), the content at the pace at which it leaves (im/content_sender.h), BYE.
 *
 *     INVITING --2xx--> CONNECTING --bound--> SENDING --all bytes answered 200--> over
 *         '---- refused, no answer -----'----- refused, lost, silent -----------^
 *
 * The owner begins it (carrier_init), says what it is in its own words (media_end_describe, sdp_compose into `said`),
 * and sends the INVITE with carrier_invite. It is embedded in what the owner has of the message.
 */
#ifndef IM_CARRIER_H
#define IM_CARRIER_H

#include "im/content_sender.h"
#include "im/media_end.h"
#include "sip/invite.h"

/** The peer asks its user, perhaps: Timer C (RFC 3261 16.6). Then CANCEL, and 408. */
#define CARRIER_ANSWER_MS 180000
/** Without a connection, or without a byte that leaves: as long as any MSRP answer is waited for, twice. */
#define CARRIER_IDLE_MS 60000

/** How it ended. */
struct carrier_end {
	uint16_t
		status; /**< 200: every byte was answered so; else what the peer said, in SIP or in MSRP; 0: nothing */
	int error; /**< -ETIMEDOUT: nothing moved; what content_sender says; 0: lost, or cut off */
	const struct sip_msg *m; /**< the refusal of the INVITE, or NULL */
};

struct carrier_handler {
	/** May be NULL: the peer has answered, and the content will follow. */
	void (*answered)(void *arg);
	/** Once; never before carrier_invite returns. carrier_done is due, here or later. */
	void (*over)(const struct carrier_end *e, void *arg);
};

struct carrier {
	struct sip *sip; /**< NULL: idle */
	const struct carrier_handler *handler;
	void *arg;
	struct sip_invite *inv;
	struct media_end media;
	struct content_sender *sender;
	struct timer guard;
	struct buf said; /**< our description */
	/** What is sent; the owner's texts, there until it is over. `session` is set here. */
	struct content_sender_params content;
	uint64_t moved; /**< bytes that had left at the last look */
	bool answered, sending;
};

struct carrier_params {
	struct sip *sip; /**< borrowed, as all here */
	struct msrp_endpoint *msrp;
	bool secure;     /**< the next hop is TLS */
	size_t said_max; /**< bytes of our description */
	struct content_sender_params content;
	const struct carrier_handler *handler;
	void *arg;
};

/** -errno as media_end_init; carrier_done is due all the same. */
int carrier_init(struct carrier *c, const struct carrier_params *p);
/** `p` but for what all have alike: the profile, the session timer, the body, `arg`. */
int carrier_invite(struct carrier *c, const struct sip_invite_params *p);
/** No callback follows; the peer is hung up on. Idle (zeroed): nothing. */
void carrier_done(struct carrier *c);

#endif
