//! The control socket: how the command line, a window and tests talk to a running agent.
//!
//! One JSON object a line in, one a line out. The socket lies in a 0700 folder, and both ends check that the other
//! runs under the same user.

use std::io;
use std::os::fd::AsRawFd as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{UnixListener, UnixStream};

use crate::protocol::{Request, Response};

/// The longest request that is read, in bytes.
const MAX_LINE: u64 = 1 << 20;
/// The longest answer that is read, in bytes: a picture of several large screens fits.
const MAX_ANSWER: u64 = 64 << 20;
/// How long a connection may be silent, in seconds.
const LINE_S: u64 = 60;
/// The socket's name in its folder.
const NAME: &str = "agent.sock";

/// A path to the socket that the operating system takes: socket addresses end at 108 bytes, so a long folder is
/// reached through an open handle of it.
struct Address {
    path: PathBuf,
    _folder: Option<std::fs::File>,
}

fn address(folder: &Path) -> io::Result<Address> {
    let path = folder.join(NAME);
    if path.as_os_str().len() < 100 {
        return Ok(Address { path, _folder: None });
    }
    let handle = std::fs::File::open(folder)?;
    let path = PathBuf::from(format!("/proc/self/fd/{}/{NAME}", handle.as_raw_fd()));
    Ok(Address { path, _folder: Some(handle) })
}

fn same_user(stream: &UnixStream) -> io::Result<()> {
    if stream.peer_cred()?.uid() == rustix::process::getuid().as_raw() {
        return Ok(());
    }
    Err(io::Error::new(io::ErrorKind::PermissionDenied, "the other end runs under another user"))
}

/// Opens the socket in a folder. A stale one, left by a killed agent, is replaced.
///
/// # Errors
/// Where another agent serves there, or the folder cannot be used.
pub async fn listen(folder: &Path) -> io::Result<UnixListener> {
    let address = address(folder)?;
    if UnixStream::connect(&address.path).await.is_ok() {
        return Err(io::Error::new(io::ErrorKind::AddrInUse, "an agent runs on this data folder already"));
    }
    match std::fs::remove_file(&address.path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    UnixListener::bind(&address.path)
}

/// Serves one connection: requests in order, each answered by `answer`.
///
/// # Errors
/// Where the connection breaks or belongs to another user.
pub async fn serve<F>(stream: UnixStream, mut answer: impl FnMut(Request) -> F) -> io::Result<()>
where
    F: Future<Output = Response>,
{
    same_user(&stream)?;
    let (read, mut write) = stream.into_split();
    let mut lines = BufReader::new(read);
    loop {
        let mut line = Vec::new();
        let mut limited = (&mut lines).take(MAX_LINE);
        let read = tokio::time::timeout(Duration::from_secs(LINE_S), limited.read_until(b'\n', &mut line));
        if read.await.map_err(|_| io::ErrorKind::TimedOut)?? == 0 {
            return Ok(());
        }
        let response = match serde_json::from_slice(&line) {
            Ok(request) => answer(request).await,
            Err(error) => Response::Error(format!("not a request: {error}")),
        };
        let mut bytes = serde_json::to_vec(&response)?;
        bytes.push(b'\n');
        write.write_all(&bytes).await?;
    }
}

/// Asks a running agent.
///
/// # Errors
/// Where no agent runs on that folder, or it does not answer within `limit`.
pub async fn ask(folder: &Path, request: &Request, limit: Duration) -> io::Result<Response> {
    let exchange = async {
        let address = address(folder)?;
        let mut stream = UnixStream::connect(&address.path).await?;
        same_user(&stream)?;
        let mut bytes = serde_json::to_vec(request)?;
        bytes.push(b'\n');
        stream.write_all(&bytes).await?;
        let mut line = Vec::new();
        BufReader::new(stream.take(MAX_ANSWER)).read_until(b'\n', &mut line).await?;
        Ok(serde_json::from_slice(&line)?)
    };
    tokio::time::timeout(limit, exchange).await.map_err(|_| io::ErrorKind::TimedOut)?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn requests_are_answered_in_order_and_nonsense_gets_a_sentence() {
        let folder = tempfile::tempdir().unwrap();
        let listener = listen(folder.path()).await.unwrap();
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                serve(
                    stream,
                    |request| async move { Response::Ok(serde_json::json!(format!("{request:?}"))) },
                )
                .await
                .unwrap();
            }
        });
        let limit = Duration::from_secs(10);
        let answer = ask(folder.path(), &Request::Memo { memo: "x".into() }, limit).await.unwrap();
        assert_eq!(answer, Response::Ok(serde_json::json!("Memo { memo: \"x\" }")));

        let mut raw = UnixStream::connect(folder.path().join(NAME)).await.unwrap();
        raw.write_all(b"{\"do\":\"dance\"}\n").await.unwrap();
        let mut line = String::new();
        BufReader::new(raw).read_line(&mut line).await.unwrap();
        assert!(line.contains("not a request"), "{line}");
        // Somebody listens there already.
        assert_eq!(listen(folder.path()).await.unwrap_err().kind(), io::ErrorKind::AddrInUse);
    }

    #[tokio::test]
    async fn a_stale_socket_is_replaced_and_a_long_path_works() {
        let folder = tempfile::tempdir().unwrap();
        let long = folder.path().join("a".repeat(100)).join("b".repeat(60));
        std::fs::create_dir_all(&long).unwrap();
        drop(listen(&long).await.unwrap());
        let _listener = listen(&long).await.unwrap();
    }
}
