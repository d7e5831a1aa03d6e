//! The back office, driven by its own command line as its administrator would.

use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use super::display::wait_for;
use super::state::{Contract, DataFolder, SignIn, SignIns};
use crate::process::{self, Household, Interrupt, Stdout};
use crate::workspace::{Workspace, say};

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
    /// Starts it, and makes the accounts.
    pub(super) fn start(
        workspace: &Workspace,
        data: &DataFolder,
        household: &mut Household,
        interrupt: &Interrupt,
    ) -> Result<Self> {
        let port = free_port()?;
        let backoffice = Self {
            program: workspace.programs().join("candor-backoffice"),
            data: data.path("backoffice"),
            address: format!("http://127.0.0.1:{port}"),
            sign_ins: data.sign_ins()?,
        };
        let mut serve = backoffice.command("serve");
        serve.args(["--listen", &format!("127.0.0.1:{port}")]);
        household.start("backoffice", &mut serve, Stdout::Log)?;
        wait_for(interrupt, household, "the back office", || {
            TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok()
        })?;
        for (role, sign_in) in
            [("client", &backoffice.sign_ins.client), ("worker", &backoffice.sign_ins.worker)]
        {
            backoffice.add_account(role, sign_in)?;
        }
        Ok(backoffice)
    }

    fn command(&self, what: &str) -> Command {
        let mut command = Command::new(&self.program);
        command.arg(what).arg("--data").arg(&self.data);
        command
    }

    fn add_account(&self, role: &str, sign_in: &SignIn) -> Result<()> {
        let mut add = self.command("add-account");
        add.args(["--role", role, "--name", &sign_in.name, "--password", &sign_in.password, "--if-missing"]);
        process::output(&mut add).map(drop)
    }

    /// Where it is reached.
    pub(super) fn address(&self) -> &str {
        &self.address
    }

    /// How to sign in.
    pub(super) fn sign_ins(&self) -> &SignIns {
        &self.sign_ins
    }

    /// The contract with these terms.
    pub(super) fn contract(&self, data: &DataFolder, terms: &Value) -> Result<Contract> {
        data.contract(terms, || {
            let mut add = self.command("add-contract");
            add.args(["--client", &self.sign_ins.client.name, "--worker", &self.sign_ins.worker.name]);
            add.args(["--terms", &terms.to_string()]);
            Ok(process::output(&mut add)?.trim().to_owned())
        })
    }

    /// A code that enrols one device.
    pub(super) fn enrolment_code(&self, contract: &str) -> Result<String> {
        let mut make = self.command("enrolment-code");
        make.args(["--contract", contract]);
        Ok(process::output(&mut make)?.trim().to_owned())
    }

    /// The Work Diary page of a contract.
    pub(super) fn diary_url(&self, contract: &str) -> String {
        format!("{}/contracts/{contract}/diary", self.address)
    }

    /// Tells the person where the diary is and how to sign in.
    pub(super) fn tell(&self, contract: &str) {
        say(format_args!("Work Diary: {}", self.diary_url(contract)));
        for (role, sign_in) in [("client", &self.sign_ins.client), ("worker", &self.sign_ins.worker)] {
            say(format_args!("sign in as the {role}: {} / {}", sign_in.name, sign_in.password));
        }
    }

    /// What was delivered for a contract: the back office's own account of it, in order of time.
    pub(super) fn deliveries(&self, contract: &str, since: u64) -> Result<Vec<Value>> {
        let mut ask = self.command("deliveries");
        ask.args(["--contract", contract, "--json"]);
        let said = process::output(&mut ask)?;
        let value: Value = serde_json::from_str(&said).context("what the back office lists is not JSON")?;
        let Value::Array(list) = value else { bail!("what the back office lists is no list") };
        Ok(list.into_iter().filter(|one| one["start"].as_u64().is_some_and(|start| start >= since)).collect())
    }
}

/// The first free port. It may be taken before the back office gets it; then the back office says so.
fn free_port() -> Result<u16> {
    (FIRST_PORT..FIRST_PORT + PORTS)
        .find(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok())
        .with_context(|| format!("no port from {FIRST_PORT} to {} is free", FIRST_PORT + PORTS - 1))
}
