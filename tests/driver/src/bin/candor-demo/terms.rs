//! The terms of the demo's contract.

use anyhow::Result;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// Who pays, as the other side reads it.
pub(super) const CLIENT: &str = "Fieldhouse Supply";

/// Whose time it is, as the other side reads it.
pub(super) const WORKER: &str = "Mara Oduya";

/// A contract's id and its terms.
pub(super) struct DemoTerms {
    /// Made from the terms: other terms (another port, say) are another contract, enrolled anew, and a later run with
    /// the same finds its own again.
    pub(super) contract: String,
    /// The terms, as `add-contract` takes them.
    pub(super) document: Value,
}

/// Segments of so many minutes, a hold of 5 s, and, unless left out, a rule that covers every window whose title contains
/// `secret`. Without the rule the policy stays: without any, nothing would be recorded at all.
pub(super) fn of(with_rule: bool, segment_minutes: u64, backoffice: &str) -> Result<DemoTerms> {
    let rules = if with_rule {
        json!([{ "match": { "title": { "contains": "secret" } }, "then": "fill" }])
    } else {
        json!([])
    };
    let mut document = json!({
        "title": if with_rule { "Invoice service" } else { "Invoice service, without rules" },
        "client": CLIENT,
        "worker": WORKER,
        "sequence": 1,
        "mode": "worklog",
        "segment": segment_minutes,
        "hold-ms": 5000,
        "rate": 4800,
        "currency": "USD",
        "policy": { "plugin": "rules", "settings": { "rules": rules } },
        "collectors": [
            { "plugin": "screenshots", "settings": {} },
            { "plugin": "activity", "settings": {} },
            { "plugin": "windows", "settings": {} },
        ],
        "uploader": { "plugin": "backoffice", "settings": { "url": backoffice, "secret": "device-token" } },
    });
    let digest = hex::encode(Sha256::digest(serde_json::to_vec(&document)?));
    let contract = format!("invoice-service-{}", digest.get(..8).unwrap_or(&digest));
    document["contract"] = json!(contract);
    Ok(DemoTerms { contract, document })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_terms_are_the_same_contract_and_others_are_another() {
        let id = |with_rule, address| of(with_rule, 1, address).unwrap().contract;
        assert_eq!(id(true, "http://127.0.0.1:8750"), id(true, "http://127.0.0.1:8750"));
        assert_ne!(id(true, "http://127.0.0.1:8750"), id(false, "http://127.0.0.1:8750"));
        assert_ne!(id(true, "http://127.0.0.1:8750"), id(true, "http://127.0.0.1:8751"));
    }
}
