//! This device's copy of a contract's ledger: what the back office cannot take back.
//!
//! ```text
//! ledger.jsonl         the entries, one a line, only ever appended
//! ledger-state.json    the highest head that the back office signed, the last signed head as received, and what is wrong
//! ```
//!
//! Entries are written only after they were checked onto those that are there. Up to the last signed head they are
//! *confirmed*; what was read beyond it, because a ledger is longer than a round of asking, is on approval until the
//! signed head is reached, and dropped if it does not lead there. What is confirmed is never changed or dropped, whatever
//! the back office says later.

#[cfg(test)]
pub(crate) mod example;
mod fault;
pub mod lines;
#[cfg(test)]
mod tests;

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use candor_diary::ledger::{Entry, LEDGER_HEAD_TYPE, LedgerHead};
use candor_diary::wire::LedgerAnswer;
use candor_files::{ExistingFile, write_whole};
use candor_seal::{Envelope, Hash, PublicKey};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

pub use fault::LedgerFault;
use lines::{LEDGER_BYTES, LineFault, read_lines, verify_after};

const ENTRIES: &str = "ledger.jsonl";
const DAMAGED: &str = "ledger-damaged.jsonl";
const STATE: &str = "ledger-state.json";

/// Why entries were not taken.
#[derive(Debug, thiserror::Error)]
pub enum NotTaken {
    /// They are not the contract's ledger as it was.
    #[error(transparent)]
    Fault(#[from] LedgerFault),
    /// The copy could not be written; what it had it has.
    #[error("the copy of the ledger could not be written: {0}")]
    File(#[from] io::Error),
}

/// How far the copy goes after entries were taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reached {
    /// To the signed head: all is confirmed.
    Head,
    /// There is more.
    More,
}

/// A contract's copy.
#[derive(Debug)]
pub struct LedgerCopy {
    folder: PathBuf,
    contract: String,
    server: PublicKey,
    kept: Mutex<Kept>,
}

/// What is known of the files without reading them.
#[derive(Debug)]
struct Kept {
    /// Where each entry is, from number 1.
    entries: Vec<Place>,
    /// The number up to which the entries lead to a signed head.
    confirmed: u64,
    state: CopyState,
}

#[derive(Clone, Copy, Debug)]
struct Place {
    head: Hash,
    /// When the entry was written, milliseconds since the Unix epoch.
    at: u64,
    /// How many bytes there are up to the end of its line.
    end: u64,
}

/// The file beside the entries.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct CopyState {
    /// The highest head that the back office signed, in a receipt or for the ledger itself.
    known: LedgerHead,
    /// The last signed head that the copy reached, as received.
    #[serde(default)]
    head: Option<Envelope>,
    /// The head of a receipt that contradicts another signed head. Both stay signed, so this is never over.
    #[serde(default)]
    contradiction: Option<LedgerHead>,
    /// What is wrong with the back office's ledger, for a person.
    #[serde(default)]
    problem: Option<String>,
}

