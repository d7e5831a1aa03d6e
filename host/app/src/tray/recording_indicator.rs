//! Whoever is recorded can see it (invariant 6): the icon in a tray that has taken it, else a notification that stays.
//!
//! A thread of its own looks whether they stand, puts the notification back where it is needed, and tells the agent what
//! is shown. It must go on whatever the rest of the tray waits for: the agent holds recording up where it is not told.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use candor_protocol::sign::AGAIN;
use candor_protocol::{Client, Face, Shower, Sign, Status};
use zbus::blocking::Connection;

use super::bus;
use super::notification_planner::{Message, Topic, recording};
use super::notifier::Notifier;
use crate::say::Zone;

/// How long after it was shown a notification is put back at the earliest.
const PACE: Duration = Duration::from_secs(1);
/// How long the notice that recording began stands beside an icon and the window, which say the same.
const READ: Duration = Duration::from_secs(5);
/// How many contracts are remembered as told.
const MAX_TOLD: usize = 256;

/// What the sign's thread waits for: the others pin up what they hear.
#[derive(Default)]
pub(crate) struct Board {
    pinned: Mutex<Pinned>,
    changed: Condvar,
}

#[derive(Default)]
struct Pinned {
    status: Option<Box<Status>>,
    stirred: bool,
}

impl Board {
    /// The agent said this, or does not answer.
    pub(super) fn status(&self, status: Option<Box<Status>>) {
        let mut pinned = self.pinned.lock().unwrap_or_else(PoisonError::into_inner);
        pinned.status = status;
        pinned.stirred = true;
        self.changed.notify_all();
    }

    /// An icon or a notification came or went.
    pub(super) fn stir(&self) {
        self.pinned.lock().unwrap_or_else(PoisonError::into_inner).stirred = true;
        self.changed.notify_all();
    }

    /// Waits for something new, at most for `limit`; what the agent said last.
    fn wait(&self, limit: Duration) -> Option<Box<Status>> {
        let pinned = self.pinned.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.changed.wait_timeout_while(pinned, limit, |pinned| !pinned.stirred);
        let (mut pinned, _) = waited.unwrap_or_else(PoisonError::into_inner);
        pinned.stirred = false;
        pinned.status.clone()
    }
}

/// What becomes of the notification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Due {
    Show,
    /// As soon as it was not shown just now.
    Soon,
    Withdraw,
    Nothing,
}

/// Decides when recording is told.
#[derive(Default)]
struct Decider {
    told: BTreeSet<String>,
    shown_at: Option<Instant>,
}

impl Decider {
    /// Where a contract's recording runs, this session is told so once, whoever started it; where no icon stands, the
    /// notification stands for as long as it is recorded. Where the window is in sight as well, it goes once it was read.
    fn due(&mut self, status: &Status, icon: bool, stands: bool, now: Instant) -> Due {
        let recorded = status.tracking && status.paused_since.is_none() && !status.contract.is_empty();
        if !recorded && !status.sign.wanted {
            return if stands { Due::Withdraw } else { Due::Nothing };
        }
        let needed = status.sign.wanted && !icon;
        if stands {
            let read = self.shown_at.is_some_and(|at| now.saturating_duration_since(at) >= READ);
            let seen = icon && status.sign.shown.contains(&Sign::Window);
            return if read && seen && !needed { Due::Withdraw } else { Due::Nothing };
        }
        let first = recorded && self.told.len() < MAX_TOLD && !self.told.contains(&status.contract);
        if !first && !needed {
            return Due::Nothing;
        }
        if self.shown_at.is_some_and(|at| now.saturating_duration_since(at) < PACE) {
            return Due::Soon;
        }
        self.shown_at = Some(now);
        self.told.insert(status.contract.clone());
        Due::Show
    }
}

/// Keeps the sign in a thread of its own for as long as the program runs.
///
/// # Errors
/// Where there is no thread or no connection to be had.
pub(super) fn keep(client: Client, notifier: Notifier, zone: Zone, board: Arc<Board>) -> Result<()> {
    // With little patience: a tray that does not answer shows nothing.
    let connection = bus::impatient()?;
    let keeper = Keeper { client, notifier, zone, connection, decider: Decider::default(), shower: None };
    thread::Builder::new()
        .name("sign".into())
        .spawn(move || keeper.run(&board))
        .context("no thread could be started: end some programs")?;
    Ok(())
}

struct Keeper {
    client: Client,
    notifier: Notifier,
    zone: Zone,
    connection: Connection,
    decider: Decider,
    shower: Option<Shower>,
}

impl Keeper {
    fn run(mut self, board: &Board) {
        let left = left_behind(self.client.data());
        self.take_away(&left);
        let mut wait = AGAIN;
        loop {
            let status = board.wait(wait);
            wait = AGAIN;
            let Some(status) = status else {
                // Nothing is recorded; what a later agent shows is shown to it anew.
                self.shower = None;
                self.notifier.withdraw(Topic::Recording);
                continue;
            };
            let icon = icon_stands(&self.connection);
            let stands = self.notifier.stands(Topic::Recording);
            match self.decider.due(&status, icon, stands, Instant::now()) {
                Due::Show => {
                    // Beside an icon it is short: the notification server's own time.
                    self.notifier.show(&Message { stays: !icon, ..recording(&status, &self.zone) });
                    if let Some(shown) = self.notifier.shown(Topic::Recording) {
                        // Where it is killed, the next one takes it away; without the file it stays until it is closed.
                        let _kept = std::fs::write(&left, shown);
                    }
                }
                Due::Withdraw => self.notifier.withdraw(Topic::Recording),
                Due::Soon => wait = PACE,
                Due::Nothing => {}
            }
            let mut signs = Vec::new();
            if icon {
                signs.push(Sign::Tray);
            }
            if self.notifier.stands(Topic::Recording) {
                signs.push(Sign::Notification);
            }
            self.say(&signs);
        }
    }

