//! Pictures that were asked for.

use std::collections::BTreeMap;

use crate::window::widgets::screenshot::Screenshot;

/// How many pictures are kept decoded.
const KEPT: usize = 12;

/// A picture that was asked for.
#[derive(Debug)]
pub(crate) enum PictureSlot {
    /// It is on its way.
    Awaited,
    /// It is here, decoded.
    Loaded(Screenshot),
    /// It could not be had; why, as a sentence.
    Failed(String),
}

/// The pictures of segments, by the segment's start.
#[derive(Debug, Default)]
pub(crate) struct PictureCache {
    pictures: BTreeMap<u64, PictureSlot>,
    /// The picture that fills the window.
    large: Option<(u64, PictureSlot)>,
}

impl PictureCache {
    /// Returns whether a segment's picture was asked for.
    pub(crate) fn contains(&self, start: u64) -> bool {
        self.pictures.contains_key(&start)
    }

    /// Returns a segment's picture; one that was not asked for is awaited from now on.
    pub(crate) fn slot(&mut self, start: u64) -> &mut PictureSlot {
        if !self.pictures.contains_key(&start) {
            while self.pictures.len() >= KEPT {
                self.pictures.pop_first();
            }
        }
        self.pictures.entry(start).or_insert(PictureSlot::Awaited)
    }

    /// Takes a segment's picture.
    pub(crate) fn set(&mut self, start: u64, picture: PictureSlot) {
        self.pictures.insert(start, picture);
    }

    /// Returns whether the picture that fills the window is this segment's.
    pub(crate) fn is_large(&self, start: u64) -> bool {
        self.large.as_ref().is_some_and(|(of, _)| *of == start)
    }

    /// Returns a segment's picture as it fills the window; one that was not asked for is awaited from now on.
    pub(crate) fn large_slot(&mut self, start: u64) -> &mut PictureSlot {
        if !self.is_large(start) {
            self.large = None;
        }
        &mut self.large.get_or_insert((start, PictureSlot::Awaited)).1
    }

    /// Takes a segment's picture as it fills the window.
    pub(crate) fn set_large(&mut self, start: u64, picture: PictureSlot) {
        self.large = Some((start, picture));
    }

    /// Lets go of the picture that fills the window.
    pub(crate) fn close_large(&mut self) {
        self.large = None;
    }

    /// Lets go of the pictures beside words.
    pub(crate) fn clear(&mut self) {
        self.pictures.clear();
    }
}
