//! The files of a crate form no circle: none uses an item of a file that, directly or through others, uses one of its
//! own.
//!
//! What counts is where an item is defined: re-exports are followed. It reads tokens, not types, so it does not see a
//! method that is called on a value. Code for tests does not count.

mod graph;
mod modules;
mod read;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::Result;
use serde_json::Value;

use crate::workspace::{Workspace, print_progress};

/// A circle that is meant.
struct Declared {
    /// Its files, seen from the checkout's root.
    files: &'static [&'static str],
    /// Why its files stay apart, and stay a circle.
    reason: &'static str,
}

/// All circles that are meant.
const DECLARED: &[Declared] = &[];

/// Prints each circle that is not declared. Returns how many there are.
pub(crate) fn report_circles(workspace: &Workspace) -> Result<usize> {
    print_progress("circles among files");
    let mut found = 0;
    for root in crate_roots(workspace)? {
        let tree = modules::Tree::read(&root)?;
        for circle in graph::circles(&tree.uses()) {
            let circle = describe(workspace.root(), &tree, &circle);
            if let Some(declared) = DECLARED.iter().find(|declared| circle.is_within(declared.files)) {
                print_progress(format_args!("a declared circle ({}): {}", declared.reason, circle.names()));
                continue;
            }
            found += 1;
            println!("{circle}");
        }
    }
    Ok(found)
}

/// The files that each crate of the workspace starts in: libraries and programs, no tests.
fn crate_roots(workspace: &Workspace) -> Result<BTreeSet<PathBuf>> {
    let metadata = workspace.metadata()?;
    let targets = metadata["packages"].as_array().into_iter().flatten().flat_map(|package| {
        package["targets"].as_array().into_iter().flatten().filter(|target| {
            let kinds = target["kind"].as_array().into_iter().flatten();
            kinds
                .filter_map(Value::as_str)
                .any(|kind| matches!(kind, "lib" | "rlib" | "cdylib" | "bin" | "proc-macro"))
        })
    });
    Ok(targets.filter_map(|target| target["src_path"].as_str().map(PathBuf::from)).collect())
}

/// A circle with the lines that make it.
struct Described {
    files: Vec<String>,
    /// A file, the file that it uses, and where.
    uses: Vec<(String, String, Vec<modules::Use>)>,
}

impl Described {
    fn is_within(&self, files: &[&str]) -> bool {
        self.files.iter().all(|file| files.contains(&file.as_str()))
    }

    fn names(&self) -> String {
        self.files.join(", ")
    }
}

fn describe(root: &Path, tree: &modules::Tree, circle: &graph::Circle) -> Described {
    let name = |file: &usize| {
        let path = tree.file(*file);
        path.strip_prefix(root).unwrap_or(path).display().to_string()
    };
    Described {
        files: circle.files.iter().map(name).collect(),
        uses: circle.uses.iter().map(|((from, to), lines)| (name(from), name(to), lines.clone())).collect(),
    }
}

impl std::fmt::Display for Described {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        /// How many lines of one file that use another are named.
        const NAMED: usize = 3;
        write!(out, "circle of {} files:", self.files.len())?;
        for (from, to, lines) in &self.uses {
            write!(out, "\n  {from} uses {to}:")?;
            for one in lines.iter().take(NAMED) {
                write!(out, " line {} `{}`", one.line, one.path)?;
            }
            if lines.len() > NAMED {
                write!(out, " and {} more", lines.len() - NAMED)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
