//! Links a plugin with what it was granted, interface by interface, and with nothing else (invariant 10).

use std::collections::BTreeSet;

use wasmtime::Engine;
use wasmtime::component::{HasSelf, Linker};

use crate::bindings::candor::plugin as wit;
use crate::describe::Description;
use crate::grants::{Capability, Grants};
use crate::instance::InstanceState;
use crate::kind::ComponentKind;
use crate::refusal::Refusal;

/// Returns what is imported and granted.
///
/// # Errors
/// [`Refusal::NotGranted`] with every import that is not granted.
pub(crate) fn granted_imports(
    plugin: &str,
    description: &Description,
    grants: &Grants,
) -> Result<BTreeSet<Capability>, Refusal> {
    let (granted, missing): (BTreeSet<_>, Vec<_>) = {
        let allowed = |c: &Capability| !c.needs_grant() || grants.capabilities.contains(c);
        let imports = description.imports.iter().copied();
        (imports.clone().filter(allowed).collect(), imports.filter(|c| !allowed(c)).collect())
    };
    if missing.is_empty() {
        Ok(granted)
    } else {
        Err(Refusal::NotGranted { plugin: plugin.to_owned(), missing })
    }
}

/// Makes a linker with exactly these capabilities, what the kind may have without a grant, and WASI, which denies
/// everything.
///
/// # Errors
/// If wasmtime refuses a definition.
pub(crate) fn make_linker(
    engine: &Engine,
    kind: ComponentKind,
    capabilities: &BTreeSet<Capability>,
) -> wasmtime::Result<Linker<InstanceState>> {
    type ThisState = HasSelf<InstanceState>;
    let mut linker = Linker::new(engine);
    let l = &mut linker;
    wit::types::add_to_linker::<InstanceState, ThisState>(l, |s| s)?;
    wit::frames::add_to_linker::<InstanceState, ThisState>(l, |s| s)?;
    wit::scenes::add_to_linker::<InstanceState, ThisState>(l, |s| s)?;
    wit::attachments::add_to_linker::<InstanceState, ThisState>(l, |s| s)?;
    if kind.may_import_base("log") {
        wit::log::add_to_linker::<InstanceState, ThisState>(l, |s| s)?;
        wit::store::add_to_linker::<InstanceState, ThisState>(l, |s| s)?;
        wit::clock::add_to_linker::<InstanceState, ThisState>(l, |s| s)?;
        wit::random::add_to_linker::<InstanceState, ThisState>(l, |s| s)?;
    }
    for capability in capabilities {
        match capability {
            Capability::Windows => wit::windows::add_to_linker::<InstanceState, ThisState>(l, |s| s)?,
            Capability::Activity => wit::activity::add_to_linker::<InstanceState, ThisState>(l, |s| s)?,
            Capability::Screen => wit::screen::add_to_linker::<InstanceState, ThisState>(l, |s| s)?,
            Capability::Camera => wit::camera::add_to_linker::<InstanceState, ThisState>(l, |s| s)?,
            Capability::Pixels => wit::pixels::add_to_linker::<InstanceState, ThisState>(l, |s| s)?,
            Capability::Observations => {
                wit::observations::add_to_linker::<InstanceState, ThisState>(l, |s| s)?
            }
            Capability::Http => wit::http::add_to_linker::<InstanceState, ThisState>(l, |s| s)?,
            Capability::Folder => wit::folder::add_to_linker::<InstanceState, ThisState>(l, |s| s)?,
        }
    }
    wasmtime_wasi::p2::add_to_linker_async(l)?;
    Ok(linker)
}
