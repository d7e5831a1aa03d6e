//! Keeps the facts of a desktop up to date by the X server's events, and reads again only what changed.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use x11rb::connection::{Connection as _, RequestConnection as _};
use x11rb::protocol::randr::{self, ConnectionExt as _, NotifyMask};
use x11rb::protocol::xproto::{
    Atom, AtomEnum, ChangeWindowAttributesAux, ConnectionExt as _, CreateWindowAux, EventMask,
    GetPropertyReply, Window, WindowClass,
};
use x11rb::protocol::{Event, shape};
use x11rb::rust_connection::RustConnection;

use super::atoms::Atoms;
use super::desktop::DesktopFacts;
use super::facts::{StaleParts, XWindowFacts};
use super::layout::WindowState;
use super::reading::{FactsReader, ReadOutcome, unless_gone};
use super::scale;
use crate::area::Monitor;
use crate::display;
use crate::error::SensorError;

/// How often the desktop is read again because windows came or went meanwhile. After that it is taken as it is: what
/// changed has sent an event, and is read when that arrives.
const MAX_PASSES: u32 = 16;
/// How many parents of a window are followed to find the root's child.
const MAX_DEPTH: u32 = 8;
/// How much of the resources or settings is read, in units of four bytes.
const MAX_SETTINGS_WORDS: u32 = 65_536;
/// How many windows are asked about at once.
const BATCH_WINDOWS: usize = 64;

/// What an event requires.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reaction {
    /// Nothing, or something that can wait until the other events are handled.
    Later,
    /// A title changed: make the layout at once, before the next event may change it again.
    AtOnce,
    /// The barrier with this number has come through.
    Barrier(u32),
}

/// The facts of the desktop, and the connection that reports its changes.
pub(super) struct DesktopTracker {
    reader: FactsReader,
    desktop: DesktopFacts,
    pub(super) monitors: Vec<Monitor>,
    /// Our own window, at which barriers arrive.
    pub(super) mailbox: Window,
    compositor: Atom,
    /// The selection whose owner publishes the desktop's settings.
    settings: Atom,
    publisher: Option<Window>,
    next_id: u64,
    /// Whether the stack, the list of windows or the focus may have changed.
    tree_stale: bool,
    monitors_stale: bool,
    scale_stale: bool,
    /// Whether any fact of any window is stale.
    any_stale: bool,
}

impl DesktopTracker {
    /// Connects, and subscribes to all changes that matter.
    pub(super) fn open(display: Option<&str>, first_id: u64) -> Result<Self, SensorError> {
        let (connection, root) = display::open(display)?;
        let atoms = Atoms::new(&connection)?.reply()?;
        let shapes = connection.extension_information(shape::X11_EXTENSION_NAME)?.is_some();
        let screen = connection.setup().roots.iter().position(|screen| screen.root == root).unwrap_or(0);
        let selection = |name: &str| -> Result<Atom, SensorError> {
            Ok(connection.intern_atom(false, format!("{name}{screen}").as_bytes())?.reply()?.atom)
        };
        let (compositor, settings) = (selection("_NET_WM_CM_S")?, selection("_XSETTINGS_S")?);

        let mailbox = connection.generate_id()?;
        let unseen = CreateWindowAux::new().override_redirect(1);
        connection
            .create_window(0, mailbox, root, -1, -1, 1, 1, 0, WindowClass::INPUT_ONLY, 0, &unseen)?
            .check()?;
        let events = EventMask::SUBSTRUCTURE_NOTIFY
            | EventMask::STRUCTURE_NOTIFY
            | EventMask::PROPERTY_CHANGE
            | EventMask::FOCUS_CHANGE;
        let changes = ChangeWindowAttributesAux::new().event_mask(events);
        connection.change_window_attributes(root, &changes)?.check()?;
        if connection.extension_information(randr::X11_EXTENSION_NAME)?.is_some() {
            connection.randr_query_version(1, 5)?.reply()?;
            let events = NotifyMask::SCREEN_CHANGE | NotifyMask::CRTC_CHANGE | NotifyMask::OUTPUT_CHANGE;
            connection.randr_select_input(root, events)?.check()?;
        }
        let id_mask = connection.setup().resource_id_mask;
        let mut tracker = Self {
            reader: FactsReader { connection: Arc::new(connection), atoms, root, shapes },
            desktop: DesktopFacts { id_mask, ..DesktopFacts::default() },
            monitors: Vec::new(),
            mailbox,
            compositor,
            settings,
            publisher: None,
            next_id: first_id,
            tree_stale: true,
            monitors_stale: true,
            scale_stale: true,
            any_stale: false,
        };
        tracker.refresh()?;
        Ok(tracker)
    }

