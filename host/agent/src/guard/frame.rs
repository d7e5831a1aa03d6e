//! Frames on both sides of the guard: raw ones that only it holds, masked ones that it hands out.

use std::any::Any;
use std::sync::Arc;

use candor_diary::parcel::{Focus, Redaction};
use candor_sandbox::host_traits::FrameView;
use candor_sandbox::model;
use candor_sensors::{Area, Layout, RawFrame};

use super::scene;

/// What the screen showed, unjudged. It is wiped when it is dropped (invariant 1).
pub struct UnjudgedFrame {
    frame: RawFrame,
    monitors: Vec<model::Monitor>,
}

impl UnjudgedFrame {
    /// Creates a frame from a capture and the layout that it shows.
    pub(super) fn new(frame: RawFrame, layout: &Layout) -> Self {
        let monitors = layout
            .monitors
            .iter()
            .filter(|m| super::region::intersection(m.area, frame.area).is_some())
            .map(|m| model::Monitor { name: m.name.clone(), area: scene::area(m.area) })
            .collect();
        Self { frame, monitors }
    }

    pub(super) fn area(&self) -> Area {
        self.frame.area
    }

    /// Returns whether it shows one colour only: a blank, black or switched-off screen.
    pub(super) fn is_blank(&self) -> bool {
        candor_sensors::is_blank(&self.frame)
    }

    pub(super) fn pixels(&mut self) -> &mut [u8] {
        self.frame.rgba_mut()
    }
}

impl FrameView for UnjudgedFrame {
    fn width(&self) -> u32 {
        self.frame.width
    }
    fn height(&self) -> u32 {
        self.frame.height
    }
    fn taken_at(&self) -> u64 {
        self.frame.taken_at
    }
    fn monitors(&self) -> &[model::Monitor] {
        &self.monitors
    }
    fn redactions(&self) -> u32 {
        0
    }
    fn rgba(&self) -> &[u8] {
        self.frame.rgba()
    }
    fn as_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync> {
        self
    }
}

/// A frame that was judged and covered. Only the guard can make one.
pub struct MaskedFrame {
    raw: UnjudgedFrame,
    copied_at: u64,
    redactions: Vec<Redaction>,
    focus: Option<Focus>,
    own_words: Vec<String>,
}

impl MaskedFrame {
    pub(super) fn new(
        raw: UnjudgedFrame,
        copied_at: u64,
        redactions: Vec<Redaction>,
        focus: Option<Focus>,
        own_words: Vec<String>,
    ) -> Self {
        Self { raw, copied_at, redactions, focus, own_words }
    }

    /// Returns when the screen had been copied, milliseconds since the Unix epoch: it shows what was there at some
    /// moment from when it was taken until then.
    #[must_use]
    pub fn copied_at(&self) -> u64 {
        self.copied_at
    }

    /// Returns application and title of the window in front when it was taken, judged with it, if such facts are
    /// recorded.
    #[must_use]
    pub fn focus(&self) -> Option<&Focus> {
        self.focus.as_ref()
    }

    /// Returns the worker's own rules that hide something in it, in their words. They stay on this computer.
    #[must_use]
    pub fn own_words(&self) -> &[String] {
        &self.own_words
    }

    /// Returns what was covered, in the frame's pixels.
    #[must_use]
    pub fn covered(&self) -> &[Redaction] {
        &self.redactions
    }
}

impl FrameView for MaskedFrame {
    fn width(&self) -> u32 {
        self.raw.width()
    }
    fn height(&self) -> u32 {
        self.raw.height()
    }
    fn taken_at(&self) -> u64 {
        self.raw.taken_at()
    }
    fn monitors(&self) -> &[model::Monitor] {
        self.raw.monitors()
    }
    fn redactions(&self) -> u32 {
        u32::try_from(self.redactions.len()).unwrap_or(u32::MAX)
    }
    fn rgba(&self) -> &[u8] {
        self.raw.rgba()
    }
    fn as_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync> {
        self
    }
}
