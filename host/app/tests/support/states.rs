//! States of an agent as a worker meets them, and what it answers in each: the states of the mock and a few more.
//! Shared by the tests of the window's parts and by those of the real program, which asks a socket.

use std::sync::OnceLock;

use base64::Engine as _;
use candor_diary::parcel::{Cover, GapCause, NoSnapshot, Redaction};
use candor_diary::terms::{ManualTime, Mode, Terms};
use candor_protocol::{
    AddManualTime, AnyRequest, Contract, CurrentContract, GetSegments, IdleQuestion, NoticeAnswer,
    OutboxAnswer, OutboxCounts, OutboxParcel, OwnRule, ParcelBytes, ParcelDetail, ParcelState, Picture,
    PictureFacts, Plugin, PluginKind, Preferences, Preview, RemoveSegment, Response, Segment, SegmentCounts,
    SegmentState, Status, Theme,
};
use serde_json::{Value, json};

/// Midnight UTC of Friday 27 November 2026.
pub const DAY: u64 = 1_795_737_600_000;
/// A minute.
pub const MINUTE: u64 = 60_000;

/// A moment of that day.
pub fn at(hour: u64, minute: u64) -> u64 {
    DAY + hour * 60 * MINUTE + minute * MINUTE
}

/// An agent that answers always the same.
#[derive(Clone, Debug)]
pub struct World {
    pub status: Status,
    pub segments: Vec<Segment>,
    pub outbox: OutboxAnswer,
    pub preferences: Preferences,
    pub terms: Terms,
    pub accepted: bool,
    pub rules: Vec<OwnRule>,
}

impl World {
    /// What it answers.
    pub fn answer(&self, request: &AnyRequest) -> Response {
        let value = |v: serde_json::Result<Value>| Response::Ok(v.expect("an answer"));
        match request {
            AnyRequest::GetStatus(_) => value(serde_json::to_value(&self.status)),
            AnyRequest::GetSegments(GetSegments { from, to }) => {
                let within: Vec<_> = self.segments.iter().filter(|s| (*from..*to).contains(&s.start)).collect();
                value(serde_json::to_value(within))
            }
            AnyRequest::GetOutbox(_) => value(serde_json::to_value(&self.outbox)),
            AnyRequest::GetPreferences(_) => value(serde_json::to_value(self.preferences)),
            AnyRequest::GetTerms(_) => value(serde_json::to_value(&self.terms)),
            AnyRequest::GetNotice(_) => value(serde_json::to_value(NoticeAnswer {
                contract: self.terms.contract.clone(),
                text: NOTICE.into(),
                digest: "5f".repeat(32),
                accepted: self.accepted,
            })),
            AnyRequest::GetPreview(_) => value(serde_json::to_value(Preview {
                picture: Some(screen().clone()),
                redactions: vec![covered()],
                covered_by: vec!["Messages are covered".into()],
                no_picture_sentence: None,
            })),
            AnyRequest::GetPicture(_) => value(serde_json::to_value(screen())),
            AnyRequest::GetOwnRules(_) => value(serde_json::to_value(&self.rules)),
            AnyRequest::GetPlugins(_) => value(serde_json::to_value(plugins())),
            AnyRequest::GetParcel(_) => value(serde_json::to_value(ParcelBytes {
                envelope: "{\"payload\":\"eyJpZCI6ICI4YzFl…\",\"payloadType\":\"application/vnd.candor.parcel+json\"}".into(),
                document: json!({"id": "8c1e77d0a94b", "contract": "invoice", "start": at(17, 40), "length": 10,
                    "minutes": [{"start": at(17, 40), "tracked-ms": 60_000, "counts": {"keys": 31, "clicks": 2, "scrolls": 0}}]}),
                details: vec![
                    ParcelDetail {
                        kind: "memo".into(),
                        sha256: "1f".repeat(32),
                        length: 97,
                        text: Some("{\"salt\":\"5d…\",\"detail\":{\"kind\":\"memo\",\"memo\":\"Invoices\"}}".into()),
                    },
                    ParcelDetail { kind: "activity".into(), sha256: "2e".repeat(32), length: 640, text: None },
                ],
                attachments: vec![("8c1e77d0a94b".repeat(5), 46_000)],
            })),
            AnyRequest::ImportInvitation(_) => value(serde_json::to_value(self.status.contracts.first())),
            AnyRequest::RemoveSegment(RemoveSegment { start }) => Response::Ok(
                json!({"from": start, "to": start + 600_000, "segments": 1, "time_ms": 600_000, "pictures": 1}),
            ),
            AnyRequest::RemoveNotes(_) => Response::Ok(json!(1)),
            AnyRequest::AddManualTime(AddManualTime { from, to, .. }) => {
                let segments = (to - from) / 600_000;
                Response::Ok(json!({"from": from, "to": to, "segments": segments, "time_ms": to - from, "pictures": 0}))
            }
            _ => Response::Ok(Value::Null),
        }
    }
}

