//! What a parcel must be like beyond what its types say.

use super::document::{Counts, Parcel};
use super::evidence::{Custom, Dropped};
use crate::limits::{
    CUSTOM_BODY_BYTES, DROPPED, ENTRIES, GAPS, NAME_BYTES, REDACTIONS, RULE_BYTES, RULES, TEXT_BYTES,
};
use crate::memo::{MAX_LABEL, MAX_MEMO, is_longer};
use crate::segment::MINUTE_MS;

/// How often a segment may be changed.
pub const MAX_REVISION: u32 = 1_000;

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

impl Parcel {
    /// Checks what the types cannot say: identifiers, alignment, order, bounds, and that a segment that was removed or
    /// typed in holds nothing that it cannot have. A back office refuses what fails here.
    ///
    /// # Errors
    /// The first field that is wrong.
    pub fn check(&self) -> Result<(), BadParcel> {
        self.check_names()?;
        self.check_minutes()?;
        self.check_texts()?;
        self.check_removed()?;
        self.check_manual()?;
        if let Some(snapshot) = &self.snapshot {
            if snapshot.sha256.len() != 64 || !is_hex(&snapshot.sha256) {
                return bad("snapshot", "sha256 is not 64 lowercase hex digits");
            }
            if self.no_snapshot.is_some() {
                return bad("no-snapshot", "given although there is a snapshot");
            }
        }
        Ok(())
    }

    fn check_names(&self) -> Result<(), BadParcel> {
        if self.id.len() != 32 || !is_hex(&self.id) {
            return bad("id", "not 32 lowercase hex digits");
        }
        if self.chain_head.len() != 64 || !is_hex(&self.chain_head) {
            return bad("chain-head", "not 64 lowercase hex digits");
        }
        if !self.server.is_empty() && (self.server.len() != 64 || !is_hex(&self.server)) {
            return bad("server", "not 64 lowercase hex digits");
        }
        if self.length.start_of(self.start) != self.start {
            return bad("start", "not aligned to the segment length");
        }
        if self.revision > MAX_REVISION {
            return bad("revision", "changed more than 1,000 times");
        }
        Ok(())
    }

    fn check_minutes(&self) -> Result<(), BadParcel> {
        let end = self.start.saturating_add(self.length.ms());
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
        Ok(())
    }

    fn check_texts(&self) -> Result<(), BadParcel> {
        if longer(&self.memo, MAX_MEMO) {
            return bad("memo", "longer than 500 characters");
        }
        if longer(&self.label, MAX_LABEL) {
            return bad("label", "longer than 100 characters");
        }
        let over = |text: &Option<String>| text.as_ref().is_some_and(|t| t.len() > TEXT_BYTES);
        if self.focus.len() > ENTRIES || self.custom.len() > ENTRIES {
            return bad("focus", "too many entries");
        }
        let mut fronts = self.focus.iter().chain(self.snapshot.iter().filter_map(|s| s.focus.as_ref()));
        if fronts.any(|f| over(&f.app) || over(&f.title) || over(&f.url) || f.hidden_by.len() > RULES) {
            return bad("focus", "a text longer than 1 KiB, or more rules than there are");
        }
        let long = |c: &Custom| {
            c.plugin.len() > NAME_BYTES || c.kind.len() > NAME_BYTES || c.body.len() > CUSTOM_BODY_BYTES
        };
        if self.custom.iter().any(long) {
            return bad("custom", "a name longer than 64 bytes, or a body longer than 16 KiB");
        }
        if self.gaps.len() > GAPS {
            return bad("gaps", "too many entries");
        }
        if self.policy.rules.len() > RULES || self.policy.rules.iter().any(|r| r.len() > RULE_BYTES) {
            return bad("policy", "too many rules, or words longer than 200 bytes");
        }
        if self.snapshot.as_ref().is_some_and(|s| s.redactions.len() > REDACTIONS) {
            return bad("snapshot", "too many redactions");
        }
        let name = |d: &Dropped| d.plugin.as_ref().is_some_and(|p| p.len() > NAME_BYTES);
        if self.dropped.len() > DROPPED || self.dropped.iter().any(name) {
            return bad("dropped", "too many entries, or a name longer than 64 bytes");
        }
        Ok(())
    }

    /// A removed segment is a tombstone: that it was there, and nothing of what was in it.
    fn check_removed(&self) -> Result<(), BadParcel> {
        let Some(removed) = &self.removed else { return Ok(()) };
        let held = [
            ("minutes", !self.minutes.is_empty()),
            ("focus", !self.focus.is_empty()),
            ("snapshot", self.snapshot.is_some()),
            ("memo", self.memo.is_some()),
            ("label", self.label.is_some()),
            ("custom", !self.custom.is_empty()),
        ];
        if let Some((place, _)) = held.into_iter().find(|(_, held)| *held) {
            return bad(place, "given although the segment was removed");
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
        if self.snapshot.is_some() {
            return bad("snapshot", "given although the segment was typed in");
        }
        if self.minutes.iter().any(|m| m.counts.is_some_and(Counts::any)) {
            return bad("minutes", "activity although the segment was typed in");
        }
        if self.manual.as_ref().is_some_and(|manual| longer(&manual.reason, MAX_MEMO)) {
            return bad("manual", "its reason is longer than 500 characters");
        }
        if self.removed.is_none() && self.memo.as_ref().is_none_or(|memo| memo.trim().is_empty()) {
            return bad("memo", "missing: typed-in time says what was done in it");
        }
        Ok(())
    }
}

fn longer(text: &Option<String>, most: usize) -> bool {
    text.as_ref().is_some_and(|text| is_longer(text, most))
}

fn is_hex(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
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
        let idle = MinuteFacts { start: START, tracked_ms: 1, counts: Some(Counts::default()) };
        assert_eq!(place(typed_in(), |p| p.minutes.push(idle)), None, "seen, and nothing happened");
    }

    #[test]
    fn each_thing_that_a_parcel_must_not_be_is_a_row() {
        let tracked = || example::parcel(START, SegmentLength::default());
        let minute = MinuteFacts { start: START, tracked_ms: 1, counts: None };
        let active = MinuteFacts { counts: Some(Counts { keys: 1, ..Counts::default() }), ..minute };
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
