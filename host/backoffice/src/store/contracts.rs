//! Contracts and the versions of their terms.

use std::collections::HashMap;

use candor_diary::parcel::Parcel;
use candor_diary::terms::Terms;
use candor_diary::versions::{Version, Versions};
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use super::{Account, Store, StoreError, signed, unsigned};
use crate::{clock, limits};

/// A contract as its two sides see it.
#[derive(Clone, Debug)]
pub struct Contract {
    /// The contract's id.
    pub id: String,
    /// The client's account.
    pub client: String,
    /// The worker's account.
    pub worker: String,
    /// The newest terms.
    pub terms: Terms,
    /// When those were issued, milliseconds since the epoch.
    pub issued_at: u64,
}

/// What issuing terms did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TermsChange {
    /// The contract is new.
    New,
    /// The terms are newer than those in force, and are in force now.
    Newer,
    /// The very same terms are in force already.
    Same,
    /// Terms with this sequence or a higher one are there and say something else.
    NotNewer {
        /// The sequence in force.
        in_force: u64,
    },
    /// The contract is between other accounts.
    OtherPeople,
}

impl Store {
    /// Adds a contract, or issues newer terms for one.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn issue_terms(
        &self,
        terms: &Terms,
        client: &Account,
        worker: &Account,
    ) -> Result<TermsChange, StoreError> {
        let body = serde_json::to_string(terms)
            .map_err(|e| StoreError::Damaged { what: "terms", why: e.to_string() })?;
        let now = signed(clock::now(), "the time")?;
        let mut tx = self.write().await?;
        let people = sqlx::query("SELECT client, worker FROM contracts WHERE id = ?")
            .bind(&terms.contract)
            .fetch_optional(&mut *tx)
            .await?;
        let change = match people {
            None => {
                sqlx::query("INSERT INTO contracts (id, client, worker, created_at) VALUES (?, ?, ?, ?)")
                    .bind(&terms.contract)
                    .bind(&client.id)
                    .bind(&worker.id)
                    .bind(now)
                    .execute(&mut *tx)
                    .await?;
                TermsChange::New
            }
            Some(row) => {
                if row.try_get::<&str, _>("client")? != client.id
                    || row.try_get::<&str, _>("worker")? != worker.id
                {
                    return Ok(TermsChange::OtherPeople);
                }
                let newest = sqlx::query(
                    "SELECT sequence, body FROM terms WHERE contract = ? ORDER BY sequence DESC LIMIT 1",
                )
                .bind(&terms.contract)
                .fetch_one(&mut *tx)
                .await?;
                let in_force = unsigned(newest.try_get("sequence")?, "a sequence")?;
                if in_force >= terms.sequence {
                    let same = in_force == terms.sequence && newest.try_get::<&str, _>("body")? == body;
                    return Ok(if same { TermsChange::Same } else { TermsChange::NotNewer { in_force } });
                }
                TermsChange::Newer
            }
        };
        sqlx::query("INSERT INTO terms (contract, sequence, body, issued_at) VALUES (?, ?, ?, ?)")
            .bind(&terms.contract)
            .bind(signed(terms.sequence, "the terms' sequence")?)
            .bind(&body)
            .bind(now)
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(change)
    }

    /// The terms of a contract with this sequence and when they were issued, milliseconds since the epoch.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn terms(&self, contract: &str, sequence: u64) -> Result<Option<(Terms, u64)>, StoreError> {
        // What is larger than a database can hold was never issued.
        if i64::try_from(sequence).is_err() {
            return Ok(None);
        }
        let row = sqlx::query("SELECT body, issued_at FROM terms WHERE contract = ? AND sequence = ?")
            .bind(contract)
            .bind(signed(sequence, "a sequence")?)
            .fetch_optional(&self.pool)
            .await?;
        let Some(row) = row else { return Ok(None) };
        Ok(Some((read_terms(&row)?, unsigned(row.try_get("issued_at")?, "a time")?)))
    }

    /// The terms before those that a parcel names, where its segment begins before its device was enrolled or at most
    /// `after` milliseconds later; else none.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn earlier_terms(&self, parcel: &Parcel, after: u64) -> Result<Vec<Terms>, StoreError> {
        let rows = sqlx::query(
            "SELECT t.body, t.issued_at FROM terms t JOIN devices d ON d.contract = t.contract
             WHERE d.id = ? AND t.contract = ? AND t.sequence < ? AND ? <= d.enrolled_at",
        )
        .bind(&parcel.device)
        .bind(&parcel.contract)
        .bind(signed(parcel.terms, "a sequence")?)
        .bind(signed(parcel.start.saturating_sub(after), "a time")?)
        .fetch_all(&self.pool)
        .await?;
        rows.iter().map(read_terms).collect()
    }

    /// A contract with its newest terms.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn contract(&self, id: &str) -> Result<Option<Contract>, StoreError> {
        let row = sqlx::query(
            "SELECT c.id, c.client, c.worker, t.body, t.issued_at FROM contracts c
             JOIN terms t ON t.contract = c.id WHERE c.id = ? ORDER BY t.sequence DESC LIMIT 1",
        )
        .bind(id)
        .fetch_optional(&self.pool)
        .await?;
        row.as_ref().map(contract).transpose()
    }

    /// The versions of the terms of all contracts of a worker, by contract: billing asks which were in force when.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn versions(&self, worker: &str) -> Result<HashMap<String, Versions>, StoreError> {
        let rows = sqlx::query(
            "SELECT t.contract, t.body, t.issued_at FROM terms t JOIN contracts c ON c.id = t.contract
             WHERE c.worker = ? ORDER BY t.issued_at DESC, t.sequence DESC LIMIT ?",
        )
        .bind(worker)
        .bind(limits::TERMS_VERSIONS)
        .fetch_all(&self.pool)
        .await?;
        let mut found: HashMap<String, Vec<Version>> = HashMap::new();
        // Oldest first, so that of two of one millisecond the later one counts.
        for row in rows.iter().rev() {
            let terms = serde_json::from_str(row.try_get("body")?)
                .map_err(|e| StoreError::Damaged { what: "terms", why: e.to_string() })?;
            let version = Version::of(&terms, unsigned(row.try_get("issued_at")?, "a time")?);
            found.entry(row.try_get("contract")?).or_default().push(version);
        }
        Ok(found.into_iter().map(|(contract, versions)| (contract, Versions::new(versions))).collect())
    }

    /// The contracts in which an account is one of the two sides, by title.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn contracts_of(&self, account: &str) -> Result<Vec<Contract>, StoreError> {
        let rows = sqlx::query(
            "SELECT c.id, c.client, c.worker, t.body, t.issued_at FROM contracts c
             JOIN terms t ON t.contract = c.id
                AND t.sequence = (SELECT max(sequence) FROM terms WHERE contract = c.id)
             WHERE c.client = ?1 OR c.worker = ?1",
        )
        .bind(account)
        .fetch_all(&self.pool)
        .await?;
        let mut contracts = rows.iter().map(contract).collect::<Result<Vec<_>, _>>()?;
        contracts.sort_by(|a, b| (&a.terms.title, &a.id).cmp(&(&b.terms.title, &b.id)));
        Ok(contracts)
    }
}

fn read_terms(row: &SqliteRow) -> Result<Terms, StoreError> {
    serde_json::from_str(row.try_get("body")?)
        .map_err(|e| StoreError::Damaged { what: "terms", why: e.to_string() })
}

fn contract(row: &SqliteRow) -> Result<Contract, StoreError> {
    let terms = read_terms(row)?;
    Ok(Contract {
        id: row.try_get("id")?,
        client: row.try_get("client")?,
        worker: row.try_get("worker")?,
        terms,
        issued_at: unsigned(row.try_get("issued_at")?, "a time")?,
    })
}
