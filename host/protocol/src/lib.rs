//! What can be asked of a running agent through its control socket, and what it answers.
//!
//! Everybody with a face speaks this: the window, the tray, the command line, tests. One [`Request`] a line in, one
//! [`Response`] a line out, both JSON. The socket lies in a 0700 folder ([`socket`]); both ends check that the other runs
//! under the same user. Times are milliseconds since the Unix epoch, UTC; durations milliseconds.
//!
//! ```no_run
//! # fn main() -> Result<(), candor_protocol::AskError> {
//! let agent = candor_protocol::Client::new(std::path::Path::new("/home/mara/.local/share/candor"));
//! if agent.status()?.tracking {
//!     agent.ask(&candor_protocol::Request::Pause, candor_protocol::USUAL)?;
//! }
//! # Ok(())
//! # }
//! ```

mod agent_info;
mod client;
mod folder;
mod outbox;
mod request;
mod segment;
pub mod sign;
pub mod socket;
mod status;

pub use agent_info::{
    BadPicture, BadRecord, Check, Exported, NoticeAnswer, OnClose, OwnRule, Plugin, Preferences, Preview,
    TermsAnswer, Theme, Verified,
};
pub use client::{AskError, Client, LONG, Shower, USUAL, read, shown};
pub use folder::{NoExecArgument, default_data, exec_argument};
pub use outbox::{OutboxAnswer, OutboxParcel, ParcelBytes};
pub use request::{IdleAnswer, Request, Response};
pub use segment::{Forgotten, Note, Picture, PictureFacts, Segment, SegmentState};
pub use sign::{Face, Sign, SignState};
pub use status::{Contract, IdleQuestion, OutboxCounts, SegmentCounts, Status, names};
