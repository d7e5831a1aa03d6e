//! Reads from the component itself what it is and what it asks for (invariant 10), without compiling any of it.

use std::collections::BTreeSet;

use sha2::{Digest, Sha256};
use wasmparser::{ComponentExternName, ComponentExternalKind, ComponentTypeRef, Encoding, Parser, Payload};

use crate::grants::Capability;
use crate::kind::ComponentKind;
use crate::refusal::Refusal;

/// The version of `candor:plugin` that this host runs: major, minor, patch.
pub const SUPPORTED: (u64, u64, u64) = (0, 1, 0);
const SUPPORTED_TEXT: &str = "candor:plugin@0.1.0";

/// What a component says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Description {
    /// What kind of plugin it is.
    pub kind: ComponentKind,
    /// The version of `candor:plugin` that it was built for: major, minor, patch.
    pub version: (u64, u64, u64),
    /// The permissions that it asks for.
    pub imports: BTreeSet<Capability>,
    /// SHA-256 of the component's bytes, 64 lowercase hex digits.
    pub sha256: String,
    /// Everything else that it imports, by full name: interfaces that need no grant, and WASI, which is linked but
    /// denies everything.
    pub other_imports: BTreeSet<String>,
}

/// The interfaces of WASI 0.2 that are linked, always denied.
const WASI: [&str; 6] = ["cli", "clocks", "filesystem", "io", "random", "sockets"];

/// Reads kind, version and imports from a component's bytes.
///
/// # Errors
/// A [`Refusal`] if the bytes are no component, or no host of this version could ever run it. A sensor and the
/// network together are refused before anything else is looked at (invariant 12).
pub fn describe(component: &[u8]) -> Result<Description, Refusal> {
    let names = read_names(component)?;
    let mut imports = BTreeSet::new();
    let mut other_imports = BTreeSet::new();
    let mut bases = Vec::new();
    let mut versions = BTreeSet::new();
    let mut unknown = None;
    for import in names.imports {
        match ExternName::parse(&import) {
            ExternName::Ours { interface, version } => {
                versions.insert(version);
                if let Ok(capability) = interface.parse::<Capability>() {
                    imports.insert(capability);
                    continue;
                }
                bases.push((interface.to_owned(), import.clone()));
            }
            ExternName::Wasi => {}
            ExternName::Other => unknown = unknown.or_else(|| Some(import.clone())),
        }
        other_imports.insert(import);
    }
    let exports = exported_kinds(&names.exports, &mut versions);
    refuse_sensor_and_network(&imports, &exports)?;
    if let Some(import) = names.odd_import.or(unknown) {
        return Err(Refusal::UnknownImport(import));
    }
    let supported = version_text(SUPPORTED);
    if let Some(found) = versions.iter().find(|v| **v != supported) {
        return Err(Refusal::WrongVersion { found: found.clone(), supported: SUPPORTED_TEXT });
    }
    let kind = kind_of(&exports, &imports)?;
    for capability in &imports {
        if !kind.may_import(*capability) {
            return Err(Refusal::NotForKind { kind, import: capability.to_string() });
        }
    }
    for (interface, full) in bases {
        if !KNOWN_BASES.contains(&interface.as_str()) {
            return Err(Refusal::UnknownImport(full));
        }
        if !kind.may_import_base(&interface) {
            return Err(Refusal::NotForKind { kind, import: interface });
        }
    }
    let sha256 = hex::encode(Sha256::digest(component));
    Ok(Description { kind, version: SUPPORTED, imports, sha256, other_imports })
}

const KNOWN_BASES: [&str; 8] =
    ["types", "frames", "scenes", "attachments", "log", "store", "clock", "random"];

/// Upholds invariant 12. `pixels` of a policy counts as no sensor: a policy may not import the network anyway.
fn refuse_sensor_and_network(imports: &BTreeSet<Capability>, exports: &[&str]) -> Result<(), Refusal> {
    let policy = exports == ["judging"];
    let sensor = imports.iter().find(|c| c.is_sensor() && !(policy && **c == Capability::Pixels));
    let network = imports.iter().find(|c| c.is_network());
    match (sensor, network) {
        (Some(sensor), Some(network)) => {
            Err(Refusal::SensorAndNetwork { sensor: *sensor, network: *network })
        }
        _ => Ok(()),
    }
}

