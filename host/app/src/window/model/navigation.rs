//! From page to page.

use super::WindowModel;
use crate::window::page::WindowPage;
use crate::window::state::{ContractDocuments, LivePreview, ParcelPage, PreferencesPage};

impl WindowModel {
    /// Opens a page, unless it is open already; saves memos that are being typed.
    pub(crate) fn open_page(&mut self, page: WindowPage) {
        if page == *self.page() {
            return;
        }
        self.save_memos();
        self.history.open(page);
        self.enter_page();
    }

    /// Opens the page before.
    pub(crate) fn go_back(&mut self) {
        self.save_memos();
        self.history.go_back();
        self.enter_page();
    }

    fn enter_page(&mut self) {
        self.focus.enter_page();
        self.banner.dismiss();
        self.segment.cancel_removal();
        self.pictures.close_large();
        match self.page() {
            WindowPage::Accept(_) | WindowPage::Recorded(_) => self.documents = ContractDocuments::default(),
            WindowPage::Parcel(_) => self.parcel = ParcelPage::default(),
            // What is typed and not added stays in its field.
            WindowPage::Rules => self.rules.forget_rules(),
            WindowPage::Preferences => self.preferences = PreferencesPage::default(),
            _ => {}
        }
        self.preview = LivePreview::default();
        self.read_page();
    }
}
