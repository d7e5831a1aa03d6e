//! The counter against a real X server: exact counts, nothing but counts, and the lock that holds it to that.

use std::io::{Read as _, Write as _};
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use candor_sensors::SensorError;
use candor_sensors::counter::{CounterProcess, MinuteCount, RECORD_BYTES};
use candor_tests::display::{Display, eventually};

const PROGRAM: &str = env!("CARGO_BIN_EXE_candor-counter");

/// A line of `/proc/PID/status`.
fn status(pid: u32, field: &str) -> anyhow::Result<Option<String>> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    Ok(status
        .lines()
        .find_map(|line| line.strip_prefix(field))
        .map(|value| value.trim_start_matches(':').trim().to_owned()))
}

/// The counter counts from when it has locked itself in.
fn wait_until_locked(pid: u32) -> anyhow::Result<()> {
    eventually("the counter locks itself in", || {
        Ok((status(pid, "Seccomp")?.as_deref() == Some("2")).then_some(()))
    })
}

/// The counter with its bare pipes.
fn bare(display: &Display) -> anyhow::Result<Child> {
    let counter = Command::new(PROGRAM)
        .args(["--display", &display.name])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    wait_until_locked(counter.id())?;
    Ok(counter)
}

/// Presses by xdotool: `keys` of them, clicks with the buttons 1 to 3, 8 and 9, scrolls with 4 to 7; and a lot of
/// pointer movement, which nobody counts.
fn press(display: &Display, keys: usize, clicks: usize, scrolls: usize) -> anyhow::Result<()> {
    let text: String = "candor".chars().cycle().take(keys).collect();
    display.run("xdotool", &["type", "--delay", "0", &text])?;
    for (buttons, times) in
        [(&["1", "2", "3", "8", "9"] as &[&str], clicks), (&["4", "5", "6", "7"], scrolls)]
    {
        let each = (times / buttons.len()).to_string();
        for button in buttons {
            display.run("xdotool", &["click", "--repeat", &each, "--delay", "0", button])?;
        }
    }
    display.run("xdotool", &["mousemove", "10", "10", "mousemove", "300", "200", "mousemove", "7", "9"])?;
    Ok(())
}

fn sum(counts: &[MinuteCount]) -> (u32, u32, u32) {
    counts.iter().fold((0, 0, 0), |(keys, clicks, scrolls), count| {
        (keys + count.keys, clicks + count.clicks, scrolls + count.scrolls)
    })
}

#[tokio::test]
async fn presses_are_counted_exactly() -> anyhow::Result<()> {
    let display = Display::start("1280x800x24")?;
    let counter = CounterProcess::spawn(Path::new(PROGRAM), Some(&display.name))?;
    wait_until_locked(counter.pid().unwrap())?;
    press(&display, 404, 120, 208)?;
    let counts = counter.finish().await;
    assert_eq!(sum(&counts), (404, 120, 208));
    assert!(counts.iter().all(|count| count.start % 60_000 == 0), "minutes are aligned: {counts:?}");
    Ok(())
}

#[test]
fn invariant_11_no_key_identity_anywhere() -> anyhow::Result<()> {
    const SECRET: &str = "correct horse battery staple";
    let display = Display::start("640x480x24")?;
    let mut outputs = Vec::new();
    // The same number of other keys must give the very same output (but for the minute).
    let other: String = "x".repeat(SECRET.len());
    for text in [SECRET, &other] {
        let mut counter = bare(&display)?;
        display.run("xdotool", &["type", "--delay", "0", text])?;
        drop(counter.stdin.take());
        let output = counter.wait_with_output()?;
        assert!(output.status.success(), "{:?}", output.status);
        assert!(output.stderr.is_empty(), "a locked counter says nothing on standard error");
        assert_eq!(output.stdout.len() % RECORD_BYTES, 0, "nothing but whole records");
        let records: Vec<MinuteCount> =
            output.stdout.as_chunks().0.iter().map(MinuteCount::from_record).collect();
        // One record, or two when a minute ended meanwhile: so many bytes can hold no text beside the counts.
        assert!((1..=2).contains(&records.len()), "{records:?}");
        outputs.push(sum(&records));
    }
    let keys = u32::try_from(SECRET.len())?;
    assert_eq!(outputs, [(keys, 0, 0), (keys, 0, 0)]);
    Ok(())
}

