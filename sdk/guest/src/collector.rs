//! A collector: decides what of the sensors is recorded, and when. It has no network.

use serde::de::DeserializeOwned;

use crate::settings::SettingError;
use crate::types::Error;
use crate::waking::{Cause, Wake};

/// A plugin that records what sensors show. Register it with [`collector!`](crate::collector!).
///
/// It may call [`screen`](crate::screen), [`camera`](crate::camera), [`windows`](crate::windows),
/// [`activity`](crate::activity) and [`pixels`](crate::pixels), each of which is a permission that the person at the
/// machine grants, and hands over what it chose through [`observations`](crate::observations).
pub trait Collector: Sized + 'static {
    /// What can be set; read from JSON. [`NoSettings`](crate::NoSettings) for nothing.
    type Settings: DeserializeOwned;

    /// Makes the plugin from its settings, once, before anything else.
    ///
    /// # Errors
    /// What is wrong with the settings, each with its place. The plugin is then not started.
    fn configure(settings: Self::Settings) -> Result<Self, Vec<SettingError>>;

    /// Does the work of one wake, within 5 seconds, and says when to wake it next. The wakes returned replace the
    /// earlier ones.
    ///
    /// # Errors
    /// Goes to the plugin's log; the earlier wakes stay.
    fn woken(&mut self, cause: Cause) -> Result<Vec<Wake>, Error>;
}
