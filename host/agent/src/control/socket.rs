//! The control socket: how the command line, a window and tests talk to a running agent.
//!
//! One JSON object a line in, one a line out. The socket lies in a 0700 folder, and both ends check that the other
//! runs under the same user.

use std::io;
use std::path::Path;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{UnixListener, UnixStream};

use candor_protocol::socket::Address;
use candor_protocol::{AnyRequest, RequestError, RequestErrorKind, Response};

/// The longest request that is read, in bytes.
const MAX_LINE: u64 = 1 << 20;
/// How long a connection may be silent, in seconds.
const LINE_S: u64 = 60;
fn same_user(stream: &UnixStream) -> io::Result<()> {
    if stream.peer_cred()?.uid() == rustix::process::getuid().as_raw() {
        return Ok(());
    }
    Err(io::Error::new(io::ErrorKind::PermissionDenied, "the other end runs under another user"))
}

/// Opens the socket in a folder. A stale one, left by a killed agent, is replaced.
///
/// # Errors
/// If another agent serves there, or the folder cannot be used.
pub async fn listen(folder: &Path) -> io::Result<UnixListener> {
    let address = Address::in_folder(folder)?;
    if UnixStream::connect(address.path()).await.is_ok() {
        return Err(io::Error::new(io::ErrorKind::AddrInUse, "an agent runs on this data folder already"));
    }
    match std::fs::remove_file(address.path()) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    UnixListener::bind(address.path())
}

/// Serves one connection: requests in order, each answered by `answer`.
///
/// # Errors
/// If the connection breaks or belongs to another user.
pub async fn serve<F>(stream: UnixStream, mut answer: impl FnMut(AnyRequest) -> F) -> io::Result<()>
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
            Err(error) => Response::Error(RequestError::new(
                RequestErrorKind::UnknownRequest,
                format!("not a request: {error}"),
            )),
        };
        let mut bytes = serde_json::to_vec(&response)?;
        bytes.push(b'\n');
        write.write_all(&bytes).await?;
    }
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
        let mut raw = UnixStream::connect(Address::in_folder(folder.path()).unwrap().path()).await.unwrap();
        raw.write_all(b"{\"do\":\"memo\",\"memo\":\"x\"}\n{\"do\":\"dance\"}\n").await.unwrap();
        let mut lines = BufReader::new(raw).lines();
        let line = lines.next_line().await.unwrap().unwrap();
        assert_eq!(line, r#"{"ok":"SetMemo(SetMemo { memo: \"x\" })"}"#);
        let line = lines.next_line().await.unwrap().unwrap();
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
