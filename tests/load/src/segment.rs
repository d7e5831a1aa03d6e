//! Segments as a tracker delivers them.

use anyhow::Result;
use candor_seal::{Envelope, sha256_hex};
use serde_json::{Value, json};

use crate::office::Device;

/// The length of all segments, in milliseconds.
pub(crate) const LENGTH_MS: u64 = 600_000;

const PARCEL_TYPE: &str = "application/vnd.candor.parcel+json";

/// The id of a parcel.
pub(crate) fn id(device: &str, start: u64) -> String {
    sha256_hex(format!("{device} {start}").as_bytes()).chars().take(32).collect()
}

/// What a parcel says of ten minutes of work; with the digest and length of a picture, or with none.
pub(crate) fn parcel(
    device: &str,
    contract: &str,
    server: &str,
    start: u64,
    sequence: u64,
    picture: Option<(&str, usize)>,
) -> Value {
    let minute = |n: u64| {
        json!({ "start": start + n * 60_000, "tracked-ms": 60_000,
                "counts": { "keys": 100 + n, "clicks": 9, "scrolls": n } })
    };
    let focus = |n: u64| json!({ "at": start + n * 60_000, "app": "Editor", "title": format!("camt.rs ({n}), invoice-import") });
    let mut parcel = json!({
        "id": id(device, start), "contract": contract, "server": server, "terms": 1, "device": device,
        "sequence": sequence, "chain-head": sha256_hex(&sequence.to_be_bytes()), "start": start, "length": 10,
        "minutes": (0..10).map(minute).collect::<Vec<_>>(), "memo": "Invoice import: read CAMT.053 files",
        "focus": (0..5).map(focus).collect::<Vec<_>>(),
        "policy": { "plugin": "rules", "sha256": sha256_hex(b"rules"), "rules": ["Title contains \"secret\": solid block"] }
    });
    if let Some((sha256, bytes)) = picture {
        parcel["snapshot"] = json!({
            "at": start + 252_000, "sha256": sha256, "media-type": "image/webp", "width": 960, "height": 540,
            "bytes": bytes, "monitors": 1
        });
    }
    parcel
}

/// The bytes that a device delivers, signed.
pub(crate) fn signed(
    device: &Device,
    start: u64,
    sequence: u64,
    picture: Option<(&str, usize)>,
) -> Result<Vec<u8>> {
    let parcel = parcel(&device.id, &device.contract, &device.server_key, start, sequence, picture);
    Ok(Envelope::sign(PARCEL_TYPE, serde_json::to_vec(&parcel)?, &device.key).to_json())
}

/// As many bytes as a picture of a screen has at half size, other ones for each seed.
pub(crate) fn picture(seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut bytes = Vec::with_capacity(50_000);
    while bytes.len() < 50_000 {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_be_bytes());
    }
    bytes
}
