//! Shows notifications, over one connection to the session bus.
//!
//! Spoken directly with zbus: the usual crate for it (notify-rust 4.19) brings a second zbus along, keeps a connection
//! and a thread for each notification that may be answered, and asks for the answers only after it has been shown.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, TrySendError};
use std::thread;

use parking_lot::Mutex;
use zbus::MatchRule;
use zbus::blocking::{Connection, MessageIterator};
use zbus::message::Type;
use zbus::zvariant::Value;

use super::bus::{NOTIFICATIONS, name_owner};
use super::event::TrayEvent;
use super::indicator_mailbox::IndicatorMailbox;
use super::notification::{Notification, NotificationTopic};
use crate::terminal;

const PATH: &str = "/org/freedesktop/Notifications";
/// How many signals wait to be looked at. What a flood pushes out is only ever somebody else's.
const WAITING: usize = 64;

/// What the notifications' server can do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ServerCapabilities {
    /// Whether it shows buttons.
    pub(crate) actions: bool,
    /// Whether it reads `<` and `&` in a body as markup.
    pub(crate) markup: bool,
}

/// Asks the server what it can do; the bus may start it for that.
///
/// # Errors
/// If there is none.
pub(crate) fn server_capabilities(connection: &Connection) -> zbus::Result<ServerCapabilities> {
    let reply =
        connection.call_method(Some(NOTIFICATIONS), PATH, Some(NOTIFICATIONS), "GetCapabilities", &())?;
    let all: Vec<String> = reply.body().deserialize()?;
    let has = |name: &str| all.iter().any(|capability| capability == name);
    Ok(ServerCapabilities { actions: has("actions"), markup: has("body-markup") })
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
struct ShownNotification {
    id: u32,
    /// The server that shows it, as the bus names its connection: with it, the notification is gone.
    server: String,
}

/// Shows notifications, at most one a topic. Copies share what is shown.
#[derive(Clone)]
pub(crate) struct Notifier {
    connection: Connection,
    /// Locked while a notification is sent, so that an answer that comes at once finds its id known.
    shown: Arc<Mutex<BTreeMap<NotificationTopic, ShownNotification>>>,
    said_missing: bool,
}

impl Notifier {
    /// Begins to listen for answers, before anything is shown.
    ///
    /// # Errors
    /// If the bus does not take the subscription.
    pub(crate) fn new(
        connection: Connection,
        events: SyncSender<TrayEvent>,
        mailbox: Arc<IndicatorMailbox>,
    ) -> zbus::Result<Self> {
        let rule = MatchRule::builder()
            .msg_type(Type::Signal)
            .interface(NOTIFICATIONS)?
            .path(PATH)?
            // Only from whoever is the server: any program may send a signal that looks like its.
            .sender(NOTIFICATIONS)?
            .build();
        let signals = MessageIterator::for_match_rule(rule, &connection, Some(WAITING))?;
        let shown: Arc<Mutex<BTreeMap<NotificationTopic, ShownNotification>>> = Arc::default();
        let known = Arc::clone(&shown);
        thread::Builder::new().name("notifications".into()).spawn(move || {
            for signal in signals.flatten() {
                let Some(heard) = parse_reply(&signal) else { continue };
                let key = match heard {
                    NotificationReply::Closed(id) => {
                        known.lock().retain(|_, shown| shown.id != id);
                        mailbox.report_change();
                        continue;
                    }
                    NotificationReply::Action(id, _) if known.lock().values().all(|shown| shown.id != id) => {
                        continue;
                    }
                    NotificationReply::Action(_, key) => key,
                };
                if let Err(TrySendError::Disconnected(_)) =
                    events.try_send(TrayEvent::NotificationAction(key))
                {
                    return;
                }
            }
            // If nobody receives any more, the tray has ended.
            let _ended = events.send(TrayEvent::BusGone);
        })?;
        Ok(Self { connection, shown, said_missing: false })
    }

    /// Shows a message in the place of an earlier one of its topic. If nothing shows notifications, says so once.
    pub(crate) fn show(&mut self, message: &Notification) {
        let mut all = self.shown.lock();
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
                terminal::print_aside(&format!(
                    "candor: nothing shows notifications here ({error}). `candor status` says the same things; \
                     `candor doctor` says what would bring them."
                ));
            }
            Err(_) => {}
        }
    }

    fn send(&self, message: &Notification, earlier: u32) -> zbus::Result<ShownNotification> {
        let can = server_capabilities(&self.connection)?;
        let mut body = message.body.clone();
        let actions: Vec<String> = if can.actions {
            message.actions.iter().flat_map(|(action, words)| [action.to_string(), words.clone()]).collect()
        } else {
            if let Some(instead) = message.fallback {
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
        Ok(ShownNotification { id: reply.body().deserialize()?, server })
    }

    /// Returns whether a notification of this topic is on the screen.
    pub(crate) fn is_shown(&self, topic: NotificationTopic) -> bool {
        let Some(shown) = self.shown.lock().get(&topic).cloned() else { return false };
        if name_owner(&self.connection, NOTIFICATIONS).is_some_and(|server| server == shown.server) {
            return true;
        }
        self.shown.lock().retain(|_, other| *other != shown);
        false
    }

    /// The notification of this topic, as [`Self::close_left_behind`] takes it.
    pub(crate) fn shown(&self, topic: NotificationTopic) -> Option<String> {
        self.shown.lock().get(&topic).map(|shown| format!("{} {}", shown.server, shown.id))
    }

    /// Closes what another of these programs showed, if the same server still shows it.
    pub(crate) fn close_left_behind(&self, shown: &str) {
        let Some((server, id)) = shown.trim().split_once(' ') else { return };
        let same = name_owner(&self.connection, NOTIFICATIONS).is_some_and(|now| now == server);
        if let (true, Ok(id)) = (same, id.parse()) {
            self.close(id);
        }
    }

    fn close(&self, id: u32) {
        // If the server is gone, so is the notification.
        let _ = self.connection.call_method(
            Some(NOTIFICATIONS),
            PATH,
            Some(NOTIFICATIONS),
            "CloseNotification",
            &id,
        );
    }

    /// Withdraws the notification of a topic, if it is shown.
    pub(crate) fn withdraw(&mut self, topic: NotificationTopic) {
        let shown = self.shown.lock().remove(&topic);
        if let Some(shown) = shown {
            self.close(shown.id);
        }
    }
}

fn parse_reply(signal: &zbus::Message) -> Option<NotificationReply> {
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
