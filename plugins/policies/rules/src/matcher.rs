//! How one text is compared. Everything is compiled once, when the settings are read; every comparison takes time linear
//! in the text.

use std::borrow::Cow;

use regex::{Regex, RegexBuilder};

use crate::glob;
use crate::looks;
use crate::settings::{PATTERN_MAX, Pattern};

/// How large the compiled regular expressions may be together, in bytes: with their working memory a fraction of the 64 MiB
/// that a plugin may have.
const REGEX_TOTAL_MAX: usize = 12 * 1024 * 1024;

/// How large one of them may be, in bytes. It bounds the time that one text can take.
const REGEX_ONE_MAX: usize = 512 * 1024;

/// How large a regular expression may be if there are that many of them.
#[must_use]
pub fn regex_size_max(count: usize) -> usize {
    REGEX_ONE_MAX.min(REGEX_TOTAL_MAX / count.max(1))
}

/// How much a regular expression may remember of what it has seen, in bytes. With 255 rules this stays far below the
/// memory that a plugin may have.
const REGEX_CACHE_MAX: usize = 64 * 1024;

/// A pattern of the settings, compiled: a whole text, a part of one, or a regular expression.
#[derive(Debug)]
pub struct Matcher {
    how: How,
    ignore_case: bool,
}

#[derive(Debug)]
enum How {
    Exact(Wanted),
    Contains(Wanted),
    Regex(Expressions),
}

/// A text that is looked for, in the forms under which texts are compared ([`looks`]). One that agrees is enough.
#[derive(Debug)]
struct Wanted(Vec<String>);

impl Wanted {
    fn new(text: &str, ignore_case: bool) -> Self {
        let canonical = looks::canonical(text, true);
        let mut forms = vec![looks::latin(&canonical), canonical];
        if ignore_case {
            forms.iter_mut().for_each(|form| *form = folded(form).into_owned());
        }
        forms.dedup();
        Self(forms)
    }
}

/// An expression as it was written and, if they differ, in the forms under which texts are compared.
#[derive(Debug)]
struct Expressions(Vec<Regex>);

impl Expressions {
    fn new(
        source: &str,
        to_regex: impl Fn(&str) -> Result<String, String>,
        ignore_case: bool,
        size_max: usize,
    ) -> Result<Self, String> {
        let mut all = vec![compile(&to_regex(source)?, ignore_case, size_max)?];
        let (canonical, latin) = (looks::pattern(source, false), looks::pattern(source, true));
        for form in [&canonical, &latin] {
            // A form that is no expression any more, such as a range that now runs backwards, finds nothing more.
            if form != source
                && let Ok(regex) = to_regex(form).and_then(|regex| compile(&regex, ignore_case, size_max))
            {
                all.push(regex);
            }
        }
        Ok(Self(all))
    }

    fn found(&self, text: &Text<'_>) -> bool {
        let is_match = |text: &str| self.0.iter().any(|regex| regex.is_match(text));
        let differs = |form: &&Form<'_>| form.text != text.plain;
        is_match(text.plain) || text.forms.iter().filter(differs).any(|form| is_match(&form.text))
    }
}

impl Matcher {
    /// Compiles a pattern; as a regular expression it may be at most `size_max` bytes large ([`regex_size_max`]).
    ///
    /// # Errors
    /// What is wrong with it and what to do, in a sentence for a person.
    pub fn new(pattern: &Pattern, ignore_case: bool, size_max: usize) -> Result<Self, String> {
        let text = pattern.text();
        let literal = matches!(pattern, Pattern::Exact(_) | Pattern::Contains(_));
        if text.is_empty() || literal && looks::canonical(text, true).is_empty() {
            return Err(
                "An empty pattern says nothing: leave it out, or use `\"glob\": \"*\"` for any text.".into(),
            );
        }
        if text.len() > PATTERN_MAX {
            return Err(format!(
                "The pattern is {} bytes long; at most {PATTERN_MAX} are allowed.",
                text.len()
            ));
        }
        let how = match pattern {
            Pattern::Exact(_) => How::Exact(Wanted::new(text, ignore_case)),
            Pattern::Contains(_) => How::Contains(Wanted::new(text, ignore_case)),
            Pattern::Glob(_) => How::Regex(Expressions::new(text, glob::to_regex, ignore_case, size_max)?),
            Pattern::Regex(_) => {
                How::Regex(Expressions::new(text, |s| Ok(s.to_owned()), ignore_case, size_max)?)
            }
        };
        Ok(Self { how, ignore_case })
    }

