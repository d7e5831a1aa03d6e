//! What the plugin remembers of a day, so that its page can be made anew with each segment.

use candor_diary::parcel::Parcel;
use candor_diary::text::{Reader, gap_cause};
use candor_sdk::store::{self, StoreError};
use candor_sdk::{DeliveryFailure, log};
use serde::{Deserialize, Serialize};

use crate::names;
use crate::wait::RETRY;

/// The longest memo that a page shows, characters. The whole of it is in `segment.json`.
const LONGEST_MEMO: usize = 120;
/// Before the first day is forgotten.
const NEVER: &str = "0000-00-00";

/// A segment, as the page shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SegmentRow {
    /// Its first millisecond, and its length in milliseconds.
    #[serde(rename = "s")]
    pub(crate) start: u64,
    #[serde(rename = "l")]
    pub(crate) length: u64,
    #[serde(rename = "r")]
    pub(crate) revision: u32,
    /// What the worker says it was.
    #[serde(rename = "m", default, skip_serializing_if = "String::is_empty")]
    pub(crate) memo: String,
    /// Sentences about time, activity, picture and gaps.
    #[serde(rename = "w")]
    pub(crate) words: Vec<String>,
    /// Where the picture is, from the page.
    #[serde(rename = "p", default, skip_serializing_if = "Option::is_none")]
    pub(crate) picture: Option<String>,
    /// The names of its details' files, without their ending.
    #[serde(rename = "d", default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) details: Vec<String>,
}

/// What the page tells of a segment that a parcel may keep in its details. Here alone it is known where each is kept.
struct Told<'a> {
    memo: Option<&'a str>,
    label: Option<&'a str>,
    /// How many minutes had activity; none if none was counted.
    minutes_active: Option<u32>,
}

impl<'a> Told<'a> {
    fn of(parcel: &'a Parcel) -> Self {
        let counted = parcel.minutes.iter().any(|minute| minute.counts.is_some());
        Self {
            memo: parcel.memo.as_deref(),
            label: parcel.label.as_deref(),
            minutes_active: counted.then(|| parcel.minutes_active()),
        }
    }
}

impl SegmentRow {
    /// The row of a parcel that was understood.
    pub(crate) fn of(parcel: &Parcel, picture: Option<String>) -> Self {
        let told = Told::of(parcel);
        let memo = [told.label, told.memo].into_iter().flatten().collect::<Vec<_>>().join(": ");
        Self {
            start: parcel.start,
            length: parcel.length.ms(),
            revision: parcel.revision,
            memo: memo.chars().take(LONGEST_MEMO).collect(),
            words: words(parcel, &told),
            picture,
            details: Vec::new(),
        }
    }

    /// The row of a parcel that this version cannot read.
    pub(crate) fn unread(start: u64, length: u64, picture: Option<String>) -> Self {
        let words = vec!["This version cannot read the segment; parcel.dsse.json holds it whole.".to_owned()];
        Self { start, length, revision: 0, memo: String::new(), words, picture, details: Vec::new() }
    }
}

/// What the page says of a segment, a sentence each.
fn words(parcel: &Parcel, told: &Told<'_>) -> Vec<String> {
    let mut words = Vec::new();
    if let Some(removed) = &parcel.removed {
        let minutes = removed.time_ms / 60_000;
        words.push(format!("Removed by the worker, {minutes} min with it."));
        return words;
    }
    let length = parcel.length.ms() / 60_000;
    if parcel.manual.is_some() {
        words.push(format!("{length} min of manual time: typed in, without activity."));
    } else {
        let tracked: u64 = parcel.minutes.iter().map(|minute| u64::from(minute.tracked_ms)).sum();
        words.push(format!("{} min tracked.", tracked.div_ceil(60_000)));
        if let Some(active) = told.minutes_active {
            words.push(format!("Activity in {active} of {length} minutes."));
        }
    }
    if let Some(snapshot) = &parcel.snapshot {
        words.extend(covered(parcel, snapshot));
    }
    if let Some(none) = &parcel.no_snapshot {
        words.push(format!("{}.", none.sentence()));
    }
    for gap in &parcel.gaps {
        let (from, to) = (names::clock(gap.from), names::clock(gap.to));
        words.push(format!("No evidence from {from} to {to}: {}.", gap_cause(gap.cause, Reader::Both)));
    }
    words
}

