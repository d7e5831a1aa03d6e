//! The guard: the only way to the desktop's windows and pixels.
//!
//! Collectors ask it for windows and pictures; it reads its [desktop source](desktop), asks the policies, covers what
//! they say, and hands out only the rest. Nothing else in the agent holds a sensor (invariant 1). Whatever goes wrong
//! on the way ends in a refusal, never in an unjudged picture (invariant 3).
//!
//! Start reading at [`Guard::picture`].

pub mod desktop;
pub mod frame;
pub mod judgement;
pub mod mask;
pub mod picture;
pub(crate) mod program;
pub mod region;
pub mod ruling;
pub mod scene;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use candor_diary::parcel::{self, Focus};
use candor_sandbox::host_traits::{FrameView, LayoutView};
use candor_sandbox::model::{self, Denied, SceneKind, Scope, Verdict, WindowFacts};
use candor_sensors::{Area, Layout, SensorError};
use tokio::sync::Mutex;

use crate::clock::{Clock, sleep, sleep_until};
use crate::guard::mask::{MARGIN, MaskCanvas};
use crate::guard::program::is_run_by;
use desktop::DesktopSource;
use frame::{MaskedFrame, UnjudgedFrame};
use judgement::{FailingPolicy, Judge, Policies};
use ruling::Ruling;
use scene::{CoveredArea, SETTLE_MS, SceneIndex, gather, monitor_of};

/// How often a picture is taken again because windows moved meanwhile, or the screen answered late.
const ATTEMPTS: u32 = 4;
/// How long to wait before it is taken again, in milliseconds.
const AGAIN_AFTER_MS: u64 = 200;
/// The longest time that the screen may take to answer. After a later answer nobody knows what it showed meanwhile.
const LATE: Duration = Duration::from_secs(1);
/// Most windows a scene may have (wit: `scenes.scene.windows`).
const MAX_WINDOWS: usize = 512;

/// Judges and covers. One for each tracked contract.
pub struct Guard {
    desktop: Arc<dyn DesktopSource>,
    policies: Mutex<Policies>,
    /// Only the monitor with the focused window may be seen, whatever a collector asks for.
    active_monitor_only: AtomicBool,
    clock: Arc<dyn Clock>,
    /// Which facts of the focused window collectors record: no others go along with a picture.
    recorded_facts: parking_lot::Mutex<WindowFacts>,
    /// The program whose windows are Candor's own.
    own_program: OnceLock<PathBuf>,
}

/// Why there is no picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoPicture {
    /// Denied, for the reason that the collector gets.
    Denied(Denied),
    /// The screen shows one colour only: there is nothing to see on it.
    Blank,
}

impl From<Denied> for NoPicture {
    fn from(denied: Denied) -> Self {
        Self::Denied(denied)
    }
}

/// The windows that collectors may see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JudgedLayout {
    /// The layout without what rules hide.
    pub layout: model::Layout,
    /// For each window of it the rules that hid something.
    pub hidden_by: Vec<Vec<u32>>,
}

impl LayoutView for JudgedLayout {
    fn layout(&self) -> &model::Layout {
        &self.layout
    }

    fn as_any(self: Arc<Self>) -> Arc<dyn std::any::Any + Send + Sync> {
        self
    }
}

/// What all policies together say.
struct CombinedRuling {
    ruling: Ruling,
    /// Whether any rule is in force at all.
    any_rule: bool,
    /// The worker's own rules that hide something, in their words.
    own_words: Vec<String>,
    /// The windows that these cover: not even their application is disclosed.
    own_hidden: OwnHidden,
}

/// Windows that the worker's own rules cover.
enum OwnHidden {
    All,
    These(BTreeSet<u64>),
}

impl OwnHidden {
    fn of(own: &Ruling) -> Self {
        match own.whole {
            Some(_) => Self::All,
            None => Self::These(own.windows.keys().copied().collect()),
        }
    }

    fn holds(&self, id: u64) -> bool {
        match self {
            Self::All => true,
            Self::These(ids) => ids.contains(&id),
        }
    }
}

