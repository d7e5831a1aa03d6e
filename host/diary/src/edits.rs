//! What a worker may still change, and when. An edit is a whole new parcel for the same segment with a higher revision.

use crate::parcel::Parcel;

/// Whether `after` may take the place of `before` although the week is locked: time, memo and label must be the same.
/// What remains is to take something away that is no time: a picture above all (invariant 7).
#[must_use]
pub fn allowed_after_lock(before: &Parcel, after: &Parcel) -> bool {
    let same_time = before.length == after.length
        && before.minutes == after.minutes
        && before.gaps == after.gaps
        && before.removed == after.removed
        && before.manual == after.manual;
    let same_words = before.memo == after.memo && before.label == after.label;
    let nothing_new = after.snapshot.is_none() || after.snapshot == before.snapshot;
    same_time && same_words && nothing_new
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::example;
    use crate::parcel::{Manual, NoSnapshot, Removed, Snapshot};
    use crate::segment::SegmentLength;

    #[test]
    fn after_the_lock_only_a_picture_may_go() {
        let start = 1_795_737_600_000;
        let mut before = example::parcel(start, SegmentLength::default());
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
        type Change = Box<dyn Fn(&mut Parcel)>;
        let rows: Vec<(&str, Change, bool)> = vec![
            (
                "the picture goes",
                Box::new(|p| {
                    (p.id, p.revision, p.sequence) = ("1".repeat(32), 1, 9);
                    (p.snapshot, p.no_snapshot) = (None, Some(NoSnapshot::RemovedByWorker));
                }),
                true,
            ),
            ("another picture", Box::new(|p| p.snapshot.as_mut().unwrap().sha256 = "b".repeat(64)), false),
            ("another memo", Box::new(|p| p.memo = Some("other".into())), false),
            ("no memo", Box::new(|p| p.memo = None), false),
            ("another label", Box::new(|p| p.label = Some("Review".into())), false),
            ("a minute less", Box::new(|p| p.minutes.truncate(1)), false),
            ("a gap less", Box::new(|p| p.gaps.clear()), false),
            ("typed in", Box::new(|p| p.manual = Some(Manual::at(1))), false),
            ("removed", Box::new(|p| p.removed = Some(Removed { at: 1, time_ms: 1 })), false),
        ];
        for (what, change, allowed) in rows {
            let mut after = before.clone();
            change(&mut after);
            assert_eq!(allowed_after_lock(&before, &after), allowed, "{what}");
        }
    }
}
