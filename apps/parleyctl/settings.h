/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Service settings as the two commands show them.
 */
#ifndef PARLEYCTL_SETTINGS_H
#define PARLEYCTL_SETTINGS_H

#include "ctl.h"

/** GET or PUT (with `body`, whose reference is taken) and shows what holds. */
int ctl_settings(struct ctl *c, const char *method, json_t *body);

#endif
