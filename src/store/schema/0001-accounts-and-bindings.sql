-- SPDX-License-Identifier: Apache-2.0
-- Who there is, and where their devices are.

CREATE TABLE account (
	aor        TEXT PRIMARY KEY NOT NULL,
	realm      TEXT NOT NULL,
	ha1_md5    TEXT NOT NULL,    -- lower-case hexadecimal; '': none
	ha1_sha256 TEXT NOT NULL,
	allowed    INTEGER NOT NULL CHECK (allowed IN (0, 1)),
	created_ms INTEGER NOT NULL  -- milliseconds since 1970, as all times here
) STRICT, WITHOUT ROWID;

CREATE TABLE binding (
	aor           TEXT NOT NULL,
	position      INTEGER NOT NULL,
	contact       TEXT NOT NULL,
	params        TEXT NOT NULL,
	instance      TEXT NOT NULL,
	call_id       TEXT NOT NULL,
	path          TEXT NOT NULL,
	source        TEXT NOT NULL,
	user_agent    TEXT NOT NULL,
	reg_id        INTEGER NOT NULL,
	cseq          INTEGER NOT NULL,
	socket        INTEGER NOT NULL,
	flags         INTEGER NOT NULL,
	q             INTEGER NOT NULL,
	registered_ms INTEGER NOT NULL,
	expires_ms    INTEGER NOT NULL,
	PRIMARY KEY (aor, position)
) STRICT, WITHOUT ROWID;

CREATE INDEX binding_expires ON binding (expires_ms);
