/* SPDX-License-Identifier: Apache-2.0 */
/**
 * How an asked-for thing ended: 0, -ENOENT (no such user), -EEXIST (there is one already), -EINVAL (no
 * address of a user), -EXDEV (of a domain that is not served), -ENOTSUP (this core keeps no accounts),
 * -ENOBUFS (a ceiling), -ENODATA (the user has none such), -ESTALE (it was changed meanwhile), -EDQUOT (as
 * many as there may be), -EMSGSIZE (too large), -EBADMSG (what is stored cannot be read), any other: the
 * store's trouble.
 */
#ifndef ADMIN_DONE_H
#define ADMIN_DONE_H

typedef void(admin_done_cb)(int error, void *arg);

#endif
