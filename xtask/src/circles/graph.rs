//! Circles in a graph.

use std::collections::{BTreeMap, BTreeSet};

use super::modules::{Use, Uses};

/// Files that all reach each other.
pub(super) struct Circle {
    pub(super) files: BTreeSet<usize>,
    /// Which of them uses which, and where.
    pub(super) uses: BTreeMap<(usize, usize), Vec<Use>>,
}

/// Returns each largest set of files that all reach each other.
pub(super) fn circles(uses: &Uses) -> Vec<Circle> {
    let files: BTreeSet<usize> = uses.keys().map(|(from, _)| *from).collect();
    let reached: BTreeMap<usize, BTreeSet<usize>> =
        files.iter().map(|file| (*file, reached_from(*file, uses))).collect();
    let reaches = |from: usize, to: usize| reached.get(&from).is_some_and(|all| all.contains(&to));
    let mut circles: Vec<Circle> = Vec::new();
    for file in files.iter().copied().filter(|file| reaches(*file, *file)) {
        if circles.iter().any(|circle| circle.files.contains(&file)) {
            continue;
        }
        let members: BTreeSet<usize> =
            files.iter().copied().filter(|other| reaches(file, *other) && reaches(*other, file)).collect();
        let uses = uses
            .iter()
            .filter(|((from, to), _)| members.contains(from) && members.contains(to))
            .map(|(edge, lines)| (*edge, lines.clone()))
            .collect();
        circles.push(Circle { files: members, uses });
    }
    circles
}

/// Returns what a file uses, directly or through others: itself too if it lies on a circle.
fn reached_from(file: usize, uses: &Uses) -> BTreeSet<usize> {
    let mut reached = BTreeSet::new();
    let mut open = vec![file];
    while let Some(next) = open.pop() {
        for ((_, to), _) in uses.range((next, 0)..=(next, usize::MAX)) {
            if reached.insert(*to) {
                open.push(*to);
            }
        }
    }
    reached
}
