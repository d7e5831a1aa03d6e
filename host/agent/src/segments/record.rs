//! What the agent writes into the journal: the kinds of records and their bodies.
//!
//! Records are facts with their own time; segments are computed from them ([`crate::segments::assemble`]). A record
//! belongs to the segment that holds its `at`.

use candor_diary::parcel::{Counts, Custom, Focus, Gap, NoSnapshot, Snapshot};
use serde::{Deserialize, Serialize};

/// The body of a record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "record")]
pub enum Record {
    /// Tracking began at the record's time.
    Started,
    /// Tracking ended at the record's time.
    Stopped,
    /// In this segment nothing had to show that it was recorded: it was started so.
    NoSign,
    /// The tracker was on from `from` until `to`, both within one minute.
    Span {
        /// First millisecond, counted from the Unix epoch.
        from: u64,
        /// First millisecond after it.
        to: u64,
    },
    /// Tracked time that was recorded already was none: nobody was there, or the clock had been set.
    TakenBack {
        /// First millisecond, counted from the Unix epoch.
        from: u64,
        /// First millisecond after it, in the same segment.
        to: u64,
    },
    /// Time of this segment was tracked while keys, clicks and scrolls were not counted: the worker had turned that
    /// off.
    NotCounted,
    /// The counts of a minute.
    Activity {
        /// First millisecond of the minute.
        minute: u64,
        /// How many keys, clicks and scrolls there were.
        counts: Counts,
    },
    /// The memo and label that the worker set, from here on.
    Memo {
        /// The text; none clears it.
        memo: Option<String>,
        /// The label, one of those that the terms name.
        label: Option<String>,
    },
    /// The focused window changed.
    Focus(Focus),
    /// A picture of the screen.
    Snapshot {
        /// The picture's facts, as the parcel will hold them.
        facts: Snapshot,
        /// The journal's blob that holds the picture.
        blob: String,
    },
    /// There is no picture.
    NoSnapshot {
        /// The reason, as the parcel gives it.
        why: NoSnapshot,
    },
    /// A time that the tracker could not see, with the cause.
    Gap(Gap),
    /// A note of a plugin's own making.
    Custom(Custom),
    /// Notes of a plugin were dropped because they were over its budget.
    Dropped {
        /// The plugin's name, as the terms have it.
        plugin: String,
        /// How many of them in the segment so far.
        notes: u64,
        /// When that run of the agent began: each run counts from zero.
        life: u64,
    },
    /// Stands for a record that cannot be read any more. It is never written.
    Unreadable {
        /// The kind under which it was filed.
        filed: String,
        /// The record's time, milliseconds since the Unix epoch.
        at: u64,
    },
    /// The worker removed the segment: what was recorded before is erased.
    Removed {
        /// When it was removed, milliseconds since the Unix epoch.
        at: u64,
        /// How many milliseconds of time went with it.
        time_ms: u64,
        /// The journal's blobs that are erased with it: if that is cut off, it is done at the next start.
        #[serde(default)]
        blobs: Vec<String>,
    },
    /// The worker removed the segment's picture, and with `time_ms` all else that was recorded before. Until it is
    /// destroyed this can be undone.
    Withdrawn {
        /// When it was removed, milliseconds since the Unix epoch.
        at: u64,
        /// How many milliseconds of time go with it; none if the time stays.
        time_ms: Option<u64>,
    },
    /// What a [`Record::Withdrawn`] took was destroyed.
    Destroyed {
        /// The journal's blobs that are erased with it, as for [`Record::Removed`].
        #[serde(default)]
        blobs: Vec<String>,
    },
    /// A [`Record::Withdrawn`] was undone.
    Restored,
    /// The worker removed notes of plugins.
    NotesRemoved,
    /// The worker typed the whole segment in.
    Manual {
        /// When it was typed in, milliseconds since the Unix epoch.
        at: u64,
        /// What was done in it.
        memo: String,
        /// Why it was not tracked.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
        /// The idle question that it answers, by its first millisecond.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        answers: Option<u64>,
    },
    /// Nobody was there from `from` to `to`: the worker is asked what to do with the time, which is left out until
    /// then.
    Question {
        /// First millisecond, counted from the Unix epoch.
        from: u64,
        /// First millisecond after it.
        to: u64,
    },
    /// The question about the time from `from` on was answered.
    Answered {
        /// First millisecond of the time asked about.
        from: u64,
    },
    /// The segment closed; its parcel is in the outbox.
    Segment {
        /// The id of its parcel.
        parcel: String,
        /// First millisecond of the segment.
        start: u64,
    },
}

impl Record {
    /// Returns whether it says which time was worked, or what the worker said of it: never to be lost.
    #[must_use]
    pub fn is_time(&self) -> bool {
        match self {
            Self::Started
            | Self::Stopped
            | Self::NoSign
            | Self::Span { .. }
            | Self::TakenBack { .. }
            | Self::NotCounted
            | Self::Activity { .. }
            | Self::Memo { .. }
            | Self::Gap(_)
            | Self::Question { .. }
            | Self::Answered { .. }
            | Self::Manual { .. } => true,
            Self::Focus(_)
            | Self::Snapshot { .. }
            | Self::NoSnapshot { .. }
            | Self::Custom(_)
            | Self::Dropped { .. }
            | Self::Unreadable { .. }
            | Self::Removed { .. }
            | Self::Withdrawn { .. }
            | Self::Destroyed { .. }
            | Self::Restored
            | Self::NotesRemoved
            | Self::Segment { .. } => false,
        }
    }

    /// Returns whether it shows what was on screen, or what a plugin noted.
    #[must_use]
    pub fn is_evidence(&self) -> bool {
        matches!(self, Self::Focus(_) | Self::Snapshot { .. } | Self::Custom(_))
    }

    /// Returns the kind under which the journal files it.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Started => "started",
            Self::Stopped => "stopped",
            Self::NoSign => "no-sign",
            Self::Span { .. } => "span",
            Self::TakenBack { .. } => "taken-back",
            Self::NotCounted => "not-counted",
            Self::Activity { .. } => "activity",
            Self::Memo { .. } => "memo",
            Self::Focus(_) => "focus",
            Self::Snapshot { .. } => "snapshot",
            Self::NoSnapshot { .. } => "no-snapshot",
            Self::Gap(_) => "gap",
            Self::Custom(_) => "custom",
            Self::Dropped { .. } => "dropped",
            Self::Unreadable { .. } => "unreadable",
            Self::Removed { .. } => "removed",
            Self::Withdrawn { .. } => "withdrawn",
            Self::Destroyed { .. } => "destroyed",
            Self::Restored => "restored",
            Self::NotesRemoved => "notes-removed",
            Self::Manual { .. } => "manual",
            Self::Question { .. } => "question",
            Self::Answered { .. } => "answered",
            Self::Segment { .. } => "segment",
        }
    }
}

/// A record of a segment with its place in the journal.
#[derive(Clone, Debug)]
pub struct StoredRecord {
    /// Its place in the journal, from 1.
    pub sequence: u64,
    /// What it says, read from its body.
    pub record: Record,
}
