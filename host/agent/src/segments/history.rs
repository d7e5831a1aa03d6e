//! What a worker sees of recorded segments: views of single ones, and what a day and a week add up to.

use std::collections::BTreeMap;

use candor_diary::billing::{Claim, Facts, Outcome, bill};
use candor_diary::calendar::{lock_of, week_of};
use candor_diary::parcel::{Counts, Custom, Dropped, Parcel};
use candor_diary::segment::MINUTE_MS;
use candor_journal::{OutboxEntry, OutboxState};
use candor_protocol::{Note, PictureFacts, Segment, SegmentState};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use parking_lot::Mutex;

use crate::segments::assemble::reports_nothing;
use crate::segments::error::CloseError;
use crate::segments::ledger::SegmentLedger;

/// What is kept of a closed segment, so that a parcel is not opened again for each look at the clock.
#[derive(Clone)]
struct ClosedSummary {
    parcel: String,
    facts: Facts,
    pictured: bool,
}

/// The closed segments of the current week and day.
#[derive(Default)]
pub struct History(Mutex<BTreeMap<u64, ClosedSummary>>);

/// What a day and a week add up to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Billed today, within the weekly limit, in milliseconds.
    pub today_ms: u64,
    /// Billed this week, within the weekly limit, in milliseconds.
    pub week_ms: u64,
    /// What of this week is beyond the weekly limit, in milliseconds.
    pub over_ms: u64,
    /// What of the running segment is billed, in milliseconds.
    pub running_ms: u64,
    /// The start of the latest segment of today that has a picture.
    pub last_picture: Option<u64>,
}

/// Time of one week that was billed from other devices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Elsewhere {
    /// Monday 00:00 UTC, milliseconds since the Unix epoch.
    pub week: u64,
    /// How many milliseconds were billed there.
    pub ms: u64,
}

impl Totals {
    /// Adds what was billed from other devices. What is beyond the limit then is the latest, as far as this device can
    /// tell.
    fn add_elsewhere(&mut self, ms: u64, limit: Option<u64>) {
        self.week_ms = self.week_ms.saturating_add(ms);
        let beyond = limit.map_or(0, |limit| self.week_ms.saturating_sub(limit));
        if beyond > 0 {
            self.week_ms -= beyond;
            self.over_ms = self.over_ms.saturating_add(beyond);
            self.today_ms = self.today_ms.saturating_sub(beyond);
            self.running_ms = 0;
        }
    }
}

impl History {
    /// Adds up what is closed, the segment that runs, and what was billed from other devices.
    ///
    /// # Errors
    /// If the journal could not be read.
    pub async fn totals(
        &self,
        ledger: &SegmentLedger,
        running: Option<&Parcel>,
        elsewhere: Option<Elsewhere>,
    ) -> Result<Totals, CloseError> {
        let journal = &ledger.shared.journal;
        let now = ledger.shared.clock.now();
        let week = week_of(now);
        let today = today(now);
        // Whole weeks, for the limit is filled from their beginning: a day of a zone can lie in two of UTC.
        let (from, to) = whole_weeks(today.0.min(week.0), today.1.max(week.1));
        let entries = journal.closed_parcels(&ledger.shared.session_name, from, to).await?;
        let mut all: BTreeMap<u64, ClosedSummary> = BTreeMap::new();
        for entry in entries {
            let known = {
                let known = self.0.lock();
                known.get(&entry.segment_start).filter(|k| k.parcel == entry.parcel_id).cloned()
            };
            let known = match known {
                Some(known) => known,
                // One that is damaged keeps nobody from the others' sum; its delivery reports it.
                None => match ledger.read_parcel(&entry.parcel_id).await {
                    Ok(parcel) => summarise(&entry.parcel_id, &parcel),
                    Err(CloseError::Journal(error)) if error.is_damage() => continue,
                    Err(error) => return Err(error),
                },
            };
            if self.counts_for_client(ledger, &entry).await? {
                all.insert(entry.segment_start, known);
            }
        }
        let running = running.map(Facts::of);
        let runs = running.is_some();
        let facts: Vec<Facts> = all.values().map(|k| k.facts).chain(running).collect();
        let mut totals = Totals::default();
        for (facts, outcome) in facts.iter().zip(ledger.outcomes(&facts)) {
            let (start, ms) = (facts.start, facts.length.ms());
            let this_week = (week.0..week.1).contains(&start);
            totals.running_ms = 0;
            match outcome {
                Outcome::Billed => {
                    totals.week_ms += if this_week { ms } else { 0 };
                    totals.today_ms += if (today.0..today.1).contains(&start) { ms } else { 0 };
                    // The running one comes last.
                    totals.running_ms = if runs { ms } else { 0 };
                }
                Outcome::OverLimit if this_week => totals.over_ms += ms,
                _ => {}
            }
        }
        if let Some(elsewhere) = elsewhere.filter(|elsewhere| elsewhere.week == week.0) {
            let limit = ledger.terms.weekly_limit.map(|minutes| u64::from(minutes) * MINUTE_MS);
            totals.add_elsewhere(elsewhere.ms, limit);
        }
        let pictured =
            |(start, known): (&u64, &ClosedSummary)| (known.pictured && *start >= today.0).then_some(*start);
        totals.last_picture = all.iter().rev().find_map(pictured);
        *self.0.lock() = all;
        Ok(totals)
    }
}

