//! Requests about what was recorded: reading it, changing it, removing it, and typing time in.

use serde::{Deserialize, Serialize};

/// The segments that start in a span, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GetSegments {
    /// First millisecond of the span.
    pub from: u64,
    /// First millisecond after it.
    pub to: u64,
}

/// A segment's picture as the client sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GetPicture {
    /// The segment's first millisecond.
    pub start: u64,
}

/// Changes a segment's memo and label.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EditSegment {
    /// The segment's first millisecond.
    pub start: u64,
    /// The memo; an empty one clears it.
    pub memo: String,
    /// The label; none clears it.
    pub label: Option<String>,
}

/// Removes a segment's picture. The time stays, unless the terms say that it goes with it. The picture's bytes are
/// destroyed when the segment is sent; until then [`RestoreSegment`] undoes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RemovePicture {
    /// The segment's first millisecond.
    pub start: u64,
}

/// Removes everything of one segment: picture, counts, texts and the time. A running segment goes on. What is removed is
/// destroyed when the removal is sent; until then [`RestoreSegment`] undoes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RemoveSegment {
    /// The segment's first millisecond.
    pub start: u64,
}

/// Undoes the last [`RemovePicture`] or [`RemoveSegment`] of a segment, as long as it was not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RestoreSegment {
    /// The segment's first millisecond.
    pub start: u64,
}

/// Removes what plugins noted in a span: the notes are erased at once. Answers how many there were.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RemoveNotes {
    /// First millisecond of the span.
    pub from: u64,
    /// First millisecond after it.
    pub to: u64,
    /// Only the notes of this plugin; none means all.
    #[serde(default)]
    pub plugin: Option<String>,
}

/// Removes everything recorded in a span, in whole segments that it touches: pictures, counts, texts and the time. A
/// tombstone stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ForgetSpan {
    /// First millisecond of the span.
    pub from: u64,
    /// First millisecond after it.
    pub to: u64,
}

/// What [`ForgetSpan`] would remove now, without removing it. The answer's span is that of whole segments: asked for again
/// as it stands, it means the same ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WouldForgetSpan {
    /// First millisecond of the span.
    pub from: u64,
    /// First millisecond after it.
    pub to: u64,
}

/// Types time in, if the terms allow it: the whole segments of a span. Answers what was added.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AddManualTime {
    /// First millisecond of the span.
    pub from: u64,
    /// First millisecond after it.
    pub to: u64,
    /// What was done in it.
    pub memo: String,
    /// Why it was not tracked; needed if the terms let the client be asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}
