//! The clock, what is worked on, the running segment, and what was done today: tracking, stopped, paused, offline.

use candor_diary::plain;
use candor_diary::terms::ManualTime;
use candor_protocol::{Request, Status};
use eframe::egui::{self, Ui};

use super::{home, outbox};
use crate::window::day;
use crate::window::intent::{Intent, Page};
use crate::window::model::Model;
use crate::window::parts::buttons::{Button, choice, link};
use crate::window::parts::frame::{self, Tone, ends, message};
use crate::window::parts::icons::Icon;
use crate::window::parts::{fields, meters};
use crate::window::theme::{Face, tokens};
use crate::window::words;

/// How many lines of today are shown; one more takes no more room than saying that there is one.
const LINES: usize = 4;

/// The scene.
pub(super) fn show(ui: &mut Ui, m: &mut Model) {
    let Some(status) = m.status.clone() else { return };
    ui.add_space(if status.offline_since.is_some() || !status.problems.is_empty() { 4.0 } else { 0.0 });
    if let Some(since) = status.offline_since {
        let since = format!("No connection since {}.", m.zone.when(since, m.now));
        let goes_on = if status.tracking { "Tracking goes on. " } else { "" };
        let words = format!("{goes_on}Everything is kept on this computer.");
        message(ui, Tone::Plain, Icon::Offline, &since, &words);
    }
    home::problems(ui, m);
    home::sign(ui, m);
    if !status.notice_accepted {
        message(
            ui,
            Tone::Plain,
            Icon::Eye,
            "Nothing is recorded.",
            "You have not accepted what this contract records.",
        );
        frame::plain(ui, |ui| {
            if Button::new("Read it").primary().show(ui) {
                m.not_now = None;
                m.refresh();
            }
        });
        return;
    }
    let offline = status.offline_since.is_some();
    clock(ui, m, &status, offline);
    memo(ui, m, &status);
    if offline {
        waiting(ui, m, &status);
    } else {
        if let Some(question) = status.question {
            frame::part(ui, |ui| put_off(ui, m, question.to - question.from));
        }
        if status.tracking {
            running(ui, m, &status);
            home::last_picture(ui, m);
        } else {
            today(ui, m);
        }
    }
    home::totals(ui, m);
    // Below what it is about, so that it pushes nothing out of sight.
    limit(ui, &status);
}

/// The clock and the button beside it; slim where something else is the scene.
pub(super) fn clock(ui: &mut Ui, m: &mut Model, status: &Status, slim: bool) {
    let t = tokens(ui);
    let paused = status.paused_since;
    let when = |at: u64| m.zone.when(at, m.now);
    let (figure, color, note) = match (status.tracking, paused, status.away_since) {
        (_, Some(since), _) => ("Paused".to_owned(), t.ink2, format!("Private time since {}", when(since))),
        (true, None, Some(since)) => {
            // What was worked before it stays in sight.
            let note = format!("Since {}. {} counted", when(since), words::clock(m.on_ms()));
            ("Away".to_owned(), t.ink2, note)
        }
        (true, None, None) => {
            let since = status.since.map_or_else(String::new, |since| format!(" since {}", when(since)));
            (words::clock(m.on_ms()), t.ink, format!("Tracking{since}"))
        }
        (false, None, _) => ("Stopped".to_owned(), t.ink2, "Nothing is being recorded".into()),
    };
    let on = status.tracking && paused.is_none();
    frame::part(ui, |ui| {
        let face = if slim { Face::Head } else { Face::Time };
        let height = if slim { 40.0 } else { 52.0 };
        let word = if on {
            "Stop"
        } else if paused.is_some() {
            "Resume"
        } else {
            "Start"
        };
        let pressed = ends(
            ui,
            height,
            |ui| {
                ui.vertical(|ui| {
                    ui.spacing_mut().item_spacing.y = 0.0;
                    frame::truncated(ui, face, figure, color);
                    frame::truncated(ui, Face::Note, note, t.ink2);
                });
            },
            |ui| {
                let button = Button::new(word).ends(on);
                if slim { button.show(ui) } else { button.primary().big().show(ui) }
            },
        );
        if pressed {
            m.ask(if on { Request::Stop { at_segment_end: false } } else { start(m, status) });
        }
        if on && !slim {
            secondary_actions_ui(ui, m, status);
        }
    });
}

