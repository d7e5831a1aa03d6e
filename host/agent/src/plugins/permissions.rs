//! What a plugin asks for, in words.

use candor_sandbox::Capability;

/// Returns what a permission allows, as the notice and the list of plugins say it.
pub(crate) fn permission_text(capability: Capability) -> &'static str {
    match capability {
        Capability::Windows => "see which windows are open, after the rules",
        Capability::Activity => "see how many keys, clicks and scrolls there were in a minute, never which",
        Capability::Screen => "take pictures of the screen, after the rules",
        Capability::Camera => "take pictures with the webcam, after the rules",
        Capability::Pixels => "look into pictures",
        Capability::Observations => {
            "record what it found, and notes of its own making that you and the client see"
        }
        Capability::Http => "use the network",
        Capability::Folder => "write into one folder",
    }
}
