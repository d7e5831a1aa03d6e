//! A real back office on a free port, real devices that sign real parcels, real pictures.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Once;

use candor_seal::SecretKey;
use reqwest::{Client, Response, StatusCode};
use serde_json::{Value, json};

pub(crate) use crate::device::*;
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
