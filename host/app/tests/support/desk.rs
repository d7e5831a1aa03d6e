//! The real window on a display of its own, and an agent for it: a socket that speaks the real protocol, holds a
//! [`World`], lets requests change it as an agent would, and remembers them.

use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::fs::DirBuilderExt as _;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use candor_protocol::{
    AnswerIdle, AnyRequest, CurrentContract, GetStatus, IdleAnswer, Response, SetLabel, SetMemo,
    StartTracking, SwitchContract,
};
use candor_test_display::display::Display as Screen;

use super::states::World;

/// How long anything may take to show before a test gives up: machines under test are busy.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// An agent on a socket.
#[derive(Clone)]
pub struct Agent(Arc<(Mutex<Inner>, Condvar)>);

struct Inner {
    world: World,
    asked: Vec<AnyRequest>,
}

impl Agent {
    /// Serves a world in a data folder.
    pub fn serve(data: &Path, world: World) -> Self {
        let agent = Self(Arc::new((Mutex::new(Inner { world, asked: Vec::new() }), Condvar::new())));
        let run = data.join("run");
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&run).unwrap();
        let path = run.join("agent.sock");
        let _ = std::fs::remove_file(&path);
        let listener = UnixListener::bind(path).unwrap();
        let serving = agent.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let agent = serving.clone();
                std::thread::spawn(move || agent.talk(stream));
            }
        });
        agent
    }

    fn talk(&self, stream: UnixStream) {
        let mut write = stream.try_clone().unwrap();
        for line in BufReader::new(stream).lines() {
            let Ok(line) = line else { return };
            let request: AnyRequest = serde_json::from_str(&line).unwrap_or_else(|e| panic!("{line}: {e}"));
            let response = self.answer(&request);
            let mut bytes = serde_json::to_vec(&response).unwrap();
            bytes.push(b'\n');
            if write.write_all(&bytes).is_err() {
                return;
            }
        }
    }

    fn answer(&self, request: &AnyRequest) -> Response {
        let (lock, changed) = &*self.0;
        let mut inner = lock.lock().unwrap();
        if let AnyRequest::GetStatus(GetStatus { after: Some(after) }) = request {
            let same = |inner: &mut Inner| inner.world.status.revision == *after;
            inner = changed.wait_timeout_while(inner, Duration::from_secs(20), same).unwrap().0;
        }
        if !matches!(request, AnyRequest::GetStatus(_) | AnyRequest::ReportSigns(_)) {
            inner.asked.push(request.clone());
            if react(&mut inner.world, request) {
                inner.world.status.revision += 1;
            }
            changed.notify_all();
        }
        inner.world.answer(request)
    }

    /// Changes the world.
    pub fn change(&self, change: impl FnOnce(&mut World)) {
        let (lock, changed) = &*self.0;
        let mut inner = lock.lock().unwrap();
        change(&mut inner.world);
        inner.world.status.revision += 1;
        changed.notify_all();
    }

    /// What was asked for so far, the status aside.
    pub fn asked(&self) -> Vec<AnyRequest> {
        self.0.0.lock().unwrap().asked.clone()
    }

    /// Waits until something is so.
    pub fn until(&self, what: &str, so: impl Fn(&World, &[AnyRequest]) -> bool) {
        let (lock, changed) = &*self.0;
        let inner = lock.lock().unwrap();
        let (inner, timeout) =
            changed.wait_timeout_while(inner, PATIENCE, |inner| !so(&inner.world, &inner.asked)).unwrap();
        assert!(!timeout.timed_out(), "{what}: asked {:?}", inner.asked);
    }

    /// Waits until something was asked for.
    pub fn until_asked(&self, request: &AnyRequest) {
        self.until(&format!("{request:?} is asked for"), |_, asked| asked.contains(request));
    }
}