const NOTICE: &str = "What is recorded\n\nMara Oduya works for Fieldhouse Supply on 'Invoice service'.\nWorklog: you start and stop, and choose the memo.\nTime is cut into segments of 10 minutes. Each waits 1:00 on this computer before it is sent to https://diary.example.\n\nCollectors and what each may do:\n- activity: see how many keys, clicks and scrolls there were in a minute, never which\n- screenshots: take pictures of the screen, after the rules\n- windows: see which windows are open, after the rules\n- backoffice: use the network, only to https://diary.example\n\nRules, before anything is kept:\n1. Messages are covered\n2. bank.example is covered\n\nNever recorded: which keys you press, where you click, sound, the webcam.\nFieldhouse Supply and you see the same Work Diary.\n";

fn plugins() -> Vec<Plugin> {
    let plugin = |name: &str, kind: PluginKind, may: &[&str]| Plugin {
        name: name.into(),
        kind,
        sha256: "8c1e77d0".repeat(8),
        may: may.iter().map(|m| (*m).to_owned()).collect(),
        problem: None,
        log: Vec::new(),
    };
    let mut windows =
        plugin("windows", PluginKind::Collector, &["see which windows are open, after the rules"]);
    windows.problem = Some("It was stopped three times and rests now. Its time shows as no evidence.".into());
    windows.log = vec!["started".into(), "42 windows, this is more than I can take in one breath".into()];
    vec![
        plugin("rules", PluginKind::Policy, &[]),
        plugin(
            "screenshots",
            PluginKind::Collector,
            &[
                "take pictures of the screen, after the rules",
                "record what it found, and notes of its own making that you and the client see",
            ],
        ),
        windows,
        plugin("backoffice", PluginKind::Uploader, &["use the network, only to https://diary.example"]),
    ]
}

fn terms(mode: Mode) -> Terms {
    serde_json::from_value(json!({
        "contract": "invoice", "title": "Invoice service", "client": "Fieldhouse Supply", "worker": "Mara Oduya",
        "sequence": 3, "mode": mode, "segment": 10, "hold-ms": 60_000,
        "policy": {"plugin": "rules", "settings": {}},
        "collectors": [
            {"plugin": "activity"}, {"plugin": "screenshots", "settings": {"scope": "all-monitors"}},
            {"plugin": "windows", "settings": {"facts": ["app", "title"]}}],
        "uploader": {"plugin": "backoffice"},
        "weekly-limit": 1_800, "labels": ["Development", "Meeting"], "manual-time": "yes",
        "worker-chooses": {"pictures": true, "activity": false},
        "contacts": {"support": "mailto:help@fieldhouse.example", "feedback": "https://fieldhouse.example/say"}
    }))
    .expect("terms")
}

fn contract(id: &str, title: &str, client: &str, accepted: bool) -> Contract {
    Contract {
        id: id.into(),
        title: title.into(),
        client: client.into(),
        mode: Mode::Worklog,
        accepted,
        server: "https://diary.example".into(),
        support: Some("mailto:help@fieldhouse.example".into()),
        feedback: Some("https://fieldhouse.example/say".into()),
    }
}

/// The place of the covered window in [`screen`].
fn covered() -> Redaction {
    Redaction { x: 376, y: 92, width: 248, height: 236, cover: Cover::Fill, rule: Some(0) }
}

