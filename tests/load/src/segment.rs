//! Segments as a tracker delivers them.

use std::sync::OnceLock;

use anyhow::{Context as _, Result};
use candor_diary::parcel::{
    Activity, Core, Counts, Detail, Focus, MinuteFacts, NoSnapshot, PARCEL_TYPE, Parcel, Policy, Snapshot,
    TermsRef,
};
use candor_diary::segment::{MINUTE_MS, SegmentLength};
use candor_seal::{Envelope, SecretKey, sha256_hex};

use crate::office::{Device, LABEL};

/// The length of all segments, in milliseconds.
pub(crate) const LENGTH_MS: u64 = 600_000;

/// Width and height of all pictures, in pixels: those of a screen at half size.
const PICTURE: (u32, u32) = (960, 540);

/// The id of a parcel.
pub(crate) fn id(device: &str, start: u64) -> String {
    sha256_hex(format!("{device} {start}").as_bytes()).chars().take(32).collect()
}

/// For whom and by whom a segment is recorded.
pub(crate) struct Recorder<'a> {
    /// The device's id.
    pub(crate) device: &'a str,
    /// The contract's id.
    pub(crate) contract: &'a str,
    /// The back office's public key in hex.
    pub(crate) server: &'a str,
    /// The terms in force.
    pub(crate) terms: &'a TermsRef,
}

/// What a parcel says of ten minutes of work; with the digest and length of a picture, or with none. Each detail has a
/// salt of its own, as the tracker draws it.
pub(crate) fn parcel(
    recorder: &Recorder<'_>,
    start: u64,
    sequence: u64,
    picture: Option<(&str, usize)>,
) -> Result<(Core, Vec<Detail>)> {
    let minute = |n: u32| {
        let counts = Counts { keys: 100 + n, clicks: 9, scrolls: n };
        MinuteFacts::new(start + u64::from(n) * MINUTE_MS, 60_000, Some(counts))
    };
    let focus = |n: u64| Focus {
        at: start + n * MINUTE_MS,
        app: Some("Editor".to_owned()),
        title: Some(format!("camt.rs ({n}), invoice-import")),
        url: None,
        hidden_by: Vec::new(),
    };
    let snapshot = |(sha256, bytes): (&str, usize)| Snapshot {
        at: start + 252_000,
        sha256: sha256.to_owned(),
        media_type: "image/webp".to_owned(),
        width: PICTURE.0,
        height: PICTURE.1,
        bytes: bytes as u64,
        monitors: 1,
        redactions: Vec::new(),
        focus: None,
    };
    let parcel = Parcel {
        id: id(recorder.device, start),
        contract: recorder.contract.to_owned(),
        server: recorder.server.to_owned(),
        terms: recorder.terms.clone(),
        device: recorder.device.to_owned(),
        sequence,
        chain_head: sha256_hex(&sequence.to_be_bytes()),
        start,
        length: SegmentLength::default(),
        revision: 0,
        changed: Vec::new(),
        removed: None,
        manual: None,
        activity: Activity::Counted,
        minutes: (0..10).map(minute).collect(),
        erased_totals: None,
        memo: Some("Invoice import: read CAMT.053 files".to_owned()),
        label: Some(LABEL.to_owned()),
        focus: (0..5).map(focus).collect(),
        snapshot: picture.map(snapshot),
        no_snapshot: picture.is_none().then_some(NoSnapshot::Unsettled),
        no_sign: false,
        gaps: Vec::new(),
        custom: Vec::new(),
        dropped: Vec::new(),
        policy: Policy {
            plugin: "rules".to_owned(),
            sha256: sha256_hex(b"rules"),
            rules: vec!["Title contains \"secret\": solid block".to_owned()],
        },
        erased: Vec::new(),
    };
    parcel.split(&[], salt)
}

/// Draws a salt.
pub(crate) fn salt() -> Result<[u8; 32]> {
    let mut salt = [0; 32];
    getrandom::fill(&mut salt).context("the system gives no randomness")?;
    Ok(salt)
}

/// The exact bytes of a core that a device signed.
pub(crate) fn signed(core: &Core, key: &SecretKey) -> Result<Vec<u8>> {
    Ok(Envelope::sign(PARCEL_TYPE, serde_json::to_vec(core)?, key).to_json())
}

/// The body that a device delivers.
pub(crate) fn body(
    device: &Device,
    start: u64,
    sequence: u64,
    picture: Option<(&str, usize)>,
) -> Result<Vec<u8>> {
    let recorder = Recorder {
        device: &device.id,
        contract: &device.contract,
        server: &device.server_key,
        terms: &device.terms,
    };
    let (core, details) = parcel(&recorder, start, sequence, picture)?;
    let details: Vec<&[u8]> = details.iter().map(|detail| detail.bytes.as_slice()).collect();
    let envelope = signed(&core, &device.key)?;
    Ok([b"{\"envelope\":", envelope.as_slice(), b",\"details\":[", &details.join(&b","[..]), b"]}"].concat())
}

/// A real picture of a screen full of text, other bytes for each seed.
pub(crate) fn picture(seed: u64) -> Vec<u8> {
    /// The flag of an extended WebP file that has metadata.
    const METADATA: u8 = 0b1000;
    static DRAWN: OnceLock<Vec<u8>> = OnceLock::new();
    // Encoding one takes longer than taking one in, so all have the same pixels and differ in their metadata.
    let drawn = DRAWN.get_or_init(draw);
    let size = |length: u32| (length - 1).to_le_bytes();
    let ([w0, w1, w2, _], [h0, h1, h2, _]) = (size(PICTURE.0), size(PICTURE.1));
    let extended = [METADATA, 0, 0, 0, w0, w1, w2, h0, h1, h2];
    let pixels = drawn.get(12..).unwrap_or_default();
    let chunks =
        [b"WEBPVP8X\x0a\0\0\0", extended.as_slice(), pixels, b"EXIF\x08\0\0\0", &seed.to_le_bytes()].concat();
    let length = u32::try_from(chunks.len()).unwrap_or_default().to_le_bytes();
    [b"RIFF", length.as_slice(), &chunks].concat()
}

/// Draws lines of letter-like strokes.
fn draw() -> Vec<u8> {
    let (width, height) = PICTURE;
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    let letters: Vec<u64> = (0..(width / 8) * (height / 12)).map(|_| random()).collect();
    let mut pixels = Vec::with_capacity((width * height * 3) as usize);
    for y in 0..height {
        for x in 0..width {
            let letter = letters.get(((y / 12) * (width / 8) + x / 8) as usize).copied().unwrap_or_default();
            let (x, y) = (x % 8, y % 12);
            // One place in four is blank, as between words; strokes are two pixels wide.
            let ink = letter % 4 != 0 && x < 6 && y < 8 && (letter >> (8 + (y / 2) * 3 + x / 2)) & 1 == 1;
            pixels.extend(if ink { [154, 164, 178] } else { [35, 39, 46] });
        }
    }
    webp::Encoder::from_rgb(&pixels, width, height).encode(75.0).to_vec()
}
