//! Blobs: pictures and other large attachments.

use std::sync::Arc;

use candor_seal::sha256_hex;

use crate::crypt::{Context, Keys, Secret};
use crate::database::{Database, Statement};
use crate::journal::{blocking, finish};
use crate::random::random_id;
use crate::writer::{check_name, destroy_secret, insert_secret};
use crate::{Journal, JournalError};

/// The longest blob: 64 MiB.
const MAX_BLOB_BYTES: usize = 64 * 1024 * 1024;

/// What a blob is.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct BlobInfo {
    /// Its id: 32 lowercase hex digits, random.
    pub id: String,
    /// SHA-256 of its bytes, 64 lowercase hex digits. Encrypted on disk, and erased with the blob.
    pub sha256: String,
    /// Its length in bytes.
    pub length: u64,
    /// Its media type, such as `image/webp`.
    pub media_type: String,
}

impl Journal {
    /// Keeps a blob of at most 64 MiB. Its file is on the disk when this returns; that the journal knows it is committed
    /// within a second, and synced with the segment that it is attached to. After a crash in between it is gone.
    ///
    /// # Errors
    /// [`JournalError::DiskFull`]: nothing was kept. [`JournalError::Unusable`], [`JournalError::Closed`], and errors of
    /// the file system and the database.
    pub async fn put_blob(&self, media_type: &str, bytes: Vec<u8>) -> Result<BlobInfo, JournalError> {
        check_name("the media type", media_type, 128)?;
        if bytes.len() > MAX_BLOB_BYTES {
            return Err(JournalError::Unusable { what: "the blob", reason: "longer than 64 MiB" });
        }
        let journal = self.clone();
        let media_type = media_type.to_owned();
        finish(async move {
            let files = Arc::clone(&journal.inner.files);
            let (info, secret) = blocking(move || {
                let secret = Secret::new()?;
                let info = BlobInfo {
                    id: random_id()?,
                    sha256: sha256_hex(&bytes),
                    length: bytes.len() as u64,
                    media_type,
                };
                files.write(&info.id, &secret, &bytes)?;
                Ok((info, secret))
            })
            .await?;
            let known = journal.note_blob(&info, &secret).await;
            if known.is_err() {
                let (files, id) = (Arc::clone(&journal.inner.files), info.id.clone());
                // What cannot be removed now is removed when the journal is opened next.
                drop(blocking(move || files.remove(&id)).await);
            }
            known.map(|()| info)
        })
        .await
    }

    async fn note_blob(&self, info: &BlobInfo, secret: &Secret) -> Result<(), JournalError> {
        let description = serde_json::to_vec(info)
            .map_err(|_| JournalError::Unusable { what: "the media type", reason: "not text" })?;
        let description = secret.seal(&description_context(&info.id), &description)?;
        let wrapped = secret.wrap(&self.inner.keys, &secret_context(&info.id))?;
        let mut turn = self.turn().await?;
        let secret_id = turn.draw_secret();
        let sql = "INSERT INTO blob (id, secret, description) VALUES (?, ?, ?)";
        let values = [info.id.as_str().into(), secret_id.into(), description.into()];
        turn.database.write(vec![insert_secret(secret_id, wrapped), Statement::new(sql, values)]).await
    }

    /// What a blob is.
    ///
    /// # Errors
    /// [`JournalError::NotFound`], [`JournalError::Erased`], [`JournalError::Damaged`], [`JournalError::Closed`], and
    /// errors of the database.
    pub async fn blob_info(&self, id: &str) -> Result<BlobInfo, JournalError> {
        Ok(self.find_blob(id).await?.0)
    }

    /// Reads `count` bytes of a blob from `offset` on; fewer where it ends, none beyond.
    ///
    /// # Errors
    /// As [`Self::blob_info`], and errors of the file system.
    pub async fn read_blob(&self, id: &str, offset: u64, count: u32) -> Result<Vec<u8>, JournalError> {
        let (info, secret) = self.find_blob(id).await?;
        let files = Arc::clone(&self.inner.files);
        blocking(move || files.read(&info.id, &secret, info.length, offset, count)).await
    }