/// Returns the kinds' interfaces among the exports. `setup` is left out if it is there, and added as `no setup` if not.
fn exported_kinds<'a>(exports: &'a [String], versions: &mut BTreeSet<String>) -> Vec<&'a str> {
    let mut found = Vec::new();
    let mut setup = false;
    for export in exports {
        let ExternName::Ours { interface, version } = ExternName::parse(export) else { continue };
        versions.insert(version);
        match interface {
            "setup" => setup = true,
            "collecting" | "judging" | "delivering" => found.push(interface),
            _ => {}
        }
    }
    if !setup {
        found.push("no setup");
    }
    found
}

fn kind_of(exports: &[&str], imports: &BTreeSet<Capability>) -> Result<ComponentKind, Refusal> {
    match exports {
        ["collecting"] if imports.contains(&Capability::Http) => Ok(ComponentKind::Feed),
        ["collecting"] => Ok(ComponentKind::Collector),
        ["judging"] => Ok(ComponentKind::Policy),
        ["delivering"] => Ok(ComponentKind::Uploader),
        [] => Err(Refusal::NoKind("none of them".to_owned())),
        several => Err(Refusal::NoKind(several.join(" and "))),
    }
}

fn version_text((major, minor, patch): (u64, u64, u64)) -> String {
    format!("{major}.{minor}.{patch}")
}

/// An import's or export's name.
enum ExternName<'a> {
    Ours { interface: &'a str, version: String },
    Wasi,
    Other,
}

impl<'a> ExternName<'a> {
    fn parse(full: &'a str) -> Self {
        let (path, version) = full.split_once('@').unwrap_or((full, ""));
        if let Some(interface) = path.strip_prefix("candor:plugin/") {
            let version = if version.is_empty() { "(none)" } else { version };
            return Self::Ours { interface, version: version.to_owned() };
        }
        let wasi = path.strip_prefix("wasi:").and_then(|p| p.split_once('/'));
        match wasi {
            Some((package, _)) if WASI.contains(&package) && version.starts_with("0.2.") => Self::Wasi,
            _ => Self::Other,
        }
    }
}

/// The top-level names of a component.
struct TopLevelNames {
    imports: Vec<String>,
    /// An import that is no plain instance under its own name.
    odd_import: Option<String>,
    exports: Vec<String>,
}

fn read_names(component: &[u8]) -> Result<TopLevelNames, Refusal> {
    let no_component = |e: wasmparser::Error| Refusal::NotAComponent(e.to_string());
    let mut found = TopLevelNames { imports: Vec::new(), odd_import: None, exports: Vec::new() };
    // Nested components and modules have imports of their own, which are not the component's: the depth tells.
    let mut depth = 0_u32;
    let mut is_component = false;
    for payload in Parser::new(0).parse_all(component) {
        match payload.map_err(no_component)? {
            Payload::Version { encoding, .. } if depth == 0 => {
                if encoding != Encoding::Component {
                    return Err(Refusal::NotAComponent("it is a core module".to_owned()));
                }
                is_component = true;
            }
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::ComponentImportSection(section) if depth == 0 => {
                for import in section {
                    let import = import.map_err(no_component)?;
                    let name = import.name.name.to_owned();
                    let plain = matches!(import.ty, ComponentTypeRef::Instance(_)) && is_plain(&import.name);
                    if plain {
                        found.imports.push(name);
                    } else {
                        found.odd_import.get_or_insert(name);
                    }
                }
            }
            Payload::ComponentExportSection(section) if depth == 0 => {
                for export in section {
                    let export = export.map_err(no_component)?;
                    if export.kind == ComponentExternalKind::Instance && is_plain(&export.name) {
                        found.exports.push(export.name.name.to_owned());
                    }
                }
            }
            _ => {}
        }
    }
    if !is_component {
        return Err(Refusal::NotAComponent("it is empty".to_owned()));
    }
    Ok(found)
}

/// Returns whether a name is all there is to it: an import can be given a harmless name and say beside it that it
/// implements another interface.
fn is_plain(name: &ComponentExternName<'_>) -> bool {
    name.implements.is_none() && name.version_suffix.is_none() && name.external_id.is_none()
}
