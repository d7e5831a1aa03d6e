//! The way to the agent: its control socket, from programs that block.
//!
//! One JSON line out, one in; both ends check that the other runs under the same user. Every wait has a limit.

use std::io::{self, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::error::RequestError;
use crate::request::{GetStatus, ReportSigns};
use crate::sign::{AGAIN, Face, Sign};
use crate::socket::{Address, FOLDER};
use crate::status::Status;
use crate::wire::{Answered, AnyRequest, Request, Response};

/// How long an ordinary answer may take.
pub const USUAL: Duration = Duration::from_secs(30);
/// How long an answer may take for which plugins are compiled, a back office is asked or a journal is read whole.
pub const LONG: Duration = Duration::from_secs(600);
/// The longest answer, in bytes: a picture in it is a few megabytes.
const MAX_ANSWER: u64 = 64 << 20;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// No agent runs on the data folder.
    #[error("no agent runs on {}: `candor start` starts one", .0.display())]
    NotRunning(PathBuf),
    /// The agent refuses what was asked.
    #[error("{0}")]
    Refused(RequestError),
    /// The answer took longer than this many seconds.
    #[error("the agent did not answer within {0} s: try again, or look at `candor doctor`")]
    Silent(u64),
    /// Another user serves the socket in this folder.
    #[error("the agent's socket is served by another user: check who may write to {}", .0.display())]
    Stranger(PathBuf),
    /// The data folder cannot be used.
    #[error("the data folder {} cannot be used ({why}): name another one with --data", folder.display())]
    NoFolder {
        /// The data folder that was named.
        folder: PathBuf,
        /// What the system said.
        why: io::Error,
    },
    /// The connection could not be made, or broke.
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
    /// Returns a way to the agent that works on a data folder.
    #[must_use]
    pub fn new(data: &Path) -> Self {
        Self { data: data.to_path_buf() }
    }

    /// Returns the data folder.
    #[must_use]
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// Asks, waits at most `limit`, and returns the answer as it may be shown to a person ([`visible`]).
    ///
    /// # Errors
    /// [`ClientError`] if no agent runs, it refuses, or its answer does not come.
    pub fn ask<R: Request>(&self, request: &R, limit: Duration) -> Result<R::Answer, ClientError> {
        let answer = R::visible(self.send(&request.clone().into(), limit)?);
        serde_json::from_value(answer).map_err(ClientError::Foreign)
    }

    /// Asks, and returns the answer exactly as the agent gave it: for programs.
    ///
    /// # Errors
    /// As [`Client::ask`].
    pub fn ask_exact<R: Request>(&self, request: &R, limit: Duration) -> Result<R::Answer, ClientError> {
        let answer = self.send(&request.clone().into(), limit)?;
        serde_json::from_value(answer).map_err(ClientError::Foreign)
    }

    /// Asks for whatever it is, and returns the request with its answer as it may be shown.
    ///
    /// # Errors
    /// As [`Client::ask`].
    pub fn ask_any(&self, request: AnyRequest, limit: Duration) -> Result<Answered, ClientError> {
        let answer = self.send(&request, limit)?;
        request.read_answer(answer).map_err(ClientError::Foreign)
    }

    /// Returns what the agent is doing now.
    ///
    /// # Errors
    /// As [`Client::ask`].
    pub fn status(&self) -> Result<Status, ClientError> {
        self.ask(&GetStatus { after: None }, USUAL)
    }

    /// Opens a connection over which signs are reported, again and again ([`crate::sign`]).
    ///
    /// # Errors
    /// [`ClientError`] if no agent runs.
    pub fn sign_connection(&self) -> Result<SignConnection, ClientError> {
        Ok(SignConnection(self.connect()?))
    }

    /// Returns whether an agent listens.
    #[must_use]
    pub fn runs(&self) -> bool {
        self.connect().is_ok()
    }

    fn send(&self, request: &AnyRequest, limit: Duration) -> Result<Value, ClientError> {
        exchange(&mut self.connect()?, request, limit)
    }

    fn connect(&self) -> Result<UnixStream, ClientError> {
        let folder = self.data.join(FOLDER);
        let connected = Address::in_folder(&folder).and_then(|address| UnixStream::connect(address.path()));
        let stream = connected.map_err(|error| match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => {
                ClientError::NotRunning(self.data.clone())
            }
            io::ErrorKind::NotADirectory
            | io::ErrorKind::PermissionDenied
            | io::ErrorKind::InvalidFilename => {
                ClientError::NoFolder { folder: self.data.clone(), why: error }
            }
            _ => ClientError::Broken(error),
        })?;
        let peer = rustix::net::sockopt::socket_peercred(&stream)
            .map_err(|error| ClientError::Broken(error.into()))?;
        if peer.uid != rustix::process::getuid() {
            return Err(ClientError::Stranger(folder));
        }
        Ok(stream)
    }
}

