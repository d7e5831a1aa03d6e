//! Opening and closing a journal, and what keeps it going in between.

use std::collections::HashSet;
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, Notify, OwnedMappedMutexGuard, OwnedMutexGuard, oneshot};

use crate::blob_files::BlobFiles;
use crate::crypt::{CipherContext, JournalKeys};
use crate::database::{Database, JournalStats};
use crate::files::{create_private_folder, open_private_file};
use crate::random::random_id;
use crate::writer::Writer;
use crate::{Hash, JournalError, MasterKey};

/// How long a batch may stay uncommitted.
const BATCH_AGE: Duration = Duration::from_secs(1);

/// A journal that this process has open. Clones are the same journal.
///
/// Every call that was begun is completed, even if its future is dropped. Make all calls within a tokio runtime.
#[derive(Clone)]
pub struct Journal {
    pub(crate) shared: Arc<JournalShared>,
}

pub(crate) struct JournalShared {
    id: String,
    pub(crate) keys: Arc<JournalKeys>,
    pub(crate) files: Arc<BlobFiles>,
    writer: Arc<Mutex<Option<Writer>>>,
    /// Dropped with the last clone: then the background task commits what is left and closes the database.
    _alive: oneshot::Sender<()>,
}

/// The writer, locked for one call.
pub(crate) type WriterGuard = OwnedMappedMutexGuard<Option<Writer>, Writer>;

impl Journal {
    /// Opens the journal in the folder `dir`, or creates one there. After a crash, what was committed is there, and the
    /// files of blobs that never got into the database are removed.
    ///
    /// # Errors
    /// [`JournalError::InUse`] while another process (or another [`Journal`] of this one) has it open,
    /// [`JournalError::WrongKey`], [`JournalError::NewerSchema`], [`JournalError::OlderSchema`],
    /// [`JournalError::NotAJournal`], [`JournalError::DiskFull`], and errors of the file system and the database.
    pub async fn open(dir: &Path, key: &MasterKey) -> Result<Self, JournalError> {
        let keys = Arc::new(JournalKeys::derive(key));
        let dir = dir.to_owned();
        let (lock, path, files) = run_blocking(move || prepare_folder(&dir)).await?;
        let files = Arc::new(files);
        let work_pending = Arc::new(Notify::new());
        let (alive, dropped) = oneshot::channel();
        run_to_end(async move {
            let mut database = Database::open(&path, Arc::clone(&work_pending)).await?;
            let id = read_or_create_id(&mut database, &keys).await?;
            let known = database.rows("SELECT id FROM blob WHERE description IS NOT NULL", []).await?;
            let known: HashSet<String> = known.into_iter().map(|(id,)| id).collect();
            let sweeper = Arc::clone(&files);
            run_blocking(move || sweeper.remove_unknown(&known)).await?;
            let writer = Writer::load(database, &id, lock).await?;
            let writer = Arc::new(Mutex::new(Some(writer)));
            tokio::spawn(commit_periodically(Arc::clone(&writer), work_pending, dropped));
            Ok(Self { shared: Arc::new(JournalShared { id, keys, files, writer, _alive: alive }) })
        })
        .await
    }

    /// Returns the journal's id: 32 random lowercase hex digits, with which the chain begins.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.shared.id
    }

    /// Returns the last record's sequence (0 before the first) and the chain's head after it.
    ///
    /// # Errors
    /// [`JournalError::Closed`].
    pub async fn head(&self) -> Result<(u64, Hash), JournalError> {
        let writer = self.lock_writer().await?;
        Ok((writer.sequence, writer.head))
    }

    /// Commits and syncs everything that was written so far: it is on the disk when this returns.
    ///
    /// # Errors
    /// [`JournalError::DiskFull`], [`JournalError::Closed`], and errors of the database.
    pub async fn sync(&self) -> Result<(), JournalError> {
        let mut writer = self.lock_writer().await?;
        run_to_end(async move { writer.database.sync().await }).await
    }

    /// Returns how many commits and syncs there were since the journal was opened, and how long they took.
    ///
    /// # Errors
    /// [`JournalError::Closed`].
    pub async fn stats(&self) -> Result<JournalStats, JournalError> {
        let mut stats = self.lock_writer().await?.database.stats;
        (stats.blob_syncs, stats.blob_sync_time) = self.shared.files.syncs();
        Ok(stats)
    }

    /// Syncs everything and closes the journal, for all clones; another process may open it when this returns. A
    /// journal that is dropped instead is closed a moment later in the background, as long as the runtime exists.
    ///
    /// # Errors
    /// [`JournalError::DiskFull`] and errors of the database: then what was written since the last commit may be lost.
    /// [`JournalError::Closed`] if it was closed before.
    pub async fn close(self) -> Result<(), JournalError> {
        let mut guard = Arc::clone(&self.shared.writer).lock_owned().await;
        let Writer { database, lock, .. } = guard.take().ok_or(JournalError::Closed)?;
        run_to_end(async move {
            let closed = database.close().await;
            // Not earlier: the next holder of the lock must find the database closed.
            drop((lock, guard));
            closed
        })
        .await
    }

    /// Waits for the writer and locks it. Calls are served in the order in which they come.
    pub(crate) async fn lock_writer(&self) -> Result<WriterGuard, JournalError> {
        let guard = Arc::clone(&self.shared.writer).lock_owned().await;
        OwnedMutexGuard::try_map(guard, Option::as_mut).map_err(|_| JournalError::Closed)
    }
}

