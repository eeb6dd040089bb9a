/* SPDX-License-Identifier: Apache-2.0 */
/**
 * A group document with one member more or less; all else stays as it was written, to the byte: rules, extensions,
 * comments.
 *
 * The text is edited where the list stands. What comes out is decoded before it is given back, so that it is a
 * group document with just this change or an error.
 */
#ifndef BODY_GROUP_EDIT_H
#define BODY_GROUP_EDIT_H

#include "base/buf.h"
#include "base/str.h"
#include "body/group.h"

/**
 * Appends the document with this member (uri, display_name) at the end of its list. -EEXIST: is a member already;
 * -EBADMSG: not a group document; -ENOBUFS: a ceiling, or `out`'s; -ENOMEM. On an error `out` may hold anything.
 */
int group_edit_add(struct buf *out, struct str text, const struct group_member *m,
		   access_canonical_cb *canonical, void *arg);
/** Appends it without the entries of this one. -ENOENT: is no member of the list; else as above. */
int group_edit_remove(struct buf *out, struct str text, struct str uri,
		      access_canonical_cb *canonical, void *arg);

#endif
