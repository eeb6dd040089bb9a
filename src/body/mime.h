/* SPDX-License-Identifier: Apache-2.0 */
/**
 * MIME bodies: media types, multiparts (RFC 2045, RFC 2046), and a walk to every leaf.
 *
 * Everything is a view into the bytes given; nothing is copied or allocated. Lines may end in CRLF or
 * in LF alone. Where two readers could see different parts the body is refused: a multipart without its
 * closing line, a part with two Content-Type fields, a header line that is none. Otherwise a policy
 * could be shown one thing and a client another.
 */
#ifndef BODY_MIME_H
#define BODY_MIME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"

/** Multiparts and message/cpim within each other; real bodies have two levels. */
#define MIME_DEPTH_MAX 8
/** Parts of one multipart, and leaves of one body in all. */
#define MIME_PARTS_MAX 64
/** Fields of one part; real ones have about four. */
#define MIME_FIELDS_MAX 32
/** RFC 2046 5.1.1: "which must be no longer than 70 characters". */
#define MIME_BOUNDARY_MAX 70

struct mime_type {
	struct str type, subtype; /**< compare without case */
	struct str params;        /**< after the first ';' */
};

/** Value of Content-Type, folds and blanks allowed. -EBADMSG, also for malformed parameters. */
int mime_type_decode(struct mime_type *ret, struct str value);
bool mime_type_is(const struct mime_type *t, struct str type, struct str subtype);
/** Within a range as policies have it: a type, a type whose subtype is "*", or "*" alone. */
bool mime_type_within(const struct mime_type *t, struct str range);
/** A parameter by name, any case, quotes kept. False: absent. */
bool mime_param(struct str params, struct str name, struct str *ret);
/** Appends the value of a parameter with its quotes and escapes undone. */
void mime_unquote(struct str value, struct buf *out);

struct mime_part {
	/* Values of the fields; STR_NULL: absent. */
	struct str content_type, content_disposition, content_id, transfer_encoding;
	struct str headers; /**< all fields as they stand */
	struct str content;
};

/** ---- One multipart ---- */
struct mime_parts {
	struct str rest;
	char boundary[MIME_BOUNDARY_MAX];
	uint8_t boundary_n;
	uint8_t seen;
	bool closed; /**< the closing line has been seen */
};

/** -EBADMSG: no multipart or no proper boundary; a body without a first part shows in mime_parts_next. */
int mime_parts_init(struct mime_parts *it, const struct mime_type *t, struct str body);
/** 1: `*ret` is the next part; 0: that was all. -EBADMSG; -ENOBUFS: too many parts or fields. */
int mime_parts_next(struct mime_parts *it, struct mime_part *ret);

/** The part whose Content-Disposition or Content-Type is this (first of several). -ENOENT, -EBADMSG. */
int mime_parts_find(const struct mime_type *t, struct str body, struct str type, struct str subtype,
		    struct mime_part *ret);

/** ---- Every leaf ---- */
/** Not 0 ends the walk with that value. `depth`: containers around the leaf. */
typedef int(mime_leaf_cb)(const struct mime_type *t, const struct mime_part *leaf, unsigned depth,
			  void *arg);

/**
 * Calls `leaf` for each part that is not itself a container, in order; containers are multipart/ANY
 * and message/cpim, whose content is looked into. A body that is no container is its own leaf. A part
 * without Content-Type is text/plain, in multipart/digest message/rfc822 (RFC 2046 5.1.5).
 * -EBADMSG: a type or container that cannot be read; -ENOBUFS: a ceiling; or what `leaf` returned.
 */
int mime_walk(struct str content_type, struct str body, mime_leaf_cb *leaf, void *arg);

#endif
