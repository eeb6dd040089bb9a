/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Commands that show a list: an array of objects in the answer becomes a table.
 */
#ifndef PARLEYCTL_LIST_H
#define PARLEYCTL_LIST_H

#include "ctl.h"

enum ctl_column_kind {
	CTL_COLUMN_TEXT,
	CTL_COLUMN_NUMBER,
	CTL_COLUMN_YES_NO,
	CTL_COLUMN_DURATION, /**< seconds */
	CTL_COLUMN_TIME,     /**< milliseconds since 1970; 0: never */
};

struct ctl_column {
	const char *head, *key;
	enum ctl_column_kind kind;
};

/** The array `rows` of the answer; or `none` when it is empty. With --json the answer as it is. */
int ctl_print_list(struct ctl *c, const json_t *answer, const char *rows,
		   const struct ctl_column *columns, size_t columns_n, const char *none);

#endif
