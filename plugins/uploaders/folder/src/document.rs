//! The parcel inside its envelope.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use candor_diary::parcel::{PARCEL_TYPE, Parcel};
use serde::Deserialize;

/// A parcel that was understood.
pub(crate) struct ReadParcel {
    pub(crate) parcel: Parcel,
    /// The whole of it as JSON with line breaks, whatever this version knows of it.
    pub(crate) readable: Vec<u8>,
}

/// A DSSE envelope, as far as it matters here. Signatures are checked by whoever trusts somebody; a folder trusts nobody.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct EnvelopeFields {
    payload: String,
    payload_type: String,
}

impl ReadParcel {
    /// Reads it; `None` if it is of another kind or version.
    pub(crate) fn read(envelope: &[u8]) -> Option<Self> {
        let envelope: EnvelopeFields = serde_json::from_slice(envelope).ok()?;
        if envelope.payload_type != PARCEL_TYPE {
            return None;
        }
        let payload = STANDARD.decode(envelope.payload).ok()?;
        let whole: serde_json::Value = serde_json::from_slice(&payload).ok()?;
        let mut readable = serde_json::to_vec_pretty(&whole).ok()?;
        readable.push(b'\n');
        Some(Self { parcel: serde_json::from_value(whole).ok()?, readable })
    }
}
