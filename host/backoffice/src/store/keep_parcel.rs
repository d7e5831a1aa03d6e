//! Keeps parcels: each with its receipt, in one synced transaction; of the revisions of a segment the highest.
//!
//! A segment that a worker changed comes as a whole new parcel with a higher revision. It takes the place of the one
//! before: one row in `parcels` with its bytes in `bodies`, so it is billed once. Of the one before stay its id, digest, receipt and times in
//! `superseded`, so that a device that asks again gets the same receipt; what it held is erased. A lower revision that
//! comes late goes there at once.

use candor_diary::admission::Admission;
use candor_diary::calendar::{lock_of, week_of};
use candor_diary::edits;
use candor_diary::ledger::{Author, AuthorRole, LedgerHead, Statement};
use candor_diary::parcel::{Core, Detail};
use candor_diary::terms::ManualTime;
use sqlx::sqlite::SqliteRow;
use sqlx::{FromRow, Row};

use super::database::{OfficeStore, to_signed};
use super::details::{drop_details, insert_details};
use super::entries::append_entry;
use super::erasures::drop_attachments;
use super::error::OfficeStoreError;
use super::parcel_reader::read_core;
use super::parcels::MANUAL_TIMES;
use super::weeks::{freeze_week, is_locked_for_worker};
use super::writes::WriteTurn;

/// A parcel that was checked and admitted, and is about to be kept.
#[derive(Debug)]
pub struct IncomingParcel<'a> {
    /// What the envelope holds.
    pub core: &'a Core,
    /// What the terms make of it.
    pub admission: Admission,
    /// The details that the core names, all of them and in its order.
    pub details: &'a [Detail],
    /// SHA-256 and length of its picture, if it has one.
    pub picture: Option<(&'a str, u64)>,
    /// SHA-256 of `envelope`, in hex.
    pub digest: &'a str,
    /// The exact bytes that were received.
    pub envelope: &'a [u8],
    /// When it was received, in milliseconds since the epoch.
    pub received_at: u64,
}

/// Signs the receipt of a parcel once it is known how far the ledger goes with it.
pub type SignReceipt<'a> = dyn Fn(LedgerHead) -> Vec<u8> + Send + Sync + 'a;

/// What became of a parcel.
#[derive(Debug, PartialEq, Eq)]
pub enum PutOutcome {
    /// It is kept now.
    New {
        /// What is answered.
        receipt: Vec<u8>,
        /// Whether it took the place of another, whose row is gone.
        replaced: bool,
        /// Files, relative to the data folder, that are noted for removal.
        erase: Vec<String>,
    },
    /// It was there already; the receipt of then.
    Before(Vec<u8>),
    /// Another parcel has this id.
    Differs,
    /// This device has delivered another parcel for this revision of the segment.
    SegmentTaken,
    /// This device has delivered another parcel with this place in its journal.
    SequenceTaken,
    /// A higher revision has a lower place in the journal, or the other way round.
    RevisionOrder,
    /// The week is locked since this time, and the parcel would change more than a picture.
    WeekLocked(u64),
    /// The attachment with this SHA-256 is not there, or has another length.
    AttachmentMissing(String),
}

/// A parcel that is here and has the id, the segment or the number of an incoming one.
struct ExistingParcel {
    id: String,
    digest: String,
    receipt: Vec<u8>,
    start: u64,
    revision: u64,
    sequence: u64,
    /// What was decided of that.
    manual_time: String,
    /// The envelope, if it is the revision that counts.
    envelope: Option<Vec<u8>>,
}

impl FromRow<'_, SqliteRow> for ExistingParcel {
    fn from_row(row: &SqliteRow) -> sqlx::Result<Self> {
        Ok(Self {
            id: row.try_get("id")?,
            digest: row.try_get("digest")?,
            receipt: row.try_get("receipt")?,
            start: row.try_get("start")?,
            revision: row.try_get("revision")?,
            sequence: row.try_get("sequence")?,
            manual_time: row.try_get("manual_time")?,
            envelope: row.try_get("envelope")?,
        })
    }
}

impl OfficeStore {
    /// Keeps a parcel together with its receipt, in one synced transaction. Doing it twice is the same as doing it
    /// once.
    ///
    /// # Errors
    /// [`OfficeStoreError::Busy`] if too many are about to be kept, [`OfficeStoreError`] of the database.
    pub async fn keep_parcel(
        &self,
        incoming: &IncomingParcel<'_>,
        sign: &SignReceipt<'_>,
    ) -> Result<PutOutcome, OfficeStoreError> {
        // Whatever another request does, it does before this line or after the next one.
        let mut tx = self.begin_delivery().await?;
        let outcome = Self::put_parcel(&mut tx, incoming, sign).await?;
        // A refusal waits too: it may rest on what others have written and nobody has synced yet.
        tx.commit().await?;
        Ok(outcome)
    }

