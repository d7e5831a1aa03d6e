//! What the built guests import and export, read from the components themselves. A plugin's imports are its permission
//! request, so this is what a person is asked for when they install it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test says what failed by panicking"
)]

use std::collections::BTreeSet;
use std::path::PathBuf;

use wasmparser::{Encoding, Parser, Payload};

/// Where the built guests are: `CANDOR_GUESTS`, or where xtask puts them.
fn guests() -> PathBuf {
    std::env::var_os("CANDOR_GUESTS").map_or_else(
        || {
            PathBuf::from(concat!(
                env!("CARGO_MANIFEST_DIR"),
                "/../../target/guest/wasm32-unknown-unknown/guest"
            ))
        },
        PathBuf::from,
    )
}

/// The names of the outermost component's imports and exports, without package and version.
fn interfaces(guest: &str) -> (BTreeSet<String>, BTreeSet<String>) {
    let path = guests().join(format!("{guest}.wasm"));
    let bytes = std::fs::read(&path)
        .unwrap_or_else(|e| panic!("cannot read {}: {e}; run cargo xtask test", path.display()));
    let short = |name: &str| {
        name.strip_prefix("candor:plugin/")
            .and_then(|rest| rest.strip_suffix("@0.1.0"))
            .unwrap_or_else(|| panic!("{guest}: {name} is not of candor:plugin@0.1.0"))
            .to_owned()
    };
    let (mut imports, mut exports) = (BTreeSet::new(), BTreeSet::new());
    let mut depth = 0;
    for payload in Parser::new(0).parse_all(&bytes) {
        match payload.unwrap() {
            Payload::Version { encoding, .. } => {
                depth += 1;
                assert!(depth > 1 || encoding == Encoding::Component, "{guest} is no component");
            }
            Payload::End(_) => depth -= 1,
            Payload::ComponentImportSection(section) if depth == 1 => {
                imports.extend(section.into_iter().map(|import| short(import.unwrap().name.name)));
            }
            Payload::ComponentExportSection(section) if depth == 1 => {
                exports.extend(section.into_iter().map(|export| short(export.unwrap().name.name)));
            }
            _ => {}
        }
    }
    (imports, exports)
}

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn invariant_10_a_plugin_imports_what_it_uses_and_nothing_else() {
    let collector = ["collecting", "setup"];
    let policy = ["judging", "setup"];
    let uploader = ["delivering", "setup"];
    for (guest, imports, exports) in [
        (
            "candor_collector_screenshots",
            &["frames", "log", "observations", "screen", "types"][..],
            collector,
        ),
        ("candor_collector_activity", &["activity", "frames", "log", "observations", "types"], collector),
        (
            "candor_collector_windows",
            &["clock", "frames", "log", "observations", "types", "windows"],
            collector,
        ),
        ("candor_policy_rules", &["frames", "scenes", "types"], policy),
        ("candor_uploader_backoffice", &["attachments", "clock", "http", "log", "types"], uploader),
        (
            "candor_example_collector_rust_raw",
            &["clock", "frames", "log", "observations", "types"],
            collector,
        ),
        ("candor_example_policy_js", &["frames", "scenes", "types"], policy),
    ] {
        assert_eq!(interfaces(guest), (set(imports), set(&exports)), "{guest}");
    }
}
