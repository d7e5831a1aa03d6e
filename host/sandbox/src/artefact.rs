//! Compiled components, kept on disk. The agent compiles nothing in its own process: `candor-compile` does, briefly and
//! under limits. Loading an artefact is running machine code from disk, so artefacts are in a folder that only this
//! account may enter, and each carries a MAC under a key that is there too; whatever does not verify is thrown away
//! and compiled anew.

use std::collections::hash_map::DefaultHasher;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::hash::{Hash, Hasher};
use std::io::{Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use candor_files::ExistingFile;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use tokio::io::AsyncReadExt;
use wasmtime::Engine;
use wasmtime::component::Component;
use zeroize::Zeroizing;

use crate::limits::Limits;
use crate::load;
use crate::refusal::Refusal;
use crate::text::cut;

type HmacSha256 = Hmac<Sha256>;
/// Length of the MAC before an artefact, in bytes.
const MAC: usize = 32;
/// Name of the key's file.
const KEY: &str = "artefacts.key";

/// A folder of artefacts, and what compiles them.
pub(crate) struct Artefacts {
    folder: PathBuf,
    compiler: PathBuf,
    key: Zeroizing<[u8; 32]>,
    /// The part of an artefact's name that tells engines apart, beside the component's digest.
    compatibility: String,
}

impl Artefacts {
    /// Opens the folder; makes it if it is not there.
    ///
    /// # Errors
    /// What is wrong with the folder and what to do, in words.
    pub(crate) fn open(folder: &Path, compiler: &Path, engine: &Engine) -> Result<Self, String> {
        let named = |e: std::io::Error| format!("{}: {e}", folder.display());
        DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(named)?;
        let found = fs::metadata(folder).map_err(named)?;
        if found.uid() != rustix::process::geteuid().as_raw() || found.mode() & 0o077 != 0 {
            return Err(format!(
                "{} must belong to this account alone: run `chmod 700` on it, or name another folder",
                folder.display()
            ));
        }
        let mut hasher = DefaultHasher::new();
        engine.precompile_compatibility_hash().hash(&mut hasher);
        Ok(Self {
            folder: folder.to_owned(),
            compiler: compiler.to_owned(),
            key: read_or_make_key(folder).map_err(|e| format!("{}: {e}", folder.join(KEY).display()))?,
            compatibility: format!("{:016x}", hasher.finish()),
        })
    }

    /// Loads a component's artefact; compiles it first if there is none that verifies. `sha256` is of the bytes at `path`
    /// that were described; the compiler checks that it reads the same.
    ///
    /// # Errors
    /// [`Refusal::Compile`] or [`Refusal::Artefact`].
    pub(crate) async fn load(
        &self,
        engine: &Engine,
        limits: &Limits,
        path: &Path,
        sha256: &str,
    ) -> Result<Component, Refusal> {
        let name = format!("{sha256}-{}", self.compatibility);
        let kept = self.folder.join(format!("{name}.artefact"));
        if let Some(component) = self.load_kept(engine, &kept, &name).await {
            return Ok(component);
        }
        self.compile(limits, path, sha256, &name, &kept).await?;
        self.load_kept(engine, &kept, &name).await.ok_or_else(|| {
            Refusal::Artefact(format!(
                "{} cannot be loaded though it was just made: candor-compile is of another version than this program, install both together",
                kept.display()
            ))
        })
    }

    async fn load_kept(&self, engine: &Engine, kept: &Path, name: &str) -> Option<Component> {
        let (engine, kept, name, mac) = (engine.clone(), kept.to_owned(), name.to_owned(), self.mac());
        let loaded = tokio::task::spawn_blocking(move || {
            let bytes = fs::read(&kept).ok()?;
            let (found, artefact) = bytes.split_at_checked(MAC)?;
            let verified = mac.chain_update(&name).chain_update(artefact).verify_slice(found);
            if verified.is_err() {
                tracing::warn!("a compiled plugin was altered on disk; it is compiled anew");
                return None;
            }
            load::verified(&engine, artefact).ok()
        });
        loaded.await.ok().flatten()
    }

    fn mac(&self) -> HmacSha256 {
        // A MAC takes a key of any length; this arm is never reached.
        HmacSha256::new_from_slice(self.key.as_slice())
            .unwrap_or_else(|_| HmacSha256::new(&Default::default()))
    }

    async fn compile(
        &self,
        limits: &Limits,
        path: &Path,
        sha256: &str,
        name: &str,
        kept: &Path,
    ) -> Result<(), Refusal> {
        let mut random = [0; 8];
        getrandom::fill(&mut random).map_err(|e| Refusal::Artefact(e.to_string()))?;
        let fresh = self.folder.join(format!("{name}.{}.fresh", hex::encode(random)));
        let compiled = self.run_compiler(limits, path, sha256, &fresh).await;
        let kept = kept.to_owned();
        let (mac, name) = (self.mac(), name.to_owned());
        let sealed = tokio::task::spawn_blocking(move || {
            let sealed = compiled.and_then(|()| {
                seal(mac, &name, &fresh, &kept)
                    .map_err(|e| Refusal::Artefact(format!("{}: {e}", kept.display())))
            });
            // It is left over if anything failed.
            let _ = fs::remove_file(&fresh);
            sealed
        });
        sealed.await.map_err(|e| Refusal::Artefact(e.to_string()))?
    }

    async fn run_compiler(
        &self,
        limits: &Limits,
        path: &Path,
        sha256: &str,
        fresh: &Path,
    ) -> Result<(), Refusal> {
        let mut child = tokio::process::Command::new(&self.compiler)
            .arg("--component")
            .arg(path)
            .arg("--sha256")
            .arg(sha256)
            .arg("--output")
            .arg(fresh)
            .arg("--memory")
            .arg(limits.compile_memory.to_string())
            .arg("--seconds")
            .arg(limits.compile.as_secs().max(1).to_string())
            .env_clear()
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(|e| {
                Refusal::Compile(format!(
                    "{} could not be run ({e}): it is installed beside the agent",
                    self.compiler.display()
                ))
            })?;
        let stderr = child.stderr.take();
        let run = async {
            let mut said = Vec::new();
            if let Some(stderr) = stderr {
                // More than it ever writes: what is beyond is not read, and the compiler's write fails.
                let _ = stderr.take(16 * 1024).read_to_end(&mut said).await;
            }
            (child.wait().await, said)
        };
        let Ok((status, said)) = tokio::time::timeout(limits.compile, run).await else {
            return Err(Refusal::Compile(format!(
                "it took longer than {} s: make the plugin smaller",
                limits.compile.as_secs()
            )));
        };
        match status {
            Ok(status) if status.success() => Ok(()),
            Ok(status) => {
                // Its name is drawn at random each time; without it, the same fault is reported in the same words.
                let said = String::from_utf8_lossy(&said).replace(&*fresh.to_string_lossy(), "what it makes");
                let said = cut(said.trim(), limits.text);
                Err(Refusal::Compile(if said.is_empty() { status.to_string() } else { said.to_owned() }))
            }
            Err(e) => Err(Refusal::Compile(e.to_string())),
        }
    }
}

/// Puts the MAC before a fresh artefact and moves it into place.
fn seal(mac: HmacSha256, name: &str, fresh: &Path, kept: &Path) -> std::io::Result<()> {
    let artefact = fs::read(fresh)?;
    let tag = mac.chain_update(name).chain_update(&artefact).finalize().into_bytes();
    let sealed = fresh.with_extension("sealed");
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&sealed)?;
    let written = file
        .write_all(&tag)
        .and_then(|()| file.write_all(&artefact))
        .and_then(|()| file.sync_all())
        .and_then(|()| fs::rename(&sealed, kept));
    if written.is_err() {
        let _ = fs::remove_file(&sealed);
    }
    written
}

/// Returns the key of this folder; makes it on first use.
fn read_or_make_key(folder: &Path) -> std::io::Result<Zeroizing<[u8; 32]>> {
    let path = folder.join(KEY);
    match read_key(&path) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => {}
        done => return done,
    }
    let mut key = Zeroizing::new([0; 32]);
    getrandom::fill(key.as_mut_slice()).map_err(std::io::Error::other)?;
    // If two processes start at once, the first key stays and both use it.
    candor_files::write_whole(&path, ExistingFile::Keep, key.as_slice())?;
    read_key(&path)
}

fn read_key(path: &Path) -> std::io::Result<Zeroizing<[u8; 32]>> {
    let mut file = File::open(path)?;
    if file.metadata()?.mode() & 0o077 != 0 {
        return Err(std::io::Error::other("others can read this key: delete it, a new one will be made"));
    }
    let mut key = Zeroizing::new([0; 32]);
    file.read_exact(key.as_mut_slice())?;
    Ok(key)
}
