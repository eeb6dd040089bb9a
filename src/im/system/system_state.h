/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Inside the function of system messages: what system_message.c, push.c and answer.c share.
 */
#ifndef IM_SYSTEM_SYSTEM_STATE_H
#define IM_SYSTEM_SYSTEM_STATE_H

#include "base/hash.h"
#include "base/list.h"
#include "im/system/system_message.h"
#include "subscriber/registration.h"

struct im_system {
	struct im_system_params p;
	struct registration_listener listener;
	struct list pushes;  /**< users to whom something is being sent */
	struct list answers; /**< being written */
};

/* push.c */
/** Ends all of them without a word. */
void system_pushes_end(struct im_system *s);

/* answer.c */
void system_answers_end(struct im_system *s);

#endif
