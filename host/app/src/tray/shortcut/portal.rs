//! The shortcut by `org.freedesktop.portal.GlobalShortcuts`: the desktop asks the person which keys to use, and updates
//! this program only that they were pressed.

use std::collections::HashMap;
use std::sync::mpsc::SyncSender;

use zbus::MatchRule;
use zbus::blocking::{Connection, MessageIterator, Proxy};
use zbus::message::Type;
use zbus::zvariant::{ObjectPath, OwnedObjectPath, OwnedValue, Value};

use super::super::event::TrayEvent;

const PORTAL: &str = "org.freedesktop.portal.Desktop";
const PATH: &str = "/org/freedesktop/portal/desktop";
const SHORTCUTS: &str = "org.freedesktop.portal.GlobalShortcuts";
const REQUEST: &str = "org.freedesktop.portal.Request";
/// The shortcut's id in the portal.
const ID: &str = "pause";
/// What the desktop proposes, in its own notation.
const TRIGGER: &str = "CTRL+ALT+p";
/// How many signals wait to be looked at.
const WAITING: usize = 16;

type Details = HashMap<String, OwnedValue>;

/// Returns whether the desktop has the portal.
pub(super) fn is_there(connection: &Connection) -> bool {
    let version = Proxy::new(connection, PORTAL, PATH, SHORTCUTS)
        .and_then(|portal| portal.get_property::<u32>("version"));
    version.is_ok_and(|version| version >= 1)
}

/// Registers the shortcut and waits for it until the bus ends.
///
/// # Errors
/// If the desktop or the person declines it.
pub(super) fn serve(connection: &Connection, events: &SyncSender<TrayEvent>) -> zbus::Result<()> {
    let portal = Proxy::new(connection, PORTAL, PATH, SHORTCUTS)?;
    // Subscribed before anything is asked, so that nothing is missed.
    let rule = MatchRule::builder()
        .msg_type(Type::Signal)
        .sender(PORTAL)?
        .interface(SHORTCUTS)?
        .member("Activated")?
        .build();
    let activated = MessageIterator::for_match_rule(rule, connection, Some(WAITING))?;

    let options = HashMap::from([("session_handle_token", Value::from("candor"))]);
    let created = ask(connection, "candor_session", |token| {
        let mut options = options.clone();
        options.insert("handle_token", Value::from(token));
        portal.call::<_, _, OwnedObjectPath>("CreateSession", &(options,))
    })?;
    let session: String = created
        .get("session_handle")
        .and_then(|handle| handle.downcast_ref::<String>().ok())
        .ok_or_else(|| zbus::Error::Failure("the portal named no session".into()))?;
    let session = ObjectPath::try_from(session)?;

    let shortcut = HashMap::from([
        ("description", Value::from("Pause for private time")),
        ("preferred_trigger", Value::from(TRIGGER)),
    ]);
    ask(connection, "candor_bind", |token| {
        let options = HashMap::from([("handle_token", Value::from(token))]);
        let shortcuts = vec![(ID, shortcut.clone())];
        portal.call::<_, _, OwnedObjectPath>("BindShortcuts", &(&session, shortcuts, "", options))
    })?;

    for signal in activated.flatten() {
        let body = signal.body();
        let Ok((of, id, _at, _details)) = body.deserialize::<(ObjectPath<'_>, &str, u64, Details)>() else {
            continue;
        };
        if of == session && id == ID {
            // A full queue: the pause before it is still to be done, and one is enough.
            let _ = events.try_send(TrayEvent::Shortcut);
        }
    }
    Ok(())
}

/// Asks the portal for something and waits for its response: a person may be asked meanwhile.
fn ask(
    connection: &Connection,
    token: &str,
    call: impl Fn(&str) -> zbus::Result<OwnedObjectPath>,
) -> zbus::Result<Details> {
    let sender = connection.unique_name().map(|name| name.as_str()).unwrap_or_default();
    let path = format!("{PATH}/request/{}/{token}", sender.trim_start_matches(':').replace('.', "_"));
    let rule = MatchRule::builder()
        .msg_type(Type::Signal)
        .sender(PORTAL)?
        .interface(REQUEST)?
        .member("Response")?
        .path(path)?
        .build();
    let mut responses = MessageIterator::for_match_rule(rule, connection, Some(1))?;
    call(token)?;
    let response =
        responses.next().ok_or_else(|| zbus::Error::Failure("the portal did not respond".into()))??;
    let (code, details): (u32, Details) = response.body().deserialize()?;
    if code != 0 {
        return Err(zbus::Error::Failure("the shortcut was declined".into()));
    }
    Ok(details)
}
