//! The second backend: windows and pixels through `xcap`, for systems without X11 (macOS, Windows), and for X11 if it is
//! asked for.
//!
//! It sees less than the X11 backend:
//!
//! - It polls every 250 ms ([`poll`]); a title that shows for less than that can be missed. Whoever takes a picture has
//!   it poll before and after, so that windows that moved meanwhile are noticed.
//! - The list of windows ([`list`]) leaves out menus, tooltips and task switchers, and cannot tell panels from other
//!   windows. So each monitor has one more window, on top of all and as large as the monitor, of which nothing is known.
//!   It stands for whatever is not listed, and policies judge it like any 'unknown' window: if a rule hides any title,
//!   the whole picture is covered.
//! - For the same reason it cannot see a lock screen. (It does see the X server's own screen saver.)
//! - A poll is expensive on X11, where `xcap` opens a connection for every question: with ten windows some 20 ms of
//!   work, a tenth of a core all the time. (The X11 backend takes 0.1 ms and, while nothing happens, nothing.)
//! - Pixels pass through memory that `xcap` and the system never clear ([`screen`] says which).
//! - It sees `$DISPLAY` and no other display.

#[cfg(any(feature = "portable", not(target_os = "linux")))]
mod list;
pub(crate) mod poll;
#[cfg(any(feature = "portable", not(target_os = "linux")))]
mod screen;

#[cfg(any(feature = "portable", not(target_os = "linux")))]
pub(crate) use list::start_watch;
#[cfg(any(feature = "portable", not(target_os = "linux")))]
pub use poll::PortableWatch;
#[cfg(any(feature = "portable", not(target_os = "linux")))]
pub use screen::PortableScreen;
