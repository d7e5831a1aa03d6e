//! Shows that this computer is recorded (invariant 6): by the icon in a tray that has taken it, else by a notification that
//! stays.
//!
//! A thread of its own checks whether they are shown, puts the notification back if it is needed, and tells the agent what
//! is shown. It must go on whatever the rest of the tray waits for: the agent holds recording until it is told.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use candor_protocol::sign::AGAIN;
use candor_protocol::{Client, Face, Sign, SignConnection, Status};
use zbus::blocking::Connection;

use super::bus;
use super::indicator_mailbox::IndicatorMailbox;
use super::notification::{Notification, NotificationTopic, recording_notification};
use super::notifier::Notifier;
use crate::format::DisplayZone;

/// How long after it was shown a notification is put back at the earliest.
const PACE: Duration = Duration::from_secs(1);
/// How long the notification that recording began stays beside an icon and the window, which say the same.
const READ: Duration = Duration::from_secs(5);
/// How many contracts are remembered as announced.
const MAX_ANNOUNCED: usize = 256;

/// What becomes of the notification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum IndicatorStep {
    Show,
    /// Show it as soon as it was not shown just now.
    ShowLater,
    Withdraw,
    Keep,
}

/// Decides when the notification is shown.
#[derive(Default)]
struct IndicatorPlanner {
    announced: BTreeSet<String>,
    shown_at: Option<Instant>,
}

impl IndicatorPlanner {
    /// Returns what becomes of the notification. If a contract is recorded, this session is told so once, whoever started
    /// it; without an icon, the notification stays for as long as it is recorded. If the window is in sight as well, it
    /// goes once it was read.
    fn next_step(&mut self, status: &Status, icon: bool, stands: bool, now: Instant) -> IndicatorStep {
        let contract = status.contract().filter(|_| status.tracking && status.paused_since.is_none());
        let recorded = contract.is_some();
        if !recorded && !status.sign.wanted {
            return if stands { IndicatorStep::Withdraw } else { IndicatorStep::Keep };
        }
        let needed = status.sign.wanted && !icon;
        if stands {
            let read = self.shown_at.is_some_and(|at| now.saturating_duration_since(at) >= READ);
            let seen = icon && status.sign.shown.contains(&Sign::Window);
            return if read && seen && !needed { IndicatorStep::Withdraw } else { IndicatorStep::Keep };
        }
        let first =
            contract.is_some_and(|id| self.announced.len() < MAX_ANNOUNCED && !self.announced.contains(id));
        if !first && !needed {
            return IndicatorStep::Keep;
        }
        if self.shown_at.is_some_and(|at| now.saturating_duration_since(at) < PACE) {
            return IndicatorStep::ShowLater;
        }
        self.shown_at = Some(now);
        self.announced.extend(contract.map(str::to_owned));
        IndicatorStep::Show
    }
}

/// Maintains the indicator in a thread of its own for as long as the program runs.
///
/// # Errors
/// If no thread can be started, or no connection made.
pub(super) fn spawn_indicator(
    client: Client,
    notifier: Notifier,
    zone: DisplayZone,
    mailbox: Arc<IndicatorMailbox>,
) -> Result<()> {
    // With little patience: a tray that does not answer shows nothing.
    let connection = bus::connect_impatient()?;
    let indicator = IndicatorThread {
        client,
        notifier,
        zone,
        connection,
        planner: IndicatorPlanner::default(),
        shower: None,
    };
    thread::Builder::new()
        .name("sign".into())
        .spawn(move || indicator.run(&mailbox))
        .context("no thread could be started: end some programs")?;
    Ok(())
}

struct IndicatorThread {
    client: Client,
    notifier: Notifier,
    zone: DisplayZone,
    connection: Connection,
    planner: IndicatorPlanner,
    shower: Option<SignConnection>,
}

impl IndicatorThread {
    fn run(mut self, mailbox: &IndicatorMailbox) {
        let left = left_behind_path(self.client.data());
        self.close_left_behind(&left);
        let mut wait = AGAIN;
        loop {
            let status = mailbox.wait_for_change(wait);
            wait = AGAIN;
            let Some(status) = status else {
                // Nothing is recorded; what a later agent shows is shown to it anew.
                self.shower = None;
                self.notifier.withdraw(NotificationTopic::Recording);
                continue;
            };
            let icon = is_icon_shown(&self.connection);
            let stands = self.notifier.is_shown(NotificationTopic::Recording);
            match self.planner.next_step(&status, icon, stands, Instant::now()) {
                IndicatorStep::Show => {
                    // Beside an icon it is short: the notification server's own time.
                    self.notifier
                        .show(&Notification { stays: !icon, ..recording_notification(&status, &self.zone) });
                    if let Some(shown) = self.notifier.shown(NotificationTopic::Recording) {
                        // If this is killed, the next tray closes it; without the file it stays until a person does.
                        let _kept = std::fs::write(&left, shown);
                    }
                }
                IndicatorStep::Withdraw => self.notifier.withdraw(NotificationTopic::Recording),
                IndicatorStep::ShowLater => wait = PACE,
                IndicatorStep::Keep => {}
            }
            let mut signs = Vec::new();
            if icon {
                signs.push(Sign::Tray);
            }
            if self.notifier.is_shown(NotificationTopic::Recording) {
                signs.push(Sign::Notification);
            }
            self.report_to_agent(&signs);
        }
    }

    /// Tells the agent what is shown; an agent that was started anew, at once.
    fn report_to_agent(&mut self, signs: &[Sign]) {
        for _ in 0..2 {
            if self.shower.is_none() {
                self.shower = self.client.sign_connection().ok();
            }
            let Some(shower) = &mut self.shower else { return };
            if shower.report(Face::Tray, signs).is_ok() {
                return;
            }
            self.shower = None;
        }
    }

