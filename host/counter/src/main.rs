//! `candor-counter` counts key presses, clicks and scroll steps, and outputs nothing else.
//!
//! It is a program of its own because whoever sees raw input events could record what is typed. So it is small enough to
//! be read in a sitting, and the kernel enforces what it claims:
//!
//! - It asks the X server (RECORD extension) for presses and releases only: no pointer movement.
//! - Of an event it reads the type, the time and the number of the key or button (buttons 4 to 7 are a wheel). A key's
//!   number is compared with those of the keys that are held, because what is held repeats its press ([`held_keys`]), and
//!   forgotten with its release; the buffer that it arrives in is overwritten at once ([`presses`]).
//! - Its whole output is one record of 20 bytes a minute ([`minute`]): start of the minute (u64, ms since the Unix
//!   epoch), keys, clicks, scrolls (u32 each), little-endian. Once a minute, because the rhythm of keys tells text,
//!   too. The start's highest bit says that nothing came in the minute but the repeats of what is held, which the X
//!   server's own idle clock takes for activity. The first new press or release after such minutes is recorded at once.
//! - Before it reads its first event it locks itself in ([`lockdown`]): from then on the kernel lets it read the
//!   descriptors it has, write 20 bytes at a time to standard output, wait and end. Anything else kills it.
//!
//! A record comes at the end of every UTC minute, zeros or not, and a last one for the minute begun when standard input
//! ends (so it cannot outlive its parent) or on SIGTERM, SIGINT or SIGHUP. Two records may name the same minute (the
//! clock was set back, or the counter was started again within it): they add up. A minute without a record was not
//! counted: the machine slept, the counter was stopped, or the clock was set forward.
//!
//! Without X11 (macOS, Windows), or with `--backend portable`, presses come through `rdev` instead (`portable.rs` says
//! what is weaker then). The records and their rhythm are the same.
//!
//! Exit codes: 0 ended as asked; 1 the system refused something; 2 wrong arguments; 3 the display cannot be opened or was
//! lost; 4 the display cannot record input; 5 it is XWayland's, where only a part could be counted. It writes to standard
//! error only before it is locked in.

#[cfg(target_os = "linux")]
mod counting_loop;
mod exit;
mod held_keys;
#[cfg(target_os = "linux")]
mod lockdown;
mod minute;
#[cfg(any(feature = "portable", not(target_os = "linux")))]
mod portable;
#[cfg(target_os = "linux")]
mod presses;
#[cfg(target_os = "linux")]
mod signals;

use std::process::ExitCode;

use self::exit::{EXIT_CANNOT_COUNT, EXIT_USAGE, EndReason};
#[cfg(target_os = "linux")]
use self::exit::{EXIT_DISPLAY_LOST, EXIT_WAYLAND};

const USAGE: &str = "usage: candor-counter [--backend auto|x11|portable] [--display NAME]
(NAME as in $DISPLAY, which is the default, and the only one that the portable backend looks at)";

/// Whether this program has the portable backend.
const HAS_PORTABLE: bool = cfg!(any(feature = "portable", not(target_os = "linux")));
/// Whether this program has the X11 backend.
const HAS_X11: bool = cfg!(target_os = "linux");

#[derive(Debug, Default, PartialEq, Eq)]
struct CounterArguments {
    display: Option<String>,
    /// Whether presses come through `rdev`.
    portable: bool,
}

fn main() -> ExitCode {
    let arguments = match CounterArguments::parse(std::env::args().skip(1)) {
        Ok(arguments) => arguments,
        Err(why) => {
            eprintln!("candor-counter: {why}\n{USAGE}");
            return ExitCode::from(EXIT_USAGE);
        }
    };
    match run_counter(&arguments) {
        Ok(end) => ExitCode::from(end.exit_code()),
        // Only errors before the lock get here: see `counting_loop::CountingLoop::run`.
        Err(error) => {
            eprintln!("candor-counter: {error:#}");
            ExitCode::from(exit_code(&error))
        }
    }
}

#[cfg(target_os = "linux")]
fn exit_code(error: &anyhow::Error) -> u8 {
    match error.downcast_ref::<presses::CannotCount>() {
        Some(presses::CannotCount::NoDisplay(_)) => EXIT_DISPLAY_LOST,
        Some(presses::CannotCount::NoRecord(_)) => EXIT_CANNOT_COUNT,
        Some(presses::CannotCount::Wayland) => EXIT_WAYLAND,
        None => 1,
    }
}

#[cfg(not(target_os = "linux"))]
fn exit_code(_error: &anyhow::Error) -> u8 {
    EXIT_CANNOT_COUNT
}

