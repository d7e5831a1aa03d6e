//! The control socket's path.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd as _;
use std::path::{Path, PathBuf};

/// The folder in the data folder.
pub const FOLDER: &str = "run";
/// The socket's name in that folder.
pub const NAME: &str = "agent.sock";

/// A path to a socket that the operating system takes. Socket addresses end at 108 bytes, so a long folder is reached
/// through an open handle of it, which has to live for as long as the path is used.
#[derive(Debug)]
pub struct Address {
    path: PathBuf,
    _folder: Option<File>,
}

impl Address {
    /// Returns the address of the agent's socket in a folder.
    ///
    /// # Errors
    /// An error of the operating system if the folder cannot be opened.
    pub fn in_folder(folder: &Path) -> io::Result<Self> {
        Self::named(folder, NAME)
    }

    /// Returns the address of another socket in a folder.
    ///
    /// # Errors
    /// An error of the operating system if the folder cannot be opened.
    pub fn named(folder: &Path, name: &str) -> io::Result<Self> {
        let path = folder.join(name);
        if path.as_os_str().len() < 100 {
            return Ok(Self { path, _folder: None });
        }
        let handle = File::open(folder)?;
        let path = PathBuf::from(format!("/proc/self/fd/{}/{name}", handle.as_raw_fd()));
        Ok(Self { path, _folder: Some(handle) })
    }

    /// Returns the path to bind or connect to.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}
