//! What records come to.

use candor_diary::parcel::{Custom, Focus};

use super::*;

fn frame() -> SegmentFrame {
    SegmentFrame {
        contract: "c".into(),
        server: "5".repeat(64),
        terms: candor_diary::parcel::TermsRef { sequence: 1, digest: "7".repeat(64) },
        device: "d".into(),
        start: 600_000,
        length: SegmentLength::new(10).unwrap(),
        policy: Policy { plugin: "rules".into(), sha256: String::new(), rules: vec![] },
        activity: Activity::Counted,
        pictures: true,
        pictures_off: false,
        revision: 0,
        locked: false,
    }
}

fn span(from: u64, to: u64) -> Record {
    Record::Span { from, to }
}

fn activity(minute: u64, keys: u32) -> Record {
    Record::Activity { minute, counts: Counts { keys, clicks: 0, scrolls: 0 } }
}

#[test]
fn invariant_09_what_is_worked_when_a_clock_that_was_set_back_shows_a_minute_again_counts() {
    let left_out = gap(600_000, 640_000, GapCause::LeftOut);
    let unanswered = gap(600_000, 640_000, GapCause::Unanswered);
    let away = [span(600_000, 640_000), Record::TakenBack { from: 600_000, to: 640_000 }, unanswered];
    let (worked, worked_before) = (span(610_000, 640_000), span(605_000, 625_000));
    let tracked = |records: &[&[Record]]| -> u32 {
        let parcel = assemble(&frame(), &records.concat()).map(|assembled| assembled.parcel);
        parcel.iter().flat_map(|parcel| &parcel.minutes).map(|minute| minute.tracked_ms).sum()
    };
    let left_out = std::slice::from_ref(&left_out);
    assert_eq!(tracked(&[&away]), 0);
    for (records, expected) in [
        ([&away[..], left_out, std::slice::from_ref(&worked)], 30_000),
        // The question is answered after the work.
        ([&away[..], std::slice::from_ref(&worked), left_out], 30_000),
        // The clock was ahead when the minute was worked, and nobody was there when it came again.
        ([std::slice::from_ref(&worked_before), &away[..], left_out], 20_000),
        ([std::slice::from_ref(&worked_before), &away[2..], left_out], 20_000),
    ] {
        assert_eq!(tracked(&records), expected, "{records:#?}");
    }
}

#[test]
fn invariant_09_where_it_cannot_be_read_how_much_was_taken_back_nothing_after_it_counts() {
    let taken = Record::Unreadable { filed: "taken-back".into(), at: 630_000 };
    let parcel = assemble(&frame(), &[span(600_000, 660_000), span(660_000, 720_000), taken]).unwrap().parcel;
    assert_eq!(parcel.minutes.iter().map(|m| m.tracked_ms).collect::<Vec<_>>(), [30_000]);
    assert_eq!(parcel.gaps, [Gap { from: 630_000, to: 660_000, cause: GapCause::Damaged }]);
}

#[test]
fn invariant_09_a_minute_that_was_never_counted_says_so_when_its_segment_closes() {
    let span = Record::Span { from: 600_000, to: 660_000 };
    let counted = Record::Activity { minute: 600_000, counts: Counts::default() };
    let locked = Record::Gap(Gap { from: 630_000, to: 640_000, cause: GapCause::Locked });
    let off = SegmentFrame { activity: Activity::Off, ..frame() };
    for (frame, records, gaps) in [
        (frame(), vec![span.clone()], vec![GapCause::CounterLost]),
        (frame(), vec![span.clone(), counted], vec![]),
        (frame(), vec![span.clone(), locked], vec![GapCause::Locked]),
        (off, vec![span], vec![]),
    ] {
        let mut parcel = assemble(&frame, &records).unwrap().parcel;
        add_uncounted_gaps(&mut parcel);
        let told: Vec<GapCause> = parcel.gaps.iter().map(|gap| gap.cause).collect();
        assert_eq!(told, gaps, "{records:?}");
    }
}

