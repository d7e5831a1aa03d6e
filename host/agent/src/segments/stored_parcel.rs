//! Reads a parcel back out of the journal: what was signed, and what is left of its details.

use candor_diary::parcel::{Core, Detail, Parcel};
use candor_journal::{Journal, JournalError};
use candor_seal::Envelope;

/// A parcel as the journal has it.
#[derive(Debug)]
pub struct StoredParcel {
    /// The parcel, without what was erased of it.
    pub parcel: Parcel,
    /// Its details that are still there, byte for byte.
    pub details: Vec<Detail>,
}

/// Reads a parcel; its signature is not looked at. A detail that was erased or cannot be read any more is left out, as
/// [`Parcel::erased`] tells.
///
/// # Errors
/// [`JournalError`] if its envelope is gone or damaged, or if the journal could not be read.
pub async fn load_parcel(journal: &Journal, id: &str) -> Result<StoredParcel, JournalError> {
    let envelope = journal.envelope(id).await?;
    let core =
        parse_core(&envelope).ok_or_else(|| JournalError::Damaged(format!("parcel {id} cannot be read")))?;
    let mut details = Vec::with_capacity(core.details.len());
    for named in &core.details {
        match journal.detail(id, &named.sha256).await {
            Ok(bytes) => details.push(Detail { named: named.clone(), bytes }),
            Err(JournalError::Erased { .. } | JournalError::NotFound { .. }) => {}
            Err(error) if error.is_damage() => {}
            Err(error) => return Err(error),
        }
    }
    let parcel = Parcel::join(core, |named| {
        let found = details.iter().find(|detail| detail.named == *named);
        found.map(|detail| std::borrow::Cow::from(detail.bytes.as_slice()))
    })
    .map_err(|bad| JournalError::Damaged(format!("parcel {id}: {bad}")))?;
    Ok(StoredParcel { parcel, details })
}

/// Returns the core in a signed envelope; its signature is not looked at.
#[must_use]
pub fn parse_core(envelope: &[u8]) -> Option<Core> {
    serde_json::from_slice(&Envelope::from_json(envelope).ok()?.payload).ok()
}
