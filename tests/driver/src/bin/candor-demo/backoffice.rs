//! The back office of a run, driven by its own command line as its administrator would.

use std::net::{Ipv4Addr, TcpListener};

use anyhow::{Context as _, Result, bail};
use candor_test_driver::backoffice::Administration;
use serde_json::Value;

use crate::children::{ProcessGroup, Stdout};
use crate::progress::print_progress;
use crate::state::{DataFolder, SignIns};
use crate::terms::{self, DemoTerms};

/// What the back office is called among the children.
const NAME: &str = "backoffice";

/// The first port that is tried.
const FIRST_PORT: u16 = 8750;

/// How many ports are tried.
const PORTS: u16 = 50;

/// A running back office.
pub(super) struct ServingBackOffice {
    administration: Administration,
    address: String,
    sign_ins: SignIns,
}

impl ServingBackOffice {
    /// Starts it on the first free port, and makes the accounts.
    pub(super) fn start(data: &DataFolder, children: &mut ProcessGroup) -> Result<Self> {
        let administration = Administration::of(data.path("backoffice"));
        let sign_ins = data.sign_ins()?;
        let address = serve(&administration, children)?;
        let SignIns { client, worker } = &sign_ins;
        administration.add_account("client", terms::CLIENT, &client.email, &client.password)?;
        administration.add_account("worker", terms::WORKER, &worker.email, &worker.password)?;
        Ok(Self { administration, address, sign_ins })
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
    pub(super) fn add_contract(&self, data: &DataFolder, terms: &DemoTerms) -> Result<()> {
        let file = data.path(&format!("{}.terms.json", terms.contract));
        std::fs::write(&file, serde_json::to_string_pretty(&terms.document)?)
            .with_context(|| format!("cannot write {}", file.display()))?;
        self.administration.add_contract(&self.sign_ins.client.email, &self.sign_ins.worker.email, &file)
    }

    /// An invitation that enrols one device, as a link.
    pub(super) fn invitation(&self, contract: &str) -> Result<String> {
        self.administration.invitation(contract, &self.address)
    }

    /// The Work Diary page of a contract.
    pub(super) fn diary_url(&self, contract: &str) -> String {
        format!("{}/contracts/{contract}/diary", self.address)
    }

    /// Tells the person where the diary is and how to sign in.
    pub(super) fn print_addresses(&self, contract: &str) {
        print_progress(format_args!("Work Diary: {}", self.diary_url(contract)));
        for (role, sign_in) in [("client", &self.sign_ins.client), ("worker", &self.sign_ins.worker)] {
            print_progress(format_args!("sign in as the {role}: {} / {}", sign_in.email, sign_in.password));
        }
    }

    /// What was delivered for a contract since a moment: the back office's own account of it, in order of time.
    pub(super) fn deliveries(&self, contract: &str, since: u64) -> Result<Vec<Value>> {
        let mut list = self.administration.deliveries(contract)?;
        list.retain(|one| one["start"].as_u64().is_some_and(|start| start >= since));
        Ok(list)
    }
}

/// Starts the server. Returns the address that it serves.
fn serve(administration: &Administration, children: &mut ProcessGroup) -> Result<String> {
    for port in FIRST_PORT..FIRST_PORT + PORTS {
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_err() {
            continue;
        }
        let mut serve = administration.command("serve");
        serve.args(["--listen", &format!("127.0.0.1:{port}")]);
        children.start(NAME, &mut serve, Stdout::Piped)?;
        let line = children.first_line(NAME)?;
        if let Some(address) = line.trim().strip_prefix("listening on ") {
            return Ok(address.trim_end_matches('/').to_owned());
        }
        // Another program took the port in the meantime, or something is wrong that its log tells.
        children.end(NAME);
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            bail!("the back office does not start; see {}", children.log(NAME).display());
        }
    }
    bail!("no port from {FIRST_PORT} to {} is free", FIRST_PORT + PORTS - 1)
}
