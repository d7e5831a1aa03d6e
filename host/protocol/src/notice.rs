//! What is recorded under a contract: in words, and as a picture of now.

use candor_diary::parcel::Redaction;
use serde::{Deserialize, Serialize};

use crate::segment::Picture;

/// A notice to be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoticeAnswer {
    /// The contract's id on this device.
    pub contract: String,
    /// The notice, line by line.
    pub text: String,
    /// The SHA-256 of what is accepted, in hexadecimal.
    pub digest: String,
    /// Whether this account has accepted it.
    pub accepted: bool,
}

/// What the client would see.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preview {
    /// The picture; none if rules or a failure prevent it.
    pub picture: Option<Picture>,
    /// What is covered in it.
    pub redactions: Vec<Redaction>,
    /// The rules that covered something, in words, each once.
    pub covered_by: Vec<String>,
    /// Why there is none.
    pub no_picture_sentence: Option<String>,
}
