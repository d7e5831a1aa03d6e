//! Enrolment: a one-time code is exchanged for a device token and the terms.
//!
//! Whoever answers has to be the back office that the invitation names: it signs its answer, to a number that this
//! device drew, with the key whose fingerprint the invitation carries. What is kept belongs to that key and contract
//! alone ([`Folder::session`]), whatever other contracts are called.

use std::path::PathBuf;
use std::time::Duration;

use candor_diary::plain;
use candor_diary::terms::{BadTerms, Terms};
use candor_diary::wire::{ApiRefusal, ENROLMENT_TYPE, Enrolled, EnrolmentAnswer, EnrolmentRequest};
use candor_sandbox::http_error_text;
use candor_seal::{Envelope, PublicKey};
use url::Url;

use crate::contract::invitation::Invitation;
use crate::folder::{DataFolderError, Enrolment, Folder};
use crate::segments::cut::{self, EarlierCut};

/// How long the back office may take, in seconds.
const LIMIT_S: u64 = 30;
/// The largest answer that is read, in bytes.
const MAX_ANSWER: usize = 1 << 20;
/// How much is shown of why a back office refuses, in characters.
const MAX_WHY: usize = 500;
/// The longest id of a device and the longest token, in bytes.
const MAX_PART: usize = 200;

/// Why this device was not enrolled; nothing is changed then.
#[derive(Debug, thiserror::Error)]
pub enum EnrolError {
    /// The invitation's address is none.
    #[error("{0:?} is no address such as https://diary.example")]
    NoAddress(String),
    /// The operating system gave no random bytes.
    #[error("no random bytes: {0}")]
    Random(getrandom::Error),
    /// The data folder could not be read or written.
    #[error(transparent)]
    Folder(#[from] DataFolderError),
    /// The request could not be made.
    #[error("the request could not be made: {0}")]
    Request(String),
    /// Nobody answers.
    #[error("the back office at {server} does not answer ({why}). Check the link")]
    NoAnswer {
        /// The invitation's address.
        server: String,
        /// What stood in the way.
        why: String,
    },
    /// The connection ended within the answer.
    #[error("the back office's answer broke off: {0}")]
    BrokeOff(reqwest::Error),
    /// The answer is larger than any enrolment.
    #[error("the back office's answer is too large")]
    TooLarge,
    /// The back office refuses, in its own words.
    #[error("the back office refused this device: {0}")]
    Refused(String),
    /// Whoever answered did not prove to have this key.
    #[error(
        "the server at that address is not the back office that the invitation names: it did not prove that it has the key {0}. Nothing was changed here. The code is no longer safe. Ask the client for a new invitation, and check the key another way, such as by phone"
    )]
    Stranger(String),
    /// The back office's key cannot be read.
    #[error("the back office sent a key that cannot be read: tell the client")]
    BadKey,
    /// The terms cannot be used.
    #[error("the back office sent terms that this tracker cannot use ({0}): tell the client")]
    BadTerms(BadTerms),
    /// The device's id or token is none.
    #[error(
        "the back office sent an unexpected answer: update Candor, or ask the client for a new invitation"
    )]
    Unexpected,
    /// This device takes part in a contract at that address under another key.
    #[error(
        "the back office at {address} had the key {known} when this device joined '{title}'; this invitation names the key {named}. Nothing was changed. Ask the client, such as by phone, whether the back office was set up again. If it was, run `candor export`, move {} away, and join again",
        .folder.display()
    )]
    ChangedKey {
        /// The back office's address.
        address: String,
        /// The first digits of the key that it had.
        known: String,
        /// The contract that was joined then.
        title: String,
        /// The first digits of the key that the invitation names.
        named: String,
        /// The folder of that contract.
        folder: PathBuf,
    },
}

type Result<T, E = EnrolError> = std::result::Result<T, E>;

