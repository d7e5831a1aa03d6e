//! What is built: the programs for this machine, and the guests.
//!
//! Programs are built for the whole workspace at once, so that cargo unites the features of dependencies as it does
//! for the tests: `run` and `test` then share nearly every compiled dependency (what `test` has more, the sensors' second
//! backend, changes some of those of the window). Guests have a target folder of their own and
//! are built here, never by a build script: a crate's build must not start another build.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context as _, Result, bail};
use sha2::{Digest as _, Sha256};
use xshell::cmd;

use crate::setup::GuestToolchain;
use crate::workspace::{GUEST_PROFILE, GUEST_TARGET, Profile, Workspace, print_progress};

/// Which programs are built.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Programs {
    /// Those that track and deliver, and the demo that drives them: a first segment does not wait for a window to be compiled.
    Pipeline,
    /// The back office and what measures it.
    BackOffice,
    /// Every program of the workspace.
    All,
    /// All, with the sensors' second backend.
    Tested,
}

/// The feature with which everything is built that is tested: the sensors' second backend. Programs and tests have it
/// alike, so that nothing is compiled twice for the tests.
pub(crate) const TESTED: [&str; 2] = ["--features", "portable"];

/// Builds programs for this machine.
pub(crate) fn build_programs(workspace: &Workspace, which: Programs) -> Result<()> {
    let began = Instant::now();
    print_progress("building the programs");
    // Whatever is built, the whole workspace decides the features of what it depends on.
    let mut cargo = workspace.cargo().args(["build", "--workspace"]).args(profile_options(workspace));
    match which {
        Programs::All => cargo = cargo.arg("--bins"),
        Programs::Tested => cargo = cargo.arg("--bins").args(TESTED),
        Programs::BackOffice => {
            cargo = cargo.args(["--bin", "candor-backoffice", "--bin", "bench-backoffice"]);
        }
        Programs::Pipeline => {
            for name in
                ["candor-agent", "candor-backoffice", "candor-compile", "candor-counter", "candor-demo"]
            {
                cargo = cargo.args(["--bin", name]);
            }
        }
    }
    cargo.run().context("the programs do not compile")?;
    print_progress(format_args!("programs built in {} s", began.elapsed().as_secs()));
    Ok(())
}

/// Returns the command that builds the window.
pub(crate) fn window_build(workspace: &Workspace) -> Command {
    let cargo = workspace.cargo().args(["build", "--workspace", "--bin", "candor"]);
    cargo.args(profile_options(workspace)).into()
}

/// Returns what cargo has to be told of the profile.
fn profile_options(workspace: &Workspace) -> &'static [&'static str] {
    match workspace.profile() {
        Profile::Dev => &[],
        Profile::Release => &["--release"],
    }
}

/// Builds guests that are written in Rust: the plugins, and if all are wanted the examples and those that tests are
/// made of.
pub(crate) fn build_guests(workspace: &Workspace, toolchain: &GuestToolchain, which: Programs) -> Result<()> {
    let names = guest_crates(workspace, which)?;
    if names.is_empty() {
        bail!("the workspace has no guest");
    }
    let began = Instant::now();
    print_progress(format_args!("building {} guests", names.len()));
    let mut cargo =
        workspace.cargo().args(["build", "--profile", GUEST_PROFILE, "--target", GUEST_TARGET, "--lib"]);
    cargo = cargo.arg("--target-dir").arg(workspace.guest_target());
    for name in &names {
        cargo = cargo.args(["--package", name]);
    }
    toolchain.apply(cargo).run().context("the guests do not compile")?;
    print_progress(format_args!("guests built in {} s", began.elapsed().as_secs()));
    link_beside_programs(workspace)
}

/// Puts the plugins where the agent looks for them, in `plugins` beside its program, so that the built `candor` works by
/// itself: a link to where they are built.
fn link_beside_programs(workspace: &Workspace) -> Result<()> {
    let link = workspace.programs().join("plugins");
    let guests = std::path::absolute(workspace.guests())?;
    if std::fs::read_link(&link).is_ok_and(|to| to == guests) {
        return Ok(());
    }
    match std::fs::remove_file(&link) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(error).with_context(|| format!("{} is in the way", link.display()));
        }
        _ => {}
    }
    std::fs::create_dir_all(workspace.programs())?;
    std::os::unix::fs::symlink(&guests, &link).with_context(|| format!("cannot make {}", link.display()))
}

/// The workspace's crates that yield a component: those whose library is a `cdylib`.
fn guest_crates(workspace: &Workspace, which: Programs) -> Result<Vec<String>> {
    let metadata = workspace.metadata()?;
    let plugins = workspace.root().join("plugins");
    let within = (which == Programs::Pipeline).then_some(plugins.as_path());
    Ok(cdylibs(&metadata, within))
}

/// The crates with a `cdylib`, all or those whose manifest lies within a folder.
fn cdylibs(metadata: &serde_json::Value, within: Option<&Path>) -> Vec<String> {
    let empty = Vec::new();
    let list = |value: &'_ serde_json::Value| value.as_array().unwrap_or(&empty).clone();
    list(&metadata["packages"])
        .iter()
        .filter(|package| {
            list(&package["targets"])
                .iter()
                .any(|target| list(&target["crate_types"]).contains(&"cdylib".into()))
        })
        .filter(|package| {
            let manifest = Path::new(package["manifest_path"].as_str().unwrap_or(""));
            within.is_none_or(|folder| manifest.starts_with(folder))
        })
        .filter_map(|package| Some(package["name"].as_str()?.to_owned()))
        .collect()
}

