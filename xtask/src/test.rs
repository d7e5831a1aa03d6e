//! `test`: everything that decides whether the workspace is sound.

use std::path::Path;
use std::time::Instant;

use anyhow::{Context as _, Result};

use crate::workspace::{Workspace, print_progress};
use crate::{artefacts, check, setup, side_by_side};

#[derive(clap::Args)]
pub(crate) struct TestOptions {
    /// Handed to `cargo test`, such as `--test end_to_end soak::` or `-- some_name`; what it names runs one after the
    /// other. Without, all tests run, several processes at once.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    cargo_test: Vec<String>,
}

/// Checks the format, builds programs and guests, and runs all tests, with both backends of the sensors. Clippy and docs are `check`'s: they compile
/// every dependency a second time.
pub(crate) fn test(workspace: &Workspace, options: &TestOptions) -> Result<()> {
    let began = Instant::now();
    let guests = setup::setup(workspace, setup::Needs::TEST)?;
    check::check_format(workspace)?;
    artefacts::build_programs(workspace, artefacts::Programs::Tested)?;
    artefacts::build_guests(workspace, &guests, artefacts::Programs::All)?;
    artefacts::build_javascript_guests(workspace)?;
    print_progress(format_args!("ready to test after {} s", began.elapsed().as_secs()));
    let built = [("CANDOR_BIN_DIR", workspace.programs()), ("CANDOR_GUESTS", workspace.guests())];
    if options.cargo_test.is_empty() {
        return side_by_side::run_all(workspace, &built).context("some tests fail");
    }
    let cargo = workspace.cargo().args(["test", "--workspace", "--no-fail-fast"]).args(artefacts::TESTED);
    cargo.args(&options.cargo_test).envs(built).run().context("some tests fail")
}

/// Takes a picture of each state of the window, on a display of its own.
pub(crate) fn take_pictures(workspace: &Workspace, folder: &Path) -> Result<()> {
    setup::setup(workspace, setup::Needs::TEST)?;
    std::fs::create_dir_all(folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    let cargo = workspace.cargo().args(["test", "--workspace"]).args(artefacts::TESTED);
    let cargo = cargo.args(["--test", "window", "pictures"]).env("CANDOR_PICTURES", folder);
    cargo.run().context("some state does not look as it should")?;
    print_progress(format_args!("the pictures are in {}", folder.display()));
    Ok(())
}