    /// Returns the connection, for waiting and for sending.
    pub(super) fn connection(&self) -> Arc<RustConnection> {
        Arc::clone(&self.reader.connection)
    }

    /// Returns the windows as last read.
    pub(super) fn windows(&self) -> Vec<WindowState> {
        self.desktop.arrange()
    }

    /// Handles an event. A title that changed is read at once.
    pub(super) fn handle_event(&mut self, event: &Event) -> Result<Reaction, SensorError> {
        match event {
            Event::PropertyNotify(event) => return self.handle_property_change(event.window, event.atom),
            Event::ClientMessage(event) if event.window == self.mailbox => {
                return Ok(Reaction::Barrier(event.data.as_data32()[0]));
            }
            Event::ClientMessage(event) if event.type_ == self.reader.atoms.MANAGER => {
                self.scale_stale = true
            }
            Event::ConfigureNotify(event) if event.window == self.reader.root => self.monitors_stale = true,
            Event::ConfigureNotify(event) => {
                self.tree_stale = true;
                self.mark_moved(event.window);
            }
            Event::GravityNotify(event) => self.mark_moved(event.window),
            Event::CirculateNotify(_) => self.tree_stale = true,
            Event::CreateNotify(event) if event.window == self.mailbox => {}
            Event::CreateNotify(_) => self.tree_stale = true,
            Event::MapNotify(event) => self.mark_changed(event.window, false),
            Event::UnmapNotify(event) => self.mark_changed(event.window, false),
            Event::ReparentNotify(event) => self.mark_changed(event.window, true),
            Event::DestroyNotify(event) => {
                self.tree_stale = true;
                self.scale_stale |= self.publisher == Some(event.window);
                self.desktop.windows.remove(&event.window);
            }
            Event::ShapeNotify(event) => {
                self.mark_stale(event.affected_window, StaleParts { place: true, ..StaleParts::NOTHING });
            }
            Event::FocusIn(_) | Event::FocusOut(_) => self.tree_stale = true,
            Event::RandrNotify(_) | Event::RandrScreenChangeNotify(_) => self.monitors_stale = true,
            _ => {}
        }
        Ok(Reaction::Later)
    }

    fn handle_property_change(&mut self, window: Window, atom: Atom) -> Result<Reaction, SensorError> {
        let atoms = &self.reader.atoms;
        self.scale_stale |= window == self.reader.root && atom == Atom::from(AtomEnum::RESOURCE_MANAGER)
            || self.publisher == Some(window) && atom == atoms._XSETTINGS_SETTINGS;
        if window == self.reader.root {
            self.tree_stale |=
                [atoms._NET_CLIENT_LIST, atoms._NET_ACTIVE_WINDOW, atoms._NET_SUPPORTING_WM_CHECK]
                    .contains(&atom);
            return Ok(Reaction::Later);
        }
        let is = |known: AtomEnum| atom == Atom::from(known);
        if atom == atoms._NET_WM_NAME || is(AtomEnum::WM_NAME) {
            return self.read_changed_title(window);
        }
        if is(AtomEnum::WM_CLASS)
            || is(AtomEnum::WM_TRANSIENT_FOR)
            || [
                atoms.WM_STATE,
                atoms.WM_CLIENT_LEADER,
                atoms._NET_WM_PID,
                atoms._NET_WM_WINDOW_TYPE,
                atoms._NET_WM_WINDOW_OPACITY,
                atoms._NET_FRAME_EXTENTS,
                atoms._GTK_FRAME_EXTENTS,
            ]
            .contains(&atom)
        {
            self.mark_stale(window, StaleParts { rest: true, ..StaleParts::NOTHING });
        }
        Ok(Reaction::Later)
    }

    fn read_changed_title(&mut self, window: Window) -> Result<Reaction, SensorError> {
        let Some(facts) = self.desktop.windows.get_mut(&window) else { return Ok(Reaction::Later) };
        if facts.stale.title {
            // It was never read, and will be with the window.
            return Ok(Reaction::Later);
        }
        let before = facts.title.clone();
        let asked = self.reader.send_questions(window, StaleParts { title: true, ..StaleParts::NOTHING })?;
        match self.reader.take_replies(asked, facts)? {
            ReadOutcome::There if facts.title != before => Ok(Reaction::AtOnce),
            ReadOutcome::There => Ok(Reaction::Later),
            ReadOutcome::Gone => {
                self.desktop.windows.remove(&window);
                self.tree_stale = true;
                Ok(Reaction::Later)
            }
        }
    }