/// What of the picture is covered, and by which rules.
fn covered(parcel: &Parcel, snapshot: &candor_diary::parcel::Snapshot) -> Option<String> {
    let places = snapshot.redactions.len();
    if places == 0 {
        return None;
    }
    let mut rules: Vec<&str> = Vec::new();
    for redaction in &snapshot.redactions {
        let rule = redaction.rule.and_then(|rule| parcel.policy.rules.get(usize::try_from(rule).ok()?));
        let rule = rule.map_or("shows hidden titles", String::as_str);
        if !rules.contains(&rule) {
            rules.push(rule);
        }
    }
    let times = if places == 1 { "One place was" } else { "Several places were" };
    Some(format!("{times} covered before the picture left the screen: {}.", rules.join("; ")))
}

/// A day of a contract.
pub(crate) struct DayPage {
    contract: String,
    date: String,
    rows: Vec<SegmentRow>,
    /// Its page was closed: what comes now is on another one.
    late: bool,
}

impl DayPage {
    /// What is remembered of the day.
    pub(crate) fn load(contract: &str, date: &str) -> Result<Self, DeliveryFailure> {
        let known = store::get(&key(contract, date)).map_err(unavailable)?;
        let rows = known.and_then(|rows| serde_json::from_slice(&rows).ok()).unwrap_or_default();
        let forgotten = store::get(&mark(contract)).map_err(unavailable)?;
        let late = forgotten.is_some_and(|last| date.as_bytes() <= last.as_slice());
        Ok(Self { contract: contract.to_owned(), date: date.to_owned(), rows, late })
    }

    /// The row of the segment that starts then.
    pub(crate) fn row(&self, start: u64) -> Option<&SegmentRow> {
        self.rows.iter().find(|row| row.start == start)
    }

    /// In order of time.
    pub(crate) fn rows(&self) -> &[SegmentRow] {
        &self.rows
    }

    /// Whether the page holds only what came after the day's own page was closed.
    pub(crate) fn is_late(&self) -> bool {
        self.late
    }

    /// Returns the name of the page's file.
    pub(crate) fn page(&self) -> &'static str {
        if self.late { "later.html" } else { "index.html" }
    }

    /// Puts a row in the place of the one before.
    pub(crate) fn set(&mut self, row: SegmentRow) {
        self.rows.retain(|other| other.start != row.start);
        self.rows.push(row);
        self.rows.sort_by_key(|row| row.start);
    }

    /// Remembers it. If the store is full, the oldest other day is forgotten: its page stays as it is.
    pub(crate) fn keep(&self) -> Result<(), DeliveryFailure> {
        let mark = mark(&self.contract);
        if store::get(&mark).map_err(unavailable)?.is_none() {
            // Its place is taken while there is room: later it only changes.
            store::set(&mark, NEVER.as_bytes()).map_err(unavailable)?;
        }
        let mut rows = self.rows.clone();
        loop {
            let bytes = serde_json::to_vec(&rows).map_err(|error| {
                DeliveryFailure::later(RETRY, format!("the day could not be written down: {error}"))
            })?;
            match store::set(&key(&self.contract, &self.date), &bytes) {
                Ok(()) => return Ok(()),
                Err(StoreError::Full(_)) => {}
                Err(error) => return Err(unavailable(error)),
            }
            if let Some(oldest) = self.oldest_other()? {
                let forgotten = store::get(&mark).map_err(unavailable)?.unwrap_or_default();
                if forgotten.as_slice() < oldest.as_bytes() {
                    store::set(&mark, oldest.as_bytes()).map_err(unavailable)?;
                }
                store::delete(&key(&self.contract, &oldest)).map_err(unavailable)?;
            } else if rows.iter().any(|row| !row.memo.is_empty() || row.words.len() > 1) {
                // A day of very many segments: the page has them whole, what is remembered of them is shorter.
                for row in &mut rows {
                    row.memo.clear();
                    row.words.truncate(1);
                }
            } else {
                log::warn("the store has no room for the day: its page will begin anew");
                return Ok(());
            }
        }
    }

    fn oldest_other(&self) -> Result<Option<String>, DeliveryFailure> {
        let prefix = key(&self.contract, "");
        let keys = store::keys().map_err(unavailable)?;
        let mut days = keys.iter().filter_map(|key| key.strip_prefix(&prefix));
        Ok(days.find(|date| *date != self.date).map(str::to_owned))
    }
}

/// Keys are short: a contract's id is cut if it is longer than any that a back office gives.
fn key(contract: &str, date: &str) -> String {
    format!("day {} {date}", short(contract))
}

fn mark(contract: &str) -> String {
    format!("forgotten {}", short(contract))
}

fn short(contract: &str) -> &str {
    contract.get(..64).unwrap_or(contract)
}

fn unavailable(error: StoreError) -> DeliveryFailure {
    let reason = format!("the day cannot be remembered: {error}");
    log::warn(&reason);
    DeliveryFailure::later(RETRY, reason)
}
