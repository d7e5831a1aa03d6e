//! The notice: what is recorded, in plain words, and its acceptance (invariant 6).
//!
//! Nothing is recorded before the person at this account has accepted the notice; when it changes it is asked for
//! again. With the acceptance go the grants: each plugin gets exactly what the notice says it asks for.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

use candor_diary::plain;
use candor_diary::terms::{Mode, Terms};
use candor_sandbox::{Capability, Grants};
use candor_seal::sha256_hex;
use serde::{Deserialize, Serialize};

use crate::plugins::library::{LoadedPlugin, OWN, Plugins, asks};
use crate::plugins::permissions::permission_text;

/// What is recorded, and what each plugin asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// The text that a person reads.
    pub text: String,
    /// What is granted by accepting it, by kind and name of the plugin ([`LoadedPlugin::owner`]).
    pub grants: BTreeMap<String, Granted>,
}

/// What one plugin is granted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Granted {
    /// SHA-256 of the component that it was granted to.
    pub sha256: String,
    /// The permissions, and the origins and folder that they are bound to.
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
    /// The grants that go with it, by kind and name of the plugin ([`LoadedPlugin::owner`]).
    pub grants: BTreeMap<String, Granted>,
}

impl Acceptance {
    /// Returns what a plugin was granted: this kind, name and component.
    ///
    /// # Errors
    /// If it was granted nothing; the error says what to do.
    pub fn granted(&self, loaded: &LoadedPlugin) -> Result<&Granted, &'static str> {
        let granted = self.grants.get(&loaded.owner());
        granted
            .filter(|granted| granted.sha256 == loaded.prepared.description().sha256)
            .ok_or("it was granted nothing: accept the notice")
    }
}

/// Returns the clause that says where a segment goes, by what delivers it and not by where the device is enrolled.
fn target(plugins: &Plugins, server: &str, delivered: &Path) -> String {
    let asked = plugins.uploader.as_ref().and_then(|uploader| asks(uploader, delivered).ok());
    let Some(Grants { http, folder, .. }) = asked else {
        return format!("it is sent; what should deliver it could not be loaded (enrolled at {server})");
    };
    let origins: Vec<_> = http.iter().map(|http| http.origin.as_str()).collect();
    match (origins.is_empty(), folder) {
        (false, None) => format!("it is sent to {}", origins.join(" and ")),
        (false, Some(folder)) => {
            format!("it is sent to {} and written into {}", origins.join(" and "), folder.display())
        }
        (true, Some(folder)) => format!("it is written into the folder {}", folder.display()),
        (true, None) => "it is sent nowhere".into(),
    }
}

/// Returns whether what is delivered appears in the Work Diary of the back office that the device is enrolled at.
fn sees_diary(plugins: &Plugins, server: &str, delivered: &Path) -> bool {
    let Some(uploader) = &plugins.uploader else { return false };
    let there = |url: &str| url::Url::parse(url).map(|url| url.origin().ascii_serialization()).ok();
    let server = there(server);
    asks(uploader, delivered).is_ok_and(|asked| asked.http.iter().any(|http| there(&http.origin) == server))
}

/// Returns enough of a digest to distinguish plugins by.
fn short(sha256: &str) -> &str {
    sha256.get(..16).unwrap_or(sha256)
}

/// A notice while it is written.
#[derive(Default)]
struct NoticeDraft {
    text: String,
    grants: BTreeMap<String, Granted>,
    /// What any of the plugins may do.
    permitted: BTreeSet<Capability>,
}

impl NoticeDraft {
    /// Adds a line: one, whatever the other side wrote into its terms or a policy into its rules.
    fn line(&mut self, line: &str) {
        self.text.push_str(&plain::visible(line));
        self.text.push('\n');
    }

    /// Writes who works for whom, how, and where the segments go.
    fn write_contract(&mut self, terms: &Terms, target: &str) {
        self.line("What is recorded");
        self.line("");
        self.line(&format!("{} works for {} on '{}'.", terms.worker, terms.client, terms.title));
        self.line(match terms.mode {
            Mode::Worklog => "Worklog: you start and stop, and choose the memo.",
            Mode::Monitoring => {
                "Monitoring: the client's rules decide when you are recorded. You can always see this notice and the status."
            }
        });
        let wait = match terms.hold_ms {
            0 => "When one ends,".to_owned(),
            hold => format!("Each waits {} on this computer before", plain::length(hold)),
        };
        self.line(&format!(
            "Time is cut into segments of {}. {wait} {target}.",
            plain::length(terms.segment.ms())
        ));
    }

