/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Classification: what a request is, on which side of it we stand, and whose it is. Worked out once,
 * in one place, from the received message; everything after reads this struct and never asks the
 * headers again.
 *
 * Kind and side follow spec/oma-im-digest c15 and its section (a), "How a server tells which role it
 * plays"; the large-message tag is seed 001, 6.1.1.2.1 and 6.1.2.2.1, in Accept-Contact or Contact
 * (notes A-2), compared as an exact name without regard to case.
 */
#ifndef IM_REQUEST_H
#define IM_REQUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "sip/media_type.h"
#include "sip/proxy.h"
#include "sip/sip.h"
#include "sip/uri.h"

/** What the request is. The order is that of the names in im_kind_name. */
enum im_kind {
	IM_OTHER,         /**< not ours to judge: routed as the core routes it */
	IM_PAGER,         /**< MESSAGE, Pager Mode */
	IM_PAGER_LIST,    /**< MESSAGE with a recipient list, or to the exploder (RFC 5365) */
	IM_NOTIFICATION,  /**< MESSAGE that carries only a disposition notification (RFC 5438) */
	IM_COMPOSING,     /**< MESSAGE that carries only isComposing (RFC 3994): never stored */
	IM_ADVERTISEMENT, /**< MESSAGE, group advertisement */
	IM_SYSTEM,        /**< MESSAGE, what operator and service tell, or the answer to it */
	IM_LARGE,         /**< INVITE, Large Message Mode */
	IM_SESSION,       /**< INVITE, IM Session */
	IM_FILE,          /**< INVITE, File Transfer (RFC 5547) */
	IM_RETRIEVAL,     /**< to the deferred or history function, INVITE or MESSAGE as a rule */
	IM_SUBSCRIPTION,  /**< SUBSCRIBE */
	IM_REFERRAL,      /**< REFER */
	IM_PUBLICATION,   /**< PUBLISH of service settings */
	IM_KINDS
};

/** Digits of a dialog token. */
#define IM_DIALOG_TOKEN_N 16

enum im_side {
	IM_SIDE_NONE,
	IM_ORIGINATING, /**< the served user is the sender */
	IM_TERMINATING, /**< the served user is the recipient */
	IM_CONTROLLING, /**< the Request-URI is a conference factory, group or session of ours */
};

/** The service URIs of this server, as AORs, and the domains it serves. Borrowed, long-lived. */
struct im_addresses {
	const struct str *domains;
	size_t domains_n;
	struct str exploder, deferred, history, system_message, factory;
};

struct im_request {
	const struct sip_msg *m;
	struct sip_server_txn *st;
	const struct sip_source *src;
	struct sip_route route; /**< by sip_proxy_check */
	enum im_kind kind;
	enum im_side side;
	/** User part of our Record-Route: proves later requests of the dialog (server/dispatch.c). */
	char dialog_token[IM_DIALOG_TOKEN_N];
	bool trusted;   /**< came from a peer that may assert identities */
	bool anonymous; /**< Privacy holds `id` (RFC 3325 9.3) */
	bool expires_given;
	uint32_t expires_s;            /**< Expires of a MESSAGE (RFC 3428 7) */
	struct sip_media_type content; /**< Content-Type; empty when there is no body */
	/** Of what a message/cpim holds; empty: there is none, or it cannot be read */
	struct sip_media_type inner;
	struct str cpim_from; /**< the From of a message/cpim: [name] <URI>; STR_NULL: absent */
	/** Its imdn.Message-ID (RFC 5438 6.3); of a notification that which it is about; STR_NULL: absent. */
	struct str message_id;
	/** AOR of the authenticated originator (5.1); empty: nobody vouches */
	struct str originator;
	struct str recipient;  /**< AOR of the Request-URI; empty: not an address of a person */
	bool recipient_served; /**< its domain is one of ours */
	bool originator_served;
	char originator_text[SIP_AOR_MAX];
	char recipient_text[SIP_AOR_MAX];
};

/**
 * Works out kind, recipient and the plain facts. The caller has filled m, st, src, route and
 * trusted; originator is set after authentication (im_request_set_originator), side by the setting
 * (server/setting_*.c), since who asserts an identity differs between the two.
 */
void im_request_classify(struct im_request *r, const struct im_addresses *ours);
void im_request_set_originator(struct im_request *r, const struct im_addresses *ours,
			       struct str aor);
/**
 * After a copy to other storage: views into the message `old` become views into r->m, which holds the
 * same bytes; views into the struct's own texts have been set by the caller.
 */
void im_request_rebase(struct im_request *r, const struct sip_msg *old);
bool im_addresses_serve(const struct im_addresses *ours, struct str aor);
/** From a user of ours to the system URI: the answer to a system message, which no gate may hold up. */
bool im_request_is_answer(const struct im_request *r, const struct im_addresses *ours);
/**
 * A system message of the operator, or what waits for the user (im/deferred/notify.h), by the identity that a
 * trusted peer asserts; tag and type alone are no proof.
 */
bool im_request_is_from_system(const struct im_request *r, const struct im_addresses *ours);

/** "pager", "large", … as logs, metrics and the admin API write it. */
struct str im_kind_name(enum im_kind k);
struct str im_side_name(enum im_side s);

#endif
