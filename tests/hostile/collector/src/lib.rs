//! A collector that does what its settings say, most of it bad. The settings are the name of a deed; each is a test's.

#![allow(clippy::panic, reason = "panicking is one of the deeds")]

use std::cell::Cell;
use std::hint::black_box;

mod bindings {
    //! Made from wit/.
    #![allow(missing_docs, reason = "generated code")]
    #![allow(unsafe_code, reason = "generated code")]
    #![allow(unreachable_pub, reason = "generated code")]
    #![allow(clippy::allow_attributes_without_reason, reason = "generated code")]

    use super::Hostile;

    wit_bindgen::generate!({ world: "collector", path: "../../../wit" });
    export!(Hostile with_types_in self);
}

use bindings::candor::plugin::observations::{
    self, Custom, Focus, Observation, PictureSize, Snapshot, WindowFacts,
};
use bindings::candor::plugin::{activity, camera, clock, log, random, screen, store, windows};
use bindings::exports::candor::plugin::collecting::{self, Cause, Wake};
use bindings::exports::candor::plugin::setup::{self, SettingError};

thread_local! {
    static DEED: Cell<&'static str> = const { Cell::new("") };
    static CALLS: Cell<u32> = const { Cell::new(0) };
}

struct Hostile;

impl setup::Guest for Hostile {
    fn configure(settings: String) -> Result<(), Vec<SettingError>> {
        let deed: &'static str = settings.trim_matches('"').to_owned().leak();
        DEED.set(deed);
        match deed {
            "refuse" => Err(vec![
                SettingError {
                    place: "/rules/2/pattern".into(),
                    reason: "the bracket is never closed".into(),
                },
                SettingError { place: String::new(), reason: "too long".into() },
            ]),
            "loop while configured" => forever(),
            _ => Ok(()),
        }
    }
}

impl collecting::Guest for Hostile {
    fn woken(cause: Cause) -> Result<Vec<Wake>, String> {
        let calls = CALLS.get() + 1;
        CALLS.set(calls);
        match DEED.get() {
            "" => Ok(vec![Wake::OnMinute, Wake::Every(1_000)]),
            "count" => Err(calls.to_string()),
            "trap" => panic!("on purpose"),
            "trap once" => {
                if store::get("trapped").is_ok_and(|value| value.is_some()) {
                    return Err(calls.to_string());
                }
                let _ = store::set("trapped", b"yes");
                panic!("on purpose")
            }
            "loop" => forever(),
            "memory" => eat(),
            "error" => Err("the disc is missing".into()),
            "long error" => Err("x".repeat(1 << 20)),
            "seventeen wakes" => Ok(vec![Wake::OnMinute; 17]),
            "every 10 ms" => Ok(vec![Wake::Every(10)]),
            "slow" => {
                // As slow as may be without being stopped.
                let until = clock::monotonic() + if matches!(cause, Cause::Started) { 0 } else { 4_500 };
                while clock::monotonic() < until {}
                Ok(vec![Wake::OnMinute, Wake::OnSegment, Wake::OnWindowChange, Wake::Every(1_000)])
            }
            "woken in the past" => {
                let _ = store::set("calls", calls.to_string().as_bytes());
                Ok(vec![Wake::At(1); 16])
            }
            "log flood" => {
                for n in 0..20_000 {
                    log::write(log::Level::Info, &format!("line {n}"));
                }
                log::write(log::Level::Info, &"x".repeat(1 << 20));
                Ok(Vec::new())
            }
            "note flood" => Err(note_flood()),
            "flood again and again" => {
                let body = format!("\"{}\"", "x".repeat((1 << 14) - 2));
                for _ in 0..300 {
                    note(Observation::Custom(Custom { kind: "flood".into(), body: body.clone() }));
                }
                Ok(vec![Wake::Every(1_000), Wake::OnWindowChange, Wake::OnMinute])
            }
            "counts after a flood" => {
                let flood = note_flood();
                Err(format!("{flood}; {}", note(Observation::Activity(60_000))))
            }
            // As often as it is allowed to, without an end.
            "flood again" => {
                let body = format!("\"{}\"", "x".repeat(16_000));
                for _ in 0..200 {
                    let custom = Custom { kind: "flood".into(), body: body.clone() };
                    if observations::note(Observation::Custom(custom)).is_err() {
                        break;
                    }
                }
                Ok(again(10_000))
            }
            "slow again" => {
                let began = clock::monotonic();
                while clock::monotonic() - began < 250 {
                    black_box(CALLS.get());
                }
                let custom = Custom { kind: "slow".into(), body: calls.to_string() };
                let _ = observations::note(Observation::Custom(custom));
                Ok(again(10_000))
            }
            "log flood again" => {
                for n in 0..20_000 {
                    log::write(log::Level::Error, &format!("line {n}"));
                }
                let custom = Custom { kind: "log".into(), body: calls.to_string() };
                let _ = observations::note(Observation::Custom(custom));
                Ok(again(1_000))
            }
            // The first time all is well, so that it is woken again.
            "trap again" | "loop again" | "memory again" | "error again" if calls == 1 => Ok(again(1_000)),
            "trap again" => panic!("on purpose"),
            "loop again" => forever(),
            "memory again" => eat(),
            "error again" => Err("x".repeat(1 << 20)),
            "frames" => Err(frames()),
            "picture" => picture(),
            "no picture" => no_picture(),
            "camera" => match camera::capture() {
                Ok(frame) => {
                    Err(note(Observation::CameraSnapshot(Snapshot { frame, size: PictureSize::Full })))
                }
                Err(denied) => Err(format!("{denied:?}")),
            },
            "focus" => focus(),
            "activity" => Err(format!(
                "{:?} {}",
                activity::minute_at(60_000).map(|minute| minute.map(|m| m.keys)),
                note(Observation::Activity(60_000))
            )),
            "custom" => Err(custom()),
            "store" => Err(use_store()),
            "hoard" => hoard(),
            "clock" => {
                let sane = clock::now() > 1_600_000_000_000 && clock::monotonic() < 60_000;
                let random = random::bytes(1 << 20).len();
                Err(format!("{sane} {random}"))
            }
            other => Err(format!("no such deed: {other}")),
        }
    }
}

