//! Which field is to get the keyboard.

/// What the next pass gives the keyboard to.
#[derive(Debug)]
pub(crate) struct KeyboardFocus {
    refused: bool,
    new_page: bool,
}

impl KeyboardFocus {
    /// Creates the state of a page that was just opened.
    pub(crate) fn new() -> Self {
        Self { refused: false, new_page: true }
    }

    /// Reports that what was entered was refused: its field gets the keyboard again.
    pub(crate) fn return_to_field(&mut self) {
        self.refused = true;
    }

    /// Returns, once, whether the field that was entered last gets the keyboard again.
    pub(crate) fn take_return(&mut self) -> bool {
        std::mem::take(&mut self.refused)
    }

    /// Reports that another page was opened: its first field gets the keyboard.
    pub(crate) fn enter_page(&mut self) {
        self.new_page = true;
    }

    /// Returns, once, whether the page's first field gets the keyboard.
    pub(crate) fn take_new_page(&mut self) -> bool {
        std::mem::take(&mut self.new_page)
    }
}
