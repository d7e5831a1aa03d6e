//! The control socket: what is asked of the agent, and what it answers.
//!
//! [`socket`] reads one request and writes one answer; [`dispatch`] does what each request asks; the answers of those
//! who only look are made in `status`, `preview`, `doctor` and `export`. None of it touches a sensor or decides what is
//! recorded.

pub mod dispatch;
pub(crate) mod doctor;
mod export;
mod preview;
pub mod socket;
mod status;
