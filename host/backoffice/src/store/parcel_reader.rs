//! Reads a kept parcel back out of its envelope. The signature was checked when it was taken in.

use std::borrow::Cow;

use candor_diary::parcel::{Core, PARCEL_TYPE, Parcel};
use candor_diary::plain;
use candor_seal::Envelope;

use super::error::OfficeStoreError;
use super::stored_parcel::StoredParcel;

impl StoredParcel {
    /// Reads the parcel out of its envelope and those details that were read with it.
    ///
    /// # Errors
    /// [`OfficeStoreError::Damaged`] if the bytes are not what was taken in.
    pub fn read(&self) -> Result<Parcel, OfficeStoreError> {
        let mut core = read_core(&self.envelope)?;
        core.details.retain(|named| self.details.iter().any(|detail| detail.sha256 == named.sha256));
        Parcel::join(core, |named| {
            let found = self.details.iter().find(|detail| detail.sha256 == named.sha256);
            found.and_then(|detail| detail.body.as_deref()).map(Cow::from)
        })
        .map_err(damaged)
    }

    /// Reads the parcel as a page shows it: everything in its texts is visible.
    ///
    /// # Errors
    /// [`OfficeStoreError::Damaged`] if the bytes are not what was taken in.
    pub fn read_visible(&self) -> Result<Parcel, OfficeStoreError> {
        let parcel = serde_json::to_value(self.read()?).map_err(damaged)?;
        serde_json::from_value(plain::visible_json(parcel)).map_err(damaged)
    }
}

/// Reads a core out of the bytes of its envelope.
///
/// # Errors
/// [`OfficeStoreError::Damaged`] if they are not what was taken in.
pub(super) fn read_core(envelope: &[u8]) -> Result<Core, OfficeStoreError> {
    let envelope = Envelope::from_json(envelope).map_err(damaged)?;
    if envelope.payload_type != PARCEL_TYPE {
        return Err(damaged(format!("its type is {}", envelope.payload_type)));
    }
    serde_json::from_slice(&envelope.payload).map_err(damaged)
}

fn damaged(why: impl std::fmt::Display) -> OfficeStoreError {
    OfficeStoreError::Damaged { what: "a parcel", why: why.to_string() }
}