    /// Tells the agent; a new one at once.
    fn say(&mut self, signs: &[Sign]) {
        for _ in 0..2 {
            if self.shower.is_none() {
                self.shower = self.client.shower().ok();
            }
            let Some(shower) = &mut self.shower else { return };
            if shower.shows(Face::Tray, signs).is_ok() {
                return;
            }
            self.shower = None;
        }
    }

    /// Takes away what a tray that was killed left on the screen: it would say of this recording that it is shown.
    fn take_away(&mut self, left: &Path) {
        if let Ok(shown) = std::fs::read_to_string(left) {
            self.notifier.take_away(&shown);
            let _gone = std::fs::remove_file(left);
        }
    }
}

fn left_behind(data: &Path) -> PathBuf {
    data.join("run").join("notification")
}

/// Whether a tray has taken this program's icon.
fn icon_stands(connection: &Connection) -> bool {
    let name = format!("org.kde.StatusNotifierItem-{}-1", std::process::id());
    let stands = || -> zbus::Result<bool> {
        // Asked first: a question to nobody would start somebody.
        if !bus::runs(connection, bus::TRAY_WATCHER)? {
            return Ok(false);
        }
        let hosted: bool = bus::watcher_says(connection, "IsStatusNotifierHostRegistered")?;
        let items: Vec<String> = bus::watcher_says(connection, "RegisteredStatusNotifierItems")?;
        let names = [Some(name.clone()), bus::owner(connection, &name)];
        let ours = |item: &String| names.iter().flatten().any(|name| names_item(item, name));
        Ok(hosted && items.iter().any(ours))
    };
    stands().unwrap_or(false)
}

/// Whether a tray's list means this name: as it is, or with a path.
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
            let mut decider = Decider::default();
            let mut status = Status { mode, ..status() };
            let mut due = |status: &Status| {
                now += 2 * PACE;
                decider.due(status, true, false, now)
            };
            assert_eq!(due(&status), Due::Nothing);
            status.tracking = true;
            assert_eq!(due(&status), Due::Show);
            for tracking in [true, false, true] {
                status.tracking = tracking;
                assert_eq!(due(&status), Due::Nothing);
            }
            status.contract = "another".into();
            assert_eq!(due(&status), Due::Show);
        }
    }

    #[test]
    fn invariant_06_without_an_icon_the_notification_comes_back_until_nothing_is_recorded() {
        let (mut decider, mut now) = (Decider::default(), Instant::now());
        // Before tracking begins: the agent waits for it.
        assert_eq!(decider.due(&wanted(false), false, false, now), Due::Show);
        assert_eq!(decider.due(&wanted(true), false, true, now), Due::Nothing);
        // It was closed.
        assert_eq!(decider.due(&wanted(true), false, false, now), Due::Soon);
        now += PACE;
        assert_eq!(decider.due(&wanted(true), false, false, now), Due::Show);
        assert_eq!(decider.due(&wanted(true), true, false, now + PACE), Due::Nothing);
        // The window goes and comes: without an icon it says nothing about the notification.
        let seen = SignState { wanted: true, shown: vec![Sign::Window], ..SignState::default() };
        let seen = Status { sign: seen, ..wanted(true) };
        assert_eq!(decider.due(&seen, false, true, now + 2 * READ), Due::Nothing);
        assert_eq!(decider.due(&status(), false, true, now), Due::Withdraw);
        let paused = Status { tracking: true, paused_since: Some(1), ..status() };
        assert_eq!(decider.due(&paused, false, true, now), Due::Withdraw);
    }

    #[test]
    fn the_notice_goes_once_it_was_read_beside_an_icon_and_the_window() {
        let (mut decider, now) = (Decider::default(), Instant::now());
        assert_eq!(decider.due(&wanted(true), true, false, now), Due::Show);
        assert_eq!(decider.due(&wanted(true), true, true, now + 2 * READ), Due::Nothing, "nobody saw it");
        let sign = SignState { wanted: true, shown: vec![Sign::Tray, Sign::Window], ..SignState::default() };
        let seen = Status { sign, ..wanted(true) };
        assert_eq!(decider.due(&seen, true, true, now + READ / 2), Due::Nothing);
        assert_eq!(decider.due(&seen, true, true, now + READ), Due::Withdraw);
        assert_eq!(decider.due(&seen, true, false, now + 2 * READ), Due::Nothing, "told once");
    }

    #[test]
    fn a_trays_list_means_the_whole_name() {
        assert!(names_item(":1.4/StatusNotifierItem", ":1.4"));
        assert!(names_item("org.kde.StatusNotifierItem-7-1", "org.kde.StatusNotifierItem-7-1"));
        assert!(!names_item(":1.42/StatusNotifierItem", ":1.4"));
    }
}
