//! The scene with the clock, for tracking, stopped, paused and offline: what is worked on, the running segment, and what
//! was done today.

use candor_diary::plain;
use candor_diary::terms::ManualTime;
use candor_protocol::{SetLabel, SetMemo, Status, TryNow};
use eframe::egui;
use eframe::egui::Ui;

use crate::format;
use crate::window::day_summary;
use crate::window::intent::Intent;
use crate::window::model::WindowModel;
use crate::window::page::WindowPage;
use crate::window::theme::{TextFace, tokens};
use crate::window::view::parts::clock::show_clock;
use crate::window::view::parts::indicator_hint::show_indicator_hint;
use crate::window::view::parts::last_picture::show_last_picture;
use crate::window::view::parts::problems::show_problems;
use crate::window::view::parts::totals::show_totals;
use crate::window::view::parts::waiting::show_waiting_parcels;
use crate::window::widgets::buttons::{Button, choice, link};
use crate::window::widgets::fields;
use crate::window::widgets::icons;
use crate::window::widgets::icons::Icon;
use crate::window::widgets::layout;
use crate::window::widgets::layout::{Tone, message, split_line};
use crate::window::widgets::meters;
use crate::window::wording;

/// How many lines of today are shown; one more takes no more room than saying that there is one.
const LINES: usize = 4;

pub(crate) fn show(ui: &mut Ui, model: &mut WindowModel) {
    let Some(status) = model.status().cloned() else { return };
    ui.add_space(if status.offline_since.is_some() || !status.problems.is_empty() { 4.0 } else { 0.0 });
    if let Some(since) = status.offline_since {
        let since = format!("No connection since {}.", model.moment(since));
        let goes_on = if status.tracking { "Tracking goes on. " } else { "" };
        let words = format!("{goes_on}Everything is kept on this computer.");
        message(ui, Tone::Plain, Icon::Offline, &since, &words);
    }
    show_problems(ui, model);
    show_indicator_hint(ui, model);
    if !status.notice_accepted {
        message(
            ui,
            Tone::Plain,
            Icon::Eye,
            "Nothing is recorded.",
            "You have not accepted what this contract records.",
        );
        layout::plain_section(ui, |ui| {
            if Button::new("Read it").primary().show(ui) {
                model.accept.resume();
                model.read_page();
            }
        });
        return;
    }
    let offline = status.offline_since.is_some();
    show_clock(ui, model, &status, offline);
    show_memo(ui, model, &status);
    if offline {
        show_outbox(ui, model, &status);
    } else {
        if let Some(question) = status.question {
            layout::section(ui, |ui| show_postponed_question(ui, model, question.to - question.from));
        }
        if status.tracking {
            show_running_segment(ui, model, &status);
            show_last_picture(ui, model);
        } else {
            show_today(ui, model);
        }
    }
    show_totals(ui, model);
    // Below what it is about, so that it pushes nothing out of sight.
    show_limit(ui, &status);
}

/// Shows what is worked on: memo, recent memos, label.
fn show_memo(ui: &mut Ui, model: &mut WindowModel, status: &Status) {
    layout::section(ui, |ui| {
        let named = layout::label(ui, "What are you working on?");
        let recent = !status.recent_memos.is_empty();
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = 6.0;
            let room = ui.available_width() - if recent { 38.0 } else { 0.0 };
            let field = ui
                .scope(|ui| {
                    ui.set_width(room);
                    fields::bare_line(
                        ui,
                        "memo",
                        &mut model.clock.memo,
                        "A few words",
                        candor_diary::memo::MAX_MEMO,
                    )
                })
                .inner
                .labelled_by(named.id);
            model.clock.set_focused(field.has_focus());
            if field.changed() {
                model.clock.mark_edited();
            }
            if field.lost_focus() {
                model.save_memos();
            }
            if recent {
                recent_memos_ui(ui, model, status);
            }
        });
        if status.tracking && !status.labels.is_empty() {
            show_label(ui, model, status);
        }
    });
}

