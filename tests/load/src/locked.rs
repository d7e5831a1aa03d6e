//! Weeks of a contract that lock while its database is filled.

use anyhow::Result;
use candor_diary::billing::Facts;
use candor_diary::billing::lock::{LockedWeek, Received};
use candor_diary::calendar::{lock_of, week_of};
use candor_diary::terms::{ManualTime, Terms};
use candor_diary::versions::{Version, Versions};

/// What was received and is not frozen yet: that of one week, and on the Monday after it before noon of the next.
pub(crate) struct LockedWeeks {
    versions: Versions,
    contract: String,
    received: Vec<(String, u64, Facts)>,
}

impl LockedWeeks {
    /// For a contract whose only terms were issued then.
    pub(crate) fn new(contract: &str, terms: &Terms, issued_at: u64) -> Self {
        let versions = Versions::new(vec![Version::of(terms, issued_at)]);
        Self { versions, contract: contract.to_owned(), received: Vec::new() }
    }

    /// Notes what a device delivered, in order of start.
    pub(crate) fn receive(&mut self, device: &str, received_at: u64, facts: Facts) {
        self.received.push((device.to_owned(), received_at, facts));
    }

    /// Returns the earliest week that is not frozen yet and is locked at `now`, frozen.
    pub(crate) fn take_locked(&mut self, now: u64) -> Result<Option<LockedWeek>> {
        let Some((_, _, first)) = self.received.first() else { return Ok(None) };
        let week = week_of(first.start).0;
        if now < lock_of(week) {
            return Ok(None);
        }
        let received: Vec<Received<'_>> = self
            .received
            .iter()
            .map(|(device, received_at, facts)| Received {
                contract: &self.contract,
                device,
                revision: 0,
                received_at: *received_at,
                facts: *facts,
                manual_time: ManualTime::No,
            })
            .collect();
        let frozen = LockedWeek::freeze(&self.contract, week, |_| Some(&self.versions), &received)?;
        self.received.retain(|(_, _, facts)| week_of(facts.start).0 != week);
        Ok(Some(frozen))
    }
}
