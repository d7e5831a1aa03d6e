//! Contracts and the versions of their terms.

use std::collections::HashMap;

use candor_diary::ledger::{Author, AuthorRole, Statement};
use candor_diary::parcel::Core;
use candor_diary::terms::Terms;
use candor_diary::versions::{Version, Versions};
use sqlx::SqliteConnection;

use super::accounts::UserAccount;
use super::database::{OfficeStore, json_list, to_signed};
use super::entries::append_entry;
use super::error::OfficeStoreError;
use crate::{clock, limits};

/// A contract as its two sides see it.
#[derive(Clone, Debug)]
pub struct StoredContract {
    /// Its id, as the terms have it.
    pub id: String,
    /// The id of the client's account.
    pub client: String,
    /// The id of the worker's account.
    pub worker: String,
    /// The newest terms that were issued.
    pub terms: Terms,
    /// When those were issued, in milliseconds since the epoch.
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

impl OfficeStore {
    /// Adds a contract, or issues newer terms for one.
    ///
    /// # Errors
    /// [`OfficeStoreError`] of the database.
    pub async fn issue_terms(
        &self,
        terms: &Terms,
        client: &UserAccount,
        worker: &UserAccount,
    ) -> Result<TermsChange, OfficeStoreError> {
        let body = serde_json::to_string(terms).map_err(damaged_terms)?;
        let issued_at = clock::now();
        let now = to_signed(issued_at, "the time")?;
        let mut tx = self.begin_write().await?;
        let people: Option<(String, String)> =
            sqlx::query_as("SELECT client, worker FROM contracts WHERE id = ?")
                .bind(&terms.contract)
                .fetch_optional(&mut *tx)
                .await?;
        let change = match people {
            None => {
                sqlx::query(
                    "INSERT INTO contracts (id, client, worker, title, created_at) VALUES (?, ?, ?, ?, ?)",
                )
                .bind(&terms.contract)
                .bind(&client.id)
                .bind(&worker.id)
                .bind(&terms.title)
                .bind(now)
                .execute(&mut *tx)
                .await?;
                TermsChange::New
            }
            Some(people) if people != (client.id.clone(), worker.id.clone()) => {
                return Ok(TermsChange::OtherPeople);
            }
            Some(_) => {
                let (in_force, newest): (u64, String) = sqlx::query_as(
                    "SELECT sequence, body FROM terms WHERE contract = ? ORDER BY sequence DESC LIMIT 1",
                )
                .bind(&terms.contract)
                .fetch_one(&mut *tx)
                .await?;
                if in_force >= terms.sequence {
                    let same = in_force == terms.sequence && newest == body;
                    return Ok(if same { TermsChange::Same } else { TermsChange::NotNewer { in_force } });
                }
                sqlx::query("UPDATE contracts SET title = ? WHERE id = ?")
                    .bind(&terms.title)
                    .bind(&terms.contract)
                    .execute(&mut *tx)
                    .await?;
                TermsChange::Newer
            }
        };
        sqlx::query("INSERT INTO terms (contract, sequence, body, issued_at) VALUES (?, ?, ?, ?)")
            .bind(&terms.contract)
            .bind(to_signed(terms.sequence, "the terms' sequence")?)
            .bind(&body)
            .bind(now)
            .execute(&mut *tx)
            .await?;
        let author = Author { role: AuthorRole::Client, id: client.id.clone() };
        let issued = Statement::TermsIssued { terms: terms.named() };
        append_entry(&mut tx, &terms.contract, issued_at, author, issued).await?;
        tx.commit().await?;
        Ok(change)
    }

    /// Returns the terms of a contract with this sequence and when they were issued, in milliseconds since the epoch.
    ///
    /// # Errors
    /// [`OfficeStoreError`] of the database.
    pub async fn terms(
        &self,
        contract: &str,
        sequence: u64,
    ) -> Result<Option<(Terms, u64)>, OfficeStoreError> {
        // What is larger than a database can hold was never issued.
        if i64::try_from(sequence).is_err() {
            return Ok(None);
        }
        let found: Option<(String, u64)> =
            sqlx::query_as("SELECT body, issued_at FROM terms WHERE contract = ? AND sequence = ?")
                .bind(contract)
                .bind(to_signed(sequence, "a sequence")?)
                .fetch_optional(&self.pool)
                .await?;
        found.map(|(body, issued_at)| Ok((read_terms(&body)?, issued_at))).transpose()
    }

