//! The tables. Layouts are numbered by SQLite's `user_version`; each step brings a file from one number to the next.

use sqlx::sqlite::SqlitePool;

use super::StoreError;

/// What brings a database from layout `index` to `index + 1`.
const STEPS: &[&str] = &["
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
", "
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
", "
-- The newest terms that a device is known to have: handed out when it was enrolled, or named in one of its parcels.
ALTER TABLE devices ADD COLUMN terms INTEGER NOT NULL DEFAULT 0;
UPDATE devices SET terms = coalesce(
    (SELECT max(sequence) FROM terms WHERE contract = devices.contract AND issued_at <= devices.enrolled_at),
    (SELECT min(sequence) FROM terms WHERE contract = devices.contract), 0);
"];

/// Creates or updates the tables.
pub(super) async fn bring_up_to_date(pool: &SqlitePool) -> Result<(), StoreError> {
    let mut tx = pool.begin_with("BEGIN IMMEDIATE").await?;
    let found: i64 = sqlx::query_scalar("PRAGMA user_version").fetch_one(&mut *tx).await?;
    let known = i64::try_from(STEPS.len()).map_err(|_| StoreError::TooLarge("the number of layouts"))?;
    if found > known || found < 0 {
        return Err(StoreError::TooNew { found, known });
    }
    for (number, step) in STEPS.iter().enumerate().skip(usize::try_from(found).unwrap_or_default()) {
        sqlx::raw_sql(*step).execute(&mut *tx).await?;
        // A pragma takes no parameters; the number is ours.
        let mark = sqlx::AssertSqlSafe(format!("PRAGMA user_version = {}", number + 1));
        sqlx::raw_sql(mark).execute(&mut *tx).await?;
    }
    tx.commit().await?;
    Ok(())
}
