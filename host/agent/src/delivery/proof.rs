//! What proves that a target holds a parcel: nothing is called delivered without (invariant 9).

use std::path::PathBuf;

use candor_diary::ledger::LedgerHead;
use candor_diary::wire::{RECEIPT_TYPE, Receipt};
use candor_seal::{Envelope, PublicKey, sha256_hex};

use crate::delivery::folder_proof::check_folder;

/// Why a receipt is not one.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum BadReceipt {
    /// Not an envelope, of another type, or not signed with the back office's key.
    #[error("its signature is not valid")]
    Signature,
    /// Signed, but not about this parcel.
    #[error("it is about something else: {0}")]
    Other(&'static str),
}

/// Checks that `proof` is the back office's receipt for exactly these bytes, in the ledger of this contract.
///
/// # Errors
/// Why it is not.
pub fn check_receipt(
    proof: &[u8],
    server: &PublicKey,
    contract: &str,
    parcel_id: &str,
    envelope: &[u8],
) -> Result<Receipt, BadReceipt> {
    let signed = Envelope::from_json(proof).map_err(|_| BadReceipt::Signature)?;
    let payload = signed.verify(RECEIPT_TYPE, server).map_err(|_| BadReceipt::Signature)?;
    let receipt: Receipt = serde_json::from_slice(payload).map_err(|_| BadReceipt::Signature)?;
    if receipt.parcel != parcel_id {
        return Err(BadReceipt::Other("another parcel"));
    }
    if receipt.digest != sha256_hex(envelope) {
        return Err(BadReceipt::Other("other bytes"));
    }
    if receipt.ledger.contract != contract {
        return Err(BadReceipt::Other("the ledger of another contract"));
    }
    Ok(receipt)
}

/// What counts as proof that a target holds a parcel.
#[derive(Clone, Debug)]
pub enum DeliveryProof {
    /// A back office's receipt.
    Countersigned {
        /// The key that it is countersigned with.
        server: Box<PublicKey>,
        /// The id of the contract whose ledger has the parcel's entry.
        contract: String,
    },
    /// What was put into this folder can be read back from it.
    Written(PathBuf),
}

impl DeliveryProof {
    /// Checks that `proof` is for exactly these bytes. Returns how far the contract's ledger goes with them, if the target keeps
    /// one.
    ///
    /// # Errors
    /// Why it is not.
    pub async fn check(
        &self,
        proof: Vec<u8>,
        parcel_id: &str,
        envelope: Vec<u8>,
        attachments: Vec<String>,
    ) -> Result<Option<LedgerHead>, String> {
        match self {
            Self::Countersigned { server, contract } => {
                check_receipt(&proof, server, contract, parcel_id, &envelope)
                    .map(|receipt| Some(receipt.ledger))
                    .map_err(|bad| bad.to_string())
            }
            Self::Written(folder) => {
                let (folder, id) = (folder.clone(), parcel_id.to_owned());
                let read = move || check_folder(&proof, &folder, &id, &envelope, &attachments);
                let checked = tokio::task::spawn_blocking(read).await;
                checked.map_err(|_| "it could not be checked".to_owned())?.map_err(|bad| bad.to_string())?;
                Ok(None)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use candor_seal::SecretKey;

    use super::*;

    #[test]
    fn only_a_countersigned_receipt_for_the_same_bytes_counts() {
        let server = SecretKey::generate().unwrap();
        let other = SecretKey::generate().unwrap();
        let sign = |key: &SecretKey, kind: &str, parcel: &str, bytes: &[u8]| {
            let receipt = Receipt {
                parcel: parcel.into(),
                digest: sha256_hex(bytes),
                contract: "c".into(),
                device: "d".into(),
                sequence: 1,
                chain_head: "0".repeat(64),
                received_at: 1,
                ledger: candor_diary::ledger::LedgerHead::first("c"),
            };
            Envelope::sign(kind, serde_json::to_vec(&receipt).unwrap(), key).to_json()
        };
        let check =
            |proof: &[u8]| check_receipt(proof, &server.public(), "c", "p", b"bytes").map(|r| r.sequence);
        assert_eq!(check(&sign(&server, RECEIPT_TYPE, "p", b"bytes")), Ok(1));
        assert_eq!(check(b"200 OK"), Err(BadReceipt::Signature));
        assert_eq!(check(&sign(&other, RECEIPT_TYPE, "p", b"bytes")), Err(BadReceipt::Signature));
        assert_eq!(check(&sign(&server, "text/plain", "p", b"bytes")), Err(BadReceipt::Signature));
        assert_eq!(
            check(&sign(&server, RECEIPT_TYPE, "q", b"bytes")),
            Err(BadReceipt::Other("another parcel"))
        );
        assert_eq!(check(&sign(&server, RECEIPT_TYPE, "p", b"bites")), Err(BadReceipt::Other("other bytes")));
        let signed = sign(&server, RECEIPT_TYPE, "p", b"bytes");
        assert_eq!(
            check_receipt(&signed, &server.public(), "d", "p", b"bytes"),
            Err(BadReceipt::Other("the ledger of another contract"))
        );
    }
}
