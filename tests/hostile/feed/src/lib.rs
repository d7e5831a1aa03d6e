//! A feed that asks the address in its settings and notes the answer.

mod bindings {
    //! Made from wit/.
    #![allow(missing_docs, reason = "generated code")]
    #![allow(unsafe_code, reason = "generated code")]
    #![allow(unreachable_pub, reason = "generated code")]
    #![allow(clippy::allow_attributes_without_reason, reason = "generated code")]

    use super::Hostile;

    wit_bindgen::generate!({ world: "feed", path: "../../../wit" });
    export!(Hostile with_types_in self);
}

use std::cell::RefCell;

use bindings::candor::plugin::http::{self, Method, Request};
use bindings::candor::plugin::observations::{self, Custom, Observation};
use bindings::exports::candor::plugin::collecting::{self, Cause, Wake};
use bindings::exports::candor::plugin::setup::{self, SettingError};

thread_local! {
    static URL: RefCell<String> = const { RefCell::new(String::new()) };
}

struct Hostile;

impl setup::Guest for Hostile {
    fn configure(settings: String) -> Result<(), Vec<SettingError>> {
        URL.set(settings.trim_matches('"').to_owned());
        Ok(())
    }
}

impl collecting::Guest for Hostile {
    fn woken(_cause: Cause) -> Result<Vec<Wake>, String> {
        let url = URL.with_borrow(Clone::clone);
        let request = Request { method: Method::Get, url, headers: Vec::new(), timeout: None };
        let answer = http::send(&request, None, &[]).map_err(|e| format!("{e:?}"))?;
        let custom = Custom { kind: "answer".into(), body: answer.status.to_string() };
        observations::note(Observation::Custom(custom)).map_err(|e| format!("{e:?}"))?;
        Ok(Vec::new())
    }
}
