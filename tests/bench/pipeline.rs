//! Measures the pipeline's parts; `cargo xtask bench pipeline` builds it, runs it and prints the table.
//!
//! - The same rules, in the sandbox and natively, over scenes of 10, 50 and 200 windows.
//! - A picture of a real display on its way to the disk, against the part of it that no tracker can leave out: capture
//!   and encode.
//!
//! Figures go to standard output as JSON. Each is the median of many.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a measurement that cannot be made ends with a panic"
)]

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use candor_agent::clock::SystemClock;
use candor_agent::guard::Guard;
use candor_agent::guard::desktop::{DesktopSource, SensorDesktop};
use candor_agent::guard::frame::MaskedFrame;
use candor_agent::guard::judgement::Policies;
use candor_agent::guard::picture::encode;
use candor_agent::guard::scene::SETTLE_MS;
use candor_journal::{Journal, MasterKey};
use candor_policy_rules::engine::Rules;
use candor_sandbox::model::{self, PictureSize, Scene, SceneKind, Scope};
use candor_sandbox::{Grants, Limits, Policy, Sandbox, SandboxConfig};
use candor_sdk::policy as sdk;
use candor_test_display::display::Display;
use candor_test_driver::places;
use serde_json::{Value, json};

/// Rules of every way to compare, as a client might write them.
const RULES: &str = r#"{"rules": [
    {"match": {"title": {"contains": "secret"}}, "then": "fill"},
    {"match": {"title": {"contains": "payroll"}}, "then": "fill"},
    {"match": {"application": {"exact": "KeePassXC"}}, "then": "skip"},
    {"match": {"application": {"glob": "*mail*"}}, "then": "blur"},
    {"match": {"title": {"regex": "\\b(bank|iban)\\b"}}, "then": "hide-title"}
]}"#;

/// How often a scene is judged.
const JUDGED: usize = 500;

/// How many pictures are taken; each waits for titles, which is not counted.
const PICTURES: usize = 15;

#[tokio::main(worker_threads = 2)]
async fn main() {
    let folder = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::new(SandboxConfig {
        cache_dir: folder.path().join("artefacts"),
        compiler: places::program("candor-compile"),
        limits: Limits::default(),
    })
    .unwrap();
    let mut judged = Vec::new();
    for windows in [10, 50, 200] {
        judged.push(judge(&sandbox, windows).await);
    }
    let picture = picture(&sandbox, folder.path()).await;
    println!("{}", json!({ "judge": judged, "picture": picture }));
}

async fn policy(sandbox: &Sandbox) -> Policy {
    let prepared = sandbox.prepare(&places::guests().join("candor_policy_rules.wasm")).await.unwrap();
    prepared.policy("rules", &Grants::default(), RULES).await.unwrap()
}

/// Titles and applications as they are on a desk; every tenth window is one that a rule covers.
fn title(index: u32) -> String {
    match index % 10 {
        3 => format!("secret: plan {index}"),
        7 => "a page with a title of the length that pages on the web have – and a name – Browser".into(),
        _ => format!("main.rs ({index}) – invoice-service – Editor"),
    }
}

async fn judge(sandbox: &Sandbox, count: u32) -> Value {
    let area = |index: u32| model::Area { x: index as i32 * 7, y: index as i32 * 3, width: 800, height: 600 };
    let windows = (0..count)
        .map(|index| model::Window {
            id: 0,
            app: Some("Editor".into()),
            title: Some(title(index)),
            area: area(index),
            monitor: Some("DP-1".into()),
            focused: index == 0,
            ..model::Window::default()
        })
        .collect();
    let scene = Scene { kind: SceneKind::Snapshot, at: 1_795_780_923_456, windows };
    let mut policy = policy(sandbox).await;
    let mut in_wasm = Vec::new();
    for _ in 0..JUDGED {
        let scene = scene.clone();
        let began = Instant::now();
        std::hint::black_box(policy.judge(scene, None).await.unwrap());
        in_wasm.push(began.elapsed());
    }

    let rules = Rules::parse(RULES).unwrap();
    let same: Vec<sdk::SceneWindow> = (0..count)
        .map(|index| sdk::SceneWindow {
            app: Some("Editor".into()),
            title: Some(title(index)),
            area: {
                let area = area(index);
                candor_sdk::Area { x: area.x, y: area.y, width: area.width, height: area.height }
            },
            monitor: Some("DP-1".into()),
            focused: index == 0,
            ..sdk::SceneWindow::default()
        })
        .collect();
    let mut natively = Vec::new();
    for _ in 0..JUDGED {
        let began = Instant::now();
        std::hint::black_box(rules.judge(std::hint::black_box(&same), sdk::SceneKind::Snapshot));
        natively.push(began.elapsed());
    }
    json!({ "windows": count, "wasm_us": micros(median(in_wasm)), "native_us": micros(median(natively)) })
}

