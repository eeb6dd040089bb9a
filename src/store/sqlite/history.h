/* SPDX-License-Identifier: Apache-2.0 */
/** Inside the SQLite backend: contents that go with the records that name them. */
#ifndef STORE_SQLITE_HISTORY_H
#define STORE_SQLITE_HISTORY_H

#include "store/sqlite/connection.h"

/** The file goes when what is being written is committed. */
void sqlite_content_doom(struct sqlite_connection *c, struct str name);
/**
 * The content of another record, under this name as well: on disk now, gone if what is being written is not
 * committed. 0 or -errno.
 */
int sqlite_content_share(struct sqlite_connection *c, struct str name, struct str as);
/** Committed: the doomed go; or not: they stay, and what was shared is no longer. */
void sqlite_content_settle(struct sqlite_connection *c, bool committed);
/** All of a user; the names of its contents are appended to `files`, to be doomed when that is certain. */
int sqlite_history_delete_user(struct sqlite_connection *c, struct str aor, struct buf *files);
/** At start: contents that no record names. */
int sqlite_content_sweep(struct sqlite_connection *c);
/** The directory of contents of a database. */
void sqlite_content_directory(struct str path, char ret[PATH_MAX]);

#endif
