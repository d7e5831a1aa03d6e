//! Runs all tests of the workspace, several processes beside each other: one for each test binary, and one for each topic
//! of the end-to-end tests, which are one binary.
//!
//! Most end-to-end tests wait for something most of the time, so they take little longer beside others. Cargo itself runs
//! one binary after the other. Each process's output is shown whole when it ends.

use std::collections::{BTreeMap, VecDeque};
use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::{Mutex, PoisonError, mpsc};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use crate::artefacts;
use crate::workspace::{Workspace, print_progress};

/// How many processes run at once. Three suit two cores: the soak, which waits for its day to pass, and two others.
const AT_ONCE: usize = 3;

/// Those that take minutes, the longest first: they begin first, so that none of them is left alone at the end.
const LONG: [&str; 10] =
    ["soak", "demo", "secrets", "spine", "time", "window", "app: window", "worker", "kill", EXAMPLES];

/// The binary with the end-to-end tests.
const END_TO_END: &str = "end_to_end";

/// The examples in the docs, as they are named here.
const EXAMPLES: &str = "examples in the docs";

/// How long nothing may end before it is told what still runs.
const TOLD_EVERY: Duration = Duration::from_secs(60);

/// A test binary, a topic of one, or the examples in the docs.
struct Job {
    name: String,
    command: Command,
}

/// How a job ended.
struct Ended {
    name: String,
    status: std::io::Result<ExitStatus>,
    output: Vec<u8>,
    took: Duration,
}

/// Builds the tests, runs all of them and fails if one failed.
pub(crate) fn run_all(workspace: &Workspace, environment: &[(&str, PathBuf)]) -> Result<()> {
    let mut jobs = binaries(workspace)?;
    let examples =
        workspace.cargo().args(["test", "--workspace", "--doc", "--quiet"]).args(artefacts::TESTED);
    jobs.push(Job { name: EXAMPLES.into(), command: examples.into() });
    jobs.sort_by_key(|job| (rank(&job.name), job.name.clone()));
    for job in &mut jobs {
        job.command.envs(environment.iter().map(|(name, value)| (name, value))).stdin(Stdio::null());
    }
    let logs = output_folder(workspace)?;
    let failed = run(jobs, &logs)?;
    if failed.is_empty() {
        return Ok(());
    }
    bail!(
        "{} failed; `cargo xtask test --test NAME` runs a test binary alone, `--test {END_TO_END} TOPIC::` a topic",
        failed.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
    )
}

/// Compiles the tests and finds their binaries.
fn binaries(workspace: &Workspace) -> Result<Vec<Job>> {
    let began = Instant::now();
    let build = ["test", "--workspace", "--no-run", "--message-format=json-render-diagnostics"];
    let printed = workspace.cargo().args(build).args(artefacts::TESTED).read();
    let binaries: Vec<Job> = printed
        .context("the tests do not compile")?
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .filter_map(|message: Value| job(&message))
        .collect();
    if binaries.is_empty() {
        bail!("cargo named no test binary");
    }
    print_progress(format_args!("{} test binaries built in {} s", binaries.len(), began.elapsed().as_secs()));
    let mut jobs = Vec::new();
    for binary in binaries {
        if binary.name == END_TO_END { jobs.extend(jobs_by_topic(&binary)?) } else { jobs.push(binary) }
    }
    Ok(jobs)
}

/// Returns a job for each topic of a test binary: all tests of one module.
fn jobs_by_topic(binary: &Job) -> Result<Vec<Job>> {
    let mut list = Command::new(binary.command.get_program());
    let listed = list.args(["--list", "--format", "terse"]).output().context("the tests cannot be listed")?;
    if !listed.status.success() {
        bail!("{} cannot list its tests: {}", binary.name, listed.status);
    }
    let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
    let topics = tests_by_topic(&listed);
    if topics.is_empty() {
        bail!("{} lists no test", binary.name);
    }
    Ok(topics
        .into_iter()
        .map(|(topic, tests)| Job { name: topic.into(), command: command_for(binary, &tests) })
        .collect())
}

