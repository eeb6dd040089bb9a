/* SPDX-License-Identifier: Apache-2.0 */
/**
 * A deferred message by its number, or a user: what stands in one place on the command line.
 */
#ifndef PARLEYCTL_DEFERRED_ID_H
#define PARLEYCTL_DEFERRED_ID_H

#include "ctl.h"


/** Digits alone are a message's number; a user of that name is written sip:NAME@DOMAIN. */
static inline bool ctl_is_deferred_id(const char *word)
{
	uint64_t id;

	return str_u64(str_of(word), &id);
}

#endif
