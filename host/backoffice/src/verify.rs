//! Checks what is kept: each contract's ledger, and that the tables from which pages read say what the ledger says.
//!
//! Entries and the exact bytes that devices signed are read anew and compared with the rows. Nothing is changed. Terms,
//! decisions about typed-in time, workers and times of receipt are not compared yet, nor are the heads in receipts.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};

use candor_diary::billing::Facts;
use candor_diary::ledger::{Diary, LedgerHead, SegmentId, Statement, verify};
use candor_diary::parcel::{Activity, Core, PARCEL_TYPE, Parcel};
use candor_diary::wire::{RECEIPT_TYPE, Receipt};
use candor_seal::{Envelope, PublicKey, sha256_hex};
use serde::Serialize;

use crate::store::{FactsRow, OfficeStore, OfficeStoreError, StoredParcel, WithDetails};

/// Milliseconds in a day.
const DAY_MS: u64 = 24 * 60 * 60_000;
/// How many differences are told of a contract.
const MOST_TOLD: usize = 100;

/// What was found of one contract.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ContractCheck {
    /// The contract's id.
    pub contract: String,
    /// Entries of its ledger.
    pub entries: u64,
    /// Of them, those whose text was erased: they are sealed, and the chain still holds.
    pub erased_entries: u64,
    /// Parcels that stand for a segment.
    pub parcels: u64,
    /// Details beside them that are there.
    pub details: u64,
    /// Details that were purged: they are sealed.
    pub purged_details: u64,
    /// Weeks that are frozen.
    pub locked_weeks: u64,
    /// What does not agree, a sentence each; at most 100.
    pub differences: Vec<String>,
    /// How many more there are.
    pub more_differences: u64,
}

impl ContractCheck {
    fn differs(&mut self, what: String) {
        if self.differences.len() < MOST_TOLD {
            self.differences.push(what);
        } else {
            self.more_differences += 1;
        }
    }
}

/// Checks one contract. `key` is the key that countersigns.
///
/// # Errors
/// [`OfficeStoreError`] of the database; what does not agree is no error but told.
pub async fn check_contract(
    store: &OfficeStore,
    key: &PublicKey,
    contract: &str,
) -> Result<ContractCheck, OfficeStoreError> {
    let mut check = ContractCheck { contract: contract.to_owned(), ..ContractCheck::default() };
    let (diary, digests) = read_ledger(store, contract, &mut check).await?;
    check_parcels(store, key, contract, &diary, &digests, &mut check).await?;
    let weeks = store.locked_weeks(&[contract], 0, i64::MAX.unsigned_abs()).await?;
    check.locked_weeks = weeks.len() as u64;
    for ((_, start), week) in &weeks {
        if diary.locked.get(start) != Some(week) {
            check.differs(format!("the frozen week that begins at {start} is not the one in the ledger"));
        }
    }
    for start in diary.locked.keys().filter(|start| !weeks.contains_key(&(contract.to_owned(), **start))) {
        check.differs(format!(
            "the week that begins at {start} is frozen in the ledger, and not in its table"
        ));
    }
    Ok(check)
}

/// Reads and checks the ledger; returns what it folds to, and the digest of each parcel by its id.
async fn read_ledger(
    store: &OfficeStore,
    contract: &str,
    check: &mut ContractCheck,
) -> Result<(Diary, HashMap<String, String>), OfficeStoreError> {
    let mut diary = Diary::default();
    let mut digests = HashMap::new();
    let mut head = LedgerHead::first(contract);
    let last = store.ledger_head(contract).await?.unwrap_or_else(|| head.clone());
    loop {
        let mut page = store.ledger_after(contract, head.number).await?;
        page.retain(|entry| entry.number <= last.number);
        if page.is_empty() {
            break;
        }
        check.entries += page.len() as u64;
        check.erased_entries += page.iter().filter(|entry| entry.body.is_none()).count() as u64;
        let mut named = Vec::new();
        for entry in &page {
            if let Some(Statement::Parcel { parcel, digest, .. }) = entry.read().map(|body| body.says) {
                named.push(parcel.clone());
                digests.insert(parcel, digest);
            }
        }
        let mut there = HashMap::new();
        for stored in store.parcels_with_ids(&named).await? {
            if let Ok(parcel) = stored.read() {
                there.insert(stored.id, parcel);
            }
        }
        match verify(&head, &page) {
            Ok(next) => head = next,
            Err(bad) => {
                check.differs(format!("{bad}"));
                // What follows is read all the same, so that everything is told at once.
                let Some(entry) = page.last() else { break };
                (head.number, head.head) = (entry.number, entry.head);
            }
        }
        for entry in &page {
            diary.extend(entry, &|id: &str| there.get(id));
        }
    }
    if head != last {
        check.differs(format!("the ledger ends with entry {}, and {} are counted", head.number, last.number));
    }
    Ok((diary, digests))
}

