//! The plugins' key-value stores.
//!
//! Key and value are encrypted together, because a key may be a window's title. The row is found by a keyed hash of
//! plugin and key. The caller enforces quotas: [`Journal::store_list`] returns the size of each value.

use std::sync::Arc;

use zeroize::Zeroizing;

use crate::crypt::{CipherContext, JournalKeys};
use crate::database::SqlStatement;
use crate::journal::run_to_end;
use crate::writer::check_name;
use crate::{Journal, JournalError};

/// The longest name of a plugin's store: session, kind and plugin, in characters.
const MAX_PLUGIN: usize = 256;

/// The longest key, bytes.
const MAX_KEY_BYTES: usize = 1_024;

/// The longest value, bytes.
const MAX_VALUE_BYTES: usize = 4 * 1024 * 1024;

impl Journal {
    /// Returns the value that `plugin` stored under `key`.
    ///
    /// # Errors
    /// [`JournalError::Damaged`], [`JournalError::Closed`], and errors of the database.
    pub async fn store_get(&self, plugin: &str, key: &str) -> Result<Option<Vec<u8>>, JournalError> {
        let mut writer = self.lock_writer().await?;
        let keys = Arc::clone(&self.shared.keys);
        let (plugin, name) = (plugin.to_owned(), lookup_name(&self.shared.keys, plugin, key));
        run_to_end(async move {
            let sql = "SELECT sealed FROM store WHERE plugin = ? AND name = ?";
            let row: Option<(Vec<u8>,)> =
                writer.database.maybe(sql, [plugin.as_str().into(), name.clone().into()]).await?;
            row.map(|(sealed,)| Ok(open_entry(&keys, &plugin, &name, &sealed)?.1)).transpose()
        })
        .await
    }

    /// Stores a value (at most 4 MiB) under a key (at most 1 KiB), in place of what was there. It is committed within a
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
        let name = lookup_name(&self.shared.keys, plugin, key);
        let length = u32::try_from(key.len()).unwrap_or(u32::MAX).to_be_bytes();
        let both = Zeroizing::new([&length, key.as_bytes(), &value].concat());
        let sealed = self.shared.keys.seal(&entry_context(plugin, &name), &both)?;
        let sql = "INSERT INTO store (plugin, name, sealed) VALUES (?, ?, ?)
                   ON CONFLICT DO UPDATE SET sealed = excluded.sealed";
        let statement = SqlStatement::new(sql, [plugin.into(), name.into(), sealed.into()]);
        let mut writer = self.lock_writer().await?;
        run_to_end(async move { writer.database.write(vec![statement]).await }).await
    }

    /// Removes what `plugin` stored under `key`. Returns whether there was anything.
    ///
    /// # Errors
    /// [`JournalError::DiskFull`], [`JournalError::Closed`], and errors of the database.
    pub async fn store_delete(&self, plugin: &str, key: &str) -> Result<bool, JournalError> {
        let values = || [plugin.into(), lookup_name(&self.shared.keys, plugin, key).into()];
        let find = values();
        let delete = SqlStatement::new("DELETE FROM store WHERE plugin = ? AND name = ?", values());
        let mut writer = self.lock_writer().await?;
        run_to_end(async move {
            let sql = "SELECT 1 FROM store WHERE plugin = ? AND name = ?";
            let found = writer.database.exists(sql, find).await?;
            if found {
                writer.database.write(vec![delete]).await?;
            }
            Ok(found)
        })
        .await
    }

    /// Returns the keys of `plugin`, sorted, each with the length of its value in bytes.
    ///
    /// # Errors
    /// [`JournalError::Damaged`], [`JournalError::Closed`], and errors of the database.
    pub async fn store_list(&self, plugin: &str) -> Result<Vec<(String, u64)>, JournalError> {
        let mut writer = self.lock_writer().await?;
        let keys = Arc::clone(&self.shared.keys);
        let plugin = plugin.to_owned();
        run_to_end(async move {
            let sql = "SELECT name, sealed FROM store WHERE plugin = ?";
            let rows: Vec<(Vec<u8>, Vec<u8>)> = writer.database.rows(sql, [plugin.as_str().into()]).await?;
            drop(writer);
            let list = rows.iter().map(|(name, sealed)| {
                let (key, value) = open_entry(&keys, &plugin, name, sealed)?;
                Ok((key, value.len() as u64))
            });
            let mut list = list.collect::<Result<Vec<_>, JournalError>>()?;
            list.sort_unstable();
            Ok(list)
        })
        .await
    }
}

fn lookup_name(keys: &JournalKeys, plugin: &str, key: &str) -> Vec<u8> {
    let context = CipherContext::new("name in store").bytes(plugin.as_bytes()).bytes(key.as_bytes());
    keys.lookup_name(&context).as_bytes().to_vec()
}

fn entry_context(plugin: &str, name: &[u8]) -> CipherContext {
    CipherContext::new("value in store").bytes(plugin.as_bytes()).bytes(name)
}

fn open_entry(
    keys: &JournalKeys,
    plugin: &str,
    name: &[u8],
    sealed: &[u8],
) -> Result<(String, Vec<u8>), JournalError> {
    let damaged = || JournalError::Damaged(format!("a value in the store of {plugin} does not decrypt"));
    let both = keys.unseal(&entry_context(plugin, name), sealed).ok_or_else(damaged)?;
    let (length, rest) = both.split_first_chunk::<4>().ok_or_else(damaged)?;
    let length = usize::try_from(u32::from_be_bytes(*length)).map_err(|_| damaged())?;
    let (key, value) = rest.split_at_checked(length).ok_or_else(damaged)?;
    Ok((String::from_utf8(key.to_vec()).map_err(|_| damaged())?, value.to_vec()))
}
