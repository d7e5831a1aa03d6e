//! The worker's own time: the week, manual time, what is removed and how it comes back.

use candor_diary::terms::ManualTime;

use super::*;

#[test]
fn the_week_is_one_press_away_and_each_of_its_days_one_more() {
    let mut harness = opened("tracking");
    let week = harness.get_by_label_contains("This week 29:40").accesskit_node().label().unwrap();
    press(&mut harness, &week);
    assert_eq!(*harness.state().model.page(), WindowPage::Week);
    let day = harness.get_by_label_contains("Fri 27 Nov, 5:").accesskit_node().label().unwrap();
    harness.get_by_label("Mon 23 Nov, no time: open its segments");
    assert!(harness.query_by_label_contains("Sat 28 Nov").is_none(), "it has not come yet");
    press(&mut harness, &day);
    assert_eq!((harness.state().model.page(), harness.state().model.day.days_back()), (&WindowPage::Day, 0));
    press(&mut harness, "Back");
    press(&mut harness, "The week before");
    harness.get_by_label_contains("Last week");
    let model = &harness.state().model;
    let (from, to) = model.week_span(model.week.weeks_back());
    assert_eq!(to - from, 7 * 86_400_000);
    assert_eq!(harness.state().model.week.segments(), Some(&[][..]));
}

#[test]
fn manual_time_is_typed_in_at_the_window_with_its_reason_where_the_client_is_asked() {
    let mut harness = opened("tracking");
    harness.state_mut().model.open_page(WindowPage::Day);
    harness.run_steps(3);
    press(&mut harness, "Add manual time");
    assert_eq!(focused(&harness).as_deref(), Some("From"), "the keyboard is where it begins");
    let type_in = |harness: &mut Harness<'_, TestDesk>, field: &str, text: &str| {
        let field = harness.get_by_label(field);
        field.focus();
        field.type_text(text);
        harness.run_steps(3);
    };
    press(&mut harness, "Add manual time");
    harness.get_by_label_contains("'From' is not a time.");
    type_in(&mut harness, "From", "15:00");
    type_in(&mut harness, "To", "15:30");
    press(&mut harness, "Add manual time");
    harness.get_by_label_contains("Manual time needs a memo.");
    type_in(&mut harness, "What you did", "Planning call");
    assert!(done(&harness).is_empty());
    harness.key_press(egui::Key::Enter);
    harness.run_steps(3);
    let (from, to) = (states::at(15, 0), states::at(15, 30));
    let asked = AddManualTime { from, to, memo: "Planning call".into(), reason: None }.into();
    assert_eq!(done(&harness), [asked]);
    harness.get_by_label_contains("0:30 added as manual time.");
    assert_eq!(*harness.state().model.page(), WindowPage::Day);

    let mut world = states::world("tracking");
    world.status.manual_time = ManualTime::Ask;
    let mut harness = open(TestDesk::new(world), Theme::Dark, 320.0);
    harness.state_mut().model.open_page(WindowPage::Manual);
    harness.run_steps(3);
    for (field, text) in [("From", "15:00"), ("To", "15:30"), ("What you did", "Planning call")] {
        type_in(&mut harness, field, text);
    }
    press(&mut harness, "Add manual time");
    harness.get_by_label_contains("Say why it was not tracked.");
    type_in(&mut harness, "Why it was not tracked", "On the phone");
    press(&mut harness, "Add manual time");
    let reason = Some("On the phone".to_owned());
    assert_eq!(done(&harness), [AddManualTime { from, to, memo: "Planning call".into(), reason }.into()]);

    // Refused, everything stays as it was typed.
    let mut harness = opened("tracking");
    harness.state_mut().model.open_page(WindowPage::Manual);
    harness.state_mut().model.manual.memo = "Planning call".into();
    let asked = AddManualTime { from, to, memo: "Planning call".into(), reason: None }.into();
    harness.state_mut().model.take_answer(&asked, Err("this week was locked".into()));
    harness.run_steps(3);
    harness.get_by_label_contains("No time was added.");
    assert_eq!(harness.state().model.manual.memo, "Planning call");

    let mut world = states::world("tracking");
    world.status.manual_time = ManualTime::No;
    let mut harness = open(TestDesk::new(world), Theme::Light, 340.0);
    harness.state_mut().model.open_page(WindowPage::Day);
    harness.run_steps(3);
    assert!(harness.query_by_label("Add manual time").is_none());
}

#[test]
fn a_segment_is_removed_only_after_it_was_asked_about_and_it_can_be_undone() {
    let start = states::at(17, 40);
    let at_segment = |world: World| {
        let mut desk = TestDesk::new(world);
        desk.model.open_page(WindowPage::Day);
        desk.model.open_page(WindowPage::Segment(start));
        open(desk, Theme::Light, 340.0)
    };
    let mut harness = at_segment(states::world("tracking"));
    press(&mut harness, "Remove this segment");
    assert!(done(&harness).is_empty());
    harness.get_by_label("Remove 17:40 – 17:50?");
    harness.get_by_label("Remove the picture only");
    press(&mut harness, "Remove 0:10");
    assert_eq!(done(&harness), [RemoveSegment { start }.into()]);
    harness.get_by_label_contains("0:10 removed.");
    assert_eq!(*harness.state().model.page(), WindowPage::Day);
    press(&mut harness, "Undo");
    assert_eq!(done(&harness)[1], RestoreSegment { start }.into());
    harness.get_by_label_contains("What you removed is back.");
}

#[test]
fn a_page_can_be_asked_for_before_the_agent_has_said_what_time_it_is() {
    let mut model = WindowModel::new(DisplayZone::utc(), String::new());
    model.open_page(WindowPage::Day);
    let (from, to) = model.zone.day_span(0, 0).unwrap();
    let request = GetSegments { from, to };
    let answered = Answered::GetSegments(request, Box::default());
    model.take_answer(&request.into(), Ok(AgentAnswer::Answered(answered)));
    model.open_page(WindowPage::Week);
    assert_eq!(model.week_span(0).0, 0);
}

#[test]
fn an_answer_about_idle_time_can_be_undone() {
    let mut harness = opened("question");
    press(&mut harness, "Leave these 14 minutes out");
    harness.get_by_label_contains("Left out.");
    press(&mut harness, "Undo");
    assert_eq!(done(&harness)[1], UndoIdleAnswer.into());
}

#[test]
fn where_all_time_is_typed_in_no_start_is_offered_and_what_runs_can_be_stopped() {
    let mut world = states::world("stopped");
    world.status.manual_time = ManualTime::Only;
    let mut harness = open(TestDesk::new(world), Theme::Light, 340.0);
    harness.run_steps(3);
    assert!(harness.query_by_label("Start").is_none());
    harness.get_by_label_contains("Nothing is tracked in this contract");
    // It ran when the terms changed.
    let mut world = states::world("tracking");
    world.status.manual_time = ManualTime::Only;
    let mut harness = open(TestDesk::new(world), Theme::Light, 340.0);
    press(&mut harness, "Stop");
    assert_eq!(done(&harness), [StopTracking { at_segment_end: false }.into()]);
}
