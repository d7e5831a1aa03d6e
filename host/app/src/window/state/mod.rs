//! What each page and scene of the window keeps while it is shown: drafts, and the agent's answers that it needs.
//!
//! Nothing here draws, waits, or knows another page.

mod accept;
mod agent;
mod banner;
mod clock;
mod day;
mod documents;
mod focus;
mod fresh_picture;
mod history;
mod home;
mod join;
mod manual;
mod outbox;
mod parcel;
mod pictures;
mod plugins;
mod preferences;
mod preview;
mod question;
mod requests;
mod rules;
mod segment;
mod week;

pub(crate) use accept::AcceptPage;
pub(crate) use agent::{AgentConnection, AgentSnapshot};
pub(crate) use banner::BannerState;
pub(crate) use clock::ClockScene;
pub(crate) use day::DayPage;
pub(crate) use documents::ContractDocuments;
pub(crate) use focus::KeyboardFocus;
pub(crate) use fresh_picture::FreshPictureScene;
pub(crate) use history::PageHistory;
pub(crate) use home::HomeTotals;
pub(crate) use join::JoinPage;
pub(crate) use manual::ManualPage;
pub(crate) use outbox::OutboxPage;
pub(crate) use parcel::ParcelPage;
pub(crate) use pictures::{PictureCache, PictureSlot};
pub(crate) use plugins::PluginsPage;
pub(crate) use preferences::PreferencesPage;
pub(crate) use preview::LivePreview;
pub(crate) use question::QuestionScene;
pub(crate) use requests::RequestQueue;
pub(crate) use rules::RulesPage;
pub(crate) use segment::SegmentPage;
pub(crate) use week::WeekPage;
