/* SPDX-License-Identifier: Apache-2.0 */
/** Inside the SQLite backend: what the writing and the reading of deferred messages share. */
#ifndef STORE_SQLITE_DEFERRED_H
#define STORE_SQLITE_DEFERRED_H

#include "store/sqlite/connection.h"

/** All but headers and body, which stand last in the table and are not touched by a list. */
#define DEFERRED_COLUMNS                                                                         \
	"m.id, m.user, m.cseq, m.kind, m.flags, m.state, m.size, m.received_ms, m.expires_ms, "  \
	"m.finished_ms, m.call_id, m.from_tag, m.message_id, m.sender, m.file, m.content_type, " \
	"m.name, "                                                                               \
	"m.media"
#define DEVICE_COLUMNS "v.key, v.state, v.attempts, v.status, v.last_ms, v.next_try_ms"

/** ---- The orders in memory (deferred_orders.c), of the writing connection only ---- */

/** Makes them from what the file has: at the opening. */
int sqlite_deferred_load(struct sqlite_connection *c);
/** Sets id and state of the same request held before; else the id stays 0. */
int sqlite_deferred_find_request(struct sqlite_connection *c, struct store_deferred *d);
/** One more message of the user, whose number is told. -EDQUOT: nothing was changed. */
int sqlite_deferred_enter_user(struct sqlite_connection *c, const struct store_deferred *d,
			       uint32_t quota, int64_t *ret);
/** The message, which has its id now, into the other orders. */
int sqlite_deferred_enter(struct sqlite_connection *c, const struct store_deferred *d,
			  int64_t user);
/** Held no more; still known as a request. */
int sqlite_deferred_leave(struct sqlite_connection *c, const struct store_deferred *d);
int64_t sqlite_deferred_request_hash(const struct store_deferred *d);

/** ---- Rows ---- */

/** What the file has to find a text by: the same for ever. */
int64_t sqlite_deferred_hash(struct str text);
/** The row's DEFERRED_COLUMNS. */
void sqlite_deferred_take(struct sqlite_run *run, struct arena *a, struct store_deferred *d);
/** The message without headers and body; -ENOENT. */
int sqlite_deferred_find_id(struct sqlite_connection *c, struct arena *a, uint64_t id,
			    struct store_deferred *ret);

#endif
