//! Privacy rules as data: match a window by application, title or address, and cover it, blur it, hide its title, or
//! record nothing.
//!
//! The rules themselves are in [`engine`], free of anything that is a plugin's, so that they can be tested and measured
//! natively. [`settings`] says what the settings look like and refuses bad ones with their place; [`matcher`] holds how
//! a text is compared, and [`looks`] under which forms.
//!
//! The plugin is a pure function. What it cannot tell it covers, unless the settings say otherwise.

pub mod engine;
mod glob;
pub mod looks;
pub mod matcher;
pub mod settings;

use candor_sdk::policy::{Rule, Scene, Verdict};
use candor_sdk::{FrameRef, Policy, SettingError};

use engine::Rules;
use settings::RulesSettings;

/// Judges scenes by the rules of its settings.
#[derive(Debug)]
pub struct RulesPolicy(Rules);

impl Policy for RulesPolicy {
    type Settings = RulesSettings;

    fn configure(settings: RulesSettings) -> Result<Self, Vec<SettingError>> {
        Rules::new(settings).map(Self)
    }

    fn rules(&self) -> Vec<Rule> {
        self.0.words().iter().map(Rule::new).collect()
    }

    fn judge(&self, scene: &Scene, _frame: Option<FrameRef<'_>>) -> Verdict {
        self.0.judge(scene.windows(), scene.kind())
    }
}

candor_sdk::policy!(RulesPolicy);
