/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Header field names: every one this server looks at has a number, with its compact form
 * (RFC 3261 7.3.3 and the RFC of each). The list below is the one place that knows them.
 */
#ifndef SIP_HEADER_H
#define SIP_HEADER_H

#include "base/str.h"

/** X(identifier, "Name", compact form or 0) */
#define SIP_HEADERS(X)                                                       \
	X(VIA, "Via", 'v')                                                   \
	X(FROM, "From", 'f')                                                 \
	X(TO, "To", 't')                                                     \
	X(CALL_ID, "Call-ID", 'i')                                           \
	X(CSEQ, "CSeq", 0)                                                   \
	X(MAX_FORWARDS, "Max-Forwards", 0)                                   \
	X(MAX_BREADTH, "Max-Breadth", 0)                                     \
	X(ROUTE, "Route", 0)                                                 \
	X(RECORD_ROUTE, "Record-Route", 0)                                   \
	X(CONTACT, "Contact", 'm')                                           \
	X(CONTENT_LENGTH, "Content-Length", 'l')                             \
	X(CONTENT_TYPE, "Content-Type", 'c')                                 \
	X(CONTENT_ENCODING, "Content-Encoding", 'e')                         \
	X(CONTENT_DISPOSITION, "Content-Disposition", 0)                     \
	X(CONTENT_LANGUAGE, "Content-Language", 0)                           \
	X(MIME_VERSION, "MIME-Version", 0)                                   \
	X(ACCEPT, "Accept", 0)                                               \
	X(ACCEPT_ENCODING, "Accept-Encoding", 0)                             \
	X(ACCEPT_LANGUAGE, "Accept-Language", 0)                             \
	X(ACCEPT_CONTACT, "Accept-Contact", 'a')                             \
	X(REJECT_CONTACT, "Reject-Contact", 'j')                             \
	X(REQUEST_DISPOSITION, "Request-Disposition", 'd')                   \
	X(ALERT_INFO, "Alert-Info", 0)                                       \
	X(ALLOW, "Allow", 0)                                                 \
	X(ALLOW_EVENTS, "Allow-Events", 'u')                                 \
	X(AUTHORIZATION, "Authorization", 0)                                 \
	X(AUTHENTICATION_INFO, "Authentication-Info", 0)                     \
	X(WWW_AUTHENTICATE, "WWW-Authenticate", 0)                           \
	X(PROXY_AUTHENTICATE, "Proxy-Authenticate", 0)                       \
	X(PROXY_AUTHORIZATION, "Proxy-Authorization", 0)                     \
	X(PROXY_REQUIRE, "Proxy-Require", 0)                                 \
	X(REQUIRE, "Require", 0)                                             \
	X(SUPPORTED, "Supported", 'k')                                       \
	X(UNSUPPORTED, "Unsupported", 0)                                     \
	X(DATE, "Date", 0)                                                   \
	X(ERROR_INFO, "Error-Info", 0)                                       \
	X(EVENT, "Event", 'o')                                               \
	X(EXPIRES, "Expires", 0)                                             \
	X(MIN_EXPIRES, "Min-Expires", 0)                                     \
	X(SESSION_EXPIRES, "Session-Expires", 'x')                           \
	X(MIN_SE, "Min-SE", 0)                                               \
	X(FLOW_TIMER, "Flow-Timer", 0)                                       \
	X(IDENTITY, "Identity", 'y')                                         \
	X(IN_REPLY_TO, "In-Reply-To", 0)                                     \
	X(JOIN, "Join", 0)                                                   \
	X(REPLACES, "Replaces", 0)                                           \
	X(ORGANIZATION, "Organization", 0)                                   \
	X(PATH, "Path", 0)                                                   \
	X(SERVICE_ROUTE, "Service-Route", 0)                                 \
	X(PRIORITY, "Priority", 0)                                           \
	X(PRIVACY, "Privacy", 0)                                             \
	X(P_ASSERTED_IDENTITY, "P-Asserted-Identity", 0)                     \
	X(P_PREFERRED_IDENTITY, "P-Preferred-Identity", 0)                   \
	X(P_ASSERTED_SERVICE, "P-Asserted-Service", 0)                       \
	X(P_PREFERRED_SERVICE, "P-Preferred-Service", 0)                     \
	X(P_SERVED_USER, "P-Served-User", 0)                                 \
	X(P_CHARGING_VECTOR, "P-Charging-Vector", 0)                         \
	X(P_CHARGING_FUNCTION_ADDRESSES, "P-Charging-Function-Addresses", 0) \
	X(P_ACCESS_NETWORK_INFO, "P-Access-Network-Info", 0)                 \
	X(P_ASSOCIATED_URI, "P-Associated-URI", 0)                           \
	X(P_VISITED_NETWORK_ID, "P-Visited-Network-ID", 0)                   \
	X(RACK, "RAck", 0)                                                   \
	X(RSEQ, "RSeq", 0)                                                   \
	X(REASON, "Reason", 0)                                               \
	X(REFER_TO, "Refer-To", 'r')                                         \
	X(REFERRED_BY, "Referred-By", 'b')                                   \
	X(REFER_SUB, "Refer-Sub", 0)                                         \
	X(REPLY_TO, "Reply-To", 0)                                           \
	X(RETRY_AFTER, "Retry-After", 0)                                     \
	X(SERVER, "Server", 0)                                               \
	X(USER_AGENT, "User-Agent", 0)                                       \
	X(SIP_ETAG, "SIP-ETag", 0)                                           \
	X(SIP_IF_MATCH, "SIP-If-Match", 0)                                   \
	X(SUBJECT, "Subject", 's')                                           \
	X(SUBSCRIPTION_STATE, "Subscription-State", 0)                       \
	X(TIMESTAMP, "Timestamp", 0)                                         \
	X(WARNING, "Warning", 0)                                             \
	X(CONTRIBUTION_ID, "Contribution-ID", 0)                             \
	X(CONVERSATION_ID, "Conversation-ID", 0)                             \
	X(SESSION_REPLACES, "Session-Replaces", 0)

enum sip_header_id {
	SIP_HDR_OTHER, /**< a name not in the list */
#define X(id, name, compact) SIP_HDR_##id,
	SIP_HEADERS(X)
#undef X
		SIP_HDR_COUNT
};

/** Full or compact name (a token), any case; SIP_HDR_OTHER when unknown. */
enum sip_header_id sip_header_decode(struct str name);
/** The same on `n` bytes (at least 1) of a text that ends at `end`; faster where 32 can be read. */
enum sip_header_id sip_header_decode_at(const char *p, const char *end, size_t n);
/** The full name; "" for SIP_HDR_OTHER. */
struct str sip_header_name(enum sip_header_id id);

#endif