impl History {
    /// Returns whether the client has a segment or is to have it: one that was taken back or refused adds nothing,
    /// unless an earlier revision of it is there.
    async fn counts_for_client(
        &self,
        ledger: &SegmentLedger,
        entry: &OutboxEntry,
    ) -> Result<bool, CloseError> {
        Ok(match entry.state {
            OutboxState::Cancelled => false,
            OutboxState::Rejected => {
                let journal = &ledger.shared.journal;
                journal.was_delivered(&ledger.shared.session_name, entry.segment_start).await?
            }
            _ => true,
        })
    }
}

/// Returns what of a week is billed of the segments of this device that the back office has, in milliseconds; none
/// while a change of one of them is still on its way.
pub(crate) async fn delivered_ms(
    ledger: &SegmentLedger,
    from: u64,
    to: u64,
) -> Result<Option<u64>, CloseError> {
    let journal = &ledger.shared.journal;
    let mut facts = Vec::new();
    for entry in journal.closed_parcels(&ledger.shared.session_name, from, to).await? {
        let waits = matches!(entry.state, OutboxState::Held | OutboxState::Waiting);
        if waits && entry.revision > 0 {
            return Ok(None);
        }
        if entry.state == OutboxState::Delivered {
            match ledger.read_parcel(&entry.parcel_id).await {
                Ok(parcel) => facts.push(Facts::of(&parcel)),
                Err(CloseError::Journal(error)) if error.is_damage() => return Ok(None),
                Err(error) => return Err(error),
            }
        } else if journal.was_delivered(&ledger.shared.session_name, entry.segment_start).await? {
            return Ok(None);
        }
    }
    let outcomes = ledger.outcomes(&facts).into_iter().zip(&facts);
    let billed = outcomes.filter(|(outcome, _)| *outcome == Outcome::Billed);
    Ok(Some(billed.map(|(_, facts)| facts.length.ms()).sum()))
}

fn summarise(id: &str, parcel: &Parcel) -> ClosedSummary {
    ClosedSummary { parcel: id.to_owned(), facts: Facts::of(parcel), pictured: parcel.snapshot.is_some() }
}

/// Returns the weeks that `from..to` touches.
fn whole_weeks(from: u64, to: u64) -> (u64, u64) {
    (week_of(from).0, week_of(to.saturating_sub(1).max(from)).1)
}

