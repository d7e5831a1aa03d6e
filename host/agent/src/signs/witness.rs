//! Whether what a program reports that it shows can be true: any program of this account can report it.

use std::path::PathBuf;
use std::sync::Arc;

use candor_protocol::Sign;

use crate::guard::desktop::DesktopSource;
use crate::guard::program::is_run_by;

/// Judges what the program at the other end of a control connection reports that it shows.
pub trait Witness: Send + Sync + 'static {
    /// Returns whether the process is one whose report counts.
    fn trusts(&self, process: Option<u32>) -> bool;
    /// Returns whether a process that it knows can be showing this.
    fn can_show(&self, process: Option<u32>, sign: Sign) -> bool;
}

/// Believes Candor's own program alone, and its window only if one of that process is on the screen (with `xcap` and
/// without a window manager none is ever listed, so none counts). What a tray or a
/// notification service draws cannot be seen: there the program's report counts.
pub struct OnScreen {
    /// The path of the program `candor`.
    pub program: PathBuf,
    /// The desktop whose windows are checked.
    pub desktop: Arc<dyn DesktopSource>,
}

impl Witness for OnScreen {
    fn trusts(&self, process: Option<u32>) -> bool {
        // Other systems do not say which file a process runs.
        !cfg!(target_os = "linux") || process.is_some_and(|process| is_run_by(&self.program, process))
    }

    fn can_show(&self, process: Option<u32>, sign: Sign) -> bool {
        if sign != Sign::Window {
            return true;
        }
        let Ok(layout) = self.desktop.current() else { return false };
        let visible = |window: &candor_sensors::WindowState| {
            let seen = |monitor: &candor_sensors::Monitor| monitor.area.intersection(window.area).is_some();
            window.pid.is_some() && window.pid == process && layout.monitors.iter().any(seen)
        };
        layout.windows.iter().any(visible)
    }
}
