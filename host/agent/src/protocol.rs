//! What can be asked of a running agent through its control socket, and what it answers.
//!
//! Everybody with a face speaks this: the window, the tray, the command line, tests. One [`Request`] a line in, one
//! [`Response`] a line out, both JSON ([`crate::control`] carries them). Times are milliseconds since the Unix epoch,
//! UTC; durations milliseconds.

use candor_diary::parcel::{GapCause, NoSnapshot, Redaction};
use candor_diary::terms::{ManualTime, Mode, Terms};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The longest memo, in characters.
pub const MAX_MEMO: usize = 500;

/// What can be asked. Where a request names no contract, the current one is meant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "do", deny_unknown_fields)]
pub enum Request {
    /// What it is doing. Answers [`Status`].
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
    /// Make another contract the current one. Tracking goes on under it where it was on.
    Switch {
        /// Its id.
        contract: String,
    },
    /// Take part in a contract: enrol this device with an invitation. Answers [`Contract`]. It becomes the current one,
    /// unless the current one is tracking: that stays, until [`Request::Switch`].
    Import {
        /// A link (`candor:…` or `https://…/join#…`), or the text of an invitation file.
        invitation: String,
    },
    /// What a contract records, in words. Answers [`NoticeAnswer`].
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
    /// What the screen would look like to the client right now. Nothing of it is kept. Answers [`Preview`].
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
    /// The segments that start in a span, in order. Answers a list of [`Segment`].
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
    /// Remove a segment's picture. The time stays, unless the terms say that it goes with it.
    RemovePicture {
        /// The segment's first millisecond.
        start: u64,
    },
    /// Remove everything recorded in a span, whole segments that it touches: pictures, counts, texts and the time. A
    /// tombstone stays. Answers [`Forgotten`].
    Forget {
        /// First millisecond.
        from: u64,
        /// First millisecond after it.
        to: u64,
    },
    /// Type time in, where the terms allow it: the whole segments of a span. Answers [`Forgotten`] with what was added.
    AddManual {
        /// First millisecond.
        from: u64,
        /// First millisecond after it.
        to: u64,
        /// What was done in it.
        memo: String,
    },
    /// A segment's picture as the client sees it. Answers [`Picture`].
    Picture {
        /// The segment's first millisecond.
        start: u64,
    },
    /// What waits and what was delivered, the latest first. Answers [`OutboxAnswer`].
    Outbox,
    /// The exact bytes of a parcel. Answers [`ParcelBytes`].
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
    /// The plugins of the current contract. Answers a list of [`Plugin`].
    Plugins,
    /// The terms of a contract. Answers [`Terms`].
    Terms {
        /// The contract.
        #[serde(default)]
        contract: Option<String>,
    },
    /// Check everything that tracking needs. Answers a list of [`Check`].
    Doctor,
    /// Write all of one's own data into a new folder. Answers [`Exported`].
    Export {
        /// The folder; must not exist.
        to: String,
    },
    /// Recompute the journal's chain.
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

/// What the agent is doing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Status {
    /// Counts up with every change that a person would see, the clock aside.
    pub revision: u64,
    /// The agent's clock.
    pub now: u64,
    /// Whether the tracker is on.
    pub tracking: bool,
    /// Whether the current contract's notice was accepted; nothing is recorded before.
    pub notice_accepted: bool,
    /// The current contract's id; empty where there is none yet.
    pub contract: String,
    /// Its title.
    pub title: String,
    /// The client's name.
    pub client: String,
    /// Who drives it.
    pub mode: Mode,
    /// Since when it is on.
    pub since: Option<u64>,
    /// How long it has been on since then, pauses and time left out not counted, in milliseconds.
    pub on_ms: u64,
    /// Since when it is paused for private time.
    pub paused_since: Option<u64>,
    /// Since when there were no keys, clicks or scrolls, where that is longer than the set minutes.
    pub away_since: Option<u64>,
    /// Time that the worker is to decide about.
    pub question: Option<IdleQuestion>,
    /// The memo.
    pub memo: Option<String>,
    /// The label.
    pub label: Option<String>,
    /// The last memos, the latest first, at most ten.
    pub recent_memos: Vec<String>,
    /// The client's labels.
    pub labels: Vec<String>,
    /// Whether it turns itself off at the end of the segment.
    pub stopping: bool,
    /// The running segment so far; none while off.
    pub running: Option<Segment>,
    /// The last segment with a picture that is still there, of today.
    pub last_picture: Option<Segment>,
    /// Time recorded today (in the computer's time zone), in milliseconds.
    pub today_ms: u64,
    /// Time recorded this week (Monday 00:00 UTC on), in milliseconds.
    pub week_ms: u64,
    /// The weekly limit, in milliseconds.
    pub limit_ms: Option<u64>,
    /// Whether time may be typed in.
    pub manual_time: ManualTime,
    /// Segments.
    pub segments: SegmentCounts,
    /// What waits.
    pub outbox: OutboxCounts,
    /// Since when nothing could be delivered.
    pub offline_since: Option<u64>,
    /// When the next delivery is tried.
    pub next_try_at: Option<u64>,
    /// All contracts of this device.
    pub contracts: Vec<Contract>,
    /// The Work Diary's address of the current contract.
    pub diary_url: Option<String>,
    /// What a person should look at, in words.
    pub problems: Vec<String>,
}

