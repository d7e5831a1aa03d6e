//! What a machine needs before anything can be built, run or tested: checked each time, brought if it is missing.
//!
//! Three steps: the version of Rust, Debian packages, and a Rust that builds guests. Each is a look at files if
//! nothing is missing, so that every other subcommand can afford to begin here.

mod guest_toolchain;
mod needs;
mod packages;
mod version;

use anyhow::{Context as _, Result, bail};
use xshell::cmd;

pub(crate) use guest_toolchain::GuestToolchain;
pub(crate) use needs::Needs;

use crate::workspace::Workspace;

/// Brings what is missing and says how guests are built on this machine.
pub(crate) fn setup(workspace: &Workspace, needs: Needs) -> Result<GuestToolchain> {
    check_rust(workspace)?;
    packages::install_missing(needs)?;
    guest_toolchain::find_or_bring(workspace)
}

/// Refuses a Rust that is older than the workspace asks for. There is no rust-toolchain.toml: a machine without a way
/// to the toolchain server could not fetch what it names.
fn check_rust(workspace: &Workspace) -> Result<()> {
    let wanted = workspace.rust_version()?;
    let said = cmd!(workspace.shell(), "rustc --version")
        .quiet()
        .read()
        .context("Candor needs Rust; get it from your system or with rustup")?;
    let found = said.split(' ').nth(1).unwrap_or_default();
    if version::is_older(found, &wanted) {
        bail!("this is Rust {found}, and Candor needs {wanted} or newer: `rustup update stable` brings it");
    }
    Ok(())
}
