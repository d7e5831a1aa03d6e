//! The guard before a painted screen, with judges that say what a test wants.

use std::sync::Mutex as StdMutex;
use std::sync::atomic::{AtomicU32, AtomicU64};

use async_trait::async_trait;
use candor_sandbox::Failure;
use candor_sandbox::model::{Cover, Field, Hiding, Mask, Scene, Target};
use candor_sensors::{Monitor, RawFrame, WindowKind, WindowState};
use tokio::sync::watch;
use zeroize::Zeroizing;

use super::*;

const SCREEN: Area = Area { x: 0, y: 0, width: 400, height: 300 };
const START: u64 = 1_800_000_000_000;

/// Says the same of every scene, and keeps what it was shown.
#[derive(Clone)]
struct Says {
    verdict: Result<Verdict, ()>,
    shown: Arc<StdMutex<Vec<Scene>>>,
}

impl Says {
    fn new(verdict: Result<Verdict, ()>) -> Self {
        Self { verdict, shown: Arc::default() }
    }
}

#[async_trait]
impl Judge for Says {
    fn rules(&self) -> Vec<String> {
        vec!["a rule".into()]
    }
    async fn judge(&mut self, scene: Scene, _: Option<Arc<dyn FrameView>>) -> Result<Verdict, Failure> {
        self.shown.lock().unwrap().push(scene);
        self.verdict.clone().map_err(|()| Failure::TimedOut)
    }
}

/// A clock that a test sets; waiting takes no time and moves it.
struct SetClock(AtomicU64);

impl Clock for SetClock {
    fn now(&self) -> u64 {
        self.0.load(Ordering::Acquire)
    }
    fn monotonic(&self) -> u64 {
        self.now()
    }
    fn boot(&self) -> u64 {
        self.now()
    }
    fn to_real_duration(&self, ms: u64) -> Duration {
        self.0.fetch_add(ms, Ordering::AcqRel);
        Duration::ZERO
    }
}

struct Painted {
    clock: Arc<SetClock>,
    windows: Vec<WindowState>,
    /// What the clock shows after each capture, relative to before it; the last one for all further ones.
    capture_takes: Vec<i64>,
    captures: AtomicU32,
    /// How long the display stalls once something was captured, in milliseconds.
    stalls: u64,
    spans: StdMutex<Vec<(u64, u64)>>,
    changes: watch::Sender<u64>,
}

impl Painted {
    fn new(windows: Vec<WindowState>, capture_takes: &[i64]) -> Self {
        Self {
            clock: Arc::new(SetClock(AtomicU64::new(START))),
            windows,
            capture_takes: capture_takes.to_vec(),
            captures: AtomicU32::new(0),
            stalls: 0,
            spans: StdMutex::default(),
            changes: watch::channel(0).0,
        }
    }
}

#[async_trait]
impl DesktopSource for Painted {
    fn current(&self) -> Result<Arc<Layout>, SensorError> {
        let monitor = |n: i32| Monitor {
            name: format!("monitor {n}"),
            area: Area { x: n * 200, width: 200, ..SCREEN },
        };
        Ok(Arc::new(Layout {
            at: 0,
            generation: 1,
            windows: self.windows.clone(),
            monitors: vec![monitor(0), monitor(1)],
        }))
    }
    fn span(&self, from: u64, to: u64) -> Result<Vec<Arc<Layout>>, SensorError> {
        self.spans.lock().unwrap().push((from, to));
        Ok(vec![self.current()?])
    }
    async fn barrier(&self) -> Result<(), SensorError> {
        if self.captures.load(Ordering::Acquire) > 0 {
            self.clock.0.fetch_add(self.stalls, Ordering::AcqRel);
        }
        Ok(())
    }
    async fn capture(&self, area: Area) -> Result<RawFrame, SensorError> {
        let n = self.captures.fetch_add(1, Ordering::AcqRel) as usize;
        let takes = self.capture_takes.get(n).or(self.capture_takes.last()).copied().unwrap_or(0);
        let at = self.clock.now();
        self.clock.0.store(at.saturating_add_signed(takes), Ordering::Release);
        let pixels = area.width as usize * area.height as usize;
        let rgba = (0..pixels).flat_map(|n| [n as u8, 50, 90, 255]).collect();
        Ok(RawFrame::new(area, at, Zeroizing::new(rgba)))
    }
    fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }
}

