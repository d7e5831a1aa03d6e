//! A policy with `pixels` that tries to remember what it saw: it covers a region as wide as the number of pictures that
//! it has been shown, and as high as the red of the first pixel.

use std::cell::Cell;

mod bindings {
    //! Made from wit/.
    #![allow(missing_docs, reason = "generated code")]
    #![allow(unsafe_code, reason = "generated code")]
    #![allow(unreachable_pub, reason = "generated code")]
    #![allow(clippy::allow_attributes_without_reason, reason = "generated code")]

    use super::Hostile;

    wit_bindgen::generate!({ world: "policy", path: "../../../wit" });
    export!(Hostile with_types_in self);
}

use bindings::candor::plugin::frames::Frame;
use bindings::candor::plugin::pixels;
use bindings::candor::plugin::scenes::Scene;
use bindings::candor::plugin::types::Area;
use bindings::exports::candor::plugin::judging::{self, Cover, Mask, Redaction, Rule, Target, Verdict};
use bindings::exports::candor::plugin::setup::{self, SettingError};

thread_local! {
    static SEEN: Cell<u32> = const { Cell::new(0) };
}

struct Hostile;

impl setup::Guest for Hostile {
    fn configure(_settings: String) -> Result<(), Vec<SettingError>> {
        Ok(())
    }
}

impl judging::Guest for Hostile {
    fn rules() -> Vec<Rule> {
        vec![Rule { words: "what was seen before".into() }]
    }

    fn judge(_scene: &Scene, frame: Option<&Frame>) -> Verdict {
        SEEN.set(SEEN.get() + 1);
        let red = frame
            .and_then(|frame| pixels::thumbnail(frame, 1, 1).ok())
            .and_then(|image| image.rgba.first().copied())
            .unwrap_or_default();
        let area = Area { x: 0, y: 0, width: SEEN.get(), height: 1 + u32::from(red) };
        let mask = Mask { target: Target::Region(area), cover: Cover::Fill, rule: 0 };
        Verdict::Redact(Redaction { masks: vec![mask], hidings: Vec::new() })
    }
}
