//! Turns what the sensors saw around an instant into a scene, and a judgement on it into places to cover.
//!
//! A picture is judged under every title and place that each window had within [`SETTLE_MS`] before and after,
//! because content paints before its title changes (invariant 2).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use candor_sandbox::model::{self, Cover, Known, Scene, SceneKind, Target, Window};
use candor_sensors::{Area, Layout, Monitor, WindowKind, WindowState};

use super::judgement::{Judgement, hides_title, stricter};
use super::region::{bounds, intersection, subtract};

/// How long before and after an instant a window's titles and places count, in milliseconds.
pub const SETTLE_MS: u64 = 1_500;

/// A scene, and which window each of its entries is.
pub struct Seen {
    /// What the policies are asked about.
    pub scene: Scene,
    ids: Vec<u64>,
}

/// A window to be covered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Covered {
    /// Where, in desktop pixels; disjoint.
    pub places: Vec<Area>,
    /// How.
    pub cover: Cover,
    /// Which rule; none where the host covers it by itself.
    pub rule: Option<u32>,
}

/// Texts that may not be recorded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hidden {
    /// Windows whose title is hidden, with the rules that say so.
    pub titles: BTreeMap<u64, BTreeSet<u32>>,
    /// Windows whose address is hidden, with the rules that say so.
    pub urls: BTreeMap<u64, BTreeSet<u32>>,
}

/// Gathers every window of `at_capture` and every other title and place that the layouts of `span` show.
#[must_use]
pub fn gather(kind: SceneKind, at: u64, at_capture: &Layout, span: &[Arc<Layout>]) -> Seen {
    let mut windows: Vec<Window> = Vec::new();
    let mut ids = Vec::new();
    let mut known = BTreeSet::new();
    let layouts = std::iter::once(at_capture).chain(span.iter().map(AsRef::as_ref));
    for layout in layouts {
        for state in &layout.windows {
            let place = (state.area.x, state.area.y, state.area.width, state.area.height);
            if known.insert((state.id, state.title.clone(), state.app.clone(), place)) {
                windows.push(window(state, &layout.monitors));
                ids.push(state.id);
            }
        }
    }
    Seen { scene: Scene { kind, at, windows }, ids }
}

/// A window as a policy is asked about it. The host's id stays with the host.
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

/// The monitor that shows most of an area.
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

/// The same rectangle in the sandbox's words.
#[must_use]
pub fn area(a: Area) -> model::Area {
    model::Area { x: a.x, y: a.y, width: a.width, height: a.height }
}

impl Seen {
    /// Which texts the judgement hides. A window that is covered has its texts hidden too; what is hidden under one
    /// title is hidden under all that the window had; a popup shares what its owner has.
    #[must_use]
    pub fn hidden(&self, judgement: &Judgement, span: &[Arc<Layout>]) -> Hidden {
        let mut hidden = Hidden::default();
        for mask in &judgement.masks {
            match mask.target {
                Target::Window(index) => {
                    if let Some(id) = self.ids.get(index as usize) {
                        hidden.titles.entry(*id).or_default().insert(mask.rule);
                        hidden.urls.entry(*id).or_default().insert(mask.rule);
                    }
                }
                // The whole screen is covered, so no text of it may go by another way.
                Target::Whole => {
                    for id in &self.ids {
                        hidden.titles.entry(*id).or_default().insert(mask.rule);
                        hidden.urls.entry(*id).or_default().insert(mask.rule);
                    }
                }
                Target::Region(_) => {}
            }
        }
        for hiding in &judgement.hidings {
            if let Some(id) = self.ids.get(hiding.window as usize) {
                let texts = if hides_title(hiding) { &mut hidden.titles } else { &mut hidden.urls };
                texts.entry(*id).or_default().insert(hiding.rule);
            }
        }
        for (popup, owner) in owners(span) {
            for texts in [&mut hidden.titles, &mut hidden.urls] {
                if let Some(rules) = texts.get(&owner).cloned() {
                    texts.entry(popup).or_default().extend(rules);
                }
            }
        }
        hidden
    }

