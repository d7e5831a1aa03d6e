//! What is pressed, and what the agent is asked for by it.

use super::*;

#[test]
fn each_button_asks_for_what_it_says() {
    let start = states::at(17, 50);
    let cases: Vec<(&str, &str, AnyRequest)> = vec![
        ("tracking", "Stop", StopTracking { at_segment_end: false }.into()),
        ("tracking", "Stop at 18:00", StopTracking { at_segment_end: true }.into()),
        ("tracking", "Pause for private time", PauseTracking.into()),
        ("stopped", "Start", StartTracking { memo: None, no_sign: false }.into()),
        ("paused", "Resume", StartTracking { memo: None, no_sign: false }.into()),
        ("snapshot", "Delete picture", RemovePicture { start }.into()),
        ("snapshot", "Send now", SendNow { start }.into()),
        ("question", "Leave these 14 minutes out", AnswerIdle { answer: IdleAnswer::LeaveOut }.into()),
        ("offline", "Try now", TryNow.into()),
        (
            "offline",
            "Do not send 17:30",
            CancelParcel { parcel: format!("{:032x}", states::at(17, 30)) }.into(),
        ),
        ("monitoring", "Pause for private time", PauseTracking.into()),
    ];
    for (state, label, request) in cases {
        let mut harness = opened(state);
        press(&mut harness, label);
        assert_eq!(done(&harness), [request], "{state}: {label}");
    }
}

#[test]
fn keeping_idle_time_needs_a_memo_and_leaving_the_question_for_later_keeps_it() {
    let mut harness = opened("question");
    press(&mut harness, "Keep 0:10 as manual time");
    assert!(done(&harness).is_empty());
    harness.get_by_label_contains("Manual time needs a memo.");
    harness.state_mut().model.question.memo = "Reading the format guide".into();
    press(&mut harness, "Keep 0:10 as manual time");
    let answer = IdleAnswer::Manual("Reading the format guide".into());
    assert_eq!(done(&harness), [AnswerIdle { answer }.into()]);

    let mut harness = opened("question");
    press(&mut harness, "Answer later");
    assert_eq!(harness.state().model.home_view(), HomeView::Clock);
    press(&mut harness, "Answer");
    assert_eq!(harness.state().model.home_view(), HomeView::Question);
}

#[test]
fn a_notice_is_accepted_by_a_name_and_by_the_digest_that_was_read_or_put_off() {
    let mut harness = opened("first-run");
    harness.state_mut().model.accept.name.clear();
    press(&mut harness, "Accept terms");
    assert!(done(&harness).is_empty());
    harness.state_mut().model.accept.name = "Mara Oduya".into();
    press(&mut harness, "Accept terms");
    let (contract, digest, by) = ("invoice".to_owned(), "5f".repeat(32), "Mara Oduya".to_owned());
    assert_eq!(done(&harness), [AcceptNotice { contract, digest, by }.into()]);

    let mut harness = opened("first-run");
    press(&mut harness, "Not now");
    harness.get_by_label_contains("Nothing is recorded.");
    assert!(
        harness.query_by_label("Start").is_none(),
        "nothing can be started before the notice is accepted"
    );
    press(&mut harness, "Read it");
    assert!(matches!(harness.state().model.home_view(), HomeView::Accept(_)));
}

#[test]
fn a_rule_counts_when_it_is_added_and_can_be_taken_back() {
    let mut desk = TestDesk::new(states::world("tracking"));
    let before = desk.world.rules.clone();
    desk.model.open_page(WindowPage::Rules);
    let mut harness = open(desk, Theme::Light, 340.0);
    harness.state_mut().model.rules.new_rule.pattern = "bank".into();
    press(&mut harness, "Add this rule");
    // At once: whoever goes back now has the rule.
    let with = |desk: &TestDesk| desk.model.rules.rules().unwrap().to_vec();
    let rules = with(harness.state());
    assert_eq!((rules.len(), rules.last().unwrap().pattern.as_str()), (before.len() + 1, "bank"));
    assert_eq!(done(&harness), [SetOwnRules { rules }.into()]);
    harness.get_by_label_contains("Rule added.");
    press(&mut harness, "Undo");
    assert_eq!(done(&harness).last(), Some(&SetOwnRules { rules: before.clone() }.into()));
    assert_eq!(with(harness.state()), before);

    // What the agent does not take does not look as if it counted, and what was typed is not lost.
    let model = &mut harness.state_mut().model;
    model.rules.new_rule.pattern = "(".into();
    let mut rules = before.clone();
    rules.push(model.rules.new_rule.clone());
    model.rules.new_rule.pattern.clear();
    model.set_rules(rules.clone());
    model.take_intents();
    model.take_answer(&SetOwnRules { rules }.into(), Err("that pattern has no end".into()));
    assert_eq!(model.rules.rules(), Some(&before[..]));
    assert_eq!(model.rules.new_rule.pattern, "(");
    harness.run_steps(3);
    harness.get_by_label_contains("The rules were not saved.");
    assert!(harness.query_by_label("Undo").is_none());
}

