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
    judges: Vec<Box<dyn Judge>>,
    complete: bool,
    rules: Vec<String>,
}

impl Policies {
    /// `client` is none where the terms name no policy or it could not be loaded: then nothing can be judged, so
    /// nothing is shown.
    #[must_use]
    pub fn new(client: Option<Box<dyn Judge>>, own: Option<Box<dyn Judge>>) -> Self {
        let complete = client.is_some();
        let judges: Vec<_> = client.into_iter().chain(own).collect();
        let rules = judges.iter().flat_map(|j| j.rules()).collect();
        Self { judges, complete, rules }
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
        if !self.complete {
            return Err(Denied::RuleFailed);
        }
        let mut all = Judgement::default();
        let mut skip: Option<Vec<u32>> = None;
        let mut offset = 0u32;
        for judge in &mut self.judges {
            let count = u32::try_from(judge.rules().len()).unwrap_or(u32::MAX);
            let verdict = judge.judge(scene.clone(), frame.clone()).await.map_err(|failure| {
                // The failure's text may come from the plugin, and it has seen the scene: say the kind only.
                tracing::warn!(failure = kind(&failure), "a policy could not judge: nothing is kept");
                Denied::RuleFailed
            })?;
            add(&mut all, &mut skip, verdict, offset);
            offset = offset.saturating_add(count);
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

fn add(all: &mut Judgement, skip: &mut Option<Vec<u32>>, verdict: Verdict, offset: u32) {
    match verdict {
        Verdict::Keep => {}
        Verdict::Redact { masks, hidings } => {
            all.masks.extend(masks.into_iter().map(|m| Mask { rule: m.rule.saturating_add(offset), ..m }));
            all.hidings
                .extend(hidings.into_iter().map(|h| Hiding { rule: h.rule.saturating_add(offset), ..h }));
        }
        Verdict::Skip(rules) => {
            skip.get_or_insert_default().extend(rules.into_iter().map(|rule| rule.saturating_add(offset)))
        }
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
