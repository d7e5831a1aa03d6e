//! The tray: an icon with a menu, notifications, and the shortcut that pauses. A client of the agent like any other.
//!
//! Threads, joined by one bounded queue: one follows the agent's status, one the notifications' answers, one waits for
//! the shortcut, and ksni's serves the icon. One more keeps the sign that it is recorded (`sign`), whatever these wait for. [`run`] takes from the queue and does one thing at a time. What is told,
//! and when, is decided in `notification_planner`.

mod action;
pub(crate) mod bus;
mod follow;
mod icon;
mod item;
mod notification_planner;
pub(crate) mod notifier;
pub(crate) mod shortcut;
mod sign;

use std::fs::File;
use std::io::BufRead as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use candor_diary::terms::PictureRemoval;
use candor_protocol::{AskError, Client, IdleAnswer, LONG, Preferences, Request, Status, TermsAnswer, USUAL};
use ksni::blocking::{Handle, TrayMethods as _};
use rustix::fs::FlockOperation;

use self::action::{TrayAction, page_name};
use self::item::Item;
use self::notification_planner::{Message, NotificationPlanner, NotificationUpdate, Topic};
use self::notifier::Notifier;
use self::sign::Board;
use crate::cli::args::Page;
use crate::launch::ensure_agent;
use crate::say::Zone;

/// What the agent says when it ends as it should.
const END: &str = "end";
/// How many events wait.
const WAITING: usize = 64;
/// How often the loop looks after its windows when nothing happens.
const LOOK: Duration = Duration::from_secs(60);
/// How many windows are looked after.
const MAX_WINDOWS: usize = 16;

/// What can happen.
pub(crate) enum Event {
    /// The agent said this.
    Status(Box<Status>),
    /// The agent does not answer.
    Lost,
    /// A button of a notification was pressed: its key.
    Action(String),
    /// The shortcut was pressed.
    Shortcut,
    /// Chosen in the menu.
    Do(TrayAction),
    /// The agent ends, and this with it.
    End,
    /// The session bus is gone, as at sign-out: nothing can be shown any more.
    BusGone,
}

/// Whether the tray runs on a data folder.
pub(crate) fn is_running(data: &Path) -> bool {
    let Ok(file) = File::open(lock_path(data)) else { return false };
    rustix::fs::flock(&file, FlockOperation::NonBlockingLockShared).is_err()
}

fn lock_path(data: &Path) -> std::path::PathBuf {
    data.join("run").join("tray.lock")
}

/// Holds the tray's place: there is one a data folder, so that nothing is told twice.
fn lock(data: &Path) -> Result<File> {
    let path = lock_path(data);
    let open = || {
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(data.join("run"))?;
        std::fs::OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(&path)
    };
    let file = open().with_context(|| {
        format!("the data folder {} cannot be used: name another one with --data", data.display())
    })?;
    if rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive).is_err() {
        bail!("the tray runs already: end that one first");
    }
    Ok(file)
}

/// Shows the icon and notifications until it is ended. `by_agent`: the agent started it, and says over the standard input
/// when it ends as it should.
///
/// # Errors
/// Where the tray runs already, or there is no session bus.
pub fn run(client: Client, agent: Option<PathBuf>, by_agent: bool) -> Result<()> {
    let _place = lock(client.data())?;
    let connection = bus::session().context(
        "there is no session bus, so neither an icon nor notifications can be shown: sign in to a desktop, or start \
         this under `dbus-run-session`",
    )?;
    let (events, happened) = sync_channel(WAITING);
    let zone = Zone::here();
    let board = Arc::new(Board::default());
    let notifier = Notifier::new(connection.clone(), events.clone(), Arc::clone(&board))?;
    let item = Item::new(zone.clone(), events.clone(), Arc::clone(&board))
        // Where no tray is shown yet, the icon comes when one is; the item says so once.
        .assume_sni_available(true)
        .spawn();
    let item = match item {
        Ok(handle) => Some(handle),
        Err(error) => {
            crate::say::aside(&format!(
                "candor: no tray icon can be shown ({error}). Notifications still work."
            ));
            None
        }
    };
    shortcut::listen(connection, events.clone()).context("no thread could be started: end some programs")?;
    if by_agent {
        told_to_end(events.clone())?;
    }
    sign::keep(client.clone(), notifier.clone(), zone.clone(), Arc::clone(&board))?;
    follow::follow(client.clone(), events, board)?;
    let tray = TrayApp {
        client,
        agent,
        zone: zone.clone(),
        notification_planner: NotificationPlanner::new(zone),
        notifier,
        item,
        status: None,
        removes_time: None,
        windows: Vec::new(),
    };
    tray.serve(&happened)
}

