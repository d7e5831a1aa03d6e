//! The other end of the socket: answers the agent's protocol from a state that the test sets, and remembers what it was
//! asked. It decides nothing: what the real agent decides is tested with the real agent.

use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use candor_diary::money::RoundingRule;
use candor_diary::parcel::{Cover, Redaction};
use candor_diary::segment::SegmentLength;
use candor_diary::terms::{Contacts, ManualTime, Mode, PictureRemoval, PluginUse, Terms, WorkerChooses};
use candor_protocol::*;
use serde_json::{Value, json};

/// Thu 27 Nov 2025, 15:53:20 UTC: a day in the past, so that its words are the same whenever this runs.
pub(crate) const NOW: u64 = 1_764_258_800_000;
/// The running segment: 15:50.
pub(crate) const START: u64 = NOW - 200_000;

pub(crate) struct State {
    pub(crate) status: Status,
    pub(crate) segments: Vec<Segment>,
    pub(crate) outbox: OutboxAnswer,
    pub(crate) preferences: Preferences,
    pub(crate) rules: Vec<OwnRule>,
    pub(crate) removal: PictureRemoval,
    pub(crate) checks: Vec<Check>,
    pub(crate) ledger: VerifiedLedger,
    /// What every request that changes something is refused with.
    pub(crate) refusal: Option<String>,
    /// What plugins are called and say.
    pub(crate) plugins: Vec<Plugin>,
    pub(crate) asked: Vec<AnyRequest>,
}

pub(crate) struct Agent {
    folder: tempfile::TempDir,
    shared: Arc<(Mutex<State>, Condvar)>,
}

