//! A Rust that builds guests: one that has the standard library for `wasm32-unknown-unknown`.
//!
//! If rustup can download it, it comes from there. If it cannot (a closed network), Debian's `rustc-web` and
//! the source of its standard library are unpacked, not installed, into a cache outside the checkout; the library is
//! compiled there once. Guests are then built by that compiler while all else stays with the person's own: a component
//! does not care which compiler made it.
//!
//! `CANDOR_GUEST_TOOLCHAIN=rustup` or `=debian` leaves only one of the two ways.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use xshell::{Cmd, Shell, cmd};

use super::packages;
use super::version::{is_older, numbers};
use crate::process;
use crate::workspace::{GUEST_TARGET, Workspace, print_progress};

/// How long rustup may take. A closed network mostly refuses at once; some only swallow.
const RUSTUP_LIMIT: Duration = Duration::from_secs(180);

/// How guests are built on this machine.
#[derive(Debug)]
pub(crate) enum GuestToolchain {
    /// The person's own Rust knows the target.
    Own,
    /// The person's own does not; the compiler at this path does.
    Separate(PathBuf),
}

impl GuestToolchain {
    /// Makes a cargo command use it.
    pub(crate) fn apply<'a>(&self, cargo: Cmd<'a>) -> Cmd<'a> {
        match self {
            Self::Own => cargo,
            Self::Separate(rustc) => cargo.env("RUSTC", rustc),
        }
    }
}

/// Finds a toolchain for guests, or brings one.
pub(super) fn find_or_bring(workspace: &Workspace) -> Result<GuestToolchain> {
    let forced = std::env::var("CANDOR_GUEST_TOOLCHAIN").ok();
    let host = Host::ask(workspace)?;
    match forced.as_deref() {
        None => {
            if host.has_target() {
                return Ok(GuestToolchain::Own);
            }
            if let Some(ready) = ready_prefix(workspace)? {
                return Ok(ready);
            }
            if add_by_rustup(workspace, &host)? {
                return Ok(GuestToolchain::Own);
            }
            unpack_from_debian(workspace, &host)
        }
        Some("rustup") => {
            if host.has_target() || add_by_rustup(workspace, &host)? {
                return Ok(GuestToolchain::Own);
            }
            bail!(
                "rustup could not add {GUEST_TARGET}: try `rustup target add {GUEST_TARGET}`, or leave \
                 CANDOR_GUEST_TOOLCHAIN unset to use Debian's compiler"
            );
        }
        Some("debian") => match ready_prefix(workspace)? {
            Some(ready) => Ok(ready),
            None => unpack_from_debian(workspace, &host),
        },
        Some(other) => bail!("CANDOR_GUEST_TOOLCHAIN is {other:?}: it can be rustup or debian"),
    }
}

/// The person's own Rust.
struct Host {
    sysroot: PathBuf,
    /// The machine that it compiles for, such as `x86_64-unknown-linux-gnu`.
    triple: String,
}

impl Host {
    fn ask(workspace: &Workspace) -> Result<Self> {
        let said = cmd!(workspace.shell(), "rustc --print=sysroot --print=host-tuple").quiet().read()?;
        let mut lines = said.lines();
        match (lines.next(), lines.next()) {
            (Some(sysroot), Some(triple)) => {
                Ok(Self { sysroot: PathBuf::from(sysroot), triple: triple.to_owned() })
            }
            _ => bail!("rustc does not say where it is"),
        }
    }

    fn has_target(&self) -> bool {
        has_target(&self.sysroot) && self.tools().join("wasm-component-ld").is_file()
    }

    /// Holds rust-lld and wasm-component-ld.
    fn tools(&self) -> PathBuf {
        self.sysroot.join("lib/rustlib").join(&self.triple).join("bin")
    }
}

fn has_target(sysroot: &Path) -> bool {
    let folder = sysroot.join("lib/rustlib").join(GUEST_TARGET).join("lib");
    std::fs::read_dir(folder).is_ok_and(|entries| {
        entries.filter_map(Result::ok).any(|entry| entry.file_name().to_string_lossy().starts_with("libstd-"))
    })
}

fn add_by_rustup(workspace: &Workspace, host: &Host) -> Result<bool> {
    if process::find_program("rustup").is_none() {
        return Ok(false);
    }
    print_progress(format_args!("adding the target {GUEST_TARGET} by rustup"));
    let began = Instant::now();
    let mut add = Command::new("rustup");
    add.args(["target", "add", GUEST_TARGET]).current_dir(workspace.root());
    if process::succeeds_within(&mut add, RUSTUP_LIMIT)? && host.has_target() {
        print_progress(format_args!("added in {} s", began.elapsed().as_secs()));
        return Ok(true);
    }
    print_progress("rustup could not: using Debian's compiler for guests");
    Ok(false)
}

