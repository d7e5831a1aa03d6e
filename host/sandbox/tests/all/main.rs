//! The sandbox with real guests: the hostile plugins of tests/hostile/, compiled by the real compiler.

mod artefacts;
mod collectors;
mod folders;
mod https;
mod policies;
mod refusals;
mod server;
mod support;
