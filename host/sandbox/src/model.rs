//! The values that pass between plugins and the host, free of any binding. They mirror wit/; its pages say what each
//! means.

use std::sync::Arc;

use crate::host_traits::FrameView;

/// A rectangle in desktop pixels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Area {
    /// Left edge.
    pub x: i32,
    /// Top edge.
    pub y: i32,
    /// Width.
    pub width: u32,
    /// Height.
    pub height: u32,
}

/// A fact that a source may be unable to tell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Known {
    /// It is so.
    Yes,
    /// It is not so.
    No,
    /// No source can tell.
    #[default]
    Unknown,
}

/// A display.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Monitor {
    /// Its name.
    pub name: String,
    /// What it shows of the desktop.
    pub area: Area,
}

/// Why the host refused a capability call.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// Rules say so; their indices, empty where the host decided.
    #[error("skipped by rule")]
    Skipped(Vec<u32>),
    /// The policy could not judge.
    #[error("the policy could not judge")]
    RuleFailed,
    /// Windows kept moving.
    #[error("windows kept moving")]
    Unsettled,
    /// The sensor cannot be read; says why.
    #[error("unavailable: {0}")]
    Unavailable(String),
    /// Too many handles are held.
    #[error("too many frames are held")]
    TooMany,
    /// Nothing is being tracked.
    #[error("nothing is being tracked")]
    NotTracking,
}

/// A window as a collector sees it, or as a policy is asked about it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Window {
    /// The host's name for it. A policy does not get it.
    pub id: u64,
    /// Application.
    pub app: Option<String>,
    /// Title.
    pub title: Option<String>,
    /// Address.
    pub url: Option<String>,
    /// Client area plus frame.
    pub area: Area,
    /// Monitor that shows most of it.
    pub monitor: Option<String>,
    /// Whether it has the keyboard.
    pub focused: bool,
    /// Whether it is private.
    pub private: Known,
}

/// The judged windows of one instant, from bottom to top.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    /// When.
    pub at: u64,
    /// The windows.
    pub windows: Vec<Window>,
}

/// What a picture shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Every monitor.
    Desktop,
    /// The monitor with the focused window.
    ActiveMonitor,
}

/// The counts of one minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Minute {
    /// First millisecond.
    pub start: u64,
    /// Key presses.
    pub keys: u32,
    /// Button presses.
    pub clicks: u32,
    /// Scroll steps.
    pub scrolls: u32,
}

/// How large a picture is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PictureSize {
    /// As taken.
    Full,
    /// Half as wide and high.
    Half,
}

/// Which facts of a window are recorded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WindowFacts {
    /// The application.
    pub app: bool,
    /// The title.
    pub title: bool,
    /// The address.
    pub url: bool,
}

/// What a collector wants recorded.
pub enum Note {
    /// A picture of the screen.
    Snapshot {
        /// The picture.
        frame: Arc<dyn FrameView>,
        /// How large to keep it.
        size: PictureSize,
    },
    /// A picture of the webcam.
    CameraSnapshot {
        /// The picture.
        frame: Arc<dyn FrameView>,
        /// How large to keep it.
        size: PictureSize,
    },
    /// Why there is no picture: the refusal that `capture` answered last.
    NoSnapshot(Denied),
    /// The focused window, as `windows.current` answered it last; facts not chosen are none already.
    Focus {
        /// The window.
        window: Window,
        /// The time of that layout.
        at: u64,
        /// Which facts were chosen.
        facts: WindowFacts,
    },
    /// The counts of a minute; the embedder fills them in.
    Activity {
        /// The minute's first millisecond.
        minute: u64,
    },
    /// Something of the plugin's own making, checked for form.
    Custom {
        /// What it is.
        kind: String,
        /// JSON text.
        body: String,
    },
}

