//! The files of blobs: written whole or not at all, in encrypted frames of 64 KiB, so that a part can be read alone.
//!
//! A frame's associated data holds the blob's id and whole length, and its nonce is the frame's index. So a file that was
//! cut, or whose frames were swapped, does not open.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use candor_files::{ExistingFile, FileWriter};

use crate::crypt::{CipherContext, ItemSecret, TAG};
use crate::error::JournalError;
use crate::files::create_private_folder;

/// The length of a frame before it is encrypted, bytes.
const FRAME: usize = 64 * 1024;

/// The folder of all blobs.
pub(crate) struct BlobFiles {
    folder: PathBuf,
    writer: FileWriter,
}

impl BlobFiles {
    pub(crate) fn open(folder: PathBuf) -> Result<Self, JournalError> {
        create_private_folder(&folder)?;
        Ok(Self { folder, writer: FileWriter::default() })
    }

    /// Returns how many syncs there were, and how long they took.
    pub(crate) fn syncs(&self) -> (u64, Duration) {
        self.writer.syncs()
    }

    /// Writes a blob's file. When this returns it is on the disk, whole.
    pub(crate) fn write(&self, id: &str, secret: &ItemSecret, bytes: &[u8]) -> Result<(), JournalError> {
        let path = self.path(id)?;
        let shard = path.parent().unwrap_or(&self.folder);
        if !shard.is_dir() {
            create_private_folder(shard)?;
            self.writer.sync_folder(&self.folder).map_err(|e| JournalError::file(&self.folder, e))?;
        }
        let context = frame_context(id, bytes.len() as u64);
        let failed = |e| JournalError::file(&path, e);
        let fill = |file: &mut File| {
            for (index, frame) in bytes.chunks(FRAME).enumerate() {
                let sealed = secret.seal_frame(&context, index as u64, frame)?;
                file.write_all(&sealed).map_err(failed)?;
            }
            Ok(())
        };
        let written = self.writer.write_whole(&path, ExistingFile::Replace, fill, failed);
        if written.is_err() {
            // What cannot be removed now is removed when the journal is opened next.
            drop(fs::remove_file(&path));
        }
        written
    }

    /// Reads `count` bytes from `offset` of a blob that is `length` bytes long; fewer at its end.
    pub(crate) fn read(
        &self,
        id: &str,
        secret: &ItemSecret,
        length: u64,
        offset: u64,
        count: u32,
    ) -> Result<Vec<u8>, JournalError> {
        let path = self.path(id)?;
        let damaged = || JournalError::Damaged(format!("the file of blob {id} is not as it was written"));
        let end = offset.saturating_add(u64::from(count)).min(length);
        if offset >= end {
            return Ok(Vec::new());
        }
        let file = match File::open(&path) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Err(damaged()),
            other => other.map_err(|e| JournalError::file(&path, e))?,
        };
        let context = frame_context(id, length);
        let frame = FRAME as u64;
        let mut bytes = Vec::with_capacity(usize::try_from(end - offset).map_err(|_| damaged())?);
        for index in offset / frame..=(end - 1) / frame {
            let start = index * frame;
            let plain = usize::try_from(frame.min(length - start)).map_err(|_| damaged())?;
            let mut sealed = vec![0; plain + TAG];
            file.read_exact_at(&mut sealed, index * (frame + TAG as u64)).map_err(|e| match e.kind() {
                io::ErrorKind::UnexpectedEof => damaged(),
                _ => JournalError::file(&path, e),
            })?;
            let opened = secret.unseal_frame(&context, index, &sealed).ok_or_else(damaged)?;
            let from = usize::try_from(offset.saturating_sub(start)).map_err(|_| damaged())?;
            let to = usize::try_from((end - start).min(frame)).map_err(|_| damaged())?;
            bytes.extend_from_slice(opened.get(from..to).ok_or_else(damaged)?);
        }
        Ok(bytes)
    }

    /// Removes a blob's file if it exists.
    pub(crate) fn remove(&self, id: &str) -> Result<(), JournalError> {
        let path = self.path(id)?;
        match fs::remove_file(&path) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(e) => Err(JournalError::file(&path, e)),
            Ok(()) => {
                let shard = path.parent().unwrap_or(&self.folder);
                self.writer.sync_folder(shard).map_err(|e| JournalError::file(shard, e))
            }
        }
    }

    /// Removes every file that belongs to no blob in `known`, as a crash may leave it.
    pub(crate) fn remove_unknown(&self, known: &HashSet<String>) -> Result<(), JournalError> {
        for shard in list(&self.folder)? {
            if !shard.is_dir() {
                continue;
            }
            for path in list(&shard)? {
                let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
                if !known.contains(name) {
                    fs::remove_file(&path).map_err(|e| JournalError::file(&path, e))?;
                }
            }
        }
        Ok(())
    }

    /// Returns the path of a blob's file. Ids are checked, so none can lead out of the folder.
    fn path(&self, id: &str) -> Result<PathBuf, JournalError> {
        let hex = id.len() == 32 && id.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        match id.get(..2) {
            Some(shard) if hex => Ok(self.folder.join(shard).join(id)),
            _ => Err(JournalError::NotFound { what: "blob", id: id.chars().take(64).collect() }),
        }
    }
}

