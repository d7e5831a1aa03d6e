//! Identifiers that are safe in a path, an address and a message: 1 to 64 of a-z, 0-9 and -.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A contract's id, a plugin's name, a code of refusal or the kind of a note.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PlainId(String);

/// The text is no [`PlainId`].
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
#[error("1 to 64 of a-z, 0-9 and - are expected")]
pub struct NotPlain;

impl PlainId {
    /// The longest identifier, in bytes.
    pub const MAX_BYTES: usize = 64;

    /// Returns whether a text is a plain identifier, for readers that keep it as it came.
    #[must_use]
    pub fn is_plain(text: &str) -> bool {
        (1..=Self::MAX_BYTES).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    }

    /// Returns its text, 1 to 64 of a-z, 0-9 and -.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for PlainId {
    type Err = NotPlain;

    fn from_str(text: &str) -> Result<Self, NotPlain> {
        Self::try_from(text.to_owned())
    }
}

impl TryFrom<String> for PlainId {
    type Error = NotPlain;

    fn try_from(text: String) -> Result<Self, NotPlain> {
        if Self::is_plain(&text) { Ok(Self(text)) } else { Err(NotPlain) }
    }
}

impl From<PlainId> for String {
    fn from(id: PlainId) -> Self {
        id.0
    }
}

impl fmt::Display for PlainId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identifier_leads_nowhere_and_is_bounded() {
        let longest = "a".repeat(64);
        for good in ["invoices", "a-1", "-", &longest] {
            assert_eq!(good.parse::<PlainId>().map(String::from).as_deref(), Ok(good));
        }
        let too_long = "a".repeat(65);
        for bad in ["", "Invoices", "a_b", "../x", "a b", "é", "a\0", &too_long] {
            assert_eq!(bad.parse::<PlainId>(), Err(NotPlain), "{bad:?}");
        }
        assert!(serde_json::from_str::<PlainId>("\"../x\"").is_err());
        assert_eq!(serde_json::to_string(&PlainId("a".into())).unwrap(), "\"a\"");
    }
}
