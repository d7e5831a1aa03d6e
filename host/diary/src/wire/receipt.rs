//! A back office's proof that it holds a parcel.

use serde::{Deserialize, Serialize};

use crate::ledger::LedgerHead;
use crate::parcel::Core;

/// The DSSE payload type of a receipt.
pub const RECEIPT_TYPE: &str = "application/vnd.candor.receipt+json";

/// What a back office countersigns (design §7). The device deletes nothing and shows nothing as delivered before it
/// has verified one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Receipt {
    /// The id of the parcel.
    pub parcel: String,
    /// SHA-256 of the envelope's exact bytes as received, 64 lowercase hex digits.
    pub digest: String,
    /// The id of the contract.
    pub contract: String,
    /// The id of the device.
    pub device: String,
    /// The parcel's position in the device's journal.
    pub sequence: u64,
    /// The head of the journal's chain after it, 64 lowercase hex digits.
    pub chain_head: String,
    /// When the back office took it, milliseconds since the Unix epoch.
    pub received_at: u64,
    /// How far the contract's ledger goes with the parcel's entry in it: nothing up to there is ever rewritten.
    pub ledger: LedgerHead,
}

impl Receipt {
    /// For a parcel that was taken at `received_at`, in milliseconds since the Unix epoch, whose envelope has this digest, 64
    /// lowercase hex digits.
    #[must_use]
    pub fn of(core: &Core, digest: &str, received_at: u64, ledger: LedgerHead) -> Self {
        Self {
            parcel: core.id.clone(),
            digest: digest.to_owned(),
            contract: core.contract.clone(),
            device: core.device.clone(),
            sequence: core.sequence,
            chain_head: core.chain_head.clone(),
            received_at,
            ledger,
        }
    }
}
