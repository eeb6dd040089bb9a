/* SPDX-License-Identifier: Apache-2.0 */
/**
 * A server's desk for the tests of the API and of parleyctl: services that note what they were asked, and
 * answer always the same, or with the error they are told to.
 *
 * `struct desk` must stand first in what `admin_services.arg` points to.
 */
#ifndef TEST_ADMIN_DESK_H
#define TEST_ADMIN_DESK_H

#include "admin/admin.h"
#include "lib/unit.h"

struct desk {
	struct buf *asked; /**< one line for each call */
	int error;         /**< what the next calls come to, when not 0 */
	const char *why;   /**< with it: returned at once, with this sentence */
	bool empty;        /**< there are no rows */
	bool unknown;      /**< the first member of groups is nobody here */
};

void desk_init(struct desk *d, struct admin_services *s);

#endif
