//! What the window shows of the agent's answers, refusals and absence.

use super::*;

#[test]
fn a_refusal_says_what_did_not_happen_and_why_and_the_draft_stays() {
    let mut desk = TestDesk::new(states::world("tracking"));
    desk.model.clock.memo = "Taxes".into();
    desk.model.clock.mark_edited();
    let why = "the week was locked at 12:00 UTC; your time stays".to_owned();
    desk.model.take_answer(&SetMemo { memo: "Taxes".into() }.into(), Err(why));
    let harness = open(desk, Theme::Dark, 340.0);
    harness.get_by_label("The memo was not saved. The week was locked at 12:00 UTC; your time stays");
    assert_eq!(harness.state().model.clock.memo, "Taxes");
}

#[test]
fn the_clock_runs_between_answers_and_stands_while_paused() {
    let mut model = TestDesk::new(states::world("tracking")).model;
    model.tick(12.0);
    assert_eq!(format::clock(model.on_ms()), "2:23:24");
    let mut model = TestDesk::new(states::world("paused")).model;
    model.tick(12.0);
    assert_eq!(format::clock(model.on_ms()), "2:23:12");
}

#[test]
fn another_contract_shows_nothing_of_the_one_before() {
    let mut desk = TestDesk::new(states::world("tracking"));
    desk.carry_out();
    assert!(!desk.model.totals.today().is_empty());
    desk.model.clock.memo = "Half a thought".into();
    desk.model.clock.mark_edited();
    let mut status = Box::new(desk.world.status.clone());
    status.current.as_mut().unwrap().id = "rota".into();
    (status.memo, status.revision) = (Some("Rota".into()), 9);
    desk.model.take_status(status, 2.0);
    assert!(desk.model.totals.today().is_empty());
    assert_eq!(desk.model.clock.memo, "Rota");
}

#[test]
fn without_a_contract_nothing_is_read_that_an_agent_would_refuse() {
    let mut world = states::world("join");
    world.status.limit_ms = None;
    assert_eq!(TestDesk::new(world).model.take_intents(), []);
}

#[test]
fn an_agent_that_is_gone_records_nothing_and_one_that_came_back_has_stopped() {
    let mut desk = opened("tracking");
    desk.get_by_label_contains(": recording.");
    desk.state_mut().model.take_connection(AgentConnection::Lost("No agent answers.".into()));
    desk.run_steps(4);
    assert!(desk.query_by_label_contains(": recording.").is_none());
    desk.get_by_label_contains(": not recording.");
    let mut back = desk.state().world.status.clone();
    (back.tracking, back.since, back.running) = (false, None, None);
    desk.state_mut().model.take_status(Box::new(back), 1.0);
    desk.run_steps(4);
    desk.get_by_label_contains("Tracking has ended.");
}

#[test]
fn away_is_told_and_not_counted() {
    let mut harness = opened("tracking");
    let counted = harness.state().model.on_ms();
    let status = harness.state().model.status().cloned().unwrap();
    let away = candor_protocol::Status { away_since: Some(status.now - 60_000), ..status };
    harness.state_mut().model.take_status(Box::new(away), 0.0);
    harness.state_mut().model.tick(3_600.0);
    harness.run_steps(3);
    harness.get_by_label("Away");
    harness.get_by_label_contains("counted");
    assert!(harness.state().model.on_ms() <= counted + 1_000);
    harness.get_by_label_contains("not recording");
}

#[test]
fn what_is_said_moves_nothing_on_the_page_and_goes_by_itself() {
    let mut harness = opened("tracking");
    let before = harness.get_by_label("Stop").rect();
    harness.state_mut().model.banner.show("Preferences saved.", "");
    harness.run_steps(4);
    harness.get_by_label_contains("Preferences saved.");
    assert_eq!(harness.get_by_label("Stop").rect(), before);
    harness.run_steps(60 * 9);
    assert!(harness.query_by_label_contains("Preferences saved.").is_none());
    // An error stays until it is seen.
    harness.state_mut().model.take_answer(&PauseTracking.into(), Err("the agent is busy".into()));
    harness.run_steps(60 * 30);
    harness.get_by_label_contains("The pause did not begin.");
    press(&mut harness, "Dismiss");
    assert!(harness.query_by_label_contains("The pause did not begin.").is_none());
}

#[test]
fn invariant_06_that_only_the_window_shows_it_is_said() {
    let shown = |shown: Vec<Sign>, without: bool| {
        let mut world = states::world("tracking");
        world.status.sign = SignState { shown, wanted: !without, without, missing_since: None };
        open(TestDesk::new(world), Theme::Light, 340.0)
    };
    let only = "Only this window shows that you are recorded.";
    shown(vec![Sign::Window], false).get_by_label_contains(only);
    let harness = shown(vec![Sign::Window, Sign::Tray], false);
    assert!(harness.query_by_label_contains(only).is_none());
    shown(vec![Sign::Window], true).get_by_label_contains("Started with --no-sign.");
}

#[test]
fn monitoring_is_read_only_and_says_what_is_recorded() {
    let harness = opened("monitoring");
    harness.get_by_label("This computer is being recorded");
    assert!(harness.query_by_label("Stop").is_none());
    assert!(harness.query_by_label("What are you working on?").is_none());
    harness.get_by_label("What is recorded");
}