    /// Takes away what a tray that was killed left on the screen: it would say of this recording that it is shown.
    fn close_left_behind(&mut self, left: &Path) {
        if let Ok(shown) = std::fs::read_to_string(left) {
            self.notifier.close_left_behind(&shown);
            let _gone = std::fs::remove_file(left);
        }
    }
}

fn left_behind_path(data: &Path) -> PathBuf {
    data.join("run").join("notification")
}

/// Returns whether a tray has taken this program's icon.
fn is_icon_shown(connection: &Connection) -> bool {
    let name = format!("org.kde.StatusNotifierItem-{}-1", std::process::id());
    let stands = || -> zbus::Result<bool> {
        // Asked first: a question to nobody would start somebody.
        if !bus::is_running(connection, bus::TRAY_WATCHER)? {
            return Ok(false);
        }
        let hosted: bool = bus::read_watcher_property(connection, "IsStatusNotifierHostRegistered")?;
        let items: Vec<String> = bus::read_watcher_property(connection, "RegisteredStatusNotifierItems")?;
        let names = [Some(name.clone()), bus::name_owner(connection, &name)];
        let ours = |item: &String| names.iter().flatten().any(|name| names_item(item, name));
        Ok(hosted && items.iter().any(ours))
    };
    stands().unwrap_or(false)
}

/// Returns whether an entry of a tray's list means this name: as it is, or with a path.
fn names_item(item: &str, name: &str) -> bool {
    item.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '@']))
}

#[cfg(test)]
mod tests {
    use candor_diary::terms::Mode;
    use candor_protocol::SignState;

    use super::super::notification_planner::tests::status;
    use super::*;

    fn wanted(tracking: bool) -> Status {
        Status { tracking, sign: SignState { wanted: true, ..SignState::default() }, ..status() }
    }

    #[test]
    fn invariant_06_recording_is_told_once_a_contract_whoever_started_it() {
        let mut now = Instant::now();
        for mode in [Mode::Worklog, Mode::Monitoring] {
            let mut planner = IndicatorPlanner::default();
            let mut status = Status { mode, ..status() };
            let mut due = |status: &Status| {
                now += 2 * PACE;
                planner.next_step(status, true, false, now)
            };
            assert_eq!(due(&status), IndicatorStep::Keep);
            status.tracking = true;
            assert_eq!(due(&status), IndicatorStep::Show);
            for tracking in [true, false, true] {
                status.tracking = tracking;
                assert_eq!(due(&status), IndicatorStep::Keep);
            }
            if let Some(current) = &mut status.current {
                current.id = "another".into();
            }
            assert_eq!(due(&status), IndicatorStep::Show);
        }
    }

    #[test]
    fn invariant_06_without_an_icon_the_notification_comes_back_until_nothing_is_recorded() {
        let (mut planner, mut now) = (IndicatorPlanner::default(), Instant::now());
        // Before tracking begins: the agent waits for it.
        assert_eq!(planner.next_step(&wanted(false), false, false, now), IndicatorStep::Show);
        assert_eq!(planner.next_step(&wanted(true), false, true, now), IndicatorStep::Keep);
        // It was closed.
        assert_eq!(planner.next_step(&wanted(true), false, false, now), IndicatorStep::ShowLater);
        now += PACE;
        assert_eq!(planner.next_step(&wanted(true), false, false, now), IndicatorStep::Show);
        assert_eq!(planner.next_step(&wanted(true), true, false, now + PACE), IndicatorStep::Keep);
        // The window goes and comes: without an icon it says nothing about the notification.
        let seen = SignState { wanted: true, shown: vec![Sign::Window], ..SignState::default() };
        let seen = Status { sign: seen, ..wanted(true) };
        assert_eq!(planner.next_step(&seen, false, true, now + 2 * READ), IndicatorStep::Keep);
        assert_eq!(planner.next_step(&status(), false, true, now), IndicatorStep::Withdraw);
        let paused = Status { tracking: true, paused_since: Some(1), ..status() };
        assert_eq!(planner.next_step(&paused, false, true, now), IndicatorStep::Withdraw);
    }

    #[test]
    fn the_notice_goes_once_it_was_read_beside_an_icon_and_the_window() {
        let (mut planner, now) = (IndicatorPlanner::default(), Instant::now());
        assert_eq!(planner.next_step(&wanted(true), true, false, now), IndicatorStep::Show);
        assert_eq!(
            planner.next_step(&wanted(true), true, true, now + 2 * READ),
            IndicatorStep::Keep,
            "nobody saw it"
        );
        let sign = SignState { wanted: true, shown: vec![Sign::Tray, Sign::Window], ..SignState::default() };
        let seen = Status { sign, ..wanted(true) };
        assert_eq!(planner.next_step(&seen, true, true, now + READ / 2), IndicatorStep::Keep);
        assert_eq!(planner.next_step(&seen, true, true, now + READ), IndicatorStep::Withdraw);
        assert_eq!(planner.next_step(&seen, true, false, now + 2 * READ), IndicatorStep::Keep, "told once");
    }

    #[test]
    fn a_trays_list_means_the_whole_name() {
        assert!(names_item(":1.4/StatusNotifierItem", ":1.4"));
        assert!(names_item("org.kde.StatusNotifierItem-7-1", "org.kde.StatusNotifierItem-7-1"));
        assert!(!names_item(":1.42/StatusNotifierItem", ":1.4"));
    }
}
