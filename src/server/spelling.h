/* SPDX-License-Identifier: Apache-2.0 */
/**
 * What a mistyped name may have meant.
 */
#ifndef SERVER_SPELLING_H
#define SERVER_SPELLING_H

#include <stddef.h>

#include "base/str.h"

/** Bytes of a name that are looked at: its cost grows with the square. */
#define SPELLING_MAX 100

/** Levenshtein's distance: letters to insert, to remove or to replace; of SPELLING_MAX bytes of each. */
size_t spelling_distance(struct str a, struct str b);
/** The nearest of these, when it is near enough to be meant: a third of the letters differ; else STR_NULL. */
struct str spelling_nearest(struct str name, const struct str *known, size_t n);

#endif
