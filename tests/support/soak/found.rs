//! What came out of the day, read from the bytes on the wire: no type of ours, so that nothing can be overlooked by one.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, Result, bail};
use candor_seal::{Envelope, PublicKey, sha256_hex};
use serde_json::Value;
use serde_json::value::RawValue;

use super::proxy::Sent;

/// The last revision of a segment that the back office took.
#[derive(Clone, Debug)]
pub struct Segment {
    /// The id of the contract.
    pub contract: String,
    /// The first millisecond, since the Unix epoch.
    pub start: u64,
    /// SHA-256 of the envelope.
    pub digest: String,
    /// The document that was signed.
    pub document: Value,
}

/// A minute of a segment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Minute {
    /// How long of it was tracked.
    pub tracked: u64,
    /// Key presses, if they were counted.
    pub presses: Option<u64>,
}

impl Segment {
    /// What it says of the minute that begins at `start`; none if nothing of it was tracked.
    #[must_use]
    pub fn minute(&self, start: u64) -> Option<Minute> {
        let all = self.document["minutes"].as_array()?;
        let minute = all.iter().find(|m| m["start"].as_u64() == Some(start))?;
        let presses = minute["counts"]
            .as_object()
            .map(|_| ["keys", "clicks", "scrolls"].iter().filter_map(|n| minute["counts"][n].as_u64()).sum());
        Some(Minute { tracked: minute["tracked-ms"].as_u64().unwrap_or(0), presses })
    }

    /// Its gaps: from, to, cause.
    #[must_use]
    pub fn gaps(&self) -> Vec<(u64, u64, String)> {
        let all = self.document["gaps"].as_array().cloned().unwrap_or_default();
        let gap = |g: &Value| Some((g["from"].as_u64()?, g["to"].as_u64()?, g["cause"].as_str()?.to_owned()));
        all.iter().filter_map(gap).collect()
    }

    /// Whether it was typed in.
    #[must_use]
    pub fn manual(&self) -> bool {
        self.document["manual"].is_u64()
    }

    /// Whether it was removed.
    #[must_use]
    pub fn removed(&self) -> bool {
        self.document["removed"].is_object()
    }

    /// What was recorded with a time of its own: what it is, and when.
    #[must_use]
    pub fn moments(&self) -> Vec<(String, u64)> {
        let mut all = Vec::new();
        for list in ["focus", "custom"] {
            for entry in self.document[list].as_array().into_iter().flatten() {
                all.extend(entry["at"].as_u64().map(|at| (format!("{list} {}", brief(entry)), at)));
            }
        }
        all.extend(self.document["snapshot"]["at"].as_u64().map(|at| ("picture".to_owned(), at)));
        all
    }
}

fn brief(entry: &Value) -> String {
    let text = entry.to_string();
    text.chars().take(120).collect()
}

/// What was sent as a parcel: its signed core, and its details, byte for byte.
#[derive(serde::Deserialize)]
struct Delivery {
    envelope: Box<RawValue>,
    details: Vec<Box<RawValue>>,
}

/// The parcel in what was sent: the core, with what its details say at the places where a reader looks for it.
fn document(bytes: &[u8]) -> Result<Value> {
    let Delivery { envelope, details } = serde_json::from_slice(bytes)?;
    let mut core: Value = serde_json::from_slice(&Envelope::from_json(envelope.get().as_bytes())?.payload)?;
    let named: BTreeSet<String> =
        array(&core["details"]).filter_map(|d| d["sha256"].as_str().map(str::to_owned)).collect();
    for detail in details {
        if !named.contains(&sha256_hex(detail.get().as_bytes())) {
            bail!("a detail that its parcel does not name: {}", detail.get());
        }
        let mut said: Value = serde_json::from_str(detail.get())?;
        let said = said["detail"].take();
        match said["kind"].as_str().unwrap_or_default() {
            "activity" => {
                for counted in array(&said["minutes"]) {
                    let mut minutes = core["minutes"].as_array_mut().into_iter().flatten();
                    let minute = minutes.find(|minute| minute["start"] == counted["start"]);
                    minute.context("counts of a minute that is not there")?["counts"] =
                        counted["counts"].clone();
                }
            }
            "focus" => core["focus"] = said["entries"].clone(),
            "memo" => (core["memo"], core["label"]) = (said["memo"].clone(), said["label"].clone()),
            "picture" => core["snapshot"] = said["snapshot"].clone(),
            "rules" => core["policy"]["rules"] = said["rules"].clone(),
            "notes" => {
                let mut all: Vec<Value> = array(&core["custom"]).cloned().collect();
                all.extend(array(&said["notes"]).cloned());
                core["custom"] = all.into();
            }
            other => bail!("a detail of a kind that nobody knows: {other}"),
        }
    }
    Ok(core)
}

fn array(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// The `Authorization` under which parcels of a contract were sent.
#[must_use]
pub fn token_of(sent: &[Sent], contract: &str) -> Option<String> {
    let of = |s: &&Sent| document(&s.body).is_ok_and(|d| d["contract"] == contract);
    sent.iter().find(of).map(|s| s.authorization.clone())
}

/// Every document that left the machine, accepted or not.
#[must_use]
pub fn documents(sent: &[Sent]) -> Vec<Value> {
    sent.iter().filter_map(|sent| document(&sent.body).ok()).collect()
}

/// Every picture that left the machine, with its path.
pub fn pictures(sent: &[Sent]) -> impl Iterator<Item = (&str, &[u8])> {
    sent.iter().filter(|s| s.path.contains("/attachments/")).map(|s| (s.path.as_str(), s.body.as_slice()))
}

/// The last revision of every segment that the back office took, by contract and start.
///
/// # Errors
/// If a receipt is none, or not for the bytes that were sent.
pub fn segments(sent: &[Sent], key: &PublicKey) -> Result<BTreeMap<(String, u64), Segment>> {
    let mut last: BTreeMap<(String, u64), Segment> = BTreeMap::new();
    for sent in
        sent.iter().filter(|s| s.taken() && s.path.contains("/parcels/") && !s.path.contains("/attachments/"))
    {
        let document = document(&sent.body).context("a parcel that the back office took")?;
        let digest = sha256_hex(serde_json::from_slice::<Delivery>(&sent.body)?.envelope.get().as_bytes());
        let receipt = Envelope::from_json(&sent.answer).context("a receipt")?;
        let receipt =
            receipt.verify("application/vnd.candor.receipt+json", key).context("a receipt's signature")?;
        let receipt: Value = serde_json::from_slice(receipt)?;
        anyhow::ensure!(receipt["digest"] == digest.as_str(), "the receipt is for other bytes: {receipt:#}");
        anyhow::ensure!(
            receipt["parcel"] == document["id"],
            "the receipt is for another parcel: {receipt:#}"
        );
        let (Some(contract), Some(start)) = (document["contract"].as_str(), document["start"].as_u64())
        else {
            anyhow::bail!("a parcel without contract or start: {document:#}");
        };
        let segment = Segment { contract: contract.to_owned(), start, digest, document: document.clone() };
        let revision = |d: &Value| d["revision"].as_u64().unwrap_or(0);
        let place = last.entry((contract.to_owned(), start)).or_insert_with(|| segment.clone());
        if revision(&document) > revision(&place.document) {
            *place = segment;
        }
    }
    Ok(last)
}
