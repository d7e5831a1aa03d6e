//! Reads one window's facts from the X server. Questions about many windows are sent at once and answered in one round
//! trip; a window may vanish in between, which is no error.

use std::sync::Arc;

use x11rb::cookie::Cookie;
use x11rb::errors::{ConnectionError, ReplyError};
use x11rb::protocol::shape::{self, ConnectionExt as _};
use x11rb::protocol::xproto::{
    self, Atom, AtomEnum, ChangeWindowAttributesAux, ConnectionExt as _, EventMask, GetPropertyReply,
    MapState, Window, WindowClass,
};
use x11rb::rust_connection::RustConnection;

use super::atoms::Atoms;
use super::facts::{StaleParts, WindowType, XWindowFacts};
use crate::area::Area;

/// The longest title that is kept, bytes.
pub(super) const MAX_TITLE_BYTES: usize = 4_096;

/// Whether a window was still there when it was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ReadOutcome {
    There,
    Gone,
}

/// Returns the reply, or `None` if the window is gone. An error means that the connection is gone.
pub(super) fn unless_gone<T>(reply: Result<T, ReplyError>) -> Result<Option<T>, ConnectionError> {
    match reply {
        Ok(reply) => Ok(Some(reply)),
        Err(ReplyError::X11Error(_)) => Ok(None),
        Err(ReplyError::ConnectionError(error)) => Err(error),
    }
}

type PendingReply<'c, R> = Cookie<'c, RustConnection, R>;
type PendingProperty<'c> = PendingReply<'c, GetPropertyReply>;

/// The questions about one window that wait for their replies.
pub(super) struct WindowQuestions<'c> {
    pub(super) window: Window,
    place: Option<PlaceQuestions<'c>>,
    title: Option<[PendingProperty<'c>; 2]>,
    rest: Option<[PendingProperty<'c>; 9]>,
}

struct PlaceQuestions<'c> {
    attributes: PendingReply<'c, xproto::GetWindowAttributesReply>,
    geometry: PendingReply<'c, xproto::GetGeometryReply>,
    corner: PendingReply<'c, xproto::TranslateCoordinatesReply>,
    shape: Option<PendingReply<'c, shape::QueryExtentsReply>>,
}

/// Asks the X server about windows.
pub(super) struct FactsReader {
    pub(super) connection: Arc<RustConnection>,
    pub(super) atoms: Atoms,
    pub(super) root: Window,
    /// Whether the X server has shaped windows.
    pub(super) shapes: bool,
}

impl FactsReader {
    /// Subscribes to a window's changes. Call this before its facts are read, so that no change is missed.
    pub(super) fn subscribe(&self, window: Window) -> Result<(), ConnectionError> {
        let events = EventMask::PROPERTY_CHANGE | EventMask::STRUCTURE_NOTIFY | EventMask::FOCUS_CHANGE;
        let changes = ChangeWindowAttributesAux::new().event_mask(events);
        // If it is gone by now, reading it will say so.
        self.connection.change_window_attributes(window, &changes)?.ignore_error();
        if self.shapes {
            self.connection.shape_select_input(window, true)?.ignore_error();
        }
        Ok(())
    }

