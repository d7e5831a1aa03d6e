//! The parcel inside its envelope.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use candor_diary::parcel::{Core, DetailRef, PARCEL_TYPE, Parcel};
use serde::Deserialize;

/// A parcel that was understood.
pub(crate) struct ReadParcel {
    pub(crate) parcel: Parcel,
    /// The whole of it as JSON with line breaks.
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
    /// Reads it with its details, of which `bytes` returns those that travel with it; `None` if it is of another kind or
    /// version.
    pub(crate) fn read(
        envelope: &[u8],
        mut bytes: impl FnMut(&DetailRef) -> Option<Vec<u8>>,
    ) -> Option<Self> {
        let envelope: EnvelopeFields = serde_json::from_slice(envelope).ok()?;
        if envelope.payload_type != PARCEL_TYPE {
            return None;
        }
        let payload = STANDARD.decode(envelope.payload).ok()?;
        let core: Core = serde_json::from_slice(&payload).ok()?;
        let parcel = Parcel::join(core, |named| bytes(named).map(std::borrow::Cow::from)).ok()?;
        let mut readable = serde_json::to_vec_pretty(&parcel).ok()?;
        readable.push(b'\n');
        Some(Self { parcel, readable })
    }
}
