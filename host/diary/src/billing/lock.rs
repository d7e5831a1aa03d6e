//! A week as it was when it locked: frozen, so that nothing that comes later changes it (design §8).
//!
//! The back office freezes each contract's week at its lock, Monday 12:00 UTC after it, and writes it into the ledger.
//! Only what was received before takes part: parcels of this contract, those of the worker's other contracts that can
//! have the same time, and terms. What is not in a locked week arrived after the lock ([`Outcome::AfterLock`]).
//!
//! A frozen week needs nothing else to be read: neither parcels nor terms, which may be purged.

mod code;
mod frozen;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use self::frozen::{Frozen, Segments};
use crate::billing::{Claim, Facts, Outcome, bill};
use crate::calendar::{lock_of, week_of};
use crate::day::Summary;
use crate::limits;
use crate::terms::ManualTime;
use crate::versions::Versions;

/// A segment as a back office received it. All revisions of it may be given: the newest that was there in time counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Received<'a> {
    /// The id of its contract, any of the worker's.
    pub contract: &'a str,
    /// The id of the device that recorded it.
    pub device: &'a str,
    /// How often it had been changed.
    pub revision: u32,
    /// When it was received, milliseconds since the Unix epoch.
    pub received_at: u64,
    /// What was recorded.
    pub facts: Facts,
    /// Whether it might be typed in, as was decided when it came ([`admit`](crate::admission::admit)).
    pub manual_time: ManualTime,
}

/// Why there is no such locked week.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum LockError {
    /// No week begins then.
    #[error("no week begins at {0}: give the first millisecond of a Monday, UTC")]
    NoWeek(u64),
    /// More devices took turns in it than it can list.
    #[error(
        "the locked week takes {0} bytes, more than {most}: too many devices recorded it in turns. Settle this week by \
         hand, and issue terms with longer segments for those to come",
        most = limits::LOCKED_WEEK_BYTES
    )]
    TooLarge(usize),
    /// What was read does not say what [`LockedWeek::freeze`] writes.
    #[error("the locked week cannot be read: {0}. Fetch it anew")]
    Damaged(&'static str),
}

/// One contract's week, frozen. As JSON at most [`limits::LOCKED_WEEK_BYTES`] long.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Document", into = "Document")]
pub struct LockedWeek {
    contract: String,
    week_start: u64,
    limit: Option<u64>,
    devices: BTreeMap<String, Segments>,
}

impl LockedWeek {
    /// Freezes the week of a contract that begins at `week_start`. `received` holds what was recorded for all contracts
    /// of the worker in that week, in any order; `versions` answers the terms of each of them. More of both may be given:
    /// what was received or issued at the lock or later, and what lies in another week, is left out here.
    ///
    /// # Errors
    /// [`LockError::NoWeek`] if no week begins then, [`LockError::TooLarge`] if it cannot be written down.
    pub fn freeze<'v>(
        contract: &str,
        week_start: u64,
        versions: impl Fn(&str) -> Option<&'v Versions>,
        received: &[Received<'_>],
    ) -> Result<Self, LockError> {
        if week_of(week_start).0 != week_start {
            return Err(LockError::NoWeek(week_start));
        }
        let lock = lock_of(week_start);
        let terms = |contract: &str| versions(contract).map(|versions| versions.issued_before(lock));
        // In an order of its own, so that nothing hangs on that in which they are given.
        let mut newest: BTreeMap<(&str, &str, u64), &Received<'_>> = BTreeMap::new();
        for one in received {
            if one.received_at >= lock || week_of(one.facts.start).0 != week_start {
                continue;
            }
            let place = newest.entry((one.contract, one.device, one.facts.start)).or_insert(one);
            let order = |one: &Received<'_>| (one.revision, one.received_at, one.facts);
            if order(one) > order(place) {
                *place = one;
            }
        }
        let claims: Vec<Claim<'_>> = newest
            .values()
            .map(|one| Claim { contract: one.contract, facts: one.facts, manual_time: one.manual_time })
            .collect();
        let limit = terms(contract).and_then(|terms| terms.limit_of_week(week_start));
        let outcomes = bill(&claims, contract, |_| limit);
        let mut devices: BTreeMap<String, Segments> = BTreeMap::new();
        for (one, outcome) in newest.values().zip(outcomes).filter(|(one, _)| one.contract == contract) {
            let facts = &one.facts;
            let frozen = Frozen { length: facts.length, outcome, typed_in: facts.typed_in() };
            devices.entry(one.device.to_owned()).or_default().insert(facts.start, frozen);
        }
        let week = Self { contract: contract.to_owned(), week_start, limit, devices };
        let bytes = limits::json_bytes(&week);
        if bytes > limits::LOCKED_WEEK_BYTES { Err(LockError::TooLarge(bytes)) } else { Ok(week) }
    }