/// Enrols this device at `now` (milliseconds since the Unix epoch) and keeps what the back office answers.
///
/// # Errors
/// If the address is no address, or the back office cannot be reached, refuses the code, or is another one than the
/// invitation names. Nothing is changed then.
pub async fn enrol(folder: &Folder, invitation: &Invitation, name: &str, now: u64) -> Result<Enrolment> {
    let server = invitation.server.as_str();
    let base = Url::parse(server).map_err(|_| EnrolError::NoAddress(server.to_owned()))?;
    if !matches!(base.scheme(), "https" | "http") || base.host().is_none() {
        return Err(EnrolError::NoAddress(server.to_owned()));
    }
    // It may live below a path of its host.
    let address = format!("{}{}", base.origin().ascii_serialization(), base.path().trim_end_matches('/'));
    // Before the code is used up: it is good once.
    changed_key(folder, &address, &invitation.key)?;
    let key = folder.enrolling_key()?.public();
    let public_key = key.to_hex();
    let mut drawn = [0u8; 16];
    getrandom::fill(&mut drawn).map_err(EnrolError::Random)?;
    let nonce = hex::encode(drawn);
    let ask = EnrolmentRequest {
        code: invitation.code.clone(),
        name: name.to_owned(),
        public_key: public_key.clone(),
        nonce: nonce.clone(),
    };
    let bytes = asked(
        Url::parse(&format!("{address}/api/v1/enrol"))
            .map_err(|_| EnrolError::NoAddress(server.to_owned()))?,
        &ask,
        server,
    )
    .await?;
    let enrolled = proven(&bytes, &invitation.key, &nonce, &public_key)?;
    let server_key = PublicKey::from_hex(&enrolled.server_key).map_err(|_| EnrolError::BadKey)?;
    let terms = enrolled.terms;
    terms.check().map_err(EnrolError::BadTerms)?;
    for part in [&enrolled.device, &enrolled.token] {
        let plain = !part.is_empty() && part.len() <= MAX_PART && part.bytes().all(|b| b.is_ascii_graphic());
        if !plain {
            return Err(EnrolError::Unexpected);
        }
    }
    let session = folder.session(&terms.contract, &server_key)?;
    let handle = handle(folder, &session, &terms.contract)?;
    let (earlier_cuts, cuts_settled) = earlier_cuts(&session, &terms, now)?;
    let enrolment = Enrolment {
        handle,
        server: address,
        device: enrolled.device,
        server_key,
        device_key: Some(key),
        earlier_cuts,
        cuts_settled,
        terms,
    };
    session.write("token", enrolled.token.as_bytes())?;
    session.write_json("enrolment.json", &enrolment)?;
    Ok(enrolment)
}

/// How time was cut before these terms, where the session in this folder had others; and whether that is settled.
fn earlier_cuts(session: &Folder, terms: &Terms, now: u64) -> Result<(Vec<EarlierCut>, bool)> {
    if !session.path("enrolment.json").is_file() {
        return Ok((Vec::new(), false));
    }
    let before = session.enrolment()?;
    if !before.cuts_settled {
        // No agent has run under those terms: they cut no time.
        let mut earlier = before.earlier_cuts;
        if let Some(last) = earlier.last_mut() {
            last.newer = terms.named();
        }
        return Ok((earlier, false));
    }
    let earlier = cut::remembered(before.earlier_cuts.clone(), &before.terms, terms, now);
    let until = |cuts: &[EarlierCut]| cuts.last().map(|last| last.until);
    let settled = until(&earlier) == until(&before.earlier_cuts);
    Ok((earlier, settled))
}

async fn asked(url: Url, ask: &EnrolmentRequest, server: &str) -> Result<Vec<u8>> {
    let body = serde_json::to_vec(ask).map_err(|error| EnrolError::Request(error.to_string()))?;
    let client = reqwest::Client::builder()
        .timeout(Duration::from_secs(LIMIT_S))
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .map_err(|error| EnrolError::Request(http_error_text(&error)))?;
    let mut response =
        client.post(url).header("content-type", "application/json").body(body).send().await.map_err(
            |error| EnrolError::NoAnswer { server: server.to_owned(), why: http_error_text(&error) },
        )?;
    let status = response.status();
    let mut bytes = Vec::new();
    while let Some(part) = response.chunk().await.map_err(EnrolError::BrokeOff)? {
        if bytes.len() + part.len() > MAX_ANSWER {
            return Err(EnrolError::TooLarge);
        }
        bytes.extend_from_slice(&part);
    }
    if !status.is_success() {
        let why = serde_json::from_slice::<ApiRefusal>(&bytes)
            .map_or_else(|_| format!("status {}", status.as_u16()), |r| r.message);
        return Err(EnrolError::Refused(plain::cut(&plain::visible(&why), MAX_WHY)));
    }
    Ok(bytes)
}

