//! A feed: brings evidence from elsewhere, such as builds, calls or reviews. It has no sensors.

use serde::de::DeserializeOwned;

use crate::settings::SettingError;
use crate::types::Error;
use crate::waking::{Cause, Wake};

/// A plugin that records what other services know. Register it with [`feed!`](crate::feed!).
///
/// It asks with [`http`](crate::http) and hands over what it found with
/// [`observations::custom`](crate::observations::custom).
pub trait Feed: Sized + 'static {
    /// What can be set; read from JSON. [`NoSettings`](crate::NoSettings) for nothing.
    type Settings: DeserializeOwned;

    /// Makes the plugin from its settings, once, before anything else.
    ///
    /// # Errors
    /// What is wrong with the settings, each with its place. The plugin is then not started.
    fn configure(settings: Self::Settings) -> Result<Self, Vec<SettingError>>;

    /// Does the work of one wake and says when to wake it next. The wakes returned replace the earlier ones.
    ///
    /// # Errors
    /// Goes to the plugin's log; the earlier wakes stay.
    fn woken(&mut self, cause: Cause) -> Result<Vec<Wake>, Error>;
}
