//! The page of a parcel.

use candor_protocol::ParcelBytes;

/// The exact bytes of a parcel.
#[derive(Debug, Default)]
pub(crate) struct ParcelPage {
    /// The parcel's id, and its bytes.
    parcel: Option<(String, ParcelBytes)>,
}

impl ParcelPage {
    /// Returns the bytes of a parcel, once they are read.
    pub(crate) fn bytes_of(&self, id: &str) -> Option<&ParcelBytes> {
        self.parcel.as_ref().filter(|(of, _)| of == id).map(|(_, bytes)| bytes)
    }

    /// Takes the bytes of a parcel.
    pub(crate) fn set_bytes(&mut self, id: String, bytes: ParcelBytes) {
        self.parcel = Some((id, bytes));
    }
}
