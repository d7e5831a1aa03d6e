//! The real back office over real HTTP. One program for all topics, so that it links once.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests fail as tests do"
)]

mod adversary;
mod behind_proxy;
mod changed;
mod clock;
mod common;
mod device;
mod drawn;
mod edge;
mod ingest;
mod locked;
mod look;
mod manual;
mod never_lost;
mod pages;
mod pictures;
mod prefix;
mod refusals;
mod sent_away;
mod sweep;
mod verify;
