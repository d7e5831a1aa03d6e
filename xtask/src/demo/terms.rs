//! The terms of the demo's contract.

use serde_json::{Value, json};

/// One-minute segments, a hold of 5 s, and, unless left out, a rule that covers every window whose title contains
/// `secret`. Without the rule the policy stays: without any, nothing would be recorded at all.
pub(super) fn of(with_rule: bool, backoffice: &str) -> Value {
    let rules = if with_rule {
        json!([{ "match": { "title": { "contains": "secret" } }, "action": "fill" }])
    } else {
        json!([])
    };
    json!({
        "title": if with_rule { "Invoice service" } else { "Invoice service, without rules" },
        "mode": "worklog",
        "segment": 1,
        "hold-ms": 5000,
        "policy": { "plugin": "rules", "settings": { "rules": rules } },
        "collectors": [
            { "plugin": "screenshots", "settings": {} },
            { "plugin": "activity", "settings": {} },
            { "plugin": "windows", "settings": {} },
        ],
        "uploader": { "plugin": "backoffice", "settings": { "url": backoffice, "secret": "device-token" } },
    })
}
