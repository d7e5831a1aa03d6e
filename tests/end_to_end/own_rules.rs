//! What the worker's own rules hide, a client's policy does not learn: real hostile policies in the real sandbox, before a
//! screen that can be painted in two ways. Whatever the policy tries, nothing that leaves the guard may tell which of the
//! two it was.

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use candor_agent::clock::{Clock, FastClock};
use candor_agent::guard::Guard;
use candor_agent::guard::desktop::DesktopSource;
use candor_agent::guard::judgement::{Judge, OWN_RULE, Policies};
use candor_sandbox::host_traits::FrameView as _;
use candor_sandbox::model::{Scope, WindowFacts};
use candor_sandbox::{Capability, Grants, Limits, Sandbox, SandboxConfig};
use candor_sensors::{Area, Layout, Monitor, RawFrame, SensorError, WindowKind, WindowState};
use candor_test_driver::places;
use tokio::sync::watch;
use zeroize::Zeroizing;

const SCREEN: Area = Area { x: 0, y: 0, width: 640, height: 400 };
const HIDDEN: Area = Area { x: 300, y: 100, width: 200, height: 160 };
const POPUP: Area = Area { x: 20, y: 300, width: 100, height: 60 };
const NOTIFICATION: Area = Area { x: 520, y: 10, width: 110, height: 60 };
const PANEL: Area = Area { x: 0, y: 380, width: 640, height: 20 };

/// What only the worker may know.
#[derive(Clone, Copy)]
struct Secret {
    /// The titles that the hidden window had around the picture, the last one when it was taken.
    titles: &'static [&'static str],
    /// Which application it is of.
    app: &'static str,
    /// What its menu, the panel and a notification say.
    elsewhere: &'static str,
    /// The colour that stands for how all of that is painted.
    ink: u8,
}

const ONE: Secret =
    Secret { titles: &["salary 1234"], app: "Payroll", elsewhere: "salary of the boss", ink: 10 };
const OTHER: Secret = Secret {
    titles: &["divorce lawyer", "divorce: the second title", "divorce, more of it"],
    app: "Tinder",
    elsewhere: "divorce",
    ink: 200,
};

struct Painted {
    secret: Secret,
    /// What is painted in the secret's ink.
    inked: &'static [Area],
    clock: Arc<dyn Clock>,
    changes: watch::Sender<u64>,
}

impl Painted {
    fn layout(&self, generation: u64, title: &str) -> Arc<Layout> {
        let window = |id: u64, app: &str, title: &str, area: Area| WindowState {
            id,
            app: Some(app.to_owned()),
            title: Some(title.to_owned()),
            pid: None,
            owner: None,
            may_belong_to: Vec::new(),
            area,
            title_bar: None,
            opaque: true,
            shows_titles: false,
            notifies: false,
            focused: id == 1,
            kind: WindowKind::Normal,
        };
        let windows = vec![
            window(1, "Editor", "notes", Area { width: 250, height: 250, ..SCREEN }),
            window(2, self.secret.app, title, HIDDEN),
            WindowState {
                owner: Some(2),
                kind: WindowKind::Popup,
                ..window(3, self.secret.app, self.secret.elsewhere, POPUP)
            },
            WindowState { shows_titles: true, ..window(4, "Panel", self.secret.elsewhere, PANEL) },
            WindowState {
                kind: WindowKind::Popup,
                notifies: true,
                ..window(5, "Notify", self.secret.elsewhere, NOTIFICATION)
            },
        ];
        let monitors = vec![Monitor { name: "painted".to_owned(), area: SCREEN }];
        Arc::new(Layout { at: 0, generation, windows, monitors })
    }
}

fn holds(area: Area, x: i32, y: i32) -> bool {
    let (right, bottom) = (area.x + area.width as i32, area.y + area.height as i32);
    (area.x..right).contains(&x) && (area.y..bottom).contains(&y)
}

#[async_trait]
impl DesktopSource for Painted {
    fn current(&self) -> Result<Arc<Layout>, SensorError> {
        Ok(self.layout(9, self.secret.titles.last().unwrap()))
    }

    fn span(&self, _from: u64, _to: u64) -> Result<Vec<Arc<Layout>>, SensorError> {
        Ok((1..).zip(self.secret.titles).map(|(n, title)| self.layout(n, title)).collect())
    }

    async fn barrier(&self) -> Result<(), SensorError> {
        Ok(())
    }

    async fn capture(&self, area: Area) -> Result<RawFrame, SensorError> {
        let mut rgba = Vec::new();
        for y in 0..area.height as i32 {
            for x in 0..area.width as i32 {
                let secret = self.inked.iter().any(|a| holds(*a, x, y));
                let shade = if secret { self.secret.ink } else { (x % 100) as u8 };
                rgba.extend([shade, shade, 90, 255]);
            }
        }
        Ok(RawFrame::new(area, self.clock.now(), Zeroizing::new(rgba)))
    }

    fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }
}

async fn policy(cache: &Path, file: &str, settings: &str) -> Box<dyn Judge> {
    let config = SandboxConfig {
        cache_dir: cache.join("artefacts"),
        compiler: places::program("candor-compile"),
        limits: Limits::default(),
    };
    let sandbox = Sandbox::new(config).unwrap();
    let prepared = sandbox.prepare(&places::guests().join(file)).await.unwrap();
    let capabilities = if file.contains("peeker") { [Capability::Pixels].into() } else { [].into() };
    let grants = Grants { capabilities, ..Grants::default() };
    Box::new(prepared.policy("under-test", &grants, settings).await.unwrap())
}

