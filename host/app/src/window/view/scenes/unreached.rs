//! No agent answers: it is being started, or it cannot be, and what to do.

use eframe::egui::Ui;

use crate::window::intent::Intent;
use crate::window::model::{AgentConnection, Model};
use crate::window::parts::buttons::Button;
use crate::window::parts::frame::{self, Tone, message};
use crate::window::parts::icons::Icon;

/// The scene.
pub(super) fn show(ui: &mut Ui, m: &mut Model) {
    match m.connection.clone() {
        AgentConnection::Unknown | AgentConnection::There => {
            frame::part(ui, |ui| frame::note(ui, "Asking the agent."));
        }
        AgentConnection::Starting => {
            frame::part(ui, |ui| {
                frame::head(ui, "Starting the agent");
                frame::note(
                    ui,
                    "It does the recording; this window only shows it. At the first start this takes some seconds.",
                );
            });
        }
        AgentConnection::Lost(why) => {
            frame::part(ui, |ui| {
                frame::head(ui, "The agent does not answer");
                frame::note(
                    ui,
                    "It does the recording; without it nothing is recorded. What was recorded is kept on this computer.",
                );
            });
            ui.add_space(2.0);
            message(ui, Tone::Over, Icon::Alert, "", &why);
            frame::plain(ui, |ui| {
                if Button::new("Start the agent").primary().wide().show(ui) {
                    m.intents.push(Intent::Start);
                }
            });
        }
    }
}
