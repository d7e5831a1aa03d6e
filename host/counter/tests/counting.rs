//! The counter against a real X server: exact counts, nothing but counts, and the lock that holds it to that. Each test
//! for both backends, where the portable one is in (`--features portable`).

use std::io::{Read as _, Write as _};
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::Context as _;
use candor_sensors::counter::{CounterProcess, FINISH_TIME, MinuteCount, RECORD_BYTES};
use candor_sensors::{Backend, SensorError};
use candor_test_display::display::{Display, eventually};

const PROGRAM: &str = env!("CARGO_BIN_EXE_candor-counter");

/// A line of `/proc/PID/status`.
fn status(pid: u32, field: &str) -> anyhow::Result<Option<String>> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    Ok(status
        .lines()
        .find_map(|line| line.strip_prefix(field))
        .map(|value| value.trim_start_matches(':').trim().to_owned()))
}

/// The test of this name for each backend.
macro_rules! for_each_backend {
    ($($name:ident),+ $(,)?) => {
        mod x11 {
            $(#[tokio::test]
            async fn $name() -> anyhow::Result<()> {
                super::$name(super::Backend::X11).await
            })+
        }
        #[cfg(feature = "portable")]
        mod portable {
            $(#[tokio::test]
            async fn $name() -> anyhow::Result<()> {
                super::$name(super::Backend::Portable).await
            })+
        }
    };
}

for_each_backend!(
    presses_are_counted_exactly,
    invariant_09_what_is_held_is_one_press_until_it_is_let_go,
    a_stopped_counter_holds_nobody_up_and_is_killed,
    invariant_11_no_key_identity_anywhere,
    invariant_11_the_counter_is_locked_in_while_it_counts,
    what_is_said_to_the_counter_is_passed_over_and_sigterm_ends_it_with_a_record,
    a_minute_ends_with_a_record_even_when_nothing_was_pressed,
    a_lost_display_ends_the_counter_and_the_parent_is_told,
    without_a_display_or_record_the_counter_says_what_is_wrong,
);

/// The counter counts from when it has locked itself in. The portable one takes the last step of that with the first
/// event: the pointer is moved, which nobody counts.
fn wait_until_locked(pid: u32, display: &Display, backend: Backend) -> anyhow::Result<()> {
    eventually("the counter locks itself in", || {
        let filters = match backend {
            Backend::Portable => {
                display.run("xdotool", &["mousemove", "20", "20", "mousemove", "40", "40"])?;
                "2"
            }
            _ => "1",
        };
        let locked = status(pid, "Seccomp")?.as_deref() == Some("2");
        Ok((locked && status(pid, "Seccomp_filters")?.as_deref() == Some(filters)).then_some(()))
    })
}

/// The counter, not started yet.
fn command(display: &str, backend: Backend) -> Command {
    let mut counter = Command::new(PROGRAM);
    counter.env_remove("WAYLAND_DISPLAY").env_remove("XDG_SESSION_TYPE");
    match backend {
        Backend::Portable => counter.env("DISPLAY", display).args(["--backend", "portable"]),
        _ => counter.args(["--display", display]),
    };
    counter.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    counter
}

/// The counter with its bare pipes.
fn bare(display: &Display, backend: Backend) -> anyhow::Result<Child> {
    let counter = command(&display.name, backend).spawn()?;
    wait_until_locked(counter.id(), display, backend)?;
    Ok(counter)
}

