//! Memory that the X server and this process share for one capture.
//!
//! It is a sealed memory file without a name: no other process can open it, and the X server cannot shrink it while it is
//! mapped. It is overwritten with zeros before it is freed, whatever became of the capture.
#![allow(unsafe_code, reason = "mapping shared memory has no safe interface")]

use std::ffi::c_void;
use std::os::fd::OwnedFd;
use std::sync::atomic::{Ordering, compiler_fence};

use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, ftruncate, memfd_create};
use rustix::mm::{MapFlags, ProtFlags, mmap, munmap};

use crate::error::SensorError;

/// A mapped memory file.
#[derive(Debug)]
pub(super) struct SharedMemory {
    start: *mut c_void,
    bytes: usize,
}

impl SharedMemory {
    /// Maps so many bytes of zeros. Returns them and the descriptor for the X server.
    pub(super) fn new(bytes: usize) -> Result<(Self, OwnedFd), SensorError> {
        let refused =
            |what| move |error: rustix::io::Errno| SensorError::System { what, source: error.into() };
        let file = memfd_create("candor-capture", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING)
            .map_err(refused("cannot make shared memory"))?;
        ftruncate(&file, bytes as u64).map_err(refused("cannot size shared memory"))?;
        fcntl_add_seals(&file, SealFlags::SHRINK | SealFlags::GROW | SealFlags::SEAL)
            .map_err(refused("cannot seal shared memory"))?;
        // SAFETY: a new mapping at a place of the kernel's choosing touches no other memory. The file cannot be shrunk
        // any more, so that all of the mapping stays valid until `drop` takes it away.
        let start = unsafe {
            mmap(std::ptr::null_mut(), bytes, ProtFlags::READ | ProtFlags::WRITE, MapFlags::SHARED, &file, 0)
        }
        .map_err(refused("cannot map shared memory"))?;
        Ok((Self { start, bytes }, file))
    }

    /// Copies from its beginning, as much as fits into `target`.
    pub(super) fn copy_to(&self, target: &mut [u8]) {
        let bytes = target.len().min(self.bytes);
        // SAFETY: both sides are valid for `bytes` and apart from each other. No reference to the shared memory is made:
        // should the X server write meanwhile, the copy holds a mixture of bytes, each of them valid.
        unsafe { std::ptr::copy_nonoverlapping(self.start.cast::<u8>(), target.as_mut_ptr(), bytes) };
    }
}

impl Drop for SharedMemory {
    fn drop(&mut self) {
        // SAFETY: the mapping is valid for `bytes` and nobody uses it after this.
        unsafe {
            std::ptr::write_bytes(self.start.cast::<u8>(), 0, self.bytes);
            compiler_fence(Ordering::SeqCst);
            let _ = munmap(self.start, self.bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::FileExt as _;

    use super::*;

    #[test]
    fn invariant_01_shared_memory_is_zeros_after_use_and_cannot_be_shrunk() {
        let (memory, file) = SharedMemory::new(8_192).unwrap();
        let file = std::fs::File::from(file);
        // As the X server would.
        file.write_all_at(&[7; 8_192], 0).unwrap();
        let mut copy = [0; 8_192];
        memory.copy_to(&mut copy);
        assert_eq!(copy, [7; 8_192]);
        assert!(file.set_len(0).is_err(), "sealed");
        drop(memory);
        file.read_exact_at(&mut copy, 0).unwrap();
        assert_eq!(copy, [0; 8_192], "the X server's side is cleared, too");
    }
}
