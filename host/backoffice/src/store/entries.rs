//! The ledgers: one list of entries a contract, appended in the transaction of what they tell of.

use candor_diary::ledger::chain::append;
use candor_diary::ledger::{Author, AuthorRole, Body, Entry, LedgerHead, Statement};
use candor_seal::Hash;
use sqlx::sqlite::SqliteRow;
use sqlx::{FromRow, Row};

use super::database::{OfficeStore, to_signed};
use super::error::OfficeStoreError;
use super::writes::WriteTurn;
use crate::{limits, secrets};

/// A row of `entries`, as an entry travels.
struct EntryRow(Entry);

impl FromRow<'_, SqliteRow> for EntryRow {
    fn from_row(row: &SqliteRow) -> sqlx::Result<Self> {
        let hash = |column: &str| read_hash(row.try_get(column)?);
        let salt: Option<Vec<u8>> = row.try_get("salt")?;
        Ok(Self(Entry {
            number: row.try_get("number")?,
            at: row.try_get("at")?,
            kind: row.try_get("kind")?,
            salt: salt.map(read_hash).transpose()?,
            body: row.try_get("body")?,
            commitment: hash("commitment")?,
            head: hash("head")?,
        }))
    }
}

fn read_hash(bytes: Vec<u8>) -> sqlx::Result<Hash> {
    <[u8; 32]>::try_from(bytes).map(Hash).map_err(|_| sqlx::Error::Decode("no hash of 32 bytes".into()))
}

impl OfficeStore {
    /// Returns how far the ledger of a contract goes; `None` if there is no such contract.
    ///
    /// # Errors
    /// [`OfficeStoreError`] of the database.
    pub async fn ledger_head(&self, contract: &str) -> Result<Option<LedgerHead>, OfficeStoreError> {
        let row: Option<(u64, Option<Vec<u8>>)> =
            sqlx::query_as("SELECT entries, head FROM contracts WHERE id = ?")
                .bind(contract)
                .fetch_optional(&self.pool)
                .await?;
        row.map(|(number, head)| read_head(contract, number, head)).transpose()
    }

    /// Returns the entries of a contract's ledger after this number, in order, at most
    /// [`limits::LEDGER_ENTRIES`].
    ///
    /// # Errors
    /// [`OfficeStoreError`] of the database.
    pub async fn ledger_after(&self, contract: &str, number: u64) -> Result<Vec<Entry>, OfficeStoreError> {
        let rows: Vec<EntryRow> = sqlx::query_as(
            "SELECT number, at, kind, salt, body, commitment, head FROM entries
             WHERE contract = ? AND number > ? ORDER BY number LIMIT ?",
        )
        .bind(contract)
        .bind(to_signed(number.min(i64::MAX.unsigned_abs()), "a number")?)
        .bind(limits::LEDGER_ENTRIES)
        .fetch_all(&self.pool)
        .await?;
        Ok(rows.into_iter().map(|EntryRow(entry)| entry).collect())
    }
}

fn read_head(contract: &str, number: u64, head: Option<Vec<u8>>) -> Result<LedgerHead, OfficeStoreError> {
    Ok(match head {
        Some(head) => LedgerHead { contract: contract.to_owned(), number, head: read_hash(head)? },
        None => LedgerHead::first(contract),
    })
}

/// Who writes an entry in the back office's own name.
pub(super) fn back_office() -> Author {
    Author { role: AuthorRole::BackOffice, id: String::new() }
}

/// Appends an entry to a contract's ledger; returns how far that goes then. Whatever the entry tells of is written in the
/// same turn, or not at all.
pub(super) async fn append_entry(
    tx: &mut WriteTurn,
    contract: &str,
    at: u64,
    author: Author,
    says: Statement,
) -> Result<LedgerHead, OfficeStoreError> {
    let (number, before_at, head): (u64, u64, Option<Vec<u8>>) =
        sqlx::query_as("SELECT entries, entered_at, head FROM contracts WHERE id = ?")
            .bind(contract)
            .fetch_one(&mut **tx)
            .await?;
    let before = read_head(contract, number, head)?;
    let salt = secrets::random_bytes()?;
    // A clock that was set back makes no entry older than the one before it.
    let entry = append(&before, at.max(before_at), &Body { author, says }, salt);
    let number = to_signed(entry.number, "an entry's number")?;
    let at = to_signed(entry.at, "the time")?;
    let head = entry.head.0.to_vec();
    // In one call: each goes to the database's thread and back while nobody else writes.
    sqlx::query(concat!(
        "INSERT INTO entries (contract, number, at, kind, salt, body, commitment, head) VALUES (?, ?, ?, ?, ?, ?, ?, ?);",
        "UPDATE contracts SET entries = ?, entered_at = ?, head = ? WHERE id = ?",
    ))
    .bind(contract)
    .bind(number)
    .bind(at)
    .bind(&entry.kind)
    .bind(entry.salt.map(|salt| salt.0.to_vec()))
    .bind(&entry.body)
    .bind(entry.commitment.0.to_vec())
    .bind(&head)
    .bind(number)
    .bind(at)
    .bind(&head)
    .bind(contract)
    .execute(&mut **tx)
    .await?;
    Ok(LedgerHead { contract: contract.to_owned(), number: entry.number, head: entry.head })
}
