//! Memory that is not needed any more goes back to the system, so that the agent stays small however much a notice, a
//! preview or a picture took for a moment.
#![allow(unsafe_code, reason = "the C library's allocator is set up by calls that have no safe interface")]

/// From how many bytes on an allocation is a mapping of its own, which goes back at once. Fixed: else the C library raises
/// it to the size of the largest buffer that was freed, and keeps every picture's memory from then on.
#[cfg(target_env = "gnu")]
const OWN_MAPPING: libc::c_int = 256 << 10;
/// How many bytes may lie unused at the end of the heap before they go back.
#[cfg(target_env = "gnu")]
const SLACK: libc::c_int = 256 << 10;
/// Heaps: threads share them. Each further one keeps slack of its own.
#[cfg(target_env = "gnu")]
const HEAPS: libc::c_int = 2;

/// Has the allocator keep little of what is given back. Called once, before threads are started.
pub fn keep_little() {
    #[cfg(target_env = "gnu")]
    // SAFETY: the calls change numbers inside the allocator, and no other thread runs yet.
    unsafe {
        libc::mallopt(libc::M_ARENA_MAX, HEAPS);
        libc::mallopt(libc::M_MMAP_THRESHOLD, OWN_MAPPING);
        libc::mallopt(libc::M_TRIM_THRESHOLD, SLACK);
    }
}

/// Gives back what lies unused in the heaps. Takes about a millisecond.
pub(crate) fn give_back() {
    #[cfg(target_env = "gnu")]
    // SAFETY: the call takes a number and locks the heaps itself.
    unsafe {
        libc::malloc_trim(0);
    }
}
