//! A back office of a test's own, on a free port of this machine.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};

use crate::places;

/// The client's address in every test.
pub const CLIENT: &str = "client@example.org";

/// The worker's address in every test.
pub const WORKER: &str = "worker@example.org";

/// The password of both.
pub const PASSWORD: &str = "a password for tests only";

/// A running back office with a client and a worker; it ends with this value.
pub struct BackOffice {
    data: PathBuf,
    server: Child,
    address: String,
}

impl BackOffice {
    /// Starts one that keeps its data in a folder, on `port`; 0 takes a free one.
    ///
    /// # Errors
    /// Where it does not start; what it says goes to standard error.
    pub fn start(data: &Path, port: u16) -> Result<Self> {
        let mut server = Command::new(places::program("candor-backoffice"))
            .args(["serve", "--data"])
            .arg(data)
            .args(["--listen", &format!("127.0.0.1:{port}")])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .context("cannot start the back office")?;
        let output = server.stdout.take().context("the back office has no output")?;
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line)?;
        let Some(address) = line.trim().strip_prefix("listening on ").map(str::to_owned) else {
            let _gone = server.kill();
            bail!("the back office does not start ({}): it said {line:?}", server.wait()?);
        };
        let backoffice = Self { data: data.to_owned(), server, address };
        backoffice.add_account("client", "A client", CLIENT)?;
        backoffice.add_account("worker", "A worker", WORKER)?;
        Ok(backoffice)
    }

    /// Where it is reached, such as `http://127.0.0.1:41234`.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    fn command(&self, what: &str) -> Command {
        let mut command = Command::new(places::program("candor-backoffice"));
        command.arg(what).arg("--data").arg(&self.data);
        command
    }

    fn add_account(&self, role: &str, name: &str, email: &str) -> Result<()> {
        let mut child = self
            .command("add-account")
            .args(["--role", role, "--name", name, "--email", email, "--password-stdin", "--if-missing"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        writeln!(child.stdin.take().context("no input")?, "{PASSWORD}")?;
        succeeded(child.wait_with_output()?).map(drop)
    }

    fn ask(&self, what: &str, arguments: &[&str]) -> Result<Value> {
        let said = succeeded(self.command(what).args(arguments).arg("--json").output()?)?;
        Ok(serde_json::from_str(&said)?)
    }

    /// Makes a contract with the terms of [`terms`].
    ///
    /// # Errors
    /// What the back office says against it.
    pub fn add_contract(&self, terms: &Value) -> Result<()> {
        // Tests add contracts side by side.
        let contract = terms["contract"].as_str().context("terms without a contract")?;
        let file = self.data.join(format!("terms-of-{contract}.json"));
        std::fs::write(&file, terms.to_string())?;
        let mut add = self.command("add-contract");
        add.args(["--client", CLIENT, "--worker", WORKER, "--terms"]).arg(&file);
        succeeded(add.output()?).map(drop)
    }

    /// Its public key, in hexadecimal: what receipts are signed with.
    ///
    /// # Errors
    /// Where it has none.
    pub fn key(&self) -> Result<String> {
        let said = succeeded(self.command("init").output()?)?;
        let word = said.split_whitespace().last().context("no key")?;
        Ok(word.trim_end_matches('.').to_owned())
    }

    /// A code that enrols one device, and the fingerprint of the key that answers then.
    ///
    /// # Errors
    /// Where there is no such contract.
    pub fn enrolment_code(&self, contract: &str) -> Result<(String, String)> {
        let answer = self.ask("enrolment-code", &["--contract", contract])?;
        let text = |name: &str| answer[name].as_str().map(str::to_owned).context("no code or no key");
        Ok((text("code")?, text("key")?))
    }

    /// An invitation to this back office as a link, `candor:join?…`.
    ///
    /// # Errors
    /// Where there is no such contract.
    pub fn invitation(&self, contract: &str) -> Result<String> {
        let answer = self.ask("enrolment-code", &["--contract", contract, "--server", &self.address])?;
        Ok(answer["link"].as_str().context("no link")?.to_owned())
    }

    /// Every parcel of a contract, as `candor-backoffice deliveries --json` lists it.
    ///
    /// # Errors
    /// Where there is no such contract.
    pub fn deliveries(&self, contract: &str) -> Result<Vec<Value>> {
        match self.ask("deliveries", &["--contract", contract])? {
            Value::Array(list) => Ok(list),
            other => bail!("no list: {other}"),
        }
    }
}

impl BackOffice {
    /// Ends it, as a lost network would: nothing answers at its address any more.
    pub fn stop(&mut self) {
        let _gone = self.server.kill();
        let _status = self.server.wait();
    }
}

impl Drop for BackOffice {
    fn drop(&mut self) {
        let _gone = self.server.kill();
        let _status = self.server.wait();
    }
}

/// Terms with one-minute segments and all first-party collectors, delivering to `address` after `hold_ms`; windows
/// whose title contains `secret` are covered.
#[must_use]
pub fn terms(contract: &str, address: &str, hold_ms: u64) -> Value {
    json!({
        "contract": contract,
        "title": "A contract",
        "client": "A client",
        "worker": "A worker",
        "sequence": 1,
        "mode": "worklog",
        "segment": 1,
        "hold-ms": hold_ms,
        "policy": { "plugin": "rules", "settings": {
            "rules": [{ "match": { "title": { "contains": "secret" } }, "then": "fill" }]
        } },
        "collectors": [
            { "plugin": "screenshots", "settings": {} },
            { "plugin": "activity", "settings": {} },
            { "plugin": "windows", "settings": {} }
        ],
        "uploader": { "plugin": "backoffice", "settings": { "url": address, "secret": "device-token" } }
    })
}

fn succeeded(output: std::process::Output) -> Result<String> {
    if !output.status.success() {
        bail!("{}: {}", output.status, String::from_utf8_lossy(&output.stderr));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
