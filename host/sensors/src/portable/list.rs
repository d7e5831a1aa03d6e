//! The windows that `xcap` lists, and a window on each monitor that stands for those it does not list.

use std::collections::HashMap;

use xcap::{Window, XCapError};

use super::poll::{PollResult, PortableWatch};
use crate::area::{Area, Monitor};
use crate::error::SensorError;
use crate::windows::{WatchNumbers, WindowKind, WindowState};

/// The longest title or application name that is kept, bytes.
const MAX_TEXT_BYTES: usize = 4_096;

/// The first id of the windows that stand for what is not listed, one for each monitor.
const FIRST_UNLISTED_ID: u64 = 1 << 63;

/// On X11 `xcap` tells a window's client area, not how far its frame reaches. So a window is enlarged by this much,
/// pixels: above, where the title stands, and at the other sides.
const FRAME_MARGINS: (u32, u32) = if cfg!(target_os = "linux") { (80, 24) } else { (0, 0) };

/// Follows the windows of this session.
///
/// # Errors
/// If the display cannot be read.
pub(crate) fn start_watch(numbers: &WatchNumbers) -> Result<PortableWatch, SensorError> {
    let mut ids = WindowIds { last: numbers.first() - 1, ..WindowIds::default() };
    PortableWatch::start(numbers, move || {
        let monitors = list_monitors()?;
        Ok(PollResult { windows: list_windows(&monitors, &mut ids), monitors })
    })
}

/// Returns the monitors that `xcap` can see, in desktop pixels: under X11 the screen's pixels, elsewhere the system's own
/// unit.
pub(super) fn list_monitors() -> Result<Vec<Monitor>, SensorError> {
    Ok(find_monitors()?.into_iter().map(|(_, monitor)| monitor).collect())
}

/// Returns the monitors with `xcap`'s own handles.
pub(super) fn find_monitors() -> Result<Vec<(xcap::Monitor, Monitor)>, SensorError> {
    let place = |monitor: xcap::Monitor| -> Result<_, XCapError> {
        // Under X11 `xcap` divides by the scale of the fonts, which nothing else of the desktop does.
        let scale = if cfg!(target_os = "linux") { monitor.scale_factor()? } else { 1.0 };
        #[expect(clippy::cast_precision_loss, reason = "no desktop is 16 million pixels wide")]
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a float that is too large becomes the largest number"
        )]
        let pixels = |value: i32| (value as f32 * scale).round() as i32;
        let side = |value: u32| u32::try_from(pixels(i32::try_from(value).unwrap_or(0))).unwrap_or(0);
        let area = Area {
            x: pixels(monitor.x()?),
            y: pixels(monitor.y()?),
            width: side(monitor.width()?),
            height: side(monitor.height()?),
        };
        let name = monitor.name()?;
        Ok((monitor, Monitor { name, area }))
    };
    let all = xcap::Monitor::all().map_err(|error| to_sensor_error(&error))?;
    all.into_iter().map(|monitor| place(monitor).map_err(|error| to_sensor_error(&error))).collect()
}

/// Makes an error of one of `xcap`'s, whose texts name no window.
pub(super) fn to_sensor_error(error: &XCapError) -> SensorError {
    #[cfg(target_os = "linux")]
    if crate::display::open(None).is_err() {
        return SensorError::DisplayLost;
    }
    SensorError::Unreadable(error.to_string())
}

/// Returns the windows, bottom to top: first those that are not on the screen, last what stands for all that is not
/// listed.
fn list_windows(monitors: &[Monitor], ids: &mut WindowIds) -> Vec<WindowState> {
    // Without a list (no window manager, no permission) every window counts as not listed.
    let listed = Window::all().unwrap_or_default();
    let mut windows: Vec<WindowState> =
        listed.iter().rev().filter_map(|window| read_window(window, monitors, ids)).collect();
    ids.forget_unseen();
    only_one_focus(&mut windows);
    windows.sort_by_key(|window| !window.area.is_empty());
    windows
        .extend(monitors.iter().zip(FIRST_UNLISTED_ID..).map(|(monitor, id)| unlisted_window(monitor, id)));
    windows
}

