//! Computes a segment's parcel from the journal's records. Pure.

use std::collections::BTreeMap;

use candor_diary::parcel::{Counts, MinuteFacts, NoSnapshot, Parcel, Policy};
use candor_diary::segment::{MINUTE_MS, SegmentLength, minute_of};

use crate::record::Record;

/// A segment's place, and who it belongs to.
#[derive(Clone, Debug)]
pub struct SegmentFrame {
    /// The contract.
    pub contract: String,
    /// The device.
    pub device: String,
    /// First millisecond.
    pub start: u64,
    /// Length.
    pub length: SegmentLength,
    /// The policy in force.
    pub policy: Policy,
    /// Whether the terms ask for pictures: then a segment without one says why.
    pub pictures: bool,
}

/// What is known of a segment: the parcel without its id and place in the chain, and the pictures' blobs.
#[derive(Clone, Debug)]
pub struct Assembled {
    /// The parcel; `id`, `sequence` and `chain_head` are still to be filled in.
    pub parcel: Parcel,
    /// Blobs of the journal that travel along.
    pub blobs: Vec<String>,
}

/// Puts a segment together; none where nothing was tracked in it.
#[must_use]
pub fn assemble(frame: &SegmentFrame, records: &[Record]) -> Option<Assembled> {
    let end = frame.start + frame.length.ms();
    let mut minutes: BTreeMap<u64, (u64, Option<Counts>)> = BTreeMap::new();
    let mut blobs = Vec::new();
    let mut parcel = Parcel {
        id: String::new(),
        contract: frame.contract.clone(),
        device: frame.device.clone(),
        sequence: 0,
        chain_head: String::new(),
        start: frame.start,
        length: frame.length,
        revision: 0,
        removed: None,
        manual: None,
        minutes: Vec::new(),
        memo: None,
        label: None,
        focus: Vec::new(),
        snapshot: None,
        no_snapshot: None,
        gaps: Vec::new(),
        custom: Vec::new(),
        policy: frame.policy.clone(),
    };
    for record in records {
        match record {
            Record::Span { from, to } => {
                let (from, to) = ((*from).max(frame.start), (*to).min(end));
                if to > from {
                    minutes.entry(minute_of(from)).or_default().0 += to - from;
                }
            }
            Record::Activity { minute, counts } if (frame.start..end).contains(minute) => {
                let sum = minutes.entry(*minute).or_default().1.get_or_insert_default();
                sum.keys = sum.keys.saturating_add(counts.keys);
                sum.clicks = sum.clicks.saturating_add(counts.clicks);
                sum.scrolls = sum.scrolls.saturating_add(counts.scrolls);
            }
            Record::Memo { memo, label } => {
                parcel.memo.clone_from(memo);
                parcel.label.clone_from(label);
            }
            Record::Focus(focus) => parcel.focus.push(focus.clone()),
            Record::Snapshot { facts, blob } if parcel.snapshot.is_none() => {
                parcel.snapshot = Some(facts.clone());
                blobs.push(blob.clone());
            }
            Record::NoSnapshot { why } => parcel.no_snapshot = Some(why.clone()),
            Record::Gap(gap) => parcel.gaps.push(gap.clone()),
            Record::Custom(custom) => parcel.custom.push(custom.clone()),
            _ => {}
        }
    }
    // Counts without tracked time are not evidence of work on this contract.
    parcel.minutes = minutes
        .into_iter()
        .filter(|(_, (tracked, _))| *tracked > 0)
        .map(|(start, (tracked, counts))| MinuteFacts {
            start,
            tracked_ms: u32::try_from(tracked.min(MINUTE_MS)).unwrap_or(u32::MAX),
            counts,
        })
        .collect();
    if parcel.minutes.is_empty() {
        return None;
    }
    if parcel.snapshot.is_some() {
        parcel.no_snapshot = None;
    } else if frame.pictures && parcel.no_snapshot.is_none() {
        parcel.no_snapshot = Some(NoSnapshot::MomentMissed);
    }
    Some(Assembled { parcel, blobs })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame() -> SegmentFrame {
        SegmentFrame {
            contract: "c".into(),
            device: "d".into(),
            start: 600_000,
            length: SegmentLength::new(10).unwrap(),
            policy: Policy { plugin: "rules".into(), sha256: String::new(), rules: vec![] },
            pictures: true,
        }
    }

    fn span(from: u64, to: u64) -> Record {
        Record::Span { from, to }
    }

    fn activity(minute: u64, keys: u32) -> Record {
        Record::Activity { minute, counts: Counts { keys, clicks: 0, scrolls: 0 } }
    }

    #[test]
    fn nothing_tracked_is_no_segment() {
        assert!(assemble(&frame(), &[]).is_none());
        assert!(assemble(&frame(), &[activity(600_000, 5)]).is_none());
    }

    #[test]
    fn minutes_add_up_spans_and_counts() {
        let records = [
            span(600_000, 610_000),
            activity(600_000, 3),
            span(630_000, 660_000),
            activity(600_000, 4),
            span(660_000, 720_000),
        ];
        let parcel = assemble(&frame(), &records).unwrap().parcel;
        let minutes: Vec<_> =
            parcel.minutes.iter().map(|m| (m.start, m.tracked_ms, m.counts.map(|c| c.keys))).collect();
        assert_eq!(minutes, [(600_000, 40_000, Some(7)), (660_000, 60_000, None)]);
        assert_eq!(parcel.minutes_active(), 1);
    }

    #[test]
    fn the_last_memo_counts_and_a_missing_picture_says_why() {
        let memo = |text: &str| Record::Memo { memo: Some(text.into()), label: None };
        let parcel =
            assemble(&frame(), &[memo("first"), span(600_000, 660_000), memo("second")]).unwrap().parcel;
        assert_eq!(parcel.memo.as_deref(), Some("second"));
        assert_eq!(parcel.no_snapshot, Some(NoSnapshot::MomentMissed));
    }
}