/// Why an observation was not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// Nothing is being tracked.
    #[error("nothing is being tracked")]
    NotTracking,
    /// The sensor it would come from is not granted.
    #[error("not granted")]
    NotGranted,
    /// The window or minute is not known.
    #[error("unknown window or minute")]
    Unknown,
    /// Malformed; says how.
    #[error("malformed: {0}")]
    Malformed(String),
    /// Too many in this minute.
    #[error("too many observations in this minute")]
    TooMany,
    /// The plugin's budget for the segment is used up.
    #[error("over the plugin's budget for this segment")]
    OverBudget,
    /// The journal could not take it.
    #[error("unavailable: {0}")]
    Unavailable(String),
}

/// Why a store call failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The quota, in bytes, would be exceeded.
    #[error("the store is full: {0} bytes")]
    Full(u64),
    /// The key is empty or too long.
    #[error("a key is 1 to 128 bytes long")]
    BadKey,
    /// The journal could not be read or written.
    #[error("unavailable: {0}")]
    Unavailable(String),
}

/// When a collector is woken next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wake {
    /// Once at that time.
    At(u64),
    /// Again and again, this many milliseconds apart (at least 1,000).
    Every(u64),
    /// When the focused window or its title changed.
    OnWindowChange,
    /// When a minute ended.
    OnMinute,
    /// When a segment ended.
    OnSegment,
    /// Once per segment at a random moment.
    AtRandomInSegment,
}

/// Why a collector is woken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// Tracking began or the plugin was restarted.
    Started,
    /// The time has come.
    At(u64),
    /// The interval has passed.
    Every(u64),
    /// The focused window changed.
    WindowChanged,
    /// That minute ended.
    Minute(u64),
    /// That segment ended.
    Segment(u64),
    /// The random moment in that segment.
    RandomInSegment(u64),
}

/// Which sensor a scene belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SceneKind {
    /// A picture of the screen.
    Snapshot,
    /// A picture of the webcam.
    Camera,
    /// Titles and places of windows.
    Focus,
    /// Of a plugin's own making.
    Custom,
}

/// What a sensor is about to show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scene {
    /// Which sensor.
    pub kind: SceneKind,
    /// Time of capture.
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
    /// A part of the desktop.
    Region(Area),
    /// Everything.
    Whole,
}

/// How it is covered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cover {
    /// One flat colour.
    Fill,
    /// A few large cells of average colour.
    Blur,
}

/// Cover something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mask {
    /// What.
    pub target: Target,
    /// How.
    pub cover: Cover,
    /// Which rule.
    pub rule: u32,
}

/// A text of a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// The title.
    Title,
    /// The address.
    Url,
}

/// Leave a text out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hiding {
    /// Index in the scene.
    pub window: u32,
    /// Which text.
    pub field: Field,
    /// Which rule.
    pub rule: u32,
}

/// What the policy says of a scene. The sandbox has checked every index and bound.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Everything may be recorded.
    Keep,
    /// Everything but this.
    Redact {
        /// Cover these.
        masks: Vec<Mask>,
        /// Leave these out.
        hidings: Vec<Hiding>,
    },
    /// Nothing; the rules that say so.
    Skip(Vec<u32>),
}

/// A segment on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParcelToDeliver {
    /// Idempotency key.
    pub id: String,
    /// Contract.
    pub contract: String,
    /// Segment start.
    pub segment_start: u64,
    /// Segment length in milliseconds.
    pub segment_length: u64,
    /// The signed envelope, exact bytes.
    pub envelope: Vec<u8>,
}

/// Why a parcel is not delivered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DeliveryFailure {
    /// Try again later.
    #[error("{reason}; try again in {after} ms")]
    Later {
        /// No sooner than after this many milliseconds.
        after: u64,
        /// What stood in the way, in the plugin's words.
        reason: String,
    },
    /// The secret is not accepted.
    #[error("the target does not accept the secret")]
    Unauthorised,
    /// The target will never take it; a short code.
    #[error("rejected: {0}")]
    Rejected(String),
    /// The target will never take one of its attachments; a short code.
    #[error("an attachment was rejected: {0}")]
    AttachmentRejected(String),
}
