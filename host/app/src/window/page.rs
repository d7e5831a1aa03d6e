//! The pages of the window.

/// A page of the window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum WindowPage {
    /// The first page: what goes on now.
    Home,
    /// The contracts and all the other pages.
    Menu,
    /// The form to join a contract.
    Join,
    /// What a contract records, to be accepted; the contract's id.
    Accept(String),
    /// What is recorded, and the terms; the contract's id, or `None` for the current one.
    Recorded(Option<String>),
    /// The segments of a day.
    Day,
    /// The days of a week.
    Week,
    /// The form in which time is typed in.
    Manual,
    /// One segment, by its first millisecond.
    Segment(u64),
    /// A segment's picture, large; the segment's first millisecond.
    Picture(u64),
    /// What waits and what was sent.
    Outbox,
    /// The exact bytes of a parcel; its id.
    Parcel(String),
    /// The preferences of the worker.
    Preferences,
    /// The worker's own rules.
    Rules,
    /// The plugins in use.
    Plugins,
    /// The question what closing the window means while it is tracked.
    Closing,
}

impl WindowPage {
    /// Returns the title in the head of the window.
    pub(crate) fn title(&self) -> &'static str {
        match self {
            Self::Home => "Candor",
            Self::Menu => "Contracts and more",
            Self::Join => "Join a contract",
            Self::Accept(_) => "Before you start",
            Self::Recorded(_) => "What is recorded",
            Self::Day => "My time",
            Self::Week => "My week",
            Self::Manual => "Manual time",
            Self::Segment(_) => "Segment",
            Self::Picture(_) => "Picture",
            Self::Outbox => "Outbox",
            Self::Parcel(_) => "What is sent",
            Self::Preferences => "Preferences",
            Self::Rules => "My privacy rules",
            Self::Plugins => "Plugins",
            Self::Closing => "Close the window",
        }
    }
}