/// A screen as a person's: an editor with a covered window, 640 by 360.
pub fn screen() -> &'static Picture {
    static SCREEN: OnceLock<Picture> = OnceLock::new();
    SCREEN.get_or_init(|| {
        let (w, h) = (640_usize, 360_usize);
        let mut pixels = Vec::with_capacity(w * h * 3);
        let mut seed = 7_u32;
        let lines: Vec<Vec<(usize, usize, [u8; 3])>> = (0..20)
            .map(|_| {
                let mut next = || {
                    seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    (seed >> 16) as usize
                };
                let mut x = 140 + next() % 5 * 16;
                (0..next() % 6)
                    .map(|_| {
                        let (from, long) = (x, 16 + next() % 60);
                        x = from + long + 8;
                        (from, long, [[0x9a, 0xa4, 0xb2], [0x7f, 0xb0, 0xd8], [0xc9, 0xa5, 0x6b]][next() % 3])
                    })
                    .collect()
            })
            .collect();
        for y in 0..h {
            for x in 0..w {
                let hidden = (376..624).contains(&x) && (92..328).contains(&y);
                let text = (y % 18 < 6 && y > 40)
                    .then(|| lines[y / 18].iter().find(|(from, long, _)| (*from..from + long).contains(&x)))
                    .flatten();
                pixels.extend(match (hidden, text) {
                    (true, _) => [0x0b, 0x0c, 0x0e],
                    (_, Some((_, _, color))) => *color,
                    _ if y < 20 => [0x2f, 0x34, 0x3c],
                    _ if x < 112 => [0x1d, 0x20, 0x26],
                    _ => [0x23, 0x27, 0x2e],
                });
            }
        }
        let bytes = webp::Encoder::from_rgb(&pixels, 640, 360).encode(75.0);
        Picture {
            media_type: "image/webp".into(),
            base64: base64::engine::general_purpose::STANDARD.encode(&*bytes),
        }
    })
}

/// A segment with a picture, delivered.
pub fn segment(start: u64, memo: &str) -> Segment {
    let busy = (start / 600_000) % 7;
    Segment {
        start,
        length: 10,
        minutes: (0..10).map(|n| Some(((n * 13 + busy as u32 * 5) % 11) * 4)).collect(),
        tracked_ms: 600_000,
        billed_ms: 600_000,
        memo: (!memo.is_empty()).then(|| memo.into()),
        label: None,
        manual: false,
        removed_at: None,
        picture: Some(PictureFacts {
            at: start + 4 * MINUTE + 20_000,
            width: 640,
            height: 360,
            bytes: 46_000,
            redactions: vec![covered()],
            covered_by: vec!["Messages are covered".into()],
            focus: None,
        }),
        no_picture: None,
        no_picture_sentence: None,
        dropped: Vec::new(),
        gaps: Vec::new(),
        no_sign: false,
        notes: Vec::new(),
        undo_until: None,
        state: SegmentState::Delivered { at: start + 11 * MINUTE },
        parcel: Some(format!("{start:032x}")),
        editable: true,
    }
}

fn day() -> Vec<Segment> {
    let memos = [
        (9, "Invoice import: read CAMT.053 files", 9),
        (11, "Review payment retries", 6),
        (13, "Bank rules, and what the clearing house says of returned direct debits in the second week", 10),
    ];
    let mut all = Vec::new();
    for (hour, memo, n) in memos {
        all.extend((0..n).map(|i| segment(at(hour, i * 10), memo)));
    }
    let mut call = segment(at(12, 0), "Planning call with Lena");
    (call.manual, call.tracked_ms, call.picture) = (true, 0, None);
    call.minutes = vec![None; 10];
    let mut locked = segment(at(12, 10), "");
    (locked.tracked_ms, locked.billed_ms) = (0, 0);
    (locked.picture, locked.gaps) = (None, vec![GapCause::Locked]);
    locked.minutes = vec![None; 10];
    let mut removed = segment(at(12, 20), "");
    (removed.removed_at, removed.picture) = (Some(at(12, 40)), None);
    let mut skipped = segment(at(12, 30), "Bank rules");
    skipped.picture = None;
    skipped.no_picture = Some(NoSnapshot::SkippedByRule { rules: vec![1] });
    skipped.no_picture_sentence = Some("No picture: skipped by rule".into());
    all.extend([call, locked, removed, skipped]);
    all.extend((0..2).map(|i| segment(at(17, 30 + i * 10), "Fix rounding in totals")));
    all.sort_by_key(|segment| segment.start);
    all
}

