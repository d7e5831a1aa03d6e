//! Answers requests about the agent itself, and about one's own data as a whole.

use std::collections::BTreeMap;
use std::sync::Arc;

use candor_journal::{DamagedDetail, JournalError, RecordFilter};
use candor_protocol::{
    BadDetail, BadPicture, BadRecord, Check, ExportData, Exported, GetPlugins, Handle, Plugin, QuitAgent,
    RequestError, RunDoctor, Verified, VerifiedLedger, VerifyJournal, VerifyLedger,
};

use crate::control::dispatch::Connection;
use crate::control::{doctor, export, ledger_check};
use crate::segments::cut::Cut;
use crate::segments::record::Record;

impl Handle<GetPlugins> for Connection<'_> {
    async fn handle(&self, GetPlugins: GetPlugins) -> Result<Vec<Plugin>, RequestError> {
        Ok(self.sessions().pipeline().await?.plugins.clone())
    }
}

impl Handle<RunDoctor> for Connection<'_> {
    async fn handle(&self, RunDoctor: RunDoctor) -> Result<Vec<Check>, RequestError> {
        Ok(doctor::check_all(self.sessions()).await)
    }
}

impl Handle<ExportData> for Connection<'_> {
    async fn handle(&self, ExportData { to }: ExportData) -> Result<Exported, RequestError> {
        export::export(self.sessions(), &to).await.map_err(RequestError::refused)
    }
}

impl Handle<VerifyJournal> for Connection<'_> {
    async fn handle(&self, VerifyJournal: VerifyJournal) -> Result<Verified, RequestError> {
        let journal = &self.context().journal;
        let found = journal.verify().await.map_err(RequestError::refused)?;
        let mut bad_pictures = Vec::new();
        if !found.blobs.bad.is_empty() {
            let places = self.places_of_pictures().await.map_err(RequestError::refused)?;
            for bad in found.blobs.bad {
                let segment_start = places.get(&bad.id).copied();
                bad_pictures.push(BadPicture { picture: bad.id, segment_start, reason: bad.reason });
            }
        }
        let mut bad_details = Vec::with_capacity(found.details.bad.len());
        for DamagedDetail { parcel, name, reason } in found.details.bad {
            let segment_start = match journal.outbox_entry(&parcel).await {
                Ok(entry) => Some(entry.segment_start),
                Err(JournalError::NotFound { .. }) => None,
                Err(error) => return Err(RequestError::refused(error)),
            };
            bad_details.push(BadDetail { sha256: name, segment_start, reason });
        }
        let mut bad_parcels = Vec::new();
        for parcel in &found.bad_parcels {
            bad_parcels
                .push(journal.outbox_entry(parcel).await.map_err(RequestError::refused)?.segment_start);
        }
        Ok(Verified {
            records: found.records,
            equal: found.equal,
            sealed: found.sealed,
            first_bad: found
                .first_bad
                .map(|bad| BadRecord { sequence: bad.sequence, reason: bad.reason.to_owned() }),
            pictures: found.blobs.blobs,
            bad_pictures,
            bad_details,
            bad_parcels,
        })
    }
}

impl Handle<VerifyLedger> for Connection<'_> {
    async fn handle(&self, VerifyLedger { file }: VerifyLedger) -> Result<VerifiedLedger, RequestError> {
        ledger_check::check(self.sessions(), &file).await.map_err(RequestError::refused)
    }
}

impl Handle<QuitAgent> for Connection<'_> {
    async fn handle(&self, QuitAgent: QuitAgent) -> Result<(), RequestError> {
        self.quit();
        Ok(())
    }
}

impl Connection<'_> {
    /// Returns the starts of the segments that pictures belong to, by the journal's name for the picture.
    async fn places_of_pictures(&self) -> Result<BTreeMap<String, u64>, JournalError> {
        let cuts: BTreeMap<String, Arc<Cut>> = self
            .sessions()
            .all()
            .await
            .iter()
            .map(|s| (s.shared.session_name.clone(), s.shared.cut.clone()))
            .collect();
        let mut places = BTreeMap::new();
        let mut after_sequence = None;
        loop {
            let filter =
                RecordFilter { kinds: vec!["snapshot".into()], after_sequence, ..RecordFilter::default() };
            let page = self.context().journal.read(filter).await?;
            let Some(last) = page.last() else { return Ok(places) };
            after_sequence = Some(last.sequence);
            for record in &page {
                let body = record.body.as_ref().and_then(|body| serde_json::from_slice(body).ok());
                let cut = record.contract.as_ref().and_then(|contract| cuts.get(contract));
                if let (Some(Record::Snapshot { blob, .. }), Some(cut)) = (body, cut) {
                    places.insert(blob, cut.start_of(record.at));
                }
            }
        }
    }
}
