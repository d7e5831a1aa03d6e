//! Requests about the agent itself, and about one's own data as a whole.

use serde::{Deserialize, Serialize};

/// The plugins of the current contract.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GetPlugins;

/// Checks everything that tracking needs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunDoctor;

/// Writes all of one's own data into a new folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExportData {
    /// The folder's absolute path; it must not exist.
    pub to: String,
}

/// Recomputes the journal's chain, and reads every picture and parcel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VerifyJournal;

/// Checks the file of a contract's ledger, as an export has it, and compares it with the journal. Nothing is asked of the
/// back office.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VerifyLedger {
    /// The file's absolute path. A `ledger-head.json` beside it is checked, too.
    pub file: String,
}

/// Ends the agent, as at sign-out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QuitAgent;