/// Listens for the agent's word that it ends. Where it ends without one, the tray goes on and says so.
fn told_to_end(events: SyncSender<Event>) -> Result<()> {
    thread::Builder::new()
        .name("agent's word".into())
        .spawn(move || {
            if std::io::stdin().lock().lines().map_while(Result::ok).any(|line| line == END) {
                // Where nobody listens any more, it has ended.
                let _ended = events.send(Event::End);
            }
        })
        .context("no thread could be started: end some programs")?;
    Ok(())
}

/// What the tray's loop works with.
struct TrayApp {
    client: Client,
    /// The agent's program, where another is meant than the one beside this one.
    agent: Option<PathBuf>,
    zone: Zone,
    notification_planner: NotificationPlanner,
    notifier: Notifier,
    item: Option<Handle<Item>>,
    status: Option<Box<Status>>,
    /// Whether, by the terms of this contract, removing a picture removes its time.
    removes_time: Option<(String, bool)>,
    windows: Vec<Child>,
}

impl TrayApp {
    fn serve(mut self, happened: &Receiver<Event>) -> Result<()> {
        loop {
            match happened.recv_timeout(LOOK) {
                Ok(Event::Do(TrayAction::Quit)) => {
                    self.quit();
                    return Ok(());
                }
                Ok(Event::End) => {
                    self.leave();
                    return Ok(());
                }
                Ok(Event::BusGone) => return Ok(()),
                Ok(event) => self.take(event),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Ok(()),
            }
            self.windows.retain_mut(|window| matches!(window.try_wait(), Ok(None)));
        }
    }

    fn take(&mut self, event: Event) {
        match event {
            Event::Status(status) => self.hear(status),
            Event::Lost => {
                let was_tracking = self.status.take().is_some_and(|s| s.tracking);
                if let Some(tell) = self.notification_planner.lost(was_tracking) {
                    self.tell(tell);
                }
                self.show_status();
            }
            Event::Action(key) => {
                if let Some(action) = TrayAction::from_key(&key) {
                    self.attempt(action);
                }
            }
            // Only a pause: a key never begins to record, nor ends a pause.
            Event::Shortcut => {
                if self.status.as_ref().is_some_and(|s| s.paused_since.is_none()) {
                    self.attempt(TrayAction::Pause);
                }
            }
            Event::Do(action) => self.attempt(action),
            // The loop's own.
            Event::End | Event::BusGone => {}
        }
    }

    fn hear(&mut self, status: Box<Status>) {
        let preferences: Preferences = self.client.fetch(&Request::Preferences, USUAL).unwrap_or_default();
        let removes_time = self.removes_time(&status);
        let tells = self.notification_planner.hears(&status, preferences, removes_time);
        self.status = Some(status);
        self.show_status();
        for tell in tells {
            self.tell(tell);
        }
    }

    /// Asked once a contract: nothing about it changes without new terms, and those end the agent's session.
    fn removes_time(&mut self, status: &Status) -> bool {
        match &self.removes_time {
            Some((contract, removes)) if *contract == status.contract => *removes,
            _ if status.contract.is_empty() => false,
            _ => {
                let terms = self.client.fetch::<TermsAnswer>(&Request::Terms { contract: None }, USUAL);
                // Unknown counts as the worse: what is said before a deletion may be too much, not too little.
                let Ok(terms) = terms else { return true };
                let removes = terms.picture_removal == PictureRemoval::RemovesTime;
                self.removes_time = Some((status.contract.clone(), removes));
                removes
            }
        }
    }

    fn show_status(&self) {
        if let Some(item) = &self.item {
            let status = self.status.clone();
            let removes_time = self.removes_time.as_ref().is_none_or(|(_, removes)| *removes);
            item.update(|item| (item.status, item.removes_time) = (status, removes_time));
        }
    }

    fn tell(&mut self, tell: NotificationUpdate) {
        match tell {
            NotificationUpdate::Show(message) => self.notifier.show(&message),
            NotificationUpdate::Withdraw(topic) => self.notifier.withdraw(topic),
        }
    }

