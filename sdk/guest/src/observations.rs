//! Hands over what is to be recorded. The host fills in what it measured itself, so a collector chooses what is recorded
//! and cannot make it up. At most 120 a minute, 2,000 and 220 KiB a segment; what is over is dropped, and both sides read
//! how much that was.
//!
//! Each function takes what the sensor answered: so a plugin that records from a sensor also imports it, and its imports
//! tell all that it asks for (invariant 10).

use serde::Serialize;

use crate::activity::Minute;
use crate::bindings::imports::observations as raw;
use crate::frame::Frame;
use crate::types::Denied;
use crate::windows::Window;

/// How large a picture is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum PictureSize {
    /// As large as it was taken.
    #[default]
    Full,
    /// Half as wide and half as high.
    Half,
}

/// Which facts of a window are recorded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct WindowFacts {
    /// Its application: the class of an X11 window, such as `xterm`.
    pub app: bool,
    /// Its title, unless a privacy rule hides it: then none is recorded.
    pub title: bool,
    /// The address of the page that it shows, unless no source tells it or a privacy rule hides it.
    pub url: bool,
}

impl WindowFacts {
    /// All facts that the guard lets through.
    pub const ALL: Self = Self { app: true, title: true, url: true };
}

/// Why an observation was not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// Nothing is being tracked, so nothing is recorded.
    #[error("nothing is being tracked, so nothing is recorded")]
    NotTracking,
    /// The plugin has no grant for the sensor that this would come from, or the terms switch it off.
    #[error("the sensor that this comes from is not granted, or switched off by the terms")]
    NotGranted,
    /// The window or minute named is not known.
    #[error("the window or minute is not known")]
    Unknown,
    /// The custom kind or body is malformed; says how.
    #[error("malformed: {0}")]
    Malformed(String),
    /// Too many observations in this minute (at most 120).
    #[error("more than 120 observations in this minute")]
    TooMany,
    /// The plugin's budget for this segment is used up; there is room again in the next.
    #[error("over this plugin's budget for the segment")]
    OverBudget,
    /// The journal could not take it; says why.
    #[error("the journal could not take it: {0}")]
    Unavailable(String),
}

impl From<raw::NoteError> for NoteError {
    fn from(error: raw::NoteError) -> Self {
        match error {
            raw::NoteError::NotTracking => Self::NotTracking,
            raw::NoteError::NotGranted => Self::NotGranted,
            raw::NoteError::Unknown => Self::Unknown,
            raw::NoteError::Malformed(how) => Self::Malformed(how),
            raw::NoteError::TooMany => Self::TooMany,
            raw::NoteError::OverBudget => Self::OverBudget,
            raw::NoteError::Unavailable(why) => Self::Unavailable(why),
        }
    }
}

/// Records a picture of the screen; the frame is used up. Needs the permission `screen`.
///
/// # Errors
/// Why it was not taken. It is in the journal if there is none.
pub fn snapshot(frame: Frame, size: PictureSize) -> Result<(), NoteError> {
    note(raw::Observation::Snapshot(raw::Snapshot { frame: frame.into_raw(), size: size.into() }))
}

/// Records a picture of the webcam; the frame is used up. Needs the permission `camera`.
///
/// # Errors
/// Why it was not taken. It is in the journal if there is none.
pub fn camera_snapshot(frame: Frame, size: PictureSize) -> Result<(), NoteError> {
    note(raw::Observation::CameraSnapshot(raw::Snapshot { frame: frame.into_raw(), size: size.into() }))
}

/// Records why there is no picture for the current segment: this refusal, which has to be the one that
/// [`screen::capture`](crate::screen::capture) answered last. Needs the permission `screen`.
///
/// # Errors
/// Why it was not taken. It is in the journal if there is none.
pub fn no_snapshot(_refusal: &Denied) -> Result<(), NoteError> {
    note(raw::Observation::NoSnapshot)
}

/// Records this window, of the layout that [`windows::current`](crate::windows::current) answered last, as the one in
/// focus. The host takes the facts from its own layout. Needs the permission `windows`.
///
/// # Errors
/// Why it was not taken. It is in the journal if there is none.
pub fn focus(window: &Window, facts: WindowFacts) -> Result<(), NoteError> {
    let mut chosen = raw::WindowFacts::empty();
    for (wanted, flag) in [
        (facts.app, raw::WindowFacts::APP),
        (facts.title, raw::WindowFacts::TITLE),
        (facts.url, raw::WindowFacts::URL),
    ] {
        if wanted {
            chosen = chosen | flag;
        }
    }
    note(raw::Observation::Focus(raw::Focus { window: window.id, facts: chosen }))
}

/// Records the counts of this minute, which [`activity::minute_at`](crate::activity::minute_at) tells. The host takes the
/// counts from its own counter. Needs the permission `activity`.
///
/// # Errors
/// Why it was not taken. It is in the journal if there is none.
pub fn activity(minute: &Minute) -> Result<(), NoteError> {
    note(raw::Observation::Activity(minute.start.as_millis()))
}

/// Records something of the plugin's own making; shown to both sides as the plugin's word. `kind` is 1 to 64 of a-z, 0-9
/// and `-`; the body is at most 16 KiB as JSON.
///
/// # Errors
/// Why it was not taken. It is in the journal if there is none.
pub fn custom(kind: &str, body: &impl Serialize) -> Result<(), NoteError> {
    let body = serde_json::to_string(body).map_err(|e| NoteError::Malformed(e.to_string()))?;
    note(raw::Observation::Custom(raw::Custom { kind: kind.to_owned(), body }))
}

fn note(observation: raw::Observation) -> Result<(), NoteError> {
    raw::note(observation).map_err(Into::into)
}

impl From<PictureSize> for raw::PictureSize {
    fn from(size: PictureSize) -> Self {
        match size {
            PictureSize::Full => Self::Full,
            PictureSize::Half => Self::Half,
        }
    }
}
