//! The details of a parcel: documents beside its signed envelope, which names each by the SHA-256 of its exact bytes.
//!
//! Each has a key of its own, so that one can go and all else stays, the envelope, the chain and the receipts among it.
//! Its name stands in the clear, here and in the envelope: whoever makes a detail puts a random salt into it, so that the
//! name reveals nothing once the detail is gone.

use std::ops::Range;
use std::sync::Arc;

use candor_seal::sha256_hex;

use crate::crypt::{CipherContext, ItemSecret, JournalKeys};
use crate::database::{Database, SqlStatement, SqlValue};
use crate::error::{JournalError, sqlite_integer};
use crate::journal::{Journal, WriterGuard, run_to_end};
use crate::writer::{destroy_secret, insert_secret, is_destroyed};

/// How many details one transaction purges.
const PURGED_AT_ONCE: i64 = 512;

/// How many bytes of details one transaction purges, unless one detail alone has more: what is overwritten goes through
/// the database's log.
const PURGED_BYTES_AT_ONCE: u64 = 16 * 1024 * 1024;

/// A detail to be put into the outbox with its parcel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DetailDraft {
    /// The SHA-256 of the bytes, 64 lowercase hex digits.
    pub name: String,
    /// What it holds: a plain identifier, 1 to 64 of a-z, 0-9 and -.
    pub kind: String,
    /// The exact bytes, at most [`DETAIL_BYTES`](candor_diary::limits::DETAIL_BYTES).
    pub bytes: Vec<u8>,
}

/// A detail of a parcel in the outbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DetailInfo {
    /// The SHA-256 of the bytes, 64 lowercase hex digits.
    pub name: String,
    /// What it holds: a plain identifier.
    pub kind: String,
    /// The length in bytes, whether or not it was purged.
    pub length: u64,
    /// Whether it was purged, or destroyed with its parcel.
    pub erased: bool,
}

impl DetailDraft {
    /// Returns the statements that store it as a parcel's detail at `place`, under a new secret with that id.
    pub(crate) fn insert(
        &self,
        secret_id: i64,
        keys: &JournalKeys,
        parcel_id: &str,
        place: i64,
    ) -> Result<[SqlStatement; 2], JournalError> {
        let secret = ItemSecret::new()?;
        let wrapped = secret.wrap(keys, &secret_context(parcel_id, place))?;
        let context = detail_context(parcel_id, place, &self.name, self.kind.as_bytes());
        let sealed = secret.seal(&context, &self.bytes)?;
        let insert = SqlStatement::new(
            "INSERT INTO detail (parcel, place, name, kind, secret, length, sealed) VALUES (?, ?, ?, ?, ?, ?, ?)",
            [
                parcel_id.into(),
                place.into(),
                self.name.as_str().into(),
                self.kind.as_str().into(),
                secret_id.into(),
                sqlite_integer("a detail's length", self.bytes.len() as u64)?.into(),
                sealed.into(),
            ],
        );
        Ok([insert_secret(secret_id, wrapped), insert])
    }
}

/// Reads the list of a parcel's details as `select_entries` selects it; `None` if it cannot be read any more.
pub(super) fn read_details(list: Option<&[u8]>) -> Option<Vec<DetailInfo>> {
    let rows: Vec<(String, String, u64, u8)> = serde_json::from_slice(list?).ok()?;
    let info = |(name, kind, length, erased)| DetailInfo { name, kind, length, erased: erased != 0 };
    Some(rows.into_iter().map(info).collect())
}

/// Whose details to erase.
pub(crate) enum DetailsOf<'a> {
    /// Those of all parcels of a contract's segment, by its start.
    Segment(&'a str, i64),
    /// Those of the parcel that was made with the record of this sequence.
    Record(i64),
}

