/* SPDX-License-Identifier: Apache-2.0 */
/**
 * name-addr and addr-spec with header parameters: From, To, Contact, Route, Record-Route, Refer-To,
 * P-Asserted-Identity, P-Served-User, Path… (RFC 3261 20.10 and 25.1). In a bare addr-spec every
 * ';parameter' belongs to the header, not to the URI.
 */
#ifndef SIP_NAME_ADDR_H
#define SIP_NAME_ADDR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

struct sip_name_addr {
	struct str display; /**< without quotes, escapes kept; STR_NULL: none */
	struct str uri;     /**< what stands between < and >, or the bare URI; not looked into */
	struct str params;  /**< after the first ';' behind it: see sip_param (sip/param.h) */
	bool star;          /**< Contact: * */
};

/**
 * One value, as sip_values_next gives it; -EBADMSG, also for a malformed parameter, an unquoted
 * display name with other than tokens in it (RFC 4475 3.1.2.15), and a bare URI that RFC 3261 20
 * wants in <>.
 */
int sip_name_addr_decode(struct sip_name_addr *ret, struct str value);
/** The same, with the value of the `tag` parameter (STR_NULL: none) from the one pass. */
int sip_name_addr_decode_tag(struct sip_name_addr *ret, struct str *ret_tag, struct str value);

/** Contact: q in thousandths; 1000 when absent or malformed. */
uint32_t sip_contact_q(const struct sip_name_addr *c);
/** Contact: expires in seconds; `fallback` when absent or malformed. */
uint32_t sip_contact_expires(const struct sip_name_addr *c, uint32_t fallback);
/** A qvalue ("0.333", "1") in thousandths; false when it is none. */
bool sip_qvalue_decode(struct str s, uint32_t *ret);

#endif