impl std::fmt::Debug for Journal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Journal({})", self.shared.id)
    }
}

/// Runs `work` to its end, even if the caller is dropped while it waits: a transaction is never left half done.
pub(crate) async fn run_to_end<T: Send + 'static>(
    work: impl Future<Output = Result<T, JournalError>> + Send + 'static,
) -> Result<T, JournalError> {
    tokio::spawn(work).await.map_err(|_| JournalError::Stopped)?
}

/// Runs `work` that blocks on a thread for such work.
pub(crate) async fn run_blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, JournalError> + Send + 'static,
) -> Result<T, JournalError> {
    tokio::task::spawn_blocking(work).await.map_err(|_| JournalError::Stopped)?
}

/// Commits a second after something was written. Closes the database when the last clone of the journal is dropped.
async fn commit_periodically(
    writer: Arc<Mutex<Option<Writer>>>,
    work_pending: Arc<Notify>,
    mut dropped: oneshot::Receiver<()>,
) {
    let mut failing = false;
    loop {
        tokio::select! {
            _ = &mut dropped => break,
            () = async { work_pending.notified().await; tokio::time::sleep(BATCH_AGE).await } => {}
        }
        let mut guard = writer.lock().await;
        let Some(writer) = guard.as_mut() else { return };
        match writer.database.commit_and_clean().await {
            Ok(()) => failing = false,
            // Logged once, not once a second: the next write reports it too.
            Err(error) if !failing => {
                failing = true;
                tracing::warn!(%error, "the journal could not be committed");
            }
            Err(_) => {}
        }
    }
    if let Some(writer) = writer.lock().await.take()
        && let Err(error) = writer.database.close().await
    {
        tracing::warn!(%error, "the journal could not be closed properly");
    }
}

/// Creates the folder, takes its lock, creates the database's file.
fn prepare_folder(dir: &Path) -> Result<(File, PathBuf, BlobFiles), JournalError> {
    create_private_folder(dir)?;
    let lock_path = dir.join("journal.lock");
    let lock = open_private_file(&lock_path)?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(JournalError::InUse(dir.to_owned())),
        Err(TryLockError::Error(e)) => return Err(JournalError::file(&lock_path, e)),
    }
    let database = dir.join("journal.db");
    // SQLite gives its log the permissions of the database's file.
    open_private_file(&database)?;
    let files = BlobFiles::open(dir.join("blobs"))?;
    candor_files::sync_folder(dir).map_err(|e| JournalError::file(dir, e))?;
    Ok((lock, database, files))
}

/// Returns the journal's id, or draws one for a new journal. Refuses a master key that is not the journal's.
async fn read_or_create_id(database: &mut Database, keys: &JournalKeys) -> Result<String, JournalError> {
    use crate::database::SqlStatement;

    let context = |id: &str| CipherContext::new("key check").bytes(id.as_bytes());
    let find = |name: &'static str| ("SELECT value FROM meta WHERE name = ?", [name.into()]);
    let (sql, values) = find("id");
    if let Some((id,)) = database.maybe(sql, values).await? {
        let id = String::from_utf8(id).map_err(|_| JournalError::Damaged("its id is no text".to_owned()))?;
        let (sql, values) = find("key-check");
        let (check,): (Vec<u8>,) = database.one(sql, values).await?;
        keys.unseal(&context(&id), &check).ok_or(JournalError::WrongKey)?;
        return Ok(id);
    }
    let id = random_id()?;
    let check = keys.seal(&context(&id), b"")?;
    let insert = "INSERT INTO meta (name, value) VALUES (?, ?)";
    database
        .write_synced(vec![
            SqlStatement::new(insert, ["id".into(), id.clone().into_bytes().into()]),
            SqlStatement::new(insert, ["key-check".into(), check.into()]),
        ])
        .await?;
    Ok(id)
}