fn start(m: &Model, status: &Status) -> Request {
    let memo = m.memo.trim();
    let known = status.memo.as_deref().unwrap_or_default();
    Request::Start { memo: (memo != known).then(|| memo.to_owned()), no_sign: false }
}

/// The other ways to end or interrupt tracking.
fn secondary_actions_ui(ui: &mut Ui, m: &mut Model, status: &Status) {
    let t = tokens(ui);
    ui.spacing_mut().item_spacing.y = 0.0;
    ui.spacing_mut().interact_size.y = 24.0;
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 12.0;
        if link(ui, "Pause for private time") {
            m.ask(Request::Pause);
        }
        let end = status.running.as_ref().map(|s| m.zone.time(s.start + u64::from(s.length) * words::MINUTE));
        match end {
            Some(end) if status.stopping => {
                frame::truncated(ui, Face::Note, format!("Stops at {end}"), t.ink2);
            }
            Some(end) if link(ui, &format!("Stop at {end}")) => {
                m.ask(Request::Stop { at_segment_end: true });
            }
            _ => {}
        }
    });
}

/// What is worked on: memo, recent memos, label.
fn memo(ui: &mut Ui, m: &mut Model, status: &Status) {
    frame::part(ui, |ui| {
        let named = frame::label(ui, "What are you working on?");
        let recent = !status.recent_memos.is_empty();
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = 6.0;
            let room = ui.available_width() - if recent { 38.0 } else { 0.0 };
            let field = ui
                .scope(|ui| {
                    ui.set_width(room);
                    fields::bare_line(ui, "memo", &mut m.memo, "A few words", candor_protocol::MAX_MEMO)
                })
                .inner
                .labelled_by(named.id);
            m.memo_focused = field.has_focus();
            if field.changed() {
                m.memo_touched = true;
            }
            if field.lost_focus() {
                m.commit();
            }
            if recent {
                recent_memos_ui(ui, m, status);
            }
        });
        if status.tracking && !status.labels.is_empty() {
            label(ui, m, status);
        }
    });
}

fn recent_memos_ui(ui: &mut Ui, m: &mut Model, status: &Status) {
    let (rect, response) = ui.allocate_exact_size(egui::vec2(32.0, 32.0), egui::Sense::click());
    let name = "Recent memos";
    response.widget_info(|| egui::WidgetInfo::labeled(egui::accesskit::Role::Button, true, name));
    let t = tokens(ui);
    let visuals = ui.style().interact(&response);
    let corner = egui::CornerRadius::same(6);
    ui.painter().rect(rect, corner, visuals.weak_bg_fill, visuals.bg_stroke, egui::StrokeKind::Inside);
    let at = rect.center() - egui::vec2(8.0, 8.0);
    crate::window::parts::icons::draw(ui.painter(), Icon::Clock, at, t.ink2);
    let width = ui.min_rect().width();
    let response = response.on_hover_text(name);
    let mut chosen = None;
    egui::Popup::menu(&response).width(width).show(|ui| {
        ui.set_max_width(width);
        for memo in &status.recent_memos {
            if choice(ui, Some(memo) == status.memo.as_ref(), memo, "") {
                chosen = Some(memo.clone());
            }
        }
    });
    if let Some(memo) = chosen {
        m.memo.clone_from(&memo);
        m.ask(Request::Memo { memo });
    }
}

fn label(ui: &mut Ui, m: &mut Model, status: &Status) {
    let mut options = vec!["No label"];
    options.extend(status.labels.iter().map(String::as_str));
    let chosen = status.label.as_ref().and_then(|label| options.iter().position(|o| o == label)).unwrap_or(0);
    if let Some(next) = fields::choose(ui, "label", "Label", chosen, &options) {
        let label = (next > 0).then(|| options.get(next).map(|o| (*o).to_owned())).flatten();
        m.ask(Request::Label { label });
    }
}