fn window(id: u64, title: &str) -> WindowState {
    WindowState {
        id,
        app: Some("App".into()),
        title: Some(title.into()),
        pid: None,
        owner: None,
        may_belong_to: Vec::new(),
        area: Area { x: 10 + 70 * i32::try_from(id).unwrap(), y: 10, width: 60, height: 100 },
        title_bar: None,
        opaque: true,
        shows_titles: false,
        notifies: false,
        focused: false,
        kind: WindowKind::Normal,
    }
}

fn guard(desktop: Painted, client: Option<Says>, own: Option<Says>) -> (Guard, Arc<Painted>) {
    let desktop = Arc::new(desktop);
    let boxed = |says: Says| Box::new(says) as Box<dyn Judge>;
    let policies = Policies::new(client.map(boxed), own.map(boxed));
    let clock = Arc::clone(&desktop.clock) as Arc<dyn Clock>;
    (Guard::new(Arc::clone(&desktop) as Arc<dyn DesktopSource>, policies, clock), desktop)
}

fn keep() -> Option<Says> {
    Some(Says::new(Ok(Verdict::Keep)))
}

fn fill() -> Verdict {
    let mask = Mask { target: Target::Window(0), cover: Cover::Fill, rule: 0 };
    Verdict::Redact { masks: vec![mask], hidings: vec![] }
}

async fn of(client: Option<Verdict>, own: Option<Verdict>) -> Result<usize, NoPicture> {
    // One window for each side, so that what both say shows.
    let desktop = Painted::new(vec![window(1, "one"), window(2, "two")], &[0]);
    let says = |verdict: Option<Verdict>| verdict.map(|verdict| Says::new(Ok(verdict)));
    let (guard, _) = guard(desktop, says(client), says(own));
    guard.picture(Scope::Desktop).await.map(|picture| picture.covered().len())
}

#[tokio::test]
async fn invariant_05_rules_only_tighten() {
    use Verdict::{Keep, Skip};
    let skipped = |rule: u32| Err(NoPicture::Denied(Denied::Skipped(vec![rule])));
    // Whatever the one side says, the other can only add to it. Own rules judge first: if they say skip, the client's
    // policy is not asked. Each of them travels under the index behind the client's rules.
    let table: Vec<(Verdict, Verdict, Result<usize, NoPicture>)> = vec![
        (Keep, Keep, Ok(0)),
        (Keep, fill(), Ok(1)),
        (fill(), Keep, Ok(1)),
        (fill(), fill(), Ok(2)),
        (Skip(vec![0]), Keep, skipped(0)),
        (Keep, Skip(vec![0]), skipped(1)),
        (Skip(vec![0]), fill(), skipped(0)),
        (fill(), Skip(vec![0]), skipped(1)),
        (Skip(vec![0]), Skip(vec![0]), skipped(1)),
    ];
    for (client, own, expected) in table {
        assert_eq!(of(Some(client.clone()), Some(own.clone())).await, expected, "{client:?} {own:?}");
    }
}

#[tokio::test]
async fn invariant_03_a_policy_that_is_missing_or_fails_shows_nothing() {
    let failing = || Some(Says::new(Err(())));
    for (client, own, who) in [
        (None, None, None),
        (None, keep(), None),
        (failing(), None, Some(false)),
        (keep(), failing(), Some(true)),
    ] {
        let (guard, _) = guard(Painted::new(vec![window(1, "one")], &[0]), client, own);
        assert_eq!(guard.picture(Scope::Desktop).await.map(|_| ()), Err(Denied::RuleFailed.into()));
        assert_eq!(guard.windows().await.map(|_| ()), Err(Denied::RuleFailed));
        assert_eq!(guard.check_custom().await, Err(Denied::RuleFailed));
        assert_eq!(guard.failing().await.map(|failing| failing.own), who);
    }
    let (guard, _) = guard(Painted::new(vec![window(1, "one")], &[0]), keep(), None);
    guard.set_own_failed().await;
    assert_eq!(guard.picture(Scope::Desktop).await.map(|_| ()), Err(Denied::RuleFailed.into()));
    guard.set_own(None).await;
    assert!(guard.picture(Scope::Desktop).await.is_ok());
}

