//! The exports of each kind of plugin, in the one form in which `supervise.rs` handles them.

use wasmtime::Store;
use wasmtime::component::{Instance, InstancePre};

use crate::bindings::exports::candor::plugin::{collecting, delivering, judging};
use crate::instance::InstanceState;

/// Finds a kind's exports in an instance.
pub(crate) trait Exports: Sized + Send + Sync + 'static {
    /// Where the exports are in the component.
    type Indices: Send + Sync + 'static;

    /// Finds them in a component, before it is instantiated.
    ///
    /// # Errors
    /// If the component does not export them, or with other types.
    fn find(pre: &InstancePre<InstanceState>) -> wasmtime::Result<Self::Indices>;

    /// Takes them from an instance.
    ///
    /// # Errors
    /// If the instance is of another component.
    fn load(
        indices: &Self::Indices,
        store: &mut Store<InstanceState>,
        instance: &Instance,
    ) -> wasmtime::Result<Self>;
}

/// Implements [`Exports`] for what `bindgen!` makes of these interfaces: it gives each the same methods, but no trait.
macro_rules! implement_exports {
    ($($interface:ident),+) => {$(
        impl Exports for $interface::Guest {
            type Indices = $interface::GuestIndices;

            fn find(pre: &InstancePre<InstanceState>) -> wasmtime::Result<Self::Indices> {
                $interface::GuestIndices::new(pre)
            }

            fn load(
                indices: &Self::Indices,
                store: &mut Store<InstanceState>,
                instance: &Instance,
            ) -> wasmtime::Result<Self> {
                indices.load(store, instance)
            }
        }
    )+};
}

implement_exports!(collecting, judging, delivering);
