//! The sensors against real X servers, each test with one of its own. What both backends can do, both are tested for; the
//! portable one where it is in (`--features portable`).

mod backends;
mod coming;
mod layouts;
mod screen;
mod session;
mod window_kinds;
mod windows;
mod x_client;
