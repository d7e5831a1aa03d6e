//! Turns what the sensors saw around an instant into a scene, and a ruling on it into places to cover.
//!
//! A picture is judged under every title and place that each window had within [`SETTLE_MS`] before and after,
//! because content paints before its title changes (invariant 2).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use candor_sandbox::model::{self, Cover, Known, Scene, SceneKind, Window};
use candor_sensors::{Area, Layout, Monitor, WindowKind, WindowState};

use super::region::{bounds, intersection, subtract};
use super::ruling::Ruling;

/// How long before and after an instant a window's titles and places count, in milliseconds.
pub const SETTLE_MS: u64 = 1_500;

/// How much is read of a title, in bytes ([`WindowState::title`]).
const LONGEST_TITLE: usize = 4_096;

/// What was seen around an instant: a scene, which window each of its entries is, and the layouts behind it.
#[derive(Clone)]
pub struct SceneIndex {
    /// What the policies are asked about.
    pub scene: Scene,
    /// The window that each entry of the scene is, by the host's number.
    pub ids: Vec<u64>,
    /// The layout at the instant.
    then: Arc<Layout>,
    span: Vec<Arc<Layout>>,
    owners: Vec<(u64, u64)>,
    /// Windows of Candor's own.
    ours: BTreeSet<u64>,
}

/// A window or region to be covered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CoveredArea {
    /// The areas to cover, in desktop pixels; they do not overlap.
    pub places: Vec<Area>,
    /// How the areas are covered: filled or blurred.
    pub cover: Cover,
    /// Which rule; none if the host covers it by itself.
    pub rule: Option<u32>,
}

/// Gathers every window of `then` and every other title and place that the layouts of `span` show.
#[must_use]
pub fn gather(kind: SceneKind, at: u64, then: Arc<Layout>, span: Vec<Arc<Layout>>) -> SceneIndex {
    let mut windows: Vec<Window> = Vec::new();
    let mut ids = Vec::new();
    let mut known = BTreeSet::new();
    for layout in std::iter::once(&then).chain(&span) {
        for state in &layout.windows {
            let place = (state.area.x, state.area.y, state.area.width, state.area.height);
            if known.insert((state.id, state.title.clone(), state.app.clone(), place)) {
                windows.push(window(state, &layout.monitors));
                ids.push(state.id);
            }
        }
    }
    let owners = owners(&then, &span);
    SceneIndex { scene: Scene { kind, at, windows }, ids, then, span, owners, ours: BTreeSet::new() }
}

/// Returns a window as a policy is asked about it. The host's id stays with the host.
fn window(state: &WindowState, monitors: &[Monitor]) -> Window {
    Window {
        id: 0,
        app: state.app.clone(),
        title: state.title.clone(),
        url: None,
        area: area(state.area),
        monitor: monitor_of(state.area, monitors),
        focused: state.focused,
        private: Known::Unknown,
    }
}

/// Returns the monitor that shows most of an area.
#[must_use]
pub fn monitor_of(area: Area, monitors: &[Monitor]) -> Option<String> {
    monitors
        .iter()
        .filter_map(|m| {
            let part = intersection(area, m.area)?;
            Some((u64::from(part.width) * u64::from(part.height), &m.name))
        })
        .max_by_key(|(size, _)| *size)
        .map(|(_, name)| name.clone())
}

/// Returns the same rectangle as the sandbox's type.
#[must_use]
pub fn area(a: Area) -> model::Area {
    model::Area { x: a.x, y: a.y, width: a.width, height: a.height }
}

impl SceneIndex {
    /// Returns the layout at the instant.
    #[must_use]
    pub fn layout_at_instant(&self) -> &Arc<Layout> {
        &self.then
    }

