//! The back office, driven by its own command line as its administrator would.

use std::net::{Ipv4Addr, TcpListener};
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use super::state::{DataFolder, SignIn, SignIns};
use super::terms::{self, Terms};
use crate::process::{self, ProcessGroup, Stdout};
use crate::workspace::{Workspace, say};

/// What the back office is called among the children.
const NAME: &str = "backoffice";

/// The first port that is tried.
const FIRST_PORT: u16 = 8750;

/// How many ports are tried.
const PORTS: u16 = 50;

/// A running back office.
pub(super) struct BackOffice {
    program: PathBuf,
    data: PathBuf,
    address: String,
    sign_ins: SignIns,
}

impl BackOffice {
    /// Starts it on the first free port, and makes the accounts.
    pub(super) fn start(
        workspace: &Workspace,
        data: &DataFolder,
        household: &mut ProcessGroup,
    ) -> Result<Self> {
        let mut backoffice = Self {
            program: workspace.programs().join("candor-backoffice"),
            data: data.path("backoffice"),
            address: String::new(),
            sign_ins: data.sign_ins()?,
        };
        backoffice.address = backoffice.serve(household)?;
        let SignIns { client, worker } = &backoffice.sign_ins;
        backoffice.add_account("client", terms::CLIENT, client)?;
        backoffice.add_account("worker", terms::WORKER, worker)?;
        Ok(backoffice)
    }

    /// Answers the address that it serves.
    fn serve(&self, household: &mut ProcessGroup) -> Result<String> {
        for port in FIRST_PORT..FIRST_PORT + PORTS {
            if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_err() {
                continue;
            }
            let mut serve = self.command("serve");
            serve.args(["--listen", &format!("127.0.0.1:{port}")]);
            household.start(NAME, &mut serve, Stdout::Piped)?;
            let line = household.first_line(NAME)?;
            if let Some(address) = line.trim().strip_prefix("listening on ") {
                return Ok(address.trim_end_matches('/').to_owned());
            }
            // Another program took the port in the meantime, or something is wrong that its log tells.
            household.end(NAME);
            if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
                bail!("the back office does not start; see {}", household.log(NAME).display());
            }
        }
        bail!("no port from {FIRST_PORT} to {} is free", FIRST_PORT + PORTS - 1)
    }

    fn command(&self, what: &str) -> Command {
        let mut command = Command::new(&self.program);
        command.arg(what).arg("--data").arg(&self.data);
        command
    }

    fn ask(&self, what: &str, arguments: &[&str]) -> Result<Value> {
        let said = process::output(self.command(what).args(arguments).arg("--json"))?;
        serde_json::from_str(&said)
            .with_context(|| format!("`{what}` of the back office did not answer in JSON"))
    }

    fn add_account(&self, role: &str, name: &str, sign_in: &SignIn) -> Result<()> {
        let mut add = self.command("add-account");
        add.args([
            "--role",
            role,
            "--name",
            name,
            "--email",
            &sign_in.email,
            "--password-stdin",
            "--if-missing",
        ]);
        process::output_of_input(&mut add, &sign_in.password).map(drop)
    }

    /// Where it is reached.
    pub(super) fn address(&self) -> &str {
        &self.address
    }

    /// How to sign in.
    pub(super) fn sign_ins(&self) -> &SignIns {
        &self.sign_ins
    }

    /// Makes the contract, unless an earlier run did.
    pub(super) fn add_contract(&self, data: &DataFolder, terms: &Terms) -> Result<()> {
        let file = data.path(&format!("{}.terms.json", terms.contract));
        std::fs::write(&file, serde_json::to_string_pretty(&terms.document)?)
            .with_context(|| format!("cannot write {}", file.display()))?;
        let mut add = self.command("add-contract");
        add.args(["--client", &self.sign_ins.client.email, "--worker", &self.sign_ins.worker.email]);
        process::output(add.arg("--terms").arg(&file)).map(drop)
    }

    /// An invitation that enrols one device, as a link.
    pub(super) fn invitation(&self, contract: &str) -> Result<String> {
        let answer = self.ask("enrolment-code", &["--contract", contract, "--server", &self.address])?;
        answer["link"].as_str().map(str::to_owned).context("the back office drew no code")
    }

    /// The Work Diary page of a contract.
    pub(super) fn diary_url(&self, contract: &str) -> String {
        format!("{}/contracts/{contract}/diary", self.address)
    }

    /// Tells the person where the diary is and how to sign in.
    pub(super) fn tell(&self, contract: &str) {
        say(format_args!("Work Diary: {}", self.diary_url(contract)));
        for (role, sign_in) in [("client", &self.sign_ins.client), ("worker", &self.sign_ins.worker)] {
            say(format_args!("sign in as the {role}: {} / {}", sign_in.email, sign_in.password));
        }
    }

    /// What was delivered for a contract since a moment: the back office's own account of it, in order of time.
    pub(super) fn deliveries(&self, contract: &str, since: u64) -> Result<Vec<Value>> {
        let Value::Array(list) = self.ask("deliveries", &["--contract", contract])? else {
            bail!("what the back office lists is no list")
        };
        Ok(list.into_iter().filter(|one| one["start"].as_u64().is_some_and(|start| start >= since)).collect())
    }
}
