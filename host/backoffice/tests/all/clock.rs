//! The clock of the programs that a test runs: it shows one day, whatever day it is for the test.

use std::path::{Path, PathBuf};

use candor_diary::segment::MINUTE_MS;

/// Milliseconds in a day.
pub(crate) const DAY_MS: u64 = 24 * 60 * MINUTE_MS;
/// 2026-11-27, a Friday, 00:00 UTC.
pub(crate) const MIDNIGHT: u64 = 1_795_737_600_000;
/// What every server's clock shows when it is first started: 23:00 that day, whatever day it is for the test.
pub(crate) const STARTED: u64 = MIDNIGHT + 23 * 60 * MINUTE_MS;

/// The start of the ten-minute segment of this place in the week of [`STARTED`], which can be edited.
pub(crate) fn this_week(nth: u64) -> u64 {
    candor_diary::calendar::week_of(STARTED).0 + nth * 10 * MINUTE_MS
}

/// The start of a ten-minute segment in a week that is locked.
pub(crate) fn locked() -> u64 {
    this_week(3) - 14 * DAY_MS
}

/// The file that sets the clock of the programs on a data folder.
pub(crate) fn clock_of(data: &Path) -> PathBuf {
    data.with_extension("clock")
}

/// When the week of [`STARTED`] locks.
pub(crate) fn lock() -> u64 {
    candor_diary::calendar::lock_of(STARTED)
}

/// Sets the clock of the programs on a data folder to this time.
pub(crate) fn set_clock(data: &Path, at: u64) {
    let real = candor_backoffice::clock::now();
    std::fs::create_dir_all(data.parent().unwrap()).unwrap();
    let file = clock_of(data);
    let fresh = file.with_extension("clock-new");
    std::fs::write(&fresh, (i128::from(at) - i128::from(real)).to_string()).unwrap();
    std::fs::rename(fresh, file).unwrap();
}