    /// Marks a window that moved, and what is inside it.
    fn mark_moved(&mut self, window: Window) {
        for (other, facts) in &mut self.desktop.windows {
            if *other == window || facts.top == Some(window) {
                facts.stale.place = true;
                self.any_stale = true;
            }
        }
    }

    /// Marks a window that came, went or was put into another one.
    fn mark_changed(&mut self, window: Window, reparented: bool) {
        self.tree_stale = true;
        if let Some(facts) = self.desktop.windows.get_mut(&window)
            && reparented
        {
            facts.top = None;
        }
        self.mark_moved(window);
    }

    /// Marks facts of a window as stale.
    fn mark_stale(&mut self, window: Window, stale: StaleParts) {
        if let Some(facts) = self.desktop.windows.get_mut(&window) {
            facts.stale.place |= stale.place;
            facts.stale.title |= stale.title;
            facts.stale.rest |= stale.rest;
            self.any_stale = true;
        }
    }

    /// Reads whatever is stale, until nothing is. Returns whether anything was.
    pub(super) fn refresh(&mut self) -> Result<bool, SensorError> {
        let stale = self.monitors_stale || self.tree_stale || self.any_stale || self.scale_stale;
        if std::mem::take(&mut self.scale_stale) {
            self.read_scale()?;
        }
        if std::mem::take(&mut self.monitors_stale) {
            self.monitors = display::monitors(&self.reader.connection, self.reader.root)?;
        }
        for _ in 0..MAX_PASSES {
            if std::mem::take(&mut self.tree_stale) {
                self.read_tree()?;
                self.any_stale = true;
            }
            if std::mem::take(&mut self.any_stale) {
                self.read_windows()?;
                self.find_tops()?;
            }
            if !self.tree_stale && !self.any_stale {
                break;
            }
        }
        Ok(stale)
    }

    /// Reads by how much programs scale what they draw.
    fn read_scale(&mut self) -> Result<(), SensorError> {
        let FactsReader { connection, atoms, root, .. } = &self.reader;
        let owner = connection.get_selection_owner(self.settings)?.reply()?.owner;
        self.publisher = Some(owner).filter(|owner| *owner != x11rb::NONE);
        let property = |window: Window, atom: Atom| {
            connection.get_property(false, window, atom, AtomEnum::ANY, 0, MAX_SETTINGS_WORDS)
        };
        let resources = property(*root, AtomEnum::RESOURCE_MANAGER.into())?;
        let settings = match self.publisher {
            Some(publisher) => {
                self.reader.subscribe(publisher)?;
                Some(property(publisher, atoms._XSETTINGS_SETTINGS)?)
            }
            None => None,
        };
        let resources = scale::scale_from_resources(&resources.reply()?.value);
        let settings = match settings {
            Some(settings) => {
                unless_gone(settings.reply())?.and_then(|reply| scale::scale_from_settings(&reply.value))
            }
            None => None,
        };
        let environment = scale::scale_from_environment(|name| std::env::var(name).ok());
        self.desktop.scale = [resources, settings, environment].into_iter().flatten().max();
        Ok(())
    }

    /// Reads the stack, the list of windows, the focus and who manages.
    fn read_tree(&mut self) -> Result<(), SensorError> {
        let FactsReader { connection, atoms, root, .. } = &self.reader;
        let property =
            |atom: Atom, words: u32| connection.get_property(false, *root, atom, AtomEnum::WINDOW, 0, words);
        let tree = connection.query_tree(*root)?;
        let clients = property(atoms._NET_CLIENT_LIST, 16_384)?;
        let active = property(atoms._NET_ACTIVE_WINDOW, 1)?;
        let manager = property(atoms._NET_SUPPORTING_WM_CHECK, 1)?;
        let compositor = connection.get_selection_owner(self.compositor)?;
        let focus = connection.get_input_focus()?;

        let windows = |reply: &GetPropertyReply| -> Vec<Window> {
            reply.value32().map(Iterator::collect).unwrap_or_default()
        };
        let some = |window: &Window| *window != x11rb::NONE;
        self.desktop.stack = tree.reply()?.children;
        self.desktop.stack.retain(|window| *window != self.mailbox);
        self.desktop.clients = windows(&clients.reply()?);
        let active = active.reply()?;
        self.desktop.manager = windows(&manager.reply()?).first().copied().filter(some);
        self.desktop.compositor = Some(compositor.reply()?.owner).filter(some);
        let focus = focus.reply()?.focus;
        // The window manager says which window is active; without one, it is the one with the keyboard focus.
        self.desktop.active = if active.type_ == x11rb::NONE {
            // 1 stands for 'whatever is under the pointer'.
            Some(focus).filter(|focus| some(focus) && *focus != 1)
        } else {
            windows(&active).first().copied().filter(some)
        };

        let known: Vec<Window> = self.desktop.stack.iter().chain(&self.desktop.clients).copied().collect();
        for window in known {
            if !self.desktop.windows.contains_key(&window) {
                self.reader.subscribe(window)?;
                let facts =
                    XWindowFacts { id: self.next_id, stale: StaleParts::ALL, ..XWindowFacts::default() };
                self.next_id += 1;
                self.desktop.windows.insert(window, facts);
            }
        }
        // What is a child of the root is its own top; what was one and is not any more is looked for.
        let order: HashSet<Window> = self.desktop.stack.iter().copied().collect();
        for (window, facts) in &mut self.desktop.windows {
            if order.contains(window) {
                facts.top = Some(*window);
            } else if facts.top == Some(*window) {
                facts.top = None;
            }
        }
        Ok(())
    }

