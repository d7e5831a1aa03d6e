//! Whether the back office can be reached, and whether it and this computer agree on the time.

use std::time::{Duration, SystemTime};

use candor_protocol::Check;
use jiff::fmt::rfc2822::DateTimeParser;
use reqwest::header::DATE;
use url::Url;

use super::check::{failed, passed};

/// How long a back office may take.
const ANSWER: Duration = Duration::from_secs(10);
/// How far the clocks may be apart, in seconds. The answer's own time is whole seconds, and the way takes some.
const APART_S: i64 = 10;
/// How many back offices are asked.
const MAX_SERVERS: usize = 8;

/// A back office's answer: its time, and ours when it came, both in seconds since the Unix epoch.
struct ServerAnswer {
    theirs: Option<i64>,
    ours: i64,
}

pub(super) fn checks(servers: &[String]) -> Vec<Check> {
    if servers.is_empty() {
        return vec![
            passed("back-office", "no contract yet, so there is none to reach"),
            passed("clock", "nothing to compare it with yet"),
        ];
    }
    let heard: Vec<(&String, Result<ServerAnswer, String>)> =
        servers.iter().take(MAX_SERVERS).map(|server| (server, ask(server))).collect();
    let mut checks: Vec<Check> = heard.iter().map(|(server, heard)| reachable(server, heard)).collect();
    checks.push(clock(heard.iter().filter_map(|(_, heard)| heard.as_ref().ok())));
    checks
}

fn reachable(server: &str, heard: &Result<ServerAnswer, String>) -> Check {
    match heard {
        Ok(_) => passed("back-office", format!("{server} answers")),
        Err(why) => failed(
            "back-office",
            format!("{server} does not answer: {why}"),
            "Check the network. What is recorded is kept on this computer and sent later.",
        ),
    }
}

fn clock<'a>(heard: impl Iterator<Item = &'a ServerAnswer>) -> Check {
    let apart = heard.filter_map(|h| h.theirs.map(|theirs| h.ours - theirs)).max_by_key(|apart| apart.abs());
    match apart {
        None => passed("clock", "no back office tells the time now"),
        Some(apart) if apart.abs() <= APART_S => {
            passed("clock", format!("agrees with the back office to {} s", apart.abs().max(1)))
        }
        Some(apart) => failed(
            "clock",
            format!("{} s {} the back office's", apart.abs(), if apart > 0 { "ahead of" } else { "behind" }),
            "Let the computer set its clock: `timedatectl set-ntp true`. Your time is recorded by this clock.",
        ),
    }
}

/// Asks for nothing in particular: any answer shows that it is there, and carries its time.
fn ask(server: &str) -> Result<ServerAnswer, String> {
    let url = Url::parse(server).map_err(|error| format!("{server} is no address ({error})"))?;
    // Set once by whoever comes first; that it is set is all that counts.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| format!("this program could not begin ({error})"))?;
    let answer = runtime.block_on(async {
        let client =
            reqwest::Client::builder().timeout(ANSWER).redirect(reqwest::redirect::Policy::none()).build()?;
        client.head(url).send().await
    });
    let answer = answer.map_err(|error| causes(&error))?;
    let theirs = answer.headers().get(DATE).and_then(|date| seconds(date.to_str().ok()?));
    let ours = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |now| now.as_secs());
    Ok(ServerAnswer { theirs, ours: i64::try_from(ours).unwrap_or(i64::MAX) })
}

/// The innermost reason: what comes round it names the address again.
fn causes(error: &reqwest::Error) -> String {
    let mut innermost: &dyn std::error::Error = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}

/// An HTTP date in seconds since the Unix epoch.
fn seconds(date: &str) -> Option<i64> {
    DateTimeParser::new().parse_timestamp(date).ok().map(|at| at.as_second())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_http_date_is_read_and_the_clock_is_judged_by_it() {
        let at = seconds("Fri, 27 Nov 2026 15:53:20 GMT").unwrap();
        assert_eq!(at, 1_795_794_800);
        assert_eq!(seconds("soon"), None);
        let heard = |ours| [ServerAnswer { theirs: Some(at), ours }];
        assert!(clock(heard(at + 10).iter()).ok);
        let late = clock(heard(at - 300).iter());
        assert!(!late.ok && late.found.contains("300 s behind"), "{}", late.found);
        assert!(clock(heard(at + 11).iter()).found.contains("ahead of"));
        assert!(clock(std::iter::empty()).ok);
    }
}
