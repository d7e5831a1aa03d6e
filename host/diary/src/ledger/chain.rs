//! How entries hang together, and how a copy of them is checked.

use candor_seal::{Chain, Envelope, Hash, PublicKey, commitment};
use serde::{Deserialize, Serialize};

use super::entry::{Body, Entry};

/// The DSSE payload type of a countersigned head.
pub const LEDGER_HEAD_TYPE: &str = "application/vnd.candor.ledger-head+json";

/// How far a ledger goes: the back office countersigns it with every receipt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct LedgerHead {
    /// The id of the contract.
    pub contract: String,
    /// The number of the last entry; 0 if there is none.
    pub number: u64,
    /// The head of the chain after it.
    pub head: Hash,
}

/// Why a copy of a ledger cannot be believed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadLedger {
    /// An entry is missing, twice or out of order.
    #[error("entry {expected} is missing: entry {found} stands in its place")]
    Hole {
        /// The number that should come.
        expected: u64,
        /// The number that comes.
        found: u64,
    },
    /// The head does not follow from the entry and the head before it.
    #[error("entry {0} was changed, or one before it: the chain does not fit")]
    Chain(u64),
    /// The body is not the one that was written.
    #[error("the text of entry {0} was changed")]
    Body(u64),
    /// The body says another kind than the entry.
    #[error("entry {0} says to be of another kind than its text")]
    Kind(u64),
    /// Time goes back.
    #[error("entry {0} is older than the one before it")]
    Time(u64),
    /// The back office's signature is not under this head.
    #[error("the head of the ledger is not signed by the back office")]
    Unsigned,
    /// What was seen before is not in it.
    #[error("entry {0} is not the one that was there before: the ledger was rewritten")]
    Rewritten(u64),
    /// It ends before what was seen before.
    #[error("it ends with entry {found}, and {known} were there before")]
    Shortened {
        /// The last number that it has.
        found: u64,
        /// The last number that was seen.
        known: u64,
    },
}

impl LedgerHead {
    /// Returns the head of a contract's ledger before its first entry.
    #[must_use]
    pub fn first(contract: &str) -> Self {
        let head = Chain::genesis(&format!("ledger of {contract}"));
        Self { contract: contract.to_owned(), number: 0, head }
    }
}

/// Writes the next entry. `salt` is random and nobody else's.
#[must_use]
pub fn append(before: &LedgerHead, at: u64, body: &Body, salt: [u8; 32]) -> Entry {
    // Texts and numbers under text keys: there is nothing that could not be written down.
    let text = serde_json::to_string(body).unwrap_or_default();
    let kind = body.says.kind();
    let commitment = commitment(&salt, text.as_bytes());
    let number = before.number.saturating_add(1);
    let head = Chain::next(&before.head, number, kind, at, &commitment);
    Entry { number, at, kind: kind.to_owned(), salt: Some(Hash(salt)), body: Some(text), commitment, head }
}

/// Checks entries that follow `before`, in order; returns how far the ledger goes then. An erased body is taken: its
/// commitment is in the chain.
///
/// # Errors
/// [`BadLedger`], the first thing that does not fit.
pub fn verify<'a>(
    before: &LedgerHead,
    entries: impl IntoIterator<Item = &'a Entry>,
) -> Result<LedgerHead, BadLedger> {
    let mut last = before.clone();
    let mut time = 0;
    for entry in entries {
        let expected = last.number.saturating_add(1);
        if entry.number != expected {
            return Err(BadLedger::Hole { expected, found: entry.number });
        }
        if entry.at < time {
            return Err(BadLedger::Time(entry.number));
        }
        if let Some(text) = &entry.body {
            let fits =
                entry.salt.is_some_and(|salt| commitment(&salt.0, text.as_bytes()) == entry.commitment);
            if !fits {
                return Err(BadLedger::Body(entry.number));
            }
            if entry.read().is_some_and(|body| body.says.kind() != entry.kind) {
                return Err(BadLedger::Kind(entry.number));
            }
        }
        if Chain::next(&last.head, entry.number, &entry.kind, entry.at, &entry.commitment) != entry.head {
            return Err(BadLedger::Chain(entry.number));
        }
        time = entry.at;
        (last.number, last.head) = (entry.number, entry.head);
    }
    Ok(last)
}

/// Reads a countersigned head.
///
/// # Errors
/// [`BadLedger::Unsigned`] if it is not signed by this back office, or for another contract.
pub fn read_head(signed: &[u8], server: &PublicKey, contract: &str) -> Result<LedgerHead, BadLedger> {
    let envelope = Envelope::from_json(signed).map_err(|_| BadLedger::Unsigned)?;
    let payload = envelope.verify(LEDGER_HEAD_TYPE, server).map_err(|_| BadLedger::Unsigned)?;
    let head: LedgerHead = serde_json::from_slice(payload).map_err(|_| BadLedger::Unsigned)?;
    if head.contract == contract { Ok(head) } else { Err(BadLedger::Unsigned) }
}

/// Checks that a ledger still has what was seen of it: `known` is the highest head that was.
///
/// # Errors
/// [`BadLedger::Shortened`] or [`BadLedger::Rewritten`].
pub fn still_has(known: &LedgerHead, entries: &[Entry]) -> Result<(), BadLedger> {
    let last = entries.last().map_or(0, |entry| entry.number);
    if last < known.number {
        return Err(BadLedger::Shortened { found: last, known: known.number });
    }
    let found = entries.iter().find(|entry| entry.number == known.number);
    match found {
        Some(entry) if entry.head != known.head => Err(BadLedger::Rewritten(known.number)),
        _ => Ok(()),
    }
}
