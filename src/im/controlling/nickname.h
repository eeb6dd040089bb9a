/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Nicknames (RFC 7701 7): how one is written, and when two are the same.
 *
 * RFC 7700 wants spaces of any kind mapped to SPACE, none at the ends and no two in a row, and compares with case
 * folded and compatibility forms (NFKC). Here the folding covers the alphabets with case of the first planes that
 * people type (Latin, Greek, Cyrillic, Armenian) and the full-width forms; composed and decomposed letters are
 * not made equal.
 */
#ifndef IM_CONTROLLING_NICKNAME_H
#define IM_CONTROLLING_NICKNAME_H

#include "base/buf.h"
#include "base/str.h"

/** RFC 7701 7.1: "MUST NOT be more than 1023 octets in length". */
#define NICKNAME_MAX 1023

/**
 * Appends the name as it is shown to `shown` and what is compared to `key` (either may be NULL). -EBADMSG: empty,
 * too long, not UTF-8, or with control characters, invisible or directional ones.
 */
int nickname_prepare(struct str name, struct buf *shown, struct buf *key);

#endif
