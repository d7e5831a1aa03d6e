//! The acceptance of a notice: who accepts, and whether it was put off.

/// What the page of a notice that is to be accepted keeps.
#[derive(Debug)]
pub(crate) struct AcceptPage {
    /// The name as it is typed.
    pub(crate) name: String,
    /// Whether the name was typed here.
    name_edited: bool,
    /// The contract whose notice was put off.
    postponed: Option<String>,
}

impl AcceptPage {
    /// Creates the page with the name that is known so far.
    pub(crate) fn new(name: String) -> Self {
        Self { name, name_edited: false, postponed: None }
    }

    /// Reports whether the person changed the name just now.
    pub(crate) fn note_edit(&mut self, changed: bool) {
        self.name_edited |= changed;
    }

    /// Fills in a name, unless another was typed.
    pub(crate) fn suggest_name(&mut self, name: &str) {
        if !self.name_edited && !name.trim().is_empty() {
            name.clone_into(&mut self.name);
        }
    }

    /// Puts off the notice of a contract.
    pub(crate) fn postpone(&mut self, contract: String) {
        self.postponed = Some(contract);
    }

    /// Shows again a notice that was put off.
    pub(crate) fn resume(&mut self) {
        self.postponed = None;
    }

    /// Returns whether the notice of a contract was put off.
    pub(crate) fn is_postponed(&self, contract: &str) -> bool {
        self.postponed.as_deref() == Some(contract)
    }
}
