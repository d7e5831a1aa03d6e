//! What a Candor plugin is written with: one trait and one registration macro per kind of plugin.
//!
//! A plugin is a WebAssembly component that decides; the host owns every sensor, every byte on disk and every socket. It
//! runs in a sandbox and reaches nothing but what the modules of this crate offer.
//!
//! | kind | trait | macro | may use |
//! |---|---|---|---|
//! | collector: what of the sensors is recorded, and when | [`Collector`] | [`collector!`] | [`screen`], [`camera`], [`windows`], [`activity`], [`pixels`], [`observations`] |
//! | feed: evidence from elsewhere | [`Feed`] | [`feed!`] | [`http`], [`observations::custom`] |
//! | policy: privacy rules, a pure function | [`Policy`] | [`policy!`] | [`pixels`] |
//! | uploader: carries parcels to a target | [`Uploader`] | [`uploader!`] | [`http`], [`folder`] |
//!
//! All but a policy may also use [`log`], [`store`], [`clock`] and [`random`].
//!
//! **Imports are the permission request.** A plugin imports an interface when it calls a function of the module that wraps
//! it, and not otherwise. What it imports is what the person at the machine is asked to allow.
//!
//! **Settings** are JSON, read into a type of the plugin's own with serde. What does not fit is refused with its place, a
//! JSON pointer such as `/rules/2/size`, before the plugin is made; `configure` may refuse more. See [`settings`].
//!
//! **A panic** reaches the plugin's log with its message and place, then the instance is dropped and a fresh one made; a
//! policy has no log, so its panic only traps, and nothing is recorded.
//!
//! # Building
//!
//! ```toml
//! [lib]
//! crate-type = ["cdylib", "rlib"] # the component, and the logic for `cargo test` on this machine
//! ```
//!
//! Build for `wasm32-unknown-unknown` with the linker `wasm-component-ld`, which comes with Rust: the `.wasm` that cargo
//! writes is the component. Crates that need a system beneath them (a clock, random numbers, threads) do not work there;
//! use the modules of this crate. Natively, plugins compile and their own logic can be tested; functions that call the host
//! panic there, because there is none.
//!
//! # A collector
//!
//! One picture in each segment, at a moment that the host draws.
//!
//! ```
//! use candor_sdk::observations::{self, PictureSize};
//! use candor_sdk::screen::{self, Scope};
//! use candor_sdk::{Cause, Collector, Error, NoSettings, SettingError, Wake};
//!
//! struct Pictures;
//!
//! impl Collector for Pictures {
//!     type Settings = NoSettings;
//!
//!     fn configure(_: NoSettings) -> Result<Self, Vec<SettingError>> {
//!         Ok(Self)
//!     }
//!
//!     fn woken(&mut self, cause: Cause) -> Result<Vec<Wake>, Error> {
//!         if let Cause::RandomInSegment(_) = cause {
//!             match screen::capture(Scope::Desktop) {
//!                 Ok(frame) => observations::snapshot(frame, PictureSize::Half)?,
//!                 Err(refusal) => observations::no_snapshot(&refusal)?,
//!             }
//!         }
//!         Ok(vec![Wake::AtRandomInSegment])
//!     }
//! }
//!
//! candor_sdk::collector!(Pictures);
//! ```
//!
//! # A feed
//!
//! Notes a service's status every few minutes. The token is named, never held.
//!
//! ```
//! use std::time::Duration;
//!
//! use candor_sdk::http::{Auth, Request};
//! use candor_sdk::{Cause, Error, Feed, SettingError, Wake, observations};
//!
//! #[derive(serde::Deserialize)]
//! #[serde(deny_unknown_fields)]
//! struct Settings {
//!     url: String,
//!     minutes: u64,
//! }
//!
//! struct Builds(Settings);
//!
//! impl Feed for Builds {
//!     type Settings = Settings;
//!
//!     fn configure(settings: Settings) -> Result<Self, Vec<SettingError>> {
//!         if settings.minutes == 0 {
//!             return Err(vec![SettingError::new("/minutes", "Give at least one minute.")]);
//!         }
//!         Ok(Self(settings))
//!     }
//!
//!     fn woken(&mut self, cause: Cause) -> Result<Vec<Wake>, Error> {
//!         if let Cause::Every(_) = cause {
//!             let answer = Request::get(&self.0.url).auth(Auth::bearer("builds-token")).send()?;
//!             observations::custom("build", &serde_json::json!({ "status": answer.status }))?;
//!         }
//!         Ok(vec![Wake::Every(Duration::from_mins(self.0.minutes))])
//!     }
//! }
//!
//! candor_sdk::feed!(Builds);
//! ```
//!
//! # A policy
//!
//! Covers every window of one application, and what cannot be told.
//!
//! ```
//! use candor_sdk::policy::{Cover, Mask, Redaction, Rule, Scene, Target, Verdict};
//! use candor_sdk::{FrameRef, Policy, SettingError};
//!
//! #[derive(serde::Deserialize)]
//! #[serde(deny_unknown_fields)]
//! struct Settings {
//!     application: String,
//! }
//!
//! struct CoverOne(Settings);
//!
//! impl Policy for CoverOne {
//!     type Settings = Settings;
//!
//!     fn configure(settings: Settings) -> Result<Self, Vec<SettingError>> {
//!         Ok(Self(settings))
//!     }
//!
//!     fn rules(&self) -> Vec<Rule> {
//!         vec![Rule::new(format!("Application is {}: solid block", self.0.application))]
//!     }
//!
//!     fn judge(&self, scene: &Scene, _frame: Option<FrameRef<'_>>) -> Verdict {
//!         let masks = (0..)
//!             .zip(scene.windows())
//!             .filter(|(_, window)| window.app.as_ref().is_none_or(|app| *app == self.0.application))
//!             .map(|(index, _)| Mask { target: Target::Window(index), cover: Cover::Fill, rule: 0 })
//!             .collect();
//!         Redaction { masks, hidings: Vec::new() }.into()
//!     }
//! }
//!
//! candor_sdk::policy!(CoverOne);
//!
//! // A policy is a pure function, so it can be tried right here.
//! use candor_sdk::policy::{SceneKind, SceneWindow};
//! let policy = CoverOne(Settings { application: "mail".into() });
//! let windows = vec![SceneWindow { app: Some("xterm".into()), ..SceneWindow::default() }];
//! let scene = Scene::new(SceneKind::Snapshot, candor_sdk::Timestamp::from_millis(0), windows);
//! assert_eq!(policy.judge(&scene, None), Verdict::Keep);
//! ```
//!
//! # An uploader
//!
//! Writes parcels into the folder that the person chose.
//!
//! ```
//! use std::time::Duration;
//!
//! use candor_sdk::folder::{self, FolderError};
//! use candor_sdk::{
//!     Attachment, DeliveryFailure, NoSettings, Parcel, Receipt, SettingError, Uploader,
//! };
//!
//! struct IntoFolder;
//!
//! impl Uploader for IntoFolder {
//!     type Settings = NoSettings;
//!
//!     fn configure(_: NoSettings) -> Result<Self, Vec<SettingError>> {
//!         Ok(Self)
//!     }
//!
//!     fn deliver(
//!         &mut self,
//!         parcel: &Parcel,
//!         attachments: Vec<Attachment>,
//!     ) -> Result<Receipt, DeliveryFailure> {
//!         let later = |e: FolderError| DeliveryFailure::later(Duration::from_mins(1), e.to_string());
//!         for attachment in &attachments {
//!             let name = format!("{}/{}", parcel.id, attachment.sha256());
//!             folder::put(&name, &[attachment.into()]).map_err(later)?;
//!         }
//!         let name = format!("{}/parcel.json", parcel.id);
//!         folder::put(&name, &[parcel.envelope.as_slice().into()]).map_err(later)?;
//!         Ok(Receipt { proof: name.into_bytes() })
//!     }
//! }
//!
//! candor_sdk::uploader!(IntoFolder);
//! ```

pub mod activity;
mod attachment;
mod bindings;
pub mod camera;
pub mod clock;
mod collector;
mod feed;
pub mod folder;
mod frame;
pub mod http;
pub mod log;
pub mod observations;
pub mod pixels;
pub mod policy;
pub mod random;
pub mod screen;
pub mod settings;
pub mod store;
mod types;
mod uploader;
mod waking;
pub mod windows;

pub use attachment::{Attachment, Part, ReadError};
pub use collector::Collector;
pub use feed::Feed;
pub use frame::{Frame, FrameRef};
pub use policy::Policy;
pub use settings::{NoSettings, SettingError};
pub use types::{Area, Denied, Error, Known, Monitor, Timestamp};
pub use uploader::{DeliveryFailure, Parcel, Receipt, Uploader};
pub use waking::{Cause, Wake};

#[doc(hidden)]
#[path = "glue.rs"]
pub mod __glue;