// ---- Debian's compiler, unpacked into a cache ----

/// Where the unpacked compilers lie, one folder a version.
fn cache() -> Result<PathBuf> {
    let base = match std::env::var_os("XDG_CACHE_HOME").filter(|given| Path::new(given).is_absolute()) {
        Some(given) => PathBuf::from(given),
        None => {
            let home = std::env::var_os("HOME").context("HOME is not set: set it, or XDG_CACHE_HOME")?;
            PathBuf::from(home).join(".cache")
        }
    };
    Ok(base.join("candor/guest-toolchain"))
}

/// An unpacked compiler that is complete, and new enough for the workspace; the newest of them.
fn ready_prefix(workspace: &Workspace) -> Result<Option<GuestToolchain>> {
    let wanted = workspace.rust_version()?;
    let Ok(entries) = std::fs::read_dir(cache()?) else { return Ok(None) };
    let mut versions: Vec<String> = entries
        .filter_map(Result::ok)
        .filter(|entry| Prefix(entry.path()).is_complete())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|version| !is_older(version, &wanted))
        .collect();
    versions.sort_by_key(|version| numbers(version));
    match versions.pop() {
        Some(version) => Ok(Some(GuestToolchain::Separate(Prefix(cache()?.join(version)).rustc()))),
        None => Ok(None),
    }
}

/// A folder that Debian's compiler is unpacked into.
struct Prefix(PathBuf);

impl Prefix {
    /// The script that starts the compiler with the libraries that came with it.
    fn rustc(&self) -> PathBuf {
        self.0.join("rustc")
    }

    fn rustlib(&self) -> PathBuf {
        self.0.join("usr/lib/rustlib")
    }

    fn is_complete(&self) -> bool {
        let has_tools = std::fs::read_dir(self.rustlib()).is_ok_and(|entries| {
            // The link leads into the person's own toolchain, which may have been removed since.
            entries.filter_map(Result::ok).any(|entry| entry.path().join("bin/wasm-component-ld").is_file())
        });
        has_tools && self.rustc().is_file() && has_target(&self.0.join("usr"))
    }
}

/// The packages that make up the compiler.
struct Packages {
    /// Debian's version of all but the last.
    version: String,
    names: Vec<String>,
}

impl Packages {
    /// Asks the package lists.
    fn look_up(workspace: &Workspace) -> Result<Self> {
        let wanted = workspace.rust_version()?;
        let version = candidate("rust-web-src")?;
        if is_older(&version, &wanted) {
            bail!(
                "Debian's rustc-web is {version}, and guests need {wanted}: run `apt-get update`, then try again"
            );
        }
        let std_now = depends_on(&format!("libstd-rust-web-dev={version}"), "libstd-rust-web-1")?;
        let llvm = depends_on(&format!("{std_now}={version}"), "libllvm")?;
        let mut names: Vec<String> = ["rustc-web", "libstd-rust-web-dev", &std_now, "rust-web-src"]
            .iter()
            .map(|name| format!("{name}={version}"))
            .collect();
        names.push(llvm);
        Ok(Self { version, names })
    }
}

/// The version of a package that would be installed.
fn candidate(package: &str) -> Result<String> {
    let shell = Shell::new()?;
    let said = cmd!(shell, "apt-cache policy {package}").quiet().env("LC_ALL", "C").read()?;
    said.lines()
        .find_map(|line| line.trim().strip_prefix("Candidate: "))
        .filter(|version| *version != "(none)")
        .map(str::to_owned)
        .with_context(|| {
            format!(
                "neither rustup nor Debian offers a Rust for {GUEST_TARGET}: run `rustup target add {GUEST_TARGET}` where \
                 there is a network, or `sudo apt-get update` on a Debian that has {package}"
            )
        })
}

/// The first dependency of a package whose name starts so.
fn depends_on(package: &str, start: &str) -> Result<String> {
    let shell = Shell::new()?;
    let said = cmd!(shell, "apt-cache show {package}").quiet().env("LC_ALL", "C").read()?;
    said.lines()
        .filter_map(|line| line.strip_prefix("Depends: "))
        .flat_map(|list| list.split([',', '|']))
        .filter_map(|one| one.split_whitespace().next())
        .find(|name| name.starts_with(start))
        .map(str::to_owned)
        .with_context(|| format!("{package} depends on nothing that starts with {start}"))
}

