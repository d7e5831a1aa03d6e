//! Presses and releases from the X server, by its RECORD extension.
//!
//! The stream is read by hand into one fixed buffer rather than by a library: a library would copy each event, key code
//! and all, into memory that nobody clears.

use std::os::fd::{AsFd as _, BorrowedFd};

use rustix::io::Errno;
use x11rb::connection::{Connection as _, RequestConnection as _};
use x11rb::protocol::record::{self, ConnectionExt as _, ExtRange, Range, Range8, Range16};
use x11rb::protocol::xproto;
use x11rb::rust_connection::RustConnection;
use zeroize::Zeroize as _;

use crate::held::Held;
use crate::tally::{Counts, Press};

/// Why counting cannot begin.
#[derive(Debug)]
pub(crate) enum CannotWatch {
    /// The display cannot be opened.
    NoDisplay(String),
    /// The display cannot record input.
    NoRecord(String),
    /// The display is XWayland's: it would see the presses that go to X11 programs, and no others.
    Wayland,
}

impl std::fmt::Display for CannotWatch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NoDisplay(why) => write!(f, "cannot open the display: {why}; name one with --display"),
            Self::NoRecord(why) => {
                write!(f, "cannot count on this display: {why}; the X server must offer the RECORD extension")
            }
            Self::Wayland => write!(
                f,
                "cannot count on Wayland: only presses that go to X11 programs would be seen; sign in with an X11 session"
            ),
        }
    }
}

impl std::error::Error for CannotWatch {}

/// Any failure while the recording is set up means that this display cannot record.
fn refused(error: impl std::fmt::Display) -> CannotWatch {
    CannotWatch::NoRecord(error.to_string())
}

/// Connects to a display on which presses can be counted.
///
/// # Errors
/// When it cannot be opened, has no RECORD extension, or is XWayland's.
pub(crate) fn connect(display: Option<&str>) -> Result<RustConnection, CannotWatch> {
    let (connection, _) =
        RustConnection::connect(display).map_err(|error| CannotWatch::NoDisplay(error.to_string()))?;
    if connection.extension_information("XWAYLAND").map_err(refused)?.is_some() {
        return Err(CannotWatch::Wayland);
    }
    if connection.extension_information(record::X11_EXTENSION_NAME).map_err(refused)?.is_none() {
        return Err(CannotWatch::NoRecord("it has no RECORD extension".to_owned()));
    }
    Ok(connection)
}

/// The display is gone, or speaks nonsense.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Lost;

/// A recording of presses and releases.
pub(crate) struct Presses {
    /// Owns the recording; it ends when this connection does.
    control: RustConnection,
    /// Carries the recording.
    data: RustConnection,
    stream: Stream,
}

impl Presses {
    /// Starts recording; from when this returns, no press is missed.
    pub(crate) fn open(display: Option<&str>) -> Result<Self, CannotWatch> {
        let control = connect(display)?;
        let data = connect(display)?;
        let (major, minor) = record::X11_XML_VERSION;
        let version = |number: u32| u16::try_from(number).unwrap_or(1);
        control
            .record_query_version(version(major), version(minor))
            .map_err(refused)?
            .reply()
            .map_err(refused)?;
        let context = control.generate_id().map_err(refused)?;
        // The four kinds of event follow one another.
        let presses = [range(Range8 { first: xproto::KEY_PRESS_EVENT, last: xproto::BUTTON_RELEASE_EVENT })];
        control
            .record_create_context(context, 0, &[record::CS::ALL_CLIENTS.into()], &presses)
            .map_err(refused)?
            .check()
            .map_err(refused)?;
        // The library's part ends with sending this request: the answers are read by hand.
        drop(data.record_enable_context(context).map_err(refused)?);
        data.flush().map_err(refused)?;

        let mut presses = Self { control, data, stream: Stream::new() };
        while !presses.stream.begun {
            let mut waiting =
                [rustix::event::PollFd::new(presses.data.stream(), rustix::event::PollFlags::IN)];
            match rustix::event::poll(&mut waiting, None) {
                Ok(_) | Err(Errno::INTR) => {}
                Err(error) => return Err(refused(error)),
            }
            // What is pressed meanwhile is not counted: the counter is not locked in yet.
            let read = presses.read(&mut Counts::default());
            read.map_err(|Lost| refused("it ended the recording at once"))?;
        }
        Ok(presses)
    }

