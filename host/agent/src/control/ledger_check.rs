//! Checks the file of a contract's ledger, and compares it with what this device delivered. Nothing is asked of the back
//! office: the file may come from an export, or from the client.

use std::collections::{BTreeSet, HashMap};
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use candor_diary::ledger::chain::read_head;
use candor_diary::ledger::{Entry, LedgerHead, Statement, verify};
use candor_diary::wire::{FolderProof, RECEIPT_TYPE, Receipt};
use candor_journal::{Journal, JournalError, OutboxEntry};
use candor_protocol::{LedgerDifference, VerifiedLedger};
use candor_seal::{Envelope, Hash, PublicKey, sha256_hex};

use crate::contract::session::ContractSession;
use crate::contract::sessions::Sessions;
use crate::delivery::ledger_copy::LedgerCopy;
use crate::delivery::ledger_copy::lines::{LinesRead, read_lines};

/// How many parcels the journal lists at once.
const LISTED: u32 = 10_000;
/// The most bytes of the first line.
const FIRST_BYTES: u64 = 8 << 20;
/// The most bytes of a signed head.
const HEAD_BYTES: u64 = 64 << 10;

/// Why a file cannot be checked at all.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LedgerCheckError {
    /// A relative path would be the agent's, not the caller's.
    #[error("name the file with its whole path")]
    RelativePath,
    /// The file cannot be read.
    #[error("{file} could not be read: {why}")]
    File {
        /// Its path.
        file: String,
        /// What the operating system says.
        why: io::Error,
    },
    /// Its first line fits no contract.
    #[error(
        "{0} is not the ledger of a contract that this device has: name the ledger.jsonl of an export of this device, or of the client's"
    )]
    OfNoContract(String),
    /// The journal could not be read.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The agent is stopping.
    #[error("the agent is stopping")]
    Stopping,
}

/// What a ledger's file says, as far as it verifies.
struct LedgerFile {
    found: VerifiedLedger,
    end: LedgerHead,
    heads: Vec<Hash>,
    /// Number and digest of the entry of each parcel.
    parcels: HashMap<String, (u64, String)>,
    /// The numbers of parcels' entries whose text was erased.
    erased_parcels: BTreeSet<u64>,
}

/// What is left of a delivered parcel.
struct Delivered {
    parcel: String,
    segment_start: u64,
    /// SHA-256 of its envelope, while that is there.
    digest: Option<String>,
    receipt: Vec<u8>,
}

/// A contract whose ledger a file may be.
struct Candidate {
    contract: String,
    server: PublicKey,
    copy: Arc<LedgerCopy>,
}

/// Checks the file, finds out whose contract it is, and compares it with the journal.
///
/// # Errors
/// If it cannot be checked at all. What is wrong with it is in the answer.
pub(crate) async fn check(sessions: &Sessions, file: &str) -> Result<VerifiedLedger, LedgerCheckError> {
    let path = PathBuf::from(file);
    if !path.is_absolute() {
        return Err(LedgerCheckError::RelativePath);
    }
    let all = sessions.all().await;
    let candidate = |session: &Arc<ContractSession>| Candidate {
        contract: session.enrolment.terms.contract.clone(),
        server: session.enrolment.server_key.clone(),
        copy: Arc::clone(&session.ledger_copy),
    };
    let candidates: Vec<Candidate> = all.iter().map(candidate).collect();
    let name = file.to_owned();
    let read =
        move || read_file(&path, &candidates).map_err(|why| LedgerCheckError::File { file: name, why });
    let read = tokio::task::spawn_blocking(read).await.map_err(|_| LedgerCheckError::Stopping)??;
    let found = read.and_then(|(nth, ledger)| Some((all.get(nth)?, ledger)));
    let Some((session, mut ledger)) = found else {
        return Err(LedgerCheckError::OfNoContract(file.to_owned()));
    };
    let now = session.context.clock.now();
    for delivered in delivered(&session.context.journal, &session.shared.session_name, now).await? {
        ledger.compare(&delivered, &session.enrolment.server_key);
    }
    ledger.found.contract.clone_from(&session.enrolment.terms.title);
    Ok(ledger.found)
}

