//! What is said to the person about the last thing they did, and for how long.

use super::model::Model;
use super::parts::frame::Tone;

/// What is said to the person about the last thing they did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Banner {
    /// How.
    pub(crate) tone: Tone,
    /// What happened.
    pub(crate) fact: String,
    /// What to do, or what stays.
    pub(crate) words: String,
}

impl Model {
    /// Says what was done.
    pub(crate) fn announce(&mut self, fact: &str, words: &str) {
        self.banner = Some(Banner { tone: Tone::Plain, fact: fact.into(), words: words.into() });
    }

    /// Lets go of what was said, once it was there for a while. An error stays.
    pub(super) fn expire_banner(&mut self, time: f64) {
        /// How long something is said, in seconds; longer where it can be undone.
        const SAID: (f64, f64) = (8.0, 20.0);
        let Some(said) = &self.banner else {
            self.banner_since = None;
            return;
        };
        match &self.banner_since {
            Some((before, since)) if before == said => {
                let over = time - since > if self.undo.is_some() { SAID.1 } else { SAID.0 };
                if over && said.tone == Tone::Plain {
                    (self.banner, self.undo, self.banner_since) = (None, None, None);
                }
            }
            _ => self.banner_since = Some((said.clone(), time)),
        }
    }
}
