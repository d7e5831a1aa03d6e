//! What can become of a parcel in the outbox.

use std::fmt;

/// What has become of a parcel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OutboxState {
    /// Its hold is not over; the worker may look at it and cancel it.
    Held,
    /// It is to be delivered.
    Waiting,
    /// A target has it, and gave a receipt.
    Delivered,
    /// A target refused it for good.
    Rejected,
    /// The worker took it back.
    Cancelled,
    /// A later revision of its segment replaced it before it was delivered.
    Replaced,
}

impl OutboxState {
    /// Returns the state as the database has it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Waiting => "waiting",
            Self::Delivered => "delivered",
            Self::Rejected => "rejected",
            Self::Cancelled => "cancelled",
            Self::Replaced => "replaced",
        }
    }

    /// Reads a state as [`Self::as_str`] writes it.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        [Self::Held, Self::Waiting, Self::Delivered, Self::Rejected, Self::Cancelled, Self::Replaced]
            .into_iter()
            .find(|state| state.as_str() == text)
    }
}

impl fmt::Display for OutboxState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
