//! The threads that wait for the agent, so that the one that draws never does: one follows its status, one carries
//! what the person does, one reads what is shown. Queues are bounded; a full one is said, not waited for.

use std::io::Read as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use base64::Engine as _;
use candor_protocol::{
    Answered, AnyRequest, Client, ClientError, GetPicture, GetStatus, Picture, Preview, Status,
};

use super::agent_client::AgentFault;
use super::widgets::screenshot::{self, Screenshot};
use crate::format;
use crate::launch::{AgentLaunch, StartedAgent};

/// How long a status may take: the agent answers after 20 s at the latest.
const STATUS_LIMIT: Duration = Duration::from_secs(30);
/// How long anything else may take: an export or a preview takes seconds.
const LIMIT: Duration = Duration::from_secs(60);
/// How long a started agent may take until it answers.
const START_LIMIT: Duration = Duration::from_secs(60);
/// How many requests may wait.
const QUEUE: usize = 32;
/// The largest invitation file, in bytes.
const MAX_INVITATION: u64 = 64 << 10;

/// What the threads report to the window.
#[derive(Debug)]
pub(crate) enum WorkerEvent {
    /// The agent's new status.
    Status(Box<Status>),
    /// No agent answers; one is being started.
    Starting,
    /// No agent can be reached; says why.
    Lost(String),
    /// The answer to a request, or why there is none.
    Answer(AnyRequest, Result<AgentAnswer, String>),
    /// A segment's picture as it fills the window, by the segment's start.
    LargePicture(u64, Result<Screenshot, String>),
    /// A file that was to be read.
    Invitation(Result<String, String>),
}

/// The answer of the agent, as far as it was read.
#[derive(Debug)]
pub(crate) enum AgentAnswer {
    /// A request with its answer.
    Answered(Answered),
    /// A segment's picture, decoded.
    Picture(Screenshot),
    /// A preview, with its picture decoded.
    Preview(Box<Preview>, Option<Screenshot>),
}

/// What a thread does for the window.
#[derive(Debug)]
enum WorkerJob {
    Ask(AnyRequest),
    LargePicture(u64),
    Invitation(PathBuf),
}

/// The window's end of the threads.
#[derive(Debug)]
pub(crate) struct Worker {
    actions: SyncSender<WorkerJob>,
    reads: SyncSender<WorkerJob>,
    events: Receiver<WorkerEvent>,
    /// Whether an agent may be started if none answers.
    start: Arc<AtomicBool>,
}

impl Worker {
    /// Starts the threads. `wake` is called whenever there is an event.
    pub(crate) fn spawn(
        client: &Client,
        launch: AgentLaunch,
        wake: impl Fn() + Clone + Send + 'static,
    ) -> Self {
        let (to_window, events) = sync_channel(64);
        let start = Arc::new(AtomicBool::new(true));
        let sender = EventSender { to_window, wake };
        let lane = |events: EventSender<_>| {
            let (jobs, queue) = sync_channel(QUEUE);
            let client = client.clone();
            std::thread::spawn(move || run_jobs(&client, &queue, &events));
            jobs
        };
        let (actions, reads) = (lane(sender.clone()), lane(sender.clone()));
        let (client, may_start) = (client.clone(), Arc::clone(&start));
        std::thread::spawn(move || follow_status(&client, &launch, &may_start, &sender));
        Self { actions, reads, events, start }
    }

    /// Asks for something to be done. Returns whether the queue had room for it.
    pub(crate) fn perform(&self, request: AnyRequest) -> bool {
        self.actions.try_send(WorkerJob::Ask(request)).is_ok()
    }

    /// Asks for something to be read. Returns whether the queue had room for it.
    pub(crate) fn read(&self, request: AnyRequest) -> bool {
        self.reads.try_send(WorkerJob::Ask(request)).is_ok()
    }

    /// Asks for a segment's picture as it fills the window.
    pub(crate) fn load_large_picture(&self, start: u64) -> bool {
        self.reads.try_send(WorkerJob::LargePicture(start)).is_ok()
    }

    /// Asks for an invitation file to be read.
    pub(crate) fn read_invitation(&self, path: PathBuf) -> bool {
        self.reads.try_send(WorkerJob::Invitation(path)).is_ok()
    }

    /// Sets whether an agent may be started: after it was quit, it stays quit.
    pub(crate) fn allow_start(&self, may: bool) {
        self.start.store(may, Ordering::Relaxed);
    }

    /// Returns the next event, if there is one.
    pub(crate) fn next_event(&self) -> Option<WorkerEvent> {
        self.events.try_recv().ok()
    }
}

#[derive(Clone)]
struct EventSender<W> {
    to_window: SyncSender<WorkerEvent>,
    wake: W,
}

impl<W: Fn()> EventSender<W> {
    /// Sends an event. Returns whether the window is still there.
    fn send(&self, event: WorkerEvent) -> bool {
        let there = self.to_window.send(event).is_ok();
        (self.wake)();
        there
    }
}

