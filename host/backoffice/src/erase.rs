//! Removes the files of what a worker changed or removed. They are noted in the database in the same transaction as the
//! change, and the note goes only when the file is gone: a crash in between is made good at the next start.

use std::io::ErrorKind;

use crate::data::{Data, sync_folder};
use crate::store::{Store, StoreError};

/// Removes files that are noted for removal, and their notes. One that cannot be removed is told to the log and stays
/// noted.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn erase(store: &Store, data: &Data, files: Vec<String>) -> Result<(), StoreError> {
    if files.is_empty() {
        return Ok(());
    }
    let data = data.clone();
    let removed = tokio::task::spawn_blocking(move || {
        let gone = |name: &String| match remove(&data, name) {
            Ok(()) => true,
            Err(error) => {
                tracing::error!("{name} could not be erased and is tried again later: {error}");
                false
            }
        };
        files.into_iter().filter(gone).collect::<Vec<_>>()
    });
    match removed.await {
        Ok(gone) => store.erased(&gone).await,
        Err(error) => {
            tracing::error!("erasing files broke off and is tried again later: {error}");
            Ok(())
        }
    }
}

/// Removes what an earlier run left.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn pending(store: &Store, data: &Data) -> Result<(), StoreError> {
    let files = store.erasures().await?;
    erase(store, data, files).await
}

fn remove(data: &Data, name: &str) -> std::io::Result<()> {
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
