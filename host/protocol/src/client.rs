//! The way to the agent: its control socket, from programs that block.
//!
//! One JSON line out, one in; both ends check that the other runs under the same user. Every wait has a limit.

use std::io::{self, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use candor_diary::plain;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::sign::AGAIN;
use crate::socket::{Address, FOLDER};
use crate::{Face, Request, Response, Sign, Status};

/// How long an ordinary answer may take.
pub const USUAL: Duration = Duration::from_secs(30);
/// How long an answer may take for which plugins are compiled, a back office is asked or a journal is read whole.
pub const LONG: Duration = Duration::from_secs(600);
/// The longest answer, in bytes: a picture in it is a few megabytes.
const MAX_ANSWER: u64 = 64 << 20;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// No agent runs on the data folder.
    #[error("no agent runs on {}: `candor start` starts one", .0.display())]
    NotRunning(PathBuf),
    /// The agent says no; its sentence says what to do.
    #[error("{0}")]
    Refused(String),
    /// It took too long.
    #[error("the agent did not answer within {0} s: try again, or look at `candor doctor`")]
    Silent(u64),
    /// The socket belongs to somebody else.
    #[error("the agent's socket is served by another user: check who may write to {}", .0.display())]
    Stranger(PathBuf),
    /// The data folder cannot be.
    #[error("the data folder {} cannot be used ({why}): name another one with --data", folder.display())]
    NoFolder {
        /// The folder.
        folder: PathBuf,
        /// What the system said.
        why: io::Error,
    },
    /// The connection broke.
    #[error("the connection to the agent broke ({0}): try again, or look at `candor doctor`")]
    Broken(#[source] io::Error),
    /// The answer is of another kind than what was asked for.
    #[error(
        "the agent's answer could not be read ({0}): install the same version of `candor` and `candor-agent`"
    )]
    Foreign(#[source] serde_json::Error),
}

/// A way to the agent of one data folder. Cheap to copy: each question is a connection of its own.
#[derive(Clone, Debug)]
pub struct Client {
    data: PathBuf,
}

impl Client {
    /// The agent that works on a data folder.
    #[must_use]
    pub fn new(data: &Path) -> Self {
        Self { data: data.to_path_buf() }
    }

    /// The data folder.
    #[must_use]
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// Asks, and waits for the answer at most `limit`.
    ///
    /// # Errors
    /// Where no agent runs, it says no, or its answer does not come.
    pub fn ask(&self, request: &Request, limit: Duration) -> Result<Value, AskError> {
        match exchange(&mut self.connect()?, request, limit)? {
            Response::Ok(value) => Ok(value),
            // Whoever serves the socket wrote it, and a person reads it.
            Response::Error(why) => Err(AskError::Refused(plain::visible(&why).into_owned())),
        }
    }

    /// Asks for something of a known kind, to be shown: see [`shown`].
    ///
    /// # Errors
    /// As [`Client::ask`], and where the answer is of another kind.
    pub fn fetch<T: DeserializeOwned>(&self, request: &Request, limit: Duration) -> Result<T, AskError> {
        read(request, self.ask(request, limit)?)
    }

    /// What the agent is doing now.
    ///
    /// # Errors
    /// As [`Client::fetch`].
    pub fn status(&self) -> Result<Status, AskError> {
        self.fetch(&Request::Status { after: None }, USUAL)
    }

    /// A connection over which is said what is shown, again and again ([`crate::sign`]).
    ///
    /// # Errors
    /// Where no agent runs.
    pub fn shower(&self) -> Result<Shower, AskError> {
        Ok(Shower(self.connect()?))
    }

    /// Whether an agent listens.
    #[must_use]
    pub fn runs(&self) -> bool {
        self.connect().is_ok()
    }

    fn connect(&self) -> Result<UnixStream, AskError> {
        let folder = self.data.join(FOLDER);
        let connected = Address::in_folder(&folder).and_then(|address| UnixStream::connect(address.path()));
        let stream = connected.map_err(|error| match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => {
                AskError::NotRunning(self.data.clone())
            }
            io::ErrorKind::NotADirectory
            | io::ErrorKind::PermissionDenied
            | io::ErrorKind::InvalidFilename => AskError::NoFolder { folder: self.data.clone(), why: error },
            _ => AskError::Broken(error),
        })?;
        let peer =
            rustix::net::sockopt::socket_peercred(&stream).map_err(|error| AskError::Broken(error.into()))?;
        if peer.uid != rustix::process::getuid() {
            return Err(AskError::Stranger(folder));
        }
        Ok(stream)
    }
}

/// A connection over which is said what is shown. What was said is true for the agent until this is dropped, or
/// [`LEASE`](crate::sign::LEASE) after it was said.
#[derive(Debug)]
pub struct Shower(UnixStream);

impl Shower {
    /// Says what is shown now.
    ///
    /// # Errors
    /// Where the agent does not take it: it has ended, or hangs.
    pub fn shows(&mut self, by: Face, signs: &[Sign]) -> Result<(), AskError> {
        let request = Request::Shows { by, signs: signs.to_vec() };
        match exchange(&mut self.0, &request, AGAIN)? {
            Response::Ok(_) => Ok(()),
            // Whoever serves the socket wrote it, and a person reads it.
            Response::Error(why) => Err(AskError::Refused(plain::visible(&why).into_owned())),
        }
    }
}

