//! Candor's programs, driven by tests and by `cargo xtask run` as a person would: by their command lines, and over the
//! agent's control socket. It links none of them.
//!
//! `cargo xtask test` builds the programs and says where they lie; after that, `cargo test --package candor-tests` finds
//! them in the usual place.

pub mod agent;
pub mod backoffice;
pub mod command;
pub mod demo;
pub mod desk;
pub mod fast;
pub mod leaks;
pub mod places;
pub mod proxy;
