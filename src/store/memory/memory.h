/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The memory backend's other face: what a test can tell it to do. Only for a store opened with
 * "memory:"; on any other these are our own mistake and assert.
 */
#ifndef STORE_MEMORY_MEMORY_H
#define STORE_MEMORY_MEMORY_H

#include <stdbool.h>
#include <stdint.h>

#include "store/store.h"

/** The next `n` requests (reads too) fail with `error` (-EIO, -ENOSPC…) and change nothing. */
void store_memory_fail_next(struct store *s, size_t n, int error);
/** Answers come `ms` after the request was begun; 0: at the end of the turn, as at the start. */
void store_memory_set_delay(struct store *s, uint32_t ms);
/** While held nothing is done and nothing is answered; letting go does all that waits. */
void store_memory_hold(struct store *s, bool held);

#endif
