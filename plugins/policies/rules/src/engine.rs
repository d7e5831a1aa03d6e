//! The rules: compiled once, then asked about every scene. No plugin, no host: a pure function.
//!
//! Every rule is asked about every window, and each answer is yes, no or *cannot be told*. Skip beats fill beats blur
//! beats hide-title. What cannot be told is covered by a solid block, whatever the rule would have done: to skip every
//! picture that has a menu without a title in it would leave none at all, and the block hides as much.

use candor_sdk::SettingError;
use candor_sdk::policy::SceneWindow;
use candor_sdk::policy::{Cover, Field, Hiding, Mask, Redaction, SceneKind, Target, Verdict};

use crate::matcher::{Matcher, Text, regex_size_max};
use crate::settings::{
    Pattern, RULES_MAX, RuleOutcome, RuleSettings, RulesSettings, Unknown, WORDS_MAX, unknown_in_words,
};

/// Parts of the names of applications that show pages. For any other application an address is not unknown: there is none.
const BROWSERS: [&str; 17] = [
    "firefox",
    "chrom",
    "brave",
    "opera",
    "vivaldi",
    "edge",
    "safari",
    "epiphany",
    "falkon",
    "konqueror",
    "librewolf",
    "waterfox",
    "navigator",
    "browser",
    "midori",
    "nyxt",
    "webkit",
];

/// Rules that were compiled from their settings, ready to judge scenes.
#[derive(Debug)]
pub struct Rules {
    rules: Vec<CompiledRule>,
    words: Vec<String>,
    /// The index in `words` of what cannot be told; none if that is kept.
    unknown: Option<u32>,
    /// Whether any rule asks for that text.
    asks: Asks,
}

#[derive(Clone, Copy, Debug, Default)]
struct Asks {
    application: bool,
    title: bool,
    address: bool,
}

#[derive(Debug)]
struct CompiledRule {
    index: u32,
    application: Option<Matcher>,
    title: Option<Matcher>,
    address: Option<Matcher>,
    then: RuleOutcome,
}

/// Whether a rule is about a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum RuleMatch {
    No,
    Yes,
    CannotTell,
}

/// What the rules say about one window.
#[derive(Clone, Copy, Debug)]
struct Finding {
    outcome: RuleOutcome,
    rule: u32,
}

/// The texts of one window, prepared once for all rules.
struct Texts<'a> {
    application: Option<Text<'a>>,
    title: Option<Text<'a>>,
    address: Option<Text<'a>>,
    /// Whether it may show a page whose address is not known.
    may_have_address: bool,
}

impl Rules {
    /// Reads and compiles rules from the settings' JSON text.
    ///
    /// # Errors
    /// Every place that is wrong, as a JSON pointer, with the reason. Of malformed JSON only the first.
    pub fn parse(settings: &str) -> Result<Self, Vec<SettingError>> {
        candor_sdk::settings::read(settings).and_then(Self::new)
    }

