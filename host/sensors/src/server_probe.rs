//! Asks the X server how long nobody has touched keyboard or mouse, by its own clock, and so whether it is still there.

use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use x11rb::connection::{Connection as _, RequestConnection as _};
use x11rb::protocol::screensaver::{self, ConnectionExt as _};
use x11rb::protocol::sync::{self, ConnectionExt as _, Counter};
use x11rb::protocol::xproto::ConnectionExt as _;
use x11rb::rust_connection::RustConnection;

use crate::attendance::AttendanceReading;
use crate::display;
use crate::error::SensorError;

/// The X server's counter of the time since the last click, scroll or pointer movement: device 2 is the pointer of every
/// display.
const POINTER_IDLE: &[u8] = b"DEVICEIDLETIME 2";

/// A connection for these questions alone. It learns nothing about what the input was.
#[derive(Debug)]
pub(crate) struct ServerProbe {
    connection: RustConnection,
    root: u32,
    /// Whether there is the screen saver extension, which measures idle time.
    saver: bool,
    pointer: Option<Counter>,
}

impl ServerProbe {
    /// Opens a connection of its own; `None` means `$DISPLAY`.
    pub(crate) fn open(display: Option<&str>) -> Result<Self, SensorError> {
        let (connection, root) = display::open(display)?;
        let saver = connection.extension_information(screensaver::X11_EXTENSION_NAME)?.is_some();
        let pointer = pointer_idle_counter(&connection)?;
        Ok(Self { connection, root, saver, pointer })
    }

    /// Asks, in one round trip of some microseconds. Fails if there is no answer within `patience`.
    pub(crate) fn ask(&self, patience: Duration) -> Result<AttendanceReading, SensorError> {
        // Events that came before (the X server tells every client of changed keyboards) are no answer.
        while self.connection.poll_for_event()?.is_some() {}
        let (saver, focus) = if self.saver {
            (Some(self.connection.screensaver_query_info(self.root)?), None)
        } else {
            (None, Some(self.connection.get_input_focus()?))
        };
        let pointer = self.pointer.map(|counter| self.connection.sync_query_counter(counter)).transpose()?;
        self.connection.flush()?;
        self.await_answer(patience)?;
        if let Some(focus) = focus {
            focus.reply()?;
        }
        let saver = saver.map(|saver| saver.reply()).transpose()?;
        let pointer = pointer.map(|counter| counter.reply()).transpose()?;
        let ms = |value: sync::Int64| {
            let high = u64::try_from(value.hi).unwrap_or(0) << 32;
            Duration::from_millis(high | u64::from(value.lo))
        };
        Ok(AttendanceReading {
            at: Instant::now(),
            idle: saver.as_ref().map(|info| Duration::from_millis(u64::from(info.ms_since_user_input))),
            pointer_idle: pointer.map(|counter| ms(counter.counter_value)),
            saver: saver.map(|info| screensaver::State::from(info.state) == screensaver::State::ON),
        })
    }

    fn await_answer(&self, patience: Duration) -> Result<(), SensorError> {
        let until = Instant::now() + patience;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let timeout = Timespec {
                tv_sec: i64::try_from(left.as_secs()).unwrap_or(i64::MAX),
                tv_nsec: i64::from(left.subsec_nanos()),
            };
            let mut waiting = [PollFd::new(self.connection.stream(), PollFlags::IN)];
            match poll(&mut waiting, Some(&timeout)) {
                Ok(0) => return Err(SensorError::TimedOut(patience)),
                Ok(_) => return Ok(()),
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => {
                    return Err(SensorError::System {
                        what: "cannot wait for the X server",
                        source: error.into(),
                    });
                }
            }
        }
    }

    /// Closes the connection, so that no thread goes on waiting for it.
    pub(crate) fn shut_down(&self) {
        let _ = rustix::net::shutdown(self.connection.stream(), rustix::net::Shutdown::Both);
    }
}

/// Returns the counter of the pointer's idle time, if the X server has one.
fn pointer_idle_counter(connection: &RustConnection) -> Result<Option<Counter>, SensorError> {
    if connection.extension_information(sync::X11_EXTENSION_NAME)?.is_none() {
        return Ok(None);
    }
    connection.sync_initialize(3, 1)?.reply()?;
    let all = connection.sync_list_system_counters()?.reply()?.counters;
    Ok(all.into_iter().find(|counter| counter.name == POINTER_IDLE).map(|counter| counter.counter))
}
