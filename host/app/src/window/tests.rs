//! The window without a display: every state and page in light and dark, wide and narrow; reached by keyboard, named
//! for screen readers, nothing beyond its border; and each deed asks the agent for the right thing.

use std::collections::BTreeSet;

use candor_diary::terms::PictureRemoval;
use candor_protocol::{IdleAnswer, Note, Request, Response, Sign, SignState};
use eframe::egui::{self, Theme, accessibility::is_input, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use jiff::tz::TimeZone;

use super::intent::{Intent, Page};
use super::model::{AgentConnection, HomeView, Model, PictureSlot};
use super::parts::shot;
use super::worker::AgentAnswer;
use super::{theme, view, words};

#[allow(unreachable_pub, reason = "shared with the tests of the real program")]
#[path = "../../tests/support/states.rs"]
mod states;

mod painting;
mod time;

use states::World;

/// The window's model with an agent that answers at once, and what was wanted of it.
struct Desk {
    model: Model,
    world: World,
    wanted: Vec<Intent>,
}

impl Desk {
    fn new(world: World) -> Self {
        let mut model = Model::new(words::Zone(TimeZone::UTC), "Mara Oduya".into());
        model.take_status(Box::new(world.status.clone()), 0.0);
        Self { model, world, wanted: Vec::new() }
    }

    /// What the window's loop does.
    fn carry_out(&mut self) {
        while !self.model.intents.is_empty() {
            for intent in std::mem::take(&mut self.model.intents) {
                match intent {
                    Intent::Go(page) => self.model.go(page),
                    Intent::Back => self.model.back(),
                    Intent::Read(request) => self.answer(&request),
                    Intent::Large(start) => self.model.set_large_picture(start, PictureSlot::Here(screen())),
                    Intent::Do(request) => {
                        self.answer(&request);
                        self.wanted.push(Intent::Do(request));
                    }
                    other => self.wanted.push(other),
                }
            }
        }
    }

    fn answer(&mut self, request: &Request) {
        let answer = match self.world.answer(request) {
            Response::Error(why) => Err(why),
            Response::Ok(value) => Ok(match request {
                Request::Picture { .. } => AgentAnswer::Picture(screen()),
                Request::Preview { .. } => {
                    AgentAnswer::Preview(Box::new(serde_json::from_value(value).unwrap()), Some(screen()))
                }
                _ => AgentAnswer::Value(value),
            }),
        };
        self.model.take(request, answer);
    }
}

fn screen() -> shot::Shot {
    use base64::Engine as _;
    let bytes = base64::engine::general_purpose::STANDARD.decode(&states::screen().base64).unwrap();
    shot::decode(&bytes, shot::SMALL).unwrap()
}

fn open(desk: Desk, theme: Theme, width: f32) -> Harness<'static, Desk> {
    let mut harness = Harness::builder()
        .with_size(vec2(width, 560.0))
        .with_theme(theme)
        .with_context_setup(theme::install)
        .with_step_dt(1.0 / 60.0)
        .with_max_steps(64)
        .build_ui_state(
            |ui, desk: &mut Desk| {
                desk.model.tick(ui.ctx().time());
                desk.carry_out();
                view::show(ui, &mut desk.model);
                desk.carry_out();
            },
            desk,
        );
    harness.run_steps(4);
    harness
}

fn opened(name: &str) -> Harness<'static, Desk> {
    open(Desk::new(states::world(name)), Theme::Light, 340.0)
}

fn pages() -> Vec<Page> {
    let parcel = format!("{:032x}", states::at(17, 40));
    let mut pages =
        vec![Page::Home, Page::Menu, Page::Join, Page::Accept("invoice".into()), Page::Recorded(None)];
    pages.extend(
        [(17, 40), (12, 0), (12, 10), (12, 20), (12, 30), (13, 0)]
            .map(|(h, m)| Page::Segment(states::at(h, m))),
    );
    pages.extend([Page::Day, Page::Picture(states::at(17, 40)), Page::Outbox, Page::Parcel(parcel)]);
    pages.extend([Page::Preferences, Page::Rules, Page::Plugins, Page::Closing, Page::Week, Page::Manual]);
    pages
}

