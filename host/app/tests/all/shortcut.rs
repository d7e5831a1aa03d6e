//! The shortcut that pauses: on X11 by a grab, elsewhere by the portal.

use std::collections::HashMap;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use candor_protocol::PauseTracking;
use x11rb::connection::Connection as _;
use x11rb::protocol::xproto::{ConnectionExt as _, GrabMode, GrabStatus};
use zbus::blocking::connection::Builder;
use zbus::zvariant::{ObjectPath, OwnedObjectPath, OwnedValue, Value};

use crate::agent::Agent;
use crate::desktop::{Desktop, wait};

#[test]
fn the_shortcut_pauses_and_the_keyboard_is_free_while_it_is_held() {
    let agent = Agent::new();
    let mut desktop = Desktop::new();
    let (screen, number) = x11rb::connect(Some(desktop.display())).unwrap();
    let root = screen.setup().roots[number].root;
    let tray = desktop.candor(agent.data(), "tray");
    desktop.run(tray);
    // With Caps Lock on, too; pressed until the tray listens.
    desktop.xdotool(&["key", "Caps_Lock"]);
    wait("the pause", || {
        desktop.xdotool(&["keydown", "ctrl", "keydown", "alt", "keydown", "p"]);
        let paused = agent.deeds().contains(&PauseTracking.into());
        if !paused {
            desktop.xdotool(&["keyup", "p", "keyup", "alt", "keyup", "ctrl"]);
        }
        paused.then_some(())
    });
    // The keys are still down. Had the tray kept the keyboard, nobody else could have it now.
    let taken = screen.grab_keyboard(false, root, x11rb::CURRENT_TIME, GrabMode::ASYNC, GrabMode::ASYNC);
    assert_eq!(taken.unwrap().reply().unwrap().status, GrabStatus::SUCCESS);
    screen.ungrab_keyboard(x11rb::CURRENT_TIME).unwrap().check().unwrap();
    desktop.xdotool(&["keyup", "p", "keyup", "alt", "keyup", "ctrl"]);
    // Nothing is ever begun by it.
    desktop.xdotool(&["key", "ctrl+alt+p"]);
    std::thread::sleep(std::time::Duration::from_secs(2));
    assert_eq!(
        agent.deeds().iter().filter(|d| **d != PauseTracking.into()).count(),
        0,
        "{:?}",
        agent.deeds()
    );
    assert_eq!(agent.deeds().len(), 1, "{:?}", agent.deeds());
}

/// The desktop's side of the portal, as its documentation has it: there is no desktop with one among Debian's that runs
/// without a graphics card.
struct Portal {
    bound: SyncSender<(String, String)>,
}

fn request_path(sender: &str, options: &HashMap<String, OwnedValue>) -> OwnedObjectPath {
    let token: String = options["handle_token"].downcast_ref().unwrap();
    let sender = sender.trim_start_matches(':').replace('.', "_");
    ObjectPath::try_from(format!("/org/freedesktop/portal/desktop/request/{sender}/{token}")).unwrap().into()
}

const SESSION: &str = "/org/freedesktop/portal/desktop/session/1/candor";

async fn respond(
    connection: &zbus::Connection,
    request: &OwnedObjectPath,
    details: HashMap<&str, Value<'_>>,
) {
    let body = (0_u32, details);
    let interface = "org.freedesktop.portal.Request";
    connection.emit_signal(None::<&str>, request, interface, "Response", &body).await.unwrap();
}

#[zbus::interface(name = "org.freedesktop.portal.GlobalShortcuts")]
impl Portal {
    #[zbus(property, name = "version")]
    fn version(&self) -> u32 {
        1
    }

    async fn create_session(
        &self,
        options: HashMap<String, OwnedValue>,
        #[zbus(header)] header: zbus::message::Header<'_>,
        #[zbus(connection)] connection: &zbus::Connection,
    ) -> OwnedObjectPath {
        let request = request_path(header.sender().unwrap(), &options);
        respond(connection, &request, HashMap::from([("session_handle", Value::from(SESSION))])).await;
        request
    }

    async fn bind_shortcuts(
        &self,
        session: OwnedObjectPath,
        shortcuts: Vec<(String, HashMap<String, OwnedValue>)>,
        _parent: String,
        options: HashMap<String, OwnedValue>,
        #[zbus(header)] header: zbus::message::Header<'_>,
        #[zbus(connection)] connection: &zbus::Connection,
    ) -> OwnedObjectPath {
        assert_eq!(session.as_str(), SESSION);
        let (id, details) = &shortcuts[0];
        let words = details["description"].downcast_ref().unwrap();
        let request = request_path(header.sender().unwrap(), &options);
        respond(connection, &request, HashMap::new()).await;
        self.bound.send((id.clone(), words)).unwrap();
        request
    }
}

#[test]
fn where_the_desktop_has_shortcuts_of_its_own_they_are_used() {
    let agent = Agent::new();
    let mut desktop = Desktop::new();
    let (bound, waits): (_, Receiver<(String, String)>) = sync_channel(4);
    let portal = Builder::address(desktop.address())
        .unwrap()
        .serve_at("/org/freedesktop/portal/desktop", Portal { bound })
        .unwrap()
        .name("org.freedesktop.portal.Desktop")
        .unwrap()
        .build()
        .unwrap();
    let tray = desktop.candor(agent.data(), "tray");
    desktop.run(tray);
    let (id, words) = waits.recv().unwrap();
    assert_eq!((id.as_str(), words.as_str()), ("pause", "Pause for private time"));
    let activate = |session: &str, id: &str| {
        let session = ObjectPath::try_from(session).unwrap();
        let body = (session, id, 7_u64, HashMap::<&str, Value<'_>>::new());
        let (path, interface) = ("/org/freedesktop/portal/desktop", "org.freedesktop.portal.GlobalShortcuts");
        portal.emit_signal(None::<&str>, path, interface, "Activated", &body).unwrap();
    };
    // Somebody else's are none of ours.
    activate("/org/freedesktop/portal/desktop/session/1/other", "pause");
    activate(SESSION, "volume");
    assert_eq!(agent.deeds(), []);
    wait("the pause", || {
        activate(SESSION, "pause");
        agent.deeds().contains(&PauseTracking.into()).then_some(())
    });
}