/// What the back office that the invitation names has signed, to this very question.
fn proven(bytes: &[u8], fingerprint: &str, nonce: &str, public_key: &str) -> Result<Enrolled> {
    let stranger = || EnrolError::Stranger(plain::short_hex(fingerprint, 4));
    // Of the answer only what is signed counts.
    let answer: EnrolmentAnswer<Envelope> = serde_json::from_slice(bytes).map_err(|_| stranger())?;
    let envelope = answer.proof;
    // Not to be believed yet: it only says which key to verify with.
    let claimed: Enrolled = serde_json::from_slice(&envelope.payload).map_err(|_| stranger())?;
    let key = PublicKey::from_hex(&claimed.server_key).map_err(|_| stranger())?;
    if key.fingerprint() != fingerprint
        || envelope.verify(ENROLMENT_TYPE, &key).is_err()
        || claimed.nonce != nonce
        || claimed.public_key != public_key
    {
        return Err(stranger());
    }
    Ok(claimed)
}

/// Refuses where this device takes part in a contract at that address under another key.
fn changed_key(folder: &Folder, address: &str, fingerprint: &str) -> Result<()> {
    for session in folder.contracts()? {
        let there = session.enrolment()?;
        let known = there.server_key.fingerprint();
        if there.server == address && known != fingerprint {
            return Err(EnrolError::ChangedKey {
                address: address.to_owned(),
                known: plain::short_hex(&known, 4),
                title: plain::visible(&there.terms.title).into_owned(),
                named: plain::short_hex(fingerprint, 4),
                folder: session.path(""),
            });
        }
    }
    Ok(())
}

/// What the session in this folder is called: as before, else the contract's id, where no other session has that name;
/// none says that its folder's name has to do.
fn handle(folder: &Folder, session: &Folder, contract: &str) -> Result<Option<String>> {
    if session.path("enrolment.json").is_file() {
        return Ok(Some(session.enrolment()?.handle().to_owned()));
    }
    let mut free = true;
    for other in folder.contracts()? {
        free &= other.enrolment()?.handle() != contract;
    }
    Ok(Some(if free { contract.to_owned() } else { session.name().unwrap_or_else(|| contract.to_owned()) }))
}

#[cfg(test)]
mod tests {
    use candor_seal::SecretKey;
    use serde_json::json;

    use super::*;

    struct Office {
        key: SecretKey,
        terms: serde_json::Value,
    }

    impl Office {
        fn new(contract: &str) -> Self {
            let terms = json!({
                "contract": contract, "title": "Invoice service", "client": "Fieldhouse Supply",
                "worker": "Mara Oduya", "sequence": 1, "mode": "worklog", "segment": 10, "hold-ms": 5000,
                "collectors": [], "uploader": { "plugin": "backoffice", "settings": {} }
            });
            Self { key: SecretKey::generate().unwrap(), terms }
        }

        /// What it answers, with the key that it names and the one that it signs with.
        fn answers(&self, named: &PublicKey, signs: &SecretKey, nonce: &str, device_key: &str) -> Vec<u8> {
            let enrolled = json!({
                "nonce": nonce, "public-key": device_key, "device": "d", "token": "t", "server-key": named.to_hex(),
                "terms": self.terms, "diary-url": "/",
            });
            let proof = Envelope::sign(ENROLMENT_TYPE, enrolled.to_string().into_bytes(), signs).to_json();
            let proof: serde_json::Value = serde_json::from_slice(&proof).unwrap();
            json!({ "device": "d", "token": "t", "server-key": named.to_hex(), "terms": self.terms, "proof": proof })
                .to_string()
                .into_bytes()
        }
    }

