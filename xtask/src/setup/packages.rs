//! Debian packages.
//!
//! A package is needed for a file that it brings. If that file is there, however it came, nothing is asked of the
//! package manager: so the usual case takes no time, and a machine that got a program elsewhere is left alone.

use std::io::IsTerminal as _;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, SystemTime};

use anyhow::{Context as _, Result, bail};
use xshell::{Cmd, Shell, cmd};

use super::needs::Needs;
use crate::process;
use crate::workspace::print_progress;

/// What shows that a package is there.
enum Proof {
    /// A program in the PATH.
    Program(&'static str),
    /// A file, by its absolute path.
    File(&'static str),
    /// A file below /usr/lib/llvm-N, whichever N it is.
    Llvm(&'static str),
}

/// A package and what it is needed for.
struct Package {
    name: &'static str,
    proof: Proof,
}

const fn program(name: &'static str, program: &'static str) -> Package {
    Package { name, proof: Proof::Program(program) }
}

const fn file(name: &'static str, file: &'static str) -> Package {
    Package { name, proof: Proof::File(file) }
}

const fn llvm(name: &'static str, file: &'static str) -> Package {
    Package { name, proof: Proof::Llvm(file) }
}

/// To compile: SQLite, WebP and ring bring C code along.
const BUILD: &[Package] = &[program("gcc", "cc"), file("libc6-dev", "/usr/include/stdio.h")];

/// To record a screen that nobody sits at.
const DESKTOP: &[Package] = &[
    program("xvfb", "Xvfb"),
    program("openbox", "openbox"),
    program("xterm", "xterm"),
    program("xdotool", "xdotool"),
    program("x11-utils", "xprop"),
    program("procps", "top"),
    file("fonts-dejavu-core", "/usr/share/fonts/truetype/dejavu/DejaVuSansMono.ttf"),
];

/// The path of a system library on this kind of machine.
#[cfg(target_arch = "x86_64")]
macro_rules! library {
    ($name:literal) => {
        concat!("/usr/lib/x86_64-linux-gnu/", $name)
    };
}
#[cfg(not(target_arch = "x86_64"))]
macro_rules! library {
    ($name:literal) => {
        concat!("/usr/lib/aarch64-linux-gnu/", $name)
    };
}

/// To open a window: what it draws with is looked for when it runs, so nothing fails while it is built.
const WINDOW: &[Package] = &[
    file("libgl1-mesa-dri", library!("dri")),
    file("libegl1", library!("libEGL.so.1")),
    file("libgl1", library!("libGL.so.1")),
    file("libxkbcommon-x11-0", library!("libxkbcommon-x11.so.0")),
    file("libxcursor1", library!("libXcursor.so.1")),
    file("libxi6", library!("libXi.so.6")),
    file("libxrandr2", library!("libXrandr.so.2")),
];

/// To compile the sensors' second backend, which the tests are built with: what xcap and rdev are linked against, and what
/// xcap's bindings are made with.
const PORTABLE: &[Package] = &[
    program("pkg-config", "pkg-config"),
    llvm("libclang-dev", "lib/libclang.so"),
    file("libpipewire-0.3-dev", library!("pkgconfig/libpipewire-0.3.pc")),
    file("libgbm-dev", library!("libgbm.so")),
    file("libegl-dev", library!("pkgconfig/egl.pc")),
    file("libxcb1-dev", library!("libxcb.so")),
    file("libx11-dev", library!("pkgconfig/x11.pc")),
    file("libxi-dev", library!("pkgconfig/xi.pc")),
    file("libxtst-dev", library!("pkgconfig/xtst.pc")),
];

/// To test: reading pictures back, a second monitor, a session with tray, notifications and a screen reader's ear, and
/// the example in JavaScript.
const TESTS: &[Package] = &[
    program("tesseract-ocr", "tesseract"),
    program("x11-xserver-utils", "xrandr"),
    program("imagemagick", "import"),
    program("dbus-daemon", "dbus-daemon"),
    program("gnome-keyring", "gnome-keyring-daemon"),
    program("xfce4-panel", "xfce4-panel"),
    file("xfce4-notifyd", library!("xfce4/notifyd/xfce4-notifyd")),
    file("at-spi2-core", "/usr/libexec/at-spi-bus-launcher"),
    program("nodejs", "node"),
    program("npm", "npm"),
];

/// How old the package lists may be before they are fetched anew. Servers drop packages that lists of last month name.
const LISTS_LAST: Duration = Duration::from_secs(7 * 24 * 3600);

/// How long apt-get waits for another that installs, in seconds.
const LOCK_TIMEOUT: &str = "DPkg::Lock::Timeout=600";

/// How often fetching the lists is tried.
const UPDATES: u32 = 12;

/// How long to wait in between.
const UPDATE_AGAIN: Duration = Duration::from_secs(10);

/// Where apt keeps its lists.
const LISTS: &str = "/var/lib/apt/lists";

impl Package {
    fn is_there(&self) -> bool {
        match self.proof {
            Proof::Program(program) => process::find_program(program).is_some(),
            Proof::File(file) => Path::new(file).exists(),
            Proof::Llvm(file) => is_in_llvm(Path::new("/usr/lib"), file),
        }
    }
}

/// Whether any version of LLVM below a folder has such a file.
fn is_in_llvm(folder: &Path, file: &str) -> bool {
    std::fs::read_dir(folder).into_iter().flatten().flatten().any(|entry| {
        entry.file_name().to_string_lossy().starts_with("llvm-") && entry.path().join(file).exists()
    })
}

/// Installs what is missing, if that is allowed; otherwise says what to type.
pub(super) fn install_missing(needs: Needs) -> Result<()> {
    let wanted = [
        (true, BUILD),
        (needs.desktop, DESKTOP),
        (needs.window, WINDOW),
        (needs.tests, PORTABLE),
        (needs.tests, TESTS),
    ];
    let missing: Vec<&str> = wanted
        .iter()
        .filter(|(needed, _)| *needed)
        .flat_map(|(_, packages)| packages.iter())
        .filter(|package| !package.is_there())
        .map(|package| package.name)
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    if process::find_program("apt-get").is_none() {
        bail!(
            "missing, by the names that Debian has for them: {}; install what your system calls them",
            missing.join(" ")
        );
    }
    print_progress(format_args!("installing {}", missing.join(" ")));
    let Some(root) = Root::find() else {
        bail!(
            "these packages are missing and need an administrator; type this, then try again:\n\n    {}\n",
            install_line(&missing)
        );
    };
    update_lists_if_old(&root)?;
    let shell = Shell::new()?;
    let install =
        root.apt_get(&shell).args(["install", "--no-install-recommends", "-y", "-q"]).args(&missing);
    quieten(install).run().with_context(|| format!("try by hand: {}", install_line(&missing)))
}

/// What a person would type.
fn install_line(missing: &[&str]) -> String {
    format!("sudo apt-get update && sudo apt-get install --no-install-recommends -y {}", missing.join(" "))
}

/// Fetches the package lists, if they are missing or old and this person may.
pub(super) fn update_lists_if_possible() -> Result<()> {
    match Root::find() {
        Some(root) => update_lists_if_old(&root),
        None => Ok(()),
    }
}

fn update_lists_if_old(root: &Root) -> Result<()> {
    if lists_age().is_some_and(|age| age < LISTS_LAST) {
        return Ok(());
    }
    print_progress("fetching the package lists");
    let shell = Shell::new()?;
    let update = quieten(root.apt_get(&shell).args(["update", "-q"]));
    // The lock of the lists is not among those that apt-get waits for by itself.
    let mut left = UPDATES;
    loop {
        left -= 1;
        match update.run() {
            Err(error) if left > 0 => {
                print_progress(format_args!("{error}: trying again, apt may be busy"));
                std::thread::sleep(UPDATE_AGAIN);
            }
            done => return Ok(done?),
        }
    }
}

/// How long ago the newest package list was fetched; none if there is none.
fn lists_age() -> Option<Duration> {
    let newest = std::fs::read_dir(LISTS)
        .ok()?
        .filter_map(Result::ok)
        .filter(|entry| entry.file_name().to_string_lossy().contains("_Packages"))
        // The time of the list is the server's; the time of the inode's change is ours.
        .filter_map(|entry| {
            use std::os::unix::fs::MetadataExt as _;
            let changed = u64::try_from(entry.metadata().ok()?.ctime()).ok()?;
            Some(SystemTime::UNIX_EPOCH + Duration::from_secs(changed))
        })
        .max()?;
    Some(SystemTime::now().duration_since(newest).unwrap_or_default())
}

/// A package manager's progress is of use to a person at a terminal only.
fn quieten(mut command: Cmd<'_>) -> Cmd<'_> {
    command.set_ignore_stdout(!std::io::stderr().is_terminal());
    command.env("DEBIAN_FRONTEND", "noninteractive")
}

/// A way to be root.
enum Root {
    Already,
    Sudo,
}

impl Root {
    fn find() -> Option<Self> {
        if rustix::process::geteuid().is_root() {
            return Some(Self::Already);
        }
        process::find_program("sudo")?;
        // -n: fails if a password would be asked for.
        let allowed =
            process::succeeds_within(Command::new("sudo").args(["-n", "true"]), Duration::from_secs(5));
        matches!(allowed, Ok(true)).then_some(Self::Sudo)
    }

    fn apt_get<'a>(&self, shell: &'a Shell) -> Cmd<'a> {
        let command = match self {
            Self::Already => cmd!(shell, "apt-get"),
            // sudo drops the environment; apt-get must not ask.
            Self::Sudo => cmd!(shell, "sudo -n DEBIAN_FRONTEND=noninteractive apt-get"),
        };
        command.args(["-o", LOCK_TIMEOUT]).quiet()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_busy_apt_is_waited_for() {
        let shell = Shell::new().unwrap();
        assert_eq!(Root::Already.apt_get(&shell).to_string(), "apt-get -o DPkg::Lock::Timeout=600");
    }

    #[test]
    fn the_line_to_type_names_every_missing_package() {
        assert_eq!(
            install_line(&["xvfb", "openbox"]),
            "sudo apt-get update && sudo apt-get install --no-install-recommends -y xvfb openbox"
        );
    }

    #[test]
    fn a_package_is_there_when_its_file_is() {
        assert!(file("any", "/proc/self/stat").is_there());
        assert!(!file("any", "/proc/no such file").is_there());
        assert!(!program("any", "no such program").is_there());
        assert!(!llvm("any", "no such file").is_there());
    }

    #[test]
    fn a_file_of_llvm_is_found_whichever_version_it_is_of() {
        let folder = std::env::temp_dir().join(format!("candor-llvm-{}", std::process::id()));
        for (path, found) in [("llvm/lib", false), ("llvm-15/other", false), ("llvm-19/lib", true)] {
            std::fs::create_dir_all(folder.join(path)).unwrap();
            assert_eq!(is_in_llvm(&folder, "lib"), found, "{path}");
        }
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