/// One question and its answer.
fn exchange(stream: &mut UnixStream, request: &Request, limit: Duration) -> Result<Response, AskError> {
    let deadline = Instant::now() + limit;
    let late = |error: io::Error| match error.kind() {
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => AskError::Silent(limit.as_secs()),
        _ => AskError::Broken(error),
    };
    let mut line = serde_json::to_vec(request).map_err(AskError::Foreign)?;
    line.push(b'\n');
    stream.set_write_timeout(Some(limit)).map_err(late)?;
    stream.write_all(&line).map_err(late)?;
    let answer = read_line(stream, deadline).map_err(late)?;
    serde_json::from_slice(&answer).map_err(AskError::Foreign)
}

/// An answer as it may be shown to a person: titles, memos, names and errors in it come from outside, and everything in
/// them is made visible. What is changed and sent back, and what has to be exact, stays as it is.
#[must_use]
pub fn shown(request: &Request, answer: Value) -> Value {
    match (request, answer) {
        (Request::OwnRules | Request::Preferences | Request::Parcel { .. }, answer) => answer,
        // The agent wrote it line by line.
        (Request::Notice { .. }, Value::Object(mut notice)) => {
            let text = notice.remove("text");
            let text =
                text.as_ref().and_then(Value::as_str).map(|text| plain::visible_lines(text).into_owned());
            let Value::Object(mut notice) = plain::visible_json(Value::Object(notice)) else {
                return Value::Null;
            };
            notice.extend(text.map(|text| ("text".to_owned(), Value::String(text))));
            Value::Object(notice)
        }
        (_, answer) => plain::visible_json(answer),
    }
}

/// Reads an answer that is to be shown: see [`shown`].
///
/// # Errors
/// [`AskError::Foreign`] where it is of another kind.
pub fn read<T: DeserializeOwned>(request: &Request, answer: Value) -> Result<T, AskError> {
    serde_json::from_value(shown(request, answer)).map_err(AskError::Foreign)
}

/// Reads to the end of the line, at most until the deadline.
fn read_line(stream: &mut UnixStream, deadline: Instant) -> io::Result<Vec<u8>> {
    let mut answer = Vec::new();
    let mut part = [0_u8; 16 << 10];
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        stream.set_read_timeout(Some(left))?;
        let read = match stream.read(&mut part) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            read => read?,
        };
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let bytes = part.get(..read).unwrap_or_default();
        if let Some(end) = bytes.iter().position(|b| *b == b'\n') {
            answer.extend(bytes.iter().take(end));
            return Ok(answer);
        }
        answer.extend_from_slice(bytes);
        if answer.len() as u64 > MAX_ANSWER {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "the answer is too long"));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead as _, BufReader};
    use std::os::unix::net::UnixListener;

    use serde_json::json;

    use super::*;

    /// A data folder in which each connection is answered with these bytes, and then held open.
    fn answering(folder: &Path, bytes: &'static [u8]) -> Client {
        std::fs::create_dir_all(folder.join("run")).unwrap();
        let address = Address::in_folder(&folder.join("run")).unwrap();
        let listener = UnixListener::bind(address.path()).unwrap();
        std::thread::spawn(move || {
            let mut open = Vec::new();
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut line = String::new();
                BufReader::new(&stream).read_line(&mut line).unwrap();
                let _ = stream.write_all(bytes);
                open.push(stream);
            }
        });
        Client::new(folder)
    }

    #[test]
    fn an_answer_comes_through_a_path_of_any_length() {
        let folder = tempfile::tempdir().unwrap();
        for data in [folder.path().join("a"), folder.path().join("a".repeat(100)).join("b".repeat(60))] {
            let client = answering(&data, b"{\"ok\":7}\nmore");
            assert_eq!(client.ask(&Request::Pause, USUAL).unwrap(), json!(7));
        }
    }

    #[test]
    fn each_way_to_have_no_answer_is_told_apart() {
        let folder = tempfile::tempdir().unwrap();
        let ask = |name: &str, bytes| {
            let client = answering(&folder.path().join(name), bytes);
            client.ask(&Request::Pause, Duration::from_millis(300)).unwrap_err()
        };
        assert!(matches!(ask("no", b"{\"error\":\"no\"}\n"), AskError::Refused(why) if why == "no"));
        assert!(matches!(ask("nonsense", b"what?\n"), AskError::Foreign(_)));
        assert!(matches!(ask("half", b"{\"ok\":"), AskError::Silent(_)));
        let nobody = Client::new(&folder.path().join("nobody"));
        assert!(matches!(nobody.ask(&Request::Pause, USUAL), Err(AskError::NotRunning(_))));
        // A socket that an agent left behind when it was killed.
        let left = folder.path().join("left");
        std::fs::create_dir_all(left.join("run")).unwrap();
        drop(UnixListener::bind(left.join("run").join(crate::socket::NAME)).unwrap());
        assert!(matches!(Client::new(&left).ask(&Request::Pause, USUAL), Err(AskError::NotRunning(_))));
        assert!(!Client::new(&left).runs());
    }
}
