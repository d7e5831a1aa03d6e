//! Where the folder uploader put a parcel.

use serde::{Deserialize, Serialize};

/// The uploader's receipt: it names the files, and the agent reads them back. Names are paths under the granted folder,
/// with `/` between steps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FolderProof {
    /// Always [`FolderProof::KIND`]: another kind is no folder proof.
    pub kind: String,
    /// The id of the parcel.
    pub parcel: String,
    /// Name of the signed envelope's file.
    pub envelope: String,
    /// Where each attachment was put.
    pub attachments: Vec<FolderFile>,
}

impl FolderProof {
    /// The `kind` of every folder proof.
    pub const KIND: &str = "folder";
}

/// The file of one attachment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FolderFile {
    /// SHA-256 of its bytes, 64 lowercase hex digits.
    pub sha256: String,
    /// Its name under the folder.
    pub name: String,
}
