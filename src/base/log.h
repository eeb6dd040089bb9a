/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The log: one line for each decided outcome, ids first, key=value, the same order always.
 *
 *     im: pager result=delivered from=<sip:a@x> to=<sip:b@x> status=200 call-id="…"
 *
 * Levels are by reader: error (an operator must act), warning (may have to), notice (the state of
 * the server changed), info (outcomes), debug (a developer asked). Message content never appears.
 * Lines are gathered and written once per turn of the loop (log_flush), errors at once. The log
 * belongs to the thread that runs the loop.
 *
 * base, body, sip, msrp, http and store log at debug only: they return errors, the service decides.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

enum log_level {
	LOG_LEVEL_ERROR,
	LOG_LEVEL_WARNING,
	LOG_LEVEL_NOTICE,
	LOG_LEVEL_INFO,
	LOG_LEVEL_DEBUG,
};

/** A line longer than this is cut, and ends in "…". */
#define LOG_LINE_MAX 2048
/** Lines gathered between two flushes; the log is written when more would stand there. */
#define LOG_GATHER_MAX 65536

/**
 * Where lines go; default: stderr. The scenario runner and the tests collect them. `line` is
 * "AREA: TEXT", without a prefix and without a newline; control characters in it (and what is not
 * UTF-8) are escaped, whoever wrote them.
 */
typedef void(log_sink_cb)(enum log_level level, struct str line, void *arg);

void log_set_level(enum log_level level);
bool log_level_decode(enum log_level *ret, struct str name);
/** Prefix lines with <3>…<7> (sd-daemon(3)) instead of time and level: stderr is the journal. */
void log_set_journal(bool journal);
/** NULL: stderr again. */
void log_set_sink(log_sink_cb *sink, void *arg);
/** At the end of each turn, and before the process ends. */
void log_flush(void);

extern enum log_level log_level_now;

void log_write(enum log_level level, const char *area, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/** The arguments are not evaluated when the level is off. */
#define log_at(level, area, ...)                                 \
	do {                                                     \
		if ((level) <= log_level_now)                    \
			log_write((level), (area), __VA_ARGS__); \
	} while (0)
#define log_error(area, ...) log_at(LOG_LEVEL_ERROR, area, __VA_ARGS__)
#define log_warning(area, ...) log_at(LOG_LEVEL_WARNING, area, __VA_ARGS__)
#define log_notice(area, ...) log_at(LOG_LEVEL_NOTICE, area, __VA_ARGS__)
#define log_info(area, ...) log_at(LOG_LEVEL_INFO, area, __VA_ARGS__)
#define log_debug(area, ...) log_at(LOG_LEVEL_DEBUG, area, __VA_ARGS__)

#endif
