//! The agent: the pipeline from sensors to outbox, without a face.
//!
//! It runs for as long as the person is signed in, links no window, and is driven through its control socket by
//! whoever has a face: the command line, a window, a test. It must never let a pixel or a title past the [`guard`]
//! unjudged, compile a plugin in its own process, or call a parcel delivered without a receipt.
//!
//! The way of the data: [`guard`] → [`collectors`] (through [`hosts`]) → journal → [`closing`] → [`outbox`].
//! Start reading at [`agent`], which puts these together, then [`guard`].

#![deny(clippy::print_stdout, clippy::print_stderr)]

pub mod agent;
pub mod budget;
pub mod clock;
pub mod closing;
pub mod collectors;
pub mod control;
pub mod cut;
mod doctor;
mod edits;
pub mod enrol;
mod export;
pub mod folder;
pub mod folder_proof;
pub mod guard;
pub mod history;
pub mod hosts;
pub mod idle;
pub mod input;
pub mod invitation;
pub mod log;
mod log_file;
pub mod marks;
pub mod mask;
pub mod notice;
pub mod outbox;
pub mod own_rules;
pub mod picture;
pub mod plugins;
pub mod presence;
mod preview;
pub mod private;
mod problems;
mod program;
pub mod record;
mod recovery;
pub mod removal;
pub mod seat;
pub mod segments;
pub mod settings;
pub mod shared;
pub mod signs;
mod status;
pub mod tracked;
pub mod tracker;
mod unwritten;
pub mod week;
mod zeroing;
