//! Presses and releases from the X server, by its RECORD extension.
//!
//! The stream is read by hand into one fixed buffer: a library would copy each event, key code and all, into memory that
//! nobody clears.

use std::os::fd::{AsFd as _, BorrowedFd};

use rustix::io::Errno;
use x11rb::connection::{Connection as _, RequestConnection as _};
use x11rb::protocol::record::{self, ConnectionExt as _, ExtRange, Range, Range8, Range16};
use x11rb::protocol::xproto;
use x11rb::rust_connection::RustConnection;
use zeroize::Zeroize as _;

use crate::held_keys::HeldKeys;
use crate::minute::{PressCounts, PressKind};

/// Why counting cannot begin.
#[derive(Debug)]
pub(crate) enum CannotCount {
    /// The display cannot be opened.
    NoDisplay(String),
    /// The display cannot record input.
    NoRecord(String),
    /// The display is XWayland's: only presses that go to X11 programs would be seen.
    Wayland,
}

impl std::fmt::Display for CannotCount {
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

impl std::error::Error for CannotCount {}

/// Makes an error of a failure to set the recording up: this display cannot record.
fn cannot_record(error: impl std::fmt::Display) -> CannotCount {
    CannotCount::NoRecord(error.to_string())
}

/// Connects to a display on which presses can be counted.
///
/// # Errors
/// If the display cannot be opened, has no RECORD extension, or is XWayland's.
pub(crate) fn connect(display: Option<&str>) -> Result<RustConnection, CannotCount> {
    let (connection, _) =
        RustConnection::connect(display).map_err(|error| CannotCount::NoDisplay(error.to_string()))?;
    if connection.extension_information("XWAYLAND").map_err(cannot_record)?.is_some() {
        return Err(CannotCount::Wayland);
    }
    if connection.extension_information(record::X11_EXTENSION_NAME).map_err(cannot_record)?.is_none() {
        return Err(CannotCount::NoRecord("it has no RECORD extension".to_owned()));
    }
    Ok(connection)
}

/// The display is gone, or the stream does not follow the protocol.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct RecordingLost;

/// A recording of presses and releases.
pub(crate) struct PressRecording {
    /// Owns the recording; it ends when this connection does.
    control: RustConnection,
    /// The connection over which the X server sends what it records.
    data: RustConnection,
    buffer: RecordingBuffer,
}

impl PressRecording {
    /// Starts recording. No press is missed after this returns.
    pub(crate) fn open(display: Option<&str>) -> Result<Self, CannotCount> {
        let control = connect(display)?;
        let data = connect(display)?;
        let (major, minor) = record::X11_XML_VERSION;
        let version = |number: u32| u16::try_from(number).unwrap_or(1);
        control
            .record_query_version(version(major), version(minor))
            .map_err(cannot_record)?
            .reply()
            .map_err(cannot_record)?;
        let context = control.generate_id().map_err(cannot_record)?;
        // The four kinds of event follow one another.
        let presses = [device_event_range(Range8 {
            first: xproto::KEY_PRESS_EVENT,
            last: xproto::BUTTON_RELEASE_EVENT,
        })];
        control
            .record_create_context(context, 0, &[record::CS::ALL_CLIENTS.into()], &presses)
            .map_err(cannot_record)?
            .check()
            .map_err(cannot_record)?;
        // The library only sends this request: the replies are read by hand.
        drop(data.record_enable_context(context).map_err(cannot_record)?);
        data.flush().map_err(cannot_record)?;

        let mut presses = Self { control, data, buffer: RecordingBuffer::new() };
        while !presses.buffer.begun {
            let mut waiting =
                [rustix::event::PollFd::new(presses.data.stream(), rustix::event::PollFlags::IN)];
            match rustix::event::poll(&mut waiting, None) {
                Ok(_) | Err(Errno::INTR) => {}
                Err(error) => return Err(cannot_record(error)),
            }
            // What is pressed meanwhile is not counted, because the counter is not locked in yet.
            let read = presses.read(&mut PressCounts::default());
            read.map_err(|RecordingLost| cannot_record("it ended the recording at once"))?;
        }
        Ok(presses)
    }

    /// Returns the descriptor that becomes readable when something was pressed.
    pub(crate) fn data(&self) -> BorrowedFd<'_> {
        self.data.stream().as_fd()
    }

