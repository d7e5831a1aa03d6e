//! What a back office answers about a contract's ledger.

use candor_seal::Envelope;
use serde::{Deserialize, Serialize};

use crate::ledger::Entry;

/// The next entries of a ledger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct LedgerAnswer {
    /// How far it goes in all: a [`LedgerHead`](crate::ledger::LedgerHead), signed
    /// ([`LEDGER_HEAD_TYPE`](crate::ledger::LEDGER_HEAD_TYPE)).
    pub head: Envelope,
    /// The entries after the number that was asked for, in order; there may be more.
    pub entries: Vec<Entry>,
}
