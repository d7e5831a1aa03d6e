//! Requests about contracts: joining one, its terms, and what is recorded under it.

use serde::{Deserialize, Serialize};

use crate::own_rules::OwnRule;

/// Makes another contract the current one. Tracking goes on under it if it was on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SwitchContract {
    /// The contract's id on this device.
    pub contract: String,
}

/// Joins a contract: enrols this device with an invitation. It becomes the current one, unless the current one is
/// tracking: that stays until [`SwitchContract`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImportInvitation {
    /// A link (`candor:…` or `https://…/join#…`), or the text of an invitation file.
    pub invitation: String,
    /// What this device is called in the Work Diary; none is the name of the computer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device_name: Option<String>,
}

/// What a contract records, in words.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GetNotice {
    /// The contract's id; none means the current one.
    #[serde(default)]
    pub contract: Option<String>,
}

/// Accepts a notice. Nothing is recorded before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AcceptNotice {
    /// The contract's id on this device.
    pub contract: String,
    /// The digest of the notice that was read.
    pub digest: String,
    /// Who accepts it, as they write their name.
    pub by: String,
}

/// What the screen would look like to the client right now. Nothing of it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GetPreview {
    /// The contract's id; none means the current one.
    #[serde(default)]
    pub contract: Option<String>,
    /// Own rules to try, as in [`SetOwnRules`](crate::SetOwnRules); none takes those that are set.
    #[serde(default)]
    pub own_rules: Option<Vec<OwnRule>>,
    /// The largest width of the picture, in pixels.
    pub max_width: u32,
}

/// The terms of a contract, as they were handed out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GetTerms {
    /// The contract's id; none means the current one.
    #[serde(default)]
    pub contract: Option<String>,
}
