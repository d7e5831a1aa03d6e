//! An uploader: carries parcels to a target. It has no sensors.

use std::time::Duration;

use serde::de::DeserializeOwned;

use crate::attachment::Attachment;
use crate::bindings::delivering as raw;
use crate::settings::SettingError;
use crate::types::{Timestamp, millis};

/// A plugin that delivers what was recorded. Register it with [`uploader!`](crate::uploader!).
///
/// It sends with [`http`](crate::http) or writes with [`folder`](crate::folder), each of which is a permission.
pub trait Uploader: Sized + 'static {
    /// What can be set; read from JSON. [`NoSettings`](crate::NoSettings) for nothing.
    type Settings: DeserializeOwned;

    /// Makes the plugin from its settings, once, before anything else.
    ///
    /// # Errors
    /// What is wrong with the settings, each with its place. Nothing is delivered until they are right.
    fn configure(settings: Self::Settings) -> Result<Self, Vec<SettingError>>;

    /// Delivers a parcel with its attachments, within 60 seconds. Called again with the same parcel until it succeeds:
    /// doing it twice must be the same as doing it once.
    ///
    /// # Errors
    /// Says whether to try again, or who has to act.
    fn deliver(&mut self, parcel: &Parcel, attachments: Vec<Attachment>) -> Result<Receipt, DeliveryFailure>;
}

/// A segment on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parcel {
    /// Unique, and the same at each try: use it as idempotency key. 32 lowercase hex digits.
    pub id: String,
    /// The id of the contract.
    pub contract: String,
    /// When the parcel's segment starts.
    pub segment_start: Timestamp,
    /// How long the parcel's segment is.
    pub segment_length: Duration,
    /// The signed document: a DSSE envelope as JSON. Deliver these exact bytes.
    pub envelope: Vec<u8>,
}

impl From<raw::Parcel> for Parcel {
    fn from(parcel: raw::Parcel) -> Self {
        Self {
            id: parcel.id,
            contract: parcel.contract,
            segment_start: Timestamp::from_millis(parcel.segment_start),
            segment_length: Duration::from_millis(parcel.segment_length),
            envelope: parcel.envelope,
        }
    }
}

/// The target's proof that it holds the parcel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// What the target answered, up to the target's kind. From a back office it is a countersigned DSSE envelope, which
    /// the host checks.
    pub proof: Vec<u8>,
}

impl From<Receipt> for raw::Receipt {
    fn from(receipt: Receipt) -> Self {
        Self { proof: receipt.proof }
    }
}

/// Why a parcel is not delivered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DeliveryFailure {
    /// Not now: try again later.
    #[error("{reason}; try again in {} ms", millis(*.after))]
    Later {
        /// No sooner than after this long. The host waits longer from try to try by itself.
        after: Duration,
        /// What stood in the way, in a sentence for a person.
        reason: String,
    },
    /// The target does not accept the secret: a person has to act.
    #[error("the target does not accept the secret; store a valid one")]
    Unauthorised,
    /// The target will never take this parcel; a short code such as `segment-locked`: 1 to 64 of a-z, 0-9, `-`.
    #[error("the target refused the parcel for good: {0}")]
    Rejected(String),
    /// The target will never take one of the attachments; a code as above. The host sends the parcel without it.
    #[error("the target refused an attachment for good: {0}")]
    AttachmentRejected(String),
}

impl DeliveryFailure {
    /// Not now: try again after this long, because of that.
    #[must_use]
    pub fn later(after: Duration, reason: impl Into<String>) -> Self {
        Self::Later { after, reason: reason.into() }
    }
}

impl From<DeliveryFailure> for raw::Failure {
    fn from(failure: DeliveryFailure) -> Self {
        match failure {
            DeliveryFailure::Later { after, reason } => {
                Self::Later(raw::Postponed { after: millis(after), reason })
            }
            DeliveryFailure::Unauthorised => Self::Unauthorised,
            DeliveryFailure::Rejected(code) => Self::Rejected(code),
            DeliveryFailure::AttachmentRejected(code) => Self::AttachmentRejected(code),
        }
    }
}
