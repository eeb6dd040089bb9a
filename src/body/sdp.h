/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Session descriptions (RFC 4566; RFC 2327 reads the same here) as MSRP needs them: RFC 4975 8 (path,
 * accept-types, accept-wrapped-types, max-size), RFC 3264 (direction, port 0, versions), RFC 6135 (setup),
 * RFC 6714 (msrp-cema), RFC 5547 (file-selector and its like).
 *
 * Two things are done with one:
 *   - read: sdp_decode makes views into the text; sdp_msrp_decode works out what its MSRP medium says;
 *   - made: sdp_compose, for offers and answers of our own.
 * Who stands in the media path passes one on with its own end in it: im/participating/session_sdp.h.
 *
 * Lines may end in CRLF or LF; what is written ends in CRLF.
 */
#ifndef BODY_SDP_H
#define BODY_SDP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"

/** A description of ordinary size is below 2 kB; what is longer than this is not looked at. */
#define SDP_TEXT_MAX 16384
/** Media sections; chat beside audio and video are three. */
#define SDP_MEDIA_MAX 16

/** o=: who made the description, and which version of it this is. */
struct sdp_origin {
	struct str username, id, version, address; /**< as written */
	bool v6;
};

struct sdp_medium {
	struct str text;    /**< the section: its m= line and all that follows */
	struct str media;   /**< "message" */
	uint16_t port;      /**< 0: refused, or switched off */
	struct str proto;   /**< "TCP/MSRP" */
	struct str formats; /**< "*" */
};

struct sdp {
	struct str text;
	struct str session; /**< the lines before the first m= */
	struct sdp_origin origin;
	struct sdp_medium medium[SDP_MEDIA_MAX];
	size_t n;
};

/**
 * Views into `text`. -EBADMSG: not a session description (no v=0, no readable o=, a line without "x=", an
 * unreadable m=), or one beyond the ceilings.
 */
int sdp_decode(struct sdp *ret, struct str text);

/** The description in a body: all of it, or the first such part of a multipart. Empty: none. */
struct str sdp_find(struct str content_type, struct str body);
/** Takes the next line of `rest`: its letter and value. False: none is left. */
bool sdp_line_next(struct str *rest, char *letter, struct str *value);
/**
 * Value of the first a=`name` (with or without ':') in these lines; a bare one gives an empty text. Names are
 * compared as RFC 4566 9 has them, by case.
 */
bool sdp_attribute(struct str lines, struct str name, struct str *ret);
/** Takes the next word of a list with blanks between, as accept-types and path are. False: none is left. */
bool sdp_word_next(struct str *rest, struct str *ret);
/** Of the value of an m= line; `text` stays. False: it is none. */
bool sdp_medium_decode(struct sdp_medium *ret, struct str value);
/** It carries MSRP, over TCP or TLS, refused or not. */
bool sdp_medium_is_msrp(const struct sdp_medium *m);
/** The host of the first c= in these lines; `v6` may be NULL. False: there is none. */
bool sdp_connection(struct str lines, struct str *ret, bool *v6);
/** The same description: same origin, id and version (RFC 3264 8: then nothing has changed). */
bool sdp_same_version(const struct sdp *a, const struct sdp *b);

/* ---- What the MSRP medium says ---- */

enum sdp_direction { SDP_SENDRECV, SDP_SENDONLY, SDP_RECVONLY, SDP_INACTIVE };
enum sdp_setup {
	SDP_SETUP_NONE,
	SDP_SETUP_ACTIVE,
	SDP_SETUP_PASSIVE,
	SDP_SETUP_ACTPASS,
	SDP_SETUP_HOLDCONN
};