    /// Whether a text matches, in any of the forms in which it reads the same.
    #[must_use]
    pub fn matches(&self, text: &Text<'_>) -> bool {
        let any = |wanted: &Wanted, test: fn(&str, &str) -> bool| {
            let sides =
                text.forms.iter().map(|form| if self.ignore_case { &form.folded } else { &form.text });
            sides.into_iter().any(|side| wanted.0.iter().any(|wanted| test(side, wanted)))
        };
        match &self.how {
            How::Regex(expressions) => expressions.found(text),
            How::Exact(wanted) => any(wanted, |side, wanted| side == wanted),
            How::Contains(wanted) => any(wanted, |side, wanted| side.contains(wanted)),
        }
    }
}

/// A text with the forms in which it is compared, so that many rules share the work.
#[derive(Debug)]
pub struct Text<'a> {
    plain: &'a str,
    forms: Vec<Form<'a>>,
}

#[derive(Debug)]
struct Form<'a> {
    text: Cow<'a, str>,
    folded: Cow<'a, str>,
}

impl<'a> Text<'a> {
    /// Prepares a text for comparison.
    #[must_use]
    pub fn new(plain: &'a str) -> Self {
        let forms = looks::forms(plain).into_iter().map(|text| {
            let folded = match &text {
                Cow::Borrowed(text) => folded(text),
                Cow::Owned(text) => Cow::Owned(folded(text).into_owned()),
            };
            Form { text, folded }
        });
        Self { plain, forms: forms.collect() }
    }
}

/// The text without its case: each character upper, then lower, so that `ς`, `σ` and `Σ`, or `ß` and `SS`, are the same.
fn folded(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        if text.bytes().any(|b| b.is_ascii_uppercase()) {
            Cow::Owned(text.to_ascii_lowercase())
        } else {
            Cow::Borrowed(text)
        }
    } else {
        Cow::Owned(text.chars().flat_map(char::to_uppercase).flat_map(char::to_lowercase).collect())
    }
}

