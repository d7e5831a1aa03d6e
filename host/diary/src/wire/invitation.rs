//! The file with which a client invites a worker's device to a contract.

use serde::{Deserialize, Serialize};

/// An invitation as a file. As a link it carries the same three parts: `candor:join?server=…&code=…&key=…`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InvitationFile {
    /// The file's form, [`InvitationFile::FORM`] today.
    #[serde(rename = "candor-invitation")]
    pub form: u32,
    /// The back office's address.
    pub server: String,
    /// The one-time enrolment code.
    pub code: String,
    /// The fingerprint of the back office's key, 64 lowercase hex digits. Missing in files of old back offices, which
    /// devices refuse.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
}

impl InvitationFile {
    /// The one form there is.
    pub const FORM: u32 = 1;
}
