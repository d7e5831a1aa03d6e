//! The tray's loop: takes one event after the other, shows what follows from it, and does what is asked for.

use std::io::BufRead as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use candor_diary::terms::PictureRemoval;
use candor_protocol::{
    AnswerIdle, Client, ClientError, GetPreferences, GetTerms, IdleAnswer, LONG, PauseTracking, QuitAgent,
    RemovePicture, RestoreSegment, StartTracking, Status, StopTracking, SwitchContract, USUAL,
};
use ksni::blocking::{Handle, TrayMethods as _};

use super::action::TrayAction;
use super::bus;
use super::event::TrayEvent;
use super::follow;
use super::indicator_mailbox::IndicatorMailbox;
use super::instance::lock_instance;
use super::item::TrayItem;
use super::notification::{Notification, NotificationTopic, NotificationUpdate};
use super::notification_planner::NotificationPlanner;
use super::notifier::Notifier;
use super::recording_indicator;
use super::shortcut;
use crate::format::{self, DisplayZone};
use crate::launch::ensure_agent;
use crate::terminal;
use crate::window::StartPage;

/// The line that the agent sends when it ends as it should.
const END: &str = "end";
/// How many events wait.
const WAITING: usize = 64;
/// How often the loop checks on its windows when nothing happens.
const LOOK: Duration = Duration::from_secs(60);
/// How many windows may be open.
const MAX_WINDOWS: usize = 16;

/// Shows the icon and notifications until it is ended. `by_agent`: the agent started it, and says over the standard input
/// when it ends as it should.
///
/// # Errors
/// If the tray runs already, or there is no session bus.
pub fn run(client: Client, agent: Option<PathBuf>, by_agent: bool) -> Result<()> {
    let _place = lock_instance(client.data())?;
    let connection = bus::connect_session().context(
        "there is no session bus, so neither an icon nor notifications can be shown: sign in to a desktop, or start \
         this under `dbus-run-session`",
    )?;
    let (events, received) = sync_channel(WAITING);
    let zone = format::local_zone();
    let mailbox = Arc::new(IndicatorMailbox::default());
    let notifier = Notifier::new(connection.clone(), events.clone(), Arc::clone(&mailbox))?;
    let item = TrayItem::new(zone.clone(), events.clone(), Arc::clone(&mailbox))
        // If the desktop shows no tray yet, the icon comes when it does; the item says so once.
        .assume_sni_available(true)
        .spawn();
    let item = match item {
        Ok(handle) => Some(handle),
        Err(error) => {
            terminal::print_aside(&format!(
                "candor: no tray icon can be shown ({error}). Notifications still work."
            ));
            None
        }
    };
    shortcut::spawn_listener(connection, events.clone())
        .context("no thread could be started: end some programs")?;
    if by_agent {
        listen_for_end(events.clone())?;
    }
    recording_indicator::spawn_indicator(
        client.clone(),
        notifier.clone(),
        zone.clone(),
        Arc::clone(&mailbox),
    )?;
    follow::spawn_follower(client.clone(), events, mailbox)?;
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
    tray.run_loop(&received)
}

/// Waits for the agent's message that it ends. If it ends without one, the tray goes on and says so.
fn listen_for_end(events: SyncSender<TrayEvent>) -> Result<()> {
    thread::Builder::new()
        .name("agent's word".into())
        .spawn(move || {
            if std::io::stdin().lock().lines().map_while(Result::ok).any(|line| line == END) {
                // If nobody receives any more, the tray has ended.
                let _ended = events.send(TrayEvent::AgentEnded);
            }
        })
        .context("no thread could be started: end some programs")?;
    Ok(())
}

