//! The requests, each a type of its own. A request that names no contract means the current one.

mod agent;
mod contracts;
mod outbox;
mod preferences;
mod segments;
mod tracking;

pub use agent::{ExportData, GetPlugins, QuitAgent, RunDoctor, VerifyJournal, VerifyLedger};
pub use contracts::{AcceptNotice, GetNotice, GetPreview, GetTerms, ImportInvitation, SwitchContract};
pub use outbox::{CancelParcel, GetOutbox, GetParcel, SendAgain, SendNow, TryNow, UncancelParcel};
pub use preferences::{GetOwnRules, GetPreferences, SetOwnRules, SetPreferences};
pub use segments::{
    AddManualTime, EditSegment, ForgetSpan, GetPicture, GetSegments, RemoveNotes, RemovePicture,
    RemoveSegment, RestoreSegment, WouldForgetSpan,
};
pub use tracking::{
    AnswerIdle, GetStatus, IdleAnswer, PauseTracking, ReportSigns, SetLabel, SetMemo, StartTracking,
    StopTracking, UndoIdleAnswer,
};
