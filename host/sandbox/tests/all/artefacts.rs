//! Compiled components on disk.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use candor_sandbox::{Grants, Limits, Refusal, Sandbox, SandboxConfig};

use crate::support::{guest, patient, sandbox_in, scene};

fn artefacts(folder: &Path) -> Vec<PathBuf> {
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    files.filter(|path| path.extension().is_some_and(|e| e == "artefact")).collect()
}

async fn runs(sandbox: &Sandbox) {
    let prepared = sandbox.prepare(&guest("hostile_policy")).await.unwrap();
    let mut policy = prepared.policy("p", &Grants::default(), "").await.unwrap();
    policy.judge(scene(1), None).await.unwrap();
}

#[tokio::test]
async fn an_artefact_is_kept_and_used_again() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("new");
    runs(&sandbox_in(&folder, patient())).await;
    let kept = artefacts(&folder);
    assert_eq!(kept.len(), 1);
    let made = fs::metadata(&kept[0]).unwrap().ino();
    runs(&sandbox_in(&folder, patient())).await;
    assert_eq!(fs::metadata(&kept[0]).unwrap().ino(), made);

    // Nothing is left over, and nobody else can read anything.
    let mut names: Vec<_> =
        fs::read_dir(&folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    assert_eq!(names.len(), 2, "{names:?}");
    assert_eq!(fs::metadata(&folder).unwrap().mode() & 0o777, 0o700);
    for name in names {
        assert_eq!(fs::metadata(folder.join(name)).unwrap().mode() & 0o777, 0o600);
    }
}

#[tokio::test]
async fn an_artefact_that_was_altered_is_compiled_anew() {
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o700)).unwrap();
    runs(&sandbox_in(folder.path(), patient())).await;
    let kept = artefacts(folder.path()).pop().unwrap();
    let whole = fs::read(&kept).unwrap();
    let mut altered = whole.clone();
    let middle = altered.len() / 2;
    altered[middle] ^= 1;
    for bad in [altered, whole[..whole.len() - 1].to_vec(), Vec::new(), whole[..31].to_vec()] {
        fs::write(&kept, &bad).unwrap();
        runs(&sandbox_in(folder.path(), patient())).await;
        assert_ne!(fs::read(&kept).unwrap(), bad);
    }
    // Another component's artefact under this name does not verify either.
    let sandbox = sandbox_in(folder.path(), patient());
    sandbox.prepare(&guest("hostile_peeker")).await.unwrap();
    let other = artefacts(folder.path()).into_iter().find(|path| *path != kept).unwrap();
    let foreign = fs::read(&other).unwrap();
    fs::write(&kept, &foreign).unwrap();
    runs(&sandbox).await;
    assert_ne!(fs::read(&kept).unwrap(), foreign);
}

#[tokio::test]
async fn a_folder_that_others_may_enter_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let compiler = PathBuf::from(env!("CARGO_BIN_EXE_candor-compile"));
    let config = SandboxConfig { cache_dir: folder.path().to_owned(), compiler, limits: Limits::default() };
    let refused = Sandbox::new(config).err().unwrap().to_string();
    assert!(
        refused.ends_with("must belong to this account alone: run `chmod 700` on it, or name another folder")
    );
}

#[tokio::test]
async fn what_does_not_compile_is_refused_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o700)).unwrap();
    // Well described, and broken inside: the last byte of its code is gone.
    let mut bytes = fs::read(guest("hostile_policy")).unwrap();
    let code = bytes.len() / 2;
    bytes[code..code + 64].fill(0xff);
    let broken = folder.path().join("broken.wasm");
    fs::write(&broken, bytes).unwrap();
    let sandbox = sandbox_in(&folder.path().join("cache"), patient());
    let refused = sandbox.prepare(&broken).await.err().unwrap();
    assert!(matches!(refused, Refusal::Compile(_) | Refusal::NotAComponent(_)), "{refused}");
    assert!(artefacts(&folder.path().join("cache")).is_empty());
}

#[tokio::test]
async fn a_compiler_that_takes_too_long_or_is_missing_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("slow");
    fs::write(&script, "#!/bin/sh\nexec /bin/sleep 600\n").unwrap();
    fs::set_permissions(&script, fs::Permissions::from_mode(0o700)).unwrap();
    for (compiler, text) in [
        (script, "the plugin could not be compiled: it took longer than 0 s: make the plugin smaller"),
        (folder.path().join("none"), "none could not be run"),
    ] {
        let limits = Limits { compile: std::time::Duration::from_millis(300), ..patient() };
        let config = SandboxConfig { cache_dir: folder.path().join("cache"), compiler, limits };
        let refused = Sandbox::new(config).unwrap().prepare(&guest("hostile_policy")).await.err().unwrap();
        assert!(refused.to_string().contains(text), "{refused}");
    }
}
