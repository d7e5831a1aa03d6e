//! What the tests share: the sandbox, and a world that plays every host.

use std::any::Any;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use candor_sandbox::host_traits::{
    AnswerDates, FrameView, GuardedSensors, KeyValueStore, LayoutView, Observations, Secrets,
};
use candor_sandbox::model::{
    Area, Denied, Known, Layout, Minute, Monitor, Note, NoteError, Scope, StoreError, Window,
};
use candor_sandbox::{
    Capability, Collector, CollectorHosts, Grants, Limits, PluginLogLine, PreparedPlugin, Refusal, Sandbox,
    SandboxConfig,
};
use zeroize::Zeroizing;

/// A folder or file of the build: what the variable says, else where xtask puts it.
fn built(variable: &str, default: &str) -> PathBuf {
    std::env::var_os(variable).map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target").join(default),
        PathBuf::from,
    )
}

/// A guest, compiled. The artefacts stay for the next run of the tests.
pub(crate) async fn prepare(guest: &str) -> PreparedPlugin {
    let component =
        built("CANDOR_GUESTS", "guest/wasm32-unknown-unknown/guest").join(format!("{guest}.wasm"));
    let compiler = built("CANDOR_BIN_DIR", "debug").join("candor-compile");
    for path in [&component, &compiler] {
        assert!(path.is_file(), "{} is missing: run cargo xtask test", path.display());
    }
    // Nothing here is about time, and the machine may be busy.
    let long = Duration::from_secs(120);
    let limits = Limits {
        judge: long,
        collector: long,
        uploader: long,
        start: long,
        compile: long,
        backoff: Duration::from_millis(1),
        ..Limits::default()
    };
    let cache_dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("artefacts");
    let sandbox = Sandbox::new(SandboxConfig { cache_dir, compiler, limits }).unwrap();
    sandbox.prepare(&component).await.unwrap()
}

/// A collector with exactly the permissions that it is granted.
pub(crate) async fn collector(
    guest: &str,
    granted: &[Capability],
    settings: &str,
    world: &Arc<World>,
) -> Result<Collector, Refusal> {
    let grants = Grants { capabilities: granted.iter().copied().collect(), ..Grants::default() };
    let hosts = CollectorHosts { sensors: world.clone(), observations: world.clone(), store: world.clone() };
    prepare(guest).await.collector(guest, &grants, settings, hosts).await
}

/// The lines that the plugin itself wrote, with their level.
pub(crate) fn written(log: &[PluginLogLine]) -> Vec<String> {
    log.iter().filter(|line| !line.by_host).map(|line| format!("{:?} {}", line.level, line.text)).collect()
}

/// The places and reasons of a refusal.
pub(crate) fn settings_refused<T>(outcome: Result<T, Refusal>) -> Vec<(String, String)> {
    match outcome {
        Err(Refusal::SettingErrors { errors, .. }) => {
            errors.into_iter().map(|error| (error.place, error.reason)).collect()
        }
        Err(other) => panic!("refused for another reason: {other}"),
        Ok(_) => panic!("not refused"),
    }
}

/// A window with the keyboard.
pub(crate) fn focused(id: u64, app: &str, title: &str) -> Window {
    Window {
        id,
        app: Some(app.into()),
        title: Some(title.into()),
        url: None,
        area: Area { x: 0, y: 0, width: 10, height: 10 },
        monitor: None,
        focused: true,
        private: Known::Unknown,
    }
}

/// Every host at once.
#[derive(Default)]
pub(crate) struct World {
    pub(crate) notes: Mutex<Vec<String>>,
    /// What is on screen.
    pub(crate) windows: Mutex<Vec<Window>>,
    /// What every sensor refuses with, if it does.
    pub(crate) denied: Mutex<Option<Denied>>,
    /// Whether the counter ran.
    pub(crate) counted: bool,
    /// Origin and token.
    pub(crate) token: Option<(String, String)>,
    pub(crate) values: Mutex<BTreeMap<String, Vec<u8>>>,
}

