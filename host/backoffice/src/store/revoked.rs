//! Devices and sessions as the operator sees them, and how they end.

use serde::Serialize;
use sqlx::sqlite::SqliteRow;
use sqlx::{FromRow, Row};

use super::database::{OfficeStore, to_signed};
use super::error::OfficeStoreError;
use crate::{clock, limits, secrets};

/// How many hex digits of the hash of its token a session is called by: enough for all there are, and no help to
/// whoever wants to be one.
const SESSION_ID_DIGITS: i64 = 16;

/// A device as the operator sees it. Times are in milliseconds since the epoch.
#[derive(Clone, Debug, Serialize)]
pub struct DeviceRow {
    /// Its id, 32 hex digits.
    pub device: String,
    /// The name that the worker gave it.
    pub name: String,
    /// The id of its contract.
    pub contract: String,
    /// When it was enrolled last.
    pub enrolled_at: u64,
    /// When it was revoked, if it is.
    pub revoked_at: Option<u64>,
    /// When a parcel of it came last.
    pub last_parcel_at: Option<u64>,
    /// What its attachments take, in bytes.
    pub attachment_bytes: u64,
}

impl FromRow<'_, SqliteRow> for DeviceRow {
    fn from_row(row: &SqliteRow) -> sqlx::Result<Self> {
        Ok(Self {
            device: row.try_get("id")?,
            name: row.try_get("name")?,
            contract: row.try_get("contract")?,
            enrolled_at: row.try_get("enrolled_at")?,
            revoked_at: row.try_get("revoked_at")?,
            last_parcel_at: row.try_get("last_parcel_at")?,
            attachment_bytes: row.try_get("attachment_bytes")?,
        })
    }
}

/// A session as the operator sees it. Times are in milliseconds since the epoch.
#[derive(Clone, Debug, Serialize)]
pub struct SessionRow {
    /// What it is called, 16 hex digits; no secret.
    pub session: String,
    /// The address of who is signed in.
    pub email: String,
    /// When it began.
    pub since: u64,
    /// When it ends by itself.
    pub until: u64,
}

impl FromRow<'_, SqliteRow> for SessionRow {
    fn from_row(row: &SqliteRow) -> sqlx::Result<Self> {
        let until: u64 = row.try_get("expires_at")?;
        Ok(Self {
            session: row.try_get("session")?,
            email: row.try_get("email")?,
            since: until.saturating_sub(limits::SESSION_MS),
            until,
        })
    }
}

impl OfficeStore {
    /// Returns the devices of one contract or all, in the order of their enrolment.
    ///
    /// # Errors
    /// [`OfficeStoreError`] of the database.
    pub async fn list_devices(&self, contract: Option<&str>) -> Result<Vec<DeviceRow>, OfficeStoreError> {
        Ok(sqlx::query_as(
            "SELECT each_device.id, each_device.name, each_device.contract, each_device.enrolled_at, r.revoked_at,
             (SELECT max(received_at) FROM parcels p WHERE p.device = each_device.id) AS last_parcel_at,
             (SELECT coalesce(sum(bytes), 0) FROM attachments a WHERE a.device = each_device.id) AS attachment_bytes
             FROM devices each_device LEFT JOIN revoked_devices r ON r.device = each_device.id
             WHERE ?1 IS NULL OR each_device.contract = ?1 ORDER BY each_device.enrolled_at, each_device.id",
        )
        .bind(contract)
        .fetch_all(&self.pool)
        .await?)
    }

    /// Revokes a device. Returns `false` if there is none with this id; one that was revoked before stays so.
    ///
    /// # Errors
    /// [`OfficeStoreError`] of the database.
    pub async fn revoke_device(&self, device: &str) -> Result<bool, OfficeStoreError> {
        let mut tx = self.begin_write().await?;
        sqlx::query(
            "INSERT INTO revoked_devices (device, revoked_at) SELECT id, ? FROM devices WHERE id = ?
             ON CONFLICT (device) DO NOTHING",
        )
        .bind(to_signed(clock::now(), "the time")?)
        .bind(device)
        .execute(&mut *tx)
        .await?;
        let revoked = sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM revoked_devices WHERE device = ?)")
            .bind(device)
            .fetch_one(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(revoked)
    }

    /// Returns whether a device is revoked.
    ///
    /// # Errors
    /// [`OfficeStoreError`] of the database.
    pub async fn is_revoked(&self, device: &str) -> Result<bool, OfficeStoreError> {
        Ok(sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM revoked_devices WHERE device = ?)")
            .bind(device)
            .fetch_one(&self.pool)
            .await?)
    }

    /// Returns how many bytes the attachments of a device take.
    ///
    /// # Errors
    /// [`OfficeStoreError`] of the database.
    pub async fn attachment_bytes(&self, device: &str) -> Result<u64, OfficeStoreError> {
        Ok(sqlx::query_scalar("SELECT coalesce(sum(bytes), 0) FROM attachments WHERE device = ?")
            .bind(device)
            .fetch_one(&self.pool)
            .await?)
    }

    /// Returns the sessions that are not over, of one account or all.
    ///
    /// # Errors
    /// [`OfficeStoreError`] of the database.
    pub async fn list_sessions(&self, email: Option<&str>) -> Result<Vec<SessionRow>, OfficeStoreError> {
        Ok(sqlx::query_as(
            "SELECT substr(lower(hex(each_session.token_hash)), 1, ?3) AS session, a.email, each_session.expires_at
             FROM sessions each_session CROSS JOIN accounts a ON a.id = each_session.account
             WHERE each_session.expires_at > ?1 AND (?2 IS NULL OR a.email = ?2)
             ORDER BY a.email, each_session.expires_at",
        )
        .bind(to_signed(clock::now(), "the time")?)
        .bind(email)
        .bind(SESSION_ID_DIGITS)
        .fetch_all(&self.pool)
        .await?)
    }

    /// Ends the session of this name. Returns whether there was one.
    ///
    /// # Errors
    /// [`OfficeStoreError`] of the database.
    pub async fn end_named_session(&self, session: &str) -> Result<bool, OfficeStoreError> {
        let ended = sqlx::query(
            "DELETE FROM sessions AS each_session WHERE substr(lower(hex(token_hash)), 1, ?) = ?",
        )
        .bind(SESSION_ID_DIGITS)
        .bind(session)
        .execute(&self.pool)
        .await?;
        Ok(ended.rows_affected() > 0)
    }

    /// Ends all sessions of an account. Returns how many there were.
    ///
    /// # Errors
    /// [`OfficeStoreError`] of the database.
    pub async fn end_sessions(&self, account: &str) -> Result<u64, OfficeStoreError> {
        let ended =
            sqlx::query("DELETE FROM sessions WHERE account = ?").bind(account).execute(&self.pool).await?;
        Ok(ended.rows_affected())
    }

    /// Gives an account a new password, an argon2id PHC string, and ends all its sessions but the one with the token
    /// `but`. Returns how many ended.
    ///
    /// # Errors
    /// [`OfficeStoreError`] of the database.
    pub async fn change_password(
        &self,
        account: &str,
        password: &str,
        but: Option<&str>,
    ) -> Result<u64, OfficeStoreError> {
        let mut tx = self.begin_write().await?;
        sqlx::query("UPDATE accounts SET password = ? WHERE id = ?")
            .bind(password)
            .bind(account)
            .execute(&mut *tx)
            .await?;
        let ended = sqlx::query("DELETE FROM sessions WHERE account = ? AND token_hash <> ?")
            .bind(account)
            .bind(but.map(secrets::hash_token).unwrap_or_default())
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(ended.rows_affected())
    }
}
