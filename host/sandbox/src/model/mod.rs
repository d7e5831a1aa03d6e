//! The values that pass between plugins and the host, free of any binding. They mirror `wit/`; its pages say what each
//! means.

mod delivering;
mod desktop;
mod errors;
mod judging;
mod notes;
mod views;
mod waking;

pub use delivering::{DeliveryFailure, ParcelToDeliver};
pub use desktop::{Area, Known, Layout, Monitor, Scope, Window};
pub use errors::{Denied, NoteError, StoreError};
pub use judging::{Cover, Field, Hiding, Mask, Scene, SceneKind, Target, Verdict};
pub use notes::{Minute, Note, PictureSize, WindowFacts};
pub use views::{FrameView, LayoutView};
pub use waking::{Cause, Wake};