    /// Reads a blob whole and compares it with its SHA-256; answers what it is.
    ///
    /// # Errors
    /// As [`Self::read_blob`]; [`JournalError::Damaged`] where it is not what was put in.
    pub async fn check_blob(&self, id: &str) -> Result<BlobInfo, JournalError> {
        let (info, secret) = self.find_blob(id).await?;
        let files = Arc::clone(&self.inner.files);
        blocking(move || {
            let bytes = files.read(&info.id, &secret, info.length, 0, u32::MAX)?;
            if bytes.len() as u64 == info.length && sha256_hex(&bytes) == info.sha256 {
                Ok(info)
            } else {
                Err(JournalError::Damaged(format!("blob {} does not have its SHA-256", info.id)))
            }
        })
        .await
    }

    async fn find_blob(&self, id: &str) -> Result<(BlobInfo, Secret), JournalError> {
        let mut turn = self.turn().await?;
        let keys = Arc::clone(&self.inner.keys);
        let id = id.to_owned();
        finish(async move {
            let sql = "SELECT description, wrapped FROM blob JOIN secret ON secret.id = blob.secret WHERE blob.id = ?";
            let row: Option<(Option<Vec<u8>>, Vec<u8>)> =
                turn.database.maybe(sql, [id.as_str().into()]).await?;
            drop(turn);
            let (description, wrapped) = row.ok_or_else(|| not_found(&id))?;
            let Some(description) = description else {
                return Err(JournalError::Erased { what: "blob", id });
            };
            describe(&keys, &id, &description, &wrapped)
                .ok_or_else(|| JournalError::Damaged(format!("blob {id} does not decrypt")))
        })
        .await
    }

    /// Erases a blob: its key and its file. Synced when this returns, and the database's log is emptied. Erasing twice
    /// is once.
    ///
    /// # Errors
    /// [`JournalError::NotFound`], [`JournalError::DiskFull`] (free some space and erase it again),
    /// [`JournalError::Closed`], and errors of the file system and the database.
    pub async fn erase_blob(&self, id: &str) -> Result<(), JournalError> {
        let mut turn = self.turn().await?;
        let files = Arc::clone(&self.inner.files);
        let id = id.to_owned();
        finish(async move {
            let find = "SELECT secret FROM blob WHERE id = ?";
            let row = turn.database.maybe(find, [id.as_str().into()]).await?;
            let (secret,): (i64,) = row.ok_or_else(|| not_found(&id))?;
            let forget = "UPDATE blob SET description = NULL WHERE id = ?";
            let statements = vec![destroy_secret(secret), Statement::new(forget, [id.as_str().into()])];
            turn.database.write_synced(statements).await?;
            let wiped = turn.database.wipe().await;
            // The file goes even where the log could not be emptied: that is tried again every second.
            blocking(move || files.remove(&id)).await?;
            wiped
        })
        .await
    }
}

/// Refuses a blob that is not there, or not any more.
pub(crate) async fn check_kept(database: &mut Database, id: &str) -> Result<(), JournalError> {
    let sql = "SELECT description IS NOT NULL FROM blob WHERE id = ?";
    match database.maybe(sql, [id.into()]).await?.ok_or_else(|| not_found(id))? {
        (true,) => Ok(()),
        (false,) => Err(JournalError::Erased { what: "blob", id: id.to_owned() }),
    }
}

fn describe(keys: &Keys, id: &str, description: &[u8], wrapped: &[u8]) -> Option<(BlobInfo, Secret)> {
    let secret = Secret::unwrap(keys, &secret_context(id), wrapped)?;
    let description = secret.unseal(&description_context(id), description)?;
    let info: BlobInfo = serde_json::from_slice(&description).ok()?;
    Some((info, secret))
}

fn not_found(id: &str) -> JournalError {
    JournalError::NotFound { what: "blob", id: id.to_owned() }
}

fn secret_context(id: &str) -> Context {
    Context::new("secret of blob").bytes(id.as_bytes())
}

fn description_context(id: &str) -> Context {
    Context::new("description of blob").bytes(id.as_bytes())
}