    /// Returns the terms before those that a parcel names if its segment begins before its device was enrolled, or at
    /// most `after` milliseconds later; else none.
    ///
    /// # Errors
    /// [`OfficeStoreError`] of the database.
    pub async fn earlier_terms(&self, parcel: &Core, after: u64) -> Result<Vec<Terms>, OfficeStoreError> {
        let bodies: Vec<String> = sqlx::query_scalar(
            "SELECT t.body FROM terms t JOIN devices d ON d.contract = t.contract
             WHERE d.id = ? AND t.contract = ? AND t.sequence < ? AND ? <= d.enrolled_at",
        )
        .bind(&parcel.device)
        .bind(&parcel.contract)
        .bind(to_signed(parcel.terms.sequence, "a sequence")?)
        .bind(to_signed(parcel.start.saturating_sub(after), "a time")?)
        .fetch_all(&self.pool)
        .await?;
        bodies.iter().map(|body| read_terms(body)).collect()
    }

    /// Returns the ids of all contracts, in order.
    ///
    /// # Errors
    /// [`OfficeStoreError`] of the database.
    pub async fn contract_ids(&self) -> Result<Vec<String>, OfficeStoreError> {
        Ok(sqlx::query_scalar("SELECT id FROM contracts AS each_contract ORDER BY id")
            .fetch_all(&self.pool)
            .await?)
    }

    /// Returns a contract with its newest terms.
    ///
    /// # Errors
    /// [`OfficeStoreError`] of the database.
    pub async fn contract(&self, id: &str) -> Result<Option<StoredContract>, OfficeStoreError> {
        let row: Option<ContractRow> = sqlx::query_as(
            "SELECT c.id, c.client, c.worker, t.body, t.issued_at FROM contracts c
             JOIN terms t ON t.contract = c.id WHERE c.id = ? ORDER BY t.sequence DESC LIMIT 1",
        )
        .bind(id)
        .fetch_optional(&self.pool)
        .await?;
        row.map(StoredContract::from_row).transpose()
    }

    /// Returns the versions of the terms of all contracts of these workers, by contract: billing asks which were in
    /// force when. At most [`limits::TERMS_VERSIONS`], the newest.
    ///
    /// # Errors
    /// [`OfficeStoreError`] of the database.
    pub async fn term_versions(
        &self,
        workers: &[&str],
    ) -> Result<HashMap<String, Versions>, OfficeStoreError> {
        term_versions(&mut *self.pool.acquire().await?, workers).await
    }

    /// Returns contracts in which an account is one of the two sides, by title: at most `most` after the first `skip`.
    ///
    /// # Errors
    /// [`OfficeStoreError`] of the database.
    pub async fn contracts_of(
        &self,
        account: &str,
        skip: u32,
        most: u32,
    ) -> Result<Vec<StoredContract>, OfficeStoreError> {
        let rows: Vec<ContractRow> = sqlx::query_as(
            "SELECT listed.id, listed.client, listed.worker, t.body, t.issued_at FROM
                (SELECT id, client, worker, title FROM contracts WHERE client = ?1 OR worker = ?1
                 ORDER BY title, id LIMIT ?2 OFFSET ?3) listed
             JOIN terms t ON t.contract = listed.id
                AND t.sequence = (SELECT max(sequence) FROM terms WHERE contract = listed.id)
             ORDER BY listed.title, listed.id",
        )
        .bind(account)
        .bind(most)
        .bind(skip)
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter().map(StoredContract::from_row).collect()
    }
}

/// As [`OfficeStore::term_versions`], for whoever has a turn to write.
pub(super) async fn term_versions(
    connection: &mut SqliteConnection,
    workers: &[&str],
) -> Result<HashMap<String, Versions>, OfficeStoreError> {
    let rows: Vec<(String, String, u64)> = sqlx::query_as(
        "SELECT t.contract, t.body, t.issued_at FROM terms t JOIN contracts c ON c.id = t.contract
         WHERE c.worker IN (SELECT value FROM json_each(?))
         ORDER BY t.issued_at DESC, t.sequence DESC LIMIT ?",
    )
    .bind(json_list(workers))
    .bind(limits::TERMS_VERSIONS)
    .fetch_all(connection)
    .await?;
    let mut found: HashMap<String, Vec<Version>> = HashMap::new();
    // Oldest first, so that of two of one millisecond the later one counts.
    for (contract, body, issued_at) in rows.into_iter().rev() {
        found.entry(contract).or_default().push(Version::of(&read_terms(&body)?, issued_at));
    }
    Ok(found.into_iter().map(|(contract, versions)| (contract, Versions::new(versions))).collect())
}

/// Id, client, worker, the terms as JSON and when they were issued.
type ContractRow = (String, String, String, String, u64);

impl StoredContract {
    fn from_row((id, client, worker, body, issued_at): ContractRow) -> Result<Self, OfficeStoreError> {
        Ok(Self { id, client, worker, terms: read_terms(&body)?, issued_at })
    }
}

fn read_terms(body: &str) -> Result<Terms, OfficeStoreError> {
    serde_json::from_str(body).map_err(damaged_terms)
}

fn damaged_terms(error: serde_json::Error) -> OfficeStoreError {
    OfficeStoreError::Damaged { what: "terms", why: error.to_string() }
}
