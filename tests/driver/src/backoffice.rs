//! A back office of a test's own, on a free port of this machine.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};

use crate::{command, places};

/// The client's address in every test.
pub const CLIENT: &str = "client@example.org";

/// The worker's address in every test.
pub const WORKER: &str = "worker@example.org";

/// The password of both.
pub const PASSWORD: &str = "a password for tests only";

/// The back office's own command line on a data folder, whether it runs or not.
pub struct Administration {
    data: PathBuf,
}

impl Administration {
    /// Returns that of the back office which keeps its data in a folder.
    #[must_use]
    pub fn of(data: PathBuf) -> Self {
        Self { data }
    }

    /// Returns a subcommand, to be completed.
    #[must_use]
    pub fn command(&self, subcommand: &str) -> Command {
        let mut command = Command::new(places::program("candor-backoffice"));
        command.arg(subcommand).arg("--data").arg(&self.data);
        let clock = clock_of(&self.data);
        if clock.is_file() {
            command.env("CANDOR_TEST_CLOCK", clock);
        }
        command
    }

    /// Runs a subcommand. Returns its answer in JSON.
    ///
    /// # Errors
    /// What the back office says against it.
    pub fn ask(&self, subcommand: &str, arguments: &[&str]) -> Result<Value> {
        let printed = command::output(self.command(subcommand).args(arguments).arg("--json"))?;
        serde_json::from_str(&printed)
            .with_context(|| format!("`{subcommand}` of the back office did not answer in JSON"))
    }

    /// Makes an account, unless there is one of that address.
    ///
    /// # Errors
    /// What the back office says against it.
    pub fn add_account(&self, role: &str, name: &str, email: &str, password: &str) -> Result<()> {
        let mut add = self.command("add-account");
        add.args(["--role", role, "--name", name, "--email", email, "--password-stdin", "--if-missing"]);
        command::output_of_input(&mut add, password).map(drop)
    }

    /// Makes a contract between two accounts, with the terms in a file.
    ///
    /// # Errors
    /// What the back office says against it.
    pub fn add_contract(&self, client: &str, worker: &str, terms: &Path) -> Result<()> {
        let mut add = self.command("add-contract");
        add.args(["--client", client, "--worker", worker, "--terms"]).arg(terms);
        command::output(&mut add).map(drop)
    }

    /// Returns a link, `candor:join?…`, that enrols one device at the back office's address.
    ///
    /// # Errors
    /// If there is no such contract.
    pub fn invitation(&self, contract: &str, address: &str) -> Result<String> {
        let answer = self.ask("enrolment-code", &["--contract", contract, "--server", address])?;
        answer["link"].as_str().map(str::to_owned).context("the back office drew no code")
    }

    /// Returns every parcel of a contract, in order of time, as `candor-backoffice deliveries --json` lists it.
    ///
    /// # Errors
    /// If there is no such contract.
    pub fn deliveries(&self, contract: &str) -> Result<Vec<Value>> {
        match self.ask("deliveries", &["--contract", contract])? {
            Value::Array(list) => Ok(list),
            other => bail!("what the back office lists is no list: {other}"),
        }
    }
}

/// The file that sets the clock of the programs on a data folder, if there is one.
fn clock_of(data: &Path) -> PathBuf {
    data.with_extension("clock")
}

/// Sets the clock of a back office on this data folder, running or not: it shows `at` (milliseconds since the Unix epoch)
/// now.
///
/// # Errors
/// If the file that sets it cannot be written.
pub fn set_clock(data: &Path, at: u64) -> Result<()> {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?.as_millis();
    let fresh = data.with_extension("clock-new");
    if let Some(folder) = data.parent() {
        std::fs::create_dir_all(folder)?;
    }
    std::fs::write(&fresh, (i128::from(at) - i128::try_from(now)?).to_string())?;
    std::fs::rename(fresh, clock_of(data))?;
    Ok(())
}

/// A running back office with a client and a worker; it ends with this value.
pub struct BackOffice {
    administration: Administration,
    server: Child,
    address: String,
}

impl BackOffice {
    /// Starts one that keeps its data in a folder, on `port`; 0 takes a free one.
    ///
    /// # Errors
    /// If it does not start; what it says goes to standard error.
    pub fn start(data: &Path, port: u16) -> Result<Self> {
        let administration = Administration::of(data.to_owned());
        let mut server = administration
            .command("serve")
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
        // Whatever fails from here on, the server ends with this value.
        let backoffice = Self { administration, server, address };
        backoffice.administration.add_account("client", "A client", CLIENT, PASSWORD)?;
        backoffice.administration.add_account("worker", "A worker", WORKER, PASSWORD)?;
        Ok(backoffice)
    }

    /// Where it is reached, such as `http://127.0.0.1:41234`.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Makes a contract with the terms of [`terms`].
    ///
    /// # Errors
    /// What the back office says against it.
    pub fn add_contract(&self, terms: &Value) -> Result<()> {
        // Tests add contracts side by side.
        let contract = terms["contract"].as_str().context("terms without a contract")?;
        let file = self.administration.data.join(format!("terms-of-{contract}.json"));
        std::fs::write(&file, terms.to_string())?;
        self.administration.add_contract(CLIENT, WORKER, &file)
    }

    /// Its public key, in hexadecimal: what receipts are signed with.
    ///
    /// # Errors
    /// If it has none.
    pub fn key(&self) -> Result<String> {
        let said = command::output(&mut self.administration.command("init"))?;
        let word = said.split_whitespace().last().context("no key")?;
        Ok(word.trim_end_matches('.').to_owned())
    }

    /// A code that enrols one device, and the fingerprint of the key that answers then.
    ///
    /// # Errors
    /// If there is no such contract.
    pub fn enrolment_code(&self, contract: &str) -> Result<(String, String)> {
        let answer = self.administration.ask("enrolment-code", &["--contract", contract])?;
        let text = |name: &str| answer[name].as_str().map(str::to_owned).context("no code or no key");
        Ok((text("code")?, text("key")?))
    }

    /// An invitation to this back office as a link, `candor:join?…`.
    ///
    /// # Errors
    /// If there is no such contract.
    pub fn invitation(&self, contract: &str) -> Result<String> {
        self.invitation_at(contract, &self.address)
    }

    /// The same, for devices that reach it at another address, such as through a proxy.
    ///
    /// # Errors
    /// As [`Self::invitation`].
    pub fn invitation_at(&self, contract: &str, address: &str) -> Result<String> {
        self.administration.invitation(contract, address)
    }

    /// Every parcel of a contract, as `candor-backoffice deliveries --json` lists it.
    ///
    /// # Errors
    /// If there is no such contract.
    pub fn deliveries(&self, contract: &str) -> Result<Vec<Value>> {
        self.administration.deliveries(contract)
    }

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
