//! What the registration macros expand to: adapters between a plugin's trait and the exported interfaces.
//!
//! A component holds one plugin, made by `configure` and kept in a cell for as long as the instance lives. A call that
//! comes before `configure` breaks the host's promise; it is answered with the safe thing, never with a guess.

use std::any::Any;
use std::cell::RefCell;
use std::marker::PhantomData;
use std::time::Duration;

use serde::de::DeserializeOwned;

pub use crate::bindings::{collecting, delivering, judging, setup};

use crate::bindings::imports::{attachments, frames, scenes};
use crate::collector::Collector;
use crate::feed::Feed;
use crate::frame::FrameRef;
use crate::policy::{Policy, Scene, Verdict};
use crate::settings::{self, SettingError};
use crate::types::Error;
use crate::uploader::{DeliveryFailure, Parcel, Uploader};
use crate::waking::{Cause, Wake};

thread_local! {
    /// The plugin of this component. Its type is known to the adapter that put it here.
    static PLUGIN: RefCell<Option<Box<dyn Any>>> = const { RefCell::new(None) };
}

/// Makes the plugin and keeps it.
fn configure<P: 'static, S: DeserializeOwned>(
    text: &str,
    make: impl FnOnce(S) -> Result<P, Vec<SettingError>>,
) -> Result<(), Vec<setup::SettingError>> {
    let plugin = settings::read(text)
        .and_then(make)
        .map_err(|errors| errors.into_iter().map(setup::SettingError::from).collect::<Vec<_>>())?;
    PLUGIN.with_borrow_mut(|held| *held = Some(Box::new(plugin)));
    Ok(())
}

/// Calls the plugin; none before `configure`.
fn with<P: 'static, R>(call: impl FnOnce(&mut P) -> R) -> Option<R> {
    PLUGIN.with_borrow_mut(|held| held.as_mut().and_then(|p| p.downcast_mut::<P>()).map(call))
}

/// A panic reaches the plugin's log, with message and place, before it traps. Not for a policy: it has no log, so nothing
/// that it sees gets out.
fn log_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let message = panic.payload_as_str().unwrap_or("(no message)");
        let line = match panic.location() {
            Some(at) => format!("panicked at {}:{}: {message}", at.file(), at.line()),
            None => format!("panicked: {message}"),
        };
        crate::log::error(&line);
    }));
}

fn wakes(answer: Option<Result<Vec<Wake>, Error>>) -> Result<Vec<collecting::Wake>, String> {
    match answer {
        Some(Ok(wakes)) => Ok(wakes.into_iter().map(Into::into).collect()),
        Some(Err(error)) => Err(error.to_string()),
        None => Err("woken before configure".to_owned()),
    }
}

/// Exports a [`Collector`] as the world `collector` has it: `setup` and `collecting`.
pub struct CollectorExport<P>(PhantomData<P>);

impl<P: Collector> setup::Guest for CollectorExport<P> {
    fn configure(text: String) -> Result<(), Vec<setup::SettingError>> {
        log_panics();
        configure(&text, P::configure)
    }
}

impl<P: Collector> collecting::Guest for CollectorExport<P> {
    fn woken(cause: collecting::Cause) -> Result<Vec<collecting::Wake>, String> {
        wakes(with(|plugin: &mut P| plugin.woken(Cause::from(cause))))
    }
}

/// Exports a [`Feed`] as the world `feed` has it: `setup` and `collecting`.
pub struct FeedExport<P>(PhantomData<P>);

impl<P: Feed> setup::Guest for FeedExport<P> {
    fn configure(text: String) -> Result<(), Vec<setup::SettingError>> {
        log_panics();
        configure(&text, P::configure)
    }
}

impl<P: Feed> collecting::Guest for FeedExport<P> {
    fn woken(cause: collecting::Cause) -> Result<Vec<collecting::Wake>, String> {
        wakes(with(|plugin: &mut P| plugin.woken(Cause::from(cause))))
    }
}

