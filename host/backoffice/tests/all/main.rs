//! The real back office over real HTTP. One program for all topics, so that it links once.

mod common;
mod ingest;
mod look;
mod never_lost;
mod pages;
