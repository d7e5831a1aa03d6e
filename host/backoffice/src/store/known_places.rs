//! From where accounts were signed in to.

use super::database::{OfficeStore, to_signed};
use super::error::OfficeStoreError;
use crate::peer::Origin;
use crate::{clock, limits, secrets};

fn place_hash(account: &str, origin: Origin) -> Vec<u8> {
    secrets::hash_token(&format!("{account} {origin}"))
}

impl OfficeStore {
    /// Returns whether somebody has signed in to an account from there within [`limits::KNOWN_PLACE_MS`].
    ///
    /// # Errors
    /// [`OfficeStoreError`] of the database.
    pub async fn is_known_place(&self, account: &str, origin: Origin) -> Result<bool, OfficeStoreError> {
        let since = clock::now().saturating_sub(limits::KNOWN_PLACE_MS);
        Ok(sqlx::query_scalar(
            "SELECT EXISTS (SELECT 1 FROM known_places WHERE account = ? AND place_hash = ? AND seen_at > ?)",
        )
        .bind(account)
        .bind(place_hash(account, origin))
        .bind(to_signed(since, "the time")?)
        .fetch_one(&self.pool)
        .await?)
    }

    /// Notes that somebody has signed in to an account from there. The newest [`limits::KNOWN_PLACES`] stay.
    ///
    /// # Errors
    /// [`OfficeStoreError`] of the database.
    pub async fn note_place(&self, account: &str, origin: Origin) -> Result<(), OfficeStoreError> {
        let mut tx = self.begin_write().await?;
        sqlx::query(
            "INSERT INTO known_places (account, place_hash, seen_at) VALUES (?, ?, ?)
             ON CONFLICT (account, place_hash) DO UPDATE SET seen_at = excluded.seen_at",
        )
        .bind(account)
        .bind(place_hash(account, origin))
        .bind(to_signed(clock::now(), "the time")?)
        .execute(&mut *tx)
        .await?;
        sqlx::query(
            "DELETE FROM known_places WHERE account = ?1 AND place_hash NOT IN
             (SELECT place_hash FROM known_places WHERE account = ?1 ORDER BY seen_at DESC LIMIT ?2)",
        )
        .bind(account)
        .bind(limits::KNOWN_PLACES)
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(())
    }
}
