//! Shows notifications, over one connection to the session bus.
//!
//! Spoken directly with zbus: the usual crate for it (notify-rust 4.19) brings a second zbus along, keeps a connection
//! and a thread for each notification that may be answered, and asks for the answers only after it has been shown.

use std::collections::{BTreeMap, HashMap};
use std::sync::mpsc::{SyncSender, TrySendError};
use std::thread;

use zbus::MatchRule;
use zbus::blocking::{Connection, MessageIterator};
use zbus::message::Type;
use zbus::zvariant::Value;

use super::Event;
use super::bus::NOTIFICATIONS;
use super::herald::{Message, Topic};

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
pub(crate) enum Heard {
    /// The action with this key.
    Action(u32, String),
    /// It is no longer shown.
    Closed(u32),
}

/// Shows notifications, at most one a topic.
pub(crate) struct Notifier {
    connection: Connection,
    shown: BTreeMap<Topic, u32>,
    said_missing: bool,
}

impl Notifier {
    /// Begins to listen for answers, before anything is shown.
    ///
    /// # Errors
    /// Where the bus does not take the subscription.
    pub(crate) fn new(connection: Connection, events: SyncSender<Event>) -> zbus::Result<Self> {
        let rule = MatchRule::builder()
            .msg_type(Type::Signal)
            .interface(NOTIFICATIONS)?
            .path(PATH)?
            // Only from whoever is the server: any program may send a signal that looks like its.
            .sender(NOTIFICATIONS)?
            .build();
        let signals = MessageIterator::for_match_rule(rule, &connection, Some(WAITING))?;
        thread::Builder::new().name("notifications".into()).spawn(move || {
            for signal in signals.flatten() {
                let Some(heard) = understand(&signal) else { continue };
                if let Err(TrySendError::Disconnected(_)) = events.try_send(Event::Heard(heard)) {
                    return;
                }
            }
        })?;
        Ok(Self { connection, shown: BTreeMap::new(), said_missing: false })
    }

    /// Shows a message in the place of an earlier one of its topic. Where nothing shows notifications, says so once.
    pub(crate) fn show(&mut self, message: &Message) {
        match self.send(message) {
            Ok(id) => {
                self.shown.insert(message.topic, id);
            }
            Err(error) if !self.said_missing => {
                self.said_missing = true;
                eprintln!(
                    "candor: nothing shows notifications here ({error}). `candor status` says the same things; \
                     `candor doctor` says what would bring them."
                );
            }
            Err(_) => {}
        }
    }

    fn send(&self, message: &Message) -> zbus::Result<u32> {
        let can = abilities(&self.connection)?;
        let mut body = message.body.clone();
        let actions: Vec<String> = if can.actions {
            message.actions.iter().flat_map(|(deed, words)| [deed.to_string(), words.clone()]).collect()
        } else {
            if let Some(instead) = message.without_actions {
                body = format!("{body} {instead}");
            }
            Vec::new()
        };
        if can.markup {
            body = body.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        }
        let hints: HashMap<&str, Value<'_>> = HashMap::from([
            ("urgency", Value::U8(if message.topic == Topic::Recording { 2 } else { 1 })),
            ("desktop-entry", Value::from("candor")),
        ]);
        let earlier = self.shown.get(&message.topic).copied().unwrap_or(0);
        let reply = self.connection.call_method(
            Some(NOTIFICATIONS),
            PATH,
            Some(NOTIFICATIONS),
            "Notify",
            &("Candor", earlier, "", message.summary.as_str(), body.as_str(), actions, hints, -1_i32),
        )?;
        reply.body().deserialize()
    }

    /// Takes a message back, where it is shown.
    pub(crate) fn withdraw(&mut self, topic: Topic) {
        if let Some(id) = self.shown.remove(&topic) {
            // Where the server is gone, so is the notification.
            let _ = self.connection.call_method(
                Some(NOTIFICATIONS),
                PATH,
                Some(NOTIFICATIONS),
                "CloseNotification",
                &id,
            );
        }
    }

    /// Whether a notification is one of these; forgets it where it is closed.
    pub(crate) fn is_ours(&mut self, heard: &Heard) -> bool {
        match heard {
            Heard::Action(id, _) => self.shown.values().any(|shown| shown == id),
            Heard::Closed(id) => {
                let before = self.shown.len();
                self.shown.retain(|_, shown| shown != id);
                self.shown.len() != before
            }
        }
    }
}

fn understand(signal: &zbus::Message) -> Option<Heard> {
    let header = signal.header();
    match header.member()?.as_str() {
        "ActionInvoked" => {
            let (id, key): (u32, String) = signal.body().deserialize().ok()?;
            Some(Heard::Action(id, key))
        }
        "NotificationClosed" => {
            let (id, _reason): (u32, u32) = signal.body().deserialize().ok()?;
            Some(Heard::Closed(id))
        }
        _ => None,
    }
}