#[test]
fn invariant_11_the_counter_is_locked_in_while_it_counts() -> anyhow::Result<()> {
    let display = Display::start("640x480x24")?;
    let mut counter = bare(&display)?;
    let pid = counter.id();
    assert_eq!(status(pid, "Seccomp")?.as_deref(), Some("2"), "a seccomp filter is active");
    assert_eq!(status(pid, "NoNewPrivs")?.as_deref(), Some("1"));
    assert_eq!(status(pid, "Threads")?.as_deref(), Some("1"), "no thread is outside the filter");
    let limits = std::fs::read_to_string(format!("/proc/{pid}/limits"))?;
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap_or_default();
    assert_eq!(core.split_whitespace().nth(4), Some("0"), "no core files: {core}");
    drop(counter.stdin.take());
    assert_eq!(counter.wait()?.code(), Some(0));
    Ok(())
}

#[test]
fn what_is_said_to_the_counter_is_passed_over_and_sigterm_ends_it_with_a_record() -> anyhow::Result<()> {
    let display = Display::start("640x480x24")?;
    let mut counter = bare(&display)?;
    counter.stdin.as_mut().unwrap().write_all(&[b'x'; 1000])?;
    display.run("xdotool", &["key", "a"])?;
    Command::new("kill").args(["-TERM", &counter.id().to_string()]).status()?;
    let mut said = Vec::new();
    counter.stdout.take().unwrap().read_to_end(&mut said)?;
    let status = counter.wait()?;
    assert_eq!((status.code(), status.signal()), (Some(0), None));
    let records: Vec<MinuteCount> = said.as_chunks().0.iter().map(MinuteCount::from_record).collect();
    assert_eq!(sum(&records), (1, 0, 0));
    Ok(())
}

#[tokio::test]
async fn a_minute_ends_with_a_record_even_when_nothing_was_pressed() -> anyhow::Result<()> {
    let display = Display::start("640x480x24")?;
    let mut counter = CounterProcess::spawn(Path::new(PROGRAM), Some(&display.name))?;
    wait_until_locked(counter.pid().unwrap())?;
    let first = counter.next().await.unwrap()?;
    assert_eq!((first.keys, first.clicks, first.scrolls), (0, 0, 0));
    display.run("xdotool", &["key", "a"])?;
    let rest = counter.finish().await;
    assert!(rest.iter().all(|count| count.start > first.start), "{first:?} {rest:?}");
    assert_eq!(sum(&rest), (1, 0, 0));
    Ok(())
}

#[tokio::test]
async fn a_lost_display_ends_the_counter_with_its_last_counts_and_a_code() -> anyhow::Result<()> {
    let mut display = Display::start("640x480x24")?;
    let mut counter = CounterProcess::spawn(Path::new(PROGRAM), Some(&display.name))?;
    wait_until_locked(counter.pid().unwrap())?;
    display.kill_server()?;
    loop {
        match counter.next().await.unwrap() {
            Ok(count) => assert_eq!((count.keys, count.clicks, count.scrolls), (0, 0, 0)),
            Err(error) => {
                assert!(matches!(error, SensorError::DisplayLost), "{error}");
                break;
            }
        }
    }
    assert!(counter.next().await.is_none(), "the error comes once");
    Ok(())
}

#[test]
fn without_a_display_or_record_the_counter_says_what_is_wrong() -> anyhow::Result<()> {
    let refusal = |display: &str| -> anyhow::Result<(Option<i32>, String)> {
        let output = Command::new(PROGRAM).args(["--display", display]).stdin(Stdio::piped()).output()?;
        assert!(output.stdout.is_empty());
        Ok((output.status.code(), String::from_utf8(output.stderr)?))
    };
    let (code, words) = refusal("nonsense")?;
    assert_eq!(code, Some(3), "{words}");
    assert!(words.contains("--display"), "{words}");

    let display = Display::start_without("640x480x24", "RECORD")?;
    let (code, words) = refusal(&display.name)?;
    assert_eq!(code, Some(4), "{words}");
    assert!(words.contains("RECORD extension"), "{words}");
    Ok(())
}
