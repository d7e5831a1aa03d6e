//! Requests about what waits and what was sent.

use serde::{Deserialize, Serialize};

/// What waits and what was delivered, the latest first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GetOutbox;

/// The exact bytes of a parcel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GetParcel {
    /// The parcel's id, in hexadecimal.
    pub parcel: String,
}

/// Takes a parcel back before it is delivered: nothing of that segment is sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CancelParcel {
    /// The parcel's id, in hexadecimal.
    pub parcel: String,
}

/// Undoes [`CancelParcel`]: the parcel is to be sent again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UncancelParcel {
    /// The parcel's id, in hexadecimal.
    pub parcel: String,
}

/// Sends a parcel again that the target refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SendAgain {
    /// The parcel's id, in hexadecimal.
    pub parcel: String,
}

/// Ends the hold of a segment: it is sent when it has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SendNow {
    /// The segment's first millisecond.
    pub start: u64,
}

/// Tries everything that waits at once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TryNow;
