//! Why the counter ends, and the exit codes that say so.

/// The arguments are wrong.
pub(crate) const EXIT_USAGE: u8 = 2;
/// The display cannot be opened, or was lost.
pub(crate) const EXIT_DISPLAY_LOST: u8 = 3;
/// The display cannot record input.
pub(crate) const EXIT_CANNOT_COUNT: u8 = 4;
/// The display is XWayland's: only a part could be counted.
#[cfg(target_os = "linux")]
pub(crate) const EXIT_WAYLAND: u8 = 5;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EndReason {
    /// Standard input ended, or a signal asked for the end, or nobody reads the records any more.
    Requested,
    /// The display is gone.
    DisplayLost,
}

impl EndReason {
    /// Returns the exit code.
    pub(crate) fn exit_code(self) -> u8 {
        match self {
            Self::Requested => 0,
            Self::DisplayLost => EXIT_DISPLAY_LOST,
        }
    }
}
