//! What is wrong with a ledger that the back office hands out.

use candor_diary::ledger::BadLedger;

/// What a person can do about any of it.
const ADVICE: &str = "Nothing is lost here; tell the client, and keep your export";

/// Why what the back office handed out is not the contract's ledger as it was.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LedgerFault {
    /// An entry that is in the copy is another one now.
    #[error("the back office's ledger is not the one that was there before: entry {0} was changed")]
    Changed(u64),
    /// It ends before what was seen or confirmed before.
    #[error(
        "the back office's ledger is not the one that was there before: it ends with entry {found}, and {known} were there before"
    )]
    Shortened {
        /// The last number that it has.
        found: u64,
        /// The last number that was seen or confirmed.
        known: u64,
    },
    /// The back office signed another entry before, with a receipt or as the head of the ledger.
    #[error(
        "entry {0} of the back office's ledger is not the one that the back office confirmed with its signature"
    )]
    NotAsConfirmed(u64),
    /// The entries do not follow from each other.
    #[error("the back office's ledger does not verify: {0}")]
    Bad(BadLedger),
    /// The entries are in order, and lead elsewhere than the signed head says.
    #[error(
        "the back office's ledger does not lead to the head that the back office signed: entry {0} differs"
    )]
    OtherHead(u64),
    /// There are more entries than are signed.
    #[error("the back office's ledger has more entries than the {0} that the back office signed")]
    Unsigned(u64),
    /// The head is not signed by the back office that this device joined at.
    #[error(
        "the back office's ledger is not signed with the key of the back office that this device joined at"
    )]
    WrongKey,
    /// The head is signed, and of another contract.
    #[error("the back office sent the ledger of another contract")]
    OtherContract,
    /// The head says that there is more, and it is not handed out.
    #[error("the back office signed a ledger of {signed} entries and does not hand out entry {missing}")]
    Withheld {
        /// How many entries were signed.
        signed: u64,
        /// The first that is missing.
        missing: u64,
    },
    /// It is no answer about a ledger.
    #[error("what the back office sent as its ledger cannot be read")]
    Unreadable,
    /// It is longer than what is kept.
    #[error("the back office's ledger is longer than the {0} MB that are kept of it here")]
    TooLong(u64),
}

impl LedgerFault {
    /// Returns it for a person, with what to do about it.
    #[must_use]
    pub fn told(&self) -> String {
        format!("{self}. {ADVICE}")
    }
}
