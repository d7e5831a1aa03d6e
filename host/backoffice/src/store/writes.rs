//! Writes: one at a time, and one sync of the disk for all that come together.
//!
//! SQLite has one writer, and a commit waits for the disk. So whoever wants to write queues here and works in the open
//! transaction when its turn comes, in a savepoint of its own: what fails takes back nothing but its own. The commit
//! queues too, behind all who wait when the transaction begins: then all of them are answered at once. Nobody is told
//! that something is kept, or that it is refused because of what another one keeps, before the disk has it
//! (invariant 9).
//!
//! Parcels and their attachments have a bounded number of places in the queue. Whoever finds none is sent away
//! ([`OfficeStoreError::Busy`]); people who sign in still come in.
//!
//! A turn may be given up at any instant, as when a connection breaks off: whoever comes next takes its half-done work
//! back.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use sqlx::sqlite::{SqliteConnection, SqlitePool};
use sqlx::{Sqlite, Transaction};
use tokio::sync::{Mutex, OwnedMappedMutexGuard, OwnedMutexGuard, OwnedSemaphorePermit, Semaphore, watch};

use super::error::OfficeStoreError;
use crate::limits;

/// The queue of those who want to write. Clones share it.
#[derive(Clone, Debug)]
pub(super) struct WriteQueue {
    pool: SqlitePool,
    /// The open transaction, if there is one. Whoever holds the lock has the turn; it goes in the order of asking.
    group: Arc<Mutex<Option<Group>>>,
    places: Arc<Semaphore>,
}

/// Those who write in one transaction.
#[derive(Debug)]
struct Group {
    tx: Transaction<'static, Sqlite>,
    savepoint: Savepoint,
    end: watch::Sender<End>,
}

/// The savepoint of the last one who had the turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Savepoint {
    /// Nobody has had it.
    None,
    /// It is left as it was, half-done: what was written is to be taken back.
    Unfinished,
    /// What was written counts.
    Finished,
}

/// How a transaction ended.
#[derive(Clone, Debug)]
enum End {
    NotYet,
    Committed,
    Failed(Arc<str>),
}

impl WriteQueue {
    pub(super) fn new(pool: SqlitePool) -> Self {
        let places = Arc::new(Semaphore::new(limits::WAITING_WRITES));
        Self { pool, group: Arc::default(), places }
    }

    /// Waits for a turn.
    ///
    /// # Errors
    /// [`OfficeStoreError`] of the database.
    pub(super) async fn take_turn(&self) -> Result<WriteTurn, OfficeStoreError> {
        self.wait_for_turn(None).await
    }

    /// Waits for a turn, if there is a place to wait.
    ///
    /// # Errors
    /// [`OfficeStoreError::Busy`] if there is none, [`OfficeStoreError`] of the database.
    pub(super) async fn take_bounded_turn(&self) -> Result<WriteTurn, OfficeStoreError> {
        let place = Arc::clone(&self.places).try_acquire_owned().map_err(|_| OfficeStoreError::Busy)?;
        self.wait_for_turn(Some(place)).await
    }

    async fn wait_for_turn(
        &self,
        place: Option<OwnedSemaphorePermit>,
    ) -> Result<WriteTurn, OfficeStoreError> {
        let mut slot = Arc::clone(&self.group).lock_owned().await;
        if let Some(group) = slot.as_mut()
            && let Err(error) = group.begin_savepoint().await
        {
            // SQLite has rolled the whole transaction back, as when the disk is full.
            if let Some(group) = slot.take() {
                group.fail(&error);
            }
        }
        if slot.is_none() {
            let tx = self.pool.begin_with("BEGIN IMMEDIATE").await?;
            let end = watch::Sender::new(End::NotYet);
            let group = slot.insert(Group { tx, savepoint: Savepoint::None, end });
            tokio::spawn(commit_in_turn(Arc::clone(&self.group)));
            group.begin_savepoint().await?;
        }
        let Ok(group) = OwnedMutexGuard::try_map(slot, Option::as_mut) else {
            return Err(OfficeStoreError::NotCommitted("no transaction was begun".into()));
        };
        Ok(WriteTurn { group, place })
    }

    /// Commits what is open, and runs `between` while nobody writes.
    pub(super) async fn pause<T>(&self, between: impl Future<Output = T>) -> T {
        let mut slot = self.group.lock().await;
        commit(&mut slot).await;
        between.await
    }
}