/// How many segments are where.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SegmentCounts {
    /// Running, or ended and not closed yet.
    pub open: usize,
    /// Closed: a parcel exists.
    pub closed: u64,
    /// Delivered: a receipt exists.
    pub delivered: u64,
}

/// How many parcels are where.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutboxCounts {
    /// Within their hold time.
    pub held: u64,
    /// Due.
    pub waiting: u64,
    /// With receipt.
    pub delivered: u64,
    /// Refused for good.
    pub rejected: u64,
    /// Taken back.
    pub cancelled: u64,
    /// Bytes that are held or wait, pictures included.
    pub bytes: u64,
}

/// Nobody was at the computer from `from` to `to`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdleQuestion {
    /// First millisecond.
    pub from: u64,
    /// First millisecond after it.
    pub to: u64,
    /// How much of it could be kept as manual time: whole segments, where the terms allow it; in milliseconds.
    pub manual_ms: u64,
}

/// A contract as the switcher shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contract {
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// The client's name.
    pub client: String,
    /// Who drives it.
    pub mode: Mode,
    /// Whether its notice was accepted.
    pub accepted: bool,
    /// Where its data goes.
    pub server: String,
    /// Where the worker turns to for help.
    pub support: Option<String>,
    /// Where the worker sends praise and complaints.
    pub feedback: Option<String>,
}

/// A segment as the worker sees it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Segment {
    /// First millisecond.
    pub start: u64,
    /// Length in minutes.
    pub length: u8,
    /// Each minute: none where it was not tracked (yet), otherwise keys, clicks and scrolls together; a tracked minute
    /// without counts is 0.
    pub minutes: Vec<Option<u32>>,
    /// How long of it was tracked, in milliseconds.
    pub tracked_ms: u64,
    /// The memo.
    pub memo: Option<String>,
    /// The label.
    pub label: Option<String>,
    /// Whether it was typed in.
    pub manual: bool,
    /// When it was removed.
    pub removed_at: Option<u64>,
    /// Its picture.
    pub picture: Option<PictureFacts>,
    /// Why it has none.
    pub no_picture: Option<NoSnapshot>,
    /// The same as a sentence.
    pub no_picture_sentence: Option<String>,
    /// Why the tracker could not see parts of it.
    pub gaps: Vec<GapCause>,
    /// Where it is.
    pub state: SegmentState,
    /// Its parcel, once it is closed.
    pub parcel: Option<String>,
    /// Whether it may still be changed: the week is not locked, and the terms let the worker.
    pub editable: bool,
}

/// What is known of a picture.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PictureFacts {
    /// When it was taken.
    pub at: u64,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// Length in bytes.
    pub bytes: u64,
    /// What was covered.
    pub redactions: Vec<Redaction>,
    /// The rules that covered something, in words, each once.
    pub covered_by: Vec<String>,
}

/// Where a segment is.
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
        /// Since when.
        at: u64,
    },
    /// The target refused it for good.
    Rejected {
        /// With this.
        why: Option<String>,
    },
    /// It was taken back.
    Cancelled,
}

/// The outbox.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutboxAnswer {
    /// What is in it, the latest first.
    pub entries: Vec<OutboxParcel>,
    /// How many bytes pictures and the journal take on disk.
    pub disk_bytes: u64,
    /// How many bytes they may take.
    pub disk_limit: u64,
}

/// A parcel in the outbox.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutboxParcel {
    /// Its id.
    pub parcel: String,
    /// The contract.
    pub contract: String,
    /// The segment's first millisecond.
    pub segment_start: u64,
    /// How often the segment was changed before.
    pub revision: u32,
    /// Place of its closing record in the journal.
    pub sequence: u64,
    /// The uploader that carries it.
    pub target: String,
    /// `held`, `waiting`, `delivered`, `rejected` or `cancelled`.
    pub state: String,
    /// Not delivered earlier.
    pub hold_until: u64,
    /// Failed tries.
    pub attempts: u32,
    /// Not tried again earlier.
    pub next_try_at: u64,
    /// Why the last try failed.
    pub last_error: Option<String>,
    /// How many attachments go with it.
    pub attachments: usize,
    /// Bytes of the signed parcel and its attachments together.
    pub bytes: u64,
    /// What is in it, in words: `picture, activity`.
    pub holds: String,
    /// When it was delivered.
    pub delivered_at: Option<u64>,
}

