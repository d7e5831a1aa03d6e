//! Removes the files of what a worker changed or removed. They are noted in the database in the same transaction as the
//! change, and the note goes only when the file is gone: a crash in between is made good at the next start.

use std::collections::HashSet;
use std::fs::DirEntry;
use std::io::ErrorKind;
use std::time::{Duration, UNIX_EPOCH};

use crate::limits;
use crate::office_folder::{OfficeFolder, sync_folder};
use crate::store::{OfficeStore, OfficeStoreError};

/// Removes files that are noted for removal, and their notes. The log names those that cannot be removed; they
/// stay noted.
///
/// # Errors
/// [`OfficeStoreError`] of the database.
pub async fn erase_files(
    store: &OfficeStore,
    data: &OfficeFolder,
    files: Vec<String>,
) -> Result<(), OfficeStoreError> {
    if files.is_empty() {
        return Ok(());
    }
    let data = data.clone();
    let removed = tokio::task::spawn_blocking(move || {
        let gone = |name: &String| match remove_file(&data, name) {
            Ok(()) => true,
            Err(error) => {
                tracing::error!("{name} could not be erased and is tried again later: {error}");
                false
            }
        };
        files.into_iter().filter(gone).collect::<Vec<_>>()
    });
    match removed.await {
        Ok(gone) => store.drop_erasure_notes(&gone).await,
        Err(error) => {
            tracing::error!("erasing files broke off and is tried again later: {error}");
            Ok(())
        }
    }
}

/// Removes the files that an earlier run noted for removal and left.
///
/// # Errors
/// [`OfficeStoreError`] of the database.
pub async fn erase_pending(store: &OfficeStore, data: &OfficeFolder) -> Result<(), OfficeStoreError> {
    let mut after = String::new();
    loop {
        // By name, so that one that cannot be removed does not come again and again.
        let files = store.pending_erasures(&after).await?;
        let Some(last) = files.last().cloned() else { return Ok(()) };
        erase_files(store, data, files).await?;
        after = last;
        tokio::time::sleep(limits::SWEEP_PAUSE).await;
    }
}

/// Removes pictures that the database knows nothing of and that are older than `before`, milliseconds since the epoch:
/// a crash between naming a file and noting it leaves one.
///
/// # Errors
/// [`OfficeStoreError`] of the database. The log names what cannot be read or removed.
pub async fn erase_strays(
    store: &OfficeStore,
    data: &OfficeFolder,
    before: u64,
) -> Result<(), OfficeStoreError> {
    // Folder by folder, so that never all names are in memory.
    for digits in (0..=u8::MAX).map(|n| format!("{n:02x}")) {
        let (folder, there) = (format!("pictures/{digits}/"), data.clone());
        let found = tokio::task::spawn_blocking(move || old_files(&there, &folder, before)).await;
        let found = found.map_err(|_| OfficeStoreError::BrokenOff)?;
        if found.is_empty() {
            continue;
        }
        let known: HashSet<String> = store.attachment_files(&digits).await?.into_iter().collect();
        let strays: Vec<String> = found.into_iter().filter(|name| !known.contains(name)).collect();
        let there = data.clone();
        let removed = tokio::task::spawn_blocking(move || {
            for name in strays {
                if let Err(error) = remove_file(&there, &name) {
                    tracing::error!("{name} belongs to nothing and could not be removed: {error}");
                }
            }
        });
        removed.await.map_err(|_| OfficeStoreError::BrokenOff)?;
        tokio::time::sleep(limits::SWEEP_PAUSE).await;
    }
    Ok(())
}

/// Returns the names of the files of a folder that were written before `before`.
fn old_files(data: &OfficeFolder, folder: &str, before: u64) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(data.path(folder)) else { return Vec::new() };
    let before = UNIX_EPOCH + Duration::from_millis(before);
    let old = |entry: &DirEntry| {
        entry.metadata().is_ok_and(|m| m.is_file() && m.modified().is_ok_and(|written| written < before))
    };
    entries
        .filter_map(Result::ok)
        .filter(old)
        .filter_map(|entry| Some(format!("{folder}{}", entry.file_name().to_str()?)))
        .collect()
}

fn remove_file(data: &OfficeFolder, name: &str) -> std::io::Result<()> {
    let path = data.path(name);
    match std::fs::remove_file(&path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        other => other?,
    }
    match path.parent() {
        Some(folder) => sync_folder(folder).map_err(std::io::Error::other),
        None => Ok(()),
    }
}
