//! The notice: what is recorded, in plain words, and its acceptance (invariant 6).
//!
//! Nothing is recorded before the person at this account has accepted the notice; when it changes it is asked for
//! again. With the acceptance go the grants: each plugin gets exactly what the notice says it asks for.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use candor_diary::terms::{Mode, Terms};
use candor_sandbox::{Capability, Grants};
use candor_seal::sha256_hex;
use serde::{Deserialize, Serialize};

use crate::plugins::{Plugins, asks};

/// What is recorded, and what each plugin asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// The text that a person reads.
    pub text: String,
    /// What is granted by accepting it, by plugin.
    pub grants: BTreeMap<String, Granted>,
}

/// What one plugin is granted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Granted {
    /// SHA-256 of the component that it was granted to.
    pub sha256: String,
    /// What.
    pub grants: Grants,
}

/// That the notice was accepted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Acceptance {
    /// SHA-256 of the notice's text.
    pub notice: String,
    /// Who accepted it, as they wrote their name.
    pub by: String,
    /// The account's user id.
    pub uid: u32,
    /// When, milliseconds since the Unix epoch.
    pub at: u64,
    /// The grants that go with it, by plugin.
    pub grants: BTreeMap<String, Granted>,
}

pub(crate) fn words(capability: Capability) -> &'static str {
    match capability {
        Capability::Windows => "see which windows are open, after the rules",
        Capability::Activity => "see how many keys, clicks and scrolls there were in a minute, never which",
        Capability::Screen => "take pictures of the screen, after the rules",
        Capability::Camera => "take pictures with the webcam, after the rules",
        Capability::Pixels => "look into pictures",
        Capability::Observations => "record what it found",
        Capability::Http => "use the network",
        Capability::Folder => "write into one folder",
    }
}

fn ms(duration: u64) -> String {
    let seconds = duration / 1_000;
    format!("{}:{:02}", seconds / 60, seconds % 60)
}

impl Notice {
    /// Writes the notice for these terms and plugins; `delivered` is the folder for uploaders that write into one.
    #[must_use]
    pub fn write(terms: &Terms, server: &str, plugins: &Plugins, delivered: &Path) -> Self {
        let mut text = String::new();
        let mut grants = BTreeMap::new();
        let mut line = |l: String| {
            text.push_str(&l);
            text.push('\n');
        };
        line("What is recorded".into());
        line(String::new());
        line(format!("{} works for {} on '{}'.", terms.worker, terms.client, terms.title));
        line(match terms.mode {
            Mode::Worklog => "Worklog: you start and stop, and choose the memo.".into(),
            Mode::Monitoring => {
                "Monitoring: the client's rules drive. The notice and the status always show.".into()
            }
        });
        line(format!(
            "Time is cut into segments of {} minutes. Each waits {} on this computer before it is sent to {server}.",
            terms.segment.minutes(),
            ms(terms.hold_ms)
        ));
        line(String::new());
        line("Collectors and what each may do:".into());
        for loaded in plugins.collectors.iter().chain(&plugins.uploader) {
            match asks(loaded, delivered) {
                Ok(asked) => {
                    let may: Vec<_> = asked.capabilities.iter().map(|c| words(*c)).collect();
                    let mut entry = format!("- {}: {}", loaded.name, may.join("; "));
                    for http in &asked.http {
                        let place = if http.private { ", on this computer or a private network" } else { "" };
                        let _ = write!(entry, ", only to {}{place}", http.origin);
                    }
                    if let Some(folder) = &asked.folder {
                        let _ = write!(entry, ": {}", folder.display());
                    }
                    line(entry);
                    let sha256 = loaded.prepared.description().sha256.clone();
                    grants.insert(loaded.name.clone(), Granted { sha256, grants: asked });
                }
                Err(why) => line(format!("- {why}")),
            }
        }
        line(String::new());
        if plugins.policy.is_none() {
            line("No rules could be loaded, so no picture and no title is recorded.".into());
        } else if plugins.facts.rules.is_empty() {
            line("Rules: none. Every window is shown as it is.".into());
        } else {
            line("Rules, before anything is kept:".into());
            for (number, rule) in plugins.facts.rules.iter().enumerate() {
                line(format!("{}. {rule}", number + 1));
            }
        }
        for (name, problem) in &plugins.problems {
            line(format!("Not as the terms say: {name}: {problem}"));
        }
        line(String::new());
        line("Never recorded: which keys you press, where you click, sound, the webcam.".into());
        line(format!("{} and you see the same Work Diary.", terms.client));
        Self { text, grants }
    }

    /// What an acceptance names it by.
    #[must_use]
    pub fn digest(&self) -> String {
        sha256_hex(self.text.as_bytes())
    }

    /// Whether this acceptance is of this notice, by this account, and grants what it says.
    #[must_use]
    pub fn accepted_by(&self, acceptance: &Acceptance, uid: u32) -> bool {
        acceptance.notice == self.digest() && acceptance.uid == uid && acceptance.grants == self.grants
    }
}
