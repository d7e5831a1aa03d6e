//! The same test for each backend.
//!
//! The portable backend looks at `$DISPLAY`, which belongs to the whole process: so each of its tests runs in a process
//! of its own, which is this very program started anew for that one test.

use candor_sensors::{Backend, Sensors};
use candor_test_display::display::Display;

/// The test of each name for each backend; `$module` is where they stand.
macro_rules! for_each_backend {
    ($module:literal: $($name:ident),+ $(,)?) => {
        mod x11 {
            $(#[test]
            fn $name() -> anyhow::Result<()> {
                super::$name(candor_sensors::Backend::X11)
            })+
        }
        #[cfg(feature = "portable")]
        mod portable {
            $(#[test]
            fn $name() -> anyhow::Result<()> {
                let name = concat!($module, "::portable::", stringify!($name));
                crate::backends::in_a_process_of_its_own(name, || super::$name(candor_sensors::Backend::Portable))
            })+
        }
    };
}
pub(crate) use for_each_backend;

/// The sensors of this display.
pub(crate) fn open(backend: Backend, display: &Display) -> anyhow::Result<Sensors> {
    if backend == Backend::Portable {
        show(display);
    }
    let sensors = Sensors::open(backend, Some(&display.name))?;
    assert_eq!(sensors.backend(), Some(backend));
    Ok(sensors)
}

/// Makes this display the one that `$DISPLAY` names.
#[allow(
    unsafe_code,
    reason = "there is no other way to tell xcap, and nobody else reads the environment meanwhile"
)]
pub(crate) fn show(display: &Display) {
    // SAFETY: this process runs one test, on one thread; the other one waits for it and reads no environment.
    unsafe { std::env::set_var("DISPLAY", &display.name) };
}

/// Runs `test` here if this is the process for it; otherwise starts that one.
#[cfg(feature = "portable")]
pub(crate) fn in_a_process_of_its_own(
    name: &str,
    test: impl FnOnce() -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    const HERE: &str = "CANDOR_SENSORS_TEST";
    if std::env::var(HERE).as_deref() == Ok(name) {
        return test();
    }
    let output = std::process::Command::new(std::env::current_exe()?)
        .args(["--exact", name, "--nocapture", "--test-threads=1"])
        .env(HERE, name)
        .env_remove("WAYLAND_DISPLAY")
        .env_remove("XDG_SESSION_TYPE")
        .output()?;
    let said = String::from_utf8_lossy(&output.stdout);
    // A name that is not found would pass by running nothing.
    let ran = said.contains("1 passed");
    anyhow::ensure!(
        output.status.success() && ran,
        "{}\n{said}\n{}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(())
}