/// The counter as the agent runs it.
fn started(display: &Display, backend: Backend) -> anyhow::Result<CounterProcess> {
    let counter = CounterProcess::spawn_with(Path::new(PROGRAM), Some(&display.name), backend)?;
    let pid = counter.pid().ok_or_else(|| anyhow::anyhow!("it has ended already"))?;
    wait_until_locked(pid, display, backend)?;
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

async fn presses_are_counted_exactly(backend: Backend) -> anyhow::Result<()> {
    let display = Display::start("1280x800x24")?;
    let counter = started(&display, backend)?;
    press(&display, 404, 120, 208)?;
    let counts = counter.finish().await;
    assert_eq!(sum(&counts), (404, 120, 208));
    assert!(counts.iter().all(|count| count.start % 60_000 == 0), "minutes are aligned: {counts:?}");
    Ok(())
}

async fn invariant_09_what_is_held_is_one_press_until_it_is_let_go(backend: Backend) -> anyhow::Result<()> {
    let display = Display::start("640x480x24")?;
    let counter = started(&display, backend)?;
    // Faster than the usual: some fifty repeats a second, of one key and then of another one.
    display.run("xset", &["r", "rate", "200", "50"])?;
    for key in ["a", "b"] {
        display.run("xdotool", &["keydown", key])?;
        tokio::time::sleep(std::time::Duration::from_millis(1_200)).await;
    }
    display.run("xdotool", &["keyup", "a", "keyup", "b", "key", "a"])?;
    // A button that is stuck presses no oftener than once, whatever comes of it.
    display.run(
        "xdotool",
        &["mousedown", "1", "mousedown", "1", "mousedown", "1", "mouseup", "1", "click", "1"],
    )?;
    let counts = counter.finish().await;
    assert_eq!(sum(&counts), (3, 2, 0));
    Ok(())
}

async fn a_stopped_counter_holds_nobody_up_and_is_killed(backend: Backend) -> anyhow::Result<()> {
    let display = Display::start("640x480x24")?;
    let counter = started(&display, backend)?;
    let pid = counter.pid().context("it has ended")?;
    display.run("xdotool", &["key", "a"])?;
    Command::new("kill").args(["-STOP", &pid.to_string()]).status()?;
    eventually("it is stopped", || {
        Ok(status(pid, "State")?.filter(|state| state.starts_with('T')).map(drop))
    })?;
    let begun = std::time::Instant::now();
    let counts = counter.finish().await;
    assert!(begun.elapsed() < FINISH_TIME + std::time::Duration::from_secs(8), "{:?}", begun.elapsed());
    assert_eq!(counts, [], "what it had not said is not made up");
    eventually("it is gone", || Ok((!Path::new(&format!("/proc/{pid}/stat")).exists()).then_some(())))
}

async fn invariant_11_no_key_identity_anywhere(backend: Backend) -> anyhow::Result<()> {
    const SECRET: &str = "correct horse battery staple";
    let display = Display::start("640x480x24")?;
    let mut outputs = Vec::new();
    // The same number of other keys must give the very same output (but for the minute).
    let other: String = "x".repeat(SECRET.len());
    for text in [SECRET, &other] {
        let mut counter = bare(&display, backend)?;
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

async fn invariant_11_the_counter_is_locked_in_while_it_counts(backend: Backend) -> anyhow::Result<()> {
    let display = Display::start("640x480x24")?;
    let mut counter = bare(&display, backend)?;
    let pid = counter.id();
    assert_eq!(status(pid, "Seccomp")?.as_deref(), Some("2"), "a seccomp filter is active");
    assert_eq!(status(pid, "NoNewPrivs")?.as_deref(), Some("1"));
    // No thread is outside the filter: there is one, or they are locked in together.
    let threads = if backend == Backend::Portable { "4" } else { "1" };
    assert_eq!(status(pid, "Threads")?.as_deref(), Some(threads));
    for thread in std::fs::read_dir(format!("/proc/{pid}/task"))? {
        let status = std::fs::read_to_string(thread?.path().join("status"))?;
        assert!(status.lines().any(|line| line.split_whitespace().eq(["Seccomp:", "2"])), "{status}");
    }
    let limits = std::fs::read_to_string(format!("/proc/{pid}/limits"))?;
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap_or_default();
    assert_eq!(core.split_whitespace().nth(4), Some("0"), "no core files: {core}");
    drop(counter.stdin.take());
    assert_eq!(counter.wait()?.code(), Some(0));
    Ok(())
}

async fn what_is_said_to_the_counter_is_passed_over_and_sigterm_ends_it_with_a_record(
    backend: Backend,
) -> anyhow::Result<()> {
    let display = Display::start("640x480x24")?;
    let mut counter = bare(&display, backend)?;
    counter.stdin.as_mut().context("its input")?.write_all(&[b'x'; 1000])?;
    display.run("xdotool", &["key", "a"])?;
    Command::new("kill").args(["-TERM", &counter.id().to_string()]).status()?;
    let mut said = Vec::new();
    counter.stdout.take().context("its output")?.read_to_end(&mut said)?;
    let status = counter.wait()?;
    assert_eq!((status.code(), status.signal()), (Some(0), None));
    let records: Vec<MinuteCount> = said.as_chunks().0.iter().map(MinuteCount::from_record).collect();
    assert_eq!(sum(&records), (1, 0, 0));
    Ok(())
}

async fn a_minute_ends_with_a_record_even_when_nothing_was_pressed(backend: Backend) -> anyhow::Result<()> {
    let display = Display::start("640x480x24")?;
    let mut counter = started(&display, backend)?;
    let first = counter.next().await.context("it has ended")??;
    assert_eq!((first.keys, first.clicks, first.scrolls), (0, 0, 0));
    display.run("xdotool", &["key", "a"])?;
    let rest = counter.finish().await;
    assert!(rest.iter().all(|count| count.start > first.start), "{first:?} {rest:?}");
    assert_eq!(sum(&rest), (1, 0, 0));
    Ok(())
}

async fn a_lost_display_ends_the_counter_and_the_parent_is_told(backend: Backend) -> anyhow::Result<()> {
    let mut display = Display::start("640x480x24")?;
    let mut counter = started(&display, backend)?;
    display.kill_server()?;
    loop {
        match counter.next().await.context("it has ended")? {
            Ok(count) => assert_eq!((count.keys, count.clicks, count.scrolls), (0, 0, 0)),
            Err(error) => {
                // The portable backend's library ends the process: all that is known is that it has ended.
                match backend {
                    Backend::Portable => assert!(matches!(error, SensorError::Counter(_)), "{error}"),
                    _ => assert!(matches!(error, SensorError::DisplayLost), "{error}"),
                }
                break;
            }
        }
    }
    assert!(counter.next().await.is_none(), "the error comes once");
    Ok(())
}

async fn without_a_display_or_record_the_counter_says_what_is_wrong(backend: Backend) -> anyhow::Result<()> {
    let refusal = |display: &str| -> anyhow::Result<(Option<i32>, String)> {
        let output = command(display, backend).output()?;
        assert!(output.stdout.is_empty());
        Ok((output.status.code(), String::from_utf8(output.stderr)?))
    };
    let (code, words) = refusal("nonsense")?;
    assert_eq!(code, Some(3), "{words}");
    assert!(words.contains("cannot open the display"), "{words}");

    let display = Display::start_without("640x480x24", "RECORD")?;
    let (code, words) = refusal(&display.name)?;
    assert_eq!(code, Some(4), "{words}");
    assert!(words.contains("RECORD extension"), "{words}");
    Ok(())
}
