//! No agent answers: whether it is being started, or what to do.

use eframe::egui::Ui;

use crate::window::intent::Intent;
use crate::window::model::WindowModel;
use crate::window::state::AgentConnection;
use crate::window::widgets::buttons::Button;
use crate::window::widgets::icons::Icon;
use crate::window::widgets::layout;
use crate::window::widgets::layout::{Tone, message};

pub(crate) fn show(ui: &mut Ui, model: &mut WindowModel) {
    match model.agent.connection().clone() {
        AgentConnection::Unknown | AgentConnection::Connected => {
            layout::section(ui, |ui| layout::note(ui, "Asking the agent."));
        }
        AgentConnection::Starting => {
            layout::section(ui, |ui| {
                layout::heading(ui, "Starting the agent");
                layout::note(
                    ui,
                    "It does the recording; this window only shows it. At the first start this takes some seconds.",
                );
            });
        }
        AgentConnection::Lost(why) => {
            layout::section(ui, |ui| {
                layout::heading(ui, "The agent does not answer");
                layout::note(
                    ui,
                    "It does the recording; without it nothing is recorded. What was recorded is kept on this computer.",
                );
            });
            ui.add_space(2.0);
            message(ui, Tone::Over, Icon::Alert, "", &why);
            layout::plain_section(ui, |ui| {
                if Button::new("Start the agent").primary().wide().show(ui) {
                    model.push(Intent::StartAgent);
                }
            });
        }
    }
}
