//! Files and folders that only their owner can read.

use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use crate::error::JournalError;

/// Creates a folder that only its owner can enter, or makes an existing one so.
pub(crate) fn create_private_folder(path: &Path) -> Result<(), JournalError> {
    candor_files::create_private_folder(path).map_err(|e| JournalError::file(path, e))
}

/// Opens a file that only its owner can read, and creates it if it is missing.
pub(crate) fn open_private_file(path: &Path) -> Result<File, JournalError> {
    let opened =
        OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path);
    opened
        .and_then(|file| file.set_permissions(fs::Permissions::from_mode(0o600)).map(|()| file))
        .map_err(|e| JournalError::file(path, e))
}
