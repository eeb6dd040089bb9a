/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The lines beneath `sends` and `answers` (changes), and beneath `receives` (checks).
 *
 * Changes:
 *     Name: value           this header is there once, with this value
 *     + Name: value         one more line of it, after those there are
 *     top Name: value       one more line of it, before those there are
 *     - Name                none of it
 *     uri VALUE             the Request-URI
 *     line VALUE            the whole first line
 *     body "text"           or  body TYPE "text",  body TYPE <<END,  body "text" times N,  body none
 *     replace "a" with "b"  in the finished message, everywhere
 *     credentials none | wrong | used | as USER PASSWORD
 *     towards ADDR:PORT     another destination than the server
 *     from ADDR:PORT        another socket of the peer's own
 *     body [TYPE] 1MB pattern          bytes that are easily told apart, so many
 *     split N | every byte | at N,N…   over a stream: the pieces it leaves in
 *     pause TIME            passes between the pieces
 *     cut after N           the connection is closed when so many bytes have left
 *     tid T, flag F, end "…"  of an MSRP frame: its transaction id, + # or $, its whole end-line
 *     chunks of N           an MSRP message in so large frames
 *
 * Checks, on a subject (a header, or start uri method status reason body source over size):
 *     SUBJECT: value        is exactly this
 *     SUBJECT ~ pattern     with * for anything
 *     SUBJECT has text      holds it somewhere       SUBJECT lacks text
 *     SUBJECT matches /re/  regular expression
 *     SUBJECT is there      any value
 *     SUBJECT count N       so many values
 *     SUBJECT < N, > N      as a number
 *     no SUBJECT            not there
 *     body 1MB pattern      exactly that
 *     same as NAME except A, B   start line, headers in their order and body are those of the request
 *                           NAME, the headers listed apart (`uri`: the Request-URI too)
 *     credentials of USER PASSWORD   digest credentials that are right
 *     order A B C           the lines stand in this order
 *     save NAME from SUBJECT [matching /re/]
 *
 * A header as a subject: `Via` is all its lines, joined by ", "; `Via[2]` the second of its values;
 * `Via[-1]` the last; `Via;branch` a parameter (of the first value); `Contact<>` the URI alone.
 */
#ifndef RUNNER_DETAIL_H
#define RUNNER_DETAIL_H

#include "scenario/runner/block.h"

enum scn_change_op {
	SCN_SET,
	SCN_ADD,
	SCN_TOP,
	SCN_REMOVE,
	SCN_URI,
	SCN_LINE,
	SCN_BODY,
	SCN_REPLACE,
	SCN_CREDENTIALS,
	SCN_TOWARDS,
	SCN_FROM,
	SCN_SPLIT,
	SCN_PATTERN,
	SCN_FLAG,
	SCN_TID,
	SCN_END,
	SCN_CHUNKS,
	SCN_CUT,
	SCN_PAUSE,
};

struct scn_change {
	struct scn_change *next;
	const struct scn_line *line;
	enum scn_change_op op;
	struct str name;  /**< header; content type of a body; user */
	struct str value; /**< variables not put in yet */
	struct str with;  /**< replace … with; password; times N of a body */
	bool quoted;      /**< `value` has escapes */
	bool here;        /**< `value` is of a <<END: lines become CRLF */
};

struct scn_subject {
	struct str text; /**< as written */
	struct str name;
	int index;        /**< 0: not given; 1 is the first; -1 the last */
	struct str param; /**< after ';' */
	bool uri;         /**< <> */
	bool own;         /**< start, uri, body …: not a header */
};

enum scn_check_op {
	SCN_IS,
	SCN_GLOB,
	SCN_HAS,
	SCN_LACKS,
	SCN_MATCHES,
	SCN_THERE,
	SCN_COUNT,
	SCN_LESS,
	SCN_MORE,
	SCN_ABSENT,
	SCN_ORDER,
	SCN_SAVE,
	SCN_BODY_PATTERN,
	SCN_SAME,
	SCN_CREDENTIALS_OF,
};

struct scn_check {
	struct scn_check *next;
	const struct scn_line *line;
	enum scn_check_op op;
	struct scn_subject subject;
	struct str value; /**< save: the expression of `matching`, or STR_NULL */
	struct str name;  /**< save: the variable */
	bool quoted, here;
};

/** NULL with `why` when one is misshapen; NULL without when there are none. */
struct scn_change *scn_changes_read(struct arena *a, const struct scn_line *first, struct str *why);
struct scn_check *scn_checks_read(struct arena *a, const struct scn_line *first, struct str *why);
/** False: not a subject. */
bool scn_subject_read(struct scn_subject *ret, struct str text);

#endif
