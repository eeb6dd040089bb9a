/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Words of the scenario language: how a line falls into words, what a quoted word stands for, how
 * durations are written, what `*` matches.
 *
 * Everything the runner makes while it reads a file or plays a case is allocated in an arena and
 * dies with it. A runner without memory has nothing to say: it stops (scn_die).
 */
#ifndef RUNNER_TEXT_H
#define RUNNER_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"

/** Memory of one file, or of one case: a case that needs more is not a case. */
#define SCN_ARENA_MAX ((size_t)256 << 20)
/** Words on one line. */
#define SCN_WORDS_MAX 64

/** Prints to standard error and ends the program with status 2. */
__attribute__((noreturn, format(printf, 1, 2))) void scn_die(const char *fmt, ...);
/** Zeroed; never NULL. */
void *scn_alloc(struct arena *a, size_t size);
__attribute__((format(printf, 2, 3))) struct str scn_fmt(struct arena *a, const char *fmt, ...);
/** A copy that ends in NUL. */
struct str scn_copy(struct arena *a, struct str s);

struct scn_word {
	struct str text; /**< as written, quotes taken off but escapes kept */
	bool quoted;     /**< it stood in "…": escapes are meant, and it is never a keyword */
	uint32_t at;     /**< where it starts on the line: the rest of the line can be had */
};

struct scn_words {
	size_t n;
	struct scn_word w[SCN_WORDS_MAX];
};

/**
 * Cuts a line at blanks. "…" is one word; {"a": 1} (a brace that is not a {variable}) reaches to its
 * closing brace; ` # ` begins a comment. False: a quote or brace is not closed, or too many words.
 */
bool scn_words(struct scn_words *ret, struct str line);

/** \r \n \t \0 \" \\ \{ \xHH undone. */
struct str scn_unescape(struct arena *a, struct str s);
/** The other way, for reports: what is not printable becomes \r, \n, \xHH. */
struct str scn_escape(struct arena *a, struct str s);

/** "500ms", "32s", "1m30s", "1h", "7d", "0s"; a bare number is not a duration. */
bool scn_duration(struct str s, uint64_t *ret_ms);
/** "1m30s"; "0.500s" below a minute when there are odd milliseconds. */
struct str scn_duration_text(struct arena *a, uint64_t ms);

/** `*` stands for any run of bytes, also none; `\*` for a star. The whole of `s` must match. */
bool scn_glob(struct str pattern, struct str s);
/** POSIX extended regular expression, found anywhere; `group` (may be NULL) gets the first group or all. */
bool scn_regex(struct arena *a, struct str pattern, struct str s, struct str *group);

/**
 * The pattern of a size, "300B", "64KB", "1MB": the numbers of its eights of bytes, "0000000 0000001 …". No
 * run of bytes comes twice, so that what is lost, doubled or out of order shows. False: not a size.
 */
bool scn_pattern_text(struct arena *a, struct str size, struct str *ret);

/** A {name}: letter or '_' first, then letters, digits, '_' and '-'. */
bool scn_is_name(struct str s);

/** Named texts; a later value replaces the one before. */
struct scn_var {
	struct scn_var *next;
	struct str name, value;
};
struct scn_vars {
	struct scn_var *first;
	const struct scn_vars *outer; /**< looked at when a name is not here */
};
void scn_var_set(struct arena *a, struct scn_vars *v, struct str name, struct str value);
bool scn_var_get(const struct scn_vars *v, struct str name, struct str *ret);
/** Puts the values in; false with the unknown name in `unknown`. `\{` is left alone. */
bool scn_substitute(struct arena *a, const struct scn_vars *v, struct str s, struct str *ret,
		    struct str *unknown);

#endif
