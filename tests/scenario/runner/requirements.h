/* SPDX-License-Identifier: Apache-2.0 */
/** The requirement ids there are: a scenario may claim no other. */
#ifndef RUNNER_REQUIREMENTS_H
#define RUNNER_REQUIREMENTS_H

#include "scenario/runner/script.h"

/** More than the 261 there are now. */
#define SCN_REQUIREMENTS_MAX 1024

struct scn_requirements {
	struct str id[SCN_REQUIREMENTS_MAX];
	size_t n;
};

/** The first column of each line; '#' begins a comment. Views into `text`. */
void scn_requirements_read(struct scn_requirements *r, struct str text);
/** Each id that the script claims and that there is not, into `why`. */
void scn_requirements_check(const struct scn_requirements *r, const struct scn_script *s,
			    struct buf *why);

#endif
