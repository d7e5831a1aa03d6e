//! The soak: a long scripted day against an independent model of it.
//!
//! - [`world`]: the simulated computer: clocks, sleep, screen, keys, as a log of what really happened.
//! - [`senses`]: the same log as the agent under test sees it, behind the agent's own traits.
//! - [`proxy`]: between agent and back office; answers badly on request, and keeps every byte that was sent.
//! - [`driver`]: a person and their bad luck; [`hands`] are theirs; [`steps`] are the day, drawn from a seed.
//! - [`model`]: what of the day may be tracked, billed and shown, from log and deeds alone. It uses nothing of the agent and
//!   nothing of `candor-diary`.
//! - [`check`]: the model beside what was found; [`found`] reads that from the bytes on the wire.

pub mod check;
pub mod driver;
pub mod found;
pub mod hands;
pub mod model;
pub mod proxy;
pub mod senses;
pub mod spans;
pub mod steps;
pub mod world;

/// A minute, in milliseconds.
pub const MINUTE: u64 = 60_000;

/// The length of the soak's segments, in minutes.
pub const SEGMENT_MINUTES: u64 = 2;

/// The same in milliseconds.
pub const SEGMENT: u64 = SEGMENT_MINUTES * MINUTE;
