//! The banner: what is said to the person about the last thing they did, and for how long.

use candor_protocol::AnyRequest;

use crate::window::widgets::layout::Tone;

/// A message about the last thing that the person did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Banner {
    /// Whether it is an error, which stays until it is dismissed.
    pub(crate) tone: Tone,
    /// What happened, in a sentence.
    pub(crate) fact: String,
    /// What to do, or what stays as it was; may be empty.
    pub(crate) words: String,
}

/// The banner that is shown, since when, and what undoes what it is about.
#[derive(Debug, Default)]
pub(crate) struct BannerState {
    shown: Option<Banner>,
    /// The banner, and when it was first seen by the window's clock in seconds.
    since: Option<(Banner, f64)>,
    undo: Option<AnyRequest>,
}

impl BannerState {
    /// Shows a message, until it expires.
    pub(crate) fn show(&mut self, fact: &str, words: &str) {
        self.shown = Some(Banner { tone: Tone::Plain, fact: fact.into(), words: words.into() });
    }

    /// Shows an error, until it is dismissed.
    pub(crate) fn show_error(&mut self, fact: &str, words: &str) {
        self.shown = Some(Banner { tone: Tone::Over, fact: fact.into(), words: words.into() });
    }

    /// Offers to undo what the banner is about.
    pub(crate) fn offer_undo(&mut self, undo: Option<AnyRequest>) {
        self.undo = undo;
    }

    /// Takes the banner away, and what would undo it.
    pub(crate) fn dismiss(&mut self) {
        (self.shown, self.undo) = (None, None);
    }

    /// Returns the banner that is shown.
    pub(crate) fn shown(&self) -> Option<&Banner> {
        self.shown.as_ref()
    }

    /// Returns whether the last action can be undone.
    pub(crate) fn can_undo(&self) -> bool {
        self.undo.is_some()
    }

    /// Takes the request that undoes the last action.
    pub(crate) fn take_undo(&mut self) -> Option<AnyRequest> {
        self.undo.take()
    }

    /// Takes the banner away once it was there for a while. An error stays.
    pub(crate) fn expire(&mut self, time: f64) {
        /// How long a banner is shown, in seconds: without and with something to undo.
        const SHOWN: (f64, f64) = (8.0, 20.0);
        let Some(shown) = &self.shown else {
            self.since = None;
            return;
        };
        match &self.since {
            Some((before, since)) if before == shown => {
                let over = time - since > if self.undo.is_some() { SHOWN.1 } else { SHOWN.0 };
                if over && shown.tone == Tone::Plain {
                    (self.shown, self.undo, self.since) = (None, None, None);
                }
            }
            _ => self.since = Some((shown.clone(), time)),
        }
    }
}
