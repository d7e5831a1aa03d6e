//! What can be asked, and how an answer looks.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Face, OwnRule, Preferences, Sign};

/// What can be asked. Where a request names no contract, the current one is meant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "do", deny_unknown_fields)]
pub enum Request {
    /// What it is doing. Answers [`Status`](crate::Status).
    Status {
        /// Answer only when the revision is another than this, or after 20 s.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<u64>,
    },
    /// Begin tracking. Ends a pause.
    Start {
        /// The memo; none keeps the last one.
        #[serde(default)]
        memo: Option<String>,
        /// Nothing has to show that it is recorded, such as on a server: both sides read it in the diary. Without this
        /// it is refused where nothing can (invariant 6).
        #[serde(default)]
        no_sign: bool,
    },
    /// What the asking program shows of the recording, for as long as this connection is open ([`crate::sign`]).
    Shows {
        /// Who shows it.
        by: Face,
        /// What is shown.
        signs: Vec<Sign>,
    },
    /// End tracking.
    Stop {
        /// Only when the running segment ends.
        #[serde(default)]
        at_segment_end: bool,
    },
    /// Pause for private time: nothing is recorded until [`Request::Start`], and the time shows as a gap.
    Pause,
    /// Say what the work is, from the running segment on.
    Memo {
        /// The text; empty clears it.
        memo: String,
    },
    /// Choose one of the client's labels, from the running segment on.
    Label {
        /// The label; none clears it.
        label: Option<String>,
    },
    /// Answer the idle question.
    Idle {
        /// What to do with the time.
        answer: IdleAnswer,
    },
    /// Undo the last answer to an idle question, as long as nothing of it was sent: the question is open again.
    UndoIdle,
    /// Make another contract the current one. Tracking goes on under it where it was on.
    Switch {
        /// Its id.
        contract: String,
    },
    /// Take part in a contract: enrol this device with an invitation. It becomes the current one, unless the current
    /// one is tracking: that stays, until [`Request::Switch`]. Answers [`Contract`](crate::Contract).
    Import {
        /// A link (`candor:…` or `https://…/join#…`), or the text of an invitation file.
        invitation: String,
    },
    /// What a contract records, in words. Answers [`NoticeAnswer`](crate::NoticeAnswer).
    Notice {
        /// The contract.
        #[serde(default)]
        contract: Option<String>,
    },
    /// Accept a notice. Nothing is recorded before.
    Accept {
        /// The contract.
        contract: String,
        /// The digest of the notice that was read.
        digest: String,
        /// Who accepts it, as they write their name.
        by: String,
    },
    /// What the screen would look like to the client right now. Nothing of it is kept. Answers [`Preview`](crate::Preview).
    Preview {
        /// The contract.
        #[serde(default)]
        contract: Option<String>,
        /// Own rules to try, as in [`Request::SetOwnRules`]; none takes those that are set.
        #[serde(default)]
        own_rules: Option<Vec<OwnRule>>,
        /// At most this many pixels wide.
        max_width: u32,
    },
    /// The segments that start in a span, in order. Answers a list of [`Segment`](crate::Segment).
    Segments {
        /// First millisecond.
        from: u64,
        /// First millisecond after it.
        to: u64,
    },
    /// Change a segment's memo and label.
    EditSegment {
        /// The segment's first millisecond.
        start: u64,
        /// The memo; empty clears it.
        memo: String,
        /// The label; none clears it.
        label: Option<String>,
    },
    /// Remove a segment's picture. The time stays, unless the terms say that it goes with it. Its bytes are destroyed
    /// when the segment is sent; until then [`Request::Restore`] undoes it.
    RemovePicture {
        /// The segment's first millisecond.
        start: u64,
    },
    /// Remove everything of one segment: picture, counts, texts and the time. One that runs goes on. What it took is
    /// destroyed when the removal is sent; until then [`Request::Restore`] undoes it. Answers
    /// [`Forgotten`](crate::Forgotten).
    RemoveSegment {
        /// The segment's first millisecond.
        start: u64,
    },
    /// Undo the last [`Request::RemovePicture`] or [`Request::RemoveSegment`] of a segment, as long as it was not sent.
    Restore {
        /// The segment's first millisecond.
        start: u64,
    },
    /// Remove what plugins noted in a span: the notes are erased at once. Answers how many there were.
    RemoveNotes {
        /// First millisecond.
        from: u64,
        /// First millisecond after it.
        to: u64,
        /// Of this plugin only; none means all.
        #[serde(default)]
        plugin: Option<String>,
    },
    /// Remove everything recorded in a span, whole segments that it touches: pictures, counts, texts and the time. A
    /// tombstone stays. Answers [`Forgotten`](crate::Forgotten).
    Forget {
        /// First millisecond.
        from: u64,
        /// First millisecond after it.
        to: u64,
    },
    /// What [`Request::Forget`] would remove now, without removing it. The answer's span is that of whole segments: asked
    /// for again as it stands, it means the same ones. Answers [`Forgotten`](crate::Forgotten).
    WouldForget {
        /// First millisecond.
        from: u64,
        /// First millisecond after it.
        to: u64,
    },
    /// Type time in, where the terms allow it: the whole segments of a span. Answers [`Forgotten`](crate::Forgotten) with what was added.
    AddManual {
        /// First millisecond.
        from: u64,
        /// First millisecond after it.
        to: u64,
        /// What was done in it.
        memo: String,
        /// Why it was not tracked; needed where the terms let the client be asked.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// A segment's picture as the client sees it. Answers [`Picture`](crate::Picture).
    Picture {
        /// The segment's first millisecond.
        start: u64,
    },
    /// What waits and what was delivered, the latest first. Answers [`OutboxAnswer`](crate::OutboxAnswer).
    Outbox,
    /// The exact bytes of a parcel. Answers [`ParcelBytes`](crate::ParcelBytes).
    Parcel {
        /// Its id.
        parcel: String,
    },
    /// Take a parcel back before it is delivered: nothing of that segment is sent.
    Cancel {
        /// Its id.
        parcel: String,
    },
    /// Undo [`Request::Cancel`].
    Uncancel {
        /// Its id.
        parcel: String,
    },
    /// Send a parcel again that the target refused.
    SendAgain {
        /// Its id.
        parcel: String,
    },
    /// End the hold of a segment: it is sent when it has ended.
    SendNow {
        /// The segment's first millisecond.
        start: u64,
    },
    /// Try everything that waits at once.
    TryNow,
    /// The preferences. Answers [`Preferences`].
    Preferences,
    /// Change the preferences.
    SetPreferences {
        /// All of them.
        preferences: Preferences,
    },
    /// The worker's own rules. Answers a list of [`OwnRule`].
    OwnRules,
    /// Change the worker's own rules: they only tighten. Refused, and nothing changed, where one is bad.
    SetOwnRules {
        /// All of them.
        rules: Vec<OwnRule>,
    },
    /// The plugins of the current contract. Answers a list of [`Plugin`](crate::Plugin).
    Plugins,
    /// The terms of a contract. Answers [`Terms`](candor_diary::terms::Terms).
    Terms {
        /// The contract.
        #[serde(default)]
        contract: Option<String>,
    },
    /// Check everything that tracking needs. Answers a list of [`Check`](crate::Check).
    Doctor,
    /// Write all of one's own data into a new folder. Answers [`Exported`](crate::Exported).
    Export {
        /// The folder; must not exist.
        to: String,
    },
    /// Recompute the journal's chain, and read every picture and parcel. Answers [`Verified`](crate::Verified).
    Verify,
    /// End the agent, as at sign-out.
    Quit,
}

/// The agent's answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Response {
    /// It is done; what was asked for.
    Ok(Value),
    /// It is not done; says why and what to do.
    Error(String),
}

/// What becomes of time in which nobody was there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum IdleAnswer {
    /// It is left out.
    LeaveOut,
    /// It is kept as manual time with this memo, where the terms allow it.
    Manual(String),
}