#[test]
fn where_the_time_goes_with_a_picture_the_button_says_so_and_it_can_be_undone() {
    let start = states::at(17, 50);
    let mut world = states::world("snapshot");
    world.terms.picture_removal = PictureRemoval::RemovesTime;
    let minutes = world.status.last_picture.as_ref().unwrap().tracked_ms.div_ceil(60_000);
    let mut harness = open(TestDesk::new(world), Theme::Light, 340.0);
    assert!(harness.query_by_label("Delete picture").is_none());
    press(&mut harness, &format!("Delete picture and its {minutes} minutes"));
    assert_eq!(done(&harness), [RemovePicture { start }.into()]);
    press(&mut harness, "Undo");
    assert_eq!(done(&harness)[1], RestoreSegment { start }.into());

    // On its page, for as long as it can be.
    let mut world = states::world("tracking");
    let segment = world.segments.iter_mut().find(|s| s.start == states::at(17, 40)).unwrap();
    segment.picture = None;
    segment.no_picture_sentence = Some("Picture removed by worker, time kept".into());
    segment.undo_until = Some(world.status.now + 60_000);
    let mut desk = TestDesk::new(world);
    desk.model.open_page(WindowPage::Day);
    desk.model.open_page(WindowPage::Segment(states::at(17, 40)));
    let mut harness = open(desk, Theme::Dark, 340.0);
    press(&mut harness, "Undo");
    assert_eq!(done(&harness), [RestoreSegment { start: states::at(17, 40) }.into()]);
}

#[test]
fn what_plugins_note_is_seen_by_the_worker_and_can_be_removed() {
    let start = states::at(17, 40);
    let note = |plugin: &str, at| Note {
        at,
        plugin: plugin.into(),
        kind: "build".into(),
        body: "{\"ok\":\n\u{1b}[31mtrue}".into(),
    };
    let mut world = states::world("tracking");
    let segment = world.segments.iter_mut().find(|s| s.start == start).unwrap();
    segment.notes = vec![note("builds", start + 5_000), note("calls", start + 9_000)];
    segment.no_sign = true;
    let mut harness = open(TestDesk::new(world), Theme::Light, 340.0);
    // The pictures of control characters are in fonts that a desktop has.
    harness.ctx.set_missing_glyph_policy(egui::MissingGlyphPolicy::Tofu);
    harness.state_mut().model.open_page(WindowPage::Day);
    harness.state_mut().model.open_page(WindowPage::Segment(start));
    harness.run();
    harness.get_by_label_contains("2 notes from plugins");
    harness.get_by_label_contains("Recorded without a tray icon");
    assert!(harness.query_by_label_contains("\u{1b}").is_none(), "what is not to be seen is not drawn");
    press(&mut harness, "Remove the note: 17:40:05 · builds · build");
    press(&mut harness, "Remove all notes from calls");
    let plugin = |name: &str| Some(name.to_owned());
    assert_eq!(
        done(&harness),
        [
            RemoveNotes { from: start + 5_000, to: start + 5_001, plugin: plugin("builds") }.into(),
            RemoveNotes { from: start, to: start + 600_000, plugin: plugin("calls") }.into(),
        ]
    );
}

#[test]
fn a_button_that_ends_something_takes_no_press_that_was_meant_for_what_was_there_before() {
    let mut harness = opened("tracking");
    // As a person presses it, who does not know yet that it came.
    let by_pointer = |harness: &mut Harness<'_, TestDesk>, label: &str| {
        harness.get_by_label(label).click();
        harness.run_steps(3);
    };
    by_pointer(&mut harness, "Stop");
    assert!(done(&harness).is_empty(), "it has just come");
    harness.run_steps(60);
    by_pointer(&mut harness, "Stop");
    assert_eq!(done(&harness), [StopTracking { at_segment_end: false }.into()]);
    // The keyboard was there first.
    let mut harness = opened("snapshot");
    press(&mut harness, "Delete picture");
    assert_eq!(done(&harness).len(), 1);
}
