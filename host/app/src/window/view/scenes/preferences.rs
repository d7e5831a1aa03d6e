//! Preferences: saved as they are changed.

use candor_diary::terms::WorkerChooses;
use candor_protocol::{OnClose, Preferences, SetPreferences, Theme};
use eframe::egui::Ui;

use crate::window::intent::Intent;
use crate::window::model::WindowModel;
use crate::window::page::WindowPage;
use crate::window::widgets::buttons::{Button, choice, tick};
use crate::window::widgets::fields;
use crate::window::widgets::icons::Icon;
use crate::window::widgets::layout;
use crate::window::widgets::layout::{Tone, message};

const LIMITS: [(u64, &str); 6] = [
    (512 << 20, "0.5 GB"),
    (1 << 30, "1 GB"),
    (2 << 30, "2 GB"),
    (5 << 30, "5 GB"),
    (10 << 30, "10 GB"),
    (50 << 30, "50 GB"),
];

pub(crate) fn show(ui: &mut Ui, model: &mut WindowModel) {
    let Some(mut now) = model.preferences.preferences() else {
        layout::section(ui, |ui| layout::note(ui, "Loading the preferences."));
        return;
    };
    let before = now;
    let chooses = model.documents.terms().map(|terms| terms.worker_chooses).unwrap_or_default();
    let monitored = model.is_monitored();
    if monitored {
        ui.add_space(4.0);
        let words = "Under monitoring, the terms decide what is recorded. You can change what is below.";
        message(ui, Tone::Plain, Icon::Lock, "", words);
    } else {
        show_pictures(ui, &mut now, chooses);
        show_reminders(ui, &mut now);
    }
    layout::section(ui, |ui| {
        layout::label(ui, "Theme");
        ui.spacing_mut().item_spacing.y = 0.0;
        for (theme, name) in
            [(Theme::System, "As the desktop"), (Theme::Light, "Light"), (Theme::Dark, "Dark")]
        {
            if choice(ui, now.theme == theme, name, "") {
                now.theme = theme;
            }
        }
    });
    if !monitored {
        layout::section(ui, |ui| {
            layout::label(ui, "When the window is closed while tracking");
            ui.spacing_mut().item_spacing.y = 0.0;
            for (on_close, name) in [
                (OnClose::Ask, "Ask me"),
                (OnClose::KeepTracking, "Keep tracking in the background"),
                (OnClose::Stop, "Stop tracking"),
            ] {
                if choice(ui, now.on_close == on_close, name, "") {
                    now.on_close = on_close;
                }
            }
        });
    }
    layout::section(ui, |ui| {
        tick(ui, &mut now.start_at_login, "Start Candor at login");
        layout::label(ui, "Disk space on this computer");
        let names: Vec<&str> = LIMITS.iter().map(|(_, name)| *name).collect();
        let chosen =
            LIMITS.iter().position(|(bytes, _)| *bytes >= now.disk_limit).unwrap_or(LIMITS.len() - 1);
        if let Some(next) = fields::choose(ui, "disk", "Room on this computer", chosen, &names) {
            now.disk_limit = LIMITS.get(next).map_or(now.disk_limit, |(bytes, _)| *bytes);
        }
        layout::note(
            ui,
            "When it is full, no pictures are taken. Your time is still tracked, and you are told.",
        );
    });
    layout::section(ui, |ui| {
        if Button::new("My privacy rules").wide().show(ui) {
            model.push(Intent::OpenPage(WindowPage::Rules));
        }
        layout::note(ui, "Your rules cover more, on top of the client's rules.");
    });
    if now != before {
        model.preferences.set(now);
        model.ask(SetPreferences { preferences: now });
    }
}

fn show_pictures(ui: &mut Ui, now: &mut Preferences, chooses: WorkerChooses) {
    layout::section(ui, |ui| {
        layout::label(ui, "Pictures and activity");
        ui.spacing_mut().item_spacing.y = 0.0;
        if choice(ui, !now.active_monitor_only, "Pictures show all monitors", "") {
            now.active_monitor_only = false;
        }
        if choice(ui, now.active_monitor_only, "Only the monitor in use", "") {
            now.active_monitor_only = true;
        }
        tick(ui, &mut now.notify_on_capture, "Tell me at each picture");
        if chooses.pictures {
            tick(ui, &mut now.pictures, "Take pictures");
        }
        if chooses.activity {
            tick(ui, &mut now.activity, "Count keys, clicks and scrolls");
        }
        if !chooses.pictures && !chooses.activity {
            layout::note(ui, "Under these terms you cannot turn off pictures or activity.");
        }
    });
}

fn show_reminders(ui: &mut Ui, now: &mut Preferences) {
    layout::section(ui, |ui| {
        let label = "Ask about time without activity after, in minutes";
        fields::number(ui, "idle", label, &mut now.idle_minutes, 1..=60);
        let label = "Remind me of the memo after, in minutes";
        fields::number(ui, "reminder", label, &mut now.memo_reminder_minutes, 0..=480);
        layout::note(ui, "0 = never");
    });
}
