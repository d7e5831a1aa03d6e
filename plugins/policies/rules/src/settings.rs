//! What the settings look like, and in which words a rule is told to people.

use serde::Deserialize;

/// The settings of the policy. The README beside this crate shows them by example.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct RulesSettings {
    /// The rules; every rule is asked about every window. At most 255.
    pub rules: Vec<RuleSettings>,
    /// What happens if a rule asks about a text that no source can tell.
    pub unknown: Unknown,
}

/// What happens with a window if a rule asks about a text that no source can tell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unknown {
    /// It is covered by a solid block: it might be what the rule is about.
    #[default]
    Cover,
    /// The rule does not apply.
    Keep,
}

/// The settings of one rule.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RuleSettings {
    /// Which windows it is about. If several texts are named, all of them must match.
    #[serde(rename = "match")]
    pub matches: MatchSettings,
    /// What is done about them.
    pub then: RuleOutcome,
    /// Whether `Secret` and `secret` are the same. They are unless this says otherwise.
    #[serde(default = "yes")]
    pub ignore_case: bool,
    /// The rule in words for people, 1 to 200 bytes. Made from the rule if it is left out.
    #[serde(default)]
    pub words: Option<String>,
}

fn yes() -> bool {
    true
}

/// Which windows a rule is about. At least one text is named.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct MatchSettings {
    /// The application: the class of an X11 window, such as `xterm`.
    pub application: Option<Pattern>,
    /// The title that the window has.
    pub title: Option<Pattern>,
    /// The address of the page shown.
    pub address: Option<Pattern>,
}

impl MatchSettings {
    /// All patterns that are named.
    pub(crate) fn patterns(&self) -> impl Iterator<Item = &Pattern> {
        [&self.application, &self.title, &self.address].into_iter().flatten()
    }
}

/// How a text is compared.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Pattern {
    /// It is this text.
    Exact(String),
    /// It has this text somewhere in it.
    Contains(String),
    /// It fits this pattern as a whole: `*` is any text, `?` any character, `[a-z]` one of these, `[!a-z]` none of these;
    /// a backslash before any of them takes it as it is.
    Glob(String),
    /// This regular expression is found somewhere in it.
    Regex(String),
}

impl Pattern {
    /// The name that it has in the settings.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Exact(_) => "exact",
            Self::Contains(_) => "contains",
            Self::Glob(_) => "glob",
            Self::Regex(_) => "regex",
        }
    }

    /// Whether it is compiled to a regular expression.
    pub(crate) fn is_regex(&self) -> bool {
        matches!(self, Self::Glob(_) | Self::Regex(_))
    }

    /// The text that stands under that name.
    pub(crate) fn text(&self) -> &str {
        match self {
            Self::Exact(text) | Self::Contains(text) | Self::Glob(text) | Self::Regex(text) => text,
        }
    }
}

/// What is done about a window that a rule matches. Later ones are stronger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RuleOutcome {
    /// Its title is left out of the records, and the strip of the picture where a title stands is covered.
    HideTitle,
    /// It is covered by a few large cells of average colour; its title and address are left out of the records.
    Blur,
    /// It is covered by a solid block; its title and address are left out of the records.
    Fill,
    /// Nothing is recorded while it is on screen.
    Skip,
}

/// The most bytes that a rule's words may have (the contract between host and plugins says so).
pub(crate) const WORDS_MAX: usize = 200;

/// The most bytes of a pattern; longer ones are more likely a mistake than a rule.
pub(crate) const PATTERN_MAX: usize = 1_000;

/// The most rules; one more may be needed for what cannot be told, and the contract allows 256.
pub(crate) const RULES_MAX: usize = 255;

impl RuleSettings {
    /// The rule in words for people, at most [`WORDS_MAX`] bytes.
    pub(crate) fn in_words(&self) -> String {
        if let Some(words) = &self.words {
            return words.clone();
        }
        let mut conditions = Vec::new();
        for (subject, pattern) in [
            ("application", &self.matches.application),
            ("title", &self.matches.title),
            ("address", &self.matches.address),
        ] {
            let Some(pattern) = pattern else { continue };
            let verb = match pattern {
                Pattern::Exact(_) => "is",
                Pattern::Contains(_) => "contains",
                Pattern::Glob(_) => "fits",
                Pattern::Regex(_) => "matches regex",
            };
            conditions.push(format!("{subject} {verb} \"{}\"", printable(pattern.text())));
        }
        let outcome = match self.then {
            RuleOutcome::HideTitle => "title hidden",
            RuleOutcome::Blur => "blurred",
            RuleOutcome::Fill => "solid block",
            RuleOutcome::Skip => "nothing recorded",
        };
        let tail = format!(": {outcome}");
        let head = cut(&capitalised(&conditions.join(" and ")), WORDS_MAX - tail.len());
        head + &tail
    }
}

/// What is said if a rule asks about texts that cannot be told.
pub(crate) fn unknown_in_words(application: bool, title: bool, address: bool) -> String {
    let asked: Vec<&str> = [("application", application), ("title", title), ("address", address)]
        .into_iter()
        .filter_map(|(subject, asked)| asked.then_some(subject))
        .collect();
    format!("Windows without a readable {}: covered", asked.join(" or "))
}

/// Control characters have no place in a line for people.
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default() + letters.as_str()
}

/// At most `max` bytes, cut between characters, with a sign that it was cut.
fn cut(text: &str, max: usize) -> String {
    const SIGN: &str = "…";
    if text.len() <= max {
        return text.to_owned();
    }
    let mut end = max.saturating_sub(SIGN.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}{SIGN}", &text[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(json: &str) -> String {
        candor_sdk::settings::read::<RuleSettings>(json).unwrap().in_words()
    }

    #[test]
    fn a_rule_is_told_in_words() {
        for (json, expected) in [
            (
                r#"{"match": {"title": {"contains": "secret"}}, "then": "fill"}"#,
                r#"Title contains "secret": solid block"#,
            ),
            (
                r#"{"match": {"application": {"exact": "KeePassXC"}}, "then": "skip"}"#,
                r#"Application is "KeePassXC": nothing recorded"#,
            ),
            (
                r#"{"match": {"address": {"glob": "https://mail.*"}}, "then": "blur"}"#,
                r#"Address fits "https://mail.*": blurred"#,
            ),
            (
                r#"{"match": {"application": {"regex": "^x"}, "title": {"contains": "a"}}, "then": "hide-title"}"#,
                r#"Application matches regex "^x" and title contains "a": title hidden"#,
            ),
            (
                r#"{"match": {"title": {"contains": "a\nb"}}, "then": "fill"}"#,
                r#"Title contains "a b": solid block"#,
            ),
            (r#"{"match": {"title": {"contains": "a"}}, "then": "fill", "words": "Payroll"}"#, "Payroll"),
        ] {
            assert_eq!(words(json), expected);
        }
    }

    #[test]
    fn words_keep_within_their_bytes_and_always_say_the_outcome() {
        let long = "ä".repeat(400);
        let told = words(&format!(r#"{{"match": {{"title": {{"contains": "{long}"}}}}, "then": "skip"}}"#));
        assert!(told.len() <= WORDS_MAX, "{}", told.len());
        assert!(told.ends_with("…: nothing recorded"), "{told}");
    }

    #[test]
    fn what_cannot_be_told_names_only_what_the_rules_ask() {
        assert_eq!(unknown_in_words(false, true, false), "Windows without a readable title: covered");
        assert_eq!(
            unknown_in_words(true, true, true),
            "Windows without a readable application or title or address: covered"
        );
    }
}
