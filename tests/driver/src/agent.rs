//! An agent's data folder, the agent's program, and `candor` beside it.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Result, bail};
use candor_protocol::{
    AcceptNotice, AnyRequest, Client, GetNotice, ImportInvitation, NoticeAnswer, QuitAgent, Request,
};
use serde_json::Value;

use crate::backoffice::BackOffice;
use crate::{command, places};

/// An agent: enrolled and its notice accepted, or about to be. Nothing of it runs by this alone.
pub struct Agent {
    data: PathBuf,
}

impl Agent {
    /// An agent that is not enrolled yet.
    #[must_use]
    pub fn fresh(data: &Path) -> Self {
        Self { data: data.to_owned() }
    }

    /// Enrols an agent for a contract and accepts the notice. None runs before or after.
    ///
    /// # Errors
    /// What the agent or the back office says against it.
    pub fn enrol(data: &Path, backoffice: &BackOffice, contract: &str) -> Result<Self> {
        Self::enrol_at(data, backoffice, contract, backoffice.address())
    }

    /// The same, with a back office that is reached at another address, such as through a proxy.
    ///
    /// # Errors
    /// As [`Self::enrol`].
    pub fn enrol_at(data: &Path, backoffice: &BackOffice, contract: &str, address: &str) -> Result<Self> {
        let agent = Self::fresh(data);
        agent.join_and_accept(&backoffice.invitation_at(contract, address)?, "a test")?;
        Ok(agent)
    }

    /// Enrols it with an invitation and accepts the notice; `name` is the device's and the worker's.
    ///
    /// # Errors
    /// What the agent or the back office says against it.
    pub fn join_and_accept(&self, invitation: &str, name: &str) -> Result<()> {
        self.beside_an_agent(|| {
            self.join(invitation, name)?;
            self.accept(name)
        })
    }

    /// Has the running agent join a contract with an invitation, under a name for the device.
    ///
    /// # Errors
    /// What the agent or the back office says against it.
    pub fn join(&self, invitation: &str, name: &str) -> Result<()> {
        let (invitation, device_name) = (invitation.to_owned(), Some(name.to_owned()));
        self.request(&ImportInvitation { invitation, device_name }).map(drop)
    }

    /// Returns the notice of the running agent's current contract: what is recorded, in words.
    ///
    /// # Errors
    /// What the agent says against it.
    pub fn notice(&self) -> Result<NoticeAnswer> {
        self.request(&GetNotice { contract: None })
    }

    /// Accepts the notice of the running agent's current contract in somebody's name.
    ///
    /// # Errors
    /// What the agent says against it.
    pub fn accept(&self, by: &str) -> Result<()> {
        let NoticeAnswer { contract, digest, .. } = self.notice()?;
        self.request(&AcceptNotice { contract, digest, by: by.to_owned() })
    }

    /// Does something beside the agent that runs, or beside one that is started for it, sees no display, and ends after it.
    ///
    /// # Errors
    /// Of `what`, or of an agent that does not start.
    pub fn beside_an_agent<T>(&self, what: impl FnOnce() -> Result<T>) -> Result<T> {
        if Client::new(&self.data).runs() {
            return what();
        }
        let mut running = self.run(|command| {
            command.env_remove("DISPLAY");
        })?;
        let done = what();
        self.request(&QuitAgent)?;
        running.0.wait()?;
        done
    }

    /// Returns the folder that it keeps its data in.
    #[must_use]
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// The folder of its session of a contract: `contracts/ID@…`.
    ///
    /// # Errors
    /// If it takes part in no such contract.
    pub fn session(&self, contract: &str) -> Result<PathBuf> {
        for session in std::fs::read_dir(self.data.join("contracts"))? {
            let session = session?;
            if session.file_name().to_string_lossy().starts_with(&format!("{contract}@")) {
                return Ok(session.path());
            }
        }
        bail!("there is no session of {contract}")
    }

    /// `candor` with some arguments, for this agent. It starts none by itself: tests start the one that they mean.
    fn candor(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(places::program("candor"));
        command.arg("--data").arg(&self.data).args(["--agent", "/nonexistent/candor-agent"]).args(arguments);
        command
    }

    /// The agent's program with some arguments.
    #[must_use]
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(places::program("candor-agent"));
        command.arg("--data").arg(&self.data).arg("--plugins").arg(places::guests()).args(arguments);
        command
    }

    /// Runs `candor` to its end, as a person would. Returns what it prints.
    ///
    /// # Errors
    /// What it says against it.
    pub fn tell(&self, arguments: &[&str]) -> Result<String> {
        command::output(&mut self.candor(arguments))
    }

    /// Runs it, `change`d as a test wants (display, log), until the answer is dropped; waits until it is ready.
    ///
    /// # Errors
    /// If it does not start.
    pub fn run(&self, change: impl FnOnce(&mut Command)) -> Result<Running> {
        let mut command = self.command(&["run"]);
        // Whatever sort of session the tests run in.
        command.env_remove("WAYLAND_DISPLAY").env_remove("XDG_SESSION_TYPE");
        change(&mut command);
        let mut running = Running(command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?);
        let mut line = String::new();
        if let Some(output) = running.0.stdout.take() {
            BufReader::new(output).read_line(&mut line)?;
        }
        if line.trim() != "ready" {
            bail!("the agent said {line:?} instead of being ready");
        }
        Ok(running)
    }

    /// Asks the running agent through its control socket, as a window does.
    ///
    /// # Errors
    /// What it says against it.
    pub fn request<R: Request>(&self, request: &R) -> Result<R::Answer> {
        Ok(Client::new(&self.data).ask_exact(request, Duration::from_secs(60))?)
    }

    /// The same, for any request, whatever it answers.
    ///
    /// # Errors
    /// What it says against it.
    pub fn request_any(&self, request: impl Into<AnyRequest>) -> Result<()> {
        Client::new(&self.data).ask_any(request.into(), Duration::from_secs(60))?;
        Ok(())
    }

    /// A command that answers in JSON: `--json` is added.
    ///
    /// # Errors
    /// What it says against it.
    pub fn ask(&self, arguments: &[&str]) -> Result<Value> {
        Ok(serde_json::from_str(&self.tell(&[arguments, &["--json"]].concat())?)?)
    }
}

/// The real agent; killed with this value.
pub struct Running(Child);

impl Running {
    /// Returns the id of its process.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.0.id()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _gone = self.0.kill();
        let _status = self.0.wait();
    }
}
