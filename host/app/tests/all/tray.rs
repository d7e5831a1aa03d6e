//! The tray icon, in a real tray (xfce4-panel).

use std::collections::HashMap;

use candor_protocol::{PauseTracking, QuitAgent, RemovePicture, StartTracking, SwitchContract};
use zbus::blocking::{Connection, Proxy};
use zbus::zvariant::{OwnedObjectPath, OwnedValue, Value};

use crate::agent::{Agent, NOW, START, pictured};
use crate::desktop::{Desktop, wait};

/// A panel with a tray and nothing else, so that it asks nothing at its first start.
const PANEL: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<channel name="xfce4-panel" version="1.0">
  <property name="configver" type="int" value="2"/>
  <property name="panels" type="array">
    <value type="int" value="1"/>
    <property name="panel-1" type="empty">
      <property name="position" type="string" value="p=6;x=0;y=0"/>
      <property name="length" type="uint" value="100"/>
      <property name="size" type="uint" value="32"/>
      <property name="plugin-ids" type="array"><value type="int" value="1"/></property>
    </property>
  </property>
  <property name="plugins" type="empty">
    <property name="plugin-1" type="string" value="systray"/>
  </property>
</channel>
"#;

const ITEM: &str = "org.kde.StatusNotifierItem";
const PATH: &str = "/StatusNotifierItem";

struct Icon<'a> {
    bus: &'a Connection,
    name: String,
    menu: Proxy<'a>,
}

/// A property, asked for anew each time: what a proxy keeps says nothing about what the tray would see.
fn property(
    bus: &Connection,
    name: &str,
    path: &str,
    interface: &str,
    property: &str,
) -> zbus::Result<OwnedValue> {
    let properties = "org.freedesktop.DBus.Properties";
    bus.call_method(Some(name), path, Some(properties), "Get", &(interface, property))?.body().deserialize()
}

impl<'a> Icon<'a> {
    /// Waits until the tray shows the icon of a process.
    fn of(bus: &'a Connection, process: u32) -> Self {
        let watcher = "org.kde.StatusNotifierWatcher";
        wait("the icon in the tray", || {
            let items =
                property(bus, watcher, "/StatusNotifierWatcher", watcher, "RegisteredStatusNotifierItems");
            let items: Vec<String> = items.ok()?.try_into().ok()?;
            (!items.is_empty()).then_some(())
        });
        let name = format!("{ITEM}-{process}-1");
        let path: OwnedObjectPath = property(bus, &name, PATH, ITEM, "Menu").unwrap().try_into().unwrap();
        let menu = Proxy::new(bus, name.clone(), path, "com.canonical.dbusmenu").unwrap();
        Self { bus, name, menu }
    }

    fn title(&self) -> String {
        property(self.bus, &self.name, PATH, ITEM, "Title").unwrap().try_into().unwrap()
    }

    /// The middle of the largest icon: whether it is filled.
    fn filled(&self) -> bool {
        let icons = property(self.bus, &self.name, PATH, ITEM, "IconPixmap").unwrap();
        let icons: Vec<(i32, i32, Vec<u8>)> = icons.try_into().unwrap();
        let (width, height, data) = icons.last().unwrap();
        let middle = usize::try_from((height / 2 * width + width / 2) * 4).unwrap();
        data[middle..middle + 4] == [0xff, 0x1e, 0x82, 0x53]
    }

    /// The menu's entries: id and label.
    fn entries(&self) -> Vec<(i32, String)> {
        type Layout = (i32, HashMap<String, OwnedValue>, Vec<OwnedValue>);
        let (_, (_, _, children)): (u32, Layout) =
            self.menu.call("GetLayout", &(0, -1, Vec::<&str>::new())).unwrap();
        children
            .iter()
            .filter_map(|child| {
                let Value::Structure(fields) = &**child else { return None };
                let [Value::I32(id), Value::Dict(properties), _] = fields.fields() else { return None };
                let label: Option<String> = properties.get(&"label").ok().flatten();
                Some((*id, label?))
            })
            .collect()
    }

    fn click(&self, label: &str) {
        let entries = self.entries();
        let found = entries.iter().find(|(_, l)| l == label);
        let (id, _) = found.unwrap_or_else(|| panic!("{label:?} is not in {entries:?}"));
        let clicked: zbus::Result<()> = self.menu.call("Event", &(*id, "clicked", Value::I32(0), 0_u32));
        // Whoever is told to quit may be gone before it answers.
        assert!(clicked.is_ok() || label.starts_with("Quit"), "{clicked:?}");
    }
}

#[test]
fn the_icon_shows_what_is_so_and_its_menu_does_what_it_says() {
    let agent = Agent::new();
    let mut desktop = Desktop::new();
    let folder = desktop.home().join(".config/xfce4/xfconf/xfce-perchannel-xml");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("xfce4-panel.xml"), PANEL).unwrap();
    let panel = desktop.command("xfce4-panel");
    desktop.run(panel);
    let tray = desktop.candor(agent.data(), "tray");
    let process = desktop.run(tray);
    let bus = desktop.bus();
    let icon = Icon::of(&bus, process);

    wait("the state", || (icon.title() == "Candor: Tracking since 15:30").then_some(()));
    assert!(icon.filled(), "recording has a dot");
    agent.change(|state| state.status.last_picture = Some(pictured(START, NOW)));
    let labels = || icon.entries().into_iter().map(|(_, label)| label).collect::<Vec<_>>();
    wait("the picture in the menu", || labels().contains(&"Delete picture".to_owned()).then_some(()));
    assert_eq!(
        labels(),
        [
            "Tracking since 15:30",
            "Stop",
            "Pause for private time",
            "Invoice service · Fieldhouse Supply",
            "Shop__front · Fieldhouse Supply",
            "Picture at 17:53, 1 window redacted",
            "Delete picture",
            "Open window",
            "What is recorded",
            "Quit (stops tracking)",
        ]
    );

    icon.click("Delete picture");
    agent.wait_for(&RemovePicture { start: START }.into());
    icon.click("Shop__front · Fieldhouse Supply");
    agent.wait_for(&SwitchContract { contract: "01k2b".into() }.into());
    icon.click("Pause for private time");
    agent.wait_for(&PauseTracking.into());
    wait("the pause", || icon.title().contains("Paused since 17:53").then_some(()));
    assert!(!icon.filled(), "not recording has an empty ring");
    icon.click("Resume");
    agent.wait_for(&StartTracking { memo: None, no_sign: false }.into());
    wait("the recording", || icon.title().contains("Tracking since").then_some(()));
    icon.click("Quit (stops tracking)");
    agent.wait_for(&QuitAgent.into());
}
