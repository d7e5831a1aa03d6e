CREATE TABLE accounts (
    id TEXT PRIMARY KEY,
    role TEXT NOT NULL CHECK (role IN ('client', 'worker')),
    name TEXT NOT NULL,
    email TEXT NOT NULL UNIQUE COLLATE NOCASE,
    zone TEXT NOT NULL,                             -- of the time zone database, for display only
    password TEXT NOT NULL,                         -- argon2id, PHC string
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE sessions (
    token_hash BLOB PRIMARY KEY,
    account TEXT NOT NULL REFERENCES accounts (id),
    expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX sessions_by_end ON sessions (expires_at);
CREATE INDEX sessions_of_account ON sessions (account);

CREATE TABLE contracts (
    id TEXT PRIMARY KEY,
    client TEXT NOT NULL REFERENCES accounts (id),
    worker TEXT NOT NULL REFERENCES accounts (id),
    title TEXT NOT NULL,                            -- of the newest terms
    created_at INTEGER NOT NULL,
    entries INTEGER NOT NULL DEFAULT 0,             -- how many its ledger has
    entered_at INTEGER NOT NULL DEFAULT 0,          -- when the last of them was written
    head BLOB                                       -- of the chain after it
) STRICT;

-- The ledger of each contract: everything that happened to it, numbered from 1 without holes, chained and only ever
-- appended. Of an entry that was erased, salt and body are gone.
CREATE TABLE entries (
    contract TEXT NOT NULL REFERENCES contracts (id),
    number INTEGER NOT NULL,
    at INTEGER NOT NULL,
    kind TEXT NOT NULL,
    salt BLOB,
    body TEXT,
    commitment BLOB NOT NULL,
    head BLOB NOT NULL,
    PRIMARY KEY (contract, number)
) STRICT;

-- What became of the segments of each week that is locked: read from its entry, so that pages need not search for it.
CREATE TABLE weeks (
    contract TEXT NOT NULL REFERENCES contracts (id),
    week_start INTEGER NOT NULL,
    number INTEGER NOT NULL,                        -- of its entry
    body TEXT NOT NULL,
    PRIMARY KEY (contract, week_start)
) STRICT;
CREATE INDEX contracts_of_worker ON contracts (worker);
CREATE INDEX contracts_of_client ON contracts (client);

-- Every version, so that both sides can read what was in force when.
CREATE TABLE terms (
    contract TEXT NOT NULL REFERENCES contracts (id),
    sequence INTEGER NOT NULL,
    body TEXT NOT NULL,
    issued_at INTEGER NOT NULL,
    PRIMARY KEY (contract, sequence)
) STRICT;

CREATE TABLE codes (
    code_hash BLOB PRIMARY KEY,
    contract TEXT NOT NULL REFERENCES contracts (id),
    expires_at INTEGER NOT NULL,
    used_at INTEGER
) STRICT;

-- A device that is enrolled again with the same key keeps its id and gets a new token: what it had waiting can still
-- be delivered.
CREATE TABLE devices (
    id TEXT PRIMARY KEY,
    contract TEXT NOT NULL REFERENCES contracts (id),
    name TEXT NOT NULL,
    public_key TEXT NOT NULL,
    token_hash BLOB NOT NULL UNIQUE,
    enrolled_at INTEGER NOT NULL,
    terms INTEGER NOT NULL DEFAULT 0,               -- the newest that it is known to have: handed out, or named in a parcel
    handed_out INTEGER NOT NULL DEFAULT 0,          -- the terms that it got when it was last enrolled
    UNIQUE (contract, public_key)
) STRICT;

CREATE TABLE attachments (
    parcel TEXT NOT NULL,                           -- may arrive before its parcel does
    sha256 TEXT NOT NULL,
    device TEXT NOT NULL REFERENCES devices (id),
    bytes INTEGER NOT NULL,
    file TEXT NOT NULL,                             -- relative to the data folder
    received_at INTEGER NOT NULL,
    claimed INTEGER NOT NULL DEFAULT 0,             -- whether a parcel came that names it
    PRIMARY KEY (parcel, sha256)
) STRICT;
-- Those that wait for their parcels are few, whatever was delivered before.
CREATE INDEX attachments_waiting ON attachments (device) WHERE claimed = 0;
CREATE INDEX attachments_by_arrival ON attachments (received_at) WHERE claimed = 0;

-- What counts: of each segment of a device the highest revision. Rows are small, so that whoever reads many reads few
-- pages; what is large stands in `bodies`.
CREATE TABLE parcels (
    id TEXT PRIMARY KEY,
    contract TEXT NOT NULL REFERENCES contracts (id),
    device TEXT NOT NULL REFERENCES devices (id),
    start INTEGER NOT NULL,                         -- milliseconds since the epoch
    length INTEGER NOT NULL,                        -- minutes
    sequence INTEGER NOT NULL,
    chain_head TEXT NOT NULL,
    digest TEXT NOT NULL,                           -- SHA-256 of the envelope
    received_at INTEGER NOT NULL,
    tracked_bits INTEGER NOT NULL,                  -- one bit a minute: what billing needs of a parcel
    active_bits INTEGER NOT NULL,
    gap INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    manual_at INTEGER,                              -- when it was typed in, if it was
    manual_time TEXT NOT NULL,                      -- whether that was allowed, as decided when it came
    removed INTEGER NOT NULL,
    picture TEXT,                                   -- SHA-256 of its picture, if it has one
    UNIQUE (contract, device, start),               -- a device delivers a segment once
    UNIQUE (device, sequence)                       -- a journal has each number once
) STRICT;
-- All that billing reads, so that a week is read from the index alone.
CREATE INDEX parcels_by_time ON parcels
    (contract, start, device, id, length, tracked_bits, active_bits, gap, manual_at, manual_time, removed, received_at);
-- One picture in two segments is told to whoever looks.
CREATE INDEX parcels_by_picture ON parcels (contract, picture, start) WHERE picture IS NOT NULL;
CREATE INDEX parcels_by_arrival ON parcels (contract, received_at);

-- The exact bytes of what counts. Rows are only ever added and removed, never changed.
CREATE TABLE bodies (
    parcel TEXT PRIMARY KEY REFERENCES parcels (id),
    envelope BLOB NOT NULL,                         -- what the device signed and sent
    receipt BLOB NOT NULL                           -- what was answered
) STRICT;

-- The documents beside the signed cores. Each is a row of its own, so that one can go while all else stays.
CREATE TABLE details (
    parcel TEXT NOT NULL REFERENCES parcels (id),
    place INTEGER NOT NULL,                         -- in the order of the core
    kind TEXT NOT NULL,
    sha256 TEXT NOT NULL,                           -- of the body, which begins with a salt
    body BLOB,                                      -- the exact bytes; none once they are purged
    PRIMARY KEY (parcel, place)
) STRICT;

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

-- From where somebody has signed in to an account: such a place is not slowed down when others guess its password from
-- everywhere. What is kept is the SHA-256 of account and address.
CREATE TABLE known_places (
    account TEXT NOT NULL REFERENCES accounts (id),
    place_hash BLOB NOT NULL,
    seen_at INTEGER NOT NULL,
    PRIMARY KEY (account, place_hash)
) STRICT;

-- Devices that the operator has sent away. What they delivered stays; with a new code they may come back.
CREATE TABLE revoked_devices (
    device TEXT PRIMARY KEY REFERENCES devices (id),
    revoked_at INTEGER NOT NULL
) STRICT;

CREATE INDEX attachments_of_device ON attachments (device, bytes);
