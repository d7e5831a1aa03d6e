//! The modules of a crate, and which file uses items of which.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, anyhow};
use proc_macro2::TokenStream;

use super::read::{self, Body, Contents, Import};

/// All modules of a crate; the first is its root.
pub(super) struct Tree {
    files: Vec<PathBuf>,
    modules: Vec<Module>,
}

struct Module {
    file: usize,
    parent: Option<usize>,
    children: BTreeMap<String, usize>,
    contents: Contents,
}

/// A place where one file uses another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Use {
    pub(super) line: usize,
    /// As it is written.
    pub(super) path: String,
}

/// Which file uses which, and where.
pub(super) type Uses = BTreeMap<(usize, usize), Vec<Use>>;

/// What a path leads to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Target {
    Module(usize),
    /// An item of a file.
    Item(usize),
    /// An item of another crate.
    Elsewhere,
}

impl Tree {
    /// Reads a crate from its first file on.
    pub(super) fn read(root: &Path) -> Result<Self> {
        let mut tree = Self { files: Vec::new(), modules: Vec::new() };
        let folder = root.parent().context("a crate's first file lies in no folder")?;
        tree.add_file(root, folder, None)?;
        Ok(tree)
    }

    /// Returns a file's path; an empty one if there is no such file.
    pub(super) fn file(&self, file: usize) -> &Path {
        self.files.get(file).map_or(Path::new(""), PathBuf::as_path)
    }

    /// Reads a file; its child modules lie in `folder`.
    fn add_file(&mut self, path: &Path, folder: &Path, parent: Option<usize>) -> Result<usize> {
        let text =
            std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        let tokens: TokenStream =
            text.parse().map_err(|error| anyhow!("{} is not Rust: {error}", path.display()))?;
        self.files.push(path.to_owned());
        self.add_module(self.files.len() - 1, folder, parent, read::contents(tokens))
    }

    fn add_module(
        &mut self,
        file: usize,
        folder: &Path,
        parent: Option<usize>,
        mut contents: Contents,
    ) -> Result<usize> {
        let children = std::mem::take(&mut contents.children);
        let module = self.modules.len();
        self.modules.push(Module { file, parent, children: BTreeMap::new(), contents });
        for child in children {
            let folder_of_child = folder.join(&child.name);
            let added = match child.body {
                Body::Inline(inner) => self.add_module(file, &folder_of_child, Some(module), *inner)?,
                Body::FileAt(path) => {
                    let beside = self.file(file).parent().unwrap_or(folder).join(path);
                    let folder = beside.parent().unwrap_or(folder).to_owned();
                    self.add_file(&beside, &folder, Some(module))?
                }
                Body::File => {
                    let beside = folder.join(format!("{}.rs", child.name));
                    let within = folder_of_child.join("mod.rs");
                    let path = if beside.is_file() { beside } else { within };
                    self.add_file(&path, &folder_of_child, Some(module))?
                }
            };
            if let Some(module) = self.modules.get_mut(module) {
                module.children.insert(child.name, added);
            }
        }
        Ok(module)
    }

    /// Returns which file uses items of which.
    pub(super) fn uses(&self) -> Uses {
        let mut uses = Uses::new();
        for (number, module) in self.modules.iter().enumerate() {
            let mut add = |target: Option<Target>, path: &[String], line: usize| {
                if let Some(Target::Item(file)) = target
                    && file != module.file
                {
                    let lines = uses.entry((module.file, file)).or_default();
                    let one = Use { line, path: path.join("::") };
                    if !lines.contains(&one) {
                        lines.push(one);
                    }
                }
            };
            for import in module.contents.imports.iter().filter(|import| stands_for_itself(import)) {
                add(self.resolve(number, &import.path), &import.path, import.line);
            }
            for mention in &module.contents.mentions {
                // What was imported by its name is told by its `use` already.
                let first = mention.path.first();
                let is_told = module.contents.imports.iter().any(|import| {
                    stands_for_itself(import)
                        && import.name.as_ref() == first
                        && !matches!(self.resolve(number, &import.path), Some(Target::Module(_)))
                });
                if !is_told {
                    add(self.resolve(number, &mention.path), &mention.path, mention.line);
                }
            }
        }
        uses
    }

    /// Returns what a path in a module leads to; nothing if its first word is none that the module knows.
    fn resolve(&self, module: usize, path: &[String]) -> Option<Target> {
        self.resolve_unless_seen(module, path, &mut BTreeSet::new())
    }

    /// `seen` are the names that are being looked up: two may stand for each other.
    fn resolve_unless_seen(
        &self,
        module: usize,
        path: &[String],
        seen: &mut BTreeSet<(usize, String)>,
    ) -> Option<Target> {
        let (first, rest) = path.split_first()?;
        let mut target = match first.as_str() {
            "crate" => Target::Module(0),
            "self" => Target::Module(module),
            "super" => Target::Module(self.modules.get(module)?.parent?),
            name => self.look_up(module, name, rest.is_empty(), seen)?,
        };
        for (at, word) in rest.iter().enumerate() {
            let Target::Module(module) = target else { break };
            target = if word == "super" {
                Target::Module(self.modules.get(module)?.parent?)
            } else {
                // Something that a macro makes belongs to the module that calls the macro.
                self.look_up(module, word, at + 1 == rest.len(), seen)
                    .unwrap_or(Target::Item(self.modules.get(module)?.file))
            };
        }
        Some(target)
    }

    /// Looks a name up. A function and a module may share one: the last word of a path is rather the function.
    fn look_up(
        &self,
        module: usize,
        name: &str,
        is_last: bool,
        seen: &mut BTreeSet<(usize, String)>,
    ) -> Option<Target> {
        let found = self.modules.get(module)?;
        let child = found.children.get(name).map(|child| Target::Module(*child));
        if child.is_some() && !is_last {
            return child;
        }
        if found.contents.items.iter().any(|item| item == name) {
            return Some(Target::Item(found.file));
        }
        if !seen.insert((module, name.to_owned())) {
            return child;
        }
        let imported = self.look_up_imported(module, found, name, seen);
        seen.remove(&(module, name.to_owned()));
        imported.or(child)
    }

    fn look_up_imported(
        &self,
        module: usize,
        found: &Module,
        name: &str,
        seen: &mut BTreeSet<(usize, String)>,
    ) -> Option<Target> {
        let named = |import: &&Import| import.name.as_deref() == Some(name);
        if let Some(import) = found.contents.imports.iter().find(named) {
            return Some(self.resolve_unless_seen(module, &import.path, seen).unwrap_or(Target::Elsewhere));
        }
        found.contents.imports.iter().filter(|import| import.name.is_none()).find_map(|glob| {
            match self.resolve_unless_seen(module, &glob.path, seen)? {
                Target::Module(all) => self.look_up(all, name, true, seen),
                Target::Item(_) | Target::Elsewhere => None,
            }
        })
    }
}

/// Whether an import tells by itself that its target is used: a re-export may be for others alone, and of all that `*`
/// brings in something is used somewhere.
fn stands_for_itself(import: &Import) -> bool {
    !import.is_reexport && import.name.is_some()
}
