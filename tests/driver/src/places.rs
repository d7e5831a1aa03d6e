//! Where the programs and guests under test lie.

use std::path::PathBuf;

/// The folder with the programs: what `CANDOR_BIN_DIR` says, else where cargo puts them.
#[must_use]
pub fn programs() -> PathBuf {
    std::env::var_os("CANDOR_BIN_DIR").map_or_else(|| target().join("debug"), PathBuf::from)
}

/// A program under test.
///
/// # Panics
/// If it is not built.
#[must_use]
pub fn program(name: &str) -> PathBuf {
    let path = programs().join(name);
    assert!(path.is_file(), "{} is not there: `cargo xtask test` builds it", path.display());
    path
}

/// The folder with the guests, one `.wasm` file each: what `CANDOR_GUESTS` says, else where xtask puts them.
///
/// # Panics
/// If they are not built.
#[must_use]
pub fn guests() -> PathBuf {
    let path = std::env::var_os("CANDOR_GUESTS")
        .map_or_else(|| target().join("guest/wasm32-unknown-unknown/guest"), PathBuf::from);
    assert!(path.is_dir(), "{} is not there: `cargo xtask guests` builds it", path.display());
    path
}

fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../target"), PathBuf::from)
}
