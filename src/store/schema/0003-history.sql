-- SPDX-License-Identifier: Apache-2.0
-- What users have asked to be kept of their conversations.

CREATE TABLE conversation (
	id       INTEGER PRIMARY KEY NOT NULL,
	owner    TEXT NOT NULL,
	peer     TEXT NOT NULL,
	call_id  TEXT NOT NULL,
	kind     INTEGER NOT NULL,
	outgoing INTEGER NOT NULL CHECK (outgoing IN (0, 1)),
	begin_ms INTEGER NOT NULL,
	end_ms   INTEGER NOT NULL,  -- 0: not yet
	reason   TEXT NOT NULL,
	entries  INTEGER NOT NULL,
	bytes    INTEGER NOT NULL
) STRICT;

-- An index ends in the id, and so is in order of time.
CREATE INDEX conversation_owner ON conversation (owner);
CREATE INDEX conversation_open ON conversation (id) WHERE end_ms = 0;

CREATE TABLE history (
	id           INTEGER PRIMARY KEY NOT NULL, -- milliseconds since 1970, times 1024, and more
	owner        TEXT NOT NULL,
	peer         TEXT NOT NULL,
	conversation INTEGER NOT NULL,             -- 0: none
	kind         INTEGER NOT NULL,
	outgoing     INTEGER NOT NULL CHECK (outgoing IN (0, 1)),
	aborted      INTEGER NOT NULL CHECK (aborted IN (0, 1)),
	cpim         INTEGER NOT NULL CHECK (cpim IN (0, 1)),
	date_ms      INTEGER NOT NULL,
	size         INTEGER NOT NULL,
	request      TEXT NOT NULL,
	message_id   TEXT NOT NULL,
	from_        TEXT NOT NULL,
	to_          TEXT NOT NULL,
	subject      TEXT NOT NULL,
	content_type TEXT NOT NULL,
	file         TEXT NOT NULL,
	text         TEXT NOT NULL
) STRICT;

CREATE INDEX history_by_owner ON history (owner);
CREATE INDEX history_by_peer ON history (owner, peer);
CREATE INDEX history_conversation ON history (conversation) WHERE conversation > 0;
CREATE UNIQUE INDEX history_request ON history (owner, request) WHERE request <> '';
CREATE INDEX history_file ON history (file) WHERE file <> '';
CREATE INDEX deferred_file ON deferred (file) WHERE file <> '';

-- Apart, so that a search does not read them.
CREATE TABLE history_body (
	id   INTEGER PRIMARY KEY NOT NULL,
	body BLOB NOT NULL
) STRICT;

CREATE TABLE history_owner (
	owner   TEXT PRIMARY KEY NOT NULL,
	entries INTEGER NOT NULL,
	bytes   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
