//! A small X client for tests: windows of a known colour, with or without a window manager's leave.

use candor_sensors::Area;
use candor_test_display::display::Display;
use x11rb::connection::Connection as _;
use x11rb::protocol::xproto::{
    AtomEnum, ConfigureWindowAux, ConnectionExt as _, CreateWindowAux, PropMode, Window, WindowClass,
};
use x11rb::rust_connection::RustConnection;
use x11rb::wrapper::ConnectionExt as _;

/// A client of the X server that shows windows.
pub(crate) struct XClient {
    connection: RustConnection,
    root: Window,
}

impl XClient {
    pub(crate) fn start(display: &Display) -> anyhow::Result<Self> {
        let (connection, root) = display.connect()?;
        Ok(Self { connection, root })
    }

    /// A window of this colour, not shown yet. `bare` ones pass the window manager by, as menus do.
    pub(crate) fn window(&self, area: Area, colour: u32, bare: bool) -> anyhow::Result<Window> {
        let window = self.connection.generate_id()?;
        let look = CreateWindowAux::new()
            .background_pixel(colour)
            .border_pixel(0)
            .override_redirect(u32::from(bare));
        let (x, y) = (i16::try_from(area.x)?, i16::try_from(area.y)?);
        let (width, height) = (u16::try_from(area.width)?, u16::try_from(area.height)?);
        self.connection
            .create_window(0, window, self.root, x, y, width, height, 0, WindowClass::INPUT_OUTPUT, 0, &look)?
            .check()?;
        // A window manager must not place it where it likes: WM_NORMAL_HINTS with USPosition and USSize.
        let hints = [3_u32, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        self.connection
            .change_property32(
                PropMode::REPLACE,
                window,
                AtomEnum::WM_NORMAL_HINTS,
                AtomEnum::WM_SIZE_HINTS,
                &hints,
            )?
            .check()?;
        Ok(window)
    }

    pub(crate) fn show(&self, window: Window) -> anyhow::Result<()> {
        self.connection.map_window(window)?.check()?;
        Ok(())
    }

    pub(crate) fn destroy(&self, window: Window) -> anyhow::Result<()> {
        self.connection.destroy_window(window)?.check()?;
        Ok(())
    }

    /// Sets `_NET_WM_NAME`; answers once the X server has it.
    pub(crate) fn name(&self, window: Window, title: &str) -> anyhow::Result<()> {
        let (name, utf8) = (self.atom("_NET_WM_NAME")?, self.atom("UTF8_STRING")?);
        self.connection.change_property8(PropMode::REPLACE, window, name, utf8, title.as_bytes())?.check()?;
        Ok(())
    }

    /// Sets `WM_CLASS`: instance and class are the same.
    pub(crate) fn class(&self, window: Window, class: &str) -> anyhow::Result<()> {
        let value = format!("{class}\0{class}\0");
        self.connection
            .change_property8(
                PropMode::REPLACE,
                window,
                AtomEnum::WM_CLASS,
                AtomEnum::STRING,
                value.as_bytes(),
            )?
            .check()?;
        Ok(())
    }

    /// Sets a property that holds windows, atoms or numbers.
    pub(crate) fn set(
        &self,
        window: Window,
        property: &str,
        type_: impl Into<u32>,
        values: &[u32],
    ) -> anyhow::Result<()> {
        let property = self.atom(property)?;
        self.connection
            .change_property32(PropMode::REPLACE, window, property, type_.into(), values)?
            .check()?;
        Ok(())
    }

    /// Sets the display's resources, as `xrdb` does.
    pub(crate) fn resources(&self, text: &str) -> anyhow::Result<()> {
        let (name, kind) = (AtomEnum::RESOURCE_MANAGER, AtomEnum::STRING);
        self.connection
            .change_property8(PropMode::REPLACE, self.root, name, kind, text.as_bytes())?
            .check()?;
        Ok(())
    }

    pub(crate) fn atom(&self, name: &str) -> anyhow::Result<u32> {
        Ok(self.connection.intern_atom(false, name.as_bytes())?.reply()?.atom)
    }

    pub(crate) fn configure(&self, window: Window, change: &ConfigureWindowAux) -> anyhow::Result<()> {
        self.connection.configure_window(window, change)?.check()?;
        Ok(())
    }
}
