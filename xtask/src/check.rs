//! `check`: format, circles among files, clippy, docs, and what dependencies may be, none with a warning.

use anyhow::{Context as _, Result, bail};

use crate::workspace::{Workspace, print_progress};
use crate::{circles, process, setup};

#[derive(clap::Args)]
pub(crate) struct CheckOptions {
    /// Look for circles among the files of each crate, and do nothing else.
    #[arg(long)]
    circles: bool,
}

/// Checks everything, or what the options name.
pub(crate) fn check(workspace: &Workspace, options: &CheckOptions) -> Result<()> {
    if options.circles {
        return check_circles(workspace);
    }
    setup::setup(workspace, setup::Needs::BUILD)?;
    check_format(workspace)?;
    check_circles(workspace)?;
    print_progress("clippy");
    // Guests are checked as code for this machine: it finds the same, and needs no second toolchain.
    let clippy = ["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"];
    workspace.cargo().args(clippy).run().context("clippy has something to say")?;
    print_progress("docs");
    let docs = workspace.cargo().args(["doc", "--workspace", "--no-deps"]);
    docs.env("RUSTDOCFLAGS", "-D warnings").run().context("the docs have warnings")?;
    check_dependencies(workspace)
}

/// Checks the format alone.
pub(crate) fn check_format(workspace: &Workspace) -> Result<()> {
    print_progress("format");
    workspace.cargo().args(["fmt", "--all", "--check"]).run().context("`cargo fmt --all` puts it right")
}

/// Names each circle among the files of a crate.
fn check_circles(workspace: &Workspace) -> Result<()> {
    let found = circles::report_circles(workspace)?;
    if found > 0 {
        bail!("{found} circles among files: what both need belongs in a file that both use");
    }
    Ok(())
}

/// Checks licences, bans and sources of all dependencies, and what is known against them, by deny.toml: as far as that can
/// be had here.
fn check_dependencies(workspace: &Workspace) -> Result<()> {
    print_progress("dependencies");
    if process::find_program("cargo-deny").is_none() {
        print_progress(
            "NOT checked: licences, bans, sources and advisories; `cargo install cargo-deny` brings what does it",
        );
        return Ok(());
    }
    let deny = |arguments: &[&str]| workspace.cargo().arg("deny").args(arguments).run();
    deny(&["check", "bans", "licenses", "sources"]).context("deny.toml allows not all dependencies")?;
    if deny(&["fetch", "db"]).is_err() {
        print_progress("NOT checked: advisories; their database cannot be fetched from here");
        return Ok(());
    }
    deny(&["check", "--disable-fetch", "advisories"]).context("something is known against a dependency")
}
