//! Checks what tracking needs, from the agent's side. The command line adds what only a person's session can tell.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use candor_diary::plain;
use candor_protocol::Check;
use candor_sandbox::{ComponentKind, HttpGrant, probe};
use url::Url;

use crate::contract::session::ContractSession;
use crate::contract::sessions::Sessions;
use crate::delivery::ledger_copy::LedgerCopy;
use crate::delivery::server_clock;
use crate::guard::desktop::DesktopSource;
use crate::plugins::notice::Acceptance;
use crate::tracker::input::InputSource;

/// How long the back office may take, in seconds.
const LIMIT_S: u64 = 10;
/// How long a counter that cannot count may take to say so. It takes some milliseconds on an idle machine.
const COUNTER_LIMIT: Duration = Duration::from_secs(2);

fn check(name: &str, ok: bool, found: impl Into<String>, advice: &str) -> Check {
    Check { name: name.to_owned(), ok, found: found.into(), advice: (!ok).then(|| advice.to_owned()) }
}

/// Runs all checks; those of a contract only if one is enrolled.
pub(crate) async fn check_all(sessions: &Sessions) -> Vec<Check> {
    let context = sessions.context();
    let mut all = Vec::new();
    all.push(display(&context.desktop).await);
    all.push(counting(context.input.as_ref()).await);
    all.push(disk(sessions));
    all.push(memory());
    all.push(load());
    if let Ok(session) = sessions.current().await {
        all.extend(back_office(&session).await);
        all.push(ledger(&session.ledger_copy));
    }
    all
}

/// Whether the display can be read now: it may have gone since the agent was started, or come.
async fn display(desktop: &Result<Arc<dyn DesktopSource>, String>) -> Check {
    let seen = match desktop {
        Ok(desktop) => match desktop.barrier().await.and_then(|()| desktop.current()) {
            Ok(_) => Ok(()),
            Err(why) => Err(why.to_string()),
        },
        Err(why) => Err(why.clone()),
    };
    match seen {
        Ok(()) => check("display", true, "the screen and its windows can be read", ""),
        Err(why) => check(
            "display",
            false,
            why,
            "Sign in to an X11 session. If the display has a new name, quit the agent and start it again there.",
        ),
    }
}

/// A counter that was started may still find that it cannot count: it says so at once, or counts.
async fn counting(source: &dyn InputSource) -> Check {
    let heard = match source.start() {
        Ok(mut input) => {
            let said = tokio::time::timeout(COUNTER_LIMIT, input.next()).await;
            drop(input.finish().await);
            match said {
                Err(_) | Ok(Some(Ok(_))) => Ok(()),
                Ok(Some(Err(why))) => Err(why.to_string()),
                Ok(None) => Err("the event counter ended by itself".to_owned()),
            }
        }
        Err(why) => Err(why.to_string()),
    };
    match heard {
        Ok(()) => check("counting", true, "keys, clicks and scrolls can be counted", ""),
        Err(why) => check(
            "counting",
            false,
            why,
            "Install `candor-counter` beside `candor-agent`. Counting needs an X11 session whose server has the RECORD extension.",
        ),
    }
}

/// How much has to be free on the disk, in bytes: a day's pictures.
const LEAST_FREE: u64 = 100 << 20;

fn disk(sessions: &Sessions) -> Check {
    let bytes = sessions.context().disk_bytes.load(Ordering::Acquire);
    let limit = crate::settings::preferences(&sessions.context().folder).map_or(u64::MAX, |p| p.disk_limit);
    let free = rustix::fs::statvfs(sessions.context().folder.path("."))
        .map(|found| found.f_bavail.saturating_mul(found.f_frsize));
    if let Ok(free) = free
        && free < LEAST_FREE
    {
        let found = format!("{} MB free: what is recorded needs {} MB", free >> 20, LEAST_FREE >> 20);
        return check("disk", false, found, "free some disk space");
    }
    check(
        "disk",
        bytes < limit,
        format!("{} of {} used", plain::size(bytes), plain::size(limit)),
        "Remove what you do not need (`candor forget`), or allow more disk space in Preferences.",
    )
}

fn memory() -> Check {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let kb = status
        .lines()
        .find_map(|l| l.strip_prefix("VmRSS:")?.trim().strip_suffix(" kB")?.parse::<u64>().ok());
    match kb {
        Some(kb) => check(
            "memory",
            kb < 300 * 1024,
            format!("the agent uses {} MB", kb.div_ceil(1024)),
            "Quit the agent and start it again. If this happens again, contact support.",
        ),
        None => check("memory", true, "unknown on this system", ""),
    }
}

