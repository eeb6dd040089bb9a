/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Media types as Content-Type and Accept write them: "text/plain;charset=utf-8" (RFC 3261 20.1 and
 * 20.15). Types, subtypes and parameter names compare without case.
 */
#ifndef SIP_MEDIA_TYPE_H
#define SIP_MEDIA_TYPE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "sip/msg.h"

struct sip_media_type {
	struct str type;    /**< "text"; in a range: also "*" */
	struct str subtype; /**< "plain"; in a range: also "*" */
	struct str params;  /**< after the first ';': read with sip_param (sip/param.h) */
};

/** One value; blanks may stand around '/' and ';'. -EBADMSG, also for malformed parameters. */
int sip_media_type_decode(struct sip_media_type *ret, struct str value);
/** Both parts are these; no wildcards. */
bool sip_media_type_is(const struct sip_media_type *t, struct str type, struct str subtype);
/** `t` is within the range ("*" for either part; the range's parameters do not narrow it). */
bool sip_media_type_matches(const struct sip_media_type *range, const struct sip_media_type *t);

/** The request has no Accept: RFC 3261 20.1 then assumes application/sdp. */
#define SIP_ACCEPT_ABSENT (-1)
/**
 * How welcome the type is by the Accept header fields: thousandths of the q of the narrowest range
 * that holds it, 0 when none does (an empty Accept has none). SIP_ACCEPT_ABSENT.
 */
int32_t sip_accept_q(const struct sip_msg *m, const struct sip_media_type *t);

#endif
