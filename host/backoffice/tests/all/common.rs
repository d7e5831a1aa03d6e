//! A real back office on a free port, real devices that sign real parcels, real pictures.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Once;

use candor_diary::parcel::{
    Activity, Core, Counts, Detail, Focus, Manual, MinuteFacts, NoSnapshot, PARCEL_TYPE, Parcel, Policy,
    TermsRef,
};
use candor_diary::segment::{MINUTE_MS, SegmentLength};
use candor_diary::terms::Terms;
use candor_diary::wire::{RECEIPT_TYPE, Receipt};
use candor_seal::{Envelope, PublicKey, SecretKey, sha256_hex};
use reqwest::{Client, Response, StatusCode};
use serde_json::value::RawValue;
use serde_json::{Value, json};

pub(crate) use crate::drawn::Picture;

pub(crate) const PASSWORD: &str = "a long password";
pub(crate) const CLIENT: &str = "lena@fieldhouse.example";
pub(crate) const WORKER: &str = "mara@oduya.example";
pub(crate) use crate::clock::*;

/// The day page in UTC that shows this segment of `invoices`.
pub(crate) fn page_of(start: u64) -> String {
    let at = candor_diary::calendar::wall(start, &jiff::tz::TimeZone::UTC).unwrap();
    format!("/contracts/invoices/diary/{}?zone=utc&segment={}", at.date(), at.strftime("%Y-%m-%dT%H:%MZ"))
}

/// A parcel that takes the place of another.
pub(crate) fn revised(parcel: &Parcel, revision: u32, sequence: u64) -> Parcel {
    let mut revised = parcel.clone();
    revised.id = sha256_hex(format!("{} {revision}", parcel.id).as_bytes())[..32].to_owned();
    (revised.revision, revised.sequence) = (revision, sequence);
    revised.chain_head = sha256_hex(&sequence.to_be_bytes());
    revised
}

/// The program's command line on a data folder.
pub(crate) struct Office {
    data: PathBuf,
}

impl Office {
    pub(crate) fn new(data: &Path) -> Self {
        if !clock_of(data).exists() {
            set_clock(data, STARTED);
        }
        Self { data: data.to_owned() }
    }

    /// Runs a command. Returns its answer in JSON, or what it said on standard error.
    pub(crate) fn run(&self, command: &str, arguments: &[&str], input: &str) -> Result<Value, String> {
        self.run_words(&[command], arguments, input)
    }

    /// The same for a command of more than one word.
    pub(crate) fn run_words(
        &self,
        command: &[&str],
        arguments: &[&str],
        input: &str,
    ) -> Result<Value, String> {
        let mut child = Command::new(env!("CARGO_BIN_EXE_candor-backoffice"))
            .env("CANDOR_TEST_CLOCK", clock_of(&self.data))
            .args(command)
            .arg("--data")
            .arg(&self.data)
            .args(arguments)
            .arg("--json")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // A command that fails early does not read: that is its business.
        child.stdin.take().unwrap().write_all(input.as_bytes()).ok();
        let output = child.wait_with_output().unwrap();
        if output.status.success() {
            Ok(serde_json::from_slice(&output.stdout).unwrap())
        } else {
            Err(String::from_utf8(output.stderr).unwrap())
        }
    }

    pub(crate) fn account(&self, role: &str, name: &str, email: &str, zone: &str) {
        let arguments = [
            "--role",
            role,
            "--name",
            name,
            "--email",
            email,
            "--zone",
            zone,
            "--password-stdin",
            "--if-missing",
        ];
        self.run("add-account", &arguments, PASSWORD).unwrap();
    }

    /// Adds a contract between the two accounts, or newer terms.
    pub(crate) fn contract(&self, terms: &Value, client: &str, worker: &str) -> Result<Value, String> {
        let file =
            self.data.parent().unwrap().join(format!("terms-{}.json", terms["contract"].as_str().unwrap()));
        std::fs::write(&file, terms.to_string()).unwrap();
        let file = file.to_str().unwrap();
        self.run("add-contract", &["--terms", file, "--client", client, "--worker", worker], "")
    }

