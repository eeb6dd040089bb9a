/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a message has outlived its Expires. */

#include "im/participating/gates.h"
#include "sip/compose.h"


/*
 * RFC 3428 7: "interpret the Expires header field value as delta time from the Date header field value, if
 * present. If not present, the UAS SHOULD interpret the Expires header value as delta time from the time the
 * MESSAGE request is received." Received now, it has not expired; Expires: 0 is now or never.
 */
bool request_expired(const struct im_request *r, int64_t now_ms)
{
	int64_t date_ms;

	if (r->m->method != SIP_MESSAGE || !r->expires_given ||
	    sip_date_decode(&date_ms, sip_msg_header(r->m, SIP_HDR_DATE)))
		return false;
	/* The Date has whole seconds, so within the last of them it is still valid. */
	return now_ms >= date_ms + ((int64_t)r->expires_s + 1) * 1000;
}
