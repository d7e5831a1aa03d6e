//! An uploader that sends and writes what its settings say, one deed a line, and answers with what came of it:
//!
//! - `send METHOD URL [header NAME SECRET | hmac NAME SECRET | aws REGION SECRET]`: the parcel and its attachments
//! - `with NAME VALUE`: a header for the requests after it
//! - `put NAME`: the parcel and its attachments
//! - `keep`: keeps its attachments for ever
//! - `reject CODE`, `loop`: ends so

use std::cell::{Cell, RefCell};
use std::hint::black_box;

mod bindings {
    //! Made from wit/.
    #![allow(missing_docs, reason = "generated code")]
    #![allow(unsafe_code, reason = "generated code")]
    #![allow(unreachable_pub, reason = "generated code")]
    #![allow(clippy::allow_attributes_without_reason, reason = "generated code")]

    use super::Hostile;

    wit_bindgen::generate!({ world: "uploader", path: "../../../wit" });
    export!(Hostile with_types_in self);
}

use bindings::candor::plugin::attachments::{Attachment, Part};
use bindings::candor::plugin::folder;
use bindings::candor::plugin::http::{
    self, Auth, Header, HeaderAuth, HmacAuth, Method, Request, SecretUse, Sigv4Auth,
};
use bindings::exports::candor::plugin::delivering::{self, Failure, Parcel, Receipt};
use bindings::exports::candor::plugin::setup::{self, SettingError};

thread_local! {
    static DEEDS: RefCell<String> = const { RefCell::new(String::new()) };
    static KEPT: RefCell<Vec<Attachment>> = const { RefCell::new(Vec::new()) };
    static CALLS: Cell<u32> = const { Cell::new(0) };
}

struct Hostile;

impl setup::Guest for Hostile {
    fn configure(settings: String) -> Result<(), Vec<SettingError>> {
        DEEDS.set(settings);
        Ok(())
    }
}

impl delivering::Guest for Hostile {
    fn deliver(parcel: Parcel, attachments: Vec<Attachment>) -> Result<Receipt, Failure> {
        CALLS.set(CALLS.get() + 1);
        let mut told = format!("call {}\n", CALLS.get());
        let mut headers = Vec::new();
        let mut keep = false;
        for deed in DEEDS.with_borrow(Clone::clone).lines() {
            let words: Vec<&str> = deed.split(' ').collect();
            let parts = || {
                let mut parts = vec![Part::Bytes(parcel.envelope.clone())];
                parts.extend(attachments.iter().map(Part::Attachment));
                parts
            };
            match words.as_slice() {
                ["send", method, url, auth @ ..] => {
                    told.push_str(&send(method, url, &headers, auth, &parts()));
                }
                ["with", name, value] => {
                    headers.push(Header { name: (*name).into(), value: (*value).into() })
                }
                ["put", name] => told.push_str(&format!("{:?}\n", folder::put(name, &parts()))),
                ["read"] => {
                    for attachment in &attachments {
                        let middle = attachment.read(2, 3);
                        let past = attachment.read(attachment.length() + 1, 1);
                        told.push_str(&format!(
                            "{} {} {middle:?} {past:?}\n",
                            attachment.media_type(),
                            attachment.length()
                        ));
                    }
                }
                ["keep"] => keep = true,
                ["reject", code] => return Err(Failure::Rejected((*code).into())),
                ["loop"] => loop {
                    black_box(CALLS.get());
                },
                other => told.push_str(&format!("no such deed: {other:?}\n")),
            }
        }
        if keep {
            KEPT.with_borrow_mut(|kept| kept.extend(attachments));
        }
        Ok(Receipt { proof: told.into_bytes() })
    }
}

fn send(method: &str, url: &str, headers: &[Header], auth: &[&str], body: &[Part<'_>]) -> String {
    let method = match method {
        "GET" => Method::Get,
        "PUT" => Method::Put,
        _ => Method::Post,
    };
    let secret_use = match auth {
        ["header", name, ..] => {
            Some(SecretUse::Header(HeaderAuth { name: (*name).into(), prefix: "Bearer ".into() }))
        }
        ["hmac", name, ..] => Some(SecretUse::HmacSha256(HmacAuth { header: (*name).into() })),
        ["aws", region, ..] => {
            Some(SecretUse::AwsSigv4(Sigv4Auth { region: (*region).into(), service: "s3".into() }))
        }
        _ => None,
    };
    let secret = auth.last().copied().unwrap_or_default().to_owned();
    let auth = secret_use.map(|secret_use| Auth { secret, secret_use });
    let request = Request { method, url: url.to_owned(), headers: headers.to_vec(), timeout: Some(5_000) };
    let body = if method == Method::Get { &[] } else { body };
    match http::send(&request, auth.as_ref(), body) {
        Ok(answer) => {
            let mut told = format!("{}\n", answer.status);
            for header in answer.headers {
                told.push_str(&format!("{}: {}\n", header.name, header.value));
            }
            told.push_str(&format!("{}\n", String::from_utf8_lossy(&answer.body)));
            told
        }
        Err(error) => format!("{error:?}\n"),
    }
}
