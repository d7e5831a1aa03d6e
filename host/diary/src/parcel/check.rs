//! What a parcel must be like beyond what its types say.

use super::core::{Core, DetailKind, MinuteActivity};
use super::counts::Counts;
use super::document::Parcel;
use super::evidence::{Custom, Dropped, Focus, OTHERS};
use crate::limits::{
    CORE_BYTES, CUSTOM_BODY_BYTES, DETAIL_BYTES, DETAILS, DETAILS_BYTES, DROPPED, ENTRIES, GAPS, REDACTIONS,
    RULE_BYTES, RULES, TEXT_BYTES, json_bytes,
};
use crate::memo::{MAX_LABEL, MAX_MEMO, is_longer};
use crate::plain;
use crate::plain_id::PlainId;
use crate::segment::MINUTE_MS;

/// How often a segment may be changed.
pub const MAX_REVISION: u32 = 1_000;

/// The latest moment that a parcel may speak of: the end of the year 9999, where calendars end. Milliseconds since the
/// Unix epoch.
const LATEST: u64 = 253_402_300_799_000;

/// Why a parcel is not well formed.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{place}: {reason}")]
pub struct BadParcel {
    /// The field's name in JSON, such as `chain-head`.
    pub place: &'static str,
    /// What is wrong with it.
    pub reason: &'static str,
}

fn bad(place: &'static str, reason: &'static str) -> Result<(), BadParcel> {
    Err(BadParcel { place, reason })
}

impl Core {
    /// Checks what the types cannot say: identifiers, alignment, order, bounds, and that a segment that was removed or
    /// typed in holds nothing that it cannot have. A back office refuses what fails here.
    ///
    /// # Errors
    /// The first field that is wrong.
    pub fn check(&self) -> Result<(), BadParcel> {
        self.check_names()?;
        self.check_minutes()?;
        self.check_gaps()?;
        self.check_details()?;
        self.check_removed()?;
        self.check_manual()?;
        if json_bytes(self) > CORE_BYTES {
            return bad("core", "longer than 32 KiB");
        }
        Ok(())
    }

    fn check_names(&self) -> Result<(), BadParcel> {
        if !is_hex(&self.id, 32) {
            return bad("id", "not 32 lowercase hex digits");
        }
        if !is_hex(&self.chain_head, 64) {
            return bad("chain-head", "not 64 lowercase hex digits");
        }
        if !is_hex(&self.server, 64) {
            return bad("server", "not 64 lowercase hex digits");
        }
        if !is_hex(&self.terms.digest, 64) {
            return bad("terms", "digest is not 64 lowercase hex digits");
        }
        if !PlainId::is_plain(&self.contract) || !PlainId::is_plain(&self.device) {
            return bad("contract", "it or the device is no id of 1 to 64 of a-z, 0-9 and -");
        }
        // A database holds no larger number.
        let countable = |number: u64| (1..=i64::MAX.unsigned_abs()).contains(&number);
        if !countable(self.sequence) {
            return bad("sequence", "not 1 to 2^63-1");
        }
        if !countable(self.terms.sequence) {
            return bad("terms", "sequence is not 1 to 2^63-1");
        }
        if self.start > LATEST || self.manual.is_some_and(|at| at > LATEST) {
            return bad("start", "it or the time of typing in is after the year 9999");
        }
        if self.length.start_of(self.start) != self.start {
            return bad("start", "not aligned to the segment length");
        }
        if self.revision > MAX_REVISION {
            return bad("revision", "changed more than 1,000 times");
        }
        let in_order = self.changed.is_sorted_by(|a, b| a < b);
        if !in_order || (self.revision == 0 && !self.changed.is_empty()) {
            return bad("changed", "not in order, a field twice, or given for what was never changed");
        }
        let policy = &self.policy;
        let named = policy.plugin.is_empty() || PlainId::is_plain(&policy.plugin);
        if !named || !(policy.sha256.is_empty() || is_hex(&policy.sha256, 64)) {
            return bad("policy", "no plugin name, or its sha256 is not 64 lowercase hex digits");
        }
        Ok(())
    }

