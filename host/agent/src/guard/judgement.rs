//! The policies that judge a scene: the worker's own rules first, then the client's policy (invariants 3 and 5).

use std::sync::Arc;

use async_trait::async_trait;
use candor_sandbox::host_traits::FrameView;
use candor_sandbox::model::{Denied, Scene, Verdict};
use candor_sandbox::{Failure, Policy};

/// Something that judges scenes: a policy plugin.
#[async_trait]
pub trait Judge: Send {
    /// Its rules in words.
    fn rules(&self) -> Vec<String>;

    /// Judges a scene.
    ///
    /// # Errors
    /// Any failure: trap, timeout, out of memory, a malformed verdict.
    async fn judge(&mut self, scene: Scene, frame: Option<Arc<dyn FrameView>>) -> Result<Verdict, Failure>;
}

#[async_trait]
impl Judge for Policy {
    fn rules(&self) -> Vec<String> {
        Policy::rules(self).to_vec()
    }

    async fn judge(&mut self, scene: Scene, frame: Option<Arc<dyn FrameView>>) -> Result<Verdict, Failure> {
        Policy::judge(self, scene, frame).await
    }
}

/// What the client reads in place of any rule of the worker's own: its words may tell what it hides.
pub const OWN_RULE: &str = "A rule of the worker's own";

/// How many rules a list that travels names at most. A policy chooses which rules it names, so a list without a bound
/// would be a way out for what it has seen.
pub const MOST_NAMED: usize = 8;

/// Returns a list of rules as it may travel: in order, each once, and not many.
#[must_use]
pub fn limit_named(rules: impl IntoIterator<Item = u32>) -> Vec<u32> {
    let set: std::collections::BTreeSet<u32> = rules.into_iter().collect();
    set.into_iter().take(MOST_NAMED).collect()
}

/// The policies that are in force: the client's and the worker's own. They only ever add up.
pub struct Policies {
    client: Option<Box<dyn Judge>>,
    own: Option<Box<dyn Judge>>,
    /// Whether there are own rules that could not be loaded or kept: rules that are missing, so nothing is shown.
    own_failed: bool,
    /// What the client reads: the client's rules, then [`OWN_RULE`]. It stays the same for as long as the client's
    /// policy runs, whatever becomes of the worker's rules.
    rules: Vec<String>,
    own_rules: Vec<String>,
    failing: Option<FailingPolicy>,
}

/// A policy that could not judge the last scene that it was asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FailingPolicy {
    /// Whether it is the worker's own rules rather than the client's policy.
    pub own: bool,
    /// What happened, in fixed words.
    pub how: &'static str,
}

impl Policies {
    /// `client` is none if the terms name no policy or it could not be loaded: then nothing can be judged, so
    /// nothing is shown.
    #[must_use]
    pub fn new(client: Option<Box<dyn Judge>>, own: Option<Box<dyn Judge>>) -> Self {
        let mut rules = client.as_ref().map(|judge| judge.rules()).unwrap_or_default();
        rules.push(OWN_RULE.to_owned());
        let own_rules = own.as_ref().map(|judge| judge.rules()).unwrap_or_default();
        Self { client, own, own_failed: false, rules, own_rules, failing: None }
    }

    /// Puts other rules of the worker's own in force.
    pub fn set_own(&mut self, own: Option<Box<dyn Judge>>) {
        self.own_rules = own.as_ref().map(|judge| judge.rules()).unwrap_or_default();
        self.own = own;
        self.own_failed = false;
    }

    /// Notes that the worker's own rules could not be loaded or kept: nothing is shown until they can be.
    pub fn set_own_failed(&mut self) {
        self.own_failed = true;
    }

    /// Returns the rules in words, as they may travel: the client's, and one that stands for all of the worker's own.
    #[must_use]
    pub fn rules(&self) -> &[String] {
        &self.rules
    }

    /// Returns the worker's own rules in words. They stay on this computer.
    #[must_use]
    pub fn own_rules(&self) -> &[String] {
        &self.own_rules
    }

    /// Returns the index in [`Self::rules`] of every rule of the worker's own.
    #[must_use]
    pub fn own_index(&self) -> u32 {
        u32::try_from(self.rules.len().saturating_sub(1)).unwrap_or(u32::MAX)
    }

    /// Returns whether the client's policy has any rule.
    #[must_use]
    pub fn has_client_rules(&self) -> bool {
        self.rules.len() > 1
    }

    /// Returns whether there is any rule of the worker's own.
    #[must_use]
    pub fn has_own_rules(&self) -> bool {
        !self.own_rules.is_empty()
    }

    /// Returns the policy that failed when it was asked last, if one did.
    #[must_use]
    pub fn failing(&self) -> Option<FailingPolicy> {
        self.failing
    }

    /// Whether every policy is there that has to be asked.
    ///
    /// # Errors
    /// [`Denied::RuleFailed`] if one is missing.
    pub fn check_complete(&mut self) -> Result<(), Denied> {
        if self.client.is_none() || self.own_failed {
            return Err(Denied::RuleFailed);
        }
        Ok(())
    }

    /// Asks the worker's own rules, which judge first and see everything. The verdict names their rules as they do.
    ///
    /// # Errors
    /// [`Denied::RuleFailed`] if they are missing or fail.
    pub async fn judge_own(&mut self, scene: Scene) -> Result<Verdict, Denied> {
        self.check_complete()?;
        self.failing = None;
        let Some(own) = &mut self.own else { return Ok(Verdict::Keep) };
        let judged = own.judge(scene, None).await;
        judged.map_err(|failure| self.note_failure(true, &failure))
    }

    /// Asks the client's policy about what the worker's own rules leave.
    ///
    /// # Errors
    /// [`Denied::RuleFailed`] if it is missing or fails.
    pub async fn judge_client(
        &mut self,
        scene: Scene,
        frame: Option<Arc<dyn FrameView>>,
    ) -> Result<Verdict, Denied> {
        let Some(client) = &mut self.client else { return Err(Denied::RuleFailed) };
        let judged = client.judge(scene, frame).await;
        judged.map_err(|failure| self.note_failure(false, &failure))
    }

    fn note_failure(&mut self, own: bool, failure: &Failure) -> Denied {
        // The failure's text may come from the plugin, and it has seen the scene: say the kind only.
        let how = failure_text(failure);
        tracing::warn!(failure = how, "a policy could not judge: nothing is kept");
        self.failing = Some(FailingPolicy { own, how });
        Denied::RuleFailed
    }
}

/// Returns what happened, without the plugin's own words.
fn failure_text(failure: &Failure) -> &'static str {
    match failure {
        Failure::Trapped(_) => "it crashed",
        Failure::TimedOut => "it took too long",
        Failure::OutOfMemory => "it ran out of memory",
        Failure::Misbehaved(_) => "its verdict is malformed",
        Failure::Rejected(_) => "it reports an error",
        Failure::Quarantined => "it failed too often; quit the agent and start it again",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_that_travel_are_a_small_sorted_set() {
        assert_eq!(limit_named([3, 1, 3, 2, 1]), [1, 2, 3]);
        assert_eq!(limit_named((0..256).rev()).len(), MOST_NAMED);
        assert_eq!(limit_named([]), Vec::<u32>::new());
    }
}
