//! What is to be covered and left out, put together from verdicts (invariant 5), in terms of the host's own windows.
//!
//! A policy is a stranger's program that has seen the screen, and its verdict travels: which window, which place, which
//! rule. So nothing of it goes on as the policy put it. Lists become sorted sets, places snap outward to a coarse grid,
//! and there are few of them.

use std::collections::{BTreeMap, BTreeSet};

use candor_sandbox::model::{Cover, Field, Target, Verdict};
use candor_sensors::Area;

use super::region::{bounds, snapped};

/// The grid that regions of a policy's making snap to, in desktop pixels.
pub const GRID: u32 = 32;
/// How many regions one verdict may have; more become the one that holds them all.
pub const MOST_REGIONS: usize = 16;

/// What is to be covered and left out. Rules are indices into the words that travel.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ruling {
    /// Windows to be covered, by their id.
    pub windows: BTreeMap<u64, (Cover, u32)>,
    /// Windows whose title bar is to be covered, by their id.
    pub title_bars: BTreeMap<u64, (Cover, u32)>,
    /// Parts of the desktop to be covered.
    pub regions: Vec<(Area, Cover, u32)>,
    /// Whether everything is to be covered.
    pub whole: Option<(Cover, u32)>,
    /// Windows whose title is hidden, with the rules that say so.
    pub titles: BTreeMap<u64, BTreeSet<u32>>,
    /// Windows whose address is hidden, with the rules that say so.
    pub urls: BTreeMap<u64, BTreeSet<u32>>,
}

/// Returns the stricter of two covers.
fn stricter(a: Cover, b: Cover) -> Cover {
    if a == Cover::Fill || b == Cover::Fill { Cover::Fill } else { Cover::Blur }
}

/// Joins two rules for the same thing: the stricter cover, and the first of their rules.
fn merge(a: (Cover, u32), b: (Cover, u32)) -> (Cover, u32) {
    (stricter(a.0, b.0), a.1.min(b.1))
}

impl Ruling {
    /// Translates a verdict. `ids` are the windows of the scene that was judged, `rule` returns the index under which a
    /// rule travels. The sandbox has checked every index.
    ///
    /// # Errors
    /// The rules that say skip.
    pub fn of(verdict: Verdict, ids: &[u64], rule: impl Fn(u32) -> u32) -> Result<Self, Vec<u32>> {
        let (masks, hidings) = match verdict {
            Verdict::Keep => return Ok(Self::default()),
            Verdict::Skip(rules) => return Err(super::judgement::limit_named(rules.into_iter().map(rule))),
            Verdict::Redact { masks, hidings } => (masks, hidings),
        };
        let mut ruling = Self::default();
        for mask in masks {
            let said = (mask.cover, rule(mask.rule));
            match mask.target {
                Target::Window(index) => {
                    if let Some(id) = ids.get(index as usize) {
                        ruling.cover_window(*id, said);
                    }
                }
                Target::TitleBar(index) => {
                    if let Some(id) = ids.get(index as usize) {
                        let bars = &mut ruling.title_bars;
                        bars.entry(*id).and_modify(|before| *before = merge(*before, said)).or_insert(said);
                    }
                }
                Target::Region(a) => {
                    let area = Area { x: a.x, y: a.y, width: a.width, height: a.height };
                    ruling.regions.push((snapped(area, GRID), said.0, said.1));
                }
                Target::Whole => ruling.whole = Some(ruling.whole.map_or(said, |before| merge(before, said))),
            }
        }
        for hiding in hidings {
            if let Some(id) = ids.get(hiding.window as usize) {
                let texts = match hiding.field {
                    Field::Title => &mut ruling.titles,
                    Field::Url => &mut ruling.urls,
                };
                texts.entry(*id).or_default().insert(rule(hiding.rule));
            }
        }
        ruling.limit_regions();
        // The whole screen is covered, so no text of it may go by another way.
        if let Some(said) = ruling.whole {
            for id in ids {
                ruling.hide_texts(*id, said.1);
            }
        }
        Ok(ruling)
    }

    fn cover_window(&mut self, id: u64, said: (Cover, u32)) {
        self.windows.entry(id).and_modify(|before| *before = merge(*before, said)).or_insert(said);
        self.hide_texts(id, said.1);
    }

    /// Hides the texts of a window that is covered.
    fn hide_texts(&mut self, id: u64, rule: u32) {
        self.titles.entry(id).or_default().insert(rule);
        self.urls.entry(id).or_default().insert(rule);
    }

    /// Sorts the regions, each once; if there are many, replaces them by one that holds them all.
    fn limit_regions(&mut self) {
        sort_regions(&mut self.regions);
        if self.regions.len() <= MOST_REGIONS {
            return;
        }
        let areas: Vec<Area> = self.regions.iter().map(|(area, ..)| *area).collect();
        let said = self.regions.iter().map(|(_, cover, rule)| (*cover, *rule)).reduce(merge);
        self.regions.clear();
        if let (Some(area), Some((_, rule))) = (bounds(&areas), said) {
            self.regions.push((area, Cover::Fill, rule));
        }
    }

    /// A popup shows what its owner shows: it is covered, and its texts are hidden, with it.
    pub fn cover_popups(&mut self, owners: &[(u64, u64)]) {
        for (popup, owner) in owners {
            if let Some(said) = self.windows.get(owner).copied() {
                self.windows.entry(*popup).or_insert(said);
            }
            for texts in [&mut self.titles, &mut self.urls] {
                if let Some(rules) = texts.get(owner).cloned() {
                    texts.entry(*popup).or_default().extend(rules);
                }
            }
        }
    }