/// A raw capture during which nothing moved.
struct SettledCapture {
    raw: UnjudgedFrame,
    layout: Arc<Layout>,
    /// What the clock showed before the screen was asked.
    from: u64,
    /// What it showed when the screen had answered.
    to: u64,
}

impl Guard {
    /// Creates a guard before these sensors, under these policies.
    #[must_use]
    pub fn new(desktop: Arc<dyn DesktopSource>, policies: Policies, clock: Arc<dyn Clock>) -> Self {
        Self {
            desktop,
            policies: Mutex::new(policies),
            active_monitor_only: AtomicBool::new(false),
            clock,
            recorded_facts: parking_lot::Mutex::default(),
            own_program: OnceLock::new(),
        }
    }

    /// Returns the rules in words, as they may travel; verdicts name them by index.
    pub async fn rules(&self) -> Vec<String> {
        self.policies.lock().await.rules().to_vec()
    }

    /// Puts other rules of the worker's own in force, from the next picture on.
    pub async fn set_own(&self, own: Option<Box<dyn Judge>>) {
        self.policies.lock().await.set_own(own);
    }

    /// Notes that the worker's own rules are not as they should be: nothing is shown until they are set again.
    pub async fn set_own_failed(&self) {
        self.policies.lock().await.set_own_failed();
    }

    /// Returns the policy that failed when it was asked last, if one did.
    pub async fn failing(&self) -> Option<FailingPolicy> {
        self.policies.lock().await.failing()
    }

    /// Sets whether only the monitor with the focused window may be seen.
    pub fn set_active_monitor_only(&self, only: bool) {
        self.active_monitor_only.store(only, Ordering::Release);
    }

    /// Allows these facts of the focused window beside a picture, because they are recorded anyway.
    pub fn allow_facts(&self, facts: WindowFacts) {
        let mut facts_recorded = self.recorded_facts.lock();
        facts_recorded.app |= facts.app;
        facts_recorded.title |= facts.title;
        facts_recorded.url |= facts.url;
    }

    /// Sets the program whose processes own Candor's own windows.
    pub fn set_own_program(&self, program: PathBuf) {
        if self.own_program.set(program).is_err() {
            tracing::error!("Candor's own program was said before, and stays");
        }
    }

    /// Marks Candor's own windows.
    fn mark_own_windows(&self, scene_index: SceneIndex) -> SceneIndex {
        match self.own_program.get() {
            Some(program) => scene_index.with_ours(|process| is_run_by(program, process)),
            None => scene_index,
        }
    }

    /// Returns a counter of the layout's changes, for those who only need to know *that* something changed.
    #[must_use]
    pub fn changes(&self) -> tokio::sync::watch::Receiver<u64> {
        self.desktop.changes()
    }

    /// Takes a picture, waits until titles have settled, judges, covers. The raw pixels never leave this function.
    ///
    /// # Errors
    /// Why there is no picture.
    pub async fn picture(&self, scope: Scope) -> Result<MaskedFrame, NoPicture> {
        let only = self.active_monitor_only.load(Ordering::Acquire);
        let scope = if only { Scope::ActiveMonitor } else { scope };
        let SettledCapture { raw, layout, from, to } = self.settled_capture(scope).await?;
        if raw.is_blank() {
            return Err(NoPicture::Blank);
        }
        sleep(self.clock.as_ref(), SETTLE_MS).await;
        if self.clock.now().saturating_add(AGAIN_AFTER_MS) < to.saturating_add(SETTLE_MS) {
            // The clock was set back: which titles were there around the picture is not known.
            return Err(Denied::Unsettled.into());
        }
        self.desktop.barrier().await.map_err(unavailable)?;
        // All that is known by now counts: a change is stamped when it is read, and the display may have been slow.
        let until = to.saturating_add(SETTLE_MS).max(self.clock.now());
        let span = self.desktop.span(from.saturating_sub(SETTLE_MS), until);
        let scene_index = gather(SceneKind::Snapshot, raw.taken_at(), layout, span.map_err(unavailable)?);
        let scene_index = self.mark_own_windows(scene_index);
        let (combined, raw) = self.judge(&scene_index, Some(raw)).await?;
        let raw = raw.ok_or(Denied::RuleFailed)?;
        let focus = self.judge_focus(&scene_index, &combined).await;
        let places = scene_index.places(&combined.ruling, combined.any_rule);
        // Covering touches every pixel of a mask: not on an async thread.
        let covered = tokio::task::spawn_blocking(move || cover(raw, &places)).await;
        let (raw, redactions) = covered.map_err(|_| Denied::RuleFailed)?;
        Ok(MaskedFrame::new(raw, to, redactions, focus, combined.own_words))
    }

