//! Closing segments: the record, and the parcel made of it, in one synced transaction.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use candor_diary::plain_id::PlainId;
use candor_seal::sha256_hex;

use crate::crypt::ItemSecret;
use crate::database::SqlStatement;
use crate::error::sqlite_integer;
use crate::journal::run_to_end;
use crate::outbox::{
    DetailsOf, OutboxDraft, OutboxEntry, envelope_context, erase_details_of, find_entry, secret_context,
};
use crate::writer::{NewRecord, check_name, destroy_secret, insert_secret};
use crate::{Hash, Journal, JournalError};

/// The longest envelope that both sides accept, bytes.
const MAX_ENVELOPE_BYTES: usize = candor_diary::limits::ENVELOPE_BYTES;

/// The most attachments of a parcel.
const MAX_ATTACHMENTS: usize = 64;

/// The longest detail that both sides accept, bytes.
const MAX_DETAIL_BYTES: usize = candor_diary::limits::DETAIL_BYTES;

/// The most details of a parcel that both sides accept.
const MAX_DETAILS: usize = candor_diary::limits::DETAILS;

/// A segment that ends, and its closing record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SegmentClose {
    /// The contract whose segment it is.
    pub contract: String,
    /// The segment's first millisecond since the Unix epoch.
    pub start: u64,
    /// The closing record's kind.
    pub kind: String,
    /// The closing record's time, ms since the Unix epoch.
    pub at: u64,
    /// The closing record's body.
    pub body: Vec<u8>,
    /// 0 closes an open segment. One more than the latest revision replaces it: the envelopes and details of all earlier
    /// revisions are destroyed, and those not yet delivered never are.
    pub revision: u32,
}

impl Journal {
    /// Closes a segment: appends its closing record, has `make` make the parcel (from the record's sequence and the
    /// chain's head after it), and puts that into the outbox. All or nothing, and on the disk when this returns.
    ///
    /// Nothing else is written while `make` runs: it must not call the journal, nor take long.
    ///
    /// # Errors
    /// [`JournalError::SegmentClosed`] if that contract's segment was closed before, or its latest revision is not the
    /// one before this; [`JournalError::Draft`] if `make` failed; [`JournalError::ParcelExists`];
    /// [`JournalError::NotFound`] or [`JournalError::Erased`] for an attachment; [`JournalError::DiskFull`];
    /// [`JournalError::Unusable`]; [`JournalError::Closed`]; and errors of the database. After an error the segment is
    /// still open.
    pub async fn close_segment<E>(
        &self,
        close: SegmentClose,
        make: impl FnOnce(u64, &Hash) -> Result<OutboxDraft, E> + Send,
    ) -> Result<OutboxEntry, JournalError>
    where
        E: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let start = sqlite_integer("the segment's start", close.start)?;
        let mut writer = self.lock_writer().await?;
        let contract = close.contract.clone();
        let (mut writer, latest) = run_to_end(async move {
            let find = "SELECT max(revision) FROM outbox WHERE contract = ? AND segment_start = ?";
            let (latest,): (Option<i64>,) =
                writer.database.one(find, [contract.as_str().into(), start.into()]).await?;
            Ok((writer, latest))
        })
        .await?;
        if latest != close.revision.checked_sub(1).map(i64::from) {
            return Err(JournalError::SegmentClosed { contract: close.contract, start: close.start });
        }
        let keys = Arc::clone(&self.shared.keys);
        let new =
            NewRecord { kind: &close.kind, contract: Some(&close.contract), at: close.at, body: &close.body };
        let record = writer.chain_record(&keys, &new)?;
        let draft = make(record.sequence, &record.head).map_err(|error| JournalError::Draft(error.into()))?;
        check_draft(&draft)?;

