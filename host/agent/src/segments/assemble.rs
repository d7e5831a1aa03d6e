//! Computes a segment's parcel from the journal's records. Pure.

use std::collections::BTreeMap;

use candor_diary::parcel::{
    Activity, Counts, Dropped, DroppedBecause, Gap, GapCause, Manual, MinuteFacts, NoSnapshot, Parcel,
    Policy, Removed, TermsRef,
};
use candor_diary::segment::{MINUTE_MS, SegmentLength, minute_of};

use crate::guard::judgement::OWN_RULE;
use crate::segments::cut::Cut;
use crate::segments::record::Record;

/// Which segment it is, whose it is, and what was in force in it.
#[derive(Clone, Debug)]
pub struct SegmentFrame {
    /// The contract's id, as its terms name it.
    pub contract: String,
    /// The public key of the back office that it is for.
    pub server: String,
    /// The terms in force.
    pub terms: TermsRef,
    /// The id that the back office gave the device.
    pub device: String,
    /// The segment's first millisecond since the Unix epoch.
    pub start: u64,
    /// The segment's length: whole minutes that divide an hour.
    pub length: SegmentLength,
    /// The policy in force.
    pub policy: Policy,
    /// Whether keys, clicks and scrolls were to be counted.
    pub activity: Activity,
    /// Whether the terms ask for pictures: then a segment without one gives the reason.
    pub pictures: bool,
    /// Whether the worker turned pictures off, if the terms leave it to them.
    pub pictures_off: bool,
    /// How often the segment was changed before.
    pub revision: u32,
    /// Whether it is an earlier parcel's turn to be changed and its week is locked: details may go, and none may change.
    pub locked: bool,
}

/// What is known of a segment: the parcel without its id and place in the chain, and the pictures' blobs.
#[derive(Clone, Debug)]
pub struct Assembled {
    /// The parcel; `id`, `sequence` and `chain_head` are still to be filled in.
    pub parcel: Parcel,
    /// Blobs of the journal that travel along.
    pub blobs: Vec<String>,
}

/// Of a longer gap only the last part is recorded, in milliseconds: 24 hours.
const LONGEST_GAP_MS: u64 = 24 * 60 * 60_000;

/// Cuts a gap at the ends of segments, so that each part is a record of its own segment; of a very long one the last 24
/// hours.
pub fn cut_gap(cut: &Cut, from: u64, to: u64, cause: GapCause) -> impl Iterator<Item = Gap> + use<'_> {
    let mut at = from.max(to.saturating_sub(LONGEST_GAP_MS));
    std::iter::from_fn(move || {
        let start = at;
        at = to.min(cut.end_of(start));
        (start < to).then_some(Gap { from: start, to: at, cause })
    })
}

/// Puts a segment together; returns none if there is nothing to report of it.
#[must_use]
pub fn assemble(frame: &SegmentFrame, records: &[Record]) -> Option<Assembled> {
    let mut assembly = Assembly::new(frame);
    for record in records {
        assembly.add(record);
    }
    assembly.finish()
}

