//! Shows notifications, over one connection to the session bus.
//!
//! Spoken directly with zbus: the usual crate for it (notify-rust 4.19) brings a second zbus along, keeps a connection
//! and a thread for each notification that may be answered, and asks for the answers only after it has been shown.

use std::collections::{BTreeMap, HashMap};
use std::sync::mpsc::{SyncSender, TrySendError};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use zbus::MatchRule;
use zbus::blocking::{Connection, MessageIterator};
use zbus::message::Type;
use zbus::zvariant::Value;

use super::Event;
use super::bus::{NOTIFICATIONS, owner};
use super::notification_planner::{Message, Topic};
use super::sign::Board;

const PATH: &str = "/org/freedesktop/Notifications";
/// How many signals wait to be looked at. What a flood pushes out is only ever somebody else's.
const WAITING: usize = 64;

/// What the notifications' server can do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Abilities {
    /// It shows buttons.
    pub(crate) actions: bool,
    /// It reads `<` and `&` in a body as marks.
    pub(crate) markup: bool,
}

/// Asks the server what it can do; starts it where the bus can.
///
/// # Errors
/// Where there is none.
pub(crate) fn abilities(connection: &Connection) -> zbus::Result<Abilities> {
    let reply =
        connection.call_method(Some(NOTIFICATIONS), PATH, Some(NOTIFICATIONS), "GetCapabilities", &())?;
    let all: Vec<String> = reply.body().deserialize()?;
    let has = |name: &str| all.iter().any(|ability| ability == name);
    Ok(Abilities { actions: has("actions"), markup: has("body-markup") })
}

/// A button of a notification was pressed, or one is gone.
#[derive(Clone, Debug, PartialEq, Eq)]
enum NotificationReply {
    /// The action with this key.
    Action(u32, String),
    /// It is no longer shown.
    Closed(u32),
}

/// A notification on the screen.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Shown {
    id: u32,
    /// The server that shows it, as the bus names its connection: with it, the notification is gone.
    server: String,
}

/// Shows notifications, at most one a topic. Copies share what is shown.
#[derive(Clone)]
pub(crate) struct Notifier {
    connection: Connection,
    /// Locked while one is sent, so that what is heard of it at once is heard after it is known.
    shown: Arc<Mutex<BTreeMap<Topic, Shown>>>,
    said_missing: bool,
}

impl Notifier {
    /// Begins to listen for answers, before anything is shown.
    ///
    /// # Errors
    /// Where the bus does not take the subscription.
    pub(crate) fn new(
        connection: Connection,
        events: SyncSender<Event>,
        board: Arc<Board>,
    ) -> zbus::Result<Self> {
        let rule = MatchRule::builder()
            .msg_type(Type::Signal)
            .interface(NOTIFICATIONS)?
            .path(PATH)?
            // Only from whoever is the server: any program may send a signal that looks like its.
            .sender(NOTIFICATIONS)?
            .build();
        let signals = MessageIterator::for_match_rule(rule, &connection, Some(WAITING))?;
        let shown: Arc<Mutex<BTreeMap<Topic, Shown>>> = Arc::default();
        let known = Arc::clone(&shown);
        thread::Builder::new().name("notifications".into()).spawn(move || {
            for signal in signals.flatten() {
                let Some(heard) = understand(&signal) else { continue };
                let key = match heard {
                    NotificationReply::Closed(id) => {
                        lock(&known).retain(|_, shown| shown.id != id);
                        board.stir();
                        continue;
                    }
                    NotificationReply::Action(id, _) if lock(&known).values().all(|shown| shown.id != id) => {
                        continue;
                    }
                    NotificationReply::Action(_, key) => key,
                };
                if let Err(TrySendError::Disconnected(_)) = events.try_send(Event::Action(key)) {
                    return;
                }
            }
            // Where nobody listens any more, it has ended.
            let _ended = events.send(Event::BusGone);
        })?;
        Ok(Self { connection, shown, said_missing: false })
    }

