//! What a collector wants recorded.

use std::sync::Arc;

use super::desktop::Window;
use super::errors::Denied;
use super::views::{FrameView, LayoutView};

/// The counts of one minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Minute {
    /// The minute's first millisecond since the Unix epoch.
    pub start: u64,
    /// Number of keys pressed.
    pub keys: u32,
    /// Number of mouse buttons pressed.
    pub clicks: u32,
    /// Number of steps scrolled.
    pub scrolls: u32,
}

/// How large a picture is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PictureSize {
    /// As large as it was taken.
    Full,
    /// Half as wide and half as high.
    Half,
}

/// Which facts of a window are recorded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WindowFacts {
    /// Whether the application is recorded.
    pub app: bool,
    /// Whether the title is recorded.
    pub title: bool,
    /// Whether the address is recorded.
    pub url: bool,
}

/// What a collector wants recorded.
pub enum Note {
    /// A picture of the screen.
    Snapshot {
        /// The picture, as the embedder made it.
        frame: Arc<dyn FrameView>,
        /// How large to keep it.
        size: PictureSize,
    },
    /// A picture of the webcam.
    CameraSnapshot {
        /// The picture, as the embedder made it.
        frame: Arc<dyn FrameView>,
        /// How large to keep it.
        size: PictureSize,
    },
    /// Why there is no picture: the refusal that `capture` returned last.
    NoSnapshot(Denied),
    /// A window of the layout that `windows.current` returned last.
    Focus {
        /// That layout, as the embedder made it.
        layout: Arc<dyn LayoutView>,
        /// Index of the window in the layout.
        index: usize,
        /// The window; facts that were not chosen are `None`.
        window: Window,
        /// Which facts were chosen.
        facts: WindowFacts,
    },
    /// The counts of a minute; the embedder fills them in.
    Activity {
        /// The minute's first millisecond since the Unix epoch.
        minute: u64,
    },
    /// Something of the plugin's own making, its form checked.
    Custom {
        /// What it is: 1 to 64 of a-z, 0-9 and `-`.
        kind: String,
        /// JSON text of at most [`Limits::custom_body`](crate::Limits::custom_body) bytes.
        body: String,
    },
}
