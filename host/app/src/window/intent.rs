//! What a person wants: views only push these, and the window's loop carries them out.

use std::path::PathBuf;

use candor_protocol::AnyRequest;

use super::page::WindowPage;

/// What the window's loop is to do.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Intent {
    OpenPage(WindowPage),
    /// Open the page before.
    GoBack,
    /// Have the agent do something.
    Perform(AnyRequest),
    /// Have the agent tell something.
    Read(AnyRequest),
    /// Load a segment's picture as it fills the window; the segment's first millisecond.
    LoadLargePicture(u64),
    /// Read an invitation file, and join by it.
    ReadInvitation(PathBuf),
    /// Open an address in the browser or mail program.
    OpenAddress(String),
    /// Put a text on the clipboard.
    CopyText(String),
    StartAgent,
    /// Quit the agent, and the window with it.
    QuitAgent,
    /// Close the window, now and in future in the same way.
    CloseWindow {
        /// Whether tracking stops with it.
        stop: bool,
    },
}
