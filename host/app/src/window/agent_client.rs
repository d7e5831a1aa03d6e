//! Whoever answers the window's requests: the agent, asked by threads that may wait, never by the one that draws.

use std::io;
use std::time::Duration;

use candor_diary::plain;
use candor_protocol::{AskError, Request};
use serde_json::Value;

/// The reason why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum AgentFault {
    /// No agent listens on the socket.
    #[error("No agent answers.")]
    NoAgent,
    /// A program of another user listens on the socket.
    #[error(
        "Another user's program answers in place of your agent. Nothing was sent to it. Check who may write to the data folder."
    )]
    Stranger,
    /// The answer takes too long.
    #[error("The agent did not answer in time.")]
    Slow,
    /// The answer cannot be read.
    #[error("The agent's answer could not be read: {0}. Window and agent may be of different versions.")]
    Garbled(String),
    /// The agent refuses; why.
    #[error("{0}")]
    Refused(String),
}

/// A way to ask the agent, or who answers for it in tests.
pub(crate) trait AgentClient: Send + Sync {
    /// Asks, and waits for the answer for at most `limit`.
    ///
    /// # Errors
    /// [`AgentFault`] if there is no answer, or if it is a refusal.
    fn ask(&self, request: &Request, limit: Duration) -> Result<Value, AgentFault>;
}

/// The agent of a data folder, through its control socket.
impl AgentClient for candor_protocol::Client {
    fn ask(&self, request: &Request, limit: Duration) -> Result<Value, AgentFault> {
        let answer = Self::ask(self, request, limit).map(|answer| candor_protocol::shown(request, answer));
        answer.map_err(|error| match error {
            AskError::NotRunning(_) => AgentFault::NoAgent,
            AskError::Refused(why) => AgentFault::Refused(plain::visible(&why).into_owned()),
            AskError::NoFolder { .. } => AgentFault::Refused(error.to_string()),
            AskError::Silent(_) => AgentFault::Slow,
            AskError::Stranger(_) => AgentFault::Stranger,
            AskError::Broken(error) if error.kind() == io::ErrorKind::InvalidData => {
                AgentFault::Garbled(error.to_string())
            }
            // It ended while it was asked.
            AskError::Broken(_) => AgentFault::NoAgent,
            AskError::Foreign(error) => AgentFault::Garbled(error.to_string()),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead as _, BufReader, Write as _};
    use std::os::unix::net::UnixListener;
    use std::path::Path;

    use super::*;

    fn served(folder: &Path, answer: &'static [u8]) -> candor_protocol::Client {
        std::fs::create_dir_all(folder.join("run")).unwrap();
        let listener = UnixListener::bind(folder.join("run/agent.sock")).unwrap();
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut line = String::new();
            BufReader::new(stream.try_clone().unwrap()).read_line(&mut line).unwrap();
            assert_eq!(line, "{\"do\":\"pause\"}\n");
            stream.write_all(answer).unwrap();
            // Stays open: the end of the line ends the answer, not the end of the stream.
            std::thread::sleep(Duration::from_secs(3));
        });
        candor_protocol::Client::new(folder)
    }

    #[test]
    fn an_answer_a_refusal_nonsense_and_silence_are_told_apart() {
        let limit = Duration::from_secs(2);
        let cases: [(&'static [u8], Result<Value, &str>); 3] = [
            (b"{\"ok\":[1]}\n", Ok(serde_json::json!([1]))),
            (b"{\"error\":\"the week is locked\"}\n", Err("the week is locked")),
            (b"hello\n", Err("The agent's answer could not be read")),
        ];
        for (answer, expected) in cases {
            let folder = tempfile::tempdir().unwrap();
            let found = AgentClient::ask(&served(folder.path(), answer), &Request::Pause, limit);
            match (found, expected) {
                (Ok(found), Ok(expected)) => assert_eq!(found, expected),
                (Err(found), Err(expected)) => assert!(found.to_string().starts_with(expected), "{found}"),
                (found, expected) => panic!("{found:?}, expected {expected:?}"),
            }
        }
        let folder = tempfile::tempdir().unwrap();
        let silent = served(folder.path(), b"");
        let found = AgentClient::ask(&silent, &Request::Pause, Duration::from_millis(200));
        assert_eq!(found, Err(AgentFault::Slow));
        let nobody = candor_protocol::Client::new(tempfile::tempdir().unwrap().path());
        assert_eq!(AgentClient::ask(&nobody, &Request::Pause, limit), Err(AgentFault::NoAgent));
    }
}
