//! The guests that are built from here, in the real sandbox, with hosts that remember what they were asked: every
//! first-party plugin, the examples that use no SDK, and one that does all that an author can do.
//!
//! They need what xtask builds: run `cargo xtask test`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test says what failed by panicking"
)]

mod collectors;
mod folder;
mod policies;
mod sdk;
mod support;
mod uploaders;
