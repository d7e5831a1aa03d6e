//! The desktop's menu, and what opens `candor:` links and `.candor` files.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result};
use candor_protocol::{default_data, exec_argument};
use etcetera::base_strategy::{BaseStrategy as _, Xdg};
use serde_json::json;

use super::context::{CommandContext, CommandOutput};

/// The type of an invitation's file.
const INVITATION: &str = "application/x-candor-invitation";
const LINK: &str = "x-scheme-handler/candor";
const ENTRY: &str = "candor.desktop";
const MARK: &str = r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 18 18">
  <circle cx="9" cy="9" r="8" fill="#fff"/>
  <circle cx="9" cy="9" r="7.25" fill="none" stroke="#1e8253" stroke-width="1.5"/>
  <circle cx="9" cy="9" r="3.5" fill="#1e8253"/>
</svg>
"##;

/// Writes or removes the files, and has the desktop read them.
pub(super) fn set_menu_entry(context: &CommandContext, remove: bool) -> Result<CommandOutput> {
    let share = Xdg::new().ok().context("there is no home folder: set HOME or XDG_DATA_HOME")?.data_dir();
    let program = std::env::current_exe().context("this program's place is unknown")?;
    let files = menu_files(&share, &program, context.client.data())?;
    for (path, text) in &files {
        let done = if remove {
            match std::fs::remove_file(path) {
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
                removed => removed,
            }
        } else {
            path.parent().map_or(Ok(()), std::fs::create_dir_all).and_then(|()| std::fs::write(path, text))
        };
        let deed = if remove { "removed" } else { "written" };
        done.with_context(|| format!("{} could not be {deed}", path.display()))?;
    }
    let noted = update_desktop(&share, remove);
    let paths: Vec<_> = files.iter().map(|(path, _)| path.display().to_string()).collect();
    let mut text = if remove {
        "Candor is out of the desktop's menu.".to_owned()
    } else {
        "Candor is in the desktop's menu, and opens candor: links and .candor files.".to_owned()
    };
    if !noted {
        text += " The desktop may need a new login to see it.";
    }
    Ok(CommandOutput::new(text, json!({ "files": paths, "removed": remove, "noted": noted })))
}

fn menu_files(share: &Path, program: &Path, data: &Path) -> Result<[(PathBuf, String); 3]> {
    let mut exec = exec_argument(program)?;
    if default_data().as_deref() != Some(data) {
        exec += &format!(" --data {}", exec_argument(data)?);
    }
    let entry = format!(
        "[Desktop Entry]\nType=Application\nName=Candor\nGenericName=Time tracker\nComment=Honest time tracker\n\
         Exec={exec} window %u\nIcon=candor\nTerminal=false\nCategories=Office;ProjectManagement;\n\
         MimeType={LINK};{INVITATION};\nStartupWMClass=candor\n"
    );
    let mime = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <mime-info xmlns=\"http://www.freedesktop.org/standards/shared-mime-info\">\n\
         \x20 <mime-type type=\"{INVITATION}\">\n    <comment>Candor invitation</comment>\n\
         \x20   <glob pattern=\"*.candor\"/>\n  </mime-type>\n</mime-info>\n"
    );
    Ok([
        (share.join("applications").join(ENTRY), entry),
        (share.join("mime/packages/candor.xml"), mime),
        (share.join("icons/hicolor/scalable/apps/candor.svg"), MARK.to_owned()),
    ])
}

/// Has the desktop read the files, by its own tools if they are installed. Returns whether it did.
fn update_desktop(share: &Path, remove: bool) -> bool {
    let run = |program: &str, arguments: &[&Path]| {
        let mut command = Command::new(program);
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    };
    let types = run("update-mime-database", &[&share.join("mime")]);
    let programs = run("update-desktop-database", &[&share.join("applications")]);
    if !remove {
        // If several programs could open them, this one does.
        run("xdg-mime", &["default", ENTRY, LINK, INVITATION].map(Path::new));
    }
    types && programs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_entry_opens_links_and_files_with_this_program_and_data_folder() {
        let [(path, entry), (_, mime), (_, icon)] = menu_files(
            Path::new("/home/m/.local/share"),
            Path::new("/opt/can dor/candor"),
            Path::new("/d/100 %"),
        )
        .unwrap();
        assert_eq!(path, Path::new("/home/m/.local/share/applications/candor.desktop"));
        assert!(entry.contains("Exec=\"/opt/can dor/candor\" --data \"/d/100 %%\" window %u\n"), "{entry}");
        assert!(entry.contains("MimeType=x-scheme-handler/candor;application/x-candor-invitation;\n"));
        assert!(mime.contains("*.candor") && icon.starts_with("<svg"));
    }
}
