//! What a check of a contract's ledger found.

use std::fmt::Write as _;

use candor_diary::plain::{self, count, plural};
use serde::{Deserialize, Serialize};

/// What the check of a ledger's file found, and how it compares with the journal.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct VerifiedLedger {
    /// The title of the contract whose ledger it is.
    pub contract: String,
    /// Entries from the first on that follow from each other.
    pub entries: u64,
    /// Of these, the ones whose text was erased.
    pub erased: u64,
    /// The number up to which the back office signed the file; none without a signed head beside it.
    pub signed: Option<u64>,
    /// Delivered parcels of the contract that are in the journal.
    pub parcels: u64,
    /// Of these, the ones that have their entry with the same digest, and whose receipt fits.
    pub equal: u64,
    /// Of these, the ones that were delivered after the file was written.
    pub later: u64,
    /// What is not as it should be, the file's own faults first; [`Self::MOST`] at most.
    pub differences: Vec<LedgerDifference>,
    /// How many differences there are beyond those.
    pub more: u64,
}

/// Something in a ledger that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerDifference {
    /// The start of the segment whose parcel it is about, milliseconds since the Unix epoch; none if it is about the file.
    pub segment_start: Option<u64>,
    /// The number of the entry that it is about, if there is one.
    pub entry: Option<u64>,
    /// What is wrong, as a clause.
    pub reason: String,
}

impl VerifiedLedger {
    /// How many differences are listed at most.
    pub const MOST: usize = 100;

    /// Whether everything is as it should be.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.differences.is_empty() && self.more == 0
    }

    /// Adds a difference.
    pub fn add(&mut self, difference: LedgerDifference) {
        if self.differences.len() < Self::MOST {
            self.differences.push(difference);
        } else {
            self.more += 1;
        }
    }

    /// What was looked at, in sentences.
    #[must_use]
    pub fn sentence(&self) -> String {
        let entries = plural(self.entries, "entry", "entries");
        let verb = plural(self.entries, "follows", "follow");
        let signed = match self.signed {
            Some(signed) => format!("signed by the back office up to entry {}", count(signed)),
            None => "no signed head beside it".to_owned(),
        };
        let parcels = plural(self.parcels, "parcel", "parcels");
        let mut text = format!(
            "The ledger of {}: {} {entries} that {verb} from each other, {} erased; {signed}. \
             {} delivered {parcels} in the journal: {} as in the ledger",
            plain::visible(&self.contract),
            count(self.entries),
            count(self.erased),
            count(self.parcels),
            count(self.equal),
        );
        if self.later > 0 {
            let _ = write!(text, ", {} delivered after the file was written", count(self.later));
        }
        text.push('.');
        text
    }
}
