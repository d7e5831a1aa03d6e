//! A back office of its own for a measurement: the program in a folder that goes when it is over.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, Result, bail};
use candor_diary::parcel::TermsRef;
use candor_diary::terms::Terms;
use candor_seal::SecretKey;
use serde_json::{Value, json};

use crate::http::{Answer, Connection};

/// The client's address and everybody's password.
pub(crate) const CLIENT: &str = "client@bench.example";
const PASSWORD: &str = "a long password";
/// The label of each contract.
pub(crate) const LABEL: &str = "Backend";

/// The data folder and the program's command line on it.
pub(crate) struct Office {
    folder: tempfile::TempDir,
}

impl Office {
    /// Makes a folder with a client and so many contracts, each with a worker of its own.
    pub(crate) fn new(contracts: u32) -> Result<Self> {
        // Beside the programs: on the disk that is worked on, not in a memory that calls itself one.
        let beside = program().parent().map(Path::to_owned).context("no folder of programs")?;
        let office = Self { folder: tempfile::tempdir_in(beside)? };
        office.add_account("client", CLIENT)?;
        for nth in 0..contracts {
            let worker = format!("worker{nth}@bench.example");
            office.add_account("worker", &worker)?;
            let file = office.folder.path().join("terms.json");
            let terms = terms(nth);
            std::fs::write(&file, terms.to_string())?;
            let terms = file.display().to_string();
            office.run("add-contract", &["--terms", &terms, "--client", CLIENT, "--worker", &worker])?;
        }
        Ok(office)
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn add_account(&self, role: &str, email: &str) -> Result<()> {
        let arguments = ["--role", role, "--name", role, "--email", email, "--password-stdin"];
        self.run("add-account", &arguments).map(drop)
    }

    fn run(&self, command: &str, arguments: &[&str]) -> Result<Value> {
        Ok(serde_json::from_slice(&self.execute(command, &[arguments, &["--json"]].concat())?)?)
    }

    fn execute(&self, command: &str, arguments: &[&str]) -> Result<Vec<u8>> {
        let mut child = Command::new(program())
            .arg(command)
            .arg("--data")
            .arg(self.data())
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start {}", program().display()))?;
        if let Some(mut input) = child.stdin.take() {
            // Not every command reads.
            input.write_all(PASSWORD.as_bytes()).ok();
        }
        let output = child.wait_with_output()?;
        if !output.status.success() {
            bail!("{command} failed: {}", String::from_utf8_lossy(&output.stdout));
        }
        Ok(output.stdout)
    }

    /// The key that signs receipts: what is written straight into the database has the same ones.
    pub(crate) fn server_key(&self) -> Result<SecretKey> {
        self.execute("init", &[])?;
        let mut key = [0; 32];
        hex::decode_to_slice(std::fs::read_to_string(self.data().join("server.key"))?.trim(), &mut key)?;
        Ok(SecretKey::from_bytes(&key))
    }

    /// Has the back office check what it holds of a contract: the chain, signatures, receipts and details.
    pub(crate) fn verify(&self, contract: &str) -> Result<()> {
        self.run("verify", &["--contract", contract]).map(drop)
    }

    /// Starts the server.
    pub(crate) fn serve(&self) -> Result<Server> {
        let mut child = Command::new(program())
            .args(["serve", "--listen", "127.0.0.1:0", "--device-parcels-a-day", "4000000000", "--data"])
            .arg(self.data())
            .env("CANDOR_LOG", "warn")
            .stdout(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().context("no output")?).read_line(&mut line)?;
        let address =
            line.trim().strip_prefix("listening on http://").context("it does not say where it listens")?;
        Ok(Server { address: address.parse()?, child })
    }
}

/// What a contract says.
fn terms(nth: u32) -> Value {
    json!({
        "contract": contract(nth), "title": format!("Work {nth}"), "client": "Fieldhouse Supply",
        "worker": "Mara Oduya", "sequence": 1, "mode": "worklog", "segment": 10, "hold-ms": 5000,
        "labels": [LABEL],
        "policy": { "plugin": "rules", "settings": {} },
        "collectors": [
            { "plugin": "screenshots", "settings": { "size": "half" } },
            { "plugin": "activity", "settings": {} },
            { "plugin": "windows", "settings": {} }
        ],
        "uploader": { "plugin": "backoffice", "settings": {} }
    })
}

/// The id of a contract.
pub(crate) fn contract(nth: u32) -> String {
    format!("contract-{nth:02}")
}

fn program() -> PathBuf {
    let own = std::env::current_exe().unwrap_or_default();
    own.with_file_name("candor-backoffice")
}

/// The running server; ended when dropped.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Drop for Server {
    fn drop(&mut self) {
        // It is a measurement's own, and nothing of it is kept.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// An enrolled device.
pub(crate) struct Device {
    pub(crate) id: String,
    pub(crate) token: String,
    pub(crate) server_key: String,
    pub(crate) contract: String,
    /// Those that it was handed out.
    pub(crate) terms: TermsRef,
    pub(crate) key: SecretKey,
}

impl Server {
    /// Enrols a device for a contract.
    pub(crate) fn enrol(&self, office: &Office, contract: &str) -> Result<Device> {
        let drawn = office.run("enrolment-code", &["--contract", contract])?;
        let key = SecretKey::generate()?;
        let body = json!({ "code": drawn["code"], "name": "bench", "public-key": key.public().to_hex() });
        let mut connection = Connection::open(self.address, 0)?;
        let answer = connection.must("POST /api/v1/enrol", "", body.to_string().as_bytes())?;
        let answer: Value = serde_json::from_slice(&answer.body)?;
        let text =
            |name: &str| answer[name].as_str().map(str::to_owned).with_context(|| format!("no {name}"));
        Ok(Device {
            id: text("device")?,
            token: text("token")?,
            server_key: text("server-key")?,
            contract: contract.to_owned(),
            terms: serde_json::from_value::<Terms>(answer["terms"].clone())?.named(),
            key,
        })
    }

    /// Signs the client in and returns the header that carries the session.
    pub(crate) fn sign_in(&self, connection: &mut Connection) -> Result<String> {
        let form = connection.must("GET /sign-in", "", b"")?;
        let first = cookie(&form)?;
        let page = String::from_utf8_lossy(&form.body);
        let token = page
            .split_once("name=\"form-token\" value=\"")
            .and_then(|(_, rest)| rest.split('"').next())
            .context("the form to sign in has no token")?;
        let form = format!(
            "email={}&password={}&form-token={token}",
            CLIENT.replace('@', "%40"),
            PASSWORD.replace(' ', "+")
        );
        let headers = format!("content-type: application/x-www-form-urlencoded\r\n{first}");
        cookie(&connection.must("POST /sign-in", &headers, form.as_bytes())?)
    }
}

/// The header that sends back the cookie of an answer.
fn cookie(answer: &Answer) -> Result<String> {
    let cookie = answer
        .head
        .lines()
        .find_map(|line| line.strip_prefix("set-cookie: "))
        .and_then(|cookie| cookie.split(';').next())
        .context("no cookie")?;
    Ok(format!("cookie: {cookie}\r\n"))
}
