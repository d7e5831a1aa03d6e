//! How a plugin gets its settings, and how it refuses them.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_path_to_error::Segment;

use crate::bindings::setup as raw;

/// What is wrong with the settings, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: {reason}", if place.is_empty() { "settings" } else { place.as_str() })]
pub struct SettingError {
    /// A JSON pointer into the settings, such as `/rules/2/match/title/regex`; empty for the settings as a whole.
    pub place: String,
    /// What is wrong and what to do, in a sentence for a person.
    pub reason: String,
}

impl SettingError {
    /// An error at a place.
    #[must_use]
    pub fn new(place: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { place: place.into(), reason: reason.into() }
    }
}

impl From<SettingError> for raw::SettingError {
    fn from(error: SettingError) -> Self {
        Self { place: error.place, reason: error.reason }
    }
}

/// For a plugin that has nothing to set: takes nothing or `{}` and refuses anything else.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoSettings {}

/// Reads settings from their JSON text, as the host hands them over: always an object. No text and `null` count as `{}`, so a plugin
/// whose settings all have defaults works without any.
///
/// # Errors
/// The place, as a JSON pointer, and the reason of the first thing that does not fit.
pub fn read<T: DeserializeOwned>(text: &str) -> Result<T, Vec<SettingError>> {
    let text = if text.trim().is_empty() { "{}" } else { text };
    let value: serde_json::Value = serde_json::from_str(text)
        .map_err(|e| vec![SettingError::new("", format!("The settings are not valid JSON: {e}."))])?;
    let value = if value.is_null() { serde_json::Value::Object(serde_json::Map::new()) } else { value };
    if !value.is_object() {
        // Derived types would take a list as their fields in order, so that `[]` would quietly be no rules at all.
        return Err(vec![SettingError::new("", "Settings are a JSON object, such as `{}`.")]);
    }
    serde_path_to_error::deserialize(value).map_err(|e| {
        let place = pointer(e.path().iter());
        vec![SettingError::new(place, sentence(&e.into_inner().to_string()))]
    })
}

/// RFC 6901. Stops if the path is not known any further.
fn pointer<'a>(segments: impl Iterator<Item = &'a Segment>) -> String {
    let mut place = String::new();
    for segment in segments {
        let step = match segment {
            Segment::Seq { index } => index.to_string(),
            Segment::Map { key } => key.replace('~', "~0").replace('/', "~1"),
            Segment::Enum { variant } => variant.replace('~', "~0").replace('/', "~1"),
            Segment::Unknown => break,
        };
        place.push('/');
        place.push_str(&step);
    }
    place
}

/// `unknown field x` as `Unknown field x.`
fn sentence(words: &str) -> String {
    let mut letters = words.chars();
    let first = letters.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", letters.as_str().trim_end_matches('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "kebab-case", deny_unknown_fields)]
    struct Settings {
        #[serde(default)]
        colour: Option<Colour>,
        #[serde(default)]
        rules: Vec<Rule>,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "kebab-case")]
    enum Colour {
        Red,
        Custom { hue: u8 },
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "kebab-case", deny_unknown_fields)]
    struct Rule {
        max_size: u32,
    }

    #[test]
    fn nothing_null_and_an_empty_object_are_the_defaults() {
        for text in ["", " \n", "null", "{}"] {
            assert_eq!(read::<Settings>(text), Ok(Settings { colour: None, rules: vec![] }), "{text:?}");
            assert_eq!(read::<NoSettings>(text), Ok(NoSettings {}), "{text:?}");
        }
    }

    #[test]
    fn what_does_not_fit_is_named_by_place_and_reason() {
        for (text, place, reason) in [
            ("{", "", "The settings are not valid JSON: EOF while parsing an object at line 1 column 1."),
            ("[]", "", "Settings are a JSON object, such as `{}`."),
            (r#"{"color": 1}"#, "/color", "Unknown field `color`, expected `colour` or `rules`."),
            (
                r#"{"rules": [{"max-size": 1}, {"max-size": "big"}]}"#,
                "/rules/1/max-size",
                "Invalid type: string \"big\", expected u32.",
            ),
            (r#"{"rules": [{}]}"#, "/rules/0", "Missing field `max-size`."),
            (r#"{"colour": "blue"}"#, "/colour", "Unknown variant `blue`, expected `red` or `custom`."),
            (
                r#"{"colour": {"custom": {"hue": 300}}}"#,
                "/colour/custom/hue",
                "Invalid value: integer `300`, expected u8.",
            ),
        ] {
            assert_eq!(read::<Settings>(text), Err(vec![SettingError::new(place, reason)]), "{text}");
        }
    }
}
