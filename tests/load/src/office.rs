//! A back office of its own for a measurement: the program in a folder that goes when it is over.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, Result, bail};
use candor_seal::SecretKey;
use serde_json::{Value, json};

use crate::http::Connection;

/// The client's address and everybody's password.
pub(crate) const CLIENT: &str = "client@bench.example";
const PASSWORD: &str = "a long password";

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
            let terms = json!({
                "contract": contract(nth), "title": format!("Work {nth}"), "client": "Fieldhouse Supply",
                "worker": "Mara Oduya", "sequence": 1, "mode": "worklog", "segment": 10, "hold-ms": 5000,
                "policy": { "plugin": "rules", "settings": {} },
                "collectors": [{ "plugin": "screenshots", "settings": { "size": "half" } }],
                "uploader": { "plugin": "backoffice", "settings": {} }
            });
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
        let mut child = Command::new(program())
            .arg(command)
            .arg("--data")
            .arg(self.data())
            .args(arguments)
            .arg("--json")
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
            bail!("{command} failed");
        }
        Ok(serde_json::from_slice(&output.stdout)?)
    }

    /// Starts the server.
    pub(crate) fn serve(&self) -> Result<Server> {
        let mut child = Command::new(program())
            .args(["serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(self.data())
            .env("CANDOR_LOG", "warn")
            .stdout(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().context("no output")?).read_line(&mut line)?;
        let address =
            line.trim().strip_prefix("listening on http://").context("it does not say where it listens")?;
        Ok(Server { child, address: address.to_owned() })
    }
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
    pub(crate) address: String,
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
    pub(crate) key: SecretKey,
}

impl Server {
    /// Enrols a device for a contract.
    pub(crate) fn enrol(&self, office: &Office, contract: &str) -> Result<Device> {
        let drawn = office.run("enrolment-code", &["--contract", contract])?;
        let key = SecretKey::generate()?;
        let body = json!({ "code": drawn["code"], "name": "bench", "public-key": key.public().to_hex() });
        let mut connection = Connection::open(&self.address)?;
        let answer = connection.must("POST /api/v1/enrol", "", body.to_string().as_bytes())?;
        let answer: Value = serde_json::from_slice(&answer.body)?;
        let text =
            |name: &str| answer[name].as_str().map(str::to_owned).with_context(|| format!("no {name}"));
        Ok(Device {
            id: text("device")?,
            token: text("token")?,
            server_key: text("server-key")?,
            contract: contract.to_owned(),
            key,
        })
    }

    /// Signs the client in and returns the header that carries the session.
    pub(crate) fn sign_in(&self, connection: &mut Connection) -> Result<String> {
        let form = format!("email={}&password={}", CLIENT.replace('@', "%40"), PASSWORD.replace(' ', "+"));
        let kind = "content-type: application/x-www-form-urlencoded\r\n";
        let answer = connection.must("POST /sign-in", kind, form.as_bytes())?;
        let cookie = answer
            .head
            .lines()
            .find_map(|line| line.strip_prefix("set-cookie: "))
            .and_then(|cookie| cookie.split(';').next())
            .context("no session")?;
        Ok(format!("cookie: {cookie}\r\n"))
    }
}