        let secret = ItemSecret::new()?;
        let secret_id = writer.next_secret_id();
        let wrapped = secret.wrap(&keys, &secret_context(&draft.parcel_id))?;
        let envelope = secret.seal(&envelope_context(&draft.parcel_id), &draft.envelope)?;
        let state = if draft.hold_until > close.at { "held" } else { "waiting" };
        let mut statements = record.statements;
        statements.push(insert_secret(secret_id, wrapped));
        statements.push(SqlStatement::new(
            "INSERT INTO outbox (parcel, contract, segment_start, revision, sequence, target, state, hold_until,
                                 attempts, next_try_at, attachments, detail_count, secret, envelope)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0, 0, ?, ?, ?, ?)",
            [
                draft.parcel_id.as_str().into(),
                close.contract.as_str().into(),
                start.into(),
                i64::from(close.revision).into(),
                sqlite_integer("the sequence", record.sequence)?.into(),
                draft.target.as_str().into(),
                state.into(),
                sqlite_integer("the hold", draft.hold_until)?.into(),
                serde_json::json!(draft.attachments).to_string().as_str().into(),
                sqlite_integer("the details", draft.details.len() as u64)?.into(),
                secret_id.into(),
                envelope.into(),
            ],
        ));
        for (place, detail) in (0_i64..).zip(&draft.details) {
            statements.extend(detail.insert(writer.next_secret_id(), &keys, &draft.parcel_id, place)?);
        }
        run_to_end(async move {
            for id in &draft.attachments {
                crate::blobs::require_blob(&mut writer.database, id).await?;
            }
            let find = "SELECT 1 FROM outbox WHERE parcel = ?";
            if writer.database.exists(find, [draft.parcel_id.as_str().into()]).await? {
                return Err(JournalError::ParcelExists(draft.parcel_id));
            }
            if close.revision > 0 {
                let earlier = "SELECT secret FROM outbox
                               WHERE contract = ? AND segment_start = ? AND envelope IS NOT NULL";
                let which = || [close.contract.as_str().into(), start.into()];
                let earlier: Vec<(i64,)> = writer.database.rows(earlier, which()).await?;
                statements.extend(earlier.into_iter().map(|(secret,)| destroy_secret(secret)));
                let of = DetailsOf::Segment(&close.contract, start);
                statements.extend(erase_details_of(&mut writer.database, of).await?);
                // Before the new one is there: these touch every row of the segment.
                let forget = "UPDATE outbox SET envelope = NULL WHERE contract = ? AND segment_start = ?";
                let replace = "UPDATE outbox SET state = 'replaced'
                               WHERE contract = ? AND segment_start = ? AND state <> 'delivered'";
                statements
                    .splice(0..0, [SqlStatement::new(forget, which()), SqlStatement::new(replace, which())]);
            }
            writer.database.write_synced(statements).await?;
            writer.advance_chain(record.sequence, record.head);
            if close.revision > 0 {
                writer.database.empty_log_of_erased().await?;
            }
            find_entry(&mut writer.database, &keys, &draft.parcel_id).await
        })
        .await
    }

    /// Returns the starts of a contract's closed segments that start at `from` or later and before `to`, in order.
    ///
    /// # Errors
    /// [`JournalError::Closed`] and errors of the database.
    pub async fn closed_segments(
        &self,
        contract: &str,
        from: u64,
        to: u64,
    ) -> Result<Vec<u64>, JournalError> {
        let mut writer = self.lock_writer().await?;
        let values = [
            contract.into(),
            sqlite_integer("the time", from)?.into(),
            sqlite_integer("the time", to)?.into(),
        ];
        run_to_end(async move {
            let sql = "SELECT DISTINCT segment_start FROM outbox
                       WHERE contract = ? AND segment_start >= ? AND segment_start < ? ORDER BY segment_start";
            let starts = writer.database.rows(sql, values).await?;
            Ok(starts.into_iter().map(|(start,)| start).collect())
        })
        .await
    }

    /// Returns the starts, in order, of a contract's segments of `length_ms` that are not closed, or were changed after
    /// they were closed: they hold a record from `span`, of one of these kinds and not erased, that is newer than every
    /// parcel of the segment.
    ///
    /// # Errors
    /// [`JournalError::Unusable`] for a length of 0, [`JournalError::Closed`], and errors of the database.
    pub async fn unfinished_segments(
        &self,
        contract: &str,
        length_ms: u64,
        span: Range<u64>,
        kinds: &[&str],
    ) -> Result<Vec<u64>, JournalError> {
        if length_ms == 0 {
            return Err(JournalError::Unusable { what: "the segment's length", reason: "it is 0" });
        }
        let mut writer = self.lock_writer().await?;
        let values = [
            contract.into(),
            sqlite_integer("the segment's length", length_ms)?.into(),
            sqlite_integer("the time", span.start)?.into(),
            sqlite_integer("the time", span.end.min(i64::MAX.unsigned_abs()))?.into(),
            serde_json::json!(kinds).to_string().as_str().into(),
        ];
        run_to_end(async move {
            let sql = "SELECT DISTINCT r.at - r.at % ?2 AS start FROM record AS r
                       WHERE r.contract = ?1 AND r.at >= ?3 AND r.at < ?4 AND r.erased_by IS NULL
                       AND r.kind IN (SELECT value FROM json_each(?5))
                       AND NOT EXISTS (SELECT 1 FROM outbox AS o WHERE o.contract = r.contract
                                       AND o.segment_start = r.at - r.at % ?2 AND o.sequence > r.sequence)
                       ORDER BY start";
            let starts = writer.database.rows(sql, values).await?;
            Ok(starts.into_iter().map(|(start,)| start).collect())
        })
        .await
    }

    /// Whether a contract's segment from `start` to `end` holds a record of one of these kinds that is newer than
    /// its latest parcel.
    ///
    /// # Errors
    /// [`JournalError::Unusable`], [`JournalError::Closed`] and errors of the database.
    pub async fn holds_newer(
        &self,
        contract: &str,
        start: u64,
        end: u64,
        kinds: &[&str],
    ) -> Result<bool, JournalError> {
        let mut writer = self.lock_writer().await?;
        let values = [
            contract.into(),
            sqlite_integer("the segment's start", start)?.into(),
            sqlite_integer("the segment's end", end)?.into(),
            serde_json::json!(kinds).to_string().as_str().into(),
        ];
        run_to_end(async move {
            let sql = "SELECT 1 FROM record AS r
                       WHERE r.contract = ?1 AND r.at >= ?2 AND r.at < ?3 AND r.erased_by IS NULL
                       AND r.kind IN (SELECT value FROM json_each(?4))
                       AND NOT EXISTS (SELECT 1 FROM outbox AS o WHERE o.contract = r.contract
                                       AND o.segment_start = ?2 AND o.sequence > r.sequence)
                       LIMIT 1";
            writer.database.exists(sql, values).await
        })
        .await
    }

    /// Returns the latest time of a record of a contract, ms since the Unix epoch.
    ///
    /// # Errors
    /// [`JournalError::Closed`] and errors of the database.
    pub async fn latest_at(&self, contract: &str) -> Result<Option<u64>, JournalError> {
        let mut writer = self.lock_writer().await?;
        let values = [contract.into()];
        run_to_end(async move {
            let sql = "SELECT at FROM record WHERE contract = ? ORDER BY at DESC LIMIT 1";
            Ok(writer.database.maybe(sql, values).await?.map(|(at,)| at))
        })
        .await
    }

    /// Returns the start of a contract's latest closed segment.
    ///
    /// # Errors
    /// [`JournalError::Closed`] and errors of the database.
    pub async fn last_closed(&self, contract: &str) -> Result<Option<u64>, JournalError> {
        let mut writer = self.lock_writer().await?;
        let values = [contract.into()];
        run_to_end(async move {
            let sql = "SELECT max(segment_start) FROM outbox WHERE contract = ?";
            let (latest,) = writer.database.one(sql, values).await?;
            Ok(latest)
        })
        .await
    }
}

