//! `check`: format, circles among files, clippy and docs, none with a warning.

use anyhow::{Context as _, Result};

use crate::workspace::{Workspace, say};
use crate::{circles, process, setup};

/// Options of `check`.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Look for circles among the files of each crate, and do nothing else.
    #[arg(long)]
    circles: bool,
}

/// Checks everything, or what the options name.
pub(crate) fn check(workspace: &Workspace, options: &Options) -> Result<()> {
    if options.circles {
        return no_circles(workspace);
    }
    setup::setup(workspace, setup::Needs::BUILD)?;
    format(workspace)?;
    no_circles(workspace)?;
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

/// Names each circle among the files of a crate.
fn no_circles(workspace: &Workspace) -> Result<()> {
    let found = circles::report(workspace)?;
    if found > 0 {
        say(format_args!("{found} circles among files"));
    }
    Ok(())
}
