//! The worker's own rules.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A rule of the worker's own: what it matches, and what becomes of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct OwnRule {
    /// What of a window is looked at.
    pub field: OwnRuleField,
    /// How it is compared with the pattern.
    pub by: OwnRuleComparison,
    /// The text or pattern.
    pub pattern: String,
    /// What becomes of a window that matches.
    pub action: OwnRuleAction,
}

/// Defines an enum of words. A word that is none of them comes from a file that was written by hand: it is shown as it is,
/// and refused if it is set.
macro_rules! own_rule_words {
    ($(#[$doc:meta])* $name:ident { $($(#[$of:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(from = "String", into = "String")]
        pub enum $name {
            $($(#[$of])* $variant,)*
            /// A word that is not offered.
            Other(String),
        }

        impl $name {
            /// The words that are offered.
            pub const OFFERED: &[&str] = &[$($word),*];

            /// Returns the word as files and requests have it.
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $word,)*
                    Self::Other(word) => word,
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl From<&str> for $name {
            fn from(word: &str) -> Self {
                match word {
                    $($word => Self::$variant,)*
                    other => Self::Other(other.to_owned()),
                }
            }
        }

        impl From<String> for $name {
            fn from(word: String) -> Self {
                word.as_str().into()
            }
        }

        impl From<$name> for String {
            fn from(word: $name) -> Self {
                word.as_str().to_owned()
            }
        }
    };
}

own_rule_words! {
    /// What of a window an own rule looks at. (No source tells the address of a page yet.)
    OwnRuleField {
        /// The name of the window's application.
        Application = "application",
        /// The title of the window.
        Title = "title",
    }
}

own_rule_words! {
    /// How an own rule compares a text with its pattern.
    OwnRuleComparison {
        /// The whole text is the pattern.
        Exact = "exact",
        /// The text contains the pattern.
        Contains = "contains",
        /// The text is like the pattern, in which `*` and `?` stand for any letters and any letter.
        Glob = "glob",
        /// The pattern is a regular expression that matches a part of the text.
        Regex = "regex",
    }
}

own_rule_words! {
    /// What becomes of a window that an own rule matches.
    OwnRuleAction {
        /// Its title is left out.
        HideTitle = "hide-title",
        /// It is covered with a few large cells.
        Blur = "blur",
        /// It is covered with one colour.
        Fill = "fill",
        /// No picture is taken.
        Skip = "skip",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_that_is_not_offered_stays_as_it_is() {
        for word in [OwnRuleField::OFFERED, &["url"]].concat() {
            let read: OwnRuleField = serde_json::from_value(word.into()).unwrap();
            assert_eq!((read.as_str(), serde_json::to_value(&read).unwrap()), (word, word.into()));
        }
        assert_eq!(OwnRuleAction::from("hide-title"), OwnRuleAction::HideTitle);
        assert_eq!(OwnRuleAction::from("show"), OwnRuleAction::Other("show".into()));
    }
}
