/* SPDX-License-Identifier: Apache-2.0 */
/** One header line in received bytes, folds included: the step that msg.c and peek.c repeat. */
#ifndef SIP_LINE_H
#define SIP_LINE_H

#include "sip/msg.h"

enum sip_line_read {
	SIP_LINE_OK,
	SIP_LINE_EMPTY, /**< the line that ends the headers; `end` is after it */
	SIP_LINE_BAD,   /**< not a header line, or a CR stands alone in it; `end` is after it */
	SIP_LINE_CUT,   /**< the bytes end before the line does */
};

/**
 * Reads the line at `p` (p < end) of the message at `base`; `next` is left alone. Without a
 * readable name `name_n` is 0, and only `start` and `end` are set.
 */
enum sip_line_read sip_line_read(struct sip_line *l, const char *base, const char *p,
				 const char *end);

/**
 * The index over all header lines from `p` on: m->line, first, last, bare_lf, headers_end. False: something
 * is wrong with them, the first of it in `wrong`; what could be read is in the index all the same.
 */
bool sip_lines_index(struct sip_msg *m, const char *p, struct str *wrong);

#endif
