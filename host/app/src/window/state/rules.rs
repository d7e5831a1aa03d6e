//! The page of the worker's own rules.

use candor_protocol::OwnRule;

/// The worker's own rules, and the one that is being written.
#[derive(Debug)]
pub(crate) struct RulesPage {
    rules: Option<Vec<OwnRule>>,
    /// The rule that is being written.
    pub(crate) new_rule: OwnRule,
    /// The rules before the last change, until that is answered.
    before: Option<Vec<OwnRule>>,
}

impl RulesPage {
    /// Creates the page before anything is read.
    pub(crate) fn new() -> Self {
        Self { rules: None, new_rule: empty_rule(), before: None }
    }

    /// Returns the rules, once they are read.
    pub(crate) fn rules(&self) -> Option<&[OwnRule]> {
        self.rules.as_deref()
    }

    /// Takes the rule that was written, and begins an empty one.
    pub(crate) fn take_new_rule(&mut self) -> OwnRule {
        std::mem::replace(&mut self.new_rule, empty_rule())
    }

    /// Takes the rules as they are saved, unless a change of them is on its way.
    pub(crate) fn take_saved(&mut self, rules: Vec<OwnRule>) {
        self.rules = Some(rules);
    }

    /// Returns whether a change is on its way.
    pub(crate) fn is_changing(&self) -> bool {
        self.before.is_some()
    }

    /// Shows changed rules, as long as the agent has not answered.
    pub(crate) fn begin_change(&mut self, rules: Vec<OwnRule>) {
        self.before = self.rules.replace(rules);
    }

    /// Takes that the agent accepted these rules. Returns the ones before.
    pub(crate) fn confirm_change(&mut self, rules: &[OwnRule]) -> Option<Vec<OwnRule>> {
        self.rules = Some(rules.to_vec());
        self.before.take()
    }

    /// Takes that the agent refused these rules: what was not accepted must not look as if it were, and what was typed is
    /// not lost.
    pub(crate) fn revert_change(&mut self, refused: &[OwnRule]) {
        let added = refused.last().filter(|rule| !self.before.iter().flatten().any(|old| old == *rule));
        if let Some(added) = added {
            self.new_rule = added.clone();
        }
        self.rules = self.before.take();
    }

    /// Lets go of the rules, so that they are read anew. What is typed stays in its field.
    pub(crate) fn forget_rules(&mut self) {
        self.rules = None;
    }
}

/// Returns a rule that is not written yet.
fn empty_rule() -> OwnRule {
    OwnRule {
        field: "application".into(),
        by: "contains".into(),
        pattern: String::new(),
        action: "fill".into(),
    }
}
