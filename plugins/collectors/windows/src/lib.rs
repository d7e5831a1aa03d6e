//! Records which application and title the person works in, when it changes.
//!
//! The guard has judged the windows already: what a privacy rule hides is not there to be recorded.

use std::time::Duration;

use candor_sdk::observations::{self, NoteError, WindowFacts};
use candor_sdk::windows::{self, Window};
use candor_sdk::{Cause, Collector, Denied, Error, SettingError, Timestamp, Wake, clock};
use serde::Deserialize;

/// How long after a segment's start the windows of its start are told.
const SETTLED: Duration = Duration::from_secs(2);

/// Records what is in front.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct WindowsSettings {
    /// What is recorded of the focused window.
    pub facts: Vec<Fact>,
}

impl Default for WindowsSettings {
    fn default() -> Self {
        Self { facts: vec![Fact::App, Fact::Title, Fact::Url] }
    }
}

/// Something about a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fact {
    /// The application that it belongs to.
    App,
    /// The title that it shows.
    Title,
    /// The address of the page shown.
    Url,
}

/// Records the window in front, when that or its title changes.
#[derive(Debug)]
pub struct Windows {
    facts: WindowFacts,
    last: Option<FocusFacts>,
    /// When what is in front is noted again, changed or not.
    again_at: Option<Timestamp>,
}

/// What of a window counts as a change.
#[derive(Clone, Debug, PartialEq, Eq)]
struct FocusFacts {
    app: Option<String>,
    title: Option<String>,
    url: Option<String>,
}

impl FocusFacts {
    /// Only what is to be recorded: a change of anything else is no change.
    fn of(window: &Window, facts: WindowFacts) -> Self {
        let chosen = |wanted: bool, text: &Option<String>| text.clone().filter(|_| wanted);
        Self {
            app: chosen(facts.app, &window.app),
            title: chosen(facts.title, &window.title),
            url: chosen(facts.url, &window.url),
        }
    }
}

impl Collector for Windows {
    type Settings = WindowsSettings;

    fn configure(settings: WindowsSettings) -> Result<Self, Vec<SettingError>> {
        if settings.facts.is_empty() {
            return Err(vec![SettingError::new(
                "/facts",
                "Name at least one of `app`, `title`, `url`, or switch this collector off.",
            )]);
        }
        let facts = WindowFacts {
            app: settings.facts.contains(&Fact::App),
            title: settings.facts.contains(&Fact::Title),
            url: settings.facts.contains(&Fact::Url),
        };
        Ok(Self { facts, last: None, again_at: None })
    }

    fn woken(&mut self, cause: Cause) -> Result<Vec<Wake>, Error> {
        match cause {
            // Another stretch of tracking: what was noted before belongs to an earlier one.
            Cause::Started => (self.last, self.again_at) = (None, None),
            // Each segment tells by itself what was in front, also where nothing changes in it. Windows are told as they
            // were a moment ago, so a look right now would still be one at the segment that ended.
            Cause::Segment(_) => self.again_at = Some(clock::now().after(SETTLED)),
            Cause::At(_) => (self.last, self.again_at) = (None, None),
            _ => {}
        }
        if !matches!(cause, Cause::Segment(_)) {
            self.note_change()?;
        }
        let again = self.again_at.map(Wake::At);
        Ok([Wake::OnWindowChange, Wake::OnSegment].into_iter().chain(again).collect())
    }
}

impl Windows {
    fn note_change(&mut self) -> Result<(), Error> {
        let layout = match windows::current() {
            Ok(layout) => layout,
            // Nothing may or can be told. The host keeps the reason; the next window that may be told is news.
            Err(Denied::NotTracking | Denied::Skipped(_) | Denied::RuleFailed | Denied::Unsettled) => {
                self.last = None;
                return Ok(());
            }
            Err(error) => return Err(error.into()),
        };
        let Some(window) = layout.focused() else { return Ok(()) };
        let seen = FocusFacts::of(window, self.facts);
        if self.last.as_ref() == Some(&seen) {
            return Ok(());
        }
        match observations::focus(window, self.facts) {
            Ok(()) => self.last = Some(seen),
            // A title that changes many times a second is not told in full: the next that may be told is news.
            Err(NoteError::NotTracking | NoteError::TooMany | NoteError::OverBudget) => self.last = None,
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }
}

candor_sdk::collector!(Windows);

#[cfg(test)]
mod tests {
    use candor_sdk::settings;

    use super::*;

    #[test]
    fn all_facts_are_recorded_unless_the_settings_say_less() {
        let read = |text: &str| settings::read(text).and_then(Windows::configure).map(|w| w.facts);
        assert_eq!(read(""), Ok(WindowFacts::ALL));
        assert_eq!(read(r#"{"facts": ["app"]}"#), Ok(WindowFacts { app: true, title: false, url: false }));
        assert_eq!(read(r#"{"facts": []}"#).unwrap_err()[0].place, "/facts",);
        assert_eq!(
            read(r#"{"facts": ["app", "pid"]}"#),
            Err(vec![SettingError::new(
                "/facts/1",
                "Unknown variant `pid`, expected one of `app`, `title`, `url`."
            )])
        );
    }

    #[test]
    fn only_a_change_of_what_is_recorded_counts() {
        let window = |title: &str| Window {
            app: Some("editor".into()),
            title: Some(title.into()),
            ..Window::default()
        };
        let all = WindowFacts::ALL;
        let app = WindowFacts { app: true, title: false, url: false };
        assert_ne!(FocusFacts::of(&window("a"), all), FocusFacts::of(&window("b"), all));
        assert_eq!(FocusFacts::of(&window("a"), app), FocusFacts::of(&window("b"), app));
        assert_eq!(FocusFacts::of(&window("a"), app).title, None);
    }
}