    /// Shows a message in the place of an earlier one of its topic. Where nothing shows notifications, says so once.
    pub(crate) fn show(&mut self, message: &Message) {
        let mut all = lock(&self.shown);
        let earlier = all.get(&message.topic).map_or(0, |shown| shown.id);
        let sent = self.send(message, earlier);
        if let Ok(shown) = &sent {
            all.insert(message.topic, shown.clone());
        }
        drop(all);
        match sent {
            Ok(_) => {}
            Err(error) if !self.said_missing => {
                self.said_missing = true;
                crate::say::aside(&format!(
                    "candor: nothing shows notifications here ({error}). `candor status` says the same things; \
                     `candor doctor` says what would bring them."
                ));
            }
            Err(_) => {}
        }
    }

    fn send(&self, message: &Message, earlier: u32) -> zbus::Result<Shown> {
        let can = abilities(&self.connection)?;
        let mut body = message.body.clone();
        let actions: Vec<String> = if can.actions {
            message.actions.iter().flat_map(|(action, words)| [action.to_string(), words.clone()]).collect()
        } else {
            if let Some(instead) = message.without_actions {
                body = format!("{body} {instead}");
            }
            Vec::new()
        };
        if can.markup {
            body = body.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        }
        // That it is recorded stays until it is closed, and is no alarm.
        let stays = message.stays;
        let hints: HashMap<&str, Value<'_>> = HashMap::from([
            ("urgency", Value::U8(1)),
            ("resident", Value::Bool(stays)),
            ("desktop-entry", Value::from("candor")),
        ]);
        let expires = if stays { 0 } else { -1_i32 };
        let reply = self.connection.call_method(
            Some(NOTIFICATIONS),
            PATH,
            Some(NOTIFICATIONS),
            "Notify",
            &("Candor", earlier, "", message.summary.as_str(), body.as_str(), actions, hints, expires),
        )?;
        let server = reply.header().sender().map(ToString::to_string).unwrap_or_default();
        Ok(Shown { id: reply.body().deserialize()?, server })
    }

    /// Whether a message of this topic is on the screen.
    pub(crate) fn stands(&self, topic: Topic) -> bool {
        let Some(shown) = lock(&self.shown).get(&topic).cloned() else { return false };
        if owner(&self.connection, NOTIFICATIONS).is_some_and(|server| server == shown.server) {
            return true;
        }
        lock(&self.shown).retain(|_, other| *other != shown);
        false
    }

    /// The notification of this topic, as [`Self::take_away`] takes it.
    pub(crate) fn shown(&self, topic: Topic) -> Option<String> {
        lock(&self.shown).get(&topic).map(|shown| format!("{} {}", shown.server, shown.id))
    }

    /// Takes away what another of these programs showed, where the same server still shows it.
    pub(crate) fn take_away(&self, shown: &str) {
        let Some((server, id)) = shown.trim().split_once(' ') else { return };
        let same = owner(&self.connection, NOTIFICATIONS).is_some_and(|now| now == server);
        if let (true, Ok(id)) = (same, id.parse()) {
            self.close(id);
        }
    }

    fn close(&self, id: u32) {
        // Where the server is gone, so is the notification.
        let _ = self.connection.call_method(
            Some(NOTIFICATIONS),
            PATH,
            Some(NOTIFICATIONS),
            "CloseNotification",
            &id,
        );
    }

    /// Takes a message back, where it is shown.
    pub(crate) fn withdraw(&mut self, topic: Topic) {
        let shown = lock(&self.shown).remove(&topic);
        if let Some(shown) = shown {
            self.close(shown.id);
        }
    }
}

fn lock(shown: &Mutex<BTreeMap<Topic, Shown>>) -> MutexGuard<'_, BTreeMap<Topic, Shown>> {
    shown.lock().unwrap_or_else(PoisonError::into_inner)
}

fn understand(signal: &zbus::Message) -> Option<NotificationReply> {
    let header = signal.header();
    match header.member()?.as_str() {
        "ActionInvoked" => {
            let (id, key): (u32, String) = signal.body().deserialize().ok()?;
            Some(NotificationReply::Action(id, key))
        }
        "NotificationClosed" => {
            let (id, _reason): (u32, u32) = signal.body().deserialize().ok()?;
            Some(NotificationReply::Closed(id))
        }
        _ => None,
    }
}