    /// Where to cover what. `at_capture` is the layout in which the pixels were taken.
    #[must_use]
    pub fn places(&self, judgement: &Judgement, at_capture: &Layout, span: &[Arc<Layout>]) -> Vec<Covered> {
        let mut by_window: BTreeMap<u64, (Cover, u32)> = BTreeMap::new();
        let mut covered = Vec::new();
        for mask in &judgement.masks {
            match mask.target {
                Target::Window(index) => {
                    if let Some(id) = self.ids.get(index as usize) {
                        let entry = by_window.entry(*id).or_insert((mask.cover, mask.rule));
                        entry.0 = stricter(entry.0, mask.cover);
                    }
                }
                Target::Region(a) => covered.push(Covered {
                    places: vec![Area { x: a.x, y: a.y, width: a.width, height: a.height }],
                    cover: mask.cover,
                    rule: Some(mask.rule),
                }),
                Target::Whole => covered.push(Covered {
                    places: bounds(&at_capture.monitors.iter().map(|m| m.area).collect::<Vec<_>>())
                        .into_iter()
                        .collect(),
                    cover: mask.cover,
                    rule: Some(mask.rule),
                }),
            }
        }
        // Menus and other popups show what their owner shows.
        for (popup, owner) in owners(span) {
            if let Some(said) = by_window.get(&owner).copied() {
                by_window.entry(popup).or_insert(said);
            }
        }
        let titles_hidden = !self.hidden(judgement, span).titles.is_empty();
        covered.extend(by_window.into_iter().filter_map(|(id, (cover, rule))| {
            let places = visible(id, at_capture, span);
            (!places.is_empty()).then_some(Covered { places, cover, rule: Some(rule) })
        }));
        if titles_hidden {
            covered.extend(title_lists(span).into_iter().filter_map(|id| {
                let places = visible(id, at_capture, span);
                (!places.is_empty()).then_some(Covered { places, cover: Cover::Fill, rule: None })
            }));
        }
        covered
    }
}

/// Each popup with every window it belongs to, the owners of owners too: a menu of a menu is reached.
fn owners(span: &[Arc<Layout>]) -> Vec<(u64, u64)> {
    let mut direct: BTreeMap<u64, BTreeSet<u64>> = BTreeMap::new();
    for state in span.iter().flat_map(|l| &l.windows) {
        let owners = direct.entry(state.id).or_default();
        // Where it cannot be told which window a popup belongs to, it may be any of them.
        owners.extend(state.owner.into_iter().chain(state.may_belong_to.iter().copied()));
    }
    let mut all = Vec::new();
    for popup in direct.keys() {
        let mut reached = BTreeSet::new();
        let mut next: Vec<u64> = vec![*popup];
        while let Some(id) = next.pop() {
            for owner in direct.get(&id).into_iter().flatten() {
                // A client may claim owners in a ring.
                if reached.insert(*owner) {
                    next.push(*owner);
                    all.push((*popup, *owner));
                }
            }
        }
    }
    all
}

/// Windows that show the titles of others: panels, task switchers.
fn title_lists(span: &[Arc<Layout>]) -> BTreeSet<u64> {
    span.iter().flat_map(|l| &l.windows).filter(|w| w.shows_titles).map(|w| w.id).collect()
}

/// Where a window can be seen in the picture: all places that it had in the span. Only where it and everything above
/// it kept still all the while is what opaque windows cover left out; else it is covered whole.
fn visible(id: u64, at_capture: &Layout, span: &[Arc<Layout>]) -> Vec<Area> {
    let mut places: Vec<Area> = Vec::new();
    let all = std::iter::once(at_capture).chain(span.iter().map(AsRef::as_ref));
    for state in all.flat_map(|l| &l.windows).filter(|w| w.id == id) {
        if state.area.width > 0 && state.area.height > 0 && !places.contains(&state.area) {
            places.push(state.area);
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

/// What covers the window at `position`: the opaque, ordinary windows above it. A window that nobody answers for may
/// never have painted, and then shows what lies below.
fn above(layout: &Layout, position: usize) -> Vec<Area> {
    let covers = |w: &&WindowState| w.opaque && w.kind == WindowKind::Normal && w.app.is_some();
    layout.windows.iter().skip(position + 1).filter(covers).map(|w| w.area).collect()
}