/// Builds the examples in JavaScript: each folder of examples/ with a package.json, whose script `build` writes one
/// `.wasm` file into the folder that `CANDOR_GUESTS` names. It takes seconds each, so an example whose files are as
/// they were is left alone.
pub(crate) fn build_javascript_guests(workspace: &Workspace) -> Result<()> {
    let examples = workspace.root().join("examples");
    let Ok(entries) = std::fs::read_dir(&examples) else { return Ok(()) };
    let mut folders: Vec<PathBuf> = entries
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .filter(|path| path.join("package.json").is_file())
        .collect();
    folders.sort();
    for folder in folders {
        build_javascript_guest(workspace, &folder)?;
    }
    Ok(())
}

fn build_javascript_guest(workspace: &Workspace, folder: &Path) -> Result<()> {
    let name = folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let guests = workspace.guests();
    std::fs::create_dir_all(&guests)?;
    let stamp = guests.join(format!("{name}.sources"));
    let now = fingerprint(&[folder, &workspace.root().join("wit")])?;
    if std::fs::read_to_string(&stamp).is_ok_and(|before| still_stands(&before, &now, &guests)) {
        return Ok(());
    }
    let began = Instant::now();
    print_progress(format_args!("building the example {name}"));
    let before = components(&guests)?;
    let shell = workspace.shell();
    let _there = shell.push_dir(folder);
    if !same_lock(folder) {
        cmd!(shell, "npm ci --no-audit --no-fund --ignore-scripts --loglevel=error")
            .quiet()
            .read()
            .with_context(|| format!("cannot fetch what {name} is built with"))?;
    }
    cmd!(shell, "npm run --silent build")
        .quiet()
        .env("CANDOR_GUESTS", &guests)
        .read()
        .with_context(|| format!("{name} does not build"))?;
    let made: Vec<String> = components(&guests)?
        .into_iter()
        .filter(|(file, changed)| !before.contains(&(file.clone(), *changed)))
        .map(|(file, _)| file)
        .collect();
    if made.is_empty() {
        bail!("`npm run build` in examples/{name} wrote no .wasm file into {}", guests.display());
    }
    std::fs::write(&stamp, format!("{now}\n{}\n", made.join("\n")))?;
    print_progress(format_args!("{} built in {} s", made.join(", "), began.elapsed().as_secs()));
    Ok(())
}

/// Whether a stamp was written from the same files, and what was built then is still there.
fn still_stands(stamp: &str, now: &str, guests: &Path) -> bool {
    let mut lines = stamp.lines();
    lines.next() == Some(now) && lines.all(|file| guests.join(file).is_file())
}

/// Whether node_modules is what package-lock.json says: npm keeps a copy of what it installed.
fn same_lock(folder: &Path) -> bool {
    let changed = |path: &str| std::fs::metadata(folder.join(path)).and_then(|data| data.modified()).ok();
    match (changed("package-lock.json"), changed("node_modules/.package-lock.json")) {
        (Some(asked), Some(installed)) => installed >= asked,
        _ => false,
    }
}

/// The components in a folder, with the time of their last change.
fn components(folder: &Path) -> Result<Vec<(String, std::time::SystemTime)>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        if entry.path().extension().is_some_and(|extension| extension == "wasm") {
            found.push((entry.file_name().to_string_lossy().into_owned(), entry.metadata()?.modified()?));
        }
    }
    Ok(found)
}

/// SHA-256 over names and contents of all files below some folders, installed modules aside.
fn fingerprint(folders: &[&Path]) -> Result<String> {
    let mut hash = Sha256::new();
    for folder in folders {
        add_folder(&mut hash, folder)?;
    }
    Ok(hex::encode(hash.finalize()))
}

fn add_folder(hash: &mut Sha256, folder: &Path) -> Result<()> {
    let mut entries: Vec<PathBuf> =
        std::fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<Result<_>>()?;
    entries.sort();
    for path in entries {
        if path.file_name().is_some_and(|name| name == "node_modules") {
            continue;
        }
        if path.is_dir() {
            add_folder(hash, &path)?;
        } else {
            let content = std::fs::read(&path)?;
            hash.update(path.as_os_str().as_encoded_bytes());
            hash.update(content.len().to_le_bytes());
            hash.update(&content);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guest_is_a_crate_whose_library_is_a_cdylib() {
        let metadata = serde_json::json!({"packages": [
            {"name": "a-plugin", "targets": [{"crate_types": ["cdylib", "rlib"]}]},
            {"name": "a-program", "targets": [{"crate_types": ["lib"]}, {"crate_types": ["bin"]}]},
        ]});
        assert_eq!(cdylibs(&metadata, None), ["a-plugin"]);
        assert!(cdylibs(&metadata, Some(Path::new("/elsewhere"))).is_empty());
    }

    #[test]
    fn a_guest_in_javascript_stands_until_its_files_change_or_it_is_gone() {
        let folder = std::env::temp_dir().join(format!("candor-stamp-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("a.wasm"), "x").unwrap();
        assert!(still_stands("abc\na.wasm\n", "abc", &folder));
        assert!(!still_stands("abc\na.wasm\n", "abd", &folder));
        assert!(!still_stands("abc\nb.wasm\n", "abc", &folder));
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
