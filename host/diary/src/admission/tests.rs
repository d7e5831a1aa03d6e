use super::*;
use crate::example;
use crate::parcel::{DetailRef, Field, Gap, GapCause, MinuteActivity, MinuteFacts, Removed};
use crate::segment::{MINUTE_MS, SegmentLength};
use crate::terms::PluginUse;

const START: u64 = 1_795_737_600_000;
const NOW: u64 = START + 60 * MINUTE_MS;

fn terms(sequence: u64) -> Terms {
    serde_json::from_value(serde_json::json!({
        "contract": "invoices", "title": "Work", "client": "C", "worker": "W", "sequence": sequence,
        "mode": "worklog", "segment": 10, "hold-ms": 0, "labels": ["Backend"],
        "collectors": [{ "plugin": "activity" }, { "plugin": "builds" }],
        "uploader": { "plugin": "backoffice", "settings": {} }
    }))
    .unwrap()
}

/// What a row changes before the parcel is compared.
struct Case {
    named: Terms,
    earlier: Vec<Terms>,
    newest: Terms,
    handed_out: (u64, u64),
    received_at: u64,
    parcel: Parcel,
    core: Box<dyn Fn(&mut Core)>,
}

impl Case {
    fn new() -> Self {
        let mut parcel = example::parcel(START, SegmentLength::default());
        parcel.gaps.clear();
        Self {
            named: terms(3),
            earlier: Vec::new(),
            newest: terms(3),
            handed_out: (3, START - MINUTE_MS),
            received_at: NOW,
            parcel,
            core: Box::new(|_| ()),
        }
    }

    fn answer(mut self) -> Result<Admission, &'static str> {
        self.parcel.terms = self.named.named();
        let mut salt = 0;
        let (mut core, _) = self
            .parcel
            .split(&[], || {
                salt += 1;
                Ok::<_, std::convert::Infallible>([salt; 32])
            })
            .unwrap();
        (self.core)(&mut core);
        let terms = AdmissionTerms {
            named: &self.named,
            earlier: &self.earlier,
            newest: &self.newest,
            handed_out: self.handed_out,
        };
        assert_eq!(core.check(), Ok(()), "what is no core is refused before");
        let admitted = admit(&core, &terms, self.received_at).map_err(|not| not.code())?;
        admit_details(&self.parcel, &terms).map_err(|not| not.code())?;
        Ok(admitted)
    }
}

fn row(change: impl FnOnce(&mut Case)) -> Result<Admission, &'static str> {
    let mut case = Case::new();
    change(&mut case);
    case.answer()
}

fn manual(parcel: &mut Parcel, at: u64) {
    parcel.minutes.clear();
    parcel.manual = Some(crate::parcel::Manual::at(at));
}

