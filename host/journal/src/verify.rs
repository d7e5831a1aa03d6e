//! Recomputing the journal: is everything still as it was written?

use std::sync::Arc;

use candor_seal::Chain;
use sqlx::FromRow as _;

use crate::crypt::JournalKeys;
use crate::error::sqlite_integer;
use crate::journal::run_to_end;
use crate::outbox::read_attachments;
use crate::records::{RECORDS_AFTER, RecordRow};
use crate::writer::is_destroyed;
use crate::{Hash, Journal, JournalError};

/// How much of the journal [`Journal::verify`] found as it was written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verification {
    /// The records that were checked: all up to the first bad one.
    pub records: u64,
    /// Of these, the ones whose body is what the chain says.
    pub equal: u64,
    /// Of these, the ones that were erased: their place in the chain is right, and what they said cannot be checked.
    pub sealed: u64,
    /// The first record that is not as it was written. Those after it were not checked.
    pub first_bad: Option<DamagedRecord>,
    /// What was found of the blobs.
    pub blobs: BlobVerification,
    /// What was found of the parcels' details.
    pub details: DetailVerification,
    /// The ids of the parcels in the outbox that cannot be read any more, or lack a detail, at most 1,000.
    pub bad_parcels: Vec<String>,
}

impl Verification {
    /// Whether everything is as it was written.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.first_bad.is_none()
            && self.blobs.bad.is_empty()
            && self.details.bad.is_empty()
            && self.bad_parcels.is_empty()
    }
}

/// A record that is not as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DamagedRecord {
    /// The sequence of the record.
    pub sequence: u64,
    /// What is wrong, as half a sentence about 'it'.
    pub reason: &'static str,
}

/// What a verification found of the blobs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BlobVerification {
    /// The blobs that were checked.
    pub blobs: u64,
    /// Of these, the ones whose bytes have their SHA-256.
    pub equal: u64,
    /// Of these, the ones that were erased.
    pub erased: u64,
    /// The ones that are not as they were written, at most 1,000.
    pub bad: Vec<DamagedBlob>,
}

/// A blob that is not as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DamagedBlob {
    /// The id of the blob.
    pub id: String,
    /// What is wrong, as half a sentence about 'it'.
    pub reason: String,
}

/// What a verification found of the parcels' details.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DetailVerification {
    /// The details that were checked.
    pub details: u64,
    /// Of these, the ones whose bytes have the SHA-256 that they are named by.
    pub equal: u64,
    /// Of these, the ones that were purged or destroyed with their parcel: what they said cannot be checked.
    pub sealed: u64,
    /// The ones that are not as they were written, at most 1,000.
    pub bad: Vec<DamagedDetail>,
}

/// A detail that is not as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DamagedDetail {
    /// The id of its parcel.
    pub parcel: String,
    /// The SHA-256 that it is named by.
    pub name: String,
    /// What is wrong, as a clause.
    pub reason: String,
}

impl Journal {
    /// Recomputes the chain and every record, blob and detail in it, up to the head at the time of the call. Others may use the
    /// journal meanwhile. This cannot find that the latest records were all cut off; a back office's receipts hold
    /// sequence and head, and show it.
    ///
    /// # Errors
    /// [`JournalError::Closed`], and errors of the file system and the database. That something is bad is no error: it
    /// is in the result.
    pub async fn verify(&self) -> Result<Verification, JournalError> {
        let mut found = Verification::default();
        let (last, _) = self.head().await?;
        let mut head = Chain::genesis(self.id());
        while found.records < last && found.first_bad.is_none() {
            let (rows, latest) = {
                let mut writer = self.lock_writer().await?;
                let values = [
                    sqlite_integer("the sequence", found.records)?.into(),
                    sqlite_integer("the sequence", last)?.into(),
                ];
                run_to_end(async move {
                    Ok((writer.database.raw_rows(RECORDS_AFTER, values).await?, writer.sequence))
                })
                .await?
            };
            let keys = Arc::clone(&self.shared.keys);
            // Decrypting and hashing thousands of bodies is no work for an async thread.
            (found, head) = crate::journal::run_blocking(move || {
                if rows.is_empty() {
                    found.first_bad = Some(DamagedRecord { sequence: found.records + 1, reason: MISSING });
                }
                for row in &rows {
                    match check_record(&keys, &head, found.records + 1, latest, row) {
                        Ok((next, equal)) => {
                            head = next;
                            found.records += 1;
                            *(if equal { &mut found.equal } else { &mut found.sealed }) += 1;
                        }
                        Err(reason) => {
                            found.first_bad = Some(DamagedRecord { sequence: found.records + 1, reason });
                            break;
                        }
                    }
                }
                Ok((found, head))
            })
            .await?;
        }
        if found.first_bad.is_none() {
            found.first_bad = self.check_outbox(last).await?;
        }
        found.blobs = self.verify_blobs().await?;
        found.details = self.verify_details().await?;
        found.bad_parcels = self.bad_parcels().await?;
        Ok(found)
    }

    /// A parcel is made of the last record or of an earlier one: if the outbox knows a later one, records were cut off.
    async fn check_outbox(&self, last: u64) -> Result<Option<DamagedRecord>, JournalError> {
        let mut writer = self.lock_writer().await?;
        let now = writer.sequence;
        run_to_end(async move {
            let sql = "SELECT min(sequence) FROM outbox WHERE sequence > ?";
            let (beyond,): (Option<i64>,) =
                writer.database.one(sql, [sqlite_integer("the sequence", now.max(last))?.into()]).await?;
            Ok(beyond.map(|_| DamagedRecord { sequence: now + 1, reason: MISSING }))
        })
        .await
    }