    async fn put_parcel(
        tx: &mut WriteTurn,
        incoming: &IncomingParcel<'_>,
        sign: &SignReceipt<'_>,
    ) -> Result<PutOutcome, OfficeStoreError> {
        let IncomingParcel { core: parcel, received_at, .. } = incoming;
        let revision = u64::from(parcel.revision);
        let existing_parcels = find_existing_parcels(tx, parcel).await?;
        if let Some(same) = existing_parcels.iter().find(|existing| existing.id == parcel.id) {
            let same_bytes = same.digest == incoming.digest;
            return Ok(if same_bytes {
                PutOutcome::Before(same.receipt.clone())
            } else {
                PutOutcome::Differs
            });
        }
        if existing_parcels
            .iter()
            .any(|existing| existing.start == parcel.start && existing.revision == revision)
        {
            return Ok(PutOutcome::SegmentTaken);
        }
        if existing_parcels.iter().any(|existing| existing.sequence == parcel.sequence) {
            return Ok(PutOutcome::SequenceTaken);
        }
        if existing_parcels
            .iter()
            .any(|existing| (existing.revision < revision) != (existing.sequence < parcel.sequence))
        {
            return Ok(PutOutcome::RevisionOrder);
        }
        let current = match existing_parcels.iter().find_map(|e| Some((e, e.envelope.as_ref()?))) {
            Some((existing, envelope)) => Some((existing, read_core(envelope)?)),
            None => None,
        };
        let current = current.as_ref();
        if current.is_some_and(|(current, _)| current.revision > revision) {
            let receipt = enter_parcel(tx, incoming, sign).await?;
            keep_tombstone(tx, incoming, &receipt).await?;
            let erase = drop_attachments(tx, &parcel.id, *received_at).await?;
            return Ok(PutOutcome::New { receipt, replaced: false, erase });
        }
        let lock = lock_of(parcel.start);
        let week = week_of(parcel.start).0;
        // A week that is frozen stays locked, whatever the clock says by now.
        if *received_at >= lock || is_locked_for_worker(tx, &parcel.contract, week).await? {
            freeze_week(tx, &parcel.contract, week, (*received_at).max(lock)).await?;
            // What was tracked is kept whenever it comes, and not billed; whoever has it sees that it came late.
            let allowed = match current {
                Some((_, before)) => edits::allowed_after_lock(before, parcel),
                None => edits::new_after_lock(parcel),
            };
            if !allowed {
                return Ok(PutOutcome::WeekLocked(lock));
            }
        }
        if let Some(missing) = claim_attachment(tx, incoming).await? {
            return Ok(PutOutcome::AttachmentMissing(missing));
        }
        let manual_time = manual_time_of(incoming, current);
        let erase = match current {
            Some((current, _)) => supersede_parcel(tx, &current.id, *received_at).await?,
            None => Vec::new(),
        };
        let receipt = enter_parcel(tx, incoming, sign).await?;
        insert_parcel(tx, incoming, manual_time, &receipt).await?;
        Ok(PutOutcome::New { receipt, replaced: current.is_some(), erase })
    }
}

/// Writes the parcel's entry into the ledger. Returns the receipt, which says how far that goes with it.
async fn enter_parcel(
    tx: &mut WriteTurn,
    incoming: &IncomingParcel<'_>,
    sign: &SignReceipt<'_>,
) -> Result<Vec<u8>, OfficeStoreError> {
    let core = incoming.core;
    let says = Statement::parcel(core, incoming.digest);
    let author = Author { role: AuthorRole::Device, id: core.device.clone() };
    let head = append_entry(tx, &core.contract, incoming.received_at, author, says).await?;
    Ok(sign(head))
}

async fn find_existing_parcels(
    tx: &mut WriteTurn,
    parcel: &Core,
) -> Result<Vec<ExistingParcel>, OfficeStoreError> {
    Ok(sqlx::query_as(
        "SELECT id, digest, receipt, start, revision, sequence, manual_time, envelope FROM parcels JOIN bodies ON parcel = id
         WHERE id = ?1 OR (contract = ?2 AND device = ?3 AND start = ?4) OR (device = ?3 AND sequence = ?5)
         UNION ALL
         SELECT id, digest, receipt, start, revision, sequence, '', NULL FROM superseded
         WHERE id = ?1 OR (contract = ?2 AND device = ?3 AND start = ?4) OR (device = ?3 AND sequence = ?5)",
    )
    .bind(&parcel.id)
    .bind(&parcel.contract)
    .bind(&parcel.device)
    .bind(to_signed(parcel.start, "the segment's start")?)
    .bind(to_signed(parcel.sequence, "the sequence")?)
    .fetch_all(&mut **tx)
    .await?)
}

/// Notes that the parcel's picture waits no more. Returns its digest if it is not here in its full length.
async fn claim_attachment(
    tx: &mut WriteTurn,
    incoming: &IncomingParcel<'_>,
) -> Result<Option<String>, OfficeStoreError> {
    let Some((sha256, bytes)) = incoming.picture else { return Ok(None) };
    let claimed = sqlx::query(
        "UPDATE attachments SET claimed = 1 WHERE parcel = ? AND sha256 = ? AND device = ? AND bytes = ?",
    )
    .bind(&incoming.core.id)
    .bind(sha256)
    .bind(&incoming.core.device)
    .bind(to_signed(bytes, "the snapshot")?)
    .execute(&mut **tx)
    .await?;
    Ok((claimed.rows_affected() == 0).then(|| sha256.to_owned()))
}