#[cfg(target_os = "linux")]
fn run_counter(arguments: &CounterArguments) -> anyhow::Result<EndReason> {
    let display = arguments.display.as_deref();
    if in_wayland_session(display, |name| std::env::var(name).ok()) {
        return Err(presses::CannotCount::Wayland.into());
    }
    lockdown::keep_memory_private()?;
    // The first reading finds out how to read the clocks, by system calls that are forbidden later.
    minute::read_clocks();
    let signals = signals::open_end_signals()?;
    #[cfg(feature = "portable")]
    if arguments.portable {
        return portable::count_presses(signals);
    }
    let presses = presses::PressRecording::open(display)?;
    let mut counting = counting_loop::CountingLoop::new(presses, signals);
    lockdown::lock_in(&counting.descriptors())?;
    let end = counting.run();
    // Closing the connections would take system calls that are forbidden by now; the end of the process closes them.
    std::mem::forget(counting);
    Ok(end)
}

#[cfg(not(target_os = "linux"))]
fn run_counter(_arguments: &CounterArguments) -> anyhow::Result<EndReason> {
    portable::count_presses()
}

/// Whether this session's X server can only be XWayland. The environment speaks of `$DISPLAY` alone.
#[cfg(target_os = "linux")]
fn in_wayland_session(display: Option<&str>, variable: impl Fn(&str) -> Option<String>) -> bool {
    let set = |name| variable(name).filter(|value| !value.is_empty());
    (display.is_none() || display == set("DISPLAY").as_deref())
        && (set("WAYLAND_DISPLAY").is_some() || set("XDG_SESSION_TYPE").as_deref() == Some("wayland"))
}

impl CounterArguments {
    fn parse(mut words: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut arguments = Self { display: None, portable: !HAS_X11 };
        let (mut seen_display, mut seen_backend) = (false, false);
        while let Some(flag) = words.next() {
            match flag.as_str() {
                "--display" if !seen_display => {
                    seen_display = true;
                    arguments.display = Some(words.next().ok_or("--display wants a name, like :0")?);
                }
                "--backend" if !seen_backend => {
                    seen_backend = true;
                    arguments.portable = wants_portable(words.next().as_deref())?;
                }
                "--display" | "--backend" => return Err(format!("'{flag}' is there twice")),
                other => return Err(format!("'{}' is not an argument", other.escape_debug())),
            }
        }
        let elsewhere = |name: &String| std::env::var("DISPLAY").as_ref() != Ok(name);
        if arguments.portable && arguments.display.as_ref().is_some_and(elsewhere) {
            return Err("the portable backend looks at $DISPLAY and no other display: set it".to_owned());
        }
        Ok(arguments)
    }
}

/// Whether the backend of this name is the portable one.
fn wants_portable(name: Option<&str>) -> Result<bool, String> {
    match name {
        Some("auto") => Ok(!HAS_X11),
        Some("x11") if HAS_X11 => Ok(false),
        Some("x11") => Err("there is no X11 here: say auto".to_owned()),
        Some("portable") if HAS_PORTABLE => Ok(true),
        Some("portable") => {
            Err("this program was built without the portable backend: build it with --features portable"
                .to_owned())
        }
        _ => Err("--backend wants auto, x11 or portable".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(words: &[&str]) -> Result<CounterArguments, String> {
        CounterArguments::parse(words.iter().map(|word| (*word).to_owned()))
    }

    #[test]
    fn display_and_backend_are_all_there_is_to_say() {
        let x11 = CounterArguments { display: None, portable: !HAS_X11 };
        assert_eq!(parse(&[]), Ok(x11));
        let named = CounterArguments { display: Some(":7".to_owned()), portable: false };
        assert_eq!(parse(&["--backend", "x11", "--display", ":7"]), Ok(named));
        for wrong in [
            &["--display"] as &[&str],
            &["--log"],
            &["--display", ":7", "more"],
            &["--display", ":7", "--display", ":8"],
            &["--backend"],
            &["--backend", "evdev"],
            &["--backend", "portable", "--display", ":nowhere"],
        ] {
            assert!(parse(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_backend_that_is_not_in_is_refused_with_what_to_do() {
        match parse(&["--backend", "portable"]) {
            Ok(arguments) => assert!(HAS_PORTABLE && arguments.portable),
            Err(why) => assert!(!HAS_PORTABLE && why.contains("--features portable"), "{why}"),
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_wayland_session_is_told_by_its_environment_and_only_for_its_own_display() {
        let wayland = |name: &str| match name {
            "DISPLAY" => Some(":0".to_owned()),
            "WAYLAND_DISPLAY" => Some("wayland-0".to_owned()),
            _ => None,
        };
        assert!(in_wayland_session(None, wayland));
        assert!(in_wayland_session(Some(":0"), wayland));
        assert!(!in_wayland_session(Some(":99"), wayland));
        let by_type = |name: &str| (name == "XDG_SESSION_TYPE").then(|| "wayland".to_owned());
        assert!(in_wayland_session(None, by_type));
        assert!(!in_wayland_session(None, |_| None));
    }
}
