//! The guard: it stands at the sensors' door.
//!
//! Collectors ask it for windows and pictures; it looks through its [`eyes`], asks the policies, covers what they
//! say, and hands out only the rest. Nothing else in the agent holds a sensor (invariant 1). Whatever goes wrong on
//! the way ends in a refusal, never in an unjudged picture (invariant 3).
//!
//! Start reading at [`Guard::picture`].

pub mod eyes;
pub mod frame;
pub mod judgement;
pub mod region;
pub mod scene;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use candor_diary::parcel;
use candor_sandbox::capability::FrameView;
use candor_sandbox::model::{self, Denied, SceneKind, Scope};
use candor_sensors::{Area, Layout, SensorError};
use tokio::sync::Mutex;

use crate::clock::{Clock, sleep, sleep_until};
use crate::mask::{Canvas, MARGIN};
use eyes::Eyes;
use frame::{Masked, Raw};
use judgement::{Judge, Policies, TooManyRules};
use scene::{Covered, SETTLE_MS, gather, monitor_of};

/// How often a picture is taken again because windows moved meanwhile.
const ATTEMPTS: u32 = 4;
/// How long to wait before it is taken again, in milliseconds.
const AGAIN_AFTER_MS: u64 = 200;
/// Most windows a scene may have (wit: `scenes.scene.windows`).
const MAX_WINDOWS: usize = 512;

/// Judges and covers. One for each tracked contract.
pub struct Guard {
    eyes: Arc<dyn Eyes>,
    policies: Mutex<Policies>,
    /// Only the monitor with the focused window may be seen, whatever a collector asks for.
    active_monitor_only: AtomicBool,
    clock: Arc<dyn Clock>,
}

/// Why there is no picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoPicture {
    /// What a collector is told.
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

impl Guard {
    /// A guard before these sensors, under these policies.
    #[must_use]
    pub fn new(eyes: Arc<dyn Eyes>, policies: Policies, clock: Arc<dyn Clock>) -> Self {
        Self { eyes, policies: Mutex::new(policies), active_monitor_only: AtomicBool::new(false), clock }
    }

    /// The rules in words; verdicts name them by index.
    pub async fn rules(&self) -> Vec<String> {
        self.policies.lock().await.rules().to_vec()
    }

    /// Puts other rules of the worker's own in force, from the next picture on.
    ///
    /// # Errors
    /// [`TooManyRules`]: those before stay in force.
    pub async fn set_own(&self, own: Option<Box<dyn Judge>>) -> Result<(), TooManyRules> {
        self.policies.lock().await.set_own(own)
    }

    /// Whether only the monitor with the focused window may be seen.
    pub fn set_active_monitor_only(&self, only: bool) {
        self.active_monitor_only.store(only, Ordering::Release);
    }

    /// The sensors, for those who only need to know *that* something changed.
    #[must_use]
    pub fn changes(&self) -> tokio::sync::watch::Receiver<u64> {
        self.eyes.changes()
    }

    /// Takes a picture, waits until titles have settled, judges, covers. The raw pixels never leave this function.
    ///
    /// # Errors
    /// Why there is no picture.
    pub async fn picture(&self, scope: Scope) -> Result<Masked, NoPicture> {
        let only = self.active_monitor_only.load(Ordering::Acquire);
        let scope = if only { Scope::ActiveMonitor } else { scope };
        let (mut raw, at_capture) = self.settled_capture(scope).await?;
        if raw.is_blank() {
            return Err(NoPicture::Blank);
        }
        let at = raw.taken_at();
        sleep_until(self.clock.as_ref(), at + SETTLE_MS).await;
        self.eyes.barrier().await.map_err(unavailable)?;
        let span = self.eyes.span(at.saturating_sub(SETTLE_MS), at + SETTLE_MS).map_err(unavailable)?;
        let seen = gather(SceneKind::Snapshot, at, &at_capture, &span);
        if seen.scene.windows.len() > MAX_WINDOWS {
            return Err(Denied::Skipped(vec![]).into());
        }
        let shared = Arc::new(raw);
        let view: Arc<dyn FrameView> = Arc::clone(&shared) as Arc<dyn FrameView>;
        let judgement = self.policies.lock().await.judge(&seen.scene, Some(view)).await?;
        // A policy that looked into the frame was torn down after the call; nobody else may hold it now.
        raw = Arc::into_inner(shared).ok_or(Denied::RuleFailed)?;
        let places = seen.places(&judgement, &at_capture, &span);
        // Covering touches every pixel of a mask: not on an async thread.
        let covered = tokio::task::spawn_blocking(move || cover(raw, &places)).await;
        Ok(covered.map_err(|_| Denied::RuleFailed)?)
    }

