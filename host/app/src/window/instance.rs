//! One window for a data folder: whoever opens another one raises the one that runs, and tells it what to show.

use std::fs::{DirBuilder, File, TryLockError};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::fs::DirBuilderExt as _;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use candor_protocol::socket::Address;
use serde::{Deserialize, Serialize};

use super::start_page::StartPage;

/// How long either side may take to send its line.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long a window may take from its start until it listens.
const BEGINS: Duration = Duration::from_secs(5);
/// The longest line, in bytes.
const LONGEST: u64 = 64 << 10;
/// How many requests may wait.
const QUEUE: usize = 8;
/// The answer to a request that the window has taken.
const RAISED: &str = "raised\n";

/// A request to show something in the window.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct WindowRequest {
    /// The page to show.
    pub page: StartPage,
    /// An invitation that was opened: a link, or the path of a file.
    #[serde(default)]
    pub invitation: Option<String>,
}

/// Whether this program's window is the only one.
pub(super) enum InstanceClaim {
    /// It is, for as long as the instance is kept.
    First(WindowInstance),
    /// Another one runs, and shows what was asked for.
    Raised,
}

/// The one window of a data folder.
pub(super) struct WindowInstance {
    /// Held as long as the window is there.
    lock: File,
    listener: UnixListener,
}

/// Becomes the window of a data folder, or has the one that runs show what was asked for.
///
/// # Errors
/// If a window runs that does not answer, or the data folder cannot be written.
pub(super) fn claim_instance(data: &Path, call: &WindowRequest) -> Result<InstanceClaim> {
    let folder = data.join("run");
    let cannot = || format!("{} cannot be written", folder.display());
    DirBuilder::new().recursive(true).mode(0o700).create(&folder).with_context(cannot)?;
    let lock = File::options().create(true).append(true).open(folder.join("window.lock"));
    let lock = lock.with_context(cannot)?;
    let address = Address::named(&folder, "window.sock").with_context(cannot)?;
    let socket = address.path();
    if call.invitation.as_ref().is_some_and(|invitation| invitation.len() as u64 > LONGEST / 2) {
        bail!("that is too long to be an invitation: copy the whole link from the client, and nothing else");
    }
    let began = Instant::now();
    loop {
        match lock.try_lock() {
            Ok(()) => {
                let _left_behind = std::fs::remove_file(socket);
                let listener = UnixListener::bind(socket).with_context(cannot)?;
                return Ok(InstanceClaim::First(WindowInstance { lock, listener }));
            }
            Err(TryLockError::WouldBlock) => {}
            Err(TryLockError::Error(error)) => return Err(error).with_context(cannot),
        }
        match raise_window(socket, call) {
            Ok(()) => return Ok(InstanceClaim::Raised),
            // It begins, or ends.
            Err(_) if began.elapsed() < BEGINS => thread::sleep(Duration::from_millis(50)),
            Err(error) => bail!("a window is open and does not answer ({error}): close it, then try again"),
        }
    }
}

fn raise_window(socket: &Path, call: &WindowRequest) -> Result<()> {
    let mut stream = UnixStream::connect(socket)?;
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut line = serde_json::to_vec(call)?;
    line.push(b'\n');
    stream.write_all(&line)?;
    let mut answer = String::new();
    BufReader::new(stream.take(LONGEST)).read_line(&mut answer)?;
    if answer == RAISED { Ok(()) } else { bail!("it said {answer:?}") }
}

impl WindowInstance {
    /// Receives what the window is to show from now on. `wake` is called for each request.
    pub(super) fn receive_requests(self, wake: impl Fn() + Send + 'static) -> Receiver<WindowRequest> {
        let (to_window, calls) = sync_channel(QUEUE);
        let Self { lock, listener } = self;
        thread::spawn(move || {
            let _held = lock;
            for stream in listener.incoming().flatten() {
                // What is no request is ignored.
                let Ok((call, mut stream)) = receive_request(stream) else { continue };
                if to_window.try_send(call).is_ok() {
                    wake();
                    let _gone = stream.write_all(RAISED.as_bytes());
                }
            }
        });
        calls
    }
}

fn receive_request(stream: UnixStream) -> Result<(WindowRequest, UnixStream)> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut line = String::new();
    BufReader::new(stream.try_clone()?.take(LONGEST)).read_line(&mut line)?;
    Ok((serde_json::from_str(&line)?, stream))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn call(page: StartPage, invitation: Option<&str>) -> WindowRequest {
        WindowRequest { page, invitation: invitation.map(str::to_owned) }
    }

    fn first(claimed: InstanceClaim) -> WindowInstance {
        match claimed {
            InstanceClaim::First(instance) => instance,
            InstanceClaim::Raised => panic!("another window runs"),
        }
    }

    #[test]
    fn a_second_window_raises_the_first_and_says_what_to_show() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        let instance = first(claim_instance(&data, &call(StartPage::Now, None)).unwrap());
        assert_eq!(std::fs::metadata(data.join("run")).unwrap().permissions().mode() & 0o777, 0o700);
        let calls = instance.receive_requests(|| {});
        let asked = call(StartPage::Outbox, Some("candor:join?code=7QK2"));
        assert!(matches!(claim_instance(&data, &asked).unwrap(), InstanceClaim::Raised));
        assert_eq!(calls.recv_timeout(PATIENCE).unwrap(), asked);
        // Another data folder has a window of its own.
        let other = folder.path().join("other");
        first(claim_instance(&other, &asked).unwrap());
    }

    #[test]
    fn nonsense_is_not_heard_and_stops_nobody() {
        let folder = tempfile::tempdir().unwrap();
        let calls = first(claim_instance(folder.path(), &call(StartPage::Now, None)).unwrap())
            .receive_requests(|| {});
        let socket = folder.path().join("run/window.sock");
        for nonsense in ["\n", "{}\n", "{\"page\":\"moon\"}\n", &"x".repeat(100_000)] {
            let mut stream = UnixStream::connect(&socket).unwrap();
            let _cut = stream.write_all(nonsense.as_bytes());
        }
        assert!(matches!(
            claim_instance(folder.path(), &call(StartPage::Today, None)).unwrap(),
            InstanceClaim::Raised
        ));
        assert_eq!(calls.recv_timeout(PATIENCE).unwrap(), call(StartPage::Today, None));
    }

    #[test]
    fn what_a_killed_window_left_behind_is_in_nobodys_way() {
        let folder = tempfile::tempdir().unwrap();
        drop(first(claim_instance(folder.path(), &call(StartPage::Now, None)).unwrap()));
        assert!(folder.path().join("run/window.sock").exists());
        first(claim_instance(folder.path(), &call(StartPage::Now, None)).unwrap());
    }
}