/// Returns the tests of a list, such as `soak::a_day: test`, by their first module.
fn tests_by_topic(list: &str) -> BTreeMap<&str, Vec<&str>> {
    let mut topics: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for test in list.lines().filter_map(|line| line.strip_suffix(": test")) {
        let topic = test.split("::").next().unwrap_or(test);
        topics.entry(topic).or_default().push(test);
    }
    topics
}

/// Returns the command of a test binary for some of its tests.
fn command_for(binary: &Job, tests: &[&str]) -> Command {
    let mut command = Command::new(binary.command.get_program());
    command.arg("--exact").args(tests);
    as_cargo_runs_it(&mut command, binary.command.get_current_dir().unwrap_or(Path::new(".")));
    command
}

/// The job that one of cargo's messages names, if it tells of a test binary.
fn job(message: &Value) -> Option<Job> {
    if message["reason"] != "compiler-artifact" || message["profile"]["test"] != true {
        return None;
    }
    let executable = message["executable"].as_str()?;
    let crate_folder = Path::new(message["manifest_path"].as_str()?).parent()?;
    let target = message["target"]["name"].as_str()?;
    let kind = message["target"]["kind"][0].as_str()?;
    let name = match kind {
        // The end-to-end tests, which are known by their name alone.
        "test" if crate_folder.ends_with("tests") => target.to_owned(),
        "test" => {
            let room = crate_folder.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
            format!("{room}: {target}")
        }
        "bin" => format!("{target} (program)"),
        _ => format!("{target} (library)"),
    };
    let mut command = Command::new(executable);
    as_cargo_runs_it(&mut command, crate_folder);
    Some(Job { name, command })
}

fn as_cargo_runs_it(command: &mut Command, crate_folder: &Path) {
    command.current_dir(crate_folder).env("CARGO_MANIFEST_DIR", crate_folder);
}

fn rank(name: &str) -> usize {
    LONG.iter().position(|long| *long == name).unwrap_or(LONG.len())
}

/// An empty folder for what the binaries print.
fn output_folder(workspace: &Workspace) -> Result<PathBuf> {
    let folder = workspace.target().join("test-output");
    if folder.exists() {
        std::fs::remove_dir_all(&folder).with_context(|| format!("cannot empty {}", folder.display()))?;
    }
    std::fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    Ok(folder)
}

/// Runs all, shows what each printed when it ends, and returns the names of those that failed.
fn run(jobs: Vec<Job>, logs: &Path) -> Result<Vec<String>> {
    let count = jobs.len();
    let waiting: Mutex<VecDeque<(usize, Job)>> = Mutex::new(jobs.into_iter().enumerate().collect());
    let running: Mutex<Vec<String>> = Mutex::default();
    let (send, ended) = mpsc::sync_channel(AT_ONCE);
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            let (send, waiting, running) = (send.clone(), &waiting, &running);
            scope.spawn(move || {
                loop {
                    let next = waiting.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
                    let Some((number, job)) = next else { break };
                    running.lock().unwrap_or_else(PoisonError::into_inner).push(job.name.clone());
                    let result = run_one(job, &logs.join(format!("{number}.log")));
                    running
                        .lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .retain(|name| *name != result.name);
                    if send.send(result).is_err() {
                        break;
                    }
                }
            });
        }
        drop(send);
        let (mut failed, mut done) = (Vec::new(), 0);
        loop {
            match ended.recv_timeout(TOLD_EVERY) {
                Ok(result) => {
                    done += 1;
                    let well = print_result(&result, done, count)?;
                    if !well {
                        failed.push(result.name);
                    }
                }
                Err(mpsc::RecvTimeoutError::Timeout) => {
                    let running = running.lock().unwrap_or_else(PoisonError::into_inner).join(", ");
                    print_progress(format_args!("{done} of {count} done; running: {running}"));
                }
                Err(mpsc::RecvTimeoutError::Disconnected) => return Ok(failed),
            }
        }
    })
}