/// Reads the file as the ledger of the contract that its first entry is of; returns which of `candidates` that is. None if it
/// is none of them.
fn read_file(path: &Path, candidates: &[Candidate]) -> io::Result<Option<(usize, LedgerFile)>> {
    let mut line = Vec::new();
    BufReader::new(File::open(path)?).take(FIRST_BYTES).read_until(b'\n', &mut line)?;
    let Ok(first) = serde_json::from_slice::<Entry>(&line) else { return Ok(None) };
    let head = match File::open(path.with_file_name("ledger-head.json")) {
        Ok(file) => {
            let mut bytes = Vec::new();
            file.take(HEAD_BYTES).read_to_end(&mut bytes)?;
            Some(bytes)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(error),
    };
    let head = head.as_deref();
    let of = candidates
        .iter()
        .enumerate()
        .filter(|(_, candidate)| verify(&LedgerHead::first(&candidate.contract), [&first]).is_ok());
    // Two back offices may have contracts of the same id: the one that signed it, else the one that it was had from.
    let best = of.max_by_key(|(_, Candidate { contract, server, copy })| {
        let signed = head.is_some_and(|head| read_head(head, server, contract).is_ok());
        (signed, copy.head_at(1) == Some(first.head))
    });
    let Some((nth, Candidate { contract, server, copy })) = best else { return Ok(None) };
    let lines = BufReader::new(File::open(path)?);
    Ok(Some((nth, LedgerFile::read(lines, head, contract, server, copy))))
}

/// Lists what was delivered for a session: of each segment the latest, and of the latest of all also those before them.
async fn delivered(journal: &Journal, session: &str, now: u64) -> Result<Vec<Delivered>, JournalError> {
    let mut entries = journal.outbox(LISTED).await?;
    entries.retain(|entry| entry.contract == session);
    let listed: BTreeSet<String> = entries.iter().map(|entry| entry.parcel_id.clone()).collect();
    let latest = journal.closed_parcels(session, 0, now.saturating_add(1)).await?;
    entries.extend(latest.into_iter().filter(|entry| !listed.contains(&entry.parcel_id)));
    entries.sort_by_key(|entry| (entry.segment_start, entry.revision));
    let mut all = Vec::new();
    for OutboxEntry { parcel_id, segment_start, receipt, .. } in entries {
        let Some(receipt) = receipt else { continue };
        // Gone with what was removed, or damaged: then the receipt is left.
        let envelope = journal.envelope(&parcel_id).await.ok();
        let digest = envelope.map(|envelope| sha256_hex(&envelope));
        all.push(Delivered { parcel: parcel_id, segment_start, digest, receipt });
    }
    Ok(all)
}

impl LedgerFile {
    /// Reads lines, the signed head beside them, and what the copy has of the same ledger.
    fn read(
        lines: impl BufRead,
        head: Option<&[u8]>,
        contract: &str,
        server: &PublicKey,
        copy: &LedgerCopy,
    ) -> Self {
        let (mut heads, mut parcels) = (Vec::new(), HashMap::new());
        let (mut erased, mut erased_parcels) = (0, BTreeSet::new());
        let LinesRead { end, fault } = read_lines(lines, contract, |entry, _| {
            heads.push(entry.head);
            match entry.read().map(|body| body.says) {
                Some(Statement::Parcel { parcel, digest, .. }) => {
                    parcels.insert(parcel, (entry.number, digest));
                }
                _ if entry.body.is_some() => {}
                _ => {
                    erased += 1;
                    if entry.kind == "parcel" {
                        erased_parcels.insert(entry.number);
                    }
                }
            }
        });
        let found = VerifiedLedger { entries: end.number, erased, ..VerifiedLedger::default() };
        let mut ledger = Self { found, end, heads, parcels, erased_parcels };
        if let Some(fault) = fault {
            ledger.differs(None, Some(ledger.end.number + 1), &fault.to_string());
        }
        if let Some(head) = head {
            ledger.compare_head(head, contract, server);
        }
        let differs = (1..)
            .zip(&ledger.heads)
            .find(|(number, head)| copy.head_at(*number).is_some_and(|had| had != **head));
        if let Some((number, _)) = differs {
            let reason = format!("entry {number} is not the one that this device had from the back office");
            ledger.differs(None, Some(number), &reason);
        }
        ledger
    }

    fn compare_head(&mut self, head: &[u8], contract: &str, server: &PublicKey) {
        let Ok(signed) = read_head(head, server, contract) else {
            let reason = "ledger-head.json beside it is not signed by the back office of this contract";
            return self.differs(None, None, reason);
        };
        let end = self.end.number;
        if signed.number < end {
            let reason =
                format!("entry {end} is its last, and the back office signed up to {}", signed.number);
            self.differs(None, Some(signed.number + 1), &reason);
        } else if signed.number > end {
            let reason =
                format!("it ends with entry {end}, and the back office signed up to {}", signed.number);
            self.differs(None, Some(end + 1), &reason);
        }
        match self.head_at(signed.number) {
            Some(head) if head != signed.head => {
                let reason = format!("entry {} is not the one that the back office signed", signed.number);
                self.differs(None, Some(signed.number), &reason);
            }
            Some(_) => self.found.signed = Some(signed.number),
            None => {}
        }
    }

    fn head_at(&self, number: u64) -> Option<Hash> {
        self.heads.get(usize::try_from(number.checked_sub(1)?).ok()?).copied()
    }

    fn differs(&mut self, segment_start: Option<u64>, entry: Option<u64>, reason: &str) {
        self.found.add(LedgerDifference { segment_start, entry, reason: reason.to_owned() });
    }

    /// Looks for a delivered parcel in the ledger.
    fn compare(&mut self, delivered: &Delivered, server: &PublicKey) {
        // One that went into a folder is in no ledger.
        if serde_json::from_slice::<FolderProof>(&delivered.receipt).is_ok() {
            return;
        }
        self.found.parcels += 1;
        match self.place_of(delivered, server) {
            Ok(Some(_)) => self.found.equal += 1,
            Ok(None) => self.found.later += 1,
            Err((entry, reason)) => self.differs(Some(delivered.segment_start), entry, &reason),
        }
    }

    /// Returns the number of a parcel's entry; none if it was delivered after the file was written.
    fn place_of(
        &self,
        delivered: &Delivered,
        server: &PublicKey,
    ) -> Result<Option<u64>, (Option<u64>, String)> {
        let receipt = Envelope::from_json(&delivered.receipt).ok();
        let receipt = receipt.as_ref().and_then(|signed| signed.verify(RECEIPT_TYPE, server).ok());
        let receipt = receipt.and_then(|payload| serde_json::from_slice::<Receipt>(payload).ok());
        let Some(Receipt { parcel, digest, ledger, .. }) = receipt else {
            return Err((None, "its receipt is not signed by the back office".into()));
        };
        if parcel != delivered.parcel || delivered.digest.as_ref().is_some_and(|had| *had != digest) {
            return Err((None, "its receipt is about another parcel, or other bytes".into()));
        }
        if ledger.contract != self.end.contract {
            return Err((None, "its receipt is of the ledger of another contract".into()));
        }
        let number = ledger.number;
        if self.head_at(number).is_some_and(|head| head != ledger.head) {
            return Err((Some(number), format!("entry {number} is not the one that its receipt confirmed")));
        }
        match self.parcels.get(&parcel) {
            Some((entry, theirs)) if *theirs != digest => {
                Err((Some(*entry), format!("entry {entry} has another digest than what was sent")))
            }
            Some((entry, _)) => Ok(Some(*entry)),
            None if number > self.end.number => Ok(None),
            // The head that the receipt confirmed covers the text that was erased.
            None if self.erased_parcels.contains(&number) => Ok(Some(number)),
            None => {
                Err((Some(number), format!("it has no entry, although its receipt confirms entry {number}")))
            }
        }
    }
}

#[cfg(test)]
mod tests;