fn unpack_from_debian(workspace: &Workspace, host: &Host) -> Result<GuestToolchain> {
    for tool in ["rust-lld", "wasm-component-ld"] {
        if !host.tools().join(tool).is_file() {
            bail!("{} has no {tool}: use a Rust that was installed by rustup", host.tools().display());
        }
    }
    for program in ["apt-cache", "apt-get", "dpkg", "dpkg-deb", "tar"] {
        if process::find_program(program).is_none() {
            bail!("there is no {program}: run `rustup target add {GUEST_TARGET}` where there is a network");
        }
    }
    let began = Instant::now();
    packages::update_lists_if_possible()?;
    let packages = Packages::look_up(workspace)?;
    let cache = cache()?;
    let ready = Prefix(cache.join(&packages.version));
    print_progress(format_args!(
        "unpacking Debian's Rust {} for guests into {}",
        packages.version,
        cache.display()
    ));
    std::fs::create_dir_all(&cache).with_context(|| format!("cannot make {}", cache.display()))?;

    // Made beside its place and moved there whole, so that a run which was broken off leaves nothing half done.
    let work = Scratch::new(cache.join(format!("{}.partial-{}", packages.version, std::process::id())))?;
    let prefix = Prefix(work.0.join("prefix"));
    std::fs::create_dir_all(&prefix.0)?;
    download(&work.0, &packages.names)?;
    unpack(&work.0, &prefix.0)?;
    write_rustc(&prefix, host)?;
    link_tools(&prefix, host)?;
    print_progress("compiling the standard library for guests, once");
    build_std(workspace, &work.0, &prefix)?;

    if ready.0.exists() {
        std::fs::remove_dir_all(&ready.0)?;
    }
    std::fs::rename(&prefix.0, &ready.0).with_context(|| format!("cannot make {}", ready.0.display()))?;
    print_progress(format_args!("guest toolchain ready after {} s", began.elapsed().as_secs()));
    Ok(GuestToolchain::Separate(ready.rustc()))
}

/// A folder that goes away with this value.
struct Scratch(PathBuf);

impl Scratch {
    fn new(path: PathBuf) -> Result<Self> {
        std::fs::create_dir_all(&path).with_context(|| format!("cannot make {}", path.display()))?;
        Ok(Self(path))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _gone = std::fs::remove_dir_all(&self.0);
    }
}

/// Fetches packages into a folder. It needs no right to install.
fn download(folder: &Path, names: &[String]) -> Result<()> {
    let shell = Shell::new()?;
    shell.change_dir(folder);
    // As root, apt would fetch as a user of its own, who may not write here.
    let download = cmd!(shell, "apt-get -q -o APT::Sandbox::User=root download {names...}").quiet();
    download
        .read()
        .context("cannot fetch Debian's compiler: run `sudo apt-get update`, then try again")
        .map(drop)
}

/// Unpacks the packages in `from`: programs and libraries into the prefix, the source of the standard library beside
/// the packages.
fn unpack(from: &Path, prefix: &Path) -> Result<()> {
    let shell = Shell::new()?;
    for entry in std::fs::read_dir(from)? {
        let file = entry?.path();
        if file.extension() != Some(OsStr::new("deb")) {
            continue;
        }
        let is_source =
            file.file_name().is_some_and(|name| name.to_string_lossy().starts_with("rust-web-src_"));
        if is_source {
            // Of the source only the library: the whole is three times as large.
            let mut bring = Command::new("dpkg-deb")
                .arg("--fsys-tarfile")
                .arg(&file)
                .stdout(std::process::Stdio::piped())
                .spawn()
                .context("cannot start dpkg-deb")?;
            let pipe = bring.stdout.take().context("dpkg-deb has no output")?;
            // The folder first: it counts for what is named after it.
            let mut take = Command::new("tar");
            take.args(["-x", "-C"]).arg(from).args(["--wildcards", "./usr/src/*/library/*"]).stdin(pipe);
            let taken = take.status().context("cannot start tar")?;
            if !bring.wait()?.success() || !taken.success() {
                bail!("{} cannot be unpacked", file.display());
            }
        } else {
            cmd!(shell, "dpkg -x {file} {prefix}").quiet().run()?;
        }
        std::fs::remove_file(&file)?;
    }
    Ok(())
}