    /// The layout of about 1.5 s ago, judged under the titles that its windows had before and after.
    ///
    /// # Errors
    /// Why windows may not be seen.
    pub async fn windows(&self) -> Result<JudgedLayout, Denied> {
        self.eyes.barrier().await.map_err(unavailable)?;
        let mut at = self.clock.now().saturating_sub(SETTLE_MS);
        let around = |at: u64| self.eyes.span(at.saturating_sub(SETTLE_MS), at + SETTLE_MS);
        let span = match around(at) {
            // The sensors have just begun to watch: wait until they have seen enough.
            Err(SensorError::NotKnown { known_from, .. }) => {
                at = known_from + SETTLE_MS;
                sleep_until(self.clock.as_ref(), at + SETTLE_MS).await;
                self.eyes.barrier().await.map_err(unavailable)?;
                around(at)
            }
            span => span,
        }
        .map_err(unavailable)?;
        let Some(then) = span.iter().rev().find(|l| l.at <= at).or(span.first()).cloned() else {
            return Err(Denied::Unavailable("no windows were seen yet".into()));
        };
        let seen = gather(SceneKind::Focus, at, &then, &span);
        if seen.scene.windows.len() > MAX_WINDOWS {
            return Err(Denied::Skipped(vec![]));
        }
        let judgement = self.policies.lock().await.judge(&seen.scene, None).await?;
        let hidden = seen.hidden(&judgement, &span);
        let mut layout = model::Layout { at, windows: Vec::with_capacity(then.windows.len()) };
        let mut hidden_by = Vec::with_capacity(then.windows.len());
        for state in &then.windows {
            let title_rules = hidden.titles.get(&state.id);
            let rules = title_rules.into_iter().chain(hidden.urls.get(&state.id)).flatten().copied();
            hidden_by.push(rules.collect::<std::collections::BTreeSet<_>>().into_iter().collect());
            layout.windows.push(model::Window {
                id: state.id,
                app: state.app.clone(),
                title: if title_rules.is_some() { None } else { state.title.clone() },
                url: None,
                area: scene::area(state.area),
                monitor: monitor_of(state.area, &then.monitors),
                focused: state.focused,
                private: model::Known::Unknown,
            });
        }
        Ok(JudgedLayout { layout, hidden_by })
    }

    /// A raw capture during which nothing moved, with the layout that it shows.
    async fn settled_capture(&self, scope: Scope) -> Result<(Raw, Arc<Layout>), Denied> {
        for attempt in 0..ATTEMPTS {
            if attempt > 0 {
                sleep(self.clock.as_ref(), AGAIN_AFTER_MS).await;
            }
            self.eyes.barrier().await.map_err(unavailable)?;
            let before = self.eyes.current().map_err(unavailable)?;
            let area = area_of(scope, &before)
                .ok_or_else(|| Denied::Unavailable("the display has no monitor".into()))?;
            let raw = self.eyes.capture(area).await.map_err(unavailable)?;
            self.eyes.barrier().await.map_err(unavailable)?;
            let after = self.eyes.current().map_err(unavailable)?;
            if same_places(&before, &after) {
                return Ok((Raw::new(raw, &after), after));
            }
        }
        Err(Denied::Unsettled)
    }
}

fn unavailable(error: SensorError) -> Denied {
    Denied::Unavailable(error.to_string())
}

/// What a scope shows of the desktop.
fn area_of(scope: Scope, layout: &Layout) -> Option<Area> {
    let all: Vec<Area> = layout.monitors.iter().map(|m| m.area).collect();
    match scope {
        Scope::Desktop => region::bounds(&all),
        Scope::ActiveMonitor => {
            let focused = layout.windows.iter().find(|w| w.focused)?;
            let name = monitor_of(focused.area, &layout.monitors)?;
            layout.monitors.iter().find(|m| m.name == name).map(|m| m.area)
        }
        .or_else(|| all.first().copied()),
    }
}

/// Whether the same windows stood in the same places and order. Titles may differ: they are judged anyway.
fn same_places(a: &Layout, b: &Layout) -> bool {
    a.generation == b.generation
        || (a.monitors == b.monitors
            && a.windows.len() == b.windows.len()
            && a.windows.iter().zip(&b.windows).all(|(a, b)| a.id == b.id && a.area == b.area))
}

/// Draws the masks and tells what was covered, in the frame's own pixels.
fn cover(mut raw: Raw, places: &[Covered]) -> Masked {
    let origin = raw.area();
    let local = |a: Area| Area {
        x: a.x.saturating_sub(origin.x),
        y: a.y.saturating_sub(origin.y),
        ..region::grown(a, 0)
    };
    let mut redactions = Vec::new();
    // Blurs first: where both meet, the fill stays on top.
    for how in [parcel::Cover::Blur, parcel::Cover::Fill] {
        for covered in places.iter().filter(|c| cover_of(c.cover) == how) {
            let (width, height) = (raw.width(), raw.height());
            let whole = Area { x: 0, y: 0, width, height };
            let mut canvas = Canvas { rgba: raw.pixels(), width, height };
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
    Masked::new(raw, redactions)
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
