//! How far this computer's clock and the back office's are apart: the back office takes no segment that begins later than
//! it is there, and a person reads other times there than here.
//!
//! Each answer of the back office says when it was given. That is compared with the computer's own clock, whatever clock
//! the agent goes by.

use std::sync::Arc;

use candor_diary::plain;
use candor_sandbox::host_traits::AnswerDates;
use parking_lot::Mutex;

use crate::clock::system_now;
use crate::segments::state::ContractState;

/// A difference of more than this is told, in seconds.
const TOLD_S: u64 = 60;

/// Compares the clocks of one contract's back office and this computer.
pub struct ServerClock {
    /// The back office's origin, such as `https://office.example`.
    origin: String,
    /// By how many seconds this computer's clock was ahead when the back office answered last.
    ahead_s: Mutex<Option<i64>>,
    shared: Arc<ContractState>,
}

impl ServerClock {
    /// Creates what hears the back office of this origin, and tells a problem in `shared`.
    #[must_use]
    pub fn new(origin: &str, shared: Arc<ContractState>) -> Self {
        Self { origin: origin.to_owned(), ahead_s: Mutex::default(), shared }
    }

    /// Takes the time at which the back office says that it answered just now: the header `date` of its answer. What is
    /// no date says nothing.
    pub fn note(&self, date: &str) {
        self.compare(date, system_now());
    }

    /// Returns by how many seconds this computer's clock is ahead of the back office's, behind it if negative; none
    /// before the first answer.
    #[must_use]
    pub fn ahead_s(&self) -> Option<i64> {
        *self.ahead_s.lock()
    }

    fn compare(&self, date: &str, now_ms: u64) {
        let Ok(theirs) = jiff::fmt::rfc2822::parse(date) else { return };
        let ours = i64::try_from(now_ms / 1_000).unwrap_or(i64::MAX);
        let ahead_s = ours.saturating_sub(theirs.timestamp().as_second());
        *self.ahead_s.lock() = Some(ahead_s);
        self.shared.set_problem("clock", problem(ahead_s));
    }
}

impl AnswerDates for ServerClock {
    fn answered(&self, origin: &str, date: &str) {
        // An uploader may be granted other servers, whose time matters to nobody.
        if origin == self.origin {
            self.note(date);
        }
    }
}

/// Returns what a person is told of a clock that is ahead by so many seconds, behind if negative; none if it is right.
#[must_use]
pub fn problem(ahead_s: i64) -> Option<String> {
    let apart = ahead_s.unsigned_abs();
    if apart <= TOLD_S {
        return None;
    }
    let by = plain::about(apart);
    Some(if ahead_s > 0 {
        format!(
            "this computer's clock is {by} ahead of the back office's: set it right, otherwise segments wait until then"
        )
    } else {
        format!(
            "this computer's clock is {by} behind the back office's: set it right, otherwise your time shows too early"
        )
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use candor_journal::{Journal, MasterKey};
    use candor_sandbox::{HttpGrant, probe};
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;
    use tokio::sync::watch;

    use super::*;
    use crate::clock::SystemClock;
    use crate::segments::cut::Cut;

    async fn contract(folder: &std::path::Path) -> Arc<ContractState> {
        let journal = Journal::open(folder, &MasterKey::from_bytes([7; 32])).await.unwrap();
        let (revision, _) = watch::channel(0);
        let cut = Arc::new(Cut::of(10));
        Arc::new(ContractState::new(SystemClock::shared(), journal, "s".into(), cut, Arc::new(revision)))
    }

    #[tokio::test]
    async fn a_clock_that_is_off_is_told_in_words_and_no_more_once_it_is_right() {
        let folder = tempfile::tempdir().unwrap();
        let shared = contract(folder.path()).await;
        let clock = ServerClock::new("https://office.example", Arc::clone(&shared));
        let date = "Fri, 27 Nov 2026 15:53:20 GMT";
        let theirs = 1_795_794_800_u64;
        let told = |ours: u64| {
            clock.compare(date, ours * 1_000 + 999);
            shared.problems()
        };
        assert_eq!(told(theirs + 60), Vec::<String>::new());
        assert_eq!(
            told(theirs + 720),
            [
                "Clock: this computer's clock is 12 minutes ahead of the back office's: set it right, otherwise segments \
                 wait until then"
            ]
        );
        assert_eq!(clock.ahead_s(), Some(720));
        clock.compare("soon", 0);
        assert_eq!(clock.ahead_s(), Some(720), "what is no date says nothing");
        clock.answered("https://elsewhere.example", "Fri, 27 Nov 1970 15:53:20 GMT");
        assert_eq!(clock.ahead_s(), Some(720), "another server's time matters to nobody");
        assert!(told(theirs - 61)[0].contains("61 seconds behind the back office's"));
        assert_eq!(told(theirs - 60), Vec::<String>::new(), "it was set right");
    }

    #[tokio::test]
    async fn the_time_of_a_real_server_is_compared() {
        // The program does so when it starts; whoever comes first among the tests does it here.
        let _set = rustls::crypto::ring::default_provider().install_default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut asked = [0; 4_096];
                let _ = stream.read(&mut asked).await;
                let then = jiff::Timestamp::now() - jiff::SignedDuration::from_mins(12);
                let date = then.strftime("%a, %d %b %Y %H:%M:%S GMT");
                let answer = format!(
                    "HTTP/1.1 200 OK\r\ndate: {date}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
                );
                let _ = stream.write_all(answer.as_bytes()).await;
            }
        });
        let folder = tempfile::tempdir().unwrap();
        let shared = contract(folder.path()).await;
        let clock = ServerClock::new(&origin, Arc::clone(&shared));
        let grants = [HttpGrant { origin: origin.clone(), private: true }];
        let answer = probe(&format!("{origin}/api/v1/week"), &grants, Duration::from_secs(30)).await.unwrap();
        clock.note(answer.header("date").unwrap());
        let ahead = clock.ahead_s().unwrap();
        assert!((719..=780).contains(&ahead), "{ahead}");
        assert!(
            shared.problems()[0].contains("minutes ahead of the back office's"),
            "{:?}",
            shared.problems()
        );
    }
}
