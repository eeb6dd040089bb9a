-- SPDX-License-Identifier: Apache-2.0
-- Large messages and files among what waits. Behind headers and body: an empty text is read without them.

ALTER TABLE deferred ADD COLUMN content_type TEXT NOT NULL DEFAULT '';
ALTER TABLE deferred ADD COLUMN name TEXT NOT NULL DEFAULT '';   -- of a file
ALTER TABLE deferred ADD COLUMN media TEXT NOT NULL DEFAULT '';  -- lines of its session description