/// The state of the tray's loop.
struct TrayApp {
    client: Client,
    /// The agent's program; `None` is the one beside this one.
    agent: Option<PathBuf>,
    zone: DisplayZone,
    notification_planner: NotificationPlanner,
    notifier: Notifier,
    item: Option<Handle<TrayItem>>,
    status: Option<Box<Status>>,
    /// Whether, by the terms of this contract, removing a picture removes its time.
    removes_time: Option<(String, bool)>,
    windows: Vec<Child>,
}

impl TrayApp {
    fn run_loop(mut self, received: &Receiver<TrayEvent>) -> Result<()> {
        loop {
            match received.recv_timeout(LOOK) {
                Ok(TrayEvent::MenuAction(TrayAction::Quit)) => {
                    self.quit_agent();
                    return Ok(());
                }
                Ok(TrayEvent::AgentEnded) => {
                    self.remove_indicators();
                    return Ok(());
                }
                Ok(TrayEvent::BusGone) => return Ok(()),
                Ok(event) => self.handle(event),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Ok(()),
            }
            self.windows.retain_mut(|window| matches!(window.try_wait(), Ok(None)));
        }
    }

    fn handle(&mut self, event: TrayEvent) {
        match event {
            TrayEvent::Status(status) => self.take_status(status),
            TrayEvent::AgentLost => {
                let was_tracking = self.status.take().is_some_and(|s| s.tracking);
                if let Some(update) = self.notification_planner.plan_agent_lost(was_tracking) {
                    self.apply(update);
                }
                self.show_status();
            }
            TrayEvent::NotificationAction(key) => {
                if let Some(action) = TrayAction::from_key(&key) {
                    self.perform_or_report(action);
                }
            }
            // Only a pause: a key never begins to record, nor ends a pause.
            TrayEvent::Shortcut => {
                if self.status.as_ref().is_some_and(|s| s.paused_since.is_none()) {
                    self.perform_or_report(TrayAction::Pause);
                }
            }
            TrayEvent::MenuAction(action) => self.perform_or_report(action),
            // The loop handles these itself.
            TrayEvent::AgentEnded | TrayEvent::BusGone => {}
        }
    }

    fn take_status(&mut self, status: Box<Status>) {
        let preferences = self.client.ask(&GetPreferences, USUAL).unwrap_or_default();
        let removes_time = self.removes_time(&status);
        let updates = self.notification_planner.plan(&status, preferences, removes_time);
        self.status = Some(status);
        self.show_status();
        for update in updates {
            self.apply(update);
        }
    }

