//! A running policy. It is a pure function of scene and settings: it has no way out for what it sees but the verdict,
//! whose every number is checked before anyone relies on it.

use std::sync::Arc;

use wasmtime::component::{InstancePre, Resource};

use crate::bindings::exports::candor::plugin::judging;
use crate::engine::Ticker;
use crate::failure::Failure;
use crate::grants::Capability;
use crate::handles::{FrameHandle, SceneHandle};
use crate::instance::InstanceState;
use crate::limits::Limits;
use crate::log::PluginLogLine;
use crate::model::{FrameView, Scene, Target, Verdict};
use crate::plugin_hosts::PluginHosts;
use crate::refusal::Refusal;
use crate::supervise::Supervised;

/// A policy that runs.
pub struct Policy {
    plugin: Supervised<judging::Guest>,
    rules: Vec<String>,
    pixels: bool,
}

impl Policy {
    pub(crate) async fn start(
        name: &str,
        pre: InstancePre<InstanceState>,
        settings: &str,
        hosts: Arc<PluginHosts>,
        ticker: Arc<Ticker>,
    ) -> Result<Self, Refusal> {
        let pixels = hosts.capabilities.contains(&Capability::Pixels);
        let limits = Arc::clone(&hosts.limits);
        let mut plugin = Supervised::<judging::Guest>::start(name, pre, settings, hosts, ticker).await?;
        let rules = plugin
            .call(limits.start, |store, guest| Box::pin(guest.call_rules(store)))
            .await
            .map_err(|failure| Refusal::DidNotStart { plugin: name.to_owned(), failure })?;
        let rules: Vec<String> = rules.into_iter().map(|rule| rule.words).collect();
        check_rules(&rules, &limits)
            .map_err(|reason| Refusal::BadRules { plugin: name.to_owned(), reason })?;
        Ok(Self { plugin, rules, pixels })
    }

    /// Returns the rules in words. Verdicts name them by index.
    #[must_use]
    pub fn rules(&self) -> &[String] {
        &self.rules
    }

    /// Returns whether it looks into frames: only then is it worth passing one to [`Policy::judge`].
    #[must_use]
    pub fn wants_frame(&self) -> bool {
        self.pixels
    }

    /// Judges a scene, within [`Limits::judge`]. A policy without the permission `pixels` does not get the frame. A scene
    /// with more windows than [`Limits::scene_windows`] is skipped without asking: the verdict is a skip that names no rule.
    ///
    /// # Errors
    /// A [`Failure`]. The caller has to fail closed: no picture (invariant 3).
    pub async fn judge(
        &mut self,
        scene: Scene,
        frame: Option<Arc<dyn FrameView>>,
    ) -> Result<Verdict, Failure> {
        let limits = Arc::clone(&self.plugin.hosts.limits);
        if scene.windows.len() > limits.scene_windows {
            return Ok(Verdict::Skip(Vec::new()));
        }
        let scene = Arc::new(scene);
        let shown = Arc::clone(&scene);
        let frame = frame.filter(|_| self.pixels);
        let answer = self
            .plugin
            .call(limits.judge, move |store, guest| {
                Box::pin(async move {
                    let table = &mut store.data_mut().table;
                    let scene = table.push(SceneHandle(shown))?;
                    let frame = match frame {
                        Some(frame) => Some(table.push(FrameHandle(frame))?),
                        None => None,
                    };
                    let lent = frame.as_ref().map(|f| Resource::new_borrow(f.rep()));
                    let lent_scene = Resource::new_borrow(scene.rep());
                    let verdict = guest.call_judge(&mut *store, lent_scene, lent).await?;
                    let table = &mut store.data_mut().table;
                    table.delete(scene)?;
                    if let Some(frame) = frame {
                        table.delete(frame)?;
                    }
                    Ok(verdict)
                })
            })
            .await?;
        // What a policy has seen in a picture must not be there when it judges the next. Its memory is a mapping that goes
        // back to the kernel, which clears it before anybody else gets it.
        if self.pixels {
            self.plugin.drop_instance();
        }
        let verdict = Verdict::from(answer);
        match check_verdict(&verdict, &scene, self.rules.len(), &limits) {
            Ok(()) => Ok(verdict),
            Err(text) => Err(self.plugin.record_failure(Failure::Misbehaved(text.to_owned()))),
        }
    }

    /// Returns its log, oldest line first. A policy cannot write lines: these are the host's.
    #[must_use]
    pub fn log(&self) -> Vec<PluginLogLine> {
        self.plugin.hosts.log.lines()
    }
}

fn check_rules(rules: &[String], limits: &Limits) -> Result<(), String> {
    if rules.len() > limits.rules {
        return Err(format!("{} of them: declare at most {}", rules.len(), limits.rules));
    }
    for (index, words) in rules.iter().enumerate() {
        if words.is_empty() || words.len() > limits.rule_words {
            return Err(format!(
                "rule {index} has {} bytes of words: use 1 to {}",
                words.len(),
                limits.rule_words
            ));
        }
        if words.chars().any(char::is_control) {
            return Err(format!(
                "rule {index} has a line break or control character in its words: take it out"
            ));
        }
    }
    Ok(())
}

/// Checks every index and bound of a verdict. The texts are fixed: nothing that a policy says gets out with them.
fn check_verdict(
    verdict: &Verdict,
    scene: &Scene,
    rules: usize,
    limits: &Limits,
) -> Result<(), &'static str> {
    let rule = |index: u32| match usize::try_from(index) {
        Ok(index) if index < rules => Ok(()),
        _ => Err("its verdict names a rule that it did not declare"),
    };
    let window = |index: u32| match usize::try_from(index) {
        Ok(index) if index < scene.windows.len() => Ok(()),
        _ => Err("its verdict names a window that is not in the scene"),
    };
    match verdict {
        Verdict::Keep => Ok(()),
        Verdict::Redact { masks, hidings } => {
            if masks.len() > limits.verdict || hidings.len() > limits.verdict {
                return Err("its verdict has too many masks or hidings");
            }
            for mask in masks {
                rule(mask.rule)?;
                match mask.target {
                    Target::Window(index) | Target::TitleBar(index) => window(index)?,
                    // It meant to cover something, and nothing would be covered.
                    Target::Region(area) if area.width == 0 || area.height == 0 => {
                        return Err("its verdict covers a region without area");
                    }
                    Target::Region(_) | Target::Whole => {}
                }
            }
            hidings.iter().try_for_each(|hiding| rule(hiding.rule).and(window(hiding.window)))
        }
        // A skip without a rule is the host's own.
        Verdict::Skip(named) if named.is_empty() => Err("its verdict skips without naming a rule"),
        Verdict::Skip(named) if named.len() > limits.rules => Err("its verdict names too many rules"),
        Verdict::Skip(named) => named.iter().try_for_each(|index| rule(*index)),
    }
}
