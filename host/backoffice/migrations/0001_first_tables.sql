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

CREATE TABLE contracts (
    id TEXT PRIMARY KEY,
    client TEXT NOT NULL REFERENCES accounts (id),
    worker TEXT NOT NULL REFERENCES accounts (id),
    created_at INTEGER NOT NULL
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
    UNIQUE (contract, public_key)
) STRICT;

CREATE TABLE attachments (
    parcel TEXT NOT NULL,                           -- may arrive before its parcel does
    sha256 TEXT NOT NULL,
    device TEXT NOT NULL REFERENCES devices (id),
    bytes INTEGER NOT NULL,
    file TEXT NOT NULL,                             -- relative to the data folder
    received_at INTEGER NOT NULL,
    PRIMARY KEY (parcel, sha256)
) STRICT;

CREATE TABLE parcels (
    id TEXT PRIMARY KEY,
    contract TEXT NOT NULL REFERENCES contracts (id),
    device TEXT NOT NULL REFERENCES devices (id),
    start INTEGER NOT NULL,                         -- milliseconds since the epoch
    length INTEGER NOT NULL,                        -- minutes
    sequence INTEGER NOT NULL,
    chain_head TEXT NOT NULL,
    digest TEXT NOT NULL,                           -- SHA-256 of envelope
    envelope BLOB NOT NULL,                         -- the exact bytes that the device signed and sent
    receipt BLOB NOT NULL,                          -- the exact bytes that were answered
    received_at INTEGER NOT NULL,
    tracked_bits INTEGER NOT NULL,                  -- one bit a minute: what billing needs of a parcel
    active_bits INTEGER NOT NULL,
    gap INTEGER NOT NULL,
    UNIQUE (contract, device, start),               -- a device delivers a segment once
    UNIQUE (device, sequence)                       -- a journal has each number once
) STRICT;
CREATE INDEX parcels_by_time ON parcels (contract, start);
