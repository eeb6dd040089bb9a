-- SPDX-License-Identifier: Apache-2.0
-- What users and the operator lay down, what the operator tells users, and what waits for the absent.

CREATE TABLE document (
	aor        TEXT NOT NULL,
	auid       TEXT NOT NULL,
	name       TEXT NOT NULL,
	type       TEXT NOT NULL,
	etag       TEXT NOT NULL,
	size       INTEGER NOT NULL,
	changed_ms INTEGER NOT NULL,
	body       BLOB NOT NULL,    -- last: a list does not read it
	PRIMARY KEY (aor, auid, name)
) STRICT;

CREATE TABLE policy (
	scope TEXT NOT NULL,         -- '': the service; or an AOR
	key   TEXT NOT NULL,
	value TEXT NOT NULL,
	PRIMARY KEY (scope, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE system_message (
	aor          TEXT NOT NULL,
	id           TEXT NOT NULL,
	text         TEXT NOT NULL,
	choices      TEXT NOT NULL,  -- each ends in a line feed
	required     INTEGER NOT NULL CHECK (required IN (0, 1)),
	timeout_s    INTEGER NOT NULL,
	created_ms   INTEGER NOT NULL,
	delivered_ms INTEGER NOT NULL,
	answered_ms  INTEGER NOT NULL,
	answer       TEXT NOT NULL,
	cleared      INTEGER NOT NULL CHECK (cleared IN (0, 1)),
	PRIMARY KEY (aor, id)
) STRICT;

-- Held messages (state 0) and tombstones, in the order they came. To hold one is to append: an index in
-- another order would cost a page written for each message. The other orders (by user, by expiry, by
-- request) are tables in memory, made from deferred_key at start (sqlite/deferred_orders.c).
CREATE TABLE deferred (
	id          INTEGER PRIMARY KEY NOT NULL,
	user        TEXT NOT NULL,
	cseq        INTEGER NOT NULL,
	kind        INTEGER NOT NULL,
	flags       INTEGER NOT NULL,
	state       INTEGER NOT NULL,
	size        INTEGER NOT NULL,
	received_ms INTEGER NOT NULL,
	expires_ms  INTEGER NOT NULL,  -- 0: never
	finished_ms INTEGER NOT NULL,
	call_id     TEXT NOT NULL,
	from_tag    TEXT NOT NULL,
	message_id  TEXT NOT NULL,
	sender      TEXT NOT NULL,
	file        TEXT NOT NULL,
	headers     BLOB NOT NULL,
	body        BLOB NOT NULL
) STRICT;

CREATE INDEX deferred_tombstone ON deferred (finished_ms) WHERE state > 0;

-- By what a message is found: small enough to be read from end to end. Hashes are SipHash with fixed
-- keys; what is found by them is compared.
CREATE TABLE deferred_key (
	id           INTEGER PRIMARY KEY NOT NULL,
	request_hash INTEGER NOT NULL,
	call_hash    INTEGER NOT NULL,
	message_hash INTEGER NOT NULL, -- 0: no Message-ID
	size         INTEGER NOT NULL,
	expires_ms   INTEGER NOT NULL,
	user         TEXT              -- NULL: a tombstone
) STRICT;

CREATE TABLE deferred_device (
	id          INTEGER NOT NULL,
	key         TEXT NOT NULL,
	state       INTEGER NOT NULL,
	attempts    INTEGER NOT NULL,
	status      INTEGER NOT NULL,
	last_ms     INTEGER NOT NULL,
	next_try_ms INTEGER NOT NULL,
	PRIMARY KEY (id, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE deferred_total (
	one        INTEGER PRIMARY KEY CHECK (one = 1),
	last_id    INTEGER NOT NULL,  -- ids are never used again
	held       INTEGER NOT NULL,
	bytes      INTEGER NOT NULL,
	tombstones INTEGER NOT NULL
) STRICT;

INSERT INTO deferred_total VALUES (1, 0, 0, 0, 0);
