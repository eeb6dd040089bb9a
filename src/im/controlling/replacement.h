/* SPDX-License-Identifier: Apache-2.0 */
/**
 * INVITE with Replaces to a session (RFC 3891): somebody comes with another device, or again, in the place of a leg of
 * their own. Joining again takes the place of one's own leg anyway (admission.c); what is judged here is whether the
 * leg that is named is one.
 */
#ifndef IM_CONTROLLING_REPLACEMENT_H
#define IM_CONTROLLING_REPLACEMENT_H

#include "im/controlling/conference.h"

/**
 * 0: there is no Replaces, or it names the leg of `who`, canonical, in this conference (NULL: it does not run). Else a
 * status: 400 malformed, or two of them; 481 no such dialog; 403 somebody else's; 486 early-only, and they are in.
 */
uint16_t replacement_judge(const struct controlling *c, struct conference *f,
			   const struct sip_msg *m, struct str who);

#endif
