/* SPDX-License-Identifier: Apache-2.0 */
/** The head of a message/cpim: one that comes piece by piece (RFC 3862 2), and what ours asks for (RFC 5438 7.1.1). */
#ifndef CLIENT_ENVELOPE_H
#define CLIENT_ENVELOPE_H

#include <stddef.h>

#include "base/str.h"

/** Bytes before the content, of what has come so far; 0: not all of them have. */
size_t envelope_size(struct str s);
/** PARLEY_REPORT_* as CPIM_NOTIFY_*. */
unsigned envelope_notify(unsigned reports);

#endif