    /// Marks the windows of processes that `is_ours` knows as Candor's own. They show the worker's rules, other
    /// contracts and pictures that were removed: the host covers them, whatever rules there are.
    #[must_use]
    pub fn with_ours(mut self, is_ours: impl Fn(u32) -> bool) -> Self {
        let mut known: BTreeMap<u32, bool> = BTreeMap::new();
        let mut ours = BTreeSet::new();
        for window in self.layouts().flat_map(|l| &l.windows) {
            if window.pid.is_some_and(|pid| *known.entry(pid).or_insert_with(|| is_ours(pid))) {
                ours.insert(window.id);
            }
        }
        self.ours = ours;
        self
    }

    /// Returns the same index for another sensor.
    #[must_use]
    pub fn of_kind(&self, kind: SceneKind) -> Self {
        Self { scene: Scene { kind, ..self.scene.clone() }, ..self.clone() }
    }

    /// Adds popups to a ruling: they are covered with the windows that they belong to.
    #[must_use]
    pub fn with_popups(&self, mut ruling: Ruling) -> Ruling {
        ruling.cover_popups(&self.owners);
        ruling
    }

    /// Returns what the client's policy may know, once the worker's own rules have ruled: without the windows that they
    /// cover, and without the texts that they hide. What is left of a window under several titles that are hidden
    /// appears once.
    #[must_use]
    pub fn without_own_hidden(&self, own: &Ruling, own_rules: bool) -> Self {
        let by_host = self.covered_by_host(own, own_rules);
        let mut left =
            Self { scene: Scene { windows: Vec::new(), ..self.scene }, ids: Vec::new(), ..self.clone() };
        if own.whole.is_some() {
            return left;
        }
        let mut kept: BTreeMap<u64, Vec<Window>> = BTreeMap::new();
        for (window, id) in self.scene.windows.iter().zip(&self.ids) {
            if own.windows.contains_key(id) || by_host.contains(id) {
                continue;
            }
            let mut window = window.clone();
            if own.titles.contains_key(id) {
                window.title = None;
            }
            if own.urls.contains_key(id) {
                window.url = None;
            }
            let before = kept.entry(*id).or_default();
            if !before.contains(&window) {
                before.push(window.clone());
                left.scene.windows.push(window);
                left.ids.push(*id);
            }
        }
        left
    }

    /// Returns the windows that the host covers by itself: Candor's own; those that list others' titles, if any title
    /// is hidden; and, if any rule is in force, those that show for a moment what any program has to say, and those
    /// whose title was cut, so that nobody knows what else is in it.
    fn covered_by_host(&self, ruling: &Ruling, any_rule: bool) -> BTreeSet<u64> {
        let titles_hidden = !ruling.titles.is_empty();
        let covered =
            |w: &&WindowState| (w.shows_titles && titles_hidden) || ((w.notifies || is_cut(w)) && any_rule);
        let others = self.layouts().flat_map(|l| &l.windows).filter(covered).map(|w| w.id);
        others.chain(self.ours.iter().copied()).collect()
    }

    fn layouts(&self) -> impl Iterator<Item = &Layout> {
        std::iter::once(&self.then).chain(&self.span).map(AsRef::as_ref)
    }

    /// Returns what to cover, and the areas of it.
    #[must_use]
    pub fn places(&self, ruling: &Ruling, any_rule: bool) -> Vec<CoveredArea> {
        let mut covered = Vec::new();
        if let Some((cover, rule)) = ruling.whole {
            let monitors: Vec<Area> = self.then.monitors.iter().map(|m| m.area).collect();
            covered.push(CoveredArea {
                places: bounds(&monitors).into_iter().collect(),
                cover,
                rule: Some(rule),
            });
        }
        for (area, cover, rule) in &ruling.regions {
            covered.push(CoveredArea { places: vec![*area], cover: *cover, rule: Some(*rule) });
        }
        let mut window = |id: u64, cover: Cover, rule: Option<u32>, part: fn(&WindowState) -> Area| {
            let places = visible(id, &self.then, &self.span, part);
            if !places.is_empty() {
                covered.push(CoveredArea { places, cover, rule });
            }
        };
        for (id, (cover, rule)) in &ruling.windows {
            window(*id, *cover, Some(*rule), whole);
        }
        for (id, (cover, rule)) in &ruling.title_bars {
            window(*id, *cover, Some(*rule), title_bar);
        }
        for id in self.covered_by_host(ruling, any_rule) {
            // What a rule covers with a solid block needs no second one.
            if ruling.windows.get(&id).is_none_or(|(cover, _)| *cover != Cover::Fill) {
                window(id, Cover::Fill, None, whole);
            }
        }
        covered
    }