    /// Writes what each collector and the uploader may do.
    fn write_plugins(&mut self, plugins: &Plugins, delivered: &Path) {
        let headed = |head: &'static str, plugin| (head, plugin);
        let collectors = plugins.collectors.iter().map(|p| headed("Collectors and what each may do:", p));
        let uploaders = plugins.uploader.iter().map(|p| headed("What sends it, and what that may do:", p));
        let mut under = "";
        for (head, loaded) in collectors.chain(uploaders) {
            if head != under {
                self.line("");
                self.line(head);
                under = head;
            }
            match asks(loaded, delivered) {
                Ok(asked) => {
                    self.permitted.extend(asked.capabilities.iter().copied());
                    let may: Vec<_> = asked.capabilities.iter().map(|c| permission_text(*c)).collect();
                    let mut entry = format!("- {}: {}", loaded.name, may.join("; "));
                    for http in &asked.http {
                        let place = if http.private { ", on this computer or a private network" } else { "" };
                        let _ = write!(entry, ", only to {}{place}", http.origin);
                    }
                    if let Some(folder) = &asked.folder {
                        let _ = write!(entry, ": {}", folder.display());
                    }
                    self.line(&entry);
                    let sha256 = loaded.prepared.description().sha256.clone();
                    self.grants.insert(loaded.owner(), Granted { sha256, grants: asked });
                }
                Err(why) => self.line(&format!("- {why}")),
            }
        }
    }

    /// Writes the client's rules, and that the worker's own apply.
    fn write_rules(&mut self, terms: &Terms, plugins: &Plugins) {
        self.line("");
        match &plugins.policy {
            None if terms.policy.is_none() => {
                self.line("The terms name no privacy policy, so no picture and no title is recorded.");
            }
            None => self.line("No rules could be loaded, so no picture and no title is recorded."),
            Some(loaded_policy) => {
                let (name, sha256) = (&plugins.facts.plugin, &loaded_policy.sha256);
                let policy = format!("the policy `{name}` (SHA-256 {})", short(sha256));
                if plugins.facts.rules.is_empty() {
                    self.line(&format!("Rules: none. Every window is shown as it is, says {policy}."));
                } else {
                    self.line(&format!("Rules, before anything is kept, by {policy}:"));
                    for (number, rule) in plugins.facts.rules.iter().enumerate() {
                        self.line(&format!("{}. {rule}", number + 1));
                    }
                }
                let asked = &loaded_policy.grants;
                if !asked.capabilities.is_empty() {
                    let may: Vec<_> = asked.capabilities.iter().map(|c| permission_text(*c)).collect();
                    self.line(&format!(
                        "To decide, it may {}; it cannot send what it sees anywhere.",
                        may.join("; ")
                    ));
                }
                let granted = Granted { sha256: sha256.clone(), grants: asked.clone() };
                self.grants.insert(format!("policy {name}"), granted);
            }
        }
        if let Some(sha256) = &plugins.own_sha256 {
            self.line(&format!(
                "Your own rules apply first, by the policy `{OWN}` (SHA-256 {}). Nobody sees what they hide, not even the client's policy.",
                short(sha256)
            ));
            let granted = Granted { sha256: sha256.clone(), grants: Grants::default() };
            self.grants.insert("own rules".into(), granted);
        }
    }
}

impl Notice {
    /// Writes the notice for these terms and plugins; `delivered` is the folder for uploaders that write into one.
    #[must_use]
    pub fn write(terms: &Terms, server: &str, plugins: &Plugins, delivered: &Path) -> Self {
        let mut draft = NoticeDraft::default();
        draft.write_contract(terms, &target(plugins, server, delivered));
        draft.write_plugins(plugins, delivered);
        draft.write_rules(terms, plugins);
        for (name, problem) in &plugins.problems {
            draft.line(&format!("Not as the terms say: {name}: {problem}"));
        }
        draft.line("");
        let webcam = if draft.permitted.contains(&Capability::Camera) { "" } else { ", the webcam" };
        draft.line(&format!("Never recorded: which keys you press, where you click, sound{webcam}."));
        if sees_diary(plugins, server, delivered) {
            draft.line(&format!("{} and you see the same Work Diary.", terms.client));
        } else {
            draft.line(&format!("{} sees what is delivered there; you see here what that is.", terms.client));
        }
        Self { text: draft.text, grants: draft.grants }
    }

    /// Returns the digest by which an acceptance names this notice.
    #[must_use]
    pub fn digest(&self) -> String {
        sha256_hex(self.text.as_bytes())
    }

    /// Returns which plugins are not those that an earlier acceptance was about, as the end of a sentence; empty if all
    /// are.
    #[must_use]
    pub fn changed_since(&self, before: &Acceptance) -> String {
        let changed: Vec<_> = self
            .grants
            .iter()
            .filter(|(name, granted)| before.grants.get(*name).is_some_and(|before| before != *granted))
            .map(|(name, _)| format!("`{name}`"))
            .collect();
        if changed.is_empty() {
            String::new()
        } else {
            format!(". Changed since you accepted: {}", changed.join(", "))
        }
    }

    /// Returns whether this acceptance is of this notice, by this account, and grants what it says.
    #[must_use]
    pub fn accepted_by(&self, acceptance: &Acceptance, uid: u32) -> bool {
        acceptance.notice == self.digest() && acceptance.uid == uid && acceptance.grants == self.grants
    }
}
