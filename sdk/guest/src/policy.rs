//! A policy: privacy rules. A pure function of a scene and its settings; it has no way out for what it sees.

use serde::de::DeserializeOwned;

use crate::bindings::imports::scenes as raw_scenes;
use crate::bindings::judging as raw;
use crate::frame::FrameRef;
use crate::settings::SettingError;
use crate::types::{Area, Known, Timestamp};

/// A plugin that says what of a scene may be recorded. Register it with [`policy!`](crate::policy!).
///
/// It has no log, no clock, no store and no network. The same scene and settings must give the same verdict, so that a
/// verdict can be replayed. A panic, an endless loop or too much memory means: nothing is recorded.
pub trait Policy: Sized + 'static {
    /// What can be set; read from JSON. [`NoSettings`](crate::NoSettings) for nothing.
    type Settings: DeserializeOwned;

    /// Makes the plugin from its settings, once, before anything else.
    ///
    /// # Errors
    /// What is wrong with the settings, each with its place. Nothing is recorded until they are right.
    fn configure(settings: Self::Settings) -> Result<Self, Vec<SettingError>>;

    /// The rules in words for people, asked for once, before any scene is seen. At most 256; a verdict names them by
    /// index.
    fn rules(&self) -> Vec<Rule>;

    /// Judges a scene, within 250 ms. The frame, not yet masked, is there only for a policy that calls
    /// [`pixels`](crate::pixels).
    fn judge(&self, scene: &Scene, frame: Option<FrameRef<'_>>) -> Verdict;
}

/// A rule in words for people.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Rule {
    /// Its words, such as `Title contains "payroll": solid block`. At most 200 bytes.
    pub words: String,
}

impl Rule {
    /// A rule with these words.
    #[must_use]
    pub fn new(words: impl Into<String>) -> Self {
        Self { words: words.into() }
    }
}

impl From<Rule> for raw::Rule {
    fn from(rule: Rule) -> Self {
        Self { words: rule.words }
    }
}

/// Which sensor a scene belongs to, and what for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SceneKind {
    /// A picture of the screen.
    Snapshot,
    /// A picture of the webcam.
    Camera,
    /// The titles and places of windows.
    Focus,
    /// Something a plugin made itself.
    Custom,
}

/// A window under one of the titles and places that it had. The same window may appear more than once: a picture is
/// judged under every title that it had within 1.5 s before and after.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SceneWindow {
    /// The application: the class of an X11 window, such as `xterm`. None if it cannot be told.
    pub app: Option<String>,
    /// The title. None if it cannot be told.
    pub title: Option<String>,
    /// The address of the page shown. None if it cannot be told.
    pub url: Option<String>,
    /// Client area plus frame, in desktop pixels; 0 by 0 for a window that is not on screen.
    pub area: Area,
    /// The monitor that shows most of it; none if it is off every monitor.
    pub monitor: Option<String>,
    /// Whether it has the keyboard.
    pub focused: bool,
    /// Whether it is a private (incognito) window.
    pub private: Known,
}

impl From<raw_scenes::Window> for SceneWindow {
    fn from(window: raw_scenes::Window) -> Self {
        Self {
            app: window.app,
            title: window.title,
            url: window.url,
            area: window.area.into(),
            monitor: window.monitor,
            focused: window.focused,
            private: window.private.into(),
        }
    }
}

/// What a sensor is about to show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scene {
    kind: SceneKind,
    at: Timestamp,
    windows: Vec<SceneWindow>,
}

impl Scene {
    /// A scene of one's own, to try a policy on. Windows stand from bottom to top.
    #[must_use]
    pub fn new(kind: SceneKind, at: Timestamp, windows: Vec<SceneWindow>) -> Self {
        Self { kind, at, windows }
    }

    /// Which sensor the scene is for.
    #[must_use]
    pub fn kind(&self) -> SceneKind {
        self.kind
    }

    /// The time of capture.
    #[must_use]
    pub fn at(&self) -> Timestamp {
        self.at
    }

    /// All windows on every monitor, from bottom to top; at most 512.
    #[must_use]
    pub fn windows(&self) -> &[SceneWindow] {
        &self.windows
    }
}

