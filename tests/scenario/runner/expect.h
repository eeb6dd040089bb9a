/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Judging a message by the checks beneath a statement, and showing what was expected beside what came.
 */
#ifndef RUNNER_EXPECT_H
#define RUNNER_EXPECT_H

#include "scenario/runner/play.h"

/** What a subject is in this arrival; STR_NULL: it is not there. */
struct str scn_subject_value(struct arena *a, const struct scn_subject *s,
			     const struct scn_arrival *from);

/**
 * All checks hold, and what they save is saved; false: reported, side by side, with the ladder. `start`
 * is what the statement itself asks of the first line; `start_wrong` says that it is not met.
 */
bool scn_expect(struct scn_play *p, const struct scn_line *line, const struct scn_peer *peer,
		struct str start, bool start_wrong, const struct scn_check *checks,
		const struct scn_arrival *a);

/** The same checks over a text that is no message (an operator's answer): `body` alone has a value. */
bool scn_expect_text(struct scn_play *p, const struct scn_line *line,
		     const struct scn_check *checks, struct str what, struct str text);

#endif
