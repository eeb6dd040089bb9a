/* SPDX-License-Identifier: Apache-2.0 */
/** What the commands about groups share. */
#ifndef PARLEYCTL_GROUP_H
#define PARLEYCTL_GROUP_H

#include "ctl.h"

/** Asks at "/v1/groups/" + GROUP (+ "/members/" + MEMBER when there is a second argument) and shows the group. */
int ctl_group(struct ctl *c, const char *method, const char *member);
/** Shows what was answered; takes the reference. */
int ctl_group_print(struct ctl *c, json_t *group);

#endif
