//! Removes what nobody will come for, attachments whose parcel never arrived, and what nobody may have any more: what
//! is left of segments that were changed or removed.

use std::io::ErrorKind;
use std::sync::Arc;

use crate::back_office::BackOffice;
use crate::office_folder::OfficeFolder;
use crate::store::{OfficeStore, OfficeStoreError};
use crate::{clock, erase, limits};

/// Sweeps now and then once a day, and empties the database's log whenever a parcel took another's place, for as long
/// as the server runs.
pub async fn sweep_daily(office: Arc<BackOffice>) {
    let mut days = tokio::time::interval(limits::SWEEP);
    loop {
        tokio::select! {
            _ = days.tick() => {
                let before = clock::now().saturating_sub(limits::ORPHAN_MS);
                if let Err(error) = remove_orphans(&office.store, &office.data, before).await {
                    tracing::error!("attachments without their parcels stay for another day: {error}");
                }
                let strayed = clock::now().saturating_sub(limits::STRAY_MS);
                if let Err(error) = erase::erase_strays(&office.store, &office.data, strayed).await {
                    tracing::error!("pictures that belong to nothing stay for another day: {error}");
                }
                if let Err(error) = erase::erase_pending(&office.store, &office.data).await {
                    tracing::error!("files of segments that were changed stay for another day: {error}");
                }
            }
            () = office.replaced.notified() => {}
        }
        match office.store.empty_log().await {
            Ok(true) => {}
            // Readers come and go; the next one that finds none empties it.
            Ok(false) => office.replaced.notify_one(),
            Err(error) => tracing::error!("the database's log is emptied later: {error}"),
        }
        tokio::time::sleep(limits::LOG_PAUSE).await;
    }
}

/// Freezes the weeks that lock, for as long as the server runs: each as it is at its lock, and written into the ledger.
pub async fn freeze_weeks(office: Arc<BackOffice>) {
    let mut times = tokio::time::interval(limits::FREEZE);
    loop {
        times.tick().await;
        match office.store.freeze_due_weeks(clock::now()).await {
            Ok(0) => {}
            Ok(weeks) => tracing::info!(weeks, "froze weeks that are locked"),
            Err(error) => tracing::error!("weeks that are locked are frozen later: {error}"),
        }
    }
}

/// Removes the attachments that have waited since before `before`, milliseconds since the epoch: some at a time, so that
/// nobody who wants to write waits long.
///
/// # Errors
/// [`OfficeStoreError`] of the database. The log names files that cannot be removed.
pub async fn remove_orphans(
    store: &OfficeStore,
    data: &OfficeFolder,
    before: u64,
) -> Result<(), OfficeStoreError> {
    loop {
        let files = store.drop_orphans(before).await?;
        let more = files.len() >= limits::SWEEP_BATCH as usize;
        for file in files {
            let path = data.path(&file);
            match tokio::fs::remove_file(&path).await {
                Err(error) if error.kind() != ErrorKind::NotFound => {
                    tracing::warn!("{}: {error}", path.display())
                }
                _ => {}
            }
        }
        if !more {
            return Ok(());
        }
        tokio::time::sleep(limits::SWEEP_PAUSE).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{NewAccount, NewAttachment, Role};
    use candor_diary::terms::Terms;

    #[tokio::test]
    async fn an_attachment_without_its_parcel_goes_in_the_end() {
        let folder = tempfile::tempdir().unwrap();
        let data = OfficeFolder::open(folder.path()).unwrap();
        let store = OfficeStore::open(&data.database()).await.unwrap();
        let account = async |role, email: &str| {
            let new = NewAccount {
                role,
                name: "A".to_owned(),
                email: email.to_owned(),
                zone: "UTC".to_owned(),
                password: String::new(),
            };
            store.add_account(new).await.unwrap().unwrap()
        };
        let (client, worker) = (account(Role::Client, "c@x").await, account(Role::Worker, "w@x").await);
        let terms: Terms = serde_json::from_value(serde_json::json!({
            "contract": "a", "title": "A", "client": "C", "worker": "W", "sequence": 1, "mode": "worklog",
            "segment": 10, "hold-ms": 0, "collectors": [], "uploader": { "plugin": "backoffice" }
        }))
        .unwrap();
        store.issue_terms(&terms, &client, &worker).await.unwrap();
        let (code, _) = store.draw_enrolment_code("a").await.unwrap().unwrap();
        let key = candor_seal::SecretKey::generate().unwrap().public();
        let (device, _) = store.enrol_device(&code, "laptop", &key).await.unwrap().unwrap();

        let (parcel, sha256) = ("a".repeat(32), "b".repeat(64));
        let name = OfficeFolder::picture_name(&parcel, &sha256, "image/webp");
        std::fs::create_dir_all(data.path(&name).parent().unwrap()).unwrap();
        std::fs::write(data.path(&name), b"picture").unwrap();
        let attachment = NewAttachment { parcel: &parcel, sha256: &sha256, bytes: 7, file: &name };
        assert!(store.keep_attachment(&attachment, &device).await.unwrap());

        remove_orphans(&store, &data, clock::now() - 1000).await.unwrap();
        assert!(data.path(&name).exists(), "not yet");
        remove_orphans(&store, &data, clock::now() + 1000).await.unwrap();
        assert!(!data.path(&name).exists());
        assert!(store.attachment(&parcel, &sha256).await.unwrap().is_none());

        // One that a crash left before it was noted, beside one that was.
        let stray = OfficeFolder::picture_name(&parcel, &"c".repeat(64), "image/webp");
        std::fs::write(data.path(&name), b"picture").unwrap();
        std::fs::write(data.path(&stray), b"picture").unwrap();
        assert!(store.keep_attachment(&attachment, &device).await.unwrap());
        erase::erase_strays(&store, &data, clock::now() - 60_000).await.unwrap();
        assert!(data.path(&stray).exists(), "not yet: it may be on its way");
        erase::erase_strays(&store, &data, clock::now() + 60_000).await.unwrap();
        assert!(!data.path(&stray).exists() && data.path(&name).exists());
    }
}
