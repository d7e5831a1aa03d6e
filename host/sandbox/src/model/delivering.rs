//! What an uploader carries, and why it could not.

/// A segment on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParcelToDeliver {
    /// Idempotency key, 32 lowercase hex digits.
    pub id: String,
    /// The contract that it belongs to.
    pub contract: String,
    /// Start of the segment, in milliseconds since the Unix epoch.
    pub segment_start: u64,
    /// Length of the segment, in milliseconds.
    pub segment_length: u64,
    /// The signed envelope, exact bytes.
    pub envelope: Vec<u8>,
}

/// Why a parcel is not delivered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DeliveryFailure {
    /// It may be delivered at a later try.
    #[error("{reason}; try again in {after} ms")]
    Later {
        /// Time to wait at least, in milliseconds.
        after: u64,
        /// What stood in the way, in the plugin's words.
        reason: String,
    },
    /// The target does not accept the secret.
    #[error("the target does not accept the secret")]
    Unauthorised,
    /// The target will never accept the parcel; a short code of 1 to 64 of a-z, 0-9 and `-`.
    #[error("rejected: {0}")]
    Rejected(String),
    /// The target will never accept one of its attachments; a short code of 1 to 64 of a-z, 0-9 and `-`.
    #[error("an attachment was rejected: {0}")]
    AttachmentRejected(String),
}
