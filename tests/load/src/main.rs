//! Measures the back office; `cargo xtask bench backoffice` builds it, runs it and prints the table.
//!
//! - How many segments a second it takes in, with and without pictures, over one connection, eight and sixty-four; beside it
//!   SQLite alone, which writes the same rows as durably.
//! - How long pages and deliveries take, with few segments in the database and with many, in one contract and in fifty.
//!
//! Figures go to standard output as JSON, progress to standard error.

mod fill;
mod floor;
mod http;
mod ingest;
mod locked;
mod office;
mod reading;
mod segment;
mod shared;

use anyhow::Result;
use clap::Parser;
use serde_json::json;

/// What is measured.
#[derive(Parser)]
struct Options {
    /// How many segments the larger databases hold.
    #[arg(long, default_value_t = 1_000_000)]
    segments: u64,
    /// How many segments each connection delivers: a quarter of them with pictures, and of many connections.
    #[arg(long, default_value_t = 2_000)]
    deliveries: u64,
}

fn main() -> Result<()> {
    let options = Options::parse();
    let mut taken_in = Vec::new();
    for pictures in [false, true] {
        for connections in [1, 8, 64] {
            // As long for many connections as for few.
            let each =
                options.deliveries / if pictures { 4 } else { 1 } / if connections > 8 { 4 } else { 1 };
            taken_in.push(ingest::measure(connections, each.max(10), pictures)?);
        }
    }
    let mut read = Vec::new();
    for contracts in [1, 50] {
        for segments in [1_000, options.segments] {
            read.push(reading::measure(contracts, segments)?);
        }
    }
    println!("{}", json!({ "ingest": taken_in, "reading": read }));
    Ok(())
}
