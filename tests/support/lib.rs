//! What end-to-end tests share: where the programs lie, a back office, a run of the demo, and ways to look at what was
//! recorded.
//!
//! These tests drive the built programs as a person would, never their insides. `cargo xtask test` builds what they
//! need and says where it is; after that, `cargo test --package candor-tests` finds it in the usual place.

pub mod agent;
pub mod backoffice;
pub mod bus;
pub mod demo;
pub mod desk;
pub mod display;
pub mod fast;
pub mod leaks;
pub mod person;
pub mod picture;
pub mod places;
pub mod proxy;
pub mod reader;
pub mod soak;