/// The exact bytes of a parcel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParcelBytes {
    /// The signed envelope as it is sent.
    pub envelope: String,
    /// What is signed in it, readable.
    pub document: Value,
    /// The attachments: SHA-256 and length in bytes.
    pub attachments: Vec<(String, u64)>,
}

/// A notice to be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoticeAnswer {
    /// The contract.
    pub contract: String,
    /// The text.
    pub text: String,
    /// Names the text.
    pub digest: String,
    /// Whether it is accepted by this account.
    pub accepted: bool,
}

/// A picture.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Picture {
    /// Its media type.
    pub media_type: String,
    /// Its bytes, base64.
    pub base64: String,
}

/// What the client would see.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preview {
    /// The picture; none where rules or a failure say so.
    pub picture: Option<Picture>,
    /// What is covered in it.
    pub redactions: Vec<Redaction>,
    /// The rules that covered something, in words, each once.
    pub covered_by: Vec<String>,
    /// Why there is none.
    pub no_picture_sentence: Option<String>,
}

/// What was removed or added.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Forgotten {
    /// First millisecond.
    pub from: u64,
    /// First millisecond after it.
    pub to: u64,
    /// How many segments.
    pub segments: u32,
    /// How much time, in milliseconds.
    pub time_ms: u64,
    /// How many pictures.
    pub pictures: u32,
}

/// What the worker chooses. The terms of a monitoring contract override them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct Preferences {
    /// Only the monitor with the focused window is in the picture.
    pub active_monitor_only: bool,
    /// A notification at each picture.
    pub notify_on_capture: bool,
    /// Remind of the memo after this many minutes of tracking under the same one; 0 never does.
    pub memo_reminder_minutes: u32,
    /// Ask about time without keys, clicks and scrolls of at least this many minutes, 1 to 60.
    pub idle_minutes: u32,
    /// Start the agent at login.
    pub start_at_login: bool,
    /// Pictures are taken, where the terms leave it to the worker.
    pub pictures: bool,
    /// Keys, clicks and scrolls are counted, where the terms leave it to the worker.
    pub activity: bool,
    /// The window's colours.
    pub theme: Theme,
    /// Bytes that pictures and journal may take on disk; beyond it no picture is taken, time goes on.
    pub disk_limit: u64,
}

impl Default for Preferences {
    fn default() -> Self {
        Self {
            active_monitor_only: false,
            notify_on_capture: true,
            memo_reminder_minutes: 60,
            idle_minutes: 10,
            start_at_login: false,
            pictures: true,
            activity: true,
            theme: Theme::System,
            disk_limit: 2 << 30,
        }
    }
}

/// The window's colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Theme {
    /// As the desktop has them.
    #[default]
    System,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

/// A rule of the worker's own: what it matches, and what becomes of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct OwnRule {
    /// What is looked at: `application` or `title`. (No source tells the address of a page yet.)
    pub field: String,
    /// How: `exact`, `contains`, `glob` or `regex`.
    pub by: String,
    /// The text or pattern.
    pub pattern: String,
    /// What happens: `hide-title`, `blur`, `fill` or `skip`.
    pub action: String,
}

/// A plugin in use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plugin {
    /// Its name in the terms.
    pub name: String,
    /// `collector`, `policy` or `uploader`.
    pub kind: String,
    /// SHA-256 of the component.
    pub sha256: String,
    /// What it may do, in words.
    pub may: Vec<String>,
    /// What is wrong with it.
    pub problem: Option<String>,
    /// Its last log lines.
    pub log: Vec<String>,
}

/// One line of `doctor`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// What was looked at: `display`, `counting`, `tray`, `notifications`, `keyring`, `disk`, `memory`, `load`,
    /// `back-office`, `clock`.
    pub name: String,
    /// Whether it is as it should be.
    pub ok: bool,
    /// What was found.
    pub found: String,
    /// What to do about it, where it is not.
    pub advice: Option<String>,
}

/// What was exported.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exported {
    /// Where it lies.
    pub folder: String,
    /// How many records.
    pub records: u64,
    /// How many pictures.
    pub pictures: u64,
}

/// The answer of [`Request::Terms`] is the terms as they were handed out.
pub type TermsAnswer = Terms;