/// What an agent's state becomes. Whether it changed.
fn react(world: &mut World, request: &AnyRequest) -> bool {
    let status = &mut world.status;
    match request {
        AnyRequest::StartTracking(StartTracking { memo, .. }) => {
            (status.tracking, status.paused_since, status.since) = (true, None, Some(status.now));
            if let Some(memo) = memo {
                status.memo = Some(memo.clone());
            }
        }
        AnyRequest::StopTracking(_) => (status.tracking, status.since) = (false, None),
        AnyRequest::PauseTracking(_) => status.paused_since = Some(status.now),
        AnyRequest::SetMemo(SetMemo { memo }) => status.memo = Some(memo.clone()),
        AnyRequest::SetLabel(SetLabel { label }) => status.label.clone_from(label),
        AnyRequest::AcceptNotice(_) => {
            (status.notice_accepted, world.accepted) = (true, true);
        }
        AnyRequest::RemovePicture(_) => status.last_picture = None,
        AnyRequest::AnswerIdle(AnswerIdle { answer }) => {
            status.question = None;
            if let IdleAnswer::Manual(memo) = answer {
                status.memo = Some(memo.clone());
            }
        }
        AnyRequest::SwitchContract(SwitchContract { contract }) => {
            if let Some(other) = status.contracts.iter().find(|c| c.id == *contract) {
                let (id, title, client) = (other.id.clone(), other.title.clone(), other.client.clone());
                status.current = Some(CurrentContract { id, title, client });
                status.notice_accepted = true;
            }
        }
        AnyRequest::ImportInvitation(_) => {
            let joined = super::states::world("first-run");
            status.contracts.clone_from(&joined.status.contracts);
            status.current.clone_from(&joined.status.current);
        }
        _ => return false,
    }
    true
}

/// A display with nobody else on it, and the window on it.
pub struct Display {
    screen: Screen,
    window: Option<Child>,
    /// How the window is painted, as `CANDOR_RENDERER` says it.
    pub renderer: &'static str,
}

impl Display {
    /// Starts it, `size` as Xvfb spells it.
    pub fn start(size: &str) -> Self {
        Self { screen: Screen::start(size).unwrap(), window: None, renderer: "" }
    }

    /// Starts a window manager, so that the window has the keyboard.
    pub fn openbox(&mut self) {
        self.screen.openbox().unwrap();
    }

    /// Opens the real window on a data folder.
    pub fn open(&mut self, data: &Path, agent: &Path) {
        let mut window = self.screen.command(env!("CARGO_BIN_EXE_candor"), &["--data"]);
        window.arg(data).arg("--agent").arg(agent);
        window.env("TZ", "UTC").env("USER", "Mara Oduya").env("LIBGL_ALWAYS_SOFTWARE", "1");
        window.env("CANDOR_RENDERER", self.renderer);
        self.window = Some(window.spawn().unwrap());
        self.window();
    }

    /// The display's name.
    pub fn name(&self) -> &str {
        &self.screen.name
    }

    /// The window's id, once it shows.
    pub fn window(&self) -> u32 {
        self.screen.window_named("Candor").unwrap()
    }

    /// Makes the window this large, at the corner, and moves the pointer off it.
    pub fn resize(&self, width: u32, height: u32) {
        let (window, width, height) = (self.window().to_string(), width.to_string(), height.to_string());
        self.screen.run("xdotool", &["windowmove", &window, "0", "0"]).unwrap();
        self.screen.run("xdotool", &["windowsize", &window, &width, &height]).unwrap();
        self.screen.run("xdotool", &["mousemove", "799", "799"]).unwrap();
    }

    /// Presses keys, one after the other.
    pub fn keys(&self, keys: &[&str]) {
        self.screen.keys(keys).unwrap();
    }

    /// The window as a picture, into a file. Waits until two pictures in a row are the same.
    pub fn shoot(&self, file: &Path) {
        let until = Instant::now() + PATIENCE;
        let mut last = Vec::new();
        loop {
            self.screen.shoot(self.window(), file).unwrap();
            let now = pixels(file);
            if now == last || Instant::now() > until {
                return;
            }
            last = now;
            std::thread::sleep(Duration::from_millis(300));
        }
    }

    /// Whether the window's program still runs.
    pub fn runs(&mut self) -> bool {
        self.window.as_mut().is_some_and(|window| matches!(window.try_wait(), Ok(None)))
    }
}

impl Drop for Display {
    fn drop(&mut self) {
        if let Some(window) = &mut self.window {
            let _ = window.kill();
            let _ = window.wait();
        }
    }
}

/// A picture's pixels, as RGB.
pub fn pixels(file: &Path) -> Vec<[u8; 3]> {
    let output = Command::new("convert").arg(file).args(["-depth", "8", "rgb:-"]).output().unwrap();
    output.stdout.chunks_exact(3).map(|c| [c[0], c[1], c[2]]).collect()
}

/// A program that does nothing, where no agent is to be started.
pub fn no_agent(folder: &Path) -> PathBuf {
    folder.join("no-such-agent")
}
