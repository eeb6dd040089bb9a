/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Commands that change one thing and say so in a line: "added alice".
 */
#ifndef PARLEYCTL_CHANGE_H
#define PARLEYCTL_CHANGE_H

#include "ctl.h"

/** Takes `body`, which may be NULL: then there was no memory for it, or (DELETE) none is needed. */
int ctl_change(struct ctl *c, const char *method, const char *path, json_t *body, const char *done);
/** At "/v1/users/" + the first argument + `tail`. */
int ctl_change_user(struct ctl *c, const char *method, const char *tail, json_t *body,
		    const char *done);
/** Deletes `path` and the first argument; prints `done` and what the answer has under `key`. */
int ctl_change_delete(struct ctl *c, const char *path, const char *done, const char *key);

#endif
