//! Opening and closing a journal, and what keeps it going in between.

use std::collections::HashSet;
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, Notify, OwnedMappedMutexGuard, OwnedMutexGuard, oneshot};

use crate::blob_files::BlobFiles;
use crate::crypt::{Context, Keys};
use crate::database::{Database, Stats};
use crate::files::{FileWriter, create_private_folder, open_private_file};
use crate::random::random_id;
use crate::writer::Writer;
use crate::{Hash, JournalError, MasterKey};

/// How long a batch may stay uncommitted.
const BATCH_AGE: Duration = Duration::from_secs(1);

/// A journal that this process has open. Clones are the same journal.
///
/// Every call that was begun is carried out, whether or not its future is waited for to the end. All are to be made
/// within a tokio runtime.
#[derive(Clone)]
pub struct Journal {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    id: String,
    pub(crate) keys: Arc<Keys>,
    pub(crate) files: Arc<BlobFiles>,
    writer: Arc<Mutex<Option<Writer>>>,
    /// Dropped with the last clone: tells the tender to commit what is left and close.
    _alive: oneshot::Sender<()>,
}

/// The writer, while one call has it for itself.
pub(crate) type Turn = OwnedMappedMutexGuard<Option<Writer>, Writer>;

impl Journal {
    /// Opens the journal in the folder `dir`, or makes one there. After a crash: what was committed is there, files of
    /// blobs that never got into the database are removed.
    ///
    /// # Errors
    /// [`JournalError::InUse`] while another process (or another [`Journal`] of this one) has it open,
    /// [`JournalError::WrongKey`], [`JournalError::NewerSchema`], [`JournalError::NotAJournal`],
    /// [`JournalError::DiskFull`], and errors of the file system and the database.
    pub async fn open(dir: &Path, key: &MasterKey) -> Result<Self, JournalError> {
        let keys = Arc::new(Keys::derive(key));
        let dir = dir.to_owned();
        let (lock, path, files) = blocking(move || prepare_folder(&dir)).await?;
        let files = Arc::new(files);
        let untended = Arc::new(Notify::new());
        let (alive, dropped) = oneshot::channel();
        finish(async move {
            let mut database = Database::open(&path, Arc::clone(&untended)).await?;
            let id = identify(&mut database, &keys).await?;
            let known = database.rows("SELECT id FROM blob WHERE description IS NOT NULL", []).await?;
            let known: HashSet<String> = known.into_iter().map(|(id,)| id).collect();
            let sweeping = Arc::clone(&files);
            blocking(move || sweeping.sweep(&known)).await?;
            let writer = Writer::load(database, &id, lock).await?;
            let writer = Arc::new(Mutex::new(Some(writer)));
            tokio::spawn(tend(Arc::clone(&writer), untended, dropped));
            Ok(Self { inner: Arc::new(Inner { id, keys, files, writer, _alive: alive }) })
        })
        .await
    }

    /// The journal's id: 32 lowercase hex digits, drawn when it was made. The chain begins with it.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.inner.id
    }

    /// The last record's sequence (0 before the first) and the chain's head after it.
    ///
    /// # Errors
    /// [`JournalError::Closed`].
    pub async fn head(&self) -> Result<(u64, Hash), JournalError> {
        let turn = self.turn().await?;
        Ok((turn.sequence, turn.head))
    }

    /// Commits and syncs everything written so far: it is on the disk when this returns.
    ///
    /// # Errors
    /// [`JournalError::DiskFull`], [`JournalError::Closed`], and errors of the database.
    pub async fn sync(&self) -> Result<(), JournalError> {
        let mut turn = self.turn().await?;
        finish(async move { turn.database.sync().await }).await
    }

    /// Where the time went, since the journal was opened.
    ///
    /// # Errors
    /// [`JournalError::Closed`].
    pub async fn stats(&self) -> Result<Stats, JournalError> {
        let mut stats = self.turn().await?.database.stats;
        (stats.blob_syncs, stats.blob_sync_time) = self.inner.files.syncs();
        Ok(stats)
    }

    /// Syncs everything and closes the journal, for all clones; another process may open it when this returns. A
    /// journal that is dropped instead is closed a moment later in the background, as long as the runtime is there.
    ///
    /// # Errors
    /// [`JournalError::DiskFull`] and errors of the database: what was written since the last commit may be lost then.
    /// [`JournalError::Closed`] where it was closed before.
    pub async fn close(self) -> Result<(), JournalError> {
        let mut guard = Arc::clone(&self.inner.writer).lock_owned().await;
        let Writer { database, lock, .. } = guard.take().ok_or(JournalError::Closed)?;
        finish(async move {
            let closed = database.close().await;
            // Not earlier: whoever gets the lock must find the database closed.
            drop((lock, guard));
            closed
        })
        .await
    }

    /// Waits for the writer. Calls are served in the order in which they come.
    pub(crate) async fn turn(&self) -> Result<Turn, JournalError> {
        let guard = Arc::clone(&self.inner.writer).lock_owned().await;
        OwnedMutexGuard::try_map(guard, Option::as_mut).map_err(|_| JournalError::Closed)
    }
}

impl std::fmt::Debug for Journal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Journal({})", self.inner.id)
    }
}

/// Carries `work` out to its end, even where its caller is dropped while waiting: a transaction is never left half
/// done.
pub(crate) async fn finish<T: Send + 'static>(
    work: impl Future<Output = Result<T, JournalError>> + Send + 'static,
) -> Result<T, JournalError> {
    tokio::spawn(work).await.map_err(|_| JournalError::Stopped)?
}

/// Does `work` that blocks.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, JournalError> + Send + 'static,
) -> Result<T, JournalError> {
    tokio::task::spawn_blocking(work).await.map_err(|_| JournalError::Stopped)?
}

/// Commits a second after something was written. Closes the journal when its last clone is gone.
async fn tend(writer: Arc<Mutex<Option<Writer>>>, untended: Arc<Notify>, mut dropped: oneshot::Receiver<()>) {
    let mut failing = false;
    loop {
        tokio::select! {
            _ = &mut dropped => break,
            () = async { untended.notified().await; tokio::time::sleep(BATCH_AGE).await } => {}
        }
        let mut guard = writer.lock().await;
        let Some(writer) = guard.as_mut() else { return };
        match writer.database.tend().await {
            Ok(()) => failing = false,
            // Said once, not once a second: whoever writes next is told, too.
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

/// Makes the folder, takes its lock, makes the database's file.
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
    FileWriter::default().sync_folder(dir)?;
    Ok((lock, database, files))
}

/// The journal's id; draws one for a new journal. Refuses a master key that is not the journal's.
async fn identify(database: &mut Database, keys: &Keys) -> Result<String, JournalError> {
    use crate::database::Statement;

    let context = |id: &str| Context::new("key check").bytes(id.as_bytes());
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
            Statement::new(insert, ["id".into(), id.clone().into_bytes().into()]),
            Statement::new(insert, ["key-check".into(), check.into()]),
        ])
        .await?;
    Ok(id)
}
