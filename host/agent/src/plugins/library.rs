//! Loads the plugins that the terms name and works out what each asks for.

use std::path::{Path, PathBuf};

use candor_diary::plain_id::PlainId;
use candor_diary::terms::{PluginUse, Terms};
use candor_diary::{parcel, plain};
use candor_protocol::PluginKind;
use candor_sandbox::{
    Capability, ComponentKind, Grants, HttpGrant, Policy, PreparedPlugin, Refusal, Sandbox,
};
use url::{Host, Url};

use crate::plugins::own_rules::OwnRulesState;
use crate::plugins::permissions::permission_text;

/// The policy that judges the worker's own rules.
pub const OWN: &str = "rules";

/// A plugin that was loaded but not started.
pub struct LoadedPlugin {
    /// Its name in the terms.
    pub name: String,
    /// Its component, compiled for this machine and not started.
    pub prepared: PreparedPlugin,
    /// Its settings, a JSON text.
    pub settings: String,
    /// Whether the address in its settings leads to this machine or the local network, if it has one.
    pub private: bool,
}

/// A policy that was started, but was not asked about anything.
pub struct LoadedPolicy {
    /// The policy itself, ready to judge.
    pub policy: Policy,
    /// SHA-256 of its component.
    pub sha256: String,
    /// What it asks for, and was started with. A policy has no way out for what it sees, and is asked about nothing
    /// before the notice is accepted, which names this.
    pub grants: Grants,
}

impl LoadedPlugin {
    /// Its kind and name, such as `collector/windows`: two plugins of one name are two.
    #[must_use]
    pub fn owner(&self) -> String {
        owner(self.prepared.description().kind, &self.name)
    }
}

/// Returns a plugin's kind and name, under which its grants and its store are kept.
pub(crate) fn owner(kind: ComponentKind, name: &str) -> String {
    format!("{}/{name}", kind_word(kind))
}

/// Returns the word for a kind of plugins.
fn kind_word(kind: ComponentKind) -> String {
    format!("{kind:?}").to_lowercase()
}

/// Everything that the terms name.
pub struct Plugins {
    /// The client's policy; none if it is missing or refused.
    pub policy: Option<LoadedPolicy>,
    /// The worker's own rules, if there are any.
    pub own: Option<Policy>,
    /// SHA-256 of the component that judges own rules, whether there are any or not; none if it is missing.
    pub own_sha256: Option<String>,
    /// Why there are own rules that could not be loaded: then nothing may be shown either.
    pub own_problem: Option<String>,
    /// The facts of the policy that a parcel holds: the client's rules. The worker's own are added when they are in
    /// force.
    pub facts: parcel::Policy,
    /// Collectors that could be loaded.
    pub collectors: Vec<LoadedPlugin>,
    /// The uploader; none if it could not be loaded.
    pub uploader: Option<LoadedPlugin>,
    /// What could not be loaded, each with the reason and what to do.
    pub problems: Vec<(String, String)>,
}

/// Why a plugin is not used.
#[derive(Debug, thiserror::Error)]
pub enum PluginError {
    /// Its name could be a path.
    #[error("{0:?} is no plugin name: 1 to 64 of a-z, 0-9 and -")]
    Name(String),
    /// It is not installed.
    #[error("the plugin {file} is missing from {}: install it there", .folder.display())]
    Missing {
        /// The name of its file in the library's folder.
        file: String,
        /// The folder with plugins.
        folder: PathBuf,
    },
    /// It could not be compiled, or does not start with its settings.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// It cannot be worked out what it asks for.
    #[error(transparent)]
    Address(#[from] BadAddress),
    /// Own rules would see more than they need.
    #[error("the policy `{OWN}` asks for permissions, which own rules have no use for")]
    OwnRulesAsk,
    /// The words of this rule, from 1, could be read as something else.
    #[error("the words of its rule {0} hold a character that nobody sees")]
    UnseenCharacter(usize),
    /// What would judge own rules is not what was accepted.
    #[error(
        "the policy `{OWN}` in {} is another one than was accepted with the notice, so it is not asked: start the tracker again and read the notice",
        .0.display()
    )]
    OwnRulesChanged(PathBuf),
    /// The notice that allows it is not accepted.
    #[error("{0}")]
    NotGranted(&'static str),
}

/// The folder with the components, and the sandbox that runs them.
pub struct Library<'a> {
    /// The sandbox that prepares the components.
    pub sandbox: &'a Sandbox,
    /// The folder with `.wasm` files.
    pub folder: &'a Path,
}

