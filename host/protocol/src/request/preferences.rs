//! Requests about what the worker chooses: preferences and own rules.

use serde::{Deserialize, Serialize};

use crate::own_rules::OwnRule;
use crate::preferences::Preferences;

/// What the worker prefers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GetPreferences;

/// Replaces all of the preferences.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetPreferences {
    /// All preferences from now on.
    pub preferences: Preferences,
}

/// The worker's own rules.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GetOwnRules;

/// Replaces the worker's own rules: they only tighten. If one is bad, all are refused and nothing changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetOwnRules {
    /// All rules from now on.
    pub rules: Vec<OwnRule>,
}