    /// Returns the layout of about 1.5 s ago, judged under the titles that its windows had before and after.
    ///
    /// # Errors
    /// Why windows may not be seen.
    pub async fn windows(&self) -> Result<JudgedLayout, Denied> {
        let scene_index = self.settled_windows(SceneKind::Focus).await?;
        let (CombinedRuling { ruling, any_rule, own_hidden, .. }, _) = self.judge(&scene_index, None).await?;
        let then = scene_index.layout_at_instant();
        let mut layout =
            model::Layout { at: scene_index.scene.at, windows: Vec::with_capacity(then.windows.len()) };
        let mut hidden_by = Vec::with_capacity(then.windows.len());
        for state in &then.windows {
            hidden_by.push(ruling.hidden_by(state.id));
            let title =
                state.title.clone().filter(|_| scene_index.may_show_title(state.id, &ruling, any_rule));
            layout.windows.push(model::Window {
                id: state.id,
                app: state.app.clone().filter(|_| !own_hidden.holds(state.id)),
                title,
                url: None,
                area: scene::area(state.area),
                monitor: monitor_of(state.area, &then.monitors),
                focused: state.focused,
                private: model::Known::Unknown,
            });
        }
        Ok(JudgedLayout { layout, hidden_by })
    }

    /// Checks that something of a plugin's own making may be recorded while the screen shows what it shows.
    ///
    /// # Errors
    /// If a rule says skip, or covers everything, or could not judge.
    pub async fn check_custom(&self) -> Result<(), Denied> {
        let scene_index = self.settled_windows(SceneKind::Custom).await?;
        let (combined, _) = self.judge(&scene_index, None).await?;
        // Such a note cannot be covered in part.
        combined.ruling.whole.map_or(Ok(()), |(_, rule)| Err(Denied::Skipped(vec![rule])))
    }

    /// Returns what was seen around the instant 1.5 s ago.
    async fn settled_windows(&self, kind: SceneKind) -> Result<SceneIndex, Denied> {
        self.desktop.barrier().await.map_err(unavailable)?;
        let mut at = self.clock.now().saturating_sub(SETTLE_MS);
        let around = |at: u64| self.desktop.span(at.saturating_sub(SETTLE_MS), at + SETTLE_MS);
        let span = match around(at) {
            // The sensors have just begun to watch: wait until they have seen enough.
            Err(SensorError::NotKnown { known_from, .. }) => {
                at = known_from + SETTLE_MS;
                sleep_until(self.clock.as_ref(), at + SETTLE_MS).await;
                self.desktop.barrier().await.map_err(unavailable)?;
                around(at)
            }
            span => span,
        }
        .map_err(unavailable)?;
        let Some(then) = span.iter().rev().find(|l| l.at <= at).or(span.first()).cloned() else {
            return Err(Denied::Unavailable("no windows were seen yet".into()));
        };
        Ok(self.mark_own_windows(gather(kind, at, then, span)))
    }

