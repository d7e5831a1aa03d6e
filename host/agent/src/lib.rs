//! The agent: the pipeline from sensors to outbox, without a user interface.
//!
//! It runs for as long as the person is signed in, links no window, and is driven through its control socket by its
//! clients: the command line, a window, a test. It must never let a pixel or a title past the [`guard`] unjudged,
//! compile a plugin in its own process, or call a parcel delivered without a receipt.
//!
//! The way of the data: [`guard`] → collectors ([`plugins`]) → journal → [`segments`] → [`delivery`].
//! Start reading at [`agent`], which puts these together, then [`guard`].

#![deny(clippy::print_stdout, clippy::print_stderr)]

pub mod agent;
pub mod clock;
pub mod context;
pub mod contract;
pub mod control;
pub mod delivery;
mod error;
pub mod folder;
pub mod guard;
pub mod log;
mod log_file;
pub mod memory;
pub mod plugins;
pub mod private;
mod problems;
pub mod segments;
pub mod settings;
pub mod signs;
pub mod tracker;
mod zeroing;
