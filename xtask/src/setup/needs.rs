//! What a subcommand needs of the machine.

/// What is going to be done, as far as it decides what is needed.
#[derive(Clone, Copy)]
pub(crate) struct Needs {
    /// A screen of its own with programs on it.
    pub(super) desktop: bool,
    /// What a window is opened and drawn with.
    pub(super) window: bool,
    /// What only the tests use.
    pub(super) tests: bool,
}

impl Needs {
    /// Compiling, and nothing else.
    pub(crate) const BUILD: Self = Self { desktop: false, window: false, tests: false };
    /// Compiling, and a window on the screen that the person sits at.
    pub(crate) const PERSON: Self = Self { desktop: false, window: true, tests: false };
    /// Compiling, and recording a screen that is made for it.
    pub(crate) const DEMO: Self = Self { desktop: true, window: false, tests: false };
    /// Compiling, a screen with programs, a window, and the tests.
    pub(crate) const TEST: Self = Self { desktop: true, window: true, tests: true };
}
