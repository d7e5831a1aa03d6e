//! The end of the chain: which record comes next, and what it is made of.

use std::fs::File;

use candor_seal::Chain;

use crate::crypt::{CipherContext, ItemSecret, JournalKeys};
use crate::database::{Database, SqlStatement};
use crate::error::sqlite_integer;
use crate::{Hash, JournalError};

/// The longest body of a record, bytes.
const MAX_BODY_BYTES: usize = candor_diary::limits::RECORD_BYTES;

/// What only one call at a time may use: the database and the end of the chain.
pub(crate) struct Writer {
    pub(crate) database: Database,
    /// The last record's sequence; 0 before the first.
    pub(crate) sequence: u64,
    /// The chain's head after it.
    pub(crate) head: Hash,
    /// The id of the secret that was inserted last.
    secret: i64,
    /// Locked while the journal is open.
    pub(crate) lock: File,
}

/// A record before it has its place in the chain.
pub(crate) struct NewRecord<'a> {
    pub(crate) kind: &'a str,
    pub(crate) contract: Option<&'a str>,
    pub(crate) at: u64,
    pub(crate) body: &'a [u8],
}

/// A record with its place in the chain, and the statements that write it.
pub(crate) struct ChainedRecord {
    pub(crate) sequence: u64,
    pub(crate) head: Hash,
    pub(crate) statements: Vec<SqlStatement>,
}

impl Writer {
    pub(crate) async fn load(mut database: Database, id: &str, lock: File) -> Result<Self, JournalError> {
        let last = "SELECT sequence, head FROM record ORDER BY sequence DESC LIMIT 1";
        let (sequence, head) = match database.maybe(last, []).await? {
            Some((sequence, head)) => (sequence, read_hash(head)?),
            None => (0, Chain::genesis(id)),
        };
        let (secret,) = database.one("SELECT coalesce(max(id), 0) FROM secret", []).await?;
        Ok(Self { database, sequence, head, secret, lock })
    }

    /// Returns an id for a new secret. Ids only increase, so the secrets' table grows at its end alone.
    pub(crate) fn next_secret_id(&mut self) -> i64 {
        self.secret += 1;
        self.secret
    }

    /// Computes a record's place at the end of the chain. Writes nothing: run its statements, then call
    /// [`Self::advance_chain`].
    pub(crate) fn chain_record(
        &mut self,
        keys: &JournalKeys,
        new: &NewRecord<'_>,
    ) -> Result<ChainedRecord, JournalError> {
        check_name("kind", new.kind, 64)?;
        if let Some(contract) = new.contract {
            check_name("contract", contract, 128)?;
        }
        if new.body.len() > MAX_BODY_BYTES {
            return Err(JournalError::Unusable { what: "the body", reason: "longer than 1 MiB" });
        }
        let sequence = self.sequence + 1;
        let label = chain_label(new.kind, new.contract);
        let secret = ItemSecret::new()?;
        let commitment = secret.commitment(new.body);
        let head = Chain::next(&self.head, sequence, &label, new.at, &commitment);
        let body = secret.seal(&body_context(sequence, &label, new.at), new.body)?;
        let id = self.next_secret_id();
        let wrapped = secret.wrap(keys, &secret_context(sequence))?;
        let statements = vec![
            insert_secret(id, wrapped),
            SqlStatement::new(
                "INSERT INTO record (sequence, kind, contract, at, commitment, head, secret, body)
                 VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    sqlite_integer("the sequence", sequence)?.into(),
                    new.kind.into(),
                    new.contract.into(),
                    sqlite_integer("the time", new.at)?.into(),
                    commitment.as_bytes().to_vec().into(),
                    head.as_bytes().to_vec().into(),
                    id.into(),
                    body.into(),
                ],
            ),
        ];
        Ok(ChainedRecord { sequence, head, statements })
    }

    /// Makes a record that was written the end of the chain.
    pub(crate) fn advance_chain(&mut self, sequence: u64, head: Hash) {
        self.sequence = sequence;
        self.head = head;
    }
}

/// Returns what the chain takes for a record's kind: kind and contract.
pub(crate) fn chain_label(kind: &str, contract: Option<&str>) -> String {
    contract.map_or_else(|| kind.to_owned(), |contract| format!("{kind}\n{contract}"))
}

/// Returns what a record's wrapped secret belongs to.
pub(crate) fn secret_context(sequence: u64) -> CipherContext {
    CipherContext::new("secret of record").number(sequence)
}

/// Returns what a record's encrypted body belongs to.
pub(crate) fn body_context(sequence: u64, label: &str, at: u64) -> CipherContext {
    CipherContext::new("body of record").number(sequence).bytes(label.as_bytes()).number(at)
}

/// Returns the statement that stores a wrapped secret.
pub(crate) fn insert_secret(id: i64, wrapped: Vec<u8>) -> SqlStatement {
    SqlStatement::new("INSERT INTO secret (id, wrapped) VALUES (?, ?)", [id.into(), wrapped.into()])
}

/// Returns the statement that overwrites a wrapped secret with as many zeros. SQLite does so in place: nothing of the
/// secret stays in the page.
pub(crate) fn destroy_secret(id: i64) -> SqlStatement {
    SqlStatement::new("UPDATE secret SET wrapped = zeroblob(length(wrapped)) WHERE id = ?", [id.into()])
}

/// Whether a wrapped secret was destroyed.
pub(crate) fn is_destroyed(wrapped: &[u8]) -> bool {
    wrapped.iter().all(|byte| *byte == 0)
}

/// Reads a hash as it is stored.
pub(crate) fn read_hash(stored: Vec<u8>) -> Result<Hash, JournalError> {
    let bytes =
        stored.try_into().map_err(|_| JournalError::Damaged("a hash of a wrong length".to_owned()))?;
    Ok(Hash(bytes))
}

/// Refuses a name that is empty, longer than `most` bytes, or holds control characters (with which the chain's label
/// separates its parts).
pub(crate) fn check_name(what: &'static str, name: &str, most: usize) -> Result<(), JournalError> {
    if name.is_empty() || name.len() > most || name.chars().any(char::is_control) {
        return Err(JournalError::Unusable { what, reason: "empty, too long, or with control characters" });
    }
    Ok(())
}
