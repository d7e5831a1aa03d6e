//! The threads that wait for the agent, so that the one that draws never does: one follows its status, one carries
//! what the person does, one reads what is shown. Queues are bounded; a full one is said, not waited for.

use std::io::Read as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use base64::Engine as _;
use candor_protocol::{Picture, Preview, Request, Status};
use serde_json::Value;

use super::client::{Client, Trouble};
use super::parts::shot::{self, Shot};
use super::words;
use crate::launch::{Launch, Started};

/// How long a status may take: the agent answers after 20 s at the latest.
const STATUS_LIMIT: Duration = Duration::from_secs(30);
/// How long anything else may take: an export or a preview takes seconds.
const LIMIT: Duration = Duration::from_secs(60);
/// How long a started agent may take until it answers.
const START_LIMIT: Duration = Duration::from_secs(60);
/// How many requests may wait.
const QUEUE: usize = 32;
/// The largest invitation file, in bytes.
const INVITATION: u64 = 64 << 10;

/// What the threads tell the window.
#[derive(Debug)]
pub(crate) enum Event {
    /// The agent's state.
    Status(Box<Status>),
    /// No agent answers; one is being started.
    Starting,
    /// No agent can be reached; says why.
    Lost(String),
    /// An answer.
    AgentAnswer(Request, Result<AgentAnswer, String>),
    /// A segment's picture as it fills the window, by the segment's start.
    Large(u64, Result<Shot, String>),
    /// A file that was to be read.
    File(Result<String, String>),
}

/// What was answered.
#[derive(Debug)]
pub(crate) enum AgentAnswer {
    /// As the agent said it.
    Value(Value),
    /// A picture, decoded.
    Picture(Shot),
    /// A preview, its picture decoded.
    Preview(Box<Preview>, Option<Shot>),
}

/// What is done for the window.
#[derive(Debug)]
enum Job {
    Ask(Request),
    Large(u64),
    File(PathBuf),
}

/// The threads.
#[derive(Debug)]
pub(crate) struct Worker {
    deeds: SyncSender<Job>,
    reads: SyncSender<Job>,
    events: Receiver<Event>,
    /// Whether an agent may be started where none answers.
    start: Arc<AtomicBool>,
}

impl Worker {
    /// Starts the threads. `wake` is called whenever there is an event.
    pub(crate) fn spawn(
        client: Arc<dyn Client>,
        launch: Launch,
        wake: impl Fn() + Clone + Send + 'static,
    ) -> Self {
        let (to_window, events) = sync_channel(64);
        let start = Arc::new(AtomicBool::new(true));
        let tell = EventSender { to_window, wake };
        let lane = |tell: EventSender<_>| {
            let (jobs, queue) = sync_channel(QUEUE);
            let client = Arc::clone(&client);
            std::thread::spawn(move || carry(client.as_ref(), &queue, &tell));
            jobs
        };
        let (deeds, reads) = (lane(tell.clone()), lane(tell.clone()));
        let may_start = Arc::clone(&start);
        std::thread::spawn(move || follow(client.as_ref(), &launch, &may_start, &tell));
        Self { deeds, reads, events, start }
    }

    /// Asks for something to be done. Whether there was room for it.
    pub(crate) fn deed(&self, request: Request) -> bool {
        self.deeds.try_send(Job::Ask(request)).is_ok()
    }

    /// Asks for something to be read. Whether there was room for it.
    pub(crate) fn read(&self, request: Request) -> bool {
        self.reads.try_send(Job::Ask(request)).is_ok()
    }

    /// Asks for a segment's picture as it fills the window.
    pub(crate) fn large(&self, start: u64) -> bool {
        self.reads.try_send(Job::Large(start)).is_ok()
    }

    /// Asks for an invitation file to be read.
    pub(crate) fn file(&self, path: PathBuf) -> bool {
        self.reads.try_send(Job::File(path)).is_ok()
    }

    /// Lets an agent be started, or not: after it was quit it stays so.
    pub(crate) fn may_start(&self, may: bool) {
        self.start.store(may, Ordering::Relaxed);
    }

    /// The next event.
    pub(crate) fn event(&self) -> Option<Event> {
        self.events.try_recv().ok()
    }
}

#[derive(Clone)]
struct EventSender<W> {
    to_window: SyncSender<Event>,
    wake: W,
}

impl<W: Fn()> EventSender<W> {
    /// Whether the window is still there.
    fn tell(&self, event: Event) -> bool {
        let there = self.to_window.send(event).is_ok();
        (self.wake)();
        there
    }
}

fn carry<W: Fn()>(client: &dyn Client, queue: &Receiver<Job>, tell: &EventSender<W>) {
    while let Ok(job) = queue.recv() {
        let event = match job {
            Job::Ask(request) => {
                let answer = client.ask(&request, LIMIT).map_err(|trouble| trouble.to_string());
                let answer = answer.and_then(|value| understood(&request, value));
                Event::AgentAnswer(request, answer)
            }
            Job::Large(start) => {
                let answer = client.ask(&Request::Picture { start }, LIMIT).map_err(|why| why.to_string());
                let picture = answer.and_then(|value| serde_json::from_value(value).map_err(garbled));
                Event::Large(start, picture.and_then(|picture| decoded(&picture, shot::LARGE)))
            }
            Job::File(path) => Event::File(invitation(&path)),
        };
        if !tell.tell(event) {
            return;
        }
    }
}