    pub(crate) fn code(&self, contract: &str) -> String {
        let drawn = self.run("enrolment-code", &["--contract", contract], "").unwrap();
        drawn["code"].as_str().unwrap().to_owned()
    }

    pub(crate) fn deliveries(&self, contract: &str) -> Vec<Value> {
        let listed = self.run("deliveries", &["--contract", contract], "").unwrap();
        listed.as_array().unwrap().clone()
    }
}

pub(crate) fn terms(contract: &str, sequence: u64, segment: u8) -> Value {
    json!({
        "contract": contract, "title": "Invoice service", "client": "Fieldhouse Supply", "worker": "Mara Oduya",
        "sequence": sequence, "mode": "worklog", "segment": segment, "hold-ms": 5000, "labels": ["Backend", "Review"],
        "policy": { "plugin": "rules", "settings": {} },
        "collectors": [
            { "plugin": "screenshots", "settings": { "size": "half" } },
            { "plugin": "activity", "settings": {} },
            { "plugin": "windows", "settings": {} }
        ],
        "uploader": { "plugin": "backoffice", "settings": {} }
    })
}

/// The server process; killed when dropped.
pub(crate) struct Server {
    child: Child,
    pub(crate) url: String,
    pub(crate) office: Office,
    pub(crate) http: Client,
}

impl Server {
    /// Starts on a data folder with a client, a worker and the contract `invoices` of ten-minute segments.
    pub(crate) fn start(data: &Path) -> Self {
        let office = Office::new(data);
        office.account("client", "Fieldhouse Supply", CLIENT, "Europe/Berlin");
        office.account("worker", "Mara Oduya", WORKER, "Europe/Helsinki");
        office.contract(&terms("invoices", 1, 10), CLIENT, WORKER).unwrap();
        Self::restart(data)
    }

    /// Starts on a data folder as it is.
    pub(crate) fn restart(data: &Path) -> Self {
        Self::restart_with(data, &[])
    }