fn base() -> World {
    let now = at(17, 53) + 40_000;
    let mut running = segment(at(17, 50), "Fix rounding in totals");
    running.minutes = vec![Some(44), Some(20), Some(0), Some(61), None, None, None, None, None, None];
    (running.tracked_ms, running.picture, running.parcel) = (220_000, None, None);
    running.state = SegmentState::Open { sends_at: at(18, 1) };
    World {
        status: Status {
            revision: 1,
            now,
            tracking: true,
            notice_accepted: true,
            current: Some(CurrentContract {
                id: "invoice".into(),
                title: "Invoice service".into(),
                client: "Fieldhouse Supply".into(),
            }),
            mode: Mode::Worklog,
            since: Some(at(15, 30)),
            on_ms: 2 * 3_600_000 + 23 * MINUTE + 12_000,
            sign: candor_protocol::SignState::default(),
            paused_since: None,
            away_since: None,
            away: None,
            question: None,
            memo: Some("Fix rounding in totals".into()),
            label: None,
            recent_memos: vec![
                "Fix rounding in totals".into(),
                "Bank rules".into(),
                "Review payment retries".into(),
            ],
            labels: vec!["Development".into(), "Meeting".into()],
            stopping: false,
            running: Some(running),
            last_picture: Some(segment(at(17, 40), "Fix rounding in totals")),
            today_ms: 5 * 3_600_000 + 20 * MINUTE,
            week_ms: 29 * 3_600_000 + 40 * MINUTE,
            over_ms: 0,
            limit_ms: Some(30 * 3_600_000),
            manual_time: ManualTime::Yes,
            segments: SegmentCounts { open: 1, closed: 30, delivered: 30 },
            outbox: OutboxCounts { delivered: 30, ..OutboxCounts::default() },
            offline_since: None,
            next_try_at: None,
            contracts: vec![
                contract("invoice", "Invoice service", "Fieldhouse Supply", true),
                contract(
                    "rota",
                    "Support rota for the whole of the northern region and its islands",
                    "Halden & Co",
                    false,
                ),
            ],
            diary_url: Some("https://diary.example/contracts/invoice/diary".into()),
            problems: Vec::new(),
        },
        segments: day(),
        outbox: OutboxAnswer {
            entries: (0..4)
                .map(|n| {
                    parcel(at(17, 40) - n * 10 * MINUTE, ParcelState::Delivered, "picture, activity", 46_000)
                })
                .collect(),
            disk_bytes: 312_000_000,
            disk_limit: 2 << 30,
        },
        preferences: Preferences::default(),
        terms: terms(Mode::Worklog),
        accepted: true,
        rules: vec![OwnRule {
            field: "application".into(),
            by: "contains".into(),
            pattern: "keepass".into(),
            action: "fill".into(),
        }],
    }
}

fn parcel(start: u64, state: ParcelState, holds: &str, bytes: u64) -> OutboxParcel {
    OutboxParcel {
        parcel: format!("{start:032x}"),
        contract: "invoice".into(),
        segment_start: start,
        revision: 0,
        sequence: 7,
        target: "backoffice".into(),
        state,
        hold_until: start + 11 * MINUTE,
        attempts: 0,
        next_try_at: start + 11 * MINUTE,
        last_error: None,
        attachments: 1,
        bytes,
        holds: Some(holds.into()),
        delivered_at: (state == ParcelState::Delivered).then_some(start + 12 * MINUTE),
    }
}

/// The states, by name.
pub const NAMES: [&str; 12] = [
    "tracking",
    "away",
    "stopped",
    "paused",
    "join",
    "first-run",
    "snapshot",
    "question",
    "offline",
    "monitoring",
    "problem",
    "bare",
];