/// A connection over which signs are reported. What was reported counts until this is dropped, or for
/// [`LEASE`](crate::sign::LEASE).
#[derive(Debug)]
pub struct SignConnection(UnixStream);

impl SignConnection {
    /// Reports what is shown now.
    ///
    /// # Errors
    /// [`ClientError`] if the agent does not take it: it has ended, or hangs.
    pub fn report(&mut self, by: Face, signs: &[Sign]) -> Result<(), ClientError> {
        let request = ReportSigns { by, signs: signs.to_vec() };
        exchange(&mut self.0, &request.into(), AGAIN).map(drop)
    }
}

/// Sends one request, and returns its answer's JSON.
fn exchange(stream: &mut UnixStream, request: &AnyRequest, limit: Duration) -> Result<Value, ClientError> {
    let deadline = Instant::now() + limit;
    let late = |error: io::Error| match error.kind() {
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => ClientError::Silent(limit.as_secs()),
        _ => ClientError::Broken(error),
    };
    let mut line = serde_json::to_vec(request).map_err(ClientError::Foreign)?;
    line.push(b'\n');
    stream.set_write_timeout(Some(limit)).map_err(late)?;
    stream.write_all(&line).map_err(late)?;
    let answer = read_line(stream, deadline).map_err(late)?;
    match serde_json::from_slice(&answer).map_err(ClientError::Foreign)? {
        Response::Ok(value) => Ok(value),
        // Whoever serves the socket wrote it, and a person reads it.
        Response::Error(error) => Err(ClientError::Refused(error.visible())),
    }
}

/// Returns an answer as it may be shown to a person: see [`Request::visible`].
///
/// # Errors
/// [`ClientError::Foreign`] if it cannot be read back.
pub fn visible<R: Request>(answer: &R::Answer) -> Result<R::Answer, ClientError> {
    let shown = serde_json::to_value(answer).map(R::visible);
    shown.and_then(serde_json::from_value).map_err(ClientError::Foreign)
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

    use super::*;
    use crate::error::RequestErrorKind;
    use crate::request::{PauseTracking, RemoveNotes};

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
            let request = RemoveNotes { from: 0, to: 1, plugin: None };
            assert_eq!(client.ask(&request, USUAL).unwrap(), 7);
        }
    }

    #[test]
    fn each_way_to_have_no_answer_is_told_apart() {
        let folder = tempfile::tempdir().unwrap();
        let ask = |name: &str, bytes| {
            let client = answering(&folder.path().join(name), bytes);
            client.ask(&PauseTracking, Duration::from_millis(300)).unwrap_err()
        };
        let refused =
            ask("no", b"{\"error\":{\"kind\":\"not-ready\",\"message\":\"no\",\"hint\":\"wait\"}}\n");
        assert_eq!(refused.to_string(), "no: wait");
        assert!(matches!(refused, ClientError::Refused(error) if error.kind == RequestErrorKind::NotReady));
        assert!(matches!(ask("nonsense", b"what?\n"), ClientError::Foreign(_)));
        assert!(matches!(ask("half", b"{\"ok\":"), ClientError::Silent(_)));
        let nobody = Client::new(&folder.path().join("nobody"));
        assert!(matches!(nobody.ask(&PauseTracking, USUAL), Err(ClientError::NotRunning(_))));
        // A socket that an agent left behind when it was killed.
        let left = folder.path().join("left");
        std::fs::create_dir_all(left.join("run")).unwrap();
        drop(UnixListener::bind(left.join("run").join(crate::socket::NAME)).unwrap());
        assert!(matches!(Client::new(&left).ask(&PauseTracking, USUAL), Err(ClientError::NotRunning(_))));
        assert!(!Client::new(&left).runs());
    }
}
