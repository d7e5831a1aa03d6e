//! A picture that was taken, judged and masked. Holding one asks for no permission; getting one does.

use crate::bindings::imports::frames as raw;
use crate::types::{Monitor, Timestamp};

/// A picture in the host's memory, never in the plugin's. Dropping it wipes it, unless an observation took it. At most
/// two may live per plugin.
#[derive(Debug)]
pub struct Frame(raw::Frame);

impl Frame {
    /// A reference to hand around, as the other functions take it.
    #[must_use]
    pub fn as_ref(&self) -> FrameRef<'_> {
        FrameRef(&self.0)
    }

    /// Width in pixels, as taken, whatever the size in which it is recorded.
    #[must_use]
    pub fn width(&self) -> u32 {
        self.0.width()
    }

    /// Height in pixels, as taken, whatever the size in which it is recorded.
    #[must_use]
    pub fn height(&self) -> u32 {
        self.0.height()
    }

    /// When it was taken.
    #[must_use]
    pub fn taken_at(&self) -> Timestamp {
        Timestamp::from_millis(self.0.taken_at())
    }

    /// The displays that it shows.
    #[must_use]
    pub fn monitors(&self) -> Vec<Monitor> {
        self.0.monitors().into_iter().map(Into::into).collect()
    }

    /// How many places were covered before the plugin got it.
    #[must_use]
    pub fn redactions(&self) -> u32 {
        self.0.redactions()
    }

    pub(crate) fn into_raw(self) -> raw::Frame {
        self.0
    }
}

impl From<raw::Frame> for Frame {
    fn from(frame: raw::Frame) -> Self {
        Self(frame)
    }
}

/// A picture that belongs to someone else, such as the one that a policy is shown.
#[derive(Clone, Copy, Debug)]
pub struct FrameRef<'a>(&'a raw::Frame);

impl<'a> FrameRef<'a> {
    /// Width in pixels of the whole picture.
    #[must_use]
    pub fn width(self) -> u32 {
        self.0.width()
    }

    /// Height in pixels of the whole picture.
    #[must_use]
    pub fn height(self) -> u32 {
        self.0.height()
    }

    /// When it was taken.
    #[must_use]
    pub fn taken_at(self) -> Timestamp {
        Timestamp::from_millis(self.0.taken_at())
    }

    /// The displays that it shows.
    #[must_use]
    pub fn monitors(self) -> Vec<Monitor> {
        self.0.monitors().into_iter().map(Into::into).collect()
    }

    pub(crate) fn raw(self) -> &'a raw::Frame {
        self.0
    }
}

impl<'a> From<&'a Frame> for FrameRef<'a> {
    fn from(frame: &'a Frame) -> Self {
        frame.as_ref()
    }
}

impl<'a> From<&'a raw::Frame> for FrameRef<'a> {
    fn from(frame: &'a raw::Frame) -> Self {
        Self(frame)
    }
}
