//! The export's files, and what its pages and its table are written from.

use std::collections::BTreeMap;
use std::fs::{self, DirBuilder};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;

use anyhow::{Context as _, Result};
use candor_diary::terms::Terms;
use candor_protocol::Segment;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

/// What was worked on one contract, and where its pictures are.
pub(super) struct ExportedContract<'a> {
    pub(super) terms: &'a Terms,
    pub(super) segments: Vec<Segment>,
    /// The path of each picture in the export, by its moment.
    pub(super) pictures: BTreeMap<u64, String>,
}

/// A folder for its owner only, as in the journal: those above may be open to everybody.
pub(super) fn make(path: &Path) -> Result<()> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.with_context(|| format!("{} could not be made", path.display()))
}

/// A new file that nobody but its owner can read.
pub(super) fn create(path: &Path) -> Result<fs::File> {
    let created = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    created.with_context(|| format!("{} could not be written", path.display()))
}

pub(super) fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    create(path)?.write_all(bytes).with_context(|| format!("{} could not be written", path.display()))
}

/// A moment as the computer's clock shows it.
pub(super) fn local(at: u64, zone: &TimeZone) -> Option<Zoned> {
    let stamp = Timestamp::from_millisecond(i64::try_from(at).ok()?).ok()?;
    Some(stamp.to_zoned(zone.clone()))
}