#[tokio::test]
async fn invariant_05_the_clients_policy_is_shown_what_own_rules_leave() {
    let client = Says::new(Ok(Verdict::Keep));
    let shown = Arc::clone(&client.shown);
    let masks = vec![Mask { target: Target::Window(0), cover: Cover::Blur, rule: 0 }];
    let hidings = vec![Hiding { window: 1, field: Field::Title, rule: 0 }];
    let own = Says::new(Ok(Verdict::Redact { masks, hidings }));
    let popup = WindowState { owner: Some(1), ..window(4, "menu of one") };
    let notification = WindowState { kind: WindowKind::Popup, notifies: true, ..window(5, "says anything") };
    let windows = vec![window(1, "one"), window(2, "two"), window(3, "three"), popup, notification];
    let (guard, _) = guard(Painted::new(windows, &[0]), Some(client), Some(own));
    guard.picture(Scope::Desktop).await.unwrap();
    guard.windows().await.unwrap();
    for scene in shown.lock().unwrap().iter() {
        let titles: Vec<_> = scene.windows.iter().map(|w| w.title.as_deref()).collect();
        assert_eq!(titles, [None, Some("three")], "{scene:?}");
    }
    assert!(shown.lock().unwrap().len() >= 2);
}

#[tokio::test]
async fn invariant_02_titles_count_from_before_the_request_until_after_the_reply() {
    let (guard, desktop) = guard(Painted::new(vec![window(1, "one")], &[700]), keep(), None);
    guard.picture(Scope::Desktop).await.unwrap();
    assert_eq!(*desktop.spans.lock().unwrap(), [(START - SETTLE_MS, START + 700 + SETTLE_MS)]);
}

#[tokio::test]
async fn invariant_02_a_title_that_is_read_late_still_counts() {
    let desktop = Painted { stalls: 1_750, ..Painted::new(vec![window(1, "one")], &[0]) };
    let (guard, desktop) = guard(desktop, keep(), None);
    guard.picture(Scope::Desktop).await.unwrap();
    // It is stamped when it is read: after the second stall.
    assert_eq!(*desktop.spans.lock().unwrap(), [(START - SETTLE_MS, START + SETTLE_MS + 2 * 1_750)]);
}

/// A desktop whose first capture takes a second and a half of real time.
struct Stalled(Painted);

#[async_trait]
impl DesktopSource for Stalled {
    fn current(&self) -> Result<Arc<Layout>, SensorError> {
        self.0.current()
    }
    fn span(&self, from: u64, to: u64) -> Result<Vec<Arc<Layout>>, SensorError> {
        self.0.span(from, to)
    }
    async fn barrier(&self) -> Result<(), SensorError> {
        Ok(())
    }
    async fn capture(&self, area: Area) -> Result<RawFrame, SensorError> {
        if self.0.captures.load(Ordering::Acquire) == 0 {
            tokio::time::sleep(LATE + Duration::from_millis(100)).await;
        }
        self.0.capture(area).await
    }
    fn changes(&self) -> watch::Receiver<u64> {
        self.0.changes()
    }
}

#[tokio::test]
async fn invariant_02_a_capture_that_took_long_is_taken_again() {
    let desktop = Arc::new(Stalled(Painted::new(vec![window(1, "one")], &[0])));
    let boxed = Box::new(Says::new(Ok(Verdict::Keep))) as Box<dyn Judge>;
    let clock = Arc::clone(&desktop.0.clock) as Arc<dyn Clock>;
    let guard =
        Guard::new(Arc::clone(&desktop) as Arc<dyn DesktopSource>, Policies::new(Some(boxed), None), clock);
    guard.picture(Scope::Desktop).await.unwrap();
    assert_eq!(desktop.0.captures.load(Ordering::Acquire), 2);
}

#[tokio::test]
async fn invariant_02_a_clock_set_during_a_capture_ends_in_another_or_in_none() {
    let (guard, desktop) = guard(Painted::new(vec![window(1, "one")], &[-3_600_000, 0]), keep(), None);
    guard.picture(Scope::Desktop).await.unwrap();
    assert_eq!(desktop.captures.load(Ordering::Acquire), 2);
    let (guard, _) = self::guard(Painted::new(vec![window(1, "one")], &[-3_600_000]), keep(), None);
    let refused = guard.picture(Scope::Desktop).await.map(|_| ());
    assert!(matches!(refused, Err(NoPicture::Denied(Denied::Unavailable(_)))), "{refused:?}");
}

