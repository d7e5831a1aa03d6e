//! A back office's ledger for tests.

use std::sync::Arc;

use candor_diary::ledger::chain::append;
use candor_diary::ledger::{
    Author, AuthorRole, Body, Entry, LEDGER_HEAD_TYPE, LedgerHead, SegmentId, Statement,
};
use candor_diary::wire::LedgerAnswer;
use candor_seal::{Envelope, SecretKey};

/// A Monday.
pub(crate) const MONDAY: u64 = 1_795_392_000_000;

/// A contract's ledger, and the key that signs it.
#[derive(Clone)]
pub(crate) struct Book {
    pub(crate) key: Arc<SecretKey>,
    pub(crate) contract: String,
    pub(crate) entries: Vec<Entry>,
}

impl Book {
    pub(crate) fn new(contract: &str) -> Self {
        let key = Arc::new(SecretKey::generate().unwrap());
        Self { key, contract: contract.into(), entries: Vec::new() }
    }

    pub(crate) fn of(contract: &str, entries: u64) -> Self {
        let mut book = Self::new(contract);
        book.fill(entries);
        book
    }

    pub(crate) fn write(&mut self, says: Statement) {
        let at = MONDAY + self.entries.len() as u64;
        let author = Author { role: AuthorRole::Worker, id: "someone".into() };
        let salt = [u8::try_from(self.entries.len() % 251).unwrap(); 32];
        self.entries.push(append(&self.head(), at, &Body { author, says }, salt));
    }

    pub(crate) fn fill(&mut self, entries: u64) {
        for nth in 0..entries {
            let segment = segment(nth % 7);
            self.write(Statement::Memo { segment, memo: Some(format!("memo {nth}\n\"é\"")) });
        }
    }

    /// Returns the same with another entry of this number, and all after it chained onto that.
    pub(crate) fn rewritten(&self, number: u64) -> Self {
        let mut other = Self { entries: Vec::new(), ..self.clone() };
        for entry in &self.entries {
            let says = if entry.number == number {
                Statement::Request { text: "something else".into() }
            } else {
                entry.read().unwrap().says
            };
            other.write(says);
        }
        other
    }

    pub(crate) fn head_at(&self, number: u64) -> LedgerHead {
        match number.checked_sub(1) {
            None => LedgerHead::first(&self.contract),
            Some(before) => LedgerHead {
                contract: self.contract.clone(),
                number,
                head: self.entries[usize::try_from(before).unwrap()].head,
            },
        }
    }

    pub(crate) fn head(&self) -> LedgerHead {
        self.head_at(self.entries.len() as u64)
    }

    pub(crate) fn sign(&self, head: &LedgerHead) -> Envelope {
        Envelope::sign(LEDGER_HEAD_TYPE, serde_json::to_vec(head).unwrap(), &self.key)
    }

    /// Answers as a back office does, with at most `most` entries.
    pub(crate) fn answer(&self, after: u64, most: usize) -> LedgerAnswer {
        let after = usize::try_from(after).unwrap();
        let entries = self.entries.iter().skip(after).take(most).cloned().collect();
        LedgerAnswer { head: self.sign(&self.head()), entries }
    }
}

pub(crate) fn segment(nth: u64) -> SegmentId {
    SegmentId { start: MONDAY + nth * 600_000, device: "d".repeat(32) }
}
