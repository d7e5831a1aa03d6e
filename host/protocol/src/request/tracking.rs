//! Requests about tracking: on, off, and what the work is.

use serde::{Deserialize, Serialize};

use crate::sign::{Face, Sign};

/// What the agent is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GetStatus {
    /// Answer only when the revision is another than this, or after 20 s.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<u64>,
}

/// Begins tracking. Ends a pause.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StartTracking {
    /// The memo; none keeps the last one.
    #[serde(default)]
    pub memo: Option<String>,
    /// Nothing has to show that it is recorded, such as on a server: both sides read it in the diary. Without this the
    /// request is refused if nothing can show it (invariant 6).
    #[serde(default)]
    pub no_sign: bool,
}

/// Reports what the asking program shows of the recording. It counts for as long as the connection is open
/// ([`crate::sign`]).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReportSigns {
    /// The program that shows them.
    pub by: Face,
    /// The signs it shows.
    pub signs: Vec<Sign>,
}

/// Ends tracking, at once or later.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StopTracking {
    /// Only when the running segment ends.
    #[serde(default)]
    pub at_segment_end: bool,
}

/// Pauses for private time: nothing is recorded until [`StartTracking`], and the time shows as a gap.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PauseTracking;

/// Says what the work is, from the running segment on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetMemo {
    /// The memo; an empty one clears it.
    pub memo: String,
}

/// Chooses one of the client's labels, from the running segment on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetLabel {
    /// The label; none clears it.
    pub label: Option<String>,
}

/// Answers the idle question.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AnswerIdle {
    /// What becomes of the time.
    pub answer: IdleAnswer,
}

/// Undoes the last answer to an idle question, as long as nothing of it was sent: the question is open again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UndoIdleAnswer;

/// What becomes of time in which nobody was there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum IdleAnswer {
    /// It is left out.
    LeaveOut,
    /// It is kept as manual time with this memo, if the terms allow it.
    Manual(String),
}