struct sdp_msrp {
	size_t at;          /**< which medium */
	uint16_t port;      /**< 0: the medium is refused */
	bool secure;        /**< TCP/TLS/MSRP */
	struct str address; /**< of the c= line that counts: IP address or name */
	bool v6;
	struct str path;   /**< MSRP URIs, blanks between; empty: none */
	struct str accept; /**< media types, blanks between; STR_NULL: the attribute is absent */
	struct str accept_wrapped;
	uint64_t max_size; /**< 0: not said */
	enum sdp_direction direction;
	enum sdp_setup setup;
	bool cema;
	struct str file_selector; /**< STR_NULL: no file transfer */
	struct str file_transfer_id;
	/* RFC 5547 6; STR_NULL: absent. */
	struct str file_disposition; /**< "attachment", "render" */
	struct str file_date;        /**< see sdp_file_date */
	struct str file_icon;        /**< "cid:…" */
	struct str file_range;       /**< see sdp_file_range */
};

/**
 * The first medium of MSRP that is not refused; the first refused one when all are. -ENOENT: there is none;
 * -EBADMSG: a number or word in it is not one.
 */
int sdp_msrp_decode(struct sdp_msrp *ret, const struct sdp *s);
/** The last URI of a path: the end itself, behind its relays (RFC 4975 8.2). Empty: there is none. */
struct str sdp_path_last(struct str path);
/** Whether a list ("text/plain image/…", "*") names this type, ranges and parameters apart. */
bool sdp_types_have(struct str list, struct str type, struct str subtype);
struct str sdp_setup_name(enum sdp_setup s);
struct str sdp_direction_name(enum sdp_direction d);
/** What the other end sees: sendonly is its recvonly (RFC 3264 6.1). */
enum sdp_direction sdp_direction_mirror(enum sdp_direction d);

/** RFC 5547 6: a=file-selector; what is absent is STR_NULL, size 0 with `sized` false. */
struct sdp_file {
	struct str name; /**< escaped as received: %22 for a quote (RFC 5547 6) */
	struct str type;
	struct str hash; /**< "sha-1:72:24:…", the first */
	uint64_t size;
	bool sized;
};
int sdp_file_decode(struct sdp_file *ret, struct str selector);
/** The name with its escapes undone. It is the sender's word: not to be used as a path without a look at it. */
void sdp_file_name_put(struct buf *out, struct str escaped);
/**
 * "name:… type:… size:… hash:…", without the attribute's name. Here the name is given plain; quotes, percent signs,
 * and line ends in it are escaped.
 */
void sdp_file_put(struct buf *out, const struct sdp_file *f);
/**
 * "1-4092", "1-*": octets of a file, counted from 1. `*last` 0: to the end. -EBADMSG: not such a range, or one
 * that is empty.
 */
int sdp_file_range(uint64_t *first, uint64_t *last, struct str value);
/**
 * The date `which` ("creation", "modification", "read") of a=file-date, without its quotes, as RFC 5322 writes dates.
 * False: absent.
 */
bool sdp_file_date(struct str value, struct str which, struct str *ret);

/* ---- Written ---- */

/** Our end of the MSRP medium. */
struct sdp_end {
	struct str username; /**< of o=; empty: "-" */
	uint64_t id, version;
	struct str address; /**< ours, in c= and o= */
	bool v6;
	uint16_t port; /**< 0: the medium is refused; nothing below counts */
	bool secure;
	struct str path;
	enum sdp_setup setup; /**< SDP_SETUP_NONE: no a=setup */
	bool cema;
};

struct sdp_own {
	struct sdp_end end;
	enum sdp_direction direction;
	struct str accept;         /**< empty: "*" */
	struct str accept_wrapped; /**< empty: the attribute is left out */
	uint64_t max_size;         /**< 0: left out */
	struct str lines; /**< further whole lines of the medium: "a=file-selector:…\r\n" */
};
/** A description of our own with one MSRP medium. */
void sdp_compose(struct buf *out, const struct sdp_own *o);
/**
 * The answer to an offer: our end in medium `at`, the other media of the offer refused, each in its place
 * (RFC 3264 6: "the answer MUST contain the same number of m-lines").
 */
void sdp_answer(struct buf *out, const struct sdp *offer, size_t at, const struct sdp_own *o);

#endif
