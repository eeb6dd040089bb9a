/* SPDX-License-Identifier: Apache-2.0 */
/**
 * A reference to a list of people: the XCAP URI of a resource-lists document in a user's tree, with a node selector
 * behind "~~" that names one of its lists, or without.
 *
 *     http://ANY/ANY/resource-lists/users/USER/NAME/~~/resource-lists/list[@name="X"]
 */
#ifndef SUBSCRIBER_LIST_ANCHOR_H
#define SUBSCRIBER_LIST_ANCHOR_H

#include <stdbool.h>

#include "base/str.h"

/** Views into the text. */
struct list_anchor {
	struct str user; /**< as written */
	struct str name; /**< of the document */
	struct str list; /**< empty: the whole document */
};

/** `text` was unescaped as a whole: no name of ours has a slash. False: something else. */
bool list_anchor_decode(struct list_anchor *ret, struct str text);

#endif
