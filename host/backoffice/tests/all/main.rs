//! The real back office over real HTTP. One program for all topics, so that it links once.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests fail as tests do"
)]

mod common;
mod ingest;
mod look;
mod never_lost;
mod pages;
