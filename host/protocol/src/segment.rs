//! Segments as the worker sees them.

use candor_diary::parcel::{Focus, GapCause, NoSnapshot, Redaction};
use serde::{Deserialize, Serialize};

/// A segment as the worker sees it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Segment {
    /// First millisecond of the segment.
    pub start: u64,
    /// Length in minutes, a divisor of 60.
    pub length: u8,
    /// Each minute: none if it was not tracked (yet), otherwise keys, clicks and scrolls together; a tracked minute
    /// without counts is 0.
    pub minutes: Vec<Option<u32>>,
    /// How long of it was tracked, in milliseconds.
    pub tracked_ms: u64,
    /// How much of it is billed, in milliseconds: all of it or nothing (design §8), and nothing beyond the weekly limit; of
    /// a running one, as if it ended now.
    pub billed_ms: u64,
    /// What the work was, in the worker's words.
    pub memo: Option<String>,
    /// One of the client's labels.
    pub label: Option<String>,
    /// Whether it was typed in.
    pub manual: bool,
    /// When it was removed.
    pub removed_at: Option<u64>,
    /// What is known of its picture.
    pub picture: Option<PictureFacts>,
    /// Why it has none.
    pub no_picture: Option<NoSnapshot>,
    /// The same as a sentence.
    pub no_picture_sentence: Option<String>,
    /// What was recorded and does not travel, in sentences.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dropped: Vec<String>,
    /// Recorded without a sign on the screen ([`candor_diary::parcel::NO_SIGN`]).
    #[serde(default)]
    pub no_sign: bool,
    /// What plugins noted in it, in their own words; it goes to the client, too.
    #[serde(default)]
    pub notes: Vec<Note>,
    /// Until when the removal of its picture (and of its time, if the terms say so) can be undone.
    #[serde(default)]
    pub undo_until: Option<u64>,
    /// Why the tracker could not see parts of it.
    pub gaps: Vec<GapCause>,
    /// How far it is on its way.
    pub state: SegmentState,
    /// Its parcel, once it is closed.
    pub parcel: Option<String>,
    /// Whether it may still be changed: the week is not locked, and the terms let the worker.
    pub editable: bool,
}

/// What a plugin noted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// When it was noted.
    pub at: u64,
    /// The plugin's name in the terms.
    pub plugin: String,
    /// What sort of thing it is, in the plugin's words.
    pub kind: String,
    /// What it says: JSON text.
    pub body: String,
}

/// What is known of a picture.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PictureFacts {
    /// When it was taken.
    pub at: u64,
    /// The picture's width in pixels.
    pub width: u32,
    /// The picture's height in pixels.
    pub height: u32,
    /// The file's length in bytes.
    pub bytes: u64,
    /// The areas that were covered.
    pub redactions: Vec<Redaction>,
    /// The rules that covered something, in words, each once.
    pub covered_by: Vec<String>,
    /// The window in front when it was taken, if such facts are recorded.
    #[serde(default)]
    pub focus: Option<Focus>,
}

/// How far a segment is on its way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "is")]
pub enum SegmentState {
    /// It runs, or was not closed yet. It is held until `sends_at` once it is.
    Open {
        /// When it is sent at the earliest.
        sends_at: u64,
    },
    /// It is held on this computer; it can be taken back without anybody having seen it.
    Held {
        /// When it is sent.
        sends_at: u64,
    },
    /// It is to be delivered.
    Waiting {
        /// When it is tried next.
        next_try_at: u64,
        /// Why the last try failed.
        why: Option<String>,
    },
    /// The target has it.
    Delivered {
        /// When its receipt came.
        at: u64,
    },
    /// The target refused it for good.
    Rejected {
        /// The target's reason, if it gave one.
        why: Option<String>,
    },
    /// It was taken back.
    Cancelled,
}

/// The file of a picture, as an answer carries it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Picture {
    /// The file's media type, such as `image/webp`.
    pub media_type: String,
    /// The file's bytes in base64.
    pub base64: String,
}

/// What was removed or added.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Forgotten {
    /// First millisecond of the span.
    pub from: u64,
    /// First millisecond after it.
    pub to: u64,
    /// The number of segments.
    pub segments: u32,
    /// How much time, in milliseconds.
    pub time_ms: u64,
    /// The number of pictures.
    pub pictures: u32,
}
