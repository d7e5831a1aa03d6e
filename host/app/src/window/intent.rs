//! What a person wants: views only push these; the window carries them out.

use std::path::PathBuf;

use candor_protocol::Request;

/// A place in the window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Page {
    /// What goes on now.
    Home,
    /// The contracts and all the other pages.
    Menu,
    /// Join a contract.
    Join,
    /// Read what a contract records, and accept it.
    Accept(String),
    /// What is recorded, and the terms: of a contract, or of the current one.
    Recorded(Option<String>),
    /// The segments of a day.
    Day,
    /// The days of a week.
    Week,
    /// Time is typed in.
    Manual,
    /// One segment, by its first millisecond.
    Segment(u64),
    /// A segment's picture, large.
    Picture(u64),
    /// What waits and what was sent.
    Outbox,
    /// The exact bytes of a parcel.
    Parcel(String),
    /// The preferences.
    Preferences,
    /// The worker's own rules.
    Rules,
    /// The plugins in use.
    Plugins,
    /// The window is to be closed while it is tracked.
    Closing,
}

impl Page {
    /// Its title.
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

/// What is wanted.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Intent {
    /// To see a page.
    Go(Page),
    /// To see the page before.
    Back,
    /// That the agent does something.
    Do(Request),
    /// That the agent tells something.
    Read(Request),
    /// That a segment's picture comes as it fills the window.
    Large(u64),
    /// That an invitation file is read and taken.
    File(PathBuf),
    /// That an address is opened in the browser or mail program.
    Open(String),
    /// That a text is copied.
    Copy(String),
    /// That the agent is started.
    Start,
    /// That the agent ends, and the window with it.
    Quit,
    /// That the window closes, now and in future: whether tracking stops with it.
    Close {
        /// Whether it stops.
        stop: bool,
    },
}