/// The running segment: its time and meter.
fn running(ui: &mut Ui, m: &mut Model, status: &Status) {
    let Some(segment) = &status.running else { return };
    let end = segment.start + u64::from(segment.length) * words::MINUTE;
    let counts = segment.minutes.iter().flatten().any(|n| *n > 0);
    let words = words::activity(segment);
    frame::part(ui, |ui| {
        let range = m.zone.range(segment.start, end);
        frame::label_and_note(ui, &range, if counts { &words } else { "No activity yet" });
        let busiest = m.today.iter().chain(Some(segment)).flat_map(|s| s.minutes.iter().flatten()).max();
        meters::meter(ui, &segment.minutes, busiest.copied().unwrap_or(1), 16.0, &words);
    });
}

/// What was done today, by memo.
fn today(ui: &mut Ui, m: &mut Model) {
    let t = tokens(ui);
    let lines = day::lines(&m.today, m.week().over);
    frame::part(ui, |ui| {
        frame::label(ui, "Today");
        if lines.is_empty() {
            frame::note(ui, "No time was tracked today. Your time will be listed here by memo.");
        }
        ui.spacing_mut().item_spacing.y = 2.0;
        let shown = if lines.len() > LINES + 1 { LINES } else { lines.len() };
        for line in lines.iter().take(shown) {
            let mut memo = line.memo.clone().unwrap_or_else(|| "No memo".into());
            if line.manual {
                memo += " · manual";
            }
            if line.over > 0 {
                memo += &format!(" · {} over limit", plain::duration(line.over));
            }
            ends(
                ui,
                18.0,
                |ui| {
                    frame::truncated(ui, Face::Note, memo, t.ink);
                },
                |ui| {
                    frame::truncated(ui, Face::Note, plain::duration(line.minutes), t.ink);
                },
            );
        }
        if lines.len() > shown && link(ui, &format!("{} more", lines.len() - shown)) {
            m.intents.push(Intent::Go(Page::Day));
        }
    });
}

/// That the weekly limit is reached.
fn limit(ui: &mut Ui, status: &Status) {
    if status.limit_ms.is_some_and(|limit| limit > 0 && (status.week_ms >= limit || status.over_ms > 0)) {
        let words = "More time can be recorded but is not billed.";
        message(ui, Tone::Over, Icon::Limit, "Weekly limit reached.", words);
    }
    if status.manual_time == ManualTime::Only {
        message(
            ui,
            Tone::Plain,
            Icon::Pencil,
            "",
            "In this contract all time is typed in; nothing is tracked.",
        );
    }
}

/// The idle question that was put off.
fn put_off(ui: &mut Ui, m: &mut Model, length: u64) {
    let words = format!("{} waiting for your answer", words::minutes(length));
    let t = tokens(ui);
    ui.horizontal(|ui| {
        frame::truncated(ui, Face::Small, words, t.ink);
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            if link(ui, "Answer") {
                m.later = None;
            }
        });
    });
}

/// Offline: what waits, and the next try.
fn waiting(ui: &mut Ui, m: &mut Model, status: &Status) {
    frame::part(ui, |ui| {
        let left = format!("Outbox: {}", words::outbox(&status.outbox).to_lowercase());
        frame::label_and_note(ui, &left, &plain::size(status.outbox.bytes));
        outbox::brief(ui, m, 5);
        let next = status.next_try_at.filter(|at| *at > m.now);
        let words =
            next.map_or("Trying".to_owned(), |at| format!("Next try in {}", words::countdown(at - m.now)));
        let t = tokens(ui);
        let pressed = ends(
            ui,
            32.0,
            |ui| {
                frame::truncated(ui, Face::Note, words, t.ink2);
            },
            |ui| Button::new("Try now").show(ui),
        );
        if pressed {
            m.ask(Request::TryNow);
        }
    });
}
