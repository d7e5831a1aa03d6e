//! What the agent is doing.

use candor_diary::parcel::GapCause;
use candor_diary::terms::{ManualTime, Mode};
use serde::{Deserialize, Serialize};

use crate::segment::Segment;
use crate::sign::SignState;

/// What the agent is doing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Status {
    /// Counts up with every change that a person would see, the clock aside.
    pub revision: u64,
    /// The time by the agent's clock.
    pub now: u64,
    /// Whether the tracker is on.
    pub tracking: bool,
    /// Whether the current contract's notice was accepted; nothing is recorded before.
    pub notice_accepted: bool,
    /// The current contract; none if this device has none yet.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub current: Option<CurrentContract>,
    /// Whether the worker or the client drives tracking.
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
    /// Why nothing is recorded since then.
    #[serde(default)]
    pub away: Option<GapCause>,
    /// Time that the worker is to decide about.
    pub question: Option<IdleQuestion>,
    /// What the work is, in the worker's words.
    pub memo: Option<String>,
    /// The label that was chosen.
    pub label: Option<String>,
    /// The last memos, the latest first, at most ten.
    pub recent_memos: Vec<String>,
    /// The labels that the client offers.
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
    /// How many segments are where.
    pub segments: SegmentCounts,
    /// How many parcels are where.
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

impl Status {
    /// Returns the current contract's id.
    #[must_use]
    pub fn contract(&self) -> Option<&str> {
        self.current.as_ref().map(|current| current.id.as_str())
    }

    /// Whether time can be tracked under the current contract; otherwise all of it is typed in.
    #[must_use]
    pub fn tracks_time(&self) -> bool {
        self.manual_time != ManualTime::Only
    }

    /// Returns the current contract's title, as it is shown.
    #[must_use]
    pub fn title(&self) -> &str {
        self.current.as_ref().map_or("No contract", |current| &current.title)
    }

    /// Returns the name of the current contract's client, as it is shown.
    #[must_use]
    pub fn client(&self) -> &str {
        self.current.as_ref().map_or("The client", |current| &current.client)
    }
}

/// The contract that is worked on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CurrentContract {
    /// The contract's id on this device.
    #[serde(rename = "contract")]
    pub id: String,
    /// The contract's title, as its terms have it.
    pub title: String,
    /// The name of the client.
    pub client: String,
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
    /// Due, and not delivered yet.
    pub waiting: u64,
    /// Delivered: a receipt exists.
    pub delivered: u64,
    /// Refused by the target for good.
    pub rejected: u64,
    /// Taken back by the worker.
    pub cancelled: u64,
    /// Bytes that are held or wait, pictures included.
    pub bytes: u64,
}

/// Nobody was at the computer from `from` to `to`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdleQuestion {
    /// First millisecond of the span.
    pub from: u64,
    /// First millisecond after it.
    pub to: u64,
    /// How much of it could be kept as manual time: whole segments, if the terms allow it; in milliseconds.
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
    /// Its id; that and what tells it from another of the same id, if this device had that before.
    pub id: String,
    /// The contract's title, as its terms have it.
    pub title: String,
    /// The name of the client.
    pub client: String,
    /// Whether the worker or the client drives tracking.
    pub mode: Mode,
    /// Whether its notice was accepted.
    pub accepted: bool,
    /// The address of the server that its data goes to.
    pub server: String,
    /// The address that the worker turns to for help.
    pub support: Option<String>,
    /// The address for praise and complaints.
    pub feedback: Option<String>,
}