    /// Asks the worker's own rules; then, about what those leave of scene and picture, the client's policy.
    async fn judge(
        &self,
        scene_index: &SceneIndex,
        raw: Option<UnjudgedFrame>,
    ) -> Result<(CombinedRuling, Option<UnjudgedFrame>), Denied> {
        if scene_index.scene.windows.len() > MAX_WINDOWS {
            return Err(Denied::Skipped(Vec::new()));
        }
        let mut policies = self.policies.lock().await;
        let (own_index, own_rules) = (policies.own_index(), policies.has_own_rules());
        // Whatever the sensor is, own rules are asked as if for a picture: only then do they say what they would cover,
        // and what they cover nobody else needs to know of.
        let verdict = policies.judge_own(scene_index.of_kind(SceneKind::Snapshot).scene).await?;
        let own_words = words_of(&verdict, policies.own_rules());
        let own = Ruling::of(verdict, &scene_index.ids, |_| own_index).map_err(Denied::Skipped)?;
        let own = scene_index.with_popups(own);
        let raw = match raw {
            Some(raw) => {
                let places = scene_index.places(&own, own_rules);
                let covered = tokio::task::spawn_blocking(move || cover(raw, &places).0).await;
                Some(Arc::new(covered.map_err(|_| Denied::RuleFailed)?))
            }
            None => None,
        };
        let left = scene_index.without_own_hidden(&own, own_rules);
        let view = raw.clone().map(|raw| raw as Arc<dyn FrameView>);
        let verdict = policies.judge_client(left.scene, view).await?;
        // A policy that looked into the frame was torn down after the call; nobody else may hold it now.
        let raw = match raw {
            Some(shared) => Some(Arc::into_inner(shared).ok_or(Denied::RuleFailed)?),
            None => None,
        };
        let own_hidden = OwnHidden::of(&own);
        let client = Ruling::of(verdict, &left.ids, |rule| rule).map_err(Denied::Skipped)?;
        let mut ruling = own;
        ruling.add(scene_index.with_popups(client));
        let any_rule = own_rules || policies.has_client_rules();
        Ok((CombinedRuling { ruling, any_rule, own_words, own_hidden }, raw))
    }

    /// Returns application and title of the window in front at the picture's instant, judged with it; none if nobody
    /// records such facts, or they may not be disclosed.
    async fn judge_focus(&self, scene_index: &SceneIndex, picture: &CombinedRuling) -> Option<Focus> {
        let facts_recorded = *self.recorded_facts.lock();
        let state = scene_index.layout_at_instant().windows.iter().find(|w| w.focused)?;
        if !facts_recorded.app && !facts_recorded.title {
            return None;
        }
        // A policy may say less of texts than of pictures, so it is asked about them, too.
        let (CombinedRuling { mut ruling, any_rule, own_hidden, .. }, _) =
            self.judge(&scene_index.of_kind(SceneKind::Focus), None).await.ok()?;
        ruling.add(picture.ruling.clone());
        let hidden = own_hidden.holds(state.id) || picture.own_hidden.holds(state.id);
        Some(Focus {
            at: scene_index.scene.at,
            app: state.app.clone().filter(|_| facts_recorded.app && !hidden),
            title: state
                .title
                .clone()
                .filter(|_| facts_recorded.title && scene_index.may_show_title(state.id, &ruling, any_rule)),
            url: None,
            hidden_by: ruling.hidden_by(state.id),
        })
    }

    /// Returns a raw capture during which nothing moved, with the layout that it shows.
    async fn settled_capture(&self, scope: Scope) -> Result<SettledCapture, Denied> {
        let mut late = false;
        for attempt in 0..ATTEMPTS {
            if attempt > 0 {
                sleep(self.clock.as_ref(), AGAIN_AFTER_MS).await;
            }
            self.desktop.barrier().await.map_err(unavailable)?;
            let before = self.desktop.current().map_err(unavailable)?;
            let area = area_of(scope, &before)
                .ok_or_else(|| Denied::Unavailable("the display has no monitor".into()))?;
            let (from, asked) = (self.clock.now(), Instant::now());
            let raw = self.desktop.capture(area).await.map_err(unavailable)?;
            let (to, took) = (self.clock.now(), asked.elapsed());
            self.desktop.barrier().await.map_err(unavailable)?;
            let layout = self.desktop.current().map_err(unavailable)?;
            // A clock that was set meanwhile says nothing about when the pixels were read.
            late = took > LATE || !(from..=to).contains(&raw.taken_at);
            if !late && same_places(&before, &layout) {
                let raw = UnjudgedFrame::new(raw, &layout);
                return Ok(SettledCapture { raw, layout, from, to });
            }
        }
        Err(if late { Denied::Unavailable("the screen answered too late".into()) } else { Denied::Unsettled })
    }
}

