//! What plugins may call, one module for each group of interfaces. A method here is reached only if `link.rs` linked its
//! interface.

mod attachments;
mod base;
mod folder;
mod http;
mod observations;
mod pictures;
mod sensors;
