//! Random bytes from the operating system. A policy has none.

use crate::bindings::imports::random as raw;

/// `length` random bytes; at most 4,096 a call, more is cut to that.
#[must_use]
pub fn bytes(length: u32) -> Vec<u8> {
    raw::bytes(length)
}
