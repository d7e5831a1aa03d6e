//! What the worker at the keyboard can do: change, remove, pause, answer, go offline; the client's side of each.
//!
//! The agent runs under a fast clock and a painted screen (a simulation of time and hardware); plugins, journal, HTTP
//! and back office are the real ones.

mod absence;
mod choice;
mod desk;
mod removal;
mod shortage;
mod undo;
