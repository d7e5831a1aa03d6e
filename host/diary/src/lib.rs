//! The pure domain of Candor: segments, minutes, parcels and the diary that is computed from them.
//!
//! The agent and the back office share this crate, so that both compute the same diary from the same minutes. It does
//! no I/O, knows no clock and nothing asynchronous: a plugin may use it too.
//!
//! Start reading at [`parcel`] (what travels), then [`segment`] (how time is cut), then [`billing`] (what is billed),
//! [`day`] (what a day page shows), [`week`] (what a week adds up to) and [`money`] (what the billed minutes come to).
//! [`mod@may`] says who may do what, [`edits`] what a revision changes, [`limits`] how much a segment may hold.

pub mod admission;
pub mod billing;
pub mod calendar;
pub mod day;
pub mod edits;
#[cfg(test)]
mod example;
pub mod ledger;
pub mod limits;
pub mod may;
pub mod memo;
pub mod money;
pub mod parcel;
pub mod plain;
pub mod plain_id;
pub mod segment;
pub mod terms;
pub mod text;
pub mod versions;
pub mod week;
pub mod wire;

pub use may::may;