fn check_draft(draft: &OutboxDraft) -> Result<(), JournalError> {
    check_name("the parcel's id", &draft.parcel_id, 64)?;
    check_name("the target", &draft.target, 1_024)?;
    if draft.envelope.len() > MAX_ENVELOPE_BYTES {
        return Err(JournalError::Unusable { what: "the envelope", reason: "longer than 1 MiB" });
    }
    if draft.attachments.len() > MAX_ATTACHMENTS {
        return Err(JournalError::Unusable { what: "the attachments", reason: "more than 64" });
    }
    if draft.details.len() > MAX_DETAILS {
        return Err(JournalError::Unusable { what: "the details", reason: "more than 64" });
    }
    let mut names = BTreeSet::new();
    for detail in &draft.details {
        if !PlainId::is_plain(&detail.kind) {
            return Err(JournalError::Unusable {
                what: "a detail's kind",
                reason: "not 1 to 64 of a-z, 0-9 and -",
            });
        }
        if detail.bytes.len() > MAX_DETAIL_BYTES {
            return Err(JournalError::Unusable { what: "a detail", reason: "longer than 1 MiB" });
        }
        if detail.name != sha256_hex(&detail.bytes) {
            return Err(JournalError::Unusable { what: "a detail's name", reason: "not its SHA-256" });
        }
        if !names.insert(detail.name.as_str()) {
            return Err(JournalError::Unusable { what: "a detail", reason: "in the parcel twice" });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::DetailDraft;

    #[test]
    fn a_draft_out_of_bounds_is_refused() {
        let good = OutboxDraft {
            parcel_id: "p".to_owned(),
            envelope: vec![1],
            attachments: Vec::new(),
            details: Vec::new(),
            target: "t".to_owned(),
            hold_until: 0,
        };
        assert!(check_draft(&good).is_ok());
        assert!(check_draft(&OutboxDraft { parcel_id: String::new(), ..good.clone() }).is_err());
        assert!(check_draft(&OutboxDraft { target: "a\nb".to_owned(), ..good.clone() }).is_err());
        assert!(check_draft(&OutboxDraft { attachments: vec![String::new(); 65], ..good.clone() }).is_err());
        let envelope = vec![0; MAX_ENVELOPE_BYTES + 1];
        assert!(check_draft(&OutboxDraft { envelope, ..good.clone() }).is_err());
        let with = |details: &[&DetailDraft]| {
            let details = details.iter().map(|detail| (*detail).clone()).collect();
            check_draft(&OutboxDraft { details, ..good.clone() })
        };
        let detail = |kind: &str, bytes: Vec<u8>| DetailDraft {
            name: sha256_hex(&bytes),
            kind: kind.to_owned(),
            bytes,
        };
        let largest = detail("minutes", vec![b'1'; MAX_DETAIL_BYTES]);
        let other = detail("minutes", b"2".to_vec());
        assert!(with(&[&largest, &other]).is_ok());
        let misnamed = DetailDraft { name: largest.name.clone(), ..other.clone() };
        let shouted = DetailDraft { name: other.name.to_uppercase(), ..other.clone() };
        for bad in [
            &misnamed,
            &shouted,
            &detail("minutes", vec![b'1'; MAX_DETAIL_BYTES + 1]),
            &detail("", b"3".to_vec()),
            &detail("Focus", b"3".to_vec()),
            &detail(&"a".repeat(65), b"3".to_vec()),
        ] {
            assert!(with(&[bad]).is_err(), "{} {}", bad.kind, bad.name);
        }
        assert!(with(&[&other, &other]).is_err(), "twice");
        let many: Vec<DetailDraft> = (0..65_u8).map(|n| detail("minutes", vec![n])).collect();
        assert!(with(&many.iter().take(64).collect::<Vec<_>>()).is_ok());
        assert!(with(&many.iter().collect::<Vec<_>>()).is_err());
    }
}
