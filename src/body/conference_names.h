/* SPDX-License-Identifier: Apache-2.0 */
/** Words of RFC 4575 by their enumeration, for the two files of conference_info.h. */
#ifndef BODY_CONFERENCE_NAMES_H
#define BODY_CONFERENCE_NAMES_H

#include "base/str.h"

extern const struct str conference_change_names[];
extern const struct str conference_status_names[];
extern const struct str conference_joining_names[];
extern const struct str conference_leaving_names[];

#endif