impl CopyState {
    /// Reads the file; none if there is none.
    fn read(folder: &Path) -> io::Result<Option<Self>> {
        match fs::read(folder.join(STATE)) {
            Ok(bytes) => serde_json::from_slice(&bytes).map(Some).map_err(io::Error::other),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}

impl Kept {
    fn number(&self) -> u64 {
        self.entries.len() as u64
    }

    /// Returns when the last entry was written, milliseconds since the Unix epoch.
    fn last_at(&self) -> u64 {
        self.entries.last().map_or(0, |last| last.at)
    }

    fn place(&self, number: u64) -> Option<&Place> {
        self.entries.get(usize::try_from(number.checked_sub(1)?).ok()?)
    }

    fn bytes_up_to(&self, number: u64) -> u64 {
        self.place(number).map_or(0, |place| place.end)
    }

    fn end(&self, contract: &str) -> LedgerHead {
        match self.entries.last() {
            Some(last) => {
                LedgerHead { contract: contract.to_owned(), number: self.number(), head: last.head }
            }
            None => LedgerHead::first(contract),
        }
    }

    fn cut_to(&mut self, number: u64) {
        self.entries.truncate(usize::try_from(number).unwrap_or(usize::MAX));
    }
}

impl LedgerCopy {
    /// Opens the copy in a contract's folder: of the contract `contract` of the back office with the key `server`. A last
    /// line that a crash tore is cut off. What else does not verify was damaged on this computer: it is put aside, and asked for
    /// again. Nobody is kept from work by what cannot be read here; it is shown as a problem.
    #[must_use]
    pub fn open(folder: &Path, server: &PublicKey, contract: &str) -> Self {
        let nothing =
            CopyState { known: LedgerHead::first(contract), head: None, contradiction: None, problem: None };
        let mut kept = Kept { entries: Vec::new(), confirmed: 0, state: nothing };
        match CopyState::read(folder) {
            Ok(Some(state)) if state.known.contract == contract => kept.state = state,
            Ok(None) => {}
            Ok(Some(_)) => kept.state.problem = Some(unreadable(STATE, "it is of another contract")),
            Err(error) => kept.state.problem = Some(unreadable(STATE, &error.to_string())),
        }
        let copy = Self {
            folder: folder.to_path_buf(),
            contract: contract.to_owned(),
            server: server.clone(),
            kept: Mutex::new(kept),
        };
        let mut kept = copy.kept.lock();
        if let Err(error) = copy.load(&mut kept) {
            kept.state.problem = Some(unreadable(ENTRIES, &error.to_string()));
        }
        drop(kept);
        copy
    }

    /// Reads the entries, and cuts off what does not verify.
    fn load(&self, kept: &mut Kept) -> io::Result<()> {
        kept.cut_to(0);
        let file = match OpenOptions::new().read(true).write(true).open(self.folder.join(ENTRIES)) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error),
        };
        let read = read_lines(BufReader::new(&file), &self.contract, |entry, end| {
            kept.entries.push(Place { head: entry.head, at: entry.at, end });
        });
        if let Some(LineFault::File(error)) = read.fault {
            return Err(error);
        }
        let signed = kept.state.head.as_ref().and_then(|head| self.read_head(head).ok());
        let signed = signed.unwrap_or_else(|| LedgerHead::first(&self.contract));
        let differs = kept.place(signed.number).is_some_and(|place| place.head != signed.head);
        if differs {
            kept.entries.clear();
        }
        match read.fault {
            None if !differs => {}
            // It was on its way when the computer stopped.
            Some(LineFault::Torn(_)) if !differs => {}
            fault => {
                let why =
                    fault.map_or_else(|| "it is not what was signed".to_owned(), |fault| fault.to_string());
                tracing::warn!("the copy of the ledger was damaged here, and is asked for again: {why}");
                fs::copy(self.folder.join(ENTRIES), self.folder.join(DAMAGED))?;
            }
        }
        let end = kept.bytes_up_to(kept.number());
        if file.metadata()?.len() != end {
            file.set_len(end)?;
            file.sync_all()?;
        }
        kept.confirmed = signed.number.min(kept.number());
        Ok(())
    }

    /// Returns the id of the contract.
    #[must_use]
    pub fn contract(&self) -> &str {
        &self.contract
    }

    /// Returns how far the copy goes.
    #[must_use]
    pub fn end(&self) -> LedgerHead {
        self.kept.lock().end(&self.contract)
    }

    /// Returns the number up to which the copy leads to a signed head.
    #[must_use]
    pub fn confirmed(&self) -> u64 {
        self.kept.lock().confirmed
    }

    /// Returns the highest head that the back office signed.
    #[must_use]
    pub fn known(&self) -> LedgerHead {
        self.kept.lock().state.known.clone()
    }

    /// Returns the head after this entry; none if the copy has no such entry.
    #[must_use]
    pub fn head_at(&self, number: u64) -> Option<Hash> {
        self.kept.lock().place(number).map(|place| place.head)
    }

    /// Returns what is wrong with the back office's ledger, for a person.
    #[must_use]
    pub fn problem(&self) -> Option<String> {
        self.kept.lock().state.problem.clone()
    }

