//! The scenes: one file for each page, and for each scene of the first page.

pub(super) mod accept;
pub(super) mod clock;
pub(super) mod closing;
pub(super) mod day;
pub(super) mod fresh_picture;
pub(super) mod join;
pub(super) mod manual;
pub(super) mod menu;
pub(super) mod monitoring;
pub(super) mod outbox;
pub(super) mod parcel;
pub(super) mod picture;
pub(super) mod plugins;
pub(super) mod preferences;
pub(super) mod question;
pub(super) mod recorded;
pub(super) mod rules;
pub(super) mod segment;
pub(super) mod unreached;
pub(super) mod week;
