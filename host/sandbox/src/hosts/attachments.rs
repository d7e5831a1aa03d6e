//! What travels with a parcel, and bodies that are made of it.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::stream::{self, Stream, StreamExt, TryStreamExt};
use wasmtime::component::Resource;

use super::AttachmentHandle;
use crate::bindings::candor::plugin::attachments::{self, Part, ReadError};
use crate::host_traits::AttachmentSource;
use crate::state::State;

/// How much of an attachment is in memory at a time, in bytes.
const CHUNK: u32 = 256 * 1024;

impl attachments::HostAttachment for State {
    async fn length(&mut self, this: Resource<AttachmentHandle>) -> wasmtime::Result<u64> {
        Ok(self.table.get(&this)?.0.length())
    }

    async fn sha256(&mut self, this: Resource<AttachmentHandle>) -> wasmtime::Result<String> {
        Ok(self.table.get(&this)?.0.sha256().to_owned())
    }

    async fn media_type(&mut self, this: Resource<AttachmentHandle>) -> wasmtime::Result<String> {
        Ok(self.table.get(&this)?.0.media_type().to_owned())
    }

    async fn read(
        &mut self,
        this: Resource<AttachmentHandle>,
        offset: u64,
        count: u32,
    ) -> wasmtime::Result<Result<Vec<u8>, ReadError>> {
        let source = Arc::clone(&self.table.get(&this)?.0);
        if offset > source.length() {
            return Ok(Err(ReadError::Outside));
        }
        let count = count.min(self.hosts.limits.attachment_read);
        Ok(source.read(offset, count).await.map_err(ReadError::Unavailable))
    }

    async fn drop(&mut self, this: Resource<AttachmentHandle>) -> wasmtime::Result<()> {
        self.table.delete(this)?;
        Ok(())
    }
}

impl attachments::Host for State {}

/// What is sent or written: bytes of the plugin's and attachments, in order. Attachments are read piece by piece.
#[derive(Clone, Default)]
pub(crate) struct Body {
    pieces: Vec<Piece>,
}

#[derive(Clone)]
enum Piece {
    Bytes(Bytes),
    Attachment(Arc<dyn AttachmentSource>),
}

impl Body {
    /// Takes a plugin's parts.
    ///
    /// # Errors
    /// Where a handle is none.
    pub(crate) fn take(state: &State, parts: Vec<Part>) -> wasmtime::Result<Self> {
        let mut pieces = Vec::with_capacity(parts.len());
        for part in parts {
            pieces.push(match part {
                Part::Bytes(bytes) => Piece::Bytes(bytes.into()),
                Part::Attachment(handle) => Piece::Attachment(Arc::clone(&state.table.get(&handle)?.0)),
            });
        }
        Ok(Self { pieces })
    }

    /// One attachment.
    #[cfg(test)]
    pub(crate) fn of(source: Arc<dyn AttachmentSource>) -> Self {
        Self { pieces: vec![Piece::Attachment(source)] }
    }

    /// Its length in bytes.
    pub(crate) fn length(&self) -> u64 {
        let length = |piece: &Piece| match piece {
            Piece::Bytes(bytes) => bytes.len() as u64,
            Piece::Attachment(source) => source.length(),
        };
        self.pieces.iter().map(length).sum()
    }

    /// Its bytes, in pieces of at most 256 KiB.
    pub(crate) fn stream(&self) -> impl Stream<Item = std::io::Result<Bytes>> + Send + use<> {
        stream::iter(self.pieces.clone()).flat_map(|piece| match piece {
            Piece::Bytes(bytes) => stream::once(async move { Ok(bytes) }).boxed(),
            Piece::Attachment(source) => stream::try_unfold((source, 0_u64), next).boxed(),
        })
    }

    /// Shows each byte once, in order: for digests.
    ///
    /// # Errors
    /// Where an attachment cannot be read.
    pub(crate) async fn each(&self, mut see: impl FnMut(&[u8])) -> std::io::Result<()> {
        let mut stream = std::pin::pin!(self.stream());
        while let Some(bytes) = stream.try_next().await? {
            see(&bytes);
        }
        Ok(())
    }
}

/// The next piece of an attachment. A source that has fewer bytes than it says is an error: a body is whole or not at
/// all.
async fn next(
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
