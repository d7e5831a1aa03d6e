//! Blobs: pictures and other large attachments.

use std::sync::Arc;

use candor_seal::sha256_hex;

use crate::crypt::{CipherContext, ItemSecret, JournalKeys};
use crate::database::{Database, SqlStatement};
use crate::journal::{run_blocking, run_to_end};
use crate::random::random_id;
use crate::writer::{check_name, destroy_secret, insert_secret};
use crate::{Journal, JournalError};

/// The longest blob, bytes.
const MAX_BLOB_BYTES: usize = 64 * 1024 * 1024;

/// The facts about a blob.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct BlobInfo {
    /// The random id: 32 lowercase hex digits.
    pub id: String,
    /// The SHA-256 of the bytes, 64 lowercase hex digits. Encrypted on disk, and erased with the blob.
    pub sha256: String,
    /// The length in bytes, at most 64 MiB.
    pub length: u64,
    /// The media type, such as `image/webp`.
    pub media_type: String,
}

impl Journal {
    /// Stores a blob of at most 64 MiB. Its file is on the disk when this returns. Its row in the database is committed
    /// within a second, and synced with the segment that it is attached to; after a crash before that, the blob is gone.
    ///
    /// # Errors
    /// [`JournalError::DiskFull`]: nothing was stored. [`JournalError::Unusable`], [`JournalError::Closed`], and errors
    /// of the file system and the database.
    pub async fn put_blob(&self, media_type: &str, bytes: Vec<u8>) -> Result<BlobInfo, JournalError> {
        check_name("the media type", media_type, 128)?;
        if bytes.len() > MAX_BLOB_BYTES {
            return Err(JournalError::Unusable { what: "the blob", reason: "longer than 64 MiB" });
        }
        let journal = self.clone();
        let media_type = media_type.to_owned();
        run_to_end(async move {
            let files = Arc::clone(&journal.shared.files);
            let (info, secret) = run_blocking(move || {
                let secret = ItemSecret::new()?;
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
            let known = journal.insert_blob(&info, &secret).await;
            if known.is_err() {
                let (files, id) = (Arc::clone(&journal.shared.files), info.id.clone());
                // What cannot be removed now is removed when the journal is opened next.
                drop(run_blocking(move || files.remove(&id)).await);
            }
            known.map(|()| info)
        })
        .await
    }

    async fn insert_blob(&self, info: &BlobInfo, secret: &ItemSecret) -> Result<(), JournalError> {
        let description = serde_json::to_vec(info)
            .map_err(|_| JournalError::Unusable { what: "the media type", reason: "not text" })?;
        let description = secret.seal(&description_context(&info.id), &description)?;
        let wrapped = secret.wrap(&self.shared.keys, &secret_context(&info.id))?;
        let mut writer = self.lock_writer().await?;
        let secret_id = writer.next_secret_id();
        let sql = "INSERT INTO blob (id, secret, description) VALUES (?, ?, ?)";
        let values = [info.id.as_str().into(), secret_id.into(), description.into()];
        writer.database.write(vec![insert_secret(secret_id, wrapped), SqlStatement::new(sql, values)]).await
    }

    /// Returns the facts about a blob.
    ///
    /// # Errors
    /// [`JournalError::NotFound`], [`JournalError::Erased`], [`JournalError::Damaged`], [`JournalError::Closed`], and
    /// errors of the database.
    pub async fn blob_info(&self, id: &str) -> Result<BlobInfo, JournalError> {
        Ok(self.find_blob(id).await?.0)
    }

    /// Reads `count` bytes of a blob from `offset` on; fewer at its end, none beyond it.
    ///
    /// # Errors
    /// As [`Self::blob_info`], and errors of the file system.
    pub async fn read_blob(&self, id: &str, offset: u64, count: u32) -> Result<Vec<u8>, JournalError> {
        let (info, secret) = self.find_blob(id).await?;
        let files = Arc::clone(&self.shared.files);
        run_blocking(move || files.read(&info.id, &secret, info.length, offset, count)).await
    }

    /// Reads a whole blob, compares it with its SHA-256, and returns the facts about it.
    ///
    /// # Errors
    /// As [`Self::read_blob`]; [`JournalError::Damaged`] if it is not what was stored.
    pub async fn check_blob(&self, id: &str) -> Result<BlobInfo, JournalError> {
        let (info, secret) = self.find_blob(id).await?;
        let files = Arc::clone(&self.shared.files);
        run_blocking(move || {
            let bytes = files.read(&info.id, &secret, info.length, 0, u32::MAX)?;
            if bytes.len() as u64 == info.length && sha256_hex(&bytes) == info.sha256 {
                Ok(info)
            } else {
                Err(JournalError::Damaged(format!("blob {} does not have its SHA-256", info.id)))
            }
        })
        .await
    }

    async fn find_blob(&self, id: &str) -> Result<(BlobInfo, ItemSecret), JournalError> {
        let mut writer = self.lock_writer().await?;
        let keys = Arc::clone(&self.shared.keys);
        let id = id.to_owned();
        run_to_end(async move {
            let sql = "SELECT description, wrapped FROM blob JOIN secret ON secret.id = blob.secret WHERE blob.id = ?";
            let row: Option<(Option<Vec<u8>>, Vec<u8>)> =
                writer.database.maybe(sql, [id.as_str().into()]).await?;
            drop(writer);
            let (description, wrapped) = row.ok_or_else(|| not_found(&id))?;
            let Some(description) = description else {
                return Err(JournalError::Erased { what: "blob", id });
            };
            open_blob(&keys, &id, &description, &wrapped)
                .ok_or_else(|| JournalError::Damaged(format!("blob {id} does not decrypt")))
        })
        .await
    }

    /// Erases a blob: its key and its file. That is synced when this returns, and the database's log is emptied. Erasing
    /// a blob twice is no error.
    ///
    /// # Errors
    /// [`JournalError::NotFound`], [`JournalError::DiskFull`] (free some space and erase it again),
    /// [`JournalError::Closed`], and errors of the file system and the database.
    pub async fn erase_blob(&self, id: &str) -> Result<(), JournalError> {
        let mut writer = self.lock_writer().await?;
        let files = Arc::clone(&self.shared.files);
        let id = id.to_owned();
        run_to_end(async move {
            let find = "SELECT secret FROM blob WHERE id = ?";
            let row = writer.database.maybe(find, [id.as_str().into()]).await?;
            let (secret,): (i64,) = row.ok_or_else(|| not_found(&id))?;
            let forget = "UPDATE blob SET description = NULL WHERE id = ?";
            let statements = vec![destroy_secret(secret), SqlStatement::new(forget, [id.as_str().into()])];
            writer.database.write_synced(statements).await?;
            let emptied = writer.database.empty_log_of_erased().await;
            // The file goes even if the log could not be emptied: that is retried every second.
            run_blocking(move || files.remove(&id)).await?;
            emptied
        })
        .await
    }
}

/// Refuses a blob that does not exist or was erased.
pub(crate) async fn require_blob(database: &mut Database, id: &str) -> Result<(), JournalError> {
    let sql = "SELECT description IS NOT NULL FROM blob WHERE id = ?";
    match database.maybe(sql, [id.into()]).await?.ok_or_else(|| not_found(id))? {
        (true,) => Ok(()),
        (false,) => Err(JournalError::Erased { what: "blob", id: id.to_owned() }),
    }
}

fn open_blob(
    keys: &JournalKeys,
    id: &str,
    description: &[u8],
    wrapped: &[u8],
) -> Option<(BlobInfo, ItemSecret)> {
    let secret = ItemSecret::unwrap(keys, &secret_context(id), wrapped)?;
    let description = secret.unseal(&description_context(id), description)?;
    let info: BlobInfo = serde_json::from_slice(&description).ok()?;
    Some((info, secret))
}

fn not_found(id: &str) -> JournalError {
    JournalError::NotFound { what: "blob", id: id.to_owned() }
}

fn secret_context(id: &str) -> CipherContext {
    CipherContext::new("secret of blob").bytes(id.as_bytes())
}

fn description_context(id: &str) -> CipherContext {
    CipherContext::new("description of blob").bytes(id.as_bytes())
}
