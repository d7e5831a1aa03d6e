//! `bench NAME`: measures and prints a table.
//!
//! What needs Candor's crates is measured by a program of the tests' crate; what the agent costs while somebody works is
//! measured from outside, on the demo.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::ValueEnum;
use serde_json::Value;

use crate::workspace::{Profile, Workspace, from_here, print_progress};
use crate::{artefacts, demo, setup};

#[derive(clap::Args)]
pub(crate) struct BenchOptions {
    /// What to measure; each prints a table of its own.
    name: Name,
    /// Also write the figures into this file.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// For how many minutes the scripted work lasts: 5 for `pipeline`, at most, and 10 for `agent` unless said.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=60))]
    minutes: Option<u64>,
    /// How many segments the back office's larger databases hold: a million unless said.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1_000..=10_000_000))]
    segments: Option<u64>,
    /// Measure the programs as people install them, not as they are tested.
    #[arg(long)]
    release: bool,
    /// Take what is built already; bring and build nothing.
    #[arg(long, hide = true)]
    as_built: bool,
}

/// What can be measured.
#[derive(Clone, Copy, ValueEnum)]
enum Name {
    /// From a captured picture to a committed record, and what the agent costs while a person works.
    Pipeline,
    /// What the agent takes while nobody works, while somebody does, and beside the window: processor, memory, bytes
    /// written; and how long a start takes.
    Agent,
    /// How many segments a second the back office takes in, and how long its pages take with few and with many in its
    /// database, which takes some gigabytes meanwhile.
    Backoffice,
}

/// Builds what is measured, and measures it.
pub(crate) fn bench(workspace: Workspace, options: &BenchOptions) -> Result<()> {
    let workspace = workspace.with_profile(Profile::of(options.release));
    if !options.as_built && matches!(options.name, Name::Backoffice) {
        artefacts::build_programs(&workspace, artefacts::Programs::BackOffice)?;
    } else if !options.as_built {
        let guests = setup::setup(&workspace, setup::Needs::DEMO)?;
        artefacts::build_programs(&workspace, artefacts::Programs::All)?;
        artefacts::build_guests(&workspace, &guests, artefacts::Programs::All)?;
    }

    let figures = match options.name {
        Name::Pipeline => measure_pipeline(&workspace, options.minutes.unwrap_or(5).min(5))?,
        Name::Agent => {
            let figures = demo::measure_cost(&workspace, options.minutes.unwrap_or(10))?;
            print!("{}", cost_table(&figures));
            figures
        }
        Name::Backoffice => measure_back_office(&workspace, options.segments.unwrap_or(1_000_000))?,
    };
    if let Some(file) = &options.json {
        let file = from_here(file)?;
        std::fs::write(&file, serde_json::to_string_pretty(&figures)? + "\n")
            .with_context(|| format!("cannot write {}", file.display()))?;
    }
    Ok(())
}

fn measure_pipeline(workspace: &Workspace, minutes: u64) -> Result<Value> {
    print_progress("measuring rules and pictures");
    let program = workspace.command(workspace.programs().join("bench-pipeline"));
    let program =
        program.env("CANDOR_BIN_DIR", workspace.programs()).env("CANDOR_GUESTS", workspace.guests());
    let said = program.read().context("the measurement did not end")?;
    let mut figures: Value = serde_json::from_str(&said).context("the figures are not JSON")?;
    print_progress(format_args!("measuring the agent over {minutes} minutes of scripted work"));
    figures["agent"] = demo::measure_usage(workspace, minutes)?;
    print!("{}", table(&figures));
    Ok(figures)
}

fn measure_back_office(workspace: &Workspace, segments: u64) -> Result<Value> {
    print_progress("measuring the back office");
    let program = workspace.command(workspace.programs().join("bench-backoffice"));
    let said =
        program.arg("--segments").arg(segments.to_string()).read().context("the measurement did not end")?;
    let figures: Value = serde_json::from_str(&said).context("the figures are not JSON")?;
    print!("{}", back_office_table(&figures));
    Ok(figures)
}

