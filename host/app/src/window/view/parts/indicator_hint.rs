//! What a person should know about how their recording is shown.

use candor_protocol::Sign;
use eframe::egui::Ui;

use crate::window::model::WindowModel;
use crate::window::widgets::icons::Icon;
use crate::window::widgets::layout;

/// Says so if only this window shows that something is recorded, or if nothing has to.
pub(crate) fn show_indicator_hint(ui: &mut Ui, model: &WindowModel) {
    /// How long a tray may take to come after tracking began, in milliseconds.
    const COMES: u64 = 15_000;
    let Some(status) = model.status().filter(|s| s.tracking && s.paused_since.is_none()) else { return };
    if status.sign.without {
        layout::message(
            ui,
            layout::Tone::Plain,
            Icon::Alert,
            "Started with --no-sign.",
            "Nothing on the screen has to show it; the Work Diary says so.",
        );
    } else if status.sign.shown == [Sign::Window]
        && status.since.is_some_and(|since| model.now() >= since + COMES)
    {
        layout::message(
            ui,
            layout::Tone::Plain,
            Icon::Eye,
            "Only this window shows that you are recorded.",
            "There is no tray icon. If you close or minimise the window, recording stops until you open it again.",
        );
    }
}
