//! A screen for tests: an X server with a window manager, session buses, a person at keyboard and pointer, a screen reader,
//! and ways to look at pictures.
//!
//! It knows nothing of Candor but what its window is called.

pub mod bus;
pub mod display;
pub mod person;
pub mod picture;
pub mod reader;
