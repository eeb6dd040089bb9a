/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The state of a conference (RFC 4575): application/conference-info+xml to and from bytes.
 *
 * The focus writes a document piece by piece, so that the roster need not be gathered first:
 *
 *     conference_info_begin(&xml, &head);
 *     conference_info_put_description(&xml, &description);     (a full document has it, 5.2)
 *     conference_info_put_state(&xml, &state);
 *     conference_info_users_begin(&xml, CONFERENCE_FULL);      (a full document has it, 5.2)
 *     for (each participant, or each that changed)
 *             conference_info_put_user(&xml, &user);
 *     conference_info_users_end(&xml);
 *     conference_info_end(&xml);
 *
 * The pieces come in this order; what is not told is left out. Versions are per subscription and grow by
 * one with each document (5.2).
 *
 * A subscriber decodes a document and asks conference_info_next what is to be done with it (4.6). Elements
 * that are neither listed here nor needed for a roster (sidebars, host, call-info) are passed over.
 */
#ifndef BODY_CONFERENCE_INFO_H
#define BODY_CONFERENCE_INFO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "body/sdp.h"

#define CONFERENCE_INFO_TYPE STR("application/conference-info+xml")
#define CONFERENCE_INFO_NS STR("urn:ietf:params:xml:ns:conference-info")
/** Users of one document; groups have some hundreds at most. */
#define CONFERENCE_USERS_MAX 2048
/** Endpoints of one user: people have three or four devices; and the streams of one of them. */
#define CONFERENCE_ENDPOINTS_MAX 16
#define CONFERENCE_MEDIA_MAX 16
/** Roles of one user. */
#define CONFERENCE_ROLES_MAX 16

/** Of a document, and of its elements; absent means full (6). */
enum conference_change { CONFERENCE_FULL, CONFERENCE_PARTIAL, CONFERENCE_DELETED };

enum conference_said { CONFERENCE_UNSAID, CONFERENCE_FALSE, CONFERENCE_TRUE };

/** Of an endpoint (5.7.3). */
enum conference_status {
	CONFERENCE_STATUS_UNSAID, /**< or a value that is not known */
	CONFERENCE_PENDING,
	CONFERENCE_DIALING_OUT,
	CONFERENCE_DIALING_IN,
	CONFERENCE_ALERTING,
	CONFERENCE_ON_HOLD,
	CONFERENCE_CONNECTED,
	CONFERENCE_MUTED_VIA_FOCUS,
	CONFERENCE_DISCONNECTING,
	CONFERENCE_DISCONNECTED,
};

/** 5.7.4 */
enum conference_joining {
	CONFERENCE_JOINING_UNSAID,
	CONFERENCE_DIALED_IN,
	CONFERENCE_DIALED_OUT,
	CONFERENCE_FOCUS_OWNER,
};

/** 5.7.6 */
enum conference_leaving {
	CONFERENCE_LEAVING_UNSAID,
	CONFERENCE_DEPARTED,
	CONFERENCE_BOOTED,
	CONFERENCE_FAILED,
	CONFERENCE_BUSY,
};

struct conference_head {
	struct str entity; /**< the conference's URI */
	enum conference_change change;
	uint32_t version;
};

/** Texts: empty, not said. Numbers: 0, not said. */
struct conference_description {
	struct str display_text, subject, free_text;
	uint32_t maximum_user_count;
};

struct conference_state {
	bool user_count_said;
	uint32_t user_count;
	enum conference_said active, locked;
};

/** When, why and by whom somebody came or went (5.7.5, 5.7.7). */
struct conference_event {
	int64_t when_ms;   /**< since 1970; 0: not said */
	struct str reason; /**< as a Reason header: `SIP;cause=603;text="Decline"` */
	struct str by;     /**< a URI */
};

struct conference_media {
	struct str id;   /**< key within the endpoint */
	struct str type; /**< "message" */
	bool direction_said;
	enum sdp_direction direction; /**< as the participant sees it */
};

struct conference_endpoint {
	struct str entity; /**< key within the user; empty: none */
	enum conference_change change;
	struct str display_text;
	enum conference_status status;
	enum conference_joining joining;
	struct conference_event joined; /**< written when one of its fields is said */
	enum conference_leaving leaving;
	struct conference_event left;
	const struct conference_media *media;
	size_t media_n;
};

struct conference_user {
	struct str entity; /**< key within the document */
	enum conference_change change;
	bool own; /**< yourown="true", for clients that know it (no RFC has it) */
	struct str display_text;
	const struct str *roles;
	size_t roles_n;
	const struct conference_endpoint *endpoints;
	size_t endpoints_n;
};

struct conference_info {
	struct conference_head head;
	bool described; /**< has a <conference-description> */
	struct conference_description description;
	struct conference_state state;
	bool listed; /**< has a <users> */
	enum conference_change users_change;
	bool users_change_said; /**< else it is the schema's default, full, also in a partial document */
	const struct conference_user *users;
	size_t users_n;
};

/**
 * Tables and texts go into `a`. Users without an entity are left out. -EBADMSG: not such a document, one without a
 * version, or a version, count or state that is none; -ENOBUFS: a ceiling; -ENOMEM.
 */
int conference_info_decode(struct conference_info *ret, struct str text, struct arena *a);

enum conference_step {
	CONFERENCE_DISCARD, /**< old news */
	CONFERENCE_REPLACE, /**< all that is known is replaced by it */
	CONFERENCE_UPDATE,  /**< what it holds changes, the rest stays */
	CONFERENCE_REFRESH, /**< one is missing: ask for the full state, keep `version` */
	CONFERENCE_ENDED,   /**< the conference is over: end the subscription */
};
/**
 * What the subscriber does with a document, RFC 4575 4.6. `version` is that of the document last taken;
 * `known` false: there is none yet.
 */
enum conference_step conference_info_next(const struct conference_head *h, bool known,
					  uint32_t version);

/* ---- Writing; each appends, `out` says whether it failed ---- */
void conference_info_begin(struct buf *out, const struct conference_head *h);
void conference_info_put_description(struct buf *out, const struct conference_description *d);
void conference_info_put_state(struct buf *out, const struct conference_state *s);
void conference_info_users_begin(struct buf *out, enum conference_change change);
void conference_info_put_user(struct buf *out, const struct conference_user *u);
void conference_info_users_end(struct buf *out);
void conference_info_end(struct buf *out);
/** The whole document at once. */
void conference_info_encode(struct buf *out, const struct conference_info *i);

/** "connected", "dialed-in", "booted" …; empty for what is not said. */
struct str conference_status_name(enum conference_status s);
struct str conference_joining_name(enum conference_joining j);
struct str conference_leaving_name(enum conference_leaving l);

#endif