/// Commits when its turn comes: after those who wait already.
async fn commit_in_turn(group: Arc<Mutex<Option<Group>>>) {
    commit(&mut *group.lock().await).await;
}

async fn commit(slot: &mut Option<Group>) {
    let Some(mut group) = slot.take() else { return };
    // A savepoint that is finished ends with the commit.
    if group.savepoint == Savepoint::Unfinished
        && let Err(error) = sqlx::query("ROLLBACK TO member").execute(&mut *group.tx).await
    {
        return group.fail(&error);
    }
    let Group { tx, end, .. } = group;
    end.send_replace(match tx.commit().await {
        Ok(()) => End::Committed,
        Err(error) => End::Failed(error.to_string().into()),
    });
}

impl Group {
    /// Begins a savepoint for whoever has the turn now, in one call; takes back what the one before left half-done.
    ///
    /// # Errors
    /// If the savepoint of before is not there any more: then nothing of the transaction is left.
    async fn begin_savepoint(&mut self) -> Result<(), sqlx::Error> {
        let begin = match self.savepoint {
            Savepoint::None => "SAVEPOINT member",
            // It is as it was at its beginning, for the next one to use.
            Savepoint::Unfinished => "ROLLBACK TO member",
            Savepoint::Finished => "RELEASE member; SAVEPOINT member",
        };
        sqlx::query(begin).execute(&mut *self.tx).await?;
        self.savepoint = Savepoint::Unfinished;
        Ok(())
    }

    fn fail(self, error: &sqlx::Error) {
        self.end.send_replace(End::Failed(error.to_string().into()));
    }
}

/// The turn to write. What is written counts with [`WriteTurn::commit`]; a turn that is dropped leaves nothing.
#[derive(Debug)]
pub(super) struct WriteTurn {
    group: OwnedMappedMutexGuard<Option<Group>, Group>,
    place: Option<OwnedSemaphorePermit>,
}

impl WriteTurn {
    /// Gives the turn to the next one, and waits until what was written is on the disk.
    ///
    /// # Errors
    /// [`OfficeStoreError::NotCommitted`] if it is not.
    pub(super) async fn commit(mut self) -> Result<(), OfficeStoreError> {
        // Broken off from here on, it is as if the answer was lost on its way.
        self.group.savepoint = Savepoint::Finished;
        let Self { group, place } = self;
        let mut end = group.end.subscribe();
        drop(group);
        let ended = end.wait_for(|end| !matches!(end, End::NotYet)).await.map(|end| end.clone());
        drop(place);
        match ended {
            Ok(End::Committed) => Ok(()),
            Ok(End::Failed(why)) => Err(OfficeStoreError::NotCommitted(why)),
            Ok(End::NotYet) | Err(_) => Err(OfficeStoreError::NotCommitted("the writer ended".into())),
        }
    }
}

impl Deref for WriteTurn {
    type Target = SqliteConnection;

    fn deref(&self) -> &SqliteConnection {
        &self.group.tx
    }
}

