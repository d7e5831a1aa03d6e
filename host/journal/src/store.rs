//! The plugins' key-value stores.
//!
//! Key and value are encrypted together: a key may be a window's title as well. The row is found by a keyed hash of
//! plugin and key. Quotas are the caller's business: [`Journal::store_list`] tells what each value takes.

use std::sync::Arc;

use zeroize::Zeroizing;

use crate::crypt::{Context, Keys};
use crate::database::Statement;
use crate::journal::finish;
use crate::writer::check_name;
use crate::{Journal, JournalError};

/// The longest name of a plugin's store: session, kind and plugin, in characters.
const MAX_PLUGIN: usize = 256;

/// The longest key: 1 KiB.
const MAX_KEY_BYTES: usize = 1_024;

/// The longest value: 4 MiB.
const MAX_VALUE_BYTES: usize = 4 * 1024 * 1024;

impl Journal {
    /// The value that `plugin` stored under `key`; none where there is none.
    ///
    /// # Errors
    /// [`JournalError::Damaged`], [`JournalError::Closed`], and errors of the database.
    pub async fn store_get(&self, plugin: &str, key: &str) -> Result<Option<Vec<u8>>, JournalError> {
        let mut turn = self.turn().await?;
        let keys = Arc::clone(&self.inner.keys);
        let (plugin, name) = (plugin.to_owned(), name(&self.inner.keys, plugin, key));
        finish(async move {
            let sql = "SELECT sealed FROM store WHERE plugin = ? AND name = ?";
            let row: Option<(Vec<u8>,)> =
                turn.database.maybe(sql, [plugin.as_str().into(), name.clone().into()]).await?;
            row.map(|(sealed,)| Ok(open(&keys, &plugin, &name, &sealed)?.1)).transpose()
        })
        .await
    }

    /// Stores a value (at most 4 MiB) under a key (at most 1 KiB), in place of what was there. Committed within a
    /// second.
    ///
    /// # Errors
    /// [`JournalError::Unusable`], [`JournalError::DiskFull`], [`JournalError::Closed`], and errors of the database.
    pub async fn store_set(&self, plugin: &str, key: &str, value: Vec<u8>) -> Result<(), JournalError> {
        check_name("the plugin", plugin, MAX_PLUGIN)?;
        if key.len() > MAX_KEY_BYTES || value.len() > MAX_VALUE_BYTES {
            let reason = "a key longer than 1 KiB or a value longer than 4 MiB";
            return Err(JournalError::Unusable { what: "the store's entry", reason });
        }
        let name = name(&self.inner.keys, plugin, key);
        let length = u32::try_from(key.len()).unwrap_or(u32::MAX).to_be_bytes();
        let both = Zeroizing::new([&length, key.as_bytes(), &value].concat());
        let sealed = self.inner.keys.seal(&context(plugin, &name), &both)?;
        let sql = "INSERT INTO store (plugin, name, sealed) VALUES (?, ?, ?)
                   ON CONFLICT DO UPDATE SET sealed = excluded.sealed";
        let statement = Statement::new(sql, [plugin.into(), name.into(), sealed.into()]);
        let mut turn = self.turn().await?;
        finish(async move { turn.database.write(vec![statement]).await }).await
    }

    /// Removes what `plugin` stored under `key`; says whether there was anything.
    ///
    /// # Errors
    /// [`JournalError::DiskFull`], [`JournalError::Closed`], and errors of the database.
    pub async fn store_delete(&self, plugin: &str, key: &str) -> Result<bool, JournalError> {
        let values = || [plugin.into(), name(&self.inner.keys, plugin, key).into()];
        let find = values();
        let delete = Statement::new("DELETE FROM store WHERE plugin = ? AND name = ?", values());
        let mut turn = self.turn().await?;
        finish(async move {
            let sql = "SELECT 1 FROM store WHERE plugin = ? AND name = ?";
            let found = turn.database.exists(sql, find).await?;
            if found {
                turn.database.write(vec![delete]).await?;
            }
            Ok(found)
        })
        .await
    }

    /// The keys of `plugin`, sorted, each with the length of its value in bytes.
    ///
    /// # Errors
    /// [`JournalError::Damaged`], [`JournalError::Closed`], and errors of the database.
    pub async fn store_list(&self, plugin: &str) -> Result<Vec<(String, u64)>, JournalError> {
        let mut turn = self.turn().await?;
        let keys = Arc::clone(&self.inner.keys);
        let plugin = plugin.to_owned();
        finish(async move {
            let sql = "SELECT name, sealed FROM store WHERE plugin = ?";
            let rows: Vec<(Vec<u8>, Vec<u8>)> = turn.database.rows(sql, [plugin.as_str().into()]).await?;
            drop(turn);
            let list = rows.iter().map(|(name, sealed)| {
                let (key, value) = open(&keys, &plugin, name, sealed)?;
                Ok((key, value.len() as u64))
            });
            let mut list = list.collect::<Result<Vec<_>, JournalError>>()?;
            list.sort_unstable();
            Ok(list)
        })
        .await
    }
}

fn name(keys: &Keys, plugin: &str, key: &str) -> Vec<u8> {
    let context = Context::new("name in store").bytes(plugin.as_bytes()).bytes(key.as_bytes());
    keys.name(&context).as_bytes().to_vec()
}

fn context(plugin: &str, name: &[u8]) -> Context {
    Context::new("value in store").bytes(plugin.as_bytes()).bytes(name)
}

fn open(keys: &Keys, plugin: &str, name: &[u8], sealed: &[u8]) -> Result<(String, Vec<u8>), JournalError> {
    let damaged = || JournalError::Damaged(format!("a value in the store of {plugin} does not decrypt"));
    let both = keys.unseal(&context(plugin, name), sealed).ok_or_else(damaged)?;
    let (length, rest) = both.split_first_chunk::<4>().ok_or_else(damaged)?;
    let length = usize::try_from(u32::from_be_bytes(*length)).map_err(|_| damaged())?;
    let (key, value) = rest.split_at_checked(length).ok_or_else(damaged)?;
    Ok((String::from_utf8(key.to_vec()).map_err(|_| damaged())?, value.to_vec()))
}