async fn picture(sandbox: &Sandbox, folder: &Path) -> Value {
    let mut display = Display::start("1920x1080x24").unwrap();
    display.openbox().unwrap();
    for (title, place) in
        [("notes", "90x30+40+40"), ("secret: payroll", "80x24+500+330"), ("log", "100x30+900+400")]
    {
        display.xterm(title, place, "ls -la /usr/bin; sleep 3600").unwrap();
        display.window_named(title).unwrap();
    }
    let eyes = Arc::new(SensorDesktop::open(Some(&display.name)).unwrap());
    let whole_screen = candor_sensors::Area { x: 0, y: 0, width: 1920, height: 1080 };
    let policies = Policies::new(Some(Box::new(policy(sandbox).await)), None);
    let guard = Guard::new(Arc::clone(&eyes) as Arc<dyn DesktopSource>, policies, SystemClock::shared());
    let key = MasterKey::load_or_create(&folder.join("journal.key")).unwrap();
    let journal_folder = folder.join("journal");
    std::fs::create_dir(&journal_folder).unwrap();
    let journal = Journal::open(&journal_folder, &key).await.unwrap();
    // The guard judges under the titles of the time before, too.
    tokio::time::sleep(Duration::from_millis(2 * SETTLE_MS)).await;

    let [mut capture, mut guarded, mut encoded, mut committed, mut synced] = [const { Vec::new() }; 5];
    let [mut whole, mut alone] = [const { Vec::new() }; 2];
    for _ in 0..PICTURES {
        let began = Instant::now();
        drop(eyes.capture(whole_screen).await.unwrap());
        let captured = began.elapsed();

        let began = Instant::now();
        let masked = guard.picture(Scope::Desktop).await.unwrap();
        // The wait for titles begins when the screen was read: it hides what follows the reading, and is not counted.
        let guarding = began.elapsed().saturating_sub(Duration::from_millis(SETTLE_MS));

        let began = Instant::now();
        let (bytes, _) = encode_off_thread(masked).await;
        let encoding = began.elapsed();

        let before = journal.stats().await.unwrap();
        let began = Instant::now();
        let blob = journal.put_blob("image/webp", bytes).await.unwrap();
        journal.append("snapshot", Some("bench"), 0, blob.id.into_bytes()).await.unwrap();
        journal.sync().await.unwrap();
        let committing = began.elapsed();
        let after = journal.stats().await.unwrap();
        let syncing =
            (after.synced_time + after.blob_sync_time) - (before.synced_time + before.blob_sync_time);

        capture.push(captured);
        guarded.push(guarding);
        encoded.push(encoding);
        committed.push(committing);
        synced.push(syncing);
        whole.push(captured + guarding + encoding + committing);
        alone.push(captured + encoding);
    }
    json!({
        "capture_ms": millis(median(capture)),
        "judge_and_mask_ms": millis(median(guarded)),
        "encode_ms": millis(median(encoded)),
        "commit_ms": millis(median(committed)),
        "fsync_ms": millis(median(synced)),
        "whole_ms": millis(median(whole)),
        "capture_and_encode_ms": millis(median(alone)),
    })
}

async fn encode_off_thread(masked: MaskedFrame) -> (Vec<u8>, candor_diary::parcel::Snapshot) {
    tokio::task::spawn_blocking(move || encode(&masked, PictureSize::Full).unwrap()).await.unwrap()
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

fn micros(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e7).round() / 10.0
}

fn millis(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e5).round() / 100.0
}
