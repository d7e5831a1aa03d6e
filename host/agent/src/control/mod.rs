//! The control socket: what is asked of the agent, and what it answers.
//!
//! [`socket`] reads one request and writes one answer; [`dispatch`] hands each request to its `Handle`, in the file of its
//! topic: `tracking`, `contracts`, `segments`, `outbox`, `preferences` and `maintenance`. The longer answers are made in
//! `status`, `preview`, `doctor` and `export`. None of it touches a sensor or decides what is recorded.

mod contracts;
pub mod dispatch;
pub(crate) mod doctor;
mod export;
mod ledger_check;
mod maintenance;
mod outbox;
pub(crate) mod preferences;
mod preview;
mod segments;
pub mod socket;
mod status;
mod tracking;
