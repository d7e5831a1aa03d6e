//! The live preview: the screen as the client would see it.

use candor_protocol::Preview;

use crate::window::widgets::screenshot::Screenshot;

/// How long until a preview is taken anew, in seconds.
const PERIOD: f64 = 4.0;

/// The last preview, and when the next one is due.
#[derive(Debug, Default)]
pub(crate) struct LivePreview {
    shown: Option<(Preview, Option<Screenshot>)>,
    failure: Option<String>,
    /// By the window's clock, in seconds.
    next_at: f64,
}

impl LivePreview {
    /// Returns the preview with its picture, if there is one.
    pub(crate) fn shown(&mut self) -> Option<(&Preview, Option<&mut Screenshot>)> {
        self.shown.as_mut().map(|(preview, picture)| (&*preview, picture.as_mut()))
    }

    /// Returns why there is no new preview, as a sentence.
    pub(crate) fn failure(&self) -> Option<&str> {
        self.failure.as_deref()
    }

    /// Returns whether a new preview is due, and puts off the next one. `time` is the window's clock in seconds.
    pub(crate) fn take_due(&mut self, time: f64) -> bool {
        let due = time >= self.next_at;
        if due {
            self.next_at = time + PERIOD;
        }
        due
    }

    /// Makes a new preview due at once.
    pub(crate) fn renew(&mut self) {
        self.next_at = 0.0;
    }

    /// Takes a preview, in place of the one before and of any failure.
    pub(crate) fn show(&mut self, preview: Preview, picture: Option<Screenshot>) {
        self.failure = None;
        self.shown = Some((preview, picture));
    }

    /// Takes that no preview could be had; why, as a sentence.
    pub(crate) fn fail(&mut self, why: String) {
        self.failure = Some(why);
    }
}