/// Returns the statements that erase details.
pub(crate) async fn erase_details_of(
    database: &mut Database,
    of: DetailsOf<'_>,
) -> Result<Vec<SqlStatement>, JournalError> {
    let rows: Vec<(i64, i64)> = match of {
        DetailsOf::Segment(contract, start) => {
            let sql = "SELECT detail.rowid, detail.secret FROM detail JOIN outbox USING (parcel)
                       WHERE contract = ? AND segment_start = ? AND sealed IS NOT NULL";
            database.rows(sql, [contract.into(), start.into()]).await?
        }
        DetailsOf::Record(sequence) => {
            let sql = "SELECT detail.rowid, detail.secret FROM detail JOIN outbox USING (parcel)
                       WHERE sequence = ? AND sealed IS NOT NULL";
            database.rows(sql, [sequence.into()]).await?
        }
    };
    Ok(rows.into_iter().flat_map(|(row, secret)| erase(row, secret)).collect())
}

/// Returns the statements that erase the detail in a row.
fn erase(row: i64, secret: i64) -> [SqlStatement; 2] {
    [
        destroy_secret(secret),
        SqlStatement::new("UPDATE detail SET sealed = NULL WHERE rowid = ?", [row.into()]),
    ]
}

/// A detail as it is stored.
struct StoredDetail {
    row: i64,
    secret: i64,
    place: i64,
    /// As it is, whatever it is: what was changed must not keep others from being read.
    kind: Vec<u8>,
    length: i64,
    sealed: Option<Vec<u8>>,
    wrapped: Option<Vec<u8>>,
}

impl StoredDetail {
    async fn find(database: &mut Database, parcel_id: &str, name: &str) -> Result<Self, JournalError> {
        type Row = (i64, i64, i64, Vec<u8>, i64, Option<Vec<u8>>, Option<Vec<u8>>);
        let sql = "SELECT detail.rowid, detail.secret, place, CAST(kind AS BLOB), length, sealed, wrapped
                   FROM detail LEFT JOIN secret ON secret.id = detail.secret WHERE parcel = ? AND name = ?";
        let found: Option<Row> = database.maybe(sql, [parcel_id.into(), name.into()]).await?;
        let (row, secret, place, kind, length, sealed, wrapped) =
            found.ok_or_else(|| JournalError::NotFound { what: "detail", id: name.to_owned() })?;
        Ok(Self { row, secret, place, kind, length, sealed, wrapped })
    }

    /// Decrypts and checks it.
    fn open(&self, keys: &JournalKeys, parcel_id: &str, name: &str) -> Result<Vec<u8>, JournalError> {
        let Some(sealed) = &self.sealed else {
            return Err(if self.wrapped.as_deref().is_none_or(is_destroyed) {
                JournalError::Erased { what: "detail", id: name.to_owned() }
            } else {
                JournalError::Damaged(format!("detail {name} is told as purged, and is not"))
            });
        };
        let context = detail_context(parcel_id, self.place, name, &self.kind);
        let bytes = self
            .wrapped
            .as_deref()
            .and_then(|wrapped| ItemSecret::unwrap(keys, &secret_context(parcel_id, self.place), wrapped))
            .and_then(|secret| secret.unseal(&context, sealed))
            .ok_or_else(|| JournalError::Damaged(format!("detail {name} does not decrypt")))?;
        if sha256_hex(&bytes) != name {
            return Err(JournalError::Damaged(format!("detail {name} does not have its SHA-256")));
        }
        if i64::try_from(bytes.len()) != Ok(self.length) {
            return Err(JournalError::Damaged(format!("detail {name} does not have its length")));
        }
        Ok(bytes.to_vec())
    }
}

impl Journal {
    /// Returns the exact bytes of a parcel's detail, which have the SHA-256 that it is named by.
    ///
    /// # Errors
    /// [`JournalError::NotFound`]; [`JournalError::Erased`] if it was purged, or destroyed with its parcel;
    /// [`JournalError::Damaged`] if it is not as it was written; [`JournalError::Closed`]; and errors of the database.
    pub async fn detail(&self, parcel_id: &str, name: &str) -> Result<Vec<u8>, JournalError> {
        let mut writer = self.lock_writer().await?;
        let keys = Arc::clone(&self.shared.keys);
        let (parcel_id, name) = (parcel_id.to_owned(), name.to_owned());
        run_to_end(async move {
            let stored = StoredDetail::find(&mut writer.database, &parcel_id, &name).await?;
            // The row is a copy: others may go on while it is decrypted.
            drop(writer);
            stored.open(&keys, &parcel_id, &name)
        })
        .await
    }

