//! The client's settings for one contract.

mod check;
mod digest;
mod document;

pub use check::BadTerms;
pub use document::{Contacts, ManualTime, Mode, PictureRemoval, PluginUse, Terms, WorkerChooses};