/// Leaves of a parcel nothing but its tombstone. Returns the files that are to go with it.
async fn supersede_parcel(tx: &mut WriteTurn, id: &str, now: u64) -> Result<Vec<String>, OfficeStoreError> {
    sqlx::query(
        "INSERT INTO superseded
         (id, contract, device, start, revision, sequence, digest, receipt, received_at, superseded_at)
         SELECT id, contract, device, start, revision, sequence, digest, receipt, received_at, ? FROM parcels
         JOIN bodies ON parcel = id WHERE id = ?",
    )
    .bind(to_signed(now, "the time")?)
    .bind(id)
    .execute(&mut **tx)
    .await?;
    drop_details(tx, id).await?;
    sqlx::query("DELETE FROM bodies WHERE parcel = ?").bind(id).execute(&mut **tx).await?;
    sqlx::query("DELETE FROM parcels WHERE id = ?").bind(id).execute(&mut **tx).await?;
    drop_attachments(tx, id, now).await
}

/// Keeps of a parcel that comes after its successor what [`supersede_parcel`] would have left of it.
async fn keep_tombstone(
    tx: &mut WriteTurn,
    incoming: &IncomingParcel<'_>,
    receipt: &[u8],
) -> Result<(), OfficeStoreError> {
    let IncomingParcel { core: parcel, digest, received_at, .. } = incoming;
    sqlx::query(
        "INSERT INTO superseded
         (id, contract, device, start, revision, sequence, digest, receipt, received_at, superseded_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?9)",
    )
    .bind(&parcel.id)
    .bind(&parcel.contract)
    .bind(&parcel.device)
    .bind(to_signed(parcel.start, "the segment's start")?)
    .bind(i64::from(parcel.revision))
    .bind(to_signed(parcel.sequence, "the sequence")?)
    .bind(*digest)
    .bind(receipt)
    .bind(to_signed(*received_at, "the time")?)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Returns what a first revision was allowed to type in, if this one says the same, of the same length: a change of the terms
/// in between takes nothing back, and gives nothing.
fn manual_time_of(incoming: &IncomingParcel<'_>, current: Option<&(&ExistingParcel, Core)>) -> &'static str {
    let says_so = |before: &Core| {
        before.manual.is_some()
            && (before.manual, before.length) == (incoming.core.manual, incoming.core.length)
    };
    let decided = current.filter(|(_, before)| says_so(before)).map(|(current, _)| *current);
    let name = |manual: ManualTime| {
        MANUAL_TIMES.iter().find(|(_, known)| *known == manual).map_or("no", |(name, _)| *name)
    };
    let decided =
        decided.and_then(|current| MANUAL_TIMES.iter().find(|(name, _)| *name == current.manual_time));
    decided.map_or_else(|| name(incoming.admission.manual_time), |(name, _)| *name)
}

async fn insert_parcel(
    tx: &mut WriteTurn,
    incoming: &IncomingParcel<'_>,
    manual_time: &str,
    receipt: &[u8],
) -> Result<(), OfficeStoreError> {
    let IncomingParcel { core: parcel, admission, digest, envelope, received_at, .. } = incoming;
    let facts = admission.facts;
    let manual_at = facts.manual.map(|at| to_signed(at, "the time of typing in")).transpose()?;
    // In one call: each goes to the database's thread and back while nobody else writes.
    sqlx::query(concat!(
        "INSERT INTO parcels (id, contract, device, start, length, sequence, chain_head, digest, received_at,
         tracked_bits, active_bits, gap, revision, manual_at, manual_time, removed, picture)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?);",
        "INSERT INTO bodies (parcel, envelope, receipt) VALUES (?, ?, ?);",
        "UPDATE devices SET terms = max(terms, ?) WHERE id = ?",
    ))
    .bind(&parcel.id)
    .bind(&parcel.contract)
    .bind(&parcel.device)
    .bind(to_signed(parcel.start, "the segment's start")?)
    .bind(i64::from(parcel.length.minutes()))
    .bind(to_signed(parcel.sequence, "the sequence")?)
    .bind(&parcel.chain_head)
    .bind(*digest)
    .bind(to_signed(*received_at, "the time")?)
    .bind(to_signed(facts.tracked, "the minutes")?)
    .bind(to_signed(facts.active, "the minutes")?)
    .bind(facts.gap)
    .bind(i64::from(parcel.revision))
    .bind(manual_at)
    .bind(manual_time)
    .bind(facts.removed)
    .bind(incoming.picture.map(|(sha256, _)| sha256))
    .bind(&parcel.id)
    .bind(*envelope)
    .bind(receipt)
    .bind(to_signed(parcel.terms.sequence, "the terms' sequence")?)
    .bind(&parcel.device)
    .execute(&mut **tx)
    .await?;
    insert_details(tx, &parcel.id, incoming.details).await
}