    fn check_minutes(&self) -> Result<(), BadParcel> {
        let end = self.end();
        let mut before = None;
        for minute in &self.minutes {
            if minute.start % MINUTE_MS != 0 || minute.start < self.start || minute.start >= end {
                return bad("minutes", "a minute outside the segment");
            }
            if before.is_some_and(|b| b >= minute.start) {
                return bad("minutes", "not in order");
            }
            if minute.tracked_ms == 0 || u64::from(minute.tracked_ms) > MINUTE_MS {
                return bad("minutes", "tracked-ms is not 1 to 60,000");
            }
            before = Some(minute.start);
        }
        let counted =
            |m: &MinuteActivity| matches!(m, MinuteActivity::CountedAny | MinuteActivity::CountedNone);
        let any = self.minutes.iter().any(|m| m.activity == MinuteActivity::CountedAny);
        let some = self.minutes.iter().any(|m| counted(&m.activity));
        if self.totals.is_some() != some || self.totals.is_some_and(Counts::any) != any {
            return bad("totals", "they say something else than the minutes");
        }
        Ok(())
    }

    fn check_gaps(&self) -> Result<(), BadParcel> {
        if self.gaps.len() > GAPS {
            return bad("gaps", "too many entries");
        }
        if self.gaps.iter().any(|gap| gap.from >= gap.to || gap.from < self.start || gap.to > self.end()) {
            return bad("gaps", "empty, or outside the segment");
        }
        let name = |d: &Dropped| d.plugin.as_ref().is_some_and(|p| p != OTHERS && !PlainId::is_plain(p));
        if self.dropped.len() > DROPPED || self.dropped.iter().any(name) {
            return bad("dropped", "too many entries, or no plugin name");
        }
        Ok(())
    }

    fn check_details(&self) -> Result<(), BadParcel> {
        if self.details.len() > DETAILS {
            return bad("details", "more than 64");
        }
        let key = |nth: usize| self.details.get(nth).map(|d| (d.kind, d.plugin.as_deref()));
        if (1..self.details.len()).any(|nth| key(nth - 1) >= key(nth)) {
            return bad("details", "not in order of kind and plugin, or one twice");
        }
        let mut sum = 0u64;
        for detail in &self.details {
            if !is_hex(&detail.sha256, 64) {
                return bad("details", "sha256 is not 64 lowercase hex digits");
            }
            let plugin = detail.plugin.as_deref();
            if (detail.kind == DetailKind::Notes) != plugin.is_some_and(PlainId::is_plain) {
                return bad("details", "notes without a plugin name, or something else with one");
            }
            if detail.bytes > DETAIL_BYTES as u64 {
                return bad("details", "longer than 1 MiB");
            }
            sum = sum.saturating_add(detail.bytes);
        }
        if sum > DETAILS_BYTES as u64 {
            return bad("details", "longer than 1 MiB together");
        }
        let picture = self.details.iter().any(|d| d.kind == DetailKind::Picture);
        if picture && self.no_snapshot.is_some() {
            return bad("no-snapshot", "given although there is a picture");
        }
        Ok(())
    }

    /// A removed segment is a tombstone: that it was there, and nothing of what was in it.
    fn check_removed(&self) -> Result<(), BadParcel> {
        let Some(removed) = &self.removed else { return Ok(()) };
        if !self.minutes.is_empty() {
            return bad("minutes", "given although the segment was removed");
        }
        if self.details.iter().any(|detail| detail.kind != DetailKind::Rules) {
            return bad("details", "given although the segment was removed");
        }
        if removed.time_ms > self.length.ms() {
            return bad("removed", "time-ms is longer than the segment");
        }
        Ok(())
    }

    fn check_manual(&self) -> Result<(), BadParcel> {
        if self.manual.is_none() {
            return Ok(());
        }
        if self.details.iter().any(|detail| detail.kind == DetailKind::Picture) {
            return bad("details", "a picture although the segment was typed in");
        }
        if self.minutes.iter().any(|m| m.activity.is_active()) {
            return bad("minutes", "activity although the segment was typed in");
        }
        Ok(())
    }
}

