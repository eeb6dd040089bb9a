/* SPDX-License-Identifier: Apache-2.0 */
/* Reason phrases of status codes. */
#include "sip/compose.h"

struct phrase {
	uint16_t status;
	struct str text;
};

/** Sorted by status. RFC 3261 21; others carry the document they are from. */
static const struct phrase phrases[] = {
	{100, STR_INIT("Trying")},
	{180, STR_INIT("Ringing")},
	{181, STR_INIT("Call Is Being Forwarded")},
	{182, STR_INIT("Queued")},
	{183, STR_INIT("Session Progress")},
	{199, STR_INIT("Early Dialog Terminated")}, /* RFC 6228 */
	{200, STR_INIT("OK")},
	{202, STR_INIT("Accepted")},        /* RFC 3265 */
	{204, STR_INIT("No Notification")}, /* RFC 5839 */
	{300, STR_INIT("Multiple Choices")},
	{301, STR_INIT("Moved Permanently")},
	{302, STR_INIT("Moved Temporarily")},
	{305, STR_INIT("Use Proxy")},
	{380, STR_INIT("Alternative Service")},
	{400, STR_INIT("Bad Request")},
	{401, STR_INIT("Unauthorized")},
	{402, STR_INIT("Payment Required")},
	{403, STR_INIT("Forbidden")},
	{404, STR_INIT("Not Found")},
	{405, STR_INIT("Method Not Allowed")},
	{406, STR_INIT("Not Acceptable")},
	{407, STR_INIT("Proxy Authentication Required")},
	{408, STR_INIT("Request Timeout")},
	{410, STR_INIT("Gone")},
	{412, STR_INIT("Conditional Request Failed")}, /* RFC 3903 */
	{413, STR_INIT("Request Entity Too Large")},
	{414, STR_INIT("Request-URI Too Long")},
	{415, STR_INIT("Unsupported Media Type")},
	{416, STR_INIT("Unsupported URI Scheme")},
	{417, STR_INIT("Unknown Resource-Priority")}, /* RFC 4412 */
	{420, STR_INIT("Bad Extension")},
	{421, STR_INIT("Extension Required")},
	{422, STR_INIT("Session Interval Too Small")}, /* RFC 4028 */
	{423, STR_INIT("Interval Too Brief")},
	{424, STR_INIT("Bad Location Information")},         /* RFC 6442 */
	{428, STR_INIT("Use Identity Header")},              /* RFC 8224 */
	{429, STR_INIT("Provide Referrer Identity")},        /* RFC 3892 */
	{430, STR_INIT("Flow Failed")},                      /* RFC 5626 */
	{433, STR_INIT("Anonymity Disallowed")},             /* RFC 5079 */
	{436, STR_INIT("Bad Identity Info")},                /* RFC 8224 */
	{437, STR_INIT("Unsupported Credential")},           /* RFC 8224 */
	{438, STR_INIT("Invalid Identity Header")},          /* RFC 8224 */
	{439, STR_INIT("First Hop Lacks Outbound Support")}, /* RFC 5626 */
	{440, STR_INIT("Max-Breadth Exceeded")},             /* RFC 5393 */
	{469, STR_INIT("Bad Info Package")},                 /* RFC 6086 */
	{470, STR_INIT("Consent Needed")},                   /* RFC 5360 */
	{480, STR_INIT("Temporarily Unavailable")},
	{481, STR_INIT("Call/Transaction Does Not Exist")},
	{482, STR_INIT("Loop Detected")},
	{483, STR_INIT("Too Many Hops")},
	{484, STR_INIT("Address Incomplete")},
	{485, STR_INIT("Ambiguous")},
	{486, STR_INIT("Busy Here")},
	{487, STR_INIT("Request Terminated")},
	{488, STR_INIT("Not Acceptable Here")},
	{489, STR_INIT("Bad Event")}, /* RFC 6665 */
	{491, STR_INIT("Request Pending")},
	{493, STR_INIT("Undecipherable")},
	{494, STR_INIT("Security Agreement Required")}, /* RFC 3329 */
	{500, STR_INIT("Server Internal Error")},
	{501, STR_INIT("Not Implemented")},
	{502, STR_INIT("Bad Gateway")},
	{503, STR_INIT("Service Unavailable")},
	{504, STR_INIT("Server Time-out")},
	{505, STR_INIT("Version Not Supported")},
	{513, STR_INIT("Message Too Large")},
	{580, STR_INIT("Precondition Failure")}, /* RFC 3312 */
	{600, STR_INIT("Busy Everywhere")},
	{603, STR_INIT("Decline")},
	{604, STR_INIT("Does Not Exist Anywhere")},
	{606, STR_INIT("Not Acceptable")},
	{607, STR_INIT("Unwanted")}, /* RFC 8197 */
	{608, STR_INIT("Rejected")}, /* RFC 8688 */
};


struct str sip_reason(uint16_t status)
{
	size_t low = 0, high = sizeof(phrases) / sizeof(phrases[0]);

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (phrases[middle].status == status)
			return phrases[middle].text;
		if (phrases[middle].status < status)
			low = middle + 1;
		else
			high = middle;
	}
	return STR("Unknown");
}
