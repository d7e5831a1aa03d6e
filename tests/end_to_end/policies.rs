//! Which policies are in force, who was asked about them, and what both sides read when one fails. The agent runs under a
//! fast clock and a painted screen; everything else is the real thing.

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use candor_protocol::{
    AcceptNotice, ExportData, GetNotice, GetOwnRules, GetParcel, GetPlugins, GetPreview, GetSegments,
    GetStatus, OwnRule, Preview, Request, Segment, SetOwnRules, StartTracking, Status,
};
use candor_test_driver::agent::Agent;
use candor_test_driver::backoffice::{BackOffice, terms};
use candor_test_driver::fast::FastAgent;
use candor_test_driver::leaks;
use candor_test_driver::places;
use serde_json::{Value, json};

/// A segment of a minute takes three seconds.
const SPEED: u32 = 20;

fn now() -> u64 {
    u64::try_from(SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_millis()).unwrap()
}

struct Desk {
    agent: Agent,
    backoffice: BackOffice,
    folder: tempfile::TempDir,
    contract: String,
}

impl Desk {
    fn open(contract: &str, change: impl FnOnce(&mut Value)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let backoffice = BackOffice::start(&folder.path().join("backoffice"), 0).unwrap();
        let mut terms = terms(contract, backoffice.address(), 0);
        change(&mut terms);
        backoffice.add_contract(&terms).unwrap();
        let agent = Agent::enrol(&folder.path().join("agent"), &backoffice, contract).unwrap();
        Self { agent, backoffice, folder, contract: contract.to_owned() }
    }

    fn run(&self) -> FastAgent {
        FastAgent::start(&self.agent, now(), SPEED).unwrap()
    }

    fn get<R: Request>(&self, request: &R) -> R::Answer {
        self.agent.request(request).unwrap()
    }

    fn refused(&self, request: &impl Request) -> String {
        self.agent.request(request).unwrap_err().to_string()
    }

    fn status(&self) -> Status {
        self.get(&GetStatus { after: None })
    }