impl World {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self { counted: true, ..Self::default() })
    }

    pub(crate) fn show(&self, windows: Vec<Window>) {
        *self.windows.lock().unwrap() = windows;
    }

    pub(crate) fn deny(&self, denied: Option<Denied>) {
        *self.denied.lock().unwrap() = denied;
    }

    /// What was noted since the last look.
    pub(crate) fn noted(&self) -> Vec<String> {
        std::mem::take(&mut self.notes.lock().unwrap())
    }

    fn allowed(&self) -> Result<(), Denied> {
        self.denied.lock().unwrap().clone().map_or(Ok(()), Err)
    }
}

#[async_trait::async_trait]
impl GuardedSensors for World {
    async fn windows(&self) -> Result<Arc<dyn LayoutView>, Denied> {
        self.allowed()?;
        Ok(Arc::new(Layout { at: 5_000, windows: self.windows.lock().unwrap().clone() }))
    }

    async fn screen(&self, scope: Scope) -> Result<Arc<dyn FrameView>, Denied> {
        self.allowed()?;
        Ok(Arc::new(Picture(scope)))
    }

    async fn camera(&self) -> Result<Arc<dyn FrameView>, Denied> {
        Err(Denied::Unavailable("no camera here".into()))
    }

    async fn minute(&self, start: u64) -> Result<Option<Minute>, Denied> {
        self.allowed()?;
        Ok(self.counted.then_some(Minute { start, keys: 42, clicks: 3, scrolls: 1 }))
    }
}

#[async_trait::async_trait]
impl Observations for World {
    async fn note(&self, note: Note) -> Result<(), NoteError> {
        let text = match note {
            Note::Snapshot { frame, size } => {
                let frame: Arc<Picture> = frame.as_any().downcast().unwrap();
                format!("snapshot {:?} {size:?}", frame.0)
            }
            Note::CameraSnapshot { size, .. } => format!("camera {size:?}"),
            Note::NoSnapshot(denied) => format!("no snapshot: {denied:?}"),
            Note::Focus { window, .. } => {
                format!("focus {:?} {:?} {:?}", window.app, window.title, window.url)
            }
            Note::Activity { minute } => format!("activity {minute}"),
            Note::Custom { kind, body } => format!("{kind} {body}"),
        };
        self.notes.lock().unwrap().push(text);
        Ok(())
    }
}

#[async_trait::async_trait]
impl KeyValueStore for World {
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.values.lock().unwrap().get(key).cloned())
    }

    async fn set(&self, key: &str, value: Vec<u8>) -> Result<(), StoreError> {
        self.values.lock().unwrap().insert(key.to_owned(), value);
        Ok(())
    }

    async fn delete(&self, key: &str) -> Result<(), StoreError> {
        self.values.lock().unwrap().remove(key);
        Ok(())
    }

    async fn list(&self) -> Result<Vec<(String, u64)>, StoreError> {
        let values = self.values.lock().unwrap();
        Ok(values.iter().map(|(key, value)| (key.clone(), value.len() as u64)).collect())
    }
}

impl AnswerDates for World {
    fn answered(&self, _: &str, _: &str) {}
}

impl Secrets for World {
    fn secret(&self, name: &str, origin: &str) -> Option<Zeroizing<String>> {
        let (stored_for, token) = self.token.as_ref()?;
        (name == "device-token" && origin == stored_for).then(|| Zeroizing::new(token.clone()))
    }
}

/// A grey picture of 4 by 2 pixels.
struct Picture(Scope);

impl FrameView for Picture {
    fn width(&self) -> u32 {
        4
    }
    fn height(&self) -> u32 {
        2
    }
    fn taken_at(&self) -> u64 {
        1_000
    }
    fn monitors(&self) -> &[Monitor] {
        &[]
    }
    fn redactions(&self) -> u32 {
        3
    }
    fn rgba(&self) -> &[u8] {
        &[128; 4 * 2 * 4]
    }
    fn as_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync> {
        self
    }
}
