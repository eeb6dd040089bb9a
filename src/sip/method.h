/* SPDX-License-Identifier: Apache-2.0 */
/** SIP methods: known ones by number, others by their text (method names are case-sensitive). */
#ifndef SIP_METHOD_H
#define SIP_METHOD_H

#include "base/str.h"

enum sip_method {
	SIP_METHOD_OTHER, /**< an extension method: see its text */
	SIP_INVITE,
	SIP_ACK,
	SIP_CANCEL,
	SIP_BYE,
	SIP_REGISTER,
	SIP_OPTIONS,
	SIP_MESSAGE,
	SIP_SUBSCRIBE,
	SIP_NOTIFY,
	SIP_PUBLISH,
	SIP_REFER,
	SIP_UPDATE,
	SIP_PRACK,
	SIP_INFO,
	SIP_METHOD_COUNT
};

enum sip_method sip_method_decode(struct str name);
/** The name of a known method; "" for SIP_METHOD_OTHER. */
struct str sip_method_name(enum sip_method m);

#endif
