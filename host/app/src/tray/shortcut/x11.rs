//! The shortcut by an X11 grab.
//!
//! This process must never see any other key (invariant 11). It asks the X server for one combination, Ctrl+Alt+P, and
//! for nothing else: no key events of any window, no RECORD, no XInput. While a grabbed combination is held, the server
//! would send every key to whoever grabbed it; so the grab is a synchronous one, with which the server holds back all
//! that is typed after the press, and the first thing done on it is to end it: what was held back goes to the window
//! that it was meant for, and never comes here.

use std::sync::mpsc::SyncSender;
use std::time::{Duration, Instant};

use x11rb::connection::Connection as _;
use x11rb::errors::{ConnectError, ConnectionError, ReplyError};
use x11rb::protocol::xproto::{ConnectionExt as _, GrabMode, ModMask};
use x11rb::protocol::{ErrorKind, Event as XEvent};
use x11rb::rust_connection::RustConnection;

use super::super::event::TrayEvent;

/// The combination, for people.
pub(crate) const NAME: &str = "Ctrl+Alt+P";

/// Keysyms: a small p, the left Alt key, Num Lock.
const KEY: u32 = 0x70;
const ALT: u32 = 0xffe9;
const NUM_LOCK: u32 = 0xff7f;
/// Presses that follow within this long are the same one: a held key repeats.
const SAME: Duration = Duration::from_millis(700);

/// Why the combination cannot be had.
#[derive(Debug, thiserror::Error)]
pub(crate) enum GrabError {
    /// There is no X11 display.
    #[error("there is no X11 display, and this desktop's portal has no shortcuts")]
    NoDisplay(#[source] ConnectError),
    /// The keyboard has no such key.
    #[error("this keyboard has no P")]
    NoKey,
    /// Another program has it.
    #[error("{NAME} belongs to another program")]
    Taken,
    /// The display did not answer.
    #[error("the display does not answer ({0})")]
    Broken(#[from] ReplyError),
}

impl From<ConnectionError> for GrabError {
    fn from(error: ConnectionError) -> Self {
        Self::Broken(error.into())
    }
}

/// The grabbed combination; let go of when it is dropped, with its connection.
pub(crate) struct Grab {
    connection: RustConnection,
}

impl Grab {
    /// Grabs the combination on every screen, with Caps Lock and Num Lock on or off.
    ///
    /// # Errors
    /// If it cannot be had.
    pub(crate) fn take() -> Result<Self, GrabError> {
        let (connection, _) = x11rb::connect(None).map_err(GrabError::NoDisplay)?;
        let key = keycode(&connection, KEY)?.ok_or(GrabError::NoKey)?;
        let alt = modifier(&connection, ALT)?.unwrap_or(ModMask::M1);
        let wanted = ModMask::CONTROL | alt;
        let mut locks = vec![ModMask::from(0_u16), ModMask::LOCK];
        if let Some(num) = modifier(&connection, NUM_LOCK)? {
            locks.extend([num, num | ModMask::LOCK]);
        }
        for screen in &connection.setup().roots {
            for lock in &locks {
                let grabbed = connection.grab_key(
                    false,
                    screen.root,
                    wanted | *lock,
                    key,
                    GrabMode::ASYNC,
                    GrabMode::SYNC,
                )?;
                grabbed.check().map_err(|error| match error {
                    ReplyError::X11Error(x) if x.error_kind == ErrorKind::Access => GrabError::Taken,
                    other => GrabError::Broken(other),
                })?;
            }
        }
        Ok(Self { connection })
    }

    /// Waits for the combination until the display ends.
    pub(crate) fn serve(self, events: &SyncSender<TrayEvent>) {
        let mut last: Option<Instant> = None;
        while let Ok(event) = self.connection.wait_for_event() {
            let XEvent::KeyPress(_) = event else { continue };
            // Before anything else: give the keyboard back.
            let freed = self.connection.ungrab_keyboard(x11rb::CURRENT_TIME).map(|request| request.check());
            if !matches!(freed, Ok(Ok(()))) {
                return;
            }
            let held = last.is_some_and(|at| at.elapsed() < SAME);
            last = Some(Instant::now());
            if !held {
                // A full queue: the pause before it is still to be done, and one is enough.
                let _ = events.try_send(TrayEvent::Shortcut);
            }
        }
    }
}

/// The keycode that gives a keysym without modifiers.
fn keycode(connection: &RustConnection, keysym: u32) -> Result<Option<u8>, GrabError> {
    let setup = connection.setup();
    let (first, last) = (setup.min_keycode, setup.max_keycode);
    let mapping = connection.get_keyboard_mapping(first, last - first + 1)?.reply()?;
    let per_key = usize::from(mapping.keysyms_per_keycode).max(1);
    let rows = mapping.keysyms.chunks(per_key);
    Ok((first..=last).zip(rows).find(|(_, keysyms)| keysyms.first() == Some(&keysym)).map(|(code, _)| code))
}

/// The modifier that a key sets.
fn modifier(connection: &RustConnection, keysym: u32) -> Result<Option<ModMask>, GrabError> {
    const MODIFIERS: [ModMask; 8] = [
        ModMask::SHIFT,
        ModMask::LOCK,
        ModMask::CONTROL,
        ModMask::M1,
        ModMask::M2,
        ModMask::M3,
        ModMask::M4,
        ModMask::M5,
    ];
    let Some(code) = keycode(connection, keysym)? else { return Ok(None) };
    let mapping = connection.get_modifier_mapping()?.reply()?;
    let per_modifier = usize::from(mapping.keycodes_per_modifier()).max(1);
    let rows = mapping.keycodes.chunks(per_modifier);
    Ok(MODIFIERS.into_iter().zip(rows).find(|(_, codes)| codes.contains(&code)).map(|(modifier, _)| modifier))
}
