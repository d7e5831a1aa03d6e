//! Who may open which folder.

use std::os::unix::fs::PermissionsExt as _;

use super::*;

#[tokio::test]
async fn a_second_open_is_refused_until_the_first_is_closed() {
    let (folder, journal) = fresh().await;
    let error = Journal::open(folder.path(), &key()).await.unwrap_err();
    assert!(matches!(error, JournalError::InUse(_)));
    assert!(error.to_string().contains("stop the other agent"), "{error}");
    let clone = journal.clone();
    journal.close().await.unwrap();
    assert!(matches!(clone.append("a", None, 1, Vec::new()).await, Err(JournalError::Closed)));
    assert!(matches!(clone.close().await, Err(JournalError::Closed)));
    open(folder.path()).await;
}

#[tokio::test]
async fn the_folder_is_its_owners_alone() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("journal");
    fs::create_dir(&dir).unwrap();
    fs::set_permissions(&dir, fs::Permissions::from_mode(0o755)).unwrap();
    let journal = open(&dir).await;
    journal.append("a", None, 1, Vec::new()).await.unwrap();
    journal.put_blob("image/webp", vec![1]).await.unwrap();
    journal.sync().await.unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&dir), 0o700);
    let files = files(&dir);
    assert!(files.iter().any(|path| path.ends_with("journal.db-wal")), "{files:?}");
    for path in files {
        assert_eq!(mode(&path), 0o600, "{}", path.display());
        assert_eq!(mode(path.parent().unwrap()), 0o700, "{}", path.display());
    }
}

#[tokio::test]
async fn another_master_key_is_refused() {
    let (folder, journal) = fresh().await;
    journal.append("a", None, 1, Vec::new()).await.unwrap();
    journal.close().await.unwrap();
    let other = MasterKey::from_bytes([8; 32]);
    assert!(matches!(Journal::open(folder.path(), &other).await, Err(JournalError::WrongKey)));
    assert!(open(folder.path()).await.verify().await.unwrap().is_good());
}

#[tokio::test]
async fn a_newer_schema_is_refused_and_left_alone() {
    let (folder, journal) = fresh().await;
    journal.close().await.unwrap();
    behind_its_back(folder.path(), "PRAGMA user_version = 99").await;
    let error = Journal::open(folder.path(), &key()).await.unwrap_err();
    assert!(matches!(error, JournalError::NewerSchema { found: 99, known: 3 }), "{error}");
    behind_its_back(folder.path(), "PRAGMA user_version = 3").await;
    open(folder.path()).await;
}

#[tokio::test]
async fn an_older_schema_is_refused_in_one_sentence_and_left_alone() {
    let (folder, journal) = fresh().await;
    journal.append("a", None, 1, Vec::new()).await.unwrap();
    journal.close().await.unwrap();
    for version in [2, 1, 0, -1] {
        behind_its_back(folder.path(), &format!("PRAGMA user_version = {version}")).await;
        let error = Journal::open(folder.path(), &key()).await.unwrap_err();
        assert!(matches!(error, JournalError::OlderSchema(_)), "{version}: {error}");
        assert!(error.to_string().contains("earlier version") && error.to_string().contains("move it away"));
    }
    behind_its_back(folder.path(), "PRAGMA user_version = 3").await;
    assert_eq!(open(folder.path()).await.head().await.unwrap().0, 1);
}

#[tokio::test]
async fn a_file_that_is_no_journal_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    fs::write(&path, "this is no database, but a text of some length").unwrap();
    assert!(matches!(Journal::open(folder.path(), &key()).await, Err(JournalError::Damaged(_))));
    assert!(fs::read(&path).unwrap().starts_with(b"this is no database"));
    fs::write(&path, "").unwrap();
    behind_its_back(folder.path(), "CREATE TABLE other (a)").await;
    assert!(matches!(Journal::open(folder.path(), &key()).await, Err(JournalError::NotAJournal(_))));
    behind_its_back(folder.path(), "SELECT a FROM other").await;
}

#[tokio::test]
async fn files_that_a_crash_left_are_removed() {
    let (folder, journal) = fresh().await;
    let kept = journal.put_blob("image/webp", vec![1; 10]).await.unwrap();
    journal.close().await.unwrap();
    let shard = folder.path().join("blobs").join(&kept.id[..2]);
    let orphan = shard.join(format!("{}ffff", &kept.id[..28]));
    fs::write(&orphan, b"whole, but unknown to the database").unwrap();
    fs::write(shard.join("0123.tmp"), b"half").unwrap();
    let journal = open(folder.path()).await;
    assert_eq!(fs::read_dir(&shard).unwrap().count(), 1);
    assert_eq!(journal.read_blob(&kept.id, 0, 10).await.unwrap(), [1; 10]);
}