async fn check_parcels(
    store: &OfficeStore,
    key: &PublicKey,
    contract: &str,
    diary: &Diary,
    digests: &HashMap<String, String>,
    check: &mut ContractCheck,
) -> Result<(), OfficeStoreError> {
    let keys = store.device_keys(contract).await?;
    let worker = store.contract(contract).await?.map(|contract| contract.worker).unwrap_or_default();
    let days: BTreeSet<u64> = store.days_with_parcels(contract).await?.into_iter().collect();
    let mut seen = BTreeSet::new();
    for day in days {
        let (from, to) = (day * DAY_MS, (day + 1) * DAY_MS);
        let facts: HashMap<String, FactsRow> = store
            .facts_of_workers(&[&worker], from, to)
            .await?
            .into_iter()
            .map(|row| (row.parcel.clone(), row))
            .collect();
        for stored in store.parcels_between(contract, from, Some(to), None, WithDetails::All).await? {
            check.parcels += 1;
            check.details += stored.details.iter().filter(|detail| detail.body.is_some()).count() as u64;
            check.purged_details +=
                stored.details.iter().filter(|detail| detail.body.is_none()).count() as u64;
            match check_parcel(&stored, key, &keys, facts.get(&stored.id), digests) {
                Ok(core) => {
                    let id = SegmentId { start: core.start, device: core.device.clone() };
                    let folded = diary.segments.get(&id);
                    if folded.is_none_or(|segment| {
                        (&segment.parcel, segment.revision) != (&core.id, core.revision)
                    }) {
                        check.differs(format!(
                            "parcel {} does not stand for its segment in the ledger",
                            core.id
                        ));
                    }
                    seen.insert(id);
                }
                Err(what) => check.differs(format!("parcel {}: {what}", stored.id)),
            }
        }
    }
    for (id, segment) in diary.segments.iter().filter(|(id, _)| !seen.contains(id)) {
        let (parcel, start) = (&segment.parcel, id.start);
        check.differs(format!(
            "parcel {parcel} of the segment at {start} is in the ledger, and cannot be read here"
        ));
    }
    Ok(())
}

/// Checks one parcel: bytes, signatures, details, and what its row says. Returns its core, or what is wrong.
fn check_parcel(
    stored: &StoredParcel,
    key: &PublicKey,
    devices: &HashMap<String, PublicKey>,
    row: Option<&FactsRow>,
    digests: &HashMap<String, String>,
) -> Result<Core, String> {
    let digest = sha256_hex(&stored.envelope);
    if digest != stored.digest || digests.get(&stored.id) != Some(&digest) {
        return Err("its bytes are not those that the ledger has".to_owned());
    }
    let envelope = Envelope::from_json(&stored.envelope).map_err(|e| e.to_string())?;
    let core: Core = serde_json::from_slice(&envelope.payload).map_err(|e| e.to_string())?;
    let device = devices.get(&core.device).ok_or("its device is not known")?;
    envelope.verify(PARCEL_TYPE, device).map_err(|_| "its device did not sign it".to_owned())?;
    if (&core.id, core.start) != (&stored.id, stored.start) {
        return Err("its row says another id or time".to_owned());
    }
    let receipt = Envelope::from_json(&stored.receipt).map_err(|e| e.to_string())?;
    let receipt = receipt.verify(RECEIPT_TYPE, key).map_err(|_| "its receipt is not signed with this key")?;
    let receipt: Receipt = serde_json::from_slice(receipt).map_err(|e| e.to_string())?;
    if (&receipt.parcel, &receipt.digest) != (&stored.id, &digest) {
        return Err("its receipt is for something else".to_owned());
    }
    Parcel::join(core.clone(), |named| {
        let found = stored.details.iter().find(|detail| detail.sha256 == named.sha256);
        found.and_then(|detail| detail.body.as_deref()).map(Cow::from)
    })
    .map_err(|bad| format!("a detail: {bad}"))?;
    let facts = [Activity::Counted, Activity::Off].map(|activity| Facts::of_core(&core, activity));
    let row = row.ok_or("it has no row that is billed")?;
    let as_said = row.facts == Facts::of_core(&core, core.activity) || row.facts == facts[0];
    if !as_said {
        return Err("its row says other minutes than what was signed".to_owned());
    }
    Ok(core)
}