    /// Asked once a contract: nothing about it changes without new terms, and those end the agent's session.
    fn removes_time(&mut self, status: &Status) -> bool {
        match &self.removes_time {
            Some((contract, removes)) if Some(contract.as_str()) == status.contract() => *removes,
            _ => {
                let Some(contract) = status.contract() else { return false };
                let terms = self.client.ask(&GetTerms { contract: None }, USUAL);
                // Unknown counts as the worse: what is said before a deletion may be too much, not too little.
                let Ok(terms) = terms else { return true };
                let removes = terms.picture_removal == PictureRemoval::RemovesTime;
                self.removes_time = Some((contract.to_owned(), removes));
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

    fn apply(&mut self, update: NotificationUpdate) {
        match update {
            NotificationUpdate::Show(message) => self.notifier.show(&message),
            NotificationUpdate::Withdraw(topic) => self.notifier.withdraw(topic),
        }
    }

    /// Does what was chosen; if that is refused, says why.
    fn perform_or_report(&mut self, action: TrayAction) {
        match self.perform(&action) {
            Ok(Some(done)) => self.notifier.show(&done),
            Ok(None) => self.notifier.withdraw(NotificationTopic::Refusal),
            Err(error) => {
                let mut why = format!("{error:#}");
                if !why.ends_with('.') {
                    why.push('.');
                }
                self.notifier.show(&Notification::new(NotificationTopic::Refusal, "That was not done", why));
            }
        }
    }

    fn perform(&mut self, action: &TrayAction) -> Result<Option<Notification>> {
        match action {
            TrayAction::Start => {
                ensure_agent(&self.client, self.agent.as_deref())?;
                self.client.ask(&StartTracking { memo: None, no_sign: false }, LONG)?;
            }
            TrayAction::Stop => self.client.ask(&StopTracking { at_segment_end: false }, LONG)?,
            TrayAction::Pause => self.client.ask(&PauseTracking, LONG)?,
            TrayAction::Switch(contract) => {
                self.client.ask(&SwitchContract { contract: contract.clone() }, LONG)?;
            }
            TrayAction::RemovePicture(start) => return self.remove_picture(*start).map(Some),
            TrayAction::RestorePicture(start) => {
                self.client.ask(&RestoreSegment { start: *start }, LONG)?;
                return Ok(Some(Notification::new(NotificationTopic::Picture, "The picture is back", "")));
            }
            TrayAction::LeaveOut(from) => {
                self.check_question(*from)?;
                self.client.ask(&AnswerIdle { answer: IdleAnswer::LeaveOut }, LONG)?;
            }
            TrayAction::KeepAsManual(from) => {
                let memo =
                    self.check_question(*from)?.context("manual time needs a memo: set one in the window")?;
                self.client.ask(&AnswerIdle { answer: IdleAnswer::Manual(memo) }, LONG)?;
            }
            TrayAction::Open(page) => return self.open_window(*page).map(|()| None),
            TrayAction::Quit => self.client.ask(&QuitAgent, LONG)?,
        }
        Ok(None)
    }

    /// Returns the memo if the question about the time from then on is still open.
    fn check_question(&self, from: u64) -> Result<Option<String>> {
        let status = self.client.status()?;
        if status.question.is_none_or(|question| question.from != from) {
            bail!("that question was answered already");
        }
        Ok(status.memo)
    }

    fn remove_picture(&mut self, start: u64) -> Result<Notification> {
        self.client.ask(&RemovePicture { start }, USUAL)?;
        let removed_time = self.removes_time.as_ref().is_some_and(|(_, removes)| *removes);
        let stays =
            if removed_time { "Under the terms, its time is removed too." } else { "Your time stays." };
        let now = self.status.as_ref().map_or(start, |s| s.now);
        let client = self.status.as_ref().map_or("The client", |s| s.client());
        let message = Notification::new(
            NotificationTopic::Picture,
            format!("Picture of the segment from {} deleted", self.zone.moment(start, now)),
            format!("{stays} {client} sees that a picture was deleted."),
        );
        Ok(message
            .with_action(TrayAction::RestorePicture(start), "Undo")
            .with_fallback("`candor picture --undo` brings it back."))
    }

    /// Opens the window: this same program, as a process of its own.
    fn open_window(&mut self, page: StartPage) -> Result<()> {
        if self.windows.len() >= MAX_WINDOWS {
            bail!("{MAX_WINDOWS} windows are open: close some first");
        }
        let program =
            std::env::current_exe().context("this program's place is unknown: start `candor` by hand")?;
        let window = Command::new(program)
            .arg("--data")
            .arg(self.client.data())
            .args(["window", "--page", page.name()])
            .stdin(Stdio::null())
            .spawn()
            .context("the window could not be opened: start `candor` by hand")?;
        self.windows.push(window);
        Ok(())
    }

    /// Ends the agent, as at sign-out, and takes the icon away.
    fn quit_agent(&mut self) {
        match self.client.ask(&QuitAgent, USUAL) {
            Ok(_) | Err(ClientError::NotRunning(_)) => {}
            Err(error) => terminal::print_aside(&format!("candor: the agent goes on: {error}.")),
        }
        self.remove_indicators();
    }

    /// Takes away the icon and the notification that something is recorded.
    fn remove_indicators(&mut self) {
        self.notifier.withdraw(NotificationTopic::Recording);
        if let Some(item) = self.item.take() {
            item.shutdown().wait();
        }
    }
}
