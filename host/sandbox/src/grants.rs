//! What a person allows a plugin.

use std::collections::BTreeSet;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A permission: an interface of `candor:plugin` that reaches a sensor, the network or the disk. The other interfaces
/// (log, store, clock, random, and those that only hold types) are linked without a grant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Capability {
    /// Windows that are on screen.
    Windows,
    /// Counts of input events.
    Activity,
    /// Pictures of the screen.
    Screen,
    /// Pictures of the webcam.
    Camera,
    /// Looking into a picture.
    Pixels,
    /// Recording something. It comes with being a collector or a feed: always granted.
    Observations,
    /// Requests to the hosts granted.
    Http,
    /// Writing into the folder granted.
    Folder,
}

impl Capability {
    /// Every capability there is.
    pub const ALL: [Self; 8] = [
        Self::Windows,
        Self::Activity,
        Self::Screen,
        Self::Camera,
        Self::Pixels,
        Self::Observations,
        Self::Http,
        Self::Folder,
    ];

    /// Returns the name of the interface.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Windows => "windows",
            Self::Activity => "activity",
            Self::Screen => "screen",
            Self::Camera => "camera",
            Self::Pixels => "pixels",
            Self::Observations => "observations",
            Self::Http => "http",
            Self::Folder => "folder",
        }
    }

    /// Returns whether a person has to allow it. `observations` alone comes with the kind of plugin.
    #[must_use]
    pub fn needs_grant(self) -> bool {
        self != Self::Observations
    }

    /// Returns whether it shows what a sensor sees (invariant 12).
    #[must_use]
    pub fn is_sensor(self) -> bool {
        matches!(self, Self::Windows | Self::Activity | Self::Screen | Self::Camera | Self::Pixels)
    }

    /// Returns whether it reaches the network (invariant 12).
    #[must_use]
    pub fn is_network(self) -> bool {
        self == Self::Http
    }
}

impl fmt::Display for Capability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A name that is no capability.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no permission: use windows, activity, screen, camera, pixels, observations, http or folder"
)]
pub struct NoCapability(pub String);

impl FromStr for Capability {
    type Err = NoCapability;
    fn from_str(name: &str) -> Result<Self, NoCapability> {
        Self::ALL.into_iter().find(|c| c.name() == name).ok_or_else(|| NoCapability(name.to_owned()))
    }
}

/// A host that a plugin may send requests to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct HttpGrant {
    /// Scheme, host and port, such as `https://office.example` or `http://127.0.0.1:8750`. Plain `http` is allowed
    /// only if it says so here.
    pub origin: String,
    /// Whether it may be an address of this machine or of the local network.
    #[serde(default)]
    pub private: bool,
}

/// What the person at the machine allows one plugin.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Grants {
    /// What it may import.
    #[serde(default)]
    pub capabilities: BTreeSet<Capability>,
    /// The hosts that `http` reaches.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub http: Vec<HttpGrant>,
    /// The folder that `folder` writes into.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub folder: Option<PathBuf>,
}