    /// Adds another ruling. Nothing is taken away.
    pub fn add(&mut self, other: Self) {
        for (places, more) in [(&mut self.windows, other.windows), (&mut self.title_bars, other.title_bars)] {
            for (id, said) in more {
                places.entry(id).and_modify(|before| *before = merge(*before, said)).or_insert(said);
            }
        }
        self.regions.extend(other.regions);
        sort_regions(&mut self.regions);
        self.whole = match (self.whole, other.whole) {
            (Some(a), Some(b)) => Some(merge(a, b)),
            (a, b) => a.or(b),
        };
        for (texts, more) in [(&mut self.titles, other.titles), (&mut self.urls, other.urls)] {
            for (id, rules) in more {
                texts.entry(id).or_default().extend(rules);
            }
        }
    }

    /// Returns the rules that hide something of a window's texts, as they may travel.
    #[must_use]
    pub fn hidden_by(&self, id: u64) -> Vec<u32> {
        let rules = self.titles.get(&id).into_iter().chain(self.urls.get(&id)).flatten().copied();
        super::judgement::limit_named(rules)
    }
}

fn sort_regions(regions: &mut Vec<(Area, Cover, u32)>) {
    regions.sort_by_key(|(a, cover, rule)| (a.y, a.x, a.height, a.width, *cover == Cover::Fill, *rule));
    regions.dedup();
}

#[cfg(test)]
mod tests {
    use candor_sandbox::model::{self, Hiding, Mask};

    use super::*;

    fn region(x: i32, y: i32, width: u32, height: u32, rule: u32) -> Mask {
        Mask { target: Target::Region(model::Area { x, y, width, height }), cover: Cover::Fill, rule }
    }

    fn redact(masks: Vec<Mask>, hidings: Vec<Hiding>) -> Ruling {
        Ruling::of(Verdict::Redact { masks, hidings }, &[7, 8], |rule| rule).unwrap()
    }

    #[test]
    fn invariant_05_two_verdicts_that_cover_the_same_cells_travel_as_the_same() {
        // A message in coordinates, in their order, in repetitions: none of it is left.
        let plain = redact(vec![region(0, 0, 32, 32, 0), region(64, 64, 96, 32, 0)], Vec::new());
        let coded = vec![
            region(67, 70, 90, 25, 0),
            region(1, 9, 17, 3, 0),
            region(5, 5, 5, 5, 0),
            region(64, 65, 96, 7, 0),
        ];
        assert_eq!(redact(coded, Vec::new()), plain);
        for (area, ..) in plain.regions {
            assert_eq!((area.x % 32, area.y % 32, area.width % 32, area.height % 32), (0, 0, 0, 0));
        }
    }

    #[test]
    fn invariant_05_many_regions_become_one_that_holds_them_all() {
        let many: Vec<Mask> = (0..300).map(|n| region(n * 40, 64 * (n % 7), 8, 8, n as u32 % 3)).collect();
        let ruling = redact(many, Vec::new());
        let [(area, Cover::Fill, 0)] = ruling.regions[..] else { panic!("{:?}", ruling.regions) };
        assert!(area.x <= 0 && area.y <= 0 && area.width >= 299 * 40 && area.height >= 6 * 64);
    }

    #[test]
    fn a_region_at_the_ends_of_the_numbers_still_covers() {
        let ruling = redact(vec![region(i32::MIN, i32::MIN, u32::MAX, u32::MAX, 0)], Vec::new());
        let (area, ..) = ruling.regions[0];
        assert!(area.x <= -65_536 && i64::from(area.x) + i64::from(area.width) > 65_536, "{area:?}");
        assert_eq!((area.x % 32, area.width % 32), (0, 0), "and its edges tell nothing");
    }

    #[test]
    fn a_covered_title_bar_is_told_once_and_leaves_the_texts_to_the_hidings() {
        let bar = |index, cover, rule| Mask { target: Target::TitleBar(index), cover, rule };
        let mut ruling = redact(vec![bar(1, Cover::Blur, 4), bar(1, Cover::Fill, 5)], Vec::new());
        assert_eq!(ruling.title_bars, [(8, (Cover::Fill, 4))].into());
        assert!(ruling.hidden_by(8).is_empty());
        ruling.add(redact(vec![bar(0, Cover::Fill, 2), bar(1, Cover::Fill, 2)], Vec::new()));
        assert_eq!(ruling.title_bars, [(7, (Cover::Fill, 2)), (8, (Cover::Fill, 2))].into());
    }

    #[test]
    fn a_covered_window_loses_its_texts_and_the_stricter_cover_wins() {
        let window = |cover, rule| Mask { target: Target::Window(1), cover, rule };
        let ruling = redact(vec![window(Cover::Blur, 2), window(Cover::Fill, 3)], Vec::new());
        assert_eq!(ruling.windows, [(8, (Cover::Fill, 2))].into());
        assert_eq!(ruling.hidden_by(8), [2, 3]);
        assert!(ruling.hidden_by(7).is_empty());
        let hiding = |rule| Hiding { window: 0, field: Field::Title, rule };
        assert_eq!(redact(Vec::new(), vec![hiding(9), hiding(4), hiding(9)]).hidden_by(7), [4, 9]);
    }
}