    /// The descriptor that becomes readable when something was pressed.
    pub(crate) fn data(&self) -> BorrowedFd<'_> {
        self.data.stream().as_fd()
    }

    /// The descriptor of the connection that owns the recording; nothing of interest comes there.
    pub(crate) fn control(&self) -> BorrowedFd<'_> {
        self.control.stream().as_fd()
    }

    /// Counts what has come, without waiting; answers whether anything had.
    pub(crate) fn read(&mut self, counts: &mut Counts) -> Result<bool, Lost> {
        let mut any = false;
        loop {
            let descriptor = self.data.stream().as_fd();
            match rustix::io::read(descriptor, self.stream.space()) {
                Ok(0) => return Err(Lost),
                Ok(read) => self.stream.take(read, counts)?,
                Err(Errno::AGAIN) => return Ok(any),
                Err(Errno::INTR) => continue,
                Err(_) => return Err(Lost),
            }
            any = true;
        }
    }

    /// Forgets which keys are held.
    pub(crate) fn forget(&mut self) {
        self.stream.keys.forget();
        self.stream.buttons.forget();
    }

    /// Throws away what came on the control connection (the X server tells every client of keyboard changes).
    pub(crate) fn discard(&self) -> Result<(), Lost> {
        let mut waste = [0; 256];
        match rustix::io::read(self.control(), &mut waste) {
            Ok(0) => Err(Lost),
            Ok(_) | Err(Errno::AGAIN | Errno::INTR) => Ok(()),
            Err(_) => Err(Lost),
        }
    }
}

/// Only these device events, and nothing else.
fn range(device_events: Range8) -> Range {
    Range { device_events, ext_requests: NO_EXTENSION, ext_replies: NO_EXTENSION, ..Range::default() }
}

const NO_EXTENSION: ExtRange =
    ExtRange { major: Range8 { first: 0, last: 0 }, minor: Range16 { first: 0, last: 0 } };

/// The unit in which the X protocol speaks: an event, an error, or a reply's head.
const UNIT: usize = 32;

/// A reply whose body follows its head.
const REPLY: u8 = 1;
/// An X event whose body follows its head.
const GENERIC_EVENT: u8 = 35;
/// Categories of RECORD's replies.
const FROM_SERVER: u8 = 0;
const START_OF_DATA: u8 = 4;
const END_OF_DATA: u8 = 5;

/// The recording's bytes, unit by unit. Nothing stays in the buffer but the beginning of a unit that is not whole yet.
struct Stream {
    buffer: [u8; 4096],
    filled: usize,
    /// Bytes of the current reply's body that have yet to come.
    body: usize,
    /// Whether that body is recorded events (rather than something to be passed over).
    events: bool,
    /// Whether the X server has said that the recording runs.
    begun: bool,
    /// The keys that are held.
    keys: Held,
    /// The buttons that are held.
    buttons: Held,
}

impl Stream {
    fn new() -> Self {
        Self {
            buffer: [0; 4096],
            filled: 0,
            body: 0,
            events: false,
            begun: false,
            keys: Held::new(),
            buttons: Held::new(),
        }
    }

    /// Where to read to.
    fn space(&mut self) -> &mut [u8] {
        self.buffer.get_mut(self.filled..).unwrap_or_default()
    }

    /// Counts what is whole among the bytes so far, `read` of them new, and wipes it.
    fn take(&mut self, read: usize, counts: &mut Counts) -> Result<(), Lost> {
        self.filled += read;
        let mut done = 0;
        while let Some(unit) = self.buffer.get(done..self.filled).and_then(|rest| rest.first_chunk::<UNIT>())
        {
            if self.body == 0 {
                (self.body, self.events) = head(unit, &mut self.begun)?;
            } else {
                if self.events {
                    take(unit, &mut self.keys, &mut self.buttons, counts);
                }
                self.body = self.body.saturating_sub(UNIT);
            }
            done += UNIT;
        }
        self.buffer.copy_within(done..self.filled, 0);
        self.filled -= done;
        self.space().zeroize();
        Ok(())
    }
}

/// What a reply's head says: how many bytes of body follow, and whether they are recorded events.
fn head(unit: &[u8; UNIT], begun: &mut bool) -> Result<(usize, bool), Lost> {
    let [kind, category, _, _, l0, l1, l2, l3, ..] = *unit;
    let words = u32::from_ne_bytes([l0, l1, l2, l3]);
    let bytes = usize::try_from(words).ok().and_then(|words| words.checked_mul(4)).ok_or(Lost)?;
    match kind {
        REPLY => {
            match category {
                START_OF_DATA => *begun = true,
                END_OF_DATA => return Err(Lost),
                _ => {}
            }
            // Events are whole units: a body that is not can only mean that the stream is out of step.
            if bytes % UNIT == 0 { Ok((bytes, category == FROM_SERVER)) } else { Err(Lost) }
        }
        GENERIC_EVENT => {
            if bytes == 0 {
                Ok((0, false))
            } else {
                Err(Lost)
            }
        }
        // An error: the X server will not record.
        0 => Err(Lost),
        // Some event that every client gets (the keyboard's layout was changed).
        _ => Ok((0, false)),
    }
}

