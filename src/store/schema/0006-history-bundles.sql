-- SPDX-License-Identifier: Apache-2.0
-- Entries of one owner and conversation that were recorded close after each other: many as one row.

-- They have the ids first_id, first_id + 1 and so on to id; those from `live` on are there, those before it were removed.
-- What they say is in `data` or, from `position` on, in a segment: a file in PATH-content/history.
CREATE TABLE history_bundle (
	id           INTEGER PRIMARY KEY NOT NULL, -- of the last
	first_id     INTEGER NOT NULL,
	live         INTEGER NOT NULL,
	bytes        INTEGER NOT NULL,             -- sizes of those that are there
	conversation INTEGER NOT NULL,             -- 0: none
	kind         INTEGER NOT NULL,
	segment      INTEGER NOT NULL,             -- 0: in data
	position     INTEGER NOT NULL,
	length       INTEGER NOT NULL,
	owner        TEXT NOT NULL,
	peer         TEXT NOT NULL,
	data         BLOB NOT NULL
) STRICT;

CREATE INDEX history_bundle_owner ON history_bundle (owner);
CREATE INDEX history_bundle_conversation ON history_bundle (conversation) WHERE conversation > 0;
CREATE INDEX history_bundle_segment ON history_bundle (segment, position) WHERE segment > 0;