fn compile(regex: &str, ignore_case: bool, size_max: usize) -> Result<Regex, String> {
    RegexBuilder::new(regex)
        .case_insensitive(ignore_case)
        .size_limit(size_max)
        .dfa_size_limit(REGEX_CACHE_MAX)
        .build()
        .map_err(|error| match error {
            regex::Error::CompiledTooBig(_) => {
                "The pattern is too large when compiled: use smaller repetitions, or fewer regular expressions.".to_owned()
            }
            // Several lines, the last of which says what is wrong; the others point at the place with a caret.
            other => {
                let text = other.to_string();
                let last = text.lines().last().unwrap_or_default();
                format!("The regular expression is malformed: {}.", last.trim_start_matches("error: "))
            }
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exact(text: &str) -> Pattern {
        Pattern::Exact(text.into())
    }
    fn contains(text: &str) -> Pattern {
        Pattern::Contains(text.into())
    }
    fn glob(text: &str) -> Pattern {
        Pattern::Glob(text.into())
    }
    fn regex(text: &str) -> Pattern {
        Pattern::Regex(text.into())
    }

    #[test]
    fn each_kind_of_pattern_matches_as_it_says() {
        // Pattern, text, whether it matches with case ignored, whether with case minded.
        for (pattern, text, ignoring, minding) in [
            (exact("Mail"), "Mail", true, true),
            (exact("Mail"), "mail", true, false),
            (exact("Mail"), "Mail ", false, false),
            (exact("STRASSE"), "straße", true, false),
            (contains("secret"), "secret: payroll", true, true),
            (contains("secret"), "My SECRET notes", true, false),
            (contains("secret"), "secre t", false, false),
            (contains("ΣΑΣ"), "σας", true, false),
            (contains("geheim"), "Γ GEHEIM ß", true, false),
            (contains("."), "abc", false, false),
            (glob("*pay*"), "the payroll", true, true),
            (glob("*PAY*"), "the payroll", true, false),
            (glob("pay"), "payroll", false, false),
            (glob("ÄPFEL*"), "äpfel und birnen", true, false),
            (regex("^secret"), "secret: x", true, true),
            (regex("^secret"), "Secret: x", true, false),
            (regex("(?-i)^secret"), "Secret: x", false, false),
            (regex(r"\bpay\b"), "to pay now", true, true),
            (regex(r"\bpay\b"), "payroll", false, false),
            (regex(r"iban:\s*\d{2}"), "IBAN: 12", true, false),
            (regex("ö"), "KÖLN", true, false),
            (contains("secret"), "my se\u{200b}cr\u{ad}et", true, true),
            (contains("secret"), "SE\u{a0}CRET", true, false),
            (contains("pay roll"), "Pay\u{202f}Roll", true, false),
            (contains("sе\u{200b}cret"), "secret", true, true),
            (exact("été"), "e\u{301}te\u{301}", true, true),
            (exact("Bank"), "Ваnk", true, true),
            (glob("*secret*"), "my sеcret, in part Cyrillic", true, true),
            (glob("été*"), "e\u{301}te\u{301} 2026", true, true),
            (regex("^secret$"), "ｓｅｃｒｅｔ", true, true),
            (regex(r"iban:\s*\d{2}"), "IBAN:\u{a0}12", true, false),
            (regex("\u{200b}"), "zero\u{200b}width", true, true),
            (contains("секрет"), "Мой СЕКРЕТ", true, false),
        ] {
            for (ignore_case, expected) in [(true, ignoring), (false, minding)] {
                let matcher = Matcher::new(&pattern, ignore_case, REGEX_ONE_MAX).unwrap();
                assert_eq!(
                    matcher.matches(&Text::new(text)),
                    expected,
                    "{pattern:?} on {text:?}, ignore case: {ignore_case}"
                );
            }
        }
    }

    #[test]
    fn a_bad_pattern_is_refused_with_the_reason() {
        for (pattern, reason) in [
            (regex("("), "The regular expression is malformed: unclosed group."),
            (
                regex("a{2,1}"),
                "The regular expression is malformed: invalid repetition count range, the start must be <= the end.",
            ),
            (
                regex(r"(?=x)"),
                "The regular expression is malformed: look-around, including look-ahead and look-behind, is not supported.",
            ),
            (regex(r"(a)\1"), "The regular expression is malformed: backreferences are not supported."),
            (
                regex("((a{100}){100}){100}"),
                "The pattern is too large when compiled: use smaller repetitions, or fewer regular expressions.",
            ),
            (
                contains(""),
                "An empty pattern says nothing: leave it out, or use `\"glob\": \"*\"` for any text.",
            ),
        ] {
            assert_eq!(Matcher::new(&pattern, true, REGEX_ONE_MAX).unwrap_err(), reason, "{pattern:?}");
        }
        let long = Matcher::new(&contains(&"x".repeat(1_001)), true, REGEX_ONE_MAX).unwrap_err();
        assert_eq!(long, "The pattern is 1001 bytes long; at most 1000 are allowed.");
    }

    #[test]
    fn patterns_that_make_other_engines_explode_stay_linear() {
        // Backtracking engines need 2^n steps for these; here a text of 64 kB is no matter. The bound is generous.
        let text = "a".repeat(64 * 1024) + "!";
        let started = std::time::Instant::now();
        for evil in ["^(a+)+$", "^(a|a)*$", "^(a|aa)+$", "(x+x+)+y", "^(([a-z])+.)+[A-Z]([a-z])+$"] {
            let matcher = Matcher::new(&regex(evil), false, REGEX_ONE_MAX).unwrap();
            assert!(!matcher.matches(&Text::new(&text)), "{evil}");
        }
        assert!(started.elapsed().as_secs() < 20, "{:?}", started.elapsed());
    }
}
