/* SPDX-License-Identifier: Apache-2.0 */
/**
 * News of a group to its members: automatic-group-advertisement of its document (digest b row 29, c7, e11).
 *
 *   controlling_advertise   a group's document was written: by the operator, by whoever keeps groups
 *     new, or not advertised before      all members
 *     changed                            those who were not members before
 *       '-> one mailing (mailer.h): MESSAGE with GROUP_ADVERTISEMENT_TYPE, From and P-Asserted-Identity the group.
 *           Each member's own access rules decide whether they want to see it (IM_ADVERTISEMENT).
 */
#ifndef IM_CONTROLLING_ADVERTISE_H
#define IM_CONTROLLING_ADVERTISE_H

#include "body/group.h"
#include "im/controlling/mailer.h"

/**
 * `before`: NULL when there was none; `after`: as it is now. Nothing is sent when it does not advertise itself, or to
 * nobody. 0, or as mailer_post says.
 */
int advertise_changed(struct mailer *m, const struct group *before, const struct group *after,
		      int64_t now_ms);

#endif