fn recent_memos_ui(ui: &mut Ui, model: &mut WindowModel, status: &Status) {
    let (rect, response) = ui.allocate_exact_size(egui::vec2(32.0, 32.0), egui::Sense::click());
    let name = "Recent memos";
    response.widget_info(|| egui::WidgetInfo::labeled(egui::accesskit::Role::Button, true, name));
    let t = tokens(ui);
    let visuals = ui.style().interact(&response);
    let corner = egui::CornerRadius::same(6);
    ui.painter().rect(rect, corner, visuals.weak_bg_fill, visuals.bg_stroke, egui::StrokeKind::Inside);
    let at = rect.center() - egui::vec2(8.0, 8.0);
    icons::draw(ui.painter(), Icon::Clock, at, t.ink2);
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
        model.clock.memo.clone_from(&memo);
        model.ask(SetMemo { memo });
    }
}

fn show_label(ui: &mut Ui, model: &mut WindowModel, status: &Status) {
    let mut options = vec!["No label"];
    options.extend(status.labels.iter().map(String::as_str));
    let chosen = status.label.as_ref().and_then(|label| options.iter().position(|o| o == label)).unwrap_or(0);
    if let Some(next) = fields::choose(ui, "label", "Label", chosen, &options) {
        let label = (next > 0).then(|| options.get(next).map(|o| (*o).to_owned())).flatten();
        model.ask(SetLabel { label });
    }
}

/// Shows the time and activity of the running segment.
fn show_running_segment(ui: &mut Ui, model: &mut WindowModel, status: &Status) {
    let Some(segment) = &status.running else { return };
    let end = format::segment_end(segment);
    let counts = segment.minutes.iter().flatten().any(|n| *n > 0);
    let words = format::activity(segment);
    layout::section(ui, |ui| {
        let range = model.zone.range(segment.start, end);
        layout::label_and_note(ui, &range, if counts { &words } else { "No activity yet" });
        let busiest =
            model.totals.today().iter().chain(Some(segment)).flat_map(|s| s.minutes.iter().flatten()).max();
        meters::show_activity(ui, &segment.minutes, busiest.copied().unwrap_or(1), 16.0, &words);
    });
}

/// Shows what was done today, by memo.
fn show_today(ui: &mut Ui, model: &mut WindowModel) {
    let t = tokens(ui);
    let lines = day_summary::summarize_by_memo(model.totals.today(), model.week_summary().over);
    layout::section(ui, |ui| {
        layout::label(ui, "Today");
        if lines.is_empty() {
            layout::note(ui, "No time was tracked today. Your time will be listed here by memo.");
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
            split_line(
                ui,
                18.0,
                |ui| {
                    layout::truncated(ui, TextFace::Note, memo, t.ink);
                },
                |ui| {
                    layout::truncated(ui, TextFace::Note, plain::duration(line.minutes), t.ink);
                },
            );
        }
        if lines.len() > shown && link(ui, &format!("{} more", lines.len() - shown)) {
            model.push(Intent::OpenPage(WindowPage::Day));
        }
    });
}

/// Says so if the weekly limit is reached.
fn show_limit(ui: &mut Ui, status: &Status) {
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

/// Shows that the idle question was put off.
fn show_postponed_question(ui: &mut Ui, model: &mut WindowModel, length: u64) {
    let words = format!("{} waiting for your answer", format::minutes(length));
    let t = tokens(ui);
    ui.horizontal(|ui| {
        layout::truncated(ui, TextFace::Small, words, t.ink);
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            if link(ui, "Answer") {
                model.question.resume();
            }
        });
    });
}

/// Shows, while there is no connection, what waits and when the next try is.
fn show_outbox(ui: &mut Ui, model: &mut WindowModel, status: &Status) {
    layout::section(ui, |ui| {
        let left = format!("Outbox: {}", wording::outbox_summary(&status.outbox).to_lowercase());
        layout::label_and_note(ui, &left, &plain::size(status.outbox.bytes));
        show_waiting_parcels(ui, model, 5);
        let next = status.next_try_at.filter(|at| *at > model.now());
        let words = next
            .map_or("Trying".to_owned(), |at| format!("Next try in {}", format::countdown(at - model.now())));
        let t = tokens(ui);
        let pressed = split_line(
            ui,
            32.0,
            |ui| {
                layout::truncated(ui, TextFace::Note, words, t.ink2);
            },
            |ui| Button::new("Try now").show(ui),
        );
        if pressed {
            model.ask(TryNow);
        }
    });
}
