//! The pure domain of Candor: segments, minutes, parcels and the diary that is computed from them.
//!
//! The agent and the back office share this crate, so that both compute the same diary from the same minutes. It does
//! no I/O, knows no clock and nothing asynchronous: a plugin may use it too.
//!
//! Start reading at [`parcel`] (what travels), then [`segment`] (how time is cut), then [`billing`] (what is billed) and
//! [`day`] (what a day page shows).

pub mod billing;
pub mod calendar;
pub mod day;
#[cfg(test)]
mod example;
pub mod parcel;
pub mod plain;
pub mod receipt;
pub mod segment;
pub mod terms;
