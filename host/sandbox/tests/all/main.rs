//! The sandbox with real guests, compiled by the real compiler: the hostile plugins of tests/hostile/, and our uploaders.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

mod artefacts;
mod collectors;
mod folders;
mod https;
mod policies;
mod refusals;
mod server;
mod support;
mod uploaders;
