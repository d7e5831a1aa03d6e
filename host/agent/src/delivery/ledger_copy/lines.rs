//! A ledger as lines of JSON, an entry a line, each checked onto the one before it.

use std::io::{self, BufRead, Read as _};

use candor_diary::ledger::{BadLedger, Entry, LedgerHead, verify};

/// The longest line, in bytes: no answer of a back office is longer.
const LINE_BYTES: u64 = 8 << 20;

/// The most bytes that are kept of a ledger, and read of a file.
pub const LEDGER_BYTES: u64 = 256 << 20;

/// Why the rest of the lines is not read.
#[derive(Debug, thiserror::Error)]
pub enum LineFault {
    /// It could not be read.
    #[error("it could not be read: {0}")]
    File(#[from] io::Error),
    /// The last line has no end: it was not written whole.
    #[error("line {0} is torn: it was not written whole")]
    Torn(u64),
    /// A line is no entry.
    #[error("line {0} is no entry of a ledger")]
    NoEntry(u64),
    /// An entry does not follow from those before it.
    #[error(transparent)]
    Bad(BadLedger),
    /// There is more than is read.
    #[error("it is longer than {} MB", LEDGER_BYTES >> 20)]
    TooLong,
}

/// How far lines verify.
#[derive(Debug)]
pub struct LinesRead {
    /// The head after the last line that verifies.
    pub end: LedgerHead,
    /// Why the rest does not; none if there is no rest.
    pub fault: Option<LineFault>,
}

/// Checks entries that follow `before`, whose time was `before_at` (milliseconds since the Unix epoch).
///
/// # Errors
/// The first thing that does not fit.
pub(crate) fn verify_after(
    before: &LedgerHead,
    before_at: u64,
    entries: &[Entry],
) -> Result<LedgerHead, BadLedger> {
    let end = verify(before, entries)?;
    // Where a page begins, time does not begin anew.
    match entries.first() {
        Some(first) if first.at < before_at => Err(BadLedger::Time(first.number)),
        _ => Ok(end),
    }
}

/// Reads the lines of the ledger of `contract`; `each` gets every entry that verifies and how many bytes there are up to
/// the end of its line.
pub fn read_lines(mut lines: impl BufRead, contract: &str, mut each: impl FnMut(Entry, u64)) -> LinesRead {
    let mut end = LedgerHead::first(contract);
    let (mut at, mut bytes) = (0, 0);
    let mut line = Vec::new();
    let fault = loop {
        line.clear();
        let nth = end.number.saturating_add(1);
        let read = match (&mut lines).take(LINE_BYTES).read_until(b'\n', &mut line) {
            Ok(0) => break None,
            Ok(read) => read as u64,
            Err(error) => break Some(LineFault::File(error)),
        };
        if line.last() != Some(&b'\n') {
            break Some(if read < LINE_BYTES { LineFault::Torn(nth) } else { LineFault::NoEntry(nth) });
        }
        bytes += read;
        if bytes > LEDGER_BYTES {
            break Some(LineFault::TooLong);
        }
        let Ok(entry) = serde_json::from_slice::<Entry>(&line) else { break Some(LineFault::NoEntry(nth)) };
        match verify_after(&end, at, std::slice::from_ref(&entry)) {
            Ok(reached) => end = reached,
            Err(bad) => break Some(LineFault::Bad(bad)),
        }
        at = entry.at;
        each(entry, bytes);
    };
    LinesRead { end, fault }
}
