//! What a revision changes. An edit is a whole new parcel for the same segment with a higher revision.
//!
//! Whether it may be made says [`may`](crate::may()), for each [`Change`] in it.

use std::collections::BTreeSet;

use crate::may::{Action, Change, ContractState, Recorded, Role, State, WeekState, may};
use crate::parcel::{Core, CoreMinute, DetailKind, MinuteActivity};
use crate::terms::{ManualTime, PictureRemoval};

/// Returns what `after`, which takes the place of `before`, changes of it; nothing if both say the same.
///
/// Whatever is not clearly less counts as more, for more is what somebody could gain by. A detail is the same if it has
/// the same name: one that was salted anew may say anything.
#[must_use]
pub fn changes(before: &Core, after: &Core) -> BTreeSet<Change> {
    let mut found = BTreeSet::new();
    time(before, after, &mut found);
    details(before, after, &mut found);
    context(before, after, &mut found);
    found
}

/// All that billing goes by, and what is shown of it.
fn time(before: &Core, after: &Core, found: &mut BTreeSet<Change>) {
    match (&before.removed, &after.removed) {
        (None, Some(_)) => {
            found.insert(Change::TimeTaken);
            return;
        }
        (Some(before), Some(after)) if before != after => {
            found.insert(if after.time_ms >= before.time_ms { Change::TimeTaken } else { Change::TimeAdded });
        }
        (Some(_), None) => {
            found.insert(Change::TimeAdded);
        }
        (None, None) | (Some(_), Some(_)) => {}
    }
    if before.manual != after.manual {
        found.insert(if after.manual.is_some() { Change::TypedIn } else { Change::TimeTaken });
    }
    // Where nothing was to be counted tracked time stands for itself, so this alone can make time billable. Other terms
    // can, too.
    if before.length != after.length || before.activity != after.activity || before.terms != after.terms {
        found.insert(Change::TimeAdded);
    }
    for minute in &after.minutes {
        if !before.minutes.iter().any(|earlier| covers(earlier, minute)) {
            found.insert(Change::TimeAdded);
        }
    }
    for minute in &before.minutes {
        if !after.minutes.iter().any(|later| covers(later, minute)) {
            found.insert(Change::TimeTaken);
        }
    }
    let totals = |core: &Core| core.totals.unwrap_or_default();
    let (less, more) = (totals(before), totals(after));
    if more.keys > less.keys || more.clicks > less.clicks || more.scrolls > less.scrolls {
        found.insert(Change::TimeAdded);
    }
    if more.keys < less.keys || more.clicks < less.clicks || more.scrolls < less.scrolls {
        found.insert(Change::TimeTaken);
    }
    // A gap says that nobody could vouch for the time: one more takes from it, one less adds to it.
    if after.gaps.iter().any(|gap| !before.gaps.contains(gap)) {
        found.insert(Change::TimeTaken);
    }
    if before.gaps.iter().any(|gap| !after.gaps.contains(gap)) {
        found.insert(Change::TimeAdded);
    }
}

/// Whether `more` holds all that `less` holds of the same minute.
fn covers(more: &CoreMinute, less: &CoreMinute) -> bool {
    let weight = |minute: &CoreMinute| match minute.activity {
        MinuteActivity::NotRecorded => 0,
        MinuteActivity::CountedNone => 1,
        MinuteActivity::Seen => 2,
        MinuteActivity::CountedAny => 3,
    };
    more.start == less.start && more.tracked_ms >= less.tracked_ms && weight(more) >= weight(less)
}

fn details(before: &Core, after: &Core, found: &mut BTreeSet<Change>) {
    for detail in after.details.iter().filter(|detail| !before.details.contains(detail)) {
        let words = detail.kind == DetailKind::Memo;
        found.insert(if words { Change::Words } else { Change::DetailsAdded });
    }
    for detail in before.details.iter().filter(|detail| !after.details.contains(detail)) {
        let rewritten =
            detail.kind == DetailKind::Memo && after.detail(detail.kind, detail.plugin.as_deref()).is_some();
        if !rewritten {
            found.insert(Change::DetailsTaken);
        }
    }
}

/// What else is said. A picture that goes leaves its reason.
fn context(before: &Core, after: &Core, found: &mut BTreeSet<Change>) {
    let picture = |core: &Core| core.detail(DetailKind::Picture, None).is_some();
    let went = picture(before) && !picture(after);
    let reason = before.no_snapshot != after.no_snapshot && !went && after.removed.is_none();
    let others = before.policy != after.policy
        || before.dropped != after.dropped
        || before.no_sign != after.no_sign
        || before.server != after.server;
    if reason || others {
        found.insert(Change::DetailsAdded);
    }
}

