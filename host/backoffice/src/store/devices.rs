//! Enrolment codes and the devices that were enrolled with them.

use std::collections::HashMap;

use candor_seal::PublicKey;
use sqlx::sqlite::SqliteRow;
use sqlx::{FromRow, Row};

use super::database::{OfficeStore, to_signed};
use super::error::OfficeStoreError;
use crate::{clock, limits, secrets};

/// An enrolled device. It belongs to one contract.
#[derive(Clone, Debug)]
pub struct EnrolledDevice {
    /// Its id, 32 hex digits.
    pub id: String,
    /// The id of the contract that it delivers to.
    pub contract: String,
    /// The name that the worker gave it.
    pub name: String,
    /// The key that signs its parcels.
    pub key: PublicKey,
    /// When it was last enrolled, in milliseconds since the epoch.
    pub enrolled_at: u64,
    /// The sequence of the terms that it got then; 0 if that broke off.
    pub handed_out: u64,
}

/// What is known of the terms on a tracker.
#[derive(Clone, Debug)]
pub struct TrackerTerms {
    /// The name that the worker gave the device.
    pub name: String,
    /// The sequence of the newest terms that it is known to have.
    pub sequence: u64,
    /// Whether it has ever delivered something: before, nobody knows whether what is recorded was accepted there.
    pub used: bool,
}

impl FromRow<'_, SqliteRow> for TrackerTerms {
    fn from_row(row: &SqliteRow) -> sqlx::Result<Self> {
        Ok(Self { name: row.try_get("name")?, sequence: row.try_get("terms")?, used: row.try_get("used")? })
    }
}

impl OfficeStore {
    /// Draws an enrolment code and returns it with the end of its life, in milliseconds since the epoch; only its hash
    /// is kept. Returns `None` if there is no such contract.
    ///
    /// # Errors
    /// [`OfficeStoreError`] of the database, or if the system gives no randomness.
    pub async fn draw_enrolment_code(
        &self,
        contract: &str,
    ) -> Result<Option<(String, u64)>, OfficeStoreError> {
        let code = secrets::new_code()?;
        let now = clock::now();
        let expires_at = now.saturating_add(limits::CODE_MS);
        let mut tx = self.begin_write().await?;
        sqlx::query("DELETE FROM codes WHERE expires_at <= ?")
            .bind(to_signed(now, "the time")?)
            .execute(&mut *tx)
            .await?;
        let added = sqlx::query(
            "INSERT INTO codes (code_hash, contract, expires_at) SELECT ?, id, ? FROM contracts WHERE id = ?",
        )
        .bind(secrets::hash_code(&code))
        .bind(to_signed(expires_at, "the time")?)
        .bind(contract)
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok((added.rows_affected() == 1).then_some((code, expires_at)))
    }

    /// Enrols a device and uses the code up. Returns the device and its token, which is kept only as a hash; `None` if
    /// the code is wrong, used or too old. A key that is enrolled already keeps its device id; the token of before
    /// ends.
    ///
    /// # Errors
    /// [`OfficeStoreError`] of the database, or if the system gives no randomness.
    pub async fn enrol_device(
        &self,
        code: &str,
        name: &str,
        key: &PublicKey,
    ) -> Result<Option<(EnrolledDevice, String)>, OfficeStoreError> {
        let token = secrets::new_token()?;
        let enrolled_at = clock::now();
        let now = to_signed(enrolled_at, "the time")?;
        let mut tx = self.begin_write().await?;
        let contract: Option<String> = sqlx::query_scalar(
            "UPDATE codes SET used_at = ?1 WHERE code_hash = ?2 AND used_at IS NULL AND expires_at > ?1
             RETURNING contract",
        )
        .bind(now)
        .bind(secrets::hash_code(code))
        .fetch_optional(&mut *tx)
        .await?;
        let Some(contract) = contract else { return Ok(None) };
        // In two steps: for one that could do either, SQLite would look through all attachments.
        let known: Option<String> = sqlx::query_scalar(
            "UPDATE devices SET name = ?, token_hash = ?, enrolled_at = ? WHERE contract = ? AND public_key = ?
             RETURNING id",
        )
        .bind(name)
        .bind(secrets::hash_token(&token))
        .bind(now)
        .bind(&contract)
        .bind(key.to_hex())
        .fetch_optional(&mut *tx)
        .await?;
        let id = match known {
            Some(id) => id,
            None => {
                let id = secrets::new_id()?;
                sqlx::query(
                    "INSERT INTO devices (id, contract, name, public_key, token_hash, enrolled_at)
                     VALUES (?, ?, ?, ?, ?, ?)",
                )
                .bind(&id)
                .bind(&contract)
                .bind(name)
                .bind(key.to_hex())
                .bind(secrets::hash_token(&token))
                .bind(now)
                .execute(&mut *tx)
                .await?;
                id
            }
        };
        // Whoever gave the new code wants it back.
        sqlx::query("DELETE FROM revoked_devices WHERE device = ?").bind(&id).execute(&mut *tx).await?;
        tx.commit().await?;
        let (name, key) = (name.to_owned(), key.clone());
        Ok(Some((EnrolledDevice { id, contract, name, key, enrolled_at, handed_out: 0 }, token)))
    }