impl DerefMut for WriteTurn {
    fn deref_mut(&mut self) -> &mut SqliteConnection {
        &mut self.group.tx
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::time::Duration;

    use super::*;
    use crate::store::OfficeStore;

    async fn open(folder: &Path) -> OfficeStore {
        OfficeStore::open(&folder.join("backoffice.db")).await.unwrap()
    }

    async fn note(turn: &mut WriteTurn, file: &str) -> Result<(), sqlx::Error> {
        let added = sqlx::query("INSERT INTO erasures (file, since) VALUES (?, 1)").bind(file);
        added.execute(&mut **turn).await.map(drop)
    }

    /// Writes one row in a task of its own.
    fn write(store: &OfficeStore, file: &str) -> tokio::task::JoinHandle<Result<(), OfficeStoreError>> {
        let (store, file) = (store.clone(), file.to_owned());
        tokio::spawn(async move {
            let mut turn = store.begin_write().await?;
            note(&mut turn, &file).await?;
            turn.commit().await
        })
    }

    async fn noted(store: &OfficeStore) -> Vec<String> {
        sqlx::query_scalar("SELECT file FROM erasures ORDER BY file").fetch_all(&store.pool).await.unwrap()
    }

    /// Lets everybody who is about to queue do so.
    async fn settle() {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }

    /// Holds all turns back until the returned sender is dropped, so that those who come meanwhile come together.
    async fn hold_back(store: &OfficeStore) -> tokio::sync::oneshot::Sender<()> {
        let (release, released) = tokio::sync::oneshot::channel::<()>();
        let store = store.clone();
        tokio::spawn(async move { store.writes.pause(released).await });
        settle().await;
        release
    }

    #[tokio::test]
    async fn of_many_that_come_together_one_that_fails_or_goes_away_takes_back_only_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let store = open(folder.path()).await;
        let held = hold_back(&store).await;
        let first = write(&store, "a");
        settle().await;
        let broken_off = {
            let store = store.clone();
            tokio::spawn(async move {
                let mut turn = store.begin_write().await.unwrap();
                note(&mut turn, "broken off").await.unwrap();
                std::future::pending::<()>().await;
            })
        };
        settle().await;
        let waiting = write(&store, "gave up waiting");
        settle().await;
        let twin = write(&store, "a");
        settle().await;
        let last = write(&store, "b");
        settle().await;
        drop(held);
        settle().await;
        assert!(!first.is_finished(), "told before it was on the disk");
        assert_eq!(noted(&store).await, [""; 0]);
        waiting.abort();
        broken_off.abort();
        assert!(matches!(twin.await.unwrap(), Err(OfficeStoreError::Database(_))), "the row was there");
        last.await.unwrap().unwrap();
        first.await.unwrap().unwrap();
        assert_eq!(noted(&store).await, ["a", "b"]);
    }

    #[tokio::test]
    async fn those_who_come_together_are_committed_together() {
        let folder = tempfile::tempdir().unwrap();
        let store = open(folder.path()).await;
        write(&store, "before").await.unwrap().unwrap();
        let held = hold_back(&store).await;
        let others: Vec<_> = (0..40).map(|n| write(&store, &n.to_string())).collect();
        settle().await;
        let log = folder.path().join("backoffice.db-wal");
        let before = std::fs::metadata(&log).unwrap().len();
        drop(held);
        for other in others {
            other.await.unwrap().unwrap();
        }
        let written = std::fs::metadata(&log).unwrap().len() - before;
        // A commit writes the pages that changed, two here; forty commits would write eighty.
        assert!((1..20 * 4096).contains(&written), "{written} bytes of log for forty rows: not one commit");
        assert_eq!(noted(&store).await.len(), 41);
    }

    #[tokio::test]
    async fn whoever_finds_no_place_is_sent_away_and_people_still_come_in() {
        let folder = tempfile::tempdir().unwrap();
        let store = open(folder.path()).await;
        let first = store.begin_delivery().await.unwrap();
        let waiting: Vec<_> = (1..limits::WAITING_WRITES)
            .map(|_| {
                let store = store.clone();
                tokio::spawn(async move { store.begin_delivery().await?.commit().await })
            })
            .collect();
        settle().await;
        assert!(matches!(store.begin_delivery().await, Err(OfficeStoreError::Busy)));
        let person = write(&store, "somebody signs in");
        first.commit().await.unwrap();
        for one in waiting {
            one.await.unwrap().unwrap();
        }
        person.await.unwrap().unwrap();
        store.begin_delivery().await.unwrap().commit().await.unwrap();
    }

    #[tokio::test]
    async fn invariant_09_what_a_lost_transaction_held_is_told_to_nobody_as_kept() {
        let folder = tempfile::tempdir().unwrap();
        let store = open(folder.path()).await;
        let held = hold_back(&store).await;
        let first = write(&store, "a");
        settle().await;
        let lost = {
            let store = store.clone();
            tokio::spawn(async move {
                let mut turn = store.begin_write().await.unwrap();
                // As SQLite does by itself when the disk is full.
                sqlx::raw_sql("ROLLBACK").execute(&mut *turn).await.unwrap();
            })
        };
        settle().await;
        let after = write(&store, "b");
        settle().await;
        drop(held);
        let refused = first.await.unwrap();
        assert!(matches!(refused, Err(OfficeStoreError::NotCommitted(_))), "{refused:?}");
        lost.await.unwrap();
        after.await.unwrap().unwrap();
        assert_eq!(noted(&store).await, ["b"]);
        // The connection that lost it is not used again.
        for n in 0..8 {
            write(&store, &format!("c{n}")).await.unwrap().unwrap();
        }
    }
}
