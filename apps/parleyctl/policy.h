/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Operator policy as the two commands show it.
 */
#ifndef PARLEYCTL_POLICY_H
#define PARLEYCTL_POLICY_H

#include "ctl.h"

/** Of the service when `user` is NULL. GET or PUT (with `body`, whose reference is taken); shows what holds. */
int ctl_policy(struct ctl *c, const char *method, const char *user, json_t *body);

#endif
