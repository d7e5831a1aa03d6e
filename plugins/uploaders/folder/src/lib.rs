//! Writes parcels into a folder that a person can read without Candor:
//!
//! ```text
//! Invoice service/2026-11-23/index.html              the day, to be opened in a browser
//! Invoice service/2026-11-23/09-30/segment.json      the segment, readable
//! Invoice service/2026-11-23/09-30/parcel.dsse.json  the signed parcel, byte for byte
//! Invoice service/2026-11-23/09-30/memo.json         a detail that lies beside the signed parcel, by its kind
//! Invoice service/2026-11-23/09-30/picture.webp      its picture, if there is one
//! ```
//!
//! Days and times are UTC, as segments are. A segment that was changed is written over the one before; a picture or a
//! detail that was removed leaves an empty file, because a folder can only be written to. The page of a day is made anew from what the
//! plugin's store remembers. That is bounded: days beyond it keep their page as it is, and what still comes for them goes
//! into `later.html` beside it.
//!
//! **The proof.** Nobody countersigns for a folder. The receipt's proof only says where everything was put
//! ([`FolderProof`]). Whoever takes it
//! has to read these files back from the folder that was granted and compare: the envelope byte for byte, each attachment
//! by its SHA-256.

mod details;
mod document;
mod names;
mod page;
mod rows;
mod wait;

use candor_diary::limits::DETAIL_BYTES;
use candor_diary::parcel::DETAIL_TYPE;
use candor_diary::wire::{FolderFile, FolderProof};
use candor_sdk::folder::{self, FolderError};
use candor_sdk::{Attachment, DeliveryFailure, Parcel, Part, Receipt, SettingError, Uploader, log};
use serde::Deserialize;

use document::ReadParcel;
use rows::{DayPage, SegmentRow};
use wait::{RETRY, RETRY_FULL};

/// What can be set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct FolderSettings {
    /// What the contract's folder is called, such as `Invoice service`; the contract's id if it is not given.
    pub title: Option<String>,
}

/// Writes into the granted folder.
#[derive(Debug)]
pub struct Folder {
    title: Option<String>,
}

impl Uploader for Folder {
    type Settings = FolderSettings;

    fn configure(settings: FolderSettings) -> Result<Self, Vec<SettingError>> {
        match settings.title.as_deref().map(names::safe) {
            Some(None) => Err(vec![SettingError::new(
                "/title",
                "Give the folder a name with a letter or a digit in it, such as `Invoice service`, or leave it out.",
            )]),
            title => Ok(Self { title: title.flatten() }),
        }
    }

    fn deliver(&mut self, parcel: &Parcel, attachments: Vec<Attachment>) -> Result<Receipt, DeliveryFailure> {
        let contract = names::safe(&parcel.contract).unwrap_or_else(|| "contract".to_owned());
        let top = self.title.as_ref().unwrap_or(&contract);
        let start = parcel.segment_start.as_millis();
        let (date, time) = (names::date(start), names::time(start));
        let segment = format!("{top}/{date}/{time}");

        // What cannot be read is kept all the same, byte for byte: a later version of Candor may.
        let (details, pictures): (Vec<_>, Vec<_>) =
            attachments.iter().partition(|attachment| attachment.media_type() == DETAIL_TYPE);
        let document = ReadParcel::read(&parcel.envelope, |named| {
            let detail = details.iter().find(|detail| detail.sha256() == named.sha256)?;
            detail.read(0, DETAIL_BYTES as u32).ok()
        });
        let revision = document.as_ref().map_or(0, |document| document.parcel.revision);
        let mut day = DayPage::load(&contract, &date)?;
        let before = day.row(start);
        if before.is_some_and(|row| row.revision > revision) {
            // What a worker removed must not come back by an older parcel that was late.
            return Err(DeliveryFailure::Rejected("superseded".to_owned()));
        }

        let mut put = Vec::with_capacity(attachments.len());
        for (at, picture) in pictures.iter().enumerate() {
            let name = format!("{segment}/{}", names::picture(at, &picture.media_type()));
            write(&name, &[(*picture).into()])?;
            put.push(FolderFile { sha256: picture.sha256(), name });
        }
        let picture = put.first().map(|put| format!("{time}/{}", page::file_name(put)));
        let had_picture = before.is_some_and(|row| row.picture.is_some()) || revision > 0;
        if pictures.is_empty() && had_picture {
            // It was there before, or may have been: its bytes go.
            write(&format!("{segment}/{}", names::picture(0, "image/webp")), &[])?;
        }
        let digests: Vec<String> = details.iter().map(|detail| detail.sha256()).collect();
        let detail_names = details::names(&parcel.envelope, &digests);
        for ((detail, sha256), name) in details.iter().zip(digests).zip(&detail_names) {
            let name = format!("{segment}/{name}.json");
            write(&name, &[(*detail).into()])?;
            put.push(FolderFile { sha256, name });
        }
        let written_before = before.map(|row| row.details.as_slice());
        for gone in details::gone(&detail_names, written_before, revision) {
            write(&format!("{segment}/{gone}.json"), &[])?;
        }
        let envelope = format!("{segment}/parcel.dsse.json");
        write(&envelope, &[parcel.envelope.as_slice().into()])?;
        if let Some(readable) = document.as_ref().map(|document| document.readable.as_slice()) {
            write(&format!("{segment}/segment.json"), &[readable.into()])?;
        }

        let length = u64::try_from(parcel.segment_length.as_millis()).unwrap_or(0);
        let row = match &document {
            Some(document) => SegmentRow::of(&document.parcel, picture),
            None => SegmentRow::unread(start, length, picture),
        };
        day.set(SegmentRow { details: detail_names, ..row });
        day.keep()?;
        let name = format!("{top}/{date}/{}", day.page());
        write(&name, &[page::render(top, &date, &day).as_bytes().into()])?;

        let proof = FolderProof {
            kind: FolderProof::KIND.to_owned(),
            parcel: parcel.id.clone(),
            envelope,
            attachments: put,
        };
        match serde_json::to_vec(&proof) {
            Ok(proof) => Ok(Receipt { proof }),
            Err(error) => {
                Err(DeliveryFailure::later(RETRY, format!("the proof could not be written: {error}")))
            }
        }
    }
}

/// Writes one file. Nothing that can go wrong is the parcel's fault: it waits.
fn write(name: &str, body: &[Part<'_>]) -> Result<(), DeliveryFailure> {
    folder::put(name, body).map_err(|error| {
        let full = matches!(error, FolderError::Full | FolderError::OverQuota(_));
        let reason = format!("{name} was not written: {error}");
        log::warn(&reason);
        DeliveryFailure::later(if full { RETRY_FULL } else { RETRY }, reason)
    })
}

candor_sdk::uploader!(Folder);
