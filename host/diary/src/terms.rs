//! The client's settings for one contract.

use serde::{Deserialize, Serialize};

use crate::segment::SegmentLength;

/// What a contract records, by which rules, and where it goes. Handed out by the back office at enrolment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Terms {
    /// The contract's id.
    pub contract: String,
    /// The contract's title, such as `Invoice service`.
    pub title: String,
    /// The client's name.
    pub client: String,
    /// The worker's name.
    pub worker: String,
    /// Counts up with every change of the terms, from 1.
    pub sequence: u64,
    /// Who drives.
    pub mode: Mode,
    /// The length of a segment.
    pub segment: SegmentLength,
    /// How long a closed segment waits before it is delivered, in milliseconds.
    pub hold_ms: u64,
    /// The client's privacy rules. Without a policy no picture and no title is ever recorded (invariant 3).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<PluginUse>,
    /// What records.
    pub collectors: Vec<PluginUse>,
    /// Where it goes.
    pub uploader: PluginUse,
}

/// Who drives a contract (design §6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// The worker drives.
    Worklog,
    /// The client's rules drive.
    Monitoring,
}

/// A plugin and the settings that it is given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct PluginUse {
    /// The plugin's name, such as `rules`.
    pub plugin: String,
    /// Its settings, any JSON value.
    #[serde(default)]
    pub settings: serde_json::Value,
}
