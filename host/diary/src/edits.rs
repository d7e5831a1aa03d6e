//! What a worker may still change, and when. An edit is a whole new parcel for the same segment with a higher revision.

use crate::parcel::{Core, DetailKind, Field};

/// Whether `after` may take the place of `before` although the week is locked: it may only take details away (design §8,
/// invariant 7). Time, terms and policy must be the same, and each detail that stays must be the very same bytes. A
/// picture that goes leaves its reason.
#[must_use]
pub fn allowed_after_lock(before: &Core, after: &Core) -> bool {
    let picture = |core: &Core| core.details.iter().any(|detail| detail.kind == DetailKind::Picture);
    let reason_of_removed = before.no_snapshot == after.no_snapshot || (picture(before) && !picture(after));
    let kept = after.details.iter().all(|detail| before.details.contains(detail));
    let same = Core {
        // What every revision has of its own.
        id: after.id.clone(),
        sequence: after.sequence,
        chain_head: after.chain_head.clone(),
        revision: after.revision,
        changed: after.changed.clone(),
        // What was compared above.
        details: after.details.clone(),
        no_snapshot: after.no_snapshot.clone(),
        // The sum goes with the counts that it is of, or stays.
        ..before.clone()
    };
    let only_details = after.changed.iter().all(|field| !matches!(field, Field::Time | Field::Context));
    kept && reason_of_removed && only_details && same == *after
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::example;
    use crate::parcel::{Custom, Detail, Focus, Manual, NoSnapshot, Parcel, Removed, Snapshot};
    use crate::segment::SegmentLength;

    fn split(parcel: &Parcel, before: &[Detail], salt: u8) -> (Core, Vec<Detail>) {
        parcel.split(before, || Ok::<_, std::convert::Infallible>([salt; 32])).unwrap()
    }

    #[test]
    fn after_the_lock_details_may_go_and_nothing_else_may_change() {
        let start = 1_795_737_600_000;
        let mut before = example::parcel(start, SegmentLength::default());
        let focus =
            Focus { at: start, app: None, title: Some("A title".into()), url: None, hidden_by: Vec::new() };
        before.focus = vec![focus];
        before.policy.rules = vec!["Hide titles".into()];
        before.custom =
            vec![Custom { at: start, plugin: "builds".into(), kind: "build".into(), body: "{}".into() }];
        before.snapshot = Some(Snapshot {
            at: start,
            sha256: "a".repeat(64),
            media_type: "image/webp".to_owned(),
            width: 16,
            height: 9,
            bytes: 100,
            monitors: 1,
            redactions: Vec::new(),
            focus: None,
        });
        let (core, details) = split(&before, &[], 1);
        type Change = Box<dyn Fn(&mut Parcel)>;
        let rows: Vec<(&str, Change, bool)> = vec![
            ("nothing", Box::new(|_| ()), true),
            (
                "the picture goes",
                Box::new(|p| {
                    (p.id, p.revision, p.sequence) = ("1".repeat(32), 1, 9);
                    (p.snapshot, p.no_snapshot) = (None, Some(NoSnapshot::RemovedByWorker));
                }),
                true,
            ),
            ("the windows go", Box::new(|p| p.focus.clear()), true),
            ("the notes go", Box::new(|p| p.custom.clear()), true),
            ("memo and label go", Box::new(|p| (p.memo, p.label) = (None, None)), true),
            ("another picture", Box::new(|p| p.snapshot.as_mut().unwrap().sha256 = "b".repeat(64)), false),
            ("another memo", Box::new(|p| p.memo = Some("other".into())), false),
            ("a label", Box::new(|p| p.label = Some("Review".into())), false),
            ("another title", Box::new(|p| p.focus[0].title = Some("Another".into())), false),
            ("another note", Box::new(|p| p.custom[0].body = "[]".into()), false),
            ("another note more", Box::new(|p| p.custom.push(p.custom[0].clone())), false),
            ("other words of the rules", Box::new(|p| p.policy.rules[0] = "Hide nothing".into()), false),
            ("another policy", Box::new(|p| p.policy.sha256 = "9".repeat(64)), false),
            (
                "another reason for no picture",
                Box::new(|p| {
                    p.snapshot = None;
                    p.no_snapshot = Some(NoSnapshot::RuleFailed);
                }),
                true,
            ),
            ("other terms", Box::new(|p| p.terms.sequence = 9), false),
            ("a minute less", Box::new(|p| p.minutes.truncate(1)), false),
            ("a gap less", Box::new(|p| p.gaps.clear()), false),
            ("typed in", Box::new(|p| p.manual = Some(Manual::at(1))), false),
            ("removed", Box::new(|p| p.removed = Some(Removed { at: 1, time_ms: 1 })), false),
        ];
        for (what, change, allowed) in rows {
            let mut after = before.clone();
            change(&mut after);
            // Another salt: what says the same stays byte for byte, what does not gets another name.
            let (after, _) = split(&after, &details, 2);
            assert_eq!(allowed_after_lock(&core, &after), allowed, "{what}");
        }
        let (salted_anew, _) = split(&before, &[], 3);
        assert!(!allowed_after_lock(&core, &salted_anew), "nobody can tell that it says the same");
    }
}
