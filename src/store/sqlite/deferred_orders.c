/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The orders of deferred messages: by user, by expiry, by request. Temporary tables of the writing
 * connection: they are in memory, and a transaction that is rolled back takes back what it did there.
 */
#include "store/sqlite/deferred.h"

#include <errno.h>

#include "base/hash.h"


int64_t sqlite_deferred_hash(struct str text)
{
	static const struct hash_key key = {0x7061726c65793a63, 0x616c6c2d6964};

	return (int64_t)hash_bytes(&key, text.p, text.n);
}


int64_t sqlite_deferred_request_hash(const struct store_deferred *d)
{
	struct hash_key key = {(uint64_t)sqlite_deferred_hash(d->call_id), d->cseq};

	key.k0 ^= hash_bytes(&key, d->user.p, d->user.n);
	return (int64_t)hash_bytes(&key, d->from_tag.p, d->from_tag.n);
}


int sqlite_deferred_load(struct sqlite_connection *c)
{
	return sqlite_exec(
		c,
		"CREATE TEMP TABLE deferred_user (number INTEGER PRIMARY KEY NOT NULL, "
		"user TEXT UNIQUE NOT NULL, messages INTEGER NOT NULL, bytes INTEGER NOT NULL) "
		"STRICT;"
		"CREATE TEMP TABLE deferred_held (user INTEGER NOT NULL, id INTEGER NOT NULL, "
		"PRIMARY KEY (user, id)) STRICT, WITHOUT ROWID;"
		"CREATE TEMP TABLE deferred_expiry (expires_ms INTEGER NOT NULL, id INTEGER NOT "
		"NULL, "
		"PRIMARY KEY (expires_ms, id)) STRICT, WITHOUT ROWID;"
		"CREATE TEMP TABLE deferred_request (hash INTEGER NOT NULL, id INTEGER NOT NULL, "
		"PRIMARY KEY (hash, id)) STRICT, WITHOUT ROWID;"
		"INSERT INTO temp.deferred_user (user, messages, bytes) SELECT user, count(*), "
		"sum(size) "
		"FROM deferred_key WHERE user IS NOT NULL GROUP BY user ORDER BY user;"
		"INSERT INTO temp.deferred_held SELECT u.number, k.id FROM deferred_key AS k "
		"CROSS JOIN temp.deferred_user AS u ON u.user = k.user ORDER BY 1, 2;"
		"INSERT INTO temp.deferred_expiry SELECT expires_ms, id FROM deferred_key "
		"WHERE user IS NOT NULL AND expires_ms > 0 ORDER BY 1, 2;"
		"INSERT INTO temp.deferred_request SELECT request_hash, id FROM deferred_key "
		"ORDER BY 1, 2;");
}


int sqlite_deferred_find_request(struct sqlite_connection *c, struct store_deferred *d)
{
	static const char SQL[] =
		"SELECT m.id, m.state FROM temp.deferred_request AS r "
		"CROSS JOIN deferred AS m ON m.id = r.id WHERE r.hash = ? AND m.cseq = ? "
		"AND m.user = ? AND m.call_id = ? AND m.from_tag = ? LIMIT 1";
	struct sqlite_run run;

	sqlite_begin_run(&run, c, SQL);
	sqlite_bind_int(&run, sqlite_deferred_request_hash(d));
	sqlite_bind_int(&run, d->cseq);
	sqlite_bind_str(&run, d->user);
	sqlite_bind_str(&run, d->call_id);
	sqlite_bind_str(&run, d->from_tag);
	if (sqlite_next(&run)) {
		d->id = (uint64_t)sqlite_column_int(&run);
		d->state = (enum store_deferred_state)sqlite_column_int(&run);
	}
	return sqlite_finish(&run);
}


int sqlite_deferred_enter_user(struct sqlite_connection *c, const struct store_deferred *d,
			       uint32_t quota, int64_t *ret)
{
	static const char SQL[] =
		"INSERT INTO temp.deferred_user (user, messages, bytes) VALUES (?, 1, ?) "
		"ON CONFLICT (user) DO UPDATE SET messages = messages + 1, "
		"bytes = bytes + excluded.bytes WHERE messages < ? RETURNING number";
	struct sqlite_run run;
	int64_t number = 0;
	int r;

	sqlite_begin_run(&run, c, SQL);
	sqlite_bind_str(&run, d->user);
	sqlite_bind_int(&run, (int64_t)d->size);
	sqlite_bind_int(&run, quota ? quota : INT64_MAX);
	r = sqlite_finish_number(&run, &number);
	*ret = number;
	return r || number ? r : -EDQUOT;
}


/* Two numbers, one of them the message's. */
static int change(struct sqlite_connection *c, const char *sql, int64_t a, int64_t b)
{
	struct sqlite_run run;

	sqlite_begin_run(&run, c, sql);
	sqlite_bind_int(&run, a);
	sqlite_bind_int(&run, b);
	return sqlite_finish(&run);
}


int sqlite_deferred_enter(struct sqlite_connection *c, const struct store_deferred *d, int64_t user)
{
	static const char HELD[] = "INSERT INTO temp.deferred_held (user, id) VALUES (?, ?)";
	static const char EXPIRY[] =
		"INSERT INTO temp.deferred_expiry (expires_ms, id) VALUES (?, ?)";
	static const char REQUEST[] = "INSERT INTO temp.deferred_request (hash, id) VALUES (?, ?)";
	int r = change(c, HELD, user, (int64_t)d->id);

	if (!r && d->expires_ms)
		r = change(c, EXPIRY, d->expires_ms, (int64_t)d->id);
	return r ? r : change(c, REQUEST, sqlite_deferred_request_hash(d), (int64_t)d->id);
}


static int find_user(struct sqlite_connection *c, struct str user, int64_t *number,
		     int64_t *messages)
{
	static const char SQL[] = "SELECT number, messages FROM temp.deferred_user WHERE user = ?";
	struct sqlite_run run;

	sqlite_begin_run(&run, c, SQL);
	sqlite_bind_str(&run, user);
	if (sqlite_next(&run)) {
		*number = sqlite_column_int(&run);
		*messages = sqlite_column_int(&run);
	}
	return sqlite_finish(&run);
}


int sqlite_deferred_leave(struct sqlite_connection *c, const struct store_deferred *d)
{
	static const char HELD[] = "DELETE FROM temp.deferred_held WHERE user = ? AND id = ?";
	static const char EXPIRY[] =
		"DELETE FROM temp.deferred_expiry WHERE expires_ms = ? AND id = ?";
	static const char LESS[] = "UPDATE temp.deferred_user SET messages = messages - 1, "
				   "bytes = bytes - ? WHERE number = ?";
	static const char NONE[] =
		"DELETE FROM temp.deferred_user WHERE messages = ? AND number = ?";
	int64_t number = 0, messages = 0;
	int r = find_user(c, d->user, &number, &messages);

	if (!r)
		r = change(c, HELD, number, (int64_t)d->id);
	if (!r && d->expires_ms)
		r = change(c, EXPIRY, d->expires_ms, (int64_t)d->id);
	if (!r)
		r = messages > 1 ? change(c, LESS, (int64_t)d->size, number)
				 : change(c, NONE, 1, number);
	return r;
}
