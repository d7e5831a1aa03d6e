//! A parcel for tests.

use crate::parcel::{Activity, Counts, Gap, GapCause, MinuteFacts, Parcel, Policy, TermsRef};
use crate::segment::{MINUTE_MS, SegmentLength};

/// A well-formed parcel with activity in its first two minutes and a short gap in the third.
pub(crate) fn parcel(start: u64, length: SegmentLength) -> Parcel {
    let counts = Counts { keys: 3, clicks: 2, scrolls: 1 };
    let minute = |n: u64| MinuteFacts::new(start + n * MINUTE_MS, 60_000, Some(counts));
    Parcel {
        id: "0".repeat(32),
        contract: "invoices".to_owned(),
        server: "5".repeat(64),
        terms: TermsRef { sequence: 1, digest: "7".repeat(64) },
        device: "d".repeat(32),
        sequence: 1,
        chain_head: "0".repeat(64),
        start,
        length,
        revision: 0,
        changed: Vec::new(),
        removed: None,
        manual: None,
        activity: Activity::Counted,
        minutes: (0..u64::from(length.minutes()).min(2)).map(minute).collect(),
        erased_totals: None,
        memo: Some("Read CAMT.053 files".to_owned()),
        label: None,
        focus: Vec::new(),
        snapshot: None,
        no_snapshot: None,
        gaps: vec![Gap {
            from: start + 2 * MINUTE_MS,
            to: start + 2 * MINUTE_MS + 1,
            cause: GapCause::ClockJump,
        }],
        no_sign: false,
        custom: Vec::new(),
        dropped: Vec::new(),
        policy: Policy { plugin: "rules".to_owned(), sha256: "0".repeat(64), rules: Vec::new() },
        erased: Vec::new(),
    }
}