    /// Starts on a data folder as it is, with further arguments of `serve`.
    pub(crate) fn restart_with(data: &Path, arguments: &[&str]) -> Self {
        let office = Office::new(data);
        let mut child = Command::new(env!("CARGO_BIN_EXE_candor-backoffice"))
            .args(["serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(data)
            .args(arguments)
            .env("CANDOR_LOG", "warn")
            .env("CANDOR_TEST_CLOCK", clock_of(data))
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let url =
            line.trim().strip_prefix("listening on ").expect("the server says where it listens").to_owned();
        Self { child, url, office, http: http() }
    }

    /// The process's number.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// SIGKILL, as by a loss of power but for what the kernel still holds.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub(crate) fn enrol(&self, contract: &str) -> impl Future<Output = Device> + '_ {
        let code = self.office.code(contract);
        async move { Device::enrol(&self.http, &self.url, &code, SecretKey::generate().unwrap()).await }
    }

    /// Signs in and returns the session's cookie.
    pub(crate) async fn sign_in(&self, email: &str) -> String {
        let answer = self.try_sign_in(email, PASSWORD, &[]).await;
        assert_eq!(answer.status(), StatusCode::SEE_OTHER);
        let cookie = answer.headers()["set-cookie"].to_str().unwrap();
        assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"), "{cookie}");
        cookie.split(';').next().unwrap().to_owned()
    }

    /// Types an email address and a password and sends the form.
    pub(crate) async fn try_sign_in(
        &self,
        email: &str,
        password: &str,
        headers: &[(&str, &str)],
    ) -> Response {
        let (cookie, token) = self.sign_in_form(headers).await;
        let fields = [("email", email), ("password", password), ("form-token", token.as_str())];
        let mut all = vec![("cookie", cookie.as_str())];
        all.extend(headers);
        self.post_form("/sign-in", &fields, &all).await
    }

    /// Opens the sign-in page. Returns its cookie, and the token of its form.
    pub(crate) async fn sign_in_form(&self, headers: &[(&str, &str)]) -> (String, String) {
        let mut request = self.http.get(format!("{}/sign-in", self.url));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = request.send().await.unwrap();
        let cookie = answer.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
        (cookie, form_token(&answer.text().await.unwrap()))
    }

    pub(crate) async fn post_form(
        &self,
        path: &str,
        fields: &[(&str, &str)],
        headers: &[(&str, &str)],
    ) -> Response {
        let body = fields
            .iter()
            .map(|(name, value)| format!("{name}={}", value.replace('@', "%40").replace(' ', "+")))
            .collect::<Vec<_>>()
            .join("&");
        let mut request = self
            .http
            .post(format!("{}{path}", self.url))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.send().await.unwrap()
    }

    pub(crate) async fn get(&self, path: &str, cookie: Option<&str>) -> Response {
        let mut request = self.http.get(format!("{}{path}", self.url));
        if let Some(cookie) = cookie {
            request = request.header("cookie", cookie);
        }
        request.send().await.unwrap()
    }

    /// A page that must be there.
    pub(crate) async fn page(&self, path: &str, cookie: &str) -> String {
        let answer = self.get(path, Some(cookie)).await;
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        answer.text().await.unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// The token that the forms of a page carry.
pub(crate) fn form_token(page: &str) -> String {
    let (_, rest) = page.split_once("name=\"form-token\" value=\"").expect("a form of ours has a token");
    rest.split('"').next().unwrap().to_owned()
}

/// A client that follows no redirect and reaches nothing but what it is told.
pub(crate) fn http() -> Client {
    static PROVIDER: Once = Once::new();
    PROVIDER.call_once(|| rustls::crypto::ring::default_provider().install_default().unwrap());
    Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build().unwrap()
}

/// The same from another address of this machine.
pub(crate) fn http_from(address: std::net::IpAddr) -> Client {
    let _provider = http();
    let redirect = reqwest::redirect::Policy::none();
    Client::builder().redirect(redirect).no_proxy().local_address(address).build().unwrap()
}

/// An enrolled device.
#[derive(Clone)]
pub(crate) struct Device {
    pub(crate) http: Client,
    pub(crate) url: String,
    pub(crate) id: String,
    pub(crate) token: String,
    pub(crate) contract: String,
    /// Those that it was handed out.
    pub(crate) terms: TermsRef,
    pub(crate) server_key: PublicKey,
    pub(crate) key: [u8; 32],
}

impl Device {
    pub(crate) async fn enrol(http: &Client, url: &str, code: &str, key: SecretKey) -> Self {
        let body = json!({ "code": code, "name": "thinkpad", "public-key": key.public().to_hex() });
        let answer = http.post(format!("{url}/api/v1/enrol")).body(body.to_string()).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::CREATED);
        let answer: Value = serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        Self {
            http: http.clone(),
            url: url.to_owned(),
            id: text(&answer["device"]),
            token: text(&answer["token"]),
            contract: text(&answer["terms"]["contract"]),
            terms: serde_json::from_value::<Terms>(answer["terms"].clone()).unwrap().named(),
            server_key: PublicKey::from_hex(answer["server-key"].as_str().unwrap()).unwrap(),
            key: *key.to_bytes(),
        }
    }

    /// A parcel of ten minutes with activity in each and no picture; `nth` counts segments of the day and the journal.
    pub(crate) fn parcel(&self, nth: u64) -> Parcel {
        self.parcel_at(MIDNIGHT + nth * 10 * MINUTE_MS, 10, nth + 1)
    }

    pub(crate) fn parcel_at(&self, start: u64, length: u8, sequence: u64) -> Parcel {
        let minute = |n: u64| {
            let counts = Counts { keys: 40 + 13 * (n as u32 % 5), clicks: 3, scrolls: n as u32 };
            MinuteFacts::new(start + n * MINUTE_MS, 60_000, Some(counts))
        };
        Parcel {
            id: sha256_hex(format!("{} {start} {sequence}", self.id).as_bytes())[..32].to_owned(),
            contract: self.contract.clone(),
            server: self.server_key.to_hex(),
            terms: self.terms.clone(),
            device: self.id.clone(),
            sequence,
            chain_head: sha256_hex(&sequence.to_be_bytes()),
            start,
            length: SegmentLength::new(length).unwrap(),
            revision: 0,
            changed: Vec::new(),
            removed: None,
            manual: None,
            minutes: (0..u64::from(length)).map(minute).collect(),
            erased_totals: None,
            memo: Some("Invoice import: read CAMT.053 files".to_owned()),
            label: Some("Backend".to_owned()),
            focus: vec![Focus {
                at: start + 1_000,
                app: Some("Code".to_owned()),
                title: Some("camt.rs, invoice-import".to_owned()),
                url: None,
                hidden_by: Vec::new(),
            }],
            snapshot: None,
            no_snapshot: Some(NoSnapshot::Unsettled),
            gaps: Vec::new(),
            activity: Activity::Counted,
            no_sign: false,
            custom: Vec::new(),
            dropped: Vec::new(),
            policy: Policy {
                plugin: "rules".to_owned(),
                sha256: sha256_hex(b"rules"),
                rules: vec!["Title contains \"secret\": solid block".to_owned()],
            },
            erased: Vec::new(),
        }
    }

    /// The body that delivers a parcel: its signed core, and its details.
    pub(crate) fn sign(&self, parcel: &Parcel) -> Vec<u8> {
        let (core, details) = split(parcel);
        body(&self.sign_core(&core), &details)
    }

    pub(crate) fn sign_core(&self, core: &Core) -> Vec<u8> {
        self.sign_bytes(PARCEL_TYPE, serde_json::to_vec(core).unwrap())
    }

    pub(crate) fn sign_bytes(&self, payload_type: &str, payload: Vec<u8>) -> Vec<u8> {
        Envelope::sign(payload_type, payload, &SecretKey::from_bytes(&self.key)).to_json()
    }

    pub(crate) async fn put(&self, path: &str, body: Vec<u8>) -> Response {
        self.try_put(path, body).await.unwrap()
    }

    pub(crate) async fn try_put(&self, path: &str, body: Vec<u8>) -> reqwest::Result<Response> {
        self.http
            .put(format!("{}/api/v1/{path}", self.url))
            .bearer_auth(&self.token)
            .header("content-type", "image/webp")
            .body(body)
            .send()
            .await
    }

    /// What the week adds up to.
    pub(crate) async fn week(&self, query: &str) -> Response {
        let request = self.http.get(format!("{}/api/v1/week{query}", self.url));
        request.bearer_auth(&self.token).send().await.unwrap()
    }

    /// Billed and recorded minutes of this week.
    pub(crate) async fn minutes(&self) -> (u64, u64) {
        let answer = self.week(&format!("?contract={}", self.contract)).await;
        assert_eq!(answer.status(), StatusCode::OK);
        let week: Value = serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap();
        (week["billed_minutes"].as_u64().unwrap(), week["recorded_minutes"].as_u64().unwrap())
    }

    /// The same under later terms.
    pub(crate) fn under(&self, terms: &Value) -> Self {
        let terms: Terms = serde_json::from_value(terms.clone()).unwrap();
        Self { terms: terms.named(), ..self.clone() }
    }

    /// A segment that was typed in.
    pub(crate) fn typed_in(&self, start: u64, sequence: u64) -> Parcel {
        let mut parcel = self.parcel_at(start, 10, sequence);
        parcel.minutes.clear();
        parcel.focus.clear();
        parcel.no_snapshot = None;
        parcel.memo = Some("Planning call with Lena".to_owned());
        parcel.manual = Some(Manual::at(STARTED));
        parcel
    }

    pub(crate) async fn put_parcel(&self, parcel: &Parcel) -> Response {
        self.put(&format!("parcels/{}", parcel.id), self.sign(parcel)).await
    }

    /// Delivers a parcel that must be taken, and returns the checked receipt.
    pub(crate) async fn deliver(&self, parcel: &Parcel) -> Receipt {
        let body = self.sign(parcel);
        let answer = self.put(&format!("parcels/{}", parcel.id), body.clone()).await;
        assert_eq!(answer.status(), StatusCode::CREATED);
        self.receipt(&answer.bytes().await.unwrap(), parcel, &body)
    }

    /// Checks a receipt as the tracker does.
    pub(crate) fn receipt(&self, proof: &[u8], parcel: &Parcel, body: &[u8]) -> Receipt {
        let envelope = Envelope::from_json(proof).unwrap();
        let receipt: Receipt =
            serde_json::from_slice(envelope.verify(RECEIPT_TYPE, &self.server_key).unwrap()).unwrap();
        assert_eq!(receipt.parcel, parcel.id);
        assert_eq!(receipt.digest, sha256_hex(envelope_of(body).get().as_bytes()));
        assert_eq!((&receipt.contract, &receipt.device), (&parcel.contract, &parcel.device));
        assert_eq!((receipt.sequence, &receipt.chain_head), (parcel.sequence, &parcel.chain_head));
        receipt
    }

    /// Gives a parcel a picture, and delivers the picture.
    pub(crate) async fn add_picture(&self, parcel: &mut Parcel, picture: &Picture) {
        let sha256 = sha256_hex(&picture.bytes);
        let place = format!("parcels/{}/attachments/{sha256}", parcel.id);
        let mut answer = self.put(&place, picture.bytes.clone()).await;
        // A device has a few uploads at once, and tries again later.
        while answer.status() == StatusCode::SERVICE_UNAVAILABLE {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            answer = self.put(&place, picture.bytes.clone()).await;
        }
        assert!(answer.status().is_success(), "{}", answer.status());
        parcel.no_snapshot = None;
        parcel.snapshot = Some(picture.snapshot(parcel.start + 252_000.min(parcel.length.ms() / 2)));
    }
}

/// Takes a parcel apart. What says the same has the same salt, so that a revision's details are those of before.
pub(crate) fn split(parcel: &Parcel) -> (Core, Vec<Detail>) {
    parcel.split(&[], || Ok::<_, std::convert::Infallible>([7; 32])).unwrap()
}

/// The body of a delivery.
pub(crate) fn body(envelope: &[u8], details: &[Detail]) -> Vec<u8> {
    let details: Vec<&[u8]> = details.iter().map(|detail| detail.bytes.as_slice()).collect();
    [b"{\"envelope\":", envelope, b",\"details\":[", &details.join(&b","[..]), b"]}"].concat()
}

/// The envelope in the body of a delivery, byte for byte.
pub(crate) fn envelope_of(body: &[u8]) -> Box<RawValue> {
    #[derive(serde::Deserialize)]
    struct Sent {
        envelope: Box<RawValue>,
    }
    serde_json::from_slice::<Sent>(body).unwrap().envelope
}

/// Status and `code` of an answer.
pub(crate) async fn outcome(answer: Response) -> (u16, String) {
    let status = answer.status().as_u16();
    let body = answer.bytes().await.unwrap();
    let code =
        serde_json::from_slice::<Value>(&body).ok().and_then(|v| v["code"].as_str().map(str::to_owned));
    (status, code.unwrap_or_default())
}

/// Every file below a folder.
pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}
