//! Why a request is turned away before, or in place of, what it asked for.

/// What is said to whoever asked, in the API's form or on a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// Its body came too slowly.
    TooSlow,
    /// There was no room for it, or it was not answered in time, which is no fault of it.
    Busy,
}
