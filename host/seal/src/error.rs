//! Why something was not signed, read or believed.

/// Why something was not signed, read or believed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SealError {
    /// The operating system gave no randomness.
    #[error("the operating system gave no randomness ({0}): no key was made; try again")]
    NoRandomness(String),
    /// Not a public key.
    #[error(
        "not a public key: expected 64 lowercase hex digits of an ed25519 key; copy the key again from its owner"
    )]
    BadPublicKey,
    /// Not a hash.
    #[error("not a hash: expected 64 lowercase hex digits")]
    BadHash,
    /// Longer than [`crate::dsse::MAX_ENVELOPE_BYTES`].
    #[error("the envelope has {0} bytes, more than the {max} allowed", max = crate::dsse::MAX_ENVELOPE_BYTES)]
    TooLong(usize),
    /// Not a DSSE envelope.
    #[error("not a DSSE envelope: {0}")]
    BadEnvelope(String),
    /// A sound envelope, of another kind of document.
    #[error("the envelope holds {found:?} where {expected:?} was expected: this is another kind of document")]
    WrongType {
        /// The payload type asked for.
        expected: String,
        /// The payload type found.
        found: String,
    },
    /// No signature of the key verifies.
    #[error("no signature by key {key_id}: the document was changed, or somebody else signed it")]
    NotSigned {
        /// The id of the key that was asked for.
        key_id: String,
    },
}
