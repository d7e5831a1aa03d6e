//! Who reads a text.

/// Who reads a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reader {
    /// The worker, on the own computer: spoken to as 'you'.
    Worker,
    /// Either side of the contract: the worker is 'the worker'.
    Both,
}
