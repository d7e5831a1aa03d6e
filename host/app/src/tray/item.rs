//! The tray item: icon, tooltip and menu, made from the agent's status.

use std::sync::mpsc::SyncSender;
use std::sync::{Arc, Once};

use candor_diary::parcel::redacted;
use candor_diary::terms::Mode;
use candor_protocol::Status;
use ksni::menu::{MenuItem, RadioGroup, RadioItem, StandardItem};
use ksni::{Category, Icon, OfflineReason, ToolTip, Tray};

use super::action::TrayAction;
use super::event::TrayEvent;
use super::icon::recording_icon;
use super::indicator_mailbox::IndicatorMailbox;
use crate::format::{self, DisplayZone};
use crate::terminal;
use crate::window::StartPage;

/// The longest text of a contract in the menu, in characters.
const LONGEST: usize = 60;

/// The tray item. It shows [`TrayItem::status`] and hands what is chosen to the tray's loop.
pub(crate) struct TrayItem {
    /// The agent's last status; `None` if it does not run.
    pub(crate) status: Option<Box<Status>>,
    /// Whether, by the terms, deleting a picture takes its time.
    pub(crate) removes_time: bool,
    zone: DisplayZone,
    events: SyncSender<TrayEvent>,
    mailbox: Arc<IndicatorMailbox>,
    said_offline: Once,
}

impl TrayItem {
    pub(crate) fn new(
        zone: DisplayZone,
        events: SyncSender<TrayEvent>,
        mailbox: Arc<IndicatorMailbox>,
    ) -> Self {
        Self { status: None, removes_time: true, zone, events, mailbox, said_offline: Once::new() }
    }

    fn recording(&self) -> bool {
        self.status.as_ref().is_some_and(|s| s.tracking && s.paused_since.is_none())
    }

    /// Returns in a few words whether something is recorded.
    fn state(&self) -> String {
        let Some(status) = &self.status else { return "The agent does not run. Nothing is recorded".into() };
        if let Some(since) = status.paused_since {
            return format!("Paused since {}. Nothing is recorded", self.zone.moment(since, status.now));
        }
        match status.since {
            Some(since) if status.tracking => {
                format!("Tracking since {}", self.zone.moment(since, status.now))
            }
            _ if status.tracking => "Tracking".into(),
            _ if status.current.is_none() => "No contract yet".into(),
            _ if !status.tracks_time() => "Time is typed in. Nothing is recorded".into(),
            _ => "Stopped. Nothing is recorded".into(),
        }
    }

    fn entry(label: impl Into<String>, action: TrayAction) -> MenuItem<Self> {
        StandardItem {
            label: plain(&label.into()),
            activate: Box::new(move |item: &mut Self| item.choose(action.clone())),
            ..Default::default()
        }
        .into()
    }

    fn text(label: impl Into<String>) -> MenuItem<Self> {
        StandardItem { label: plain(&label.into()), enabled: false, ..Default::default() }.into()
    }

    fn choose(&self, action: TrayAction) {
        // A full queue means that nothing is done any more: one click more or less changes nothing.
        let _ = self.events.try_send(TrayEvent::MenuAction(action));
    }

    fn doing(&self, status: &Status) -> Vec<MenuItem<Self>> {
        // Under monitoring the client's rules start and stop; a pause for private time always works.
        let own = status.mode == Mode::Worklog;
        let mut entries = Vec::new();
        match (status.tracking, status.paused_since) {
            (_, Some(_)) => entries.push(Self::entry("Resume", TrayAction::Start)),
            (true, None) => {
                if own {
                    entries.push(Self::entry("Stop", TrayAction::Stop));
                }
                entries.push(Self::entry("Pause for private time", TrayAction::Pause));
            }
            (false, None) if own && status.tracks_time() => {
                entries.push(Self::entry("Start", TrayAction::Start))
            }
            (false, None) => {}
        }
        entries
    }