#[tokio::test]
async fn invariant_02_notifications_are_covered_where_any_rule_is_in_force() {
    struct NoRules;
    #[async_trait]
    impl Judge for NoRules {
        fn rules(&self) -> Vec<String> {
            Vec::new()
        }
        async fn judge(&mut self, _: Scene, _: Option<Arc<dyn FrameView>>) -> Result<Verdict, Failure> {
            Ok(Verdict::Keep)
        }
    }
    let notification = || WindowState {
        kind: WindowKind::Popup,
        notifies: true,
        ..window(5, "a message of a hidden program")
    };
    for (client, own, covered) in [
        (Box::new(NoRules) as Box<dyn Judge>, None, 0),
        (Box::new(Says::new(Ok(Verdict::Keep))), None, 1),
        (Box::new(NoRules), Some(Box::new(Says::new(Ok(Verdict::Keep))) as Box<dyn Judge>), 1),
    ] {
        let desktop = Arc::new(Painted::new(vec![notification()], &[0]));
        let clock = Arc::clone(&desktop.clock) as Arc<dyn Clock>;
        let guard = Guard::new(desktop, Policies::new(Some(client), own), clock);
        let picture = guard.picture(Scope::Desktop).await.unwrap();
        assert_eq!(picture.covered().len(), covered);
        let layout = guard.windows().await.unwrap().layout;
        assert_eq!(layout.windows[0].title.is_none(), covered == 1);
    }
}

#[tokio::test]
async fn invariant_02_a_title_that_was_cut_cannot_be_told_so_its_window_is_covered() {
    for (letters, covered) in [(4_096, 1), (4_093, 1), (1_000, 0)] {
        let title = "x".repeat(letters);
        let (guard, _) = guard(Painted::new(vec![window(1, &title)], &[0]), keep(), None);
        assert_eq!(guard.picture(Scope::Desktop).await.unwrap().covered().len(), covered, "{letters}");
        let layout = guard.windows().await.unwrap().layout;
        assert_eq!(layout.windows[0].title.is_none(), covered == 1, "{letters}");
    }
}

#[tokio::test]
async fn with_nothing_in_front_the_active_monitor_is_the_first() {
    let (guard, _) = guard(Painted::new(vec![window(1, "one")], &[0]), keep(), None);
    guard.set_active_monitor_only(true);
    let picture = guard.picture(Scope::Desktop).await.unwrap();
    assert_eq!((picture.width(), picture.height()), (200, 300));
}

#[tokio::test]
async fn what_stands_beside_a_picture_is_what_was_in_front_and_judged_with_it() {
    let front = || WindowState { focused: true, ..window(1, "one") };
    let all = WindowFacts { app: true, title: true, url: true };
    for (client, told, expected) in [
        (Verdict::Keep, all, Some((Some("App"), Some("one")))),
        (Verdict::Keep, WindowFacts { title: false, ..all }, Some((Some("App"), None))),
        (fill(), all, Some((Some("App"), None))),
        (Verdict::Keep, WindowFacts::default(), None),
    ] {
        let client = Some(Says::new(Ok(client)));
        let (guard, _) = guard(Painted::new(vec![front()], &[0]), client, None);
        guard.allow_facts(told);
        let picture = guard.picture(Scope::Desktop).await.unwrap();
        let found = picture.focus().map(|f| (f.app.as_deref(), f.title.as_deref()));
        assert_eq!(found, expected, "{told:?}");
    }
}

#[tokio::test]
async fn invariant_02_a_hidden_title_is_covered_where_it_may_stand_and_else_the_window_is() {
    for (bar, height) in [(Some(30), 30), (None, 100)] {
        let measured = |state: WindowState| WindowState {
            title_bar: bar.map(|height| Area { height, ..state.area }),
            ..state
        };
        let mask = |index| Mask { target: Target::TitleBar(index), cover: Cover::Fill, rule: 0 };
        let says = Says::new(Ok(Verdict::Redact { masks: vec![mask(0), mask(0)], hidings: vec![] }));
        let windows = vec![measured(window(1, "one")), measured(window(2, "two"))];
        let (guard, _) = guard(Painted::new(windows, &[0]), Some(says), None);
        let picture = guard.picture(Scope::Desktop).await.unwrap();
        let [covered] = picture.covered() else { panic!("{:?}", picture.covered()) };
        assert_eq!((covered.height, covered.width), (height + 2 * MARGIN, 60 + 2 * MARGIN), "{bar:?}");
        assert_eq!((covered.x, covered.y), (80 - MARGIN, 10 - MARGIN));
    }
}