    async fn verify_blobs(&self) -> Result<BlobVerification, JournalError> {
        let rows: Vec<(String,)> = {
            let mut writer = self.lock_writer().await?;
            run_to_end(async move { writer.database.rows("SELECT id FROM blob", []).await }).await?
        };
        let mut found = BlobVerification::default();
        for (id,) in rows {
            found.blobs += 1;
            match self.check_blob(&id).await {
                Ok(_) => found.equal += 1,
                Err(JournalError::Erased { .. }) => found.erased += 1,
                Err(JournalError::Damaged(reason)) => name_bad_blob(&mut found, id, reason),
                Err(JournalError::File { source, .. }) => name_bad_blob(&mut found, id, source.to_string()),
                Err(other) => return Err(other),
            }
        }
        Ok(found)
    }

    async fn verify_details(&self) -> Result<DetailVerification, JournalError> {
        // Names as bytes: what was changed to something else must not keep others from being checked.
        let rows: Vec<(String, Vec<u8>, bool)> = {
            let mut writer = self.lock_writer().await?;
            let sql = "SELECT parcel, CAST(name AS BLOB), EXISTS (SELECT 1 FROM outbox WHERE parcel = detail.parcel)
                       FROM detail ORDER BY parcel, place";
            run_to_end(async move { writer.database.rows(sql, []).await }).await?
        };
        let mut found = DetailVerification::default();
        for (parcel, name, has_parcel) in rows {
            found.details += 1;
            let name = String::from_utf8_lossy(&name).into_owned();
            let reason = match self.detail(&parcel, &name).await {
                _ if !has_parcel => "its parcel is missing".to_owned(),
                Ok(_) => {
                    found.equal += 1;
                    continue;
                }
                Err(JournalError::Erased { .. }) => {
                    found.sealed += 1;
                    continue;
                }
                Err(JournalError::NotFound { .. }) => "its name cannot be read".to_owned(),
                Err(JournalError::Damaged(reason)) => reason,
                Err(other) => return Err(other),
            };
            if found.bad.len() < MOST_BAD {
                found.bad.push(DamagedDetail { parcel, name, reason });
            }
        }
        Ok(found)
    }

    /// Returns the parcels whose bytes, or list of attachments, exist and cannot be read any more, and those that lack a
    /// detail.
    async fn bad_parcels(&self) -> Result<Vec<String>, JournalError> {
        let rows: Vec<(String, Option<Vec<u8>>, bool)> = {
            let mut writer = self.lock_writer().await?;
            let sql = "SELECT parcel, CAST(attachments AS BLOB),
                              detail_count = (SELECT count(*) FROM detail WHERE detail.parcel = outbox.parcel) AS whole
                       FROM outbox WHERE envelope IS NOT NULL OR NOT whole ORDER BY sequence";
            run_to_end(async move { writer.database.rows(sql, []).await }).await?
        };
        let mut found = Vec::new();
        for (id, attachments, whole) in rows {
            let listed = read_attachments(attachments.as_deref()).is_some();
            let bad = match self.envelope(&id).await {
                Ok(_) => !listed || !whole,
                Err(JournalError::Erased { .. }) => !whole,
                Err(JournalError::NotFound { .. }) => false,
                Err(JournalError::Damaged(_)) => true,
                Err(other) => return Err(other),
            };
            if bad && found.len() < MOST_BAD {
                found.push(id);
            }
        }
        Ok(found)
    }
}

fn name_bad_blob(found: &mut BlobVerification, id: String, reason: String) {
    if found.bad.len() < MOST_BAD {
        found.bad.push(DamagedBlob { id, reason });
    }
}

/// The most bad blobs, bad details and bad parcels, each, that a verification names.
const MOST_BAD: usize = 1_000;

const MISSING: &str = "it is missing";

/// Checks one record. Returns the head after it, and whether its body is what the chain says; otherwise it was erased.
fn check_record(
    keys: &JournalKeys,
    head: &Hash,
    sequence: u64,
    latest: u64,
    row: &sqlx::sqlite::SqliteRow,
) -> Result<(Hash, bool), &'static str> {
    let record = RecordRow::from_row(row).map_err(|_| "its row is malformed")?;
    if record.sequence != sequence {
        return Err(MISSING);
    }
    let commitment =
        Hash(record.commitment.as_slice().try_into().map_err(|_| "its commitment is malformed")?);
    let next = Chain::next(head, sequence, &record.chain_label(), record.at, &commitment);
    if next.as_bytes().as_slice() != record.head {
        return Err("the chain does not go through it: its kind, contract, time or commitment was changed");
    }
    let destroyed = record.wrapped.as_deref().is_none_or(is_destroyed);
    if let Some(tombstone) = record.erased_by {
        let after = u64::try_from(tombstone).is_ok_and(|t| t > sequence && t <= latest);
        return match (after, record.body.is_none() && destroyed) {
            (true, true) => Ok((next, false)),
            (false, _) => Err("it is told as erased, and there is no tombstone"),
            (true, false) => Err("it is told as erased, and is not"),
        };
    }
    let (secret, body) = record.open(keys).ok_or("its body or its key was changed or removed")?;
    if secret.commitment(&body) != commitment {
        return Err("its body is not what the chain says");
    }
    Ok((next, true))
}