/// All states on the first page, and all pages in the first state and in that with nothing in it.
fn everything() -> Vec<(String, Desk)> {
    let mut all: Vec<_> =
        states::NAMES.iter().map(|name| ((*name).to_owned(), Desk::new(states::world(name)))).collect();
    for name in ["tracking", "bare", "offline", "monitoring"] {
        for page in pages() {
            let mut desk = Desk::new(states::world(name));
            desk.model.go(page.clone());
            all.push((format!("{name} {page:?}"), desk));
        }
    }
    for reach in [
        AgentConnection::Unknown,
        AgentConnection::Starting,
        AgentConnection::Lost("No agent answers.".into()),
    ] {
        let mut desk = Desk::new(states::world("tracking"));
        desk.model.connection = reach.clone();
        all.push((format!("{reach:?}"), desk));
    }
    all
}

/// What can be acted on, by name, on all of the page.
fn inputs(harness: &Harness<'_, Desk>) -> BTreeSet<String> {
    let nodes = harness.root().children_recursive().map(|node| node.accesskit_node());
    let inputs =
        nodes.filter(|node| is_input(node.role()) && !node.is_hidden() && !node.data().is_read_only());
    inputs.map(|node| node.label().unwrap_or_default()).collect()
}

fn focused(harness: &Harness<'_, Desk>) -> Option<String> {
    let mut nodes = harness.root().children_recursive().map(|node| node.accesskit_node());
    let node = nodes.find(|node| node.is_focused() && is_input(node.role()))?;
    node.label()
}

#[test]
fn every_page_names_what_can_be_used_and_stays_inside_its_border() {
    for (theme, width) in [(Theme::Light, 340.0), (Theme::Dark, 320.0)] {
        for (name, desk) in everything() {
            let harness = open(desk, theme, width);
            harness.check_accessibility();
            for node in harness.root().children_recursive() {
                let known = node.accesskit_node().label().unwrap_or_default();
                if node.accesskit_node().raw_bounds().is_none() {
                    continue;
                }
                let rect = node.rect();
                assert!(
                    known.is_empty() || (rect.left() >= -0.5 && rect.right() <= width + 0.5),
                    "{name} at {width}: '{known}' at {rect:?}"
                );
            }
        }
    }
}

#[test]
fn the_keyboard_alone_reaches_everything_that_can_be_used() {
    for (name, desk) in everything() {
        let mut harness = open(desk, Theme::Light, 320.0);
        let mut left = inputs(&harness);
        let all = left.len();
        for _ in 0..all + 60 {
            harness.key_press(egui::Key::Tab);
            harness.run_steps(2);
            left.remove(&focused(&harness).unwrap_or_default());
            if left.is_empty() {
                break;
            }
        }
        assert!(left.is_empty(), "{name}: Tab does not reach {left:?} of {all}");
    }
}

#[test]
fn tab_goes_down_the_tracking_page_in_the_order_that_is_read() {
    let mut harness = opened("tracking");
    let mut order = Vec::new();
    for _ in 0..12 {
        harness.key_press(egui::Key::Tab);
        harness.run_steps(2);
        order.extend(focused(&harness));
    }
    let begin: Vec<_> = order.iter().map(|name| name.split(' ').next().unwrap_or("")).collect();
    assert_eq!(begin[..4], ["Invoice", "Stop", "Pause", "Stop"], "{order:?}");
}

fn done(harness: &Harness<'_, Desk>) -> Vec<Request> {
    let wanted = harness.state().wanted.iter();
    wanted
        .filter_map(|intent| if let Intent::Do(request) = intent { Some(request.clone()) } else { None })
        .collect()
}