    fn contracts(status: &Status) -> MenuItem<Self> {
        let options = status
            .contracts
            .iter()
            .map(|contract| RadioItem {
                label: plain(&cut(&format!("{} · {}", contract.title, contract.client))),
                enabled: contract.accepted,
                ..Default::default()
            })
            .collect();
        RadioGroup {
            selected: status
                .contracts
                .iter()
                .position(|c| Some(c.id.as_str()) == status.contract())
                .unwrap_or(usize::MAX),
            select: Box::new(|item: &mut Self, number| {
                let chosen = item.status.as_ref().and_then(|s| s.contracts.get(number));
                if let Some(contract) = chosen {
                    item.choose(TrayAction::Switch(contract.id.clone()));
                }
            }),
            options,
        }
        .into()
    }

    fn picture(&self, status: &Status) -> Vec<MenuItem<Self>> {
        let Some(segment) = &status.last_picture else { return Vec::new() };
        let Some(picture) = &segment.picture else { return Vec::new() };
        let covered = redacted(&picture.redactions).map(|c| format!(", {c}")).unwrap_or_default();
        let label = format!("Picture at {}{covered}", self.zone.moment(picture.at, status.now));
        let mut entries = vec![Self::entry(label, TrayAction::Open(StartPage::Picture))];
        if segment.editable {
            let words = match self.removes_time {
                true => format!("Delete picture and its {}", format::tracked_minutes(segment)),
                false => "Delete picture".to_owned(),
            };
            entries.push(Self::entry(words, TrayAction::RemovePicture(segment.start)));
        }
        entries
    }
}

/// Menus take an underscore for the mark of a key.
fn plain(label: &str) -> String {
    label.replace('_', "__")
}

fn cut(text: &str) -> String {
    if text.chars().count() <= LONGEST {
        return text.to_owned();
    }
    text.chars().take(LONGEST - 1).chain(['…']).collect()
}

impl Tray for TrayItem {
    fn id(&self) -> String {
        "candor".into()
    }

    fn category(&self) -> Category {
        Category::ApplicationStatus
    }

    fn title(&self) -> String {
        format!("Candor: {}", self.state())
    }

    fn icon_pixmap(&self) -> Vec<Icon> {
        recording_icon(self.recording())
    }

    fn tool_tip(&self) -> ToolTip {
        let mut description = self.state();
        if let Some(status) = self.status.as_ref().filter(|s| s.current.is_some()) {
            description = format!(
                "{description}.\n{} · {}\nToday {}",
                status.title(),
                status.client(),
                format::hours_minutes(status.today_ms)
            );
        }
        // Tooltips may be marked up.
        let description = description.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        ToolTip { title: "Candor".into(), description, ..Default::default() }
    }

    fn activate(&mut self, _x: i32, _y: i32) {
        self.choose(TrayAction::Open(StartPage::Now));
    }

    fn menu(&self) -> Vec<MenuItem<Self>> {
        let mut entries = vec![Self::text(self.state())];
        match &self.status {
            Some(status) => {
                entries.extend(self.doing(status));
                if !status.contracts.is_empty() {
                    entries.extend([MenuItem::Separator, Self::contracts(status)]);
                }
                let picture = self.picture(status);
                if !picture.is_empty() {
                    entries.push(MenuItem::Separator);
                    entries.extend(picture);
                }
            }
            None => entries.push(Self::entry("Start", TrayAction::Start)),
        }
        let quit = if self.recording() { "Quit (stops tracking)" } else { "Quit" };
        entries.extend([
            MenuItem::Separator,
            Self::entry("Open window", TrayAction::Open(StartPage::Now)),
            Self::entry("What is recorded", TrayAction::Open(StartPage::Recorded)),
            MenuItem::Separator,
            Self::entry(quit, TrayAction::Quit),
        ]);
        entries
    }

    fn watcher_online(&self) {
        self.mailbox.report_change();
    }

    fn watcher_offline(&self, _reason: OfflineReason) -> bool {
        self.mailbox.report_change();
        self.said_offline.call_once(|| {
            terminal::print_aside(
                "candor: this desktop shows no tray icons. Notifications still work; `candor doctor` says how to get the icon.",
            );
        });
        // It comes when a tray comes.
        true
    }
}
