//! Facts in the words of the window.

use candor_diary::parcel::Focus;
use candor_protocol::{OutboxCounts, Segment, SegmentState};

use crate::format::{self, DisplayZone};

/// Returns how far a segment is on its way to the client: `Sent 17:46`, `Sends in 0:48`.
pub(crate) fn delivery_state(segment: &Segment, now: u64, zone: &DisplayZone) -> String {
    match &segment.state {
        SegmentState::Open { sends_at } if *sends_at > now => {
            format!("Sends at {}", zone.moment(*sends_at, now))
        }
        SegmentState::Held { sends_at } if *sends_at > now => {
            format!("Sends in {}", format::countdown(sends_at - now))
        }
        SegmentState::Open { .. } | SegmentState::Held { .. } => "Sends when it has ended".into(),
        SegmentState::Waiting { .. } => "Waiting to be sent".into(),
        SegmentState::Delivered { at } => format!("Sent {}", zone.moment(*at, now)),
        SegmentState::Rejected { .. } => "Refused, not counted".into(),
        SegmentState::Cancelled => "Taken back, not sent".into(),
    }
}

/// Returns in a few words what waits in the outbox, and what was refused.
pub(crate) fn outbox_summary(counts: &OutboxCounts) -> String {
    match (counts.held + counts.waiting, counts.rejected) {
        (0, 0) => "Nothing waiting".to_owned(),
        (waiting, 0) => format!("{waiting} waiting"),
        (0, refused) => format!("{refused} refused"),
        (waiting, refused) => format!("{waiting} waiting, {refused} refused"),
    }
}

/// Returns what was in front when a picture was taken, as the client reads it beside the picture.
pub(crate) fn foreground_window(focus: &Focus) -> String {
    let app = focus.app.as_deref().unwrap_or("application not recorded");
    match &focus.title {
        Some(title) => format!("In front: {app}, \"{title}\""),
        None if !focus.hidden_by.is_empty() => format!("In front: {app}, title hidden by a rule"),
        None => format!("In front: {app}"),
    }
}