fn press(harness: &mut Harness<'_, Desk>, label: &str) {
    // As a screen reader presses it: what is further down the page is pressed too.
    harness.get_by_label(label).click_accesskit();
    harness.run_steps(3);
}

#[test]
fn each_button_asks_for_what_it_says() {
    let start = states::at(17, 50);
    let cases: Vec<(&str, &str, Request)> = vec![
        ("tracking", "Stop", Request::Stop { at_segment_end: false }),
        ("tracking", "Stop at 18:00", Request::Stop { at_segment_end: true }),
        ("tracking", "Pause for private time", Request::Pause),
        ("stopped", "Start", Request::Start { memo: None, no_sign: false }),
        ("paused", "Resume", Request::Start { memo: None, no_sign: false }),
        ("snapshot", "Delete picture", Request::RemovePicture { start }),
        ("snapshot", "Send now", Request::SendNow { start }),
        ("question", "Leave these 14 minutes out", Request::Idle { answer: IdleAnswer::LeaveOut }),
        ("offline", "Try now", Request::TryNow),
        ("offline", "Do not send 17:30", Request::Cancel { parcel: format!("{:032x}", states::at(17, 30)) }),
        ("monitoring", "Pause for private time", Request::Pause),
    ];
    for (state, label, request) in cases {
        let mut harness = opened(state);
        press(&mut harness, label);
        assert_eq!(done(&harness), [request], "{state}: {label}");
    }
}

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
    assert!(harness.state().model.memo.contains("and taxes"));
    assert!(done(&harness).is_empty());
    harness.key_press(egui::Key::Enter);
    harness.run_steps(3);
    let memo = harness.state().model.memo.clone();
    assert_eq!(done(&harness), [Request::Memo { memo }]);
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
    assert!(harness.state().model.memo.contains("VAT "), "{}", harness.state().model.memo);
    harness.key_press(egui::Key::Enter);
    harness.run_steps(4);
    let asked = done(&harness);
    assert!(matches!(&asked[..], [Request::Memo { memo }] if memo.contains("VAT")), "{asked:?}");
}

#[test]
fn keeping_idle_time_needs_a_memo_and_leaving_the_question_for_later_keeps_it() {
    let mut harness = opened("question");
    press(&mut harness, "Keep 0:10 as manual time");
    assert!(done(&harness).is_empty());
    harness.get_by_label_contains("Manual time needs a memo.");
    harness.state_mut().model.idle_memo = "Reading the format guide".into();
    press(&mut harness, "Keep 0:10 as manual time");
    let answer = IdleAnswer::Manual("Reading the format guide".into());
    assert_eq!(done(&harness), [Request::Idle { answer }]);

    let mut harness = opened("question");
    press(&mut harness, "Answer later");
    assert_eq!(harness.state().model.home_view(), HomeView::Clock);
    press(&mut harness, "Answer");
    assert_eq!(harness.state().model.home_view(), HomeView::Question);
}

