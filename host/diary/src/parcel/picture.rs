//! The picture of a segment, or why there is none.

use serde::{Deserialize, Serialize};

use super::evidence::Focus;
use crate::plain;

/// A picture of the screen, as delivered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Snapshot {
    /// When it was taken.
    pub at: u64,
    /// SHA-256 of the picture's bytes, 64 lowercase hex digits; names the attachment.
    pub sha256: String,
    /// Its media type, such as `image/webp`.
    pub media_type: String,
    /// Width in pixels, as delivered.
    pub width: u32,
    /// Height in pixels, as delivered.
    pub height: u32,
    /// Length of the picture's file, in bytes.
    pub bytes: u64,
    /// How many monitors it shows.
    pub monitors: u32,
    /// What was covered before it was encoded, in pixels of the picture as delivered.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub redactions: Vec<Redaction>,
    /// The window in front when it was taken, judged with it. Absent if no such facts are recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub focus: Option<Focus>,
}

/// A covered place in a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Redaction {
    /// Left edge, in pixels from the left.
    pub x: u32,
    /// Top edge, in pixels from the top.
    pub y: u32,
    /// Width in pixels of the picture as delivered.
    pub width: u32,
    /// Height in pixels of the picture as delivered.
    pub height: u32,
    /// How it is covered: by one colour or by blur.
    pub cover: Cover,
    /// The rule, by index in [`Policy::rules`](super::Policy::rules); none if the host covered it by itself, such as a panel that shows
    /// the title of a hidden window.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<u32>,
}

/// How a place is covered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cover {
    /// One flat colour over all of it.
    Fill,
    /// A few large cells of average colour.
    Blur,
}

/// Why a segment has no picture.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "because", deny_unknown_fields)]
pub enum NoSnapshot {
    /// A rule says so; the rules, by index in [`Policy::rules`](super::Policy::rules).
    SkippedByRule {
        /// The rules that say so, as indices into [`Policy::rules`](super::Policy::rules).
        rules: Vec<u32>,
    },
    /// The policy failed, so nothing was kept (invariant 3).
    RuleFailed,
    /// Windows kept moving while the picture was taken.
    Unsettled,
    /// The screen could not be read.
    ScreenUnavailable,
    /// The collector of pictures failed.
    CollectorFailed,
    /// The tracker was off at the random moment.
    MomentMissed,
    /// The worker removed it.
    RemovedByWorker,
    /// The terms leave pictures to the worker, who has turned them off.
    TurnedOff,
    /// The disk space that the worker set for pictures is used up.
    DiskUsedUp,
    /// The screen was locked, or a screen saver covered it.
    ScreenLocked,
    /// The screen showed one colour only: blank, black or switched off.
    ScreenBlank,
    /// It was taken, and its file on the worker's computer is missing or not as it was written.
    Damaged,
    /// It was taken, and the target refused it.
    Refused,
    /// It was taken, and is larger than a target takes.
    TooLarge,
}

impl NoSnapshot {
    /// The sentence that stands in the picture's place, the same for both sides (look, 'Cells').
    #[must_use]
    pub fn sentence(&self) -> &'static str {
        match self {
            Self::SkippedByRule { .. } => "No picture: skipped by rule",
            Self::RuleFailed => "No picture: rule failed, nothing was kept",
            Self::Unsettled => "No picture: windows kept moving",
            Self::ScreenUnavailable => "No picture: the screen could not be read",
            Self::CollectorFailed => "No picture: the collector failed",
            Self::MomentMissed => "No picture: tracking was off at the chosen moment",
            Self::RemovedByWorker => "Picture removed by worker, time kept",
            Self::TurnedOff => "No picture: turned off by worker",
            Self::DiskUsedUp => "No picture: the disk space set for pictures is used up",
            Self::ScreenLocked => "No evidence: the screen was locked",
            Self::ScreenBlank => "No evidence: the screen was blank",
            Self::Damaged => "No picture: it was damaged on the worker's computer, time kept",
            Self::Refused => "No picture: the back office refused it, time kept",
            Self::TooLarge => "No picture: it is larger than can be sent, time kept",
        }
    }
}

/// What was covered in a picture, in words: `2 windows redacted`; if only the host covered something by itself,
/// `1 place covered`. None if nothing was.
#[must_use]
pub fn redacted(redactions: &[Redaction]) -> Option<String> {
    let count = |ruled: bool| redactions.iter().filter(|r| r.rule.is_some() == ruled).count() as u64;
    match (count(true), count(false)) {
        (0, 0) => None,
        (0, places) => Some(format!("{places} {} covered", plain::plural(places, "place", "places"))),
        (windows, _) => Some(format!("{windows} {} redacted", plain::plural(windows, "window", "windows"))),
    }
}
