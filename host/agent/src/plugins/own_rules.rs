//! The worker's own rules as they are in force: one truth for list, preview and picture.

use candor_protocol::OwnRule;
use parking_lot::RwLock;
use serde_json::Value;

use crate::folder::{DataFolderError, Folder};
use crate::settings;

/// The file that keeps them, in the data folder.
const FILE: &str = "own-rules.json";

/// The worker's own rules.
#[derive(Clone, Debug, PartialEq)]
pub enum OwnRulesState {
    /// These, as settings of the policy `rules`; none if there are none.
    Set(Option<Value>),
    /// They are not as they should be, and why: nothing may be shown until they are set again.
    Broken(String),
}

impl OwnRulesState {
    /// Reads the rules. What cannot be read is broken, not absent.
    #[must_use]
    pub fn load(folder: &Folder) -> Self {
        match folder.read_json::<Value>(FILE) {
            Ok(settings) => Self::Set(settings),
            Err(why) => Self::Broken(format!(
                "your own rules in {} cannot be read ({why}), so no picture and no title is recorded. Repair the file and restart the agent, or set your rules again in the window or with `candor rules`",
                folder.path(FILE).display()
            )),
        }
    }

    /// Writes the rules to their file.
    ///
    /// # Errors
    /// If they cannot be written.
    pub fn keep(folder: &Folder, settings: Option<&Value>) -> Result<(), DataFolderError> {
        match settings {
            Some(settings) => folder.write_json(FILE, settings),
            None => folder.remove(FILE),
        }
    }

    /// Returns the text that says that rules are in force and could not be kept.
    #[must_use]
    pub fn not_kept(folder: &Folder, why: &DataFolderError) -> String {
        format!(
            "your own rules could not be saved to {} ({why}). No pictures and no titles are recorded until they are: make the file writable, and set them again",
            folder.path(FILE).display()
        )
    }
}

/// The rules that the running agent goes by.
pub struct OwnRules(RwLock<OwnRulesState>);

impl OwnRules {
    /// Reads the rules from their file.
    #[must_use]
    pub fn load(folder: &Folder) -> Self {
        Self(RwLock::new(OwnRulesState::load(folder)))
    }

    /// Returns the rules as they are in force.
    #[must_use]
    pub fn now(&self) -> OwnRulesState {
        self.0.read().clone()
    }

    /// Puts other rules in force.
    pub fn set(&self, own: OwnRulesState) {
        *self.0.write() = own;
    }

    /// Returns the rules as the worker lists them.
    ///
    /// # Errors
    /// If they are broken, with the reason.
    pub fn listed(&self) -> Result<Vec<OwnRule>, String> {
        match self.now() {
            OwnRulesState::Set(settings) => Ok(settings.as_ref().map(settings::listed).unwrap_or_default()),
            OwnRulesState::Broken(why) => Err(why),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invariant_03_own_rules_that_cannot_be_read_are_not_taken_for_none() {
        let folder = tempfile::tempdir().unwrap();
        let data = Folder::open(folder.path()).unwrap();
        assert_eq!(OwnRulesState::load(&data), OwnRulesState::Set(None));
        std::fs::write(data.path(FILE), r#"{"rules": [{"match": {"tit"#).unwrap();
        let OwnRulesState::Broken(why) = OwnRulesState::load(&data) else { panic!("taken for none") };
        assert!(why.contains("own-rules.json") && why.contains("candor rules"), "{why}");
        assert_eq!(OwnRules::load(&data).listed(), Err(why));
    }
}