fn load() -> Check {
    let used = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    let ticks = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let started =
        ticks.rsplit(')').next().and_then(|rest| rest.split_whitespace().nth(19)?.parse::<f64>().ok());
    let uptime = std::fs::read_to_string("/proc/uptime").unwrap_or_default();
    let uptime = uptime.split_whitespace().next().and_then(|s| s.parse::<f64>().ok());
    let (Some(started), Some(uptime)) = (started, uptime) else {
        return check("load", true, "unknown on this system", "");
    };
    let runs = (uptime - started / 100.0).max(1.0);
    #[expect(clippy::cast_precision_loss, reason = "seconds of processor time fit a double")]
    let share = 100.0 * (used.tv_sec as f64 + used.tv_nsec as f64 / 1e9) / runs;
    check(
        "load",
        share < 2.0 || runs < 60.0,
        format!("{share:.2} % of one core since it was started"),
        "see `candor status` for a plugin that fails again and again",
    )
}

/// Whether the back office's ledger is the one that was there before, as far as this device has it.
fn ledger(copy: &LedgerCopy) -> Check {
    let (confirmed, known) = (copy.confirmed(), copy.known().number);
    let entries = |number| format!("{} {}", plain::count(number), plain::plural(number, "entry", "entries"));
    let found = match copy.problem() {
        Some(problem) => problem,
        None if known == 0 => "nothing of it is known yet".to_owned(),
        None if confirmed < known => {
            format!("this device has {} of it, and the back office signed {}", entries(confirmed), known)
        }
        None => format!("this device has all {} of it that the back office signed", entries(confirmed)),
    };
    let advice = "Keep what you have: run `candor export`, and show the client what `candor verify --ledger` says of it.";
    check("ledger", copy.problem().is_none(), found, advice)
}

/// Looks the way the uploader does: with what was granted, by the same rules for addresses and certificates.
async fn back_office(session: &ContractSession) -> Vec<Check> {
    let terms = &session.enrolment.terms;
    let url = terms.uploader.settings.get("url").and_then(|url| url.as_str());
    let Some(url) = url.and_then(|url| Url::parse(url).ok()) else {
        return vec![check("back-office", true, "nothing is sent over the network", "")];
    };
    let place = url.origin().ascii_serialization();
    let acceptance: Option<Acceptance> = session.folder.read_json("acceptance.json").ok().flatten();
    let uploader = crate::plugins::library::owner(ComponentKind::Uploader, &terms.uploader.plugin);
    let granted = acceptance.and_then(|mut a| a.grants.remove(&uploader)).map(|g| g.grants.http);
    let grants = match granted {
        Some(grants) => grants,
        // What the notice will ask for.
        None => {
            let private = candor_sandbox::is_private(&url).await.unwrap_or(false);
            vec![HttpGrant { origin: place.clone(), private }]
        }
    };
    let asked = format!("{}/api/v1/week", url.as_str().trim_end_matches('/'));
    let kept = "Check the network. Everything is kept on this computer and sent later.";
    let answer = match probe(&asked, &grants, Duration::from_secs(LIMIT_S)).await {
        Ok(answer) => answer,
        Err(why) => {
            return vec![check("back-office", false, format!("{place} could not be reached: {why}"), kept)];
        }
    };
    let media = answer.header("content-type").unwrap_or_default();
    let its_own = media.starts_with("application/json") && answer.status == 401;
    let mut all = vec![if its_own {
        check("back-office", true, format!("{place} answers"), "")
    } else {
        let to = answer.header("location").map(|to| format!(", and points to {to}")).unwrap_or_default();
        let found = format!("the answer {} at {place} did not come from a back office{to}", answer.status);
        check(
            "back-office",
            false,
            found,
            "Something in between answered, such as a proxy or the network's sign-in page.",
        )
    }];
    if place == session.enrolment.server
        && let Some(date) = answer.header("date")
    {
        session.server_clock.note(date);
    }
    if let Some(ahead_s) = session.server_clock.ahead_s() {
        all.push(match server_clock::problem(ahead_s) {
            None => check("clock", true, "agrees with the back office's to the minute", ""),
            Some(problem) => {
                check("clock", false, problem, "Turn on automatic time: `timedatectl set-ntp true`.")
            }
        });
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::delivery::ledger_copy::LedgerFault;
    use crate::delivery::ledger_copy::example::Book;

    #[test]
    fn a_rewritten_ledger_is_a_problem_and_how_much_of_it_is_here_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let book = Book::of("work", 3);
        let copy = LedgerCopy::open(folder.path(), &book.key.public(), "work");
        let looks = |ok: bool, words: &str| {
            let check = ledger(&copy);
            assert_eq!((check.name.as_str(), check.ok, check.advice.is_some()), ("ledger", ok, !ok));
            assert!(check.found.contains(words), "{check:?}");
        };
        looks(true, "nothing of it is known yet");
        copy.note_receipt(&book.head()).unwrap();
        looks(true, "this device has 0 entries of it, and the back office signed 3");
        copy.take(&book.answer(0, 500)).unwrap();
        looks(true, "this device has all 3 entries of it that the back office signed");
        copy.note_fault(&LedgerFault::Changed(2)).unwrap();
        looks(false, "entry 2 was changed. Nothing is lost here");
    }
}
