//! Enrolment codes and the devices that were enrolled with them.

use candor_seal::PublicKey;
use sqlx::Row;

use super::{Store, StoreError, signed, unsigned};
use crate::{clock, limits, secrets};

/// An enrolled device. It belongs to one contract.
#[derive(Clone, Debug)]
pub struct Device {
    /// 32 hex digits.
    pub id: String,
    /// The contract that it delivers to.
    pub contract: String,
    /// The name that the worker gave it.
    pub name: String,
    /// The key that signs its parcels.
    pub key: PublicKey,
}

impl Store {
    /// Draws an enrolment code and answers it; only its hash is kept. `None` where there is no such contract.
    ///
    /// # Errors
    /// [`StoreError`] of the database, or no randomness.
    pub async fn enrolment_code(&self, contract: &str) -> Result<Option<(String, u64)>, StoreError> {
        let code = secrets::code()?;
        let now = clock::now();
        let expires_at = now.saturating_add(limits::CODE_MS);
        let mut tx = self.write().await?;
        sqlx::query("DELETE FROM codes WHERE expires_at <= ?")
            .bind(signed(now, "the time")?)
            .execute(&mut *tx)
            .await?;
        let added = sqlx::query(
            "INSERT INTO codes (code_hash, contract, expires_at) SELECT ?, id, ? FROM contracts WHERE id = ?",
        )
        .bind(secrets::kept_code(&code))
        .bind(signed(expires_at, "the time")?)
        .bind(contract)
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok((added.rows_affected() == 1).then_some((code, expires_at)))
    }

    /// Enrols a device and uses the code up. Answers the device and its token, which is kept only as a hash; `None`
    /// where the code is wrong, used or too old. A key that is enrolled already keeps its device id; the token of
    /// before ends.
    ///
    /// # Errors
    /// [`StoreError`] of the database, or no randomness.
    pub async fn enrol(
        &self,
        code: &str,
        name: &str,
        key: &PublicKey,
    ) -> Result<Option<(Device, String)>, StoreError> {
        let token = secrets::token()?;
        let now = signed(clock::now(), "the time")?;
        let mut tx = self.write().await?;
        let row = sqlx::query(
            "UPDATE codes SET used_at = ?1 WHERE code_hash = ?2 AND used_at IS NULL AND expires_at > ?1
             RETURNING contract",
        )
        .bind(now)
        .bind(secrets::kept_code(code))
        .fetch_optional(&mut *tx)
        .await?;
        let Some(row) = row else { return Ok(None) };
        let contract: String = row.try_get("contract")?;
        let row = sqlx::query(
            "INSERT INTO devices (id, contract, name, public_key, token_hash, enrolled_at) VALUES (?, ?, ?, ?, ?, ?)
             ON CONFLICT (contract, public_key)
             DO UPDATE SET name = excluded.name, token_hash = excluded.token_hash, enrolled_at = excluded.enrolled_at
             RETURNING id",
        )
        .bind(secrets::id()?)
        .bind(&contract)
        .bind(name)
        .bind(key.to_hex())
        .bind(secrets::kept(&token))
        .bind(now)
        .fetch_one(&mut *tx)
        .await?;
        let id: String = row.try_get("id")?;
        tx.commit().await?;
        Ok(Some((Device { id, contract, name: name.to_owned(), key: key.clone() }, token)))
    }

    /// These terms were handed out to a device: it records under no older ones from now on.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn handed_out(&self, device: &str, sequence: u64) -> Result<(), StoreError> {
        sqlx::query("UPDATE devices SET terms = max(terms, ?) WHERE id = ?")
            .bind(signed(sequence, "the terms' sequence")?)
            .bind(device)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// The trackers of a contract by name, each with the sequence of the newest terms that it is known to have, and whether
    /// it has ever delivered something: before, nobody knows whether what is recorded was accepted there.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn trackers(&self, contract: &str) -> Result<Vec<(String, u64, bool)>, StoreError> {
        let rows = sqlx::query(
            "SELECT name, terms, EXISTS (SELECT 1 FROM parcels WHERE device = devices.id) AS used FROM devices WHERE contract = ? ORDER BY enrolled_at, id LIMIT ?",
        )
        .bind(contract)
        .bind(limits::TRACKERS)
        .fetch_all(&self.pool)
        .await?;
        rows.iter()
            .map(|row| {
                let terms = unsigned(row.try_get("terms")?, "a sequence")?;
                Ok((row.try_get("name")?, terms, row.try_get("used")?))
            })
            .collect()
    }

    /// The device with this token.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn device_by_token(&self, token: &str) -> Result<Option<Device>, StoreError> {
        let row = sqlx::query("SELECT id, contract, name, public_key FROM devices WHERE token_hash = ?")
            .bind(secrets::kept(token))
            .fetch_optional(&self.pool)
            .await?;
        let Some(row) = row else { return Ok(None) };
        let key = PublicKey::from_hex(row.try_get("public_key")?)
            .map_err(|e| StoreError::Damaged { what: "a device's key", why: e.to_string() })?;
        Ok(Some(Device {
            id: row.try_get("id")?,
            contract: row.try_get("contract")?,
            name: row.try_get("name")?,
            key,
        }))
    }
}