fn garbled(error: serde_json::Error) -> String {
    Trouble::Garbled(error.to_string()).to_string()
}

/// Decodes pictures here, where it may take its time.
fn understood(request: &Request, value: Value) -> Result<AgentAnswer, String> {
    match request {
        Request::Picture { .. } => {
            let picture: Picture = serde_json::from_value(value).map_err(garbled)?;
            decoded(&picture, shot::SMALL).map(AgentAnswer::Picture)
        }
        Request::Preview { .. } => {
            let mut preview: Preview = serde_json::from_value(value).map_err(garbled)?;
            let shot = preview.picture.take().map(|picture| decoded(&picture, shot::SMALL)).transpose()?;
            Ok(AgentAnswer::Preview(Box::new(preview), shot))
        }
        _ => Ok(AgentAnswer::Value(value)),
    }
}

fn decoded(picture: &Picture, most: usize) -> Result<Shot, String> {
    let bytes = base64::engine::general_purpose::STANDARD.decode(&picture.base64);
    shot::decode(&bytes.map_err(|_| "The picture could not be read: it is damaged.".to_owned())?, most)
}

fn invitation(path: &std::path::Path) -> Result<String, String> {
    let shown = path.display();
    let unread = |error: std::io::Error| format!("{shown} could not be read: {error}.");
    // A pipe or a device would be read for ever.
    if !std::fs::metadata(path).map_err(unread)?.is_file() {
        return Err(format!("{shown} is not a file. Choose the file that the client sent."));
    }
    let mut text = String::new();
    let file = std::fs::File::open(path).map_err(unread)?;
    let read = file.take(INVITATION + 1).read_to_string(&mut text);
    if text.len() as u64 > INVITATION {
        return Err(format!(
            "{shown} is too large to be an invitation. Choose the file that the client sent."
        ));
    }
    let wrong =
        |error| format!("{shown} is not an invitation ({error}). Choose the file that the client sent.");
    read.map(|_| text).map_err(wrong)
}

fn follow<W: Fn()>(client: &dyn Client, launch: &Launch, may_start: &AtomicBool, tell: &EventSender<W>) {
    let mut after = None;
    let mut started: Option<(Started, Instant)> = None;
    loop {
        let event = match client.ask(&Request::Status { after }, STATUS_LIMIT) {
            Ok(value) => match serde_json::from_value::<Status>(value) {
                Ok(status) => {
                    after = Some(status.revision);
                    if let Some((agent, _)) = &mut started {
                        agent.answers();
                    }
                    Event::Status(Box::new(status))
                }
                Err(error) => Event::Lost(Trouble::Garbled(error.to_string()).to_string()),
            },
            Err(Trouble::NoAgent) => {
                after = None;
                match beginning(launch, may_start, &mut started) {
                    Ok(true) => Event::Starting,
                    Ok(false) => Event::Lost(Trouble::NoAgent.to_string()),
                    Err(why) => Event::Lost(why),
                }
            }
            Err(trouble) => {
                after = None;
                Event::Lost(trouble.to_string())
            }
        };
        let well = matches!(event, Event::Status(_));
        if !tell.tell(event) {
            return;
        }
        if !well {
            std::thread::sleep(Duration::from_millis(400));
        }
    }
}

/// Starts the agent, where that is wanted and was not done; whether it is still beginning.
fn beginning(
    launch: &Launch,
    may_start: &AtomicBool,
    started: &mut Option<(Started, Instant)>,
) -> Result<bool, String> {
    if may_start.swap(false, Ordering::Relaxed) {
        *started = Some((launch.start().map_err(|why| words::sentence(&why.to_string()))?, Instant::now()));
        return Ok(true);
    }
    match started {
        Some((agent, since)) => match agent.ended() {
            Some(why) => Err(words::sentence(&why.to_string())),
            None if since.elapsed() > START_LIMIT => Err(Trouble::Slow.to_string()),
            None => Ok(true),
        },
        None => Ok(false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invitation_is_a_small_file_and_nothing_that_is_read_for_ever() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("invitation.json");
        std::fs::write(&file, "candor:join").unwrap();
        assert_eq!(invitation(&file).unwrap(), "candor:join");
        std::fs::write(&file, vec![b' '; INVITATION as usize + 1]).unwrap();
        assert!(invitation(&file).unwrap_err().contains("too large"));
        std::fs::write(&file, [0xff, 0xfe]).unwrap();
        assert!(invitation(&file).unwrap_err().contains("is not an invitation"));
        for path in ["/dev/zero", "/proc", "/nothing/here"] {
            let why = invitation(std::path::Path::new(path)).unwrap_err();
            assert!(why.contains("is not a file") || why.contains("could not be read"), "{why}");
        }
    }
}
