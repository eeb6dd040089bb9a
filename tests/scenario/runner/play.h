/* SPDX-License-Identifier: Apache-2.0 */
/**
 * One case being played: its virtual world, and how a step says that it failed.
 */
#ifndef RUNNER_PLAY_H
#define RUNNER_PLAY_H

#include "base/log.h"
#include "scenario/runner/peer.h"
#include "scenario/runner/script.h"

struct dns;
struct scn_client;
struct scn_core;
struct scn_server;
struct tls_config;

struct scn_log_line {
	struct scn_log_line *next;
	uint64_t at_ms;
	struct str text;
};

/** A counter as it stood when last looked at. */
struct scn_mark {
	struct scn_mark *next;
	struct str name;
	int64_t value;
};

struct scn_play {
	const struct scn_script *script;
	const struct scn_case *c;
	struct arena *arena;
	struct scn_vars vars;
	struct str core;   /**< embedded, ims */
	struct str domain; /**< the first one served */
	struct str temp;   /**< a directory of its own, made when {tmp} is used; STR_NULL: none */
	struct tls_config *tls; /**< of the peers, made when first needed (temp.h) */
	struct loop *loop;
	struct dns *dns;
	void *zone; /**< what answers for it; a counted object */
	uint64_t began_ms;
	struct scn_server *server; /**< NULL: none */
	struct scn_peer *peers;    /**< the clients among them, as others see them */
	struct scn_client *clients;
	struct scn_core *ims_core; /**< that the runner plays (core.h); NULL: none */
	struct scn_ladder ladder;
	struct scn_log_line *log, *log_last;
	struct scn_mark *marks;
	struct str difference; /**< what the last `same as` found */
	struct buf report;     /**< why it failed */
	bool failed;
};

/** Milliseconds since the case began. */
uint64_t scn_now(const struct scn_play *p);

/** Notes the failure of the step at `line`; returns false. `format` makes the first line of the report. */
__attribute__((format(printf, 3, 4))) bool scn_fail(struct scn_play *p, const struct scn_line *line,
						    const char *format, ...);
/** The recent rungs at this peer, under the report. */
void scn_fail_ladder(struct scn_play *p, struct str peer);

/** An argument or value with its variables put in; STR_NULL when absent. False: reported. */
bool scn_put_in(struct scn_play *p, const struct scn_line *line, struct str text, struct str *ret);
/** The same for a step's argument. */
bool scn_step_arg(struct scn_play *p, const struct scn_step *st, const char *name, struct str *ret);
bool scn_step_time(struct scn_play *p, const struct scn_step *st, const char *name,
		   uint64_t *ret_ms);
bool scn_step_number(struct scn_play *p, const struct scn_step *st, const char *name,
		     uint64_t *ret);
struct scn_peer *scn_step_peer(struct scn_play *p, const struct scn_step *st);

/** Plays steps in order; stops at the first that fails. */
bool scn_steps_play(struct scn_play *p, const struct scn_step *first);

/** ---- Time (time.c) ---- */

/** All that is under way at this moment comes to rest. */
void scn_settle(struct scn_play *p);
/** Fails when something waits at a peer that nobody expected; `line` is where. */
bool scn_nothing_waits(struct scn_play *p, const struct scn_line *line);
/** Lets time pass; what arrives before its end is unexpected. */
bool scn_pass(struct scn_play *p, const struct scn_line *line, uint64_t ms);
/** Lets time pass until something waits at `peer`, `ms` at most. */
bool scn_pass_until(struct scn_play *p, const struct scn_line *line, const struct scn_peer *peer,
		    uint64_t ms);

/** On to the next thing that is due, `left_ms` at most. */
void scn_pass_next(struct scn_play *p, uint64_t left_ms);

/** Lets time pass until the flag is set; false: it was not, `ms` long. Arrivals wait meanwhile. */
bool scn_pass_flag(struct scn_play *p, const bool *flag, uint64_t ms);

/** ---- The outside of a case (case.c) ---- */

struct scn_outcome {
	bool passed;
	struct str report; /**< lines, valid as long as the arena */
	struct str ladder;
};

/** Plays a case in one setting and one row (SIZE_MAX: it has no table). */
struct scn_outcome scn_case_play(const struct scn_script *s, const struct scn_case *c,
				 struct str core, size_t row, struct arena *a);

#endif