/// A state.
pub fn world(name: &str) -> World {
    let mut world = base();
    let status = &mut world.status;
    match name {
        "stopped" => {
            (status.tracking, status.since, status.running) = (false, None, None);
            status.today_ms =
                world.segments.iter().filter(|s| s.removed_at.is_none()).map(|s| s.billed_ms).sum();
            (status.week_ms, status.over_ms) = (30 * 3_600_000, 40 * MINUTE);
        }
        "paused" => status.paused_since = Some(at(17, 45)),
        "away" => status.away_since = Some(at(17, 45)),
        "join" => {
            (status.contracts, status.current) = Default::default();
            (status.tracking, status.notice_accepted) = (false, false);
        }
        "first-run" => {
            (status.tracking, status.notice_accepted, world.accepted) = (false, false, false);
            status.contracts[0].accepted = false;
        }
        "snapshot" => {
            let mut taken = segment(at(17, 50), "Fix rounding in totals");
            taken.state = SegmentState::Open { sends_at: at(17, 54) + 28_000 };
            if let Some(picture) = &mut taken.picture {
                picture.at = at(17, 53) + 28_000;
            }
            (status.last_picture, status.outbox.held) = (Some(taken), 1);
        }
        "question" => {
            status.question = Some(IdleQuestion { from: at(17, 20), to: at(17, 34), manual_ms: 10 * MINUTE });
        }
        "offline" => {
            status.offline_since = Some(at(17, 2));
            status.next_try_at = Some(status.now + 30_000);
            status.outbox = OutboxCounts { waiting: 7, bytes: 214_000, ..OutboxCounts::default() };
            world.outbox.entries = [
                (40, "picture, activity", 46_000),
                (30, "picture, activity", 52_000),
                (20, "activity, skipped by rule", 900),
                (10, "picture, activity", 61_000),
                (0, "picture, activity", 54_000),
            ]
            .map(|(minute, holds, bytes)| parcel(at(17, minute), ParcelState::Waiting, holds, bytes))
            .into();
            for (n, entry) in world.outbox.entries.iter_mut().enumerate() {
                entry.next_try_at = status.now + 30_000;
                entry.attempts = n as u32;
                entry.last_error =
                    (n > 0).then(|| "the server at https://diary.example could not be reached".into());
            }
            world.outbox.entries.push(parcel(at(16, 50), ParcelState::Held, "picture, activity", 40_000));
            world.outbox.entries.push(parcel(
                at(16, 40),
                ParcelState::Cancelled,
                "picture, activity",
                40_000,
            ));
        }
        "monitoring" => {
            status.mode = Mode::Monitoring;
            current(status).title = "Warehouse desk 4".into();
            status.since = Some(at(8, 58));
            (status.today_ms, status.week_ms, status.limit_ms) = (11_400_000, 11_400_000, None);
            world.terms = terms(Mode::Monitoring);
        }
        "problem" => {
            status.problems = vec![
                "Keys, clicks and scrolls are not counted: candor-counter is missing. Install Candor again."
                    .into(),
            ];
            current(status).title =
                "Invoice service and everything that belongs to it, first and second phase".into();
            status.memo = Some(
                "A memo that is much longer than the field which it stands in can ever be, so that it is cut"
                    .into(),
            );
        }
        "bare" => {
            (status.memo, status.limit_ms, status.running, status.last_picture) = (None, None, None, None);
            (status.labels, status.recent_memos, status.diary_url) = (Vec::new(), Vec::new(), None);
            (status.tracking, status.today_ms, status.week_ms) = (false, 0, 0);
            status.contracts[0].support = None;
            status.contracts[0].feedback = None;
            (world.segments, world.outbox.entries, world.rules) = Default::default();
        }
        _ => {}
    }
    world
}

fn current(status: &mut Status) -> &mut CurrentContract {
    status.current.as_mut().expect("a contract")
}

/// The same world under a theme.
#[allow(dead_code, reason = "only the tests of the real program choose a theme")]
pub fn themed(name: &str, theme: Theme) -> World {
    let mut world = world(name);
    world.preferences.theme = theme;
    world
}
