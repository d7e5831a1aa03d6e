//! `candor-counter`: counts key presses, clicks and scroll steps, and says nothing else.
//!
//! It is a program of its own because whoever sees raw input events could record what is typed. So this one is small
//! enough to be read in a sitting, and the kernel holds it to its word:
//!
//! - It asks the X server (RECORD extension) for presses only: no releases, no pointer movement.
//! - Of an event it reads the type and, of a button press, the button's number (buttons 4 to 7 are a wheel). The byte
//!   that says which key it was is never read, and the buffer that it arrives in is overwritten at once ([`presses`]).
//! - Its whole output is one record of 20 bytes a minute ([`tally`]): start of the minute (u64, ms since the Unix epoch),
//!   keys, clicks, scrolls (u32 each), little-endian. Once a minute, because the rhythm of keys tells text, too.
//! - Before it reads its first event it locks itself in ([`lockdown`]): from then on the kernel lets it read the
//!   descriptors it has, write 20 bytes at a time to standard output, wait and end. Anything else kills it.
//!
//! A record comes at the end of every UTC minute, zeros or not, and a last one for the minute begun when standard input
//! ends (so it cannot outlive its parent) or on SIGTERM, SIGINT or SIGHUP. Two records may name the same minute (the clock
//! was set back, or the counter was started again within it): they add up. A minute without a record was not watched: the
//! machine slept, or the clock was set forward.
//!
//! Exit codes: 0 ended in good order; 1 the system refused something; 2 wrong arguments; 3 the display cannot be opened or
//! was lost; 4 the display cannot record input. It speaks on standard error only before it is locked in.

mod lockdown;
mod presses;
mod signals;
mod tally;
mod watch;

use std::process::ExitCode;

const USAGE: &str = "usage: candor-counter [--display NAME]   (NAME as in $DISPLAY, which is the default)";

/// Wrong arguments.
const EXIT_USAGE: u8 = 2;
/// The display cannot be opened, or was lost.
const EXIT_DISPLAY_LOST: u8 = 3;
/// The display cannot record input.
const EXIT_CANNOT_COUNT: u8 = 4;

fn main() -> ExitCode {
    let display = match display_argument(std::env::args().skip(1)) {
        Ok(display) => display,
        Err(why) => {
            eprintln!("candor-counter: {why}\n{USAGE}");
            return ExitCode::from(EXIT_USAGE);
        }
    };
    match count(display.as_deref()) {
        Ok(watch::End::Asked) => ExitCode::SUCCESS,
        Ok(watch::End::DisplayLost) => ExitCode::from(EXIT_DISPLAY_LOST),
        // Only what comes before the lock gets here with words: see `watch::Watch::run`.
        Err(error) => {
            eprintln!("candor-counter: {error:#}");
            match error.downcast_ref::<presses::CannotWatch>() {
                Some(presses::CannotWatch::NoDisplay(_)) => ExitCode::from(EXIT_DISPLAY_LOST),
                Some(presses::CannotWatch::NoRecord(_)) => ExitCode::from(EXIT_CANNOT_COUNT),
                None => ExitCode::FAILURE,
            }
        }
    }
}

fn count(display: Option<&str>) -> anyhow::Result<watch::End> {
    lockdown::keep_memory_private()?;
    let signals = signals::ending()?;
    let presses = presses::Presses::open(display)?;
    let mut watch = watch::Watch::new(presses, signals);
    lockdown::apply(&watch.descriptors())?;
    let end = watch.run();
    // To close connections in good order would take system calls that are forbidden by now; the process's end closes them.
    std::mem::forget(watch);
    Ok(end)
}

/// The display named on the command line, if any.
fn display_argument(mut arguments: impl Iterator<Item = String>) -> Result<Option<String>, String> {
    let display = match arguments.next() {
        None => None,
        Some(flag) if flag == "--display" => Some(arguments.next().ok_or("--display wants a name, like :0")?),
        Some(other) => return Err(format!("'{other}' is not an argument")),
    };
    match arguments.next() {
        None => Ok(display),
        Some(other) => Err(format!("'{other}' is one argument too many")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_only_argument_is_the_display() {
        let parse = |words: &[&str]| display_argument(words.iter().map(|word| (*word).to_owned()));
        assert_eq!(parse(&[]), Ok(None));
        assert_eq!(parse(&["--display", ":7"]), Ok(Some(":7".to_owned())));
        for wrong in [&["--display"] as &[&str], &["--log"], &["--display", ":7", "more"]] {
            assert!(parse(wrong).is_err(), "{wrong:?}");
        }
    }
}
