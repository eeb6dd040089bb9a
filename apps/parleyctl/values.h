/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Commands that set names to values: "pager.max-size=2000".
 */
#ifndef PARLEYCTL_VALUES_H
#define PARLEYCTL_VALUES_H

#include "ctl.h"

/**
 * The arguments from `first` on as an object of texts; what they say of a name later counts. CTL_USAGE: one of
 * them is not NAME=VALUE; told.
 */
int ctl_values(const struct ctl *c, int first, json_t **ret);

#endif
