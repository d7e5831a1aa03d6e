//! The way to the agent: its control socket, asked by a thread that may wait, never by the one that draws.

use std::io::{self, Read as _, Write as _};
use std::os::fd::AsRawFd as _;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use candor_agent::protocol::{Request, Response};
use serde_json::Value;

/// The longest answer that is read, in bytes: a picture of 8 MB in base64, with room.
const MOST: usize = 16 << 20;
/// The socket's name in its folder.
const NAME: &str = "agent.sock";

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Trouble {
    /// Nobody listens.
    #[error("No agent answers.")]
    NoAgent,
    /// Somebody else listens.
    #[error("Another user's program answers in place of your agent; nothing was sent to it.")]
    Stranger,
    /// It takes too long.
    #[error("The agent did not answer in time.")]
    Slow,
    /// The answer is none.
    #[error("The agent's answer could not be read: {0}. Window and agent may be of different versions.")]
    Garbled(String),
    /// The agent says no, and why.
    #[error("{0}")]
    Refused(String),
}

/// Somebody who answers requests.
pub(crate) trait Client: Send + Sync {
    /// Asks, and waits for the answer for at most `limit`.
    ///
    /// # Errors
    /// [`Trouble`], where there is no answer or it is a refusal.
    fn ask(&self, request: &Request, limit: Duration) -> Result<Value, Trouble>;
}

/// The agent's control socket in a folder.
#[derive(Clone, Debug)]
pub(crate) struct Socket {
    folder: PathBuf,
}

impl Socket {
    /// The socket of the agent that works on this data folder.
    pub(crate) fn of(data: &Path) -> Self {
        Self { folder: data.join("run") }
    }

    fn connect(&self) -> io::Result<UnixStream> {
        let path = self.folder.join(NAME);
        // Socket addresses end at 108 bytes: a long folder is reached through an open handle of it.
        if path.as_os_str().len() < 100 {
            return UnixStream::connect(path);
        }
        let handle = std::fs::File::open(&self.folder)?;
        UnixStream::connect(format!("/proc/self/fd/{}/{NAME}", handle.as_raw_fd()))
    }
}

impl Client for Socket {
    fn ask(&self, request: &Request, limit: Duration) -> Result<Value, Trouble> {
        let until = Instant::now() + limit;
        let stream = self.connect().map_err(|_| Trouble::NoAgent)?;
        same_user(&stream)?;
        let line = exchange(stream, request, until).map_err(|error| match error.kind() {
            io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => Trouble::Slow,
            io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset | io::ErrorKind::UnexpectedEof => {
                Trouble::NoAgent
            }
            _ => Trouble::Garbled(error.to_string()),
        })?;
        match serde_json::from_slice(&line) {
            Ok(Response::Ok(value)) => Ok(value),
            Ok(Response::Error(why)) => Err(Trouble::Refused(why)),
            Err(error) => Err(Trouble::Garbled(error.to_string())),
        }
    }
}

fn same_user(stream: &UnixStream) -> Result<(), Trouble> {
    match rustix::net::sockopt::socket_peercred(stream) {
        Ok(peer) if peer.uid == rustix::process::getuid() => Ok(()),
        _ => Err(Trouble::Stranger),
    }
}

fn exchange(mut stream: UnixStream, request: &Request, until: Instant) -> io::Result<Vec<u8>> {
    let mut bytes = serde_json::to_vec(request)?;
    bytes.push(b'\n');
    stream.set_write_timeout(Some(left(until)?))?;
    stream.write_all(&bytes)?;
    let (mut line, mut chunk) = (Vec::new(), vec![0_u8; 64 << 10]);
    loop {
        stream.set_read_timeout(Some(left(until)?))?;
        let read = stream.read(&mut chunk)?;
        let Some(new) = chunk.get(..read).filter(|new| !new.is_empty()) else {
            return Err(io::ErrorKind::UnexpectedEof.into());
        };
        line.extend_from_slice(new);
        if new.last() == Some(&b'\n') {
            return Ok(line);
        }
        if line.len() > MOST {
            return Err(io::Error::other("it is too long"));
        }
    }
}

fn left(until: Instant) -> io::Result<Duration> {
    let left = until.saturating_duration_since(Instant::now());
    if left.is_zero() { Err(io::ErrorKind::TimedOut.into()) } else { Ok(left) }
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead as _, BufReader};
    use std::os::unix::net::UnixListener;

    use super::*;

    fn served(folder: &Path, answer: &'static [u8]) -> Socket {
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
        Socket::of(folder)
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
            let found = served(folder.path(), answer).ask(&Request::Pause, limit);
            match (found, expected) {
                (Ok(found), Ok(expected)) => assert_eq!(found, expected),
                (Err(found), Err(expected)) => assert!(found.to_string().starts_with(expected), "{found}"),
                (found, expected) => panic!("{found:?}, expected {expected:?}"),
            }
        }
        let folder = tempfile::tempdir().unwrap();
        let silent = served(folder.path(), b"");
        let found = silent.ask(&Request::Pause, Duration::from_millis(200));
        assert_eq!(found, Err(Trouble::Slow));
        let nobody = Socket::of(tempfile::tempdir().unwrap().path());
        assert_eq!(nobody.ask(&Request::Pause, limit), Err(Trouble::NoAgent));
    }
}
