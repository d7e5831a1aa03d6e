//! Why a plugin is not started, in words that say what to do. The texts are under test: authors and workers read them.

use std::fmt;

use crate::failure::Failure;
use crate::grants::Capability;
use crate::kind::ComponentKind;

/// What is wrong with one place of a plugin's settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingError {
    /// A JSON pointer into the settings; empty for the settings as a whole.
    pub place: String,
    /// What is wrong and what to do.
    pub reason: String,
}

impl fmt::Display for SettingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = if self.place.is_empty() { "(the whole)" } else { &self.place };
        write!(f, "{place}: {}", self.reason)
    }
}

fn listed<T: fmt::Display>(items: &[T], with: &str) -> String {
    items.iter().map(T::to_string).collect::<Vec<_>>().join(with)
}

/// Why a plugin is not started.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// The component file could not be read.
    #[error("{path}: {reason}. Give the path of a plugin's .wasm file that this account can read")]
    Unreadable {
        /// The path that was given.
        path: String,
        /// What the system says about it.
        reason: String,
    },
    /// The file is larger than [`crate::Limits::component`].
    #[error(
        "the plugin is {bytes} bytes long, more than the {limit} allowed: build it for release and strip it"
    )]
    TooLarge {
        /// Its length, in bytes.
        bytes: u64,
        /// What is allowed, in bytes.
        limit: u64,
    },
    /// The bytes are no WebAssembly component.
    #[error(
        "this is no WebAssembly component ({0}): build it with `candor plugin build`, or turn the module into a component with wasm-component-ld"
    )]
    NotAComponent(String),
    /// A sensor and the network in one component (invariant 12).
    #[error(
        "the plugin imports the sensor `{sensor}` and the network `{network}`: no plugin may have both. Split it: a collector takes the sensor, an uploader or a feed takes the network"
    )]
    SensorAndNetwork {
        /// The sensor that it imports, by its interface.
        sensor: Capability,
        /// What of the network it imports, by its interface.
        network: Capability,
    },
    /// It imports something that no host of this version offers.
    #[error(
        "the plugin imports `{0}`, which Candor does not offer: build against candor:plugin@0.1.0 and, where the toolchain needs it, WASI 0.2"
    )]
    UnknownImport(String),
    /// It was built for another version of the interfaces.
    #[error(
        "the plugin was built for candor:plugin@{found}; this Candor runs {supported}: rebuild it against that version"
    )]
    WrongVersion {
        /// The version that it was built for, such as `0.2.0`.
        found: String,
        /// The version that runs here, with the package's name.
        supported: &'static str,
    },
    /// It exports no kind's interface, or more than one.
    #[error(
        "the plugin must export `candor:plugin/setup` and exactly one of `collecting`, `judging` and `delivering`; it exports {0}: implement one kind"
    )]
    NoKind(String),
    /// It imports something that its kind may not have.
    #[error("{} may not import `{import}`: take it out, or write the plugin as a kind that may", .kind.with_article())]
    NotForKind {
        /// The kind that its exports make it.
        kind: ComponentKind,
        /// The interface that it may not import.
        import: String,
    },
    /// It is another kind than the one asked for.
    #[error("the plugin `{plugin}` is {}, not {}: name {} here", .found.with_article(), .wanted.with_article(), .wanted.with_article())]
    OtherKind {
        /// What the person calls the plugin.
        plugin: String,
        /// The kind that it is.
        found: ComponentKind,
        /// The kind that was asked for.
        wanted: ComponentKind,
    },
    /// It imports what was not granted (invariant 10).
    #[error(
        "the plugin `{plugin}` imports {}, not granted: add {} to `capabilities` in the grants of `{plugin}`, or do without the plugin",
        quoted(.missing, '`'), quoted(.missing, '"')
    )]
    NotGranted {
        /// What the person calls the plugin.
        plugin: String,
        /// The permissions to add.
        missing: Vec<Capability>,
    },
    /// A grant is malformed or incomplete.
    #[error("the grants of `{plugin}`: {reason}")]
    BadGrant {
        /// What the person calls the plugin.
        plugin: String,
        /// What is wrong with it and what to do.
        reason: String,
    },
    /// It refused its settings.
    #[error("the settings of `{plugin}`: {}", listed(.errors, "; "))]
    SettingErrors {
        /// What the person calls the plugin.
        plugin: String,
        /// All that is wrong.
        errors: Vec<SettingError>,
    },
    /// A policy's rules are out of bounds.
    #[error("the rules of `{plugin}`: {reason}")]
    BadRules {
        /// What the person calls the plugin.
        plugin: String,
        /// What is wrong with it and what to do.
        reason: String,
    },
    /// Its imports or exports have other types than the interfaces say.
    #[error(
        "the plugin `{plugin}` does not fit candor:plugin@0.1.0 ({reason}): rebuild it against the interfaces in wit/"
    )]
    DoesNotFit {
        /// What the person calls the plugin.
        plugin: String,
        /// What wasmtime says about it.
        reason: String,
    },
    /// It failed while it was started.
    #[error("the plugin `{plugin}` did not start: {failure}. Its log says more; repair it or do without it")]
    DidNotStart {
        /// What the person calls the plugin.
        plugin: String,
        /// How the start failed.
        failure: Failure,
    },
    /// The compiler refused it, crashed or was stopped.
    #[error("the plugin could not be compiled: {0}")]
    Compile(String),
    /// The folder of artefacts could not be used.
    #[error("compiled plugins could not be kept: {0}")]
    Artefact(String),
}

fn quoted(items: &[Capability], quote: char) -> String {
    items.iter().map(|c| format!("{quote}{c}{quote}")).collect::<Vec<_>>().join(", ")
}