#[test]
fn a_notice_is_accepted_by_a_name_and_by_the_digest_that_was_read_or_put_off() {
    let mut harness = opened("first-run");
    harness.state_mut().model.by.clear();
    press(&mut harness, "Accept terms");
    assert!(done(&harness).is_empty());
    harness.state_mut().model.by = "Mara Oduya".into();
    press(&mut harness, "Accept terms");
    let (contract, digest, by) = ("invoice".to_owned(), "5f".repeat(32), "Mara Oduya".to_owned());
    assert_eq!(done(&harness), [Request::Accept { contract, digest, by }]);

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
fn monitoring_is_read_only_and_says_what_is_recorded() {
    let harness = opened("monitoring");
    harness.get_by_label("This computer is being recorded");
    assert!(harness.query_by_label("Stop").is_none());
    assert!(harness.query_by_label("What are you working on?").is_none());
    harness.get_by_label("What is recorded");
}

#[test]
fn what_is_recorded_and_the_outbox_are_one_step_away_wherever_there_is_a_contract() {
    for (name, desk) in everything() {
        let harness = open(desk, Theme::Light, 320.0);
        let model = &harness.state().model;
        if model.status.as_ref().unwrap().contracts.is_empty() {
            continue;
        }
        let labels: Vec<_> = inputs(&harness).into_iter().collect();
        let to_notice = ["What is recorded", "Read the full terms"];
        assert!(labels.iter().any(|label| to_notice.contains(&label.as_str())), "{name}: {labels:?}");
    }
}

#[test]
fn a_refusal_says_what_did_not_happen_and_why_and_the_draft_stays() {
    let mut desk = Desk::new(states::world("tracking"));
    desk.model.memo = "Taxes".into();
    desk.model.memo_touched = true;
    let why = "the week was locked at 12:00 UTC; your time stays".to_owned();
    desk.model.take(&Request::Memo { memo: "Taxes".into() }, Err(why));
    let harness = open(desk, Theme::Dark, 340.0);
    harness.get_by_label("The memo was not saved. The week was locked at 12:00 UTC; your time stays");
    assert_eq!(harness.state().model.memo, "Taxes");
}

#[test]
fn the_clock_runs_between_answers_and_stands_while_paused() {
    let mut model = Desk::new(states::world("tracking")).model;
    model.tick(12.0);
    assert_eq!(words::clock(model.on_ms()), "2:23:24");
    let mut model = Desk::new(states::world("paused")).model;
    model.tick(12.0);
    assert_eq!(words::clock(model.on_ms()), "2:23:12");
}

#[test]
fn another_contract_shows_nothing_of_the_one_before() {
    let mut desk = Desk::new(states::world("tracking"));
    desk.carry_out();
    assert!(!desk.model.today.is_empty());
    desk.model.memo = "Half a thought".into();
    desk.model.memo_touched = true;
    let mut status = Box::new(desk.world.status.clone());
    (status.contract, status.memo, status.revision) = ("rota".into(), Some("Rota".into()), 9);
    desk.model.take_status(status, 2.0);
    assert!(desk.model.today.is_empty());
    assert_eq!(desk.model.memo, "Rota");
}

#[test]
fn without_a_contract_nothing_is_read_that_an_agent_would_refuse() {
    let mut world = states::world("join");
    world.status.limit_ms = None;
    assert_eq!(Desk::new(world).model.intents, []);
}

#[test]
fn an_agent_that_is_gone_records_nothing_and_one_that_came_back_has_stopped() {
    let mut desk = opened("tracking");
    desk.get_by_label_contains(": recording.");
    desk.state_mut().model.take_lost(AgentConnection::Lost("No agent answers.".into()));
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
fn a_rule_counts_when_it_is_added_and_can_be_taken_back() {
    let mut desk = Desk::new(states::world("tracking"));
    let before = desk.world.rules.clone();
    desk.model.go(Page::Rules);
    let mut harness = open(desk, Theme::Light, 340.0);
    harness.state_mut().model.new_rule.pattern = "bank".into();
    press(&mut harness, "Add this rule");
    // At once: whoever goes back now has the rule.
    let with = |desk: &Desk| desk.model.rules.clone().unwrap();
    let rules = with(harness.state());
    assert_eq!((rules.len(), rules.last().unwrap().pattern.as_str()), (before.len() + 1, "bank"));
    assert_eq!(done(&harness), [Request::SetOwnRules { rules }]);
    harness.get_by_label_contains("Rule added.");
    press(&mut harness, "Undo");
    assert_eq!(done(&harness).last(), Some(&Request::SetOwnRules { rules: before.clone() }));
    assert_eq!(with(harness.state()), before);

    // What the agent does not take does not look as if it counted, and what was typed is not lost.
    let model = &mut harness.state_mut().model;
    model.new_rule.pattern = "(".into();
    let mut rules = before.clone();
    rules.push(model.new_rule.clone());
    model.new_rule.pattern.clear();
    model.set_rules(rules.clone());
    model.intents.clear();
    model.take(&Request::SetOwnRules { rules }, Err("that pattern has no end".into()));
    assert_eq!(model.rules.as_ref(), Some(&before));
    assert_eq!(model.new_rule.pattern, "(");
    harness.run_steps(3);
    harness.get_by_label_contains("The rules were not saved.");
    assert!(harness.query_by_label("Undo").is_none());
}

#[test]
fn a_memo_that_was_typed_is_saved_wherever_its_field_is_left_for() {
    let typed = || {
        let mut desk = Desk::new(states::world("tracking"));
        desk.model.memo = "  VAT rounding ".into();
        desk.model.memo_touched = true;
        desk
    };
    let memo = Request::Memo { memo: "VAT rounding".into() };
    type Leave = fn(&mut Model);
    let leaves: [(&str, Leave); 4] = [
        ("another page", |m| m.go(Page::Outbox)),
        ("another contract", |m| m.ask(Request::Switch { contract: "rota".into() })),
        ("stop", |m| m.ask(Request::Stop { at_segment_end: false })),
        ("the agent's end", |m| m.ask(Request::Quit)),
    ];
    for (name, leave) in leaves {
        let mut desk = typed();
        leave(&mut desk.model);
        desk.carry_out();
        let done: Vec<_> = desk.wanted.iter().filter(|i| matches!(i, Intent::Do(_))).collect();
        // Before what it was left for: it belongs to what was current until then.
        assert_eq!(done.first(), Some(&&Intent::Do(memo.clone())), "{name}: {done:?}");
        let same = |intent: &&&Intent| **intent == &Intent::Do(memo.clone());
        assert_eq!(done.iter().filter(same).count(), 1, "{name}");
    }
    // With the window closed, what is to be saved is known.
    assert_eq!(typed().model.uncommitted(), [memo]);
    // Start takes it along.
    let mut harness = opened("stopped");
    harness.state_mut().model.memo = "VAT rounding".into();
    harness.state_mut().model.memo_touched = true;
    press(&mut harness, "Start");
    assert_eq!(done(&harness), [Request::Start { memo: Some("VAT rounding".into()), no_sign: false }]);

    // A segment's memo, too.
    let start = states::at(17, 40);
    let mut desk = Desk::new(states::world("tracking"));
    desk.model.go(Page::Day);
    desk.model.go(Page::Segment(start));
    let mut harness = open(desk, Theme::Light, 340.0);
    let field = harness.get_by_label("Memo");
    field.focus();
    field.type_text(" and taxes");
    harness.run_steps(3);
    press(&mut harness, "Back");
    assert!(
        matches!(&done(&harness)[..], [Request::EditSegment { start: of, memo, .. }]
            if *of == start && memo.contains("and taxes")),
        "{:?}",
        done(&harness)
    );
}

#[test]
fn where_the_time_goes_with_a_picture_the_button_says_so_and_it_can_be_undone() {
    let start = states::at(17, 50);
    let mut world = states::world("snapshot");
    world.terms.picture_removal = PictureRemoval::RemovesTime;
    let minutes = world.status.last_picture.as_ref().unwrap().tracked_ms.div_ceil(60_000);
    let mut harness = open(Desk::new(world), Theme::Light, 340.0);
    assert!(harness.query_by_label("Delete picture").is_none());
    press(&mut harness, &format!("Delete picture and its {minutes} minutes"));
    assert_eq!(done(&harness), [Request::RemovePicture { start }]);
    press(&mut harness, "Undo");
    assert_eq!(done(&harness)[1], Request::Restore { start });

    // On its page, for as long as it can be.
    let mut world = states::world("tracking");
    let segment = world.segments.iter_mut().find(|s| s.start == states::at(17, 40)).unwrap();
    segment.picture = None;
    segment.no_picture_sentence = Some("Picture removed by worker, time kept".into());
    segment.undo_until = Some(world.status.now + 60_000);
    let mut desk = Desk::new(world);
    desk.model.go(Page::Day);
    desk.model.go(Page::Segment(states::at(17, 40)));
    let mut harness = open(desk, Theme::Dark, 340.0);
    press(&mut harness, "Undo");
    assert_eq!(done(&harness), [Request::Restore { start: states::at(17, 40) }]);
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
    let mut harness = open(Desk::new(world), Theme::Light, 340.0);
    // The pictures of control characters are in fonts that a desktop has.
    harness.ctx.set_missing_glyph_policy(egui::MissingGlyphPolicy::Tofu);
    harness.state_mut().model.go(Page::Day);
    harness.state_mut().model.go(Page::Segment(start));
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
            Request::RemoveNotes { from: start + 5_000, to: start + 5_001, plugin: plugin("builds") },
            Request::RemoveNotes { from: start, to: start + 600_000, plugin: plugin("calls") },
        ]
    );
}

