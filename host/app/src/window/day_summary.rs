//! A day as a list of what was worked on: time by memo and kind, and what of it is beyond the weekly limit.

use candor_protocol::Segment;

use super::widgets::meters::TimeKind;
use crate::format::MINUTE;

/// The time under one memo.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MemoTotal {
    /// The memo, if there was one.
    pub(crate) memo: Option<String>,
    /// Whether the time was typed in.
    pub(crate) manual: bool,
    /// How many minutes, so that the lines add up to the day's.
    pub(crate) minutes: u64,
    /// How many of them are beyond the weekly limit.
    pub(crate) over: u64,
}

/// Returns how much of a segment counts, in milliseconds: what is billed, so that lists add up to the sums above them.
pub(crate) fn counted_ms(segment: &Segment) -> u64 {
    if segment.removed_at.is_some() { 0 } else { segment.billed_ms }
}

/// Returns the kind of a segment's time. What is over the limit is known of sums only.
pub(crate) fn time_kind(segment: &Segment) -> TimeKind {
    if segment.removed_at.is_some() {
        TimeKind::Removed
    } else if segment.manual {
        TimeKind::Manual
    } else if segment.tracked_ms == 0 {
        TimeKind::NoEvidence
    } else {
        TimeKind::Tracked
    }
}

/// Returns the kinds of a day's segments, in their order. The last `over_ms` of it are beyond the weekly limit, which is filled
/// in order of start; a segment is shown as beyond if all of it is.
pub(crate) fn time_kinds(segments: &[Segment], over_ms: u64) -> Vec<TimeKind> {
    let mut beyond = over_ms;
    let mut kinds: Vec<TimeKind> = segments
        .iter()
        .rev()
        .map(|segment| {
            let ms = counted_ms(segment);
            let over = beyond.min(ms);
            beyond -= over;
            if ms > 0 && over == ms { TimeKind::Over } else { time_kind(segment) }
        })
        .collect();
    kinds.reverse();
    kinds
}

/// Returns the time by memo, in order of the first segment. `over_ms` of the latest time is beyond the weekly limit, which
/// is filled in order of start.
pub(crate) fn summarize_by_memo(segments: &[Segment], over_ms: u64) -> Vec<MemoTotal> {
    let mut lines: Vec<(MemoTotal, u64, u64)> = Vec::new();
    let mut beyond = over_ms;
    // From the last to the first, to find what is beyond the limit; then in order.
    let mut parts: Vec<(&Segment, u64, u64)> = Vec::new();
    for segment in segments.iter().rev() {
        let ms = counted_ms(segment);
        let over = beyond.min(ms);
        beyond -= over;
        parts.push((segment, ms, over));
    }
    for (segment, ms, over) in parts.into_iter().rev().filter(|(_, ms, _)| *ms > 0) {
        let same = |(line, _, _): &&mut (MemoTotal, u64, u64)| {
            line.memo == segment.memo && line.manual == segment.manual
        };
        if let Some(line) = lines.iter_mut().find(same) {
            line.1 += ms;
            line.2 += over;
        } else {
            let line = MemoTotal { memo: segment.memo.clone(), manual: segment.manual, minutes: 0, over: 0 };
            lines.push((line, ms, over));
        }
    }
    // Begun minutes are carried on, so that the lines add up to the sum as it is shown.
    let mut sum = 0;
    lines
        .into_iter()
        .map(|(line, ms, over)| {
            let before = sum / MINUTE;
            sum += ms;
            MemoTotal { minutes: sum / MINUTE - before, over: over / MINUTE, ..line }
        })
        .collect()
}

#[cfg(test)]
pub(crate) mod tests {
    use candor_protocol::SegmentState;

    use super::*;

    pub(crate) fn segment(start: u64, memo: &str, tracked_ms: u64) -> Segment {
        Segment {
            start,
            length: 10,
            minutes: vec![Some(3); 10],
            tracked_ms,
            billed_ms: tracked_ms,
            memo: (!memo.is_empty()).then(|| memo.into()),
            label: None,
            manual: false,
            removed_at: None,
            picture: None,
            no_picture: None,
            no_picture_sentence: None,
            dropped: Vec::new(),
            gaps: Vec::new(),
            no_sign: false,
            notes: Vec::new(),
            undo_until: None,
            state: SegmentState::Delivered { at: start + 700_000 },
            parcel: None,
            editable: true,
        }
    }

    #[test]
    fn lines_add_up_to_the_day_and_the_latest_time_is_what_is_over_the_limit() {
        let ten = 10 * MINUTE;
        let mut call = segment(2 * ten, "Call", 0);
        (call.manual, call.billed_ms) = (true, ten);
        let mut gone = segment(3 * ten, "Call", ten);
        gone.removed_at = Some(1);
        let day = [
            segment(0, "Bank rules", 9 * MINUTE + 40_000),
            segment(ten, "Totals", 9 * MINUTE + 40_000),
            call,
            gone,
            segment(4 * ten, "Bank rules", ten),
        ];
        let lines = summarize_by_memo(&day, 5 * MINUTE);
        let shown: Vec<_> =
            lines.iter().map(|l| (l.memo.as_deref().unwrap_or(""), l.manual, l.minutes, l.over)).collect();
        assert_eq!(shown, [("Bank rules", false, 19, 5), ("Totals", false, 10, 0), ("Call", true, 10, 0)]);
        let sum: u64 = day.iter().map(counted_ms).sum();
        assert_eq!(lines.iter().map(|l| l.minutes).sum::<u64>(), sum / MINUTE);
        let expected =
            [TimeKind::Tracked, TimeKind::Tracked, TimeKind::Manual, TimeKind::Removed, TimeKind::Over];
        assert_eq!(time_kinds(&day, 10 * MINUTE), expected);
        assert_eq!(time_kinds(&day, 9 * MINUTE)[4], TimeKind::Tracked);
        assert_eq!(time_kind(&segment(0, "", 0)), TimeKind::NoEvidence);
    }
}