#[test]
fn invariant_09_a_minute_whose_counts_did_not_come_is_not_billed() {
    let active = |frame: &SegmentFrame, records: &[Record]| {
        candor_diary::billing::Facts::of(&assemble(frame, records).unwrap().parcel).active
    };
    let begun = [span(600_000, 610_000)];
    assert_eq!(active(&frame(), &begun), 0, "they may be late, or never come");
    assert_eq!(active(&frame(), &[span(600_000, 610_000), activity(600_000, 3)]), 1);
    assert_eq!(active(&frame(), &[span(600_000, 610_000), activity(600_000, 0)]), 0);
    let off = SegmentFrame { activity: Activity::Off, ..frame() };
    assert_eq!(active(&off, &begun), 1, "nothing was to be counted");
}

#[test]
fn nothing_tracked_is_no_segment() {
    assert!(assemble(&frame(), &[]).is_none());
    assert!(assemble(&frame(), &[activity(600_000, 5)]).is_none());
}

#[test]
fn minutes_add_up_spans_and_counts() {
    let records = [
        span(600_000, 610_000),
        activity(600_000, 3),
        span(630_000, 660_000),
        activity(600_000, 4),
        span(660_000, 720_000),
    ];
    let parcel = assemble(&frame(), &records).unwrap().parcel;
    let minutes: Vec<_> =
        parcel.minutes.iter().map(|m| (m.start, m.tracked_ms, m.counts.map(|c| c.keys))).collect();
    assert_eq!(minutes, [(600_000, 40_000, Some(7)), (660_000, 60_000, None)]);
    assert_eq!(parcel.minutes_active(), 1);
}

#[test]
fn the_last_memo_counts_and_a_missing_picture_says_why() {
    let memo = |text: &str| Record::Memo { memo: Some(text.into()), label: None };
    let parcel = assemble(&frame(), &[memo("first"), span(600_000, 660_000), memo("second")]).unwrap().parcel;
    assert_eq!(parcel.memo.as_deref(), Some("second"));
    assert_eq!(parcel.no_snapshot, Some(NoSnapshot::MomentMissed));
}

fn gap(from: u64, to: u64, cause: GapCause) -> Record {
    Record::Gap(Gap { from, to, cause })
}

#[test]
fn what_was_left_out_is_not_tracked_and_pieces_of_a_gap_become_one() {
    let records = [
        span(600_000, 660_000),
        span(660_000, 720_000),
        Record::TakenBack { from: 630_000, to: 700_000 },
        gap(630_000, 660_000, GapCause::LeftOut),
        gap(660_000, 700_000, GapCause::LeftOut),
    ];
    let parcel = assemble(&frame(), &records).unwrap().parcel;
    let tracked: Vec<_> = parcel.minutes.iter().map(|m| m.tracked_ms).collect();
    assert_eq!(tracked, [30_000, 20_000]);
    assert_eq!(parcel.gaps, [Gap { from: 630_000, to: 700_000, cause: GapCause::LeftOut }]);
}

#[test]
fn idle_time_is_unanswered_until_the_worker_says_what_becomes_of_it() {
    let asked = gap(630_000, 700_000, GapCause::Unanswered);
    let taken = Record::TakenBack { from: 630_000, to: 700_000 };
    let spans = [span(600_000, 660_000), span(660_000, 720_000), taken];
    let with = |more: &[Record]| assemble(&frame(), &[&spans[..], more].concat()).unwrap().parcel;
    let parcel = with(std::slice::from_ref(&asked));
    assert_eq!(parcel.gaps, [Gap { from: 630_000, to: 700_000, cause: GapCause::Unanswered }]);
    assert_eq!(parcel.minutes.iter().map(|m| m.tracked_ms).collect::<Vec<_>>(), [30_000, 20_000]);
    let parcel = with(&[asked.clone(), gap(630_000, 700_000, GapCause::LeftOut)]);
    assert_eq!(parcel.gaps, [Gap { from: 630_000, to: 700_000, cause: GapCause::LeftOut }]);
    // A segment in which nobody was there is not reported, answered or not.
    assert!(assemble(&frame(), &[asked]).is_none());
}

#[test]
fn a_pause_is_told_and_time_left_out_is_nobodys_business() {
    let paused = assemble(&frame(), &[gap(600_000, 1_200_000, GapCause::Paused)]).unwrap().parcel;
    assert!(paused.minutes.is_empty() && paused.no_snapshot.is_none());
    let left_out = [gap(600_000, 1_200_000, GapCause::LeftOut)];
    assert!(assemble(&frame(), &left_out).is_none());
    // Unless it was reported to the client before.
    assert!(assemble(&SegmentFrame { revision: 1, ..frame() }, &left_out).is_some());
}

