//! Memos as they are typed, and when they are saved.

use super::*;

#[test]
fn a_memo_is_sent_once_when_it_is_entered_and_is_not_overwritten_while_it_is_typed() {
    let mut harness = opened("tracking");
    let field = harness.get_by_label("What are you working on?");
    field.focus();
    field.type_text(" and taxes");
    harness.run_steps(3);
    let mut status = Box::new(harness.state().world.status.clone());
    status.revision += 1;
    harness.state_mut().model.take_status(status, 1.0);
    harness.run_steps(2);
    assert!(harness.state().model.clock.memo.contains("and taxes"));
    assert!(done(&harness).is_empty());
    harness.key_press(egui::Key::Enter);
    harness.run_steps(3);
    let memo = harness.state().model.clock.memo.clone();
    assert_eq!(done(&harness), [SetMemo { memo }.into()]);
}

#[test]
fn a_picture_that_is_taken_takes_no_field_from_whoever_is_about_to_type() {
    let mut harness = opened("tracking");
    harness.get_by_label("What are you working on?").focus();
    harness.run_steps(3);
    let mut status = Box::new(states::world("snapshot").status);
    status.revision += 1;
    harness.state_mut().model.take_status(status, 1.0);
    harness.run_steps(3);
    harness.get_by_label("What are you working on?").type_text("VAT ");
    harness.run_steps(3);
    assert!(harness.state().model.clock.memo.contains("VAT "), "{}", harness.state().model.clock.memo);
    harness.key_press(egui::Key::Enter);
    harness.run_steps(4);
    let asked = done(&harness);
    assert!(
        matches!(&asked[..], [AnyRequest::SetMemo(SetMemo { memo })] if memo.contains("VAT")),
        "{asked:?}"
    );
}

#[test]
fn a_memo_that_was_typed_is_saved_wherever_its_field_is_left_for() {
    let typed = || {
        let mut desk = TestDesk::new(states::world("tracking"));
        desk.model.clock.memo = "  VAT rounding ".into();
        desk.model.clock.mark_edited();
        desk
    };
    let memo = AnyRequest::from(SetMemo { memo: "VAT rounding".into() });
    type Leave = fn(&mut WindowModel);
    let leaves: [(&str, Leave); 4] = [
        ("another page", |m| m.open_page(WindowPage::Outbox)),
        ("another contract", |m| m.ask(SwitchContract { contract: "rota".into() })),
        ("stop", |m| m.ask(StopTracking { at_segment_end: false })),
        ("the agent's end", |m| m.ask(QuitAgent)),
    ];
    for (name, leave) in leaves {
        let mut desk = typed();
        leave(&mut desk.model);
        desk.carry_out();
        let done: Vec<_> = desk.wanted.iter().filter(|i| matches!(i, Intent::Perform(_))).collect();
        // Before what it was left for: it belongs to what was current until then.
        assert_eq!(done.first(), Some(&&Intent::Perform(memo.clone())), "{name}: {done:?}");
        let same = |intent: &&&Intent| **intent == &Intent::Perform(memo.clone());
        assert_eq!(done.iter().filter(same).count(), 1, "{name}");
    }
    // With the window closed, what is to be saved is known.
    assert_eq!(typed().model.take_unsaved_memos(), [memo]);
    // Start takes it along.
    let mut harness = opened("stopped");
    harness.state_mut().model.clock.memo = "VAT rounding".into();
    harness.state_mut().model.clock.mark_edited();
    press(&mut harness, "Start");
    assert_eq!(done(&harness), [StartTracking { memo: Some("VAT rounding".into()), no_sign: false }.into()]);

    // A segment's memo, too.
    let start = states::at(17, 40);
    let mut desk = TestDesk::new(states::world("tracking"));
    desk.model.open_page(WindowPage::Day);
    desk.model.open_page(WindowPage::Segment(start));
    let mut harness = open(desk, Theme::Light, 340.0);
    let field = harness.get_by_label("Memo");
    field.focus();
    field.type_text(" and taxes");
    harness.run_steps(3);
    press(&mut harness, "Back");
    assert!(
        matches!(&done(&harness)[..], [AnyRequest::EditSegment(EditSegment { start: of, memo, .. })]
            if *of == start && memo.contains("and taxes")),
        "{:?}",
        done(&harness)
    );
}
