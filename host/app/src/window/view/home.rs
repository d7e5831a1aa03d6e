//! What goes on now: the head with the contract, and the scene under it.

use candor_diary::parcel::redacted;
use candor_diary::plain;
use candor_diary::terms::Mode;
use candor_protocol::Sign;
use eframe::egui::Ui;

use super::{accept, clock, join, monitoring, picture, question};
use crate::window::intent::{Intent, Page};
use crate::window::model::{HomeView, Model};
use crate::window::parts::buttons::row;
use crate::window::parts::frame;
use crate::window::parts::icons::{self, Icon};
use crate::window::parts::meters;
use crate::window::theme::{Face, tokens};
use crate::window::words;

/// The head: the mark, the contract, the way to everything else.
pub(super) fn head(ui: &mut Ui, m: &mut Model) {
    let Some(status) = &m.status else { return };
    let t = tokens(ui);
    let recording = m.recording();
    let monitoring = status.mode == Mode::Monitoring;
    let (title, under) = if monitoring {
        (status.client.clone(), status.title.clone())
    } else {
        let terms = m.terms_here().filter(|_| !status.notice_accepted);
        let under = terms.map(|terms| format!("{}, terms {}", status.client, terms.sequence));
        (status.title.clone(), under.unwrap_or_else(|| status.client.clone()))
    };
    let state = if recording { "recording" } else { "not recording" };
    let name = format!("{title}, {under}: {state}. Contracts and more");
    let pressed = row(ui, 40.0, &name, |ui| {
        ui.spacing_mut().item_spacing.x = 10.0;
        icons::mark(ui, recording, if recording { t.tracked } else { t.ink3 });
        let room = ui.available_width() - if monitoring { 52.0 } else { 26.0 };
        ui.vertical(|ui| {
            ui.set_width(room);
            ui.spacing_mut().item_spacing.y = 0.0;
            ui.add_space(2.0);
            frame::truncated(ui, Face::Body, title, t.ink);
            frame::truncated(ui, Face::Note, under, t.ink2);
        });
        if monitoring {
            icons::icon(ui, Icon::Lock, t.ink2);
        }
        icons::icon(ui, Icon::Down, t.ink2);
    });
    if pressed {
        m.intents.push(Intent::Go(Page::Menu));
    }
}

/// The scene.
pub(super) fn show(ui: &mut Ui, m: &mut Model) {
    let scene = m.home_view();
    m.memo_focused &= scene == HomeView::Clock;
    match scene {
        HomeView::Unreached => {}
        HomeView::Join => join::show(ui, m),
        HomeView::Accept(contract) => accept::show(ui, m, &contract),
        HomeView::Question => question::show(ui, m),
        HomeView::Monitoring => monitoring::show(ui, m),
        HomeView::Fresh => picture::fresh(ui, m),
        HomeView::Clock => clock::show(ui, m),
    }
}

/// What a person should look at, in the agent's words.
pub(super) fn problems(ui: &mut Ui, m: &Model) {
    let Some(status) = &m.status else { return };
    // That there is no connection is said already, with since when. What a person can do something about is not.
    let mended = |problem: &str| problem.contains("not granted") || problem.contains("certificate");
    let said = |problem: &str| {
        status.offline_since.is_some() && problem.contains("could not be reached") && !mended(problem)
    };
    for problem in status.problems.iter().filter(|problem| !said(problem)).take(3) {
        frame::message(ui, frame::Tone::Plain, Icon::Alert, "", problem);
    }
}

/// What a person should know of how their recording is shown: where only this window does, or nothing has to.
pub(super) fn sign(ui: &mut Ui, m: &Model) {
    /// How long a tray may take to come after tracking began, in milliseconds.
    const COMES: u64 = 15_000;
    let Some(status) = m.status.as_ref().filter(|s| s.tracking && s.paused_since.is_none()) else { return };
    if status.sign.without {
        frame::message(
            ui,
            frame::Tone::Plain,
            Icon::Alert,
            "Started with --no-sign.",
            "Nothing on the screen has to show it; the Work Diary says so.",
        );
    } else if status.sign.shown == [Sign::Window] && status.since.is_some_and(|since| m.now >= since + COMES)
    {
        frame::message(
            ui,
            frame::Tone::Plain,
            Icon::Eye,
            "Only this window shows that you are recorded.",
            "There is no tray icon. If you close or minimise the window, recording stops until you open it again.",
        );
    }
}