/// What the records of a segment come to so far.
struct Assembly<'a> {
    frame: &'a SegmentFrame,
    /// First millisecond after the segment.
    end: u64,
    spans: Vec<(u64, u64)>,
    counts: BTreeMap<u64, Counts>,
    gaps: Vec<Gap>,
    blobs: Vec<String>,
    typed_in: Option<(Manual, &'a str)>,
    /// The most notes that each plugin had dropped in each run of the agent.
    surplus: BTreeMap<(String, u64), u64>,
    /// Kind and time of each record that cannot be read.
    unreadable: Vec<(&'a str, u64)>,
    /// Whether the picture was found damaged, or was refused.
    picture_lost: bool,
    parcel: Parcel,
}

impl<'a> Assembly<'a> {
    fn new(frame: &'a SegmentFrame) -> Self {
        Self {
            frame,
            end: frame.start + frame.length.ms(),
            spans: Vec::new(),
            counts: BTreeMap::new(),
            gaps: Vec::new(),
            blobs: Vec::new(),
            typed_in: None,
            surplus: BTreeMap::new(),
            unreadable: Vec::new(),
            picture_lost: false,
            parcel: empty_parcel(frame),
        }
    }

    fn add(&mut self, record: &'a Record) {
        let (start, end) = (self.frame.start, self.end);
        match record {
            Record::Span { from, to } => {
                let (from, to) = ((*from).max(start), (*to).min(end));
                if to > from {
                    self.spans.push((from, to));
                }
            }
            Record::NotCounted => self.parcel.activity = Activity::Off,
            Record::TakenBack { from, to } => take_back_span(&mut self.spans, *from, *to),
            Record::Activity { minute, counts } if (start..end).contains(minute) => {
                let sum = self.counts.entry(*minute).or_default();
                sum.keys = sum.keys.saturating_add(counts.keys);
                sum.clicks = sum.clicks.saturating_add(counts.clicks);
                sum.scrolls = sum.scrolls.saturating_add(counts.scrolls);
            }
            Record::Memo { memo, label } => {
                self.parcel.memo.clone_from(memo);
                self.parcel.label.clone_from(label);
            }
            Record::Focus(focus) => self.parcel.focus.push(focus.clone()),
            Record::Snapshot { facts, blob } if self.parcel.snapshot.is_none() && !self.picture_lost => {
                self.parcel.snapshot = Some(facts.clone());
                self.blobs.push(blob.clone());
            }
            Record::NoSnapshot { why } => self.add_no_snapshot(why),
            Record::Gap(gap) => {
                let gap = Gap { from: gap.from.max(start), to: gap.to.min(end), ..*gap };
                if gap.to > gap.from {
                    join_gap(&mut self.gaps, &gap);
                }
            }
            Record::NoSign => self.parcel.no_sign = true,
            Record::Custom(custom) => self.parcel.custom.push(custom.clone()),
            Record::Dropped { plugin, notes, life } => {
                let most = self.surplus.entry((plugin.clone(), *life)).or_default();
                *most = (*most).max(*notes);
            }
            Record::Unreadable { filed, at } => {
                if filed == "taken-back" {
                    // Nobody knows any more how far it went: as far as it could.
                    take_back_span(&mut self.spans, *at, end);
                }
                self.unreadable.push((filed.as_str(), *at));
            }
            Record::Withdrawn { time_ms: None, .. } => {
                self.blobs.clear();
                self.parcel.snapshot = None;
                self.parcel.no_snapshot = Some(NoSnapshot::RemovedByWorker);
            }
            Record::Withdrawn { at, time_ms: Some(time_ms) } => self.withdraw_all(*at, *time_ms),
            Record::Removed { at, time_ms, .. } => {
                self.parcel.removed = Some(add_removal(&self.parcel, *at, *time_ms, self.frame));
            }
            Record::Manual { at, memo, reason, .. } => {
                self.typed_in = Some((Manual { at: *at, reason: reason.clone() }, memo));
            }
            _ => {}
        }
    }

    /// That the worker removed the picture says more than any later reason.
    fn add_no_snapshot(&mut self, why: &NoSnapshot) {
        if self.parcel.no_snapshot == Some(NoSnapshot::RemovedByWorker) {
            return;
        }
        if matches!(why, NoSnapshot::Damaged | NoSnapshot::Refused) {
            // There is a picture, and it does not travel.
            self.parcel.snapshot = None;
            self.blobs.clear();
            self.picture_lost = true;
        }
        self.parcel.no_snapshot = Some(why.clone());
    }

    /// Takes away all that was recorded before a removal of the whole segment.
    fn withdraw_all(&mut self, at: u64, time_ms: u64) {
        self.spans.clear();
        self.counts.clear();
        self.gaps.clear();
        self.blobs.clear();
        self.typed_in = None;
        self.parcel = Parcel {
            removed: Some(add_removal(&self.parcel, at, time_ms, self.frame)),
            activity: self.parcel.activity,
            ..empty_parcel(self.frame)
        };
    }

    fn finish(mut self) -> Option<Assembled> {
        for gap in damage_gaps(&self.unreadable, &self.spans, self.end) {
            join_gap(&mut self.gaps, &gap);
        }
        let (frame, mut parcel) = (self.frame, self.parcel);
        parcel.minutes = minute_facts(&self.spans, &self.counts);
        parcel.gaps = settle_answered(self.gaps);
        parcel.dropped = dropped_notes(self.surplus, self.unreadable.len());
        if !frame.locked {
            forget_own_rules(&mut parcel);
        }
        if let Some((typed_in, memo)) = self.typed_in {
            let mut parcel = manual_parcel(parcel, typed_in, memo);
            parcel.fit();
            return Some(Assembled { parcel, blobs: Vec::new() });
        }
        if let Some(removed) = parcel.removed {
            if parcel.minutes.is_empty() {
                let mut bare = Parcel { removed: Some(removed), ..empty_parcel(frame) };
                bare.fit();
                return Some(Assembled { parcel: bare, blobs: Vec::new() });
            }
            // Tracking went on in the same segment: what is left of the removal is a gap that says so.
            parcel.removed = None;
            let first = self.spans.iter().map(|(from, _)| *from).min().unwrap_or(self.end);
            if first > frame.start {
                join_gap(&mut parcel.gaps, &Gap { from: frame.start, to: first, cause: GapCause::LeftOut });
            }
        }
        if parcel.minutes.is_empty() {
            // Time that was left out does not concern the client, unless it was reported before.
            let reported = parcel.gaps.iter().any(|gap| !is_left_out(gap));
            if !reported && frame.revision == 0 {
                return None;
            }
        }
        explain_missing_picture(&mut parcel, frame, &self.unreadable);
        parcel.fit();
        let blobs = if parcel.snapshot.is_none() { Vec::new() } else { self.blobs };
        Some(Assembled { parcel, blobs })
    }
}

/// Says why there is no picture, if there is none and the terms ask for one; of one that is there, no reason stays.
fn explain_missing_picture(parcel: &mut Parcel, frame: &SegmentFrame, unreadable: &[(&str, u64)]) {
    if parcel.snapshot.is_some() {
        parcel.no_snapshot = None;
    } else if unreadable.iter().any(|(filed, _)| *filed == "snapshot")
        && parcel.no_snapshot != Some(NoSnapshot::RemovedByWorker)
    {
        parcel.no_snapshot = Some(NoSnapshot::Damaged);
    } else if frame.pictures && frame.pictures_off {
        parcel.no_snapshot = Some(NoSnapshot::TurnedOff);
    } else if frame.pictures && parcel.no_snapshot.is_none() && !parcel.minutes.is_empty() {
        parcel.no_snapshot = Some(NoSnapshot::MomentMissed);
    }
}

/// Adds a gap for each minute that was to be counted, was not, and has none yet: a crash may have come between the
/// minute and its counts. For a segment that closes; while it runs they may still come.
pub(crate) fn add_uncounted_gaps(parcel: &mut Parcel) {
    if !parcel.activity.is_counted() || parcel.manual.is_some() {
        return;
    }
    let uncounted = parcel.minutes.iter().filter(|minute| minute.counts.is_none());
    for from in uncounted.map(|minute| minute.start).collect::<Vec<_>>() {
        let gap = Gap { from, to: from + MINUTE_MS, cause: GapCause::CounterLost };
        if !parcel.gaps.iter().any(|known| known.from < gap.to && gap.from < known.to) {
            join_gap(&mut parcel.gaps, &gap);
        }
    }
}

/// Leaves out that the worker has rules of their own if none of them hid anything: that does not concern the client.
fn forget_own_rules(parcel: &mut Parcel) {
    let own = parcel.policy.rules.len().wrapping_sub(1);
    if parcel.policy.rules.last().is_none_or(|last| last != OWN_RULE) {
        return;
    }
    let covered = parcel.snapshot.iter().flat_map(|s| s.redactions.iter().filter_map(|r| r.rule));
    let fronts = parcel.focus.iter().chain(parcel.snapshot.iter().filter_map(|s| s.focus.as_ref()));
    let hidden = fronts.flat_map(|focus| focus.hidden_by.iter().copied());
    let skipped = match &parcel.no_snapshot {
        Some(NoSnapshot::SkippedByRule { rules }) => rules.as_slice(),
        _ => &[],
    };
    if !covered.chain(hidden).chain(skipped.iter().copied()).any(|rule| rule as usize == own) {
        parcel.policy.rules.pop();
    }
}

/// Returns gaps for what cannot be read any more. A span ends with its minute at the latest, so nothing beyond is
/// concerned; a minute whose counts are lost is no evidence, and must not pass for one that was not to be counted.
fn damage_gaps(unreadable: &[(&str, u64)], spans: &[(u64, u64)], end: u64) -> Vec<Gap> {
    let gap = |(filed, at): &(&str, u64)| {
        let minute_end = (minute_of(*at) + MINUTE_MS).min(end);
        let to = match *filed {
            "span" => {
                let next = spans.iter().map(|(from, _)| *from).filter(|from| from > at).min();
                next.map_or(minute_end, |next| next.min(minute_end))
            }
            "activity" | "gap" | "taken-back" => minute_end,
            _ => return None,
        };
        (to > *at).then_some(Gap { from: *at, to, cause: GapCause::Damaged })
    };
    unreadable.iter().filter_map(gap).collect()
}

fn dropped_notes(surplus: BTreeMap<(String, u64), u64>, unreadable: usize) -> Vec<Dropped> {
    let mut by_plugin: BTreeMap<String, u64> = BTreeMap::new();
    for ((plugin, _), notes) in surplus {
        let sum = by_plugin.entry(plugin).or_default();
        *sum = sum.saturating_add(notes);
    }
    let over = |(plugin, count)| Dropped { plugin: Some(plugin), because: DroppedBecause::OverBudget, count };
    let damaged = Dropped { plugin: None, because: DroppedBecause::Damaged, count: unreadable as u64 };
    by_plugin.into_iter().map(over).chain((unreadable > 0).then_some(damaged)).collect()
}

fn empty_parcel(frame: &SegmentFrame) -> Parcel {
    Parcel {
        id: String::new(),
        contract: frame.contract.clone(),
        server: frame.server.clone(),
        terms: frame.terms.clone(),
        device: frame.device.clone(),
        sequence: 0,
        chain_head: String::new(),
        start: frame.start,
        length: frame.length,
        revision: frame.revision,
        changed: Vec::new(),
        removed: None,
        manual: None,
        activity: frame.activity,
        minutes: Vec::new(),
        erased_totals: None,
        memo: None,
        label: None,
        focus: Vec::new(),
        snapshot: None,
        no_snapshot: None,
        no_sign: false,
        gaps: Vec::new(),
        custom: Vec::new(),
        dropped: Vec::new(),
        policy: frame.policy.clone(),
        erased: Vec::new(),
    }
}

/// Returns a removal beside those before it: of the running segment, more may be removed later.
fn add_removal(before: &Parcel, at: u64, time_ms: u64, frame: &SegmentFrame) -> Removed {
    let earlier = before.removed.map_or(0, |removed| removed.time_ms);
    Removed { at, time_ms: time_ms.saturating_add(earlier).min(frame.length.ms()) }
}

/// Turns a parcel into one of typed-in time. That has no evidence: what was tracked beside it, without activity, says
/// nothing about it.
fn manual_parcel(tracked: Parcel, typed_in: Manual, memo: &str) -> Parcel {
    Parcel {
        manual: Some(typed_in),
        memo: Some(memo.to_owned()),
        removed: None,
        minutes: Vec::new(),
        focus: Vec::new(),
        snapshot: None,
        no_snapshot: None,
        no_sign: false,
        gaps: Vec::new(),
        custom: Vec::new(),
        dropped: Vec::new(),
        ..tracked
    }
}

/// Adds a gap; one that touches an earlier one of the same cause makes that longer.
fn join_gap(gaps: &mut Vec<Gap>, gap: &Gap) {
    match gaps.iter_mut().find(|g| g.cause == gap.cause && g.from <= gap.to && gap.from <= g.to) {
        Some(last) => {
            last.from = last.from.min(gap.from);
            last.to = last.to.max(gap.to);
        }
        None => gaps.push(*gap),
    }
}

/// Returns whether all that a parcel says is that nobody was there: that does not concern the client.
pub(crate) fn reports_nothing(parcel: &Parcel) -> bool {
    parcel.minutes.is_empty()
        && parcel.manual.is_none()
        && parcel.removed.is_none()
        && parcel.gaps.iter().all(is_left_out)
}

/// Returns whether a gap says that nobody was there.
fn is_left_out(gap: &Gap) -> bool {
    matches!(gap.cause, GapCause::LeftOut | GapCause::Unanswered)
}

/// Reports idle time that the worker was asked about and left out as that, not as still unanswered.
fn settle_answered(gaps: Vec<Gap>) -> Vec<Gap> {
    let known: Vec<Gap> = gaps.iter().copied().filter(|gap| gap.cause == GapCause::LeftOut).collect();
    let open = |gap: Gap| {
        let mut pieces = vec![(gap.from, gap.to)];
        for known in known.iter().filter(|_| gap.cause == GapCause::Unanswered) {
            pieces = cut_out(&pieces, known.from, known.to);
        }
        pieces.into_iter().map(move |(from, to)| Gap { from, to, ..gap })
    };
    gaps.into_iter().flat_map(open).collect()
}

/// Returns spans without what lies from `from` to `to`.
fn cut_out(spans: &[(u64, u64)], from: u64, to: u64) -> Vec<(u64, u64)> {
    let pieces = |&(begin, end): &(u64, u64)| [(begin, end.min(from)), (begin.max(to), end)];
    spans.iter().flat_map(pieces).filter(|(begin, end)| end > begin).collect()
}

/// Takes each millisecond from `from` to `to` out of the spans once, from the latest that holds it: a clock that was
/// set back shows minutes again, and what was worked when it showed them first is not concerned.
fn take_back_span(spans: &mut Vec<(u64, u64)>, from: u64, to: u64) {
    let mut rest = vec![(from, to)];
    let mut kept = Vec::new();
    for span in spans.iter().rev() {
        let mut pieces = vec![*span];
        for &(from, to) in &rest {
            pieces = cut_out(&pieces, from, to);
        }
        rest = cut_out(&rest, span.0, span.1);
        kept.extend(pieces.into_iter().rev());
    }
    kept.reverse();
    *spans = kept;
}

/// Returns the tracked minutes. Counts without tracked time are not evidence of work on this
/// contract.
fn minute_facts(spans: &[(u64, u64)], counts: &BTreeMap<u64, Counts>) -> Vec<MinuteFacts> {
    let mut tracked: BTreeMap<u64, u64> = BTreeMap::new();
    for &(from, to) in spans {
        *tracked.entry(minute_of(from)).or_default() += to - from;
    }
    let facts = |(start, ms): (u64, u64)| {
        let tracked_ms = u32::try_from(ms.min(MINUTE_MS)).unwrap_or(u32::MAX);
        MinuteFacts::new(start, tracked_ms, counts.get(&start).copied())
    };
    tracked.into_iter().map(facts).collect()
}

#[cfg(test)]
mod tests;
