//! The scene with the clock: the memo as it is typed.

/// What the scene with the clock keeps.
#[derive(Debug, Default)]
pub(crate) struct ClockScene {
    /// The memo as it is typed.
    pub(crate) memo: String,
    edited: bool,
    focused: bool,
}

impl ClockScene {
    /// Reports that the memo was typed and is not saved yet.
    pub(crate) fn mark_edited(&mut self) {
        self.edited = true;
    }

    /// Reports whether the memo's field has the keyboard.
    pub(crate) fn set_focused(&mut self, focused: bool) {
        self.focused = focused;
    }

    /// Reports that the scene is not shown: its field cannot have the keyboard.
    pub(crate) fn leave(&mut self) {
        self.focused = false;
    }

    /// Returns whether the person types the memo, or is about to.
    pub(crate) fn is_being_typed(&self) -> bool {
        self.edited || self.focused
    }

    /// Shows the saved memo, unless another is being typed.
    pub(crate) fn show_saved(&mut self, memo: Option<&str>) {
        if !self.edited {
            memo.unwrap_or_default().clone_into(&mut self.memo);
        }
    }

    /// Returns the memo if it was typed and differs from the saved one.
    pub(crate) fn unsaved(&mut self, saved: Option<&str>) -> Option<String> {
        if !self.edited {
            return None;
        }
        let memo = self.memo.trim();
        if memo == saved.unwrap_or_default() {
            self.edited = false;
            return None;
        }
        Some(memo.to_owned())
    }

    /// Takes that a memo was saved.
    pub(crate) fn confirm_saved(&mut self, memo: &str) {
        if self.memo == memo {
            self.edited = false;
        }
    }

    /// Takes that what was typed is saved, or no longer wanted.
    pub(crate) fn end_edit(&mut self) {
        self.edited = false;
    }
}