    /// Returns whether a window's title may be disclosed.
    #[must_use]
    pub fn may_show_title(&self, id: u64, ruling: &Ruling, any_rule: bool) -> bool {
        !ruling.titles.contains_key(&id) && !self.covered_by_host(ruling, any_rule).contains(&id)
    }
}

/// Returns whether title or application may go on beyond what is read of them: one is as long as that, but for a letter
/// that was cut through.
fn is_cut(state: &WindowState) -> bool {
    let is_long = |text: &String| text.len() + 3 >= LONGEST_TITLE;
    state.title.as_ref().is_some_and(is_long) || state.app.as_ref().is_some_and(is_long)
}

/// Returns each popup with every window it belongs to, the owners of owners too: a menu of a menu is reached.
fn owners(then: &Arc<Layout>, span: &[Arc<Layout>]) -> Vec<(u64, u64)> {
    let mut direct: BTreeMap<u64, BTreeSet<u64>> = BTreeMap::new();
    for state in std::iter::once(then).chain(span).flat_map(|l| &l.windows) {
        let owners = direct.entry(state.id).or_default();
        // If it is not known which window a popup belongs to, it may be any of them.
        owners.extend(state.owner.into_iter().chain(state.may_belong_to.iter().copied()));
    }
    let mut all = Vec::new();
    for popup in direct.keys() {
        let mut reached = BTreeSet::new();
        let mut next: Vec<u64> = vec![*popup];
        while let Some(id) = next.pop() {
            for owner in direct.get(&id).into_iter().flatten() {
                // A client may claim owners in a cycle.
                if reached.insert(*owner) {
                    next.push(*owner);
                    all.push((*popup, *owner));
                }
            }
        }
    }
    all
}

/// Returns all of a window.
fn whole(state: &WindowState) -> Area {
    state.area
}

/// Returns the area in which the title of a window may be drawn: all of the window if that is not known.
fn title_bar(state: &WindowState) -> Area {
    state.title_bar.unwrap_or(state.area)
}

/// Returns the areas in which a part of a window can be seen in the picture: all places that it had in the span. Only
/// if it and everything above it kept still all the while is what opaque windows cover left out; else it is covered
/// whole.
fn visible(id: u64, at_capture: &Layout, span: &[Arc<Layout>], part: fn(&WindowState) -> Area) -> Vec<Area> {
    let mut places: Vec<Area> = Vec::new();
    let all = std::iter::once(at_capture).chain(span.iter().map(AsRef::as_ref));
    for state in all.flat_map(|l| &l.windows).filter(|w| w.id == id) {
        let place = part(state);
        if place.width > 0 && place.height > 0 && !places.contains(&place) {
            places.push(place);
        }
    }
    let Some(position) = at_capture.windows.iter().position(|w| w.id == id) else { return places };
    let [only] = places[..] else { return places };
    let above = above(at_capture, position);
    let still = span.iter().all(|layout| {
        layout
            .windows
            .iter()
            .position(|w| w.id == id)
            .is_some_and(|position| self::above(layout, position) == above)
    });
    if still { subtract(only, &above) } else { places }
}

/// Returns what covers the window at `position`: the opaque, ordinary windows above it. A window that nobody answers
/// for may never have painted, and then shows what is below.
fn above(layout: &Layout, position: usize) -> Vec<Area> {
    let covers = |w: &&WindowState| w.opaque && w.kind == WindowKind::Normal && w.app.is_some();
    layout.windows.iter().skip(position + 1).filter(covers).map(|w| w.area).collect()
}