fn list(folder: &Path) -> Result<Vec<PathBuf>, JournalError> {
    fs::read_dir(folder)
        .and_then(|entries| entries.map(|entry| entry.map(|e| e.path())).collect())
        .map_err(|e| JournalError::file(folder, e))
}

fn frame_context(id: &str, length: u64) -> CipherContext {
    CipherContext::new("frame of blob").bytes(id.as_bytes()).number(length)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::random_id;

    fn files() -> (tempfile::TempDir, BlobFiles) {
        let folder = tempfile::tempdir().unwrap();
        let files = BlobFiles::open(folder.path().join("blobs")).unwrap();
        (folder, files)
    }

    fn bytes(length: usize) -> Vec<u8> {
        (0..length).map(|i| u8::try_from(i * 31 % 251).unwrap()).collect()
    }

    #[test]
    fn any_range_of_a_blob_can_be_read() {
        let (_folder, files) = files();
        for length in [0, 1, FRAME - 1, FRAME, FRAME + 1, 3 * FRAME + 77] {
            let (id, secret, whole) = (random_id().unwrap(), ItemSecret::new().unwrap(), bytes(length));
            files.write(&id, &secret, &whole).unwrap();
            let edges =
                [0, 1, FRAME - 1, FRAME, FRAME + 1, 2 * FRAME, length.saturating_sub(1), length, length + 9];
            for offset in edges {
                for count in [0, 1, 2, FRAME, 2 * FRAME + 1, 5 * FRAME] {
                    let count32 = u32::try_from(count).unwrap();
                    let read = files.read(&id, &secret, length as u64, offset as u64, count32).unwrap();
                    let expected =
                        &whole[offset.min(length)..(offset + count).clamp(offset.min(length), length)];
                    assert!(read == expected, "length {length}, {count} from {offset}");
                }
            }
        }
    }

    #[test]
    fn a_cut_changed_or_swapped_file_does_not_open() {
        let (_folder, files) = files();
        let (id, secret, whole) = (random_id().unwrap(), ItemSecret::new().unwrap(), bytes(2 * FRAME));
        files.write(&id, &secret, &whole).unwrap();
        let path = files.path(&id).unwrap();
        let good = fs::read(&path).unwrap();
        let all = || files.read(&id, &secret, 2 * FRAME as u64, 0, u32::MAX);
        assert!(all().is_ok());
        let mut flipped = good.clone();
        flipped[FRAME + 100] ^= 1;
        let mut swapped = good.clone();
        swapped.rotate_left(FRAME + TAG);
        for bad in [&good[..FRAME + TAG], &good[..good.len() - 1], &flipped, &swapped, &[]] {
            fs::write(&path, bad).unwrap();
            assert!(matches!(all(), Err(JournalError::Damaged(_))));
        }
        // A shorter length than the true one is another context.
        fs::write(&path, &good).unwrap();
        assert!(files.read(&id, &secret, FRAME as u64, 0, u32::MAX).is_err());
        fs::remove_file(&path).unwrap();
        assert!(matches!(all(), Err(JournalError::Damaged(_))));
    }

    #[test]
    fn an_id_cannot_lead_out_of_the_folder() {
        let (_folder, files) = files();
        for bad in ["", "ab", "../../../../../../../../../../etc/pw", "0123456789ABCDEF0123456789abcdef"] {
            assert!(matches!(files.remove(bad), Err(JournalError::NotFound { .. })), "{bad}");
        }
    }

    #[test]
    fn a_sweep_removes_what_belongs_to_no_blob() {
        let (_folder, files) = files();
        let (kept, lost) = (random_id().unwrap(), random_id().unwrap());
        let secret = ItemSecret::new().unwrap();
        files.write(&kept, &secret, b"a").unwrap();
        files.write(&lost, &secret, b"b").unwrap();
        let temporary = files.path(&kept).unwrap().with_file_name("x.tmp");
        fs::write(&temporary, b"half").unwrap();
        files.remove_unknown(&HashSet::from([kept.clone()])).unwrap();
        assert!(files.path(&kept).unwrap().exists());
        assert!(!files.path(&lost).unwrap().exists() && !temporary.exists());
    }
}
