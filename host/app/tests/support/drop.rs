//! Drags a file onto a window, as a file manager does it: the XDND protocol, version 5, from the side of the source.

use std::path::Path;
use std::time::Instant;

use x11rb::COPY_DEPTH_FROM_PARENT;
use x11rb::connection::Connection as _;
use x11rb::protocol::Event;
use x11rb::protocol::xproto::{
    AtomEnum, ClientMessageEvent, ConnectionExt as _, CreateWindowAux, EventMask, PropMode,
    SELECTION_NOTIFY_EVENT, SelectionNotifyEvent, WindowClass,
};
use x11rb::rust_connection::RustConnection;
use x11rb::wrapper::ConnectionExt as _;

use super::desk::PATIENCE;

/// Drops a file onto a window at its middle, and waits until the window has taken it.
pub fn file(display: &str, target: u32, path: &Path) {
    let (client, screen) = RustConnection::connect(Some(display)).unwrap();
    let root = client.setup().roots[screen].root;
    let atom = |name: &str| client.intern_atom(false, name.as_bytes()).unwrap().reply().unwrap().atom;
    let [selection, uris, copy] = ["XdndSelection", "text/uri-list", "XdndActionCopy"].map(atom);
    let source = client.generate_id().unwrap();
    let (class, set) = (WindowClass::INPUT_OUTPUT, CreateWindowAux::new());
    client.create_window(COPY_DEPTH_FROM_PARENT, source, root, 0, 0, 1, 1, 0, class, 0, &set).unwrap();
    client.set_selection_owner(source, selection, x11rb::CURRENT_TIME).unwrap();

    let size = client.get_geometry(target).unwrap().reply().unwrap();
    let middle = (i16::try_from(size.width / 2).unwrap(), i16::try_from(size.height / 2).unwrap());
    let at = client.translate_coordinates(target, root, middle.0, middle.1).unwrap().reply().unwrap();
    let at = u32::from(at.dst_x.cast_unsigned()) << 16 | u32::from(at.dst_y.cast_unsigned());
    let send = |kind: &str, data: [u32; 5]| {
        let message = ClientMessageEvent::new(32, target, atom(kind), data);
        client.send_event(false, target, EventMask::NO_EVENT, message).unwrap();
        client.flush().unwrap();
    };
    send("XdndEnter", [source, 5 << 24, uris, 0, 0]);
    send("XdndPosition", [source, 0, at, x11rb::CURRENT_TIME, copy]);

    let (status, finished) = (atom("XdndStatus"), atom("XdndFinished"));
    let text = format!("file://{}\r\n", path.display());
    let until = Instant::now() + PATIENCE;
    let mut dropped = false;
    loop {
        assert!(Instant::now() < until, "the window does not take the file");
        match client.poll_for_event().unwrap() {
            Some(Event::SelectionRequest(asked)) => {
                client
                    .change_property8(
                        PropMode::REPLACE,
                        asked.requestor,
                        asked.property,
                        asked.target,
                        text.as_bytes(),
                    )
                    .unwrap();
                let told = SelectionNotifyEvent {
                    response_type: SELECTION_NOTIFY_EVENT,
                    sequence: 0,
                    time: asked.time,
                    requestor: asked.requestor,
                    selection,
                    target: asked.target,
                    property: if asked.target == uris { asked.property } else { AtomEnum::NONE.into() },
                };
                client.send_event(false, asked.requestor, EventMask::NO_EVENT, told).unwrap();
                client.flush().unwrap();
            }
            Some(Event::ClientMessage(said)) if said.type_ == status => {
                let taken = said.data.as_data32()[1] & 1 == 1;
                if taken && !dropped {
                    send("XdndDrop", [source, 0, x11rb::CURRENT_TIME, 0, 0]);
                    dropped = true;
                } else if !taken {
                    send("XdndPosition", [source, 0, at, x11rb::CURRENT_TIME, copy]);
                }
            }
            Some(Event::ClientMessage(said)) if said.type_ == finished => return,
            Some(_) => {}
            None => std::thread::sleep(std::time::Duration::from_millis(20)),
        }
    }
}
