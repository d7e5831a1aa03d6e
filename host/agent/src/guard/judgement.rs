//! What all policies together say of a scene (invariants 3 and 5).

use std::sync::Arc;

use async_trait::async_trait;
use candor_sandbox::capability::FrameView;
use candor_sandbox::model::{Cover, Denied, Field, Hiding, Mask, Scene, Verdict};
use candor_sandbox::{Failure, Policy};

/// Something that judges scenes: a policy plugin.
#[async_trait]
pub trait Judge: Send {
    /// Its rules in words.
    fn rules(&self) -> Vec<String>;

    /// What it says of the scene.
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

/// What is to be covered and left out. Rules are indices into the words of all policies, one after the other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Judgement {
    /// Cover these.
    pub masks: Vec<Mask>,
    /// Leave these out.
    pub hidings: Vec<Hiding>,
}

/// The policies that are in force: the client's and the worker's own. They only ever add up.
pub struct Policies {
    client: Option<Seated>,
    own: Option<Seated>,
    /// Whether there are own rules that could not be loaded: rules that are missing, so nothing is shown.
    own_failed: bool,
    rules: Vec<String>,
}

/// A policy, and where its rules stand among the rules of all.
struct Seated {
    judge: Box<dyn Judge>,
    places: Vec<u32>,
}

/// The most rules that a parcel can name.
const MAX_RULES: usize = 256;

/// More rules than a parcel can name.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "there are more than 256 rules: remove some, or start the tracker again where they were changed very often"
)]
pub struct TooManyRules;

impl Policies {
    /// `client` is none where the terms name no policy or it could not be loaded: then nothing can be judged, so
    /// nothing is shown.
    #[must_use]
    pub fn new(client: Option<Box<dyn Judge>>, own: Option<Box<dyn Judge>>) -> Self {
        let mut policies = Self { client: None, own: None, own_failed: false, rules: Vec::new() };
        policies.client = client.map(|judge| {
            policies.rules = judge.rules();
            Seated { places: (0..).take(policies.rules.len()).collect(), judge }
        });
        policies.own_failed = policies.set_own(own).is_err();
        policies
    }

    /// Puts other rules of the worker's own in force. What was covered is told by the index of a rule, so the rules
    /// before stay where they are.
    ///
    /// # Errors
    /// [`TooManyRules`]: those before stay in force.
    pub fn set_own(&mut self, own: Option<Box<dyn Judge>>) -> Result<(), TooManyRules> {
        let first = self.client.as_ref().map_or(0, |client| client.places.len());
        let mut all = self.rules.clone();
        let seated = own.map(|judge| {
            let mut places = Vec::new();
            for rule in judge.rules() {
                let known = all.iter().skip(first).position(|known| *known == rule).map(|at| first + at);
                let place = known.unwrap_or_else(|| {
                    all.push(rule);
                    all.len() - 1
                });
                places.push(u32::try_from(place).unwrap_or(u32::MAX));
            }
            Seated { judge, places }
        });
        if all.len() > MAX_RULES {
            return Err(TooManyRules);
        }
        self.rules = all;
        self.own = seated;
        self.own_failed = false;
        Ok(())
    }

    /// The worker's own rules could not be loaded: nothing is shown until they can be.
    pub fn own_failed(&mut self) {
        self.own_failed = true;
    }

    /// The rules of all policies in words.
    #[must_use]
    pub fn rules(&self) -> &[String] {
        &self.rules
    }

    /// Asks every policy. Skip beats redact beats keep, whoever says it.
    ///
    /// # Errors
    /// [`Denied::RuleFailed`] where any policy is missing or fails; [`Denied::Skipped`] where any says skip.
    pub async fn judge(
        &mut self,
        scene: &Scene,
        frame: Option<Arc<dyn FrameView>>,
    ) -> Result<Judgement, Denied> {
        if self.client.is_none() || self.own_failed {
            return Err(Denied::RuleFailed);
        }
        let mut all = Judgement::default();
        let mut skip: Option<Vec<u32>> = None;
        for seated in self.client.iter_mut().chain(&mut self.own) {
            let verdict = seated.judge.judge(scene.clone(), frame.clone()).await.map_err(|failure| {
                // The failure's text may come from the plugin, and it has seen the scene: say the kind only.
                tracing::warn!(failure = kind(&failure), "a policy could not judge: nothing is kept");
                Denied::RuleFailed
            })?;
            add(&mut all, &mut skip, verdict, &seated.places);
        }
        match skip {
            Some(rules) => Err(Denied::Skipped(rules)),
            None => Ok(all),
        }
    }
}