impl Parcel {
    /// Checks the whole parcel as [`Core::check`] does its core, and beyond that what the details say: that counts agree
    /// with the core, times lie in the segment, and texts are short and hold nothing that nobody sees.
    ///
    /// # Errors
    /// The first field that is wrong.
    pub fn check(&self) -> Result<(), BadParcel> {
        self.bare_core().check()?;
        self.check_said()?;
        self.check_counts()?;
        self.check_times()?;
        self.check_texts()?;
        let Some(snapshot) = &self.snapshot else { return Ok(()) };
        if !is_hex(&snapshot.sha256, 64) {
            return bad("snapshot", "sha256 is not 64 lowercase hex digits");
        }
        if snapshot.redactions.len() > REDACTIONS {
            return bad("snapshot", "too many redactions");
        }
        if self.no_snapshot.is_some() {
            return bad("no-snapshot", "given although there is a snapshot");
        }
        Ok(())
    }

    /// What a segment that was removed or typed in must and must not say.
    fn check_said(&self) -> Result<(), BadParcel> {
        let held = [
            ("focus", !self.focus.is_empty()),
            ("snapshot", self.snapshot.is_some()),
            ("memo", self.memo.is_some()),
            ("label", self.label.is_some()),
            ("custom", !self.custom.is_empty()),
        ];
        if self.removed.is_some()
            && let Some((place, _)) = held.into_iter().find(|(_, held)| *held)
        {
            return bad(place, "given although the segment was removed");
        }
        let Some(manual) = &self.manual else { return Ok(()) };
        if self.snapshot.is_some() {
            return bad("snapshot", "given although the segment was typed in");
        }
        if longer(&manual.reason, MAX_MEMO) {
            return bad("manual", "its reason is longer than 500 characters");
        }
        let unsaid = self.memo.as_ref().is_none_or(|memo| memo.trim().is_empty());
        if unsaid && self.removed.is_none() && !self.erased.contains(&DetailKind::Memo) {
            return bad("memo", "missing: typed-in time says what was done in it");
        }
        Ok(())
    }

    fn check_counts(&self) -> Result<(), BadParcel> {
        if self.erased.contains(&DetailKind::Activity) {
            return Ok(());
        }
        let differs = |m: &super::MinuteFacts| match m.counts {
            None => matches!(m.activity, MinuteActivity::CountedAny | MinuteActivity::CountedNone),
            counts => MinuteActivity::of(counts) != m.activity,
        };
        if self.minutes.iter().any(differs) {
            return bad("activity", "the counts say something else than the minutes");
        }
        Ok(())
    }

    fn check_times(&self) -> Result<(), BadParcel> {
        let within = |at: u64| (self.start..self.end()).contains(&at);
        if !self.focus.iter().all(|focus| within(focus.at)) {
            return bad("focus", "a time outside the segment");
        }
        if !self.custom.iter().all(|note| within(note.at)) {
            return bad("custom", "a time outside the segment");
        }
        let front = |snapshot: &super::Snapshot| snapshot.focus.as_ref().is_none_or(|focus| within(focus.at));
        if self.snapshot.as_ref().is_some_and(|snapshot| !within(snapshot.at) || !front(snapshot)) {
            return bad("snapshot", "a time outside the segment");
        }
        Ok(())
    }

