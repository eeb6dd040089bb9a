/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Deleting what the server keeps: a MESSAGE to the function, with the references in a resource list
 * (docs/decisions/0015); several of them, one after the other, where one would be large.
 */
#ifndef CLIENT_REMOVAL_H
#define CLIENT_REMOVAL_H

#include "client/account.h"

/** References in one MESSAGE: it stays below the size of a datagram. */
#define REMOVAL_REFERENCES 6

/** All that are under way are given up. */
void removals_forget(struct parley *p);

#endif