    /// Returns the last signed head that the copy reached, as it was received, and the lines up to it. Blocks.
    ///
    /// # Errors
    /// If the copy cannot be read.
    pub fn export(&self) -> io::Result<Option<(Envelope, Vec<u8>)>> {
        let kept = self.kept.lock();
        let Some(head) = kept.state.head.clone() else { return Ok(None) };
        let mut lines = Vec::new();
        let end = kept.bytes_up_to(kept.confirmed);
        if end > 0 {
            File::open(self.folder.join(ENTRIES))?.take(end).read_to_end(&mut lines)?;
        }
        Ok(Some((head, lines)))
    }

    /// Returns the entries up to the last signed head. Blocks.
    ///
    /// # Errors
    /// If the copy cannot be read.
    pub fn entries(&self) -> io::Result<Vec<Entry>> {
        let Some((_, lines)) = self.export()? else { return Ok(Vec::new()) };
        let mut all = Vec::new();
        read_lines(lines.as_slice(), &self.contract, |entry, _| all.push(entry));
        Ok(all)
    }

    /// Keeps, so that it is on the disk when this returns, how far the ledger went by a receipt. Returns what is wrong if
    /// that contradicts what the back office signed before. Blocks.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn note_receipt(&self, head: &LedgerHead) -> io::Result<Option<LedgerFault>> {
        let mut kept = self.kept.lock();
        let known = &kept.state.known;
        let before = match kept.place(head.number).filter(|_| head.number <= kept.confirmed) {
            Some(place) => Some(place.head),
            None => (known.number == head.number).then_some(known.head),
        };
        let contradicts = before.is_some_and(|before| before != head.head);
        if !contradicts && head.number <= known.number {
            return Ok(None);
        }
        let mut state = kept.state.clone();
        let fault = contradicts.then_some(LedgerFault::NotAsConfirmed(head.number));
        if let Some(fault) = &fault {
            state.contradiction.get_or_insert_with(|| head.clone());
            state.problem = Some(fault.told());
        } else {
            state.known = head.clone();
        }
        self.save(&mut kept, state)?;
        Ok(fault)
    }

    /// Takes the back office's answer to what follows the copy's end. Nothing is written before it is checked. Blocks.
    ///
    /// # Errors
    /// [`NotTaken`]: why nothing of it was taken.
    pub fn take(&self, answer: &LedgerAnswer) -> Result<Reached, NotTaken> {
        let mut kept = self.kept.lock();
        let signed = self.read_head(&answer.head)?;
        let reached = self.check(&kept, &signed, &answer.entries)?;
        self.append(&mut kept, &answer.entries)?;
        if reached.number < signed.number {
            return Ok(Reached::More);
        }
        let problem = kept
            .state
            .contradiction
            .as_ref()
            .map(|contradiction| LedgerFault::NotAsConfirmed(contradiction.number).told());
        let state = &kept.state;
        let same = state.known == signed && state.problem == problem;
        if !same || state.head.as_ref() != Some(&answer.head) {
            let state =
                CopyState { known: signed, head: Some(answer.head.clone()), problem, ..state.clone() };
            self.save(&mut kept, state)?;
        }
        kept.confirmed = reached.number;
        Ok(Reached::Head)
    }

    /// Keeps what is wrong with the back office's ledger, until it verifies again. What was not confirmed is dropped: it may be
    /// part of what is wrong. Blocks.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn note_fault(&self, fault: &LedgerFault) -> io::Result<()> {
        let mut kept = self.kept.lock();
        let state = CopyState { problem: Some(fault.told()), ..kept.state.clone() };
        // Shown now even if it cannot be kept.
        kept.state.problem.clone_from(&state.problem);
        if kept.confirmed < kept.number() {
            let file = OpenOptions::new().write(true).open(self.folder.join(ENTRIES))?;
            let confirmed = kept.confirmed;
            file.set_len(kept.bytes_up_to(confirmed))?;
            kept.cut_to(confirmed);
            file.sync_all()?;
        }
        self.save(&mut kept, state)
    }

    /// Reads a signed head: wrong keys and wrong contracts are told apart.
    fn read_head(&self, head: &Envelope) -> Result<LedgerHead, LedgerFault> {
        let payload = head.verify(LEDGER_HEAD_TYPE, &self.server).map_err(|_| LedgerFault::WrongKey)?;
        let head: LedgerHead = serde_json::from_slice(payload).map_err(|_| LedgerFault::Unreadable)?;
        if head.contract == self.contract { Ok(head) } else { Err(LedgerFault::OtherContract) }
    }

    /// Checks that entries follow from the copy and lead to the signed head, or towards it, through everything that was
    /// confirmed before. Returns how far they go.
    fn check(&self, kept: &Kept, signed: &LedgerHead, entries: &[Entry]) -> Result<LedgerHead, LedgerFault> {
        let (known, end) = (&kept.state.known, kept.end(&self.contract));
        let least = known.number.max(kept.confirmed);
        if signed.number < least {
            return Err(LedgerFault::Shortened { found: signed.number, known: least });
        }
        if signed.number < end.number {
            return Err(LedgerFault::Unsigned(signed.number));
        }
        let reached = verify_after(&end, kept.last_at(), entries).map_err(LedgerFault::Bad)?;
        if reached.number > signed.number {
            return Err(LedgerFault::Unsigned(signed.number));
        }
        let head_at = |number: u64| match kept.place(number) {
            Some(place) => Some(place.head),
            None => entries.iter().find(|entry| entry.number == number).map(|entry| entry.head),
        };
        if head_at(known.number).is_some_and(|head| head != known.head) {
            return Err(LedgerFault::NotAsConfirmed(known.number));
        }
        if reached.number == signed.number && reached.head != signed.head {
            return Err(LedgerFault::OtherHead(signed.number));
        }
        if entries.is_empty() && reached.number < signed.number {
            return Err(LedgerFault::Withheld { signed: signed.number, missing: reached.number + 1 });
        }
        Ok(reached)
    }

    /// Appends checked entries; they are on the disk when this returns, or the copy is as it was.
    fn append(&self, kept: &mut Kept, entries: &[Entry]) -> Result<(), NotTaken> {
        if entries.is_empty() {
            return Ok(());
        }
        let before = kept.bytes_up_to(kept.number());
        let (mut lines, mut places) = (Vec::new(), Vec::with_capacity(entries.len()));
        for entry in entries {
            serde_json::to_writer(&mut lines, entry).map_err(io::Error::from)?;
            lines.push(b'\n');
            places.push(Place { head: entry.head, at: entry.at, end: before + lines.len() as u64 });
        }
        if before + lines.len() as u64 > LEDGER_BYTES {
            return Err(LedgerFault::TooLong(LEDGER_BYTES >> 20).into());
        }
        let path = self.folder.join(ENTRIES);
        let mut file = OpenOptions::new().append(true).create(true).mode(0o600).open(path)?;
        if file.metadata()?.len() != before {
            // A session that this one takes the place of wrote to the end.
            self.load(kept)?;
            return Err(io::Error::other("it was written by another, and is read again").into());
        }
        let written = file.write_all(&lines).and_then(|()| file.sync_all());
        if let Err(error) = written {
            // Half a page is no use: what cannot be cut off here is cut off when the copy is opened.
            let _ = file.set_len(before);
            return Err(error.into());
        }
        if before == 0 {
            candor_files::sync_folder(&self.folder)?;
        }
        kept.entries.append(&mut places);
        Ok(())
    }

    /// Writes the state, and has it in memory as on the disk.
    fn save(&self, kept: &mut Kept, mut state: CopyState) -> io::Result<()> {
        // A session that this one takes the place of may have had a receipt since this was read.
        if let Ok(Some(other)) = CopyState::read(&self.folder)
            && other.known.contract == self.contract
            && other.known.number > state.known.number
        {
            state.known = other.known;
        }
        let bytes = serde_json::to_vec_pretty(&state)?;
        write_whole(&self.folder.join(STATE), ExistingFile::Replace, &bytes)?;
        kept.state = state;
        Ok(())
    }
}

fn unreadable(file: &str, why: &str) -> String {
    format!(
        "{file} could not be read on this computer, and is begun anew with what the back office says: {why}"
    )
}
