//! The page that is shown, and the ones before it.

use crate::window::page::WindowPage;

/// How many pages Back leads through.
const LONGEST: usize = 16;

/// The page that is shown, and the way back.
#[derive(Debug)]
pub(crate) struct PageHistory {
    page: WindowPage,
    earlier: Vec<WindowPage>,
}

impl PageHistory {
    /// Begins on the first page.
    pub(crate) fn new() -> Self {
        Self { page: WindowPage::Home, earlier: Vec::new() }
    }

    /// Returns the page that is shown.
    pub(crate) fn page(&self) -> &WindowPage {
        &self.page
    }

    /// Shows a page. From the first one there is no way back.
    pub(crate) fn open(&mut self, page: WindowPage) {
        let before = std::mem::replace(&mut self.page, page);
        if self.page == WindowPage::Home {
            self.earlier.clear();
        } else {
            self.earlier.push(before);
            let too_many = self.earlier.len().saturating_sub(LONGEST);
            self.earlier.drain(..too_many);
        }
    }

    /// Shows the page before.
    pub(crate) fn go_back(&mut self) {
        self.page = self.earlier.pop().unwrap_or(WindowPage::Home);
    }
}
