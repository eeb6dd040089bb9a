/* SPDX-License-Identifier: Apache-2.0 */
/**
 * What an INVITE to the conference factory asks for: whom to bring together, and the caller's offer
 * (RFC 5366; digest b rows 8 and 14, e6).
 *
 *     adhoc_decode     the body: SDP and list of recipients in a multipart/mixed; SDP alone; a list alone
 *       '-> kind       1-1 when one other person is named, else ad-hoc
 *       '-> invitees   each once, the caller never; what invitation_send needs of them
 *       '-> history    what each invitee is told of the others; goes to invitation_keep
 *
 * An INVITE without a list makes a conference of its caller alone (RFC 4579 5.4), who brings the others by REFER.
 *
 * An entry may ask for header fields of its invitation (RFC 3261 19.1.1):
 *
 *     sip:carol@example.net;method=INVITE?Session-Replaces=abcdef-0123
 *
 * Session-Replaces (digest b 14) and Replaces (RFC 3891) are carried into it, all others are not
 * (RFC 3261 19.1.5: they could be used to send anything in our name).
 *
 * Views point into the message or into the arena: valid as long as both.
 */
#ifndef IM_CONTROLLING_ADHOC_H
#define IM_CONTROLLING_ADHOC_H

#include "base/mem.h"
#include "body/recipient_list.h"
#include "im/controlling/conference.h"
#include "im/request.h"

/** Memory of one decoded list: RESOURCE_ITEMS_MAX entries of ordinary length. */
#define ADHOC_MEMORY_MAX (1024 * 1024)
/** Header lines that one entry may ask for: a Replaces with long tags is below 500 bytes. */
#define ADHOC_HEADERS_MAX 1024
/** Of the history in each invitation: it goes to every invitee, in one SIP message with the SDP. */
#define ADHOC_HISTORY_MAX 16384

struct adhoc_invitee {
	struct str who;          /**< canonical */
	struct str uri;          /**< Request-URI: as written, without method and header fields */
	struct str display_name; /**< empty: none */
	struct str headers;      /**< whole lines; empty: none */
	struct str method; /**< as asked for, of the address; STR_NULL: none, which is INVITE */
	/** bcc, or to be anonymised: others are not told of them before they are in (RFC 5364 4). */
	bool bcc;
};

struct adhoc {
	enum conference_kind kind; /**< CONFERENCE_ONE_TO_ONE or CONFERENCE_AD_HOC */
	struct adhoc_invitee *invitees;
	size_t n;
	bool listed;    /**< there was a list */
	struct str sdp; /**< the offer; empty: there is none, the answer of ours makes it */
	/** Resource lists for recipient-list-history; empty: nobody may be named (or there are too many). */
	struct str history;
	struct arena arena; /**< holds all of it */
};

struct adhoc_params {
	struct recipient_body body; /**< adhoc_body */
	struct str caller;          /**< canonical identity */
	struct str domain;          /**< of telephone numbers */
	size_t most;    /**< participants there may be, the caller among them; 0: ROSTER_MAX */
	struct str cid; /**< adhoc_referred: the URL in Refer-To */
};

/** The SDP in the body of a request or response, out of a multipart if need be; STR_NULL: there is none. */
struct str adhoc_sdp(const struct sip_msg *m);
/** Headers and body of a request as recipient_list_find and this want them. */
struct recipient_body adhoc_body(const struct sip_msg *m);
/**
 * 0, and adhoc_done is due. Else nothing is held:
 *     -EBADMSG    400: body or list cannot be read, an entry is no address, or asks for another method than INVITE
 *     -ENOMSG     415: there is a body, but neither SDP nor a list
 *     -ENOENT     400: the list names nobody but the caller
 *     -ENOBUFS    403 (digest b 8): more than there may be, or than a ceiling allows
 *     -ENOMEM     500
 */
int adhoc_decode(struct adhoc *ret, const struct adhoc_params *p);
void adhoc_done(struct adhoc *a);
/**
 * The same for the list that a REFER points to (RFC 5368): with any methods; kind, SDP and history are not set. No such
 * list is -EBADMSG.
 */
int adhoc_referred(struct adhoc *ret, const struct adhoc_params *p);
/** The status for a result of adhoc_decode; appends a Warning that says why. */
uint16_t adhoc_status(int err, struct str host, struct buf *headers);

/**
 * One address with what it asks for, of a list or a Refer-To: fills in all of `ret` but display name and bcc. -EBADMSG;
 * -ENOBUFS: the arena, or ADHOC_HEADERS_MAX.
 */
int adhoc_address(struct adhoc_invitee *ret, struct str uri, struct str domain, struct arena *a);

#endif
