/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Parameters of header values: `a=b;c;d="x"` (generic-param of RFC 3261 25.1), without the first
 * ';'. Blanks and folds may stand around every ';' and '='.
 */
#ifndef SIP_PARAM_H
#define SIP_PARAM_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/str.h"

/**
 * Takes the next parameter off `*rest`:
 *     for (int r; (r = sip_param_next(&rest, &name, &value)) > 0;) …
 * 1: found; `value` is STR_NULL for a bare name and keeps its quotes. 0: no more. -EBADMSG: not a
 * parameter (empty one, quote not closed, a comma…); `*rest` then starts at the offence.
 */
int sip_param_next(struct str *rest, struct str *name, struct str *value);
/** The same in a line of several values: the ',' behind a value ends it, and `*rest` starts there. */
int sip_param_next_in_list(struct str *rest, struct str *name, struct str *value);

/** Value by name, any case, quotes kept. False: absent. A bare name gives STR(""). */
bool sip_param(struct str params, struct str name, struct str *ret);

/** The quoted string at `p` (which is a '"'): just after its closing quote, or NULL. */
const char *sip_quoted_end(const char *p, const char *end);
/** Appends the content of a quoted string with its escapes undone; other text as it is. */
void sip_unquote(struct str value, struct buf *out);
/** Appends `text` as a quoted string, '"' and '\' escaped. */
void sip_quote(struct str text, struct buf *out);

#endif