#[test]
fn invariant_06_that_only_the_window_shows_it_is_said() {
    let shown = |shown: Vec<Sign>, without: bool| {
        let mut world = states::world("tracking");
        world.status.sign = SignState { shown, wanted: !without, without, missing_since: None };
        open(Desk::new(world), Theme::Light, 340.0)
    };
    let only = "Only this window shows that you are recorded.";
    shown(vec![Sign::Window], false).get_by_label_contains(only);
    let harness = shown(vec![Sign::Window, Sign::Tray], false);
    assert!(harness.query_by_label_contains(only).is_none());
    shown(vec![Sign::Window], true).get_by_label_contains("Started with --no-sign.");
}

#[test]
fn a_button_that_ends_something_takes_no_press_that_was_meant_for_what_was_there_before() {
    let mut harness = opened("tracking");
    // As a person presses it, who does not know yet that it came.
    let by_pointer = |harness: &mut Harness<'_, Desk>, label: &str| {
        harness.get_by_label(label).click();
        harness.run_steps(3);
    };
    by_pointer(&mut harness, "Stop");
    assert!(done(&harness).is_empty(), "it has just come");
    harness.run_steps(60);
    by_pointer(&mut harness, "Stop");
    assert_eq!(done(&harness), [Request::Stop { at_segment_end: false }]);
    // The keyboard was there first.
    let mut harness = opened("snapshot");
    press(&mut harness, "Delete picture");
    assert_eq!(done(&harness).len(), 1);
}