    /// Returns the descriptor of the connection that owns the recording; nothing of interest comes there.
    pub(crate) fn control(&self) -> BorrowedFd<'_> {
        self.control.stream().as_fd()
    }

    /// Counts what has come, without waiting. Returns whether anything had.
    pub(crate) fn read(&mut self, counts: &mut PressCounts) -> Result<bool, RecordingLost> {
        let mut any = false;
        loop {
            let descriptor = self.data.stream().as_fd();
            match rustix::io::read(descriptor, self.buffer.free_space()) {
                Ok(0) => return Err(RecordingLost),
                Ok(read) => self.buffer.count_received(read, counts)?,
                Err(Errno::AGAIN) => return Ok(any),
                Err(Errno::INTR) => continue,
                Err(_) => return Err(RecordingLost),
            }
            any = true;
        }
    }

    /// Forgets which keys are held.
    pub(crate) fn forget_keys(&mut self) {
        self.buffer.keys.forget();
        self.buffer.buttons.forget();
    }

    /// Discards what came on the control connection (the X server tells every client of keyboard changes).
    pub(crate) fn discard_control_events(&self) -> Result<(), RecordingLost> {
        let mut waste = [0; 256];
        match rustix::io::read(self.control(), &mut waste) {
            Ok(0) => Err(RecordingLost),
            Ok(_) | Err(Errno::AGAIN | Errno::INTR) => Ok(()),
            Err(_) => Err(RecordingLost),
        }
    }
}

/// Returns a range of these device events, and nothing else.
fn device_event_range(device_events: Range8) -> Range {
    Range { device_events, ext_requests: NO_EXTENSION, ext_replies: NO_EXTENSION, ..Range::default() }
}

const NO_EXTENSION: ExtRange =
    ExtRange { major: Range8 { first: 0, last: 0 }, minor: Range16 { first: 0, last: 0 } };

/// The length of an event, an error or the head of a reply in the X protocol, bytes.
const UNIT: usize = 32;

/// The kind of a reply, whose body follows its head.
const REPLY: u8 = 1;
/// The kind of an X event whose body follows its head.
const GENERIC_EVENT: u8 = 35;
/// The categories of RECORD's replies.
const FROM_SERVER: u8 = 0;
const START_OF_DATA: u8 = 4;
const END_OF_DATA: u8 = 5;

/// The bytes that were received and not yet counted: at most the beginning of a unit that is not complete yet.
struct RecordingBuffer {
    bytes: [u8; 4096],
    filled: usize,
    /// How many bytes of the current reply's body have yet to come.
    body: usize,
    /// Whether that body is recorded events; otherwise it is skipped.
    events: bool,
    /// Whether the X server has said that the recording runs.
    begun: bool,
    /// The keys that are held.
    keys: HeldKeys,
    /// The buttons that are held.
    buttons: HeldKeys,
}

impl RecordingBuffer {
    fn new() -> Self {
        Self {
            bytes: [0; 4096],
            filled: 0,
            body: 0,
            events: false,
            begun: false,
            keys: HeldKeys::new(),
            buttons: HeldKeys::new(),
        }
    }

    /// Returns the space to read into.
    fn free_space(&mut self) -> &mut [u8] {
        self.bytes.get_mut(self.filled..).unwrap_or_default()
    }

    /// Counts the complete units among the bytes so far, `read` of them new, and overwrites them.
    fn count_received(&mut self, read: usize, counts: &mut PressCounts) -> Result<(), RecordingLost> {
        self.filled += read;
        let mut done = 0;
        while let Some(unit) = self.bytes.get(done..self.filled).and_then(|rest| rest.first_chunk::<UNIT>()) {
            if self.body == 0 {
                (self.body, self.events) = read_head(unit, &mut self.begun)?;
            } else {
                if self.events {
                    count_event(unit, &mut self.keys, &mut self.buttons, counts);
                }
                self.body = self.body.saturating_sub(UNIT);
            }
            done += UNIT;
        }
        self.bytes.copy_within(done..self.filled, 0);
        self.filled -= done;
        self.free_space().zeroize();
        Ok(())
    }
}

/// Returns how many bytes of body follow a reply's head, and whether they are recorded events.
fn read_head(unit: &[u8; UNIT], begun: &mut bool) -> Result<(usize, bool), RecordingLost> {
    let [kind, category, _, _, l0, l1, l2, l3, ..] = *unit;
    let words = u32::from_ne_bytes([l0, l1, l2, l3]);
    let bytes = usize::try_from(words).ok().and_then(|words| words.checked_mul(4)).ok_or(RecordingLost)?;
    match kind {
        REPLY => {
            match category {
                START_OF_DATA => *begun = true,
                END_OF_DATA => return Err(RecordingLost),
                _ => {}
            }
            // Events are whole units: any other length means that the stream was misread.
            if bytes % UNIT == 0 { Ok((bytes, category == FROM_SERVER)) } else { Err(RecordingLost) }
        }
        GENERIC_EVENT => {
            if bytes == 0 {
                Ok((0, false))
            } else {
                Err(RecordingLost)
            }
        }
        // An error: the X server will not record.
        0 => Err(RecordingLost),
        // Some event that every client gets (the keyboard's layout was changed).
        _ => Ok((0, false)),
    }
}