/// Returns the beginning and end of today in the computer's time zone, in milliseconds since the Unix epoch.
fn today(now: u64) -> (u64, u64) {
    let day = || {
        let now = Timestamp::from_millisecond(i64::try_from(now).ok()?).ok()?.to_zoned(TimeZone::system());
        let from = now.start_of_day().ok()?;
        let to = from.tomorrow().ok()?.start_of_day().ok()?;
        let ms = |at: &jiff::Zoned| u64::try_from(at.timestamp().as_millisecond()).ok();
        Some((ms(&from)?, ms(&to)?))
    };
    day().unwrap_or((now - now % 86_400_000, now - now % 86_400_000 + 86_400_000))
}

/// Returns a segment as the worker sees it, but for what is billed of it, which depends on its neighbours
/// ([`SegmentLedger::outcomes`]). `entry` is its parcel's place in the outbox, if it is closed; `sends_at` is when it
/// is sent at the earliest if it is not.
#[must_use]
pub fn view(parcel: &Parcel, entry: Option<&OutboxEntry>, sends_at: u64, now: u64) -> Segment {
    let end = parcel.start + parcel.length.ms();
    let minutes = (parcel.start..end).step_by(60_000).map(|start| {
        let minute = parcel.minutes.iter().find(|m| m.start == start)?;
        let Counts { keys, clicks, scrolls } = minute.counts.unwrap_or_default();
        Some(keys.saturating_add(clicks).saturating_add(scrolls))
    });
    let picture = parcel.snapshot.as_ref().map(|facts| {
        let mut rules: Vec<u32> = facts.redactions.iter().filter_map(|r| r.rule).collect();
        rules.sort_unstable();
        rules.dedup();
        let words = |rule: u32| parcel.policy.rules.get(rule as usize).cloned();
        PictureFacts {
            at: facts.at,
            width: facts.width,
            height: facts.height,
            bytes: facts.bytes,
            redactions: facts.redactions.clone(),
            covered_by: rules.into_iter().filter_map(words).collect(),
            focus: facts.focus.clone(),
        }
    });
    let state = match entry {
        None => SegmentState::Open { sends_at },
        Some(e) => match e.state {
            OutboxState::Held if e.hold_until > now => SegmentState::Held { sends_at: e.hold_until },
            OutboxState::Held | OutboxState::Waiting => SegmentState::Waiting {
                next_try_at: e.next_try_at.max(now),
                why: e.last_error.as_deref().map(refusal),
            },
            OutboxState::Delivered => SegmentState::Delivered { at: e.delivered_at.unwrap_or(0) },
            OutboxState::Rejected => SegmentState::Rejected { why: e.last_error.as_deref().map(refusal) },
            OutboxState::Cancelled | OutboxState::Replaced => SegmentState::Cancelled,
        },
    };
    let mut gaps: Vec<_> = parcel.gaps.iter().map(|g| g.cause).collect();
    gaps.dedup();
    Segment {
        start: parcel.start,
        length: u8::try_from(parcel.length.ms() / MINUTE_MS).unwrap_or(u8::MAX),
        minutes: minutes.collect(),
        tracked_ms: parcel.minutes.iter().map(|m| u64::from(m.tracked_ms)).sum(),
        billed_ms: 0,
        memo: parcel.memo.clone(),
        label: parcel.label.clone(),
        manual: parcel.manual.is_some(),
        removed_at: parcel.removed.map(|r| r.at),
        picture,
        no_picture_sentence: parcel.no_snapshot.as_ref().map(|why| why.sentence().to_owned()),
        no_picture: parcel.no_snapshot.clone(),
        dropped: parcel.dropped.iter().map(Dropped::sentence).collect(),
        gaps,
        no_sign: parcel.no_sign,
        notes: parcel.custom.iter().map(note).collect(),
        undo_until: None,
        editable: parcel.removed.is_none() && now < lock_of(parcel.start),
        parcel: entry.map(|e| e.parcel_id.clone()),
        state,
    }
}