impl From<&raw_scenes::Scene> for Scene {
    fn from(scene: &raw_scenes::Scene) -> Self {
        let kind = match scene.kind() {
            raw_scenes::Kind::Snapshot => SceneKind::Snapshot,
            raw_scenes::Kind::Camera => SceneKind::Camera,
            raw_scenes::Kind::Focus => SceneKind::Focus,
            raw_scenes::Kind::Custom => SceneKind::Custom,
        };
        Self {
            kind,
            at: Timestamp::from_millis(scene.at()),
            windows: scene.windows().into_iter().map(SceneWindow::from).collect(),
        }
    }
}

/// What may be recorded. If several opinions meet, skip beats redact beats keep.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Everything may be recorded, as it is.
    Keep,
    /// Everything may be recorded but what this covers and leaves out.
    Redact(Redaction),
    /// Nothing. Names the rules that say so, by index in [`Policy::rules`].
    Skip(Vec<u32>),
}

/// What to cover in the picture and what to leave out of the records.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Redaction {
    /// Cover these; at most 1,024.
    pub masks: Vec<Mask>,
    /// Leave these out; at most 1,024.
    pub hidings: Vec<Hiding>,
}

impl Redaction {
    /// Whether it does nothing at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.masks.is_empty() && self.hidings.is_empty()
    }
}

impl From<Redaction> for Verdict {
    /// Keep, if there is nothing to redact.
    fn from(redaction: Redaction) -> Self {
        if redaction.is_empty() { Self::Keep } else { Self::Redact(redaction) }
    }
}

/// Cover something in the picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Mask {
    /// The window, title bar or place that is covered.
    pub target: Target,
    /// How it is covered.
    pub cover: Cover,
    /// Which rule says so, by index in [`Policy::rules`].
    pub rule: u32,
}

/// What a mask covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Target {
    /// The window at this index of [`Scene::windows`], frame included.
    Window(u32),
    /// Where the title of the window at this index of [`Scene::windows`] may stand: its title bar, or the top of what its
    /// program draws itself. The host measures it; if it cannot, it covers the window.
    TitleBar(u32),
    /// A part of the desktop.
    Region(Area),
    /// The whole desktop, with every window on it.
    Whole,
}

/// How something is covered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cover {
    /// One flat colour: nothing of what is under it is left.
    Fill,
    /// A few large cells of average colour. The text under it cannot be recovered.
    Blur,
}

/// Leave a text of a window out of every record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Hiding {
    /// The window, by index in [`Scene::windows`].
    pub window: u32,
    /// Which of the window's texts is left out.
    pub field: Field,
    /// Which rule says so, by index in [`Policy::rules`].
    pub rule: u32,
}

/// A text of a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Field {
    /// The window's title ([`SceneWindow::title`]).
    Title,
    /// The address of the page that the window shows ([`SceneWindow::url`]).
    Url,
}

impl From<Verdict> for raw::Verdict {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Keep => Self::Keep,
            Verdict::Redact(redaction) => Self::Redact(raw::Redaction {
                masks: redaction.masks.into_iter().map(Into::into).collect(),
                hidings: redaction.hidings.into_iter().map(Into::into).collect(),
            }),
            Verdict::Skip(rules) => Self::Skip(rules),
        }
    }
}

impl From<Mask> for raw::Mask {
    fn from(mask: Mask) -> Self {
        Self {
            target: match mask.target {
                Target::Window(index) => raw::Target::Window(index),
                Target::TitleBar(index) => raw::Target::TitleBar(index),
                Target::Region(area) => raw::Target::Region(area.into()),
                Target::Whole => raw::Target::Whole,
            },
            cover: match mask.cover {
                Cover::Fill => raw::Cover::Fill,
                Cover::Blur => raw::Cover::Blur,
            },
            rule: mask.rule,
        }
    }
}

impl From<Hiding> for raw::Hiding {
    fn from(hiding: Hiding) -> Self {
        Self {
            window: hiding.window,
            field: match hiding.field {
                Field::Title => raw::Field::Title,
                Field::Url => raw::Field::Url,
            },
            rule: hiding.rule,
        }
    }
}