/// Everything that leaves the guard: the picture with what is said of it, the windows, whether a note may be recorded.
async fn leaves(
    client: Box<dyn Judge>,
    own: Option<Box<dyn Judge>>,
    secret: Secret,
    inked: &'static [Area],
) -> String {
    let clock = FastClock::shared(1_795_737_600_000, 40);
    let (changes, _) = watch::channel(0);
    let eyes = Painted { secret, inked, clock: Arc::clone(&clock), changes };
    let guard = Guard::new(Arc::new(eyes), Policies::new(Some(client), own), clock);
    guard.allow_facts(WindowFacts { app: true, title: true, url: true });
    let picture = guard.picture(Scope::Desktop).await.map(|picture| {
        let focus = picture.focus().map(|f| (f.app.clone(), f.title.clone(), f.hidden_by.clone()));
        let sum = picture.rgba().iter().fold(7_u64, |sum, byte| sum.wrapping_mul(31) + u64::from(*byte));
        (picture.covered().to_vec(), focus, sum)
    });
    let mut windows = guard.windows().await;
    if let Ok(judged) = &mut windows {
        judged.layout.at = 0;
    }
    format!("{picture:?}\n{windows:?}\n{:?}", guard.check_custom().await)
}

const DEEDS: [&str; 9] = [
    "leak by coordinates",
    "leak by one far edge",
    "leak by order",
    "leak by rule",
    "leak by count",
    "leak by cover",
    "leak by hiding",
    "leak by skip",
    "leak by failure",
];

fn own_rule(then: &str) -> String {
    format!(r#"{{"rules": [{{"match": {{"title": {{"regex": "salary|divorce"}}}}, "then": "{then}"}}]}}"#)
}

const OWN: &str = "candor_policy_rules.wasm";
const HOSTILE: &str = "hostile_policy.wasm";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn invariant_05_a_hostile_policy_learns_nothing_of_what_own_rules_hide() {
    let cache = tempfile::tempdir().unwrap();
    let cache = cache.path();
    // A blur shows the average colour, and a hidden title what is below the title bar.
    let cases: [(&str, &[Area]); 4] = [
        ("fill", &[HIDDEN, POPUP, NOTIFICATION, PANEL]),
        ("blur", &[NOTIFICATION, PANEL]),
        ("skip", &[HIDDEN, POPUP, NOTIFICATION, PANEL]),
        ("hide-title", &[Area { height: 20, ..HIDDEN }, NOTIFICATION, PANEL]),
    ];
    for (then, inked) in cases {
        for deed in DEEDS {
            let mut told = Vec::new();
            for secret in [ONE, OTHER] {
                // A rule that hides a title alone leaves the application's name.
                let app = if then == "hide-title" { "Private" } else { secret.app };
                let secret = Secret { app, ..secret };
                let client = policy(cache, HOSTILE, &format!("\"{deed}\"")).await;
                let own = policy(cache, OWN, &own_rule(then)).await;
                told.push(leaves(client, Some(own), secret, inked).await);
            }
            assert_eq!(told[0], told[1], "{deed}, own rule: {then}");
            for text in ["salary", "divorce", ONE.app, OTHER.app] {
                assert!(!told[0].contains(text), "{deed}, own rule: {then}: {}", told[0]);
            }
        }
    }
    // Without own rules the policy does see it: the test would, too.
    let mut told = Vec::new();
    for secret in [ONE, OTHER] {
        let client = policy(cache, HOSTILE, "\"leak by failure\"").await;
        told.push(leaves(client, None, secret, &[]).await);
    }
    assert!(told[0].contains("RuleFailed") && !told[1].contains("RuleFailed"), "{told:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn invariant_05_a_policy_that_looks_into_pictures_sees_what_own_rules_leave() {
    let cache = tempfile::tempdir().unwrap();
    let mut told = Vec::new();
    for own in [true, false] {
        for secret in [ONE, OTHER] {
            let peeker = policy(cache.path(), "hostile_peeker.wasm", "{}").await;
            let own = if own { Some(policy(cache.path(), OWN, &own_rule("fill")).await) } else { None };
            told.push(leaves(peeker, own, secret, &[HIDDEN, POPUP, NOTIFICATION, PANEL]).await);
        }
    }
    assert_eq!(told[0], told[1]);
    assert_ne!(told[2], told[3], "without own rules it does see the difference");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn invariant_05_words_of_own_rules_stay_on_this_computer() {
    let cache = tempfile::tempdir().unwrap();
    let client = policy(cache.path(), OWN, r#"{"rules": []}"#).await;
    let own = policy(cache.path(), OWN, &own_rule("fill")).await;
    let words = own.rules();
    let mut policies = Policies::new(Some(client), Some(own));
    assert_eq!(policies.rules(), [OWN_RULE]);
    assert!(words[0].contains("salary") && policies.own_rules() == words);
    // However often they change, what the client reads stays the same: nothing piles up, no index moves.
    for then in ["blur", "skip", "hide-title"] {
        policies.set_own(Some(policy(cache.path(), OWN, &own_rule(then)).await));
        assert_eq!((policies.rules().len(), policies.own_index()), (1, 0), "{then}");
    }
}
