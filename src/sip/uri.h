/* SPDX-License-Identifier: Apache-2.0 */
/**
 * URIs as SIP uses them: sip, sips, tel (RFC 3966), urn and others by scheme; a decoded one is views
 * into the text. Comparison is RFC 3261 19.1.4 for sip and sips, RFC 3966 4 for tel.
 */
#ifndef SIP_URI_H
#define SIP_URI_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"
#include "sip/param.h"

enum sip_uri_scheme { SIP_URI_SIP, SIP_URI_SIPS, SIP_URI_TEL, SIP_URI_URN, SIP_URI_OTHER };

/** Longest URI looked at; longer ones are refused (414 where it is the Request-URI). */
#define SIP_URI_MAX 2048

struct sip_uri {
	enum sip_uri_scheme scheme;
	struct str text;     /**< all of it */
	struct str user;     /**< escaped as received; tel: the number; STR_NULL: none */
	struct str password; /**< STR_NULL: none */
	struct str host;     /**< IPv6 without brackets; tel, urn, others: empty */
	bool host_v6;
	uint16_t port;      /**< 0: not given */
	struct str params;  /**< after the first ';', without it; empty: none */
	struct str headers; /**< after '?'; empty: none */
};

/** -EBADMSG when it is not a URI, or longer than SIP_URI_MAX. */
int sip_uri_decode(struct sip_uri *ret, struct str text);

/** Value of a URI parameter, any case of the name. False: absent. A bare name gives STR("") . */
bool sip_uri_param(const struct sip_uri *u, struct str name, struct str *ret);
/* The same on a header's parameters is sip_param (sip/param.h). */

/**
 * RFC 3261 19.1.4: escapes, case, parameters; a port that is absent is not the default port. tel and
 * sip;user=phone of the same digits are NOT equal here. Other schemes: byte for byte.
 */
bool sip_uri_eq(const struct sip_uri *a, const struct sip_uri *b);

/**
 * The address-of-record: what a user is known by. sip:user@host with escapes undone where 19.1.2
 * allows, host in lower case, no port when it is the default, no parameters, headers or password;
 * sips becomes sip; tel and sip;user=phone become sip:+digits@host (tel: with `domain`) with visual
 * separators dropped. A number that is not global keeps its phone-context, so that it stays apart
 * from the same digits elsewhere. Two AORs are one subscriber when their bytes are equal. -EBADMSG:
 * a scheme that has no AOR, or a number without digits; -ENOBUFS: longer than SIP_AOR_MAX, or `ret`
 * is full (it is left as it was).
 */
int sip_uri_aor(const struct sip_uri *u, struct str domain, struct buf *ret);
#define SIP_AOR_MAX 512

/** Undo %hh; bytes that are not escaped are copied. */
void sip_unescape(struct str s, struct buf *out);
/** Escape what may not stand in the user part. */
void sip_escape_user(struct str s, struct buf *out);

#endif
