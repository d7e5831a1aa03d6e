//! The tracker's window, if a person sits at the display: built while tracking has begun already, so that nobody waits
//! for it, then opened.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, Result};
use candor_test_driver::places;

use crate::progress::print_progress;

/// A window on its way to the screen, or there. It is closed with this value.
pub(super) struct OpenedWindow {
    program: PathBuf,
    data: PathBuf,
    stage: Stage,
}

enum Stage {
    Building(Child),
    Open(Child),
    /// It was closed, or could not be built.
    Gone,
}

impl OpenedWindow {
    /// Begins to build it with a command; an empty one takes what is there.
    pub(super) fn begin(data: &Path, build: &[OsString]) -> Result<Self> {
        let program = places::programs().join("candor");
        let mut window = Self { program, data: data.to_owned(), stage: Stage::Gone };
        let Some((builder, arguments)) = build.split_first() else {
            window.open()?;
            return Ok(window);
        };
        let mut builder = Command::new(builder);
        builder.args(arguments).stdin(Stdio::null());
        print_progress("building the window meanwhile");
        window.stage = Stage::Building(builder.spawn().context("the window's build could not be started")?);
        Ok(window)
    }

    fn open(&mut self) -> Result<()> {
        let mut command = Command::new(&self.program);
        command.arg("--data").arg(&self.data).stdin(Stdio::null());
        let child = command.spawn().context("the window could not be opened")?;
        print_progress("the window is open; closing it does not end tracking");
        self.stage = Stage::Open(child);
        Ok(())
    }

    /// Looks how it goes.
    pub(super) fn look(&mut self) -> Result<()> {
        match &mut self.stage {
            Stage::Building(build) => match build.try_wait()? {
                None => {}
                Some(status) if status.success() => self.open()?,
                Some(_) => {
                    print_progress("the window does not compile; tracking goes on without it");
                    self.stage = Stage::Gone;
                }
            },
            Stage::Open(window) => {
                if window.try_wait()?.is_some() {
                    self.stage = Stage::Gone;
                }
            }
            Stage::Gone => {}
        }
        Ok(())
    }
}

impl Drop for OpenedWindow {
    fn drop(&mut self) {
        if let Stage::Building(child) | Stage::Open(child) = &mut self.stage {
            // It may have ended by itself a moment ago.
            let _gone = child.kill();
            let _status = child.wait();
        }
    }
}
