/* SPDX-License-Identifier: Apache-2.0 */
/**
 * What a device can do and what a caller wants: feature parameters in Contact (RFC 3840 9), and the
 * Accept-Contact and Reject-Contact that are held against them (RFC 3841).
 *
 * A feature parameter is a base tag ("audio", "methods", …) or begins with '+'. Its value, when there
 * is one, is a quoted list of tokens, numbers and negations, or one string in <>; no value means
 * TRUE. What is met in practice is understood too: a value without quotes.
 */
#ifndef SIP_ACCEPT_CONTACT_H
#define SIP_ACCEPT_CONTACT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "sip/msg.h"

/** Feature parameters of one predicate, and values of one feature, that are looked at; an honest
 * device has a dozen. Matching costs the product of both sides, and the sender chooses one. */
#define SIP_FEATURES_MAX 48
#define SIP_FEATURE_VALUES_MAX 32
/** Accept-Contact and Reject-Contact values in one request that are looked at. */
#define SIP_PREDICATES_MAX 16

/** This parameter name is a feature tag. */
bool sip_is_feature(struct str name);

/** The parameters hold this tag (exact name, any case); `*ret` is its value without quotes, "TRUE"
 * for a bare one. */
bool sip_feature_find(struct str params, struct str tag, struct str *ret);
/** The tag is there and not FALSE. */
bool sip_feature_on(struct str params, struct str tag);
/** The tag's list holds this value: a token, any case, that is not negated; or the whole string in
 * <>, by its case. */
bool sip_feature_has(struct str params, struct str tag, struct str value);

/** sip_feature_on in any value of this header: Contact, Accept-Contact, Reject-Contact. */
bool sip_msg_has_feature(const struct sip_msg *m, enum sip_header_id id, struct str tag);
/** sip_feature_has in any value of this header. */
bool sip_msg_has_feature_value(const struct sip_msg *m, enum sip_header_id id, struct str tag,
			       struct str value);

struct sip_accept_contact {
	struct str params; /**< after the "*;" */
	bool require;
	bool explicit; /**< all of it must be stated by the contact */
};

/** One value; -EBADMSG. Of Reject-Contact too, where the flags mean nothing. */
int sip_accept_contact_decode(struct sip_accept_contact *ret, struct str value);

/** What the caller's preferences say of one contact. */
struct sip_preference {
	bool drop;      /**< not a target for this request */
	uint16_t score; /**< Qa in thousandths: the order among contacts with the same q */
};

/**
 * Judges a contact by its header parameters against the request's Reject-Contact and Accept-Contact
 * (RFC 3841 7.2.4). A contact without any feature parameter is never dropped and scores 1000
 * (7.2.1); so does every contact when the request has neither header: implicit preferences (7.2.2)
 * are not drawn. Malformed values are passed over.
 */
struct sip_preference sip_prefer(const struct sip_msg *m, struct str contact_params);

#endif