    fn check_texts(&self) -> Result<(), BadParcel> {
        if longer(&self.memo, MAX_MEMO) {
            return bad("memo", "longer than 500 characters");
        }
        if longer(&self.label, MAX_LABEL) {
            return bad("label", "longer than 100 characters");
        }
        let reason = self.manual.as_ref().and_then(|manual| manual.reason.as_ref());
        for (place, said) in
            [("memo", self.memo.as_ref()), ("label", self.label.as_ref()), ("manual", reason)]
        {
            if said.is_some_and(|text| plain::unseen(text).is_some()) {
                return bad(place, "holds a character that nobody sees");
            }
        }
        if self.focus.len() > ENTRIES || self.custom.len() > ENTRIES {
            return bad("focus", "too many entries");
        }
        let fronts = self.focus.iter().chain(self.snapshot.iter().filter_map(|s| s.focus.as_ref()));
        fronts.into_iter().try_for_each(check_focus)?;
        let long = |c: &Custom| {
            !PlainId::is_plain(&c.plugin) || !PlainId::is_plain(&c.kind) || c.body.len() > CUSTOM_BODY_BYTES
        };
        if self.custom.iter().any(long) {
            return bad("custom", "no plugin name or kind, or a body longer than 16 KiB");
        }
        if self.custom.iter().any(|c| plain::unseen(&c.body).is_some()) {
            return bad("custom", "holds a character that nobody sees");
        }
        let rules = &self.policy.rules;
        if rules.len() > RULES || rules.iter().any(|r| r.len() > RULE_BYTES || plain::unseen(r).is_some()) {
            return bad(
                "policy",
                "too many rules, words longer than 200 bytes, or a character that nobody sees",
            );
        }
        Ok(())
    }
}

fn check_focus(focus: &Focus) -> Result<(), BadParcel> {
    let texts = [&focus.app, &focus.title, &focus.url];
    let texts = || texts.iter().filter_map(|text| text.as_ref());
    if texts().any(|text| text.len() > TEXT_BYTES) || focus.hidden_by.len() > RULES {
        return bad("focus", "a text longer than 1 KiB, or more rules than there are");
    }
    if texts().any(|text| plain::unseen(text).is_some()) {
        return bad("focus", "holds a character that nobody sees");
    }
    Ok(())
}

fn longer(text: &Option<String>, most: usize) -> bool {
    text.as_ref().is_some_and(|text| is_longer(text, most))
}

