/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The forms a statement may have, as patterns that are also its documentation:
 *
 *     "PEER receives METHOD [as AS] [within TIME]"
 *
 * A word in capitals is a slot; [ … ] may be there or not, neighbouring ones in any order. A slot's
 * name is its kind up to a '_' (TIME, TIME_2 hold durations). TEXT as the last word takes the rest of
 * the line. Other words stand for themselves; a|b is a choice.
 */
#ifndef RUNNER_FORM_H
#define RUNNER_FORM_H

#include "scenario/runner/block.h"

/** What may stand beneath a statement. */
enum scn_beneath {
	SCN_NOTHING,
	SCN_CHANGES, /**< to a message that is sent: scenario/runner/detail.h */
	SCN_CHECKS,  /**< of a message that is received */
	SCN_STEPS,   /**< further statements */
	SCN_BLOCK,   /**< text of some other language (YAML) */
};

/** Slots and [groups] of one form. */
#define SCN_ARGS_MAX 16

struct scn_play;
struct scn_step;

/** Plays one step; false: it failed, and has said so (scenario/runner/play.h). */
typedef bool(scn_step_cb)(struct scn_play *p, const struct scn_step *st);

struct scn_form {
	const char *pattern;
	const char *says; /**< one sentence for the reference */
	scn_step_cb *play;
	enum scn_beneath beneath;
	bool judges; /**< an expectation: a case must have one */
	bool here;   /**< it may end in <<END */
};

struct scn_arg {
	const char *name; /**< points into the pattern, `name_n` long */
	size_t name_n;
	struct str text;
	bool quoted;
};

struct scn_args {
	size_t n;
	struct scn_arg v[SCN_ARGS_MAX];
};

/**
 * Who knows which actors there are: slots PEER, CLIENT, ACTOR (either) and OWNER (a client with 's) are
 * checked against it. NULL accepts any name.
 */
typedef bool(scn_known_cb)(struct str kind, struct str name, const void *arg);

/** True: `line` has this form. A [group] without slots is noted as an argument named by its first word. */
bool scn_form_match(const struct scn_form *f, const struct scn_words *w, struct str line,
		    scn_known_cb *known, const void *known_arg, struct scn_args *ret);
/** STR_NULL: not there. */
struct str scn_arg(const struct scn_args *a, const char *name);
bool scn_arg_quoted(const struct scn_args *a, const char *name);
/** The pattern as people read it: slots without what follows their '_'. */
struct str scn_form_text(struct arena *a, const struct scn_form *f);
/** The pattern's own words that this line has at the same places from the start: how near it is. */
size_t scn_form_nearness(const struct scn_form *f, const struct scn_words *w);

#endif
