//! Memory is overwritten with zeros before it is given back (invariant 1).
//!
//! The buffers that hold raw pixels and titles clear themselves. But the same bytes pass through others that do not:
//! the copy of a picture that is lowered into a policy's memory, what an encoder works in, a title on its way to a
//! plugin. There is no end to such places, so it is done in the one place that all of them come back to. What C
//! libraries allocate is theirs (the database holds only what is sealed). A plugin's own memory is a mapping of the
//! kernel's, which clears it before anybody else gets it.
#![allow(unsafe_code, reason = "an allocator has no safe interface")]

use std::alloc::{GlobalAlloc, Layout, System};

/// The system's allocator, with memory cleared when it is given back.
struct Zeroing;

// SAFETY: every call is passed on to the system's allocator as it came. Before memory goes back, its `layout.size()`
// bytes are written, which the caller of `dealloc` owns until then. Growing and shrinking is left to the default, which
// takes new memory, copies, and gives the old back through `dealloc`.
unsafe impl GlobalAlloc for Zeroing {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as the caller of this function has promised.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as the caller of this function has promised.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: the memory is of this size and the caller's to give; the barrier keeps the writes from being left out
        // as never read.
        unsafe {
            memory.write_bytes(0, layout.size());
            zeroize::optimization_barrier(&*memory);
            System.dealloc(memory, layout);
        }
    }
}

#[global_allocator]
static ALLOCATOR: Zeroing = Zeroing;

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Seek as _, SeekFrom};

    #[test]
    fn invariant_01_memory_that_is_given_back_holds_nothing_of_what_was_in_it() {
        // Of a size that stays in the process after it is given back, so that it can be looked at.
        let mark = b"pixels of a secret window ".repeat(1_000);
        let address = mark.as_ptr() as u64;
        let length = mark.len();
        drop(mark);
        let mut memory = std::fs::File::open("/proc/self/mem").unwrap();
        memory.seek(SeekFrom::Start(address)).unwrap();
        let mut left = vec![0; length];
        memory.read_exact(&mut left).unwrap();
        let marks = left.windows(6).filter(|part| *part == b"secret").count();
        assert_eq!(marks, 0);
    }
}
