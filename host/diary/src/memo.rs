//! What a worker and a client say of a segment: memos and labels, as they are taken at the doors.
//!
//! Parcels and journals hold plain texts: what was recorded once is never refused for its length, but made to fit
//! ([`Parcel::fit`](crate::parcel::Parcel::fit)).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::plain;

/// The longest memo, in characters.
pub const MAX_MEMO: usize = 500;
/// The longest label, in characters.
pub const MAX_LABEL: usize = 100;

/// Returns whether a text has more than `most` characters.
pub(crate) fn is_longer(text: &str, most: usize) -> bool {
    text.chars().nth(most).is_some()
}

/// What a worker says to have worked on, or why time was not tracked: 1 to [`MAX_MEMO`] characters, without space
/// around them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Memo(String);

/// Why a text is no [`Memo`].
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
pub enum BadMemo {
    /// There is nothing in it that a person can see.
    #[error("the text is empty: say what was done, in 1 to {MAX_MEMO} characters")]
    Empty,
    /// It has more than [`MAX_MEMO`] characters.
    #[error("the text has {0} characters: shorten it to {MAX_MEMO}")]
    TooLong(usize),
}

impl Memo {
    /// Reads a memo that may be left out: a text in which a person sees nothing is none.
    ///
    /// # Errors
    /// [`BadMemo::TooLong`].
    pub fn read_optional(text: &str) -> Result<Option<Self>, BadMemo> {
        let text = text.trim();
        let length = text.chars().count();
        if length > MAX_MEMO {
            return Err(BadMemo::TooLong(length));
        }
        let seen = |c: char| !c.is_whitespace() && !plain::is_unseen(c);
        Ok(text.chars().any(seen).then(|| Self(text.to_owned())))
    }

    /// Returns its text, 1 to [`MAX_MEMO`] characters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Memo {
    type Err = BadMemo;

    fn from_str(text: &str) -> Result<Self, BadMemo> {
        Self::read_optional(text)?.ok_or(BadMemo::Empty)
    }
}

/// One of the client's activity labels: 1 to [`MAX_LABEL`] characters, all of which a person can see.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Label(String);

/// Why a text is no [`Label`].
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
pub enum BadLabel {
    /// There is only space in it.
    #[error("empty")]
    Empty,
    /// It has more than [`MAX_LABEL`] characters.
    #[error("longer than {MAX_LABEL} characters")]
    TooLong,
    /// It holds a character that nobody sees.
    #[error("holds the character U+{:04X}, which nobody sees: leave it out", u32::from(*.0))]
    Unseen(char),
}

impl Label {
    /// Returns its text, 1 to [`MAX_LABEL`] characters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Label {
    type Err = BadLabel;

    fn from_str(text: &str) -> Result<Self, BadLabel> {
        if text.trim().is_empty() {
            return Err(BadLabel::Empty);
        }
        if let Some(unseen) = plain::unseen(text) {
            return Err(BadLabel::Unseen(unseen));
        }
        if is_longer(text, MAX_LABEL) {
            return Err(BadLabel::TooLong);
        }
        Ok(Self(text.to_owned()))
    }
}

macro_rules! text {
    ($name:ident, $bad:ident) => {
        impl TryFrom<String> for $name {
            type Error = $bad;

            fn try_from(text: String) -> Result<Self, $bad> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(text: $name) -> Self {
                text.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

text!(Memo, BadMemo);
text!(Label, BadLabel);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_memo_is_trimmed_and_bounded_in_characters() {
        let read = |text: &str| text.parse::<Memo>().map(String::from);
        assert_eq!(read("  Read CAMT.053 files \n").as_deref(), Ok("Read CAMT.053 files"));
        assert_eq!(read(&"é".repeat(MAX_MEMO)), Ok("é".repeat(MAX_MEMO)));
        assert_eq!(read(&"é".repeat(MAX_MEMO + 1)), Err(BadMemo::TooLong(MAX_MEMO + 1)));
        for empty in ["", " \t\n", "\u{200b}\u{feff}"] {
            assert_eq!(read(empty), Err(BadMemo::Empty), "{empty:?}");
            assert_eq!(Memo::read_optional(empty), Ok(None), "{empty:?}");
        }
    }

    #[test]
    fn a_label_can_be_seen_whole() {
        let read = |text: &str| text.parse::<Label>().map(String::from);
        assert_eq!(read("Code review").as_deref(), Ok("Code review"));
        assert_eq!(read(&"é".repeat(MAX_LABEL)), Ok("é".repeat(MAX_LABEL)));
        assert_eq!(read(&"é".repeat(MAX_LABEL + 1)), Err(BadLabel::TooLong));
        assert_eq!(read(" "), Err(BadLabel::Empty));
        assert_eq!(read("a\u{202e}b"), Err(BadLabel::Unseen('\u{202e}')));
    }
}