/// The script that starts the unpacked compiler with its own libraries. A library path in the environment would reach
/// the linker too, which has libraries of its own. It finds itself, so that the folder can be moved.
fn write_rustc(prefix: &Prefix, host: &Host) -> Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let (loader, libraries) = match host.triple.split('-').next() {
        Some("x86_64") => ("/lib64/ld-linux-x86-64.so.2", "usr/lib/x86_64-linux-gnu"),
        Some("aarch64") => ("/lib/ld-linux-aarch64.so.1", "usr/lib/aarch64-linux-gnu"),
        _ => bail!("no way is known to build guests on {}: use a Rust from rustup", host.triple),
    };
    let script = format!(
        "#!/bin/sh\nhere=${{0%/*}}\nexec {loader} --library-path \"$here/{libraries}\" \"$here/usr/bin/rustc\" \"$@\"\n"
    );
    let path = prefix.rustc();
    std::fs::write(&path, script)?;
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755))?;
    Ok(())
}

/// Lends the unpacked compiler the linkers of the person's own: Debian's has none for components.
fn link_tools(prefix: &Prefix, host: &Host) -> Result<()> {
    let folder = prefix.rustlib().join(&host.triple);
    std::fs::create_dir_all(&folder)?;
    let link = folder.join("bin");
    if link.symlink_metadata().is_ok() {
        if link.is_dir() && !link.is_symlink() {
            std::fs::remove_dir_all(&link)?;
        } else {
            std::fs::remove_file(&link)?;
        }
    }
    std::os::unix::fs::symlink(host.tools(), &link)?;
    Ok(())
}

/// Compiles the standard library from the unpacked source and puts it where the compiler looks for it.
fn build_std(workspace: &Workspace, work: &Path, prefix: &Prefix) -> Result<()> {
    let source = std::fs::read_dir(work.join("usr/src"))
        .context("the package rust-web-src holds no source")?
        .filter_map(Result::ok)
        .map(|entry| entry.path().join("library"))
        .find(|library| library.is_dir())
        .context("the package rust-web-src holds no library")?;
    // A crate that uses nothing, so that cargo builds the library alone.
    let crate_folder = work.join("nothing");
    std::fs::create_dir_all(crate_folder.join("src"))?;
    std::fs::write(crate_folder.join("src/lib.rs"), "#![no_std]\n")?;
    std::fs::write(
        crate_folder.join("Cargo.toml"),
        "[package]\nname = \"nothing\"\nversion = \"0.0.0\"\nedition = \"2021\"\n[workspace]\n\
         [profile.release]\npanic = \"abort\"\n",
    )?;
    let built = work.join("built");
    let _there = workspace.shell().push_dir(&crate_folder);
    let cargo = workspace
        .cargo()
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .env("RUSTC", prefix.rustc())
        .env("RUSTC_BOOTSTRAP", "1")
        .env("__CARGO_TESTS_ONLY_SRC_ROOT", &source)
        .env(
            "RUSTFLAGS",
            format!(
                "-Cembed-bitcode=yes -Zforce-unstable-if-unmarked --remap-path-prefix={}=/rustc/library",
                source.display()
            ),
        )
        .args(["build", "--quiet", "--release", "-Zbuild-std=std,panic_abort", "--target", GUEST_TARGET])
        .arg("--target-dir")
        .arg(&built);
    cargo.run().context("the standard library for guests does not compile")?;

    let to = prefix.rustlib().join(GUEST_TARGET).join("lib");
    std::fs::create_dir_all(&to)?;
    let libraries = built.join(GUEST_TARGET).join("release/deps");
    for entry in
        std::fs::read_dir(&libraries).with_context(|| format!("nothing in {}", libraries.display()))?
    {
        let file = entry?.path();
        let Some(name) = file.file_name().and_then(OsStr::to_str) else { continue };
        if name.ends_with(".rlib") && !name.starts_with("libnothing") {
            std::fs::copy(&file, to.join(name))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unpacked_compiler_counts_only_when_it_is_complete() {
        let folder = std::env::temp_dir().join(format!("candor-prefix-{}", std::process::id()));
        let scratch = Scratch::new(folder).unwrap();
        let prefix = Prefix(scratch.0.clone());
        assert!(!prefix.is_complete());
        let library = prefix.rustlib().join(GUEST_TARGET).join("lib");
        let tools = prefix.rustlib().join("some-host/bin");
        std::fs::create_dir_all(&library).unwrap();
        std::fs::create_dir_all(&tools).unwrap();
        std::fs::write(prefix.rustc(), "").unwrap();
        std::fs::write(library.join("libstd-0.rlib"), "").unwrap();
        assert!(!prefix.is_complete(), "without a linker");
        std::fs::write(tools.join("wasm-component-ld"), "").unwrap();
        assert!(prefix.is_complete());
    }
}
