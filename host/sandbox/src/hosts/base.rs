//! Log, store, clock, random: what needs no grant.

use crate::bindings::candor::plugin::{clock, log, random, store, types};
use crate::clock::now_ms;
use crate::host_traits::KeyValueStore;
use crate::instance::InstanceState;
use crate::log::Level;
use crate::model::StoreError;
use crate::plugin_hosts::PluginHosts;

impl types::Host for InstanceState {}

impl log::Host for InstanceState {
    async fn write(&mut self, level: log::Level, message: String) -> wasmtime::Result<()> {
        let level = match level {
            log::Level::Debug => Level::Debug,
            log::Level::Info => Level::Info,
            log::Level::Warn => Level::Warn,
            log::Level::Error => Level::Error,
        };
        self.hosts.log.write_guest(level, &message);
        Ok(())
    }
}

impl clock::Host for InstanceState {
    async fn now(&mut self) -> wasmtime::Result<u64> {
        Ok(now_ms())
    }

    async fn monotonic(&mut self) -> wasmtime::Result<u64> {
        Ok(u64::try_from(self.hosts.started.elapsed().as_millis()).unwrap_or(u64::MAX))
    }
}

impl random::Host for InstanceState {
    async fn bytes(&mut self, length: u32) -> wasmtime::Result<Vec<u8>> {
        let length = usize::try_from(length.min(self.hosts.limits.random))?;
        let mut bytes = vec![0; length];
        getrandom::fill(&mut bytes).map_err(|e| wasmtime::format_err!("no random bytes: {e}"))?;
        Ok(bytes)
    }
}

impl PluginHosts {
    fn key_values(&self, key: Option<&str>) -> Result<&dyn KeyValueStore, StoreError> {
        if key.is_some_and(|key| key.is_empty() || key.len() > self.limits.store_key) {
            return Err(StoreError::BadKey);
        }
        match &self.store {
            Some(store) => Ok(store.as_ref()),
            None => Err(StoreError::Unavailable("this plugin has no store".to_owned())),
        }
    }

    async fn set_within_quota(&self, key: &str, value: Vec<u8>) -> Result<(), StoreError> {
        let store = self.key_values(Some(key))?;
        let quota = self.limits.store;
        let others: u64 = store
            .list()
            .await?
            .iter()
            .filter(|(other, _)| other != key)
            .map(|(other, length)| other.len() as u64 + length)
            .sum();
        if others + key.len() as u64 + value.len() as u64 > quota {
            return Err(StoreError::Full(quota));
        }
        store.set(key, value).await
    }
}

impl store::Host for InstanceState {
    async fn get(&mut self, key: String) -> wasmtime::Result<Result<Option<Vec<u8>>, store::StoreError>> {
        let got = match self.hosts.key_values(Some(&key)) {
            Ok(store) => store.get(&key).await,
            Err(e) => Err(e),
        };
        Ok(got.map_err(Into::into))
    }

    async fn set(&mut self, key: String, value: Vec<u8>) -> wasmtime::Result<Result<(), store::StoreError>> {
        Ok(self.hosts.set_within_quota(&key, value).await.map_err(Into::into))
    }

    async fn delete(&mut self, key: String) -> wasmtime::Result<Result<(), store::StoreError>> {
        let done = match self.hosts.key_values(Some(&key)) {
            Ok(store) => store.delete(&key).await,
            Err(e) => Err(e),
        };
        Ok(done.map_err(Into::into))
    }

    async fn keys(&mut self) -> wasmtime::Result<Result<Vec<String>, store::StoreError>> {
        let listed = match self.hosts.key_values(None) {
            Ok(store) => store.list().await,
            Err(e) => Err(e),
        };
        Ok(listed.map(|keys| keys.into_iter().map(|(key, _)| key).collect()).map_err(Into::into))
    }
}
