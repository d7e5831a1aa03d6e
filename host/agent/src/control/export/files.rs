//! The export's files, and what its pages and its table are written from.

use std::collections::BTreeMap;
use std::fs::{self, DirBuilder};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use candor_diary::terms::Terms;
use candor_journal::JournalError;
use candor_protocol::Segment;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

use crate::segments::error::CloseError;

/// Why an export is not whole; what was written until then stays.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ExportError {
    /// A relative path would be the agent's, not the caller's.
    #[error("name the folder with its whole path")]
    RelativePath,
    /// Nothing is written over.
    #[error("{0} is there already: name a new folder")]
    Exists(String),
    /// A file or folder could not be made or written.
    #[error("{} could not be {what}: {why}", .path.display())]
    File {
        /// The path of the file or folder.
        path: PathBuf,
        /// What could not be done with it.
        what: &'static str,
        /// What the operating system says.
        why: std::io::Error,
    },
    /// More pictures of one second than there are names for.
    #[error("{} has too many pictures", .0.display())]
    TooManyPictures(PathBuf),
    /// Something could not be written as JSON.
    #[error("{0}")]
    Json(#[from] serde_json::Error),
    /// The segments could not be written as JSON.
    #[error("segments.json could not be written: {0}")]
    Segments(serde_json::Error),
    /// The table could not be written.
    #[error("segments.csv could not be written: {0}")]
    Table(#[from] csv::Error),
    /// The copy of a ledger could not be read.
    #[error("the ledger could not be read on this computer: {0}")]
    Ledger(std::io::Error),
    /// The journal could not be read.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// A segment could not be read.
    #[error(transparent)]
    Segment(#[from] CloseError),
}

/// Returns the error for a file that could not be written.
pub(super) fn unwritten(path: &Path, why: std::io::Error) -> ExportError {
    ExportError::File { path: path.to_path_buf(), what: "written", why }
}

/// What was worked on one contract, and where its pictures are.
pub(super) struct ExportedContract<'a> {
    pub(super) terms: &'a Terms,
    pub(super) segments: Vec<Segment>,
    /// The path of each picture in the export, by its moment.
    pub(super) pictures: BTreeMap<u64, String>,
}

/// A folder for its owner only, as in the journal: those above may be open to everybody.
pub(super) fn make(path: &Path) -> Result<(), ExportError> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.map_err(|why| ExportError::File { path: path.to_path_buf(), what: "made", why })
}

/// A new file that nobody but its owner can read.
pub(super) fn create(path: &Path) -> Result<fs::File, ExportError> {
    let created = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    created.map_err(|why| unwritten(path, why))
}

pub(super) fn write(path: &Path, bytes: &[u8]) -> Result<(), ExportError> {
    create(path)?.write_all(bytes).map_err(|why| unwritten(path, why))
}

/// A moment as the computer's clock shows it.
pub(super) fn local(at: u64, zone: &TimeZone) -> Option<Zoned> {
    let stamp = Timestamp::from_millisecond(i64::try_from(at).ok()?).ok()?;
    Some(stamp.to_zoned(zone.clone()))
}