/// Reads one window; `None` if it has no number (it is gone).
fn read_window(window: &Window, monitors: &[Monitor], ids: &mut WindowIds) -> Option<WindowState> {
    let number = window.id().ok()?;
    let pid = window.pid().ok().filter(|pid| *pid != 0);
    let area = if window.is_minimized().unwrap_or(false) {
        Area::default()
    } else {
        // A window whose place cannot be read may be anywhere.
        framed_area(window)
            .unwrap_or_else(|_| monitors.iter().fold(Area::default(), |all, monitor| all.union(monitor.area)))
    };
    let (app, title) = (bounded_text(window.app_name()), bounded_text(window.title()));
    Some(WindowState {
        id: ids.of(number, pid),
        shows_titles: app.is_none() && title.is_none(),
        notifies: false,
        app,
        title,
        pid,
        owner: None,
        may_belong_to: Vec::new(),
        area,
        title_bar: None,
        // `xcap` does not tell whether it is shaped or translucent.
        opaque: false,
        focused: window.is_focused().unwrap_or(false),
        kind: WindowKind::Unknown,
    })
}

fn framed_area(window: &Window) -> Result<Area, XCapError> {
    let (above, beside) = FRAME_MARGINS;
    let signed = |value: u32| i32::try_from(value).unwrap_or(0);
    Ok(Area {
        x: window.x()?.saturating_sub(signed(beside)),
        y: window.y()?.saturating_sub(signed(above)),
        width: window.width()?.saturating_add(2 * beside),
        height: window.height()?.saturating_add(above + beside),
    })
}

/// Returns a text, cut to the longest that is kept; `None` if it is empty or not known.
fn bounded_text(answer: Result<String, XCapError>) -> Option<String> {
    let mut text = answer.ok()?;
    if text.len() > MAX_TEXT_BYTES {
        let mut end = MAX_TEXT_BYTES;
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        text.truncate(end);
    }
    (!text.is_empty()).then_some(text)
}

/// Leaves the focus to the topmost window that claims it: on macOS every window of the program in front does.
fn only_one_focus(windows: &mut [WindowState]) {
    for window in windows.iter_mut().rev().filter(|window| window.focused).skip(1) {
        window.focused = false;
    }
}

/// Returns what stands for all that is not listed on a monitor: menus, tooltips, task switchers.
fn unlisted_window(monitor: &Monitor, id: u64) -> WindowState {
    WindowState {
        id,
        app: None,
        title: None,
        pid: None,
        owner: None,
        may_belong_to: Vec::new(),
        area: monitor.area,
        title_bar: None,
        opaque: false,
        shows_titles: true,
        notifies: true,
        focused: false,
        kind: WindowKind::Unknown,
    }
}

/// The host's own numbers for windows. The system may use its numbers again when a window is gone.
#[derive(Debug, Default)]
struct WindowIds {
    known: HashMap<u32, KnownWindow>,
    last: u64,
}

#[derive(Debug)]
struct KnownWindow {
    id: u64,
    pid: Option<u32>,
    seen: bool,
}

impl WindowIds {
    /// Returns the number of a window; a new one if its process is another.
    fn of(&mut self, number: u32, pid: Option<u32>) -> u64 {
        let last = &mut self.last;
        let mut fresh = || {
            *last += 1;
            KnownWindow { id: *last, pid, seen: true }
        };
        let known = self.known.entry(number).or_insert_with(&mut fresh);
        if known.pid != pid {
            *known = fresh();
        }
        known.seen = true;
        known.id
    }

    /// Forgets the windows that were not asked for since the last call.
    fn forget_unseen(&mut self) {
        self.known.retain(|_, known| std::mem::take(&mut known.seen));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_that_is_used_again_is_another_window() {
        let mut ids = WindowIds::default();
        let (first, second) = (ids.of(7, Some(1)), ids.of(8, None));
        assert_ne!(first, second);
        ids.forget_unseen();
        assert_eq!(ids.of(7, Some(1)), first, "the same window");
        ids.forget_unseen();
        // 8 was not there that time.
        assert_ne!(ids.of(8, None), second);
        assert_ne!(ids.of(7, Some(2)), first, "another process");
    }

    #[test]
    fn a_text_is_cut_between_characters_and_an_empty_one_is_none() {
        assert_eq!(bounded_text(Ok(String::new())), None);
        assert_eq!(bounded_text(Err(XCapError::NotSupported)), None);
        let long = bounded_text(Ok("ü".repeat(5_000))).expect("some text");
        assert_eq!(long, "ü".repeat(2_048));
        assert_eq!(bounded_text(Ok(format!("a{}", "ü".repeat(5_000)))).expect("some text").len(), 4_095);
    }
}