/// Returns why something was not sent, in words; the back office's name for it stays beside them.
#[must_use]
pub fn refusal(why: &str) -> String {
    let words = match why {
        "week-locked" => "its week was already locked",
        "too-large" => "it is too large",
        "bad-signature" => "its signature is not valid",
        "wrong-device" => "it belongs to another device",
        "bad-parcel" | "parcel-differs" | "revision-order" | "segment-taken" | "sequence-taken" => {
            "the back office cannot take it; tell the client"
        }
        other => return other.to_owned(),
    };
    format!("{words} ({why})")
}

fn note(custom: &Custom) -> Note {
    Note {
        at: custom.at,
        plugin: custom.plugin.clone(),
        kind: custom.kind.clone(),
        body: custom.body.clone(),
    }
}

impl SegmentLedger {
    /// Returns the segments of a span as the worker sees them, in order.
    ///
    /// # Errors
    /// If the journal could not be read.
    pub async fn segments(&self, from: u64, to: u64) -> Result<Vec<Segment>, CloseError> {
        let now = self.shared.clock.now();
        let asked = self.shared.cut.start_of(from)..to;
        // The limit is filled from the beginning of a week.
        let (from, to) = match self.terms.weekly_limit {
            Some(_) => whole_weeks(asked.start, to),
            None => (asked.start, to),
        };
        let mut all = BTreeMap::new();
        for entry in self.shared.journal.closed_parcels(&self.shared.session_name, from, to).await? {
            // What cannot be read any more was erased.
            let Ok(parcel) = self.read_parcel(&entry.parcel_id).await else { continue };
            if entry.state == OutboxState::Cancelled && reports_nothing(&parcel) {
                continue;
            }
            let facts = Facts::of(&parcel);
            let mut shown = view(&parcel, Some(&entry), 0, now);
            shown.undo_until = self.undo_until(entry.segment_start, Some(&entry), 0);
            all.insert(entry.segment_start, (facts, shown));
        }
        for start in self.marks.open_segments() {
            if (from..to).contains(&start)
                && !all.contains_key(&start)
                && let Some(assembled) = self.so_far(start, None).await?
            {
                let facts = Facts::of(&assembled.parcel);
                let mut shown = view(&assembled.parcel, None, self.sends_at(start), now);
                shown.undo_until = self.undo_until(start, None, self.sends_at(start));
                all.insert(start, (facts, shown));
            }
        }
        // One that was taken back or refused is not billed.
        let billable = |segment: &Segment| {
            !matches!(segment.state, SegmentState::Cancelled | SegmentState::Rejected { .. })
        };
        let facts: Vec<Facts> = all.values().filter(|(_, s)| billable(s)).map(|(facts, _)| *facts).collect();
        let mut outcomes = self.outcomes(&facts).into_iter();
        let mut segments: Vec<Segment> = all.into_values().map(|(_, segment)| segment).collect();
        for segment in segments.iter_mut().filter(|s| billable(s)) {
            let billed = outcomes.next() == Some(Outcome::Billed);
            segment.billed_ms = if billed { u64::from(segment.length) * MINUTE_MS } else { 0 };
        }
        segments.retain(|segment| asked.contains(&segment.start));
        Ok(segments)
    }

    /// Returns what becomes of each of this contract's segments, the weekly limit included: so they have to hold whole
    /// weeks, if there is one. The back office's diary decides by the same.
    #[must_use]
    pub fn outcomes(&self, segments: &[Facts]) -> Vec<Outcome> {
        let contract = self.terms.contract.as_str();
        let claim = |facts: &Facts| Claim { contract, facts: *facts, manual_time: self.terms.manual_time };
        let claims: Vec<Claim<'_>> = segments.iter().map(claim).collect();
        bill(&claims, contract, |_| self.terms.weekly_limit.map(u64::from))
    }

    /// Returns when an open segment is sent at the earliest.
    #[must_use]
    pub fn sends_at(&self, start: u64) -> u64 {
        let at_once = self.send_immediately.lock().contains(&start);
        self.shared.cut.end_of(start) + if at_once { 0 } else { self.terms.hold_ms }
    }
}
