//! `check`: format, clippy and docs, none with a warning.

use anyhow::{Context as _, Result};

use crate::workspace::{Workspace, say};
use crate::{process, setup};

/// Checks all three.
pub(crate) fn check(workspace: &Workspace) -> Result<()> {
    setup::setup(workspace, setup::Needs::BUILD)?;
    format(workspace)?;
    say("clippy");
    // Guests are checked as code for this machine: it finds the same, and needs no second toolchain.
    process::run(workspace.cargo().args(["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]))
        .context("clippy has something to say")?;
    say("docs");
    process::run(
        workspace.cargo().args(["doc", "--workspace", "--no-deps"]).env("RUSTDOCFLAGS", "-D warnings"),
    )
    .context("the docs have warnings")
}

/// Checks the format alone.
pub(crate) fn format(workspace: &Workspace) -> Result<()> {
    say("format");
    process::run(workspace.cargo().args(["fmt", "--all", "--check"]))
        .context("`cargo fmt --all` puts it right")
}