    /// Sends the questions about what is stale.
    pub(super) fn send_questions(
        &self,
        window: Window,
        stale: StaleParts,
    ) -> Result<WindowQuestions<'_>, ConnectionError> {
        let connection: &RustConnection = &self.connection;
        let place = if stale.place {
            Some(PlaceQuestions {
                attributes: connection.get_window_attributes(window)?,
                geometry: connection.get_geometry(window)?,
                corner: connection.translate_coordinates(window, self.root, 0, 0)?,
                shape: if self.shapes { Some(connection.shape_query_extents(window)?) } else { None },
            })
        } else {
            None
        };
        let property =
            |atom: Atom, words: u32| connection.get_property(false, window, atom, AtomEnum::ANY, 0, words);
        let text = u32::try_from(MAX_TITLE_BYTES / 4).unwrap_or(1);
        let title = if stale.title {
            Some([property(self.atoms._NET_WM_NAME, text)?, property(AtomEnum::WM_NAME.into(), text)?])
        } else {
            None
        };
        let rest = if stale.rest {
            Some([
                property(AtomEnum::WM_CLASS.into(), text)?,
                property(self.atoms._NET_WM_PID, 1)?,
                property(self.atoms._NET_WM_WINDOW_TYPE, 16)?,
                property(AtomEnum::WM_TRANSIENT_FOR.into(), 1)?,
                property(self.atoms.WM_CLIENT_LEADER, 1)?,
                property(self.atoms._NET_WM_WINDOW_OPACITY, 1)?,
                property(self.atoms._NET_FRAME_EXTENTS, 4)?,
                property(self.atoms._GTK_FRAME_EXTENTS, 4)?,
                property(self.atoms.WM_STATE, 1)?,
            ])
        } else {
            None
        };
        Ok(WindowQuestions { window, place, title, rest })
    }

    /// Waits for the replies and sets the facts.
    pub(super) fn take_replies(
        &self,
        asked: WindowQuestions<'_>,
        facts: &mut XWindowFacts,
    ) -> Result<ReadOutcome, ConnectionError> {
        // Every reply is awaited, even if the first says that the window is gone: no question stays open.
        let mut read = ReadOutcome::There;
        if let Some(place) = asked.place {
            let attributes = unless_gone(place.attributes.reply())?;
            let geometry = unless_gone(place.geometry.reply())?;
            let corner = unless_gone(place.corner.reply())?;
            let shape = match place.shape {
                Some(shape) => unless_gone(shape.reply())?.map(|shape| shape.bounding_shaped),
                None => Some(false),
            };
            match (attributes, geometry, corner, shape) {
                (Some(attributes), Some(geometry), Some(corner), Some(shaped)) => {
                    facts.viewable = attributes.map_state == MapState::VIEWABLE;
                    facts.input_only = attributes.class == WindowClass::INPUT_ONLY;
                    facts.override_redirect = attributes.override_redirect;
                    (facts.outer, facts.inner) = read_areas(&geometry, &corner);
                    facts.depth = geometry.depth;
                    facts.shaped = shaped;
                }
                _ => read = ReadOutcome::Gone,
            }
        }
        if let Some(title) = asked.title {
            match self.await_properties(title)? {
                Some([net, old]) => facts.title = self.read_text(&net).or_else(|| self.read_text(&old)),
                None => read = ReadOutcome::Gone,
            }
        }
        if let Some(rest) = asked.rest {
            match self.await_properties(rest)? {
                Some(rest) => self.set_properties(&rest, facts),
                None => read = ReadOutcome::Gone,
            }
        }
        Ok(read)
    }

    fn await_properties<const N: usize>(
        &self,
        asked: [PendingProperty<'_>; N],
    ) -> Result<Option<[GetPropertyReply; N]>, ConnectionError> {
        let mut replies = Vec::with_capacity(N);
        for property in asked {
            replies.extend(unless_gone(property.reply())?);
        }
        Ok(replies.try_into().ok())
    }

    fn set_properties(&self, properties: &[GetPropertyReply; 9], facts: &mut XWindowFacts) {
        let [class, pid, types, transient, leader, opacity, extents, shadow, state] = properties;
        let number = |property: &GetPropertyReply| property.value32().and_then(|mut values| values.next());
        facts.app = application_name(&class.value, class.bytes_after > 0);
        facts.pid = number(pid).filter(|pid| *pid != 0);
        let types: Vec<Atom> = types.value32().map(Iterator::collect).unwrap_or_default();
        facts.window_type = types
            .iter()
            .map(|atom| self.type_of(*atom))
            .find(|window_type| *window_type != WindowType::Other)
            .unwrap_or_default();
        facts.notifies = types.iter().any(|atom| self.is_notice(*atom));
        facts.transient_for = number(transient).filter(|window| *window != 0 && *window != self.root);
        facts.leader = number(leader).filter(|window| *window != 0);
        facts.translucent = number(opacity).is_some_and(|opacity| opacity != u32::MAX);
        facts.extents = read_sides(extents).unwrap_or_default();
        facts.shadow = read_sides(shadow);
        // 0 is 'withdrawn': no window manager manages it.
        facts.managed = number(state).is_some_and(|state| state != 0);
    }

    fn type_of(&self, atom: Atom) -> WindowType {
        let atoms = &self.atoms;
        if atom == atoms._NET_WM_WINDOW_TYPE_DOCK {
            WindowType::Dock
        } else if atom == atoms._NET_WM_WINDOW_TYPE_DESKTOP {
            WindowType::Desktop
        } else if self.is_notice(atom)
            || [
                atoms._NET_WM_WINDOW_TYPE_COMBO,
                atoms._NET_WM_WINDOW_TYPE_DROPDOWN_MENU,
                atoms._NET_WM_WINDOW_TYPE_MENU,
                atoms._NET_WM_WINDOW_TYPE_POPUP_MENU,
            ]
            .contains(&atom)
        {
            WindowType::Popup
        } else {
            WindowType::Other
        }
    }

    /// Whether a window of this type shows for a moment what any program says. KDE's types have names of their own,
    /// because the standard has none for them; some programs spell them like the standard's all the same.
    fn is_notice(&self, atom: Atom) -> bool {
        let atoms = &self.atoms;
        [
            atoms._KDE_NET_WM_WINDOW_TYPE_CRITICAL_NOTIFICATION,
            atoms._KDE_NET_WM_WINDOW_TYPE_ON_SCREEN_DISPLAY,
            atoms._NET_WM_WINDOW_TYPE_CRITICAL_NOTIFICATION,
            atoms._NET_WM_WINDOW_TYPE_DND,
            atoms._NET_WM_WINDOW_TYPE_NOTIFICATION,
            atoms._NET_WM_WINDOW_TYPE_ON_SCREEN_DISPLAY,
            atoms._NET_WM_WINDOW_TYPE_TOOLTIP,
        ]
        .contains(&atom)
    }

    /// Reads a property of any of the text types; `None` if it is empty or in a form that cannot be read for certain.
    fn read_text(&self, property: &GetPropertyReply) -> Option<String> {
        if property.format != 8 {
            return None;
        }
        let bytes = property.value.split(|byte| *byte == 0).next().unwrap_or_default();
        let text = if property.type_ == self.atoms.UTF8_STRING {
            String::from_utf8_lossy(bytes).into_owned()
        } else if property.type_ == Atom::from(AtomEnum::STRING) {
            latin1(bytes)
        } else if property.type_ == self.atoms.COMPOUND_TEXT && !bytes.contains(&0x1B) {
            // Without an escape sequence, compound text is Latin-1; with one, it has letters of other alphabets.
            latin1(bytes)
        } else {
            return None;
        };
        bounded_text(text)
    }
}