#[test]
fn a_removed_segment_says_that_and_nothing_else() {
    let removed = Record::Removed { at: 9, time_ms: 60_000, blobs: Vec::new() };
    let parcel = assemble(&frame(), std::slice::from_ref(&removed)).unwrap().parcel;
    assert_eq!(parcel.removed, Some(Removed { at: 9, time_ms: 60_000 }));
    // What is tracked after the removal counts; the rest shows as left out.
    let parcel = assemble(&frame(), &[removed, span(900_000, 960_000)]).unwrap().parcel;
    assert_eq!((parcel.removed, parcel.minutes.len()), (None, 1));
    assert_eq!(parcel.gaps, [Gap { from: 600_000, to: 900_000, cause: GapCause::LeftOut }]);
}

#[test]
fn a_typed_in_segment_has_its_memo_and_no_evidence() {
    let records = [
        span(600_000, 660_000),
        Record::Manual { at: 5, memo: "A call".into(), reason: Some("On the phone".into()), answers: None },
    ];
    let parcel = assemble(&frame(), &records).unwrap().parcel;
    assert_eq!(parcel.manual, Some(Manual { at: 5, reason: Some("On the phone".into()) }));
    assert_eq!((parcel.memo.as_deref(), parcel.minutes.len()), (Some("A call"), 0));
    assert_eq!(parcel.no_snapshot, None);
}

#[test]
fn that_there_are_own_rules_is_told_only_where_one_hid_something() {
    let rules = vec!["the client's".to_owned(), OWN_RULE.to_owned()];
    let frame = SegmentFrame { policy: Policy { rules, ..frame().policy }, ..frame() };
    let told = |hidden_by: Vec<u32>| {
        let focus = Focus { at: 600_000, app: None, title: None, url: None, hidden_by };
        assemble(&frame, &[span(600_000, 660_000), Record::Focus(focus)]).unwrap().parcel.policy.rules.len()
    };
    assert_eq!((told(vec![]), told(vec![0]), told(vec![0, 1])), (1, 1, 2));
}

#[test]
fn invariant_07_removing_a_picture_keeps_the_time() {
    let removed = Record::NoSnapshot { why: NoSnapshot::RemovedByWorker };
    let later = Record::NoSnapshot { why: NoSnapshot::Unsettled };
    let parcel =
        assemble(&frame(), &[span(600_000, 660_000), activity(600_000, 3), removed, later]).unwrap().parcel;
    assert_eq!(parcel.no_snapshot, Some(NoSnapshot::RemovedByWorker));
    assert_eq!((parcel.minutes.len(), parcel.minutes_active()), (1, 1));
}

/// Numbers that a seed brings, always the same (xorshift).
fn draw(seed: &mut u64, most: u64) -> u64 {
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    *seed % (most + 1)
}

/// Records as a hostile plugin, title, clock, disk or earlier version may have left them.
fn hostile(seed: u64) -> Vec<Record> {
    let mut seed = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let (start, length) = (3_600_000, 3_600_000);
    let mut records = Vec::new();
    let text = |seed: &mut u64, most: u64| {
        let letter = ["a", "\"", "\u{1}", "漢", "😀"][usize::try_from(draw(seed, 4)).unwrap()];
        letter.repeat(usize::try_from(draw(seed, most)).unwrap())
    };
    for _ in 0..draw(&mut seed, 4_000) {
        let at = start + draw(&mut seed, length);
        records.push(match draw(&mut seed, 11) {
            0 | 1 => Record::Span { from: at, to: at + draw(&mut seed, 60_000) },
            2 => Record::Focus(Focus {
                at,
                app: Some(text(&mut seed, 100)),
                title: Some(text(&mut seed, 5_000)),
                url: None,
                hidden_by: vec![u32::MAX, 3, 3],
            }),
            3 => Record::Custom(Custom {
                at,
                plugin: "flood".into(),
                kind: text(&mut seed, 70),
                body: text(&mut seed, 17_000),
            }),
            4 | 5 => gap(at, at + draw(&mut seed, 500), GapCause::Paused),
            6 => gap(at, at + draw(&mut seed, 500), GapCause::CounterLost),
            7 => Record::TakenBack { from: at, to: at + draw(&mut seed, 500) },
            8 => Record::Memo { memo: Some(text(&mut seed, 900)), label: Some(text(&mut seed, 900)) },
            9 => Record::Unreadable { filed: ["span", "activity", "focus"][(at % 3) as usize].into(), at },
            10 => Record::Dropped { plugin: text(&mut seed, 80), notes: u64::MAX, life: at },
            _ => Record::NoSnapshot { why: NoSnapshot::SkippedByRule { rules: vec![7; 400] } },
        });
    }
    records
}