/// Counts a recorded event. Its key is compared with those that are held, and with nothing else.
fn count_event(event: &[u8; UNIT], keys: &mut HeldKeys, buttons: &mut HeldKeys, counts: &mut PressCounts) {
    const SENT_BY_A_CLIENT: u8 = 0x80;
    let [kind, detail, _, _, t0, t1, t2, t3, ..] = *event;
    let at = u32::from_ne_bytes([t0, t1, t2, t3]);
    let wheel = (4..=7).contains(&detail);
    let detail = u64::from(detail);
    match kind & !SENT_BY_A_CLIENT {
        xproto::KEY_PRESS_EVENT if keys.press(detail, at) => counts.add(PressKind::Key),
        // Each step of a wheel is a press and a release.
        xproto::BUTTON_PRESS_EVENT if wheel => counts.add(PressKind::Scroll),
        xproto::BUTTON_PRESS_EVENT if buttons.press(detail, at) => counts.add(PressKind::Click),
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
    fn counted() -> PressCounts {
        let mut counts = PressCounts { repeated: true, released: true, ..PressCounts::default() };
        for press in [
            PressKind::Key,
            PressKind::Key,
            PressKind::Key,
            PressKind::Click,
            PressKind::Scroll,
            PressKind::Scroll,
        ] {
            counts.add(press);
        }
        counts
    }

    #[test]
    fn a_minute_of_one_held_key_or_button_counts_nothing_and_says_so() {
        for kind in [xproto::KEY_PRESS_EVENT, xproto::BUTTON_PRESS_EVENT] {
            let mut stream = RecordingBuffer::new();
            let mut minutes = Vec::new();
            for _ in 0..3 {
                let mut counts = PressCounts::default();
                for _ in 0..40 {
                    let bytes = reply(FROM_SERVER, &[event(kind, 2); 30]);
                    stream.free_space()[..bytes.len()].copy_from_slice(&bytes);
                    stream.count_received(bytes.len(), &mut counts).expect("whole");
                }
                minutes.push((counts.any_new(), counts.held_only()));
            }
            assert_eq!(minutes, [(true, false), (false, true), (false, true)]);
        }
    }

    #[test]
    fn presses_are_counted_however_the_stream_is_cut() {
        for size in [1, 3, 31, 32, 33, 100, 4096] {
            let (mut stream, mut counts) = (RecordingBuffer::new(), PressCounts::default());
            for piece in recording().chunks(size) {
                stream.free_space()[..piece.len()].copy_from_slice(piece);
                assert_eq!(stream.count_received(piece.len(), &mut counts), Ok(()));
            }
            assert_eq!(counts, counted(), "in pieces of {size}");
            assert!(stream.begun);
        }
    }

    #[test]
    fn invariant_11_no_event_stays_in_memory_once_it_is_counted() {
        let (mut stream, mut counts) = (RecordingBuffer::new(), PressCounts::default());
        let recording = recording();
        stream.free_space()[..recording.len()].copy_from_slice(&recording);
        stream.count_received(recording.len(), &mut counts).expect("whole");
        assert_eq!(stream.filled, 0);
        assert!(stream.bytes.iter().all(|byte| *byte == 0), "the buffer is wiped");
        assert!(!stream.keys.release(39, 0), "what was let go is not known any more");
    }

    #[test]
    fn a_stream_out_of_step_is_given_up() {
        for wrong in
            [event(0, 3), event(GENERIC_EVENT, 0), event(REPLY, FROM_SERVER), event(REPLY, END_OF_DATA)]
        {
            let (mut stream, mut counts) = (RecordingBuffer::new(), PressCounts::default());
            let mut wrong = wrong;
            wrong[4..8].copy_from_slice(&3_u32.to_ne_bytes());
            stream.free_space()[..UNIT].copy_from_slice(&wrong);
            assert_eq!(stream.count_received(UNIT, &mut counts), Err(RecordingLost));
        }
    }
}
