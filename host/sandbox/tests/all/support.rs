//! What the tests share: guests, a sandbox, and hosts that remember what they were asked.

use std::any::Any;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use candor_sandbox::host_traits::{
    AnswerDates, AttachmentSource, FrameView, GuardedSensors, KeyValueStore, LayoutView, Observations,
    Secrets,
};
use candor_sandbox::model::{
    Area, Denied, Known, Layout, Minute, Monitor, Note, NoteError, ParcelToDeliver, Scene, SceneKind, Scope,
    StoreError, Window,
};
use candor_sandbox::{
    Capability, Collector, CollectorHosts, Grants, Limits, Policy, PreparedPlugin, Refusal, Sandbox,
    SandboxConfig, Uploader, UploaderHosts,
};
use zeroize::Zeroizing;

/// The component that a guest's crate was built to.
pub(crate) fn guest(name: &str) -> PathBuf {
    let default =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/guest/wasm32-unknown-unknown/guest");
    let folder = std::env::var_os("CANDOR_GUESTS").map_or(default, PathBuf::from);
    let path = folder.join(format!("{name}.wasm"));
    assert!(path.is_file(), "{} is missing: run cargo xtask test", path.display());
    path
}

/// Limits for tests that are not about time: this machine may be busy.
pub(crate) fn patient() -> Limits {
    let long = Duration::from_secs(60);
    Limits {
        judge: long,
        collector: long,
        uploader: long,
        start: long,
        backoff: Duration::from_millis(1),
        ..Limits::default()
    }
}

/// Limits for plugins that never end.
pub(crate) fn brief() -> Limits {
    let short = Duration::from_millis(200);
    Limits { judge: short, collector: short, uploader: short, ..patient() }
}

/// A sandbox whose compiled guests stay for the next run of the tests.
pub(crate) fn sandbox(limits: Limits) -> Sandbox {
    sandbox_in(&Path::new(env!("CARGO_TARGET_TMPDIR")).join("artefacts"), limits)
}

pub(crate) fn sandbox_in(cache_dir: &Path, limits: Limits) -> Sandbox {
    let compiler = PathBuf::from(env!("CARGO_BIN_EXE_candor-compile"));
    Sandbox::new(SandboxConfig { cache_dir: cache_dir.to_owned(), compiler, limits }).unwrap()
}

pub(crate) async fn prepare(name: &str, limits: Limits) -> PreparedPlugin {
    sandbox(limits).prepare(&guest(name)).await.unwrap()
}

/// Everything that the hostile collector asks for.
pub(crate) fn sensors_granted() -> Grants {
    use Capability as C;
    Grants { capabilities: [C::Windows, C::Activity, C::Screen, C::Camera].into(), ..Grants::default() }
}

pub(crate) async fn collector(deed: &str, limits: Limits, world: &Arc<World>) -> Result<Collector, Refusal> {
    let prepared = prepare("hostile_collector", limits).await;
    prepared.collector("hostile", &sensors_granted(), &format!("{deed:?}"), world.hosts()).await
}

pub(crate) async fn policy(deed: &str, limits: Limits) -> Result<Policy, Refusal> {
    let prepared = prepare("hostile_policy", limits).await;
    prepared.policy("hostile", &Grants::default(), &format!("{deed:?}")).await
}

pub(crate) async fn uploader(deeds: &str, limits: Limits, grants: &Grants, world: &Arc<World>) -> Uploader {
    let prepared = prepare("hostile_uploader", limits).await;
    let hosts = UploaderHosts { store: world.clone(), secrets: world.clone(), dates: world.clone() };
    prepared.uploader("hostile", grants, deeds, hosts).await.unwrap()
}

/// What a delivery by the hostile uploader came to, in its own words.
pub(crate) async fn told(uploader: &mut Uploader, attachments: &[&str]) -> String {
    let attachments = attachments.iter().map(|text| Text::new(text)).collect();
    let proof = uploader.deliver(parcel(), attachments).await.unwrap().unwrap();
    String::from_utf8(proof).unwrap()
}

pub(crate) fn parcel() -> ParcelToDeliver {
    ParcelToDeliver {
        id: "0123456789abcdef0123456789abcdef".into(),
        contract: "c1".into(),
        segment_start: 600_000,
        segment_length: 600_000,
        envelope: b"{\"signed\":true}".to_vec(),
    }
}

pub(crate) fn window(id: u64, title: &str) -> Window {
    Window {
        id,
        app: Some("xterm".into()),
        title: Some(title.into()),
        url: None,
        area: Area { x: 0, y: 0, width: 10, height: 10 },
        monitor: None,
        focused: false,
        private: Known::Unknown,
    }
}