#[test]
fn what_the_terms_do_not_allow_is_refused() {
    type Change = Box<dyn FnOnce(&mut Case)>;
    let hour = SegmentLength::new(60).unwrap();
    let rows: Vec<(&str, Change, Result<(), &str>)> = vec![
        ("as the terms have it", Box::new(|_| ()), Ok(())),
        (
            "an hour in a contract of ten minutes",
            Box::new(move |c| c.parcel.length = hour),
            Err("other-segments"),
        ),
        (
            "an hour that was cut under the terms before",
            Box::new(move |c| {
                c.parcel.length = hour;
                c.earlier = vec![Terms { segment: hour, ..terms(2) }];
            }),
            Ok(()),
        ),
        (
            "terms with that number, and other words",
            Box::new(|c| c.core = Box::new(|core| core.terms.digest = "0".repeat(64))),
            Err("other-terms"),
        ),
        (
            "older terms than the device has had for hours",
            Box::new(|c| {
                c.named = terms(2);
                c.handed_out = (3, START - CHANGE_MS - 1);
            }),
            Err("older-terms"),
        ),
        (
            "older terms, from before the device was enrolled anew",
            Box::new(|c| {
                c.named = terms(2);
                c.handed_out = (3, NOW);
            }),
            Ok(()),
        ),
        (
            "tracked, and only typed-in time is taken",
            Box::new(|c| {
                c.named.manual_time = ManualTime::Only;
            }),
            Err("nothing-is-tracked"),
        ),
        (
            "typed in, and only that is taken",
            Box::new(|c| {
                c.named.manual_time = ManualTime::Only;
                manual(&mut c.parcel, NOW - 1);
            }),
            Ok(()),
        ),
        ("begins a moment after now", Box::new(|c| c.received_at = START - 1), Err("clock-ahead")),
        (
            "begins now, and has minutes that are still to come",
            Box::new(|c| c.received_at = START),
            Err("clock-ahead"),
        ),
        (
            "the minutes are over, by a clock that is a little ahead",
            Box::new(|c| {
                c.received_at = START + MINUTE_MS;
            }),
            Ok(()),
        ),
        (
            "a gap that is still to come",
            Box::new(|c| {
                c.received_at = START + 2 * MINUTE_MS;
                let (from, to) = (START + 8 * MINUTE_MS, START + 9 * MINUTE_MS);
                c.parcel.gaps = vec![Gap { from, to, cause: GapCause::Paused }];
            }),
            Err("clock-ahead"),
        ),
        (
            "typed in for a time to come",
            Box::new(|c| {
                c.named.manual_time = ManualTime::Yes;
                c.received_at = START + 5 * MINUTE_MS;
                manual(&mut c.parcel, START);
            }),
            Err("clock-ahead"),
        ),
        ("typed in tomorrow", Box::new(|c| manual(&mut c.parcel, NOW + 86_400_000)), Err("clock-ahead")),
        (
            "removed tomorrow",
            Box::new(|c| {
                c.parcel.minutes.clear();
                (c.parcel.memo, c.parcel.label) = (None, None);
                c.parcel.removed = Some(Removed { at: NOW + 86_400_000, time_ms: 1 });
                c.parcel.revision = 1;
                c.parcel.changed = vec![Field::Time];
            }),
            Err("clock-ahead"),
        ),
        ("notes of a collector of the terms", Box::new(|c| c.core = notes("builds")), Ok(())),
        (
            "notes of a collector that the terms do not name",
            Box::new(|c| c.core = notes("spy")),
            Err("unknown-collector"),
        ),
        ("the client's label", Box::new(|c| c.parcel.label = Some("Backend".to_owned())), Ok(())),
        (
            "a label of one's own",
            Box::new(|c| c.parcel.label = Some("Bonus".to_owned())),
            Err("unknown-label"),
        ),
        (
            "a label that was taken back since",
            Box::new(|c| {
                c.newest = Terms { labels: Vec::new(), ..terms(4) };
                c.parcel.label = Some("Backend".to_owned());
            }),
            Ok(()),
        ),
    ];
    for (what, change, expected) in rows {
        assert_eq!(row(change).map(|_| ()), expected, "{what}");
    }
}

fn notes(plugin: &str) -> Box<dyn Fn(&mut Core)> {
    let plugin = plugin.to_owned();
    Box::new(move |core| {
        let kind = DetailKind::Notes;
        core.details.push(DetailRef { kind, plugin: Some(plugin.clone()), sha256: "a".repeat(64), bytes: 1 });
    })
}

#[test]
fn minutes_without_counts_are_no_evidence_if_the_terms_have_them_counted() {
    let uncounted = |off: bool, change: fn(&mut Terms)| {
        row(move |case| {
            change(&mut case.named);
            case.parcel.activity = if off { Activity::Off } else { Activity::Counted };
            case.parcel.minutes = vec![MinuteFacts::new(START, 60_000, None)];
        })
        .map(|admission| (admission.facts.active, admission.facts.gap))
    };
    assert_eq!(uncounted(false, |_| ()), Ok((0, true)));
    assert_eq!(uncounted(true, |_| ()), Ok((0, true)), "whatever the device says of it");
    assert_eq!(uncounted(true, |terms| terms.collectors.clear()), Ok((1, false)));
    assert_eq!(uncounted(true, |terms| terms.worker_chooses.activity = true), Ok((1, false)));
    let seen = row(|case| {
        case.parcel.minutes = vec![MinuteFacts::new(START, 60_000, None)];
        case.parcel.minutes[0].activity = MinuteActivity::Seen;
    });
    assert_eq!(seen.map(|admission| admission.facts.active), Ok(1));
}

#[test]
fn typed_in_time_is_judged_by_the_terms_of_now() {
    use ManualTime::{Ask, No, Only, Yes};
    // Named by the device, newest when it came, what counts.
    for (named, newest, expected) in [
        (Yes, Yes, Yes),
        (No, No, No),
        (Ask, Ask, Ask),
        (Only, Yes, Yes),
        (Yes, Only, Only),
        (Yes, No, Ask),
        (No, Yes, Ask),
        (Yes, Ask, Ask),
        (Ask, Yes, Ask),
        (Ask, No, Ask),
        (Only, No, Ask),
    ] {
        let answer = row(move |case| {
            case.named.manual_time = named;
            case.newest = Terms { manual_time: newest, ..terms(4) };
            manual(&mut case.parcel, START);
        });
        assert_eq!(answer.map(|admission| admission.manual_time), Ok(expected), "{named:?}, {newest:?}");
    }
    let extra = PluginUse { plugin: "x".to_owned(), settings: serde_json::Value::Null };
    let unrelated = row(move |case| case.newest = Terms { collectors: vec![extra], ..terms(4) });
    assert_eq!(unrelated.map(|admission| admission.manual_time), Ok(No));
}