fn back_office_table(figures: &Value) -> String {
    let row = |cells: &[String]| {
        let mut cells = cells.iter();
        let first = cells.next().cloned().unwrap_or_default();
        let rest: String = cells.map(|cell| format!("{cell:>14}")).collect();
        format!("{first:<36}{rest}\n")
    };
    let list = |name: &str| figures[name].as_array().cloned().unwrap_or_default();
    let head = |cells: [&str; 6]| row(&cells.map(str::to_owned));
    let mut lines =
        vec![head(["taken in over HTTP", "segments/s", "SQLite alone", "share", "p50 ms", "p99 ms"])];
    for taken in list("ingest") {
        let with = if taken["pictures"] == true { "with" } else { "without" };
        lines.push(row(&[
            format!("{} at once, {with} pictures", taken["connections"]),
            taken["per_second"].to_string(),
            taken["floor_per_second"].to_string(),
            taken["of_floor"].to_string(),
            taken["request"]["p50_ms"].to_string(),
            taken["request"]["p99_ms"].to_string(),
        ]));
    }
    lines.push(head([
        "p50 and p99 in ms, by segments",
        "day",
        "empty day",
        "contracts",
        "picture",
        "parcel",
    ]));
    for read in list("reading") {
        let times = ["day", "empty_day", "contracts_page", "picture", "parcel"]
            .map(|what| format!("{} {}", read[what]["p50_ms"], read[what]["p99_ms"]));
        let what = format!("{} in {} contracts", read["segments"], read["contracts"]);
        lines.push(row(&[vec![what], times.to_vec()].concat()));
    }
    lines.concat()
}

fn cost_table(figures: &Value) -> String {
    let row = |cells: [&str; 7]| {
        let [what, rest @ ..] = cells;
        let rest: String = rest.iter().map(|cell| format!("{cell:>11}")).collect();
        format!("{what:<34}{rest}\n")
    };
    let mut lines =
        vec![row(["what", "% of a core", "PSS MB", "PSS peak", "RSS MB", "written kB", "seconds"])];
    for (name, what) in [
        ("first_life", "agent alone, its first life"),
        ("second_life", "agent alone, a later life"),
        ("idle", "agent, nobody there"),
        ("working", "agent, somebody works"),
        ("working_beside_window", "agent, the same beside the window"),
        ("window", "the window"),
        ("floor", "floor: pictures alone"),
    ] {
        let usage = &figures[name];
        let cells = ["cpu_percent", "pss_median_mb", "pss_peak_mb", "rss_median_mb", "written_kb", "seconds"]
            .map(|cell| usage[cell].to_string());
        let [a, b, c, d, e, f] = &cells;
        lines.push(row([what, a, b, c, d, e, f]));
    }
    lines.push(
        "The first two rows with one agent on the machine: the program's pages count whole. The others with three, which share them.\n".into(),
    );
    let times = [&figures["launch_to_tracking_ms"], &figures["launch_floor_ms"]];
    lines.push(format!(
        "from launch to tracking {} ms; floor: the program started for its version alone {} ms\n",
        times[0], times[1]
    ));
    lines.concat()
}

fn table(figures: &Value) -> String {
    let mut lines = vec![row("what", "in", "figure")];
    let empty = Vec::new();
    for judged in figures["judge"].as_array().unwrap_or(&empty) {
        let windows = &judged["windows"];
        lines.push(row(&format!("judge {windows} windows, wasm"), "µs", &judged["wasm_us"].to_string()));
        lines.push(row(&format!("judge {windows} windows, native"), "µs", &judged["native_us"].to_string()));
    }
    for (name, what) in [
        ("capture_ms", "capture 1920x1080"),
        ("judge_and_mask_ms", "judge and mask (the wait of 1.5 s for titles aside)"),
        ("encode_ms", "encode"),
        ("commit_ms", "commit, synced"),
        ("fsync_ms", "  of that, waiting for the disk (fsync)"),
        ("whole_ms", "captured, judged, masked, encoded, committed"),
        ("capture_and_encode_ms", "capture and encode alone"),
    ] {
        lines.push(row(what, "ms", &figures["picture"][name].to_string()));
    }
    let agent = &figures["agent"];
    let over = format!("over {} s of scripted work", agent["seconds"]);
    lines.push(row(
        &format!("agent and counter, processor, {over}"),
        "% of a core",
        &agent["cpu_percent"].to_string(),
    ));
    lines.push(row(
        &format!("agent and counter, PSS, median {over}"),
        "MB",
        &agent["pss_median_mb"].to_string(),
    ));
    lines.push(row("agent and counter, PSS, peak", "MB", &agent["pss_peak_mb"].to_string()));
    lines.concat()
}

fn row(what: &str, unit: &str, figure: &str) -> String {
    format!("{what:<68}{figure:>12}  {unit}\n")
}
