//! The sensors against real X servers, each test with one of its own.

mod program;
mod screen;
mod windows;