/// All that wakes a collector, and a timer.
fn again(every: u64) -> Vec<Wake> {
    vec![Wake::Every(every), Wake::OnMinute, Wake::OnSegment, Wake::OnWindowChange, Wake::AtRandomInSegment]
}

fn eat() -> ! {
    let mut all = Vec::new();
    loop {
        all.push(black_box(vec![1_u8; 1 << 20]));
    }
}

fn forever() -> ! {
    let mut n = 0_u64;
    loop {
        n = black_box(n.wrapping_add(1));
    }
}

fn note(observation: Observation) -> String {
    match observations::note(observation) {
        Ok(()) => "taken".into(),
        Err(error) => format!("{error:?}"),
    }
}

fn note_flood() -> String {
    let taken = (0..500)
        .filter(|n| {
            let custom = Custom { kind: "flood".into(), body: n.to_string() };
            observations::note(Observation::Custom(custom)).is_ok()
        })
        .count();
    format!("{taken} taken")
}

fn frames() -> String {
    let mut held = Vec::new();
    loop {
        match screen::capture(screen::Scope::Desktop) {
            Ok(frame) => held.push(frame),
            Err(denied) => return format!("held {}, then {denied:?}", held.len()),
        }
    }
}

fn picture() -> Result<Vec<Wake>, String> {
    let frame = screen::capture(screen::Scope::ActiveMonitor).map_err(|denied| format!("{denied:?}"))?;
    let size = format!("{}x{}", frame.width(), frame.height());
    let noted = note(Observation::Snapshot(Snapshot { frame, size: PictureSize::Half }));
    Err(format!("{size} {noted}"))
}

fn no_picture() -> Result<Vec<Wake>, String> {
    let before = note(Observation::NoSnapshot);
    let denied = screen::capture(screen::Scope::Desktop).map(|_| ());
    let after = note(Observation::NoSnapshot);
    Err(format!("{before}; {denied:?}; {after}"))
}

fn focus() -> Result<Vec<Wake>, String> {
    let facts = WindowFacts::APP;
    let early = note(Observation::Focus(Focus { window: 7, facts }));
    let layout = windows::current().map_err(|denied| format!("{denied:?}"))?;
    let shown = layout.windows.iter().map(|w| w.id).collect::<Vec<_>>();
    let known = note(Observation::Focus(Focus { window: 7, facts }));
    let unknown = note(Observation::Focus(Focus { window: 8, facts }));
    Err(format!("{early}; {shown:?}; {known}; {unknown}"))
}

fn custom() -> String {
    let custom = |kind: &str, body: String| note(Observation::Custom(Custom { kind: kind.into(), body }));
    [
        custom("build", "{\"ok\":true}".into()),
        custom("Build", "{}".into()),
        custom("build", "{".into()),
        custom("build", format!("\"{}\"", "x".repeat(1 << 14))),
    ]
    .join("; ")
}

/// Puts every text that it is shown wherever it can.
fn hoard() -> Result<Vec<Wake>, String> {
    let layout = windows::current().map_err(|denied| format!("{denied:?}"))?;
    let texts = |w: &windows::Window| [w.app.clone(), w.title.clone(), w.url.clone()].into_iter().flatten();
    let all: Vec<String> = layout.windows.iter().flat_map(texts).collect();
    let told: String =
        all.join(", ").chars().filter(|c| !matches!(c, '"' | '\\') && !c.is_control()).collect();
    log::write(log::Level::Info, &told);
    let before = store::get("hoard").ok().flatten().unwrap_or_default();
    let before = String::from_utf8_lossy(&before).into_owned();
    let _ = store::set("hoard", told.as_bytes());
    note(Observation::Custom(Custom { kind: "hoard".into(), body: format!("\"{told}; before: {before}\"") }));
    Ok(vec![Wake::Every(5_000)])
}

fn use_store() -> String {
    let full = store::set("big", &vec![0; 64 * 1024]);
    let fits = store::set("big", &vec![0; 60 * 1024]);
    let again = store::set("big", &vec![1; 60 * 1024]);
    let other = store::set("other", &vec![0; 8 * 1024]);
    let bad = store::set("", b"x");
    let long = store::get(&"k".repeat(129));
    let keys = store::keys();
    let gone = store::delete("big").and_then(|()| store::delete("big"));
    format!("{full:?} {fits:?} {again:?} {other:?} {bad:?} {long:?} {keys:?} {gone:?}")
}
