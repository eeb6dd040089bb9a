/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Instant message disposition notifications (RFC 5438 section 11): message/imdn+xml to and from bytes.
 */
#ifndef BODY_IMDN_H
#define BODY_IMDN_H

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"

#define IMDN_TYPE STR("message/imdn+xml")
#define IMDN_NS STR("urn:ietf:params:xml:ns:imdn")
/** A payload with all its elements has some 700 bytes; extensions may add to it. */
#define IMDN_SIZE_MAX 16384

enum imdn_kind { IMDN_DELIVERY, IMDN_PROCESSING, IMDN_DISPLAY };

enum imdn_status {
	IMDN_DELIVERED, /**< delivery */
	IMDN_FAILED,    /**< delivery */
	IMDN_DISPLAYED, /**< display */
	IMDN_PROCESSED, /**< processing */
	IMDN_STORED,    /**< processing */
	IMDN_FORBIDDEN, /**< any: the disposition was denied */
	IMDN_ERROR,     /**< any */
	IMDN_OTHER,     /**< an extension that is not known here */
};

struct imdn {
	struct str message_id; /**< of the message reported on */
	struct str date_time;  /**< when that was sent, as its sender wrote it */
	struct str recipient;  /**< STR_NULL: absent, as the two below */
	struct str original_recipient;
	struct str subject;
	enum imdn_kind kind;
	enum imdn_status status;
};

/**
 * The texts go into `a`. -EBADMSG: not such a document, an element missing that 11.1 makes mandatory,
 * or a status that does not belong to its notification; -ENOBUFS; -ENOMEM.
 */
int imdn_decode(struct imdn *ret, struct str text, struct arena *a);
/**
 * Its message-id as it stands in the text, without a parser: for who wants to tell of it and decides nothing by
 * it. Empty: there is none.
 */
struct str imdn_message_id(struct str text);
/** Appends the document; compact, since it travels in pager mode. */
void imdn_encode(const struct imdn *i, struct buf *out);

/** "delivery", "processing", "display". */
struct str imdn_kind_name(enum imdn_kind k);
/** "delivered" …; "other". */
struct str imdn_status_name(enum imdn_status s);

#endif
