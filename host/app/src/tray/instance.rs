//! One tray for a data folder, so that nothing is announced twice.

use std::fs::{DirBuilder, File};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

/// Returns whether a tray runs for a data folder.
pub(crate) fn is_running(data: &Path) -> bool {
    let Ok(file) = File::open(lock_path(data)) else { return false };
    file.try_lock_shared().is_err()
}

fn lock_path(data: &Path) -> PathBuf {
    data.join("run").join("tray.lock")
}

/// Locks the data folder for this tray, for as long as the file is open.
///
/// # Errors
/// If a tray runs already, or the data folder cannot be written to.
pub(super) fn lock_instance(data: &Path) -> Result<File> {
    let open = || {
        DirBuilder::new().recursive(true).mode(0o700).create(data.join("run"))?;
        File::options().create(true).truncate(false).write(true).mode(0o600).open(lock_path(data))
    };
    let file = open().with_context(|| {
        format!("the data folder {} cannot be used: name another one with --data", data.display())
    })?;
    if file.try_lock().is_err() {
        bail!("the tray runs already: end that one first");
    }
    Ok(file)
}
