//! Lines for the plugin's author. They go to a bounded ring in memory; what exceeds the rate is dropped and counted. A
//! policy has no log.

use crate::bindings::imports::log as raw;

/// How much a line matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// For the author, while trying something.
    Debug,
    /// A step of the work that is worth knowing.
    Info,
    /// Something is odd, the work goes on.
    Warn,
    /// Something failed, and work was left undone.
    Error,
}

/// Writes one line. A message over 4 KiB is cut.
pub fn write(level: Level, message: &str) {
    let level = match level {
        Level::Debug => raw::Level::Debug,
        Level::Info => raw::Level::Info,
        Level::Warn => raw::Level::Warn,
        Level::Error => raw::Level::Error,
    };
    raw::write(level, message);
}

/// Writes a line at [`Level::Debug`].
pub fn debug(message: &str) {
    write(Level::Debug, message);
}

/// Writes a line at [`Level::Info`].
pub fn info(message: &str) {
    write(Level::Info, message);
}

/// Writes a line at [`Level::Warn`].
pub fn warn(message: &str) {
    write(Level::Warn, message);
}

/// Writes a line at [`Level::Error`].
pub fn error(message: &str) {
    write(Level::Error, message);
}
