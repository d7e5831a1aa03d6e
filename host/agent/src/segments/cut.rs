//! How a contract's time is cut into segments.
//!
//! Newer terms may have segments of another length. They cut the time from the next full hour on, at which every length
//! begins a segment: so no moment ever belongs to two segments, and none to no segment. Until then a segment is as long
//! as under the earlier terms; the back office takes that of whoever enrolled shortly before.

use candor_diary::parcel::TermsRef;
use candor_diary::segment::{MINUTE_MS, SegmentLength};
use candor_diary::terms::Terms;
use serde::{Deserialize, Serialize};

/// Every length divides an hour (design §1).
const HOUR_MS: u64 = 60 * 60_000;
/// How many earlier lengths are remembered; the oldest go.
const REMEMBERED: usize = 100;

/// How time was cut before newer terms.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct EarlierCut {
    /// When newer terms were taken, milliseconds since the Unix epoch.
    pub taken: u64,
    /// Up to when it is cut so: a full hour.
    pub until: u64,
    /// How long its segments are.
    pub segment: SegmentLength,
    /// The latest terms that had segments of this length.
    pub terms: TermsRef,
    /// The terms that were taken then, or after them before they cut any time.
    pub newer: TermsRef,
}

/// How a contract's time is cut.
#[derive(Clone, Debug)]
pub struct Cut {
    earlier: Vec<EarlierCut>,
    latest: EarlierCut,
}

impl Cut {
    /// Creates the cut by the terms in force, and before those as it was.
    #[must_use]
    pub fn new(terms: &Terms, earlier: &[EarlierCut]) -> Self {
        let (segment, terms) = (terms.segment, terms.named());
        let latest = EarlierCut { taken: u64::MAX, until: u64::MAX, segment, newer: terms.clone(), terms };
        Self { earlier: earlier.to_vec(), latest }
    }

    /// Creates a cut into segments of one length throughout.
    #[cfg(test)]
    pub(crate) fn of(minutes: u8) -> Self {
        let segment = SegmentLength::new(minutes).unwrap_or_default();
        let terms = TermsRef { sequence: 1, digest: "7".repeat(64) };
        Self {
            earlier: Vec::new(),
            latest: EarlierCut { taken: u64::MAX, until: u64::MAX, segment, newer: terms.clone(), terms },
        }
    }

    fn at(&self, at: u64) -> &EarlierCut {
        self.earlier.iter().find(|cut| at < cut.until).unwrap_or(&self.latest)
    }

    /// Returns the length of the segment that holds a moment.
    #[must_use]
    pub fn length_at(&self, at: u64) -> SegmentLength {
        self.at(at).segment
    }

    /// Returns the terms under which the segment that holds a moment is recorded, at least its end: newer ones count
    /// from when they are taken, whatever cuts the time until the full hour.
    #[must_use]
    pub fn terms_at(&self, at: u64) -> TermsRef {
        let cut = self.at(at);
        let taken = self.end_of(at) > cut.taken && at < next_hour(cut.taken);
        if taken { cut.newer.clone() } else { cut.terms.clone() }
    }

    /// Returns the start of the segment that holds a moment.
    #[must_use]
    pub fn start_of(&self, at: u64) -> u64 {
        self.length_at(at).start_of(at)
    }

    /// Returns the end of the segment that holds a moment: the start of the next one.
    #[must_use]
    pub fn end_of(&self, at: u64) -> u64 {
        let length = self.length_at(at);
        length.start_of(at).saturating_add(length.ms())
    }

