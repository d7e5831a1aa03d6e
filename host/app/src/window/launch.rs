//! Starts the agent where none answers.

use std::io::Read as _;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

/// How much of the agent's last words is kept, in bytes.
const LAST_WORDS: usize = 4_096;

/// How the agent is started.
#[derive(Clone, Debug)]
pub(crate) struct Launch {
    /// The program.
    pub(crate) program: PathBuf,
    /// Its data folder.
    pub(crate) data: PathBuf,
}

/// A started agent. It goes on when the window closes.
#[derive(Debug)]
pub(crate) struct Started {
    child: Child,
    said: Arc<Mutex<Vec<u8>>>,
    answered: bool,
}

impl Launch {
    /// Starts it, in a process group of its own, so that ending the window's does not end it.
    ///
    /// # Errors
    /// A sentence that says what to do.
    pub(crate) fn start(&self) -> Result<Started, String> {
        let mut command = Command::new(&self.program);
        command.arg("--data").arg(&self.data).arg("run").process_group(0);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(|error| {
            let program = self.program.display();
            format!("The agent could not be started from {program}: {error}. Install Candor again, or name the program with --agent.")
        })?;
        let said = Arc::new(Mutex::new(Vec::new()));
        if let Some(mut words) = child.stderr.take() {
            let said = Arc::clone(&said);
            // Read for as long as the window is there, so that the agent never waits for a full pipe.
            std::thread::spawn(move || {
                let mut chunk = [0_u8; 1_024];
                while let Ok(read @ 1..) = words.read(&mut chunk) {
                    if let Ok(mut said) = said.lock() {
                        said.extend_from_slice(chunk.get(..read).unwrap_or_default());
                        let early = said.len().saturating_sub(LAST_WORDS);
                        said.drain(..early);
                    }
                }
            });
        }
        Ok(Started { child, said, answered: false })
    }
}

impl Started {
    /// It has answered: what ends it now is not its start.
    pub(crate) fn answers(&mut self) {
        self.answered = true;
    }

    /// Why it ended, where it did.
    pub(crate) fn ended(&mut self) -> Option<String> {
        let status = self.child.try_wait().ok()??;
        let said =
            self.said.lock().map(|said| String::from_utf8_lossy(&said).into_owned()).unwrap_or_default();
        let said = said.trim().trim_start_matches("Error: ");
        let when = if self.answered { "" } else { " at its start" };
        Some(if said.is_empty() || self.answered {
            format!("The agent ended{when} ({status}).")
        } else {
            format!("The agent ended{when}: {said}")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_agent_that_ends_says_why_and_a_missing_one_what_to_do() {
        let missing = Launch { program: "/nowhere/candor-agent".into(), data: "/tmp".into() };
        assert!(missing.start().unwrap_err().contains("Install Candor again"));

        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("agent");
        std::fs::write(&program, "#!/bin/sh\necho \"Error: $3 $2 is full\" >&2\nexit 1\n").unwrap();
        std::fs::set_permissions(&program, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
        let mut started = Launch { program, data: "/data".into() }.start().unwrap();
        let why = (0..200)
            .find_map(|_| {
                std::thread::sleep(std::time::Duration::from_millis(20));
                started.ended().filter(|why| why.contains("full"))
            })
            .unwrap();
        assert_eq!(why, "The agent ended at its start: run /data is full");
        started.answers();
        assert_eq!(started.ended().unwrap(), "The agent ended (exit status: 1).");
    }
}