    fn until<T>(&self, what: &str, mut look: impl FnMut(&Self) -> Option<T>) -> T {
        let began = Instant::now();
        loop {
            if let Some(found) = look(self) {
                return found;
            }
            assert!(began.elapsed() < Duration::from_secs(150), "no {what}: {:#?}", self.status());
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    fn delivered(&self) -> Vec<Value> {
        self.backoffice.deliveries(&self.contract).unwrap()
    }

    fn preview(&self) -> Preview {
        self.get(&GetPreview { contract: None, own_rules: None, max_width: 200 })
    }
}

fn rule(pattern: &str) -> OwnRule {
    OwnRule { field: "title".into(), by: "contains".into(), pattern: pattern.into(), action: "fill".into() }
}

#[test]
fn invariant_03_own_rules_that_cannot_be_kept_or_read_show_nothing_and_say_so() {
    let desk = Desk::open("kept", |_| {});
    let file = desk.agent.data().join("own-rules.json");
    {
        let _running = desk.run();
        // Nothing can be written in its place.
        std::fs::create_dir(&file).unwrap();
        let why = desk.refused(&SetOwnRules { rules: vec![rule("notes")] });
        assert!(why.contains("own-rules.json") && why.contains("set them again"), "{why}");
        // List, preview and picture say the same.
        assert!(desk.refused(&GetOwnRules).contains("own-rules.json"));
        let preview = desk.preview();
        assert!(preview.picture.is_none(), "{preview:?}");
        assert!(desk.status().problems.iter().any(|p| p.contains("own-rules.json")), "{:?}", desk.status());
        desk.agent.request(&StartTracking { memo: None, no_sign: true }).unwrap();
        let segment = desk.until("segment", |d| d.delivered().into_iter().nth(1));
        assert_eq!(segment["snapshot"], Value::Null, "{segment:#}");
        assert_eq!(
            segment["no_snapshot_because"], "No picture: rule failed, nothing was kept",
            "{segment:#}"
        );

        std::fs::remove_dir(&file).unwrap();
        desk.agent.request(&SetOwnRules { rules: vec![rule("notes")] }).unwrap();
        assert_eq!(desk.get(&GetOwnRules), [rule("notes")]);
        assert_eq!(desk.preview().redactions.len(), 2);
        assert!(desk.status().problems.is_empty(), "{:?}", desk.status().problems);
    }
    // Cut in half while the tracker was off.
    let whole = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, &whole[..whole.len() / 2]).unwrap();
    let _running = desk.run();
    let status = desk.status();
    assert!(status.notice_accepted, "{status:?}");
    assert!(
        status.problems.iter().any(|p| p.contains("own-rules.json") && p.contains("cannot be read")),
        "{status:?}"
    );
    assert!(desk.preview().picture.is_none());
    desk.agent.request(&SetOwnRules { rules: vec![rule("notes")] }).unwrap();
    assert_eq!(desk.preview().redactions.len(), 2);
}

#[test]
fn own_rules_of_any_number_and_often_changed_stay_in_force() {
    let desk = Desk::open("often", |_| {});
    let _running = desk.run();
    desk.agent.request(&StartTracking { memo: None, no_sign: true }).unwrap();
    for round in 0..3 {
        let rules: Vec<_> = (0..199).map(|n| rule(&format!("{round} {n}"))).chain([rule("notes")]).collect();
        desk.agent.request(&SetOwnRules { rules: rules.clone() }).unwrap();
        assert_eq!(desk.get(&GetOwnRules), rules);
        let preview = desk.preview();
        assert_eq!(preview.redactions.len(), 2, "{preview:?}");
        assert!(preview.covered_by.iter().any(|words| words.contains("notes")), "{preview:?}");
    }
    let covered = desk.until("covered picture", |d| {
        d.delivered()
            .into_iter()
            .find(|s| s["snapshot"]["redactions"].as_array().is_some_and(|r| r.len() == 2))
    });
    // The client reads that it was a rule of the worker's own, and not which.
    let segments: Vec<Segment> = desk.get(&GetSegments { from: 0, to: 1 << 50 });
    let segment = segments.iter().find(|s| Some(s.start) == covered["start"].as_u64()).unwrap();
    let bytes = desk.get(&GetParcel { parcel: segment.parcel.clone().unwrap() });
    let mut text = bytes.document.to_string();
    text.extend(bytes.details.iter().filter_map(|detail| detail.text.as_deref()));
    assert!(text.contains("A rule of the worker's own") && !text.contains("notes\\\""), "{text}");
    assert!(
        desk.refused(&SetOwnRules { rules: vec![rule("("), OwnRule { by: "regex".into(), ..rule("(") }] })
            .contains("malformed")
    );
}

/// A folder of plugins like the real one, in which single files can be put in each other's place.
fn plugins(folder: &Path) -> PathBuf {
    let own = folder.join("plugins");
    std::fs::create_dir(&own).unwrap();
    for file in std::fs::read_dir(places::guests()).unwrap() {
        let file = file.unwrap().path();
        if file.extension().is_some_and(|e| e == "wasm") {
            symlink(&file, own.join(file.file_name().unwrap())).unwrap();
        }
    }
    own
}

/// Puts a component in another's place; as a twin it differs by a custom section that does nothing.
fn put(plugins: &Path, file: &str, in_place_of: &str, twin: bool) {
    let mut bytes = std::fs::read(places::guests().join(file)).unwrap();
    if twin {
        bytes.extend([0, 5, 4, b't', b'w', b'i', b'n']);
    }
    let to = plugins.join(in_place_of);
    std::fs::remove_file(&to).unwrap();
    std::fs::write(to, bytes).unwrap();
}

#[test]
fn invariant_06_a_swapped_policy_is_asked_about_and_pixels_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let plugins = plugins(folder.path());
    let desk = Desk::open("swapped", |terms| {
        terms["policy"] = json!({"plugin": "hostile-policy", "settings": "keep"})
    });
    let run = || FastAgent::start_with(&desk.agent, now(), SPEED, &plugins).unwrap();
    let notice = || desk.get(&GetNotice { contract: None });
    {
        let _running = run();
        let read = notice();
        assert!(
            read.accepted && read.text.contains("the policy `hostile-policy` (SHA-256 "),
            "{}",
            read.text
        );
    }
    // Another component of the same name, with the same words.
    put(&plugins, "hostile_policy.wasm", "hostile_policy.wasm", true);
    let _running = run();
    let why = desk.refused(&StartTracking { memo: None, no_sign: true });
    assert!(why.contains("notice") && why.contains("hostile-policy"), "{why}");
    assert!(!notice().accepted);
    // Swapped again between reading and accepting: what was read is not what would run.
    let read = notice();
    put(&plugins, "hostile_peeker.wasm", "hostile_policy.wasm", false);
    let accept = |digest: &str| AcceptNotice {
        contract: "swapped".into(),
        digest: digest.to_owned(),
        by: "Robin".into(),
    };
    assert!(desk.refused(&accept(&read.digest)).contains("changed"));
    let read = notice();
    assert!(read.text.contains("look into pictures"), "{}", read.text);
    let why = desk.refused(&GetPreview { contract: None, own_rules: None, max_width: 200 });
    assert!(why.contains("accept the notice"), "{why}");
    desk.agent.request(&accept(&read.digest)).unwrap();
    desk.agent.request(&StartTracking { memo: None, no_sign: true }).unwrap();
}

