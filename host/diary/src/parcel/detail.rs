//! Details: the JSON documents beside a core. Each begins with a salt and is named by the SHA-256 of its bytes.

use candor_seal::sha256_hex;
use serde::{Deserialize, Serialize};

use super::core::{DetailKind, DetailRef};
use super::counts::Counts;
use super::evidence::Focus;
use super::picture::Snapshot;

/// The media type under which a detail travels to uploaders.
pub const DETAIL_TYPE: &str = "application/vnd.candor.detail+json";

/// A detail as it is stored and sent: its exact bytes, and what names them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Detail {
    /// What the core says of it.
    pub named: DetailRef,
    /// Its exact bytes, a JSON document.
    pub bytes: Vec<u8>,
}

/// Why bytes are not the detail that a core names.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum BadDetail {
    /// They have another digest or length.
    #[error("the bytes do not have the SHA-256 and length that the parcel names")]
    Differs,
    /// They are no document of a detail.
    #[error("not a detail: {0}")]
    Unreadable(String),
    /// The document is of another kind or plugin than the core says.
    #[error("the document is of another kind or plugin than the parcel says")]
    OtherKind,
}

/// The document of a detail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Document {
    /// 32 random bytes as 64 lowercase hex digits.
    salt: String,
    detail: DetailBody,
}

/// What a detail says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind", deny_unknown_fields)]
pub enum DetailBody {
    /// Counts by the minute.
    Activity {
        /// One entry for each minute that was counted, in order.
        minutes: Vec<MinuteCounts>,
    },
    /// Windows in front.
    Focus {
        /// Changes of the focused window, in order.
        entries: Vec<Focus>,
    },
    /// What the worker says of the segment.
    Memo {
        /// What the worker says to have worked on.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        memo: Option<String>,
        /// The client's activity label.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        label: Option<String>,
        /// Why time was typed in rather than tracked.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// The facts of the picture.
    Picture {
        /// What it shows and what is covered in it.
        snapshot: Snapshot,
    },
    /// One plugin's notes.
    Notes {
        /// The plugin that noted them.
        plugin: String,
        /// Its notes, in order.
        notes: Vec<Note>,
    },
    /// The words of the rules.
    Rules {
        /// The rules in words, as the policy numbers them.
        rules: Vec<String>,
    },
}

/// Counts of one minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct MinuteCounts {
    /// Its first millisecond, since the Unix epoch.
    pub start: u64,
    /// What was counted in it.
    pub counts: Counts,
}

/// A note of a plugin's own making.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Note {
    /// When it was noted, milliseconds since the Unix epoch.
    pub at: u64,
    /// What kind of observation it is, a [`PlainId`](crate::plain_id::PlainId).
    pub kind: String,
    /// Its content, as JSON text.
    pub body: String,
}

impl DetailBody {
    /// Returns its kind, and the plugin whose notes it holds.
    #[must_use]
    pub fn kind(&self) -> (DetailKind, Option<&str>) {
        match self {
            Self::Activity { .. } => (DetailKind::Activity, None),
            Self::Focus { .. } => (DetailKind::Focus, None),
            Self::Memo { .. } => (DetailKind::Memo, None),
            Self::Picture { .. } => (DetailKind::Picture, None),
            Self::Notes { plugin, .. } => (DetailKind::Notes, Some(plugin)),
            Self::Rules { .. } => (DetailKind::Rules, None),
        }
    }
}

impl Detail {
    /// Writes a document down, with a salt that nobody else knows.
    #[must_use]
    pub fn new(body: DetailBody, salt: [u8; 32]) -> Self {
        let (kind, plugin) = body.kind();
        let plugin = plugin.map(str::to_owned);
        let salt = salt.iter().fold(String::with_capacity(64), |mut hex, byte| {
            hex.extend(char::from_digit(u32::from(byte >> 4), 16));
            hex.extend(char::from_digit(u32::from(byte & 15), 16));
            hex
        });
        // Texts and numbers under text keys: there is nothing that could not be written down.
        let bytes = serde_json::to_vec(&Document { salt, detail: body }).unwrap_or_default();
        let named = DetailRef { kind, plugin, sha256: sha256_hex(&bytes), bytes: bytes.len() as u64 };
        Self { named, bytes }
    }
}

impl DetailRef {
    /// Reads the bytes that this names.
    ///
    /// # Errors
    /// [`BadDetail`] if they are others, or not what a detail of this kind is.
    pub fn read(&self, bytes: &[u8]) -> Result<DetailBody, BadDetail> {
        if bytes.len() as u64 != self.bytes || sha256_hex(bytes) != self.sha256 {
            return Err(BadDetail::Differs);
        }
        let document: Document =
            serde_json::from_slice(bytes).map_err(|e| BadDetail::Unreadable(e.to_string()))?;
        let salted = document.salt.len() == 64 && document.salt.bytes().all(|b| b.is_ascii_hexdigit());
        if !salted {
            return Err(BadDetail::Unreadable("its salt is not 64 hex digits".to_owned()));
        }
        if document.detail.kind() != (self.kind, self.plugin.as_deref()) {
            return Err(BadDetail::OtherKind);
        }
        Ok(document.detail)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn memo(text: &str) -> DetailBody {
        DetailBody::Memo { memo: Some(text.to_owned()), label: None, reason: None }
    }

    #[test]
    fn a_name_says_nothing_of_what_is_named() {
        let one = Detail::new(memo("yes"), [1; 32]);
        let other = Detail::new(memo("yes"), [2; 32]);
        assert_ne!(one.named.sha256, other.named.sha256, "whoever guesses the text cannot try it out");
        assert_eq!(one.named.read(&one.bytes), Ok(memo("yes")));
    }

    #[test]
    fn other_bytes_and_other_kinds_are_refused() {
        let detail = Detail::new(memo("yes"), [1; 32]);
        let changed = String::from_utf8(detail.bytes.clone()).unwrap().replace("yes", "no!");
        assert_eq!(detail.named.read(changed.as_bytes()), Err(BadDetail::Differs));
        let name = |kind, plugin: Option<&str>| DetailRef {
            kind,
            plugin: plugin.map(str::to_owned),
            ..detail.named.clone()
        };
        assert_eq!(name(DetailKind::Rules, None).read(&detail.bytes), Err(BadDetail::OtherKind));
        assert_eq!(name(DetailKind::Memo, Some("a")).read(&detail.bytes), Err(BadDetail::OtherKind));
        for bytes in [&b"{}"[..], b"[]", b"{\"salt\":\"\",\"detail\":{\"kind\":\"rules\",\"rules\":[]}}"] {
            let named = DetailRef {
                kind: DetailKind::Rules,
                plugin: None,
                sha256: sha256_hex(bytes),
                bytes: bytes.len() as u64,
            };
            assert!(matches!(named.read(bytes), Err(BadDetail::Unreadable(_))));
        }
        for kind in DetailKind::ALL {
            assert_eq!(DetailKind::named(kind.name()), Some(kind));
        }
    }
}
