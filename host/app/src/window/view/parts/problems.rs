//! Problems that a person should look at.

use eframe::egui::Ui;

use crate::window::model::WindowModel;
use crate::window::widgets::icons::Icon;
use crate::window::widgets::layout;

/// Shows what a person should look at, in the agent's words.
pub(crate) fn show_problems(ui: &mut Ui, model: &WindowModel) {
    let Some(status) = model.status() else { return };
    // That there is no connection is said already, with since when. What a person can do something about is not.
    let mended = |problem: &str| problem.contains("not granted") || problem.contains("certificate");
    let said = |problem: &str| {
        status.offline_since.is_some() && problem.contains("could not be reached") && !mended(problem)
    };
    for problem in status.problems.iter().filter(|problem| !said(problem)).take(3) {
        layout::message(ui, layout::Tone::Plain, Icon::Alert, "", problem);
    }
}