    #[test]
    fn only_the_back_office_that_the_invitation_names_is_believed() {
        let (first, other) = (Office::new("invoices"), Office::new("invoices"));
        let named = first.key.public();
        let check = |answer: &[u8]| proven(answer, &named.fingerprint(), "n", "k").map(|e| e.terms.contract);
        assert_eq!(check(&first.answers(&named, &first.key, "n", "k")).unwrap(), "invoices");
        let wrong = [
            ("its own key", other.answers(&other.key.public(), &other.key, "n", "k")),
            ("the key copied, but it cannot sign", other.answers(&named, &other.key, "n", "k")),
            ("an old answer shown again", first.answers(&named, &first.key, "m", "k")),
            ("an answer to another device", first.answers(&named, &first.key, "n", "j")),
            (
                "no proof",
                json!({ "device": "d", "token": "t", "server-key": named }).to_string().into_bytes(),
            ),
            ("no JSON", b"<html>".to_vec()),
        ];
        for (what, answer) in wrong {
            let refused = check(&answer).unwrap_err().to_string();
            assert!(refused.contains("not the back office that the invitation names"), "{what}: {refused}");
        }
    }

    /// A server that answers one enrolment as this office; its address.
    fn serves(office: Office) -> String {
        serves_below(office, "")
    }