impl Agent {
    /// Serves a new data folder.
    pub(crate) fn new() -> Self {
        let agent = Self {
            folder: tempfile::tempdir().unwrap(),
            shared: Arc::new((Mutex::new(State::new()), Condvar::new())),
        };
        std::fs::create_dir(agent.data().join("run")).unwrap();
        let listener = UnixListener::bind(agent.data().join("run/agent.sock")).unwrap();
        let shared = agent.shared.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (stream, shared) = (stream.unwrap(), shared.clone());
                std::thread::spawn(move || serve(&stream, &shared));
            }
        });
        agent
    }

    pub(crate) fn data(&self) -> &Path {
        self.folder.path()
    }

    /// Changes the state, as when something happens; whoever waits for a status hears of it.
    pub(crate) fn change(&self, change: impl FnOnce(&mut State)) {
        let mut state = self.shared.0.lock().unwrap();
        change(&mut state);
        state.status.revision += 1;
        self.shared.1.notify_all();
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.shared.0.lock().unwrap()
    }

    /// What was asked, apart from what only looks.
    pub(crate) fn deeds(&self) -> Vec<AnyRequest> {
        let looks = |r: &AnyRequest| {
            matches!(
                r,
                AnyRequest::GetStatus(_)
                    | AnyRequest::ReportSigns(_)
                    | AnyRequest::GetPreferences(_)
                    | AnyRequest::GetTerms(_)
                    | AnyRequest::GetSegments(_)
                    | AnyRequest::WouldForgetSpan(_)
            )
        };
        self.state().asked.iter().filter(|r| !looks(r)).cloned().collect()
    }

    /// Waits until a deed was asked for.
    pub(crate) fn wait_for(&self, deed: &AnyRequest) {
        let started = Instant::now();
        while !self.deeds().contains(deed) {
            assert!(
                started.elapsed() < Duration::from_secs(20),
                "{deed:?} was not asked: {:?}",
                self.deeds()
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

fn serve(stream: &UnixStream, shared: &(Mutex<State>, Condvar)) {
    let mut writer = stream.try_clone().unwrap();
    for line in BufReader::new(stream).lines() {
        let Ok(line) = line else { return };
        let request: AnyRequest = serde_json::from_str(&line).unwrap();
        let mut state = shared.0.lock().unwrap();
        state.asked.push(request.clone());
        if let AnyRequest::GetStatus(GetStatus { after: Some(after) }) = request {
            let limit = Duration::from_secs(20);
            let same = |state: &mut State| state.status.revision == after;
            state = shared.1.wait_timeout_while(state, limit, same).unwrap().0;
        }
        let response = state.answer(&request);
        drop(state);
        shared.1.notify_all();
        let mut bytes = serde_json::to_vec(&response).unwrap();
        bytes.push(b'\n');
        if writer.write_all(&bytes).is_err() {
            return;
        }
    }
}

impl State {
    fn new() -> Self {
        let mut segment = segment(START);
        segment.state = SegmentState::Open { sends_at: START + 660_000 };
        let contract = Contract {
            id: "01j9a".into(),
            title: "Invoice service".into(),
            client: "Fieldhouse Supply".into(),
            mode: Mode::Worklog,
            accepted: true,
            server: "http://127.0.0.1:9".into(),
            support: None,
            feedback: None,
        };
        let other = Contract { id: "01k2b".into(), title: "Shop_front".into(), ..contract.clone() };
        let status = Status {
            revision: 1,
            now: NOW,
            tracking: true,
            notice_accepted: true,
            current: Some(CurrentContract {
                id: contract.id.clone(),
                title: contract.title.clone(),
                client: contract.client.clone(),
            }),
            mode: Mode::Worklog,
            since: Some(NOW - 8_592_000),
            on_ms: 8_592_000,
            sign: candor_protocol::SignState::default(),
            paused_since: None,
            away_since: None,
            away: None,
            question: None,
            memo: Some("Invoice import".into()),
            label: None,
            recent_memos: vec!["Bank rules".into()],
            labels: vec!["Development".into(), "Meeting".into()],
            stopping: false,
            running: Some(segment.clone()),
            last_picture: None,
            today_ms: 19_200_000,
            week_ms: 106_800_000,
            over_ms: 0,
            limit_ms: Some(108_000_000),
            manual_time: ManualTime::Yes,
            segments: SegmentCounts::default(),
            outbox: OutboxCounts::default(),
            offline_since: None,
            next_try_at: None,
            contracts: vec![contract, other],
            diary_url: None,
            problems: Vec::new(),
        };
        Self {
            status,
            segments: vec![segment],
            outbox: OutboxAnswer { entries: Vec::new(), disk_bytes: 214_000, disk_limit: 2 << 30 },
            preferences: Preferences::default(),
            rules: Vec::new(),
            removal: PictureRemoval::KeepsTime,
            checks: Vec::new(),
            ledger: VerifiedLedger::default(),
            refusal: None,
            plugins: Vec::new(),
            asked: Vec::new(),
        }
    }

    fn answer(&mut self, request: &AnyRequest) -> Response {
        let looks = matches!(
            request,
            AnyRequest::GetStatus(_)
                | AnyRequest::ReportSigns(_)
                | AnyRequest::GetPreferences(_)
                | AnyRequest::GetTerms(_)
                | AnyRequest::GetSegments(_)
        );
        if let (false, Some(why)) = (looks, &self.refusal) {
            return Response::Error(why.clone().into());
        }
        if let AnyRequest::WouldForgetSpan(WouldForgetSpan { from, to }) = request {
            return self.would_forget(*from, *to);
        }
        Response::Ok(self.value(request))
    }

    fn would_forget(&self, from: u64, to: u64) -> Response {
        let end = |s: &Segment| s.start + u64::from(s.length) * 60_000;
        let touched: Vec<_> = self.segments.iter().filter(|s| end(s) > from && s.start < to).collect();
        let (Some(first), Some(last)) = (touched.first(), touched.last()) else {
            return Response::Error("nothing was recorded in that span".into());
        };
        Response::Ok(json!(Forgotten {
            from: first.start,
            to: end(last),
            segments: u32::try_from(touched.len()).unwrap(),
            time_ms: touched.iter().map(|s| s.tracked_ms).sum(),
            pictures: u32::try_from(touched.iter().filter(|s| s.picture.is_some()).count()).unwrap(),
        }))
    }

    fn value(&mut self, request: &AnyRequest) -> Value {
        let status = &mut self.status;
        match request {
            AnyRequest::GetStatus(_) => return json!(self.status),
            AnyRequest::ReportSigns(_) => return Value::Null,
            AnyRequest::GetSegments(GetSegments { from, to }) => {
                let within: Vec<_> =
                    self.segments.iter().filter(|s| s.start >= *from && s.start < *to).collect();
                return json!(within);
            }
            AnyRequest::GetPreferences(_) => return json!(self.preferences),
            AnyRequest::SetPreferences(SetPreferences { preferences }) => self.preferences = *preferences,
            AnyRequest::GetOwnRules(_) => return json!(self.rules),
            AnyRequest::SetOwnRules(SetOwnRules { rules }) => self.rules = rules.clone(),
            AnyRequest::GetOutbox(_) => return json!(self.outbox),
            AnyRequest::GetTerms(_) => return json!(self.terms()),
            AnyRequest::RunDoctor(_) => return json!(self.checks),
            AnyRequest::GetPlugins(_) => return json!(self.plugins),
            AnyRequest::GetNotice(_) => {
                return json!(NoticeAnswer {
                    contract: "01j9a".into(),
                    text: "What is recorded\n\nCounts and pictures.\n".into(),
                    digest: "8c1e".into(),
                    accepted: false,
                });
            }
            AnyRequest::ImportInvitation(_) => return json!(status.contracts[0]),
            AnyRequest::RemoveNotes(_) => return json!(1),
            AnyRequest::ForgetSpan(ForgetSpan { from, to }) => {
                return json!(Forgotten { from: *from, to: *to, segments: 1, time_ms: 200_000, pictures: 1 });
            }
            AnyRequest::AddManualTime(AddManualTime { from, to, .. }) => {
                return json!(Forgotten {
                    from: *from,
                    to: *to,
                    segments: 3,
                    time_ms: to - from,
                    pictures: 0
                });
            }
            AnyRequest::GetPicture(_) => {
                return json!(Picture { media_type: "image/webp".into(), base64: "UklGRg==".into() });
            }
            AnyRequest::GetParcel(_) => {
                return json!(ParcelBytes {
                    envelope: "{\"payload\":\"eyJ9\"}".into(),
                    document: json!({ "start": START }),
                    details: vec![
                        ParcelDetail {
                            kind: "memo".into(),
                            sha256: "cd".repeat(32),
                            length: 13,
                            text: Some("{\"salt\":\"5d\"}".into()),
                        },
                        ParcelDetail {
                            kind: "focus".into(),
                            sha256: "ef".repeat(32),
                            length: 2_000,
                            text: None,
                        },
                    ],
                    attachments: vec![("ab".repeat(32), 214_000)],
                });
            }
            AnyRequest::ExportData(ExportData { to }) => {
                return json!(Exported { folder: to.clone(), records: 1_284, pictures: 1 });
            }
            AnyRequest::VerifyJournal(_) => {
                return json!({ "records": 12, "equal": 11, "sealed": 1, "first_bad": null });
            }
            AnyRequest::VerifyLedger(_) => return json!(self.ledger),
            AnyRequest::StartTracking(StartTracking { memo, .. }) => {
                status.tracking = true;
                status.paused_since = None;
                status.memo = memo.clone().or_else(|| status.memo.take());
            }
            AnyRequest::StopTracking(_) => status.tracking = false,
            AnyRequest::PauseTracking(_) => status.paused_since = Some(status.now),
            AnyRequest::SetMemo(SetMemo { memo }) => status.memo = Some(memo.clone()),
            AnyRequest::SetLabel(SetLabel { label }) => status.label = label.clone(),
            AnyRequest::AnswerIdle(_) => status.question = None,
            AnyRequest::SwitchContract(SwitchContract { contract }) => {
                if let Some(current) = &mut status.current {
                    current.id = contract.clone();
                }
            }
            AnyRequest::RemovePicture(_) => status.last_picture = None,
            _ => {}
        }
        self.status.revision += 1;
        Value::Null
    }

    fn terms(&self) -> Terms {
        let plugin = |plugin: &str| PluginUse { plugin: plugin.into(), settings: Value::Null };
        Terms {
            contract: self.status.contract().unwrap().to_owned(),
            title: self.status.title().to_owned(),
            client: self.status.client().to_owned(),
            worker: "Mara Lind".into(),
            sequence: 3,
            mode: self.status.mode,
            segment: SegmentLength::new(10).unwrap(),
            hold_ms: 60_000,
            policy: Some(plugin("rules")),
            collectors: vec![plugin("screenshots"), plugin("activity")],
            uploader: plugin("backoffice"),
            weekly_limit: Some(1_800),
            rate: None,
            currency: None,
            rounding: RoundingRule::default(),
            labels: self.status.labels.clone(),
            manual_time: ManualTime::Yes,
            picture_removal: self.removal,
            worker_chooses: WorkerChooses::default(),
            contacts: Contacts::default(),
        }
    }
}

/// A tracked segment without a picture.
pub(crate) fn segment(start: u64) -> Segment {
    Segment {
        start,
        length: 10,
        minutes: vec![Some(12), Some(0), Some(7), None],
        tracked_ms: 200_000,
        billed_ms: 200_000,
        memo: Some("Invoice import".into()),
        label: Some("Development".into()),
        manual: false,
        removed_at: None,
        picture: None,
        no_picture: None,
        no_picture_sentence: None,
        dropped: Vec::new(),
        gaps: Vec::new(),
        no_sign: false,
        notes: Vec::new(),
        undo_until: None,
        state: SegmentState::Delivered { at: start + 660_000 },
        parcel: None,
        editable: true,
    }
}

/// The same with a picture in which one window is covered.
pub(crate) fn pictured(start: u64, at: u64) -> Segment {
    let redaction = Redaction { x: 1, y: 2, width: 3, height: 4, cover: Cover::Fill, rule: Some(0) };
    Segment {
        picture: Some(PictureFacts {
            at,
            width: 1920,
            height: 1080,
            bytes: 53_000,
            redactions: vec![redaction],
            covered_by: vec!["windows whose title contains \"payroll\"".into()],
            focus: None,
        }),
        state: SegmentState::Open { sends_at: start + 660_000 },
        ..segment(start)
    }
}
