//! What the agent is doing.

use candor_diary::parcel::GapCause;
use candor_diary::terms::{ManualTime, Mode};
use serde::{Deserialize, Serialize};

use crate::{Segment, SignState};

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
    /// Whether the person can see that it is recorded.
    #[serde(default)]
    pub sign: SignState,
    /// Since when it is paused for private time.
    pub paused_since: Option<u64>,
    /// Since when nothing is recorded although it is on: nobody is there, the screen is locked, or nothing can be seen.
    pub away_since: Option<u64>,
    /// Why, where that is so.
    #[serde(default)]
    pub away: Option<GapCause>,
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
    /// Time billed today (in the computer's time zone), within the weekly limit, in milliseconds.
    pub today_ms: u64,
    /// Time billed this week (Monday 00:00 UTC on), within the weekly limit, in milliseconds.
    pub week_ms: u64,
    /// Time of this week that would be billed but for the weekly limit, in milliseconds.
    #[serde(default)]
    pub over_ms: u64,
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

/// Whether a session is called so because of this contract: by the contract's id, or by that and what tells it from
/// others of the same id.
#[must_use]
pub fn names(session: &str, contract: &str) -> bool {
    session.split('@').next() == Some(contract)
}

/// A contract as the switcher shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contract {
    /// Its id; that and what tells it from another of the same id, where this device had that before.
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
