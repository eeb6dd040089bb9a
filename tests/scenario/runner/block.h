/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The shape of a scenario file: lines, and by indentation the lines that belong to them.
 *
 *     bob receives MESSAGE          a line
 *       From: <sip:a@example.org>   lines of its own, deeper
 *       body <<END                  a line with a text of several lines
 *       hello
 *       END
 *
 * Comments (from '#') and empty lines are dropped. The text of a <<END stands verbatim up to a line that
 * holds nothing but the mark; the blanks that stand before the mark are taken off its lines.
 */
#ifndef RUNNER_BLOCK_H
#define RUNNER_BLOCK_H

#include "scenario/runner/text.h"

struct scn_line {
	const char *file;
	unsigned no;
	unsigned indent;
	struct str text;  /**< without blanks at the ends, and without the <<END */
	struct str here;  /**< lines of the <<END, each ended by '\n'; .p NULL: there was none */
	struct str block; /**< the lines beneath, as written */
	struct scn_line *child; /**< the first line beneath */
	struct scn_line *next;  /**< the next one at this depth */
	struct scn_line *parent;
};

/**
 * The first line of `text`; NULL with a message "file:line: …" in `why` when it is misshapen. An empty
 * file gives NULL with an empty `why`. All is valid as long as the arena and `text`.
 */
struct scn_line *scn_block_read(struct arena *a, const char *file, struct str text,
				struct str *why);

/** `block` with the indentation of its first line taken off each. */
struct str scn_block_dedent(struct arena *a, struct str block);

#endif