impl Library<'_> {
    /// Returns the file of a plugin: `candor_KIND_NAME.wasm`, else `NAME.wasm`.
    fn file(&self, kind: &str, name: &str) -> Result<PathBuf, PluginError> {
        if !PlainId::is_plain(name) {
            return Err(PluginError::Name(name.to_owned()));
        }
        let name = name.replace('-', "_");
        let candidates = [format!("candor_{kind}_{name}.wasm"), format!("{name}.wasm")];
        candidates.iter().map(|c| self.folder.join(c)).find(|p| p.is_file()).ok_or_else(|| {
            PluginError::Missing { file: candidates[0].clone(), folder: self.folder.to_path_buf() }
        })
    }

    async fn load(&self, kind: &str, plugin: &PluginUse) -> Result<LoadedPlugin, PluginError> {
        let file = self.file(kind, &plugin.plugin)?;
        let prepared = self.sandbox.prepare(&file).await?;
        let settings = if plugin.settings.is_null() { "{}".to_owned() } else { plugin.settings.to_string() };
        let private = match plugin.settings.get("url").and_then(|u| u.as_str()).map(Url::parse) {
            Some(Ok(url)) if prepared.description().imports.contains(&Capability::Http) => {
                url.host().is_some_and(|host| is_private(&host))
                    || candor_sandbox::is_private(&url).await.unwrap_or(false)
            }
            _ => false,
        };
        Ok(LoadedPlugin { name: plugin.plugin.clone(), prepared, settings, private })
    }

    /// Loads the worker's own rules.
    ///
    /// # Errors
    /// Why they cannot be in force, with the place of a bad rule.
    pub async fn own_rules(&self, settings: serde_json::Value) -> Result<LoadedPolicy, PluginError> {
        let loaded_policy = self.policy(&PluginUse { plugin: OWN.into(), settings }).await?;
        if !loaded_policy.grants.capabilities.is_empty() {
            // It sees what nothing else may see: it is not to ask for more than that.
            return Err(PluginError::OwnRulesAsk);
        }
        Ok(loaded_policy)
    }

    /// SHA-256 of the component that judges own rules.
    async fn own_sha256(&self) -> Option<String> {
        let plugin = PluginUse { plugin: OWN.into(), settings: serde_json::Value::Null };
        let loaded = self.load("policy", &plugin).await.ok()?;
        Some(loaded.prepared.description().sha256.clone())
    }

    async fn policy(&self, plugin: &PluginUse) -> Result<LoadedPolicy, PluginError> {
        let loaded = self.load("policy", plugin).await?;
        let sha256 = loaded.prepared.description().sha256.clone();
        let grants = asks(&loaded, Path::new(""))?;
        let policy = loaded.prepared.policy(&loaded.name, &grants, &loaded.settings).await?;
        // The notice shows them, and both sides read them: none may show as something else than it is.
        if let Some(number) = policy.rules().iter().position(|rule| plain::unseen(rule).is_some()) {
            return Err(PluginError::UnseenCharacter(number + 1));
        }
        Ok(LoadedPolicy { policy, sha256, grants })
    }

    /// Loads what the terms name, and the worker's own rules.
    pub async fn open(&self, terms: &Terms, own_rules: OwnRulesState) -> Plugins {
        let mut problems = Vec::new();
        let mut facts = parcel::Policy { plugin: String::new(), sha256: String::new(), rules: Vec::new() };
        let policy = match &terms.policy {
            None => {
                problems.push((
                    "policy".into(),
                    "the terms name no policy: no picture and no title is recorded".into(),
                ));
                None
            }
            Some(plugin) => match self.policy(plugin).await {
                Ok(loaded_policy) => {
                    facts = parcel::Policy {
                        plugin: plugin.plugin.clone(),
                        sha256: loaded_policy.sha256.clone(),
                        rules: loaded_policy.policy.rules().to_vec(),
                    };
                    Some(loaded_policy)
                }
                Err(why) => {
                    problems
                        .push((plugin.plugin.clone(), format!("no picture and no title is recorded: {why}")));
                    facts.plugin.clone_from(&plugin.plugin);
                    None
                }
            },
        };
        let mut own_problem = None;
        let own = match own_rules {
            OwnRulesState::Set(None) => None,
            OwnRulesState::Set(Some(settings)) => match self.own_rules(settings).await {
                Ok(own) => Some(own.policy),
                Err(why) => {
                    own_problem = Some(format!("no picture and no title is recorded: {why}"));
                    None
                }
            },
            OwnRulesState::Broken(why) => {
                own_problem = Some(why);
                None
            }
        };
        let own_sha256 = self.own_sha256().await;
        let mut collectors = Vec::new();
        for plugin in &terms.collectors {
            match self.load("collector", plugin).await {
                Ok(loaded) => collectors.push(loaded),
                Err(why) => problems.push((plugin.plugin.clone(), why.to_string())),
            }
        }
        let uploader = match self.load("uploader", &terms.uploader).await {
            Ok(loaded) => Some(loaded),
            Err(why) => {
                problems.push((terms.uploader.plugin.clone(), format!("the outbox waits: {why}")));
                None
            }
        };
        Plugins { policy, own, own_sha256, own_problem, facts, collectors, uploader, problems }
    }
}

