//! The scene of a picture that was just taken.

/// Whether the person went back to the clock from the picture.
#[derive(Debug, Default)]
pub(crate) struct FreshPictureScene {
    /// The moment of the picture that was dismissed.
    dismissed: Option<u64>,
}

impl FreshPictureScene {
    /// Goes back to the clock from the picture that was taken then.
    pub(crate) fn dismiss(&mut self, taken_at: u64) {
        self.dismissed = Some(taken_at);
    }

    /// Returns whether the picture that was taken then was dismissed.
    pub(crate) fn is_dismissed(&self, taken_at: u64) -> bool {
        self.dismissed == Some(taken_at)
    }
}