fn run_jobs<W: Fn()>(client: &Client, queue: &Receiver<WorkerJob>, events: &EventSender<W>) {
    while let Ok(job) = queue.recv() {
        let event = match job {
            WorkerJob::Ask(request) => {
                let answered = client.ask_any(request.clone(), LIMIT).map_err(fault_text);
                WorkerEvent::Answer(request, answered.and_then(decode_answer))
            }
            WorkerJob::LargePicture(start) => {
                let picture = client.ask(&GetPicture { start }, LIMIT).map_err(fault_text);
                WorkerEvent::LargePicture(
                    start,
                    picture.and_then(|picture| decode_picture(&picture, screenshot::LARGE_SIDE)),
                )
            }
            WorkerJob::Invitation(path) => WorkerEvent::Invitation(load_invitation(&path)),
        };
        if !events.send(event) {
            return;
        }
    }
}

fn fault_text(error: ClientError) -> String {
    AgentFault::from(error).to_string()
}

/// Decodes pictures here, because this thread may take its time.
fn decode_answer(answered: Answered) -> Result<AgentAnswer, String> {
    match answered {
        Answered::GetPicture(_, picture) => {
            decode_picture(&picture, screenshot::SMALL_SIDE).map(AgentAnswer::Picture)
        }
        Answered::GetPreview(_, mut preview) => {
            let shot = preview
                .picture
                .take()
                .map(|picture| decode_picture(&picture, screenshot::SMALL_SIDE))
                .transpose()?;
            Ok(AgentAnswer::Preview(preview, shot))
        }
        other => Ok(AgentAnswer::Answered(other)),
    }
}

fn decode_picture(picture: &Picture, most: usize) -> Result<Screenshot, String> {
    let bytes = base64::engine::general_purpose::STANDARD.decode(&picture.base64);
    screenshot::decode(&bytes.map_err(|_| "The picture could not be read: it is damaged.".to_owned())?, most)
}

fn load_invitation(path: &std::path::Path) -> Result<String, String> {
    let shown = path.display();
    let unread = |error: std::io::Error| format!("{shown} could not be read: {error}.");
    // A pipe or a device would be read for ever.
    if !std::fs::metadata(path).map_err(unread)?.is_file() {
        return Err(format!("{shown} is not a file. Choose the file that the client sent."));
    }
    let mut text = String::new();
    let file = std::fs::File::open(path).map_err(unread)?;
    let read = file.take(MAX_INVITATION + 1).read_to_string(&mut text);
    if text.len() as u64 > MAX_INVITATION {
        return Err(format!(
            "{shown} is too large to be an invitation. Choose the file that the client sent."
        ));
    }
    let wrong =
        |error| format!("{shown} is not an invitation ({error}). Choose the file that the client sent.");
    read.map(|_| text).map_err(wrong)
}

fn follow_status<W: Fn()>(
    client: &Client,
    launch: &AgentLaunch,
    may_start: &AtomicBool,
    events: &EventSender<W>,
) {
    let mut after = None;
    let mut started: Option<(StartedAgent, Instant)> = None;
    loop {
        let event = match client.ask(&GetStatus { after }, STATUS_LIMIT).map_err(AgentFault::from) {
            Ok(status) => {
                after = Some(status.revision);
                if let Some((agent, _)) = &mut started {
                    agent.mark_answered();
                }
                WorkerEvent::Status(Box::new(status))
            }
            Err(AgentFault::NoAgent) => {
                after = None;
                match ensure_agent_started(launch, may_start, &mut started) {
                    Ok(true) => WorkerEvent::Starting,
                    Ok(false) => WorkerEvent::Lost(AgentFault::NoAgent.to_string()),
                    Err(why) => WorkerEvent::Lost(why),
                }
            }
            Err(trouble) => {
                after = None;
                WorkerEvent::Lost(trouble.to_string())
            }
        };
        let well = matches!(event, WorkerEvent::Status(_));
        if !events.send(event) {
            return;
        }
        if !well {
            std::thread::sleep(Duration::from_millis(400));
        }
    }
}

/// Starts the agent if that is wanted and was not done. Returns whether it is still starting.
fn ensure_agent_started(
    launch: &AgentLaunch,
    may_start: &AtomicBool,
    started: &mut Option<(StartedAgent, Instant)>,
) -> Result<bool, String> {
    if may_start.swap(false, Ordering::Relaxed) {
        *started =
            Some((launch.start().map_err(|why| format::capitalize(&why.to_string()))?, Instant::now()));
        return Ok(true);
    }
    match started {
        Some((agent, since)) => match agent.end_reason() {
            Some(why) => Err(format::capitalize(&why.to_string())),
            None if since.elapsed() > START_LIMIT => Err(AgentFault::Slow.to_string()),
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
        assert_eq!(load_invitation(&file).unwrap(), "candor:join");
        std::fs::write(&file, vec![b' '; MAX_INVITATION as usize + 1]).unwrap();
        assert!(load_invitation(&file).unwrap_err().contains("too large"));
        std::fs::write(&file, [0xff, 0xfe]).unwrap();
        assert!(load_invitation(&file).unwrap_err().contains("is not an invitation"));
        for path in ["/dev/zero", "/proc", "/nothing/here"] {
            let why = load_invitation(std::path::Path::new(path)).unwrap_err();
            assert!(why.contains("is not a file") || why.contains("could not be read"), "{why}");
        }
    }
}