fn listed_kind(kind: ComponentKind) -> PluginKind {
    match kind {
        ComponentKind::Collector => PluginKind::Collector,
        ComponentKind::Feed => PluginKind::Feed,
        ComponentKind::Policy => PluginKind::Policy,
        ComponentKind::Uploader => PluginKind::Uploader,
    }
}

/// The plugins as the worker sees them.
#[must_use]
pub fn listed(plugins: &Plugins) -> Vec<candor_protocol::Plugin> {
    let problem = |name: &str| plugins.problems.iter().find(|(n, _)| n == name).map(|(_, text)| text.clone());
    let mut all = Vec::new();
    if !plugins.facts.plugin.is_empty() {
        all.push(candor_protocol::Plugin {
            name: plugins.facts.plugin.clone(),
            kind: PluginKind::Policy,
            sha256: plugins.facts.sha256.clone(),
            may: std::iter::once(
                "decide what is covered or left out; it cannot send what it sees anywhere".into(),
            )
            .chain(
                plugins
                    .policy
                    .iter()
                    .flat_map(|p| &p.grants.capabilities)
                    .map(|c| permission_text(*c).into()),
            )
            .collect(),
            problem: problem(&plugins.facts.plugin),
            log: Vec::new(),
        });
    }
    for loaded in plugins.collectors.iter().chain(&plugins.uploader) {
        let description = loaded.prepared.description();
        all.push(candor_protocol::Plugin {
            name: loaded.name.clone(),
            kind: listed_kind(description.kind),
            sha256: description.sha256.clone(),
            may: description.imports.iter().map(|c| permission_text(*c).to_owned()).collect(),
            problem: problem(&loaded.name),
            log: Vec::new(),
        });
    }
    all
}

/// Why it cannot be worked out what a plugin asks for.
#[derive(Debug, thiserror::Error)]
#[error("{plugin}: settings.url is no address that can be granted: {reason}")]
pub struct BadAddress {
    plugin: String,
    reason: String,
}

/// Returns what a plugin asks for: what it imports, for an uploader or feed the origin in its settings, and `delivered`
/// as the folder it may write into.
///
/// # Errors
/// If it needs the network and its settings name no address.
pub fn asks(loaded: &LoadedPlugin, delivered: &Path) -> Result<Grants, BadAddress> {
    let description = loaded.prepared.description();
    let mut grants = Grants { capabilities: description.imports.clone(), ..Grants::default() };
    if description.imports.contains(&Capability::Folder) {
        grants.folder = Some(delivered.to_path_buf());
    }
    let network = matches!(description.kind, ComponentKind::Uploader | ComponentKind::Feed);
    if network && description.imports.contains(&Capability::Http) {
        let bad = |reason: &str| BadAddress { plugin: loaded.name.clone(), reason: reason.to_owned() };
        let settings: serde_json::Value =
            serde_json::from_str(&loaded.settings).map_err(|e| bad(&e.to_string()))?;
        let text = settings.get("url").and_then(|u| u.as_str()).ok_or_else(|| bad("it is missing"))?;
        let url = Url::parse(text).map_err(|e| bad(&e.to_string()))?;
        if url.host().is_none() || !matches!(url.scheme(), "http" | "https") {
            return Err(bad("it is no http:// or https:// address with a host"));
        }
        grants.http.push(HttpGrant { origin: url.origin().ascii_serialization(), private: loaded.private });
    }
    Ok(grants)
}

/// Returns whether an address is written as one of this machine or a private network; the notice says so. Any other is
/// looked up when the notice is written.
fn is_private(host: &Host<&str>) -> bool {
    match host {
        Host::Ipv4(ip) => ip.is_loopback() || ip.is_private() || ip.is_link_local(),
        Host::Ipv6(ip) => ip.is_loopback() || ip.is_unique_local() || ip.is_unicast_link_local(),
        Host::Domain(name) => {
            *name == "localhost" || name.ends_with(".localhost") || name.ends_with(".internal")
        }
    }
}
