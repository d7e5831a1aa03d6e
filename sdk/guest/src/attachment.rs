//! What goes along with a parcel, and the pieces of what is sent or written.

use crate::bindings::imports::attachments as raw;

/// Bytes in the host's keeping, such as a picture. Sending one with [`Part::Attachment`] streams it without copying it
/// into the plugin.
#[derive(Debug)]
pub struct Attachment(raw::Attachment);

impl Attachment {
    /// Its length in bytes.
    #[must_use]
    pub fn length(&self) -> u64 {
        self.0.length()
    }

    /// SHA-256 of all bytes, 64 lowercase hex digits.
    #[must_use]
    pub fn sha256(&self) -> String {
        self.0.sha256()
    }

    /// Its media type, such as `image/webp`.
    #[must_use]
    pub fn media_type(&self) -> String {
        self.0.media_type()
    }

    /// At most `count` bytes (at most 1 MiB) from `offset`.
    ///
    /// # Errors
    /// The offset is past the end, or the bytes cannot be read.
    pub fn read(&self, offset: u64, count: u32) -> Result<Vec<u8>, ReadError> {
        self.0.read(offset, count).map_err(Into::into)
    }
}

impl From<raw::Attachment> for Attachment {
    fn from(attachment: raw::Attachment) -> Self {
        Self(attachment)
    }
}

/// Why bytes of an attachment could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// The offset is past the end.
    #[error("the offset is past the end of the attachment")]
    Outside,
    /// The bytes are gone or could not be read; says why.
    #[error("the attachment cannot be read: {0}")]
    Unavailable(String),
}

impl From<raw::ReadError> for ReadError {
    fn from(error: raw::ReadError) -> Self {
        match error {
            raw::ReadError::Outside => Self::Outside,
            raw::ReadError::Unavailable(why) => Self::Unavailable(why),
        }
    }
}

/// A piece of what is sent or written.
#[derive(Clone, Copy, Debug)]
pub enum Part<'a> {
    /// Bytes of the plugin's own.
    Bytes(&'a [u8]),
    /// An attachment, streamed by the host.
    Attachment(&'a Attachment),
}

impl<'a> From<&'a [u8]> for Part<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Self::Bytes(bytes)
    }
}

impl<'a> From<&'a Attachment> for Part<'a> {
    fn from(attachment: &'a Attachment) -> Self {
        Self::Attachment(attachment)
    }
}

/// The parts as the host takes them.
pub(crate) fn lower<'a>(parts: &[Part<'a>]) -> Vec<raw::Part<'a>> {
    parts
        .iter()
        .map(|part| match part {
            Part::Bytes(bytes) => raw::Part::Bytes(bytes.to_vec()),
            Part::Attachment(attachment) => raw::Part::Attachment(&attachment.0),
        })
        .collect()
}