    /// Purges the details of these kinds, of all parcels of a contract's segments that start within `starts`: their keys
    /// and their bytes. Envelopes, chain and receipts stay as they are. Returns how many went. That is synced when this
    /// returns, and the database's log is emptied. No kinds purge nothing.
    ///
    /// Other calls are served in between. After an error, some may have gone already: purge them again.
    ///
    /// # Errors
    /// [`JournalError::DiskFull`] (free some space and purge them again), [`JournalError::Unusable`],
    /// [`JournalError::Closed`], and errors of the database.
    pub async fn purge_details(
        &self,
        contract: &str,
        starts: Range<u64>,
        kinds: &[&str],
    ) -> Result<u64, JournalError> {
        let which = [
            contract.into(),
            sqlite_integer("the time", starts.start)?.into(),
            sqlite_integer("the time", starts.end.min(i64::MAX.unsigned_abs()))?.into(),
            serde_json::json!(kinds).to_string().as_str().into(),
            PURGED_AT_ONCE.into(),
        ];
        let mut purged = 0;
        loop {
            let writer = self.lock_writer().await?;
            match run_to_end(purge_some(writer, which.clone())).await? {
                0 => return Ok(purged),
                some => purged += some,
            }
        }
    }

    /// Purges one detail of a parcel, as [`Self::purge_details`] does. Purging it twice is no error.
    ///
    /// # Errors
    /// [`JournalError::NotFound`]; otherwise as [`Self::purge_details`].
    pub async fn purge_detail(&self, parcel_id: &str, name: &str) -> Result<(), JournalError> {
        let mut writer = self.lock_writer().await?;
        let (parcel_id, name) = (parcel_id.to_owned(), name.to_owned());
        run_to_end(async move {
            let stored = StoredDetail::find(&mut writer.database, &parcel_id, &name).await?;
            writer.database.write_synced(erase(stored.row, stored.secret).into()).await?;
            writer.database.empty_log_of_erased().await
        })
        .await
    }
}

/// Purges some of the details that are left, and returns how many; 0 if none are.
async fn purge_some(mut writer: WriterGuard, which: [SqlValue; 5]) -> Result<u64, JournalError> {
    let sql = "SELECT detail.rowid, detail.secret, length(sealed) FROM detail JOIN outbox USING (parcel)
               WHERE contract = ? AND segment_start >= ? AND segment_start < ? AND sealed IS NOT NULL
               AND detail.kind IN (SELECT value FROM json_each(?)) LIMIT ?";
    let rows: Vec<(i64, i64, u64)> = writer.database.rows(sql, which).await?;
    let mut bytes = 0;
    let some = rows.into_iter().take_while(|(_, _, length)| {
        let before = bytes;
        bytes += length;
        before == 0 || bytes <= PURGED_BYTES_AT_ONCE
    });
    let statements: Vec<_> = some.flat_map(|(row, secret, _)| erase(row, secret)).collect();
    if statements.is_empty() {
        return Ok(0);
    }
    let purged = statements.len() as u64 / 2;
    writer.database.write_synced(statements).await?;
    writer.database.empty_log_of_erased().await?;
    Ok(purged)
}

/// Returns what a detail's wrapped secret belongs to.
fn secret_context(parcel_id: &str, place: i64) -> CipherContext {
    CipherContext::new("secret of detail").bytes(parcel_id.as_bytes()).number(place.cast_unsigned())
}

/// Returns what an encrypted detail belongs to.
fn detail_context(parcel_id: &str, place: i64, name: &str, kind: &[u8]) -> CipherContext {
    CipherContext::new("detail of parcel")
        .bytes(parcel_id.as_bytes())
        .number(place.cast_unsigned())
        .bytes(name.as_bytes())
        .bytes(kind)
}
