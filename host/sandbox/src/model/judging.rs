//! What a policy is asked about, and what it says.

use super::desktop::{Area, Window};

/// Which sensor a scene belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SceneKind {
    /// A picture of the screen.
    Snapshot,
    /// A picture of the webcam.
    Camera,
    /// Titles and places of windows.
    Focus,
    /// Something of a plugin's own making.
    Custom,
}

/// What a sensor is about to show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scene {
    /// The sensor that is about to show it.
    pub kind: SceneKind,
    /// Time of capture, in milliseconds since the Unix epoch.
    pub at: u64,
    /// Windows from bottom to top, each under one title and place that it had.
    pub windows: Vec<Window>,
}

/// What a mask covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// The window at this index of the scene.
    Window(u32),
    /// Where the title of the window at this index of the scene may stand.
    TitleBar(u32),
    /// A part of the desktop, larger than nothing.
    Region(Area),
    /// All of the picture.
    Whole,
}

/// How a mask covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cover {
    /// With one flat colour.
    Fill,
    /// With a few large cells of average colour.
    Blur,
}

/// A part of a picture to be covered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mask {
    /// The place that it covers.
    pub target: Target,
    /// What is painted over that place.
    pub cover: Cover,
    /// Index of the rule that asks for it.
    pub rule: u32,
}

/// A text of a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// The title that the window has.
    Title,
    /// The address that the window shows.
    Url,
}

/// A text of a window to be left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hiding {
    /// Index of the window in the scene.
    pub window: u32,
    /// The text to leave out.
    pub field: Field,
    /// Index of the rule that asks for it.
    pub rule: u32,
}

/// What the policy says of a scene. The sandbox has checked every index and bound.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Everything may be recorded.
    Keep,
    /// Everything but this may be recorded.
    Redact {
        /// The parts of a picture to cover.
        masks: Vec<Mask>,
        /// The texts to leave out.
        hidings: Vec<Hiding>,
    },
    /// Nothing may be recorded; indices of the rules that say so.
    Skip(Vec<u32>),
}
