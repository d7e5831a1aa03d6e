//! A policy without `pixels` that does what its settings say, most of it bad.

#![allow(clippy::panic, reason = "panicking is one of the deeds")]

use std::cell::Cell;
use std::hint::black_box;

mod bindings {
    //! Made from wit/. Narrower than the world `policy`: what is not imported is not asked for.
    #![allow(missing_docs, reason = "generated code")]
    #![allow(unsafe_code, reason = "generated code")]
    #![allow(unreachable_pub, reason = "generated code")]
    #![allow(clippy::allow_attributes_without_reason, reason = "generated code")]

    use super::Hostile;

    wit_bindgen::generate!({
        inline: "
            package hostile:policy;
            world blind {
                export candor:plugin/setup@0.1.0;
                export candor:plugin/judging@0.1.0;
            }
        ",
        path: "../../../wit",
        world: "hostile:policy/blind",
        generate_all,
    });
    export!(Hostile with_types_in self);
}

use bindings::candor::plugin::frames::Frame;
use bindings::candor::plugin::scenes::Scene;
use bindings::candor::plugin::types::Area;
use bindings::exports::candor::plugin::judging::{
    self, Cover, Field, Hiding, Mask, Redaction, Rule, Target, Verdict,
};
use bindings::exports::candor::plugin::setup::{self, SettingError};

thread_local! {
    static DEED: Cell<&'static str> = const { Cell::new("") };
    static CALLS: Cell<u32> = const { Cell::new(0) };
}

struct Hostile;

impl setup::Guest for Hostile {
    fn configure(settings: String) -> Result<(), Vec<SettingError>> {
        DEED.set(settings.trim_matches('"').to_owned().leak());
        Ok(())
    }
}

impl judging::Guest for Hostile {
    fn rules() -> Vec<Rule> {
        let rule = |words: &str| Rule { words: words.into() };
        match DEED.get() {
            "many rules" => vec![rule("again"); 257],
            "long words" => vec![rule(&"x".repeat(201))],
            "two lines" => vec![rule("one\ntwo")],
            deed if deed.starts_with("leak") => (0..256).map(|n| rule(&format!("rule {n}"))).collect(),
            _ => vec![rule("everything: solid block")],
        }
    }

    fn judge(scene: &Scene, frame: Option<&Frame>) -> Verdict {
        CALLS.set(CALLS.get() + 1);
        let mask = |target, rule| Mask { target, cover: Cover::Fill, rule };
        let area = |width| Area { x: 0, y: 0, width, height: 10 };
        let one = |mask| redact(vec![mask], Vec::new());
        match DEED.get() {
            "trap" => panic!("on purpose"),
            "trap first" => {
                if CALLS.get() == 1 && scene.at() == 0 {
                    panic!("on purpose")
                }
                Verdict::Keep
            }
            "loop" => loop {
                black_box(CALLS.get());
            },
            "memory" => {
                let mut all = Vec::new();
                loop {
                    all.push(black_box(vec![1_u8; 1 << 20]));
                }
            }
            "cover all" => one(mask(Target::Whole, 0)),
            "cover windows" => {
                let windows = scene.windows();
                let masks = (0..windows.len()).map(|n| mask(Target::Window(n as u32), 0)).collect();
                redact(masks, vec![Hiding { window: 0, field: Field::Title, rule: 0 }])
            }
            "rule out of bounds" => one(mask(Target::Whole, 1)),
            "window out of bounds" => one(mask(Target::Window(scene.windows().len() as u32), 0)),
            "hiding out of bounds" => {
                redact(Vec::new(), vec![Hiding { window: u32::MAX, field: Field::Title, rule: 0 }])
            }
            "empty region" => one(mask(Target::Region(area(0)), 0)),
            "many masks" => redact(vec![mask(Target::Whole, 0); 1025], Vec::new()),
            "skip without a rule" => Verdict::Skip(Vec::new()),
            "skip by another rule" => Verdict::Skip(vec![0, 7]),
            "skip" => Verdict::Skip(vec![0]),
            deed if deed.starts_with("leak") => leak(deed, scene),
            "tell whether there is a frame" => {
                one(mask(Target::Region(area(1 + u32::from(frame.is_some()))), 0))
            }
            _ => Verdict::Keep,
        }
    }
}

/// Everything that a scene tells, as bytes.
fn message(scene: &Scene) -> Vec<u8> {
    scene.windows().iter().flat_map(|window| format!("{window:?}\n").into_bytes()).collect()
}

/// Tries to get what the scene tells out through the verdict.
fn leak(deed: &str, scene: &Scene) -> Verdict {
    let message = message(scene);
    let sum = message.iter().fold(7_u32, |sum, byte| sum.wrapping_mul(31).wrapping_add(u32::from(*byte)));
    let region = |x: i32, y: i32, width: u32, height: u32| Target::Region(Area { x, y, width, height });
    let fill = |target, rule| Mask { target, cover: Cover::Fill, rule };
    let bytes = message.iter().map(|byte| u32::from(*byte)).take(900);
    match deed {
        "leak by coordinates" => {
            let masks = message.chunks(4).take(900).map(|four| {
                let at = |n: usize| i32::from(four.get(n).copied().unwrap_or(0));
                fill(region(at(0), at(1), 1 + at(2) as u32, 1 + at(3) as u32), 0)
            });
            redact(masks.collect(), Vec::new())
        }
        "leak by one far edge" => {
            redact(vec![fill(region((sum % 300) as i32, i32::MIN, u32::MAX, u32::MAX), 0)], Vec::new())
        }
        "leak by order" => {
            let mut masks: Vec<_> = (0..8).map(|n| fill(region(n * 16, 0, 16, 16), 0)).collect();
            masks.rotate_left(sum as usize % 8);
            redact(masks, Vec::new())
        }
        "leak by rule" => redact(bytes.map(|byte| fill(region(0, 0, 32, 32), byte)).collect(), Vec::new()),
        "leak by count" => {
            redact(bytes.zip(0..).map(|(_, n)| fill(region(n % 1000, 0, 1, 1), 0)).collect(), Vec::new())
        }
        "leak by cover" => {
            let cover = if sum.is_multiple_of(2) { Cover::Fill } else { Cover::Blur };
            redact(vec![Mask { cover, ..fill(region(0, 0, 32, 32), 0) }], Vec::new())
        }
        "leak by hiding" => {
            let hidings = bytes.map(|rule| Hiding { window: 0, field: Field::Title, rule });
            redact(Vec::new(), if scene.windows().is_empty() { Vec::new() } else { hidings.collect() })
        }
        "leak by skip" => Verdict::Skip(bytes.take(256).collect()),
        "leak by failure" => {
            if message.windows(6).any(|part| part == b"salary") {
                panic!("salary: {sum}")
            }
            Verdict::Keep
        }
        _ => Verdict::Keep,
    }
}

fn redact(masks: Vec<Mask>, hidings: Vec<Hiding>) -> Verdict {
    Verdict::Redact(Redaction { masks, hidings })
}