/// Takes in a recorded event. Which key it was is compared with those that are held, and with nothing else.
fn take(event: &[u8; UNIT], keys: &mut Held, buttons: &mut Held, counts: &mut Counts) {
    const SENT_BY_A_CLIENT: u8 = 0x80;
    let [kind, detail, _, _, t0, t1, t2, t3, ..] = *event;
    let at = u32::from_ne_bytes([t0, t1, t2, t3]);
    let wheel = (4..=7).contains(&detail);
    let detail = u64::from(detail);
    match kind & !SENT_BY_A_CLIENT {
        xproto::KEY_PRESS_EVENT if keys.press(detail, at) => counts.add(Press::Key),
        // Each step of a wheel is a press and a release.
        xproto::BUTTON_PRESS_EVENT if wheel => counts.add(Press::Scroll),
        xproto::BUTTON_PRESS_EVENT if buttons.press(detail, at) => counts.add(Press::Click),
        xproto::KEY_PRESS_EVENT | xproto::BUTTON_PRESS_EVENT => counts.repeated = true,
        xproto::KEY_RELEASE_EVENT => counts.released |= keys.release(detail, at),
        xproto::BUTTON_RELEASE_EVENT if !wheel => counts.released |= buttons.release(detail, at),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(category: u8, events: &[[u8; UNIT]]) -> Vec<u8> {
        let mut head = [0; UNIT];
        head[0] = REPLY;
        head[1] = category;
        head[4..8].copy_from_slice(&u32::try_from(events.len() * UNIT / 4).expect("small").to_ne_bytes());
        head.iter().chain(events.as_flattened()).copied().collect()
    }

    fn event(kind: u8, detail: u8) -> [u8; UNIT] {
        let mut event = [0xEE; UNIT];
        event[0] = kind;
        event[1] = detail;
        event
    }

    fn recording() -> Vec<u8> {
        let events = [
            event(xproto::KEY_PRESS_EVENT, 38),
            event(xproto::BUTTON_PRESS_EVENT, 1),
            event(xproto::KEY_PRESS_EVENT, 38),
            event(xproto::BUTTON_PRESS_EVENT, 1),
            event(xproto::BUTTON_PRESS_EVENT, 5),
            event(xproto::BUTTON_RELEASE_EVENT, 5),
            event(xproto::KEY_PRESS_EVENT | 0x80, 39),
            event(xproto::KEY_RELEASE_EVENT, 39),
        ];
        let mut bytes = reply(START_OF_DATA, &[]);
        bytes.extend(reply(FROM_SERVER, &events));
        bytes.extend(event(xproto::MAPPING_NOTIFY_EVENT, 0));
        bytes.extend(reply(FROM_SERVER, &events[4..]));
        bytes
    }

    /// What is held counts once.
    fn counted() -> Counts {
        let mut counts = Counts { repeated: true, released: true, ..Counts::default() };
        for press in [Press::Key, Press::Key, Press::Key, Press::Click, Press::Scroll, Press::Scroll] {
            counts.add(press);
        }
        counts
    }

    #[test]
    fn a_minute_of_one_held_key_or_button_counts_nothing_and_says_so() {
        for kind in [xproto::KEY_PRESS_EVENT, xproto::BUTTON_PRESS_EVENT] {
            let mut stream = Stream::new();
            let mut minutes = Vec::new();
            for _ in 0..3 {
                let mut counts = Counts::default();
                for _ in 0..40 {
                    let bytes = reply(FROM_SERVER, &[event(kind, 2); 30]);
                    stream.space()[..bytes.len()].copy_from_slice(&bytes);
                    stream.take(bytes.len(), &mut counts).expect("whole");
                }
                minutes.push((counts.any(), counts.held_only()));
            }
            assert_eq!(minutes, [(true, false), (false, true), (false, true)]);
        }
    }

    #[test]
    fn presses_are_counted_however_the_stream_is_cut() {
        for size in [1, 3, 31, 32, 33, 100, 4096] {
            let (mut stream, mut counts) = (Stream::new(), Counts::default());
            for piece in recording().chunks(size) {
                stream.space()[..piece.len()].copy_from_slice(piece);
                assert_eq!(stream.take(piece.len(), &mut counts), Ok(()));
            }
            assert_eq!(counts, counted(), "in pieces of {size}");
            assert!(stream.begun);
        }
    }

    #[test]
    fn invariant_11_no_event_stays_in_memory_once_it_is_counted() {
        let (mut stream, mut counts) = (Stream::new(), Counts::default());
        let recording = recording();
        stream.space()[..recording.len()].copy_from_slice(&recording);
        stream.take(recording.len(), &mut counts).expect("whole");
        assert_eq!(stream.filled, 0);
        assert!(stream.buffer.iter().all(|byte| *byte == 0), "the buffer is wiped");
        assert!(!stream.keys.release(39, 0), "what was let go is not known any more");
    }

    #[test]
    fn a_stream_out_of_step_is_given_up() {
        for wrong in
            [event(0, 3), event(GENERIC_EVENT, 0), event(REPLY, FROM_SERVER), event(REPLY, END_OF_DATA)]
        {
            let (mut stream, mut counts) = (Stream::new(), Counts::default());
            let mut wrong = wrong;
            wrong[4..8].copy_from_slice(&3_u32.to_ne_bytes());
            stream.space()[..UNIT].copy_from_slice(&wrong);
            assert_eq!(stream.take(UNIT, &mut counts), Err(Lost));
        }
    }
}