/// Returns the worker's own rules that a verdict names, in words.
fn words_of(verdict: &Verdict, rules: &[String]) -> Vec<String> {
    let Verdict::Redact { masks, hidings } = verdict else { return Vec::new() };
    let mut all: Vec<u32> = masks.iter().map(|m| m.rule).chain(hidings.iter().map(|h| h.rule)).collect();
    all.sort_unstable();
    all.dedup();
    all.into_iter().filter_map(|rule| rules.get(rule as usize).cloned()).collect()
}

fn unavailable(error: SensorError) -> Denied {
    Denied::Unavailable(error.to_string())
}

/// Returns what a scope shows of the desktop.
fn area_of(scope: Scope, layout: &Layout) -> Option<Area> {
    let all: Vec<Area> = layout.monitors.iter().map(|m| m.area).collect();
    match scope {
        Scope::Desktop => region::bounds(&all),
        Scope::ActiveMonitor => {
            let focused = layout.windows.iter().find(|w| w.focused);
            let name = focused.and_then(|window| monitor_of(window.area, &layout.monitors));
            let active = layout.monitors.iter().find(|m| Some(&m.name) == name.as_ref());
            // Nothing is focused, or what is focused is on no monitor: the first one.
            active.map(|m| m.area).or_else(|| all.first().copied())
        }
    }
}

/// Returns whether the same windows stood in the same places and order. Titles may differ: they are judged anyway.
fn same_places(a: &Layout, b: &Layout) -> bool {
    a.generation == b.generation
        || (a.monitors == b.monitors
            && a.windows.len() == b.windows.len()
            && a.windows.iter().zip(&b.windows).all(|(a, b)| a.id == b.id && a.area == b.area))
}

/// Draws the masks and returns what was covered, in the frame's own pixels: sorted, each once, so that nothing is
/// disclosed by the order.
fn cover(mut raw: UnjudgedFrame, places: &[CoveredArea]) -> (UnjudgedFrame, Vec<parcel::Redaction>) {
    let origin = raw.area();
    let local = |a: Area| Area {
        x: a.x.saturating_sub(origin.x),
        y: a.y.saturating_sub(origin.y),
        ..region::grown(a, 0)
    };
    let mut redactions = Vec::new();
    // Blurs first: if both overlap, the fill stays on top.
    for how in [parcel::Cover::Blur, parcel::Cover::Fill] {
        for covered in places.iter().filter(|c| cover_of(c.cover) == how) {
            let (width, height) = (raw.width(), raw.height());
            let whole = Area { x: 0, y: 0, width, height };
            let mut canvas = MaskCanvas { rgba: raw.pixels(), width, height };
            let mut inside = Vec::new();
            for place in &covered.places {
                let place = region::grown(local(*place), MARGIN);
                canvas.cover(place, how);
                inside.extend(region::intersection(place, whole));
            }
            if how == parcel::Cover::Fill {
                canvas.outline(&inside);
            }
            if let Some(bounds) = region::bounds(&inside) {
                redactions.extend(redaction(bounds, how, covered.rule));
            }
        }
    }
    redactions.sort_by_key(|r| (r.y, r.x, r.height, r.width, r.cover == parcel::Cover::Fill, r.rule));
    redactions.dedup();
    (raw, redactions)
}

fn cover_of(cover: model::Cover) -> parcel::Cover {
    match cover {
        model::Cover::Fill => parcel::Cover::Fill,
        model::Cover::Blur => parcel::Cover::Blur,
    }
}

fn redaction(area: Area, cover: parcel::Cover, rule: Option<u32>) -> Option<parcel::Redaction> {
    Some(parcel::Redaction {
        x: u32::try_from(area.x).ok()?,
        y: u32::try_from(area.y).ok()?,
        width: area.width,
        height: area.height,
        cover,
        rule,
    })
}

#[cfg(test)]
mod tests;
