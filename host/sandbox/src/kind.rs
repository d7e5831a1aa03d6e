//! The kinds of plugins, and what each may import.

use std::fmt;

use crate::grants::Capability;

/// What a plugin is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ComponentKind {
    /// Has sensors, decides what is recorded.
    Collector,
    /// Has the network, brings evidence from elsewhere.
    Feed,
    /// Judges scenes before anything of them is recorded.
    Policy,
    /// Carries parcels to the client.
    Uploader,
}

impl fmt::Display for ComponentKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Collector => "collector",
            Self::Feed => "feed",
            Self::Policy => "policy",
            Self::Uploader => "uploader",
        })
    }
}

impl ComponentKind {
    /// Returns the name with its article, for sentences.
    pub(crate) fn with_article(self) -> &'static str {
        match self {
            Self::Collector => "a collector",
            Self::Feed => "a feed",
            Self::Policy => "a policy",
            Self::Uploader => "an uploader",
        }
    }

    /// Returns whether a plugin of this kind may import a capability, granted or not.
    #[must_use]
    pub fn may_import(self, capability: Capability) -> bool {
        use Capability as C;
        match self {
            Self::Collector => !matches!(capability, C::Http | C::Folder),
            Self::Feed => matches!(capability, C::Http | C::Observations),
            Self::Policy => capability == C::Pixels,
            Self::Uploader => matches!(capability, C::Http | C::Folder),
        }
    }

    /// Returns whether a plugin of this kind may import an interface that needs no grant.
    pub(crate) fn may_import_base(self, interface: &str) -> bool {
        match interface {
            "types" | "frames" | "scenes" | "attachments" => true,
            "log" | "store" | "clock" | "random" => self != Self::Policy,
            _ => false,
        }
    }
}