/// A locked week: neither the contract nor its terms are of account there.
const LOCKED: State = State {
    week: WeekState::Locked,
    contract: ContractState::Active,
    manual_time: ManualTime::No,
    picture_removal: PictureRemoval::KeepsTime,
};

/// Whether the first parcel of a segment is taken although its week is locked: what was tracked while offline is time
/// (invariant 9), and typing in is an edit.
#[must_use]
pub fn new_after_lock(core: &Core) -> bool {
    let recorded = if core.manual.is_some() { Recorded::TypedIn } else { Recorded::Tracked };
    may(Role::Device, Action::Deliver(recorded), &LOCKED).is_ok()
}

/// Whether `after` may take the place of `before` although the week is locked: it may only take details away (design §8,
/// invariant 7).
#[must_use]
pub fn allowed_after_lock(before: &Core, after: &Core) -> bool {
    changes(before, after)
        .into_iter()
        .all(|change| may(Role::Device, Action::Revise(change), &LOCKED).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::example;
    use crate::parcel::{
        Activity, Counts, Custom, Detail, Focus, Gap, Manual, MinuteFacts, NoSnapshot, Parcel, Removed,
        Snapshot,
    };
    use crate::segment::{MINUTE_MS, SegmentLength};

    const START: u64 = 1_795_737_600_000;

    fn before() -> Parcel {
        let mut before = example::parcel(START, SegmentLength::default());
        before.snapshot = Some(Snapshot {
            at: START,
            sha256: "a".repeat(64),
            media_type: "image/webp".to_owned(),
            width: 16,
            height: 9,
            bytes: 100,
            monitors: 1,
            redactions: Vec::new(),
            focus: None,
        });
        let app = Some("Editor".to_owned());
        before.focus.push(Focus { at: START, app, title: None, url: None, hidden_by: Vec::new() });
        before.policy.rules = vec!["Hide titles".into()];
        let note = Custom { at: START, plugin: "builds".into(), kind: "build".into(), body: "{}".into() };
        before.custom.push(note);
        before
    }

    fn split(parcel: &Parcel, before: &[Detail], salt: u8) -> (Core, Vec<Detail>) {
        parcel.split(before, || Ok::<_, std::convert::Infallible>([salt; 32])).unwrap()
    }

    /// What changed, if what stays the same keeps its bytes.
    fn found(before: &Parcel, after: &Parcel) -> (Vec<Change>, bool) {
        let (core, details) = split(before, &[], 1);
        let (after, _) = split(after, &details, 2);
        (changes(&core, &after).into_iter().collect(), allowed_after_lock(&core, &after))
    }

    fn recount(parcel: &mut Parcel, counts: Option<Counts>) {
        parcel.minutes[0] = MinuteFacts::new(START, 60_000, counts);
    }

    #[test]
    fn each_change_of_a_segment_is_named_and_what_is_not_clearly_less_is_more() {
        use Change::{DetailsAdded, DetailsTaken, TimeAdded, TimeTaken, TypedIn, Words};
        type Edit = Box<dyn Fn(&mut Parcel)>;
        // What is done, what it changes, whether it may be done after the lock.
        let rows: Vec<(&str, Edit, &[Change], bool)> = vec![
            ("nothing", Box::new(|p| (p.revision, p.sequence) = (1, 9)), &[], true),
            (
                "the picture goes",
                Box::new(|p| (p.snapshot, p.no_snapshot) = (None, Some(NoSnapshot::RemovedByWorker))),
                &[DetailsTaken],
                true,
            ),
            (
                "another picture",
                Box::new(|p| p.snapshot.as_mut().unwrap().sha256 = "b".repeat(64)),
                &[DetailsAdded, DetailsTaken],
                false,
            ),
            ("the windows go", Box::new(|p| p.focus.clear()), &[DetailsTaken], true),
            ("the notes go", Box::new(|p| p.custom.clear()), &[DetailsTaken], true),
            ("the memo goes", Box::new(|p| p.memo = None), &[DetailsTaken], true),
            (
                "a window more",
                Box::new(|p| p.focus.push(p.focus[0].clone())),
                &[DetailsAdded, DetailsTaken],
                false,
            ),
            (
                "another title",
                Box::new(|p| p.focus[0].title = Some("Another".into())),
                &[DetailsAdded, DetailsTaken],
                false,
            ),
            (
                "another note",
                Box::new(|p| p.custom[0].body = "[]".into()),
                &[DetailsAdded, DetailsTaken],
                false,
            ),
            (
                "other words of a rule",
                Box::new(|p| p.policy.rules[0] = "Hide nothing".into()),
                &[DetailsAdded, DetailsTaken],
                false,
            ),
            ("another policy", Box::new(|p| p.policy.sha256 = "9".repeat(64)), &[DetailsAdded], false),
            ("another memo", Box::new(|p| p.memo = Some("Other".into())), &[Words], false),
            ("another label", Box::new(|p| p.label = Some("Review".into())), &[Words], false),
            ("other terms", Box::new(|p| p.terms.sequence = 9), &[TimeAdded], false),
            (
                "a minute less",
                Box::new(|p| p.minutes.truncate(1)),
                &[DetailsAdded, DetailsTaken, TimeTaken],
                false,
            ),
            ("a shorter minute", Box::new(|p| p.minutes[0].tracked_ms -= 1), &[TimeTaken], false),
            ("no counts", Box::new(|p| recount(p, None)), &[DetailsAdded, DetailsTaken, TimeTaken], false),
            (
                "fewer keys",
                Box::new(|p| recount(p, Some(Counts { keys: 0, clicks: 2, scrolls: 1 }))),
                &[DetailsAdded, DetailsTaken, TimeTaken],
                false,
            ),
            (
                "more keys",
                Box::new(|p| recount(p, Some(Counts { keys: 9, clicks: 2, scrolls: 1 }))),
                &[DetailsAdded, DetailsTaken, TimeAdded],
                false,
            ),
            (
                "a minute more",
                Box::new(|p| {
                    let last = p.minutes[1];
                    p.minutes.push(MinuteFacts { start: last.start + MINUTE_MS, ..last });
                }),
                &[DetailsAdded, DetailsTaken, TimeAdded],
                false,
            ),
            ("counting was off", Box::new(|p| p.activity = Activity::Off), &[TimeAdded], false),
            ("longer", Box::new(|p| p.length = SegmentLength::new(20).unwrap()), &[TimeAdded], false),
            ("a gap less", Box::new(|p| p.gaps.clear()), &[TimeAdded], false),
            (
                "a gap more",
                Box::new(|p| p.gaps.push(Gap { to: p.gaps[0].to + 1, ..p.gaps[0] })),
                &[TimeTaken],
                false,
            ),
            ("typed in", Box::new(|p| p.manual = Some(Manual::at(1))), &[TypedIn], false),
        ];
        for (what, edit, expected, after_lock) in rows {
            let (before, mut after) = (before(), before());
            edit(&mut after);
            let (mut changes, allowed) = found(&before, &after);
            let mut expected = expected.to_vec();
            changes.sort();
            expected.sort();
            assert_eq!((changes, allowed), (expected, after_lock), "{what}");
        }
    }

    #[test]
    fn what_is_put_back_is_more_and_what_is_removed_is_less() {
        let bare = |change: &dyn Fn(&mut Parcel)| {
            let mut parcel = before();
            parcel.minutes.clear();
            change(&mut parcel);
            parcel
        };
        let removed = |at, time_ms| bare(&move |p| p.removed = Some(Removed { at, time_ms }));
        let typed = |at| bare(&move |p| p.manual = Some(Manual::at(at)));
        let plain = bare(&|_| ());
        for (before, after, expected) in [
            (&plain, &removed(1, 5), Change::TimeTaken),
            (&removed(1, 5), &plain, Change::TimeAdded),
            (&removed(1, 5), &removed(2, 6), Change::TimeTaken),
            (&removed(2, 6), &removed(1, 5), Change::TimeAdded),
            (&typed(1), &plain, Change::TimeTaken),
            (&typed(1), &typed(2), Change::TypedIn),
        ] {
            assert_eq!(found(before, after), (vec![expected], false));
        }
    }

    #[test]
    fn what_is_salted_anew_may_say_anything() {
        let (core, _) = split(&before(), &[], 1);
        let (anew, _) = split(&before(), &[], 2);
        assert!(!allowed_after_lock(&core, &anew));
    }

    #[test]
    fn invariant_09_what_was_tracked_comes_after_the_lock_and_what_was_typed_in_does_not() {
        let core = |parcel: &Parcel| split(parcel, &[], 1).0;
        let mut parcel = before();
        assert!(new_after_lock(&core(&parcel)));
        parcel.manual = Some(Manual::at(1));
        assert!(!new_after_lock(&core(&parcel)));
    }
}
