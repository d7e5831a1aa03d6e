//! The tracker's faces. All of them are clients of the agent's control socket; none has a sensor, a key or the journal.
//!
//! Start reading in [`window`].

pub mod window;