#[test]
fn invariant_03_a_policy_that_fails_is_told_to_both_sides() {
    let desk = Desk::open("fails", |terms| {
        terms["policy"] = json!({"plugin": "hostile-policy", "settings": "trap"})
    });
    let _running = desk.run();
    desk.agent.request(&StartTracking { memo: None, no_sign: true }).unwrap();
    let status = desk.until("problem", |d| {
        Some(d.status()).filter(|s| s.problems.iter().any(|p| p.contains("client's rules")))
    });
    assert!(
        status.problems.iter().any(|p| p.contains("it crashed") || p.contains("too often")),
        "{status:?}"
    );
    let told = desk.until("gap", |d| {
        let segments: Vec<Segment> = d.get(&GetSegments { from: 0, to: 1 << 50 });
        segments.into_iter().find(|s| !s.gaps.is_empty() && s.parcel.is_some())
    });
    let document = desk.get(&GetParcel { parcel: told.parcel.unwrap() }).document;
    assert_eq!(document["gaps"][0]["cause"], "rule-failed", "{document:#}");
}

#[test]
fn the_window_in_front_stands_beside_the_picture_it_was_in() {
    let desk = Desk::open("front", |_| {});
    let _running = desk.run();
    desk.agent.request(&StartTracking { memo: None, no_sign: true }).unwrap();
    let segment = desk.until("picture with its window", |d| {
        // Not right if the window in front changes.
        let steady = |s: &Value| {
            s["snapshot"]["focus"]["at"].as_u64().is_some_and(|at| (500..6_500).contains(&(at % 7_000)))
        };
        d.delivered().into_iter().find(steady)
    });
    let focus = &segment["snapshot"]["focus"];
    assert_eq!(focus["app"], "Painted", "{segment:#}");
    // The painted screen changes its front window every seven seconds: one is told, the other's title is hidden.
    let at = focus["at"].as_u64().unwrap();
    if (at / 7_000).is_multiple_of(2) {
        assert_eq!(focus["title"], format!("notes {}", at / 7_000), "{segment:#}");
    } else {
        assert_eq!((&focus["title"], &focus["hidden-by"]), (&Value::Null, &json!([0])), "{segment:#}");
    }
}

#[test]
fn a_custom_note_is_recorded_only_where_the_policies_let_it() {
    for (name, policy, recorded) in [
        ("kept", json!({"plugin": "hostile-policy", "settings": "keep"}), true),
        ("skipped", json!({"plugin": "hostile-policy", "settings": "skip"}), false),
        ("covered", json!({"plugin": "hostile-policy", "settings": "cover all"}), false),
        ("failed", json!({"plugin": "hostile-policy", "settings": "trap"}), false),
    ] {
        let desk = Desk::open(name, |terms| {
            terms["policy"] = policy;
            let hostile = json!({"plugin": "hostile-collector", "settings": "custom"});
            terms["collectors"].as_array_mut().unwrap().push(hostile);
        });
        let _running = desk.run();
        desk.agent.request(&StartTracking { memo: None, no_sign: true }).unwrap();
        let segment = desk.until("closed segment", |d| {
            let segments: Vec<Segment> = d.get(&GetSegments { from: 0, to: 1 << 50 });
            segments.into_iter().filter(|s| s.parcel.is_some()).nth(1)
        });
        let first: Vec<Segment> = desk.get(&GetSegments { from: 0, to: segment.start + 1 });
        let noted = first.iter().filter_map(|s| s.parcel.clone()).any(|parcel| {
            desk.get(&GetParcel { parcel }).details.iter().any(|detail| detail.kind == "notes")
        });
        assert_eq!(noted, recorded, "{name}");
    }
}

#[test]
fn invariant_01_what_rules_hide_is_in_no_store_note_log_export_or_parcel() {
    let desk = Desk::open("hoarded", |terms| {
        let hostile = json!({"plugin": "hostile-collector", "settings": "hoard"});
        terms["collectors"].as_array_mut().unwrap().push(hostile);
    });
    let _running = desk.run();
    desk.agent.request(&SetOwnRules { rules: vec![rule("notes")] }).unwrap();
    desk.agent.request(&StartTracking { memo: None, no_sign: true }).unwrap();
    desk.until("three segments", |d| d.delivered().into_iter().nth(2));
    let to = desk.folder.path().join("mine");
    desk.get(&ExportData { to: to.display().to_string() });
    let plugins = json!(desk.get(&GetPlugins));
    std::fs::write(to.join("plugins.json"), plugins.to_string()).unwrap();
    // The window that is hidden by the client's rule, and the one that is by the worker's own.
    for hidden in ["payroll", "notes 25"] {
        assert_eq!(leaks::files_with(&to, hidden), Vec::<PathBuf>::new(), "{hidden}");
        assert_eq!(
            leaks::files_with(&desk.folder.path().join("backoffice"), hidden),
            Vec::<PathBuf>::new(),
            "{hidden}"
        );
    }
    assert!(!leaks::files_with(&to, "Painted").is_empty(), "what it may see it did hoard");
    let open = |path: &Path| std::os::unix::fs::MetadataExt::mode(&path.metadata().unwrap()) & 0o077;
    for file in leaks::files_with(&to, "Painted") {
        assert!(open(&file) == 0 || file.ends_with("plugins.json"), "others can read {}", file.display());
    }
    assert_eq!(open(&to), 0);
}
