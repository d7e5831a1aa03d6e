//! What a machine needs before anything can be built, run or tested: checked each time, brought where it is missing.
//!
//! Three steps: the version of Rust, Debian packages, and a Rust that builds guests. Each is a look at files where
//! nothing is missing, so that every other subcommand can afford to begin here.

mod guest_toolchain;
mod packages;

use std::process::Command;

use anyhow::{Context as _, Result, bail};

pub(crate) use guest_toolchain::GuestToolchain;

use crate::process;
use crate::workspace::Workspace;

/// What is going to be done, as far as it decides what is needed.
#[derive(Clone, Copy)]
pub(crate) struct Needs {
    /// A screen of its own with programs on it.
    desktop: bool,
    /// A window.
    window: bool,
    /// What only the tests use.
    tests: bool,
}

impl Needs {
    /// Compiling.
    pub(crate) const BUILD: Self = Self { desktop: false, window: false, tests: false };
    /// Compiling, and a window on the screen that the person sits at.
    pub(crate) const PERSON: Self = Self { desktop: false, window: true, tests: false };
    /// Compiling, and recording a screen that is made for it.
    pub(crate) const DEMO: Self = Self { desktop: true, window: false, tests: false };
    /// All.
    pub(crate) const TEST: Self = Self { desktop: true, window: true, tests: true };
}

/// Brings what is missing and says how guests are built on this machine.
pub(crate) fn setup(workspace: &Workspace, needs: Needs) -> Result<GuestToolchain> {
    check_rust(workspace)?;
    packages::bring(needs)?;
    guest_toolchain::bring(workspace)
}

/// Refuses a Rust that is older than the workspace asks for. There is no rust-toolchain.toml: a machine without a way
/// to the toolchain server could not fetch what it names.
fn check_rust(workspace: &Workspace) -> Result<()> {
    let wanted = workspace.rust_version()?;
    let said = process::output(Command::new("rustc").arg("--version").current_dir(workspace.root()))
        .context("Candor needs Rust; get it from your system or with rustup")?;
    let found = said.split(' ').nth(1).unwrap_or_default();
    if older(found, &wanted) {
        bail!("this is Rust {found}, and Candor needs {wanted} or newer: `rustup update stable` brings it");
    }
    Ok(())
}

/// Whether a version is lower than another.
fn older(found: &str, wanted: &str) -> bool {
    numbers(found) < numbers(wanted)
}

/// The first three parts of a version, to compare by; a missing part counts as 0.
fn numbers(version: &str) -> Vec<u64> {
    version
        .split(|c: char| !c.is_ascii_digit())
        .take_while(|part| !part.is_empty())
        .map(|part| part.parse().unwrap_or(0))
        .chain(std::iter::repeat(0))
        .take(3)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::older;

    #[test]
    fn versions_are_compared_as_numbers() {
        for (found, wanted, is_older) in [
            ("1.95.0", "1.95", false),
            ("1.94.9", "1.95", true),
            ("1.100.0", "1.95", false),
            ("2.0.0-nightly", "1.95", false),
            ("1.96.0+dfsg1-1~deb12u2", "1.95", false),
            ("1.85.0+dfsg3-1", "1.95", true),
            ("", "1.95", true),
        ] {
            assert_eq!(older(found, wanted), is_older, "{found} against {wanted}");
        }
    }
}
