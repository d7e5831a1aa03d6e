//! What a back office answers when a device is enrolled, signed, so that nobody else can answer in its place.

use serde::{Deserialize, Serialize};

use crate::terms::Terms;

/// The DSSE payload type of an enrolment.
pub const ENROLMENT_TYPE: &str = "application/vnd.candor.enrolment+json";

/// What a back office signs when it enrols a device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Enrolled {
    /// What the device drew for this one enrolment: an answer to another cannot be shown to it again.
    pub nonce: String,
    /// The device's public key, 64 lowercase hex digits.
    pub public_key: String,
    /// The device's id.
    pub device: String,
    /// The token with which it asks from now on.
    pub token: String,
    /// The key that signs this and every receipt, 64 lowercase hex digits.
    pub server_key: String,
    /// The contract's terms.
    pub terms: Terms,
    /// Path of the contract's Work Diary on that server.
    pub diary_url: String,
}