#[test]
fn invariant_09_what_the_journal_holds_always_makes_a_parcel_that_is_taken() {
    let key = candor_seal::SecretKey::generate().unwrap();
    let frame = SegmentFrame {
        start: 3_600_000,
        length: SegmentLength::new(60).unwrap(),
        policy: Policy { rules: vec!["\u{1}".repeat(300); 300], ..frame().policy },
        ..frame()
    };
    for seed in 0..60 {
        let records = hostile(seed);
        let Some(Assembled { mut parcel, .. }) = assemble(&frame, &records) else { continue };
        (parcel.id, parcel.chain_head, parcel.sequence) = ("0".repeat(32), "0".repeat(64), 1);
        assert_eq!(parcel.check(), Ok(()), "seed {seed}");
        let (core, _) = parcel.split(&[], || Ok::<_, std::fmt::Error>([7; 32])).unwrap();
        let document = serde_json::to_vec(&core).unwrap();
        let envelope =
            candor_seal::Envelope::sign(candor_diary::parcel::PARCEL_TYPE, document, &key).to_json();
        assert!(envelope.len() <= candor_diary::limits::ENVELOPE_BYTES, "seed {seed}: {}", envelope.len());
        // The time is what was tracked and not taken back, whatever else there was.
        let bare: Vec<Record> = records
            .into_iter()
            .filter(|r| matches!(r, Record::Span { .. } | Record::TakenBack { .. }))
            .collect();
        let expected = assemble(&frame, &bare).map_or_else(Vec::new, |assembled| assembled.parcel.minutes);
        assert_eq!(parcel.minutes, expected, "seed {seed}");
    }
}

#[test]
fn a_record_that_cannot_be_read_is_a_gap_and_is_said() {
    let unreadable = |filed: &str, at| Record::Unreadable { filed: filed.into(), at };
    let records = [
        span(600_000, 660_000),
        activity(600_000, 3),
        unreadable("span", 660_000),
        unreadable("activity", 660_000),
        span(690_000, 720_000),
        unreadable("focus", 700_000),
        unreadable("snapshot", 700_000),
    ];
    let parcel = assemble(&frame(), &records).unwrap().parcel;
    let tracked: Vec<_> = parcel.minutes.iter().map(|m| (m.start, m.tracked_ms)).collect();
    assert_eq!(tracked, [(600_000, 60_000), (660_000, 30_000)]);
    assert_eq!(parcel.gaps, [Gap { from: 660_000, to: 720_000, cause: GapCause::Damaged }]);
    assert_eq!(parcel.no_snapshot, Some(NoSnapshot::Damaged));
    let sentence = parcel.dropped[0].sentence();
    assert_eq!(sentence, "4 records could not be read any more: damaged on the worker's computer");
    // A minute whose counts are lost is no evidence of work.
    assert_eq!(candor_diary::billing::Facts::of(&parcel).active, 1);
}

#[test]
fn invariant_09_a_picture_that_is_damaged_or_refused_takes_no_time() {
    let facts = candor_diary::parcel::Snapshot {
        at: 600_001,
        sha256: "a".repeat(64),
        media_type: "image/webp".into(),
        width: 1,
        height: 1,
        bytes: 1,
        monitors: 1,
        focus: None,
        redactions: Vec::new(),
    };
    let picture = Record::Snapshot { facts, blob: "b".into() };
    for why in [NoSnapshot::Damaged, NoSnapshot::Refused] {
        let lost = Record::NoSnapshot { why: why.clone() };
        let records = [span(600_000, 660_000), picture.clone(), lost, picture.clone()];
        let Assembled { parcel, blobs } = assemble(&frame(), &records).unwrap();
        assert_eq!((parcel.no_snapshot, blobs.len(), parcel.minutes.len()), (Some(why), 0, 1));
        assert_eq!(parcel.snapshot, None);
    }
}