/// Reads the widths of something around a window (left, right, top, bottom); `None` if there is no such property.
fn read_sides(property: &GetPropertyReply) -> Option<[u32; 4]> {
    let mut sides = [0; 4];
    sides.iter_mut().zip(property.value32()?).for_each(|(side, value)| *side = value.min(1_000));
    Some(sides)
}

fn latin1(bytes: &[u8]) -> String {
    bytes.iter().copied().map(char::from).collect()
}

fn bounded_text(mut text: String) -> Option<String> {
    text.truncate(text.floor_char_boundary(MAX_TITLE_BYTES));
    (!text.trim().is_empty()).then_some(text)
}

/// Reads the application's name from `WM_CLASS`, which is 'instance NUL class NUL': the class, or the instance if there
/// is no class. If it is longer than what was read, the name is all of it: the length tells that it was cut.
fn application_name(value: &[u8], cut: bool) -> Option<String> {
    if cut {
        return bounded_text(String::from_utf8_lossy(value).replace('\0', " "));
    }
    let mut parts = value.split(|byte| *byte == 0);
    let (instance, class) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let name = if class.is_empty() { instance } else { class };
    bounded_text(String::from_utf8_lossy(name).into_owned())
}

fn read_areas(
    geometry: &xproto::GetGeometryReply,
    corner: &xproto::TranslateCoordinatesReply,
) -> (Area, Area) {
    let border = 2 * u32::from(geometry.border_width);
    let (width, height) = (u32::from(geometry.width), u32::from(geometry.height));
    let outer = Area {
        x: i32::from(geometry.x),
        y: i32::from(geometry.y),
        width: width + border,
        height: height + border,
    };
    (outer, Area { x: i32::from(corner.dst_x), y: i32::from(corner.dst_y), width, height })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_application_is_the_class_or_else_the_instance() {
        for (value, expected) in [
            (b"xterm\0XTerm\0" as &[u8], Some("XTerm")),
            (b"xterm\0\0", Some("xterm")),
            (b"xterm", Some("xterm")),
            (b"", None),
            (b"\0\0", None),
        ] {
            assert_eq!(application_name(value, false).as_deref(), expected);
        }
        let long = [b"bank\0".as_slice(), &[b'a'; MAX_TITLE_BYTES]].concat();
        assert!(
            application_name(&long[..MAX_TITLE_BYTES], true)
                .is_some_and(|name| name.len() == MAX_TITLE_BYTES)
        );
    }

    #[test]
    fn a_title_is_bounded_and_an_empty_one_is_none() {
        assert_eq!(bounded_text("   ".to_owned()), None);
        assert_eq!(bounded_text("é".repeat(MAX_TITLE_BYTES)).map(|title| title.len()), Some(MAX_TITLE_BYTES));
        assert_eq!(bounded_text("ab".to_owned()).as_deref(), Some("ab"));
    }

    #[test]
    fn latin_1_titles_are_read_letter_by_letter() {
        assert_eq!(latin1(&[b'c', 0xE9]), "cé");
    }
}