    /// Returns what became of the segment that a device recorded from `start` on; `None` if it was not there at the
    /// lock, so that it arrived after it.
    #[must_use]
    pub fn outcome(&self, device: &str, start: u64) -> Option<Outcome> {
        Some(self.devices.get(device)?.get(&start)?.outcome)
    }

    /// Returns whether any of `from..to` is billed in this week. What arrived after the lock is not accepted for such
    /// time: it would be billed twice.
    #[must_use]
    pub fn is_billed_within(&self, from: u64, to: u64) -> bool {
        let meets = |(start, one): (&u64, &Frozen)| *start < to && from < start + one.length.ms();
        self.devices.values().flatten().any(|one| one.1.outcome == Outcome::Billed && meets(one))
    }

    /// Returns what it adds up to.
    #[must_use]
    pub fn sum(&self) -> Summary {
        let mut sum = Summary::default();
        for one in self.devices.values().flat_map(Segments::values) {
            sum.add_minutes(one.length.minutes().into(), one.typed_in, one.outcome);
        }
        sum
    }

    /// Returns the id of its contract.
    #[must_use]
    pub fn contract(&self) -> &str {
        &self.contract
    }

    /// Returns its first millisecond since the Unix epoch, a Monday 00:00 UTC.
    #[must_use]
    pub fn week_start(&self) -> u64 {
        self.week_start
    }

    /// Returns how many minutes were billed at most.
    #[must_use]
    pub fn limit(&self) -> Option<u64> {
        self.limit
    }
}

/// How it is written down: with its sum, for people and programs that only want that.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Document {
    contract: String,
    /// Milliseconds since the Unix epoch.
    week_start: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    limit_minutes: Option<u64>,
    sum: Summary,
    /// The segments of each device, as [`code`] has them.
    devices: BTreeMap<String, String>,
}

impl From<LockedWeek> for Document {
    fn from(week: LockedWeek) -> Self {
        let sum = week.sum();
        let write = |(device, segments)| (device, code::write(week.week_start, &segments));
        Self {
            contract: week.contract,
            week_start: week.week_start,
            limit_minutes: week.limit,
            sum,
            devices: week.devices.into_iter().map(write).collect(),
        }
    }
}

impl TryFrom<Document> for LockedWeek {
    type Error = LockError;

    fn try_from(document: Document) -> Result<Self, LockError> {
        let week_start = document.week_start;
        if week_of(week_start).0 != week_start {
            return Err(LockError::NoWeek(week_start));
        }
        let mut devices = BTreeMap::new();
        for (device, text) in document.devices {
            let segments = code::read(week_start, &text).ok_or(LockError::Damaged("a device's segments"))?;
            devices.insert(device, segments);
        }
        let week = Self { contract: document.contract, week_start, limit: document.limit_minutes, devices };
        if week.sum() != document.sum {
            return Err(LockError::Damaged("its sum is not that of its segments"));
        }
        Ok(week)
    }
}

#[cfg(test)]
mod tests;