/// Exports a [`Policy`] as the world `policy` has it: `setup` and `judging`.
pub struct PolicyExport<P>(PhantomData<P>);

impl<P: Policy> setup::Guest for PolicyExport<P> {
    fn configure(text: String) -> Result<(), Vec<setup::SettingError>> {
        configure(&text, P::configure)
    }
}

impl<P: Policy> judging::Guest for PolicyExport<P> {
    fn rules() -> Vec<judging::Rule> {
        with(|plugin: &mut P| plugin.rules().into_iter().map(Into::into).collect()).unwrap_or_default()
    }

    fn judge(scene: &scenes::Scene, frame: Option<&frames::Frame>) -> judging::Verdict {
        with(|plugin: &mut P| plugin.judge(&Scene::from(scene), frame.map(FrameRef::from)))
            .unwrap_or(Verdict::Skip(Vec::new()))
            .into()
    }
}

/// Exports an [`Uploader`] as the world `uploader` has it: `setup` and `delivering`.
pub struct UploaderExport<P>(PhantomData<P>);

impl<P: Uploader> setup::Guest for UploaderExport<P> {
    fn configure(text: String) -> Result<(), Vec<setup::SettingError>> {
        log_panics();
        configure(&text, P::configure)
    }
}

impl<P: Uploader> delivering::Guest for UploaderExport<P> {
    fn deliver(
        parcel: delivering::Parcel,
        attachments: Vec<attachments::Attachment>,
    ) -> Result<delivering::Receipt, delivering::Failure> {
        let parcel = Parcel::from(parcel);
        let attachments = attachments.into_iter().map(Into::into).collect();
        with(|plugin: &mut P| plugin.deliver(&parcel, attachments))
            .unwrap_or(Err(DeliveryFailure::later(Duration::from_mins(1), "the plugin was not configured")))
            .map(Into::into)
            .map_err(Into::into)
    }
}

/// Registers a type that implements [`Collector`] as this component's plugin. Once per crate.
#[macro_export]
macro_rules! collector {
    ($plugin:ty) => {
        $crate::__register!($plugin, CollectorExport, setup::export_setup, collecting::export_collecting);
    };
}

/// Registers a type that implements [`Feed`] as this component's plugin. Once per crate.
#[macro_export]
macro_rules! feed {
    ($plugin:ty) => {
        $crate::__register!($plugin, FeedExport, setup::export_setup, collecting::export_collecting);
    };
}

/// Registers a type that implements [`Policy`] as this component's plugin. Once per crate.
#[macro_export]
macro_rules! policy {
    ($plugin:ty) => {
        $crate::__register!($plugin, PolicyExport, setup::export_setup, judging::export_judging);
    };
}

/// Registers a type that implements [`Uploader`] as this component's plugin. Once per crate.
#[macro_export]
macro_rules! uploader {
    ($plugin:ty) => {
        $crate::__register!($plugin, UploaderExport, setup::export_setup, delivering::export_delivering);
    };
}

/// Outside wasm nothing is exported, so that several plugins can be linked into one native test; the types are checked all
/// the same.
#[doc(hidden)]
#[macro_export]
macro_rules! __register {
    ($plugin:ty, $adapter:ident, $setup:ident :: $export_setup:ident, $kind:ident :: $export_kind:ident) => {
        const _: () = {
            type Exported = $crate::__glue::$adapter<$plugin>;
            const _: fn(String) -> Result<(), Vec<$crate::__glue::setup::SettingError>> =
                <Exported as $crate::__glue::setup::Guest>::configure;
            #[cfg(target_arch = "wasm32")]
    $crate::__glue::$setup::$export_setup!(Exported with_types_in $crate::__glue::$setup);
            #[cfg(target_arch = "wasm32")]
    $crate::__glue::$kind::$export_kind!(Exported with_types_in $crate::__glue::$kind);
        };
    };
}
