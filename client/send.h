/* SPDX-License-Identifier: Apache-2.0 */
/**
 * One-shot messages under way; parley_send and its story are in parley.h.
 */
#ifndef CLIENT_SEND_H
#define CLIENT_SEND_H

struct parley;

/** All that are under way are given up, without a call. */
void sendings_done(struct parley *p);

#endif
