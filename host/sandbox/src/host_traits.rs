//! What a host has to offer so that plugins can be run: one trait for each group of permissions. The sandbox knows no
//! sensor and no journal; whoever embeds it brings them.

use std::sync::Arc;

use async_trait::async_trait;
use zeroize::Zeroizing;

use crate::model::{Denied, Minute, Note, NoteError, Scope, StoreError};
pub use crate::model::{FrameView, LayoutView};

/// The sensors of one collector, behind the guard. A method is only ever called for a granted permission.
#[async_trait]
pub trait GuardedSensors: Send + Sync + 'static {
    /// `windows.current`: returns the windows, judged already.
    async fn windows(&self) -> Result<Arc<dyn LayoutView>, Denied>;
    /// `screen.capture`: returns a picture, judged and masked already.
    async fn screen(&self, scope: Scope) -> Result<Arc<dyn FrameView>, Denied>;
    /// `camera.capture`: returns a picture, judged already.
    async fn camera(&self) -> Result<Arc<dyn FrameView>, Denied>;
    /// `activity.minute-at`: returns the counts of the minute that begins at `start`, in milliseconds since the Unix
    /// epoch; `None` if nothing was counted.
    async fn minute(&self, start: u64) -> Result<Option<Minute>, Denied>;
}

/// Records the observations of one collector or feed.
#[async_trait]
pub trait Observations: Send + Sync + 'static {
    /// Records one thing; it is in the journal when this returns.
    async fn note(&self, note: Note) -> Result<(), NoteError>;
    /// Counts one that was dropped because there were too many in this minute. Called for each of a flood: it has to be
    /// cheap.
    async fn surplus(&self) {}
}

/// The key-value store of one plugin. The sandbox has checked keys and quota.
#[async_trait]
pub trait KeyValueStore: Send + Sync + 'static {
    /// Returns the value under a key.
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError>;
    /// Puts a value under a key.
    async fn set(&self, key: &str, value: Vec<u8>) -> Result<(), StoreError>;
    /// Removes a key, if it is there.
    async fn delete(&self, key: &str) -> Result<(), StoreError>;
    /// Returns all keys with the length of their values in bytes, sorted.
    async fn list(&self) -> Result<Vec<(String, u64)>, StoreError>;
}

/// Bytes that travel with a parcel.
#[async_trait]
pub trait AttachmentSource: Send + Sync + 'static {
    /// Returns how many bytes there are to read.
    fn length(&self) -> u64;
    /// SHA-256 of the bytes, 64 lowercase hex digits.
    fn sha256(&self) -> &str;
    /// Media type, such as `image/webp`.
    fn media_type(&self) -> &str;
    /// Returns at most `count` bytes from `offset`; an error says why not, in words.
    async fn read(&self, offset: u64, count: u32) -> Result<Vec<u8>, String>;
}

/// Hears what time servers say it is, such as to tell a person that this computer's clock is wrong.
pub trait AnswerDates: Send + Sync + 'static {
    /// A server answered at this moment, and says in its header `date` when. `origin` is as [`Secrets::secret`] has it.
    /// Who answered need not be whom the address names, where the connection is not encrypted.
    fn answered(&self, origin: &str, date: &str);
}

/// Secrets that the person stored for one uploader or feed. The plugin only ever names them.
pub trait Secrets: Send + Sync + 'static {
    /// Returns the secret of that name, if it was stored for this origin and no other. `origin` is scheme, host and port
    /// as browsers write it (`https://office.example`, `http://127.0.0.1:8750`; a default port is left out). For
    /// `aws-sigv4` a secret is the access key id, a colon, and the secret access key.
    fn secret(&self, name: &str, origin: &str) -> Option<Zeroizing<String>>;
}
