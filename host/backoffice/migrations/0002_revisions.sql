-- `parcels` holds what counts: of each segment of a device the highest revision.
ALTER TABLE parcels ADD COLUMN revision INTEGER NOT NULL DEFAULT 0;
ALTER TABLE parcels ADD COLUMN manual_at INTEGER;   -- when it was typed in, if it was
ALTER TABLE parcels ADD COLUMN removed INTEGER NOT NULL DEFAULT 0;

-- What a higher revision has taken the place of: that it was there and what was answered, and nothing of what it held.
CREATE TABLE superseded (
    id TEXT PRIMARY KEY,
    contract TEXT NOT NULL REFERENCES contracts (id),
    device TEXT NOT NULL REFERENCES devices (id),
    start INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    sequence INTEGER NOT NULL,
    digest TEXT NOT NULL,
    receipt BLOB NOT NULL,
    received_at INTEGER NOT NULL,
    superseded_at INTEGER NOT NULL,
    UNIQUE (contract, device, start, revision),
    UNIQUE (device, sequence)
) STRICT;
CREATE INDEX superseded_by_time ON superseded (contract, start);

-- Files that nobody may have any more and that are about to be removed; outlives a crash in between.
CREATE TABLE erasures (
    file TEXT PRIMARY KEY,                          -- relative to the data folder
    since INTEGER NOT NULL
) STRICT;
