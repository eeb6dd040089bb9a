-- SPDX-License-Identifier: Apache-2.0
-- Conferences that stand, and messages that are on their way to many.

CREATE TABLE conference (
	id        TEXT PRIMARY KEY NOT NULL,
	kind      INTEGER NOT NULL,
	group_    TEXT NOT NULL,     -- '': made by a list
	founder   TEXT NOT NULL,
	subject   TEXT NOT NULL,
	since_ms  INTEGER NOT NULL,
	lapses_ms INTEGER NOT NULL   -- 0: it stands
) STRICT, WITHOUT ROWID;

CREATE INDEX conference_lapsing ON conference (lapses_ms) WHERE lapses_ms > 0;

-- Who may come back to it.
CREATE TABLE conference_person (
	conference TEXT NOT NULL,
	who        TEXT NOT NULL,
	PRIMARY KEY (conference, who)
) STRICT, WITHOUT ROWID;

-- What is the same for all recipients; it goes with the last of them.
CREATE TABLE mailing (
	id          INTEGER PRIMARY KEY NOT NULL,
	kind        INTEGER NOT NULL,
	flags       INTEGER NOT NULL,
	size        INTEGER NOT NULL,
	received_ms INTEGER NOT NULL,
	expires_ms  INTEGER NOT NULL,  -- 0: never
	sender      TEXT NOT NULL,
	group_      TEXT NOT NULL,
	call_id     TEXT NOT NULL,
	message_id  TEXT NOT NULL,
	from_       TEXT NOT NULL,
	type        TEXT NOT NULL,
	file        TEXT NOT NULL,
	headers     TEXT NOT NULL,
	body        BLOB NOT NULL
) STRICT;

CREATE INDEX mailing_file ON mailing (file) WHERE file <> '';

-- Those who have not been served yet.
CREATE TABLE mailing_recipient (
	mailing  INTEGER NOT NULL,
	position INTEGER NOT NULL,
	uri      TEXT NOT NULL,
	who      TEXT NOT NULL,
	headers  TEXT NOT NULL,
	PRIMARY KEY (mailing, position)
) STRICT, WITHOUT ROWID;
