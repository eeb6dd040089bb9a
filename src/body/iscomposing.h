/* SPDX-License-Identifier: Apache-2.0 */
/**
 * "Is composing a message" (RFC 3994): application/im-iscomposing+xml to and from bytes.
 *
 * Who composes says "active" when the writing begins and again every `refresh_s`, and "idle" when it has
 * paused for ISCOMPOSING_IDLE_S. Who hears "active" shows it until an "idle" comes, a content message
 * comes, or iscomposing_lasts_s have passed.
 */
#ifndef BODY_ISCOMPOSING_H
#define BODY_ISCOMPOSING_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"

#define ISCOMPOSING_TYPE STR("application/im-iscomposing+xml")
#define ISCOMPOSING_NS STR("urn:ietf:params:xml:ns:im-iscomposing")
/** With all its elements a document has 300 bytes; extensions may add to it. */
#define ISCOMPOSING_SIZE_MAX 8192
/** 3.2: "The interval SHOULD be no shorter than 60 seconds." */
#define ISCOMPOSING_REFRESH_MIN_S 60
/** 3.3: "otherwise, it is 120 seconds". */
#define ISCOMPOSING_REFRESH_DEFAULT_S 120
/** Nobody writes longer without a pause: more than this from a peer is taken as this. */
#define ISCOMPOSING_REFRESH_MAX_S 3600
/** 3.2: "the idle timeout SHOULD have a default value of 15 seconds". */
#define ISCOMPOSING_IDLE_S 15

struct iscomposing {
	bool active;
	struct str content_type; /**< "text/plain", or a type alone; empty: not said */
	int64_t last_active_ms;  /**< since 1970; negative: not said */
	uint32_t refresh_s;      /**< 0: not said */
};

/**
 * The text goes into `a`. A state that is not known is "idle" (3.5); a time that cannot be read is not said.
 * -EBADMSG: not such a document, or one without a state; -ENOBUFS; -ENOMEM.
 */
int iscomposing_decode(struct iscomposing *ret, struct str text, struct arena *a);
/** Appends the document. */
void iscomposing_encode(const struct iscomposing *i, struct buf *out);
/** How long "active" holds from its arrival; 0 for "idle". */
uint32_t iscomposing_lasts_s(const struct iscomposing *i);

#endif
