//! The back office: takes parcels in, countersigns them, and shows the Work Diary to the client and the worker.
//!
//! It must never acknowledge what is not on disk, never take a segment twice, and never show a picture or a memo to
//! anyone but the two sides of its contract. It is the only crate that knows axum.
//!
//! Start reading at [`api`] (what devices speak), then [`store`] (what is kept and how), then [`web`] (what people
//! see). [`access`] decides who may see and do what; [`cli`] is the command line.

pub mod access;
pub mod api;
pub mod back_office;
pub mod billed;
pub mod cli;
pub mod cli_access;
pub mod cli_shared;
pub mod client;
pub mod clock;
mod edge;
pub mod erase;
pub mod invitation;
pub mod limits;
mod listener;
pub mod office_folder;
mod pace;
pub mod parcel_list;
pub mod passwords;
pub mod peer;
pub mod pictures;
pub mod places;
pub mod public_url;
mod refusal;
pub mod secrets;
pub mod serve;
pub mod store;
pub mod sweep;
pub mod throttle;
pub mod tries;
pub mod verify;
pub mod web;
