/* SPDX-License-Identifier: Apache-2.0 */
/** One charging record as a line of JSON. */
#ifndef CHARGING_RECORD_H
#define CHARGING_RECORD_H

#include "base/buf.h"
#include "im/event.h"

/** Appends the line with its newline. Whatever the texts hold, it is one line of valid JSON in UTF-8. */
void record_encode(struct buf *out, const struct im_event *e, int64_t wall_ms);
/** Appends `s` as a JSON string with its quotes; bytes that are not UTF-8 become U+FFFD. */
void record_put_string(struct buf *out, struct str s);

#endif
