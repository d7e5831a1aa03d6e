//! The clock with the button that starts or stops.

use candor_protocol::{PauseTracking, StartTracking, Status, StopTracking};
use eframe::egui::Ui;

use crate::format;
use crate::window::model::WindowModel;
use crate::window::theme::{TextFace, tokens};
use crate::window::widgets::buttons::{Button, link};
use crate::window::widgets::layout;
use crate::window::widgets::layout::split_line;

/// Shows the clock and the button beside it; slim if something else is the scene.
pub(crate) fn show_clock(ui: &mut Ui, model: &mut WindowModel, status: &Status, slim: bool) {
    let t = tokens(ui);
    let paused = status.paused_since;
    let when = |at: u64| model.moment(at);
    let (figure, color, note) = match (status.tracking, paused, status.away_since) {
        (_, Some(since), _) => ("Paused".to_owned(), t.ink2, format!("Private time since {}", when(since))),
        (true, None, Some(since)) => {
            // What was worked before it stays in sight.
            let note = format!("Since {}. {} counted", when(since), format::clock(model.on_ms()));
            ("Away".to_owned(), t.ink2, note)
        }
        (true, None, None) => {
            let since = status.since.map_or_else(String::new, |since| format!(" since {}", when(since)));
            (format::clock(model.on_ms()), t.ink, format!("Tracking{since}"))
        }
        (false, None, _) if !status.tracks_time() => {
            ("Typed in".to_owned(), t.ink2, "Nothing is tracked in this contract".into())
        }
        (false, None, _) => ("Stopped".to_owned(), t.ink2, "Nothing is being recorded".into()),
    };
    let on = status.tracking && paused.is_none();
    // What runs can be ended, whatever the terms say.
    let offered = status.tracks_time() || on;
    layout::section(ui, |ui| {
        let face = if slim { TextFace::Head } else { TextFace::Time };
        let height = if slim { 40.0 } else { 52.0 };
        let word = if on {
            "Stop"
        } else if paused.is_some() {
            "Resume"
        } else {
            "Start"
        };
        let pressed = split_line(
            ui,
            height,
            |ui| {
                ui.vertical(|ui| {
                    ui.spacing_mut().item_spacing.y = 0.0;
                    layout::truncated(ui, face, figure, color);
                    layout::truncated(ui, TextFace::Note, note, t.ink2);
                });
            },
            |ui| {
                if !offered {
                    return false;
                }
                let button = Button::new(word).ends(on);
                if slim { button.show(ui) } else { button.primary().big().show(ui) }
            },
        );
        if pressed {
            if on {
                model.ask(StopTracking { at_segment_end: false });
            } else {
                model.ask(start_request(model, status));
            }
        }
        if on && !slim {
            secondary_actions_ui(ui, model, status);
        }
    });
}

fn start_request(model: &WindowModel, status: &Status) -> StartTracking {
    let memo = model.clock.memo.trim();
    let known = status.memo.as_deref().unwrap_or_default();
    StartTracking { memo: (memo != known).then(|| memo.to_owned()), no_sign: false }
}

/// Shows the other ways to end or interrupt tracking.
fn secondary_actions_ui(ui: &mut Ui, model: &mut WindowModel, status: &Status) {
    let t = tokens(ui);
    ui.spacing_mut().item_spacing.y = 0.0;
    ui.spacing_mut().interact_size.y = 24.0;
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 12.0;
        if link(ui, "Pause for private time") {
            model.ask(PauseTracking);
        }
        let end = status.running.as_ref().map(|s| model.zone.time(format::segment_end(s)));
        match end {
            Some(end) if status.stopping => {
                layout::truncated(ui, TextFace::Note, format!("Stops at {end}"), t.ink2);
            }
            Some(end) if link(ui, &format!("Stop at {end}")) => {
                model.ask(StopTracking { at_segment_end: true });
            }
            _ => {}
        }
    });
}