    /// Returns the starts of the segments that a span touches, in order.
    pub fn starts(&self, from: u64, to: u64) -> impl Iterator<Item = u64> + use<'_> {
        let first = Some(self.start_of(from)).filter(|start| *start < to);
        std::iter::successors(first, move |start| Some(self.end_of(*start)).filter(|next| *next < to))
    }

    /// Returns the spans that were cut into segments of one length each, in order: first and last but one millisecond,
    /// and length.
    pub fn spans(&self) -> impl Iterator<Item = (u64, u64, SegmentLength)> + use<'_> {
        let mut from = 0;
        self.earlier.iter().chain([&self.latest]).map(move |cut| {
            let span = (from, cut.until, cut.segment);
            from = cut.until;
            span
        })
    }
}

/// Returns the first full hour from which newer terms may cut time that are taken at `now`.
fn next_hour(now: u64) -> u64 {
    // Whoever still tracks under the earlier ones has stopped by then.
    (now.saturating_add(MINUTE_MS) / HOUR_MS + 1).saturating_mul(HOUR_MS)
}

/// Returns what is remembered of how time was cut, once newer terms are taken at `now`. Until `settle` has written it
/// down.
#[must_use]
pub fn remembered(mut earlier: Vec<EarlierCut>, before: &Terms, newer: &Terms, now: u64) -> Vec<EarlierCut> {
    let until = next_hour(now);
    match earlier.last_mut() {
        // What is replaced before it cut any time leaves no mark.
        Some(last) if last.until >= until => last.newer = newer.named(),
        _ if before.segment != newer.segment => {
            let (segment, terms, newer) = (before.segment, before.named(), newer.named());
            earlier.push(EarlierCut { taken: now, until, segment, terms, newer });
        }
        _ => {}
    }
    let surplus = earlier.len().saturating_sub(REMEMBERED);
    earlier.drain(..surplus);
    earlier
}

/// Before anything is recorded under newer terms: whatever was recorded under the earlier ones, be it by a clock that
/// was ahead then or is behind now, stays cut as it was. `latest` is the latest time of a record.
pub(crate) fn settle(earlier: &mut [EarlierCut], latest: u64) {
    if let Some(last) = earlier.last_mut() {
        last.until = last.until.max(next_hour(latest));
    }
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

    /// Returns the cut by terms that were each taken at a minute.
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
                let named = changes.iter().find(|(_, terms)| terms.named() == cut.terms_at(start)).unwrap();
                // The terms that it names say how long it is, or earlier ones if they were just taken.
                let earlier = changes.iter().take_while(|(_, terms)| terms.sequence <= named.1.sequence);
                let lengths: Vec<_> = earlier.map(|(_, terms)| terms.segment).collect();
                assert!(lengths.contains(&cut.length_at(start)), "{start}: {named:?} {cut:?}");
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
        assert_eq!((cut.length_at(2 * HOUR_MS).minutes(), cut.terms_at(2 * HOUR_MS).sequence), (1, 2));
        // What is recorded is at once as the terms say that were taken.
        let named = [0, 59, 61, 69, 70, 119].map(|minute| cut.terms_at(minute * MINUTE_MS).sequence);
        assert_eq!(named, [1, 1, 2, 2, 2, 2]);
    }

    #[test]
    fn what_was_recorded_by_a_clock_that_was_ahead_stays_cut_as_it_was() {
        let mut earlier = remembered(Vec::new(), &terms(1, 10), &terms(2, 1), 65 * MINUTE_MS);
        settle(&mut earlier, 30 * HOUR_MS + 5);
        let cut = Cut::new(&terms(2, 1), &earlier);
        assert_eq!(
            (cut.length_at(31 * HOUR_MS - 1).minutes(), cut.length_at(31 * HOUR_MS).minutes()),
            (10, 1)
        );
        settle(&mut earlier, 0);
        assert_eq!(Cut::new(&terms(2, 1), &earlier).length_at(30 * HOUR_MS).minutes(), 10);
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let changes: Vec<_> =
            (0..300).map(|nth| (nth * 60, terms(nth + 1, if nth % 2 == 0 { 1 } else { 10 }))).collect();
        assert_eq!(cut(&changes).earlier.len(), REMEMBERED);
    }
}
