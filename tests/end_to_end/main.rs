//! Tests from end to end: the built programs at work, one module a topic.
//!
//! They are one program, so that it is linked once; `cargo xtask test` runs each topic as a process of its own, several at
//! once.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test says what failed by panicking"
)]

mod delivery;
mod demo;
mod displays;
mod fails_closed;
mod folder;
mod guard;
mod kept;
mod kill;
mod own_rules;
mod policies;
mod secrets;
mod signs;
mod soak;
mod spine;
mod strangers;
mod time;
mod typed_in;
mod window;
mod worker;
