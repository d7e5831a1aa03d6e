//! A policy that asks WASI for what it must not have: the time, random numbers, the environment. Its verdict tells what
//! it got, as the numbers of a region.

mod bindings {
    //! Made from wit/ and from the part of WASI 0.2 that is used.
    #![allow(missing_docs, reason = "generated code")]
    #![allow(unsafe_code, reason = "generated code")]
    #![allow(unreachable_pub, reason = "generated code")]
    #![allow(clippy::allow_attributes_without_reason, reason = "generated code")]

    use super::Hostile;

    wit_bindgen::generate!({
        inline: "
            package hostile:wasi;

            world curious {
                import wasi:clocks/wall-clock@0.2.0;
                import wasi:random/random@0.2.0;
                import wasi:cli/environment@0.2.0;
                export candor:plugin/setup@0.1.0;
                export candor:plugin/judging@0.1.0;
            }

            package wasi:clocks@0.2.0 {
                interface wall-clock {
                    record datetime { seconds: u64, nanoseconds: u32 }
                    now: func() -> datetime;
                }
            }
            package wasi:random@0.2.0 {
                interface random {
                    get-random-u64: func() -> u64;
                }
            }
            package wasi:cli@0.2.0 {
                interface environment {
                    get-environment: func() -> list<tuple<string, string>>;
                    get-arguments: func() -> list<string>;
                }
            }
        ",
        path: "../../../wit",
        world: "hostile:wasi/curious",
        generate_all,
    });
    export!(Hostile with_types_in self);
}

use bindings::candor::plugin::frames::Frame;
use bindings::candor::plugin::scenes::Scene;
use bindings::candor::plugin::types::Area;
use bindings::exports::candor::plugin::judging::{self, Cover, Mask, Redaction, Rule, Target, Verdict};
use bindings::exports::candor::plugin::setup::{self, SettingError};
use bindings::wasi::cli::environment;
use bindings::wasi::clocks::wall_clock;
use bindings::wasi::random::random;

struct Hostile;

impl setup::Guest for Hostile {
    fn configure(_settings: String) -> Result<(), Vec<SettingError>> {
        Ok(())
    }
}

impl judging::Guest for Hostile {
    fn rules() -> Vec<Rule> {
        vec![Rule { words: "what WASI tells".into() }]
    }

    fn judge(_scene: &Scene, _frame: Option<&Frame>) -> Verdict {
        let environment = environment::get_environment().len() + environment::get_arguments().len();
        let area = Area {
            x: wall_clock::now().seconds as i32,
            y: random::get_random_u64() as i32,
            width: 1 + environment as u32,
            height: 1,
        };
        let mask = Mask { target: Target::Region(area), cover: Cover::Fill, rule: 0 };
        Verdict::Redact(Redaction { masks: vec![mask], hidings: Vec::new() })
    }
}