/// The last picture in small, with what became of it.
pub(super) fn last_picture(ui: &mut Ui, m: &mut Model) {
    let Some(segment) = m.status.as_ref().and_then(|status| status.last_picture.clone()) else { return };
    let Some(facts) = segment.picture.clone() else { return };
    let t = tokens(ui);
    let at = format!("Picture at {}", m.zone.time(facts.at));
    let state = words::state(&segment, m.now, &m.zone);
    let covered = redacted(&facts.redactions);
    let name = format!("{at}, {}{state}. Open", covered.as_ref().map_or(String::new(), |c| format!("{c}, ")));
    frame::part(ui, |ui| {
        let pressed = row(ui, 63.0, &name, |ui| {
            ui.spacing_mut().item_spacing.x = 12.0;
            picture::small(ui, m, segment.start, &facts.redactions, 112.0);
            ui.vertical(|ui| {
                ui.spacing_mut().item_spacing.y = 0.0;
                ui.add_space(if covered.is_some() { 4.0 } else { 13.0 });
                frame::truncated(ui, Face::Label, at, t.ink);
                if let Some(covered) = covered {
                    frame::truncated(ui, Face::Note, covered, t.ink2);
                }
                frame::truncated(ui, Face::Note, state, t.ink2);
            });
        });
        if pressed {
            m.intents.push(Intent::Go(Page::Segment(segment.start)));
        }
    });
}

/// Today, this week, and the week against its limit.
pub(super) fn totals(ui: &mut Ui, m: &mut Model) {
    let Some(status) = &m.status else { return };
    let today = words::hours_minutes(status.today_ms);
    let week = words::hours_minutes(status.week_ms);
    let of = status.limit_ms.map(|limit| match status.over_ms {
        0 => format!("of {}", words::hours_minutes(limit)),
        // The limit is the figure beside it.
        over => format!("and {} over", words::hours_minutes(over)),
    });
    let shown = m.week();
    frame::part(ui, |ui| {
        ui.horizontal(|ui| {
            let room = ui.available_width() - 8.0;
            if figure(ui, room / 2.6, "Today", &today, None, "open its segments") {
                m.day = 0;
                m.intents.push(Intent::Go(Page::Day));
            }
            if figure(ui, room - room / 2.6, "This week", &week, of.as_deref(), "open its days") {
                m.week_back = 0;
                m.intents.push(Intent::Go(Page::Week));
            }
        });
        let mut says = format!("This week {}", plain::duration(shown.tracked / words::MINUTE));
        says += &format!(
            " tracked, {} manual, {} over the limit",
            words::hours_minutes(shown.manual),
            words::hours_minutes(shown.over)
        );
        meters::week_bar(ui, shown, &says);
    });
}

fn figure(ui: &mut Ui, width: f32, label: &str, sum: &str, of: Option<&str>, opens: &str) -> bool {
    let t = tokens(ui);
    let name = format!("{label} {sum} {}: {opens}", of.unwrap_or_default());
    ui.scope(|ui| {
        ui.set_width(width);
        row(ui, 42.0, name.trim(), |ui| {
            ui.vertical(|ui| {
                ui.spacing_mut().item_spacing.y = 0.0;
                frame::truncated(ui, Face::Note, label, t.ink2);
                ui.horizontal(|ui| {
                    ui.spacing_mut().item_spacing.x = 5.0;
                    frame::truncated(ui, Face::Figure, sum, t.ink);
                    if let Some(of) = of {
                        frame::truncated(ui, Face::Note, of, t.ink2);
                    }
                });
            });
        })
    })
    .inner
}
