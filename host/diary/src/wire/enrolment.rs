//! Enrolment: what a device asks, and what a back office answers, signed, so that nobody else can answer in its place.

use serde::{Deserialize, Serialize};

use crate::terms::Terms;

/// The DSSE payload type of an enrolment.
pub const ENROLMENT_TYPE: &str = "application/vnd.candor.enrolment+json";

/// What a device sends to exchange a one-time code for a token and the terms.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct EnrolmentRequest {
    /// The one-time code of the invitation.
    pub code: String,
    /// The device's name, for people.
    pub name: String,
    /// The device's public key, 64 lowercase hex digits.
    pub public_key: String,
    /// What the device drew for this one enrolment; empty in requests of old devices, to which the answer proves nothing.
    #[serde(default)]
    pub nonce: String,
}

/// The answer to an [`EnrolmentRequest`]. `E` is the DSSE envelope.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnrolmentAnswer<E> {
    /// The answer unsigned, for people who look at it. A device reads only the proof.
    #[serde(flatten, skip_deserializing)]
    pub unsigned: Option<Enrolled>,
    /// The same, signed by the back office ([`ENROLMENT_TYPE`]).
    pub proof: E,
}

/// What a back office signs when it enrols a device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Enrolled {
    /// The request's nonce: an answer to another enrolment cannot be shown to the device again.
    pub nonce: String,
    /// The device's public key, 64 lowercase hex digits.
    pub public_key: String,
    /// The id that the back office gave the device.
    pub device: String,
    /// The token with which the device signs in from now on.
    pub token: String,
    /// The key that signs this and every receipt, 64 lowercase hex digits.
    pub server_key: String,
    /// The newest terms of the contract.
    pub terms: Terms,
    /// Path of the contract's Work Diary on that server.
    pub diary_url: String,
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn an_answer_says_the_same_signed_and_unsigned_and_only_the_signed_is_read() {
        let enrolled = json!({
            "nonce": "n", "public-key": "k", "device": "d", "token": "t", "server-key": "s", "diary-url": "/",
            "terms": {
                "contract": "invoices", "title": "Invoice service", "client": "Fieldhouse Supply",
                "worker": "Mara Oduya", "sequence": 1, "mode": "worklog", "segment": 10, "hold-ms": 5000,
                "collectors": [], "uploader": { "plugin": "backoffice", "settings": {} },
                "manual-time": "no", "picture-removal": "keeps-time", "rounding": "half-even-1", "contacts": {},
                "worker-chooses": { "pictures": false, "activity": false }
            }
        });
        let unsigned: Enrolled = serde_json::from_value(enrolled.clone()).unwrap();
        let answer = EnrolmentAnswer { unsigned: Some(unsigned), proof: json!({ "payload": "…" }) };
        let mut expected = enrolled;
        expected["proof"] = json!({ "payload": "…" });
        assert_eq!(serde_json::to_value(&answer).unwrap(), expected);
        let of_an_older_server = json!({ "device": "d", "terms": 5, "proof": 1 });
        let read: EnrolmentAnswer<Value> = serde_json::from_value(of_an_older_server).unwrap();
        assert_eq!((read.unsigned, read.proof), (None, json!(1)));
    }
}
