//! A contract's notice and terms, for the pages that show them.

use candor_diary::terms::Terms;
use candor_protocol::{NoticeAnswer, names};

/// The notice and the terms that were read last.
#[derive(Debug, Default)]
pub(crate) struct ContractDocuments {
    notice: Option<NoticeAnswer>,
    terms: Option<Terms>,
}

impl ContractDocuments {
    /// Returns the notice, once it is read.
    pub(crate) fn notice(&self) -> Option<&NoticeAnswer> {
        self.notice.as_ref()
    }

    /// Returns the terms, once they are read.
    pub(crate) fn terms(&self) -> Option<&Terms> {
        self.terms.as_ref()
    }

    /// Returns the terms if they are those of this contract.
    pub(crate) fn terms_of(&self, contract: &str) -> Option<&Terms> {
        self.terms.as_ref().filter(|terms| names(contract, &terms.contract))
    }

    /// Returns whether the contract takes pictures; as long as its terms are not read, it may.
    pub(crate) fn takes_pictures(&self) -> bool {
        self.terms.as_ref().is_none_or(|terms| terms.collectors.iter().any(|c| c.plugin == "screenshots"))
    }

    pub(crate) fn set_notice(&mut self, notice: NoticeAnswer) {
        self.notice = Some(notice);
    }

    pub(crate) fn set_terms(&mut self, terms: Terms) {
        self.terms = Some(terms);
    }
}
