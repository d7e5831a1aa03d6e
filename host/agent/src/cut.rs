//! How a contract's time is cut into segments.
//!
//! Newer terms may have segments of another length. They cut the time from the next full hour on, where every length
//! begins a segment: so no moment ever belongs to two segments, and none to no segment. Until then a segment is as long
//! as under the earlier terms, and its parcel names these.

use candor_diary::segment::{MINUTE_MS, SegmentLength};
use candor_diary::terms::Terms;
use serde::{Deserialize, Serialize};

/// Every length divides an hour (design §1).
const HOUR_MS: u64 = 60 * 60_000;
/// How many earlier lengths are remembered; the oldest go.
const REMEMBERED: usize = 100;

/// How time was cut before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct EarlierCut {
    /// Up to when, milliseconds since the Unix epoch: a full hour.
    pub until: u64,
    /// How long its segments are.
    pub segment: SegmentLength,
    /// The sequence of the latest terms that had segments of this length.
    pub terms: u64,
}

/// How a contract's time is cut.
#[derive(Clone, Debug)]
pub struct Cut {
    earlier: Vec<EarlierCut>,
    latest: EarlierCut,
}

impl Cut {
    /// By the terms in force, and before that as it was.
    #[must_use]
    pub fn new(terms: &Terms, earlier: &[EarlierCut]) -> Self {
        let latest = EarlierCut { until: u64::MAX, segment: terms.segment, terms: terms.sequence };
        Self { earlier: earlier.to_vec(), latest }
    }

    /// By segments of one length, as ever.
    #[cfg(test)]
    pub(crate) fn of(minutes: u8) -> Self {
        let segment = SegmentLength::new(minutes).unwrap_or_default();
        Self { earlier: Vec::new(), latest: EarlierCut { until: u64::MAX, segment, terms: 1 } }
    }

    fn at(&self, at: u64) -> EarlierCut {
        self.earlier.iter().find(|cut| at < cut.until).copied().unwrap_or(self.latest)
    }

    /// The length of the segment that holds a moment.
    #[must_use]
    pub fn length_at(&self, at: u64) -> SegmentLength {
        self.at(at).segment
    }

    /// The terms whose segment holds a moment.
    #[must_use]
    pub fn terms_at(&self, at: u64) -> u64 {
        self.at(at).terms
    }

    /// The start of the segment that holds a moment.
    #[must_use]
    pub fn start_of(&self, at: u64) -> u64 {
        self.length_at(at).start_of(at)
    }

    /// The end of the segment that holds a moment: the start of the next one.
    #[must_use]
    pub fn end_of(&self, at: u64) -> u64 {
        let length = self.length_at(at);
        length.start_of(at).saturating_add(length.ms())
    }

    /// The starts of the segments that a span touches, in order.
    pub fn starts(&self, from: u64, to: u64) -> impl Iterator<Item = u64> + use<'_> {
        let first = Some(self.start_of(from)).filter(|start| *start < to);
        std::iter::successors(first, move |start| Some(self.end_of(*start)).filter(|next| *next < to))
    }

    /// The spans that were cut into segments of one length each, in order: first and last but one millisecond, and length.
    pub fn spans(&self) -> impl Iterator<Item = (u64, u64, SegmentLength)> + use<'_> {
        let mut from = 0;
        self.earlier.iter().chain([&self.latest]).map(move |cut| {
            let span = (from, cut.until, cut.segment);
            from = cut.until;
            span
        })
    }
}

/// What is remembered of how time was cut, once newer terms are taken at `now`.
#[must_use]
pub fn remembered(mut earlier: Vec<EarlierCut>, before: &Terms, newer: &Terms, now: u64) -> Vec<EarlierCut> {
    // Whoever still tracks under the earlier ones has stopped by then.
    let until = (now.saturating_add(MINUTE_MS) / HOUR_MS + 1).saturating_mul(HOUR_MS);
    // Terms that are replaced before they cut any time leave no mark.
    let began = earlier.last().is_none_or(|last| last.until < until);
    if began && before.segment != newer.segment {
        earlier.push(EarlierCut { until, segment: before.segment, terms: before.sequence });
    }
    let surplus = earlier.len().saturating_sub(REMEMBERED);
    earlier.drain(..surplus);
    earlier
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn terms(sequence: u64, minutes: u64) -> Terms {
        let terms = json!({
            "contract": "work", "title": "Work", "client": "A client", "worker": "A worker", "sequence": sequence,
            "mode": "worklog", "segment": minutes, "hold-ms": 0, "collectors": [],
            "uploader": { "plugin": "backoffice", "settings": {} }
        });
        serde_json::from_value(terms).unwrap()
    }

    /// Each terms with the minute at which they were taken.
    fn cut(changes: &[(u64, Terms)]) -> Cut {
        let mut earlier = Vec::new();
        for two in changes.windows(2) {
            earlier = remembered(earlier, &two[0].1, &two[1].1, two[1].0 * MINUTE_MS);
        }
        Cut::new(&changes.last().unwrap().1, &earlier)
    }

    #[test]
    fn invariant_09_every_moment_is_in_one_segment_whatever_the_terms_were() {
        for changes in [
            vec![(0, terms(1, 10))],
            vec![(0, terms(1, 10)), (65, terms(2, 1))],
            vec![(0, terms(1, 1)), (65, terms(2, 10)), (66, terms(3, 60)), (185, terms(4, 60))],
            vec![(0, terms(1, 12)), (59, terms(2, 15)), (120, terms(3, 6)), (300, terms(4, 5))],
            // The clock was set back in between.
            vec![(0, terms(1, 12)), (400, terms(2, 15)), (100, terms(3, 6)), (90, terms(4, 5))],
        ] {
            let cut = cut(&changes);
            let (mut expected, last) = (0, 12 * HOUR_MS);
            for start in cut.starts(0, last) {
                assert_eq!(start, expected, "{cut:?}");
                let end = cut.end_of(start);
                for at in [start, start + 1, end - 1] {
                    assert_eq!((cut.start_of(at), cut.end_of(at)), (start, end), "{cut:?}");
                    assert_eq!(cut.terms_at(at), cut.terms_at(start), "{cut:?}");
                }
                let named = changes.iter().find(|(_, terms)| terms.sequence == cut.terms_at(start)).unwrap();
                assert_eq!(
                    named.1.segment,
                    cut.length_at(start),
                    "the terms that it names say how long: {cut:?}"
                );
                expected = end;
            }
            assert_eq!(expected, last);
            let spans: Vec<_> = cut.spans().collect();
            assert!(spans.windows(2).all(|two| two[0].1 == two[1].0) && spans[0].0 == 0, "{spans:?}");
        }
    }

    #[test]
    fn newer_terms_cut_from_the_next_full_hour_on() {
        let cut = cut(&[(0, terms(1, 10)), (65, terms(2, 1))]);
        assert_eq!(cut.length_at(2 * HOUR_MS - 1).minutes(), 10);
        assert_eq!((cut.length_at(2 * HOUR_MS).minutes(), cut.terms_at(2 * HOUR_MS)), (1, 2));
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let changes: Vec<_> =
            (0..300).map(|nth| (nth * 60, terms(nth + 1, if nth % 2 == 0 { 1 } else { 10 }))).collect();
        assert_eq!(cut(&changes).earlier.len(), REMEMBERED);
    }
}
