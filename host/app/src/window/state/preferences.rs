//! The page of the preferences.

use candor_protocol::{OnClose, Preferences, Theme};

/// The preferences as they are shown.
#[derive(Debug, Default)]
pub(crate) struct PreferencesPage {
    preferences: Option<Preferences>,
}

impl PreferencesPage {
    /// Returns the preferences, once they are read.
    pub(crate) fn preferences(&self) -> Option<Preferences> {
        self.preferences
    }

    /// Returns the theme, once it is read.
    pub(crate) fn theme(&self) -> Option<Theme> {
        self.preferences.map(|preferences| preferences.theme)
    }

    /// Returns what closing the window means while it is tracked.
    pub(crate) fn on_close(&self) -> OnClose {
        self.preferences.map_or(OnClose::Ask, |preferences| preferences.on_close)
    }

    /// Sets the preferences as the person changed them.
    pub(crate) fn set(&mut self, preferences: Preferences) {
        self.preferences = Some(preferences);
    }

    /// Sets what closing the window means, and returns the preferences to save, if they are known.
    pub(crate) fn set_on_close(&mut self, on_close: OnClose) -> Option<Preferences> {
        self.preferences.as_mut().map(|preferences| {
            preferences.on_close = on_close;
            *preferences
        })
    }

    /// Takes the preferences as they are saved. What is shown keeps all but the theme, which the command line may have
    /// set.
    pub(crate) fn take_saved(&mut self, saved: Preferences) {
        match &mut self.preferences {
            Some(shown) => shown.theme = saved.theme,
            None => self.preferences = Some(saved),
        }
    }
}