    /// Reads the stale facts that matter: the place of every window, and the rest of those that show or are managed.
    /// (Other windows are read when they show.)
    fn read_windows(&mut self) -> Result<(), SensorError> {
        let place = |stale: StaleParts| StaleParts { place: stale.place, ..StaleParts::NOTHING };
        self.read_where(|_, facts| place(facts.stale))?;
        let clients = std::mem::take(&mut self.desktop.clients);
        let read = self.read_where(|window, facts| {
            if facts.viewable || facts.managed || clients.contains(&window) {
                facts.stale
            } else {
                StaleParts::NOTHING
            }
        });
        self.desktop.clients = clients;
        read?;
        // Whether a window is managed is one of the facts: of those that do not show, only that matters.
        self.read_where(|_, facts| StaleParts { rest: facts.stale.rest, ..StaleParts::NOTHING })
    }

    fn read_where(
        &mut self,
        wanted: impl Fn(Window, &XWindowFacts) -> StaleParts,
    ) -> Result<(), SensorError> {
        let questions: Vec<(Window, StaleParts)> = self
            .desktop
            .windows
            .iter()
            .map(|(window, facts)| (*window, wanted(*window, facts)))
            .filter(|(_, stale)| *stale != StaleParts::NOTHING)
            .collect();
        for questions in questions.chunks(BATCH_WINDOWS) {
            let mut asked = Vec::with_capacity(questions.len());
            for (window, stale) in questions {
                asked.push((self.reader.send_questions(*window, *stale)?, *stale));
            }
            for (asked, stale) in asked {
                let window = asked.window;
                let Some(facts) = self.desktop.windows.get_mut(&window) else { continue };
                facts.stale.place &= !stale.place;
                facts.stale.title &= !stale.title;
                facts.stale.rest &= !stale.rest;
                if self.reader.take_replies(asked, facts)? == ReadOutcome::Gone {
                    self.desktop.windows.remove(&window);
                    // If only the list of windows still names it, the window manager will remove it from there.
                    self.tree_stale |= self.desktop.stack.contains(&window);
                }
            }
        }
        Ok(())
    }

    /// Finds the root's child that holds each managed window.
    fn find_tops(&mut self) -> Result<(), SensorError> {
        let lost: Vec<Window> = self
            .desktop
            .windows
            .iter()
            .filter(|(window, facts)| facts.top.is_none() && self.desktop.is_managed(**window))
            .map(|(window, _)| *window)
            .collect();
        let mut parents: HashMap<Window, Window> = lost.iter().map(|window| (*window, *window)).collect();
        for _ in 0..MAX_DEPTH {
            let mut asked = Vec::with_capacity(parents.len());
            for (window, at) in &parents {
                asked.push((*window, *at, self.reader.connection.query_tree(*at)?));
            }
            for (window, at, tree) in asked {
                match unless_gone(tree.reply())? {
                    Some(tree) if tree.parent == self.reader.root || tree.parent == x11rb::NONE => {
                        if let Some(facts) = self.desktop.windows.get_mut(&window) {
                            facts.top = Some(at);
                        }
                        // A frame that is not known came after the stack was read.
                        self.tree_stale |= !self.desktop.windows.contains_key(&at);
                        parents.remove(&window);
                    }
                    Some(tree) => {
                        parents.insert(window, tree.parent);
                    }
                    None => {
                        parents.remove(&window);
                    }
                }
            }
            if parents.is_empty() {
                break;
            }
        }
        Ok(())
    }
}
