//! What was recorded stays what it is: whatever the worker changes later, however long nobody looks, whatever plugin
//! fails, and with a full disk (invariants 8 and 9).
//!
//! The agent runs under a fast clock, a painted screen and scripted input (a simulation of time and hardware); plugins,
//! journal, HTTP and back office are the real ones.

mod desk;
mod later;
mod removal;
mod terms;
