//! The sandbox with real guests: the hostile plugins of tests/hostile/, compiled by the real compiler.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

mod artefacts;
mod collectors;
mod folders;
mod https;
mod policies;
mod refusals;
mod server;
mod support;
