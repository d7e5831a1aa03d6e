//! The one error type of this crate.

use crate::limits::MAX_ENVELOPE_BYTES;

/// Why a key, hash or document was not made, read or accepted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SealError {
    /// The operating system gave no randomness.
    #[error("the operating system gave no randomness ({0}): no key was made; try again")]
    NoRandomness(String),
    /// The text is not 64 lowercase hex digits of an ed25519 key, or the key is one of the few that sign everything.
    #[error(
        "not a public key: expected 64 lowercase hex digits of an ed25519 key; copy the key again from its owner"
    )]
    BadPublicKey,
    /// The text is not 64 lowercase hex digits.
    #[error("not a hash: expected 64 lowercase hex digits")]
    BadHash,
    /// The envelope is longer than [`MAX_ENVELOPE_BYTES`].
    #[error("the envelope has {0} bytes, more than the {MAX_ENVELOPE_BYTES} allowed")]
    TooLong(usize),
    /// The bytes are not a DSSE envelope; the text says what is wrong with them.
    #[error("not a DSSE envelope: {0}")]
    BadEnvelope(String),
    /// The envelope is valid and holds another kind of document.
    #[error("the envelope holds {found:?} where {expected:?} was expected: this is another kind of document")]
    WrongType {
        /// The payload type asked for.
        expected: String,
        /// The payload type found.
        found: String,
    },
    /// No signature by the key verifies.
    #[error("no signature by key {key_id}: the document was changed, or somebody else signed it")]
    NotSigned {
        /// The id of the key that was asked for.
        key_id: String,
    },
}
