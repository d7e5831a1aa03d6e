//! The page of the plugins.

use candor_protocol::Plugin;

/// The plugins of the current contract.
#[derive(Debug, Default)]
pub(crate) struct PluginsPage {
    plugins: Option<Vec<Plugin>>,
}

impl PluginsPage {
    /// Returns the plugins, once they are read.
    pub(crate) fn plugins(&self) -> Option<&[Plugin]> {
        self.plugins.as_deref()
    }

    pub(crate) fn set_plugins(&mut self, plugins: Vec<Plugin>) {
        self.plugins = Some(plugins);
    }
}
