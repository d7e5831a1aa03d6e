//! What can be asked of a running agent through its control socket, and what it answers.
//!
//! The window, the tray, the command line and tests speak it. Each request is a type ([`Request`]) that names its answer's
//! type. One [`AnyRequest`] a line in, one [`Response`] a line out, both JSON. The socket lies in a 0700 folder
//! ([`socket`]); both ends check that the other runs under the same user. Times are milliseconds since the Unix epoch, UTC;
//! durations milliseconds.
//!
//! ```no_run
//! use candor_protocol::{Client, PauseTracking, RemoveSegment, USUAL};
//!
//! # fn main() -> Result<(), candor_protocol::ClientError> {
//! let agent = Client::new(std::path::Path::new("/home/mara/.local/share/candor"));
//! if let Some(running) = agent.status()?.running {
//!     let removed = agent.ask(&RemoveSegment { start: running.start }, USUAL)?;
//!     println!("{} ms are removed", removed.time_ms);
//!     agent.ask(&PauseTracking, USUAL)?;
//! }
//! # Ok(())
//! # }
//! ```
//!
//! A new request is a type in `request/`, a line in the table of `wire.rs`, and a `Handle` of it in the agent.

mod agent_info;
mod client;
mod error;
mod folder;
mod ledger_info;
mod notice;
mod outbox;
mod own_rules;
mod preferences;
mod request;
mod segment;
pub mod sign;
pub mod socket;
mod status;
mod wire;

pub use agent_info::{BadDetail, BadPicture, BadRecord, Check, Exported, Plugin, PluginKind, Verified};
pub use client::{Client, ClientError, LONG, SignConnection, USUAL, visible};
pub use error::{RequestError, RequestErrorKind};
pub use folder::{NoExecArgument, default_data, exec_argument};
pub use ledger_info::{LedgerDifference, VerifiedLedger};
pub use notice::{NoticeAnswer, Preview};
pub use outbox::{OutboxAnswer, OutboxParcel, ParcelBytes, ParcelDetail, ParcelState};
pub use own_rules::{OwnRule, OwnRuleAction, OwnRuleComparison, OwnRuleField};
pub use preferences::{OnClose, Preferences, Theme};
pub use request::*;
pub use segment::{Forgotten, Note, Picture, PictureFacts, Segment, SegmentState};
pub use sign::{Face, Sign, SignState};
pub use status::{Contract, CurrentContract, IdleQuestion, OutboxCounts, SegmentCounts, Status, names};
pub use wire::{Answered, AnyRequest, Handle, Request, Response};