/// Returns whether a text is that many lowercase hex digits.
pub(super) fn is_hex(text: &str, digits: usize) -> bool {
    text.len() == digits && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::example;
    use crate::parcel::{Custom, Focus, Manual, MinuteFacts, NoSnapshot, Removed, Snapshot};
    use crate::segment::SegmentLength;

    const START: u64 = 1_795_737_600_000;

    fn snapshot() -> Snapshot {
        Snapshot {
            at: START,
            sha256: "a".repeat(64),
            media_type: "image/webp".to_owned(),
            width: 16,
            height: 9,
            bytes: 100,
            monitors: 1,
            redactions: Vec::new(),
            focus: None,
        }
    }

    fn tombstone() -> Parcel {
        let mut parcel = example::parcel(START, SegmentLength::default());
        parcel.minutes.clear();
        parcel.memo = None;
        parcel.revision = 1;
        parcel.removed = Some(Removed { at: START + 1, time_ms: 600_000 });
        parcel
    }

    fn typed_in() -> Parcel {
        let mut parcel = example::parcel(START, SegmentLength::default());
        parcel.minutes.clear();
        parcel.gaps.clear();
        parcel.memo = Some("Planning call".to_owned());
        parcel.manual = Some(Manual::at(START + 1));
        parcel
    }

    fn place(base: Parcel, change: impl FnOnce(&mut Parcel)) -> Option<&'static str> {
        let mut parcel = base;
        change(&mut parcel);
        parcel.check().err().map(|bad| bad.place)
    }

    #[test]
    fn what_is_well_formed_passes() {
        let tracked = || example::parcel(START, SegmentLength::default());
        assert_eq!(place(tracked(), |_| ()), None);
        assert_eq!(place(tracked(), |p| p.snapshot = Some(snapshot())), None);
        assert_eq!(place(tracked(), |p| p.memo = Some("é".repeat(MAX_MEMO))), None, "characters, not bytes");
        assert_eq!(place(tracked(), |p| p.label = Some("é".repeat(MAX_LABEL))), None);
        assert_eq!(place(tombstone(), |_| ()), None);
        assert_eq!(place(tombstone(), |p| p.no_snapshot = Some(NoSnapshot::RemovedByWorker)), None);
        assert_eq!(
            place(tombstone(), |p| p.manual = Some(Manual::at(START))),
            None,
            "typed in, then removed"
        );
        assert_eq!(place(typed_in(), |_| ()), None);
        let idle = MinuteFacts::new(START, 1, Some(Counts::default()));
        assert_eq!(place(typed_in(), |p| p.minutes.push(idle)), None, "seen, and nothing happened");
    }

    #[test]
    fn each_thing_that_a_parcel_must_not_be_is_a_row() {
        let tracked = || example::parcel(START, SegmentLength::default());
        let minute = MinuteFacts::new(START, 1, None);
        let active = MinuteFacts::new(START, 1, Some(Counts { keys: 1, ..Counts::default() }));
        let focus = Focus { at: START, app: None, title: None, url: None, hidden_by: Vec::new() };
        let note = Custom { at: START, plugin: "a".into(), kind: "b".into(), body: "{}".into() };
        type Change = Box<dyn FnOnce(&mut Parcel)>;
        let rows: Vec<(&str, Parcel, Change, &str)> = vec![
            ("short id", tracked(), Box::new(|p| p.id = "ab".into()), "id"),
            ("capitals in the id", tracked(), Box::new(|p| p.id = "A".repeat(32)), "id"),
            ("short chain head", tracked(), Box::new(|p| p.chain_head = "ab".into()), "chain-head"),
            ("not a key", tracked(), Box::new(|p| p.server = "ab".into()), "server"),
            ("off the grid", tracked(), Box::new(|p| p.start += 60_000), "start"),
            ("changed too often", tracked(), Box::new(|p| p.revision = MAX_REVISION + 1), "revision"),
            ("minutes not in order", tracked(), Box::new(|p| p.minutes.swap(0, 1)), "minutes"),
            ("a minute twice", tracked(), Box::new(|p| p.minutes[1].start = START), "minutes"),
            ("a minute of nothing", tracked(), Box::new(|p| p.minutes[0].tracked_ms = 0), "minutes"),
            ("a minute too long", tracked(), Box::new(|p| p.minutes[0].tracked_ms = 60_001), "minutes"),
            ("memo too long", tracked(), Box::new(|p| p.memo = Some("x".repeat(501))), "memo"),
            ("label too long", tracked(), Box::new(|p| p.label = Some("x".repeat(101))), "label"),
            (
                "a picture and why there is none",
                tracked(),
                Box::new(|p| {
                    p.snapshot = Some(snapshot());
                    p.no_snapshot = Some(NoSnapshot::Unsettled);
                }),
                "no-snapshot",
            ),
            ("removed with minutes", tombstone(), Box::new(move |p| p.minutes.push(minute)), "minutes"),
            ("removed with focus", tombstone(), Box::new(move |p| p.focus.push(focus)), "focus"),
            ("removed with a picture", tombstone(), Box::new(|p| p.snapshot = Some(snapshot())), "snapshot"),
            ("removed with a memo", tombstone(), Box::new(|p| p.memo = Some("x".into())), "memo"),
            ("removed with a label", tombstone(), Box::new(|p| p.label = Some("x".into())), "label"),
            ("removed with a note", tombstone(), Box::new(move |p| p.custom.push(note)), "custom"),
            (
                "removed more than there was",
                tombstone(),
                Box::new(|p| p.removed = Some(Removed { at: START, time_ms: 600_001 })),
                "removed",
            ),
            ("typed in with a picture", typed_in(), Box::new(|p| p.snapshot = Some(snapshot())), "snapshot"),
            ("typed in with activity", typed_in(), Box::new(move |p| p.minutes.push(active)), "minutes"),
            ("typed in without a memo", typed_in(), Box::new(|p| p.memo = None), "memo"),
            ("typed in with an empty memo", typed_in(), Box::new(|p| p.memo = Some("  ".into())), "memo"),
        ];
        for (what, base, change, expected) in rows {
            assert_eq!(place(base, change), Some(expected), "{what}");
        }
    }
}