pub(crate) fn scene(windows: usize) -> Scene {
    let windows = (0..windows as u64).map(|id| window(id, "title")).collect();
    Scene { kind: SceneKind::Snapshot, at: 1_000, windows }
}

/// All hosts at once. Remembers what it was given.
#[derive(Default)]
pub(crate) struct World {
    pub(crate) notes: Mutex<Vec<String>>,
    pub(crate) values: Mutex<BTreeMap<String, Vec<u8>>>,
    /// What `capture` is refused with.
    pub(crate) denied: Option<Denied>,
    /// Whether `capture` never returns.
    pub(crate) stuck: bool,
    /// Name, origin and secret.
    pub(crate) secrets: Vec<(String, String, String)>,
    /// Origin and date of each answer.
    pub(crate) dates: Mutex<Vec<(String, String)>>,
}

impl World {
    pub(crate) fn new() -> Arc<Self> {
        Arc::default()
    }

    pub(crate) fn hosts(self: &Arc<Self>) -> CollectorHosts {
        CollectorHosts { sensors: self.clone(), observations: self.clone(), store: self.clone() }
    }

    pub(crate) fn notes(&self) -> Vec<String> {
        self.notes.lock().unwrap().clone()
    }
}

#[async_trait::async_trait]
impl GuardedSensors for World {
    async fn windows(&self) -> Result<Arc<dyn LayoutView>, Denied> {
        Ok(Arc::new(Layout { at: 5_000, windows: vec![window(7, "a title")] }))
    }

    async fn screen(&self, _scope: Scope) -> Result<Arc<dyn FrameView>, Denied> {
        if self.stuck {
            std::future::pending::<()>().await;
        }
        match &self.denied {
            Some(denied) => Err(denied.clone()),
            None => Ok(Arc::new(Picture(200))),
        }
    }

    async fn camera(&self) -> Result<Arc<dyn FrameView>, Denied> {
        Ok(Arc::new(Picture(100)))
    }

    async fn minute(&self, start: u64) -> Result<Option<Minute>, Denied> {
        Ok(Some(Minute { start, keys: 42, clicks: 0, scrolls: 0 }))
    }
}

#[async_trait::async_trait]
impl Observations for World {
    async fn note(&self, note: Note) -> Result<(), NoteError> {
        let text = match note {
            Note::Snapshot { frame, size } => {
                format!("snapshot {}x{} {size:?}", frame.width(), frame.height())
            }
            Note::CameraSnapshot { size, .. } => format!("camera {size:?}"),
            Note::NoSnapshot(denied) => format!("no snapshot: {denied:?}"),
            Note::Focus { layout, window, .. } => {
                format!("focus {:?} {:?} at {}", window.app, window.title, layout.layout().at)
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

impl Secrets for World {
    fn secret(&self, name: &str, origin: &str) -> Option<Zeroizing<String>> {
        let found = self.secrets.iter().find(|(n, o, _)| n == name && o == origin);
        found.map(|(_, _, secret)| Zeroizing::new(secret.clone()))
    }
}

impl AnswerDates for World {
    fn answered(&self, origin: &str, date: &str) {
        self.dates.lock().unwrap().push((origin.to_owned(), date.to_owned()));
    }
}

/// A picture of 4 by 2 pixels, all of one red.
pub(crate) struct Picture(pub(crate) u8);

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
        0
    }
    fn rgba(&self) -> &[u8] {
        static PICTURES: std::sync::OnceLock<Vec<Vec<u8>>> = std::sync::OnceLock::new();
        let all = PICTURES.get_or_init(|| (0..=u8::MAX).map(|red| [red, 0, 0, 0].repeat(8)).collect());
        &all[usize::from(self.0)]
    }
    fn as_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync> {
        self
    }
}

/// An attachment with this text.
pub(crate) struct Text(String);

impl Text {
    #[allow(clippy::new_ret_no_self, reason = "only ever used behind the trait")]
    pub(crate) fn new(text: &str) -> Arc<dyn AttachmentSource> {
        Arc::new(Self(text.to_owned()))
    }
}

#[async_trait::async_trait]
impl AttachmentSource for Text {
    fn length(&self) -> u64 {
        self.0.len() as u64
    }
    fn sha256(&self) -> &str {
        "00"
    }
    fn media_type(&self) -> &str {
        "text/plain"
    }
    async fn read(&self, offset: u64, count: u32) -> Result<Vec<u8>, String> {
        Ok(self.0.bytes().skip(offset as usize).take(count as usize).collect())
    }
}