    /// Notes that these terms were handed out to a device: it records under no older ones from now on.
    ///
    /// # Errors
    /// [`OfficeStoreError`] of the database.
    pub async fn note_terms_handed_out(&self, device: &str, sequence: u64) -> Result<(), OfficeStoreError> {
        let mut tx = self.begin_write().await?;
        sqlx::query("UPDATE devices SET terms = max(terms, ?1), handed_out = ?1 WHERE id = ?2")
            .bind(to_signed(sequence, "the terms' sequence")?)
            .bind(device)
            .execute(&mut *tx)
            .await?;
        tx.commit().await
    }

    /// Returns the trackers of a contract in the order of their enrolment.
    ///
    /// # Errors
    /// [`OfficeStoreError`] of the database.
    pub async fn trackers(&self, contract: &str) -> Result<Vec<TrackerTerms>, OfficeStoreError> {
        Ok(sqlx::query_as(
            "SELECT name, terms, EXISTS (SELECT 1 FROM parcels WHERE device = devices.id) AS used FROM devices
             WHERE contract = ? ORDER BY enrolled_at, id LIMIT ?",
        )
        .bind(contract)
        .bind(limits::TRACKERS)
        .fetch_all(&self.pool)
        .await?)
    }

    /// Returns the keys of a contract's devices, by the devices' ids.
    ///
    /// # Errors
    /// [`OfficeStoreError`] of the database, or if a key is none.
    pub async fn device_keys(&self, contract: &str) -> Result<HashMap<String, PublicKey>, OfficeStoreError> {
        let rows: Vec<(String, String)> =
            sqlx::query_as("SELECT id, public_key FROM devices WHERE contract = ?")
                .bind(contract)
                .fetch_all(&self.pool)
                .await?;
        let read = |(id, key): (String, String)| {
            let key = PublicKey::from_hex(&key)
                .map_err(|e| OfficeStoreError::Damaged { what: "a device's key", why: e.to_string() })?;
            Ok((id, key))
        };
        rows.into_iter().map(read).collect()
    }

    /// Returns the device with this token.
    ///
    /// # Errors
    /// [`OfficeStoreError`] of the database.
    pub async fn device_by_token(&self, token: &str) -> Result<Option<EnrolledDevice>, OfficeStoreError> {
        type Row = (String, String, String, String, u64, u64);
        let row: Option<Row> = sqlx::query_as(
            "SELECT id, contract, name, public_key, enrolled_at, handed_out FROM devices WHERE token_hash = ?",
        )
        .bind(secrets::hash_token(token))
        .fetch_optional(&self.pool)
        .await?;
        let Some((id, contract, name, key, enrolled_at, handed_out)) = row else { return Ok(None) };
        let key = PublicKey::from_hex(&key)
            .map_err(|e| OfficeStoreError::Damaged { what: "a device's key", why: e.to_string() })?;
        Ok(Some(EnrolledDevice { id, contract, name, key, enrolled_at, handed_out }))
    }
}