#[test]
fn what_is_said_moves_nothing_on_the_page_and_goes_by_itself() {
    let mut harness = opened("tracking");
    let before = harness.get_by_label("Stop").rect();
    harness.state_mut().model.announce("Preferences saved.", "");
    harness.run_steps(4);
    harness.get_by_label_contains("Preferences saved.");
    assert_eq!(harness.get_by_label("Stop").rect(), before);
    harness.run_steps(60 * 9);
    assert!(harness.query_by_label_contains("Preferences saved.").is_none());
    // An error stays until it is seen.
    harness.state_mut().model.take(&Request::Pause, Err("the agent is busy".into()));
    harness.run_steps(60 * 30);
    harness.get_by_label_contains("The pause did not begin.");
    press(&mut harness, "Dismiss");
    assert!(harness.query_by_label_contains("The pause did not begin.").is_none());
}

#[test]
fn away_is_told_and_not_counted() {
    let mut harness = opened("tracking");
    let counted = harness.state().model.on_ms();
    let status = harness.state().model.status.clone().unwrap();
    let away = candor_protocol::Status { away_since: Some(status.now - 60_000), ..*status };
    harness.state_mut().model.take_status(Box::new(away), 0.0);
    harness.state_mut().model.tick(3_600.0);
    harness.run_steps(3);
    harness.get_by_label("Away");
    harness.get_by_label_contains("counted");
    assert!(harness.state().model.on_ms() <= counted + 1_000);
    harness.get_by_label_contains("not recording");
}