/// What happened, without the plugin's own words.
fn kind(failure: &Failure) -> &'static str {
    match failure {
        Failure::Trapped(_) => "trapped",
        Failure::TimedOut => "timed out",
        Failure::OutOfMemory => "out of memory",
        Failure::Misbehaved(_) => "malformed verdict",
        Failure::Rejected(_) => "error",
        Failure::Quarantined => "quarantined",
    }
}

fn add(all: &mut Judgement, skip: &mut Option<Vec<u32>>, verdict: Verdict, places: &[u32]) {
    // The sandbox refuses a verdict that names a rule which was not declared.
    let place = |rule: u32| places.get(rule as usize).copied().unwrap_or(u32::MAX);
    match verdict {
        Verdict::Keep => {}
        Verdict::Redact { masks, hidings } => {
            all.masks.extend(masks.into_iter().map(|m| Mask { rule: place(m.rule), ..m }));
            all.hidings.extend(hidings.into_iter().map(|h| Hiding { rule: place(h.rule), ..h }));
        }
        Verdict::Skip(rules) => skip.get_or_insert_default().extend(rules.into_iter().map(place)),
    }
}

/// The stricter of two covers.
#[must_use]
pub fn stricter(a: Cover, b: Cover) -> Cover {
    if a == Cover::Fill || b == Cover::Fill { Cover::Fill } else { Cover::Blur }
}

/// Which field a hiding leaves out.
#[must_use]
pub fn hides_title(hiding: &Hiding) -> bool {
    hiding.field == Field::Title
}

#[cfg(test)]
mod tests {
    use candor_sandbox::model::{SceneKind, Target};

    use super::*;

    struct Says(Result<Verdict, ()>);

    #[async_trait]
    impl Judge for Says {
        fn rules(&self) -> Vec<String> {
            vec!["a rule".into()]
        }
        async fn judge(&mut self, _: Scene, _: Option<Arc<dyn FrameView>>) -> Result<Verdict, Failure> {
            self.0.clone().map_err(|()| Failure::TimedOut)
        }
    }

    fn fill(rule: u32) -> Verdict {
        Verdict::Redact {
            masks: vec![Mask { target: Target::Whole, cover: Cover::Fill, rule }],
            hidings: vec![],
        }
    }

    async fn of(
        client: Option<Result<Verdict, ()>>,
        own: Option<Result<Verdict, ()>>,
    ) -> Result<usize, Denied> {
        let boxed = |v| Box::new(Says(v)) as Box<dyn Judge>;
        let mut policies = Policies::new(client.map(boxed), own.map(boxed));
        let scene = Scene { kind: SceneKind::Snapshot, at: 0, windows: vec![] };
        policies.judge(&scene, None).await.map(|j| j.masks.len())
    }

    #[tokio::test]
    async fn invariant_05_rules_only_tighten() {
        use Verdict::{Keep, Skip};
        // Whatever the one side says, the other can only add to it.
        let table: Vec<(Verdict, Verdict, Result<usize, Denied>)> = vec![
            (Keep, Keep, Ok(0)),
            (Keep, fill(0), Ok(1)),
            (fill(0), Keep, Ok(1)),
            (fill(0), fill(0), Ok(2)),
            (Skip(vec![0]), Keep, Err(Denied::Skipped(vec![0]))),
            (Keep, Skip(vec![0]), Err(Denied::Skipped(vec![1]))),
            (Skip(vec![0]), fill(0), Err(Denied::Skipped(vec![0]))),
            (fill(0), Skip(vec![]), Err(Denied::Skipped(vec![]))),
        ];
        for (client, own, expected) in table {
            assert_eq!(
                of(Some(Ok(client.clone())), Some(Ok(own.clone()))).await,
                expected,
                "{client:?} {own:?}"
            );
        }
    }

    #[tokio::test]
    async fn invariant_03_a_policy_that_is_missing_or_fails_shows_nothing() {
        assert_eq!(of(None, None).await, Err(Denied::RuleFailed));
        assert_eq!(of(None, Some(Ok(Verdict::Keep))).await, Err(Denied::RuleFailed));
        assert_eq!(of(Some(Err(())), None).await, Err(Denied::RuleFailed));
        assert_eq!(of(Some(Ok(Verdict::Keep)), Some(Err(()))).await, Err(Denied::RuleFailed));
    }
}
