//! How a back office says no.

use serde::{Deserialize, Serialize};

/// The body of every answer of the API that refuses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiRefusal {
    /// A stable code for programs, a [`PlainId`](crate::plain_id::PlainId); empty if the answer names none.
    #[serde(default)]
    pub code: String,
    /// What a person reads.
    pub message: String,
}
