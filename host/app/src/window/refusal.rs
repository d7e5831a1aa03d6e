//! What is said when the agent refuses a request.

use candor_protocol::AnyRequest;

/// Returns what did not happen, as a sentence.
pub(super) fn refusal_fact(request: &AnyRequest) -> &'static str {
    match request {
        AnyRequest::StartTracking(_) => "Tracking did not start.",
        AnyRequest::StopTracking(_) => "Tracking did not stop.",
        AnyRequest::PauseTracking(_) => "The pause did not begin.",
        AnyRequest::SetMemo(_) => "The memo was not saved.",
        AnyRequest::SetLabel(_) => "The label was not saved.",
        AnyRequest::AnswerIdle(_) => "The answer was not saved.",
        AnyRequest::SwitchContract(_) => "The contract was not switched.",
        AnyRequest::ImportInvitation(_) => "That invitation did not work.",
        AnyRequest::AcceptNotice(_) => "The notice was not accepted.",
        AnyRequest::EditSegment(_) => "The segment was not changed.",
        AnyRequest::RemovePicture(_) => "The picture was not deleted.",
        AnyRequest::RemoveSegment(_) => "Nothing was removed.",
        AnyRequest::RestoreSegment(_) => "Nothing was brought back.",
        AnyRequest::UndoIdleAnswer(_) => "The answer was not undone.",
        AnyRequest::RemoveNotes(_) => "The notes were not removed.",
        AnyRequest::ForgetSpan(_) => "Nothing was removed.",
        AnyRequest::AddManualTime(_) => "No time was added.",
        AnyRequest::CancelParcel(_) => "It was not taken back.",
        AnyRequest::UncancelParcel(_) => "It is still not to be sent.",
        AnyRequest::SendNow(_) | AnyRequest::TryNow(_) => "Nothing was sent.",
        AnyRequest::SetPreferences(_) => "The preferences were not saved.",
        AnyRequest::SetOwnRules(_) => "The rules were not saved.",
        AnyRequest::QuitAgent(_) => "The agent did not end.",
        _ => "This did not load.",
    }
}
