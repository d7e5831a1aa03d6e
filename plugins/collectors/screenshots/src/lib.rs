//! Takes one picture of the screen in each segment, at a moment that nobody can foretell.
//!
//! The host draws the moment, judges the picture by the privacy rules and masks it before this plugin has it. If there
//! may be no picture, the reason is recorded in its place.

use candor_sdk::observations::{self, NoteError, PictureSize};
use candor_sdk::screen::{self, Scope};
use candor_sdk::{Cause, Collector, Denied, Error, SettingError, Wake};
use serde::Deserialize;

/// What can be set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct ScreenshotSettings {
    /// What a picture shows.
    pub scope: What,
    /// How large a picture is kept.
    pub size: Size,
}

/// What a picture shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum What {
    /// Every monitor, in one picture of the whole desktop.
    #[default]
    Desktop,
    /// The monitor with the focused window.
    ActiveMonitor,
}

/// How large a picture is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Size {
    /// At the size at which it was taken.
    #[default]
    Full,
    /// Half as wide and half as high.
    Half,
}

/// Takes one picture in each segment.
#[derive(Debug)]
pub struct Screenshots {
    settings: ScreenshotSettings,
}

impl Collector for Screenshots {
    type Settings = ScreenshotSettings;

    fn configure(settings: ScreenshotSettings) -> Result<Self, Vec<SettingError>> {
        Ok(Self { settings })
    }

    fn woken(&mut self, cause: Cause) -> Result<Vec<Wake>, Error> {
        if let Cause::RandomInSegment(_) = cause {
            self.take_picture()?;
        }
        Ok(vec![Wake::AtRandomInSegment])
    }
}

impl Screenshots {
    fn take_picture(&self) -> Result<(), Error> {
        let scope = match self.settings.scope {
            What::Desktop => Scope::Desktop,
            What::ActiveMonitor => Scope::ActiveMonitor,
        };
        let size = match self.settings.size {
            Size::Full => PictureSize::Full,
            Size::Half => PictureSize::Half,
        };
        match screen::capture(scope) {
            Ok(frame) => noted(observations::snapshot(frame, size)),
            // Tracking stopped meanwhile: there is no segment that misses a picture.
            Err(Denied::NotTracking) => Ok(()),
            Err(refusal) => noted(observations::no_snapshot(&refusal)),
        }
    }
}

/// Tracking may stop while a picture is judged: that is no fault.
fn noted(taken: Result<(), NoteError>) -> Result<(), Error> {
    match taken {
        Ok(()) | Err(NoteError::NotTracking) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

candor_sdk::collector!(Screenshots);

#[cfg(test)]
mod tests {
    use candor_sdk::settings;

    use super::*;

    #[test]
    fn settings_have_defaults_and_refuse_what_they_do_not_know() {
        for (text, expected) in [
            ("", Ok(ScreenshotSettings { scope: What::Desktop, size: Size::Full })),
            (r#"{"size": "half"}"#, Ok(ScreenshotSettings { scope: What::Desktop, size: Size::Half })),
            (
                r#"{"scope": "active-monitor", "size": "full"}"#,
                Ok(ScreenshotSettings { scope: What::ActiveMonitor, size: Size::Full }),
            ),
            (
                r#"{"size": "tiny"}"#,
                Err(vec![SettingError::new("/size", "Unknown variant `tiny`, expected `full` or `half`.")]),
            ),
            (
                r#"{"every": 5}"#,
                Err(vec![SettingError::new("/every", "Unknown field `every`, expected `scope` or `size`.")]),
            ),
        ] {
            assert_eq!(settings::read(text), expected, "{text}");
        }
    }
}
