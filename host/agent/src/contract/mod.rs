//! This device's place in a contract: enrolment, the accepted notice, and the pipeline that runs under it.
//!
//! [`session`] is one contract on this device. Nothing of its pipeline is put together before its notice is accepted.

mod acceptance;
mod assembly;
pub mod enrol;
pub mod error;
pub mod invitation;
mod own_rules;
pub mod pipeline;
pub mod session;
pub mod sessions;