    /// Compiles rules.
    ///
    /// # Errors
    /// Every place that is wrong, as a JSON pointer, with the reason.
    pub fn new(settings: RulesSettings) -> Result<Self, Vec<SettingError>> {
        let mut errors = Vec::new();
        if settings.rules.len() > RULES_MAX {
            errors.push(SettingError::new(
                "/rules",
                format!("There are {} rules; at most {RULES_MAX} are allowed.", settings.rules.len()),
            ));
            return Err(errors);
        }
        let mut rules = Vec::with_capacity(settings.rules.len());
        let mut words = Vec::with_capacity(settings.rules.len() + 1);
        let mut asks = Asks::default();
        let regexes = settings.rules.iter().flat_map(|rule| rule.matches.patterns()).filter(|p| p.is_regex());
        // One that is written with other than ASCII may be compiled in all three forms in which texts are compared.
        let forms = |pattern: &Pattern| if pattern.text().is_ascii() { 1 } else { 3 };
        let size_max = regex_size_max(regexes.map(forms).sum());
        for (index, rule) in (0u32..).zip(&settings.rules) {
            rules.push(CompiledRule::new(index, rule, size_max, &mut errors));
            words.push(rule.in_words());
            asks.application |= rule.matches.application.is_some();
            asks.title |= rule.matches.title.is_some();
            asks.address |= rule.matches.address.is_some();
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        let unknown = match settings.unknown {
            Unknown::Cover if !rules.is_empty() => {
                words.push(unknown_in_words(asks.application, asks.title, asks.address));
                u32::try_from(rules.len()).ok()
            }
            _ => None,
        };
        Ok(Self { rules, words, unknown, asks })
    }

    /// The rules in words for people, in the order of the settings. If something that cannot be told is covered, one
    /// more at the end says so.
    #[must_use]
    pub fn words(&self) -> &[String] {
        &self.words
    }

    /// Judges a scene. Windows stand from bottom to top; the verdict names them by index.
    #[must_use]
    pub fn judge(&self, windows: &[SceneWindow], kind: SceneKind) -> Verdict {
        let mut redaction = Redaction::default();
        let mut skipping = Vec::new();
        for (index, window) in (0u32..).zip(windows) {
            let texts = Texts::of(window, self.asks);
            let visible = !window.area.is_empty();
            let mut strongest: Option<Finding> = None;
            for rule in &self.rules {
                let finding = match (rule.answer(&texts), self.unknown) {
                    (RuleMatch::Yes, _) => Finding { outcome: rule.then, rule: rule.index },
                    (RuleMatch::CannotTell, Some(unknown)) => Finding {
                        // Hiding the title is all that the rule asks for; to cover the window would be more.
                        outcome: if rule.then == RuleOutcome::HideTitle {
                            rule.then
                        } else {
                            RuleOutcome::Fill
                        },
                        rule: unknown,
                    },
                    (RuleMatch::No, _) | (RuleMatch::CannotTell, None) => continue,
                };
                if finding.outcome == RuleOutcome::Skip && visible && !skipping.contains(&finding.rule) {
                    skipping.push(finding.rule);
                }
                // Of equal ones the first counts, but what a rule says for certain tells people more.
                let stronger = strongest.is_none_or(|held| {
                    (held.outcome, Some(held.rule) != self.unknown)
                        < (finding.outcome, Some(finding.rule) != self.unknown)
                });
                if stronger {
                    strongest = Some(finding);
                }
            }
            if let Some(finding) = strongest {
                redact(&mut redaction, index, window, kind, finding);
            }
        }
        if skipping.is_empty() {
            redaction.into()
        } else {
            skipping.sort_unstable();
            Verdict::Skip(skipping)
        }
    }
}

/// Covers what can be seen of a window and leaves out what can be read of it.
fn redact(redaction: &mut Redaction, index: u32, window: &SceneWindow, kind: SceneKind, finding: Finding) {
    let Finding { outcome, rule } = finding;
    // Only a picture of the screen shows windows; one that is not on screen is in no picture.
    if kind == SceneKind::Snapshot && !window.area.is_empty() {
        let (target, cover) = match outcome {
            RuleOutcome::Skip | RuleOutcome::Fill => (Target::Window(index), Cover::Fill),
            RuleOutcome::Blur => (Target::Window(index), Cover::Blur),
            RuleOutcome::HideTitle => (Target::TitleBar(index), Cover::Fill),
        };
        redaction.masks.push(Mask { target, cover, rule });
    }
    // What is not there needs no hiding, and to say that something is hidden has consequences for other windows.
    if has(window.title.as_ref()) {
        redaction.hidings.push(Hiding { window: index, field: Field::Title, rule });
    }
    if outcome != RuleOutcome::HideTitle && has(window.url.as_ref()) {
        redaction.hidings.push(Hiding { window: index, field: Field::Url, rule });
    }
}

fn has(text: Option<&String>) -> bool {
    text.is_some_and(|t| !t.is_empty())
}

impl<'a> Texts<'a> {
    fn of(window: &'a SceneWindow, asks: Asks) -> Self {
        fn text(asked: bool, text: Option<&String>) -> Option<Text<'_>> {
            // An empty text tells as little as none.
            text.filter(|t| asked && !t.is_empty()).map(|t| Text::new(t))
        }
        Self {
            application: text(asks.application, window.app.as_ref()),
            title: text(asks.title, window.title.as_ref()),
            address: text(asks.address, window.url.as_ref()),
            may_have_address: asks.address && window.app.as_deref().is_none_or(looks_like_a_browser),
        }
    }
}

fn looks_like_a_browser(app: &str) -> bool {
    let app = app.to_ascii_lowercase();
    app.is_empty() || BROWSERS.iter().any(|name| app.contains(name))
}

impl CompiledRule {
    /// Compiles a rule. What is wrong goes to `errors`; the rule is then not used.
    fn new(index: u32, settings: &RuleSettings, size_max: usize, errors: &mut Vec<SettingError>) -> Self {
        let place = format!("/rules/{index}");
        let matches = &settings.matches;
        if matches.application.is_none() && matches.title.is_none() && matches.address.is_none() {
            errors.push(SettingError::new(
                format!("{place}/match"),
                "Name at least one of `application`, `title`, `address`.",
            ));
        }
        if let Some(words) = &settings.words
            && (words.trim().is_empty() || words.len() > WORDS_MAX || words.chars().any(char::is_control))
        {
            errors.push(SettingError::new(
                format!("{place}/words"),
                format!("Words are one line of 1 to {WORDS_MAX} bytes; leave them out to have them made."),
            ));
        }
        let mut compile = |field: &str, pattern: &Option<Pattern>| {
            let pattern = pattern.as_ref()?;
            Matcher::new(pattern, settings.ignore_case, size_max)
                .map_err(|reason| {
                    let place = format!("{place}/match/{field}/{}", pattern.name());
                    errors.push(SettingError::new(place, reason));
                })
                .ok()
        };
        Self {
            index,
            application: compile("application", &matches.application),
            title: compile("title", &matches.title),
            address: compile("address", &matches.address),
            then: settings.then,
        }
    }

    /// All texts that it names must match. One that does not is enough for no, whatever else cannot be told.
    fn answer(&self, texts: &Texts<'_>) -> RuleMatch {
        let mut answer = RuleMatch::Yes;
        for (matcher, text, may_exist) in [
            (&self.application, &texts.application, true),
            (&self.title, &texts.title, true),
            (&self.address, &texts.address, texts.may_have_address),
        ] {
            match (matcher, text) {
                (None, _) => {}
                (Some(matcher), Some(text)) if matcher.matches(text) => {}
                (Some(_), None) if may_exist => answer = RuleMatch::CannotTell,
                (Some(_), _) => return RuleMatch::No,
            }
        }
        answer
    }
}

#[cfg(test)]
mod tests;
