//! Where things lie in the checkout, and how progress is told.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use serde_json::Value;
use xshell::{Cmd, Shell};

/// The checkout, and how its programs are compiled.
pub(crate) struct Workspace {
    root: PathBuf,
    target: PathBuf,
    profile: Profile,
    /// Stands in the checkout.
    shell: Shell,
}

/// How programs for this machine are compiled.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Profile {
    /// Soon, as for tests.
    Dev,
    /// For people who stay with what they run.
    Release,
}

impl Profile {
    /// Returns the profile that the option `--release` asks for.
    pub(crate) fn of(release: bool) -> Self {
        if release { Self::Release } else { Self::Dev }
    }
}

impl Workspace {
    /// The checkout that this program was built from.
    pub(crate) fn find() -> Result<Self> {
        let manifest = std::env::var_os("CARGO_MANIFEST_DIR")
            .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
        // A test calls this program with the manifest folder of its own crate: the root is what holds Cargo.lock.
        let Some(root) = manifest.ancestors().find(|folder| folder.join("xtask/Cargo.toml").is_file()) else {
            bail!("{} is not inside the checkout: run this from there", manifest.display());
        };
        let target = std::env::var_os("CARGO_TARGET_DIR")
            .map_or_else(|| root.join("target"), |given| root.join(given));
        let shell = Shell::new()?;
        shell.change_dir(root);
        Ok(Self { root: root.to_path_buf(), target, profile: Profile::Dev, shell })
    }

    /// Returns the same with another profile for its programs.
    pub(crate) fn with_profile(self, profile: Profile) -> Self {
        Self { profile, ..self }
    }

    /// How its programs are compiled.
    pub(crate) fn profile(&self) -> Profile {
        self.profile
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// A shell that stands in it.
    pub(crate) fn shell(&self) -> &Shell {
        &self.shell
    }

    /// Where the host's programs are built.
    pub(crate) fn target(&self) -> &Path {
        &self.target
    }

    /// Where the programs for this machine lie once built.
    pub(crate) fn programs(&self) -> PathBuf {
        let folder = match self.profile {
            Profile::Dev => "debug",
            Profile::Release => "release",
        };
        std::env::var_os("CANDOR_BIN_DIR").map_or_else(|| self.target.join(folder), PathBuf::from)
    }

    /// Cargo's target folder for guests.
    pub(crate) fn guest_target(&self) -> PathBuf {
        self.target.join("guest")
    }

    /// Where the guests lie once built: one `.wasm` component each.
    pub(crate) fn guests(&self) -> PathBuf {
        std::env::var_os("CANDOR_GUESTS").map_or_else(
            || self.guest_target().join(format!("{GUEST_TARGET}/{GUEST_PROFILE}")),
            PathBuf::from,
        )
    }

    /// Cargo, standing in the checkout.
    pub(crate) fn cargo(&self) -> Cmd<'_> {
        self.command(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
    }

    /// A program, standing in the checkout. The variables that describe the crate of a calling cargo are left out, so that
    /// a nested build finds everything as fresh as it left it.
    pub(crate) fn command(&self, program: impl AsRef<Path>) -> Cmd<'_> {
        let mut command = self.shell.cmd(program).quiet();
        for (name, _) in std::env::vars_os() {
            let name_text = name.to_string_lossy();
            if name_text.starts_with("CARGO_PKG_") || name_text.starts_with("CARGO_MANIFEST_") {
                command = command.env_remove(&name);
            }
        }
        command
    }

    /// What cargo tells of the workspace's crates.
    pub(crate) fn metadata(&self) -> Result<Value> {
        let printed =
            self.cargo().args(["metadata", "--no-deps", "--format-version=1", "--offline"]).read()?;
        serde_json::from_str(&printed).context("cargo metadata is not JSON")
    }

    /// The oldest Rust that the workspace is built with, such as `1.95`.
    pub(crate) fn rust_version(&self) -> Result<String> {
        let path = self.root.join("Cargo.toml");
        let text =
            std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        text.lines()
            .find_map(|line| line.strip_prefix("rust-version"))
            .and_then(|rest| rest.split('"').nth(1))
            .map(str::to_owned)
            .with_context(|| format!("{} names no rust-version", path.display()))
    }
}

/// The target that guests are built for.
pub(crate) const GUEST_TARGET: &str = "wasm32-unknown-unknown";

/// The profile that guests are built with.
pub(crate) const GUEST_PROFILE: &str = "guest";

/// Returns where a path given on the command line leads, seen from the folder that the person stands in.
pub(crate) fn from_here(path: &Path) -> Result<PathBuf> {
    Ok(std::path::absolute(path)?)
}

/// Tells the person what happens now.
pub(crate) fn print_progress(text: impl std::fmt::Display) {
    eprintln!("xtask: {text}");
}