    /// Does what was chosen; where that is refused, says why.
    fn attempt(&mut self, action: TrayAction) {
        match self.perform(&action) {
            Ok(Some(done)) => self.notifier.show(&done),
            Ok(None) => self.notifier.withdraw(Topic::Refusal),
            Err(error) => {
                let mut why = format!("{error:#}");
                if !why.ends_with('.') {
                    why.push('.');
                }
                self.notifier.show(&Message::new(Topic::Refusal, "That was not done", why));
            }
        }
    }

    fn perform(&mut self, action: &TrayAction) -> Result<Option<Message>> {
        let request = match action {
            TrayAction::Start => {
                ensure_agent(&self.client, self.agent.as_deref())?;
                Request::Start { memo: None, no_sign: false }
            }
            TrayAction::Stop => Request::Stop { at_segment_end: false },
            TrayAction::Pause => Request::Pause,
            TrayAction::Switch(contract) => Request::Switch { contract: contract.clone() },
            TrayAction::RemovePicture(start) => return self.remove_picture(*start).map(Some),
            TrayAction::RestorePicture(start) => Request::Restore { start: *start },
            TrayAction::LeaveOut(from) => {
                self.still_asked(*from)?;
                Request::Idle { answer: IdleAnswer::LeaveOut }
            }
            TrayAction::KeepAsManual(from) => {
                let memo =
                    self.still_asked(*from)?.context("manual time needs a memo: set one in the window")?;
                Request::Idle { answer: IdleAnswer::Manual(memo) }
            }
            TrayAction::Open(page) => return self.open(*page).map(|()| None),
            TrayAction::Quit => Request::Quit,
        };
        self.client.ask(&request, LONG)?;
        if matches!(action, TrayAction::RestorePicture(_)) {
            return Ok(Some(Message::new(Topic::Picture, "The picture is back", "")));
        }
        Ok(None)
    }

    /// The memo, where the question since then is still the one that is asked.
    fn still_asked(&self, from: u64) -> Result<Option<String>> {
        let status = self.client.status()?;
        if status.question.is_none_or(|question| question.from != from) {
            bail!("that question was answered already");
        }
        Ok(status.memo)
    }

    fn remove_picture(&mut self, start: u64) -> Result<Message> {
        self.client.ask(&Request::RemovePicture { start }, USUAL)?;
        let removed_time = self.removes_time.as_ref().is_some_and(|(_, removes)| *removes);
        let stays =
            if removed_time { "Under the terms, its time is removed too." } else { "Your time stays." };
        let now = self.status.as_ref().map_or(start, |s| s.now);
        let client = self.status.as_ref().map_or("The client", |s| s.client.as_str());
        let message = Message::new(
            Topic::Picture,
            format!("Picture of the segment from {} deleted", self.zone.moment(start, now)),
            format!("{stays} {client} sees that a picture was deleted."),
        );
        Ok(message
            .with(TrayAction::RestorePicture(start), "Undo")
            .without("`candor picture --undo` brings it back."))
    }

    /// Opens the window: this same program, as a process of its own.
    fn open(&mut self, page: Page) -> Result<()> {
        if self.windows.len() >= MAX_WINDOWS {
            bail!("{MAX_WINDOWS} windows are open: close some first");
        }
        let program =
            std::env::current_exe().context("this program's place is unknown: start `candor` by hand")?;
        let window = Command::new(program)
            .arg("--data")
            .arg(self.client.data())
            .args(["window", "--page", page_name(page)])
            .stdin(Stdio::null())
            .spawn()
            .context("the window could not be opened: start `candor` by hand")?;
        self.windows.push(window);
        Ok(())
    }

    /// Ends the agent, as at sign-out, and takes the icon away.
    fn quit(&mut self) {
        match self.client.ask(&Request::Quit, USUAL) {
            Ok(_) | Err(AskError::NotRunning(_)) => {}
            Err(error) => crate::say::aside(&format!("candor: the agent goes on: {error}.")),
        }
        self.leave();
    }

    /// Takes away what is shown.
    fn leave(&mut self) {
        self.notifier.withdraw(Topic::Recording);
        if let Some(item) = self.item.take() {
            item.shutdown().wait();
        }
    }
}
