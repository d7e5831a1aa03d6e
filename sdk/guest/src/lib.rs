//! What a Candor plugin is written with.

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