fn run_one(mut job: Job, log: &Path) -> Ended {
    let began = Instant::now();
    let status = File::create(log).and_then(|file| {
        job.command.stderr(file.try_clone()?).stdout(file);
        job.command.status()
    });
    let output = std::fs::read(log).unwrap_or_default();
    Ended { name: job.name, status, output, took: began.elapsed() }
}

/// Shows what a job printed; says whether it ended well.
fn print_result(ended: &Ended, done: usize, count: usize) -> Result<bool> {
    let (well, how) = match &ended.status {
        Ok(status) if status.success() => (true, "ok".into()),
        Ok(status) => (false, format!("FAILED ({status})")),
        Err(error) => (false, format!("FAILED (it does not start: {error})")),
    };
    let mut out = std::io::stdout().lock();
    out.write_all(&ended.output)?;
    out.flush()?;
    print_progress(format_args!("{done} of {count}: {}: {how} after {} s", ended.name, ended.took.as_secs()));
    Ok(well)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(name: &str, script: &str) -> Job {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        Job { name: name.into(), command }
    }

    #[test]
    fn every_job_runs_and_those_that_fail_are_named() {
        let folder = std::env::temp_dir().join(format!("candor-side-by-side-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let mut jobs: Vec<Job> = (0..7).map(|n| shell(&format!("good {n}"), "exit 0")).collect();
        jobs.push(shell("bad", "echo why; exit 3"));
        jobs.push(Job { name: "missing".into(), command: Command::new(folder.join("not-there")) });
        let mut failed = run(jobs, &folder).unwrap();
        failed.sort();
        assert_eq!(failed, ["bad", "missing"]);
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn each_test_of_a_list_is_run_with_its_topic() {
        let list = "soak::a_day: test\nworker::undo::back: test\nalone: test\nworker::gone: test\nbench: benchmark\n";
        let topics = tests_by_topic(list);
        assert_eq!(topics.values().map(Vec::len).sum::<usize>(), 4);
        assert_eq!(topics["worker"], ["worker::undo::back", "worker::gone"]);
        assert_eq!(topics["alone"], ["alone"]);
        let binary = job(&serde_json::json!({"reason": "compiler-artifact", "profile": {"test": true},
            "executable": "/x/all-1", "manifest_path": "/x/tests/Cargo.toml",
            "target": {"name": END_TO_END, "kind": ["test"]}}));
        let command = command_for(&binary.unwrap(), &topics["worker"]);
        assert_eq!(command.get_current_dir(), Some(Path::new("/x/tests")));
        assert_eq!(command.get_args().collect::<Vec<_>>(), ["--exact", "worker::undo::back", "worker::gone"]);
    }

    #[test]
    fn only_test_binaries_are_jobs_and_the_long_ones_begin_first() {
        let message = |kind: &str, test: bool| {
            serde_json::json!({"reason": "compiler-artifact", "profile": {"test": test}, "executable": "/x/all-1",
                "manifest_path": "/x/tests/Cargo.toml", "target": {"name": "end_to_end", "kind": [kind]}})
        };
        assert!(job(&message("bin", false)).is_none(), "a program is none");
        assert!(job(&serde_json::json!({"reason": "build-finished"})).is_none());
        assert_eq!(job(&message("test", true)).unwrap().name, END_TO_END);
        assert_eq!(job(&message("bin", true)).unwrap().name, "end_to_end (program)");
        let mut elsewhere = message("test", true);
        elsewhere["manifest_path"] = "/x/app/Cargo.toml".into();
        assert_eq!(job(&elsewhere).unwrap().name, "app: end_to_end");
        assert!(rank("soak") < rank("demo") && rank("demo") < rank("spine"));
    }
}
