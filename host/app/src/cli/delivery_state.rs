//! How far a segment is on its way, in the words of the command line.

use candor_protocol::{Segment, SegmentState};

use crate::format::{self, DisplayZone};

/// Returns how far a segment is on its way to the client.
pub(super) fn delivery_state(segment: &Segment, now: u64, zone: &DisplayZone) -> String {
    match &segment.state {
        _ if segment.removed_at.is_some() => "removed".to_owned(),
        SegmentState::Open { sends_at } => format!("sends at {}", zone.moment(*sends_at, now)),
        SegmentState::Held { sends_at } => {
            format!("sends in {}", format::minutes_seconds(sends_at.saturating_sub(now)))
        }
        SegmentState::Waiting { next_try_at, why } => {
            let why = why.as_ref().map(|why| format!(" ({why})")).unwrap_or_default();
            format!("waits, next try at {}{why}", zone.moment(*next_try_at, now))
        }
        SegmentState::Delivered { at } => format!("sent {}", zone.moment(*at, now)),
        SegmentState::Rejected { why } => {
            format!("refused by the back office ({})", why.as_deref().unwrap_or("no reason given"))
        }
        SegmentState::Cancelled => "taken back, not sent".to_owned(),
    }
}
