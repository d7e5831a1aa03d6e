//! What is said when the agent refuses a request.

use candor_protocol::Request;

/// Returns what did not happen, as a sentence.
pub(super) fn refusal_fact(request: &Request) -> &'static str {
    match request {
        Request::Start { .. } => "Tracking did not start.",
        Request::Stop { .. } => "Tracking did not stop.",
        Request::Pause => "The pause did not begin.",
        Request::Memo { .. } => "The memo was not saved.",
        Request::Label { .. } => "The label was not saved.",
        Request::Idle { .. } => "The answer was not saved.",
        Request::Switch { .. } => "The contract was not switched.",
        Request::Import { .. } => "That invitation did not work.",
        Request::Accept { .. } => "The notice was not accepted.",
        Request::EditSegment { .. } => "The segment was not changed.",
        Request::RemovePicture { .. } => "The picture was not deleted.",
        Request::RemoveSegment { .. } => "Nothing was removed.",
        Request::Restore { .. } => "Nothing was brought back.",
        Request::UndoIdle => "The answer was not undone.",
        Request::RemoveNotes { .. } => "The notes were not removed.",
        Request::Forget { .. } => "Nothing was removed.",
        Request::AddManual { .. } => "No time was added.",
        Request::Cancel { .. } => "It was not taken back.",
        Request::Uncancel { .. } => "It is still not to be sent.",
        Request::SendNow { .. } | Request::TryNow => "Nothing was sent.",
        Request::SetPreferences { .. } => "The preferences were not saved.",
        Request::SetOwnRules { .. } => "The rules were not saved.",
        Request::Quit => "The agent did not end.",
        _ => "This did not load.",
    }
}
