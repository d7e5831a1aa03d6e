//! The end of the chain: which record comes next, and what it is made of.

use std::fs::File;

use candor_seal::Chain;

use crate::crypt::{Context, Keys, Secret};
use crate::database::{Database, Statement};
use crate::error::stored;
use crate::{Hash, JournalError};

/// The longest body of a record: 8 MiB.
pub(crate) const MAX_BODY_BYTES: usize = 8 * 1024 * 1024;

/// Everything that one call at a time may touch.
pub(crate) struct Writer {
    pub(crate) database: Database,
    /// The last record's sequence; 0 before the first.
    pub(crate) sequence: u64,
    /// The chain's head after it.
    pub(crate) head: Hash,
    /// The last secret's id.
    secret: i64,
    /// Held while the journal is open.
    pub(crate) lock: File,
}

/// A record that is to be written.
pub(crate) struct NewRecord<'a> {
    pub(crate) kind: &'a str,
    pub(crate) contract: Option<&'a str>,
    pub(crate) at: u64,
    pub(crate) body: &'a [u8],
}

/// A record with its place in the chain.
pub(crate) struct Prepared {
    pub(crate) sequence: u64,
    pub(crate) head: Hash,
    pub(crate) statements: Vec<Statement>,
}

impl Writer {
    pub(crate) async fn load(mut database: Database, id: &str, lock: File) -> Result<Self, JournalError> {
        let last = "SELECT sequence, head FROM record ORDER BY sequence DESC LIMIT 1";
        let (sequence, head) = match database.maybe(last, []).await? {
            Some((sequence, head)) => (sequence, hash(head)?),
            None => (0, Chain::genesis(id)),
        };
        let (secret,) = database.one("SELECT coalesce(max(id), 0) FROM secret", []).await?;
        Ok(Self { database, sequence, head, secret, lock })
    }

    /// An id for a new secret. Grows always, so that the secrets' table only ever grows at its end.
    pub(crate) fn draw_secret(&mut self) -> i64 {
        self.secret += 1;
        self.secret
    }

    /// Gives a record the next place in the chain. Nothing is written and nothing has moved yet: write its statements,
    /// then [`Self::advance`].
    pub(crate) fn prepare(&mut self, keys: &Keys, new: &NewRecord<'_>) -> Result<Prepared, JournalError> {
        check_name("kind", new.kind, 64)?;
        if let Some(contract) = new.contract {
            check_name("contract", contract, 128)?;
        }
        if new.body.len() > MAX_BODY_BYTES {
            return Err(JournalError::Unusable { what: "the body", reason: "longer than 8 MiB" });
        }
        let sequence = self.sequence + 1;
        let label = label(new.kind, new.contract);
        let secret = Secret::new()?;
        let commitment = secret.commitment(new.body);
        let head = Chain::next(&self.head, sequence, &label, new.at, &commitment);
        let body = secret.seal(&body_context(sequence, &label, new.at), new.body)?;
        let id = self.draw_secret();
        let wrapped = secret.wrap(keys, &secret_context(sequence))?;
        let statements = vec![
            insert_secret(id, wrapped),
            Statement::new(
                "INSERT INTO record (sequence, kind, contract, at, commitment, head, secret, body)
                 VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    stored("the sequence", sequence)?.into(),
                    new.kind.into(),
                    new.contract.into(),
                    stored("the time", new.at)?.into(),
                    commitment.as_bytes().to_vec().into(),
                    head.as_bytes().to_vec().into(),
                    id.into(),
                    body.into(),
                ],
            ),
        ];
        Ok(Prepared { sequence, head, statements })
    }

    /// The record was written: the chain ends with it now.
    pub(crate) fn advance(&mut self, sequence: u64, head: Hash) {
        self.sequence = sequence;
        self.head = head;
    }
}

/// What the chain takes for a record's kind: the contract belongs to it.
pub(crate) fn label(kind: &str, contract: Option<&str>) -> String {
    contract.map_or_else(|| kind.to_owned(), |contract| format!("{kind}\n{contract}"))
}

/// What a record's wrapped secret belongs to.
pub(crate) fn secret_context(sequence: u64) -> Context {
    Context::new("secret of record").number(sequence)
}

/// What a record's encrypted body belongs to.
pub(crate) fn body_context(sequence: u64, label: &str, at: u64) -> Context {
    Context::new("body of record").number(sequence).bytes(label.as_bytes()).number(at)
}

/// Stores a wrapped secret.
pub(crate) fn insert_secret(id: i64, wrapped: Vec<u8>) -> Statement {
    Statement::new("INSERT INTO secret (id, wrapped) VALUES (?, ?)", [id.into(), wrapped.into()])
}

/// Overwrites a wrapped secret with as many zeros. SQLite does that in place: nothing of it stays in the page.
pub(crate) fn destroy_secret(id: i64) -> Statement {
    Statement::new("UPDATE secret SET wrapped = zeroblob(length(wrapped)) WHERE id = ?", [id.into()])
}

/// Whether a wrapped secret was destroyed.
pub(crate) fn is_destroyed(wrapped: &[u8]) -> bool {
    wrapped.iter().all(|byte| *byte == 0)
}

/// A hash as it was stored.
pub(crate) fn hash(stored: Vec<u8>) -> Result<Hash, JournalError> {
    let bytes =
        stored.try_into().map_err(|_| JournalError::Damaged("a hash of a wrong length".to_owned()))?;
    Ok(Hash(bytes))
}

/// Refuses a name that is empty, longer than `most` bytes, or holds control characters (which the chain's label uses
/// to tell its parts apart).
pub(crate) fn check_name(what: &'static str, name: &str, most: usize) -> Result<(), JournalError> {
    if name.is_empty() || name.len() > most || name.chars().any(char::is_control) {
        return Err(JournalError::Unusable { what, reason: "empty, too long, or with control characters" });
    }
    Ok(())
}
