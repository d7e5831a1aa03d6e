//! Plugins in this agent: loaded ([`library`]), explained to the worker ([`notice`]), served ([`hosts`]) and run
//! ([`collectors`]).

pub mod collectors;
pub mod hosts;
pub mod library;
pub mod notice;
pub mod open;
pub mod own_rules;
mod permissions;
