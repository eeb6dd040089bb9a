/* SPDX-License-Identifier: Apache-2.0 */
/**
 * What is asked of a focus in a session that stands: to invite others or to send somebody away (REFER: RFC 3515,
 * RFC 4579 5.5 and 5.12, RFC 5368), to be called by a nickname (RFC 7701 7). Each is answered once, to the program's
 * `answered`, with 0 when the session goes first.
 */
#ifndef CLIENT_GROUP_REQUEST_H
#define CLIENT_GROUP_REQUEST_H

#include "base/list.h"
#include "client/group_chat.h"

/** Header lines and body of one REFER. */
#define GROUP_REQUEST_MAX 65536
/** Challenges answered for one REFER. */
#define GROUP_REQUEST_CHALLENGES_MAX 3

/** `number` 0: the library's own, of which nothing is told. All as of parley_group_add. */
int group_request_refer(struct group_chat *g, enum parley_request what, const char *const *uris,
			size_t n, uint32_t number);
int group_request_nickname(struct group_chat *g, const char *name, uint32_t number);
/** None is under way any more; `tell`: each is told 0. */
void group_request_drop_all(struct group_chat *g, bool tell);

#endif