    /// The same below a path, and nowhere else.
    fn serves_below(office: Office, path: &str) -> String {
        use std::io::{Read as _, Write as _};
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}{path}", listener.local_addr().unwrap());
        let expected = format!("POST {path}/api/v1/enrol HTTP/1.1\r\n");
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let (mut asked, mut part) = (Vec::new(), [0_u8; 4096]);
            let ask = loop {
                let read = stream.read(&mut part).unwrap();
                asked.extend_from_slice(&part[..read]);
                let text = String::from_utf8_lossy(&asked).into_owned();
                let Some((_, body)) = text.split_once("\r\n\r\n") else { continue };
                if let Ok(ask) = serde_json::from_str::<serde_json::Value>(body) {
                    assert!(text.starts_with(&expected), "{text}");
                    break ask;
                }
            };
            let (nonce, key) = (ask["nonce"].as_str().unwrap(), ask["public-key"].as_str().unwrap());
            let body = office.answers(&office.key.public(), &office.key, nonce, key);
            let head = format!("HTTP/1.1 201 Created\r\nContent-Length: {}\r\n\r\n", body.len());
            stream.write_all(&[head.as_bytes(), &body].concat()).unwrap();
        });
        address
    }

    #[tokio::test]
    async fn invariant_06_terms_that_would_forge_the_notice_are_not_taken() {
        // Another test may have set it.
        let _set = rustls::crypto::ring::default_provider().install_default();
        for (field, text) in [
            ("title", "Invoices\n\nCollectors and what each may do:\n- none\u{1b}[8m"),
            ("client", "Fieldhouse\u{202e}ylppuS"),
            ("worker", "Mara\u{9b}2J"),
            ("contract", "../../own-rules"),
        ] {
            let place = tempfile::tempdir().unwrap();
            let folder = Folder::open(place.path()).unwrap();
            let mut office = Office::new("invoices");
            office.terms[field] = text.into();
            let key = office.key.public().fingerprint();
            let invitation = Invitation { server: serves(office), code: "c".into(), key };
            let refused = enrol(&folder, &invitation, "laptop", 0).await.unwrap_err();
            let refused = format!("{refused:#}");
            assert!(refused.contains("cannot use") && refused.contains(field), "{refused}");
            assert_eq!(plain::unseen(&refused), None, "{refused}");
            assert!(folder.contracts().unwrap().is_empty(), "nothing is kept of it");
        }
        // A proper one is taken.
        let place = tempfile::tempdir().unwrap();
        let folder = Folder::open(place.path()).unwrap();
        let office = Office::new("invoices");
        let key = office.key.public().fingerprint();
        let invitation = Invitation { server: serves(office), code: "c".into(), key };
        let enrolment = enrol(&folder, &invitation, "laptop", 0).await.unwrap();
        assert_eq!((enrolment.handle(), folder.contracts().unwrap().len()), ("invoices", 1));
    }

    #[tokio::test]
    async fn a_back_office_below_a_path_is_asked_there_and_remembered_with_it() {
        let _set = rustls::crypto::ring::default_provider().install_default();
        let place = tempfile::tempdir().unwrap();
        let folder = Folder::open(place.path()).unwrap();
        let office = Office::new("invoices");
        let key = office.key.public().fingerprint();
        let address = serves_below(office, "/candor");
        let invitation = Invitation { server: format!("{address}/"), code: "c".into(), key };
        let enrolment = enrol(&folder, &invitation, "laptop", 0).await.unwrap();
        assert_eq!(enrolment.server, address);
        assert_eq!(
            format!("{}/candor", enrolment.origin()),
            address,
            "the device's token is for the whole of it"
        );
    }

    fn joined(folder: &Folder, office: &Office, address: &str) -> Folder {
        let terms: candor_diary::terms::Terms = serde_json::from_value(office.terms.clone()).unwrap();
        let session = folder.session(&terms.contract, &office.key.public()).unwrap();
        let handle = handle(folder, &session, &terms.contract).unwrap();
        let (server, server_key) = (address.to_owned(), office.key.public());
        let enrolment = Enrolment {
            handle,
            server,
            device: "d".into(),
            server_key,
            device_key: None,
            earlier_cuts: Vec::new(),
            cuts_settled: true,
            terms,
        };
        session.write_json("enrolment.json", &enrolment).unwrap();
        session
    }

    #[test]
    fn contracts_of_one_id_at_two_back_offices_are_two_sessions() {
        let place = tempfile::tempdir().unwrap();
        let folder = Folder::open(place.path()).unwrap();
        let (first, second) = (Office::new("invoices"), Office::new("invoices"));
        let one = joined(&folder, &first, "https://one.example");
        let before = std::fs::read(one.path("enrolment.json")).unwrap();
        let two = joined(&folder, &second, "https://two.example");
        assert_ne!(one.path(""), two.path(""));
        assert_eq!(std::fs::read(one.path("enrolment.json")).unwrap(), before);
        let names: Vec<_> = [&one, &two]
            .map(|f| {
                let enrolment = f.enrolment().unwrap();
                (enrolment.handle().to_owned(), f.session_name(&enrolment))
            })
            .into();
        assert_eq!(names[0].0, "invoices", "the first keeps its name");
        assert_eq!(names[1].0, names[1].1);
        assert_ne!(names[0].1, names[1].1);
        // Enrolled again, each has its own place and name.
        assert_eq!(joined(&folder, &first, "https://one.example").path(""), one.path(""));
        let again = joined(&folder, &second, "https://moved.example");
        assert_eq!(
            (again.path(""), again.enrolment().unwrap().handle()),
            (two.path(""), names[1].0.as_str())
        );
    }

    #[test]
    fn an_enrolment_from_before_sessions_keeps_its_folder_and_its_name() {
        let place = tempfile::tempdir().unwrap();
        let folder = Folder::open(place.path()).unwrap();
        let office = Office::new("invoices");
        let old = json!({
            "server": "https://one.example", "device": "d", "server-key": office.key.public(), "terms": office.terms
        });
        let path = folder.make("contracts/invoices").unwrap();
        std::fs::write(path.join("enrolment.json"), old.to_string()).unwrap();
        let session = folder.session("invoices", &office.key.public()).unwrap();
        assert_eq!(session.path("enrolment.json"), path.join("enrolment.json"));
        assert_eq!(session.session_name(&session.enrolment().unwrap()), "invoices");
        let stranger = folder.session("invoices", &SecretKey::generate().unwrap().public()).unwrap();
        assert_ne!(stranger.path(""), session.path(""));
    }

    #[test]
    fn a_back_office_whose_key_changed_is_refused_and_it_is_said_what_to_do() {
        let place = tempfile::tempdir().unwrap();
        let folder = Folder::open(place.path()).unwrap();
        let office = Office::new("invoices");
        joined(&folder, &office, "https://one.example");
        let known = office.key.public().fingerprint();
        changed_key(&folder, "https://one.example", &known).unwrap();
        changed_key(&folder, "https://two.example", &"0".repeat(64)).unwrap();
        let refused = changed_key(&folder, "https://one.example", &"0".repeat(64)).unwrap_err().to_string();
        assert!(refused.contains("Ask the client") && refused.contains("Nothing was changed"), "{refused}");
        assert!(refused.contains("contracts/invoices@"), "{refused}");
    }
}
