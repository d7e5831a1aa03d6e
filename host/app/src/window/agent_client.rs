//! Why the agent gave the window no answer, in the window's words.

use std::io;

use candor_protocol::ClientError;

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

impl From<ClientError> for AgentFault {
    fn from(error: ClientError) -> Self {
        match error {
            ClientError::NotRunning(_) => Self::NoAgent,
            ClientError::Refused(error) => Self::Refused(error.to_string()),
            ClientError::NoFolder { .. } => Self::Refused(error.to_string()),
            ClientError::Silent(_) => Self::Slow,
            ClientError::Stranger(_) => Self::Stranger,
            ClientError::Broken(error) if error.kind() == io::ErrorKind::InvalidData => {
                Self::Garbled(error.to_string())
            }
            // It ended while it was asked.
            ClientError::Broken(_) => Self::NoAgent,
            ClientError::Foreign(error) => Self::Garbled(error.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead as _, BufReader, Write as _};
    use std::os::unix::net::UnixListener;
    use std::path::Path;
    use std::time::Duration;

    use candor_protocol::{Client, PauseTracking};

    use super::*;

    fn served(folder: &Path, answer: &'static [u8]) -> Client {
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
        Client::new(folder)
    }

    #[test]
    fn an_answer_a_refusal_nonsense_and_silence_are_told_apart() {
        let limit = Duration::from_secs(2);
        let cases: [(&'static [u8], Result<(), &str>); 3] = [
            (b"{\"ok\":null}\n", Ok(())),
            (
                b"{\"error\":{\"kind\":\"refused\",\"message\":\"the week is locked\"}}\n",
                Err("the week is locked"),
            ),
            (b"hello\n", Err("The agent's answer could not be read")),
        ];
        for (answer, expected) in cases {
            let folder = tempfile::tempdir().unwrap();
            let found = served(folder.path(), answer).ask(&PauseTracking, limit).map_err(AgentFault::from);
            match (found, expected) {
                (Ok(()), Ok(())) => {}
                (Err(found), Err(expected)) => assert!(found.to_string().starts_with(expected), "{found}"),
                (found, expected) => panic!("{found:?}, expected {expected:?}"),
            }
        }
        let folder = tempfile::tempdir().unwrap();
        let silent = served(folder.path(), b"");
        let found = silent.ask(&PauseTracking, Duration::from_millis(200)).map_err(AgentFault::from);
        assert_eq!(found, Err(AgentFault::Slow));
        let nobody = Client::new(tempfile::tempdir().unwrap().path());
        assert_eq!(nobody.ask(&PauseTracking, limit).map_err(AgentFault::from), Err(AgentFault::NoAgent));
    }
}
