//! What of a parcel is handed to the uploader, each piece checked to be as it was written.

use candor_journal::{BlobInfo, DetailInfo, Journal, JournalError, OutboxEntry};

use crate::plugins::hosts::DetailAttachment;

/// What is handed to the uploader.
pub(super) struct LoadedParcel {
    /// The signed envelope.
    pub(super) envelope: Vec<u8>,
    /// Those that were not purged.
    pub(super) details: Vec<DetailAttachment>,
    pub(super) pictures: Vec<BlobInfo>,
}

/// What of a parcel cannot be read on this computer.
pub(super) enum LocalFault {
    /// The signed parcel cannot be read.
    Parcel(JournalError),
    /// A detail that goes with it cannot be read.
    Detail(JournalError),
    /// The picture that goes with it cannot be read.
    Picture(JournalError),
}

/// Loads what is to be sent, and checks that each piece is as it was written.
pub(super) async fn load_parcel(journal: &Journal, entry: &OutboxEntry) -> Result<LoadedParcel, LocalFault> {
    if entry.damaged {
        let why = format!("what goes with parcel {} cannot be read", entry.parcel_id);
        return Err(LocalFault::Parcel(JournalError::Damaged(why)));
    }
    let envelope = journal.envelope(&entry.parcel_id).await.map_err(LocalFault::Parcel)?;
    let mut details = Vec::with_capacity(entry.details.len());
    for DetailInfo { name, .. } in entry.details.iter().filter(|detail| !detail.erased) {
        match journal.detail(&entry.parcel_id, name).await {
            Ok(bytes) => details.push(DetailAttachment { sha256: name.clone(), bytes }),
            // It was purged a moment ago, and the parcel goes without it like without all that were purged.
            Err(JournalError::Erased { .. }) => {}
            Err(error) => return Err(LocalFault::Detail(error)),
        }
    }
    let mut pictures = Vec::with_capacity(entry.attachments.len());
    for blob in &entry.attachments {
        // Read whole: bytes that are not as they were written must not look like a fault of the target's.
        pictures.push(journal.check_blob(blob).await.map_err(LocalFault::Picture)?);
    }
    Ok(LoadedParcel { envelope, details, pictures })
}

#[cfg(test)]
mod tests {
    use candor_journal::{DetailDraft, MasterKey, OutboxDraft, SegmentClose};
    use candor_seal::sha256_hex;

    use super::*;

    #[tokio::test]
    async fn details_are_loaded_in_order_without_those_that_were_purged_and_damage_is_told_apart() {
        let folder = tempfile::tempdir().unwrap();
        let key = MasterKey::from_bytes([7; 32]);
        let open = || Journal::open(folder.path(), &key);
        let journal = open().await.unwrap();
        let detail = |kind: &str, bytes: Vec<u8>| DetailDraft {
            name: sha256_hex(&bytes),
            kind: kind.to_owned(),
            bytes,
        };
        let details = [
            detail("memo", b"{1}".to_vec()),
            detail("focus", b"{2}".to_vec()),
            detail("activity", vec![b'3'; 200_000]),
        ];
        let draft = OutboxDraft {
            parcel_id: "p1".into(),
            envelope: b"signed".to_vec(),
            attachments: Vec::new(),
            details: details.to_vec(),
            target: "t".into(),
            hold_until: 0,
        };
        let close = SegmentClose {
            contract: "c".into(),
            start: 0,
            kind: "segment".into(),
            at: 600_000,
            body: Vec::new(),
            revision: 0,
        };
        let listed = journal.close_segment(close, |_, _| Ok::<_, JournalError>(draft)).await.unwrap();
        journal.purge_detail("p1", &details[1].name).await.unwrap();
        let entry = journal.outbox_entry("p1").await.unwrap();
        // As listed before the purge, too: it may come between.
        for entry in [&entry, &listed] {
            let Ok(loaded) = load_parcel(&journal, entry).await else { panic!("it cannot be loaded") };
            assert_eq!(loaded.envelope, b"signed");
            let sent: Vec<_> =
                loaded.details.iter().map(|d| (d.sha256.as_str(), d.bytes.as_slice())).collect();
            let expected = [&details[0], &details[2]].map(|d| (d.name.as_str(), d.bytes.as_slice()));
            assert_eq!(sent, expected);
        }
        journal.close().await.unwrap();

        // A byte in the middle of the largest detail, which takes the last pages of the database.
        let database = folder.path().join("journal.db");
        let mut bytes = std::fs::read(&database).unwrap();
        let place = bytes.len() - 20 * 4_096 + 2_000;
        bytes[place] ^= 1;
        std::fs::write(&database, bytes).unwrap();
        let journal = open().await.unwrap();
        let fault = load_parcel(&journal, &entry).await.err();
        assert!(matches!(fault, Some(LocalFault::Detail(error)) if error.is_damage()));
    }
}
