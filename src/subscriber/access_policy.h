/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The access policy of a user (Shared-Policy XDM; seed 001, 6.1.2.1 step 2): their access rules, decoded
 * once, with the lists of people that the rules refer to.
 *
 * Lists are those of the user in our own store, that is resource-lists documents (RFC 4826) whose XCAP URI
 * is http://ANY/ANY/resource-lists/users/USER/NAME, with a node selector behind "~~" that names a list or
 * with none for all of the document. A list that lies elsewhere cannot be had: its rules do not match.
 */
#ifndef SUBSCRIBER_ACCESS_POLICY_H
#define SUBSCRIBER_ACCESS_POLICY_H

#include "body/common_policy.h"
#include "base/str.h"

/** Documents with lists that are looked into; a client keeps one, and a block list. */
#define ACCESS_DOCUMENTS_MAX 8

struct access_policy; /**< counted; not changed any more once its lists are there */

/**
 * `aor`: whose. `domain`: for identities that are telephone numbers. `text`: the ruleset. -EBADMSG,
 * -ENOBUFS, -ENOMEM as access_rules_decode.
 */
int access_policy_alloc(struct access_policy **ret, struct str aor, struct str domain,
			struct str text);
/** The rules speak of lists: add the user's. */
bool access_policy_wants_lists(const struct access_policy *p);
/** One resource-lists document of the user. -EBADMSG, -ENOBUFS, -ENOMEM: its lists are not to be had. */
int access_policy_add_lists(struct access_policy *p, struct str name, struct str text);

/** As access_evaluate, with the lists; `q->listed` and `q->arg` are not looked at. */
void access_policy_judge(const struct access_policy *p, const struct access_request *q,
			 struct access_outcome *ret);

#endif
