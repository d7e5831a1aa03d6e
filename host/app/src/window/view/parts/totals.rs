//! The sums of today and of this week.

use candor_diary::plain;
use eframe::egui::Ui;

use crate::format;
use crate::window::intent::Intent;
use crate::window::model::WindowModel;
use crate::window::page::WindowPage;
use crate::window::theme::{TextFace, tokens};
use crate::window::widgets::buttons::row;
use crate::window::widgets::layout;
use crate::window::widgets::meters;

/// Shows today's sum, this week's, and the week against its limit.
pub(crate) fn show_totals(ui: &mut Ui, model: &mut WindowModel) {
    let Some(status) = model.status() else { return };
    let today = format::hours_minutes(status.today_ms);
    let week = format::hours_minutes(status.week_ms);
    let of = status.limit_ms.map(|limit| match status.over_ms {
        0 => format!("of {}", format::hours_minutes(limit)),
        // The limit is the figure beside it.
        over => format!("and {} over", format::hours_minutes(over)),
    });
    let shown = model.week_summary();
    layout::section(ui, |ui| {
        ui.horizontal(|ui| {
            let room = ui.available_width() - 8.0;
            if show_figure(ui, room / 2.6, "Today", &today, None, "open its segments") {
                model.day.show_today();
                model.push(Intent::OpenPage(WindowPage::Day));
            }
            if show_figure(ui, room - room / 2.6, "This week", &week, of.as_deref(), "open its days") {
                model.week.show_this_week();
                model.push(Intent::OpenPage(WindowPage::Week));
            }
        });
        let mut says = format!("This week {}", plain::duration(shown.tracked / format::MINUTE));
        says += &format!(
            " tracked, {} manual, {} over the limit",
            format::hours_minutes(shown.manual),
            format::hours_minutes(shown.over)
        );
        meters::show_week_bar(ui, shown, &says);
    });
}

fn show_figure(ui: &mut Ui, width: f32, label: &str, sum: &str, of: Option<&str>, opens: &str) -> bool {
    let t = tokens(ui);
    let name = format!("{label} {sum} {}: {opens}", of.unwrap_or_default());
    ui.scope(|ui| {
        ui.set_width(width);
        row(ui, 42.0, name.trim(), |ui| {
            ui.vertical(|ui| {
                ui.spacing_mut().item_spacing.y = 0.0;
                layout::truncated(ui, TextFace::Note, label, t.ink2);
                ui.horizontal(|ui| {
                    ui.spacing_mut().item_spacing.x = 5.0;
                    layout::truncated(ui, TextFace::Figure, sum, t.ink);
                    if let Some(of) = of {
                        layout::truncated(ui, TextFace::Note, of, t.ink2);
                    }
                });
            });
        })
    })
    .inner
}
