//! What is sent or written: bytes of the plugin's and attachments, in order. Attachments are read piece by piece.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::stream::{self, Stream, StreamExt, TryStreamExt};

use crate::host_traits::AttachmentSource;

/// How much of an attachment is in memory at a time, in bytes.
const CHUNK: u32 = 256 * 1024;

/// A body of an HTTP request or of a file.
#[derive(Clone, Default)]
pub(crate) struct Body {
    parts: Vec<BodyPart>,
}

/// What a body is made of.
#[derive(Clone)]
pub(crate) enum BodyPart {
    /// Bytes that the plugin made.
    Bytes(Bytes),
    /// All bytes of an attachment.
    Attachment(Arc<dyn AttachmentSource>),
}

impl Body {
    /// Returns a body of these parts, in order.
    pub(crate) fn new(parts: Vec<BodyPart>) -> Self {
        Self { parts }
    }

    /// Returns its length in bytes.
    pub(crate) fn length(&self) -> u64 {
        let length = |part: &BodyPart| match part {
            BodyPart::Bytes(bytes) => bytes.len() as u64,
            BodyPart::Attachment(source) => source.length(),
        };
        self.parts.iter().map(length).sum()
    }

    /// Returns its bytes. An attachment comes in pieces of at most 256 KiB.
    pub(crate) fn stream(&self) -> impl Stream<Item = std::io::Result<Bytes>> + Send + use<> {
        stream::iter(self.parts.clone()).flat_map(|part| match part {
            BodyPart::Bytes(bytes) => stream::once(async move { Ok(bytes) }).boxed(),
            BodyPart::Attachment(source) => stream::try_unfold((source, 0_u64), next_piece).boxed(),
        })
    }

    /// Passes each byte to `see` once, in order: for digests.
    ///
    /// # Errors
    /// If an attachment cannot be read.
    pub(crate) async fn read_through(&self, mut see: impl FnMut(&[u8])) -> std::io::Result<()> {
        let mut stream = std::pin::pin!(self.stream());
        while let Some(bytes) = stream.try_next().await? {
            see(&bytes);
        }
        Ok(())
    }
}

/// Returns the next piece of an attachment. A source that has fewer bytes than it says is an error: a body is whole or
/// not at all.
async fn next_piece(
    (source, offset): (Arc<dyn AttachmentSource>, u64),
) -> std::io::Result<Option<(Bytes, (Arc<dyn AttachmentSource>, u64))>> {
    let left = source.length().saturating_sub(offset);
    if left == 0 {
        return Ok(None);
    }
    let count = u32::try_from(left.min(u64::from(CHUNK))).unwrap_or(CHUNK);
    let bytes = source.read(offset, count).await.map_err(std::io::Error::other)?;
    if bytes.is_empty() || bytes.len() as u64 > u64::from(count) {
        return Err(std::io::Error::other("the attachment is not as long as it says"));
    }
    let after = offset + bytes.len() as u64;
    Ok(Some((bytes.into(), (source, after))))
}
